//! [`Report`]: the numbers.

use std::fmt;

/// Predicted against actual: for each stratum, and in all.
///
/// `Display` writes plain lines, two or more for a row, without a table drawn around them.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The name of the change.
    pub change: String,
    /// The keys that make the strata.
    pub keys: Vec<String>,
    /// One for each stratum, in the order of its values. Empty where no keys were given.
    pub rows: Vec<Row>,
    /// All strata together.
    pub total: Row,
}

/// The numbers of one stratum.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The value under each of [`Report::keys`]; `None` where an event had none. Empty in the total.
    pub stratum: Vec<Option<String>>,
    /// What did not act.
    pub predicted: Side,
    /// What acted, or could have.
    pub actual: Side,
    /// One for each number that is both planned and done somewhere, by name.
    pub sums: Vec<Sum>,
}

/// Counts of units that met the change. An event counts as many times as its `sample_rate` says.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// How many events were looked at, sampled or not.
    pub seen: u64,
    /// Units.
    pub units: f64,
    /// Those that would act: `would.<change>.act`.
    pub would_act: f64,
    /// Those that acted: `did.<change>.act`.
    pub did_act: f64,
    /// Those whose outcome is `error` or `panicked`, or whose effect failed: `did.<change>.error`.
    pub errors: f64,
}

/// One number of the plan, and of what was done: `would.<change>.<field>`, `did.<change>.<field>`.
/// Weighted by `sample_rate`; exact while it is a whole number below 2^53.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// The name below `would.<change>.`.
    pub field: String,
    /// Planned by those that would act, where nothing acts.
    pub predicted: f64,
    /// Planned by those that did it: the other half of `done`.
    pub promised: f64,
    /// Done.
    pub done: f64,
}

impl Side {
    /// The share that would act, from 0 to 1; `None` of nothing.
    #[must_use]
    pub fn would_rate(&self) -> Option<f64> {
        self.share(self.would_act)
    }

    /// The share that acted, from 0 to 1; `None` of nothing.
    #[must_use]
    pub fn did_rate(&self) -> Option<f64> {
        self.share(self.did_act)
    }

    /// The share that failed, from 0 to 1; `None` of nothing.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        self.share(self.errors)
    }

    fn share(&self, part: f64) -> Option<f64> {
        (self.units > 0.0).then(|| part / self.units)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            for (at, (key, value)) in self.keys.iter().zip(&row.stratum).enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                write!(f, "{comma}{key}={}", value.as_deref().unwrap_or("(none)"))?;
            }
            writeln!(f, ": {row}")?;
        }
        writeln!(f, "{}: {}", self.change, self.total)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { predicted, actual, .. } = self;
        write!(f, "predicted {} units", predicted.units)?;
        share(f, "would act", predicted.would_act, predicted.would_rate())?;
        share(f, "errors", predicted.errors, predicted.error_rate())?;
        write!(f, "; live {} units", actual.units)?;
        share(f, "would act", actual.would_act, actual.would_rate())?;
        share(f, "acted", actual.did_act, actual.did_rate())?;
        share(f, "errors", actual.errors, actual.error_rate())?;
        for Sum { field, predicted, promised, done } in &self.sums {
            write!(f, "\n  {field}: predicted {predicted}; promised {promised}, done {done}")?;
        }
        Ok(())
    }
}

fn share(f: &mut fmt::Formatter<'_>, what: &str, count: f64, rate: Option<f64>) -> fmt::Result {
    write!(f, ", {what} {count}")?;
    match rate {
        Some(rate) => write!(f, " ({:.1} %)", rate * 100.0),
        None => Ok(()),
    }
}
