//! What sources of flags and kills in `ode` are made of. Applications need none of it. Not covered by
//! any promise of stability.

use std::collections::BTreeSet;

use crate::clock::Clock;
use crate::context::slot;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::pipeline::lifecycle;
use crate::ship::evaluation::Evaluation;
use crate::ship::flag;
use crate::ship::keys::interned;
use crate::ship::shipping::Here;
use crate::sync::{Mutex, lock};

pub use crate::ship::flag::{Kind, Query};

/// A key that ode writes.
#[must_use]
pub const fn key(name: &'static str, json: &'static str) -> Key {
    Key::ours(name, json)
}

/// An event of ode's own, where a pipeline is.
pub fn announce(name: &'static str, fields: &[(&'static Key, Value<'_>)]) {
    if let Some(pipeline) = Here::find().pipeline {
        lifecycle::announce(&pipeline, name, |put| {
            for (key, value) in fields {
                put(key, *value);
            }
        });
    }
}

/// Records on the current unit what another library found out about a flag. Nothing where no unit
/// is current, and for a name that is too long or one too many.
pub fn record_evaluation(name: &str, evaluation: &Evaluation) {
    if let Some(keys) = interned_at_run_time("flag", name, flag::MEMBERS) {
        flag::record(keys, evaluation);
    }
}

/// Monotonic nanoseconds since some fixed point, on the clock of what runs here.
#[must_use]
pub fn nanos() -> u64 {
    clock().now()
}

/// Whole seconds since 1970, on the clock of what runs here.
#[must_use]
pub fn unix_seconds() -> u64 {
    u64::try_from(clock().wall().seconds).unwrap_or(0)
}

fn clock() -> Clock {
    let pipeline = slot::with(|ambient| ambient.pipeline()).flatten().or_else(slot::pipeline);
    pipeline.map(|pipeline| pipeline.clock.clone()).unwrap_or_default()
}

/// As [`interned`], for a name that is known at run time only. There are so many of these and no
/// more, because they are never given back.
pub(crate) fn interned_at_run_time<const N: usize>(
    family: &'static str,
    name: &str,
    members: [&'static str; N],
) -> Option<&'static [Key; N]> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if !(1..=MAX_NAME_BYTES).contains(&name.len()) {
        return None;
    }
    let name = {
        let mut names = lock(&NAMES);
        match names.get(name) {
            Some(known) => *known,
            None if names.len() >= MAX_NAMES => return None,
            None => {
                let name: &'static str = String::leak(name.to_owned());
                names.insert(name);
                name
            }
        }
    };
    Some(interned(family, name, members))
}

const MAX_NAMES: usize = 4_096;
const MAX_NAME_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_at_run_time_have_the_same_keys_and_a_bound() {
        let name = String::from("made.at.run.time");
        let keys = interned_at_run_time("flag", &name, ["variant"]).unwrap();
        assert!(std::ptr::eq(keys, interned("flag", "made.at.run.time", ["variant"])));
        let refused = [String::new(), "x".repeat(MAX_NAME_BYTES + 1)];
        for name in refused {
            assert!(interned_at_run_time("flag", &name, ["variant"]).is_none());
        }
    }
}
