//! Files that are put aside when they are long enough, and files that others move, cut and remove.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ode_core::{Batch, Exporter};
use ode_exporters::JsonLines;
use ode_exporters::jsonl::Rotation;

use crate::support::{TempDir, event, line, newlines, read};

/// One event a batch, with numbers of one length.
const FIRST: u64 = 100;

fn length() -> u64 {
    line(&event(FIRST)).len() as u64
}

fn write(exporter: &mut JsonLines, numbers: std::ops::Range<u64>) {
    for n in numbers {
        exporter.export(&Batch::new(vec![event(n)])).expect("nothing is wrong");
    }
}

fn numbers(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let (numbers, damaged) = read(&bytes);
    assert_eq!((newlines(&bytes), damaged), (numbers.len(), 0), "{}", path.display());
    numbers
}

fn aside(path: &Path, n: u32) -> PathBuf {
    PathBuf::from(format!("{}.{n}", path.display()))
}

fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_put_aside_before_it_is_too_long() {
    let dir = TempDir::new();
    let path = dir.join("e");
    // Three lines fit, exactly.
    let rotation = Rotation::at(3 * length()).keep(3);
    let mut exporter = JsonLines::file(&path).unwrap().rotate(rotation);
    write(&mut exporter, 100..103);
    assert_eq!(names(&dir), ["e"]);
    write(&mut exporter, 103..104);
    assert_eq!(names(&dir), ["e", "e.1", "e.lock"]);
    assert_eq!((numbers(&aside(&path, 1)), numbers(&path)), (vec![100, 101, 102], vec![103]));
    write(&mut exporter, 104..114);
    assert_eq!(names(&dir), ["e", "e.1", "e.2", "e.3", "e.lock"]);
    let kept: Vec<_> = (1..=3).map(|n| numbers(&aside(&path, n))).collect();
    assert_eq!(kept, [[109, 110, 111], [106, 107, 108], [103, 104, 105]]);
    assert_eq!(numbers(&path), [112, 113]);
    exporter.flush(Duration::from_secs(1)).unwrap();
    for name in names(&dir) {
        let mode = fs::metadata(dir.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn the_next_start_goes_on_and_a_smaller_number_deletes() {
    let dir = TempDir::new();
    let path = dir.join("e");
    let rotation = Rotation::at(length());
    write(&mut JsonLines::file(&path).unwrap().rotate(rotation.keep(4)), 100..107);
    assert_eq!(names(&dir), ["e", "e.1", "e.2", "e.3", "e.4", "e.lock"]);
    write(&mut JsonLines::file(&path).unwrap().rotate(rotation.keep(2)), 107..108);
    assert_eq!(names(&dir), ["e", "e.1", "e.2", "e.lock"]);
    let all = [2, 1].map(|n| numbers(&aside(&path, n)));
    assert_eq!((all, numbers(&path)), ([vec![105], vec![106]], vec![107]));
}

#[test]
fn a_batch_beyond_the_limit_has_a_file_of_its_own() {
    let dir = TempDir::new();
    let path = dir.join("e");
    let mut exporter = JsonLines::file(&path).unwrap().rotate(Rotation::at(10).keep(9));
    exporter.export(&Batch::new((100..110).map(event).collect())).unwrap();
    write(&mut exporter, 110..111);
    assert_eq!(numbers(&aside(&path, 1)), (100..110).collect::<Vec<_>>());
    assert_eq!(numbers(&path), [110]);
}

/// As a process leaves it that was killed between two of its renames.
#[test]
fn a_gap_is_filled() {
    let dir = TempDir::new();
    let path = dir.join("e");
    for (name, number) in [(path.clone(), 104), (aside(&path, 2), 103), (aside(&path, 4), 101)] {
        fs::write(name, line(&event(number))).unwrap();
    }
    let rotation = Rotation::at(length()).keep(4);
    let mut exporter = JsonLines::file(&path).unwrap().rotate(rotation);
    write(&mut exporter, 105..107);
    assert_eq!(names(&dir), ["e", "e.1", "e.2", "e.3", "e.4", "e.lock"]);
    let all = [4, 3, 2, 1].map(|n| numbers(&aside(&path, n)));
    assert_eq!((all.concat(), numbers(&path)), (vec![101, 103, 104, 105], vec![106]));
}

#[test]
fn only_files_are_put_aside() {
    let shared = crate::support::Shared::default();
    let mut exporter = JsonLines::writer(shared.clone()).rotate(Rotation::at(1));
    write(&mut exporter, 100..104);
    assert_eq!(read(&shared.bytes()), ((100..104).collect(), 0));
}

/// What tools that rotate logs do: the file is moved, and created or not.
#[test]
fn a_file_that_was_moved_is_left() {
    let dir = TempDir::new();
    let (path, moved) = (dir.join("e"), dir.join("moved"));
    for rotation in [None, Some(Rotation::at(1 << 20))] {
        let mut exporter = JsonLines::file(&path).unwrap();
        if let Some(rotation) = rotation {
            exporter = exporter.rotate(rotation);
        }
        write(&mut exporter, 100..103);
        fs::rename(&path, &moved).unwrap();
        write(&mut exporter, 103..105);
        assert_eq!((numbers(&moved), numbers(&path)), (vec![100, 101, 102], vec![103, 104]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);

        fs::rename(&path, &moved).unwrap();
        fs::write(&path, "").unwrap();
        write(&mut exporter, 105..106);
        assert_eq!((numbers(&moved), numbers(&path)), (vec![103, 104], vec![105]));

        fs::remove_file(&path).unwrap();
        write(&mut exporter, 106..107);
        assert_eq!(numbers(&path), [106]);
        exporter.flush(Duration::from_secs(1)).unwrap();
        fs::remove_file(&path).unwrap();
    }
}

/// As daemons do.
#[test]
fn a_program_that_changes_its_folder_stays_with_its_file() {
    let dir = TempDir::new();
    crate::roles::run("rotate-elsewhere", dir.path());
    assert_eq!(names(&dir), ["e", "e.1", "e.lock", "elsewhere"]);
    assert_eq!((numbers(&dir.join("e.1")), numbers(&dir.join("e"))), (vec![100], vec![101]));
    assert_eq!(fs::read_dir(dir.join("elsewhere")).unwrap().count(), 0);
}

pub(crate) fn elsewhere(dir: &Path) {
    std::env::set_current_dir(dir).unwrap();
    let mut exporter = JsonLines::file("e").unwrap().rotate(Rotation::at(length()));
    write(&mut exporter, 100..101);
    fs::create_dir("elsewhere").unwrap();
    std::env::set_current_dir("elsewhere").unwrap();
    write(&mut exporter, 101..102);
}

/// `copytruncate`: what comes next stands at the beginning, not behind a hole.
#[test]
fn a_file_that_was_cut_is_filled_from_its_beginning() {
    let dir = TempDir::new();
    let (path, copy) = (dir.join("e"), dir.join("copy"));
    let rotation = Rotation::at(3 * length());
    let mut exporter = JsonLines::file(&path).unwrap().rotate(rotation);
    for _ in 0..3 {
        write(&mut exporter, 100..103);
        fs::copy(&path, &copy).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        assert_eq!(numbers(&copy), [100, 101, 102]);
    }
    write(&mut exporter, 103..104);
    assert_eq!(numbers(&path), [103]);
    assert_eq!(names(&dir), ["copy", "e"], "it was never too long");
}

/// Moved at any moment, by somebody who asks nobody.
#[test]
fn no_line_is_lost_to_somebody_who_moves_the_file() {
    let dir = TempDir::new();
    let path = dir.join("e");
    let is_done = AtomicBool::new(false);
    let mut moved = std::thread::scope(|scope| {
        let mover = scope.spawn(|| {
            let mut moved = Vec::new();
            while !is_done.load(Ordering::SeqCst) || moved.len() < 10 {
                let to = dir.join(&format!("moved-{}", moved.len()));
                if fs::rename(&path, &to).is_ok() {
                    moved.push(to);
                } else if is_done.load(Ordering::SeqCst) {
                    break;
                }
            }
            moved
        });
        let mut exporter = JsonLines::file(&path).unwrap();
        for n in (0..4_000).step_by(2) {
            exporter.export(&Batch::new(vec![event(n), event(n + 1)])).unwrap();
        }
        is_done.store(true, Ordering::SeqCst);
        mover.join().unwrap()
    });
    assert!(moved.len() > 5, "{} moves", moved.len());
    moved.extend(path.exists().then_some(path));
    let mut all: Vec<_> = moved.iter().flat_map(|path| numbers(path)).collect();
    all.sort_unstable();
    assert_eq!(all, (0..4_000).collect::<Vec<_>>());
}

/// Removed at any moment: what is written to a file that has no name any more is written again.
#[test]
fn no_line_goes_to_a_file_that_was_removed() {
    let dir = TempDir::new();
    let path = dir.join("e");
    let is_done = AtomicBool::new(false);
    let mut removed = std::thread::scope(|scope| {
        let remover = scope.spawn(|| {
            let mut removed = Vec::new();
            while !is_done.load(Ordering::SeqCst) {
                let Ok(file) = File::open(&path) else { continue };
                fs::remove_file(&path).unwrap();
                let before = file.metadata().unwrap().len();
                removed.push((file, before));
                if removed.len() == 500 {
                    break;
                }
            }
            removed
        });
        let mut exporter = JsonLines::file(&path).unwrap();
        for n in 0..10_000 {
            // It may be removed more often than it is written to: that is an error, and passes.
            while exporter.export(&Batch::new(vec![event(n)])).is_err() {}
        }
        is_done.store(true, Ordering::SeqCst);
        remover.join().unwrap()
    });
    let (mut early, mut late) = (HashSet::new(), Vec::new());
    for (file, before) in &mut removed {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let (first, second) = bytes.split_at(usize::try_from(*before).unwrap());
        early.extend(read(first).0);
        late.extend(read(second).0);
    }
    if let Ok(bytes) = fs::read(&path) {
        early.extend(read(&bytes).0);
    }
    let lost: Vec<_> = late.iter().filter(|n| !early.contains(n)).collect();
    assert!(lost.is_empty(), "{lost:?} of {} late ones", late.len());
    assert_eq!(early.len(), 10_000);
    writeln!(std::io::stdout(), "{} removed, {} late lines", removed.len(), late.len()).unwrap();
}
