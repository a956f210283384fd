//! Units and spans of OpenTelemetry's SDK through one and the same exporter: one trace, each once.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

use std::time::Duration;

use ode::WideEvent;
use ode::exporters::sdk_0_33::Spans;
use opentelemetry::trace::{SpanId, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

fn one<'s>(spans: &'s [SpanData], name: &str) -> &'s SpanData {
    spans.iter().find(|span| span.name == name).unwrap()
}

/// The set-up is for the whole process, so this is the only test here.
#[test]
fn units_between_spans_of_the_sdk() {
    let memory = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(memory.clone()).build();
    let tracer = provider.tracer("host");
    let guard =
        ode::setup(ode::build_info!()).export_to(Spans::new(memory.clone())).init().unwrap();

    tracer.in_span("request", |_| {
        WideEvent::builder("cart.checkout").run(|| {
            ode::set! { cart.items = 3 };
            tracer.in_span("query", |_| ());
        });
    });

    assert!(ode::flush(Duration::from_secs(30)).is_complete());
    let spans = memory.get_finished_spans().unwrap();
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_ref()).collect();
    names.sort_unstable();
    assert_eq!(names, ["cart.checkout", "ode.start", "query", "request"], "each once");
    let [request, unit, query] =
        ["request", "cart.checkout", "query"].map(|name| one(&spans, name));
    assert_eq!(request.parent_span_id, SpanId::INVALID);
    assert_eq!(unit.parent_span_id, request.span_context.span_id());
    assert_eq!(query.parent_span_id, unit.span_context.span_id());
    for span in [unit, query] {
        assert_eq!(span.span_context.trace_id(), request.span_context.trace_id());
    }
    assert!(unit.attributes.iter().any(|pair| pair.key.as_str() == "cart.items"));
    assert_eq!(guard.shutdown(Duration::from_secs(30)).undelivered, 0);
}
