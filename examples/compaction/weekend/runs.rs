//! Has each day done, by a process of its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::days::{Day, Past, events_file};
use crate::apps::Apps;
use crate::args::Options;
use crate::problem::Problem;
use crate::progress::say;
use crate::report;

/// As many apps as the table is dealt out to, where nobody says.
const APPS: usize = 200;

/// Runs the days in their order; stops at one that could not do its work.
pub(super) fn all(options: &Options, build: &str) -> Result<Vec<Past>, Problem> {
    let kill_file = events_file(build).with_extension("kill");
    remove(&kill_file)?;
    let mut days: Vec<Past> = Vec::new();
    for day in Day::ALL {
        say(format_args!("{:<8}  {}", day.name(), day.what()));
        // In the middle of what Friday saw.
        let kill_after = days.first().map_or(0, |friday| friday.chunks().count() / 2);
        days.push(run(day, options, build, &kill_file, kill_after)?);
        // Somebody looked at what was killed, and gives it free again.
        remove(&kill_file)?;
    }
    Ok(days)
}

fn run(
    day: Day,
    options: &Options,
    build: &str,
    kill_file: &Path,
    kill_after: usize,
) -> Result<Past, Problem> {
    let cannot = |e| Problem::new(format!("cannot run this program again: {e}"));
    let build_id = day.build_id(build);
    let output = Command::new(std::env::current_exe().map_err(cannot)?)
        .args(arguments(options))
        .args(day.arguments(kill_file, kill_after))
        .args(["--build-id", &build_id, "--"])
        .arg(&options.table)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(cannot)?;
    let all_well = match output.status.code() {
        Some(0) => true,
        Some(1) => false,
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Problem::new(format!("{} came to nothing:\n{said}", day.name())));
        }
    };
    let file = events_file(&build_id);
    let events = report::read(&file)?;
    Ok(Past { day, file, events, all_well })
}

/// What the days have in common.
fn arguments(options: &Options) -> Vec<String> {
    let Options { rows_per_chunk, min_bytes, user, apps, broken_column, .. } = options;
    let apps = match apps {
        Apps::Many(count) => count.get(),
        Apps::One(_) => APPS,
    };
    let mut words = vec![
        format!("--rows-per-chunk={rows_per_chunk}"),
        format!("--min-bytes={min_bytes}"),
        format!("--user={user}"),
        format!("--apps={apps}"),
    ];
    words.extend(broken_column.iter().map(|column| format!("--break={column}")));
    words
}

fn remove(kill_file: &PathBuf) -> Result<(), Problem> {
    match fs::remove_file(kill_file) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(Problem::new(format!("cannot remove {}: {e}", kill_file.display())))
        }
        _ => Ok(()),
    }
}
