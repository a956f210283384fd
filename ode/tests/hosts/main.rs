//! The programs that ode finds itself in: every runtime and none, threads of every kind, panics that
//! abort, two releases of it in one program.
//!
//! Each row of [`rows::ROWS`] is a process of its own, set up as an application does it: this program
//! again, where the test [`row`] does the work of the row that the environment names. [`strangers`]
//! are crates outside the workspace, because how they are compiled is what is looked at.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

mod executor;
mod process;
mod rows;
mod strangers;
#[path = "../watchdog/mod.rs"]
mod watchdog;
mod work;

use process::{ROW, run};

/// Does the work of one row; nothing in an ordinary run.
#[test]
fn row() {
    if let Some(name) = std::env::var_os(ROW) {
        rows::play(name.to_str().unwrap());
    }
}

/// Says the name of each row as a test, so that what fails has a name.
macro_rules! rows {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn every_row_is_run() {
            let run = [$(stringify!($name)),*];
            let rows: Vec<_> = rows::ROWS.iter().map(|(name, _)| *name).collect();
            assert_eq!(rows, run);
        }
    };
}

rows! {
    one_thread
    many_threads
    scoped_threads
    rayon_pool
    tokio_on_one_thread
    tokio_on_many_threads
    tokio_tasks_that_block
    tokio_blocking_threads
    tokio_block_in_place
    tokio_units_in_block_in_place
    block_on_without_a_runtime
    local_pool_without_tokio
    executor_without_tokio
}
