//! The body of a log record: one line for people.

use std::fmt::{self, Write};

use ode_core::{Event, Outcome};

use crate::otlp::encode::facts::Facts;
use crate::write::escape::is_hostile;
use crate::write::human::Human;
use crate::write::room::Buffer;
use crate::write::{digits, escape, scalars};

/// Writes `cart.checkout error: io::Error: no such file (1.24 ms)` in the place of what is there.
pub(crate) fn write_line(event: &Event, facts: &Facts<'_>, line: &mut String) {
    line.clear();
    let line = &mut OneLine(line);
    let outcome = event.outcome();
    // Writing to a string cannot fail.
    write!(line, "{} {outcome}", event.name()).ok();
    let details = match outcome {
        Outcome::Error | Outcome::Panicked => [facts.error_type, facts.error_message],
        Outcome::Declined | Outcome::Cancelled => [facts.reason, None],
        Outcome::Ok => [None, None],
    };
    for detail in details.into_iter().flatten() {
        write!(line, ": {detail}").ok();
    }
    write!(line, " ({})", Human(event.duration())).ok();
}

/// Writes what the event is and the attributes that had no room, as one JSON object, in the place
/// of what is there. The names are ode's own, so that no field has one of them.
pub(crate) fn write_object(event: &Event, rest: &Buffer, body: &mut Buffer) {
    body.clear(usize::MAX);
    body.append(256 + rest.length(), |room| {
        room.put_array(b"{\"name\":")?;
        escape::put_string(room, event.name())?;
        let outcome = ode_core::Value::Str(event.outcome().as_str());
        scalars::put_field(room, "outcome", Some(",\"outcome\":"), outcome)?;
        room.put_array(b",\"duration_ns\":")?;
        digits::put_u64(room, u64::try_from(event.duration().as_nanos()).unwrap_or(u64::MAX))?;
        room.put(rest.bytes())?;
        room.put_array(b"}")
    });
}

/// Shows what is written through it without line breaks and other controls.
struct OneLine<'l>(&'l mut String);

impl Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(text.chars().map(|c| if is_hostile(c) { ' ' } else { c }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::EventBuilder;

    #[test]
    fn lines() {
        let facts = Facts {
            error_type: Some("io::Error"),
            error_message: Some("no such\nfile\u{1b}[2J"),
            reason: Some("too_small"),
            ..Facts::default()
        };
        for (outcome, facts, expected) in [
            (Outcome::Ok, facts, "cart.checkout ok (1.24 ms)"),
            (Outcome::Declined, facts, "cart.checkout declined: too_small (1.24 ms)"),
            (Outcome::Cancelled, Facts::default(), "cart.checkout cancelled (1.24 ms)"),
            (Outcome::Error, facts, "cart.checkout error: io::Error: no such file [2J (1.24 ms)"),
            (Outcome::Panicked, Facts::default(), "cart.checkout panicked (1.24 ms)"),
        ] {
            let event = EventBuilder::new("cart.checkout").duration_ns(1_240_000);
            let mut line = "left from before".to_owned();
            write_line(&event.outcome(outcome).build(), &facts, &mut line);
            assert_eq!(line, expected);
        }
    }
}
