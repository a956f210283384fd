//! A command that takes part in the trace of whoever starts it, and starts a command itself.
//!
//! What to notice:
//! - `TRACEPARENT` of the environment becomes the parent: started by a build or another command that
//!   has a trace, this is a part of it. `propagation::inject` says the same to the child process.
//! - Standard output is for the result, so events go to standard error.
//! - The exit code is made of the outcome, by the event itself: the two cannot disagree.
//!
//! ```text
//! cargo run --example cli [file ...]     # 0 counted, 1 failed, 3 nothing to count
//! ```

#![expect(clippy::print_stdout, reason = "the sum is what the command is for")]

use std::error::Error;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, io};

use ode::exporters::JsonLines;
use ode::{Failure, Outcome, WideEvent, propagation};

/// How the unit of this process ended.
static ENDED: OnceLock<Outcome> = OnceLock::new();

/// What a process counts itself; more than one file is a process each.
const ONE: &str = "--one";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let guard = ode::setup(ode::build_info!())
        .export_to(JsonLines::writer(io::stderr()))
        .announce(false)
        .on_event(|event| {
            ENDED.get_or_init(|| event.outcome());
        })
        .init()?;

    // Whoever can set our environment may as well choose our trace.
    let caller = propagation::environment().trust_remote_context(true);
    let mut files: Vec<String> = env::args().skip(1).collect();
    let lines = if files.first().is_some_and(|first| first == ONE) {
        let file = files.pop().unwrap_or_default();
        WideEvent::builder("lines.count").incoming(&caller).try_run(|| count(&file))
    } else {
        if files.is_empty() {
            files.push(concat!(env!("CARGO_MANIFEST_DIR"), "/cli.rs").to_owned());
        }
        WideEvent::builder("lines.sum").incoming(&caller).try_run(|| sum(&files))
    };
    if let Ok(lines) = lines {
        println!("{lines}");
    }

    guard.shutdown(Duration::from_secs(2));
    Ok(ExitCode::from(match ENDED.get() {
        Some(Outcome::Ok) => 0,
        Some(Outcome::Declined) => 3,
        // None where ode is disabled.
        None if lines.is_ok() => 0,
        Some(Outcome::Error | Outcome::Panicked | Outcome::Cancelled) | None => 1,
    }))
}

fn count(file: &str) -> io::Result<u64> {
    ode::set! { file.name = file };
    let text = fs::read_to_string(file)?;
    ode::set! { file.bytes = text.len() };
    if text.is_empty() {
        ode::decline("empty");
    }
    Ok(text.lines().count() as u64)
}

fn sum(files: &[String]) -> io::Result<u64> {
    let mut lines = 0;
    for file in files {
        let mut command = Command::new(env::current_exe()?);
        command.args([ONE, file]).stderr(Stdio::inherit());
        propagation::inject(&mut command);
        let output = ode::timed!("child", command.output()?);
        ode::incr! { files.seen };
        match output.status.code() {
            Some(0) => {
                let counted = String::from_utf8_lossy(&output.stdout);
                lines += counted.trim().parse::<u64>().map_err(io::Error::other)?;
            }
            Some(3) => ode::incr! { files.empty },
            _ => ode::fail(Failure::error("child_failed").message(file)),
        }
    }
    ode::set! { lines };
    if lines == 0 {
        ode::decline("nothing_counted");
    }
    Ok(lines)
}
