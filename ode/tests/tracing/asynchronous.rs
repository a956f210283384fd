//! Records of futures and tasks go to the unit that is current at the poll, whatever span they are
//! in.

use std::sync::Arc;

use ode::testing::capture;
use ode::{FutureExt, WideEvent};
use tokio::sync::Barrier;
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, info, info_span, warn};
use tracing_subscriber::prelude::*;

use crate::support::messages;

fn subscriber() -> impl tracing::Subscriber + Send + Sync {
    tracing_subscriber::registry().with(ode::tracing::layer().time_spans(true))
}

#[ode::instrument_event(fields(order = order))]
async fn handle(order: u64, together: Arc<Barrier>) {
    info!(begun = order, "begun");
    together.wait().await;
    let query = async {
        info!(rows = order * 10, "queried");
        tokio::task::yield_now().await;
    };
    query.instrument(info_span!("query", table = "orders")).await;
    together.wait().await;
    warn!(ended = order, "ended");
}

#[test]
fn units_that_run_at_once_keep_their_records_apart() {
    for threads in [0, 3] {
        let events = capture();
        let runtime = match threads {
            0 => tokio::runtime::Builder::new_current_thread().build(),
            _ => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).build(),
        };
        let runtime = runtime.unwrap();
        let dispatch = tracing::Dispatch::new(subscriber());
        let together = Arc::new(Barrier::new(8));
        let handles: Vec<_> = (0..8)
            .map(|order| {
                let unit = handle(order, Arc::clone(&together));
                let unit = events.handle().run_async(unit);
                runtime.spawn(unit.with_subscriber(dispatch.clone()))
            })
            .collect();
        runtime.block_on(async {
            for handle in handles {
                handle.await.unwrap();
            }
        });
        let all = events.all();
        assert_eq!(all.len(), 8);
        for event in all {
            let Some(order) = event.field("order").cloned() else { panic!("{event:?}") };
            assert_eq!(event["log.begun"], order);
            assert_eq!(event["log.ended"], order);
            assert_eq!(event["log.table"], "orders");
            assert_eq!(event["timed.query.count"], 1);
            assert_eq!(
                messages(&event),
                ["INFO begun", "INFO queried", "WARN ended"].map(in_this_module)
            );
            assert_eq!(event["log.warn_count"], 1);
        }
    }
}

fn in_this_module(message: &str) -> String {
    let (level, text) = message.split_once(' ').unwrap();
    format!("{level} tracing::asynchronous: {text}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_join_and_tasks_that_do_not() {
    let events = capture();
    let dispatch = tracing::Dispatch::new(subscriber());
    let unit = WideEvent::builder("import").run_async(async {
        let joined = async {
            for part in 0..3 {
                warn!(part, "joined {part}");
                tokio::task::yield_now().await;
            }
            info_span!("in_task").in_scope(|| ());
        };
        let apart = async { warn!(apart = true, "not of the unit") };
        let joined = joined.with_current_subscriber().in_event();
        let apart = apart.with_current_subscriber();
        tokio::spawn(joined).await.unwrap();
        tokio::spawn(apart).await.unwrap();
        let blocking = ode::in_event(|| info!(blocking = 1, "on a thread of its own"));
        let current = tracing::dispatcher::get_default(Clone::clone);
        let blocking = move || tracing::dispatcher::with_default(&current, blocking);
        tokio::task::spawn_blocking(blocking).await.unwrap();
        warn!("at the end");
    });
    unit.with_subscriber(dispatch).await;

    let event = events.one("import");
    assert_eq!(event["log.part"], 2);
    assert_eq!(event["log.blocking"], 1);
    event.assert_absent("log.apart");
    assert_eq!(event["log.warn_count"], 4, "added up over tasks");
    assert_eq!(event["timed.in_task.count"], 1);
    let said = [
        "WARN joined 0",
        "WARN joined 1",
        "WARN joined 2",
        "INFO on a thread of its own",
        "WARN at the end",
    ];
    assert_eq!(messages(&event), said.map(in_this_module));
}

/// Those that join share one bound, beside that of the unit's own task.
#[test]
fn messages_of_tasks_that_join_are_bounded_too() {
    let events = capture();
    let layer = ode::tracing::layer().max_messages(3);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        WideEvent::builder("unit").run(|| {
            for number in 0..4 {
                info!(number, "own");
                ode::in_event(|| info!(number, "joined"))();
            }
        });
    });
    let event = events.one("unit");
    assert_eq!(messages(&event).len(), 6);
    assert_eq!(event["log.dropped_count"], 2);
    assert_eq!(event["log.number"], 3);
}

/// What a task says when its unit has ended is late, as any other write.
#[test]
fn after_the_end_of_the_unit() {
    let events = capture();
    let mut late = None;
    WideEvent::builder("unit").run(|| late = Some(ode::in_event(|| info!(late = 1, "late"))));
    tracing::subscriber::with_default(subscriber(), late.unwrap());
    events.one("unit").assert_absent("log.late");
    assert_eq!(events.stats().late_writes, 2, "a message and a field");
}
