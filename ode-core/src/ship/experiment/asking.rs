//! [`Asking`]: the side that answers, on the time of whoever asked.

use crate::context::current::current;
use crate::context::slot;
use crate::record::format;
use crate::rng;
use crate::ship::experiment::background::{self, Apart, Side, drop_caught};
use crate::ship::experiment::experiment::Experiment;
use crate::ship::experiment::judge::Judge;
use crate::ship::experiment::ledger::NotRunCause;
use crate::ship::experiment::memo;
use crate::ship::experiment::runtime;
use crate::ship::experiment::side::AsyncSide;
use crate::ship::experiment::state::{Reservation, State};
use crate::ship::experiment::ticket::{Place, Work};
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;
use crate::system_time::Moment;

/// Who answers, and whether the other side runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Control,
    Candidate,
    /// Both; this side does not answer.
    Both(Stage, Side),
}

/// What one trial allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct May {
    /// The other side may run.
    pub(crate) run: bool,
    /// Control may be the other side of itself.
    pub(crate) run_control_twice: bool,
}

impl Experiment {
    /// Decides about one trial, and counts it if it ends there.
    #[inline]
    pub(crate) fn choose(&'static self, may: May) -> Choice {
        // What a unit did once it does again without a lock or an allocation of ours.
        match (memo::stage(self), self.state_of_process()) {
            (Some(stage), Some(state)) => self.draw(stage, state, may),
            _ => self.choose_slowly(may),
        }
    }

    #[cold]
    #[inline(never)]
    fn choose_slowly(&'static self, may: May) -> Choice {
        let here = Here::find();
        let Some(pipeline) = &here.pipeline else { return Choice::Control };
        let stage = self.declaration().decide_in(&here).stage;
        let choice = self.draw(stage, &self.state(pipeline), may);
        self.note(&here, stage, matches!(choice, Choice::Both(..)));
        memo::remember(self);
        choice
    }

    /// Records what was chosen, once a unit; and again when a later trial is the first that is
    /// sampled.
    fn note(&self, here: &Here, stage: Stage, sampled: bool) {
        if let Some(decisions) = &here.decisions
            && decisions.note_trial(self.name(), sampled)
        {
            self.fields().asked(self.name(), stage, sampled);
        }
    }

    #[inline]
    fn draw(&self, stage: Stage, state: &State, may: May) -> Choice {
        let (answers, other) = match stage {
            Stage::Off | Stage::DryRun => return Choice::Control,
            Stage::Complete => return Choice::Candidate,
            Stage::Shadow => (Choice::Control, Side::Candidate),
            Stage::Live | Stage::RampDown => (Choice::Candidate, Side::Control),
        };
        let settings = self.settings();
        let may_be_noise = may.run && may.run_control_twice && stage == Stage::Shadow;
        if may_be_noise && rng::draw(settings.noise) {
            return Choice::Both(stage, Side::Noise);
        }
        if !rng::draw(settings.sample) {
            state.not_sampled();
            return answers;
        }
        if !may.run {
            state.disabled();
            return answers;
        }
        Choice::Both(stage, other)
    }
}

/// A trial whose other side is to run, while the side that answers does.
#[must_use]
pub(crate) struct Asking {
    apart: Option<Apart>,
    side: Side,
    since: Option<Moment>,
}

impl Asking {
    pub(crate) fn begin(experiment: &'static Experiment, stage: Stage, side: Side) -> Self {
        let here = Here::find();
        experiment.note(&here, stage, true);
        let Here { pipeline, decisions } = here;
        let apart = pipeline.map(|pipeline| Apart {
            experiment,
            state: experiment.state(&pipeline),
            stage,
            side,
            asked_in: if slot::is_current() { current().trace_context() } else { None },
            decisions,
            answered_ns: 0,
            pipeline,
        });
        let since = apart.as_ref().map(Apart::now);
        Self { apart, side, since }
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    /// A copy of what the user gave; where making it panics the trial ends, counted.
    pub(crate) fn copied<V>(mut self, copy: impl FnOnce() -> V) -> Result<(Self, V), ()> {
        let Some(copy) = format::caught(copy) else {
            self.lose(NotRunCause::HookPanicked);
            return Err(());
        };
        Ok((self, copy))
    }

    /// Runs the side that answers, and has the other run.
    pub(crate) fn answer<I, T, J, A, O>(mut self, input: &I, judge: J, answers: A, other: O) -> T
    where
        I: Clone + Send + 'static,
        T: 'static,
        J: Judge<I, T>,
        A: FnOnce(&I) -> T,
        O: FnOnce(&I) -> T + Send + 'static,
    {
        let answer = answers(input);
        if let Some(apart) = self.answered()
            && let Some(place) = reserve(&apart, Place::Thread)
        {
            // Clones and `clean` are the user's.
            let copies = format::caught(|| (input.clone(), judge.clean(&answer)));
            if let Some((input, known)) = copies {
                let body = move |turn| background::run(&apart, turn, input, known, (judge, other));
                place.submit(Work::Thread(Box::new(body)));
                return answer;
            }
            give_up(&apart, place);
        }
        drop_caught(judge);
        drop_caught(other);
        answer
    }

    pub(crate) async fn answer_async<I, T, J, A, O>(
        mut self,
        input: I,
        judge: J,
        answers: A,
        other: O,
    ) -> T
    where
        I: Clone + Send + 'static,
        T: 'static,
        J: Judge<I, T>,
        A: AsyncSide<I, T>,
        O: AsyncSide<I, T>,
    {
        let Some(second) = format::caught(|| input.clone()) else {
            self.lose(NotRunCause::HookPanicked);
            return answers.start(input).await;
        };
        let answer = answers.start(input).await;
        if let Some(apart) = self.answered() {
            submit(apart, &answer, second, judge, other);
        } else {
            drop_caught((second, judge, other));
        }
        answer
    }

    /// The answer is there: the time it took is known.
    pub(crate) fn answered(&mut self) -> Option<Apart> {
        let mut apart = self.apart.take()?;
        let since = self.since.take()?;
        apart.answered_ns = apart.now().since(since);
        Some(apart)
    }

    fn lose(&mut self, cause: NotRunCause) {
        if let Some(apart) = self.apart.take() {
            apart.state.lost(apart.side == Side::Noise, cause);
            apart.experiment.fields().not_run(apart.experiment.name(), cause);
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.lose(NotRunCause::NoAnswer);
    }
}

/// Gives an async side to the runtime.
fn submit<I, T, J, O>(apart: Apart, answer: &T, input: I, judge: J, other: O)
where
    I: Clone + Send + 'static,
    T: 'static,
    J: Judge<I, T>,
    O: AsyncSide<I, T>,
{
    let Some(runtime) = runtime::current() else {
        apart.state.lost(apart.side == Side::Noise, NotRunCause::NoRuntime);
        apart.experiment.fields().not_run(apart.experiment.name(), NotRunCause::NoRuntime);
        return drop_caught((input, judge, other));
    };
    if let Some(place) = reserve(&apart, Place::Runtime) {
        if let Some(known) = format::caught(|| judge.clean(answer)) {
            let body = move |turn| background::task(apart, turn, input, known, (judge, other));
            return place.submit(Work::Runtime(runtime, Box::new(body)));
        }
        give_up(&apart, place);
    }
    drop_caught((input, judge, other));
}

/// A place for the other side; where there is none the unit that asked says why.
pub(crate) fn reserve(apart: &Apart, place: Place) -> Option<Reservation> {
    match apart.state.reserve(apart.side == Side::Noise, place) {
        Ok(place) => Some(place),
        Err(cause) => {
            apart.experiment.fields().not_run(apart.experiment.name(), cause);
            None
        }
    }
}

fn give_up(apart: &Apart, place: Reservation) {
    place.give_up(NotRunCause::HookPanicked);
    apart.experiment.fields().not_run(apart.experiment.name(), NotRunCause::HookPanicked);
}
