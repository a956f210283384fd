//! The commit that is checked out above a folder, read from the repository's own files.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// How often a ref may name another ref; git allows five.
const LONGEST_CHAIN: usize = 5;

/// What is checked out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Checkout {
    /// The commit's full hash. Nothing before the first commit.
    pub(super) revision: Option<String>,
    /// The files this was read from, and the log that git appends to whenever HEAD moves.
    pub(super) files: Vec<PathBuf>,
}

/// Reads the checkout that `folder` belongs to; empty if there is none.
pub(super) fn read(folder: &Path) -> Checkout {
    let mut checkout = Checkout::default();
    if let Some(own) = find(folder) {
        // A worktree has its own HEAD, and shares refs with the repository it was made from.
        let shared = match fs::read_to_string(own.join("commondir")) {
            Ok(path) => own.join(path.trim()),
            Err(_) => own.clone(),
        };
        checkout.revision = checkout.follow_head(&own, &shared);
        let log = own.join("logs/HEAD");
        if log.is_file() {
            checkout.files.push(log);
        }
    }
    checkout
}

/// The git directory of the nearest checkout at or above `folder`: `.git`, or what a file of that
/// name points to (worktrees, submodules).
fn find(folder: &Path) -> Option<PathBuf> {
    for folder in folder.ancestors() {
        let candidate = folder.join(".git");
        if candidate.join("HEAD").is_file() {
            return Some(candidate);
        }
        if let Ok(pointer) = fs::read_to_string(&candidate) {
            let target = pointer.strip_prefix("gitdir:")?.trim();
            return Some(folder.join(target));
        }
    }
    None
}

impl Checkout {
    fn follow_head(&mut self, own: &Path, shared: &Path) -> Option<String> {
        let mut content = self.read_file(own.join("HEAD"))?;
        for _ in 0..LONGEST_CHAIN {
            let Some(name) = content.trim().strip_prefix("ref:") else {
                return hash(&content);
            };
            let name = name.trim();
            if !is_ref_name(name) {
                return None;
            }
            let loose =
                self.read_file(own.join(name)).or_else(|| self.read_file(shared.join(name)));
            match loose {
                Some(target) => content = target,
                None => return packed(name, &self.read_file(shared.join("packed-refs"))?),
            }
        }
        None
    }

    fn read_file(&mut self, file: PathBuf) -> Option<String> {
        let content = fs::read_to_string(&file).ok()?;
        self.files.push(file);
        Some(content)
    }
}

/// Whether a ref's name is a path that stays inside the git directory.
fn is_ref_name(name: &str) -> bool {
    name.starts_with("refs/")
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Finds a ref in the file that lists many: `<hash> <name>` a line, between comments (`#`) and the
/// commits that tags point to (`^`).
fn packed(name: &str, content: &str) -> Option<String> {
    let mut refs = content.lines().filter_map(|line| line.split_once(' '));
    refs.find(|(_, listed)| listed.trim() == name).and_then(|(value, _)| hash(value))
}

/// A full object name: SHA-1 or SHA-256 in hex.
fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    let is_full =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_full.then(|| text.to_ascii_lowercase())
}
