//! What became of the comparisons of old and new codec, from the events of a run.

use std::fmt;

use ode::{Event, Value};

use super::events::{named, number, text};
use super::{counted, grouped, percent_saved};

/// The last word of the experiment's ledger, and what the candidates' events say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trials {
    eligible: u64,
    matched: u64,
    mismatched: u64,
    /// By cause.
    not_run: Vec<(String, u64)>,
    old_bytes: u64,
    new_bytes: u64,
    /// The first mismatch there was.
    example: Option<String>,
}

impl Trials {
    /// `None` of a run in which nothing was to be compared.
    pub(crate) fn of(events: &[Event]) -> Option<Self> {
        let is_codec =
            |event: &&Event| text(event, "ode.experiment.name").as_deref() == Some("codec");
        let ledger = named(events, "ode.experiment.status").filter(is_codec).last()?;
        let count = |what: &str| number(ledger, &format!("ode.experiment.{what}"));
        let not_run = ledger.fields().filter_map(|(key, value)| {
            let cause = key.strip_prefix("ode.experiment.not_run.")?;
            let Value::U64(count) = value else { return None };
            Some((cause.to_owned(), count))
        });
        let compared = || named(events, "codec.candidate");
        let differs = |event: &&Event| event.get("experiment.codec.mismatch").is_some();
        Some(Self {
            eligible: count("eligible"),
            matched: count("matched"),
            mismatched: count("mismatched"),
            not_run: not_run.collect(),
            old_bytes: compared().map(|event| number(event, "old.bytes")).sum(),
            new_bytes: compared().map(|event| number(event, "new.bytes")).sum(),
            example: compared().find(differs).map(describe),
        })
    }
}

fn describe(candidate: &Event) -> String {
    let (old, new) = (number(candidate, "old.bytes"), number(candidate, "new.bytes"));
    let grew = if new > old { "it grew" } else { "it does not read back" };
    format!("{} → {} bytes: {grew}", grouped(old), grouped(new))
}

impl fmt::Display for Trials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { eligible, matched, mismatched, not_run, old_bytes, new_bytes, example } = self;
        write!(f, "{} of {eligible} compared: ", matched + mismatched)?;
        write!(f, "{matched} matched, {mismatched} did not")?;
        if !not_run.is_empty() {
            write!(f, "; not run: {}", counted(not_run))?;
        }
        let saved = percent_saved(*old_bytes, *new_bytes);
        let (old, new) = (grouped(*old_bytes), grouped(*new_bytes));
        write!(f, "\nold {old} → new {new} bytes, {saved} % saved")?;
        match example {
            Some(example) => write!(f, "\nfor example {example}"),
            None => Ok(()),
        }
    }
}
