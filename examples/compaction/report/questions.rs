//! The six questions that a person has minutes after shipping, and two from before it is live, each
//! answered in a line or two.

use comfy_table::Table;
use ode::Outcome;

use super::events::{ChunkEvent, Events};
use super::{count_by, counted, grouped, milliseconds, new_table, percent_saved};

pub(super) fn table(events: &Events) -> Table {
    let chunks = &events.chunks;
    let mut table = new_table();
    table.add_row(["1 Is it running? Are errors up?", &is_it_running(events)]);
    table.add_row(["2 Only on the right inputs?", &right_inputs(events)]);
    table.add_row(["3 With the intended effect?", &intended_effect(chunks)]);
    table.add_row(["4 Which errors and warnings?", &errors_and_warnings(chunks)]);
    table.add_row(["5 What was skipped, and why?", &skipped(chunks)]);
    table.add_row(["6 How does it look to one user?", &one_user(chunks)]);
    if let Some(answer) = would_do(chunks) {
        table.add_row(["7 What would it do?", &answer]);
    }
    if let Some(trials) = &events.trials {
        table.add_row(["8 Is the new codec as good?", &trials.to_string()]);
    }
    table
}

fn is_it_running(events: &Events) -> String {
    let outcomes = count_by(events.chunks.iter().map(|chunk| chunk.outcome.to_string()));
    format!(
        "yes: {} chunks in {}; {}\nbuild {}",
        events.chunks.len(),
        milliseconds(events.run_duration),
        counted(&outcomes),
        events.build_id,
    )
}

fn right_inputs(events: &Events) -> String {
    let compressed = || events.chunks.iter().filter(|chunk| chunk.was_compressed);
    if compressed().next().is_none() {
        return "nothing was compressed".to_owned();
    }
    let too_small = compressed().filter(|chunk| chunk.before < events.min_bytes).count();
    format!(
        "compressed {} of {}: {}\nof those below {} bytes: {too_small}",
        compressed().count(),
        events.chunks.len(),
        counted(&count_by(compressed().map(|chunk| chunk.column_type.as_str()))),
        grouped(events.min_bytes),
    )
}

fn intended_effect(chunks: &[ChunkEvent]) -> String {
    let before = chunks.iter().map(|chunk| chunk.before).sum();
    let after = chunks.iter().map(|chunk| chunk.after).sum();
    let grown = chunks.iter().filter(|chunk| chunk.after > chunk.before).count();
    format!(
        "{} → {} bytes, {} % saved; {grown} chunks grew",
        grouped(before),
        grouped(after),
        percent_saved(before, after),
    )
}

fn errors_and_warnings(chunks: &[ChunkEvent]) -> String {
    let failed: Vec<_> = chunks.iter().filter(|chunk| chunk.outcome == Outcome::Error).collect();
    let warned: Vec<_> = chunks.iter().filter(|chunk| !chunk.warnings.is_empty()).collect();
    let mut lines = vec![format!("{} errors, {} chunks with warnings", failed.len(), warned.len())];
    let describe = |chunk: &ChunkEvent, what| format!("{}: {what}", chunk.place());
    lines.extend(failed.first().and_then(|chunk| Some(describe(chunk, chunk.error.as_ref()?))));
    lines.extend(warned.first().and_then(|chunk| Some(describe(chunk, chunk.warnings.first()?))));
    lines.join("\n")
}

fn skipped(chunks: &[ChunkEvent]) -> String {
    let reasons = count_by(chunks.iter().filter_map(|chunk| chunk.declined_reason.as_deref()));
    let skipped: usize = reasons.iter().map(|(_, count)| count).sum();
    if skipped == 0 {
        return "nothing was skipped".to_owned();
    }
    format!("{skipped} of {}: {}", chunks.len(), counted(&reasons))
}

/// The user with the most chunks; in this program every event carries the one who asked for the run.
fn one_user(chunks: &[ChunkEvent]) -> String {
    let users = count_by(chunks.iter().map(|chunk| (chunk.user.as_str(), chunk.app.as_str())));
    let Some(((user, app), count)) = users.first() else {
        return "no user was served".to_owned();
    };
    let theirs = || chunks.iter().filter(|chunk| chunk.user == *user && chunk.app == *app);
    let slowest = theirs().max_by_key(|chunk| chunk.duration);
    let slowest = slowest.map(|c| format!("{} ({})", c.place(), milliseconds(c.duration)));
    let saved: u64 = theirs().map(|chunk| chunk.before.saturating_sub(chunk.after)).sum();
    format!(
        "{user} in {app}: {count} chunks, {} bytes saved, {} errors\nslowest: {}",
        grouped(saved),
        theirs().filter(|chunk| chunk.outcome == Outcome::Error).count(),
        slowest.unwrap_or_default(),
    )
}

/// Nothing to say where everything was done that was planned.
fn would_do(chunks: &[ChunkEvent]) -> Option<String> {
    let withheld: Vec<_> = chunks.iter().filter_map(|chunk| chunk.withheld).collect();
    if withheld.is_empty() {
        return None;
    }
    let (before, after) = withheld.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    Some(format!(
        "store {} more chunks: {} → {} bytes, {} % saved\nof all: {}",
        withheld.len(),
        grouped(before),
        grouped(after),
        percent_saved(before, after),
        counted(&count_by(chunks.iter().map(|chunk| chunk.stage.as_str()))),
    ))
}
