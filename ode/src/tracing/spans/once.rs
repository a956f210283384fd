//! A unit is exported once: by ode, as an event. Its `tracing` span is for `fmt` and its like.
//!
//! The rule has two halves:
//!
//! 1. [`without_units`] on the layer of `tracing-opentelemetry` hides the spans of units from it.
//!    What is opened inside has the unit as its parent all the same, by the OpenTelemetry context.
//! 2. Where that was forgotten, units open no spans: before the first of a name there is a trial
//!    that leaves nothing, and a layer that would export it is noticed. That is said once. It is
//!    in `trial.rs`, and needs the feature `opentelemetry`.

use tracing_core::{Interest, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::callsite::MARK;

/// Whether this describes the span of a unit, which ode exports as an event.
///
/// For layers and filters of your own; for `tracing-opentelemetry` there is [`without_units`].
pub fn is_unit(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.fields().field(MARK).is_some()
}

/// A filter for one layer, that of `tracing-opentelemetry` above all: everything but the spans of
/// units, so that a unit is exported once.
///
/// Spans below a unit are exported as before and have the unit as their parent. Combine it with
/// other filters by `FilterExt::and`.
///
/// ```
/// use opentelemetry::trace::TracerProvider as _;
/// use tracing_subscriber::layer::{Layer, SubscriberExt};
///
/// let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
/// let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()
///     .with_simple_exporter(exporter.clone())
///     .build();
/// let to_otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("app"));
///
/// let subscriber = tracing_subscriber::registry()
///     .with(tracing_subscriber::fmt::layer())
///     .with(to_otel.with_filter(ode::tracing::without_units()));
/// # let _guard = tracing::subscriber::set_default(subscriber);
///
/// # let events = ode::testing::capture();
/// #[ode::instrument_event(span)]
/// fn import() {
///     tracing::info_span!("parse").in_scope(|| tracing::info!("what fmt prints has the ids"));
/// }
/// import();
///
/// let spans = exporter.get_finished_spans()?;
/// assert_eq!(spans.len(), 1);
/// assert_eq!(spans[0].name, "parse");
/// let unit = events.one("import");
/// assert_eq!(spans[0].parent_span_id.to_string(), unit["span_id"].to_string());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn without_units() -> WithoutUnits {
    WithoutUnits
}

/// The filter that [`without_units`] makes.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct WithoutUnits;

impl<S> Filter<S> for WithoutUnits {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        !is_unit(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_unit(metadata) { Interest::never() } else { Interest::always() }
    }
}
