//! Files that kill: their presence is enough, and what cannot be looked at kills too.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// The name of a file in a folder of kills that kills every change.
const EVERY: &str = "all";
/// What stands for every change.
pub(crate) const ALL: &str = "*";
/// A folder with more files than this is not read to its end: everything is killed.
const MAX_FILES: usize = 10_000;

/// Where files that kill are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct KillFiles {
    /// Changes, each with the file whose presence kills it.
    pub(crate) files: Vec<(String, PathBuf)>,
    /// Folders in which a file kills the change it is named after.
    pub(crate) folders: Vec<PathBuf>,
}

/// What is killed: by the name of the change, and the file that kills it.
pub(crate) type Killed = BTreeMap<String, String>;

impl KillFiles {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// What the files kill now.
    pub(crate) fn look(&self) -> Killed {
        let mut killed = Killed::new();
        for (name, path) in &self.files {
            if kills(path) {
                killed.insert(name.clone(), path.display().to_string());
            }
        }
        for folder in &self.folders {
            match names_in(folder) {
                Ok(names) => killed.extend(names.into_iter().map(|name| {
                    let path = folder.join(&name).display().to_string();
                    (if name == EVERY { ALL.to_owned() } else { name }, path)
                })),
                // Nobody can say what is in it.
                Err(_) => drop(killed.insert(ALL.to_owned(), folder.display().to_string())),
            }
        }
        killed
    }

    /// The folders that are not there: in them nothing can be killed yet.
    pub(crate) fn missing_folders(&self) -> impl Iterator<Item = &Path> {
        let is_missing = |folder: &&PathBuf| matches!(folder.try_exists(), Ok(false));
        self.folders.iter().filter(is_missing).map(PathBuf::as_path)
    }
}

/// Whether something is there, or cannot be looked at. A link that leads nowhere is there.
fn kills(path: &Path) -> bool {
    match std::fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// The names in a folder but for hidden ones; none where there is no folder.
fn names_in(folder: &Path) -> io::Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    let mut names = BTreeSet::new();
    for (count, entry) in entries.enumerate() {
        if count >= MAX_FILES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // What is no text names no change.
        if let Ok(name) = entry?.file_name().into_string()
            && !name.starts_with('.')
        {
            names.insert(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn killed(files: &KillFiles) -> Vec<String> {
        files.look().into_keys().collect()
    }

    #[test]
    fn presence_kills_and_so_does_what_cannot_be_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kill");
        let files =
            |path: &Path| KillFiles { files: vec![("c".into(), path.into())], folders: vec![] };
        assert!(killed(&files(&path)).is_empty());
        assert!(killed(&files(&folder.path().join("no/such/folder/kill"))).is_empty());

        fs::write(&path, "").unwrap();
        assert_eq!(killed(&files(&path)), ["c"], "an empty file");
        // Where a file stands for a folder, and where a name is too long for any file.
        assert_eq!(killed(&files(&path.join("below"))), ["c"]);
        assert_eq!(killed(&files(&folder.path().join("x".repeat(300)))), ["c"]);
        assert_eq!(killed(&files(folder.path())), ["c"], "a folder");
        fs::remove_file(&path).unwrap();
        assert!(killed(&files(&path)).is_empty());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", &path).unwrap();
            assert_eq!(killed(&files(&path)), ["c"], "a link that leads nowhere");
        }
    }

    #[test]
    fn in_a_folder_files_kill_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let kills = folder.path().join("kills");
        let files = KillFiles { files: vec![], folders: vec![kills.clone()] };
        assert!(killed(&files).is_empty());
        assert_eq!(files.missing_folders().collect::<Vec<_>>(), [&kills]);

        fs::create_dir(&kills).unwrap();
        for name in ["purge", "compress", ".hidden"] {
            fs::write(kills.join(name), "because").unwrap();
        }
        assert_eq!(killed(&files), ["compress", "purge"]);
        assert_eq!(files.look()["purge"], kills.join("purge").display().to_string());
        fs::remove_file(kills.join("purge")).unwrap();
        fs::write(kills.join("all"), "").unwrap();
        assert_eq!(killed(&files), ["*", "compress"]);

        fs::remove_dir_all(&kills).unwrap();
        assert!(killed(&files).is_empty());
        fs::write(&kills, "a file where a folder should be").unwrap();
        assert_eq!(killed(&files), ["*"]);
        assert_eq!(files.missing_folders().count(), 0);
    }
}
