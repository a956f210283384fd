//! A program compiled with `panic = "abort"`: `aborting <what> <file>` records into the file and ends
//! as it is told.

use std::env;
use std::fmt;
use std::thread;
use std::time::Duration;

use ode::exporters::JsonLines;

const LONG: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused on purpose")
    }
}

impl std::error::Error for Refused {}

/// A value that cannot be shown.
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("told to, in Display")
    }
}

#[ode::instrument_event(name = "host.unit", fields(n))]
fn unit(n: u64) -> Result<u64, Refused> {
    nested(n);
    child(n);
    let away = ode::in_event(move || ode::set! { away.n = n });
    thread::scope(|scope| scope.spawn(away).join()).unwrap();
    match n % 3 {
        0 => Ok(n),
        1 => {
            ode::decline("not today");
            Ok(n)
        }
        _ => Err(Refused),
    }
}

fn nested(n: u64) {
    ode::set! { nested.square = n * n };
}

#[ode::instrument_event(name = "host.child", fields(n))]
fn child(n: u64) {
    ode::set! { child.n = n };
}

/// Records when the storage of its thread is taken down.
struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        ode::set! { nobody = "is here" };
        ode::WideEvent::builder("last words").run(|| ode::set! { text = %"formatted" });
        let stats = ode::stats();
        assert!(stats.is_balanced(), "{stats}");
        eprintln!("last words: {} dropped: {}", stats.finished, stats.dropped());
    }
}

thread_local! {
    static LAST_WORDS: std::cell::RefCell<Option<LastWords>> = const { std::cell::RefCell::new(None) };
}

fn leave_last_words() {
    LAST_WORDS.set(Some(LastWords));
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let [_, what, file] = arguments.as_slice() else { panic!("aborting <what> <file>") };
    let guard =
        ode::setup(ode::build_info!()).export_to(JsonLines::file(file).unwrap()).init().unwrap();
    let work = |part: u64| (0..60).filter(|n| n % 4 == part).for_each(|n| drop(unit(n)));
    thread::scope(|scope| (0..4).for_each(|part| drop(scope.spawn(move || work(part)))));
    assert!(ode::flush(LONG).is_complete());
    match what.as_str() {
        "ends" => {
            let end = guard.shutdown(LONG);
            let stats = ode::stats();
            assert!(stats.is_balanced(), "{stats}");
            eprintln!("ledger: {} {} {}", stats.opened, stats.finished, stats.orphan_writes);
            eprintln!("shutdown: {} {} {}", end.delivered, end.undelivered, end.open_units);
        }
        "panics" => ode::WideEvent::builder("unwound").run(|| panic!("told to")),
        "formats" => {
            ode::WideEvent::builder("unwound").run(|| ode::set! { text = %Unspeakable });
        }
        // Nothing runs destructors of statics. What comes next to it is the storage of the thread
        // that `main` runs on, which is taken down when `main` is over and ode with it.
        "ends_with_last_words" => {
            leave_last_words();
            drop(guard.shutdown(LONG));
        }
        other => panic!("no {other}"),
    }
}
