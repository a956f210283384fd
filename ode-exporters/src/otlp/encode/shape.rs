//! [`Shape`]: how much of an event a receiver is sent.

/// Limits of one destination. None is set by default: wide events are the point.
///
/// What exceeds a limit is counted in `dropped_attributes_count`. `event_id`, `outcome` and
/// `build_id` are always sent, and ode's own words on an event (`error.*`, `declined.reason`,
/// `sample_rate`, …) go before its other fields; of those the first ones stay.
///
/// ```
/// use ode_exporters::otlp::Shape;
/// let shape = Shape::default().max_attributes(128).max_value_length(4_096);
/// # let _ = shape;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    pub(crate) max_attributes: Option<usize>,
    pub(crate) max_value_length: Option<usize>,
    pub(crate) max_bytes: Option<usize>,
    /// What exceeds a limit goes into the body of the log record.
    pub(crate) rest_to_body: bool,
}

impl Shape {
    /// For Loki, which refuses log records of more than 128 entries or 64 KiB of structured
    /// metadata. It counts the resource and what it derives from the record among these, and so
    /// does this. The attributes that exceed it are in the body of the log record instead, which is
    /// JSON then.
    pub fn loki() -> Self {
        Self {
            max_attributes: Some(128),
            max_value_length: None,
            max_bytes: Some(64 << 10),
            rest_to_body: true,
        }
    }

    /// How many attributes a span or log record has.
    #[must_use]
    pub fn max_attributes(mut self, attributes: usize) -> Self {
        self.max_attributes = Some(attributes);
        self
    }

    /// How many characters a text, and how many bytes a byte value keeps, also inside of lists.
    #[must_use]
    pub fn max_value_length(mut self, characters: usize) -> Self {
        self.max_value_length = Some(characters);
        self
    }

    /// How many bytes the keys and values of a span's or log record's attributes have together.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = Some(bytes);
        self
    }
}
