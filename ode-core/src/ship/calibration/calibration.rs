//! [`Calibration`]: events go in.

use std::collections::BTreeMap;

use crate::event::value::Value;
use crate::record::format;
use crate::ship::calibration::recorded::Recorded;
use crate::ship::calibration::report::{Report, Row, Side, Sum};
use crate::ship::change::Change;
use crate::ship::stage::Stage;

/// Compares what a change was predicted to do with what it did. See [the module](super).
///
/// Memory is used for each stratum, not for each event: choose keys that have few values.
#[derive(Clone, Debug)]
pub struct Calibration {
    change: String,
    /// `change.<name>.stage`.
    stage: String,
    /// `would.<name>.` and `did.<name>.`.
    would: String,
    did: String,
    would_act: String,
    did_act: String,
    did_error: String,
    keys: Vec<String>,
    strata: BTreeMap<Vec<Option<String>>, Tally>,
    total: Tally,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    predicted: Side,
    actual: Side,
    sums: BTreeMap<String, Amounts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Amounts {
    predicted: f64,
    promised: f64,
    done: f64,
    is_planned: bool,
    is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Predicted,
    Actual,
}

/// What one event says, but for its numbers.
#[derive(Clone, Copy)]
struct Counted {
    set: Set,
    weight: f64,
    would_act: bool,
    did_act: bool,
    failed: bool,
}

/// Numbers of one event by name: what would be, and what was.
type Numbers = BTreeMap<String, (Option<f64>, Option<f64>)>;

impl Calibration {
    /// A calibration of a change.
    pub fn of<C: Change>() -> Self {
        Self::for_change(C::NAME)
    }

    /// A calibration of the change of this name.
    pub fn for_change(name: &str) -> Self {
        Self {
            change: name.to_owned(),
            stage: format!("change.{name}.stage"),
            would: format!("would.{name}."),
            did: format!("did.{name}."),
            would_act: format!("would.{name}.act"),
            did_act: format!("did.{name}.act"),
            did_error: format!("did.{name}.error"),
            keys: Vec::new(),
            strata: BTreeMap::new(),
            total: Tally::default(),
        }
    }

    /// Counts apart, by the values under these keys: `stratum(["column.type"])`. Before the first
    /// event; what was added until then is in the total only.
    #[must_use]
    pub fn stratum(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.keys = keys.into_iter().map(Into::into).collect();
        self.strata.clear();
        self
    }

    /// Adds an event to the side it belongs to: to what is actual where the change could act in that
    /// unit, which its stage says, or did; else to what is predicted, also where a rollout or a
    /// budget withheld it. An event of a unit that did not meet the change, or where it was off, is
    /// not counted.
    pub fn add(&mut self, event: &impl Recorded) {
        if let Some(set) = self.side_of(event) {
            self.count(event, set);
        }
    }

    /// Adds an event to what is predicted, whatever its stage; if its unit met the change.
    pub fn predicted(&mut self, event: &impl Recorded) {
        if self.side_of(event).is_some() {
            self.count(event, Set::Predicted);
        }
    }

    /// Adds an event to what is actual, whatever its stage; if its unit met the change.
    pub fn actual(&mut self, event: &impl Recorded) {
        if self.side_of(event).is_some() {
            self.count(event, Set::Actual);
        }
    }

    /// The numbers so far.
    pub fn report(&self) -> Report {
        let rows = self.strata.iter().map(|(stratum, tally)| self.row(stratum.clone(), tally));
        Report {
            change: self.change.clone(),
            keys: self.keys.clone(),
            rows: rows.collect(),
            total: self.row(Vec::new(), &self.total),
        }
    }

    fn row(&self, stratum: Vec<Option<String>>, tally: &Tally) -> Row {
        // What counts as a number of both is the same for every row.
        let fields = self.total.sums.iter().filter(|(_, all)| all.is_planned && all.is_done);
        let sums = fields.map(|(field, _)| {
            let amounts = tally.sums.get(field).copied().unwrap_or_default();
            let Amounts { predicted, promised, done, .. } = amounts;
            Sum { field: field.clone(), predicted, promised, done }
        });
        let sums = sums.collect();
        Row { stratum, predicted: tally.predicted, actual: tally.actual, sums }
    }

    fn side_of(&self, event: &impl Recorded) -> Option<Set> {
        let stage = match event.get(&self.stage) {
            Some(Value::Str(text)) => text.parse::<Stage>().ok(),
            _ => None,
        };
        let is_there = |key: &str| event.get(key).is_some();
        if stage.is_some_and(Stage::acts) || is_there(&self.did_act) || is_there(&self.did_error) {
            return Some(Set::Actual);
        }
        let is_met = stage.is_some_and(|stage| stage != Stage::Off) || is_there(&self.would_act);
        is_met.then_some(Set::Predicted)
    }

    fn count(&mut self, event: &impl Recorded, set: Set) {
        let numbers = self.numbers_of(event);
        let counted = Counted {
            set,
            weight: weight_of(event),
            would_act: is_true(event.get(&self.would_act)),
            did_act: is_true(event.get(&self.did_act)),
            failed: event.get(&self.did_error).is_some()
                || matches!(event.get("outcome"), Some(Value::Str("error" | "panicked"))),
        };
        self.total.add(&counted, &numbers);
        if !self.keys.is_empty() {
            let stratum = self.keys.iter().map(|key| event.get(key).map(text_of)).collect();
            self.strata.entry(stratum).or_default().add(&counted, &numbers);
        }
    }

    /// Every number that the event has below `would.<change>.` or `did.<change>.`.
    fn numbers_of(&self, event: &impl Recorded) -> Numbers {
        let mut numbers = Numbers::new();
        event.each(&mut |key, value| {
            let Some(number) = number_of(value) else { return };
            if let Some(field) = key.strip_prefix(&self.would) {
                numbers.entry(field.to_owned()).or_default().0 = Some(number);
            } else if let Some(field) = key.strip_prefix(&self.did) {
                numbers.entry(field.to_owned()).or_default().1 = Some(number);
            }
        });
        numbers
    }
}

impl Tally {
    fn add(&mut self, counted: &Counted, numbers: &Numbers) {
        let Counted { set, weight, would_act, did_act, failed } = *counted;
        let side = match set {
            Set::Predicted => &mut self.predicted,
            Set::Actual => &mut self.actual,
        };
        let weighted = |is_so: bool| if is_so { weight } else { 0.0 };
        side.seen += 1;
        side.units += weight;
        side.would_act += weighted(would_act);
        side.did_act += weighted(did_act);
        side.errors += weighted(failed);
        for (field, (would, did)) in numbers {
            let amounts = match self.sums.get_mut(field) {
                Some(amounts) => amounts,
                None => self.sums.entry(field.clone()).or_default(),
            };
            amounts.is_planned |= would.is_some();
            amounts.is_done |= did.is_some();
            let (would, did) = (would.map(|n| n * weight), did.map(|n| n * weight));
            match (set, did) {
                (Set::Predicted, _) if would_act => amounts.predicted += would.unwrap_or(0.0),
                (Set::Actual, Some(did)) => {
                    amounts.done += did;
                    amounts.promised += would.unwrap_or(0.0);
                }
                (Set::Predicted, _) | (Set::Actual, None) => {}
            }
        }
    }
}

fn is_true(value: Option<Value<'_>>) -> bool {
    matches!(value, Some(Value::Bool(true)))
}

/// How many units an event stands for.
fn weight_of(event: &impl Recorded) -> f64 {
    let rate = event.get("sample_rate").and_then(number_of);
    rate.filter(|rate| *rate > 0.0).unwrap_or(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "sums are said to be exact below 2^53")]
fn number_of(value: Value<'_>) -> Option<f64> {
    match value {
        Value::I64(number) => Some(number as f64),
        Value::U64(number) => Some(number as f64),
        Value::F64(number) => Some(number).filter(|number| number.is_finite()),
        _ => None,
    }
}

fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Str(text) => text.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::I64(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::F64(number) => number.to_string(),
        other => format::with_debug(&other, MAX_TEXT, |text, _cut| text.to_owned()),
    }
}

/// Of a value that is no scalar.
const MAX_TEXT: usize = 1 << 10;
