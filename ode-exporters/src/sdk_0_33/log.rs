//! An event as a log record of the SDK.

use ode_core::Event;
use opentelemetry::TraceId as SdkTraceId;
use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::trace::TraceFlags;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLoggerProvider};

use crate::otlp::encode::attributes::{self, Extra, Target};
use crate::otlp::encode::budget::Overhead;
use crate::otlp::encode::facts::Facts;
use crate::otlp::encode::line::write_line;
use crate::otlp::encode::span::{duration_ns, times};
use crate::otlp::encode::{Shape, Signal, table};
use crate::sdk_0_33::attributes::LogAttributes;
use crate::sdk_0_33::names::lasting;
use crate::sdk_0_33::remote::Make;
use crate::sdk_0_33::span::{at, span_id};
use crate::write::digits::span_hex;
use crate::write::room::Buffer;

/// Makes log records of events, by the rules of [`otlp`](crate::otlp).
#[derive(Debug)]
pub(crate) struct MakeLog {
    /// A record cannot be made without a logger, so one that is empty is copied.
    empty: SdkLogRecord,
    shape: Shape,
    text: String,
    /// For what has no room, which nothing lacks here.
    rest: Buffer,
}

impl Default for MakeLog {
    fn default() -> Self {
        // Nothing goes through it, so it needs no resource, which would be read from the environment.
        let nowhere =
            SdkLoggerProvider::builder().with_resource(Resource::builder_empty().build()).build();
        let empty = nowhere.logger("ode").create_log_record();
        let shape = Shape::default();
        Self { empty, shape, text: String::new(), rest: Buffer::default() }
    }
}

impl Make for MakeLog {
    type Record = SdkLogRecord;

    fn make(&mut self, event: &Event) -> SdkLogRecord {
        let context = event.trace_context();
        let row = table::row(event.outcome());
        let (start, end) = times(event);
        let mut record = self.empty.clone();
        record.set_timestamp(at(start));
        // Without it `opentelemetry-otlp` panics.
        record.set_observed_timestamp(at(end));
        record.set_severity_number(severity(row.severity));
        record.set_severity_text(row.severity_text);
        record.set_trace_context(
            SdkTraceId::from_bytes(context.trace_id().to_bytes()),
            span_id(context.span_id()),
            Some(TraceFlags::new(context.flags())),
        );
        match lasting(event.name()) {
            Some(name) => record.set_event_name(name),
            None => record.add_attribute("event.name", event.name().to_owned()),
        }
        let extra = Extra {
            duration_ns: Some(duration_ns(event)),
            parent: event.parent_span_id().map(span_hex),
        };
        let target =
            Target { signal: Signal::Logs, shape: &self.shape, resource: Overhead::default() };
        let mut list = LogAttributes(&mut record);
        let (mut facts, rest) = (Facts::default(), &mut self.rest);
        attributes::put(&mut list, event, &target, extra, rest, &mut facts);
        write_line(event, &facts, &mut self.text);
        record.set_body(self.text.clone().into());
        record
    }
}

fn severity(number: u32) -> Severity {
    match number {
        13 => Severity::Warn,
        17 => Severity::Error,
        21 => Severity::Fatal,
        _ => Severity::Info,
    }
}
