//! T47: what may stand at the path of the file; and how torn files are taken up again.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::{Uid, chown, mkfifo};
use ode_core::{Batch, Exporter};
use ode_exporters::JsonLines;

use crate::roles;
use crate::support::{TempDir, event, line, newlines, read, skipped};

#[track_caller]
fn check_refused(path: &Path, kind: ErrorKind, found: &str) {
    let error = JsonLines::file(path).expect_err("it was opened");
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&format!("open {:?} for events: ", path.to_str().unwrap())),
        "no path: {text}"
    );
    assert!(text.contains(found), "{text}");
    assert!(text.contains("; "), "no advice: {text}");
}

#[test]
fn a_symbolic_link_is_refused_and_its_target_left_alone() {
    let dir = TempDir::new();
    let (target, link) = (dir.join("target"), dir.join("link.jsonl"));
    fs::write(&target, "precious").unwrap();
    symlink(&target, &link).unwrap();
    check_refused(&link, ErrorKind::InvalidInput, "it is a symbolic link");
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");

    let (missing, dangling) = (dir.join("missing"), dir.join("dangling.jsonl"));
    symlink(&missing, &dangling).unwrap();
    check_refused(&dangling, ErrorKind::InvalidInput, "it is a symbolic link");
    assert!(!missing.exists(), "the target was created");
}

#[test]
fn a_hard_link_is_refused_and_its_target_left_alone() {
    let dir = TempDir::new();
    let (target, link) = (dir.join("target"), dir.join("link.jsonl"));
    fs::write(&target, "precious without a newline").unwrap();
    fs::hard_link(&target, &link).unwrap();
    check_refused(&link, ErrorKind::InvalidInput, "it has 2 names (hard links)");
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious without a newline");
}

#[test]
fn a_named_pipe_is_refused_and_never_blocks() {
    let dir = TempDir::new();
    let pipe = dir.join("pipe.jsonl");
    mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let opening = std::thread::Builder::new().name("opening".into()).spawn(move || {
        check_refused(&pipe, ErrorKind::InvalidInput, "it is a named pipe");
        sender.send(()).ok();
    });
    receiver
        .recv_timeout(Duration::from_secs(30))
        .expect("opening the pipe blocked, or was not refused");
    opening.unwrap().join().unwrap();
}

#[test]
fn directories_devices_and_missing_directories_are_refused() {
    let dir = TempDir::new();
    check_refused(dir.path(), ErrorKind::IsADirectory, "it is a directory");
    check_refused(Path::new("/dev/null"), ErrorKind::InvalidInput, "it is a device");
    check_refused(&dir.join("no/such.jsonl"), ErrorKind::NotFound, "its directory does not exist");
    check_refused(&dir.join("bad\0name"), ErrorKind::InvalidInput, "NUL byte");
}

#[test]
fn a_file_of_another_user_is_refused() {
    let dir = TempDir::new();
    let path = dir.join("other.jsonl");
    fs::write(&path, "theirs").unwrap();
    if !Uid::effective().is_root() || chown(&path, Some(Uid::from_raw(65_534)), None).is_err() {
        skipped("a file of another user: only root can make one");
        return;
    }
    check_refused(&path, ErrorKind::PermissionDenied, "it belongs to user 65534");
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
}

#[test]
fn a_message_shows_no_control_character_of_the_path() {
    let dir = TempDir::new();
    let error = JsonLines::file(dir.join("\x1b[2J/x")).expect_err("no such directory");
    assert!(!error.to_string().contains('\x1b'), "{error}");
}

#[test]
fn created_files_are_private_whatever_the_umask() {
    let dir = TempDir::new();
    roles::run("umask", dir.path());
    let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("created.jsonl"), 0o600);
    assert_eq!(mode("existing.jsonl"), 0o644, "an existing file keeps its mode");
}

pub(crate) fn under_umask_000(dir: &Path) {
    nix::sys::stat::umask(Mode::empty());
    let existing = dir.join("existing.jsonl");
    fs::write(&existing, "").unwrap();
    fs::set_permissions(&existing, fs::Permissions::from_mode(0o644)).unwrap();
    for path in [existing, dir.join("created.jsonl")] {
        JsonLines::file(path).unwrap().export(&Batch::new(vec![event(1)])).unwrap();
    }
}

#[test]
fn appends_and_flushes() {
    let dir = TempDir::new();
    let path = dir.join("events.jsonl");
    for round in 0..3 {
        let mut exporter = JsonLines::file(&path).unwrap();
        exporter.export(&Batch::new(vec![event(round * 2), event(round * 2 + 1)])).unwrap();
        exporter.flush(Duration::from_secs(1)).unwrap();
    }
    assert_eq!(read(&fs::read(&path).unwrap()), ((0..6).collect(), 0));
}

/// The same file, torn after every number of bytes: nothing is truncated, one line is damaged at
/// most, and the next one is intact.
#[test]
fn a_torn_tail_is_ended_by_a_newline() {
    let dir = TempDir::new();
    let path = dir.join("events.jsonl");
    let whole = line(&event(0)) + &line(&event(1));
    for length in 0..=whole.len() {
        let torn = whole.get(..length).unwrap();
        fs::write(&path, torn).unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        JsonLines::file(&path).unwrap().export(&Batch::new(vec![event(2)])).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        let newline = if torn.is_empty() || torn.ends_with('\n') { "" } else { "\n" };
        assert_eq!(after, format!("{torn}{newline}{}", line(&event(2))));
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "another file");
        let (numbers, damaged) = read(after.as_bytes());
        assert_eq!(numbers.last(), Some(&2));
        assert!(damaged <= 1);
    }
}

#[test]
fn a_full_device_is_an_error_that_passes() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        skipped("a full device: there is no /dev/full");
        return;
    };
    let error =
        JsonLines::writer(full).export(&Batch::new(vec![event(1)])).expect_err("it is full");
    assert!(error.is_retryable(), "{error:?}");
    assert!(format!("{error:?}").contains("delivered: 0"), "{error:?}");
}

/// A file system of 64 KiB in a mount namespace of a child, which takes it along when it ends.
#[test]
fn a_full_disk_costs_one_damaged_line_and_no_event() {
    let dir = TempDir::new();
    if !roles::run_with_small_disk("full-disk", dir.path()) {
        skipped("a full disk: no tmpfs can be mounted here");
    }
}

pub(crate) fn on_a_full_disk(dir: &Path) {
    let (path, ballast) = (dir.join("events.jsonl"), dir.join("ballast"));
    fs::write(&ballast, [b'x'; 16 << 10]).unwrap();
    let events: Vec<_> = (0..300).map(event).collect();
    let mut exporter = JsonLines::file(&path).unwrap();
    let error = exporter.export(&Batch::new(events.clone())).expect_err("300 events do not fit");
    assert!(error.is_retryable(), "{error:?}");
    let before = fs::read(&path).unwrap();
    let delivered = newlines(&before);
    assert!(
        delivered > 0 && format!("{error:?}").contains(&format!("delivered: {delivered},")),
        "{error:?}"
    );
    assert!(!before.ends_with(b"\n"), "the disk was full in the middle of a line");
    let rest: Vec<_> = events.into_iter().skip(delivered).take(20).collect();
    let error = exporter.export(&Batch::new(rest.clone())).expect_err("it is still full");
    assert!(error.is_retryable() && format!("{error:?}").contains("delivered: 0,"), "{error:?}");
    fs::remove_file(&ballast).unwrap();
    exporter.export(&Batch::new(rest)).expect("there is room again");
    let (numbers, damaged) = read(&fs::read(&path).unwrap());
    assert_eq!(numbers, (0..delivered as u64 + 20).collect::<Vec<_>>());
    assert_eq!(damaged, 1);
}

#[test]
fn a_file_that_is_not_open_for_writing_is_an_error() {
    let dir = TempDir::new();
    fs::write(dir.join("read-only"), "").unwrap();
    let read_only = File::open(dir.join("read-only")).unwrap();
    let mut exporter = JsonLines::writer(read_only);
    let error =
        exporter.export(&Batch::new(vec![event(1)])).expect_err("it is not open for writing");
    assert!(error.is_retryable());
}
