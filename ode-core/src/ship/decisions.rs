//! [`Decisions`]: what was decided in a unit, so that nothing flips midway.
//!
//! A unit asks its own decisions first, then those of the units it was opened in. What is found
//! further up holds here too.

use crate::ship::decide::{Cause, Decision};
use crate::ship::evaluation::Evaluation;
use crate::ship::stage::Stage;
use crate::ship::subject::Subject;
use crate::sync::{Arc, Mutex, lock};

/// The decisions of one unit. Made when the unit first decides, is shared, or has a child; the memory
/// is reused by later units.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    above: Option<Arc<Decisions>>,
    subject: Option<Arc<Subject>>,
    /// Nothing acts here or below.
    dry: bool,
    flags: Vec<FlagDecision>,
    changes: Vec<ChangeDecision>,
}

#[derive(Debug)]
struct ChangeDecision {
    name: &'static str,
    decision: Decision,
    /// A gate has recorded what it would do.
    gated: bool,
}

/// A flag's value for one subject.
#[derive(Clone, Debug)]
struct FlagDecision {
    key: &'static str,
    about: About,
    evaluation: Evaluation,
}

/// Whom a flag was asked about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum About {
    /// The subject of the unit.
    Unit,
    /// A subject named in the question.
    Named(Arc<Subject>),
}

/// What a unit finds when it looks for a decision.
#[derive(Debug)]
pub(crate) enum Found<D> {
    /// Decided in this very unit, and so recorded.
    Here(D),
    /// Decided in a unit that this one was opened in.
    Above(D),
    Nowhere,
}

impl Decisions {
    /// Begins for a unit, below another.
    pub(crate) fn begin(&self, above: Option<Arc<Self>>) {
        lock(&self.state).above = above;
    }

    /// Makes the memory ready for another unit; only when nobody else has it.
    pub(crate) fn clear(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.above = None;
        state.subject = None;
        state.dry = false;
        state.flags.clear();
        state.changes.clear();
    }

    pub(crate) fn set_subject(&self, subject: Arc<Subject>) {
        lock(&self.state).subject = Some(subject);
    }

    /// The subject of the unit, or of the nearest it was opened in.
    pub(crate) fn subject(&self) -> Option<Arc<Subject>> {
        self.first(|state| state.subject.clone())
    }

    /// From now on nothing acts here; returns the changes that were allowed to.
    pub(crate) fn force_dry_run(&self) -> Vec<(&'static str, Decision)> {
        let mut state = lock(&self.state);
        state.dry = true;
        let acting = state.changes.iter_mut().filter(|known| known.decision.stage.acts());
        acting
            .map(|known| {
                known.decision.stage = Stage::DryRun;
                known.decision.cause = Cause::ForcedDryRun;
                (known.name, known.decision)
            })
            .collect()
    }

    /// Whether this unit or one it was opened in was told not to act.
    pub(crate) fn is_dry(&self) -> bool {
        self.first(|state| state.dry.then_some(())).is_some()
    }

    /// What was decided about a flag.
    pub(crate) fn flag(&self, key: &str, about: &About) -> Found<Evaluation> {
        self.find(|state| {
            let is = |known: &&FlagDecision| known.key == key && known.about == *about;
            state.flags.iter().find(is).map(|known| known.evaluation.clone())
        })
    }

    /// Decides about a flag, unless it was decided meanwhile; what holds, and whether it is new
    /// here.
    pub(crate) fn decide_flag(
        &self,
        key: &'static str,
        about: About,
        evaluation: Evaluation,
    ) -> (Evaluation, bool) {
        let mut state = lock(&self.state);
        let is = |known: &&FlagDecision| known.key == key && known.about == about;
        if let Some(known) = state.flags.iter().find(is) {
            return (known.evaluation.clone(), false);
        }
        state.flags.push(FlagDecision { key, about, evaluation: evaluation.clone() });
        (evaluation, true)
    }

    /// What was decided about a change.
    pub(crate) fn change(&self, name: &str) -> Found<Decision> {
        self.find(|state| {
            state.changes.iter().find(|known| known.name == name).map(|known| known.decision)
        })
    }

    /// What this very unit decided about a change.
    #[inline]
    pub(crate) fn own_change(&self, name: &str) -> Option<Decision> {
        let state = lock(&self.state);
        state.changes.iter().find(|known| known.name == name).map(|known| known.decision)
    }

    /// Notes that a gate has recorded what it would do; says whether one had before.
    #[inline]
    pub(crate) fn note_gate(&self, name: &str) -> bool {
        let mut state = lock(&self.state);
        let known = state.changes.iter_mut().find(|known| known.name == name);
        known.is_some_and(|known| std::mem::replace(&mut known.gated, true))
    }

    /// Decides about a change, unless it was decided meanwhile; what holds, and whether it is new
    /// here.
    pub(crate) fn decide_change(&self, name: &'static str, decision: Decision) -> (Decision, bool) {
        let mut state = lock(&self.state);
        if let Some(known) = state.changes.iter().find(|known| known.name == name) {
            return (known.decision, false);
        }
        state.changes.push(ChangeDecision { name, decision, gated: false });
        (decision, true)
    }

    /// A decision is looked at again after a kill, and perhaps taken back.
    pub(crate) fn update_change(&self, name: &str, decision: Decision) {
        let mut state = lock(&self.state);
        if let Some(known) = state.changes.iter_mut().find(|known| known.name == name) {
            known.decision = decision;
        }
    }

    fn find<D>(&self, look: impl Fn(&State) -> Option<D>) -> Found<D> {
        let above = {
            let state = lock(&self.state);
            if let Some(found) = look(&state) {
                return Found::Here(found);
            }
            state.above.clone()
        };
        match above.and_then(|above| above.first(look)) {
            Some(found) => Found::Above(found),
            None => Found::Nowhere,
        }
    }

    /// The first answer on the way up, this unit included.
    fn first<D>(&self, look: impl Fn(&State) -> Option<D>) -> Option<D> {
        let mut above = {
            let state = lock(&self.state);
            if let Some(found) = look(&state) {
                return Some(found);
            }
            state.above.clone()
        };
        while let Some(decisions) = above {
            let state = lock(&decisions.state);
            if let Some(found) = look(&state) {
                return Some(found);
            }
            let next = state.above.clone();
            drop(state);
            above = next;
        }
        None
    }
}
