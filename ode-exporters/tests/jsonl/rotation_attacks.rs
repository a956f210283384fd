//! T47 for rotation: what may stand under the names that are needed, folders that may not be written
//! to, full disks. Events are written all the same, and the trouble is told once.

use std::error::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::{Uid, chown, mkfifo, setuid};
use ode_core::{Batch, Event, ExportError, Exporter};
use ode_exporters::JsonLines;
use ode_exporters::jsonl::Rotation;

use crate::roles;
use crate::support::{TempDir, event, line, newlines, read, skipped};

fn length() -> u64 {
    line(&event(100)).len() as u64
}

fn export(exporter: &mut JsonLines, n: u64) -> Result<(), ExportError> {
    exporter.export(&Batch::new(vec![event(n)]))
}

/// Whether it is what is told of a batch that arrived.
#[track_caller]
fn check_told(result: Result<(), ExportError>, what: &str) {
    let error = result.expect_err("something is wrong, and it is told");
    assert!(!error.is_retryable() && error.rejected_events() == 0, "{error:?}");
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text = format!("{text}: {found}");
        cause = found.source();
    }
    assert!(text.contains(what), "{what} in {text}");
}

fn plant(what: &str, at: &Path, target: &Path) {
    fs::write(target, "precious").unwrap();
    match what {
        "symbolic link" => symlink(target, at).unwrap(),
        "dangling link" => symlink(target.with_extension("missing"), at).unwrap(),
        "hard link" => fs::hard_link(target, at).unwrap(),
        "pipe" => mkfifo(at, Mode::S_IRUSR | Mode::S_IWUSR).unwrap(),
        "directory" => {
            fs::create_dir(at).unwrap();
            fs::write(at.join("inside"), "precious").unwrap();
        }
        other => panic!("{other}"),
    }
}

fn unplant(at: &Path) {
    if at.is_dir() && !at.is_symlink() {
        assert_eq!(fs::read_to_string(at.join("inside")).unwrap(), "precious");
        fs::remove_dir_all(at).unwrap();
    } else {
        fs::remove_file(at).unwrap();
    }
}

#[test]
fn what_is_planted_is_left_alone_and_told_once() {
    for name in ["e.1", "e.2", "e.lock"] {
        for what in ["symbolic link", "dangling link", "pipe", "directory", "hard link"] {
            if what == "hard link" && name != "e.lock" {
                continue;
            }
            let dir = TempDir::new();
            let (path, target, at) = (dir.join("e"), dir.join("target"), dir.join(name));
            if name == "e.2" {
                fs::write(dir.join("e.1"), line(&event(90))).unwrap();
            }
            plant(what, &at, &target);
            let rotation = Rotation::at(3 * length()).keep(4);
            let mut exporter = JsonLines::file(&path).unwrap().rotate(rotation);
            for n in 100..103 {
                export(&mut exporter, n).unwrap();
            }
            check_told(export(&mut exporter, 103), &format!("{:?}", at.to_str().unwrap()));
            // Tried again when as much has come as a file holds, and not told again.
            for n in 104..120 {
                export(&mut exporter, n).unwrap_or_else(|error| panic!("{what} {n}: {error:?}"));
            }
            let whole: Vec<_> = (100..120).collect();
            assert_eq!(read(&fs::read(&path).unwrap()), (whole, 0), "{what} at {name}");
            assert_eq!(fs::read_to_string(&target).unwrap(), "precious", "{what} at {name}");
            assert!(!dir.join("target.missing").exists(), "{what} at {name}");

            unplant(&at);
            for n in 120..124 {
                export(&mut exporter, n).unwrap();
            }
            assert!(dir.join("e.1").is_file(), "it goes on: {what} at {name}");
            let live = fs::metadata(&path).unwrap().len();
            assert!(live <= 3 * length(), "{live} bytes: {what} at {name}");
        }
    }
}

/// What failed is not tried with every batch.
#[test]
fn it_is_tried_again_when_as_much_has_come_as_a_file_holds() {
    let dir = TempDir::new();
    let (path, at) = (dir.join("e"), dir.join("e.1"));
    plant("directory", &at, &dir.join("target"));
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(3 * length()));
    for n in 100..103 {
        export(&mut exporter, n).unwrap();
    }
    check_told(export(&mut exporter, 103), "e.1");
    unplant(&at);
    for n in 104..106 {
        export(&mut exporter, n).unwrap();
        assert!(!at.exists(), "{n}");
    }
    export(&mut exporter, 106).unwrap();
    assert_eq!(read(&fs::read(at).unwrap()), ((100..106).collect(), 0));
}

/// As backups make them: what was put aside is moved and never written to.
#[test]
fn other_names_of_what_was_put_aside_do_no_harm() {
    let dir = TempDir::new();
    let (path, backup) = (dir.join("e"), dir.join("backup"));
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(length()).keep(2));
    for n in 100..102 {
        export(&mut exporter, n).unwrap();
    }
    fs::hard_link(dir.join("e.1"), &backup).unwrap();
    for n in 102..106 {
        export(&mut exporter, n).unwrap();
    }
    assert_eq!(read(&fs::read(backup).unwrap()), (vec![100], 0));
    assert_eq!(read(&fs::read(dir.join("e.2")).unwrap()), (vec![103], 0));
}

#[test]
fn a_file_of_another_user_is_not_moved() {
    let dir = TempDir::new();
    let (path, theirs) = (dir.join("e"), dir.join("e.1"));
    fs::write(&theirs, "theirs").unwrap();
    if !Uid::effective().is_root() || chown(&theirs, Some(Uid::from_raw(65_534)), None).is_err() {
        skipped("a file of another user: only root can make one");
        return;
    }
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(length()));
    export(&mut exporter, 100).unwrap();
    check_told(export(&mut exporter, 101), "it belongs to user 65534");
    assert_eq!(fs::read_to_string(theirs).unwrap(), "theirs");
}

/// The path itself: what is planted there is not written to, also when the file is moved away first.
#[test]
fn what_stands_at_the_path_later_is_not_written_to() {
    for what in ["symbolic link", "dangling link", "pipe", "directory", "hard link"] {
        let dir = TempDir::new();
        let (path, moved, target) = (dir.join("e"), dir.join("moved"), dir.join("target"));
        let mut exporter = JsonLines::file(&path).unwrap();
        export(&mut exporter, 100).unwrap();
        fs::rename(&path, &moved).unwrap();
        plant(what, &path, &target);
        check_told(export(&mut exporter, 101), &format!("{:?}", path.to_str().unwrap()));
        for n in 102..140 {
            export(&mut exporter, n).unwrap_or_else(|error| panic!("{what} {n}: {error:?}"));
        }
        assert_eq!(read(&fs::read(&moved).unwrap()), ((100..140).collect(), 0), "{what}");
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious", "{what}");
        assert!(!dir.join("target.missing").exists(), "{what}");

        // Without any name left it would be lost: that is an error, and passes.
        fs::remove_file(&moved).unwrap();
        let error = export(&mut exporter, 140).expect_err("there is no file");
        assert!(error.is_retryable() && error.delivered_events() == 0, "{error:?}");
        unplant(&path);
        export(&mut exporter, 140).unwrap();
        assert_eq!(read(&fs::read(&path).unwrap()), (vec![140], 0), "{what}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_to_is_told_once() {
    let dir = TempDir::new();
    roles::run("rotate-read-only", dir.path());
    fs::set_permissions(dir.join("folder"), fs::Permissions::from_mode(0o700)).unwrap();
}

pub(crate) fn in_a_read_only_folder(dir: &Path) {
    let folder = dir.join("folder");
    fs::create_dir(&folder).unwrap();
    if Uid::effective().is_root() {
        let nobody = Uid::from_raw(65_534);
        chown(&folder, Some(nobody), None).unwrap();
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
        setuid(nobody).unwrap();
    }
    let path = folder.join("e");
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(length()).keep(2));
    export(&mut exporter, 100).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    check_told(export(&mut exporter, 101), "may not read and append");
    for n in 102..120 {
        export(&mut exporter, n).unwrap();
    }
    assert_eq!(read(&fs::read(&path).unwrap()), ((100..120).collect(), 0));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    for n in 120..124 {
        export(&mut exporter, n).unwrap();
    }
    assert_eq!(read(&fs::read(&path).unwrap()), (vec![123], 0));
}

#[test]
fn a_full_disk_loses_no_event_while_files_are_put_aside() {
    let dir = TempDir::new();
    if !roles::run_with_small_disk("rotate-full-disk", dir.path()) {
        skipped("a full disk: no tmpfs can be mounted here");
    }
}

/// 64 KiB. Files are put aside until nothing fits; then the oldest ones are taken away.
pub(crate) fn on_a_full_disk(dir: &Path) {
    let path = dir.join("e");
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(10 << 10).keep(50));
    let (mut next, mut full, mut taken) = (0_u64, 0, Vec::new());
    while next < 1_500 {
        let batch: Vec<Event> = (next..1_500.min(next + 20)).map(event).collect();
        match exporter.export(&Batch::new(batch.clone())) {
            Ok(()) => next += batch.len() as u64,
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                next += error.delivered_events() as u64;
                full += 1;
                assert!(full < 500, "it never goes on");
                let oldest =
                    (1..=50).rev().map(|n| PathBuf::from(format!("{}.{n}", path.display())));
                let oldest = oldest.into_iter().find(|path| path.exists()).expect("one put aside");
                taken.push(fs::read(&oldest).unwrap());
                fs::remove_file(oldest).unwrap();
            }
        }
    }
    assert!(full > 2, "the disk was full {full} times");
    let mut rest: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    rest.retain(|path| path.extension().is_none_or(|end| end != "lock"));
    taken.extend(rest.into_iter().map(|path| fs::read(path).unwrap()));
    let (mut numbers, mut torn) = (Vec::new(), 0);
    for bytes in taken {
        let (found, damaged) = read(&bytes);
        assert!(newlines(&bytes) + 1 >= found.len());
        numbers.extend(found);
        torn += damaged;
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..1_500).collect::<Vec<_>>());
    assert!(torn <= full, "{torn} torn lines after {full} failures");
}
