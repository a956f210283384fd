//! What is logged inside a unit carries its ids.

use std::time::Duration;

use ode::testing::{Capture, Captured, capture};
use ode::{FutureExt, UnitName, WideEvent};
use tracing::{Dispatch, info};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;

use crate::processes::in_a_process;
use crate::support::{Log, Seen, Watch};

/// How `fmt` shows the span of a unit.
fn shown(event: &Captured) -> String {
    let context = event.trace_context();
    format!("{}{{trace_id={} span_id={}}}", event.name(), context.trace_id(), context.span_id())
}

#[track_caller]
fn assert_inside(log: &Log, events: &Capture, message: &str, units: &[&str]) {
    let spans: Vec<_> = units.iter().map(|name| shown(&events.one(name))).collect();
    assert_eq!(log.line(message), format!(" INFO {}: {message}", spans.join(":")));
}

#[test]
fn by_the_option_the_builder_and_inherited_from_nobody() {
    #[ode::instrument_event(span, name = "by option")]
    fn by_option() {
        info!("in the option's");
        WideEvent::builder("by builder").span("logs").run(|| {
            info!("in both");
            WideEvent::builder("without").run(|| info!("in none of its own"));
        });
        info!("in the option's again");
    }

    let (log, events) = (Log::default(), capture());
    tracing::subscriber::with_default(log.subscriber(), || {
        info!("before");
        by_option();
        info!("after");
    });
    assert_inside(&log, &events, "in the option's", &["by option"]);
    assert_inside(&log, &events, "in both", &["by option", "by builder"]);
    assert_inside(&log, &events, "in none of its own", &["by option", "by builder"]);
    assert_inside(&log, &events, "in the option's again", &["by option"]);
    assert_eq!(log.line("before"), " INFO before");
    assert_eq!(log.line("after"), " INFO after");
}

#[test]
fn at_every_poll_and_in_tasks_that_join() {
    #[ode::instrument_event(span, name = "future")]
    async fn future() {
        info!("first poll");
        tokio::task::yield_now().await;
        info!("second poll");
        tokio::spawn(async { info!("joined") }.in_event()).await.unwrap();
        tokio::spawn(async { info!("on its own") }).await.unwrap();
        let thread = std::thread::spawn(ode::in_event({
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            move || tracing::dispatcher::with_default(&dispatch, || info!("thread"))
        }));
        thread.join().unwrap();
    }

    let (log, events) = (Log::default(), capture());
    let _default = tracing::subscriber::set_default(log.subscriber());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let other = async {
            info!("beside");
            tokio::task::yield_now().await;
        };
        tokio::join!(future(), other);
    });
    for message in ["first poll", "second poll", "joined", "thread"] {
        assert_inside(&log, &events, message, &["future"]);
    }
    assert_eq!(log.line("beside"), " INFO beside");
    assert_eq!(log.line("on its own"), " INFO on its own");
}

/// The first unit of a name tries out who exports its span, as it does again when another subscriber
/// comes; every other opens one.
#[test]
fn one_span_a_unit_entered_in_pairs_and_closed_at_its_end() {
    in_a_process("pairs");
}

pub(crate) fn pairs() {
    let watch = Watch::default();
    let subscriber = tracing_subscriber::registry().with(watch.clone());
    let _default = tracing::subscriber::set_default(subscriber);
    let _events = capture();
    ode::tracing::enable_unit_spans();
    let unit = || WideEvent::builder("pairs").span("logs").start();
    unit().end();
    watch.forget();

    let opened = vec![("pairs", "logs".to_owned())];
    let mut open = unit();
    assert_eq!(watch.seen(), Seen { opened: opened.clone(), ..Seen::default() });
    open.scope(|| assert_eq!((watch.seen().entered, watch.seen().left), (1, 0)));
    open.scope(|| assert_eq!((watch.seen().entered, watch.seen().left), (2, 1)));
    open.end();
    assert_eq!(watch.seen(), Seen { opened: opened.clone(), entered: 2, left: 2, closed: 1 });
    watch.forget();

    let unwound = std::panic::catch_unwind(|| unit().run(|| panic!("work")));
    assert!(unwound.is_err());
    assert_eq!(watch.seen(), Seen { opened: opened.clone(), entered: 1, left: 1, closed: 1 });
    watch.forget();

    // Its function over, a unit that is held open has no span.
    let hold = unit().run(|| ode::hold(Duration::from_secs(60)));
    assert_eq!(watch.seen(), Seen { opened, entered: 1, left: 1, closed: 1 });
    drop(hold);
}

#[test]
fn the_target_is_the_module() {
    in_a_process("targets");
}

pub(crate) fn targets() {
    #[ode::instrument_event(span)]
    fn here() {}
    mod deeper {
        #[ode::instrument_event(span, name = "there")]
        pub(crate) fn there() {}
    }

    let watch = Watch::default();
    let subscriber = tracing_subscriber::registry().with(watch.clone());
    let _default = tracing::subscriber::set_default(subscriber);
    let _events = capture();
    for _ in 0..2 {
        watch.forget();
        here();
        deeper::there();
    }
    let seen = watch.seen().opened;
    let target = |module: &str| format!("{}{module}", module_path!());
    assert_eq!(seen, [("here", target("")), ("there", target("::deeper"))]);
}

#[test]
fn names_made_at_run_time_have_spans() {
    let (log, events) = (Log::default(), capture());
    ode::tracing::enable_unit_spans();
    tracing::subscriber::with_default(log.subscriber(), || {
        for route in ["GET /a", "GET /b"] {
            let name = UnitName::intern(route);
            WideEvent::builder(name).span("logs").run(|| info!("{route}"));
        }
    });
    assert_inside(&log, &events, "GET /a", &["GET /a"]);
    assert_inside(&log, &events, "GET /b", &["GET /b"]);
}

#[test]
fn a_filter_that_changes_is_heard() {
    let watch = Watch::default();
    let (filter, handle) = reload::Layer::new(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(filter).with(watch.clone());
    let _default = tracing::subscriber::set_default(subscriber);
    let events = capture();
    ode::tracing::enable_unit_spans();
    let opens = || {
        watch.forget();
        WideEvent::builder("filtered").span("logs").run(|| ());
        watch.seen().opened.len()
    };
    assert!(opens() > 0);
    handle.modify(|level| *level = LevelFilter::WARN).unwrap();
    assert_eq!(opens(), 0, "INFO is off");
    handle.modify(|level| *level = LevelFilter::INFO).unwrap();
    assert!(opens() > 0, "INFO is on again");
    assert_eq!(events.all().len(), 3, "the units do not care");
}

#[test]
fn a_subscriber_of_another_thread_is_not_asked() {
    let watch = Watch::default();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(watch.clone()));
    // Of one alone `tracing` believes that it is every thread's.
    let _another = Dispatch::new(tracing_subscriber::registry());
    let _events = capture();
    ode::tracing::enable_unit_spans();
    let unit = || WideEvent::builder("elsewhere").span("logs").run(|| ());
    unit();
    assert_eq!(watch.seen(), Seen::default());
    tracing::dispatcher::with_default(&dispatch, unit);
    assert!(!watch.seen().opened.is_empty());
}
