//! Starting this program again in a role: what is global, or cached for good, is the role's own.

use std::env;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread::Builder;
use std::time::Duration;

use crate::{log_records, otlp_traffic, own_traffic, reentrance, rules, stacks};

/// Names the part to play.
const ROLE: &str = "TRACING_ROLE";

/// Long enough for everything; a program that is still there then is stuck.
const LONG: Duration = Duration::from_secs(30);

/// Plays the part named by the environment.
pub(crate) fn play() {
    let Some(role) = env::var_os(ROLE) else { return };
    let role = role.to_str().unwrap();
    let (kind, name) = role.split_once('/').unwrap();
    match kind {
        "stacks" => stacks::play(name),
        "skipped" => rules::play(name),
        "reentrance" => reentrance::play(name),
        "log" => log_records::play(name),
        "otlp_traffic" => otlp_traffic::play(name),
        "own_traffic" => own_traffic::play(name),
        _ => panic!("no role {role}"),
    }
    println!("\nplayed {role}");
}

/// Plays a part in a process of its own, and fails as it does.
#[track_caller]
pub(crate) fn run(role: &str) {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "role", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, left) = sync_channel(1);
    let wait = move || {
        let output = child.wait_with_output();
        send.send(output).ok();
    };
    let waiting = Builder::new().spawn(wait).unwrap();
    let output = left.recv_timeout(LONG).unwrap_or_else(|_| panic!("{role} is stuck")).unwrap();
    waiting.join().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let played = output.status.success() && stdout.contains(&format!("played {role}"));
    assert!(played, "{role}: {}\n{stdout}\n{stderr}", output.status);
}
