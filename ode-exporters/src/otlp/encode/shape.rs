//! [`Shape`]: how much of an event a receiver is sent.

/// Limits of one destination. None is set by default: wide events are the point.
///
/// What exceeds a limit is counted where OTLP counts it: in `dropped_attributes_count`,
/// `dropped_events_count` or `dropped_links_count`. `event_id`, `outcome` and
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
    pub(crate) max_span_events: Option<usize>,
    pub(crate) max_span_event_attributes: Option<usize>,
    pub(crate) max_links: Option<usize>,
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
            max_bytes: Some(64 << 10),
            rest_to_body: true,
            ..Self::default()
        }
    }

    /// How many attributes a span or log record has.
    #[must_use]
    pub fn max_attributes(mut self, attributes: usize) -> Self {
        self.max_attributes = Some(attributes);
        self
    }

    /// How many characters a text, and how many bytes a byte value keeps, also inside of lists and
    /// of the events of a span.
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

    /// How many events a span has. ode makes at most one, the `exception` of a unit that failed; the
    /// span has the same as attributes.
    #[must_use]
    pub fn max_span_events(mut self, events: usize) -> Self {
        self.max_span_events = Some(events);
        self
    }

    /// How many attributes each event of a span has.
    #[must_use]
    pub fn max_span_event_attributes(mut self, attributes: usize) -> Self {
        self.max_span_event_attributes = Some(attributes);
        self
    }

    /// How many links a span has; the first ones stay. A log record has them as an attribute.
    #[must_use]
    pub fn max_links(mut self, links: usize) -> Self {
        self.max_links = Some(links);
        self
    }
}
