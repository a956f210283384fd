//! What a response's status says about the unit: one table.

use ode_core::Failure;

/// How a unit ends whose response has this status, unless the work said so itself.
///
/// | status | outcome |
/// |---|---|
/// | 1xx–3xx | ok |
/// | 4xx | declined, reason `http_<status>` |
/// | 5xx | error, `error.type` = the status |
/// | 6xx–9xx, which no standard knows | error, `error.type` = `_OTHER` |
pub(super) fn failure(status: u16) -> Option<Failure> {
    let of = |names: &'static [&'static str; 100]| {
        names.get(usize::from(status % 100)).copied().unwrap_or(OTHER)
    };
    match status {
        ..400 => None,
        400..500 => Some(Failure::declined(of(&DECLINED))),
        500..600 => Some(Failure::error(of(&ERRORS))),
        600.. => Some(Failure::error(OTHER)),
    }
}

/// Whether the response has no body, whatever its headers say.
pub(super) fn is_without_body(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

const OTHER: &str = "_OTHER";

/// `[<prefix><hundred>00, …, <prefix><hundred>99]`
macro_rules! names {
    ($prefix:literal $hundred:literal: $($ten:literal)*) => {
        names!(@ $prefix $hundred [] $($ten)*)
    };
    (@ $prefix:literal $hundred:literal [$($done:expr,)*] $ten:literal $($rest:literal)*) => {
        names!(@ $prefix $hundred [
            $($done,)*
            concat!($prefix, $hundred, $ten, "0"), concat!($prefix, $hundred, $ten, "1"),
            concat!($prefix, $hundred, $ten, "2"), concat!($prefix, $hundred, $ten, "3"),
            concat!($prefix, $hundred, $ten, "4"), concat!($prefix, $hundred, $ten, "5"),
            concat!($prefix, $hundred, $ten, "6"), concat!($prefix, $hundred, $ten, "7"),
            concat!($prefix, $hundred, $ten, "8"), concat!($prefix, $hundred, $ten, "9"),
        ] $($rest)*)
    };
    (@ $prefix:literal $hundred:literal [$($done:expr,)*]) => { [$($done),*] };
}

static DECLINED: [&str; 100] = names!("http_" "4": "0" "1" "2" "3" "4" "5" "6" "7" "8" "9");
static ERRORS: [&str; 100] = names!("" "5": "0" "1" "2" "3" "4" "5" "6" "7" "8" "9");

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome, and the reason or the type, of a unit that a status settles.
    fn settled(status: u16) -> (String, Option<String>) {
        let events = ode_core::testing::capture();
        let mut event = ode_core::WideEvent::builder("request").start();
        event.settle(failure(status));
        event.end();
        let event = events.one("request");
        let detail = event.field("declined.reason").or(event.field("error.type"));
        (event.outcome().to_string(), detail.map(ToString::to_string))
    }

    #[test]
    fn every_status_by_its_hundred() {
        for status in 100..1_000 {
            let expected = match status {
                100..400 => ("ok", None),
                400..500 => ("declined", Some(format!("http_{status}"))),
                500..600 => ("error", Some(status.to_string())),
                _ => ("error", Some("_OTHER".to_owned())),
            };
            assert_eq!(settled(status), (expected.0.to_owned(), expected.1), "{status}");
        }
    }

    #[test]
    fn statuses_without_a_body() {
        let without: Vec<u16> = (100..600).filter(|status| is_without_body(*status)).collect();
        let expected: Vec<u16> = (100..200).chain([204, 304]).collect();
        assert_eq!(without, expected);
    }
}
