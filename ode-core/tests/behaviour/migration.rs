//! Units on runtimes with several threads: every unit keeps its own fields, wherever it is polled.

use futures::future::join_all;
use ode_core::testing::CaptureHandle;
use ode_core::{FutureExt, WideEvent, WideEventBuilder, current, in_event, incr, set};

use crate::support::{capture, watched};

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap()
}

async fn unit_of_work(number: u64) {
    set! { number };
    for turn in 0..(number % 7) {
        incr! { turns };
        tokio::task::yield_now().await;
        let inner = async move {
            set! { outer = number, turn };
            tokio::task::yield_now().await;
            incr! { inner.polls };
        };
        WideEvent::builder("inner").run_async(inner).await;
    }
    tokio::task::yield_now().await;
    set! { again = number };
}

async fn spawn_all(scope: CaptureHandle, units: u64) {
    let work = |number| WideEvent::builder("outer").run_async(unit_of_work(number));
    // The unit is opened where it is polled first: on the runtime's threads, inside the capture.
    let spawned =
        (0..units).map(|number| tokio::spawn(scope.run_async(async move { work(number).await })));
    for task in join_all(spawned).await {
        task.unwrap();
    }
}

#[test]
fn ten_thousand_interleaved_units_keep_their_fields_apart() {
    const UNITS: u64 = 10_000;
    let events = capture();
    let scope = events.handle();
    watched(move || multi_thread().block_on(spawn_all(scope, UNITS)));
    let mut inner_units = vec![0; UNITS as usize];
    let mut seen = vec![false; UNITS as usize];
    for event in events.all() {
        let number = |key: &str| match event[key] {
            ode_core::OwnedValue::U64(number) => number,
            ref other => panic!("{key} is {other}"),
        };
        if event.name() == "inner" {
            assert_eq!(event.field_count(), 3, "{event:?}");
            inner_units[number("outer") as usize] += 1;
        } else {
            let unit = number("number");
            assert_eq!(number("again"), unit);
            assert!(!std::mem::replace(&mut seen[unit as usize], true), "{unit} left twice");
            let turns = unit % 7;
            assert_eq!(event.field("turns").is_some(), turns > 0);
            assert!(turns == 0 || number("turns") == turns, "{event:?}");
            assert_eq!(event.field_count(), 2 + usize::from(turns > 0), "{event:?}");
        }
    }
    assert!(seen.iter().all(|seen| *seen));
    for (number, found) in inner_units.iter().enumerate() {
        assert_eq!(*found, number % 7);
    }
}

#[test]
fn a_unit_moved_by_hand_from_thread_to_thread() {
    let events = capture();
    let mut unit = WideEvent::builder("unit").start();
    for hop in 0..50 {
        unit = std::thread::scope(|scope| {
            let moved = scope.spawn(move || {
                unit.scope(|| {
                    incr! { hops };
                    set! { hop };
                });
                unit
            });
            moved.join().unwrap()
        });
    }
    unit.end();
    assert_eq!(events.one("unit")["hops"], 50);
    assert_eq!(events.one("unit")["hop"], 49);
}

#[test]
fn a_future_moved_between_polls() {
    use std::task::{Context, Poll, Waker};
    let events = capture();
    let mut left = 20;
    let work = futures::future::poll_fn(move |_| {
        incr! { polls };
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut work = Box::pin(WideEvent::builder("unit").run_async(work));
    let mut done = false;
    while !done {
        (work, done) = std::thread::scope(|scope| {
            let polled = scope.spawn(move || {
                let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                (work, polled.is_ready())
            });
            polled.join().unwrap()
        });
    }
    assert_eq!(events.one("unit")["polls"], 20);
}

#[test]
fn joined_tasks_write_while_their_unit_migrates() {
    let events = capture();
    let scope = events.handle();
    watched(move || {
        let unit = |number: u64| {
            WideEvent::builder("unit").run_async(async move {
                let tasks = (0..4).map(|task| {
                    let work = async move {
                        for _ in 0..10 {
                            incr! { hits, sum += number };
                            tokio::task::yield_now().await;
                        }
                        current().set(&format!("task_{task}"), number);
                    };
                    tokio::spawn(work.in_event())
                });
                for task in join_all(tasks).await {
                    task.unwrap();
                }
                incr! { hits };
            })
        };
        multi_thread().block_on(async {
            let units = (0..250)
                .map(|number| tokio::spawn(scope.run_async(async move { unit(number).await })));
            for unit in join_all(units).await {
                unit.unwrap();
            }
        });
    });
    assert_eq!(events.all().len(), 250);
    for event in events.all() {
        assert_eq!(event["hits"], 41);
        for task in 0..4 {
            assert_eq!(event[&*format!("task_{task}")], event["task_0"]);
        }
        assert_eq!(event.field_count(), 6);
    }
    assert_eq!(events.stats().late_writes, 0);
}

#[test]
fn threads_and_rayon_join_when_asked() {
    use rayon::prelude::*;
    let events = capture();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    WideEvent::builder("unit").run(|| {
        let handle = current().handle();
        pool.install(|| {
            (0..1_000_u64).into_par_iter().for_each(|n| {
                handle.run(|| incr! { rows, sum += n });
            });
        });
        let work = in_event(|| incr! { rows });
        pool.install(work);
        let lost = || incr! { rows };
        pool.install(lost);
    });
    let event = events.one("unit");
    assert_eq!(event["rows"], 1_001);
    assert_eq!(event["sum"], 499_500);
}

/// What every public future does when it is dropped after any number of polls.
mod every_poll {
    use super::*;
    use ode_core::Hold;
    use std::pin::Pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    type Boxed = Pin<Box<dyn Future<Output = ()>>>;
    type Kind = (&'static str, fn() -> Boxed);

    async fn body() {
        for step in 0..5 {
            set! { step };
            let inner = async {
                set! { inner = true };
                yields().await;
            };
            WideEvent::builder("inner").run_async(inner).await;
            yields().in_event().await;
            yields().detached().await;
        }
    }

    async fn yields() {
        let mut yielded = false;
        futures::future::poll_fn(|_| {
            let before = std::mem::replace(&mut yielded, true);
            if before { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    fn held() -> (WideEvent, Hold) {
        let mut unit = WideEvent::builder("host").start();
        let hold = unit.scope(|| ode_core::hold(Duration::from_secs(60)));
        (unit, hold)
    }

    fn unit() -> WideEventBuilder {
        WideEvent::builder("unit")
    }

    #[test]
    fn dropping_after_any_number_of_polls_balances() {
        let kinds: [Kind; 8] = [
            ("run_async", || Box::pin(unit().run_async(body()))),
            ("start, run_async", || Box::pin(unit().start().run_async(body()))),
            ("try_run_async", || {
                let work = async {
                    body().await;
                    Err::<(), _>(std::fmt::Error)
                };
                let unit = unit().start().try_run_async(work);
                Box::pin(async { assert!(unit.await.is_err()) })
            }),
            ("in_event", || {
                let joined = WideEvent::builder("host").run(|| body().in_event());
                Box::pin(joined)
            }),
            ("detached", || Box::pin(body().detached())),
            ("handle", || {
                let host = WideEvent::builder("host").start();
                let joined = host.handle().run_async(body());
                host.end();
                Box::pin(joined)
            }),
            ("hold", || {
                let (unit, hold) = held();
                unit.end();
                Box::pin(hold.run_async(body()))
            }),
            ("instrumented", || Box::pin(ode_core::macro_support::open("unit").run_async(body()))),
        ];
        for (kind, make) in kinds {
            let mut finished = false;
            let mut polls = 0;
            while !finished {
                let events = capture();
                let mut future = make();
                for _ in 0..polls {
                    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    finished = polled.is_ready();
                    assert!(!current().exists(), "{kind}, {polls} polls");
                    if finished {
                        break;
                    }
                }
                drop(future);
                assert!(!current().exists(), "{kind}, {polls} polls");
                let stats = events.stats();
                crate::support::assert_ledger(&stats);
                assert_eq!(stats.open, 0, "{kind}, {polls} polls: {stats}");
                let of = |name: &str| events.all().iter().filter(|e| e.name() == name).count();
                let (units, hosts) = (of("unit"), of("host"));
                match kind {
                    "in_event" | "handle" | "hold" => assert_eq!((units, hosts), (0, 1), "{kind}"),
                    "detached" => assert_eq!((units, hosts), (0, 0)),
                    _ => assert_eq!((units, hosts), (usize::from(polls > 0), 0), "{kind}"),
                }
                if kind == "run_async" && polls > 0 {
                    let outcome = if finished { "ok" } else { "cancelled" };
                    assert_eq!(events.one("unit").outcome(), outcome, "{polls} polls");
                }
                polls += 1;
                assert!(polls < 100, "{kind} never ends");
            }
            assert!(polls > 5, "{kind} was done after {polls} polls");
        }
    }
}
