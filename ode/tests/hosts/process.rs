//! Starting this program again for one row.

use std::env;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::watchdog::Watchdog;

/// Names the row to work on.
pub(crate) const ROW: &str = "HOSTS_ROW";

/// Long enough for everything; a program that is still there then is stuck.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Works on one row in a process of its own, which judges itself.
#[track_caller]
pub(crate) fn run(row: &str) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "row", "--nocapture", "--test-threads=1"]).env(ROW, row);
    let left = ended(&mut command);
    assert!(left.success && left.text.contains("1 passed"), "{row}:\n{}", left.text);
}

/// How a program ended, and all that it said.
pub(crate) struct Left {
    pub(crate) success: bool,
    pub(crate) signal: Option<i32>,
    pub(crate) text: String,
}

/// Starts a program whose environment says nothing to ode, and waits for its end; kills it when that
/// does not come.
pub(crate) fn ended(command: &mut Command) -> Left {
    use std::os::unix::process::ExitStatusExt as _;
    let configures = |name: &str| name.starts_with("ODE_") || name.starts_with("OTEL_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(configures)) {
        command.env_remove(name);
    }
    command.env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _watchdog = Watchdog::over(child.id(), LONG);
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let said = std::thread::scope(|scope| {
        let said = scope.spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text + &said.join().unwrap()
    });
    let status = child.wait().unwrap();
    Left { success: status.success(), signal: status.signal(), text: said }
}
