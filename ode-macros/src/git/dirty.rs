//! Whether tracked files differ from the commit: the one question that needs the `git` program.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Variables that point git at another repository. Hooks set them, and cargo may run in a hook.
const REDIRECTIONS: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
];

const POLL_EVERY: Duration = Duration::from_millis(1);

/// Asks `git status` about the checkout around `folder`, for at most `limit`.
///
/// An answer that is missing, late or failed counts as clean: a guess must not mark a release.
pub(super) fn is_dirty(git: impl AsRef<OsStr>, folder: &Path, limit: Duration) -> bool {
    let mut status = Command::new(git);
    // Without the optional lock the index is left alone, for whoever else is using it; the file
    // system monitor would be a program of the repository's choice, started by reading it.
    status
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false"])
        .args(["status", "--porcelain", "--untracked-files=no"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    for variable in REDIRECTIONS {
        status.env_remove(variable);
    }
    status.spawn().is_ok_and(|child| says_something(child, limit).unwrap_or(false))
}

/// Whether the program prints anything and succeeds, in time. It does not outlive the answer.
fn says_something(mut child: Child, limit: Duration) -> Option<bool> {
    let deadline = now() + limit;
    let output = child.stdout.take();
    let (sender, receiver) = mpsc::sync_channel(1);
    let reader = move || sender.send(output.map(consume)).is_ok();
    let answer = thread::Builder::new()
        .name("ode-git-status".to_owned())
        .spawn(reader)
        .ok()
        .and_then(|_| receiver.recv_timeout(limit).ok()??.ok());
    let succeeded = answer.is_some() && wait(&mut child, deadline).is_some_and(|s| s.success());
    stop(child);
    answer.filter(|_| succeeded)
}

/// Reads to the end, so that the program is not stopped by a full pipe; keeps whether there was
/// anything.
fn consume(mut output: impl Read) -> io::Result<bool> {
    io::copy(&mut output, &mut io::sink()).map(|bytes| bytes > 0)
}

fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        if now() >= deadline {
            return None;
        }
        thread::sleep(POLL_EVERY);
    }
}

/// Ends the program. A process stuck in the kernel ends late, so nobody here waits for it.
fn stop(mut child: Child) {
    if matches!(child.try_wait(), Ok(Some(_))) || child.kill().is_err() {
        return;
    }
    let reap = move || child.wait().is_ok();
    drop(thread::Builder::new().name("ode-git-reap".to_owned()).spawn(reap));
}

#[expect(
    clippy::disallowed_methods,
    reason = "bounds a child of the compiler; no Clock exists here"
)]
fn now() -> Instant {
    Instant::now()
}
