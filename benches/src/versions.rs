//! What was measured: versions from the lock file that the bench was built with.

const LOCK: &str = include_str!("../../Cargo.lock");

/// The one version of a crate.
pub fn version(name: &str) -> &'static str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    let mut rest = LOCK.split(&entry).skip(1);
    let version = rest.next().and_then(|behind| behind.split('"').next());
    assert!(rest.next().is_none(), "{name} has one version");
    version.expect("a crate of the lock file")
}

/// Names with their versions.
pub fn with_versions(names: &[&str]) -> String {
    let known: Vec<_> = names.iter().map(|name| format!("{name} {}", version(name))).collect();
    known.join(", ")
}
