//! A trial that is not run.
#![deny(unused_must_use)]
use ode::{Breaker, Experiment};

static CODEC: Experiment = Experiment::new("codec");

fn main() {
    CODEC.on(&7_u64);
    CODEC.on(&7_u64).compare(|n: &u64| *n, |old, new| old == new);
    Breaker::new();
}
