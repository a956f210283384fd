//! Spans are opened by `ode`: the core, which libraries depend on, says where to find them.

#[ode_core::instrument_event(name = "x", span)]
fn by_the_core() {}

#[ode::instrument_event(span = "db")]
fn with_a_value() {}

fn main() {
    by_the_core();
    with_a_value();
}
