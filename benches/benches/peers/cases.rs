//! Everybody who takes part.

use crate::asked::Asked;
use crate::common::{by_emit as emit, by_fastrace as fastrace, by_ode as ode, by_otel as otel};
use crate::{
    by_emit, by_fastrace, by_hand, by_metrique, by_ode, by_otel, by_slog, by_tracing,
    by_wide_event, by_wide_log,
};

/// What an event becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// It ends where it is taken.
    Nothing,
    /// A line of JSON.
    Json,
    /// A span or a log record of OTLP in protobuf.
    Otlp,
}

use Becomes::{Json, Nothing, Otlp};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) becomes: Becomes,
    /// Sets it up and measures it.
    pub(crate) take: fn(Asked) -> f64,
    /// The calling thread while it is off, where it can be and is not another one's figure.
    pub(crate) off: Option<fn(usize) -> f64>,
    /// By what the number of events is divided: how slow it is.
    pub(crate) weight: usize,
}

pub(crate) const CAPTURE: &Case = &CASES[0];
pub(crate) const JSON: &Case = &CASES[1];
pub(crate) const OTLP: &Case = &CASES[2];

pub(crate) const CASES: [Case; 20] = [
    Case {
        name: "limit: capture by hand",
        becomes: Nothing,
        take: by_hand::capture,
        off: None,
        weight: 1,
    },
    Case {
        name: "limit: JSON by hand",
        becomes: Json,
        take: |asked| by_hand::json(asked, asked.to()),
        off: None,
        weight: 1,
    },
    Case { name: "limit: OTLP by hand", becomes: Otlp, take: ode::by_hand, off: None, weight: 1 },
    Case {
        name: "ode, not encoded",
        becomes: Nothing,
        take: ode::unencoded,
        off: Some(by_ode::off),
        weight: 1,
    },
    Case {
        name: "ode, JSON lines",
        becomes: Json,
        take: |asked| by_ode::json(asked, asked.to()),
        off: None,
        weight: 1,
    },
    Case { name: "ode, OTLP", becomes: Otlp, take: ode::ode, off: None, weight: 1 },
    Case {
        name: "slog + slog-json",
        becomes: Json,
        take: |asked| by_slog::slog(asked, asked.to()),
        off: Some(by_slog::off),
        weight: 2,
    },
    Case {
        name: "metrique, its JSON",
        becomes: Json,
        take: |asked| by_metrique::metrique(asked, asked.to()),
        off: Some(by_metrique::off),
        weight: 2,
    },
    Case {
        name: "wide-event",
        becomes: Json,
        take: |asked| by_wide_event::wide_event(asked, asked.to()),
        off: Some(by_wide_event::off),
        weight: 4,
    },
    Case {
        name: "wide-log",
        becomes: Json,
        take: |asked| by_wide_log::wide_log(asked, asked.to()),
        off: Some(by_wide_log::off),
        weight: 4,
    },
    Case {
        name: "emit + emit_file",
        becomes: Json,
        take: by_emit::file,
        off: Some(by_emit::off),
        weight: 4,
    },
    Case {
        name: "tracing, JSON, one event",
        becomes: Json,
        take: |asked| by_tracing::event(asked, asked.to()),
        off: Some(by_tracing::event_off),
        weight: 4,
    },
    Case {
        name: "tracing, JSON, a span, `record_all!`",
        becomes: Json,
        take: |asked| by_tracing::at_once(asked, asked.to()),
        off: Some(by_tracing::at_once_off),
        weight: 16,
    },
    Case {
        name: "tracing, JSON, a span, `record`",
        becomes: Json,
        take: |asked| by_tracing::one_by_one(asked, asked.to()),
        off: Some(by_tracing::one_by_one_off),
        weight: 64,
    },
    Case {
        name: "fastrace, not encoded",
        becomes: Nothing,
        take: by_fastrace::null,
        off: Some(by_fastrace::off),
        weight: 2,
    },
    Case {
        name: "fastrace + fastrace-opentelemetry",
        becomes: Otlp,
        take: fastrace::fastrace,
        off: None,
        weight: 4,
    },
    Case {
        name: "opentelemetry_sdk + opentelemetry-otlp",
        becomes: Otlp,
        take: otel::sdk,
        off: Some(by_otel::sdk_off),
        weight: 4,
    },
    Case {
        name: "the same, 24 attributes, by reference",
        becomes: Otlp,
        take: otel::least,
        off: None,
        weight: 4,
    },
    Case {
        name: "tracing-opentelemetry + that",
        becomes: Otlp,
        take: otel::tracing,
        off: Some(by_otel::tracing_off),
        weight: 4,
    },
    Case {
        name: "emit + emit_otlp, over loopback",
        becomes: Otlp,
        take: emit::emit,
        off: None,
        weight: 4,
    },
];
