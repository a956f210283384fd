//! The names that the layer writes, and those of fields that have no key: put together in a reused
//! scratch.

use std::cell::Cell;

use ode_core::integration::Name;

/// The names that the layer writes itself, under its prefix.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) prefix: &'static str,
    pub(super) message: Name,
    pub(super) dropped: Name,
    pub(super) warnings: Name,
    pub(super) errors: Name,
}

impl Names {
    pub(super) fn below(prefix: &'static str) -> Self {
        let named = |name| Name::new(format!("{prefix}{name}"));
        Self {
            prefix,
            message: named("message"),
            dropped: named("dropped_count"),
            warnings: named("warn_count"),
            errors: named("error_count"),
        }
    }

    /// Whether a field of this name would stand where the layer writes, or below.
    #[inline]
    pub(super) fn are_taken(name: &str) -> bool {
        let first = name.bytes().position(|byte| byte == b'.').and_then(|dot| name.get(..dot));
        let first = first.unwrap_or(name);
        matches!(first, "message" | "dropped_count" | "warn_count" | "error_count")
    }
}

thread_local! {
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// A scratch larger than this is not kept for the next record.
const KEEP_BYTES: usize = 4 << 10;

/// A prefix, followed by one name after the other. The scratch is taken meanwhile, so a record
/// inside this one finds another.
pub(super) struct Joined {
    text: String,
    prefix: usize,
}

impl Joined {
    #[inline]
    pub(super) fn below(prefix: &str) -> Self {
        let mut text = SCRATCH.try_with(Cell::take).unwrap_or_default();
        text.clear();
        text.push_str(prefix);
        Self { text, prefix: prefix.len() }
    }

    #[inline]
    pub(super) fn of(&mut self, name: &str) -> &str {
        self.text.truncate(self.prefix);
        self.text.push_str(name);
        &self.text
    }
}

impl Drop for Joined {
    #[inline]
    fn drop(&mut self) {
        if self.text.capacity() <= KEEP_BYTES {
            let text = std::mem::take(&mut self.text);
            drop(SCRATCH.try_with(|scratch| scratch.replace(text)));
        }
    }
}
