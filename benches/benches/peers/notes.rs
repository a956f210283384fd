//! What each library cannot express of this event, or what of it was given to it.

use ode_benches::versions::{version, with_versions};

/// The crates of a library, and what there is to say.
const NOTES: [(&[&str], &str); 9] = [
    (
        &["slog", "slog-json"],
        "no event that a nested function could find, no span: one record at the end; ids are fields",
    ),
    (
        &["metrique"],
        "the event is handed down as `&mut`; no signed integers (floats here), bools are 0 and 1, numbers are `{\"value\":n}`; ids need a type of one's own; a full queue drops the oldest",
    ),
    (
        &["wide-event"],
        "found only within a future's scope; ids are fields; no outcome, no level; the duration is a float; fields change their order from event to event",
    ),
    (
        &["wide-log"],
        "one list of keys for the whole crate, declared at its root; the trace's id stands for the event's, the span's is a field; no switch; without a function of one's own it writes to standard output only",
    ),
    (
        &["emit", "emit_file", "emit_otlp"],
        "a nested function cannot add to the span: it returns what its owner adds; `emit_file` writes to files only and makes every batch durable; `emit_otlp` takes no transport: its HTTP client is in the figures",
    ),
    (
        &["tracing", "tracing-subscriber"],
        "a span's fields are declared where it is opened; ids are fields; one event: nothing for a nested function to find",
    ),
    (
        &["fastrace", "fastrace-opentelemetry"],
        "values are texts: numbers are formatted on the calling thread",
    ),
    (
        &["opentelemetry_sdk", "opentelemetry-otlp"],
        "no unsigned integers; no event id, outcome or build: added as attributes, but by reference",
    ),
    (
        &["tracing-opentelemetry"],
        "fields are declared as with `tracing`; unsigned integers become texts; switched off it still visits every field",
    ),
];

/// Versions, from the lock file.
pub(crate) fn print_versions() {
    println!("ode {}; {}.", version("ode-rs"), with_versions(&names()));
}

pub(crate) fn print() {
    println!("\n| | what it cannot express, and what was done about it |");
    println!("|---|---|");
    for (crates, note) in NOTES {
        println!("| {} | {note} |", with_versions(crates));
    }
    println!(
        "\nThe lines of ode and of the JSON limit hold an event id, the outcome and constants of the \
         process besides; nobody else was given those. Switched off: not set up (ode, `tracing`, \
         `wide-event`, `emit`), not sampled (OpenTelemetry, `fastrace`), into what ignores it (`slog`, \
         `metrique`), made and not written (`wide-log`)."
    );
}

fn names() -> Vec<&'static str> {
    NOTES.iter().flat_map(|(crates, _)| crates.iter().copied()).collect()
}
