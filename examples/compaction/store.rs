//! The file that packed chunks are stored in: what a dry run must not touch.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Chunks one after another; where each lies is on its event, as `did.compress.offset`.
///
/// It is kept in a [`LiveOnly`](ode::LiveOnly), so that only a change that is live reaches it. Making
/// one touches nothing: a run that stores nothing leaves no file, and that of an earlier run as it is.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    file: Option<File>,
    end: u64,
}

/// Where a stored chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: usize,
}

impl Store {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, file: None, end: 0 }
    }

    /// Adds a chunk. The first of a run replaces what an earlier run of the same build stored.
    pub(crate) fn put(&mut self, chunk: &[u8]) -> io::Result<Place> {
        let place = Place { offset: self.end, length: chunk.len() };
        let file = self.file()?;
        file.seek(SeekFrom::Start(place.offset))?;
        file.write_all(chunk)?;
        self.end = file.stream_position()?;
        Ok(place)
    }

    pub(crate) fn read(&mut self, place: Place) -> io::Result<Vec<u8>> {
        let mut chunk = vec![0; place.length];
        let file = self.file()?;
        file.seek(SeekFrom::Start(place.offset))?;
        file.read_exact(&mut chunk)?;
        Ok(chunk)
    }

    /// Takes back the chunk that was added last.
    pub(crate) fn take_back(&mut self, place: Place) -> io::Result<()> {
        self.file()?.set_len(place.offset)?;
        self.end = place.offset;
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                let mut options = OpenOptions::new();
                let options = options.create(true).truncate(true).read(true).write(true);
                Ok(none.insert(options.open(&self.path)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_lie_one_after_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.store");
        let mut store = Store::at(path.clone());
        assert!(!path.exists(), "nothing was stored yet");
        let first = store.put(b"first").unwrap();
        let second = store.put(b"2nd").unwrap();
        assert_eq!((first.offset, second.offset), (0, 5));
        assert_eq!(store.read(first).unwrap(), b"first");

        store.take_back(second).unwrap();
        let third = store.put(b"third").unwrap();
        assert_eq!(store.read(third).unwrap(), b"third");
        assert_eq!(std::fs::read(&path).unwrap(), b"firstthird");

        let mut next_run = Store::at(path.clone());
        assert_eq!(std::fs::read(&path).unwrap(), b"firstthird", "until something is stored");
        next_run.put(b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }
}
