//! One call from its request to the head of its response, as it is recorded. Everything that sends
//! requests goes through here.

use ode_core::integration::{innermost_context, is_recording};
use ode_core::{Failure, SpanKind, Timed, WideEvent, propagation};

use super::attempts::{Counter, Here};
use super::failure::Classify;
use super::recording::{Recording, Shape};
use super::request::{OutgoingRequest, RequestHead};
use super::response::{IncomingResponse, error_of_status, version_text};

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    kept: Kept,
    /// How often the layers inside sent the request.
    counter: Option<Counter>,
    here: Option<Here>,
}

/// Where the call is recorded.
#[derive(Debug)]
enum Kept {
    Nowhere,
    OnCurrent(Timed),
    OnItsOwn(WideEvent),
}

impl Exchange {
    /// Begins a call: opens its unit or starts its time, and writes the trace context into the
    /// request. Where no unit is current, and no other trace, it does nothing.
    pub(crate) fn begin(recording: &Recording, request: &mut impl OutgoingRequest) -> Self {
        if innermost_context().is_none() {
            return Self { kept: Kept::Nowhere, counter: None, here: None };
        }
        // Before the context is written, since the count is found by that of a layer further out.
        let number = Counter::of(request).map(|counter| counter.next());
        let kept = match recording.shape {
            Shape::Timed(name) => {
                inject(recording, request);
                let timed = is_recording().then(|| ode_core::timed(name));
                timed.map_or(Kept::Nowhere, Kept::OnCurrent)
            }
            Shape::Child => {
                let name = recording.name_of(&request.head());
                let mut event = WideEvent::builder(name).kind(SpanKind::Client).start();
                event.scope(|| {
                    describe(recording, &request.head());
                    inject(recording, request);
                });
                Kept::OnItsOwn(event)
            }
        };
        let mut exchange = Self { kept, counter: None, here: None };
        if matches!(exchange.kept, Kept::Nowhere) {
            return exchange;
        }
        if let Some(number) = number {
            exchange.is_attempt(number);
        }
        // Layers further in are counted here, and no more by those further out.
        let counter = Counter::default();
        exchange.here = counter.give(request);
        exchange.counter = Some(counter);
        exchange
    }

    /// Runs a part of the call: with its own unit current, if it has one.
    pub(crate) fn within<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let here = &self.here;
        let f = || match here {
            Some(here) => here.within(f),
            None => f(),
        };
        match &mut self.kept {
            Kept::OnItsOwn(event) => event.scope(f),
            Kept::Nowhere | Kept::OnCurrent(_) => f(),
        }
    }

    /// The response is here, or none will come.
    pub(crate) fn end<S: IncomingResponse, E>(
        self,
        result: &Result<S, E>,
        classify: &impl Classify<E>,
    ) {
        let resends = self.counter.as_ref().map_or(0, Counter::resends);
        match self.kept {
            Kept::Nowhere => {}
            Kept::OnCurrent(timed) => {
                drop(timed);
                let failed =
                    result.as_ref().map_or(true, |it| error_of_status(it.status()).is_some());
                note_on_current(failed, resends);
            }
            Kept::OnItsOwn(mut event) => {
                let failure = event.scope(|| {
                    note_resends(resends);
                    match result {
                        Ok(response) => received(response),
                        Err(error) => Some(classify.failure(error)),
                    }
                });
                event.settle(failure);
                event.end();
            }
        }
    }

    /// The request is one of several attempts, the first of which has number 0.
    fn is_attempt(&mut self, number: u32) {
        if let Kept::OnItsOwn(event) = &mut self.kept {
            event.scope(|| note_resends(number));
        }
    }
}

impl Recording {
    /// A request that could not even be made.
    #[cfg(feature = "reqwest")]
    pub(crate) fn not_begun(&self, failure: Failure) {
        if innermost_context().is_none() {
            return;
        }
        match (&self.shape, &self.name) {
            (Shape::Timed(_), _) if is_recording() => note_on_current(true, 0),
            (Shape::Timed(_), _) => {}
            (Shape::Child, super::recording::Name::Fixed(name)) => {
                WideEvent::builder(*name).kind(SpanKind::Client).start().fail(failure);
            }
            // Without a request there is nothing that the name could be made of.
            (Shape::Child, _) => {
                WideEvent::builder("HTTP").kind(SpanKind::Client).start().fail(failure);
            }
        }
    }
}

/// Writes the context of the unit at hand into the request, in the place of any that is there: who
/// sends it is the one who says where it comes from.
fn inject(recording: &Recording, request: &mut impl OutgoingRequest) {
    if !recording.send_baggage {
        propagation::inject(request.headers_mut());
    } else if let Some(outgoing) = propagation::outgoing() {
        outgoing.inject(request.headers_mut());
    }
}

fn describe(recording: &Recording, head: &RequestHead<'_>) {
    let method = head.known_method();
    ode_core::set! {
        http.request.method = method.unwrap_or("_OTHER"),
        http.request.method_original = method.err(),
        server.address = head.host(),
        server.port = head.port(),
    };
    match head.full_url(recording.capture_query) {
        Some(url) => ode_core::set! { url.full = %url },
        None => ode_core::set! {
            url.path = head.path(),
            url.query = head.query().filter(|_| recording.capture_query),
        },
    }
}

fn received(response: &impl IncomingResponse) -> Option<Failure> {
    let status = response.status();
    ode_core::set! {
        http.response.status_code = status,
        network.protocol.version = version_text(response.version()),
    };
    error_of_status(status).map(Failure::error)
}

fn note_resends(resends: u32) {
    if resends > 0 {
        ode_core::set! { http.request.resend_count = resends };
    }
}

fn note_on_current(failed: bool, resends: u32) {
    // The unit may have ended while the call was under way: then its time is counted as late, and
    // one call need not be counted three times.
    if !is_recording() {
        return;
    }
    if failed {
        ode_core::incr! { http.client.error_count };
    }
    if resends > 0 {
        ode_core::incr! { http.client.resend_count += resends };
    }
}
