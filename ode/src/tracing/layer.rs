//! The layer: what `tracing` hands over, and what of it is recorded.

use ::tracing::level_filters::LevelFilter;
use ::tracing::span::{Attributes, Id, Record};
use ::tracing::{Event, Level, Metadata, Subscriber};
use ode_core::integration::{self, Stopwatch};
use ode_core::macro_support::Number;
use tracing_core::subscriber::Interest;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Layer as SubscriberLayer};
use tracing_subscriber::registry::LookupSpan;

use crate::tracing::callsite::Callsites;
use crate::tracing::filter::Rules;
use crate::tracing::key::Names;
use crate::tracing::log_record;
use crate::tracing::message::Speaker;
use crate::tracing::spans::is_unit;
use crate::tracing::visit::{Message, Recorder};

/// A layer for `tracing-subscriber` that puts records and span fields on the current unit.
///
/// Under `log.`, from `INFO` upwards, with up to 32 messages a unit, unless told otherwise. See
/// [the module](crate::tracing) for what becomes of a record, and for the two ways to add it.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let subscriber = tracing_subscriber::registry().with(ode::tracing::layer());
/// # let events = ode::testing::capture();
/// # tracing::subscriber::with_default(subscriber, || {
/// ode::WideEvent::builder("import").run(|| tracing::info!(rows = 3, "read"));
/// # });
/// # assert_eq!(events.one("import")["log.rows"], 3);
/// ```
pub fn layer() -> Layer {
    Layer {
        names: Names::below("log."),
        callsites: Callsites::default(),
        rules: Rules::new(LevelFilter::INFO),
        messages: true,
        max_messages: 32,
        time_spans: false,
    }
}

/// Puts records and span fields of `tracing` on the current unit; made by [`layer`].
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is part of a subscriber: `registry().with(layer)`"]
pub struct Layer {
    names: Names,
    callsites: Callsites,
    rules: Rules,
    messages: bool,
    max_messages: u32,
    time_spans: bool,
}

impl Layer {
    /// Sets what the names of fields begin with: `"log."` unless told otherwise.
    ///
    /// With an empty one, fields that have one of ode's own names move to `field.<name>`.
    pub fn prefix(mut self, prefix: &'static str) -> Self {
        self.names = Names::below(prefix);
        self.callsites = Callsites::default();
        self
    }

    /// Sets the level from which on records and spans are looked at: `INFO` unless told otherwise.
    pub fn level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.rules.set_rest(level.into());
        self
    }

    /// Sets the level for targets that begin like this one. The longest such target decides.
    ///
    /// ```
    /// use tracing::level_filters::LevelFilter;
    /// let layer = ode::tracing::layer()
    ///     .level(LevelFilter::DEBUG)
    ///     .target("hyper", LevelFilter::WARN)
    ///     .target("my_noisy_module", LevelFilter::OFF);
    /// # let _: ode::tracing::Layer = layer;
    /// ```
    pub fn target(mut self, target: impl Into<String>, level: impl Into<LevelFilter>) -> Self {
        self.rules.set_target(target.into(), level.into());
        self
    }

    /// Sets how many messages a unit keeps; the others are counted. 32 unless told otherwise.
    ///
    /// Tasks and threads that join the unit have a bound of the same size, which they share.
    pub fn max_messages(mut self, max: u32) -> Self {
        self.max_messages = max;
        self
    }

    /// Decides whether messages are kept at all. Fields are recorded and warnings and errors
    /// counted either way.
    pub fn messages(mut self, keep: bool) -> Self {
        self.messages = keep;
        self
    }

    /// Adds the time from each span's creation to its close to `timed.<span name>.count` and
    /// `timed.<span name>.total_ns` of the unit that is current when it closes. Off unless told
    /// otherwise, because it keeps something for every span.
    ///
    /// The clock is that of the unit in which the span was created, else the system's.
    pub fn time_spans(mut self, time: bool) -> Self {
        self.time_spans = time;
        self
    }

    /// This layer behind its own rules as a per-layer filter, so that callsites are skipped which
    /// no layer wants. Use it where all other layers have per-layer filters.
    ///
    /// ```
    /// use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    /// let subscriber = tracing_subscriber::registry()
    ///     .with(fmt::layer().with_filter(EnvFilter::new("warn")))
    ///     .with(ode::tracing::layer().filtered());
    /// # let events = ode::testing::capture();
    /// # tracing::subscriber::with_default(subscriber, || {
    /// ode::WideEvent::builder("import").run(|| tracing::info!(rows = 3, "read"));
    /// # });
    /// # assert_eq!(events.one("import")["log.rows"], 3);
    /// ```
    pub fn filtered<S>(self) -> Filtered<Self, Rules, S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let rules = self.rules.clone();
        self.with_filter(rules)
    }

    /// Not inlined: where no unit is current, an event costs a look at the thread's slot.
    #[inline(never)]
    fn record(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        if integration::is_own_thread() {
            return;
        }
        if log_record::is_one(metadata) {
            log_record::with_target(event, |target| {
                self.record_as(event, target, Some(log_record::ORIGIN));
            });
        } else {
            self.record_as(event, metadata.target(), None);
        }
    }

    #[inline]
    fn record_as(&self, event: &Event<'_>, target: &str, origin: Option<&'static str>) {
        let level = *event.metadata().level();
        if !self.rules.allow(level, target) {
            return;
        }
        match level {
            Level::ERROR => self.names.errors.incr(Number::ONE),
            Level::WARN => self.names.warnings.incr(Number::ONE),
            _ => {}
        }
        let callsite = match origin {
            Some(_) => None,
            None => self.callsites.get(event.metadata(), &self.names),
        };
        let message = if self.messages {
            let introduction = callsite.map(|callsite| callsite.introduction.as_str());
            Message::Said(Speaker { level, target, introduction, max: self.max_messages })
        } else {
            Message::Unheard
        };
        event.record(&mut Recorder::new(&self.names, callsite, message).without(origin));
    }

    /// Whether what a span says is to be looked at.
    fn wants_span(&self, metadata: &Metadata<'_>) -> bool {
        self.rules.allow(*metadata.level(), metadata.target())
            && !is_unit(metadata)
            && !integration::is_own_thread()
    }

    fn recorder_of_span(&self, metadata: &'static Metadata<'static>) -> Recorder<'_> {
        let callsite = self.callsites.get(metadata, &self.names);
        Recorder::new(&self.names, callsite, Message::Field)
    }
}

/// `register_callsite`, `enabled` and `max_level_hint` say yes to everything: what a plain layer
/// says there holds for all layers of the stack.
impl<S> SubscriberLayer<S> for Layer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }

    #[inline]
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if integration::is_recording() {
            self.record(event);
        }
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let recording = integration::is_recording();
        if !(recording || self.time_spans) || !self.wants_span(attributes.metadata()) {
            return;
        }
        if self.time_spans
            && let Some(span) = context.span(id)
        {
            // Not `insert`, which panics where another layer like this one was first.
            span.extensions_mut().replace(Stopwatch::start());
        }
        if recording {
            attributes.record(&mut self.recorder_of_span(attributes.metadata()));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if integration::is_recording()
            && let Some(metadata) = context.metadata(id)
            && self.wants_span(metadata)
        {
            values.record(&mut self.recorder_of_span(metadata));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if !self.time_spans {
            return;
        }
        let Some(span) = context.span(&id) else { return };
        let stopwatch = span.extensions_mut().remove::<Stopwatch>();
        if let Some(stopwatch) = stopwatch
            && !integration::is_own_thread()
        {
            stopwatch.stop(span.name());
        }
    }
}
