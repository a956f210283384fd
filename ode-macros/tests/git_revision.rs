//! `__git_revision!()` as a crate meets it, in this repository.

use std::fs;
use std::path::Path;

const REVISION: Option<&str> = ode_macros::__git_revision!();

#[test]
fn is_a_constant_expression_with_a_hash_or_nothing() {
    let Some(revision) = REVISION else { return };
    let hash = revision.strip_suffix("-dirty").unwrap_or(revision);
    assert!((7..=64).contains(&hash.len()), "{revision}");
    assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{revision}");
}

/// The expansion names git's own files to the compiler. Their content, with people's names and
/// addresses, must not end up in the program.
#[test]
fn the_repositorys_files_are_not_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Ok(log) = fs::read(root.join(".git/logs/HEAD")) else {
        return; // The expansion names no such file, so there is nothing to embed.
    };
    let line = log.split(|byte| *byte == b'\n').next().unwrap_or_default();
    assert!(line.len() > 80, "a reflog line holds two hashes");

    let program = std::env::current_exe().and_then(fs::read).expect("this test's program");
    let contains = |text: &[u8]| program.windows(text.len()).any(|window| window == text);
    assert!(!contains(line));
    if let Some(revision) = REVISION {
        assert!(contains(revision.as_bytes()), "the search finds what is embedded");
    }
}
