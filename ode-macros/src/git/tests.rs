//! Tests against made-up repositories, made-up `git` programs, and the real one where it exists.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::checkout::{self, Checkout};
use super::dirty::is_dirty;
use super::expand::Environment;

const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";
const PATIENT: Duration = Duration::from_secs(60);

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = Self(std::env::temp_dir().join(format!("ode-git-{}-{next}", process::id())));
        fs::create_dir_all(&folder.0).expect("a temporary folder");
        for (path, content) in files {
            folder.write(path, content);
        }
        folder
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("folders");
        fs::write(file, content).expect("a file");
    }

    #[track_caller]
    fn check(&self, manifest_dir: &str, revision: Option<&str>, files: &[&str]) {
        let expected = Checkout {
            revision: revision.map(str::to_owned),
            files: files.iter().map(|file| self.path(file)).collect(),
        };
        assert_eq!(checkout::read(&self.path(manifest_dir)), expected);
    }

    fn environment(&self, manifest_dir: &str) -> Environment {
        Environment { manifest_dir: Some(self.path(manifest_dir)), ..Environment::default() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_detached_head_is_the_revision() {
    let folder = Folder::new(&[(".git/HEAD", ONE), (".git/logs/HEAD", "moves")]);
    folder.check("crates/a", Some(ONE), &[".git/HEAD", ".git/logs/HEAD"]);
    let sha256 = "AB".repeat(32);
    folder.write(".git/HEAD", &format!("{sha256}\n"));
    folder.check("", Some(&sha256.to_lowercase()), &[".git/HEAD", ".git/logs/HEAD"]);
}

#[test]
fn a_branch_is_a_loose_ref_or_a_packed_one() {
    let packed = format!(
        "# pack-refs with: peeled fully-peeled sorted \n{TWO} refs/heads/main-2\n^{ONE}\n\
         {TWO} refs/heads/main\n"
    );
    let folder =
        Folder::new(&[(".git/HEAD", "ref: refs/heads/main\n"), (".git/packed-refs", &packed)]);
    folder.check("", Some(TWO), &[".git/HEAD", ".git/packed-refs"]);
    folder.write(".git/refs/heads/main", &format!("{ONE}\n"));
    folder.check("", Some(ONE), &[".git/HEAD", ".git/refs/heads/main"]);
}

#[test]
fn before_the_first_commit_there_is_no_revision() {
    let folder = Folder::new(&[(".git/HEAD", "ref: refs/heads/main\n")]);
    folder.check("", None, &[".git/HEAD"]);
}

#[test]
fn a_worktree_has_its_own_head_and_shared_refs() {
    let folder = Folder::new(&[
        ("main/.git/HEAD", ONE),
        ("main/.git/refs/heads/topic", TWO),
        ("main/.git/worktrees/tree/HEAD", "ref: refs/heads/topic"),
        ("main/.git/worktrees/tree/commondir", "../..\n"),
        ("main/.git/worktrees/tree/logs/HEAD", "moves"),
    ]);
    let own = folder.path("main/.git/worktrees/tree");
    folder.write("tree/.git", &format!("gitdir: {}\n", own.display()));
    folder.check(
        "tree/crates/a",
        Some(TWO),
        &[
            "main/.git/worktrees/tree/HEAD",
            "main/.git/worktrees/tree/../../refs/heads/topic",
            "main/.git/worktrees/tree/logs/HEAD",
        ],
    );

    fs::remove_file(folder.path("main/.git/refs/heads/topic")).expect("a loose ref");
    folder.write("main/.git/packed-refs", &format!("{ONE} refs/heads/topic\n"));
    assert_eq!(checkout::read(&folder.path("tree")).revision.as_deref(), Some(ONE));
}

#[test]
fn a_submodule_points_to_its_repository_by_a_relative_path() {
    let folder = Folder::new(&[
        (".git/HEAD", ONE),
        (".git/modules/sub/HEAD", TWO),
        ("sub/.git", "gitdir: ../.git/modules/sub\n"),
    ]);
    folder.check("sub/src", Some(TWO), &["sub/../.git/modules/sub/HEAD"]);
}

#[test]
fn the_nearest_checkout_counts() {
    let folder = Folder::new(&[(".git/HEAD", ONE), ("inner/.git/HEAD", TWO)]);
    fs::create_dir_all(folder.path("empty/.git")).expect("a folder");
    folder.check("inner/src", Some(TWO), &["inner/.git/HEAD"]);
    folder.check("empty/src", Some(ONE), &[".git/HEAD"]);
    folder.write("broken/.git", "not a pointer");
    folder.check("broken/src", None, &[]);
    folder.write("dangling/.git", "gitdir: ../gone");
    folder.check("dangling/src", None, &[]);
}

#[test]
fn refs_may_name_refs_but_not_files_elsewhere() {
    let folder = Folder::new(&[
        (".git/HEAD", "ref: refs/heads/alias"),
        (".git/refs/heads/alias", "ref: refs/heads/main"),
        (".git/refs/heads/main", ONE),
        ("secret", TWO),
    ]);
    let chain = [".git/HEAD", ".git/refs/heads/alias", ".git/refs/heads/main"];
    folder.check("", Some(ONE), &chain);

    folder.write(".git/refs/heads/main", "ref: refs/heads/alias");
    assert_eq!(checkout::read(&folder.path("")).revision, None);

    let secret = folder.path("secret").display().to_string();
    for name in ["refs/../../secret", "../secret", &secret, "refs/.invalid", "", "refs/heads/\0"] {
        folder.write(".git/HEAD", &format!("ref: {name}"));
        folder.check("", None, &[".git/HEAD"]);
    }
    for content in ["", "1111111", &"g".repeat(40), &"1".repeat(41)] {
        folder.write(".git/HEAD", content);
        folder.check("", None, &[".git/HEAD"]);
    }
}

#[test]
fn expands_to_the_revision_and_the_files_it_came_from() {
    let folder = Folder::new(&[(".git/HEAD", ONE)]);
    let head = folder.path(".git/HEAD");
    let clean = folder.environment("crates/a").expand(|_| false).to_string();
    assert!(clean.contains(&format!(":: Some (\"{ONE}\")")), "{clean}");
    assert!(
        clean.contains(&format!(":: include_bytes ! ({:?})", head.display().to_string())),
        "{clean}"
    );
    assert!(clean.contains(":: option_env ! (\"ODE_BUILD_REVISION\")"), "{clean}");

    let dirty = folder.environment("").expand(|dir| dir == folder.path("")).to_string();
    assert!(dirty.contains(&format!("\"{ONE}-dirty\"")), "{dirty}");
}

#[test]
fn a_copy_that_cargo_made_does_not_take_the_repository_around_it() {
    let folder = Folder::new(&[(".git/HEAD", ONE)]);
    let mut cases = vec![
        folder.environment("home/.cargo/registry/src/index/a-1.0.0"),
        folder.environment("home/.cargo/git/checkouts/a/0123456"),
        folder.environment("store/registry/src/index/a-1.0.0"),
        folder.environment("store/git/checkouts/a/0123456"),
        Environment::default(),
    ];
    for environment in &mut cases {
        environment.cargo_home = Some(folder.path("store"));
        let expansion = environment.expand(|_| true).to_string();
        assert!(expansion.contains(":: None"), "{expansion}");
        assert!(!expansion.contains("include_bytes"), "{expansion}");
    }
    for (manifest_dir, cargo_home) in [
        ("registry/a", "store"),
        ("store/a", "store"),
        ("my.cargo/registry", "store"),
        ("git/a", ""),
    ] {
        let mut environment = folder.environment(manifest_dir);
        environment.cargo_home = Some(PathBuf::from(cargo_home));
        let expansion = environment.expand(|_| false).to_string();
        assert!(expansion.contains(ONE), "{manifest_dir}: {expansion}");
    }
}

#[test]
fn the_override_is_taken_verbatim_or_refused() {
    let folder = Folder::new(&[(".git/HEAD", ONE)]);
    let expand = |value: &str| {
        let mut environment = folder.environment("");
        environment.revision = Some(OsString::from(value));
        environment.expand(|_| false).to_string()
    };
    for value in ["0123abc", "0123ABC-dirty", TWO, &"f".repeat(64)] {
        let expansion = expand(value);
        assert!(expansion.contains(&format!("Some (\"{value}\")")), "{expansion}");
        assert!(!expansion.contains("include_bytes"), "{expansion}");
    }
    for value in ["", " \n"] {
        assert!(expand(value).contains(ONE), "{value:?}");
    }
    for value in ["main", "012345", "0123abc-", "-dirty", "0123abc-dirty-dirty", &"f".repeat(65)] {
        let expansion = expand(value);
        assert!(expansion.contains("compile_error"), "{expansion}");
        assert!(expansion.contains("ODE_BUILD_REVISION"), "{expansion}");
    }
}

/// One test at a time starts programs: while another one forks, a script just written counts as
/// still open for writing and cannot be run.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
#[test]
fn only_an_answer_in_time_is_dirty() {
    use std::os::unix::fs::PermissionsExt;

    let _alone = one_at_a_time();
    let folder = Folder::new(&[]);
    let short = Duration::from_millis(50);
    for (script, limit, expected) in [
        ("echo ' M src/lib.rs'", PATIENT, true),
        ("head -c 1000000 /dev/zero", PATIENT, true),
        ("true", PATIENT, false),
        ("echo ' M src/lib.rs'; exit 128", PATIENT, false),
        ("exit 128", PATIENT, false),
        ("echo ' M src/lib.rs'; exec sleep 600", short, false),
        ("exec sleep 600", short, false),
        ("exec >&-; exec sleep 600", short, false),
        (
            "test \"$*\" = '--no-optional-locks -c core.fsmonitor=false status --porcelain \
          --untracked-files=no' && echo right arguments",
            PATIENT,
            true,
        ),
        ("pwd", PATIENT, true),
    ] {
        folder.write("git", &format!("#!/bin/sh\n{script}\n"));
        let program = folder.path("git");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a program");
        assert_eq!(is_dirty(&program, &folder.0, limit), expected, "{script}");
        fs::remove_file(&program).expect("the program");
    }
    assert!(!is_dirty(folder.path("no such program"), &folder.0, PATIENT));
    assert!(!is_dirty("sh", &folder.path("no such folder"), PATIENT));
}

#[test]
fn agrees_with_git() {
    let _alone = one_at_a_time();
    let folder = Folder::new(&[("tracked", "one"), ("crates/a/lib.rs", "")]);
    if !git(&folder.0, &["init", "-q"]) {
        let what = b"SKIPPED: comparison with the `git` program, which does not run here\n";
        return drop(std::io::stderr().write_all(what)); // Past the capture of the test harness.
    }
    let read = || {
        let read = checkout::read(&folder.path("crates/a"));
        (read.revision, read.files.len())
    };
    assert_eq!(read(), (None, 1));
    assert!(git(&folder.0, &["add", "."]) && git(&folder.0, &["commit", "-qm", "one"]));
    let head = rev_parse(&folder.0);
    assert_eq!(read(), (Some(head.clone()), 3));
    assert!(git(&folder.0, &["pack-refs", "--all"]));
    assert_eq!(read(), (Some(head.clone()), 3));

    assert!(git(&folder.0, &["worktree", "add", "-q", "tree"]));
    assert_eq!(checkout::read(&folder.path("tree/crates")).revision, Some(head));

    let dirty = || is_dirty("git", &folder.path("crates/a"), PATIENT);
    folder.write("untracked", "two");
    assert!(!dirty());
    folder.write("tracked", "another");
    assert!(dirty());
    assert!(git(&folder.0, &["commit", "-qam", "two"]));
    assert!(!dirty());
    assert_eq!(read().0, Some(rev_parse(&folder.0)));
}

fn git_command(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=ode", "-c", "user.email=ode@example.invalid"]);
    git.args(["-c", "commit.gpgsign=false", "-c", "core.hooksPath=none"]);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(variable);
    }
    git
}

fn git(folder: &Path, arguments: &[&str]) -> bool {
    git_command(folder).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn rev_parse(folder: &Path) -> String {
    let output = git_command(folder).args(["rev-parse", "HEAD"]).output().expect("git");
    String::from_utf8(output.stdout).expect("a hash").trim().to_owned()
}
