//! What is planned for a chunk, and the one function that does it.

use std::{fmt, io};

use ode::{Live, LiveOnly};

use crate::changes::Compress;
use crate::codec::{Codec, Packed};
use crate::layout::Layout;
use crate::store::Store;
use crate::values::Values;

/// What storing the chunk would come to: `would.compress.*`.
#[derive(Debug, ode::EventFields)]
pub(crate) struct Plan {
    pub(crate) bytes_before: usize,
    pub(crate) bytes_after: usize,
    pub(crate) layout: Layout,
    pub(crate) format: Codec,
}

/// What it came to: `did.compress.*`.
#[derive(Debug, PartialEq, Eq, ode::EventFields)]
pub(crate) struct Done {
    bytes_before: usize,
    pub(crate) bytes_after: usize,
    offset: u64,
}

/// What is to be stored, and what has to be read back from it.
pub(crate) struct Content<'c> {
    pub(crate) packed: &'c Packed,
    pub(crate) encoded_length: usize,
    pub(crate) values: &'c Values<'c>,
}

/// Stores a chunk and reads it back: data that cannot be read is not compressed but lost.
///
/// The store opens to `&Live<Compress>` only, which nothing but a commit of that change has: the
/// compiler proves that no dry run comes here.
pub(crate) fn store(
    live: &Live<Compress>,
    store: &mut LiveOnly<Store, Compress>,
    plan: &Plan,
    content: &Content<'_>,
) -> Result<Done, Unreadable> {
    let store = store.get_mut(live);
    let failed = |step| move |e| Unreadable { step, cause: Some(e) };
    let place = store.put(&content.packed.bytes).map_err(failed("the store cannot be written"))?;
    let stored = store.read(place).map_err(failed("the store cannot be read"))?;
    if let Err(e) = ode::timed!("verify", verify(&stored, plan, content)) {
        store.take_back(place).map_err(failed("what cannot be read cannot be removed either"))?;
        return Err(e);
    }
    let (bytes_before, bytes_after) = (plan.bytes_before, place.length);
    Ok(Done { bytes_before, bytes_after, offset: place.offset })
}

fn verify(stored: &[u8], plan: &Plan, content: &Content<'_>) -> Result<(), Unreadable> {
    let Content { encoded_length, values, .. } = *content;
    let encoded = plan
        .format
        .unpack(stored, encoded_length)
        .ok_or(Unreadable::at("the codec cannot unpack the stored bytes"))?;
    let decoded = plan
        .layout
        .decode(values.kind(), values.len(), &encoded)
        .ok_or(Unreadable::at("the layout cannot decode the unpacked bytes"))?;
    if decoded == *values {
        Ok(())
    } else {
        Err(Unreadable::at("the values read back are not those stored"))
    }
}

/// A chunk's values could not be read back, so it stays as it was.
#[derive(Debug)]
pub(crate) struct Unreadable {
    step: &'static str,
    cause: Option<io::Error>,
}

impl Unreadable {
    fn at(step: &'static str) -> Self {
        Self { step, cause: None }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step)
    }
}

impl std::error::Error for Unreadable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}
