//! A rollout, ring by ring: who gets the new codec, as configuration widens it and a kill takes it back.
//!
//! What to notice:
//! - The subject is said once, where the request is known. The function that decides is handed nothing.
//! - Widening is a value of a flag. Whoever was in stays in: a targeting key has its bucket for good.
//! - Every event says which ring let it in, or that none did, so the table below is made of events and
//!   of nothing else.
//! - A kill beats every ring, and is an event itself.
//!
//! ```text
//! cargo run --example rollout 2> events.jsonl
//! ```

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ode::exporters::JsonLines;
use ode::{Event, MemoryFlags, Ring, Rollout, Subject, Value};

static NEW_CODEC: Rollout = Rollout::new("new_codec")
    .ring(Ring::attribute("internal", "plan", "staff"))
    .ring(Ring::attribute("beta", "cohort", "beta"))
    .percent_flag("new_codec.percent");

#[ode::instrument_event(fields(app.id = app.id))]
fn request(app: &App) -> usize {
    let subject = Subject::new(format!("app-{}", app.id));
    ode::subject(subject.with("plan", app.plan).with("cohort", app.cohort));
    compress(&[7; 64])
}

/// Deep down, where nobody knows whom it is for.
fn compress(column: &[u8]) -> usize {
    if NEW_CODEC.includes() { column.len() / 4 } else { column.len() / 2 }
}

struct App {
    id: u64,
    plan: &'static str,
    cohort: &'static str,
}

impl App {
    /// One in a hundred is ours, and one in twenty asked for what is new.
    fn numbered(id: u64) -> Self {
        let plan = if id.is_multiple_of(100) { "staff" } else { "free" };
        let cohort = if id % 20 == 7 { "beta" } else { "all" };
        Self { id, plan, cohort }
    }
}

/// How many requests each ring let in, by the events alone.
#[derive(Clone, Default)]
struct Rings(Arc<Mutex<BTreeMap<String, u64>>>);

impl Rings {
    fn see(&self, event: &Event) {
        let text = |key| match event.get(key) {
            Some(Value::Str(text)) => Some(text.to_owned()),
            _ => None,
        };
        if let Some(reason) = text("change.new_codec.reason") {
            let ring = text("change.new_codec.ring").unwrap_or_else(|| format!("none, {reason}"));
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(ring).or_default() += 1;
        }
    }

    fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = MemoryFlags::new();
    let rings = Rings::default();
    let seen = rings.clone();
    let guard = ode::setup(ode::build_info!())
        .export_to(JsonLines::writer(io::stderr()))
        .flags(flags.clone())
        .on_event(move |event| seen.see(event))
        .announce(false)
        .init()?;

    let everybody = || (0..1_000).map(|id| request(&App::numbered(id))).sum::<usize>();
    println!("{:<34} {:>9}  requests by ring", "step", "bytes");
    for percent in [0.0, 1.0, 10.0, 100.0] {
        flags.set("new_codec.percent", percent);
        let bytes = everybody();
        println!("{:<34} {bytes:>9}  {:?}", format!("new_codec.percent = {percent}"), rings.take());
    }
    ode::kill("new_codec", "alice");
    let bytes = everybody();
    println!("{:<34} {bytes:>9}  {:?}", "ode::kill(\"new_codec\", \"alice\")", rings.take());

    guard.shutdown(Duration::from_secs(2));
    Ok(())
}
