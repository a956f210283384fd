//! The same work in every host, and what it must leave.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{Either, pending, select};
use ode::{Batch, Event, ExportError, Exporter, Guard, Outcome, Queue, Stats, Value};

use crate::process::LONG;

/// How many units a row opens, and that many more below them.
pub(crate) const UNITS: u64 = 300;

/// Writes [`written`] somewhere else, by what the host has for that, and waits for it.
pub(crate) type Away = fn(u64);
/// The same in async code.
pub(crate) type AwayAsync = fn(u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused on purpose")
    }
}

impl std::error::Error for Refused {}

/// How unit `n` ends. Only what is async can be dropped midway.
fn outcome(n: u64, is_async: bool) -> Outcome {
    match n % 5 {
        0 => Outcome::Ok,
        1 => Outcome::Declined,
        2 => Outcome::Error,
        3 => Outcome::Panicked,
        _ if is_async => Outcome::Cancelled,
        _ => Outcome::Ok,
    }
}

/// What is written away from the unit, which must be found on it.
pub(crate) fn written(n: u64) {
    ode::set! { away.n = n };
}

fn nested(n: u64) {
    deeper(n);
}

fn deeper(n: u64) {
    ode::set! { nested.square = n * n };
}

#[ode::instrument_event(name = "host.child", fields(n))]
fn child(n: u64) {
    ode::set! { child.n = n };
}

#[ode::instrument_event(name = "host.child", fields(n))]
async fn child_async(n: u64) {
    yields().await;
    ode::set! { child.n = n };
}

/// Lets others run, whatever the executor.
pub(crate) async fn yields() {
    let mut yielded = false;
    let once = |cx: &mut std::task::Context<'_>| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    };
    std::future::poll_fn(once).await;
}

fn end(n: u64) -> Result<u64, Refused> {
    match outcome(n, false) {
        Outcome::Declined => ode::decline("one after a multiple of five"),
        Outcome::Error => return Err(Refused),
        // Without the hook, which would print a page for each.
        Outcome::Panicked => resume_unwind(Box::new("told to")),
        _ => {}
    }
    Ok(n)
}

#[ode::instrument_event(name = "host.unit", fields(n))]
fn unit(n: u64, away: Away) -> Result<u64, Refused> {
    nested(n);
    child(n);
    away(n);
    end(n)
}

#[ode::instrument_event(name = "host.unit", fields(n))]
async fn unit_async(n: u64, away: AwayAsync, reached: oneshot::Sender<()>) -> Result<u64, Refused> {
    nested(n);
    yields().await;
    child_async(n).await;
    away(n).await;
    if outcome(n, true) == Outcome::Cancelled {
        reached.send(()).unwrap();
        return pending().await;
    }
    end(n)
}

/// One unit, to its end; the host sees what it returned.
pub(crate) fn work(n: u64, away: Away) {
    let returned = catch_unwind(AssertUnwindSafe(|| unit(n, away)));
    judge_return(n, returned.ok());
}

/// One unit, to its end or until it is dropped midway.
pub(crate) async fn work_async(n: u64, away: AwayAsync) {
    let (reached, midway) = oneshot::channel();
    let unit = AssertUnwindSafe(unit_async(n, away, reached)).catch_unwind();
    match select(Box::pin(unit), midway).await {
        Either::Left((returned, _)) => judge_return(n, returned.ok()),
        Either::Right((_, waiting)) => {
            assert_eq!(outcome(n, true), Outcome::Cancelled);
            drop(waiting);
        }
    }
}

/// `None`: it panicked.
fn judge_return(n: u64, returned: Option<Result<u64, Refused>>) {
    match outcome(n, false) {
        Outcome::Error => assert!(returned.unwrap().is_err()),
        Outcome::Panicked => assert!(returned.is_none()),
        _ => assert_eq!(returned.unwrap().unwrap(), n),
    }
}

/// Keeps every event.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event>>>);

impl Exporter for Kept {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.lock().unwrap().extend(batch.events().cloned());
        Ok(())
    }
}

/// Everything that left, and how it is judged.
pub(crate) struct Host {
    kept: Kept,
    guard: Guard,
}

impl Host {
    /// Sets ode up as an application does.
    pub(crate) fn set_up() -> Self {
        let kept = Kept::default();
        let guard = ode::setup(ode::build_info!())
            .export_to(Queue::new(kept.clone()).capacity(100_000))
            .init()
            .unwrap();
        Self { kept, guard }
    }

    /// Ends ode, and finds all that was recorded: once, whole, and where it belongs.
    pub(crate) fn judge(self, is_async: bool) {
        assert!(ode::flush(LONG).is_complete());
        let recorded = 2 * UNITS;
        judge_ledger(&ode::stats(), recorded);
        let end = self.guard.shutdown(LONG);
        // With the start and the end of ode itself.
        let found = (end.delivered, end.undelivered, end.spooled, end.open_units);
        assert_eq!(found, (recorded + 2, 0, 0, 0), "{end:?}");
        let events = self.kept.0.lock().unwrap();
        let own = events.iter().filter(|event| event.name().starts_with("ode."));
        assert_eq!(own.count() as u64 + recorded, events.len() as u64);
        let (units, children) = (by_number(&events, "host.unit"), by_number(&events, "host.child"));
        for n in 0..UNITS {
            let (unit, child) = (units[&n], children[&n]);
            judge_unit(n, unit, outcome(n, is_async));
            judge_child(n, child, unit);
        }
    }
}

fn judge_ledger(stats: &Stats, recorded: u64) {
    assert!(stats.is_balanced(), "{stats}");
    // The start of ode is a unit too.
    assert_eq!((stats.opened, stats.finished, stats.open), (recorded + 1, recorded + 1, 0));
    assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0), "{stats}");
    let [destination] = stats.destinations.as_slice() else { panic!("{stats}") };
    assert_eq!((destination.offered, destination.delivered), (recorded + 1, recorded + 1));
}

/// The events of one name, each by its number, of which there are as many as units.
fn by_number<'e>(events: &'e [Event], name: &str) -> BTreeMap<u64, &'e Event> {
    let named: Vec<_> = events.iter().filter(|event| event.name() == name).collect();
    let numbered: BTreeMap<_, _> = named.iter().map(|event| (number(event, "n"), *event)).collect();
    assert_eq!((named.len() as u64, numbered.len() as u64), (UNITS, UNITS), "{name}");
    numbered
}

#[track_caller]
fn number(event: &Event, key: &str) -> u64 {
    match event.get(key) {
        Some(Value::U64(n)) => n,
        found => panic!("{key}: {found:?} in {event:?}"),
    }
}

fn judge_unit(n: u64, event: &Event, outcome: Outcome) {
    assert_eq!(event.outcome(), outcome, "{event:?}");
    assert_eq!(event.parent_span_id(), None, "{event:?}");
    assert_eq!(number(event, "nested.square"), n * n);
    assert_eq!(number(event, "away.n"), n);
    let more: &[(&str, &str)] = match outcome {
        Outcome::Declined => &[("declined.reason", "one after a multiple of five")],
        Outcome::Error => {
            &[("error.type", "work::Refused"), ("error.message", "refused on purpose")]
        }
        Outcome::Cancelled => &[("cancelled.cause", "dropped")],
        Outcome::Ok | Outcome::Panicked => &[],
    };
    for (key, expected) in more {
        let found = event.get(key).and_then(Value::to_owned_value);
        assert!(found.is_some_and(|found| found == *expected), "{key} in {event:?}");
    }
    assert_eq!(event.field_count(), 3 + more.len(), "nobody else's: {event:?}");
}

fn judge_child(n: u64, event: &Event, unit: &Event) {
    assert_eq!(event.outcome(), Outcome::Ok, "{event:?}");
    assert_eq!(event.parent_span_id(), Some(unit.trace_context().span_id()), "{event:?}");
    assert_eq!(event.trace_context().trace_id(), unit.trace_context().trace_id());
    assert_eq!(number(event, "child.n"), n);
    assert_eq!(event.field_count(), 2, "nobody else's: {event:?}");
}
