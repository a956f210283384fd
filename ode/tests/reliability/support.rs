//! Starting this program again in a role, and reading what it leaves.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use nix::unistd::Pid;
use ode::{Event, OwnedValue};

use crate::watchdog::Watchdog;

/// Names the part to play.
pub(crate) const ROLE: &str = "RELIABILITY_ROLE";
/// Something for the role to use: a path, a number.
pub(crate) const ARGUMENT: &str = "RELIABILITY_ARGUMENT";

/// Long enough for everything; a program that is still there then is stuck.
const LONG: Duration = Duration::from_secs(30);

/// This program, about to be started in a role, with an environment that says nothing to ode.
pub(crate) fn program(role: &str) -> Command {
    through(Command::new(env::current_exe().unwrap()), role)
}

/// As [`program`], where something else starts it: `launcher … this-program`.
pub(crate) fn launched(mut launcher: Command, role: &str) -> Command {
    launcher.arg(env::current_exe().unwrap());
    through(launcher, role)
}

fn through(mut command: Command, role: &str) -> Command {
    command.args(["--exact", "role", "--nocapture", "--test-threads=1"]).env(ROLE, role);
    for (name, _) in env::vars_os().filter(|(name, _)| configures(name)) {
        command.env_remove(name);
    }
    // A panic that is meant needs no backtrace.
    command.env("RUST_BACKTRACE", "0");
    command
}

fn configures(name: &OsString) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("ODE_") || name.starts_with("OTEL_"))
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Left {
    /// The events on its standard output, which must be whole.
    pub(crate) fn events(&self) -> Vec<Event> {
        parse(&self.stdout)
    }

    /// What ode said on standard error.
    pub(crate) fn said(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("ode: ")).collect()
    }

    /// What the role said on standard error, under this word.
    pub(crate) fn told(&self, word: &str) -> &str {
        let found =
            self.stderr.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {word}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn assert_success(&self) -> &Self {
        assert!(self.status.success(), "{self:#?}");
        self
    }
}

/// The events among the lines that the test harness prints.
pub(crate) fn parse(text: &str) -> Vec<Event> {
    let lines = text.lines().filter_map(|line| line.get(line.find("{\"timestamp\"")?..));
    let event = |line| {
        ode::exporters::jsonl::parse_line(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    lines.map(event).collect()
}

pub(crate) fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(Event::name).collect()
}

/// The one event of this name.
#[track_caller]
pub(crate) fn one<'e>(events: &'e [Event], name: &str) -> &'e Event {
    let mut named = events.iter().filter(|event| event.name() == name);
    match (named.next(), named.next()) {
        (Some(event), None) => event,
        _ => panic!("not one {name}: {:?}", names(events)),
    }
}

/// A field of the event or of its process.
pub(crate) fn field(event: &Event, key: &str) -> Option<OwnedValue> {
    let own = event.get(key);
    let process =
        || event.process().fields().find(|(name, _)| *name == key).map(|(_, value)| value);
    own.or_else(process)?.to_owned_value()
}

/// Starts it and waits for its end; kills it when it does not come.
pub(crate) fn run(command: &mut Command) -> Left {
    Running::start(command).finish()
}

/// A program that is running.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    stderr_so_far: String,
    _watchdog: Watchdog,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_for(command, LONG)
    }

    /// One that may take as long as this.
    pub(crate) fn start_for(command: &mut Command, patience: Duration) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: BufReader::new(child.stderr.take().unwrap()),
            stderr_so_far: String::new(),
            _watchdog: Watchdog::over(child.id(), patience),
            child,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    /// Waits until the role says this word on standard error; what follows it on the line.
    pub(crate) fn wait_for(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "ended before it said {word}");
            self.stderr_so_far.push_str(&line);
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim_start_matches(':').trim().to_owned();
            }
        }
    }

    /// Reads standard output up to a line that has this in it.
    pub(crate) fn read_until(&mut self, part: &str) -> String {
        let mut read = Vec::new();
        let stdout = self.stdout.as_mut().unwrap();
        while !(read.ends_with(b"\n") && String::from_utf8_lossy(&read).contains(part)) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "ended before it wrote {part}");
            read.push(byte[0]);
        }
        String::from_utf8(read).unwrap()
    }

    /// Lets the role go on.
    pub(crate) fn go_on(&mut self) {
        writeln!(self.stdin.as_mut().unwrap()).unwrap();
    }

    /// Reads everything to the end.
    pub(crate) fn finish(mut self) -> Left {
        drop(self.stdin.take());
        let stdout = read_all(self.stdout.take());
        self.stderr.read_to_string(&mut self.stderr_so_far).unwrap();
        let status = self.child.wait().unwrap();
        Left { status, stdout: stdout.join().unwrap(), stderr: self.stderr_so_far }
    }

    /// Waits for its end while nobody reads its standard output, and then reads it.
    pub(crate) fn end_unread(mut self) -> Left {
        self.stderr.read_to_string(&mut self.stderr_so_far).unwrap();
        let status = self.child.wait().unwrap();
        let stdout = read_all(self.stdout.take()).join().unwrap();
        Left { status, stdout, stderr: self.stderr_so_far }
    }
}

fn read_all(from: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut from = from.unwrap();
    let read = move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    Builder::new().spawn(read).unwrap()
}

/// A folder of its own, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ode-reliability-{}-{number}", std::process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// The events in a file; none if it is not there.
pub(crate) fn events_in(path: &Path) -> Vec<Event> {
    parse(&fs::read_to_string(path).unwrap_or_default())
}
