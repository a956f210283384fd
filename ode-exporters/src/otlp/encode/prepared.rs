//! Keys as protobuf has them, prepared once: what is written up to the value is the same every time.

use ode_core::{FieldKey, Glance};

use crate::otlp::encode::facts::is_special;
use crate::otlp::encode::identity::Identities;
use crate::otlp::encode::protobuf::KEY;

/// Names that are prepared are no longer than this.
pub(crate) const MAX_NAME: usize = SPACE - BEFORE_NAME;
const SPACE: usize = 48;
/// Tag and length of the `KeyValue`, tag and length of the key.
pub(crate) const BEFORE_NAME: usize = 4;

/// The beginning of a `KeyValue`: its tag, which is left out, its length without the value and what
/// stands before that, and its key. Behind these there are zeros, so that copies need not know their length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// The address of the key; its complement, which is no key's, where the key is not prepared.
    address: usize,
    pub(crate) bytes: [u8; SPACE],
    /// How many of the bytes count.
    length: u8,
}

const NOTHING: Prepared = Prepared { address: 0, bytes: [0; SPACE], length: 0 };

impl Prepared {
    /// How many of the bytes count.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        usize::from(self.length) % (SPACE + 1).next_power_of_two()
    }

    /// Not prepared if it is not just the key of an attribute, or too long.
    fn of(address: usize, key: FieldKey<'_>) -> Self {
        let name = key.name();
        let mut bytes = [0; SPACE];
        let fits = name.len() <= MAX_NAME && !is_special(name);
        let Some((start, space)) = bytes.split_first_chunk_mut().filter(|_| fits) else {
            return Self { address: !address, ..NOTHING };
        };
        let length = u8::try_from(name.len()).unwrap_or(0);
        *start = [0, length + 2, KEY, length];
        space.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
        Self { address, bytes, length: length + 4 }
    }
}

/// What was prepared, by the addresses of keys that live as long as the program.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// None, or all of them.
    slots: Vec<[Prepared; WAYS]>,
    pub(crate) identities: Identities,
}

/// Sets of keys, by the low bits of their addresses.
pub(crate) type Slots = [[Prepared; WAYS]; SETS];

/// A power of two.
const SETS: usize = 512;
/// Keys that meet in a set. More of them than this take each other's place, which costs time only.
const WAYS: usize = 2;

impl Keys {
    /// The events to come are of another process.
    pub(crate) fn forget_process(&mut self) {
        self.identities.forget();
    }

    /// What is prepared so far, to be asked for one key after the other.
    #[inline]
    pub(crate) fn open(&mut self) -> Option<&mut Slots> {
        if self.slots.is_empty() {
            self.slots.resize(SETS, [NOTHING; WAYS]);
        }
        self.slots.first_chunk_mut()
    }
}

/// The key of a field, prepared. `None` for a run-time key, and for one that cannot be prepared.
#[inline]
pub(crate) fn prepared<'s>(slots: &'s mut Slots, entry: Glance<'_>) -> Option<&'s Prepared> {
    let address = entry.key()?.address()?;
    // Keys are made of words.
    let set = slots.get_mut((address >> 3) % SETS)?;
    if set[0].address == address { Some(&set[0]) } else { elsewhere(set, entry) }
}

#[inline(never)]
fn elsewhere<'s>(
    [first, second]: &'s mut [Prepared; WAYS],
    entry: Glance<'_>,
) -> Option<&'s Prepared> {
    let key = entry.key()?;
    let address = key.address()?;
    if second.address == address {
        return Some(second);
    }
    if first.address != !address && second.address != !address {
        *second = *first;
        *first = Prepared::of(address, key);
    }
    (first.address == address).then_some(first)
}
