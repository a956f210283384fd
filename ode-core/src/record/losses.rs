//! What did not make it into the record unchanged, for the event to say.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

/// Fields left out or renamed. A field is counted once, however often it is written.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Fields, and elements of lists, that found no room.
    pub(crate) dropped: u32,
    /// Fields whose key was reserved and went to `field.<key>`.
    pub(crate) renamed: u32,
    /// The hashes of the keys of dropped fields, long enough that a million of them differ; most
    /// records have none.
    #[expect(clippy::box_collection, reason = "one word in every record, not six")]
    keys: Option<Box<HashSet<u64>>>,
}

/// So many dropped keys are known by name; beyond that every write counts.
const MAX_KEYS: usize = 1 << 16;

impl Losses {
    pub(crate) fn clear(&mut self) {
        (self.dropped, self.renamed) = (0, 0);
        if self.keys.is_some() {
            self.keys = None;
        }
    }

    /// A field found no room.
    #[cold]
    pub(crate) fn drop_field(&mut self, key: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(key.as_bytes());
        self.drop_hashed(hasher.finish());
    }

    fn drop_hashed(&mut self, hash: u64) {
        let keys = self.keys.get_or_insert_default();
        if keys.contains(&hash) {
            return;
        }
        if keys.len() < MAX_KEYS {
            keys.insert(hash);
        }
        self.dropped = self.dropped.saturating_add(1);
    }

    /// An element of a list found no room.
    pub(crate) fn drop_element(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// Adds what another task's record of the same unit lost.
    pub(crate) fn add(&mut self, other: &Self) {
        let known = other.keys.as_ref().map_or(0, |keys| keys.len());
        let unnamed = other.dropped.saturating_sub(u32::try_from(known).unwrap_or(u32::MAX));
        self.dropped = self.dropped.saturating_add(unnamed);
        self.renamed = self.renamed.saturating_add(other.renamed);
        for hash in other.keys.iter().flat_map(|keys| keys.iter()) {
            self.drop_hashed(*hash);
        }
    }
}
