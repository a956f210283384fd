//! [`Ring`]: one step of a rollout.

use crate::ship::rollout::bucket::BUCKETS;
use crate::ship::subject::{Attribute, Subject};

/// One step of a [`Rollout`](crate::Rollout): who else is included.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    pub(crate) name: &'static str,
    pub(crate) who: Who,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// Those whose attribute has this value.
    Attribute { attribute: &'static str, equals: &'static str },
    /// Those whose bucket is below this.
    Below(u32),
    /// Those whose bucket is below what the rollout's flag says, in percent.
    Flag,
}

impl Ring {
    /// Everybody whose attribute has this value; a number or a truth value is compared by its text.
    /// The name is on the event, as `change.<name>.ring`.
    ///
    /// # Panics
    /// For an empty name or attribute: in a `static`, so it fails to compile.
    pub const fn attribute(
        name: &'static str,
        attribute: &'static str,
        equals: &'static str,
    ) -> Self {
        assert!(!name.is_empty(), "a ring needs a name");
        assert!(!attribute.is_empty(), "a ring needs an attribute");
        Self { name, who: Who::Attribute { attribute, equals } }
    }

    /// This share of all targeting keys, from 0 to 100, in steps of 0.0001.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    pub const fn percent(percent: f64) -> Self {
        assert!(percent >= 0.0 && percent <= 100.0, "a percentage is from 0 to 100");
        Self { name: "percent", who: Who::Below(below(percent)) }
    }
}

/// The first bucket that a percentage does not include.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 1,000,000 by the assertion of those who call"
)]
pub(crate) const fn below(percent: f64) -> u32 {
    let buckets = (percent * 10_000.0 + 0.5) as u32;
    if buckets > BUCKETS { BUCKETS } else { buckets }
}

/// Whether a subject has an attribute of this value.
pub(crate) fn has(subject: &Subject, attribute: &str, equals: &str) -> bool {
    match subject.attribute(attribute) {
        Some(Attribute::Str(text)) => text == equals,
        Some(Attribute::Bool(value)) => equals == if *value { "true" } else { "false" },
        Some(Attribute::I64(number)) => equals.parse() == Ok(*number),
        Some(Attribute::F64(number)) => equals.parse() == Ok(*number),
        None => false,
    }
}
