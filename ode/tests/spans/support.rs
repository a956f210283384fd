//! Subscribers that keep what they are told, and spans as one table.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use ode::testing::{Capture, Captured};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracer, SdkTracerProvider, SpanData};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Names the part to play.
pub(crate) const ROLE: &str = "SPANS_ROLE";

/// What `fmt` printed.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    /// The one line with this message.
    #[track_caller]
    pub(crate) fn line(&self, message: &str) -> String {
        let lines = self.lines();
        let mut found = lines.iter().filter(|line| line.ends_with(message));
        match (found.next(), found.next()) {
            (Some(line), None) => line.clone(),
            _ => panic!("not one {message}: {lines:#?}"),
        }
    }

    /// A subscriber that prints here.
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(self.layer())
    }

    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'l> LookupSpan<'l>,
    {
        let layer = tracing_subscriber::fmt::layer();
        layer.with_writer(self.clone()).with_ansi(false).without_time().with_target(false)
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Writer<'w>;

    fn make_writer(&'w self) -> Writer<'w> {
        Writer(self.0.lock().unwrap())
    }
}

pub(crate) struct Writer<'w>(MutexGuard<'w, Vec<u8>>);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How often each thing happened to spans of units, and what they are.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Seen>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) opened: Vec<(&'static str, String)>,
    pub(crate) entered: usize,
    pub(crate) left: usize,
    pub(crate) closed: usize,
}

impl Watch {
    pub(crate) fn seen(&self) -> Seen {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap() = Seen::default();
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let metadata: &'static Metadata<'static> = attributes.metadata();
        if ode::tracing::is_unit(metadata) {
            assert_eq!(*metadata.level(), tracing::Level::INFO);
            assert_eq!(attributes.values().len(), 2, "the two ids, and never the mark");
            let opened = (metadata.name(), metadata.target().to_owned());
            self.0.lock().unwrap().opened.push(opened);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.count(id, &context, |seen| seen.entered += 1);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.count(id, &context, |seen| seen.left += 1);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.count(&id, &context, |seen| seen.closed += 1);
    }
}

impl Watch {
    fn count<S: Subscriber + for<'l> LookupSpan<'l>>(
        &self,
        id: &Id,
        context: &Context<'_, S>,
        count: impl FnOnce(&mut Seen),
    ) {
        if ode::tracing::is_unit(context.metadata(id).unwrap()) {
            count(&mut self.0.lock().unwrap());
        }
    }
}

/// An SDK that keeps what is exported.
#[derive(Clone)]
pub(crate) struct Otel {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Otel {
    pub(crate) fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        Self { exporter, provider }
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("test")
    }

    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// The names of what was exported, in the order of the alphabet.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.spans().iter().map(|span| span.name.to_string()).collect();
        names.sort();
        names
    }

    #[track_caller]
    pub(crate) fn one(&self, name: &str) -> Place {
        let spans = self.spans();
        let mut named = spans.iter().filter(|span| span.name == name);
        match (named.next(), named.next()) {
            (Some(span), None) => Place::of_span(span),
            _ => panic!("not one {name}: {:?}", self.names()),
        }
    }
}

/// Where a span or a unit stands; ids in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
}

impl Place {
    fn of_span(span: &SpanData) -> Self {
        let parent = span.parent_span_id;
        Self {
            trace: span.span_context.trace_id().to_string(),
            id: span.span_context.span_id().to_string(),
            parent: (parent != opentelemetry::SpanId::INVALID).then(|| parent.to_string()),
        }
    }

    pub(crate) fn of_unit(event: &Captured) -> Self {
        Self {
            trace: event.trace_context().trace_id().to_string(),
            id: event.trace_context().span_id().to_string(),
            parent: event.parent_span_id().map(|id| id.to_string()),
        }
    }
}

/// Checks a line of spans and units, each the child of the one before; the first is the root.
#[track_caller]
pub(crate) fn assert_chain(otel: &Otel, events: &Capture, names: &[&str]) {
    let mut above: Option<Place> = None;
    for name in names {
        let is_unit = name.starts_with("unit");
        let place = if is_unit { Place::of_unit(&events.one(name)) } else { otel.one(name) };
        let parent = above.as_ref().map(|above| above.id.clone());
        assert_eq!(place.parent, parent, "the parent of {name}");
        if let Some(above) = &above {
            assert_eq!(place.trace, above.trace, "the trace of {name}");
        }
        above = Some(place);
    }
}
