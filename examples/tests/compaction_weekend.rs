//! The compaction example on its way into production: what each stage leaves behind, as processes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Map, Value};
use tempfile::TempDir;

type Event = Map<String, Value>;

/// The program in a directory of its own.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program::path("compaction"));
        command.current_dir(self.0.path()).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// All events of a build; its ledger is exact.
    fn events(&self, build: &str) -> Vec<Event> {
        let text = fs::read_to_string(self.path(&format!("compaction-{build}.jsonl"))).unwrap();
        let events: Vec<Event> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(events.iter().all(|event| event["build_id"] == build));

        let told = &events.last().unwrap();
        assert_eq!(told["name"], "ode.shutdown", "the last word");
        let count = |what: &str| told[what].as_u64().unwrap();
        assert_eq!(count("ode.units.opened"), count("ode.units.finished"));
        assert_eq!(count("ode.events.offered"), count("ode.events.delivered"));
        assert_eq!(count("ode.events.dropped"), 0);
        assert_eq!(count("ode.events.delivered"), events.len() as u64 - 1, "all but itself");
        events
    }

    fn store(&self, build: &str) -> Option<Vec<u8>> {
        fs::read(self.path(&format!("compaction-{build}.store"))).ok()
    }
}

fn named<'e>(events: &'e [Event], name: &str) -> Vec<&'e Event> {
    events.iter().filter(|event| event["name"] == name).collect()
}

fn chunks(events: &[Event]) -> Vec<&Event> {
    named(events, "compaction.chunk")
}

/// The value of a field by chunk, of those that have it.
fn by_chunk<'e>(events: &'e [Event], key: &str) -> BTreeMap<(String, u64), &'e Value> {
    let place = |chunk: &Event| {
        (chunk["column.name"].as_str().unwrap().to_owned(), chunk["chunk.index"].as_u64().unwrap())
    };
    let chunks = chunks(events).into_iter();
    chunks.filter_map(|chunk| Some((place(chunk), chunk.get(key)?))).collect()
}

fn count(event: &Event, key: &str) -> u64 {
    event.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn sum(events: &[Event], key: &str) -> u64 {
    chunks(events).into_iter().map(|chunk| count(chunk, key)).sum()
}

/// The store holds what the events say, at the places they name, and nothing else.
fn check_store(store: &[u8], events: &[Event]) {
    let mut stored: Vec<(u64, u64)> = chunks(events)
        .into_iter()
        .filter(|chunk| chunk.contains_key("did.compress.act"))
        .map(|chunk| {
            (count(chunk, "did.compress.offset"), count(chunk, "did.compress.bytes_after"))
        })
        .collect();
    stored.sort_unstable();
    let mut end = 0;
    for (offset, length) in stored {
        assert_eq!(offset, end, "one after another");
        end += length;
    }
    assert_eq!(store.len() as u64, end);
}

#[track_caller]
fn check_nothing_was_done(events: &[Event]) {
    for event in events {
        assert!(!event.keys().any(|key| key.starts_with("did.")), "{event:?}");
        assert_ne!(event.get("was_compressed"), Some(&Value::Bool(true)));
    }
}

/// Sunday's share, of a million.
const ONE_PERCENT: u64 = 10_000;

#[test]
fn the_weekend_goes_from_a_dry_run_to_live() {
    let place = Place::new();
    let output = place.run(&["--weekend", "--build-id", "w"]);
    let report = String::from_utf8(output.stdout).unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");

    let friday = place.events("w-friday");
    let saturday = place.events("w-saturday");
    let sunday = place.events("w-sunday");
    let monday = place.events("w-monday");
    for day in [&friday, &saturday, &sunday, &monday] {
        assert_eq!(chunks(day).len(), 270);
        assert_eq!(named(day, "compaction.run").len(), 1);
    }

    check_dry_run(&place, &friday);
    check_shadow(&place, &saturday);
    check_one_percent(&place, &sunday, &monday);
    check_live(&place, &friday, &monday);
    assert!(!place.path("compaction-w.kill").exists(), "given free again");
    for part in [
        "The dry run was right",
        "214 of 214 compared: 214 matched, 0 did not",
        "the file compaction-w.kill",
        "3 of 135 chunks",
        "0 of 135 chunks",
        "compaction-w-monday.jsonl",
    ] {
        assert!(report.contains(part), "no {part:?} in:\n{report}");
    }
}

fn check_dry_run(place: &Place, friday: &[Event]) {
    check_nothing_was_done(friday);
    assert_eq!(place.store("w-friday"), None);
    for chunk in chunks(friday) {
        assert_eq!(chunk["change.compress.stage"], "dry_run");
        assert_eq!(chunk.contains_key("would.compress.act"), chunk["outcome"] == "ok");
    }
}

/// Every candidate is linked to the chunk that it was compared for, and none is missing.
fn check_shadow(place: &Place, saturday: &[Event]) {
    check_nothing_was_done(saturday);
    assert_eq!(place.store("w-saturday"), None);
    let candidates = named(saturday, "codec.candidate");
    for candidate in &candidates {
        assert_eq!(candidate["experiment.codec.match"], true);
    }
    let linked: BTreeSet<&str> = candidates
        .iter()
        .map(|candidate| candidate["links"][0].as_str().unwrap().split('-').nth(2).unwrap())
        .collect();
    let sampled: BTreeSet<&str> = chunks(saturday)
        .into_iter()
        .filter(|chunk| chunk.get("experiment.codec.sampled") == Some(&Value::Bool(true)))
        .map(|chunk| chunk["span_id"].as_str().unwrap())
        .collect();
    assert_eq!(linked, sampled);
    assert_eq!(candidates.len(), sampled.len());

    let ledgers = named(saturday, "ode.experiment.status");
    let ledger = ledgers.last().unwrap();
    for what in ["eligible", "started", "finished", "matched"] {
        assert_eq!(
            count(ledger, &format!("ode.experiment.{what}")),
            sampled.len() as u64,
            "{what}"
        );
    }
    assert!(!ledger.keys().any(|key| key.starts_with("ode.experiment.not_run.")), "{ledger:?}");
    // The old codec answered.
    for chunk in chunks(saturday) {
        assert_ne!(chunk.get("would.compress.format"), Some(&"deflate".into()));
    }
}

/// Live for those in the bucket and for nobody else, and for nobody at all after the kill.
fn check_one_percent(place: &Place, sunday: &[Event], monday: &[Event]) {
    let flips = named(sunday, "ode.kill");
    assert_eq!(flips.len(), 1);
    let flip = flips[0];
    assert_eq!(flip["ode.kill.change"], "compress");
    assert_eq!(
        (&flip["ode.kill.from"], &flip["ode.kill.to"]),
        (&"active".into(), &"killed".into())
    );
    assert_eq!(flip["ode.kill.source"], "file");
    assert!(flip["ode.kill.by"].as_str().unwrap().ends_with("compaction-w.kill"), "{flip:?}");

    let all = chunks(sunday);
    let killed: Vec<_> =
        all.iter().filter(|chunk| chunk["change.compress.reason"] == "killed").collect();
    assert_eq!(killed.len(), 135, "the second half");
    for chunk in &killed {
        assert_eq!(chunk["change.compress.stage"], "off");
        assert!(!chunk.contains_key("would.compress.act"));
    }
    let acted = |chunk: &Event| chunk.contains_key("did.compress.act");
    for chunk in &all {
        // RFC 3339 in UTC with nine digits: as texts they stand in the order of time.
        let is_late = chunk["timestamp"].as_str() > flip["timestamp"].as_str();
        assert!(!(is_late && acted(chunk)), "acted after the kill: {chunk:?}");
        if chunk["change.compress.reason"] == "killed" {
            assert!(!acted(chunk));
            continue;
        }
        let is_in = chunk["change.compress.bucket"].as_u64().unwrap() < ONE_PERCENT;
        assert_eq!(chunk["change.compress.stage"], if is_in { "live" } else { "dry_run" });
        assert_eq!(acted(chunk), is_in && chunk["outcome"] == "ok");
    }
    let apps: BTreeSet<_> =
        all.iter().filter(|chunk| acted(chunk)).map(|chunk| chunk["app.id"].as_str()).collect();
    // By the published buckets of the rollout's name and these keys.
    assert_eq!(apps, BTreeSet::from([Some("app-036"), Some("app-048"), Some("app-084")]));
    check_store(&place.store("w-sunday").unwrap(), sunday);

    // The same app has the same bucket on every day.
    let buckets = by_chunk(monday, "change.compress.bucket");
    for (chunk, bucket) in by_chunk(sunday, "change.compress.bucket") {
        assert_eq!(buckets[&chunk], bucket);
    }
}

/// What was done is what was predicted, chunk by chunk and to the byte.
fn check_live(place: &Place, friday: &[Event], monday: &[Event]) {
    for field in ["act", "bytes_before", "bytes_after"] {
        let predicted = by_chunk(friday, &format!("would.compress.{field}"));
        let done = by_chunk(monday, &format!("did.compress.{field}"));
        assert_eq!(predicted, done, "{field}");
        assert_eq!(predicted.len(), 209);
    }
    for chunk in chunks(monday) {
        assert_eq!(chunk["change.compress.stage"], "live");
    }
    check_store(&place.store("w-monday").unwrap(), monday);
}

#[test]
fn a_fault_that_no_dry_run_sees_is_seen_by_the_shadow_and_by_the_few() {
    let place = Place::new();
    let output = place.run(&["--weekend", "--build-id", "b", "--break", "place"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.contains("Monday was not what Friday predicted"), "{report}");

    let failed = |events: &[Event]| {
        chunks(events).into_iter().filter(|chunk| chunk["outcome"] == "error").count()
    };
    let [friday, saturday, sunday, monday] =
        ["friday", "saturday", "sunday", "monday"].map(|day| place.events(&format!("b-{day}")));
    assert_eq!((failed(&friday), failed(&saturday)), (0, 0));
    let mismatches = named(&saturday, "codec.candidate")
        .into_iter()
        .filter(|candidate| candidate["experiment.codec.match"] == false)
        .count();
    assert_eq!(mismatches, 9);
    assert_eq!((failed(&sunday), failed(&monday)), (1, 9), "one of them is of an app in the 1 %");
    // What could not be read back was taken back.
    check_store(&place.store("b-sunday").unwrap(), &sunday);
    check_store(&place.store("b-monday").unwrap(), &monday);
    assert!(sum(&monday, "did.compress.bytes_after") < sum(&friday, "would.compress.bytes_after"));
}

#[test]
fn a_kill_file_that_is_there_holds_from_the_first_chunk() {
    let place = Place::new();
    fs::write(place.path("stop"), "").unwrap();
    let output = place.run(&["--build-id", "k", "--kill-file", "stop"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let events = place.events("k");
    check_nothing_was_done(&events);
    assert_eq!(place.store("k"), None);
    assert!(chunks(&events).iter().all(|chunk| chunk["change.compress.reason"] == "killed"));
}

#[test]
fn the_environment_can_force_a_dry_run_and_not_the_opposite() {
    for (value, args) in [("1", ["--live"]), ("0", ["--dry-run"])] {
        let place = Place::new();
        let output =
            place.command(&["--build-id", "e"]).args(args).env("ODE_DRY_RUN", value).output();
        assert!(output.unwrap().status.success());
        check_nothing_was_done(&place.events("e"));
        assert_eq!(place.store("e"), None);
    }
}

#[test]
fn a_dry_run_leaves_the_store_of_an_earlier_run_as_it_is() {
    let place = Place::new();
    place.run(&["--build-id", "s"]);
    let before = place.store("s").unwrap();
    check_store(&before, &place.events("s"));
    place.run(&["--build-id", "s", "--dry-run"]);
    check_nothing_was_done(&place.events("s"));
    assert_eq!(place.store("s"), Some(before));
}
