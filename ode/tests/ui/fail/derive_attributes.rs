//! Attributes are a table too, and their combinations are checked.
use ode::EventFields;

#[derive(EventFields)]
#[event(prefix = "", rename_all = "Train-Case", rename = "x")]
struct Type {
    #[event(renam = "x")]
    unknown: u8,
    #[event(sensitive = "blur")]
    sensitive: u8,
    #[event(skip, skip)]
    twice: u8,
    #[event(skip = true)]
    valued: u8,
    #[event(rename)]
    unnamed: u8,
    #[event(display, debug)]
    two_forms: u8,
    #[event(nested, flatten)]
    two_places: u8,
    #[event(rename = "unknown")]
    same_name: u8,
}

#[derive(EventFields)]
#[event(prefix = "p")]
enum Kind {
    #[event(skip)]
    A,
}

fn main() {}
