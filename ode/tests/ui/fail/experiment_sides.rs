//! What a trial needs of its answers, and of its sides.
use ode::{Diff, Experiment};

struct Answer;

static CODEC: Experiment = Experiment::new("codec");
static RULES: Diff = Diff::new();

async fn answer(_: &u64) -> u64 {
    7
}

fn main() {
    CODEC.on(&7_u64).run(|_| Answer, |_| Answer);
    CODEC.on(&7_u64).diff(&RULES).run(|_| Answer, |_| Answer);
    let _answers = CODEC.on(&7_u64).run_async(answer, answer);
}
