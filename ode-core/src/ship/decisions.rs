//! [`Decisions`]: what was decided in a unit, so that nothing flips midway.
//!
//! A unit asks its own decisions first, then those of the units it was opened in. What is found
//! further up holds here too. Locks are taken from a unit towards its root, never the other way.

use crate::ship::decide::Decision;
use crate::ship::evaluation::Evaluation;
use crate::ship::flag::FlagKey;
use crate::ship::subject::Subject;
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, lock};

/// The decisions of one unit, where others can reach them: its children, and tasks that joined it.
/// What the unit keeps to itself is in [`Own`](crate::ship::own::Own). The memory is reused by later
/// units.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    state: Mutex<State>,
}

/// What was decided in a unit.
#[derive(Debug, Default)]
pub(crate) struct State {
    above: Option<Arc<Decisions>>,
    subject: Option<Arc<Subject>>,
    /// Nothing acts here or below.
    dry: bool,
    flags: Vec<FlagDecision>,
    changes: Vec<ChangeDecision>,
    met: Vec<Met>,
}

/// A rollout that was asked about a named subject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met {
    name: &'static str,
    /// The flag that kills it said so.
    pub(crate) killed: bool,
    /// Nothing acts here.
    pub(crate) dry: bool,
}

#[derive(Debug)]
struct ChangeDecision {
    name: &'static str,
    decision: Decision,
    /// A gate has answered.
    gated: bool,
    /// What an experiment has recorded.
    tried: Tried,
}

/// What an experiment has recorded of its trials in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tried {
    No,
    /// None of them was sampled so far.
    NotSampled,
    Sampled,
}

/// A flag's value for one subject.
#[derive(Clone, Debug)]
struct FlagDecision {
    key: FlagKey,
    /// The subject named in the question; without one it is the unit's.
    named: Option<Arc<Subject>>,
    evaluation: Evaluation,
}

/// Answers about named subjects that a unit remembers: a job that asks about a million of them must
/// not keep them all.
const MAX_NAMED: usize = 64;

/// What a unit finds when it looks for a decision about a change.
#[derive(Debug)]
pub(crate) enum Found<D> {
    /// Decided in this very unit, and so recorded.
    Here(D),
    /// A unit that this one was opened in withheld.
    Above(D),
    Nowhere,
}

/// What a unit finds when it looks for the value of a flag.
#[derive(Debug)]
pub(crate) enum Look<R> {
    /// Decided in this very unit, and so recorded.
    Here(R),
    Open(Open),
}

/// What a unit has not decided.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// A unit that this one was opened in has.
    pub(crate) is_decided_above: bool,
    /// Otherwise: the subject of the unit.
    pub(crate) subject: Option<Arc<Subject>>,
}

impl Decisions {
    /// What was decided, for whoever has the lock.
    #[inline]
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes the memory ready for another unit; only when nobody else has it.
    pub(crate) fn clear(&mut self) {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn set_subject(&self, subject: Arc<Subject>) {
        lock(&self.state).subject = Some(subject);
    }

    /// The subject of the unit, or of the nearest it was opened in.
    pub(crate) fn subject(&self) -> Option<Arc<Subject>> {
        first(&lock(&self.state), |state| state.subject.clone())
    }

    /// From now on nothing acts here; returns the changes that were allowed to.
    pub(crate) fn force_dry_run(&self) -> Vec<(&'static str, Decision)> {
        let mut state = lock(&self.state);
        state.dry = true;
        let acting = state.changes.iter_mut().filter(|known| known.decision.stage.acts());
        acting
            .map(|known| {
                known.decision = known.decision.dry();
                (known.name, known.decision)
            })
            .collect()
    }

    /// Whether this unit or one it was opened in was told not to act.
    pub(crate) fn is_dry(&self) -> bool {
        is_dry(&lock(&self.state))
    }

    /// What was decided about a change.
    pub(crate) fn change(&self, name: &str) -> Found<Decision> {
        let state = lock(&self.state);
        match state.change(name) {
            Some(known) => Found::Here(known.decision),
            None => withheld_above(&state, name).map_or(Found::Nowhere, Found::Above),
        }
    }

    /// Notes that a gate has answered; says whether one had before.
    pub(crate) fn note_gate(&self, name: &str) -> bool {
        let mut state = lock(&self.state);
        let known = state.changes.iter_mut().find(|known| is(known.name, name));
        known.is_some_and(|known| std::mem::replace(&mut known.gated, true))
    }

    /// Notes a trial of an experiment; says whether it is to be recorded: the first is, and the
    /// first that is sampled.
    pub(crate) fn note_trial(&self, name: &str, sampled: bool) -> bool {
        let tried = if sampled { Tried::Sampled } else { Tried::NotSampled };
        let mut state = lock(&self.state);
        let Some(known) = state.changes.iter_mut().find(|known| is(known.name, name)) else {
            return false;
        };
        let is_news = known.tried < tried;
        known.tried = known.tried.max(tried);
        is_news
    }

    /// Decides about a change, unless it was decided meanwhile, here or further up; what holds, and
    /// whether it is new here.
    pub(crate) fn decide_change(&self, name: &'static str, asked: Decision) -> (Decision, bool) {
        let mut state = lock(&self.state);
        if let Some(known) = state.change(name) {
            return (known.decision, false);
        }
        let decision = withheld_above(&state, name).map_or(asked, |above| asked.below(above));
        state.changes.push(ChangeDecision { name, decision, gated: false, tried: Tried::No });
        (decision, true)
    }

    /// Notes that a rollout was asked about a named subject; whether that is to be recorded.
    pub(crate) fn meet(&self, name: &'static str, killed: bool) -> bool {
        let mut state = lock(&self.state);
        if state.met.iter().any(|known| is(known.name, name)) {
            return false;
        }
        state.met.push(Met { name, killed, dry: false });
        state.change(name).is_none()
    }

    /// Looks again at a decision, after `generation` flips of kill switches: `limit` takes back what
    /// it allowed. What holds, and whether that is another stage. Nothing here allows anything.
    pub(crate) fn restrict(
        &self,
        name: &str,
        generation: u64,
        limit: impl FnOnce(Decision) -> Decision,
    ) -> Option<(Decision, bool)> {
        let mut state = lock(&self.state);
        let known = state.changes.iter_mut().find(|known| is(known.name, name))?;
        let before = known.decision;
        known.decision = limit(before);
        known.decision.generation = before.generation.max(generation);
        if known.decision.stage != before.stage {
            known.tried = Tried::No;
        }
        Some((known.decision, known.decision.stage != before.stage))
    }
}

impl State {
    /// Begins below another unit.
    pub(crate) fn begin_below(&mut self, above: Option<Arc<Decisions>>) {
        self.above = above;
    }

    pub(crate) fn clear(&mut self) {
        self.above = None;
        self.subject = None;
        self.dry = false;
        self.flags.clear();
        self.changes.clear();
        self.met.clear();
    }

    /// What was decided about a flag; `read` sees a decision of this very unit.
    #[inline]
    pub(crate) fn look<R>(
        &self,
        key: FlagKey,
        named: Option<&Subject>,
        read: impl FnOnce(&Evaluation) -> R,
    ) -> Look<R> {
        if let Some(known) = self.flag(key, named) {
            return Look::Here(read(&known.evaluation));
        }
        let is_decided_above = above(self, |state| state.flag(key, named).map(|_| ())).is_some();
        let subject = if is_decided_above || named.is_some() {
            None
        } else {
            first(self, |state| state.subject.clone())
        };
        Look::Open(Open { is_decided_above, subject })
    }

    /// Decides about a flag, unless it was decided meanwhile, here or further up; `f` sees what holds,
    /// and whether it is to be recorded here.
    #[inline]
    pub(crate) fn settle<R>(
        &mut self,
        key: FlagKey,
        named: Option<&Subject>,
        asked: &mut Evaluation,
        f: impl FnOnce(&Evaluation, bool) -> R,
    ) -> R {
        let (mut is_first, mut remembered) = (true, 0);
        for known in &self.flags {
            if known.key.is(key) {
                if known.named.as_deref() == named {
                    return f(&known.evaluation, false);
                }
                // An event has room for one answer: the first.
                is_first = false;
            }
            remembered += usize::from(known.named.is_some());
        }
        let known =
            above(self, |state| state.flag(key, named).map(|known| known.evaluation.clone()));
        let evaluation = known.unwrap_or_else(|| std::mem::replace(asked, Evaluation::not_found()));
        if named.is_some() && remembered >= MAX_NAMED {
            return f(&evaluation, false);
        }
        let result = f(&evaluation, is_first);
        let named = named.map(|subject| Arc::new(subject.clone()));
        self.flags.push(FlagDecision { key, named, evaluation });
        result
    }

    /// What this very unit decided about a change.
    #[inline]
    pub(crate) fn own_change(&self, name: &str) -> Option<Decision> {
        self.change(name).map(|known| known.decision)
    }

    /// What a gate answered before, unless there were flips of kill switches since.
    #[inline]
    pub(crate) fn gate(&self, name: &str, generation: u64) -> Option<bool> {
        let known = self.change(name)?;
        let answers = known.gated && known.decision.generation == generation;
        answers.then_some(known.decision.stage.acts())
    }

    /// What this very unit decided about a change, if an experiment has recorded a trial of it.
    #[inline]
    pub(crate) fn own_trial(&self, name: &str) -> Option<Decision> {
        let known = self.change(name)?;
        (known.tried != Tried::No).then_some(known.decision)
    }

    /// What is known of a rollout that was asked about a named subject before.
    #[inline]
    pub(crate) fn met(&self, name: &str) -> Option<Met> {
        let met = *self.met.iter().find(|known| is(known.name, name))?;
        Some(Met { dry: is_dry(self), ..met })
    }

    #[inline]
    fn flag(&self, key: FlagKey, named: Option<&Subject>) -> Option<&FlagDecision> {
        self.flags.iter().find(|known| known.key.is(key) && known.named.as_deref() == named)
    }

    #[inline]
    fn change(&self, name: &str) -> Option<&ChangeDecision> {
        self.changes.iter().find(|known| is(known.name, name))
    }
}

/// Names are mostly the very same text, so that a look at where it lies tells.
#[inline]
fn is(known: &'static str, name: &str) -> bool {
    std::ptr::eq(known, name) || known == name
}

fn is_dry(state: &State) -> bool {
    first(state, |state| state.dry.then_some(())).is_some()
}

/// The nearest decision further up that does not act: what acts restricts nothing.
fn withheld_above(state: &State, name: &str) -> Option<Decision> {
    above(state, |state| {
        state.change(name).map(|known| known.decision).filter(|decision| !decision.stage.acts())
    })
}

/// The first answer on the way up, this unit included.
#[inline]
fn first<R>(state: &State, look: impl Fn(&State) -> Option<R>) -> Option<R> {
    look(state).or_else(|| above(state, look))
}

/// The first answer on the way up, of the units around this one.
#[inline]
fn above<R>(state: &State, look: impl Fn(&State) -> Option<R>) -> Option<R> {
    let above = state.above.as_ref()?;
    on_the_way_up(Arc::clone(above), &look)
}

fn on_the_way_up<R>(from: Arc<Decisions>, look: &dyn Fn(&State) -> Option<R>) -> Option<R> {
    let mut next = Some(from);
    while let Some(decisions) = next {
        let state = lock(&decisions.state);
        if let Some(found) = look(&state) {
            return Some(found);
        }
        let above = state.above.clone();
        drop(state);
        next = above;
    }
    None
}
