//! The bounds that the environment sets on the default destination: its queue, what gives way when
//! it is full, and the time a flush may take. Nobody reads the program's standard output, so that
//! the queue fills.

use ode::Event;

use crate::support::{ARGUMENT, Left, Running, field, program};

/// What a burst left behind while nobody read, and what came out when somebody did.
struct Burst {
    stats: String,
    numbers: Vec<u64>,
    /// Those of ode included.
    events: u64,
}

fn burst(variables: &[(&str, &str)]) -> Burst {
    let mut command = program("burst");
    let timeout = ("ODE_FLUSH_TIMEOUT_MS", "2147483647");
    command.env("ODE_OUTPUT", "stdout").envs(variables.iter().copied().chain([timeout]));
    let mut running = Running::start(&mut command);
    let stats = running.wait_for("stats");
    running.go_on();
    let left = running.finish();
    left.assert_success();
    Burst { stats, numbers: numbers(&left), events: left.events().len() as u64 }
}

fn numbers(left: &Left) -> Vec<u64> {
    let number = |event: &Event| field(event, "n")?.to_string().parse().ok();
    left.events().iter().filter_map(number).collect()
}

/// How many the ledger says were dropped for this reason.
fn dropped(stats: &str, reason: &str) -> u64 {
    let reason = format!(" dropped ({reason})");
    let Some((before, _)) = stats.split_once(&reason) else { return 0 };
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

/// More than a pipe holds of events of a kilobyte, and more than one batch.
const HELD_BY_PIPE: u64 = 64 + 8;

#[test]
fn queue_events() {
    let burst = burst(&[("ODE_QUEUE_EVENTS", "300"), ("ODE_BATCH_EVENTS", "10")]);
    let lost = dropped(&burst.stats, "queue_full");
    assert!((2_000 - 300 - HELD_BY_PIPE - 10..=2_001 - 300).contains(&lost), "{}", burst.stats);
    assert_eq!(burst.events, 2_001 - lost, "the rest came when it was read");
}

#[test]
fn queue_bytes() {
    let burst = burst(&[("ODE_QUEUE_BYTES", "100000"), ("ODE_BATCH_EVENTS", "10")]);
    let lost = dropped(&burst.stats, "queue_bytes");
    assert!((2_000 - 100 - HELD_BY_PIPE - 10..2_000 - 40).contains(&lost), "{}", burst.stats);
    assert_eq!(burst.numbers.len() as u64, 2_000 - lost);
}

#[test]
fn by_default_all_of_it_waits() {
    let burst = burst(&[]);
    assert!(!burst.stats.contains("dropped"), "{}", burst.stats);
    assert_eq!(burst.numbers.len(), 2_000);
}

#[test]
fn overflow_drops_the_newest() {
    for variables in [
        vec![("ODE_QUEUE_EVENTS", "300")],
        vec![("ODE_QUEUE_EVENTS", "300"), ("ODE_OVERFLOW", "drop_newest")],
    ] {
        let burst = burst(&variables);
        assert!(burst.numbers.contains(&0) && !burst.numbers.contains(&1_999), "{}", burst.stats);
    }
}

#[test]
fn overflow_drops_the_oldest() {
    // Small batches: what the exporter has in its hands is not displaced.
    let queue = [("ODE_QUEUE_EVENTS", "300"), ("ODE_BATCH_EVENTS", "10")];
    let burst = burst(&[queue[0], queue[1], ("ODE_OVERFLOW", "drop_oldest")]);
    assert!(burst.numbers.contains(&1_999), "{}", burst.stats);
    // The start event is the oldest of all.
    assert_eq!(burst.events, 2_001 - dropped(&burst.stats, "queue_full"));
}

/// The program waits until somebody reads, and so loses nothing.
#[test]
fn overflow_blocks() {
    let mut command = program("burst");
    command.env("ODE_OUTPUT", "stdout").env("ODE_QUEUE_EVENTS", "50");
    let running = Running::start(command.env("ODE_OVERFLOW", "block_for:2147483647"));
    let left = running.finish();
    left.assert_success();
    assert!(!left.told("stats").contains("dropped"), "{left:#?}");
    assert_eq!(numbers(&left).len(), 2_000);
}

/// A guard that is dropped gives up after its time, and says what it left.
#[test]
fn flush_timeout() {
    let mut command = program("burst");
    // The pipe is not empty any more when the guard goes.
    command.env(ARGUMENT, "10");
    let mut running =
        Running::start(command.env("ODE_OUTPUT", "stdout").env("ODE_FLUSH_TIMEOUT_MS", "1"));
    running.wait_for("stats");
    running.go_on();
    let left = running.end_unread();
    left.assert_success();
    let said = left.said();
    assert_eq!(said.len(), 1, "{left:#?}");
    assert!(said[0].contains("left behind") && said[0].contains("in flight"), "{said:?}");
    // The write that the end cut off is the only line that is not whole.
    let whole = left.stdout.lines().filter(|line| line.ends_with('}')).count();
    assert!((10..2_000).contains(&whole), "{whole}");
}
