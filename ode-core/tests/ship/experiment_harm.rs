//! Whatever goes wrong beside the answer, the answer is the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ode_core::testing::{Capture, capture};
use ode_core::{Breaker, Comparison, Experiment, NotRunCause, Stage, WideEvent};

/// Never opens.
const PATIENT: Breaker = Breaker::new().window(64, 64).panics(1.0).slow(1.0);
const CASES: u64 = 10_000;

/// Panics where it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Candidate,
    Clean,
    Same,
    Ignore,
    Observer,
    Nowhere,
}

impl Where {
    fn of(n: u64) -> Self {
        match n % 6 {
            0 => Self::Candidate,
            1 => Self::Clean,
            2 => Self::Same,
            3 => Self::Ignore,
            4 => Self::Observer,
            _ => Self::Nowhere,
        }
    }

    fn check(self, here: Self) {
        assert!(self != here, "{here:?}");
    }
}

struct Answer(u64);

fn clean(answer: &Answer) -> u64 {
    Where::of(answer.0).check(Where::Clean);
    answer.0
}

fn observer(comparison: &Comparison) {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    SEEN.fetch_add(1, Ordering::SeqCst);
    assert_eq!(comparison.experiment(), "nobody's");
}

static HARM: Experiment = Experiment::new("harm")
    .default_stage(Stage::Shadow)
    .max_queue(65_536)
    .breaker(PATIENT)
    .observe(observer);

#[test]
fn ten_thousand_panics_change_nothing_for_the_caller() {
    super::quiet_panics();
    let events = capture();
    for n in 0..CASES {
        let answer = WideEvent::builder("page").run(|| {
            let here = Where::of(n);
            HARM.on(&n)
                .compare(clean, move |old, new| {
                    here.check(Where::Same);
                    old == new
                })
                .ignore(move |_, _, _| {
                    here.check(Where::Ignore);
                    true
                })
                .run(
                    |n| Answer(*n),
                    move |n| {
                        here.check(Where::Candidate);
                        Answer(if here == Where::Ignore { n + 2 } else { *n })
                    },
                )
        });
        assert_eq!(answer.0, n);
    }
    events.settle();
    let stats = HARM.stats().trials;
    assert!(stats.is_balanced(), "{stats}");
    let each = |here| (0..CASES).filter(|n| Where::of(*n) == here).count() as u64;
    assert_eq!(stats.eligible, CASES);
    assert_eq!(stats.not_run.get(NotRunCause::Panicked), each(Where::Candidate));
    assert_eq!(
        stats.not_run.get(NotRunCause::HookPanicked),
        each(Where::Clean) + each(Where::Same) + each(Where::Ignore)
    );
    // A panicking observer takes nothing away.
    assert_eq!(stats.matched, each(Where::Observer) + each(Where::Nowhere));
    let all = events.all();
    let pages: Vec<_> = all.iter().filter(|event| event.name() == "page").collect();
    assert_eq!(pages.len() as u64, CASES);
    assert!(pages.iter().all(|event| event.outcome() == "ok"));
    let panicked = all.iter().filter(|event| event.outcome() == "panicked").count() as u64;
    assert_eq!(panicked, each(Where::Candidate), "those whose code panicked, and no others");
    assert_eq!(events.stats().orphan_writes + events.stats().late_writes, 0);
}

/// Its clones and destructors panic, each in its time.
#[derive(Debug)]
struct Spiteful(Arc<AtomicU64>, bool);

impl Clone for Spiteful {
    fn clone(&self) -> Self {
        let clones = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(clones.is_multiple_of(2), "in clone");
        Self(Arc::clone(&self.0), true)
    }
}

impl Drop for Spiteful {
    fn drop(&mut self) {
        assert!(!self.1 || std::thread::panicking(), "in drop");
    }
}

#[test]
fn clones_and_destructors_that_panic() {
    static SPITE: Experiment =
        Experiment::new("spite").default_stage(Stage::Shadow).breaker(PATIENT);
    super::quiet_panics();
    let events = capture();
    let clones = Arc::new(AtomicU64::new(0));
    for n in 0..100_u64 {
        let input = Spiteful(Arc::clone(&clones), false);
        let answer =
            WideEvent::builder("page").run(|| SPITE.on(&input).run(move |_| n, move |_| n));
        assert_eq!(answer, n);
        events.settle();
    }
    let trials = SPITE.stats().trials;
    assert_eq!((trials.matched, trials.not_run.get(NotRunCause::HookPanicked)), (50, 50));
    assert!(trials.is_balanced());
}

#[test]
fn a_panic_of_the_side_that_answers_is_the_callers() {
    static SHADOW: Experiment = Experiment::new("mine").default_stage(Stage::Shadow);
    static LIVE: Experiment = Experiment::new("yours").default_stage(Stage::Live);
    super::quiet_panics();
    let events = capture();
    let ask = |experiment: &'static Experiment| {
        let asks = || experiment.on(&7).run(|_| panic!("control"), |_: &u64| panic!("candidate"));
        catch_unwind(AssertUnwindSafe(|| WideEvent::builder("page").run(asks)))
    };
    for (experiment, name, word) in [(&SHADOW, "mine", "control"), (&LIVE, "yours", "candidate")] {
        let thrown: Result<(), _> = ask(experiment);
        assert_eq!(thrown.unwrap_err().downcast_ref::<&str>(), Some(&word));
        events.settle();
        let trials = experiment.stats().trials;
        assert_eq!(trials.not_run.get(NotRunCause::NoAnswer), 1, "{name}");
        assert!(trials.is_balanced() && trials.started == 0, "{trials}");
        let event = events.all().pop().unwrap();
        assert_eq!(event.outcome(), "panicked");
        assert_eq!(event.field(&format!("experiment.{name}.not_run")).unwrap(), "no_answer");
    }
}

#[test]
fn in_live_a_panicking_check_is_nobodys_problem() {
    static CHECKED: Experiment = Experiment::new("checked").default_stage(Stage::RampDown);
    super::quiet_panics();
    let events = capture();
    let answer = WideEvent::builder("page").run(|| CHECKED.on(&7).run(|_| panic!("old"), |n| *n));
    events.settle();
    assert_eq!(answer, 7);
    assert_eq!(events.one("checked.control").outcome(), "panicked");
    assert_eq!(events.one("page").outcome(), "ok");
}

#[test]
fn errors_allocations_and_leaks_of_a_candidate_stay_with_it() {
    static HUGE: Experiment = Experiment::new("huge").default_stage(Stage::Shadow);
    let events = capture();
    let answer = WideEvent::builder("page").run(|| {
        HUGE.on(&7).run(
            |n| Ok::<_, String>(*n),
            |_| {
                // Virtual memory that nobody touches, and memory that nobody frees.
                let gigabyte: Vec<u8> = Vec::with_capacity(1 << 30);
                vec![0_u8; 1 << 16].leak();
                ode_core::record_error(&std::io::Error::other("inside"));
                Err(format!("{} bytes", gigabyte.capacity()))
            },
        )
    });
    events.settle();
    assert_eq!(answer, Ok(7));
    assert_eq!(events.one("page").outcome(), "ok");
    assert_eq!(events.one("huge.candidate").outcome(), "error");
    assert_eq!(HUGE.stats().trials.mismatched, 1);
}

/// A trial inside a side of another.
#[test]
fn experiments_nest() {
    static OUTER: Experiment = Experiment::new("outer").default_stage(Stage::Shadow);
    static INNER: Experiment = Experiment::new("inner").default_stage(Stage::Shadow);
    let events: Capture = capture();
    let answer = WideEvent::builder("page").run(|| {
        OUTER.on(&7).run(|n| INNER.on(n).run(|n| *n, |n| *n), |n| INNER.on(n).run(|n| *n, |n| *n))
    });
    events.settle();
    assert_eq!(answer, 7);
    // Inside a side that runs apart everything is dry: control alone.
    assert_eq!((OUTER.stats().trials.matched, INNER.stats().trials.matched), (1, 1));
    assert_eq!(events.one("outer.candidate")["experiment.inner.answered"], "control");
}
