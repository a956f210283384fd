//! Keeps the processors from sleeping while figures are taken.
//!
//! A virtual machine gives a processor that sleeps away. What then runs on it first finds cold caches,
//! and pays for waking besides; on some machines that is more than what is measured, and differs from
//! minute to minute. A process of idle priority on each processor takes no time from anybody.

use std::hint::black_box;
use std::os::unix::process::parent_id;
use std::process::{Child, Command};

/// The argument of a process that does nothing else.
const AWAKE: &str = "awake";

/// Processors stay awake until this is dropped.
#[derive(Debug)]
#[must_use = "processors may sleep again once it is dropped"]
pub struct Awake(Vec<Child>);

impl Awake {
    /// Starts a process for each processor. Says so where it cannot: without `chrt`.
    #[expect(clippy::print_stderr, reason = "a bench says what its figures are worth")]
    pub fn keep() -> Self {
        let this = std::env::current_exe().expect("the bench knows itself");
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let start = |_| Command::new("chrt").args(["--idle", "0"]).arg(&this).arg(AWAKE).spawn();
        let children: Result<_, _> = (0..processors).map(start).collect();
        Self(children.unwrap_or_else(|error| {
            eprintln!("processors may sleep between figures: chrt: {error}");
            Vec::new()
        }))
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may be gone.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Runs such a process if this is one, until its parent is gone. `false` if it is not.
pub fn was_awake() -> bool {
    if !std::env::args().skip(1).eq([AWAKE]) {
        return false;
    }
    let parent = parent_id();
    while parent_id() == parent {
        (0..1_u32 << 22).for_each(|n| _ = black_box(n));
    }
    true
}
