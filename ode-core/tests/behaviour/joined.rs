//! Other tasks and threads that contribute to a unit: whose write counts, what is late, what
//! finds no unit.

use std::sync::Barrier;
use std::sync::mpsc::sync_channel;
use std::thread;

use futures::executor::block_on;
use ode_core::{FutureExt, WideEvent, current, in_event, incr, root, set, timed};

use crate::support::{capture, quiet_panic, survive};

#[test]
fn a_task_contributes_when_asked_and_only_then() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        block_on(
            async {
                set! { joined.task = 1 }
            }
            .in_event(),
        );
        let asked = in_event(|| set! { joined.thread = 2 });
        let not_asked = events.handle();
        thread::scope(|scope| {
            scope.spawn(asked);
            scope.spawn(move || not_asked.run(|| set! { lost = 3 }));
        });
    });
    let event = events.one("unit");
    assert_eq!(event["joined.task"], 1);
    assert_eq!(event["joined.thread"], 2);
    assert_eq!(event.field_count(), 2);
    assert_eq!(events.stats().orphan_writes, 1);
}

#[test]
fn in_event_gives_back_what_the_closure_gives() {
    let events = capture();
    let sum = WideEvent::builder("unit").run(|| in_event(|| 1 + 1)());
    assert_eq!(sum, 2);
    assert_eq!(in_event(|| 3)(), 3, "also where there is no unit");
    assert_eq!(events.one("unit").field_count(), 0);
}

/// The owner polls and writes in between: the order is that of time, not of tasks.
#[test]
fn the_owners_later_write_wins() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let (done, wait) = sync_channel(0);
        let task = in_event(move || {
            set! { a = 1, task.only = 1 };
            current().set("dynamic", "task");
            done.send(()).unwrap();
        });
        thread::scope(|scope| {
            scope.spawn(task);
            wait.recv().unwrap();
            set! { a = 2 };
            current().set("dynamic", "owner");
        });
    });
    let event = events.one("unit");
    assert_eq!(event["a"], 2);
    assert_eq!(event["task.only"], 1);
    assert_eq!(event["dynamic"], "owner");
}

#[test]
fn the_tasks_later_write_wins() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let (go, wait) = sync_channel(0);
        let task = in_event(move || {
            wait.recv().unwrap();
            set! { a = 1 };
        });
        thread::scope(|scope| {
            scope.spawn(task);
            set! { a = 2 };
            go.send(()).unwrap();
        });
    });
    assert_eq!(events.one("unit")["a"], 1);
}

#[test]
fn writes_alternate_between_tasks_in_order() {
    let events = capture();
    let mut unit = WideEvent::builder("unit").start();
    let handle = unit.handle();
    for n in 0..100 {
        unit.set("a", format!("owner {n}"));
        handle.set("b", format!("task {n}"));
        unit.scope(|| set! { b = format!("owner {n}") });
        handle.set("a", format!("task {n}"));
    }
    unit.end();
    let event = events.one("unit");
    assert_eq!(event["a"], "task 99");
    assert_eq!(event["b"], "owner 99");
    assert_eq!(event.field_count(), 2);
}

#[test]
fn late_writes_are_counted_exactly() {
    let events = capture();
    let (handle, task) = WideEvent::builder("unit").run(|| {
        let late = async {
            set! { late.a = 1 };
            incr! { late.b };
            ode_core::append! { late.c += 1 };
            ode_core::set_inherited! { late.d = 1 };
            ode_core::decline("late");
            ode_core::record_error(&std::fmt::Error);
            ode_core::fail(ode_core::Failure::error("late").message("late"));
        };
        (current().handle(), late.in_event())
    });
    assert_eq!(events.stats().late_writes, 0);
    block_on(task);
    assert_eq!(events.stats().late_writes, 7);
    handle.set("late", 1).set("late", 2);
    root().set("nowhere", 1);
    assert_eq!(events.stats().late_writes, 9);
    assert_eq!(events.stats().orphan_writes, 1);
    let event = events.one("unit");
    assert_eq!(event.outcome(), "ok");
    assert_eq!(event.field_count(), 0);
}

#[test]
fn late_writers_do_not_reach_the_next_unit() {
    let events = capture();
    let mut handles = Vec::new();
    for n in 0..100 {
        WideEvent::builder("unit").run(|| {
            set! { n };
            handles.push(current().handle());
        });
        for handle in &handles {
            handle.set("stray", n);
        }
    }
    assert_eq!(events.stats().late_writes, (1..=100).sum::<u64>());
    assert!(events.all().iter().all(|event| event.field_count() == 1));
}

#[test]
fn late_writes_race_with_the_end_and_are_either_kept_or_counted() {
    const WRITERS: u64 = 8;
    const WRITES: u64 = 200;
    for _ in 0..50 {
        let events = capture();
        let start = Barrier::new(WRITERS as usize + 1);
        let unit = WideEvent::builder("unit").start();
        let handle = unit.handle();
        thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..WRITES {
                        handle.run(|| incr! { kept });
                    }
                });
            }
            start.wait();
            unit.end();
        });
        let kept = match events.one("unit").field("kept") {
            Some(ode_core::OwnedValue::U64(kept)) => *kept,
            Some(other) => panic!("{other}"),
            None => 0,
        };
        assert_eq!(kept + events.stats().late_writes, WRITERS * WRITES);
    }
}

#[test]
fn writes_without_a_unit_are_counted_one_per_call() {
    let events = capture();
    set! { a = 1, b = 2 };
    incr! { c };
    ode_core::append! { d += 1 };
    ode_core::set_inherited! { e = 1 };
    current().set("f", 1);
    ode_core::decline("g");
    ode_core::record_error(&std::fmt::Error);
    ode_core::fail(ode_core::Failure::error("h"));
    ode_core::fields(&());
    current().handle().set("i", 1);
    drop(ode_core::hold(std::time::Duration::from_secs(1)));
    drop(timed("j"));
    assert_eq!(events.stats().orphan_writes, 12);
    assert_eq!(events.stats().late_writes, 0);
}

#[test]
fn arguments_are_not_evaluated_where_no_unit_is() {
    let events = capture();
    let evaluated = std::cell::Cell::new(0);
    let look = || evaluated.set(evaluated.get() + 1);
    set! { a = look_and_give(&look) };
    ode_core::append! { b += look_and_give(&look) };
    assert_eq!(evaluated.get(), 0);
    WideEvent::builder("unit").run(|| set! { a = look_and_give(&look) });
    assert_eq!(evaluated.get(), 1);
    assert_eq!(events.stats().orphan_writes, 2);
}

fn look_and_give(look: &dyn Fn()) -> u64 {
    look();
    1
}

#[test]
fn a_panicking_contributor_leaves_the_unit_alone() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let task = in_event(|| {
            set! { before = 1 };
            quiet_panic();
        });
        assert!(thread::scope(|scope| scope.spawn(|| survive(task)).join()).unwrap().is_none());
        set! { after = 2 };
    });
    let event = events.one("unit");
    assert_eq!(event.outcome(), "ok");
    assert!(event["before"] == 1 && event["after"] == 2, "{event:?}");
}

#[test]
fn destructors_of_a_joined_future_write_to_its_unit() {
    struct OnDrop;
    impl Drop for OnDrop {
        fn drop(&mut self) {
            incr! { dropped };
        }
    }
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let guard = OnDrop;
        let joined = async move { drop(guard) }.in_event();
        // Dropped inside another unit, before it ever ran.
        WideEvent::builder("other").run(|| drop(joined));
    });
    assert_eq!(events.one("unit")["dropped"], 1);
    assert_eq!(events.one("other").field_count(), 0);
}

#[test]
fn a_detached_future_touches_no_unit_not_even_when_dropped() {
    struct OnDrop;
    impl Drop for OnDrop {
        fn drop(&mut self) {
            incr! { dropped };
        }
    }
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let guard = OnDrop;
        drop(async move { drop(guard) }.detached());
        let guard = OnDrop;
        block_on(async move { drop(guard) }.detached());
        assert!(!ode_core::detached(|| current().exists()));
        assert!(current().exists());
    });
    assert_eq!(events.one("unit").field_count(), 0);
    assert_eq!(events.stats().orphan_writes, 2);
}

#[test]
fn timed_parts_of_tasks_add_up_on_the_unit() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        ode_core::timed!("db.query", ());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(in_event(|| drop(timed("db.query"))));
            }
        });
        block_on(async { ode_core::timed!("db.query", async {}.await) }.in_event());
    });
    let event = events.one("unit");
    assert_eq!(event["timed.db.query.count"], 6);
    assert!(event.field("timed.db.query.total_ns").is_some());
}
