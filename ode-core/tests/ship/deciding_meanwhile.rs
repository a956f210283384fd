//! What happens while a source is being asked: somebody else decides, forces a dry run, kills.
//! The source does it, or waits for it, so that it happens in that moment and in no other.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use ode_core::integration::{KillSource, flip};
use ode_core::testing::{Capture, TestPipeline};
use ode_core::{
    Evaluation, Event, Flag, FlagSource, FlagValue, Gate, MemoryFlags, PipelineBuilder, Process,
    Reason, Stage, Subject, WideEvent, change, current, force_dry_run, in_event, is_killed, kill,
    would,
};

static TURNING: Flag<i64> = Flag::new("turning", -1);
change!(Turn = "turn");

/// What a source does when it is asked, and its answer.
type Doing = Box<dyn FnOnce() -> FlagValue + Send>;

/// Does one thing after the other, for as long as there is something to do.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<Doing>>>);

impl Asked {
    /// From the last to the first.
    fn new(doing: impl IntoIterator<Item = Doing>) -> Self {
        let asked = Self::default();
        asked.0.lock().unwrap().extend(doing);
        asked
    }
}

impl FlagSource for Asked {
    fn evaluate(&self, key: &str, _subject: &Subject) -> Evaluation {
        if key.starts_with("kill.") {
            return Evaluation::not_found();
        }
        let doing = self.0.lock().unwrap().pop();
        doing.map_or_else(Evaluation::not_found, |doing| Evaluation::new(doing(), Reason::Static))
    }
}

fn says(value: impl Into<FlagValue>) -> Doing {
    let value = value.into();
    Box::new(move || value)
}

fn does(first: impl FnOnce() + Send + 'static, value: impl Into<FlagValue>) -> Doing {
    let value = value.into();
    Box::new(move || {
        first();
        value
    })
}

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

#[test]
fn two_tasks_of_a_unit_ask_at_once() {
    let both_ask = Arc::new(Barrier::new(2));
    let answers = Arc::new(AtomicI64::new(0));
    let ask = || -> Doing {
        let (both_ask, answers) = (Arc::clone(&both_ask), Arc::clone(&answers));
        Box::new(move || {
            both_ask.wait();
            FlagValue::I64(answers.fetch_add(1, SeqCst))
        })
    };
    let source = Asked::new([ask(), ask()]);
    let events = Capture::builder().flags(source).start();
    let (here, there) = unit("page", || {
        let other = in_event(|| TURNING.get());
        thread::scope(|scope| {
            let other = scope.spawn(other);
            (TURNING.get(), other.join().unwrap())
        })
    });
    assert_eq!(answers.load(SeqCst), 2, "both asked");
    assert_eq!(here, there);
    assert_eq!(events.one("page")["flag.turning.variant"], here.to_string());
}

#[test]
fn a_unit_above_decides_about_a_flag() {
    let source = Asked::default();
    let events = Capture::builder().flags(source.clone()).start();
    unit("outer", || {
        let above = current().handle();
        let decide = move || above.run(|| assert_eq!(TURNING.get(), 2));
        source.0.lock().unwrap().extend([says(2_i64), does(decide, 1_i64)]);
        assert_eq!(unit("inner", || TURNING.get()), 2);
    });
    assert_eq!(events.one("inner")["flag.turning.variant"], "2");
}

#[test]
fn a_unit_above_withholds() {
    let source = Asked::default();
    let events = Capture::builder().flags(source.clone()).start();
    unit("outer", || {
        let above = current().handle();
        let decide = move || above.run(|| assert_eq!(would::<Turn>(), Gate::Withhold));
        source.0.lock().unwrap().extend([says(Stage::Shadow), does(decide, Stage::Live)]);
        assert_eq!(unit("inner", would::<Turn>), Gate::Withhold);
    });
    let event = events.one("inner");
    assert_eq!(event["change.turn.stage"], "shadow");
}

#[test]
fn somebody_forces_a_dry_run() {
    let source = Asked::new([does(force_dry_run, Stage::Live)]);
    let events = Capture::builder().flags(source).start();
    assert_eq!(unit("page", would::<Turn>), Gate::Withhold);
    assert_eq!(events.one("page")["change.turn.reason"], "forced_dry_run");
}

#[test]
fn somebody_kills() {
    let source = Asked::new([does(|| kill("turn", "alice"), Stage::Live)]);
    let events = Capture::builder().flags(source).start();
    assert_eq!(unit("page", would::<Turn>), Gate::Withhold);
    let event = events.one("page");
    assert_eq!(event["change.turn.reason"], "killed");
    event.assert_absent("did.turn.act");
}

/// Whoever saw the flag that kills does not act, also where somebody with an older answer takes the
/// kill back at once: here, whoever is told of it.
#[test]
fn somebody_has_an_older_answer() {
    let flags = MemoryFlags::new().with("turn", Stage::Live).with("kill.turn", true);
    let take_back = |event: &Event| {
        if event.name() == "ode.kill" {
            flip(KillSource::Flag, "turn", "", false);
        }
    };
    let builder = PipelineBuilder::new(Process::new("test")).flags(flags).on_event(take_back);
    let pipeline = TestPipeline::start(builder).unwrap();
    pipeline.run(|| {
        assert_eq!(unit("page", would::<Turn>), Gate::Withhold);
        assert!(!is_killed("turn"), "taken back");
    });
}
