//! How large an event may become; what exceeds a limit is cut or dropped, and says so.

/// The limits on one event. Being cut is visible: `ode.truncated_fields` lists keys whose value
/// was cut, `ode.dropped_fields` counts fields that found no room.
///
/// ```
/// let limits = ode_core::Limits::default().fields(8_192).value_bytes(16 * 1024);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) fields: usize,
    pub(crate) value_bytes: usize,
    pub(crate) event_bytes: usize,
    pub(crate) error_message_bytes: usize,
}

impl Default for Limits {
    /// 4,096 fields, 64 KiB a value, 1 MiB an event, 1 KiB an error message.
    fn default() -> Self {
        Self {
            fields: 4_096,
            value_bytes: 64 << 10,
            event_bytes: 1 << 20,
            error_message_bytes: 1 << 10,
        }
    }
}

impl Limits {
    /// How many distinct fields an event holds; the first ones stay. Default 4,096, at least 1.
    #[must_use]
    pub fn fields(mut self, fields: usize) -> Self {
        self.fields = fields.clamp(1, 1 << 20);
        self
    }

    /// How many bytes a text or byte value keeps, cut at a character boundary. Default 64 KiB.
    #[must_use]
    pub fn value_bytes(mut self, bytes: usize) -> Self {
        self.value_bytes = bytes.clamp(1, 64 << 20);
        self
    }

    /// How many bytes all fields of an event may take together. Default 1 MiB.
    #[must_use]
    pub fn event_bytes(mut self, bytes: usize) -> Self {
        self.event_bytes = bytes.clamp(1, 64 << 20);
        self
    }

    /// How many bytes of an error's message are kept. Default 1 KiB.
    #[must_use]
    pub fn error_message_bytes(mut self, bytes: usize) -> Self {
        self.error_message_bytes = bytes.clamp(1, 64 << 20);
        self
    }
}

/// `text` cut to at most `max` bytes, at a character boundary.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn cuts_at_a_character() {
        assert_eq!(cut("aé", 1), "a");
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("é", 0), "");
    }
}
