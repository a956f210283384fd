//! `append!`: lists that grow, of one type.

use std::thread;

use ode_core::testing::Capture;
use ode_core::{Limits, OwnedValue, WideEvent, append, current, in_event, set};

use crate::support::{capture, capture_with};

#[test]
fn elements_of_one_type_keep_it() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        for n in 0..3 {
            append! { numbers += n, floats += 0.5, texts += format!("t{n}"), flags += n == 1 };
            append! { shown += %n, debugged += ?Some(n), bytes += vec![0xff_u8] };
        }
    });
    let event = events.one("unit");
    assert_eq!(event["numbers"], [0, 1, 2]);
    assert_eq!(event["floats"], [0.5, 0.5, 0.5]);
    assert_eq!(event["texts"], ["t0", "t1", "t2"]);
    assert_eq!(event["flags"], [false, true, false]);
    assert_eq!(event["shown"], ["0", "1", "2"]);
    assert_eq!(event["debugged"], ["Some(0)", "Some(1)", "Some(2)"]);
    assert!(matches!(&event["bytes"], OwnedValue::Array(items) if items.len() == 3));
}

#[test]
fn mixed_elements_become_what_they_have_in_common() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        append! { signed += 1_u64 };
        append! { signed += -1_i64 };
        append! { floats += 1_u64 };
        append! { floats += 0.5 };
        append! { huge += u64::MAX };
        append! { huge += -1 };
        append! { texts += 1 };
        append! { texts += "two" };
        append! { texts += true };
    });
    let event = events.one("unit");
    assert_eq!(event["signed"], [1, -1]);
    assert_eq!(event["floats"], [1.0, 0.5]);
    // No 64-bit integer holds both, and a float would lie: text keeps every digit.
    assert_eq!(event["huge"], [u64::MAX.to_string(), "-1".to_owned()]);
    assert_eq!(event["texts"], ["1", "two", "true"]);
}

#[test]
fn what_was_set_is_the_first_element() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { scalar = 1, list = vec![1, 2] };
        append! { scalar += 2, list += 3 };
        append! { list += vec![4, 5] };
        append! { reset += "old" };
        set! { reset = "new" };
        append! { reset += "more" };
        append! { gone += 1 };
        set! { gone = "text" };
        append! { nothing += None::<u64> };
    });
    let event = events.one("unit");
    assert_eq!(event["scalar"], [1, 2]);
    assert_eq!(event["list"], [1, 2, 3, 4, 5]);
    assert_eq!(event["reset"], ["new", "more"]);
    assert_eq!(event["gone"], "text");
    event.assert_absent("nothing");
}

#[test]
fn a_hundred_thousand_appends_are_bounded_and_counted() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { first = 1 };
        for n in 0..100_000_u64 {
            append! { seen += n };
        }
    });
    let event = events.one("unit");
    let OwnedValue::Array(kept) = &event["seen"] else { panic!("{event:?}") };
    assert_eq!(kept.first().unwrap(), &0);
    assert!(kept.len() < 20_000, "{} elements", kept.len());
    assert!(kept.len() > 10_000, "{} elements", kept.len());
    assert_eq!(event["ode.dropped_fields"], 100_000 - kept.len());
    assert_eq!(event["first"], 1);
}

#[test]
fn a_list_too_long_leaves_room_for_fields_after_it() {
    let events = capture_with(Capture::builder().limits(Limits::default().fields(16)));
    WideEvent::builder("unit").run(|| {
        for n in 0..1_000 {
            append! { seen += n };
        }
        set! { after = 1, ["at_run_time"] = 2 };
    });
    let event = events.one("unit");
    assert_eq!(event["after"], 1);
    assert_eq!(event["at_run_time"], 2);
    assert_eq!(event["ode.dropped_fields"], 1_000 - 48);
}

#[test]
fn an_element_that_was_cut_is_listed() {
    let events = capture_with(Capture::builder().limits(Limits::default().value_bytes(8)));
    WideEvent::builder("unit").run(|| {
        append! { later += "short" };
        append! { later += "much too long" };
        append! { first += "much too long" };
        append! { first += "short" };
    });
    let event = events.one("unit");
    assert_eq!(event["later"], ["short", "much too"]);
    assert_eq!(event["first"], ["much too", "short"]);
    assert_eq!(event["ode.truncated_fields"], ["later", "first"]);
}

#[test]
fn tasks_append_to_one_list() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        append! { who += "owner" };
        thread::scope(|scope| {
            for n in 0..4 {
                scope.spawn(in_event(move || {
                    for _ in 0..100 {
                        append! { who += format!("task {n}") };
                    }
                }));
            }
        });
        append! { who += "owner again" };
    });
    let event = events.one("unit");
    let OwnedValue::Array(who) = &event["who"] else { panic!("{event:?}") };
    assert_eq!(who.len(), 402);
    assert_eq!(who[0], "owner");
    assert_eq!(who[401], "owner again");
    for n in 0..4 {
        assert_eq!(who.iter().filter(|element| **element == format!("task {n}")).count(), 100);
    }
}

#[test]
fn run_time_keys_append_too() {
    let events = capture();
    let key = String::from("dynamic");
    WideEvent::builder("unit").run(|| {
        append! { [key] += 1 };
        append! { dynamic += 2 };
        append! { [key] += 3 };
        current().set("dynamic.other", 1);
    });
    assert_eq!(events.one("unit")["dynamic"], [1, 2, 3]);
}

#[test]
fn the_order_survives_clean_ups() {
    let events = capture_with(Capture::builder().limits(Limits::default().fields(8)));
    WideEvent::builder("unit").run(|| {
        for n in 0..20 {
            append! { kept += n };
            set! { overwritten = n };
        }
    });
    let event = events.one("unit");
    assert_eq!(event["kept"], std::array::from_fn::<usize, 20, _>(|n| n));
    assert_eq!(event["overwritten"], 19);
    event.assert_absent("ode.dropped_fields");
}
