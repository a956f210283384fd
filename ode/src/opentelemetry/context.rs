//! The current context of OpenTelemetry: read, and changed while a unit is current.

use std::cell::RefCell;

use ::opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags};
use ::opentelemetry::{Context, ContextGuard, SpanId as OtelSpanId, TraceId as OtelTraceId};
use ode_core::integration::Opened;
use ode_core::{SpanId, TraceContext, TraceId};

thread_local! {
    /// What was attached on this thread, by whom; innermost last. A guard must not leave its
    /// thread, so no unit can have it.
    static ATTACHED: RefCell<Vec<(usize, ContextGuard)>> = {
        // Thread-locals end in reverse order: this one must not be the last, or it would still be
        // found where OpenTelemetry's is gone.
        Context::map_current(|_| ());
        RefCell::default()
    };
}

/// Runs where the thread still has a context: also in destructors of its thread-locals.
fn on_thread<R>(f: impl FnOnce(&RefCell<Vec<(usize, ContextGuard)>>) -> R) -> Option<R> {
    ATTACHED.try_with(f).ok()
}

/// The span that is current here, whoever opened it.
pub(crate) fn current() -> Option<TraceContext> {
    on_thread(|_| Context::map_current(|context| ours(context.span().span_context()))).flatten()
}

fn ours(context: &SpanContext) -> Option<TraceContext> {
    let trace = TraceId::from_bytes(context.trace_id().to_bytes())?;
    let span = SpanId::from_bytes(context.span_id().to_bytes())?;
    Some(TraceContext::new(trace, span).with_flags(context.trace_flags().to_u8()))
}

/// How a unit that is being opened is known to OpenTelemetry. The trace's state goes on.
pub(crate) fn of_unit(unit: &Opened) -> SpanContext {
    let trace_id = OtelTraceId::from_bytes(unit.context.trace_id().to_bytes());
    let state = on_thread(|_| {
        Context::map_current(|context| {
            let span = context.span();
            let around = span.span_context();
            (around.trace_id() == trace_id).then(|| around.trace_state().clone())
        })
    });
    SpanContext::new(
        trace_id,
        OtelSpanId::from_bytes(unit.context.span_id().to_bytes()),
        TraceFlags::new(unit.context.flags()),
        // Spans opened inside are children in this process.
        false,
        state.flatten().unwrap_or_default(),
    )
}

/// Makes this span current until [`detach`] with the same key. Whatever else is in the context
/// stays: baggage, suppression.
pub(crate) fn attach(key: usize, span: &SpanContext) {
    change(key, |context| context.with_remote_span_context(span.clone()));
}

/// Makes nothing current until [`detach`] with the same key, neither span nor baggage: what is there
/// belongs to the work around. Suppression stays.
pub(crate) fn hide(key: usize) {
    change(key, |context| {
        let empty = Context::new();
        if context.is_telemetry_suppressed() { empty.with_telemetry_suppressed() } else { empty }
    });
}

fn change(key: usize, to: impl FnOnce(&Context) -> Context) {
    on_thread(|attached| {
        let guard = Context::map_current(to).attach();
        attached.borrow_mut().push((key, guard));
    });
}

/// What was current before the innermost [`attach`] with this key is so again.
pub(crate) fn detach(key: usize) {
    let guard = on_thread(|attached| {
        let mut attached = attached.borrow_mut();
        let at = attached.iter().rposition(|(by, _)| *by == key)?;
        Some(attached.remove(at))
    });
    // With the context may go the last of what it holds, which is foreign code.
    drop(guard);
}

/// In a context: what is opened here is not recorded.
#[cfg(feature = "tracing")]
struct Unrecorded;

/// Opens something that no SDK records.
#[cfg(feature = "tracing")]
pub(crate) fn unrecorded<R>(open: impl FnOnce() -> R) -> R {
    let context =
        Context::map_current(|context| context.with_telemetry_suppressed().with_value(Unrecorded));
    let _attached = context.attach();
    open()
}

/// Whether the current context comes from [`unrecorded`].
#[cfg(feature = "tracing")]
pub(crate) fn is_unrecorded() -> bool {
    on_thread(|_| Context::map_current(|context| context.get::<Unrecorded>().is_some()))
        .unwrap_or_default()
}
