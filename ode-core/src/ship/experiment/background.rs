//! The other side: run apart from whoever asked, in a unit of its own, and compared.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::detached::detached;
use crate::context::joined::{InEvent, Joined};
use crate::context::slot;
use crate::event::ids::TraceContext;
use crate::event::outcome::CancelCause;
use crate::pipeline::engine::PipelineRef;
use crate::record::format;
use crate::ship::decisions::Decisions;
use crate::ship::experiment::comparison::Comparison;
use crate::ship::experiment::experiment::Experiment;
use crate::ship::experiment::judge::{Judge, Verdict};
use crate::ship::experiment::ledger::NotRunCause;
use crate::ship::experiment::record;
use crate::ship::experiment::runtime::TrialTask;
use crate::ship::experiment::side::AsyncSide;
use crate::ship::experiment::state::State;
use crate::ship::experiment::ticket::{Compared, Ended, Ticket, Turn};
use crate::ship::kill::Acting;
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;
use crate::sync::Arc;
use crate::system_time::Moment;
use crate::unit::open::{Opening, Parent, Unit};
use crate::unit::wide_event::WideEvent;

/// Which side it is that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Candidate,
    /// The old code, as the check of the new.
    Control,
    /// The old code, as the check of the old.
    Noise,
}

/// What the other side takes along from whoever asked.
pub(crate) struct Apart {
    pub(crate) experiment: &'static Experiment,
    pub(crate) pipeline: PipelineRef,
    pub(crate) state: Arc<State>,
    pub(crate) stage: Stage,
    pub(crate) side: Side,
    /// The unit that asked.
    pub(crate) asked_in: Option<TraceContext>,
    pub(crate) decisions: Option<Arc<Decisions>>,
    /// How long the answer took.
    pub(crate) answered_ns: u64,
}

impl Apart {
    /// The unit of the other side: a trace of its own, linked to who asked. It decides as they did,
    /// and nothing acts in it: what the answering side does is not to be done twice.
    fn unit(&self) -> WideEvent {
        let name = self.experiment.unit_name(self.side);
        let unit = Unit::open(&Opening { name, parent: Parent::Root, span_target: None });
        let unit = unit.map(|mut unit| {
            if let Some(decisions) = &self.decisions {
                unit.decide_below(Arc::clone(decisions));
            }
            unit.decisions.share().force_dry_run();
            unit
        });
        let mut event = WideEvent::of(unit);
        if let Some(context) = self.asked_in {
            event.link(context);
        }
        event
    }

    /// Within the pipeline of whoever asked.
    fn scope(&self) -> Joined {
        match &self.pipeline {
            PipelineRef::Global(_) => Joined::default(),
            PipelineRef::Scoped(pipeline) => Joined::to_scope(Arc::clone(pipeline)),
        }
    }

    /// Under way, as far as kills are concerned.
    fn acting(&self) -> Option<Acting> {
        let here = Here { pipeline: Some(self.pipeline.clone()), decisions: None };
        Acting::begin(&here, self.experiment.name())
    }

    /// A kill is looked at again at every use.
    pub(crate) fn is_killed(&self) -> bool {
        self.experiment.declaration().is_killed(&self.pipeline.shipping.kills)
    }

    pub(crate) fn now(&self) -> Moment {
        self.pipeline.clock.moment()
    }

    fn begin(&self) {
        self.experiment.fields().began(self.experiment.name(), self.stage);
    }

    /// Runs it apart from whatever is current here, in a unit of its own.
    pub(crate) fn within(&self, side: impl FnOnce() -> Ended) -> Ended {
        let _acting = self.acting();
        let ended = format::caught(|| {
            detached(|| {
                self.scope().run(|| {
                    self.unit().run(|| {
                        self.begin();
                        side()
                    })
                })
            })
        });
        ended.unwrap_or(Ended::Panicked)
    }

    /// Compares, in the other side's unit.
    fn conclude<I, T, J: Judge<I, T>>(
        &self,
        ticket: &Ticket,
        judge: &J,
        (input, known): (&I, &J::Clean),
        (answer, took): (T, u64),
    ) -> Ended {
        if !ticket.returned() {
            drop_caught(answer);
            return self.does_not_count(NotRunCause::Deadline);
        }
        let verdict = format::caught(|| {
            let clean = judge.clean_own(answer);
            if self.side == Side::Control {
                judge.judge(input, &clean, known)
            } else {
                judge.judge(input, known, &clean)
            }
        });
        self.judged(verdict, took)
    }

    /// Takes over what a comparison says; `None` is one that panicked.
    pub(crate) fn judged(&self, verdict: Option<Verdict>, took: u64) -> Ended {
        let (differences, ignored) = match verdict {
            Some(Verdict::Same) => (Vec::new(), false),
            Some(Verdict::Different(found)) => (found, false),
            Some(Verdict::Ignored(found)) => (found, true),
            Some(Verdict::NotComparable) => {
                return self.does_not_count(NotRunCause::NotComparable);
            }
            None => return self.does_not_count(NotRunCause::HookPanicked),
        };
        let (control_ns, candidate_ns) = match self.side {
            Side::Control => (took, self.answered_ns),
            Side::Candidate | Side::Noise => (self.answered_ns, took),
        };
        self.tell(&Comparison {
            experiment: self.experiment.name(),
            stage: self.stage,
            is_noise: self.side == Side::Noise,
            ignored,
            differences,
            control_ns,
            candidate_ns,
        })
    }

    fn does_not_count(&self, cause: NotRunCause) -> Ended {
        self.experiment.fields().not_run(self.experiment.name(), cause);
        Ended::NotRun(cause)
    }

    fn tell(&self, comparison: &Comparison) -> Ended {
        let name = self.experiment.name();
        let rules = &self.pipeline.redaction;
        let found = comparison.fingerprint().filter(|_| !comparison.ignored);
        let shows = found.is_some_and(|found| self.state.note_mismatch(found, comparison.is_noise));
        self.experiment.fields().compared(name, comparison, rules, shows);
        if let Some(observer) = self.experiment.settings().observer {
            format::caught(|| observer(comparison));
        }
        let is_test = matches!(self.pipeline, PipelineRef::Scoped(_)) && !comparison.is_noise;
        Ended::Compared(Compared {
            is_match: comparison.is_match(),
            ignored: comparison.ignored,
            failure: found.filter(|_| is_test).map(|found| {
                let paths = comparison.differences.iter().map(|found| found.summary(rules));
                let lines: Vec<_> =
                    paths.chain(record::exemplar_lines(comparison, rules)).collect();
                format!("{name} (mismatch {found:016x}):\n  {}", lines.join("\n  "))
            }),
        })
    }
}

/// Runs the other side on this thread.
pub(crate) fn run<I, T, J, O>(
    apart: &Apart,
    mut turn: Turn,
    input: I,
    known: J::Clean,
    (judge, other): (J, O),
) where
    J: Judge<I, T>,
    O: FnOnce(&I) -> T,
{
    if turn.begin(apart.is_killed()) {
        let ended = apart.within(|| {
            let since = apart.now();
            let answer = other(&input);
            let took = apart.now().since(since);
            apart.conclude(turn.ticket(), &judge, (&input, &known), (answer, took))
        });
        drop_each(input, known, judge);
        turn.end(ended);
    } else {
        drop_each(input, known, judge);
        drop_caught(other);
    }
}

/// As [`run`], as a task of the host's runtime.
pub(crate) fn task<I, T, J, O>(
    apart: Apart,
    mut turn: Turn,
    input: I,
    known: J::Clean,
    (judge, other): (J, O),
) -> TrialTask
where
    I: Clone + Send + 'static,
    T: 'static,
    J: Judge<I, T>,
    O: AsyncSide<I, T>,
{
    Box::pin(async move {
        if !turn.begin(apart.is_killed()) {
            drop_each(input, known, judge);
            drop_caught(other);
            return;
        }
        let acting = apart.acting();
        let ticket = Arc::clone(turn.ticket());
        let scope = apart.scope();
        let work = async {
            let inner = async {
                apart.begin();
                let since = apart.now();
                let future = other.start(input.clone());
                let answer = Expiring { future: Some(future), ticket: &ticket }.await;
                let took = apart.now().since(since);
                let ended = if let Some(answer) = answer {
                    apart.conclude(&ticket, &judge, (&input, &known), (answer, took))
                } else {
                    slot::with_own(|unit| unit.cancelled = Some(CancelCause::Deadline));
                    apart.does_not_count(NotRunCause::Deadline)
                };
                drop_each(input, known, judge);
                ended
            };
            // Opened at the first poll, within the scope.
            apart.unit().run_async(inner).await
        };
        let ended = Caught { future: Some(InEvent::new(scope, work)) }.await;
        drop(acting);
        turn.end(ended.unwrap_or(Ended::Panicked));
    })
}

pin_project! {
    /// A side that is dropped when its deadline passes.
    struct Expiring<'t, F> {
        #[pin]
        future: Option<F>,
        ticket: &'t Ticket,
    }
}

impl<F: Future> Future for Expiring<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let mut this = self.project();
        if !this.ticket.listen(cx.waker()) {
            this.future.set(None);
            return Poll::Ready(None);
        }
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let polled = future.poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled.map(Some)
    }
}

pin_project! {
    /// A future whose panics end here; `None` is one that panicked.
    struct Caught<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let mut future = self.project().future;
        let polled = format::caught(|| match future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        });
        match polled {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(output)) => {
                format::caught(|| future.set(None));
                Poll::Ready(Some(output))
            }
            None => {
                // The unit ends as panicked; what its destructors do is caught as well.
                format::caught(|| future.set(None));
                Poll::Ready(None)
            }
        }
    }
}

fn drop_each<I, C, J>(input: I, known: C, judge: J) {
    drop_caught(input);
    drop_caught(known);
    drop_caught(judge);
}

/// Values of the user's, and so are their destructors.
pub(crate) fn drop_caught<T>(value: T) {
    format::caught(move || drop(value));
}
