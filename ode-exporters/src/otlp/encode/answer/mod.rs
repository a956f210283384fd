//! What receivers answer, read without belief: every shape that was seen, and nonsense.

mod partial;
mod printable;
mod retry;
mod wire;

pub use partial::Answer;
pub use retry::{Status, status};
