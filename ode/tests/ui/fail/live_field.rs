//! The fields are nobody's to name.
use std::marker::PhantomData;

use ode::{Live, LiveOnly, change};

change!(Compress = "compress");

fn effect(_live: &Live<Compress>) {}

fn main() {
    effect(&Live { change: PhantomData });
    let disk: LiveOnly<Vec<u8>> = LiveOnly::new(Vec::new());
    let LiveOnly { effectful: _, .. } = disk;
}
