//! What travels between services: W3C trace context and baggage, in and out.
//!
//! [`extract`] reads `traceparent`, `tracestate` and `baggage` from anything that has headers. What
//! it finds is the caller's word, so at first it is only worth a *link*: a request from the open
//! internet must not choose which trace its events belong to, or whether they are kept. Behind
//! [`trust_remote_context(true)`](Incoming::trust_remote_context) it is the *parent*. [`Outgoing`]
//! writes the headers of a call to somebody else.
//!
//! ```
//! use std::collections::HashMap;
//! use ode_core::SpanId;
//! use ode_core::propagation::{Outgoing, extract};
//!
//! let request = HashMap::from([
//!     ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
//!     ("tracestate".to_owned(), "ot=th:8, vendor=x".to_owned()),
//!     ("baggage".to_owned(), "tenant=acme,card=4111".to_owned()),
//! ]);
//!
//! // From a stranger: a link, and no field.
//! let incoming = extract(&request);
//! assert_eq!(incoming.parent(), None);
//! assert!(incoming.link().is_some());
//! assert_eq!(incoming.allowed_baggage().count(), 0);
//!
//! // From a service of ours: the parent, and one field of the baggage.
//! let incoming = incoming.trust_remote_context(true).allow_baggage(&["tenant"]);
//! let parent = incoming.parent().ok_or("no parent")?;
//! assert_eq!(incoming.allowed_baggage().collect::<Vec<_>>(), [("tenant", "acme")]);
//!
//! // A call of our own: the same trace, another span.
//! let here = SpanId::from_hex("b7ad6b7169203331").ok_or("no span id")?;
//! let mut call = HashMap::new();
//! Outgoing::new(parent.child(here))
//!     .with_trace_state(incoming.trace_state().clone())
//!     .with_baggage(incoming.baggage().clone())
//!     .inject(&mut call);
//! assert_eq!(call["traceparent"], "00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01");
//! assert_eq!(call["tracestate"], "ot=th:8,vendor=x");
//! assert_eq!(call["baggage"], "tenant=acme,card=4111");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Carriers
//!
//! | carrier | in | out |
//! |---|---|---|
//! | `HashMap<String, String>`, `BTreeMap<String, String>`, `Vec<(String, String)>` | yes | yes |
//! | slices, arrays and `Vec`s of pairs of text | yes | |
//! | `http::HeaderMap`, with feature `http` | yes | yes |
//! | the variables of this process: [`environment`] | yes | |
//! | `std::process::Command`: `TRACEPARENT`, `TRACESTATE`, `BAGGAGE` | | yes |
//! | yours: implement [`Extract`], [`Inject`] | yes | yes |
//!
//! # Rules
//! - A `traceparent` that is missing, broken, or there twice is none, and the `tracestate` beside it
//!   is not read.
//! - A `tracestate` that breaks the grammar is dropped whole; the `traceparent` stays.
//! - `baggage` is read member by member, with or without a `traceparent`. A broken member is
//!   dropped and counted.
//! - What is written keeps to the limits: 512 bytes of `tracestate`, 64 members and 8,192 bytes of
//!   `baggage`.

mod baggage;
mod carrier;
mod environment;
#[cfg(feature = "http")]
mod headers;
pub(crate) mod here;
pub(crate) mod incoming;
mod member;
mod outgoing;
mod percent;
mod sampling;
mod threshold;
mod trace_state;

pub use baggage::{Baggage, InvalidBaggageError};
pub use carrier::{Extract, Inject};
pub use environment::{Environment, environment};
pub use here::{inject, outgoing, set_baggage};
pub use incoming::{Incoming, extract};
pub use member::ParseTraceStateError;
pub use outgoing::Outgoing;
pub use sampling::{OtState, ParseOtStateError};
pub use threshold::Threshold;
pub use trace_state::TraceState;
