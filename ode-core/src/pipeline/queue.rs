//! [`Queue`]: a destination as it is set up, an exporter and the bounds of what waits for it.

use std::fmt;
use std::time::Duration;

use crate::export::Exporter;
use crate::pipeline::sampling::Share;

/// What happens to an event when the queue of a destination is full.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The new event is dropped: the cheapest, and the past stays whole. The default.
    #[default]
    DropNewest,
    /// The oldest queued event makes room: the present stays visible.
    DropOldest,
    /// The recording thread waits for room, at most this long, and then drops the new event.
    /// This delays the host; for batch programs that must not lose events.
    BlockFor(Duration),
}

/// A destination: an exporter behind a queue that is bounded by count and by bytes.
///
/// ```
/// # use ode_core::{Batch, ExportError, Exporter};
/// # struct Null;
/// # impl Exporter for Null {
/// #     fn export(&mut self, _: &Batch) -> Result<(), ExportError> { Ok(()) }
/// # }
/// use ode_core::{Overflow, Queue};
/// let queue = Queue::new(Null).capacity(1_000).overflow(Overflow::DropOldest);
/// # let _ = queue;
/// ```
#[must_use = "a queue does nothing until it is exported to"]
pub struct Queue {
    pub(crate) exporter: Box<dyn Exporter>,
    pub(crate) settings: QueueSettings,
}

#[derive(Clone, Debug)]
pub(crate) struct QueueSettings {
    pub(crate) name: String,
    pub(crate) capacity: usize,
    pub(crate) capacity_bytes: usize,
    pub(crate) batch_events: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) batch_delay: Duration,
    pub(crate) overflow: Overflow,
    pub(crate) give_up_after: Duration,
    /// `None`: nobody has said.
    pub(crate) share: Option<Share>,
}

impl Queue {
    /// A queue with the defaults: 8,192 events and 16 MiB, batches of 512 events, 3.5 MiB or
    /// 100 ms, [`Overflow::DropNewest`].
    pub fn new(exporter: impl Exporter) -> Self {
        let name = exporter.name().to_owned();
        let settings = QueueSettings {
            name,
            capacity: 8_192,
            capacity_bytes: 16 << 20,
            batch_events: 512,
            batch_bytes: 7 << 19,
            batch_delay: Duration::from_millis(100),
            overflow: Overflow::default(),
            give_up_after: Duration::from_secs(300),
            share: None,
        };
        Self { exporter: Box::new(exporter), settings }
    }

    /// Whether what is behind it speaks OpenTelemetry.
    #[doc(hidden)]
    pub fn is_of_opentelemetry(&self) -> bool {
        self.exporter.is_of_opentelemetry()
    }

    /// The name in statistics and messages. Default: the exporter's.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many events may wait, those being exported included. Default 8,192, at least 1.
    pub fn capacity(mut self, events: usize) -> Self {
        self.settings.capacity = events.max(1);
        self
    }

    /// How many bytes may wait; the real bound on memory. Default 16 MiB, at least 4 KiB.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.settings.capacity_bytes = bytes.max(4 << 10);
        self
    }

    /// How many events a batch holds at most. Default 512, at least 1.
    ///
    /// A full batch waits for another one before it wakes the worker, but no longer than
    /// [`batch_delay`](Self::batch_delay); smaller ones, those of a small queue, and those under a
    /// delay of more than 100 ms wake it at once.
    pub fn batch_events(mut self, events: usize) -> Self {
        self.settings.batch_events = events.max(1);
        self
    }

    /// How many recorded bytes a batch holds at most; a larger single event goes alone.
    /// Default 3.5 MiB.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.batch_bytes = bytes.max(1);
        self
    }

    /// How long an event waits for others at most. Default 100 ms, at least 1 ms. The first one
    /// after a quiet time may wait 100 ms: an idle worker looks no more often.
    pub fn batch_delay(mut self, delay: Duration) -> Self {
        self.settings.batch_delay = delay.max(Duration::from_millis(1));
        self
    }

    /// Which share of the events goes there, from 0 to 1. Default 1, all of them.
    ///
    /// The decision is the trace id's, so all units of a trace share it, also those of other
    /// services that keep the same share; and what is kept at 1 % is kept at 10 % too. Kept events
    /// say of how many each tells, `sample_rate`, the inverse of the share. What is left out is
    /// counted as `sampled_out`. [`keep`](crate::keep) overrides it, and 0 keeps nothing else.
    ///
    /// The share is taken to four hexadecimal digits, as OpenTelemetry's sampling threshold is.
    pub fn sample(mut self, share: f64) -> Self {
        self.settings.share = Some(Share::of(share));
        self
    }

    /// As [`Queue::sample`], where that was not called.
    #[doc(hidden)]
    pub fn sample_by_default(mut self, share: f64) -> Self {
        self.settings.share.get_or_insert(Share::of(share));
        self
    }

    /// What happens when the queue is full. Default [`Overflow::DropNewest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = overflow;
        self
    }

    /// How long a batch that fails for now is tried again before it is dropped and counted as
    /// `retries_exhausted`. Default 5 minutes.
    pub fn give_up_after(mut self, patience: Duration) -> Self {
        self.settings.give_up_after = patience;
        self
    }
}

impl<E: Exporter> From<E> for Queue {
    fn from(exporter: E) -> Self {
        Self::new(exporter)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).finish_non_exhaustive()
    }
}
