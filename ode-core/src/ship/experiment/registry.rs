//! [`Experiments`]: those that a pipeline has met.

use std::fmt;

use crate::pipeline::engine::PipelineRef;
use crate::ship::experiment::ExperimentStats;
use crate::ship::experiment::settings::Settings;
use crate::ship::experiment::state::State;
use crate::ship::shipping::Here;
use crate::sync::{Arc, Mutex, lock};

/// The experiments of a pipeline. Each has one state there, however often it is declared.
#[derive(Default)]
pub(crate) struct Experiments {
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    states: Vec<Arc<State>>,
    closed: bool,
}

impl fmt::Debug for Experiments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().iter().map(|state| state.name())).finish()
    }
}

impl Experiments {
    /// The state of an experiment; made when it is first met.
    pub(crate) fn state(
        &self,
        name: &'static str,
        settings: &Settings,
        pipeline: &PipelineRef,
    ) -> Arc<State> {
        let find = |book: &Book| book.states.iter().find(|state| state.name() == name).cloned();
        if let Some(known) = find(&lock(&self.book)) {
            return known;
        }
        // Made outside the lock: it takes others.
        let new = State::new(name, *settings, pipeline);
        let mut book = lock(&self.book);
        if let Some(known) = find(&book) {
            return known;
        }
        book.states.push(Arc::clone(&new));
        let closed = book.closed;
        drop(book);
        if closed {
            new.close();
        }
        new
    }

    pub(crate) fn all(&self) -> Vec<Arc<State>> {
        lock(&self.book).states.clone()
    }

    /// The pipeline stops: nothing is started any more, and every experiment reports.
    pub(crate) fn close(&self) {
        let states = {
            let mut book = lock(&self.book);
            book.closed = true;
            book.states.clone()
        };
        for state in states {
            state.close();
        }
    }
}

/// The ledgers of all experiments that ran so far; in a test's capture, of those that ran in it.
///
/// ```
/// for experiment in ode_core::experiments() {
///     println!("{experiment}");
///     assert!(experiment.trials.is_balanced());
/// }
/// ```
pub fn experiments() -> Vec<ExperimentStats> {
    let here = Here::find();
    let states = here.shipping().map(|shipping| shipping.experiments.all()).unwrap_or_default();
    states.iter().map(|state| state.stats()).collect()
}
