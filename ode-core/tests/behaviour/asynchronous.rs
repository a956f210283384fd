//! Async units: they start at the first poll, follow their future everywhere, and end with it
//! however it ends.

use std::future::{pending, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::{Either, join, poll_fn, select};
use ode_core::{
    Current, Detached, EventHandle, FutureExt, Hold, InEvent, InUnit, WideEvent, WideEventBuilder,
    set,
};

use crate::support::{capture, quiet_panic, survive, watched};

fn unit(name: &'static str) -> WideEventBuilder {
    WideEvent::builder(name)
}

/// Polls once; whoever waits is not woken.
fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Writes a field when it is dropped.
struct LastWords(&'static str);
impl Drop for LastWords {
    fn drop(&mut self) {
        ode_core::current().set(self.0, "dropped");
    }
}

#[test]
fn a_unit_is_current_at_every_poll_and_never_between() {
    let events = capture();
    let mut steps = 0;
    let work = poll_fn(move |_| {
        assert!(ode_core::current().exists());
        ode_core::incr! { polls };
        steps += 1;
        if steps == 3 { Poll::Ready(steps) } else { Poll::Pending }
    });
    let mut work = unit("unit").run_async(work);
    for _ in 0..2 {
        assert!(poll_once(&mut work).is_pending());
        assert!(!ode_core::current().exists());
    }
    events.none("unit");
    assert_eq!(poll_once(&mut work), Poll::Ready(3));
    assert_eq!(events.one("unit")["polls"], 3);
}

#[test]
fn what_is_never_polled_leaves_nothing_and_was_never_opened() {
    let events = capture();
    drop(unit("builder").run_async(ready(1)));
    drop(unit("started").start().run_async(ready(1)));
    let mut with_fields = unit("with fields").start();
    with_fields.set("a", 1);
    drop(with_fields.run_async(ready(1)));
    drop(ode_core::macro_support::open("function").run_async(ready(1)));
    assert!(events.all().is_empty(), "{:?}", events.all());
    let stats = events.stats();
    assert_eq!((stats.opened, stats.finished, stats.open), (0, 0, 0));
}

#[test]
fn writes_to_a_unit_that_never_began_are_late() {
    let events = capture();
    let event = unit("withdrawn").start();
    let handle = event.handle();
    drop(event.run_async(ready(1)));
    handle.set("a", 1).set("b", 2);
    handle.run(|| set! { c = 3 });
    assert_eq!(events.stats().late_writes, 3);
    // Neither does a hold on it keep anything, nor does its memory go to another unit.
    handle.run(|| drop(ode_core::hold(Duration::from_secs(1))));
    unit("next").run(|| drop(ode_core::current().handle()));
    assert_eq!(events.one("next").field_count(), 0);
}

#[test]
fn a_unit_dropped_midway_is_cancelled_with_the_last_words_of_its_destructors() {
    let events = capture();
    let work = async {
        let _outer = LastWords("outer.guard");
        set! { before = 1 };
        let _inner = LastWords("inner.guard");
        pending::<()>().await;
        set! { after = 1 };
    };
    let mut work = Box::pin(unit("unit").run_async(work));
    assert!(poll_once(&mut work).is_pending());
    drop(work);
    let event = events.one("unit");
    assert_eq!(event.outcome(), "cancelled");
    assert_eq!(event["cancelled.cause"], "dropped");
    assert_eq!(event["before"], 1);
    assert_eq!(event["outer.guard"], "dropped");
    assert_eq!(event["inner.guard"], "dropped");
    event.assert_absent("after");
    assert_eq!(events.stats().orphan_writes, 0);
}

#[test]
fn destructors_after_completion_still_reach_the_unit() {
    struct Ready(#[expect(dead_code, reason = "dropped with the future")] LastWords);
    impl Future for Ready {
        type Output = u8;
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
            Poll::Ready(1)
        }
    }
    let events = capture();
    assert_eq!(block_on(unit("unit").run_async(Ready(LastWords("guard")))), 1);
    assert_eq!(events.one("unit")["guard"], "dropped");
}

#[test]
fn the_loser_of_a_select_is_cancelled_not_failed() {
    let events = capture();
    let slow = async {
        set! { role = "loser" };
        pending::<u8>().await
    };
    let fast = async {
        set! { role = "winner" };
        1_u8
    };
    let race = async {
        let slow = pin!(unit("slow").run_async(slow));
        let fast = pin!(unit("fast").run_async(fast));
        assert!(matches!(select(slow, fast).await, Either::Right((1, _))));
    };
    block_on(unit("race").run_async(race));
    assert_eq!(events.one("slow").outcome(), "cancelled");
    assert_eq!(events.one("slow")["role"], "loser");
    assert_eq!(events.one("fast").outcome(), "ok");
    assert_eq!(events.one("race").outcome(), "ok");
    assert_eq!(events.one("race").field_count(), 0);
}

#[test]
fn joined_futures_keep_their_fields_apart() {
    let events = capture();
    let branch = |name: &'static str, turns: u32| {
        unit(name).run_async(async move {
            for turn in 0..turns {
                set! { who = name, turn };
                tokio::task::yield_now().await;
            }
            turns
        })
    };
    let both = async {
        let sum = join(branch("left", 3), branch("right", 5)).await;
        set! { sum = sum.0 + sum.1 };
    };
    block_on_yielding(unit("both").run_async(both));
    for (name, turns) in [("left", 2), ("right", 4)] {
        assert_eq!(events.one(name)["who"], name);
        assert_eq!(events.one(name)["turn"], turns);
    }
    assert_eq!(events.one("both")["sum"], 8);
    assert_eq!(events.one("both").field_count(), 1);
}

#[test]
fn a_sibling_dropped_because_another_panicked_is_cancelled() {
    let events = capture();
    let bursts = unit("bursts").run_async(async {
        tokio::task::yield_now().await;
        quiet_panic()
    });
    let waits = unit("waits").run_async(async {
        let _guard = LastWords("guard");
        pending::<()>().await;
    });
    let outer = unit("outer").run_async(async {
        let _: ((), ()) = join(waits, bursts).await;
    });
    watched({
        let handle = events.handle();
        move || handle.run(|| assert!(survive(|| block_on_yielding(outer)).is_none()))
    });
    assert_eq!(events.one("bursts").outcome(), "panicked");
    assert_eq!(events.one("outer").outcome(), "panicked");
    let waits = events.one("waits");
    assert_eq!(waits.outcome(), "cancelled");
    assert_eq!(waits["cancelled.cause"], "dropped");
    assert_eq!(waits["guard"], "dropped");
}

/// tokio's `yield_now` wants its runtime.
fn block_on_yielding<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[tokio::test(start_paused = true)]
async fn a_timeout_cancels_what_it_drops() {
    let events = capture();
    let slow = unit("slow").run_async(async {
        set! { began = true };
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    });
    let outcome = unit("outer").run_async(tokio::time::timeout(Duration::from_secs(1), slow)).await;
    assert!(outcome.is_err());
    assert_eq!(events.one("slow")["cancelled.cause"], "dropped");
    assert_eq!(events.one("slow")["began"], true);
    assert_eq!(events.one("outer").outcome(), "ok");
}

#[tokio::test]
async fn an_aborted_task_is_cancelled() {
    let events = capture();
    let (started, wait) = tokio::sync::oneshot::channel();
    let work = unit("task").run_async(async move {
        started.send(()).unwrap();
        pending::<()>().await;
    });
    let task = tokio::spawn(events.handle().run_async(work));
    wait.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(events.one("task")["cancelled.cause"], "dropped");
}

#[test]
fn a_runtime_that_shuts_down_cancels_what_it_drops() {
    let events = capture();
    let handle = events.handle();
    watched(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (started, wait) = std::sync::mpsc::sync_channel(100);
        for _ in 0..100 {
            let started = started.clone();
            let work = handle.run_async(async move {
                let work = async move {
                    started.send(()).unwrap();
                    pending::<()>().await;
                };
                WideEvent::builder("task").run_async(work).await;
            });
            drop(runtime.spawn(work));
        }
        for _ in 0..100 {
            wait.recv().unwrap();
        }
        drop(runtime);
    });
    assert_eq!(events.all().len(), 100);
    assert!(events.all().iter().all(|event| event["cancelled.cause"] == "dropped"));
}

#[tokio::test]
async fn a_panic_in_a_poll_is_one_panicked_event() {
    let events = capture();
    let work = unit("task").run_async(async {
        let _guard = LastWords("guard");
        set! { before = 1 };
        tokio::task::yield_now().await;
        quiet_panic();
    });
    let task = tokio::spawn(events.handle().run_async(work));
    assert!(task.await.unwrap_err().is_panic());
    let event = events.one("task");
    assert_eq!(event.outcome(), "panicked");
    assert_eq!(event["before"], 1);
    assert_eq!(event["guard"], "dropped");
}

#[test]
fn a_destructor_that_panics_while_a_future_is_cancelled_is_panicked() {
    struct Bursts;
    impl Drop for Bursts {
        fn drop(&mut self) {
            quiet_panic();
        }
    }
    let events = capture();
    let mut work = Box::pin(unit("unit").run_async(async {
        let _bursts = Bursts;
        pending::<()>().await;
    }));
    assert!(poll_once(&mut work).is_pending());
    assert!(survive(|| drop(work)).is_none());
    assert_eq!(events.one("unit").outcome(), "panicked");
    assert!(!ode_core::current().exists());
}

#[test]
fn an_error_an_async_unit_returns_is_its_error() {
    let events = capture();
    let result = block_on(unit("unit").start().try_run_async(async { "x".parse::<u8>() }));
    assert!(result.is_err());
    assert_eq!(events.one("unit").outcome(), "error");
    assert_eq!(events.one("unit")["error.type"], "error::ParseIntError");
}

#[test]
fn async_units_work_where_nobody_listens() {
    assert_eq!(block_on(unit("unit").run_async(async { 7 })), 7);
    assert_eq!(block_on(async { 7 }.in_event()), 7);
    assert_eq!(block_on(async { 7 }.detached()), 7);
    drop(unit("never polled").run_async(ready(1)));
}

/// What may be spawned and shared, decided when this compiles.
#[test]
fn sendness() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    fn check_send<T: Send>(_: &T) {}
    is_send::<WideEvent>();
    is_send::<EventHandle>();
    is_sync::<EventHandle>();
    is_send::<Hold>();
    is_send::<InUnit<std::future::Ready<u8>>>();
    is_send::<InEvent<std::future::Ready<u8>>>();
    is_send::<Detached<std::future::Ready<u8>>>();
    is_send::<ode_core::Timed>();
    is_send::<ode_core::Event>();
    is_sync::<ode_core::Event>();
    let work = async {
        let _timed = ode_core::timed("part");
        ready(()).await;
        set! { a = 1 };
    };
    check_send(&unit("unit").run_async(work));
    // And what belongs to its thread stays there.
    trait IfSend<A> {
        fn some() {}
    }
    impl<T: ?Sized> IfSend<()> for T {}
    struct Invalid;
    impl<T: ?Sized + Send> IfSend<Invalid> for T {}
    <Current as IfSend<_>>::some();
    <ode_core::testing::Capture as IfSend<_>>::some();
}
