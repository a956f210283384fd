//! The checkout event, recorded by ode and by hand: shared by the benches.
//!
//! 24 fields: 4 static strings, 6 short dynamic strings of which one is a 36-character id, 8
//! integers, 3 floats, 3 bools; 8 are recorded at the start, 10 in a nested function that is handed
//! nothing, 6 at the end. All automatic fields come on top.
#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a bench stops at what it did not expect"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

pub mod by_hand;
pub mod by_ode;
pub mod cart;
pub mod figures;
pub mod ids;
pub mod measure;
pub mod otlp_by_hand;
pub mod process;
pub mod side;
pub mod versions;
