//! An experiment has a state of its own, so it is a `static`.
use ode::Experiment;

const CODEC: Experiment = Experiment::new("codec");

fn main() {
    CODEC.on(&7_u64).run(|n| *n, |n| *n);
}
