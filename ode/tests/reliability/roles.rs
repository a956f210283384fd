//! The parts that the program under test plays.

#![expect(
    clippy::print_stdout,
    clippy::exit,
    reason = "what a role has to say and how it ends is what the test is about"
)]

use std::io::{self, BufRead};
use std::process::exit;
use std::time::Duration;

use ode::{Batch, EventFields, ExportError, Exporter, WideEvent};

use crate::support::ARGUMENT;
use crate::{
    black_holes, forks, formatters, leaks, scarcity, signals, sinks, soak, syscalls, threads,
};

pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn play(role: &str) {
    match role {
        "returns" => returns(),
        "panics" => panics(),
        "exits" => exits(false),
        "flushes_and_exits" => exits(true),
        "waits" => waits(),
        "drops_the_guard_at_once" => drops_the_guard_at_once(),
        "shuts_down" => shuts_down(),
        "shuts_down_in_a_destructor" => shuts_down_in_a_destructor(),
        "sets_up_twice" => sets_up_twice(),
        "application" => application(),
        "burst" => burst(),
        "two_destinations" => two_destinations(),
        "prints_and_records" => prints_and_records(),
        "signals" => signals::role(),
        "forks" => forks::role(),
        "formats_without_end" => formatters::role(),
        "has_no_outputs" => sinks::role(),
        "has_no_descriptors" => scarcity::without_descriptors(),
        "has_no_threads" => scarcity::without_threads(),
        "has_no_folder" => scarcity::without_folder(),
        "writes_beyond_its_limit" => scarcity::beyond_the_limit(),
        "soaks" => soak::role(),
        "records_under_strace" => syscalls::role(),
        "comes_and_goes" => leaks::role(),
        "comes_and_goes_in_vain" => leaks::role_in_vain(),
        "overloads_a_black_hole" => black_holes::role(),
        "cannot_start_threads" => threads::role(),
        other => panic!("no role {other}"),
    }
}

/// What the test gave to the role.
pub(crate) fn argument() -> String {
    std::env::var_os(ARGUMENT).unwrap_or_default().into_string().unwrap()
}

/// Waits until the test lets the role go on.
pub(crate) fn wait() {
    io::stdin().lock().read_line(&mut String::new()).unwrap();
}

fn unit(name: &'static str) {
    WideEvent::builder(name).run(|| ode::set! { n = 1_u64 });
}

/// One event as the last statement of `main`.
fn returns() {
    let _ode = ode::init(ode::build_info!()).unwrap();
    unit("last");
}

fn panics() {
    let _ode = ode::init(ode::build_info!()).unwrap();
    unit("before");
    WideEvent::builder("unwound").run(|| panic!("told to"));
}

fn exits(flushes: bool) {
    let _ode = ode::init(ode::build_info!()).unwrap();
    unit("last");
    if flushes {
        assert!(ode::flush(LONG).is_complete());
    }
    exit(7);
}

fn waits() {
    let _ode = ode::init(ode::build_info!()).unwrap();
    unit("last");
    let _open = WideEvent::builder("open").start();
    say!("waiting");
    wait();
}

/// The mistake that the compiler itself suggests for an unused value.
fn drops_the_guard_at_once() {
    #[expect(let_underscore_drop, clippy::let_underscore_must_use, reason = "the mistake")]
    let _ = ode::init(ode::build_info!()).unwrap();
    unit("recorded");
    let flushed = ode::flush(LONG);
    say!("flushed: {} {}", flushed.delivered, flushed.undelivered);
    unit("at the end");
}

fn shuts_down() {
    let ode = ode::init(ode::build_info!()).unwrap();
    unit("one");
    unit("two");
    let open = WideEvent::builder("open").start();
    let end = ode.shutdown(LONG);
    say!("shutdown: {} {} {}", end.delivered, end.undelivered, end.open_units);
    open.end();
    unit("late");
    let stats = ode::stats();
    assert!(stats.is_balanced(), "{stats}");
    say!("refused: {}", stats.dropped());
    // A second set-up is refused also when the first one is over.
    assert!(ode::init(ode::build_info!()).unwrap_err().is_already_initialised());
}

fn shuts_down_in_a_destructor() {
    struct AtEnd(Option<ode::Guard>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            let end = self.0.take().unwrap().shutdown(LONG);
            say!("shutdown: {} {}", end.delivered, end.undelivered);
        }
    }
    let _at_end = AtEnd(Some(ode::init(ode::build_info!()).unwrap()));
    unit("before");
    panic!("told to");
}

fn sets_up_twice() {
    let ode = ode::init(ode::build_info!()).unwrap();
    let error = ode::init(ode::build_info!()).unwrap_err();
    assert!(error.is_already_initialised() && !error.is_thread() && !error.is_destination());
    say!("error: {error}");
    let errors = std::thread::scope(|scope| {
        let init = || ode::init(ode::build_info!()).is_err();
        let all: Vec<_> = (0..8).map(|_| scope.spawn(init)).collect();
        all.into_iter().map(|thread| u64::from(thread.join().unwrap())).sum::<u64>()
    });
    assert_eq!(errors, 8);
    unit("last");
    drop(ode);
}

#[derive(EventFields)]
struct Customer {
    #[event(sensitive = "hash")]
    email: String,
}

/// Sets ode up by its environment and records one event with something of everything.
fn application() {
    let guard = ode::init(ode::build_info!()).unwrap();
    let text = "x".repeat(1_000);
    WideEvent::builder("unit").run(|| {
        ode::set! { first = "first", second = 2, third = 3.0, text = text };
        ode::set! { fourth = 4, fifth = 5, sixth = 6 };
        for _ in 0..3 {
            ode::fields(&Customer { email: "ada@example.org".to_owned() });
        }
    });
    let stats = ode::stats();
    say!("ledger: {} {}", stats.opened, stats.destinations.len());
    say!("recorded");
    wait();
    drop(guard);
}

/// Records more than a pipe holds, and says where it went while nobody reads. With an argument it
/// first waits until so many events are on their way out.
fn burst() {
    let guard = ode::init(ode::build_info!()).unwrap();
    let text = "x".repeat(1_000);
    for n in 0..2_000_u64 {
        WideEvent::builder("burst").run(|| ode::set! { n = n, text = text });
    }
    if std::env::var_os(ARGUMENT).is_some() {
        let wanted: u64 = argument().parse().unwrap();
        // So many lines are written, or more than a pipe holds are being written at once.
        while ode::stats().destinations.iter().all(|d| d.delivered < wanted && d.in_flight < 60) {
            std::thread::yield_now();
        }
    }
    say!("stats: {}", ode::stats());
    wait();
    drop(guard);
    say!("dropped the guard");
    // Not through the test harness, which would wait for its own output to be read.
    exit(0);
}

/// Takes everything, in so many words.
struct Null;

impl Exporter for Null {
    fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

fn two_destinations() {
    let file = ode::exporters::JsonLines::file(argument()).unwrap();
    let ode = ode::setup(ode::build_info!())
        .export_to(ode::Queue::new(Null).name("null").capacity(77))
        .export_to(ode::Queue::new(file).name("file").capacity_bytes(99_999))
        .limits(ode::Limits::default().fields(11))
        .hash_key("0123456789abcdef-secret")
        .init()
        .unwrap();
    unit("last");
    drop(ode);
}

/// A program with output of its own.
fn prints_and_records() {
    let _ode = ode::init(ode::build_info!()).unwrap();
    for n in 0..100_u64 {
        println!("line {n}");
        unit("between");
        if n % 10 == 0 {
            assert!(ode::flush(LONG).is_complete());
        }
    }
}
