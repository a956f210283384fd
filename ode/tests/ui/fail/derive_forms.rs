//! Attributes in another form, and the other pairs that contradict each other.
use ode::EventFields;

#[derive(EventFields)]
#[event]
#[event = "x"]
#[event("x")]
struct Type {
    #[event(rename = x)]
    bare: u8,
    #[event(rename("x"))]
    list: u8,
    #[event(rename = "")]
    empty: u8,
    #[event(sensitive)]
    unsaid: u8,
    #[event(skip(true))]
    valued: u8,
    #[event(skip, rename = "x", nested, display, debug, sensitive = "mask")]
    skipped: u8,
    #[event(flatten, rename = "y", debug, sensitive = "hash")]
    flat: Inner,
    #[event(nested, display, sensitive = "drop")]
    deep: Inner,
    #[event(prefix = "p")]
    elsewhere: u8,
}

#[derive(EventFields)]
struct Inner {
    a: u8,
}

#[derive(EventFields)]
enum Kind {
    #[event(rename = "")]
    A,
    #[event(rename)]
    B,
}

fn main() {}
