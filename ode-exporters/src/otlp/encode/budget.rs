//! How many attributes an event may still have.

use ode_core::{Event, Value};

use crate::otlp::encode::lists::is_large;
use crate::otlp::encode::shape::Shape;

/// What may still be spent.
#[derive(Clone, Copy, Debug)]
struct Purse {
    attributes: usize,
    bytes: usize,
}

impl Purse {
    fn take(&mut self, bytes: usize) -> bool {
        match (self.attributes.checked_sub(1), self.bytes.checked_sub(bytes)) {
            (Some(attributes), Some(bytes)) => {
                *self = Self { attributes, bytes };
                true
            }
            _ => false,
        }
    }
}

/// The limits of a shape, less what is always sent. What ode says about an event has a purse of its
/// own, because it mostly comes last and matters most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    ours: Purse,
    others: Purse,
}

/// What a receiver counts beside the attributes of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overhead {
    pub(crate) attributes: usize,
    pub(crate) bytes: usize,
}

/// What Loki makes entries of beside attributes: ids, flags, severity, scope, times, counts.
const LOKI_ATTRIBUTES: usize = 12;
const LOKI_BYTES: usize = 512;
/// The attributes that every record has, with their values; a build id is seldom longer.
const FIXED_BYTES: usize = 256;

impl Budget {
    /// The budget for one event; `None` where nothing is limited. `fixed` attributes are sent in
    /// any case.
    #[inline]
    pub(crate) fn of(
        shape: &Shape,
        event: &Event,
        fixed: usize,
        resource: Overhead,
    ) -> Option<Self> {
        if shape.max_attributes.is_none() && shape.max_bytes.is_none() {
            return None;
        }
        Some(Self::limited(shape, event, fixed, resource))
    }

    #[inline(never)]
    fn limited(shape: &Shape, event: &Event, fixed: usize, resource: Overhead) -> Self {
        let mut all = Purse {
            attributes: shape.max_attributes.unwrap_or(usize::MAX).saturating_sub(fixed),
            bytes: shape.max_bytes.unwrap_or(usize::MAX).saturating_sub(FIXED_BYTES),
        };
        if shape.rest_to_body {
            all.attributes = all.attributes.saturating_sub(resource.attributes + LOKI_ATTRIBUTES);
            all.bytes = all.bytes.saturating_sub(resource.bytes + LOKI_BYTES);
        }
        let (mut large, mut ours) =
            (Purse { attributes: 0, bytes: 0 }, Purse { attributes: 0, bytes: 0 });
        for (key, value) in event.entries() {
            let key = key.name();
            if is_large(value) {
                // The list of keys, and the key in it.
                large = Purse { attributes: 1, bytes: large.bytes + key.len() + 24 };
            }
            if key == "sample_rate" {
                // `SampleRate`.
                ours.attributes += 1;
            }
            if is_ours(key) {
                ours.attributes += 1;
                ours.bytes += size(key, value);
            }
        }
        all.attributes = all.attributes.saturating_sub(large.attributes);
        all.bytes = all.bytes.saturating_sub(large.bytes);
        let ours = Purse {
            attributes: ours.attributes.min(all.attributes),
            bytes: ours.bytes.min(all.bytes),
        };
        let others =
            Purse { attributes: all.attributes - ours.attributes, bytes: all.bytes - ours.bytes };
        Self { ours, others }
    }

    /// Whether there is room for this attribute; if so it is taken.
    pub(crate) fn take(&mut self, key: &str, value: Value<'_>) -> bool {
        let purse = if is_ours(key) { &mut self.ours } else { &mut self.others };
        purse.take(size(key, value))
    }

    /// Whether there is room for `SampleRate`.
    pub(crate) fn take_sample_rate(&mut self) -> bool {
        self.ours.take(0)
    }
}

fn is_ours(key: &str) -> bool {
    let families = ["cancelled.", "declined.", "error.", "ode.", "sample.", "sample_rate"];
    families.iter().any(|family| key.starts_with(family)) || key == "incomplete"
}

/// Bytes of key and value as text, which is how receivers count.
fn size(key: &str, value: Value<'_>) -> usize {
    key.len() + value_size(value)
}

fn value_size(value: Value<'_>) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len().div_ceil(3) * 4,
        Value::Array(list) => {
            let mut sum = 2;
            list.for_each(&mut |item| sum += value_size(item) + 3);
            sum
        }
        Value::Bool(_) => 5,
        _ => 24,
    }
}
