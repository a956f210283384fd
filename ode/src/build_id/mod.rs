//! Which binary this is: the value of `build_id`, the key every comparison between builds hangs on.
//!
//! The first of these that exists wins, and its name goes on the event as `build.source`:
//!
//! ```text
//! explicit        BuildInfo::with_id
//! environment     ODE_BUILD_ID
//! git+note        <revision>[-dirty]+<first 8 hex of the GNU build-id note>
//! git+exe_hash    <revision>[-dirty]+<first 8 hex of the executable's SHA-256>, when it has no note
//! note            the note alone, full hex
//! exe_hash        the executable's SHA-256, first 32 hex
//! random          unknown-<16 hex drawn once a process>, when the executable cannot be read
//! ```
//!
//! A revision alone is not enough: two builds of one revision differ by features, profile or
//! compiler, and two `-dirty` builds by anything at all. So the binary always adds its own part, and
//! what cannot be identified gets an id that no other process shares, never one they all would.
//!
//! The executable is the one that is *running*. On Linux `/proc/self/exe` stays that file after a
//! deploy has put another one at its path; elsewhere only the path is known, and the sources are
//! called `exe_path_hash` and `git+exe_path_hash` to say so. Where the running executable is not the
//! program (a shared library inside an interpreter, a start through `ld.so`), only the revision or
//! an explicit id tells two builds apart.

mod elf;
mod exe;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use resolve::{BuildId, resolve};
