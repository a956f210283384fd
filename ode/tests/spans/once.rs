//! A unit is exported once, by ode; whether or not the OpenTelemetry layer is told.

use ode::WideEvent;
use ode::testing::capture;
use tracing::{Span, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use crate::processes::in_a_process;
use crate::support::{Log, Otel, assert_chain};

fn work() {
    WideEvent::builder("unit").span("once").run(|| {
        info!("logged");
        info_span!("span").in_scope(|| ());
    });
}

#[test]
fn with_the_filter_fmt_has_the_span_and_opentelemetry_does_not() {
    let (otel, log, events) = (Otel::new(), Log::default(), capture());
    ode::tracing::enable_unit_spans();
    let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer());
    let layer = layer.with_filter(ode::tracing::without_units());
    let subscriber = tracing_subscriber::registry().with(log.layer()).with(layer);
    tracing::subscriber::with_default(subscriber, || info_span!("around").in_scope(work));
    assert_chain(&otel, &events, &["around", "unit", "span"]);
    assert_eq!((otel.names().len(), events.all().len()), (2, 1));
    let id = events.one("unit").trace_context().span_id().to_string();
    assert!(log.line("logged").contains(&id), "{:?}", log.lines());
    // A log record goes to the span that is exported.
    let around = otel.spans().into_iter().find(|span| span.name == "around").unwrap();
    assert_eq!(around.events.len(), 1);
}

/// Nothing of the host's gets lost either, in whatever way it carries the current span along.
#[test]
fn without_the_filter_there_is_no_span_and_so_no_second_export() {
    let (otel, log, events) = (Otel::new(), Log::default(), capture());
    ode::tracing::enable_unit_spans();
    let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer());
    let subscriber = tracing_subscriber::registry().with(log.layer()).with(layer);
    tracing::subscriber::with_default(subscriber, || {
        info_span!("around").in_scope(|| {
            WideEvent::builder("unit").span("once.forgotten").run(|| {
                info!("logged");
                info_span!("span").in_scope(|| ());
                info_span!(parent: &Span::current(), "explicit").in_scope(|| ());
                let current = Span::current();
                let dispatch = tracing::dispatcher::get_default(Clone::clone);
                let carried = || current.in_scope(|| info_span!("carried").in_scope(|| ()));
                std::thread::scope(|scope| {
                    scope.spawn(|| tracing::dispatcher::with_default(&dispatch, carried));
                });
            });
        });
    });
    assert_chain(&otel, &events, &["around", "unit", "span"]);
    assert_chain(&otel, &events, &["around", "explicit"]);
    assert_chain(&otel, &events, &["around", "carried"]);
    assert_eq!((otel.names().len(), events.all().len()), (4, 1));
    assert!(!log.line("logged").contains("span_id"));
    let around = otel.spans().into_iter().find(|span| span.name == "around").unwrap();
    assert_eq!(around.events.len(), 1);
}

/// The same units, with another subscriber: what was found out is not kept for ever.
#[test]
fn with_every_subscriber_it_is_found_out_anew() {
    let events = capture();
    ode::tracing::enable_unit_spans();
    for round in 0..2 {
        let (otel, log) = (Otel::new(), Log::default());
        let unit = || WideEvent::builder("anew").span("once.anew").run(|| info!("logged"));
        let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer());
        tracing::subscriber::with_default(
            tracing_subscriber::registry().with(log.layer()).with(layer),
            unit,
        );
        assert!(!log.line("logged").contains("span_id"), "round {round}");
        let log = Log::default();
        tracing::subscriber::with_default(log.subscriber(), unit);
        assert!(log.line("logged").contains("span_id"), "round {round}");
        assert_eq!(otel.names(), [""; 0]);
    }
    assert_eq!(events.all().len(), 4);
}

/// A filter that lets the first unit's span not through and a later one's does: that one is the last.
#[test]
fn a_filter_of_ones_own_that_changes_its_mind() {
    in_a_process("mind");
}

pub(crate) fn mind() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static THROUGH: AtomicBool = AtomicBool::new(false);

    let (otel, log, _events) = (Otel::new(), Log::default(), capture());
    ode::tracing::enable_unit_spans();
    let filter = tracing_subscriber::filter::dynamic_filter_fn(|metadata, _| {
        !ode::tracing::is_unit(metadata) || THROUGH.load(Ordering::SeqCst)
    });
    let layer = tracing_opentelemetry::layer().with_tracer(otel.tracer()).with_filter(filter);
    let subscriber = tracing_subscriber::registry().with(log.layer()).with(layer);
    let _default = tracing::subscriber::set_default(subscriber);
    let unit = || WideEvent::builder("mind").span("once.mind").run(|| info!("logged"));
    unit();
    assert_eq!(otel.names(), [""; 0]);
    THROUGH.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        unit();
    }
    assert_eq!(otel.names(), ["mind"]);
    assert_eq!(log.lines().len(), 4);
}

/// Where the layer attaches no context there is nothing to notice, and the filter is needed. With it
/// nothing is lost; parents then go by the spans of `tracing` alone.
#[test]
fn a_layer_that_attaches_no_context() {
    let (otel, log, events) = (Otel::new(), Log::default(), capture());
    ode::tracing::enable_unit_spans();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(otel.tracer())
        .with_context_activation(false)
        .with_filter(ode::tracing::without_units());
    let subscriber = tracing_subscriber::registry().with(log.layer()).with(layer);
    tracing::subscriber::with_default(subscriber, || {
        WideEvent::builder("unit").span("once.inactive").run(|| {
            info_span!("span").in_scope(|| info_span!("below").in_scope(|| ()));
        });
    });
    assert_chain(&otel, &events, &["unit", "span", "below"]);
    assert_eq!((otel.names().len(), events.all().len()), (2, 1));
}

#[test]
fn is_unit_knows_the_spans_of_units_only() {
    let (found, _events) = (Log::default(), capture());
    ode::tracing::enable_unit_spans();
    let mine = filter_fn(|metadata| !metadata.is_span() || ode::tracing::is_unit(metadata));
    let subscriber = tracing_subscriber::registry().with(found.layer().with_filter(mine));
    tracing::subscriber::with_default(subscriber, || {
        info_span!("other", trace_id = 1, ode = true).in_scope(|| {
            WideEvent::builder("unit").span("once.known").run(|| info!("logged"));
        });
    });
    assert!(found.line("logged").starts_with(" INFO unit{trace_id="), "{:?}", found.lines());
}
