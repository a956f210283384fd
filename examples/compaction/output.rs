//! The file that the events go to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// `compaction-<build_id>.jsonl` in the working directory; removed again unless it is [kept].
///
/// [kept]: Output::keep
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    kept: bool,
}

impl Output {
    /// Makes way for this run's events by removing those of the last.
    pub(crate) fn fresh(build_id: &str) -> Result<Self, Problem> {
        let path = PathBuf::from(file_name(build_id));
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => {
                return Err(Problem::new(format!("cannot replace {}: {e}", path.display()))
                    .hint("remove it, or run in a directory that you may write to"));
            }
        }
        Ok(Self { path, kept: false })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Beside the events: where packed chunks go.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.with_extension("store")
    }

    /// The events are complete: the file stays.
    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.kept {
            // A file that was never made, or a directory that went away, needs no removal.
            fs::remove_file(&self.path).ok();
        }
    }
}

pub(crate) fn file_name(build_id: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let safe: String = build_id.chars().map(|c| if keep(c) { c } else { '_' }).collect();
    format!("compaction-{safe}.jsonl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_id_cannot_leave_the_directory() {
        assert_eq!(file_name("1f2e-dirty+0a1b2c3d"), "compaction-1f2e-dirty+0a1b2c3d.jsonl");
        assert_eq!(file_name("../a b/ö"), "compaction-.._a_b__.jsonl");
    }
}
