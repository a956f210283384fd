//! How units come to open spans: `init` sees to it, and so does every function that asks.

/// Lets units open spans where [`ode::init`](crate::init) is not called, as in a test with
/// `ode::testing::capture()`. `#[instrument_event(span)]` needs no such call.
///
/// ```
/// ode::tracing::enable_unit_spans();
/// let events = ode::testing::capture();
/// ode::WideEvent::builder("import").span("my_app").run(|| ());
/// # assert_eq!(events.all().len(), 1);
/// ```
pub fn enable_unit_spans() {
    crate::surroundings::install();
}

/// The target of the spans of a module; makes sure that they are opened.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn __unit_span(target: &'static str) -> &'static str {
    crate::surroundings::install();
    target
}
