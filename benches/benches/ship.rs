//! What deciding costs: flags, rollouts, gates, experiments, beside OpenFeature's own evaluation.
//!
//! `cargo bench -p ode-benches --bench ship` prints a table; with `--features peers` OpenFeature is in
//! it. Every figure is taken in a process of its own; rounds are interleaved; what is computed is
//! computed within a round, and the median of the rounds is shown. Instructions are counted by
//! callgrind where valgrind is installed: they are what repeats.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a bench prints what it measured")]
#![expect(clippy::trivially_copy_pass_by_ref, reason = "sides of an experiment take a reference")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Duration;

use ode::WideEvent;
use ode::{
    Experiment, Flag, Gate, MemoryFlags, PipelineBuilder, Process, Ring, Rollout, Stage, Subject,
};
use ode_benches::by_ode::Null;
use ode_benches::figures::{Figure, Rounds, instructions, was_child};
use ode_benches::measure::hot;

const ROUNDS: usize = 5;
const UNITS: usize = 50_000;
const LONG: Duration = Duration::from_secs(60);
/// Distinct flags in a unit: so many that the unit itself does not count.
const FLAGS: usize = 8;
/// Questions that were decided before, in a unit.
const AGAIN: usize = 64;

static SWITCHES: [Flag<bool>; FLAGS] = [
    Flag::new("new_cart", false),
    Flag::new("new_codec", false),
    Flag::new("wide_rows", false),
    Flag::new("fast_path", false),
    Flag::new("retry_twice", false),
    Flag::new("dark_mode", false),
    Flag::new("eu_prices", false),
    Flag::new("short_urls", false),
];
ode::change!(Compress = "compress");
static CODEC: Rollout = Rollout::new("new_codec")
    .ring(Ring::attribute("internal", "plan", "staff"))
    .ring(Ring::attribute("beta", "cohort", "beta"))
    .ring(Ring::percent(1.0));
/// In its stage, and never sampled.
static TRIAL: Experiment = Experiment::new("price").default_stage(Stage::Shadow).sample(0.0);
/// Neither staff nor in the beta, so that every ring is looked at.
static SOMEONE: LazyLock<Subject> = LazyLock::new(|| {
    Subject::new("7d9f0e52-4c1b-4000-8000-0242ac120002").with("plan", "free").with("seats", 12)
});

const NOTHING: &str = "unit, nothing";
const FIRST: &str = "unit, 8 flags";
const TEXTS: &str = "unit, 16 texts set";

const FIGURES: &[Figure] = &[
    (NOTHING, |n| with_ode(n, || ())),
    (FIRST, |n| with_ode(n, || SWITCHES.iter().for_each(switch))),
    (TEXTS, |n| with_ode(n, sixteen_texts)),
    ("unit, 1 flag", |n| with_ode(n, || switch(&SWITCHES[0]))),
    ("unit, 1 flag, again", |n| with_ode(n, || again(|| switch(&SWITCHES[0])))),
    ("unit, 1 gate", |n| with_ode(n, gate)),
    ("unit, 1 gate, again", |n| with_ode(n, || again(gate))),
    ("unit, 1 includes", |n| with_ode(n, includes)),
    ("unit, 1 includes, again", |n| with_ode(n, || again(includes))),
    ("unit, 1 includes_for", |n| with_ode(n, includes_for)),
    ("unit, 1 includes_for, again", |n| with_ode(n, || again(includes_for))),
    ("unit, 1 trial, again", |n| with_ode(n, || again(trial))),
    ("unit, 1 trial, control again", |n| {
        with_ode(n, || {
            trial();
            (0..AGAIN).for_each(|_| assert_eq!(control(black_box(&7)), 8));
        })
    }),
    #[cfg(feature = "peers")]
    ("unit, 8 flags by OpenFeature", |n| {
        let client = by_open_feature::client();
        with_ode(n, || by_open_feature::evaluate(&client))
    }),
];

/// What is shown: the figure and how often it did it, what is taken off, and the bar.
const ROWS: &[(&str, (&str, usize), &str, &str)] = &[
    ("a flag's first `get` in a unit, recorded", (FIRST, FLAGS), NOTHING, "≤ 100"),
    ("of that, recording variant and reason", (TEXTS, FLAGS), NOTHING, ""),
    ("the same flag, again", ("unit, 1 flag, again", AGAIN), "unit, 1 flag", ""),
    ("`Rollout::includes`, first", ("unit, 1 includes", 1), NOTHING, ""),
    (
        "`Rollout::includes`, decided",
        ("unit, 1 includes, again", AGAIN),
        "unit, 1 includes",
        "≤ 50",
    ),
    (
        "`Rollout::includes_for`, three rings, a key of 36 bytes",
        ("unit, 1 includes_for, again", AGAIN),
        "unit, 1 includes_for",
        "≤ 50",
    ),
    ("a gate, first", ("unit, 1 gate", 1), NOTHING, ""),
    ("a gate, decided", ("unit, 1 gate, again", AGAIN), "unit, 1 gate", "≤ 50"),
    (
        "an experiment not sampled, over calling control",
        ("unit, 1 trial, again", AGAIN),
        "unit, 1 trial, control again",
        "≤ 20",
    ),
    #[cfg(feature = "peers")]
    (
        "OpenFeature's evaluation, in memory, not recorded",
        ("unit, 8 flags by OpenFeature", FLAGS),
        NOTHING,
        "",
    ),
];

fn main() {
    if !was_child(FIGURES) {
        table(&Rounds::take(FIGURES, ROUNDS, UNITS));
    }
}

fn table(rounds: &Rounds) {
    println!("| deciding | ns (median) | bar | × a flag's first `get` | instructions |");
    println!("|---|--:|--:|--:|--:|");
    let mut counted = std::collections::BTreeMap::new();
    for (what, (figure, times), base, bar) in ROWS {
        let each = |[with, without]: [f64; 2]| (with - without) / count(*times);
        let nanos = rounds.median_of([*figure, *base], each);
        let first = [*figure, *base, FIRST, NOTHING];
        let ratio = rounds.median_of(first, |[with, without, first, nothing]| {
            each([with, without]) / ((first - nothing) / count(FLAGS))
        });
        let mut of = |name: &'static str| {
            *counted.entry(name).or_insert_with(|| instructions(name, 1_024, 9_216))
        };
        let counted = of(figure).zip(of(base)).map(|(with, without)| each([with, without]));
        let counted = counted.map_or("–".to_owned(), |count| format!("{count:.0}"));
        println!("| {what} | {nanos:.1} | {bar} | {ratio:.2} | {counted} |");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
fn count(times: usize) -> f64 {
    times as f64
}

/// Units with something in them, on a pipeline whose flags are in memory; drained before the queue
/// fills.
fn with_ode(units: usize, inside: impl Fn()) -> f64 {
    let mut flags = MemoryFlags::new().with("compress", Stage::Live);
    for switch in &SWITCHES {
        flags = flags.with(switch.key(), true);
    }
    let builder = PipelineBuilder::new(Process::new("bench")).flags(flags);
    let guard = builder.export_to(Null).install().expect("ode is set up once in a process");
    // Whom it is about is the same for all of them: it is the application's to make, not measured.
    let unit = |_at| WideEvent::builder("unit").run(&inside);
    let drain = || assert!(ode::flush(LONG).is_complete());
    let figure = hot(units, 16, unit, drain);
    let shutdown = guard.shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced() && stats.dropped() == 0 && shutdown.undelivered == 0, "{stats}");
    figure
}

/// Once, and then as often as is counted.
fn again(mut ask: impl FnMut()) {
    for _ in 0..=AGAIN {
        ask();
    }
}

fn switch(flag: &Flag<bool>) {
    assert!(black_box(flag).get());
}

fn gate() {
    assert_eq!(ode::would::<Compress>(), Gate::Act);
}

fn includes() {
    assert!(!black_box(&CODEC).includes());
}

fn includes_for() {
    assert!(!black_box(&CODEC).includes_for(&SOMEONE));
}

fn trial() {
    assert_eq!(TRIAL.on(black_box(&7)).run(control, candidate), 8);
}

fn control(input: &u64) -> u64 {
    black_box(*input) + 1
}

fn candidate(input: &u64) -> u64 {
    black_box(*input) + 2
}

/// What eight flags leave on an event, set by hand under keys of as many letters.
fn sixteen_texts() {
    let (variant, reason) = (black_box("true"), black_box("static"));
    ode::set! {
        flog.new_cart.variant = variant,
        flog.new_cart.reason = reason,
        flog.new_codec.variant = variant,
        flog.new_codec.reason = reason,
        flog.wide_rows.variant = variant,
        flog.wide_rows.reason = reason,
        flog.fast_path.variant = variant,
        flog.fast_path.reason = reason,
        flog.retry_twice.variant = variant,
        flog.retry_twice.reason = reason,
        flog.dark_mode.variant = variant,
        flog.dark_mode.reason = reason,
        flog.eu_prices.variant = variant,
        flog.eu_prices.reason = reason,
        flog.short_urls.variant = variant,
        flog.short_urls.reason = reason,
    }
}

/// OpenFeature's SDK over a provider that holds its flags in memory, as its own tests have one.
#[cfg(feature = "peers")]
mod by_open_feature {
    use std::collections::BTreeMap;
    use std::hint::black_box;

    use futures::executor::block_on;
    use open_feature::provider::{FeatureProvider, ProviderMetadata, ResolutionDetails};
    use open_feature::{
        Client, EvaluationContext, EvaluationError, EvaluationErrorCode, EvaluationReason,
        EvaluationResult, OpenFeature, StructValue, async_trait,
    };

    use crate::SWITCHES;

    struct InMemory {
        metadata: ProviderMetadata,
        flags: BTreeMap<String, bool>,
    }

    fn no_such_flag() -> EvaluationError {
        let code = EvaluationErrorCode::FlagNotFound;
        EvaluationError::builder().code(code).build()
    }

    #[async_trait]
    impl FeatureProvider for InMemory {
        fn metadata(&self) -> &ProviderMetadata {
            &self.metadata
        }

        async fn resolve_bool_value(
            &self,
            key: &str,
            _context: &EvaluationContext,
        ) -> EvaluationResult<ResolutionDetails<bool>> {
            let value = *self.flags.get(key).ok_or_else(no_such_flag)?;
            let details = ResolutionDetails::builder().value(value);
            Ok(details.variant("true").reason(EvaluationReason::Static).build())
        }

        async fn resolve_int_value(
            &self,
            _key: &str,
            _context: &EvaluationContext,
        ) -> EvaluationResult<ResolutionDetails<i64>> {
            Err(no_such_flag())
        }

        async fn resolve_float_value(
            &self,
            _key: &str,
            _context: &EvaluationContext,
        ) -> EvaluationResult<ResolutionDetails<f64>> {
            Err(no_such_flag())
        }

        async fn resolve_string_value(
            &self,
            _key: &str,
            _context: &EvaluationContext,
        ) -> EvaluationResult<ResolutionDetails<String>> {
            Err(no_such_flag())
        }

        async fn resolve_struct_value(
            &self,
            _key: &str,
            _context: &EvaluationContext,
        ) -> EvaluationResult<ResolutionDetails<StructValue>> {
            Err(no_such_flag())
        }
    }

    pub(super) fn client() -> Client {
        let flags = SWITCHES.iter().map(|switch| (switch.key().to_owned(), true)).collect();
        let metadata = ProviderMetadata::new("memory");
        block_on(async {
            let mut api = OpenFeature::singleton_mut().await;
            api.set_provider(InMemory { metadata, flags }).await;
            api.create_client()
        })
    }

    /// The eight flags, with details, as what records them would ask for them.
    pub(super) fn evaluate(client: &Client) {
        for switch in &SWITCHES {
            let details = block_on(client.get_bool_details(black_box(switch.key()), None, None));
            assert!(details.is_ok_and(|details| details.value));
        }
    }
}
