//! Real receivers: the strict one of `tests/receiver`, and the collector rotel in front of it.
//!
//! ```ignore
//! let Some(receiver) = Receiver::start(Options::default()) else { return };
//! receiver.plan(Side::Http, [Action::status(503).retry_after("1"), Action::ok()]);
//! // … export to `receiver.http_url()`
//! receiver.wait_for(2);
//! assert_eq!(receiver.received().len(), 1);
//! ```
//!
//! Python with the packages of `tests/receiver/requirements.txt` is needed: the program that
//! `ODE_TEST_PYTHON` names, or `python3`. Where they are missing a test is skipped, loudly. How to
//! run the receiver by hand is said in `tests/receiver/strict_receiver.py`.

mod action;
mod certificates;
mod item;
mod lines;
mod request;
mod rotel;
mod strict;

pub(crate) use action::{Action, Side};
pub(crate) use certificates::{Authority, Identity};
pub(crate) use item::{Item, Value};
pub(crate) use lines::{WATCHDOG, python};
pub(crate) use rotel::Rotel;
pub(crate) use strict::{Options, Receiver, Tls};
