//! Putting a file aside: by one process at a time, and so that every moment of it is a state to go
//! on from.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::mem::ManuallyDrop;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::jsonl::file;
use crate::jsonl::rotation::{Rotation, beside};

/// The right to put files aside, until it is dropped or the process is gone.
pub(crate) struct Turn(Option<Flock<File>>);

impl Turn {
    /// Opens what the lock is on.
    pub(crate) fn open(path: &Path) -> io::Result<File> {
        file::reopen(&beside(path, "lock"))
    }

    /// Takes the right if nobody has it.
    pub(crate) fn take(lock: File) -> Result<Self, (File, io::Error)> {
        match Flock::lock(lock, FlockArg::LockExclusiveNonblock) {
            Ok(held) => Ok(Self(Some(held))),
            Err((lock, Errno::EWOULDBLOCK)) => Err((lock, ErrorKind::WouldBlock.into())),
            Err((lock, error)) => Err((lock, error.into())),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A child forked meanwhile has the descriptor too, so closing it would not be enough.
        if let Some(Err((held, _))) = self.0.take().map(Flock::unlock) {
            // Its own destructor would panic.
            let _never_dropped = ManuallyDrop::new(held);
        }
    }
}

/// Puts the file aside: every kept one goes up by one, the oldest is replaced.
///
/// A gap ends that, as it is left by a process that was killed in the middle. Nothing is
/// followed and nothing opened: what is planted under one of the names stays as it is, and is
/// an error.
pub(crate) fn put_aside(_turn: &Turn, path: &Path, rotation: &Rotation) -> io::Result<()> {
    let mut free = rotation.keep;
    for (n, name) in (1..).zip(rotation.kept(path)) {
        if !file::is_kept(&name)? {
            free = n;
            break;
        }
    }
    for n in (1..free).rev() {
        fs::rename(beside(path, n), beside(path, n + 1))?;
    }
    fs::rename(path, beside(path, 1))?;
    // Of a time when more were kept.
    for n in rotation.keep.saturating_add(1).. {
        let name = beside(path, n);
        if !file::is_kept(&name).unwrap_or(false) || fs::remove_file(&name).is_err() {
            break;
        }
    }
    Ok(())
}
