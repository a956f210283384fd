//! `incr!`: one field per key, exact, in constant memory, from any task.

use std::sync::Barrier;
use std::thread;

use ode_core::{OwnedValue, WideEvent, append, current, in_event, incr, set};

use crate::support::capture;

#[test]
fn a_million_increments_are_one_field() {
    let events = capture();
    let key = String::from("dynamic.hits");
    WideEvent::builder("unit").run(|| {
        for _ in 0..1_000_000 {
            incr! { cache.hits };
            incr! { [key] += 2 };
        }
    });
    let event = events.one("unit");
    assert_eq!(event["cache.hits"], 1_000_000);
    assert_eq!(event["dynamic.hits"], 2_000_000);
    assert_eq!(event.field_count(), 2);
    // What the event holds is what the record held: a few bytes, not a million entries.
    assert!(event.size_hint() < 256, "{} bytes", event.size_hint());
}

#[test]
fn many_counters_among_many_fields() {
    let events = capture();
    let keys: Vec<_> = (0..500).map(|n| format!("counter_{n}")).collect();
    WideEvent::builder("unit").run(|| {
        for round in 0..50 {
            for key in &keys {
                incr! { [key] };
                current().set("noise", round);
            }
        }
    });
    let event = events.one("unit");
    for key in &keys {
        assert_eq!(event[&**key], 50, "{key}");
    }
    assert_eq!(event.field_count(), 501);
}

#[test]
fn numbers_add_up_by_their_types() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        incr! { unsigned += 7_u64, signed += -7_i64, float += 0.5 };
        incr! { unsigned += 3_u32, signed += 2_i32, float += 2_u64 };
        incr! { mixed += 5_u64 };
        incr! { mixed += -8_i32 };
        incr! { widened += 1_u64 };
        incr! { widened += 0.25 };
        incr! { sizes += 3_usize, by_reference += &4_u64 };
    });
    let event = events.one("unit");
    assert!(matches!(event["unsigned"], OwnedValue::U64(10)));
    assert!(matches!(event["signed"], OwnedValue::I64(-5)));
    assert_eq!(event["float"], 2.5);
    assert_eq!(event["mixed"], -3);
    assert_eq!(event["widened"], 1.25);
    assert_eq!(event["sizes"], 3);
    assert_eq!(event["by_reference"], 4);
}

#[test]
fn sums_saturate() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        incr! { high += u64::MAX, low += i64::MIN, across += i64::MAX };
        incr! { high, low += -1_i64, across += 1_i64 };
    });
    let event = events.one("unit");
    assert_eq!(event["high"], u64::MAX);
    assert_eq!(event["low"], i64::MIN);
    assert_eq!(event["across"], 1_u64 << 63);
}

#[test]
fn a_set_starts_the_count_anew() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { after_set = 10 };
        incr! { after_set += 5 };
        incr! { then_set += 5 };
        set! { then_set = 1 };
        set! { both = 100 };
        incr! { both };
        set! { both = 200 };
        incr! { both };
        incr! { both };
        set! { ["dynamic".to_owned()] = 40 };
        incr! { dynamic += 2 };
    });
    let event = events.one("unit");
    assert_eq!(event["after_set"], 15);
    assert_eq!(event["then_set"], 1);
    assert_eq!(event["both"], 202);
    assert_eq!(event["dynamic"], 42);
}

#[test]
fn what_is_no_number_is_replaced() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { text = "ten", truth = true, list = vec![1, 2] };
        append! { appended += 1 };
        for _ in 0..3 {
            incr! { text, truth, list, appended };
        }
    });
    let event = events.one("unit");
    for key in ["text", "truth", "list", "appended"] {
        assert_eq!(event[key], 3, "{key}");
    }
    assert_eq!(event.field_count(), 4);
}

#[test]
fn eight_threads_and_the_owner_add_up_exactly() {
    const EACH: u64 = 20_000;
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let start = Barrier::new(9);
        thread::scope(|scope| {
            for _ in 0..8 {
                let work = in_event(|| {
                    start.wait();
                    for _ in 0..EACH {
                        incr! { hits, bytes += 3 };
                    }
                });
                scope.spawn(work);
            }
            start.wait();
            for _ in 0..EACH {
                incr! { hits, bytes += 3 };
            }
        });
    });
    let event = events.one("unit");
    assert_eq!(event["hits"], 9 * EACH);
    assert_eq!(event["bytes"], 27 * EACH);
    assert_eq!(event.field_count(), 2);
}

#[test]
fn a_joined_task_adds_to_what_the_owner_set() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let handle = current().handle();
        set! { count = 100, replaced = 100 };
        handle.run(|| incr! { count += 5 });
        incr! { count };
        handle.run(|| {
            incr! { replaced += 5 };
            set! { replaced = 1 };
            incr! { replaced };
        });
        handle.run(|| incr! { count });
    });
    let event = events.one("unit");
    assert_eq!(event["count"], 107);
    assert_eq!(event["replaced"], 2);
}

#[test]
fn an_inherited_number_is_counted_on_from_below() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        ode_core::set_inherited! { attempts = 10 };
        WideEvent::builder("inner").run(|| incr! { attempts });
    });
    assert_eq!(events.one("inner")["attempts"], 11);
    assert_eq!(events.one("outer")["attempts"], 10);
}

#[test]
fn a_joined_task_counts_on_from_what_it_made_inherited() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        set! { attempts = 100 };
        current().handle().run(|| {
            ode_core::set_inherited! { attempts = 10 };
            incr! { attempts += 5 };
        });
        WideEvent::builder("inner").run(|| ());
    });
    assert_eq!(events.one("outer")["attempts"], 15);
    assert_eq!(events.one("inner")["attempts"], 10);
}
