//! The side that does not answer outlives the call.
use ode::Experiment;

static CODEC: Experiment = Experiment::new("codec");

fn main() {
    let level = 3;
    CODEC.on(&7_u64).run(|n| *n, |n| *n + level);
    let _answers = CODEC.on(&7_u64).run_async(async |n: u64| n + level, async |n: u64| n);
}
