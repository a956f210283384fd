//! Keys that are put together, and what stands where a key or a value should.
fn main() {
    let (a, key, pair) = (1, "key", (1, 2));
    ode::set! { [1] = 2 };
    ode::set! { [a] = 2, [key] };
    ode::set! { [] = 1, ["a", "b"] = 1 };
    ode::set! { .a = 1, a. = 1, a..b = 1 };
    ode::set! { pair.0 };
    ode::set! { pair.0 = 1 };
    ode::set! { "a"."b" = 1, ?, %, a = ?, a = % };
    ode::set! { (a) = 1, { a } = 1, -a };
    ode::set! { a ?= 1, a = = 1 };
    ode::set_inherited! { a: 1, 3, "x" = };
}
