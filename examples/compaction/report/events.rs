//! Reads the run's events back from its file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use crate::problem::Problem;

pub(super) struct Events {
    pub(super) build_id: String,
    pub(super) run_duration_ns: u64,
    pub(super) min_bytes: u64,
    pub(super) chunks: Vec<ChunkEvent>,
}

/// What the report wants to know of a `compaction.chunk` event.
pub(super) struct ChunkEvent {
    pub(super) outcome: String,
    pub(super) duration_ns: u64,
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
}

impl Events {
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let unreadable = |what: &str| {
            Problem::new(format!(
                "cannot read the events in {}: {what}",
                path.display()
            ))
        };
        let file = File::open(path).map_err(|e| unreadable(&e.to_string()))?;
        let mut events = Self {
            build_id: String::new(),
            run_duration_ns: 0,
            min_bytes: 0,
            chunks: Vec::new(),
        };
        for (index, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|e| unreadable(&e.to_string()))?;
            let event: Map<String, Value> = serde_json::from_str(&line)
                .map_err(|e| unreadable(&format!("line {}: {e}", index + 1)))?;
            match text(&event, "name").as_str() {
                "compaction.chunk" => events.chunks.push(ChunkEvent::from(&event)),
                "compaction.run" => {
                    events.build_id = text(&event, "build_id");
                    events.run_duration_ns = number(&event, "duration_ns");
                    events.min_bytes = number(&event, "policy.min_bytes");
                }
                _ => {} // What ode says about itself.
            }
        }
        Ok(events)
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

impl From<&Map<String, Value>> for ChunkEvent {
    fn from(event: &Map<String, Value>) -> Self {
        Self {
            outcome: text(event, "outcome"),
            duration_ns: number(event, "duration_ns"),
            user: text(event, "user.id"),
            app: text(event, "app.id"),
            column: text(event, "column.name"),
            column_index: number(event, "column.index"),
            column_type: text(event, "column.type"),
            chunk: number(event, "chunk.index"),
            before: number(event, "size.before"),
            after: number(event, "size.after"),
            was_compressed: event.get("was_compressed") == Some(&Value::Bool(true)),
            layout: text(event, "layout"),
            format: text(event, "format"),
            declined_reason: optional_text(event, "declined.reason"),
            error: optional_text(event, "error.message"),
            warnings: texts(event, "warnings"),
        }
    }
}

fn optional_text(event: &Map<String, Value>, key: &str) -> Option<String> {
    event.get(key)?.as_str().map(str::to_owned)
}

fn text(event: &Map<String, Value>, key: &str) -> String {
    optional_text(event, key).unwrap_or_default()
}

fn number(event: &Map<String, Value>, key: &str) -> u64 {
    event.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn texts(event: &Map<String, Value>, key: &str) -> Vec<String> {
    let items = event.get(key).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
