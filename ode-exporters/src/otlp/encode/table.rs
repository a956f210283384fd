//! What an outcome is in OTLP's words: the one table.

use ode_core::Outcome;

/// `STATUS_CODE_ERROR`.
pub(crate) const STATUS_ERROR: u32 = 2;

/// An outcome as status and severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Whether a span's status is ERROR; else it is UNSET, and has no message.
    pub(crate) failed: bool,
    pub(crate) severity: u32,
    pub(crate) severity_text: &'static str,
}

/// The row of an outcome.
pub(crate) fn row(outcome: Outcome) -> Row {
    let (failed, severity, severity_text) = match outcome {
        Outcome::Ok | Outcome::Declined => (false, 9, "INFO"),
        Outcome::Cancelled => (false, 13, "WARN"),
        Outcome::Error => (true, 17, "ERROR"),
        Outcome::Panicked => (true, 21, "FATAL"),
    };
    Row { failed, severity, severity_text }
}

/// `SPAN_KIND_INTERNAL`.
pub(crate) const KIND_INTERNAL: u32 = 1;

/// The kind of span that the field `ode.kind` asks for.
pub(crate) fn kind_of(word: &str) -> Option<u32> {
    Some(match word {
        "internal" => KIND_INTERNAL,
        "server" => 2,
        "client" => 3,
        "producer" => 4,
        "consumer" => 5,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_row() {
        let expected = [
            (Outcome::Ok, false, 9, "INFO"),
            (Outcome::Declined, false, 9, "INFO"),
            (Outcome::Error, true, 17, "ERROR"),
            (Outcome::Panicked, true, 21, "FATAL"),
            (Outcome::Cancelled, false, 13, "WARN"),
        ];
        assert_eq!(expected.map(|(outcome, ..)| outcome), Outcome::ALL);
        for (outcome, failed, severity, severity_text) in expected {
            assert_eq!(row(outcome), Row { failed, severity, severity_text }, "{outcome}");
        }
    }

    #[test]
    fn kinds() {
        let words = ["internal", "server", "client", "producer", "consumer"];
        assert_eq!(words.map(kind_of), [Some(1), Some(2), Some(3), Some(4), Some(5)]);
        assert_eq!(kind_of("Server"), None);
    }
}
