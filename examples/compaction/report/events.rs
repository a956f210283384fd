//! Reads a run's events back from its file.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use ode::exporters::jsonl;
use ode::{Event, Outcome, OwnedValue, Value};

use crate::problem::Problem;
use crate::report::trials::Trials;

/// All events of a file, in its order.
pub(crate) fn read(path: &Path) -> Result<Vec<Event>, Problem> {
    let unreadable = |what: &dyn Display| {
        Problem::new(format!("cannot read the events in {}: {what}", path.display()))
    };
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    jsonl::read(BufReader::new(file)).map(|event| event.map_err(|e| unreadable(&e))).collect()
}

pub(crate) fn named<'e>(events: &'e [Event], name: &str) -> impl Iterator<Item = &'e Event> {
    events.iter().filter(move |event| event.name() == name)
}

/// What the report says of a run.
pub(super) struct Events {
    pub(super) build_id: String,
    pub(super) run_duration: Duration,
    pub(super) min_bytes: u64,
    pub(super) chunks: Vec<ChunkEvent>,
    pub(super) trials: Option<Trials>,
}

/// What the report wants to know of a `compaction.chunk` event.
pub(super) struct ChunkEvent {
    pub(super) outcome: Outcome,
    pub(super) duration: Duration,
    pub(super) user: String,
    pub(super) app: String,
    pub(super) column: String,
    pub(super) column_index: u64,
    pub(super) column_type: String,
    pub(super) chunk: u64,
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) was_compressed: bool,
    pub(super) layout: String,
    pub(super) format: String,
    pub(super) declined_reason: Option<String>,
    pub(super) error: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) stage: String,
    /// What it would come to where it was not done: bytes before and after.
    pub(super) withheld: Option<(u64, u64)>,
}

impl From<&[Event]> for Events {
    fn from(events: &[Event]) -> Self {
        let run = named(events, "compaction.run").last();
        Self {
            build_id: run.map(|run| run.process().build_id().to_owned()).unwrap_or_default(),
            run_duration: run.map(Event::duration).unwrap_or_default(),
            min_bytes: run.map(|run| number(run, "policy.min_bytes")).unwrap_or_default(),
            chunks: named(events, "compaction.chunk").map(ChunkEvent::from).collect(),
            trials: Trials::of(events),
        }
    }
}

impl ChunkEvent {
    /// Layout and codec in one word, such as `dictionary+deflate`.
    pub(super) fn stored_as(&self) -> String {
        match (self.layout.as_str(), self.format.as_str()) {
            (layout, "none") => layout.to_owned(),
            ("plain", format) => format.to_owned(),
            (layout, format) => format!("{layout}+{format}"),
        }
    }

    /// `place/3`: the fourth chunk of the column `place`.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.column, self.chunk)
    }
}

impl From<&Event> for ChunkEvent {
    fn from(event: &Event) -> Self {
        Self {
            outcome: event.outcome(),
            duration: event.duration(),
            user: text(event, "user.id").unwrap_or_default(),
            app: text(event, "app.id").unwrap_or_default(),
            column: text(event, "column.name").unwrap_or_default(),
            column_index: number(event, "column.index"),
            column_type: text(event, "column.type").unwrap_or_default(),
            chunk: number(event, "chunk.index"),
            before: number(event, "size.before"),
            after: number(event, "size.after"),
            was_compressed: is_true(event, "was_compressed"),
            layout: text(event, "layout").unwrap_or_default(),
            format: text(event, "format").unwrap_or_default(),
            declined_reason: text(event, "declined.reason"),
            error: text(event, "error.message"),
            warnings: texts(event, "warnings"),
            stage: text(event, "change.compress.stage").unwrap_or_default(),
            withheld: withheld(event),
        }
    }
}

fn withheld(event: &Event) -> Option<(u64, u64)> {
    let is_withheld = is_true(event, "would.compress.act") && !is_true(event, "did.compress.act");
    let planned = |field| number(event, &format!("would.compress.{field}"));
    is_withheld.then(|| (planned("bytes_before"), planned("bytes_after")))
}

fn owned(event: &Event, key: &str) -> Option<OwnedValue> {
    event.get(key)?.to_owned_value()
}

pub(crate) fn is_true(event: &Event, key: &str) -> bool {
    matches!(event.get(key), Some(Value::Bool(true)))
}

pub(crate) fn text(event: &Event, key: &str) -> Option<String> {
    owned(event, key).map(|value| value.to_string())
}

pub(crate) fn number(event: &Event, key: &str) -> u64 {
    match event.get(key) {
        Some(Value::U64(number)) => number,
        Some(Value::I64(number)) => number.unsigned_abs(),
        _ => 0,
    }
}

fn texts(event: &Event, key: &str) -> Vec<String> {
    match owned(event, key) {
        Some(OwnedValue::Array(items)) => items.iter().map(OwnedValue::to_string).collect(),
        _ => Vec::new(),
    }
}
