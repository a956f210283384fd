//! Any bytes as the headers of a caller, one a line.
#![no_main]

use ode_core::propagation::{Extract, extract};
use ode_core::{Baggage, TraceState};

struct Headers<'b>(&'b [u8]);

impl Extract for Headers<'_> {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        let mark = match name {
            "traceparent" => b'p',
            "tracestate" => b's',
            _ => b'b',
        };
        for line in self.0.split(|byte| *byte == b'\n') {
            if let Some(value) = line.strip_prefix(&[mark]) {
                each(value);
            }
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let incoming = extract(&Headers(bytes)).trust_remote_context(true);
    let (state, baggage) = (incoming.trace_state(), incoming.baggage());
    assert_eq!(TraceState::parse(state.to_header()).as_ref(), Ok(state));
    assert!(state.len() <= 32 && state.to_header_within(512).len() <= 512);
    let written = baggage.to_string();
    assert!(baggage.len() <= 64 && written.len() <= 8192);
    let again = Baggage::parse(&written);
    assert_eq!((&again, again.dropped()), (baggage, 0));
});
