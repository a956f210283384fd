//! What experiments write: on the unit that asked, on the other side's unit, and events of ode's own.

use crate::context::slot;
use crate::context::write;
use crate::event::keys::Key;
use crate::event::value::{ToValue, Value};
use crate::pipeline::engine::PipelineRef;
use crate::pipeline::lifecycle;
use crate::redact::Redaction;
use crate::ship::experiment::breaker::Change;
use crate::ship::experiment::comparison::Comparison;
use crate::ship::experiment::ledger::{ExperimentStats, NotRunCause, TrialStats};
use crate::ship::keys::Names;
use crate::ship::stage::Stage;

/// The members of `experiment.<name>.*`.
const MEMBERS: [&str; 11] = [
    "stage",
    "sampled",
    "answered",
    "not_run",
    "match",
    "ignored",
    "mismatch",
    "paths",
    "exemplars",
    "control_ns",
    "candidate_ns",
];

/// The names of the fields of one experiment.
#[derive(Debug)]
pub(crate) struct FieldNames(Names<11>);

/// Lines of `paths` on one event.
const MAX_PATHS: usize = 32;
/// Lines of `exemplars` on one event, and their bytes in all.
const MAX_EXEMPLARS: usize = 8;
const EXEMPLAR_BYTES: usize = 2_048;

impl FieldNames {
    pub(crate) const fn new() -> Self {
        Self(Names::new())
    }

    fn get(&self, name: &'static str) -> &'static [Key; 11] {
        self.0.get("experiment", name, MEMBERS)
    }

    /// On the unit that asked: in which stage, and who answers.
    pub(crate) fn asked(&self, name: &'static str, stage: Stage, sampled: bool) {
        let [stage_key, sampled_key, ..] = self.get(name);
        write::set_static(stage_key, Value::Str(stage.as_str()));
        write::set_static(sampled_key, Value::Bool(sampled));
        self.answered(name, stage);
    }

    /// On the other side's unit, when it begins.
    pub(crate) fn began(&self, name: &'static str, stage: Stage) {
        let [stage_key, ..] = self.get(name);
        write::set_static(stage_key, Value::Str(stage.as_str()));
        self.answered(name, stage);
    }

    fn answered(&self, name: &'static str, stage: Stage) {
        let [_, _, answered, ..] = self.get(name);
        let side = if stage.acts() { "candidate" } else { "control" };
        write::set_static(answered, Value::Str(side));
    }

    /// On whatever unit is current: why the other side did not run, or does not count.
    pub(crate) fn not_run(&self, name: &'static str, cause: NotRunCause) {
        if slot::is_current() {
            let [_, _, _, not_run, ..] = self.get(name);
            write::set_static(not_run, Value::Str(cause.as_str()));
        }
    }

    /// On the other side's unit: what came of it.
    pub(crate) fn compared(
        &self,
        name: &'static str,
        comparison: &Comparison,
        rules: &Redaction,
        with_exemplars: bool,
    ) {
        let [_, _, _, _, matches, ignored, mismatch, paths, exemplars, control, candidate] =
            self.get(name);
        write::set_static(matches, Value::Bool(comparison.is_match()));
        write::set_static(control, Value::U64(comparison.control_ns));
        write::set_static(candidate, Value::U64(comparison.candidate_ns));
        let Some(fingerprint) = comparison.fingerprint() else { return };
        if comparison.is_ignored() {
            write::set_static(ignored, Value::Bool(true));
        }
        write::set_static(mismatch, Value::Str(&format!("{fingerprint:016x}")));
        let found = comparison.differences().iter();
        let lines: Vec<_> = found.take(MAX_PATHS).map(|found| found.summary(rules)).collect();
        write::set_static(paths, lines.to_value());
        let lines = if with_exemplars { exemplar_lines(comparison, rules) } else { Vec::new() };
        if !lines.is_empty() {
            write::set_static(exemplars, lines.to_value());
        }
    }
}

/// As many as the budget holds.
pub(crate) fn exemplar_lines(comparison: &Comparison, rules: &Redaction) -> Vec<String> {
    let mut left = EXEMPLAR_BYTES;
    let lines = comparison.differences().iter().filter_map(|found| found.exemplar(rules));
    lines
        .take(MAX_EXEMPLARS)
        .take_while(|line| {
            let fits = line.len() <= left;
            left = left.saturating_sub(line.len());
            fits
        })
        .collect()
}

macro_rules! keys {
    ($($konst:ident = $name:literal;)*) => {
        $(static $konst: Key = Key::ours($name, concat!(",\"", $name, "\":"));)*
    };
}

keys! {
    NAME = "ode.experiment.name";
    FROM = "ode.experiment.from";
    TO = "ode.experiment.to";
    REASON = "ode.experiment.reason";
    SEEN = "ode.experiment.window";
    WINDOW_PANICKED = "ode.experiment.window_panicked";
    WINDOW_SLOW = "ode.experiment.window_slow";
    PAUSE = "ode.experiment.pause_ns";
    ELIGIBLE = "ode.experiment.eligible";
    STARTED = "ode.experiment.started";
    FINISHED = "ode.experiment.finished";
    MATCHED = "ode.experiment.matched";
    MISMATCHED = "ode.experiment.mismatched";
    IGNORED = "ode.experiment.ignored";
    QUEUED = "ode.experiment.queued";
    RUNNING = "ode.experiment.running";
    ABANDONED = "ode.experiment.abandoned";
    NEVER_STARTED = "ode.experiment.never_started";
    BREAKER_OPEN = "ode.experiment.breaker_is_open";
    NOISE_ELIGIBLE = "ode.experiment.noise.eligible";
    NOISE_FINISHED = "ode.experiment.noise.finished";
    NOISE_MISMATCHED = "ode.experiment.noise.mismatched";
    NOT_SAMPLED = "ode.experiment.not_run.not_sampled";
    DISABLED = "ode.experiment.not_run.disabled";
    BULKHEAD_FULL = "ode.experiment.not_run.bulkhead_full";
    DEADLINE = "ode.experiment.not_run.deadline";
    NOT_RUN_BREAKER_OPEN = "ode.experiment.not_run.breaker_open";
    PANICKED = "ode.experiment.not_run.panicked";
    HOOK_PANICKED = "ode.experiment.not_run.hook_panicked";
    NOT_COMPARABLE = "ode.experiment.not_run.not_comparable";
    NO_ANSWER = "ode.experiment.not_run.no_answer";
    NO_RUNTIME = "ode.experiment.not_run.no_runtime";
    NO_THREAD = "ode.experiment.not_run.no_thread";
    KILLED = "ode.experiment.not_run.killed";
    SHUTDOWN = "ode.experiment.not_run.shutdown";
}

fn key_of(cause: NotRunCause) -> &'static Key {
    match cause {
        NotRunCause::NotSampled => &NOT_SAMPLED,
        NotRunCause::Disabled => &DISABLED,
        NotRunCause::BulkheadFull => &BULKHEAD_FULL,
        NotRunCause::Deadline => &DEADLINE,
        NotRunCause::BreakerOpen => &NOT_RUN_BREAKER_OPEN,
        NotRunCause::Panicked => &PANICKED,
        NotRunCause::HookPanicked => &HOOK_PANICKED,
        NotRunCause::NotComparable => &NOT_COMPARABLE,
        NotRunCause::NoAnswer => &NO_ANSWER,
        NotRunCause::NoRuntime => &NO_RUNTIME,
        NotRunCause::NoThread => &NO_THREAD,
        NotRunCause::Killed => &KILLED,
        NotRunCause::Shutdown => &SHUTDOWN,
    }
}

/// `ode.experiment.breaker`: from, to, and why.
pub(crate) fn tell_breaker(pipeline: &PipelineRef, name: &str, change: &Change, pause: u64) {
    lifecycle::announce(pipeline, "ode.experiment.breaker", |put| {
        put(&NAME, Value::Str(name));
        put(&FROM, Value::Str(change.from));
        put(&TO, Value::Str(change.to));
        put(&REASON, Value::Str(change.reason));
        put(&SEEN, Value::U64(change.seen.into()));
        put(&WINDOW_PANICKED, Value::U64(change.panicked.into()));
        put(&WINDOW_SLOW, Value::U64(change.slow.into()));
        if change.to == "open" {
            put(&PAUSE, Value::U64(pause));
        }
    });
}

/// `ode.experiment.status`: the ledger, counted since the start.
pub(crate) fn tell_status(pipeline: &PipelineRef, stats: &ExperimentStats) {
    lifecycle::announce(pipeline, "ode.experiment.status", |put| {
        let TrialStats { eligible, started, finished, matched, mismatched, ignored, .. } =
            stats.trials;
        put(&NAME, Value::Str(&stats.name));
        put(&ELIGIBLE, Value::U64(eligible));
        put(&STARTED, Value::U64(started));
        put(&FINISHED, Value::U64(finished));
        put(&MATCHED, Value::U64(matched));
        put(&MISMATCHED, Value::U64(mismatched));
        put(&IGNORED, Value::U64(ignored));
        put(&QUEUED, Value::U64(stats.trials.queued));
        put(&RUNNING, Value::U64(stats.trials.running));
        put(&ABANDONED, Value::U64(stats.abandoned));
        put(&NEVER_STARTED, Value::Bool(stats.trials.never_started()));
        put(&BREAKER_OPEN, Value::Bool(stats.breaker_is_open));
        for (cause, count) in stats.trials.not_run.iter() {
            put(key_of(cause), Value::U64(count));
        }
        if stats.noise.eligible > 0 {
            put(&NOISE_ELIGIBLE, Value::U64(stats.noise.eligible));
            put(&NOISE_FINISHED, Value::U64(stats.noise.finished));
            put(&NOISE_MISMATCHED, Value::U64(stats.noise.mismatched));
        }
    });
}
