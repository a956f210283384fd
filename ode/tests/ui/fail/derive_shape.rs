//! What the derive cannot be put on. The types still have an impl, so nothing else is reported.
use ode::EventFields;

#[derive(EventFields)]
struct Newtype(u64);

#[derive(EventFields)]
union Bits {
    a: u8,
}

#[derive(EventFields)]
enum Answer {
    Yes(u8),
    No,
    Maybe { odds: f64 },
}

fn main() {
    ode::fields(&Newtype(1));
    ode::set! { answer = Answer::No };
}
