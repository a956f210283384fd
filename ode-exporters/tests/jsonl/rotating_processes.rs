//! T32 with rotation: several processes that put one file aside, and processes killed while they do.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ode_core::{Batch, Exporter};
use ode_exporters::JsonLines;
use ode_exporters::jsonl::Rotation;

use crate::processes::{LINES, PROCESSES, Seen, all_at_once, append_with, payload, see};
use crate::roles::{self, Child};
use crate::support::{TempDir, newlines};

const LIMIT: u64 = 256 << 10;
/// More than are made.
const ALL: u32 = 100_000;
/// The largest batch of the role is 64 of the longest lines.
const LARGEST_BATCH: u64 = 64 * 1_000;

/// The files of events, whatever became of their names; the lock is no such file.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_none_or(|end| end != "lock")).collect();
    files.sort();
    files
}

pub(crate) fn append_and_rotate(dir: &Path) {
    let file = JsonLines::file(dir.join("events.jsonl")).unwrap();
    append_with(file.rotate(Rotation::at(LIMIT).keep(ALL)));
}

pub(crate) fn append_and_keep_two(dir: &Path) {
    let file = JsonLines::file(dir.join("events.jsonl")).unwrap();
    append_with(file.rotate(Rotation::at(LIMIT).keep(2)));
}

#[test]
fn eight_processes_lose_and_double_no_line() {
    let dir = TempDir::new();
    all_at_once("append-and-rotate", dir.path());
    let (mut seen, mut lines, mut files_seen) = (Seen::new(), 0, 0);
    for file in files(dir.path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.ends_with(b"\n"), "{file:?}");
        let most = LIMIT + PROCESSES as u64 * LARGEST_BATCH;
        assert!(bytes.len() as u64 <= most, "{file:?}: {} bytes", bytes.len());
        see(&bytes, &mut seen);
        lines += newlines(&bytes) as u64;
        files_seen += 1;
    }
    assert_eq!(seen.len() as u64, PROCESSES as u64 * LINES);
    assert!(seen.values().all(|times| *times == 1), "a line came twice");
    assert_eq!(lines, PROCESSES as u64 * LINES, "exactly one newline a line");
    assert!(files_seen > 50, "{files_seen} files: they were hardly put aside");
}

#[test]
fn eight_processes_keep_as_many_files_as_they_should() {
    let dir = TempDir::new();
    all_at_once("append-and-keep-two", dir.path());
    let files = files(dir.path());
    let expected = ["events.jsonl", "events.jsonl.1", "events.jsonl.2"].map(|name| dir.join(name));
    assert_eq!(files, expected);
    let mut seen = Seen::new();
    for file in files {
        see(&fs::read(file).unwrap(), &mut seen);
    }
    assert!(seen.values().all(|times| *times == 1), "a line came twice");
}

/// Batches of which every few put the file aside, and each is told when it is delivered.
pub(crate) fn rotate_forever(dir: &Path) {
    let file = JsonLines::file(dir.join("events.jsonl")).unwrap();
    let mut exporter = file.rotate(Rotation::at(4 << 10).keep(ALL));
    let writer = u64::from(std::process::id());
    // More would fill the disk if nobody killed us.
    for n in 0..100_000 {
        let batch = [2 * n, 2 * n + 1].map(|n| payload(writer, n).0);
        exporter.export(&Batch::new(batch.into())).unwrap();
        roles::report(&format!("delivered {writer} {n}"));
    }
}

/// Killed 100 times in the middle of it. What was delivered is there, once, and each start goes on.
#[test]
fn killed_processes_lose_no_line_that_was_delivered() {
    const KILLS: u64 = 100;
    let dir = TempDir::new();
    let (mut delivered, mut damaged, mut aside) = (0, 0, 0);
    for kill in 0..KILLS {
        let mut child = Child::start("rotate-forever", dir.path());
        let mut last = child.next_report("delivered").expect("it starts");
        // Its neighbours in time are as good as chance.
        for _ in 0..kill * 7 % 31 {
            last = child.next_report("delivered").expect("it goes on");
        }
        child.kill_only();
        while let Some(report) = child.next_report("delivered") {
            last = report;
        }
        child.kill();
        let (writer, n) = last.split_once(' ').unwrap();
        let (writer, n): (u64, u64) = (writer.parse().unwrap(), n.parse().unwrap());

        let mut seen = Seen::new();
        for file in files(dir.path()) {
            let bytes = fs::read(&file).unwrap();
            let (whole, torn): (Vec<_>, Vec<_>) = bytes
                .split_inclusive(|byte| *byte == b'\n')
                .filter(|line| line.trim_ascii() != b"")
                .partition(|line| line.ends_with(b"}\n"));
            for line in whole {
                see(line, &mut seen);
            }
            damaged += torn.len();
            if !file.ends_with("events.jsonl") {
                aside += 1;
                fs::remove_file(file).unwrap();
            }
        }
        for line in 0..2 * n + 2 {
            // Those in the live file are seen again after the next kill.
            let times = seen.get(&(writer, line)).copied();
            assert_eq!(times, Some(1), "line {line} after kill {kill}");
        }
        delivered += 2 * n + 2;
    }
    // A torn line at the end of the live file is counted again as long as that lives.
    assert!(damaged as u64 <= 2 * KILLS, "{damaged} torn lines after {KILLS} kills");
    assert!(aside > KILLS, "{aside} files were put aside: it was hardly tested");
    writeln!(io::stdout(), "{delivered} delivered, {aside} files, {damaged} torn lines").unwrap();
}
