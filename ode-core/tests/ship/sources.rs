//! Sources of flags that fail, and in what order they are asked.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use ode_core::testing::{Capture, TestPipeline};
use ode_core::{
    Evaluation, Flag, FlagError, FlagSource, FlagValue, Gate, MemoryFlags, Reason, Stage, Subject,
    WideEvent, change, would,
};

change!(Compress = "compress");

static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
static LIMIT: Flag<i64> = Flag::new("limit", 7);
static CODEC: Flag<Cow<'static, str>> = Flag::new("codec", Cow::Borrowed("lz4"));

/// Answers every question alike.
struct Always(fn() -> Evaluation);

impl FlagSource for Always {
    fn evaluate(&self, _: &str, _: &Subject) -> Evaluation {
        (self.0)()
    }
}

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

type Answer = fn() -> Evaluation;

#[expect(clippy::panic, reason = "what a source may do")]
fn panics() -> Evaluation {
    panic!("a source that panics")
}

/// A failing source: what it does, and what the event says of it.
const FAILING: [(Answer, &str); 4] = [
    (panics, "general"),
    (|| Evaluation::failed(FlagError::ProviderNotReady), "provider_not_ready"),
    (|| Evaluation::failed(FlagError::ParseError), "parse_error"),
    (|| Evaluation::new(FlagValue::Json("{}".into()), Reason::Static), "type_mismatch"),
];

#[test]
fn whatever_a_source_does_the_default_is_the_answer() {
    for (answer, error) in FAILING {
        // The next one knows, and is not asked: what failed might have said otherwise.
        let next = MemoryFlags::new().with("new_cart", true).with("compress", Stage::Live);
        let events = Capture::builder().flags(Always(answer)).flags(next).start();
        unit("page", || {
            assert!(!NEW_CART.get(), "{error}");
            assert_eq!(LIMIT.get(), 7);
            assert_eq!(CODEC.get(), "lz4");
            assert_eq!(would::<Compress>(), Gate::Withhold);
        });
        let event = events.one("page");
        assert_eq!(event["flag.new_cart.error"], error);
        assert_eq!(event["flag.limit.error"], error);
        assert_eq!(event["flag.new_cart.reason"], "error");
        assert_eq!(event["change.compress.stage"], "off");
    }
}

#[test]
fn a_source_that_leaves_a_flag_to_its_default_is_the_last_one_asked() {
    for reason in [Reason::Default, Reason::Disabled] {
        static REASON: AtomicU64 = AtomicU64::new(0);
        REASON.store(u64::from(reason == Reason::Disabled), Ordering::SeqCst);
        let answer = || match REASON.load(Ordering::SeqCst) {
            0 => Evaluation::default_value(Reason::Default),
            _ => Evaluation::default_value(Reason::Disabled),
        };
        let next = MemoryFlags::new().with("new_cart", true).with("compress", Stage::Live);
        let events = Capture::builder().flags(Always(answer)).flags(next).start();
        unit("page", || {
            assert!(!NEW_CART.get(), "{reason:?}");
            assert_eq!(would::<Compress>(), Gate::Withhold, "{reason:?}");
        });
        let event = events.one("page");
        assert_eq!(event["flag.new_cart.reason"], reason.as_str());
        event.assert_absent("flag.new_cart.error");
        assert_eq!(event["change.compress.reason"], "default");
    }
}

/// What the set-up says of a stage counts where no source knows the flag, and nowhere else.
#[test]
fn a_source_that_knows_the_flag_beats_the_set_up() {
    let gate = |source: Option<fn() -> Evaluation>| {
        let process = ode_core::Process::new("b1");
        let mut builder = ode_core::PipelineBuilder::new(process).stage::<Compress>(Stage::Live);
        if let Some(source) = source {
            builder = builder.flags(Always(source));
        }
        let pipeline = TestPipeline::start(builder).unwrap();
        pipeline.run(|| unit("column", would::<Compress>))
    };
    assert_eq!(gate(None), Gate::Act);
    assert_eq!(gate(Some(Evaluation::not_found)), Gate::Act);
    assert_eq!(gate(Some(|| Evaluation::default_value(Reason::Default))), Gate::Withhold);
    assert_eq!(gate(Some(|| Evaluation::failed(FlagError::General))), Gate::Withhold);
}

/// A source whose answer changes at every question.
struct Flipping(AtomicU64);

impl FlagSource for Flipping {
    fn evaluate(&self, _: &str, _: &Subject) -> Evaluation {
        let asked = self.0.fetch_add(1, Ordering::SeqCst);
        Evaluation::new(FlagValue::Bool(asked.is_multiple_of(2)), Reason::Static)
    }
}

#[test]
fn a_source_that_flips_is_asked_once_a_unit() {
    let events = Capture::builder().flags(Flipping(AtomicU64::new(0))).start();
    for expected in [true, false, true] {
        unit("page", || {
            for _ in 0..10 {
                assert_eq!(NEW_CART.get(), expected);
                unit("below", || assert_eq!(NEW_CART.get(), expected));
            }
        });
    }
    assert_eq!(events.all().len(), 33);
}
