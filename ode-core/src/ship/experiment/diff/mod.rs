//! Where two serialisable answers differ, path by path.

mod by_path;
mod rules;
mod tree;
mod walk;
mod writer;

pub use rules::Diff;
