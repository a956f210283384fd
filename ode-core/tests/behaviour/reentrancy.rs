//! User code that records while ode records it: nothing is borrowed and no lock is held then.

use std::fmt;
use std::sync::Barrier;
use std::thread;

use ode_core::testing::CaptureHandle;
use ode_core::{
    FutureExt, ToArray, ToValue, Value, WideEvent, append, current, in_event, incr, set,
};

use crate::support::{capture, watched};

/// Its `Display` opens a unit that records another one of its kind, so many levels deep, and
/// records on the unit that is current meanwhile.
struct Nested(u32);

impl fmt::Display for Nested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        incr! { shown };
        if self.0 > 0 {
            WideEvent::builder("nested").run(|| set! { level = self.0, below = %Self(self.0 - 1) });
        }
        write!(f, "level {}", self.0)
    }
}

#[test]
fn a_display_that_emits_is_fine_at_any_depth() {
    watched(|| {
        for depth in 1..=64 {
            let events = capture();
            WideEvent::builder("outer").run(|| set! { value = %Nested(depth) });
            let outer = events.one("outer");
            assert_eq!(outer["value"], format!("level {depth}"));
            assert_eq!(outer["shown"], 1);
            let all = events.all();
            assert_eq!(all.len(), depth as usize + 1);
            for event in all.iter().filter(|event| event.name() == "nested") {
                assert_eq!(event["shown"], 1);
            }
        }
    });
}

fn thousand_threads(scope: &CaptureHandle) {
    // In rounds, so that a small machine can run it.
    for round in 0..20 {
        let together = Barrier::new(50);
        thread::scope(|threads| {
            for number in 0..50_u32 {
                let together = &together;
                threads.spawn(move || {
                    scope.run(|| {
                        together.wait();
                        let depth = (round * 50 + number) % 64 + 1;
                        WideEvent::builder("outer").run(|| set! { depth, value = %Nested(depth) });
                    });
                });
            }
        });
    }
}

#[test]
fn a_thousand_threads_whose_displays_emit() {
    let events = capture();
    let scope = events.handle();
    watched(move || thousand_threads(&scope));
    let outer = events.all().into_iter().filter(|event| event.name() == "outer");
    let mut nested = 0;
    for event in outer {
        assert_eq!(event["value"], format!("level {}", event["depth"]));
        nested += event["depth"].to_string().parse::<usize>().unwrap();
    }
    assert_eq!(events.all().len(), 1_000 + nested);
}

#[test]
fn a_display_may_write_to_the_unit_it_is_recorded_on_in_every_way() {
    struct Busy;
    impl fmt::Display for Busy {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            set! { from.display = true };
            append! { steps += "display" };
            current().handle().set("by.handle", true);
            ode_core::root().set("by.root", true);
            in_event(|| incr! { joined })();
            drop(ode_core::timed("display"));
            drop(ode_core::hold(std::time::Duration::from_secs(1)));
            ode_core::decline("by a display");
            futures::executor::block_on(
                async {
                    incr! { joined }
                }
                .in_event(),
            );
            f.write_str("busy")
        }
    }
    let events = capture();
    watched({
        let scope = events.handle();
        move || {
            scope.run(|| {
                WideEvent::builder("own").run(|| set! { value = %Busy });
                WideEvent::builder("joined").run(|| {
                    let handle = current().handle();
                    handle.set("value", Value::display(&Busy));
                    handle.run(|| set! { again = %Busy });
                });
            });
        }
    });
    let own = events.one("own");
    assert_eq!(own["value"], "busy");
    assert_eq!(own["by.handle"], true);
    assert_eq!(own["by.root"], true);
    assert_eq!(own["joined"], 2);
    assert_eq!(own["declined.reason"], "by a display");
    let joined = events.one("joined");
    assert_eq!(joined["value"], "busy");
    assert_eq!(joined["again"], "busy");
    assert_eq!(joined["joined"], 4);
}

#[test]
fn lists_conversions_and_errors_may_record() {
    struct Chatty;
    impl ToArray for Chatty {
        fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
            for n in 0..3 {
                incr! { elements };
                set! { inner.list = vec![n] };
                f(Value::I64(n));
            }
        }
    }
    impl ToValue for Chatty {
        fn to_value(&self) -> Value<'_> {
            incr! { conversions };
            Value::Array(self)
        }
    }
    impl fmt::Display for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            incr! { messages };
            ode_core::record_error(&fmt::Error);
            f.write_str("chatty")
        }
    }
    impl fmt::Debug for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Chatty")
        }
    }
    impl std::error::Error for Chatty {}
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { list = Chatty };
        append! { list += Chatty };
        ode_core::record_error(&Chatty);
    });
    let event = events.one("unit");
    assert_eq!(event["list"], [0, 1, 2, 0, 1, 2]);
    assert_eq!(event["elements"], 6);
    assert_eq!(event["conversions"], 2);
    assert_eq!(event["messages"], 1);
    assert_eq!(event["error.message"], "chatty");
}

#[test]
fn a_destructor_may_record_whenever_it_runs() {
    #[derive(Debug)]
    struct Leaves(&'static str);
    impl Drop for Leaves {
        fn drop(&mut self) {
            current().set(self.0, "left");
            WideEvent::builder("on the way out").run(|| ());
        }
    }
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { value = ?Leaves("temporary") };
        let _local = Leaves("local");
        let moved = Leaves("joined");
        in_event(move || drop(moved))();
        let moved = Leaves("never run");
        drop(in_event(move || drop(moved)));
    });
    let event = events.one("unit");
    for key in ["temporary", "local", "joined", "never run"] {
        assert_eq!(event[key], "left", "{key}");
    }
    assert_eq!(events.all().len(), 5);
}
