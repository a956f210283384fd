//! Nothing flips midway: units that are read on several threads, while flags and kills are flipped a
//! hundred thousand times.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::thread;

use ode_core::testing::TestPipeline;
use ode_core::{
    Flag, Gate, MemoryFlags, PipelineBuilder, Process, Stage, Value, WideEvent, change,
    force_dry_run, in_event, kill, revive, stage, would,
};

static TURNING: Flag<i64> = Flag::new("turning", -1);
change!(Turn = "turn");

const FLIPS_OF_FLAGS: u64 = 80_000;
const FLIPS_OF_KILLS: u64 = 20_000;
/// How many flips a unit lets happen: so that units and flips go together, however threads are
/// scheduled.
const FLIPS_A_UNIT: u64 = 50;
const READERS: u64 = 2;

#[derive(Default)]
struct Tally {
    flips: AtomicU64,
    /// Units that are in their middle, and so let flips happen.
    middles: AtomicU64,
    flippers_left: AtomicU64,
    outer: AtomicU64,
    inner: AtomicU64,
    kills: AtomicU64,
    revivals: AtomicU64,
    other_events: AtomicU64,
    events_that_say_otherwise: AtomicU64,
    gates_that_opened_again: AtomicU64,
    gates_that_acted: AtomicU64,
}

impl Tally {
    fn flip(&self, flip: impl FnOnce()) {
        while self.flips.load(SeqCst) >= self.middles.load(SeqCst) * FLIPS_A_UNIT {
            thread::yield_now();
        }
        flip();
        self.flips.fetch_add(1, SeqCst);
    }

    fn let_flips_happen(&self) {
        let before = self.flips.load(SeqCst);
        self.middles.fetch_add(1, SeqCst);
        while self.flips.load(SeqCst) == before && self.flippers_left.load(SeqCst) > 0 {
            thread::yield_now();
        }
    }

    fn see(&self, event: &ode_core::Event) {
        let counter = match (event.name(), event.get("ode.kill.to")) {
            ("outer", _) => &self.outer,
            ("inner", _) => &self.inner,
            ("ode.kill", Some(Value::Str("killed"))) => &self.kills,
            ("ode.kill", Some(Value::Str("active"))) => &self.revivals,
            _ => &self.other_events,
        };
        counter.fetch_add(1, SeqCst);
        let (Some(Value::I64(seen)), Some(Value::Str(variant))) =
            (event.get("seen"), event.get("flag.turning.variant"))
        else {
            return;
        };
        if seen.to_string() != variant {
            self.events_that_say_otherwise.fetch_add(1, SeqCst);
        }
    }

    /// A gate of a unit, which stays closed once anybody has seen it so, there or in a unit around
    /// it.
    fn gate(&self, was_closed: &AtomicBool, around: Option<&AtomicBool>) {
        let is_closed = |gate: &AtomicBool| gate.load(SeqCst);
        let closed_before = is_closed(was_closed) || around.is_some_and(is_closed);
        match would::<Turn>() {
            Gate::Act if closed_before => self.gates_that_opened_again.fetch_add(1, SeqCst),
            Gate::Act => self.gates_that_acted.fetch_add(1, SeqCst),
            Gate::Withhold => {
                was_closed.store(true, SeqCst);
                0
            }
        };
    }
}

/// A thread that does what it is sent: work of a unit that another thread owns.
struct Helper(SyncSender<Box<dyn FnOnce() + Send>>);

impl Helper {
    fn start<'scope>(scope: &'scope thread::Scope<'scope, '_>) -> Self {
        let (sender, receiver) = sync_channel::<Box<dyn FnOnce() + Send>>(1);
        scope.spawn(move || receiver.into_iter().for_each(|work| work()));
        Self(sender)
    }

    /// What the work came to, once somebody asks.
    fn join<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> impl FnOnce() -> R {
        let (sender, receiver) = sync_channel(1);
        let work = in_event(work);
        self.0.send(Box::new(move || sender.send(work()).unwrap())).unwrap();
        move || receiver.recv().unwrap()
    }
}

fn read(tally: &Tally, was_closed: &AtomicBool, around: Option<&AtomicBool>) -> i64 {
    tally.gate(was_closed, around);
    let seen = TURNING.get();
    tally.gate(was_closed, around);
    seen
}

/// A unit that decides after the one around it has: before, it decides for itself.
fn child(tally: &Tally, around: &AtomicBool) -> i64 {
    WideEvent::builder("inner").run(|| {
        let was_closed = AtomicBool::new(false);
        let seen = read(tally, &was_closed, Some(around));
        assert_eq!(read(tally, &was_closed, None), seen);
        ode_core::set! { seen = seen };
        seen
    })
}

/// One unit, read on two threads and in two children of it.
fn outer(tally: &Arc<Tally>, helper: &Helper) {
    let was_closed = Arc::new(AtomicBool::new(false));
    let shared = || (Arc::clone(tally), Arc::clone(&was_closed));
    WideEvent::builder("outer").run(|| {
        // Whoever is first decides.
        let (its_tally, its_gate) = shared();
        let joined = helper.join(move || read(&its_tally, &its_gate, None));
        let seen = read(tally, &was_closed, None);
        assert_eq!(joined(), seen, "two tasks of a unit");
        tally.let_flips_happen();
        let (its_tally, its_gate) = shared();
        let elsewhere = helper.join(move || child(&its_tally, &its_gate));
        assert_eq!(child(tally, &was_closed), seen, "a child");
        assert_eq!(elsewhere(), seen, "a child opened on another thread");
        assert_eq!(read(tally, &was_closed, None), seen, "later");
        ode_core::set! { seen = seen };
    });
}

#[test]
fn one_decision_a_unit_under_100_000_flips() {
    let flags = MemoryFlags::new().with("turning", 0_i64).with("turn", Stage::Live);
    let tally = Arc::new(Tally::default());
    let seen = Arc::clone(&tally);
    let builder = PipelineBuilder::new(Process::new("test"))
        .flags(flags.clone())
        .on_event(move |event| seen.see(event));
    let pipeline = TestPipeline::start(builder).unwrap();
    tally.flippers_left.store(2, SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=FLIPS_OF_FLAGS / 2 {
                tally.flip(|| flags.set("turning", n.cast_signed()));
                let stage = if n % 4 == 0 { Stage::DryRun } else { Stage::Live };
                tally.flip(|| flags.set("turn", stage));
            }
            tally.flippers_left.fetch_sub(1, SeqCst);
        });
        scope.spawn(|| {
            pipeline.run(|| {
                for _ in 0..FLIPS_OF_KILLS / 2 {
                    tally.flip(|| kill("turn", "test"));
                    tally.flip(|| revive("turn", "test"));
                }
            });
            tally.flippers_left.fetch_sub(1, SeqCst);
        });
        for _ in 0..READERS {
            let helper = Helper::start(scope);
            scope.spawn(|| {
                let helper = helper;
                pipeline.run(|| {
                    while tally.flippers_left.load(SeqCst) > 0 {
                        outer(&tally, &helper);
                    }
                });
            });
        }
    });
    let of = |count: &AtomicU64| count.load(SeqCst);
    assert_eq!(of(&tally.flips), FLIPS_OF_FLAGS + FLIPS_OF_KILLS);
    assert_eq!((of(&tally.kills), of(&tally.revivals)), (10_000, 10_000), "every flip is an event");
    let units = of(&tally.middles);
    assert!(units >= 2_000 - READERS, "{units}");
    assert_eq!((of(&tally.outer), of(&tally.inner)), (units, 2 * units));
    assert_eq!(of(&tally.other_events), 0);
    assert_eq!(of(&tally.events_that_say_otherwise), 0);
    assert_eq!(of(&tally.gates_that_opened_again), 0);
    assert!(of(&tally.gates_that_acted) > 0, "nothing was allowed, so nothing was tested");
    let stats = pipeline.stats();
    assert_eq!(
        (stats.opened, stats.finished, stats.open),
        (3 * units + 20_000, 3 * units + 20_000, 0)
    );
    assert_eq!((stats.late_writes, stats.orphan_writes), (0, 0));
}

/// While one task asks on and on, another forces a dry run, or a kill comes and goes. Once that is
/// done, no task of the unit acts, nor does a unit that was open below it and had decided.
#[test]
fn what_was_taken_back_stays_taken_back() {
    const ROUNDS: u32 = 2_000;
    let flags = MemoryFlags::new().with("turn", Stage::Live);
    let builder = PipelineBuilder::new(Process::new("test")).flags(flags);
    let pipeline = TestPipeline::start(builder).unwrap();
    let tally = Arc::new(Tally::default());
    thread::scope(|scope| {
        let helper = Helper::start(scope);
        pipeline.run(|| {
            for round in 0..ROUNDS {
                WideEvent::builder("outer").run(|| {
                    assert_eq!(would::<Turn>(), Gate::Act);
                    let was_closed = Arc::new(AtomicBool::new(false));
                    let together = Arc::new(Barrier::new(2));
                    let (its_tally, its_gate) = (Arc::clone(&tally), Arc::clone(&was_closed));
                    let its_barrier = Arc::clone(&together);
                    let asking = helper.join(move || {
                        WideEvent::builder("inner").run(|| {
                            assert_eq!(stage::<Turn>(), Stage::Live);
                            its_barrier.wait();
                            for _ in 0..20 {
                                its_tally.gate(&its_gate, None);
                            }
                            its_barrier.wait();
                            would::<Turn>()
                        })
                    });
                    together.wait();
                    let is_final = round % 2 == 0;
                    if is_final {
                        force_dry_run();
                        was_closed.store(true, SeqCst);
                    } else {
                        kill("turn", "test");
                        revive("turn", "test");
                    }
                    together.wait();
                    let closed = was_closed.load(SeqCst);
                    let (here, below) = (would::<Turn>(), asking());
                    let expected = if closed { Gate::Withhold } else { Gate::Act };
                    assert_eq!(below, expected, "round {round}");
                    assert!(!is_final || here == Gate::Withhold, "round {round}");
                });
            }
        });
    });
    assert_eq!(tally.gates_that_opened_again.load(SeqCst), 0);
}
