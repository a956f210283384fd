//! User code that panics wherever ode calls it: the host never notices, and nothing is poisoned.

use std::fmt;

use ode_core::{ToArray, Value, WideEvent, append, current, in_event, record_error, set};

use crate::support::{Events, capture, is_probe, probe, quiet_panic, survive};

const PLACEHOLDER: &str = "[panicked while formatting]";

/// Panics in every trait that ode calls.
struct Bursts;

impl fmt::Display for Bursts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of ")?;
        quiet_panic()
    }
}

impl fmt::Debug for Bursts {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        quiet_panic()
    }
}

impl std::error::Error for Bursts {}

/// A list whose iteration panics after so many elements.
struct BurstsAt(usize);

impl ToArray for BurstsAt {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        (0..self.0).for_each(|_| f(Value::Str("element")));
        quiet_panic()
    }
}

const FIELDS: usize = 10;

/// Records ten fields, the one at `k` by user code that panics in one of five ways.
fn record(kind: usize, k: usize) {
    for at in 0..FIELDS {
        let key = format!("field_{at}");
        if at != k {
            current().set(&key, at);
            continue;
        }
        match kind {
            0 => set! { [key] = %Bursts },
            1 => set! { [key] = ?Bursts },
            2 => set! { [key] = Value::Array(&BurstsAt(k)) },
            3 => append! { [key] += %Bursts },
            _ => drop(current().handle().set(&key, Value::display(&Bursts))),
        }
    }
}

fn check(events: &Events, kind: usize, k: usize) {
    let event = events.one("unit");
    assert_eq!(event.outcome(), "ok");
    // A list that is not whole says so.
    assert_eq!(event.field_count(), FIELDS + usize::from(kind == 2));
    for at in 0..FIELDS {
        let value = &event[&*format!("field_{at}")];
        if at == k {
            assert!(value.to_string().contains(PLACEHOLDER), "{value}");
        } else {
            assert_eq!(*value, at);
        }
    }
}

#[test]
fn ten_thousand_panics_in_user_code_change_nothing() {
    for run in 0..10_000 {
        let (kind, k) = (run % 5, run / 5 % FIELDS);
        let events = capture();
        let result = WideEvent::builder("unit").run(|| {
            record(kind, k);
            run
        });
        assert_eq!(result, run);
        check(&events, kind, k);
        if run % 100 == 0 {
            WideEvent::builder("next").run(|| set! { fine = true });
            assert_eq!(events.one("next")["fine"], true);
        }
    }
}

#[test]
fn a_joined_thread_whose_display_panics_poisons_nothing() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        for n in 0..100 {
            let work = in_event(move || set! { ["burst".to_owned()] = %Bursts, n });
            std::thread::scope(|scope| scope.spawn(work).join()).unwrap();
        }
        set! { after = true };
    });
    let event = events.one("unit");
    assert_eq!(event["burst"], PLACEHOLDER);
    assert!(event["n"] == 99 && event["after"] == true, "{event:?}");
}

#[test]
fn a_list_that_panics_keeps_what_came_before() {
    let events = capture();
    WideEvent::builder("unit").run(|| set! { list = Value::Array(&BurstsAt(2)) });
    let event = events.one("unit");
    assert_eq!(event["list"], ["element", "element", PLACEHOLDER]);
    assert_eq!(event["ode.truncated_fields"], ["list"]);
}

/// A value whose own destructor panics: the host would have had that panic without ode too.
#[test]
fn a_value_whose_destructor_panics_is_the_hosts_panic_and_the_event_leaves() {
    #[derive(Debug)]
    struct BurstsOnDrop;
    impl Drop for BurstsOnDrop {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                quiet_panic();
            }
        }
    }
    for run in 0..1_000 {
        let events = capture();
        let unwound = survive(|| {
            WideEvent::builder("unit").run(|| {
                set! { run, value = ?BurstsOnDrop };
                set! { after = true };
            });
        });
        assert!(unwound.is_none());
        let event = events.one("unit");
        assert_eq!(event.outcome(), "panicked");
        assert!(event["run"] == run && event["value"] == "BurstsOnDrop", "{event:?}");
        event.assert_absent("after");
        WideEvent::builder("next").run(|| set! { fine = true });
        assert_eq!(events.one("next")["fine"], true);
    }
}

/// Emits while its thread unwinds, with values that panic.
struct EmitsOnDrop;
impl Drop for EmitsOnDrop {
    fn drop(&mut self) {
        assert!(std::thread::panicking());
        set! { display = %Bursts, debug = ?Bursts, list = Value::Array(&BurstsAt(1)) };
        record_error(&Bursts);
        WideEvent::builder("meanwhile").run(|| {
            set! { display = %Bursts };
            record_error(&Bursts);
        });
        let result = WideEvent::builder("fails").try_run(|| Err::<(), _>(Bursts));
        assert!(result.is_err());
    }
}

#[test]
fn emitting_while_the_host_unwinds_aborts_nothing() {
    probe("user_panics::unwinding_probe");
}

/// In a process of its own: a second panic that escapes a destructor would end it.
#[test]
fn unwinding_probe() {
    if !is_probe("user_panics::unwinding_probe") {
        return;
    }
    for _ in 0..10_000 {
        let events = capture();
        let unwound = survive(|| {
            WideEvent::builder("host").run(|| {
                let _emits = EmitsOnDrop;
                quiet_panic();
            });
        });
        assert!(unwound.is_none());
        let host = events.one("host");
        assert_eq!(host.outcome(), "panicked");
        assert_eq!(host["display"], PLACEHOLDER);
        assert_eq!(host["error.message"], PLACEHOLDER);
        for name in ["meanwhile", "fails"] {
            assert_eq!(events.one(name).outcome(), "error");
            assert_eq!(events.one(name)["error.message"], PLACEHOLDER);
        }
    }
}

#[test]
fn payloads_that_panic_while_the_host_unwinds_abort_nothing() {
    probe("user_panics::payload_probe");
}

#[test]
fn payload_probe() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    struct Nasty;
    impl fmt::Display for Nasty {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            std::panic::resume_unwind(Box::new(Payload))
        }
    }
    struct Emits;
    impl Drop for Emits {
        fn drop(&mut self) {
            set! { shown = %Nasty, list = vec![Value::display(&Nasty)] };
        }
    }
    if !is_probe("user_panics::payload_probe") {
        return;
    }
    for _ in 0..1_000 {
        let events = capture();
        let unwound = survive(|| {
            WideEvent::builder("host").run(|| {
                let _emits = Emits;
                quiet_panic();
            });
        });
        assert!(unwound.is_none());
        assert_eq!(events.one("host")["shown"], PLACEHOLDER);
        assert_eq!(events.one("host")["list"], [PLACEHOLDER]);
    }
}

#[test]
fn a_formatter_that_gives_up_or_never_ends_is_bounded() {
    struct GivesUp;
    impl fmt::Display for GivesUp {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            Err(fmt::Error)
        }
    }
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("more and more ")?;
            }
        }
    }
    let events = capture();
    crate::support::watched({
        let scope = events.handle();
        move || {
            scope.run(|| {
                WideEvent::builder("unit").run(|| set! { half = %GivesUp, endless = %Endless });
            });
        }
    });
    let event = events.one("unit");
    assert_eq!(event["half"], "half");
    assert!(event["endless"].to_string().len() == 64 << 10);
    assert_eq!(event["ode.truncated_fields"], ["endless"]);
}
