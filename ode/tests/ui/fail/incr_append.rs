//! Counters and lists say how they are written.
fn main() {
    let w = 1;
    ode::incr! { a = 1 };
    ode::incr! { a += "x" };
    ode::incr! { a += ?w, b 1 };
    ode::append! { w };
    ode::append! { w = 1 };
}
