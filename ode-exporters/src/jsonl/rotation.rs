//! Files that are put aside: when, under which names, and how many are kept.

use std::path::{Path, PathBuf};

/// When a file of events is put aside for a new one, and how many of those stay.
///
/// The file that is written to keeps its path. What was put aside is beside it, the newest as
/// `<path>.1`; `<path>.lock` is what processes agree by on who does it. Give it to
/// [`JsonLines::rotate`](crate::JsonLines::rotate).
///
/// ```
/// use ode_exporters::jsonl::Rotation;
/// // At most about 600 MiB: the file and five old ones.
/// let rotation = Rotation::at(100 << 20).keep(5);
/// # let _ = rotation;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "nothing rotates until it is given to `JsonLines::rotate`"]
pub struct Rotation {
    pub(crate) bytes: u64,
    pub(crate) keep: u32,
}

/// How many old files stay unless told otherwise.
const KEPT: u32 = 5;

impl Rotation {
    /// Before a file would become longer than so many bytes. A batch is not cut in two, so one that
    /// is longer by itself makes a file of its own.
    pub const fn at(bytes: u64) -> Self {
        Self { bytes, keep: KEPT }
    }

    /// Sets how many old files stay; what is older is deleted. Default 5, at least 1.
    pub const fn keep(mut self, files: u32) -> Self {
        self.keep = if files == 0 { 1 } else { files };
        self
    }

    /// Whether a file is too long to take a batch.
    #[cfg_attr(not(unix), expect(dead_code, reason = "files are put aside on Unix only"))]
    pub(crate) fn is_due(&self, length: u64, batch: u64) -> bool {
        length > 0 && length.saturating_add(batch) > self.bytes
    }

    /// The paths of what was put aside, the newest first.
    pub(crate) fn kept(&self, path: &Path) -> impl Iterator<Item = PathBuf> {
        (1..=self.keep).map(|n| beside(path, n))
    }
}

/// The path with something behind it.
pub(crate) fn beside(path: &Path, what: impl std::fmt::Display) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{what}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_before_it_is_too_long_and_never_while_empty() {
        let rotation = Rotation::at(100);
        for (length, batch, due) in [
            (0, 1, false),
            (0, 1_000, false),
            (1, 99, false),
            (1, 100, true),
            (100, 0, false),
            (101, 0, true),
            (100, 1, true),
            (u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(rotation.is_due(length, batch), due, "{length} + {batch}");
        }
    }

    #[test]
    fn names_are_beside_the_path_whatever_its_ending() {
        let names: Vec<_> = Rotation::at(1).keep(2).kept(Path::new("/var/a.b/events")).collect();
        assert_eq!(names, [Path::new("/var/a.b/events.1"), Path::new("/var/a.b/events.2")]);
        assert_eq!(Rotation::at(1).keep(0).kept(Path::new("x")).count(), 1);
    }
}
