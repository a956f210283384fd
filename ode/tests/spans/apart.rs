//! Work of no unit has no unit as its parent, for OpenTelemetry either.

use ode::testing::capture;
use ode::{FutureExt, WideEvent};
use opentelemetry::trace::Tracer;

use crate::support::{Otel, assert_chain};

#[test]
fn detached_work_begins_traces_of_its_own() {
    let (otel, events) = (Otel::new(), capture());
    let tracer = otel.tracer();
    ode::tracing::enable_unit_spans();
    WideEvent::builder("unit").run(|| {
        ode::detached(|| {
            tracer.in_span("span apart", |_| ());
            WideEvent::builder("unit apart").run(|| tracer.in_span("below", |_| ()));
        });
        let later = async {
            WideEvent::builder("unit later").run(|| ());
        };
        futures::executor::block_on(later.detached());
        tracer.in_span("inside again", |_| ());
    });
    assert_chain(&otel, &events, &["span apart"]);
    assert_chain(&otel, &events, &["unit apart", "below"]);
    assert_chain(&otel, &events, &["unit later"]);
    assert_chain(&otel, &events, &["unit", "inside again"]);
}

#[test]
fn without_a_unit_there_is_nothing_to_keep_away() {
    let (otel, events) = (Otel::new(), capture());
    let tracer = otel.tracer();
    ode::tracing::enable_unit_spans();
    tracer.in_span("span", |_| ode::detached(|| WideEvent::builder("unit").run(|| ())));
    assert_chain(&otel, &events, &["span", "unit"]);
}
