//! Sunday: for whom it was live, who pulled the switch, and whether anything acted after that.

use std::collections::BTreeSet;
use std::time::Duration;

use comfy_table::Table;
use ode::Event;

use super::days::Past;
use crate::report::{grouped, is_true, milliseconds, named, new_table, number, text};

pub(super) fn table(sunday: &Past) -> Table {
    let mut table = new_table();
    table.add_row(["Live for whom?", &included(sunday)]);
    table.add_row(["Who pulled the switch?", &pulled(sunday)]);
    table.add_row(["What acted before?", &acted(sunday)]);
    table.add_row(["And after?", &afterwards(sunday)]);
    table
}

fn included(sunday: &Past) -> String {
    let apps_of = |in_ring: bool| -> BTreeSet<String> {
        let asked = sunday.chunks().filter(|chunk| chunk.get("change.compress.bucket").is_some());
        let chosen = asked.filter(|chunk| chunk.get("change.compress.ring").is_some() == in_ring);
        chosen.filter_map(|chunk| text(chunk, "app.id")).collect()
    };
    let (live, not) = (apps_of(true), apps_of(false));
    let names: Vec<_> = live.iter().map(String::as_str).collect();
    format!("{} of {} apps: {}", live.len(), live.len() + not.len(), names.join(", "))
}

fn pulled(sunday: &Past) -> String {
    let Some(flip) = flip(sunday) else { return "nobody".to_owned() };
    let what = |key: &str| text(flip, key).unwrap_or_default();
    let run = named(&sunday.events, "compaction.run").last();
    let heeded = run.map_or(0, |run| number(run, "timed.kill.heed.total_ns"));
    format!(
        "the {} {}\nheeded after {}",
        what("ode.kill.source"),
        what("ode.kill.by"),
        milliseconds(Duration::from_nanos(heeded)),
    )
}

fn acted(sunday: &Past) -> String {
    let asked = sunday.chunks().filter(|chunk| !is_killed(chunk)).count();
    let acted = || sunday.chunks().filter(|chunk| did_act(chunk));
    let bytes: u64 = acted().map(|chunk| number(chunk, "did.compress.bytes_after")).sum();
    format!("{} of {asked} chunks, {} bytes stored", acted().count(), grouped(bytes))
}

fn afterwards(sunday: &Past) -> String {
    let killed = sunday.chunks().filter(|chunk| is_killed(chunk)).count();
    let flipped = flip(sunday).map(Event::timestamp);
    let is_late = |chunk: &&Event| flipped.is_some_and(|at| chunk.timestamp() > at);
    let late = sunday.chunks().filter(is_late).filter(|chunk| did_act(chunk)).count();
    format!("{late} of {killed} chunks")
}

fn flip(sunday: &Past) -> Option<&Event> {
    named(&sunday.events, "ode.kill").next()
}

fn is_killed(chunk: &Event) -> bool {
    text(chunk, "change.compress.reason").as_deref() == Some("killed")
}

fn did_act(chunk: &Event) -> bool {
    is_true(chunk, "did.compress.act")
}
