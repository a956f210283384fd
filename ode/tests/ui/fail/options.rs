//! Unknown, doubled and ill-typed options are reported at once, and the functions still exist.
use ode::instrument_event;

#[instrument_event(nam = "x", root, root, name = 3, fields(a += 1), err(Debug))]
fn wrong() {}

#[instrument_event(root, parent = None)]
fn contradiction() {}

#[instrument_event(err(with = classify))]
fn nothing_fails() {}

#[instrument_event(ok_fields(a = 1), join = true, parent, "x")]
fn ill_typed() {}

fn main() {
    wrong();
    contradiction();
    nothing_fails();
    ill_typed();
}
