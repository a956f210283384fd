//! OpenFeature both ways, with its own SDK.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ode::open_feature::{Provider, ProviderFlags, RecordEvaluations};
use ode::testing::{Capture, TestClock, capture};
use ode::{
    Evaluation, Flag, FlagError, FlagSource, Gate, MemoryFlags, Reason, Stage, Subject, WideEvent,
};
use open_feature::provider::{FeatureProvider, ProviderMetadata, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationError, EvaluationErrorCode, EvaluationReason, OpenFeature,
    StructValue, Value, async_trait,
};

ode::change!(Compress = "compress");

static NEW_CART: Flag<bool> = Flag::new("new_cart", false);

/// Long enough for everything.
const LONG: Duration = Duration::from_secs(30);

type Answer = Result<Value, EvaluationErrorCode>;

/// A provider that answers what a test puts here.
#[derive(Clone, Default)]
struct Fake(Arc<State>);

#[derive(Default)]
struct State {
    metadata: ProviderMetadata,
    answers: Mutex<HashMap<String, Answer>>,
    contexts: Mutex<Vec<EvaluationContext>>,
    asked: AtomicU64,
    initialised: AtomicU64,
}

impl Fake {
    fn with(self, key: &str, answer: impl Into<Value>) -> Self {
        self.set(key, Ok(answer.into()));
        self
    }

    fn set(&self, key: &str, answer: Answer) {
        self.0.answers.lock().unwrap().insert(key.to_owned(), answer);
    }

    async fn answer<T>(
        &self,
        key: &str,
        context: &EvaluationContext,
        read: fn(Value) -> Option<T>,
    ) -> Result<ResolutionDetails<T>, EvaluationError> {
        self.0.contexts.lock().unwrap().push(context.clone());
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let fail = |code| Err(EvaluationError::builder().code(code).build());
        match key {
            "panics" => panic!("a provider that panics"),
            "hangs" => std::future::pending().await,
            _ => {}
        }
        let known = self.0.answers.lock().unwrap().get(key).cloned();
        match known.unwrap_or(Err(EvaluationErrorCode::FlagNotFound)) {
            Err(code) => fail(code),
            Ok(value) => match read(value) {
                None => fail(EvaluationErrorCode::TypeMismatch),
                Some(value) => Ok(ResolutionDetails::builder()
                    .value(value)
                    .variant("v1")
                    .reason(EvaluationReason::TargetingMatch)
                    .build()),
            },
        }
    }
}

#[async_trait]
impl FeatureProvider for Fake {
    async fn initialize(&mut self, _: &EvaluationContext) {
        self.0.initialised.fetch_add(1, Ordering::SeqCst);
    }

    fn metadata(&self) -> &ProviderMetadata {
        &self.0.metadata
    }

    async fn resolve_bool_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> Result<ResolutionDetails<bool>, EvaluationError> {
        self.answer(key, context, |value| value.as_bool()).await
    }

    async fn resolve_int_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> Result<ResolutionDetails<i64>, EvaluationError> {
        self.answer(key, context, |value| value.as_i64()).await
    }

    async fn resolve_float_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> Result<ResolutionDetails<f64>, EvaluationError> {
        self.answer(key, context, |value| value.as_f64()).await
    }

    async fn resolve_string_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> Result<ResolutionDetails<String>, EvaluationError> {
        self.answer(key, context, |value| value.as_str().map(str::to_owned)).await
    }

    async fn resolve_struct_value(
        &self,
        key: &str,
        context: &EvaluationContext,
    ) -> Result<ResolutionDetails<StructValue>, EvaluationError> {
        self.answer(key, context, |value| value.as_struct().cloned()).await
    }
}

/// Asks until the answer is another one than this.
fn until_other_than(flags: &ProviderFlags, key: &str, last: &Evaluation) -> Evaluation {
    loop {
        let answer = flags.evaluate(key, &Subject::anonymous());
        if answer != *last {
            return answer;
        }
        std::thread::yield_now();
    }
}

fn page() -> bool {
    WideEvent::builder("page").run(|| NEW_CART.get())
}

#[test]
fn the_first_question_is_answered_by_the_default_and_the_next_by_the_provider() {
    let fake = Fake::default().with("new_cart", true);
    let flags = Provider::new(fake.clone()).start().unwrap();
    let events = Capture::builder().flags(flags.clone()).start();
    assert!(!page());
    assert!(flags.warm(&NEW_CART, &Subject::anonymous(), LONG));
    assert!(page());
    let pages = events.all();
    assert_eq!(pages[0]["flag.new_cart.error"], "provider_not_ready");
    assert_eq!(pages[1]["flag.new_cart.variant"], "v1");
    assert_eq!(pages[1]["flag.new_cart.reason"], "targeting_match");
    assert_eq!(fake.0.initialised.load(Ordering::SeqCst), 1);
    assert_eq!(fake.0.asked.load(Ordering::SeqCst), 1, "and no more than once");
}

#[test]
fn it_is_asked_for_what_the_flag_is_and_for_whom() {
    let fake = Fake::default()
        .with("new_cart", true)
        .with("limit", 12)
        .with("share", 0.5)
        .with("compress", "live")
        .with("shape", StructValue::default().with_field("a", vec![1, 2]));
    let flags = Provider::new(fake.clone()).start().unwrap();
    let subject = Subject::new("user-42").with("plan", "pro").with("seats", 3).with("beta", true);
    assert!(flags.warm(&Flag::new("limit", 0_i64), &subject, LONG));
    assert!(flags.warm(&Flag::new("share", 0.0), &subject, LONG));
    assert!(flags.warm(&Flag::new("compress", Stage::Off), &subject, LONG));
    // One question each: nothing is tried.
    assert_eq!(fake.0.asked.load(Ordering::SeqCst), 3);
    let context = fake.0.contexts.lock().unwrap()[0].clone();
    assert_eq!(context.targeting_key.as_deref(), Some("user-42"));
    assert_eq!(context.custom_fields["plan"].as_str(), Some("pro"));
    assert_eq!(context.custom_fields["seats"].as_i64(), Some(3));
    assert_eq!(context.custom_fields["beta"].as_bool(), Some(true));

    // Where nobody says as what, one type after the other.
    let not_ready = Evaluation::failed(FlagError::ProviderNotReady);
    for (key, value) in [
        ("new_cart", ode::FlagValue::Bool(true)),
        ("compress", "live".into()),
        ("limit", 12.into()),
        ("share", 0.5.into()),
        ("shape", ode::FlagValue::Json("{\"a\":[1,2]}".into())),
    ] {
        let answer = until_other_than(&flags, key, &not_ready);
        assert_eq!(answer.value(), Some(&value), "{key}");
    }
}

#[test]
fn a_wrong_type_is_an_error_and_an_unknown_flag_is_the_next_sources() {
    let flags = Provider::new(Fake::default().with("compress", true)).start().unwrap();
    let next = MemoryFlags::new().with("new_cart", true).with("compress", "live");
    let events = Capture::builder().flags(flags.clone()).flags(next).start();
    let compress = Flag::new("compress", Stage::Off);
    assert!(flags.warm(&NEW_CART, &Subject::anonymous(), LONG));
    assert!(flags.warm(&compress, &Subject::anonymous(), LONG));
    let kill = Flag::new("kill.compress", false);
    assert!(flags.warm(&kill, &Subject::anonymous(), LONG));
    WideEvent::builder("page").run(|| {
        assert!(NEW_CART.get());
        assert_eq!(ode::would::<Compress>(), Gate::Withhold);
    });
    let event = events.one("page");
    assert_eq!(event["flag.new_cart.reason"], "static");
    assert_eq!(event["flag.compress.error"], "type_mismatch");
    assert_eq!(event["change.compress.reason"], "error");
}

/// A change is withheld until the provider has said that nobody killed it, and in which stage it is.
#[test]
fn nothing_acts_before_the_provider_has_answered() {
    let flags = Provider::new(Fake::default().with("compress", "live")).start().unwrap();
    let _events = Capture::builder().flags(flags.clone()).start();
    let gate = || WideEvent::builder("column").run(ode::would::<Compress>);
    assert_eq!(gate(), Gate::Withhold);
    while gate() == Gate::Withhold {
        std::thread::yield_now();
    }
}

#[test]
fn answers_are_asked_for_anew_and_stay_while_the_provider_fails() {
    let fake = Fake::default().with("new_cart", true);
    let flags = Provider::new(fake.clone())
        .refresh_after(Duration::from_secs(10))
        .keep_for(Duration::from_secs(60))
        .start()
        .unwrap();
    let clock = TestClock::new();
    let _events = Capture::builder().clock(&clock).start();
    let not_ready = Evaluation::failed(FlagError::ProviderNotReady);
    let on = until_other_than(&flags, "new_cart", &not_ready);
    assert_eq!(on.reason(), Reason::TargetingMatch);
    let asked = || fake.0.asked.load(Ordering::SeqCst);

    fake.set("new_cart", Err(EvaluationErrorCode::General("away".to_owned())));
    clock.advance(Duration::from_secs(9));
    assert_eq!(flags.evaluate("new_cart", &Subject::anonymous()), on);
    assert_eq!(asked(), 1);
    clock.advance(Duration::from_secs(1));
    // Old, and it counts; who asks next sees that the provider failed.
    let stale = until_other_than(&flags, "new_cart", &on);
    assert_eq!((stale.value(), stale.reason()), (on.value(), Reason::Stale));
    clock.advance(Duration::from_secs(50));
    let failed = flags.evaluate("new_cart", &Subject::anonymous());
    assert_eq!(failed.error(), Some(FlagError::General));

    fake.set("new_cart", Ok(Value::Bool(false)));
    clock.advance(Duration::from_secs(10));
    let off = until_other_than(&flags, "new_cart", &failed);
    assert_eq!(off.value(), Some(&ode::FlagValue::Bool(false)));
}

/// T56: it is never waited for.
#[test]
fn a_provider_that_hangs_or_panics_is_nobodys_problem() {
    let fake = Fake::default().with("new_cart", true);
    let flags = Provider::new(fake.clone()).start().unwrap();
    let not_ready = Evaluation::failed(FlagError::ProviderNotReady);
    let panicked = until_other_than(&flags, "panics", &not_ready);
    assert_eq!(panicked.error(), Some(FlagError::General));
    assert!(flags.warm(&NEW_CART, &Subject::anonymous(), LONG), "it goes on");

    let hangs = Flag::new("hangs", 7_i64);
    assert!(!flags.warm(&hangs, &Subject::anonymous(), Duration::ZERO));
    let events = Capture::builder().flags(flags.clone()).start();
    // Far more than may wait.
    for number in 0..5_000 {
        WideEvent::builder("page").run(|| {
            ode::subject(Subject::new(number.to_string()));
            assert!(!NEW_CART.get());
        });
    }
    assert!(page() && !events.all().is_empty());
}

#[test]
fn on_the_hosts_runtime_one_that_hangs_stops_no_other() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let fake = Fake::default().with("new_cart", true);
    let flags = Provider::new(fake).start_on(runtime.handle());
    let hangs = Flag::new("hangs", 7_i64);
    assert!(!flags.warm(&hangs, &Subject::anonymous(), Duration::ZERO));
    assert!(flags.warm(&NEW_CART, &Subject::anonymous(), LONG));
    // The runtime goes, and what is known stays.
    runtime.shutdown_background();
    let _events = Capture::builder().flags(flags).start();
    assert!(page());
}

#[tokio::test]
async fn what_the_sdk_evaluates_is_on_the_unit() {
    let fake = Fake::default()
        .with("hook.bool", true)
        .with("hook.text", "zstd")
        .with("hook.shape", StructValue::default().with_field("secret", "hunter2"));
    fake.set("hook.broken", Err(EvaluationErrorCode::ParseError));
    let mut api = OpenFeature::default();
    api.set_provider(fake).await;
    let client = api.create_client().with_hook(RecordEvaluations);
    let events = capture();
    WideEvent::builder("page")
        .run_async(async {
            assert_eq!(client.get_bool_value("hook.bool", None, None).await, Ok(true));
            assert_eq!(client.get_string_value("hook.text", None, None).await.unwrap(), "zstd");
            assert!(client.get_int_value("hook.broken", None, None).await.is_err());
            assert!(client.get_bool_value("hook.unknown", None, None).await.is_err());
            let shape = client.get_struct_value::<StructValue>("hook.shape", None, None).await;
            assert!(shape.is_ok());
        })
        .await;
    // Without a unit nothing happens.
    assert!(client.get_bool_value("hook.bool", None, None).await.is_ok());
    let event = events.one("page");
    assert_eq!(event["flag.hook.bool.variant"], "v1");
    assert_eq!(event["flag.hook.bool.reason"], "targeting_match");
    assert_eq!(event["flag.hook.text.variant"], "v1");
    assert_eq!(event["flag.hook.broken.error"], "parse_error");
    assert_eq!(event["flag.hook.broken.reason"], "error");
    assert_eq!(event["flag.hook.unknown.error"], "flag_not_found");
    assert_eq!(event["flag.hook.shape.variant"], "v1");
    assert!(!format!("{event:?}").contains("hunter2"));
}
