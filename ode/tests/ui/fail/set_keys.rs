//! Literal keys are checked when the code is compiled, also where it never runs.
fn never_called() {
    ode::set! { timestamp = 1 };
    ode::set! { ok = 1, "" = 2 };
    ode::incr! { trace_id };
}

fn main() {}
