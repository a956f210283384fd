//! Where the example programs are.

use std::path::PathBuf;

/// `cargo test` builds the examples beside the test programs.
pub(crate) fn path(example: &str) -> PathBuf {
    let name = format!("{example}{}", std::env::consts::EXE_SUFFIX);
    let test = std::env::current_exe().unwrap_or_default();
    let program = test.ancestors().nth(2).unwrap_or(&test).join("examples").join(name);
    assert!(
        program.exists(),
        "run `cargo build -p ode-examples --examples` with the options of this test"
    );
    program
}
