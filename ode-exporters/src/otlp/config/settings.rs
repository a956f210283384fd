//! What the `OTEL_*` variables say, put together.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ode_core::Queue;

use crate::otlp::config::endpoint::Endpoint;
use crate::otlp::config::protocol::{Compression, Protocol};
use crate::otlp::encode::{Shape, Signals};

/// What `read` found.
#[expect(clippy::exhaustive_structs, reason = "for the set-up of the `ode` crate")]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `OTEL_SDK_DISABLED`: nothing is to be exported by OTLP, or by an SDK.
    pub disabled: bool,
    /// Whether an endpoint is named, be it usable or not.
    pub endpoint_configured: bool,
    /// Where events go; nothing unless a usable endpoint is named, and not where that is disabled.
    pub otlp: Option<OtlpSettings>,
    /// The queue in front of that.
    pub queue: QueueSettings,
    /// `OTEL_SERVICE_NAME`, or `service.name` of `OTEL_RESOURCE_ATTRIBUTES`.
    pub service_name: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`, without `service.name`.
    pub resource_attributes: Vec<(String, String)>,
    /// The share of the events that `OTEL_TRACES_SAMPLER` keeps, where it says one.
    pub sample: Option<f64>,
    /// One for each value that cannot be used. None repeats a header.
    pub warnings: Vec<String>,
}

/// What a destination is made of.
#[derive(Clone, Debug)]
pub struct OtlpSettings {
    pub(crate) signals: Signals,
    pub(crate) spans: SignalSettings,
    pub(crate) logs: SignalSettings,
    pub(crate) resource_attributes: Vec<(String, String)>,
}

impl OtlpSettings {
    /// What events are sent as.
    pub fn signals(&self) -> Signals {
        self.signals
    }

    /// The features of this crate that are needed and off.
    pub fn missing_features(&self) -> impl Iterator<Item = &'static str> {
        let (spans, logs) = (self.signals != Signals::Logs, self.signals != Signals::Spans);
        let used = [(spans, self.spans.protocol), (logs, self.logs.protocol)];
        let missing = used.map(|(used, protocol)| used && !protocol.is_available());
        let features = used.map(|(_, protocol)| protocol.feature());
        let twice = missing == [true, true] && features.first() == features.last();
        let missing = missing.into_iter().zip(features).filter(|(missing, _)| *missing);
        missing.map(|(_, feature)| feature).skip(usize::from(twice))
    }
}

/// How one signal is sent.
#[derive(Clone)]
pub(crate) struct SignalSettings {
    pub(crate) protocol: Protocol,
    /// With the path of the signal.
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: Vec<(String, String)>,
    /// Zero is without end.
    pub(crate) timeout: Option<Duration>,
    pub(crate) compression: Compression,
    pub(crate) roots: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) shape: Shape,
}

impl fmt::Debug for SignalSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the value of a header.
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("SignalSettings")
            .field("protocol", &self.protocol)
            .field("endpoint", &self.endpoint)
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("roots", &self.roots)
            .field("client_certificate", &self.client_certificate)
            .field("client_key", &self.client_key)
            .field("shape", &self.shape)
            .finish()
    }
}

/// Bounds of a queue, where the environment sets them.
#[expect(clippy::exhaustive_structs, reason = "for the set-up of the `ode` crate")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSettings {
    /// `…_MAX_QUEUE_SIZE`
    pub capacity: Option<usize>,
    /// `…_MAX_EXPORT_BATCH_SIZE`, no more than the capacity.
    pub batch_events: Option<usize>,
    /// `…_SCHEDULE_DELAY`
    pub batch_delay: Option<Duration>,
    /// `…_EXPORT_TIMEOUT`, which covers all attempts at a batch.
    pub give_up_after: Option<Duration>,
}

impl QueueSettings {
    /// The queue with these bounds.
    pub fn bound(&self, mut queue: Queue) -> Queue {
        if let Some(events) = self.capacity {
            queue = queue.capacity(events);
        }
        if let Some(events) = self.batch_events {
            queue = queue.batch_events(events);
        }
        if let Some(delay) = self.batch_delay {
            queue = queue.batch_delay(delay);
        }
        if let Some(patience) = self.give_up_after {
            queue = queue.give_up_after(patience);
        }
        queue
    }
}
