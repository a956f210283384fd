//! T32: several processes on one file, and processes that are killed while they write.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;

use ode_core::{Batch, Event, EventBuilder, Exporter, Value};
use ode_exporters::{JsonLines, jsonl};

use crate::roles::{self, Child};
use crate::support::{TempDir, event, newlines, number};

pub(crate) const PROCESSES: usize = 8;
pub(crate) const LINES: u64 = 10_000;

#[test]
fn eight_processes_append_to_one_file() {
    let dir = TempDir::new();
    all_at_once("append", dir.path());
    let bytes = fs::read(dir.join("events.jsonl")).unwrap();
    let mut seen = Seen::new();
    see(&bytes, &mut seen);
    assert_eq!(seen.len() as u64, PROCESSES as u64 * LINES);
    assert!(seen.values().all(|times| *times == 1), "a line came twice");
    let newlines = newlines(&bytes);
    assert_eq!(newlines as u64, PROCESSES as u64 * LINES, "exactly one newline a line");
}

/// Has eight processes play a role, which all begin together.
pub(crate) fn all_at_once(role: &str, dir: &Path) {
    let mut children: Vec<_> = (0..PROCESSES).map(|_| Child::start(role, dir)).collect();
    for child in &mut children {
        child.wait_for("ready");
    }
    for child in &mut children {
        child.say("go");
    }
    for child in children {
        child.finish();
    }
}

/// How often each line of each writer was found.
pub(crate) type Seen = HashMap<(u64, u64), u32>;

/// Counts the lines, each of which must be whole and what its writer wrote.
pub(crate) fn see(bytes: &[u8], seen: &mut Seen) {
    for event in jsonl::read(bytes) {
        let event = event.expect("a whole line");
        let Some(Value::U64(writer)) = event.get("writer") else { panic!("{event:?}") };
        assert_eq!(event, payload(writer, number(&event)));
        *seen.entry((writer, number(&event))).or_default() += 1;
    }
}

/// Text whose length and content follow from the number, so that a mixed-up line is noticed.
pub(crate) fn payload(writer: u64, number: u64) -> TestEvent {
    let length = usize::try_from(number % 400).unwrap();
    let text = format!("{writer}:{number};").repeat(length / 4);
    TestEvent(
        EventBuilder::new("append")
            .field("writer", Value::U64(writer))
            .field("n", Value::U64(number))
            .field("text", Value::Str(&text))
            .build(),
    )
}

#[derive(Debug)]
pub(crate) struct TestEvent(pub(crate) Event);

impl PartialEq<TestEvent> for Event {
    fn eq(&self, other: &TestEvent) -> bool {
        crate::support::line(self) == crate::support::line(&other.0)
    }
}

pub(crate) fn append(dir: &Path) {
    append_with(JsonLines::file(dir.join("events.jsonl")).unwrap());
}

pub(crate) fn append_with(mut exporter: JsonLines) {
    let writer = u64::from(std::process::id());
    roles::report("ready");
    io::stdin().lock().read_line(&mut String::new()).unwrap();
    let mut next = 0;
    for size in (1..=64).cycle() {
        let end = LINES.min(next + size);
        let batch = (next..end).map(|n| payload(writer, n).0).collect();
        exporter.export(&Batch::new(batch)).unwrap();
        next = end;
        if next == LINES {
            return;
        }
    }
}

/// Killed 30 times in the middle of large writes; after each kill the file is opened again.
#[test]
fn killed_processes_damage_at_most_one_line_each() {
    const KILLS: u64 = 30;
    let dir = TempDir::new();
    let path = dir.join("events.jsonl");
    for kill in 0..KILLS {
        let mut child = Child::start("write-forever", dir.path());
        for _ in 0..=kill % 3 {
            child.wait_for("batch");
        }
        child.kill();
        let mut exporter = JsonLines::file(&path).unwrap();
        exporter.export(&Batch::new(vec![event(kill)])).unwrap();
    }
    let input = io::BufReader::new(fs::File::open(&path).unwrap());
    let (mut damaged, mut after, mut whole) = (0, Vec::new(), 0);
    for event in jsonl::read(input) {
        match event {
            Ok(event) if event.name() == "large" => {
                whole += 1;
                assert_eq!(
                    event,
                    large(number(&event)),
                    "a line that reads well is not what was written"
                );
            }
            Ok(event) => after.push(number(&event)),
            Err(error) => {
                assert!(error.is_torn(), "{error}");
                damaged += 1;
            }
        }
    }
    assert_eq!(after, (0..KILLS).collect::<Vec<_>>(), "the line after a kill is intact");
    assert!(damaged <= KILLS, "{damaged} damaged lines after {KILLS} kills");
    assert!(whole > KILLS, "{whole} whole lines: the children hardly wrote");
    writeln!(io::stdout(), "{damaged} torn lines after {KILLS} kills, {whole} whole ones").unwrap();
}

fn large(number: u64) -> TestEvent {
    let text = format!("{number};").repeat(20_000);
    TestEvent(
        EventBuilder::new("large")
            .field("n", Value::U64(number))
            .field("text", Value::Str(&text))
            .build(),
    )
}

pub(crate) fn write_forever(dir: &Path) {
    let mut exporter = JsonLines::file(dir.join("events.jsonl")).unwrap();
    // More than a few would fill the disk if nobody killed us.
    for start in 0..200 {
        roles::report("batch");
        exporter.export(&Batch::new((start..start + 8).map(|n| large(n).0).collect())).unwrap();
    }
}
