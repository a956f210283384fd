//! [`Shipping`]: what a pipeline knows of flags and kills.

use std::fmt;

use crate::context::slot::{self, Ambient};
use crate::pipeline::engine::PipelineRef;
use crate::record::format;
use crate::ship::decide::Asked;
use crate::ship::decisions::Decisions;
use crate::ship::dry_run::Budgets;
use crate::ship::evaluation::{Answer, Evaluation, FlagError, FlagSource, FlagValue, Reason};
use crate::ship::experiment::Experiments;
use crate::ship::flag::Query;
use crate::ship::kill::Kills;
use crate::ship::stage::Stage;
use crate::ship::subject::Subject;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock};

/// Where flags come from and what is killed; one of a pipeline.
pub(crate) struct Shipping {
    sources: Vec<Arc<dyn FlagSource>>,
    /// What the set-up says about stages, for where no source knows.
    stages: Vec<(&'static str, Stage)>,
    dry_run: bool,
    pub(crate) kills: Arc<Kills>,
    pub(crate) budgets: Budgets,
    pub(crate) experiments: Experiments,
    /// Stages a test sets; they beat every source.
    tested: Mutex<Vec<(&'static str, Stage)>>,
    has_tested: AtomicBool,
}

impl fmt::Debug for Shipping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shipping").field("kills", &self.kills).finish_non_exhaustive()
    }
}

/// What goes into [`Shipping`] while a pipeline is put together.
#[derive(Default)]
pub(crate) struct ShippingBuilder {
    pub(crate) sources: Vec<Arc<dyn FlagSource>>,
    pub(crate) stages: Vec<(&'static str, Stage)>,
    pub(crate) dry_run: bool,
}

impl ShippingBuilder {
    pub(crate) fn build(self, kills: Arc<Kills>) -> Shipping {
        let Self { sources, stages, dry_run } = self;
        Shipping {
            sources,
            stages,
            dry_run,
            kills,
            budgets: Budgets::default(),
            experiments: Experiments::default(),
            tested: Mutex::default(),
            has_tested: AtomicBool::new(false),
        }
    }
}

impl Shipping {
    /// Asks the sources in order; the first that knows the flag answers.
    pub(crate) fn evaluate(&self, asked: Query<'_>, subject: &Subject) -> Evaluation {
        if self.has_tested.load(Ordering::Relaxed)
            && let Some((_, stage)) =
                lock(&self.tested).iter().find(|(known, _)| *known == asked.key)
        {
            return Evaluation::new(FlagValue::from(*stage), Reason::Static);
        }
        for source in &self.sources {
            let mut evaluation = Evaluation::failed(FlagError::General);
            format::caught(|| evaluation = source.evaluate_as(asked, subject));
            if !evaluation.asks_on() {
                return evaluation;
            }
        }
        Evaluation::not_found()
    }

    /// What stage a change is in, by an evaluation of its flag.
    pub(crate) fn stage(&self, key: &str, evaluation: &Evaluation, default: Stage) -> Asked {
        match &evaluation.answer {
            Answer::Value(FlagValue::Str(text)) => text.parse().map_or(Asked::Failed, Asked::Said),
            Answer::Value(_) | Answer::Failed(_) => Asked::Failed,
            // Switched off in its source, or ruled out: the source knows the change and does not
            // let it act.
            Answer::Default => Asked::Default(default),
            Answer::NotFound => {
                let said = self.stages.iter().find(|(known, _)| *known == key);
                said.map_or(Asked::Default(default), |(_, stage)| Asked::Said(*stage))
            }
        }
    }

    /// Whether a test has set the stage that this flag carries.
    pub(crate) fn is_tested(&self, key: &str) -> bool {
        self.has_tested.load(Ordering::Relaxed)
            && lock(&self.tested).iter().any(|(known, _)| *known == key)
    }

    pub(crate) fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Whether the whole process runs dry.
    pub(crate) fn is_dry(&self) -> bool {
        self.dry_run
    }

    /// Sets a stage for a test.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn set_tested(&self, key: &'static str, stage: Stage) {
        let mut tested = lock(&self.tested);
        tested.retain(|(known, _)| *known != key);
        tested.push((key, stage));
        self.has_tested.store(true, Ordering::Relaxed);
    }
}

/// Where code that asks about a flag stands.
pub(crate) struct Here {
    pub(crate) pipeline: Option<PipelineRef>,
    /// The decisions of the current unit.
    pub(crate) decisions: Option<Arc<Decisions>>,
}

impl Here {
    #[inline]
    pub(crate) fn find() -> Self {
        let found = slot::with(|ambient| match ambient {
            Ambient::Own(unit) => (unit.pipeline.clone(), Some(Arc::clone(unit.decisions.share()))),
            Ambient::Joined(shared) => (shared.pipeline(), shared.decisions()),
        });
        let (pipeline, decisions) = found.unwrap_or_default();
        Self { pipeline: pipeline.or_else(slot::pipeline), decisions }
    }

    #[inline]
    pub(crate) fn shipping(&self) -> Option<&Shipping> {
        self.pipeline.as_ref().map(|pipeline| &pipeline.shipping)
    }

    /// The subject that is asked about here.
    pub(crate) fn subject(&self) -> Option<Arc<Subject>> {
        self.decisions.as_ref().and_then(|decisions| decisions.subject())
    }
}
