//! [`SpanKind`]: the side of a call that a unit is on.

/// Which side of a call a unit is on, by OpenTelemetry's words. Backends draw maps of services by it.
///
/// It is on the event as `ode.kind`, and the kind of the span that is sent by OTLP. A unit that says
/// nothing is internal.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// It answers a request of another service.
    Server,
    /// It asks another service, and waits for the answer.
    Client,
    /// It hands a message over, to be worked on later.
    Producer,
    /// It works on a message.
    Consumer,
}

impl SpanKind {
    /// The name written on events: `server`, `client`, `producer`, `consumer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}
