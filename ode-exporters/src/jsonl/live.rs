//! The file that events are appended to: the one at its path, whoever moves or removes it, and put
//! aside when it is long enough.

#![cfg_attr(not(unix), expect(dead_code, reason = "files are followed on Unix only"))]

use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::jsonl::file;
use crate::jsonl::rotation::Rotation;

/// The file at a path.
pub(crate) struct LiveFile {
    file: File,
    path: PathBuf,
    identity: Identity,
    rotation: Option<Rotation>,
    /// It is not put aside before it is as long as this: the last attempt failed.
    not_before: u64,
    pause: Pause,
    /// Events that no flush has covered are in files that were put aside.
    left: bool,
    trouble: Trouble,
}

/// What a file is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

/// What is wrong while events are written all the same. It is told once, until it is over.
#[derive(Debug, Default)]
enum Trouble {
    #[default]
    None,
    Untold(io::Error),
    Told,
}

/// Batches that go to the file as it is after its path could not be opened again, twice as many each
/// time: there is no clock here, and no need to try it every time.
#[derive(Debug, Default)]
struct Pause {
    left: u32,
    next: u32,
}

/// A longer pause is not made.
const MAX_PAUSE: u32 = 256;
/// How often others may be quicker in filling the new file.
#[cfg(unix)]
const MAX_TURNS: usize = 8;

impl LiveFile {
    /// Opens it; says whether its last line is still torn.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, bool)> {
        let (file, torn) = file::open(path)?;
        let live = Self {
            identity: Identity::of(&file.metadata()?),
            file,
            // The program may change its folder later, as one does that becomes a daemon.
            path: std::path::absolute(path)?,
            rotation: None,
            not_before: 0,
            pause: Pause::default(),
            left: false,
            trouble: Trouble::None,
        };
        Ok((live, torn))
    }

    pub(crate) fn rotate(&mut self, rotation: Rotation) {
        self.rotation = Some(rotation);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Makes ready for a batch of so many bytes; says whether it goes to another file than the last
    /// one. A line that is `torn` is ended in the file that is left.
    ///
    /// It is an error where the file has no name any more and none can be opened.
    #[cfg(unix)]
    pub(crate) fn prepare(&mut self, batch: usize, torn: bool) -> io::Result<bool> {
        let mut moved = self.follow(torn)?;
        let Some(rotation) = self.rotation else { return Ok(moved) };
        for _ in 0..MAX_TURNS {
            let length = self.file.metadata().map_or(0, |found| found.len());
            if length < self.not_before || !rotation.is_due(length, batch as u64) {
                break;
            }
            match self.turn(&rotation, torn && !moved) {
                Ok(()) => moved = true,
                Err(error) => {
                    self.not_before = length.saturating_add(rotation.bytes);
                    self.note(io::Error::new(
                        error.kind(),
                        format!("it is not put aside and grows beyond its limit: {error}"),
                    ));
                    break;
                }
            }
        }
        Ok(moved)
    }

    /// Other systems do not let a file be renamed while others write to it, or not be recognised.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn prepare(&mut self, _batch: usize, _torn: bool) -> io::Result<bool> {
        Ok(false)
    }

    /// Opens the path again where it is another file's, or nobody's.
    #[cfg(unix)]
    fn follow(&mut self, torn: bool) -> io::Result<bool> {
        if self.is_live() || (self.pause.passes() && !self.is_gone()) {
            return Ok(false);
        }
        match file::reopen(&self.path) {
            Ok(file) => {
                self.enter(file, torn)?;
                Ok(true)
            }
            Err(error) if self.is_gone() => Err(error),
            Err(error) => {
                self.pause.begin();
                self.note(error);
                Ok(false)
            }
        }
    }

    /// Puts the file aside, or finds that another process has.
    #[cfg(unix)]
    fn turn(&mut self, rotation: &Rotation, torn: bool) -> io::Result<()> {
        use crate::jsonl::turn::{Turn, put_aside};
        use std::time::Duration;

        /// For a second, a thousand times: only a process that was stopped takes as long.
        const ATTEMPTS: usize = 1_000;
        const WAIT: Duration = Duration::from_millis(1);

        let mut lock = Turn::open(&self.path)?;
        for _ in 0..ATTEMPTS {
            match Turn::take(lock) {
                Ok(turn) => {
                    if self.is_live() {
                        put_aside(&turn, &self.path, rotation)?;
                    }
                    return self.enter(file::reopen(&self.path)?, torn);
                }
                Err((back, error)) if error.kind() == io::ErrorKind::WouldBlock => lock = back,
                Err((_, error)) => return Err(error),
            }
            std::thread::sleep(WAIT);
            if !self.is_live() {
                return self.enter(file::reopen(&self.path)?, torn);
            }
        }
        let what = "another process has held the lock beside it for a second";
        Err(io::Error::new(io::ErrorKind::TimedOut, what))
    }

    /// Goes on in another file of the same path.
    #[cfg(unix)]
    fn enter(&mut self, file: File, torn: bool) -> io::Result<()> {
        let identity = Identity::of(&file.metadata()?);
        if torn {
            // If this fails too, the file ends in half a line.
            drop(self.file.write(b"\n"));
        }
        let is_own = |name: PathBuf| Identity::at(&name).is_ok_and(|found| found == self.identity);
        let is_kept = self.rotation.iter().any(|rotation| rotation.kept(&self.path).any(is_own));
        let is_lost = !is_kept && !self.is_gone();
        self.left |= is_kept;
        let before = std::mem::replace(&mut self.file, file);
        self.identity = identity;
        (self.not_before, self.pause) = (0, Pause::default());
        self.trouble = Trouble::None;
        // Moved by somebody else: no flush would find it again.
        if is_lost && let Err(error) = before.sync_data() {
            self.note(error);
        }
        Ok(())
    }

    /// Whether the path is still this file's. What cannot be looked at is taken for it.
    #[cfg(unix)]
    fn is_live(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound};
        match Identity::at(&self.path) {
            Ok(found) => found == self.identity,
            Err(error) => !matches!(error.kind(), NotFound | NotADirectory),
        }
    }

    /// Whether the file has no name any more: what is written to it is nowhere.
    pub(crate) fn is_gone(&self) -> bool {
        self.file.metadata().is_ok_and(|found| names(&found) == 0)
    }

    fn note(&mut self, error: io::Error) {
        if matches!(self.trouble, Trouble::None) {
            self.trouble = Trouble::Untold(error);
        }
    }

    /// What is to be told although the batch was written.
    pub(crate) fn take_trouble(&mut self) -> Option<io::Error> {
        match std::mem::replace(&mut self.trouble, Trouble::Told) {
            Trouble::Untold(error) => Some(error),
            before => {
                self.trouble = before;
                None
            }
        }
    }

    /// Waits until what was written is on its disk, in whichever file it is now.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if std::mem::take(&mut self.left) {
            self.sync_left().inspect_err(|_| self.left = true)?;
        }
        Ok(())
    }

    fn sync_left(&self) -> io::Result<()> {
        for name in self.rotation.iter().flat_map(|rotation| rotation.kept(&self.path)) {
            if file::is_kept(&name).unwrap_or(false) {
                file::read(&name)?.sync_data()?;
            }
        }
        // The names, too.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Pause {
    /// Whether this batch is one of those that do not try.
    fn passes(&mut self) -> bool {
        let passes = self.left > 0;
        self.left = self.left.saturating_sub(1);
        passes
    }

    fn begin(&mut self) {
        self.next = self.next.max(1);
        self.left = self.next;
        self.next = self.next.saturating_mul(2).min(MAX_PAUSE);
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(found.dev(), found.ino())
    }

    #[cfg(not(unix))]
    fn of(_found: &Metadata) -> Self {
        Self(0, 0)
    }

    /// Of what is at a path, followed nowhere.
    #[cfg(unix)]
    fn at(path: &Path) -> io::Result<Self> {
        std::fs::symlink_metadata(path).map(|found| Self::of(&found))
    }
}

#[cfg(unix)]
fn names(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn names(_found: &Metadata) -> u64 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        let mut pause = Pause::default();
        assert!(!pause.passes());
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256] {
            pause.begin();
            let mut passed = 0;
            while pause.passes() {
                passed += 1;
            }
            assert_eq!(passed, expected);
        }
    }
}
