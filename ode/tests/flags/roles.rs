//! The parts that this program plays when a test starts it again.

use std::borrow::Cow;
use std::fs;
use std::io::BufRead;
use std::time::Duration;

use ode::{Flag, Gate, Stage, WideEvent};

ode::change!(pub(crate) Compress = "compress");

static LAYOUT: Flag<Cow<'static, str>> = Flag::new("layout", Cow::Borrowed("none"));
static LIMIT: Flag<i64> = Flag::new("limit", 7);

pub(crate) fn play(name: &str) {
    match name {
        "decides" => decides(),
        "is_killed" => is_killed(),
        "reads_again" => reads_again(),
        other => panic!("no such role: {other}"),
    }
}

fn set_up() -> ode::Guard {
    ode::setup(ode::build_info!()).stage::<Compress>(Stage::Live).init().unwrap()
}

fn gate() -> Gate {
    WideEvent::builder("column").run(ode::would::<Compress>)
}

fn wait_for_a_line() {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
}

/// The names of ode's threads, once those have one that are sure to be there.
fn threads() -> Vec<String> {
    loop {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.map(|task| fs::read_to_string(task.path().join("comm")));
        let names = names.flatten().map(|name| name.trim().to_owned());
        let ours: Vec<_> = names.filter(|name| name.starts_with("ode-")).collect();
        if ours.iter().any(|name| name == "ode-keeper") {
            return ours;
        }
        std::thread::yield_now();
    }
}

/// One unit that meets everything.
fn decides() {
    let _ode = set_up();
    WideEvent::builder("column").run(|| {
        let acts = ode::would::<Compress>() == Gate::Act;
        ode::set! { app.acts = acts, app.layout = LAYOUT.get().as_ref(), app.limit = LIMIT.get() };
    });
    say!("threads: {}", threads().join(" "));
}

/// Units on four threads that act until they may not any more, and then until they may again.
fn is_killed() {
    let guard = set_up();
    let until = |wanted: Gate| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| while gate() != wanted {});
            }
        });
    };
    until(Gate::Act);
    say!("acting");
    until(Gate::Withhold);
    say!("withheld");
    until(Gate::Act);
    say!("acting again");
    // A kill counts also after ode was shut down.
    let end = guard.shutdown(Duration::from_secs(20));
    assert_eq!(end.undelivered, 0);
    say!("shut down");
    until(Gate::Withhold);
    say!("withheld at the end");
}

/// Reads a flag in unit after unit until it is another.
fn reads_again() {
    let _ode = set_up();
    let layout = || WideEvent::builder("page").run(|| LAYOUT.get());
    say!("first: {}", layout());
    loop {
        let now = layout();
        if now != "old" {
            say!("then: {now}");
            break;
        }
        // Asking leaves events: no faster than they can be written.
        ode::flush(Duration::from_secs(30));
    }
    wait_for_a_line();
}
