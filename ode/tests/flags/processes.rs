//! Whole processes: what the environment says at start, and files that change while they run.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde_json::Value as Json;

use crate::watchdog::Watchdog;

/// Names the part to play.
pub(crate) const ROLE: &str = "FLAGS_ROLE";

/// Long enough for everything; a program that is still there then is stuck.
const LONG: Duration = Duration::from_secs(60);

/// This program, about to be started in a role, with an environment that says nothing else to ode.
fn program(role: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    let configures = |name: &str| name.starts_with("ODE_") || name.starts_with("OTEL_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(configures)) {
        command.env_remove(name);
    }
    command.env("ODE_OUTPUT", "stdout").envs(variables.iter().copied());
    command.env("RUST_BACKTRACE", "0");
    command
}

/// A program that is running.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    stdout: JoinHandle<String>,
    _watchdog: Watchdog,
}

/// What it left: its events, and what was said on standard error.
#[derive(Debug)]
struct Left {
    events: Vec<Json>,
    said: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let read = move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        };
        Self {
            stdout: Builder::new().spawn(read).unwrap(),
            stderr: BufReader::new(child.stderr.take().unwrap()),
            said: String::new(),
            _watchdog: Watchdog::over(child.id(), LONG),
            child,
        }
    }

    /// Waits until it says a line that begins so, and has what follows.
    fn wait_for(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "ended before it said {word}: {}", self.said);
            self.said.push_str(&line);
            if let Some(rest) = line.trim_end().strip_prefix(word) {
                return rest.trim_start_matches(':').trim().to_owned();
            }
        }
    }

    fn finish(mut self) -> Left {
        drop(self.child.stdin.take());
        self.stderr.read_to_string(&mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}", self.said);
        let text = self.stdout.join().unwrap();
        let lines = text.lines().filter_map(|line| line.get(line.find("{\"timestamp\"")?..));
        let events = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        Left { events, said: self.said }
    }
}

impl Left {
    fn named(&self, name: &str) -> Vec<&Json> {
        self.events.iter().filter(|event| event["name"] == name).collect()
    }

    #[track_caller]
    fn one(&self, name: &str) -> &Json {
        match self.named(name)[..] {
            [event] => event,
            _ => panic!("not one {name}: {self:#?}"),
        }
    }

    /// What ode said.
    fn warnings(&self) -> Vec<&str> {
        self.said.lines().filter(|line| line.starts_with("ode: ")).collect()
    }
}

fn decided(variables: &[(&str, &str)]) -> Left {
    Running::start(program("decides", variables)).finish()
}

fn flag(key: &str, value: &str) -> String {
    format!(
        "{{\"flags\": {{\"{key}\": {{\"state\": \"ENABLED\", \"variants\": {{\"v\": {value}}}, \
         \"defaultVariant\": \"v\"}}}}}}"
    )
}

/// Puts a whole file in the place of another, as a deployment does.
fn put(path: &PathBuf, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, path).unwrap();
}

#[test]
fn with_nothing_said_the_set_up_decides_and_nothing_is_watched() {
    let left = decided(&[]);
    let event = left.one("column");
    assert_eq!(
        (&event["app.acts"], &event["change.compress.reason"]),
        (&true.into(), &"flag".into())
    );
    assert_eq!((&event["app.layout"], &event["app.limit"]), (&"none".into(), &7.into()));
    assert!(left.said.contains("threads: ode-") && !left.said.contains("ode-watch"), "{left:#?}");
    assert!(left.warnings().is_empty(), "{left:#?}");
}

#[test]
fn a_dry_run_is_forced_by_the_environment_and_never_taken_back() {
    for value in ["1", "true", "TRUE", "live", "yes"] {
        let left = decided(&[("ODE_DRY_RUN", value), ("ODE_FLAGS", "compress=complete")]);
        let event = left.one("column");
        assert_eq!(event["app.acts"], false, "{value}");
        assert_eq!(event["change.compress.reason"], "forced_dry_run", "{value}");
        let is_wrong = ["live", "yes"].contains(&value);
        assert_eq!(left.warnings().len(), usize::from(is_wrong), "{left:#?}");
    }
    let left = decided(&[("ODE_DRY_RUN", "false")]);
    assert_eq!(left.one("column")["app.acts"], true);
}

#[test]
fn the_environment_kills_from_the_start() {
    for (names, killed) in [("other,compress", true), ("*", true), ("other", false), ("", false)] {
        let left = decided(&[("ODE_KILL", names)]);
        assert_eq!(left.one("column")["app.acts"], !killed, "{names}");
        let flips = left.named("ode.kill");
        assert_eq!(flips.len(), names.split(',').filter(|name| !name.is_empty()).count());
        for flip in flips {
            assert_eq!(flip["ode.kill.source"], "environment");
            assert_eq!(flip["ode.kill.by"], "ODE_KILL");
        }
    }
}

#[test]
fn flags_come_from_a_file_and_then_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    put(&path, &flag("layout", "\"of the file\""));
    let path = path.to_str().unwrap();
    let flags = "layout=of the environment,limit=12,compress=shadow";
    let left = decided(&[("ODE_FLAG_FILE", path), ("ODE_FLAGS", flags)]);
    let event = left.one("column");
    assert_eq!(event["app.layout"], "of the file");
    assert_eq!(event["flag.layout.variant"], "v");
    assert_eq!(event["app.limit"], 12);
    assert_eq!(event["change.compress.stage"], "shadow", "what a source knows beats the set-up");
    assert!(left.said.contains("ode-watch"), "{left:#?}");
    assert!(left.warnings().is_empty(), "{left:#?}");
}

#[test]
fn what_is_wrong_with_a_file_at_start_is_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str, mode| {
        let path = folder.path().join(name);
        put(&path, text);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    let live = flag("compress", "\"live\"");
    for (file, told, acts) in [
        // Nobody knows better than the set-up.
        (missing, "is not there", true),
        (path("broken", "{\n\"flags\"", 0o644), "line 2 column", false),
        (path("open", &live, 0o666), "chmod o-w", false),
    ] {
        let left = decided(&[("ODE_FLAG_FILE", &file)]);
        assert_eq!(left.one("column")["app.acts"], acts, "{told}");
        let warnings = left.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains(told), "{left:#?}");
    }
}

#[test]
fn a_file_that_is_there_at_start_kills_the_first_unit() {
    let folder = tempfile::tempdir().unwrap();
    let kills = folder.path().to_str().unwrap();
    for (name, change) in [("compress", "compress"), ("all", "*")] {
        let file = folder.path().join(name);
        fs::write(&file, "").unwrap();
        let left = decided(&[("ODE_KILL_DIR", kills)]);
        assert_eq!(left.one("column")["app.acts"], false);
        assert_eq!(left.one("column")["change.compress.reason"], "killed");
        let flip = left.one("ode.kill");
        assert_eq!(flip["ode.kill.change"], change);
        assert_eq!(flip["ode.kill.source"], "file");
        assert_eq!(flip["ode.kill.by"], file.to_str().unwrap());
        fs::remove_file(&file).unwrap();
    }
    let left = decided(&[("ODE_KILL_DIR", &format!("{kills}/missing"))]);
    assert_eq!(left.one("column")["app.acts"], true);
    assert!(left.warnings().len() == 1 && left.said.contains("is not there"), "{left:#?}");
}

/// T59: thrown while four threads open units as fast as they can, it stops them; taken away, they go
/// on; and it works after the shutdown too.
#[test]
fn a_kill_file_stops_what_is_running() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compress");
    let kills = folder.path().to_str().unwrap();
    let variables = [("ODE_KILL_DIR", kills), ("ODE_OUTPUT", "none")];
    let mut running = Running::start(program("is_killed", &variables));
    running.wait_for("acting");
    fs::write(&file, "").unwrap();
    running.wait_for("withheld");
    fs::remove_file(&file).unwrap();
    running.wait_for("acting again");
    running.wait_for("shut down");
    fs::write(&file, "").unwrap();
    running.wait_for("withheld at the end");
    running.finish();
}

#[test]
fn a_file_that_is_exchanged_counts_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.json");
    put(&path, &flag("layout", "\"old\""));
    let mut running =
        Running::start(program("reads_again", &[("ODE_FLAG_FILE", path.to_str().unwrap())]));
    assert_eq!(running.wait_for("first"), "old");
    put(&path, "{");
    running.wait_for("ode");
    put(&path, &flag("layout", "\"new\""));
    assert_eq!(running.wait_for("then"), "new");
    writeln!(running.child.stdin.as_mut().unwrap()).unwrap();
    let left = running.finish();
    let event = left.one("ode.flags.reloaded");
    assert_eq!(event["ode.flags.changed"], serde_json::json!(["layout"]));
    assert_eq!(event["ode.flags.file"], path.to_str().unwrap());
    let pages = left.named("page");
    assert_eq!(pages.first().unwrap()["flag.layout.variant"], "v");
    assert!(left.warnings()[0].contains("what it held before counts"), "{:?}", left.warnings());
}
