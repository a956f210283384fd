//! The build id of whole programs: copies of this test program, changed, started and replaced.
//!
//! A copy is started with [`PROBE`] set and then is the program under test: it waits until it is
//! told to go on, sets ode up as an application does, and closes one unit of work.

#![cfg(target_os = "linux")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::thread;

/// Makes the test of this name the program under test.
const PROBE: &str = "BUILD_ID_PROBE";
const WAITING: &str = "probe: waiting";

#[test]
fn probe() -> Result<(), Box<dyn Error>> {
    if env::var_os(PROBE).is_none() {
        return Ok(());
    }
    let mut output = io::stdout();
    writeln!(output, "{WAITING}")?;
    output.flush()?;
    io::stdin().lock().read_line(&mut String::new())?;

    let ode = ode::init(ode::build_info!())?;
    ode::WideEvent::builder("probe").start().end();
    drop(ode);
    Ok(())
}

#[test]
fn every_binary_has_its_own_id_and_keeps_it_when_replaced() {
    let folder = Folder::new();
    let original = fs::read(env::current_exe().expect("a path")).expect("this program");
    let without_note = remove_note(original.clone());
    let longer = [without_note.as_slice(), &[0]].concat();

    let id = |name: &str, bytes: &[u8]| Probe::start(&folder.program(name, bytes)).finish();
    let by_note = id("original", &original);
    let by_hash = id("without_note", &without_note);
    let of_longer = id("longer", &longer);
    assert_ne!(by_note, by_hash);
    assert_ne!(by_hash, of_longer, "one more byte is another binary");
    assert_eq!(id("elsewhere", &without_note), by_hash, "the path is no part of the id");
    assert_eq!(id("original_again", &original), by_note);

    let deployed = folder.program("deployed", &without_note);
    let running = Probe::start(&deployed);
    let next = folder.program("next", &longer);
    fs::rename(next, &deployed).expect("an in-place deploy");
    assert_eq!(running.finish(), by_hash, "the running binary, not the one now at its path");
    assert_eq!(Probe::start(&deployed).finish(), of_longer);
}

#[test]
fn the_environment_names_the_build() {
    let program = env::current_exe().expect("a path");
    let named = Probe::start_with(&program, &[("ODE_BUILD_ID", " release 7\n")]);
    assert_eq!(named.finish(), "release 7");
    let blank = Probe::start_with(&program, &[("ODE_BUILD_ID", "  ")]);
    assert_eq!(blank.finish(), Probe::start(&program).finish());
}

/// A started program that waits to be told to go on.
struct Probe {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Probe {
    fn start(program: &Path) -> Self {
        Self::start_with(program, &[])
    }

    fn start_with(program: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(program);
        command.args(["--exact", "probe", "--nocapture"]);
        for (name, _) in env::vars_os().filter(|(name, _)| configures_ode(name)) {
            command.env_remove(name);
        }
        command.env(PROBE, "1").envs(variables.iter().copied());
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains(WAITING) {
            line.clear();
            assert_ne!(output.read_line(&mut line).expect("output"), 0, "the probe ended early");
        }
        Self { child, output }
    }

    /// Lets it go on to its end; the build id of its event.
    fn finish(mut self) -> String {
        drop(self.child.stdin.take());
        let mut output = String::new();
        self.output.read_to_string(&mut output).expect("output");
        assert!(self.child.wait().expect("an exit status").success(), "{output}");
        let id = value_of("build_id", &output);
        assert!(!id.is_empty() && !id.starts_with("unknown-"), "{output}");
        id
    }
}

fn configures_ode(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("ODE_") || name.starts_with("OTEL_"))
}

/// Starts a program just written. It cannot start while another thread of this process is between
/// fork and exec and holds a copy of the file that was open for writing; that is soon over.
fn spawn(command: &mut Command) -> Child {
    for _ in 0..100_000 {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
            started => return started.expect("a started program"),
        }
    }
    panic!("the program stays open for writing");
}

/// The text under `key` in the one line of JSON among what the program printed.
fn value_of(key: &str, output: &str) -> String {
    let start = format!("\"{key}\":\"");
    let (_, rest) = output.split_once(&start).unwrap_or_else(|| panic!("no {key}: {output}"));
    let (value, _) = rest.split_once('"').expect("a closed string");
    value.to_owned()
}

/// Turns the build-id note into another one, so that the binary has none. A program linked without
/// one stays as it is, but for a byte at its end.
fn remove_note(mut program: Vec<u8>) -> Vec<u8> {
    let build_id = [&3_u32.to_ne_bytes()[..], b"GNU\0"].concat();
    let head = program.len().min(16 * 1024);
    let note = program[..head].windows(build_id.len()).position(|window| window == build_id);
    match note {
        Some(kind_at) => program[kind_at..kind_at + 4].fill(0xff),
        None => program.push(b'\n'),
    }
    program
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = env::temp_dir().join(format!("ode-build-id-{}", process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn program(&self, name: &str, bytes: &[u8]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;

        let path = self.0.join(name);
        fs::write(&path, bytes).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("permissions");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
