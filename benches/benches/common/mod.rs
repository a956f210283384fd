//! The peers whose events go out as OTLP, and what counts and checks: shared by `otlp` and `peers`.

pub(crate) mod by_emit;
pub(crate) mod by_fastrace;
pub(crate) mod by_ode;
pub(crate) mod by_otel;
pub(crate) mod checked;
pub(crate) mod counting;
pub(crate) mod server;
pub(crate) mod sink;
