//! A small open-addressing table from key hash to position, emptied in constant time.

/// Maps hashes to positions; who looks up says whether a position really holds its key.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex {
    slots: Vec<Slot>,
    generation: u32,
    used: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Generation and hash as one word, so that one comparison tells a candidate.
    tag: u64,
    position: u32,
}

#[inline]
const fn tag(generation: u32, hash: u32) -> u64 {
    ((generation as u64) << 32) | hash as u64
}

/// What a look-up found.
pub(crate) enum Found {
    Position(u32),
    /// Nothing; the ticket is where it goes.
    Vacant(Ticket),
}

#[derive(Clone, Copy)]
pub(crate) struct Ticket(usize);

impl Slot {
    #[inline]
    const fn generation(self) -> u32 {
        (self.tag >> 32) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the hash")]
    const fn hash(self) -> u32 {
        self.tag as u32
    }
}

impl KeyIndex {
    /// Forgets everything and makes room for `expected` keys. Costs nothing when there is room.
    pub(crate) fn clear(&mut self, expected: usize) {
        self.used = 0;
        self.generation = self.generation.wrapping_add(1);
        // A quarter full at most: most look-ups end at the first slot.
        let wanted = (expected * 4).next_power_of_two().max(16);
        if self.slots.len() < wanted || self.generation == 0 {
            self.slots.clear();
            self.slots.resize(wanted, Slot::default());
            self.generation = 1;
        }
    }

    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Found {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        let wanted = tag(self.generation, hash);
        // Never full (see `insert`), so this ends.
        while let Some(slot) = self.slots.get(at) {
            if slot.tag == wanted {
                if is(slot.position) {
                    return Found::Position(slot.position);
                }
            } else if slot.generation() != self.generation {
                break;
            }
            at = (at + 1) & mask;
        }
        Found::Vacant(Ticket(at))
    }

    /// Inserts one of the keys that [`KeyIndex::clear`] made room for.
    #[inline]
    pub(crate) fn insert_expected(&mut self, ticket: Ticket, hash: u32, position: u32) {
        if let Some(slot) = self.slots.get_mut(ticket.0) {
            *slot = Slot { tag: tag(self.generation, hash), position };
        }
    }

    /// Inserts a key, and grows when that gets crowded.
    pub(crate) fn insert(&mut self, ticket: Ticket, hash: u32, position: u32) {
        self.insert_expected(ticket, hash, position);
        self.used += 1;
        if self.used * 4 > self.slots.len() * 3 {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        let generation = self.generation;
        self.slots.resize((old.len() * 2).max(16), Slot::default());
        self.generation = 1;
        let mask = self.slots.len() - 1;
        for slot in old.into_iter().filter(|slot| slot.generation() == generation) {
            let mut at = slot.hash() as usize & mask;
            while self.slots.get(at).is_some_and(|taken| taken.generation() == 1) {
                at = (at + 1) & mask;
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = Slot { tag: tag(1, slot.hash()), ..slot };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_inserted_and_forgets() {
        let mut index = KeyIndex::default();
        for round in 0..3 {
            index.clear(4);
            for n in 0..1_000_u32 {
                // Many collisions on purpose.
                match index.find(n % 7, |at| at == n) {
                    Found::Vacant(ticket) => index.insert(ticket, n % 7, n),
                    Found::Position(_) => panic!("round {round}: {n} was there"),
                }
            }
            for n in 0..1_000_u32 {
                assert!(matches!(index.find(n % 7, |at| at == n), Found::Position(at) if at == n));
            }
            assert!(matches!(index.find(3, |_| false), Found::Vacant(_)));
        }
    }
}
