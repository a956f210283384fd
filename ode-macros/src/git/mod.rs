//! `__git_revision!()`: which commit the calling crate was compiled from, or nothing.
//!
//! ```text
//! ODE_BUILD_REVISION set ─────────────────────────────────────────────→ that, verbatim
//! else the `.git` above the package ── HEAD ── ref ── revision ── git status ──→ <revision>[-dirty]
//! ```
//!
//! The revision comes from reading a few small files, so neither a build script nor the `git` program
//! is needed. Only `-dirty` needs the program; where it is missing, slow or refuses, the suffix is
//! left out. Everything happens when the calling crate is compiled: what the expansion holds is a
//! string, and a list of the files whose change must compile it again.
//!
//! Git writes every move of HEAD to one of those files, with two exceptions: the first commit of a
//! repository, and a branch whose ref was packed while the reflog is switched off. The suffix is as
//! old as the last compilation: a tracked file that is not part of the crate (a readme) makes the
//! checkout dirty without compiling anything.
//!
//! A repository that keeps its refs in a `reftable` has no revision here; `ODE_BUILD_REVISION` is the
//! way to name one.

mod checkout;
mod dirty;
mod expand;
#[cfg(test)]
mod tests;

pub(crate) use expand::revision;
