//! Observers of finished events, links, and endings read from a status.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ode_core::testing::{TestPipeline, capture};
use ode_core::{
    Batch, DiagnosticKind, ExportError, Exporter, Failure, Outcome, PipelineBuilder, Process,
    TraceContext, WideEvent,
};

struct Null;

impl Exporter for Null {
    fn export(&mut self, _batch: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

fn builder() -> PipelineBuilder {
    PipelineBuilder::new(Process::new("test")).export_to(Null)
}

#[test]
fn observers_see_every_event_once_on_the_thread_that_finished_it() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let pipeline = TestPipeline::start(builder().on_event(move |event| {
        let rows = event.get("rows").map(|rows| format!("{rows:?}"));
        kept.lock().unwrap().push((
            event.name().to_owned(),
            event.outcome(),
            rows,
            std::thread::current().id(),
            ode_core::current().exists(),
        ));
    }))
    .unwrap();
    pipeline.run(|| {
        WideEvent::builder("outer").run(|| {
            WideEvent::builder("inner").run(|| ode_core::decline("empty"));
            ode_core::set! { rows = 1 };
            ode_core::set! { rows = 2 };
        });
        WideEvent::builder("last").run(|| ());
    });
    let here = std::thread::current().id();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            // Where an inner unit ends, the outer one is current.
            ("inner".to_owned(), Outcome::Declined, None, here, true),
            ("outer".to_owned(), Outcome::Ok, Some("2".to_owned()), here, false),
            ("last".to_owned(), Outcome::Ok, None, here, false),
        ]
    );
}

#[test]
fn an_observer_that_records_is_not_shown_what_it_records() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let pipeline = TestPipeline::start(builder().on_event(move |_event| {
        counted.fetch_add(1, Ordering::SeqCst);
        WideEvent::builder("metrics").run(|| ());
    }))
    .unwrap();
    pipeline.run(|| WideEvent::builder("work").run(|| ()));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(pipeline.flush(Duration::from_secs(30)).is_complete());
    assert_eq!(pipeline.stats().destinations[0].delivered, 2, "exported all the same");
}

#[test]
fn an_observer_that_panics_harms_nobody_and_is_told_of_once() {
    let (tell, told) = std::sync::mpsc::sync_channel(16);
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let tell = Mutex::new(tell);
    let pipeline = TestPipeline::start(
        builder()
            .on_diagnostic(move |diagnostic| {
                tell.lock().unwrap().send(diagnostic.kind()).ok();
            })
            .on_event(|_event| panic!("the observer"))
            .on_event(move |_event| {
                counted.fetch_add(1, Ordering::SeqCst);
            }),
    )
    .unwrap();
    pipeline.run(|| {
        for _ in 0..3 {
            WideEvent::builder("work").run(|| ());
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 3, "the other observer sees them all");
    let first = told.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(first, DiagnosticKind::ObserverPanicked);
    assert!(pipeline.flush(Duration::from_secs(30)).is_complete());
    assert!(!told.try_iter().any(|kind| kind == DiagnosticKind::ObserverPanicked));
    assert_eq!(pipeline.stats().destinations[0].delivered, 3);
}

#[test]
fn an_exporter_records_nothing_on_its_own_thread() {
    struct Chatty;
    impl Exporter for Chatty {
        fn export(&mut self, _batch: &Batch) -> Result<(), ExportError> {
            assert!(ode_core::integration::is_own_thread());
            WideEvent::builder("export").run(|| ode_core::set! { sent = true });
            Ok(())
        }
    }
    let pipeline =
        TestPipeline::start(PipelineBuilder::new(Process::new("test")).export_to(Chatty)).unwrap();
    pipeline.run(|| WideEvent::builder("work").run(|| ()));
    for _ in 0..2 {
        assert!(pipeline.flush(Duration::from_secs(30)).is_complete());
    }
    let stats = pipeline.stats();
    assert_eq!((stats.opened, stats.finished), (1, 1));
    assert_eq!((stats.destinations[0].offered, stats.destinations[0].delivered), (1, 1));
    assert!(!ode_core::integration::is_own_thread());
}

#[test]
fn links_are_a_list_of_traceparents() {
    let events = capture();
    let headers = [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
    ];
    let [first, second] = headers.map(|header| TraceContext::from_traceparent(header).unwrap());
    let mut event = WideEvent::builder("batch").start();
    event.link(first);
    event.scope(|| ode_core::link(second));
    event.end();
    WideEvent::builder("one").run(|| ode_core::in_event(|| ode_core::link(first))());
    let list = |name: &str| events.one(name)["links"].clone();
    let of = |headers: &[&str]| {
        ode_core::OwnedValue::Array(
            headers.iter().map(|text| ode_core::OwnedValue::Str((*text).to_owned())).collect(),
        )
    };
    assert_eq!(list("batch"), of(&headers));
    assert_eq!(list("one"), of(&headers[..1]));
    // The user's own value of that name moves aside.
    WideEvent::builder("mine").run(|| {
        ode_core::current().set("links", 3);
    });
    assert_eq!(events.one("mine")["field.links"], 3);
}

#[test]
fn a_status_settles_what_the_work_did_not_say() {
    let work: [(&'static str, fn()); 4] = [
        ("quiet", || ()),
        ("declines", || ode_core::decline("sold_out")),
        ("fails", || ode_core::fail(Failure::error("stock").message("gone"))),
        ("returns an Err", || {
            let error = std::io::Error::other("disk");
            ode_core::macro_support::observe_with(&Err::<(), _>(error), Failure::of);
        }),
    ];
    let statuses: [(&'static str, Option<Failure>); 3] = [
        ("200", None),
        ("404", Some(Failure::declined("http_404"))),
        ("503", Some(Failure::error("503"))),
    ];
    let expected = [
        ("quiet", "200", "ok", None),
        ("quiet", "404", "declined http_404", None),
        ("quiet", "503", "error", Some("503")),
        ("declines", "200", "declined sold_out", None),
        ("declines", "404", "declined sold_out", None),
        ("declines", "503", "declined sold_out", Some("503")),
        ("fails", "200", "error", Some("stock")),
        ("fails", "404", "error", Some("stock")),
        ("fails", "503", "error", Some("stock")),
        // A status says more than an `Err` that was mapped to it; what the `Err` was, stays.
        ("returns an Err", "200", "ok", Some("error::Error")),
        ("returns an Err", "404", "declined http_404", Some("error::Error")),
        ("returns an Err", "503", "error", Some("error::Error")),
    ];
    let mut rows = expected.iter();
    for (what, work) in work {
        for (status, failure) in &statuses {
            let events = capture();
            let mut event = WideEvent::builder("request").start();
            event.scope(work);
            event.settle(failure.clone());
            event.end();
            let event = events.one("request");
            let outcome = match event.get("declined.reason") {
                Some(ode_core::Value::Str(reason)) => format!("{} {reason}", event.outcome()),
                _ => event.outcome().to_string(),
            };
            let kind = match event.get("error.type") {
                Some(ode_core::Value::Str(kind)) => Some(kind),
                _ => None,
            };
            let row = (what, *status, outcome.as_str(), kind);
            assert_eq!(Some(&row), rows.next());
        }
    }
}
