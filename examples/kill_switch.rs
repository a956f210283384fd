//! A change that goes wrong is killed: by a file, by code, from the start.
//!
//! What to notice:
//! - `touch <folder>/compress` is enough. It needs no network and no restart, and beats every flag,
//!   rollout and stage. What cannot be looked at kills too.
//! - Work that is under way sees it at its next question, never the other way round: what was
//!   withheld in a unit stays withheld in it.
//! - Every flip is an event, `ode.kill`: what, from, to, by whom.
//!
//! ```text
//! cargo run --example kill_switch
//! ODE_KILL=compress cargo run --example kill_switch       # killed from the start: nothing is compressed
//! ```

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use ode::{Gate, Stage, instrument_event, is_killed};

ode::change!(
    /// Compresses columns in place.
    Compress = "compress"
);

/// Says whether the column was compressed.
#[instrument_event(fields(column.name = name))]
fn column(name: &str) -> bool {
    match ode::would::<Compress>() {
        Gate::Act => true,
        Gate::Withhold => {
            ode::decline("not_now");
            false
        }
    }
}

fn wait_until(killed: bool) {
    while is_killed("compress") != killed {
        sleep(Duration::from_millis(20));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let _ode = ode::setup(ode::build_info!())
        .stage::<Compress>(Stage::Live)
        .kill_dir(folder.path())
        .init()?;
    if is_killed("compress") {
        // By ODE_KILL or ODE_KILL_DIR.
        assert!(!column("a"));
        return Ok(());
    }
    assert!(column("a"));

    // Somebody on call, at a shell.
    let file = folder.path().join("compress");
    std::fs::write(&file, "")?;
    wait_until(true);
    assert!(!column("b"));
    std::fs::remove_file(&file)?;
    wait_until(false);
    assert!(column("c"));

    // The program itself, where it notices.
    ode::kill("compress", "checksums");
    assert!(!column("d"));
    Ok(())
}
