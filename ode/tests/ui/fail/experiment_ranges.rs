//! What is declared of an experiment is checked when it is compiled.
use ode::{Breaker, Diff, Experiment, Stage};

ode::change!(Codec = "codec");

static SHARE: Experiment = Experiment::new("codec").sample(2.0);
static NOISE: Experiment = Experiment::new("codec").noise_control(-0.1);
static NONE_AT_ONCE: Experiment = Experiment::new("codec").max_concurrent(0);
static LONG_QUEUE: Experiment = Experiment::new("codec").max_queue(100_000);
static NAMELESS: Experiment = Experiment::new("");
static TWO_DEFAULTS: Experiment = Experiment::of::<Codec>().default_stage(Stage::Shadow);
static WIDE: Breaker = Breaker::new().window(100, 10);
static NEGATIVE: Diff = Diff::new().absolute(-1.0);
static NO_PATH: Diff = Diff::new().ignore("");

fn main() {}
