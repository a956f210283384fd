//! What is current: the thread's slot, contributions of other tasks, inherited fields.

pub(crate) mod cells;
pub(crate) mod current;
pub(crate) mod detached;
pub(crate) mod free;
pub(crate) mod handle;
pub(crate) mod hold;
pub(crate) mod joined;
pub(crate) mod shared;
pub(crate) mod slot;
pub(crate) mod timed;
pub(crate) mod write;

pub use current::{Current, current, root};
pub use detached::{Detached, detached};
pub use free::{decline, fail, fields, keep, link, record_error};
pub use handle::EventHandle;
pub use hold::{Hold, hold};
pub use joined::{FutureExt, InEvent, in_event};
pub use timed::{Timed, timed};
