//! The limits: the values captured and nothing else, and a writer of JSON for this one event.
//!
//! The writer for OTLP is in `common/by_ode.rs`.

use std::cell::{Cell, RefCell};

use ode_benches::by_hand::{Capture, Json};
use ode_benches::cart::Cart;
use ode_benches::process::PROCESS_JSON;
use ode_benches::side::{Arrived, Measure, Side};

use crate::checked::through_lines;
use crate::lines::{self, To};

const EVERY: usize = 2_048;
/// Lines that are handed over at once.
const TOGETHER: usize = 64;

pub(crate) fn capture(measure: impl Measure) -> f64 {
    let (mut capture, captured) = (Capture::default(), Cell::new(0));
    let record = |cart: &Cart| {
        capture.checkout(cart);
        captured.set(captured.get() + 1);
    };
    let arrived = || Arrived { events: captured.get(), bytes: 0 };
    measure.measure(Side { record, flush: || (), every: EVERY, arrived: &arrived, check: None })
}

pub(crate) fn json(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    let json = RefCell::new((Json::new(PROCESS_JSON.to_owned()), 0));
    let hand_over = |(json, events): &mut (Json, usize)| {
        lines::take_all(&json.out, std::mem::take(events));
        json.out.clear();
    };
    let record = |cart: &Cart| {
        let mut json = json.borrow_mut();
        json.0.checkout(cart);
        json.1 += 1;
        if json.1 == TOGETHER {
            hand_over(&mut json);
        }
    };
    through_lines(measure, EVERY, record, || hand_over(&mut json.borrow_mut()))
}
