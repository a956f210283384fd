//! Tasks that join the unit they are spawned in, on both runtimes of tokio.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]
#![expect(clippy::async_yields_async, reason = "tasks are waited for when their unit has ended")]

use std::sync::{Arc, Barrier};

use ode::WideEvent;
use ode::testing::{Captured, capture};
use ode::tokio::JoinSetExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, LocalSet};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

/// One event and what it holds, whichever runtime runs the work.
fn on_both(work: impl AsyncFn(), check: impl Fn(&Captured)) {
    for runtime in [current_thread(), multi_thread()] {
        let events = capture();
        runtime.block_on(WideEvent::builder("unit").run_async(work()));
        let event = events.one("unit");
        check(&event);
        let stats = events.stats();
        assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0), "{stats}");
    }
}

#[test]
fn spawned_tasks_join() {
    let work = async || {
        let first = ode::tokio::spawn(async {
            ode::set! { first.before = 1 };
            tokio::task::yield_now().await;
            ode::set! { first.after = 2 };
            "answer"
        });
        // A task of a task joins the same unit.
        let second = ode::tokio::spawn(async {
            ode::tokio::spawn(async {
                ode::set! { second.inner = 3 }
            })
            .await
        });
        assert_eq!(first.await.unwrap(), "answer");
        second.await.unwrap().unwrap();
    };
    on_both(work, |event| {
        assert_eq!(event["first.before"], 1);
        assert_eq!(event["first.after"], 2);
        assert_eq!(event["second.inner"], 3);
    });
}

#[test]
fn a_task_that_was_not_asked_does_not_join() {
    let events = capture();
    let not_asked = events.handle();
    current_thread().block_on(WideEvent::builder("unit").run_async(async move {
        let task = not_asked.run_async(async {
            ode::set! { lost = 1 }
        });
        tokio::spawn(task).await.unwrap();
    }));
    events.one("unit").assert_absent("lost");
    assert_eq!(events.stats().orphan_writes, 1);
}

#[test]
fn blocking_closures_join() {
    let work = async || {
        let sum = ode::tokio::spawn_blocking(|| {
            ode::set! { blocking.rows = 4_096 };
            40 + 2
        });
        assert_eq!(sum.await.unwrap(), 42);
    };
    on_both(work, |event| assert_eq!(event["blocking.rows"], 4_096));
}

#[test]
fn a_set_of_tasks_joins() {
    let work = async || {
        let mut set = JoinSet::new();
        for n in 0..8_u64 {
            set.spawn_in_event(async move {
                ode::incr! { tasks };
                n
            });
        }
        set.spawn_blocking_in_event(|| {
            ode::incr! { closures };
            8
        });
        assert_eq!(set.join_all().await.iter().sum::<u64>(), 36);
    };
    on_both(work, |event| {
        assert_eq!(event["tasks"], 8);
        assert_eq!(event["closures"], 1);
    });
}

#[test]
fn local_tasks_join() {
    let events = capture();
    let local = LocalSet::new();
    let unit = WideEvent::builder("unit").run_async(async {
        // `Rc` is not `Send`, so this is a task of this thread.
        let text = std::rc::Rc::new("here");
        let task = ode::tokio::spawn_local(async move {
            ode::set! { local = *text }
        });
        task.await.unwrap();
    });
    local.block_on(&current_thread(), unit);
    assert_eq!(events.one("unit")["local"], "here");
}

#[test]
fn a_task_that_outlives_its_unit_writes_late_and_is_counted() {
    for runtime in [current_thread(), multi_thread()] {
        let events = capture();
        let (ended, end) = oneshot::channel::<()>();
        let task = runtime.block_on(WideEvent::builder("unit").run_async(async {
            ode::tokio::spawn(async {
                end.await.unwrap();
                ode::set! { too.late = 1 };
            })
        }));
        events.one("unit").assert_absent("too.late");
        ended.send(()).unwrap();
        runtime.block_on(task).unwrap();
        assert_eq!(events.one("unit").field_count(), 0);
        assert_eq!(events.stats().late_writes, 1);
    }
}

#[test]
fn a_hold_waits_for_the_task() {
    let runtime = multi_thread();
    let events = capture();
    let (ended, end) = oneshot::channel::<()>();
    let task = runtime.block_on(WideEvent::builder("unit").run_async(async {
        let hold = ode::hold(std::time::Duration::from_secs(3_600));
        ode::tokio::spawn(hold.run_async(async {
            end.await.unwrap();
            ode::set! { in_time = true };
        }))
    }));
    events.none("unit");
    ended.send(()).unwrap();
    runtime.block_on(task).unwrap();
    assert_eq!(events.one("unit")["in_time"], true);
    assert_eq!(events.stats().late_writes, 0);
}

#[test]
fn a_panic_in_a_task_is_the_tasks() {
    let work = async || {
        let task = ode::tokio::spawn(async {
            ode::set! { task.before = 1 };
            panic!("on purpose");
        });
        assert!(task.await.unwrap_err().is_panic());
        ode::set! { unit.after = 2 };
    };
    on_both(work, |event| {
        assert_eq!(event.outcome(), "ok", "nothing unwound through the unit");
        assert_eq!(event["task.before"], 1);
        assert_eq!(event["unit.after"], 2);
    });
}

#[test]
fn an_aborted_tasks_destructors_still_find_the_unit() {
    struct Leaving;
    impl Drop for Leaving {
        fn drop(&mut self) {
            ode::set! { task.left = true };
        }
    }
    let work = async || {
        let (polled, begun) = oneshot::channel::<()>();
        let task = ode::tokio::spawn(async {
            let _leaving = Leaving;
            polled.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        begun.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    };
    on_both(work, |event| assert_eq!(event["task.left"], true));
}

/// Two tasks of one unit that are certainly on two threads at once.
#[test]
fn two_threads_write_to_one_unit() {
    let runtime = multi_thread();
    let events = capture();
    runtime.block_on(WideEvent::builder("unit").run_async(async {
        let both = Arc::new(Barrier::new(2));
        let work = |both: Arc<Barrier>| async move {
            both.wait();
            for _ in 0..1_000 {
                ode::incr! { steps };
            }
        };
        let tasks = [(); 2].map(|()| ode::tokio::spawn(work(Arc::clone(&both))));
        for task in tasks {
            task.await.unwrap();
        }
    }));
    assert_eq!(events.one("unit")["steps"], 2_000);
}

#[test]
fn without_a_unit_they_are_tokios() {
    let answer = current_thread().block_on(async {
        let one = ode::tokio::spawn(async { 1 }).await.unwrap();
        one + ode::tokio::spawn_blocking(|| 2).await.unwrap()
    });
    assert_eq!(answer, 3);
}
