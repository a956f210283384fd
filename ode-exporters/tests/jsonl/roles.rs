//! Children: this test program started again, to be another process with a part to play.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

use crate::{files, processes, rotating_processes, rotation, rotation_attacks, standard_output};

const ROLE: &str = "ODE_TEST_JSONL_ROLE";
const DIRECTORY: &str = "ODE_TEST_JSONL_DIRECTORY";

/// Plays the part that the parent asked for; nothing in an ordinary run.
#[test]
fn play() {
    let (Some(role), Some(dir)) = (std::env::var_os(ROLE), std::env::var_os(DIRECTORY)) else {
        return;
    };
    let role = match role.to_str().unwrap() {
        "append" => processes::append,
        "write-forever" => processes::write_forever,
        "append-and-rotate" => rotating_processes::append_and_rotate,
        "append-and-keep-two" => rotating_processes::append_and_keep_two,
        "rotate-forever" => rotating_processes::rotate_forever,
        "rotate-elsewhere" => rotation::elsewhere,
        "rotate-full-disk" => rotation_attacks::on_a_full_disk,
        "rotate-read-only" => rotation_attacks::in_a_read_only_folder,
        "umask" => files::under_umask_000,
        "full-disk" => files::on_a_full_disk,
        "stdout-full" => standard_output::full,
        "stdout-closed" => standard_output::closed,
        "stdout-gone" => standard_output::gone,
        "stdout-pipe" => standard_output::through_a_pipe,
        "stdout-non-blocking" => standard_output::non_blocking,
        other => panic!("no such role: {other}"),
    };
    role(Path::new(&dir));
    report("played");
}

/// Tells the parent how far we are: a line of standard output, which the harness also writes to.
pub(crate) fn report(what: &str) {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "@{what}").unwrap();
    stdout.flush().unwrap();
}

fn command(program: impl AsRef<OsStr>, role: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.env(ROLE, role).env(DIRECTORY, dir);
    command
}

const ONLY_PLAY: [&str; 3] = ["roles::play", "--exact", "--nocapture"];

/// A child that plays a role, with pipes to talk to it.
pub(crate) struct Child {
    child: std::process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(role: &str, dir: &Path) -> Self {
        let mut child = command(std::env::current_exe().unwrap(), role, dir)
            .args(ONLY_PLAY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Waits until the child reports this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str) {
        // The harness writes its own words in front of the first report, on the same line.
        let report = format!("@{what}\n");
        let mut line = String::new();
        while !line.ends_with(&report) {
            line.clear();
            let length = self.output.read_line(&mut line).unwrap();
            assert!(length > 0, "the child ended before it reported {what:?}");
        }
    }

    /// The rest of the next line that begins a report with this; `None` at the end.
    pub(crate) fn next_report(&mut self, what: &str) -> Option<String> {
        let begin = format!("@{what} ");
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            // What a kill cut off is no report.
            if let (Some((_, rest)), true) = (line.split_once(&begin), line.ends_with('\n')) {
                return Some(rest.trim_end().to_owned());
            }
            line.clear();
        }
        None
    }

    pub(crate) fn say(&mut self, what: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{what}").unwrap();
    }

    /// Waits for the end of its role.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        self.wait_for("played");
        io::copy(&mut self.output, &mut io::sink()).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    /// SIGKILL, at once.
    pub(crate) fn kill(mut self) {
        self.kill_only();
        self.child.wait().unwrap();
    }

    /// The same, and what it said can still be read.
    pub(crate) fn kill_only(&mut self) {
        self.child.kill().unwrap();
    }
}

/// Has a role played to its end.
#[track_caller]
pub(crate) fn run(role: &str, dir: &Path) {
    Child::start(role, dir).finish();
}

/// As [`run`], with a file system of 64 KiB at `dir`; `false` where that cannot be made.
#[track_caller]
pub(crate) fn run_with_small_disk(role: &str, dir: &Path) -> bool {
    const MOUNT: &str =
        "mount -t tmpfs -o size=64k tmpfs \"$ODE_TEST_JSONL_DIRECTORY\" || exit 77; exec \"$@\"";
    // A namespace of its own: the mount is gone when the child is, however it ends.
    for namespace in [&["--mount"][..], &["--mount", "--map-root-user"]] {
        let mut command = command("unshare", role, dir);
        command
            .args(namespace)
            .args(["sh", "-c", MOUNT, "sh"])
            .arg(std::env::current_exe().unwrap());
        let Ok(output) = command.args(ONLY_PLAY).output() else {
            continue;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("running 1 test") {
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            return true;
        }
    }
    false
}
