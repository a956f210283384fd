//! [`Own`]: the decisions of a unit, as the unit has them.

use std::cell::{Cell, RefCell};

use crate::ship::decisions::{Decisions, State};
use crate::sync::Arc;

/// The decisions of a unit, as the task that owns it has them: its own, with no lock, until somebody
/// else can ask for them. Made for the memory of units, and reused.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// Until they are shared.
    state: RefCell<State>,
    shared: Arc<Decisions>,
    is_shared: Cell<bool>,
}

impl Own {
    /// Begins for a unit that was opened in another.
    pub(crate) fn begin_below(&mut self, above: Option<Arc<Decisions>>) {
        self.with(|state| state.begin_below(above));
    }

    /// What was decided.
    #[inline]
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut State) -> R) -> R {
        if self.is_shared.get() { f(&mut self.shared.state()) } else { f(self.state.get_mut()) }
    }

    /// The decisions, for somebody else.
    pub(crate) fn share(&self) -> &Arc<Decisions> {
        if !self.is_shared.replace(true)
            && let Ok(mut own) = self.state.try_borrow_mut()
        {
            std::mem::swap(&mut *own, &mut *self.shared.state());
        }
        &self.shared
    }

    /// Makes the memory ready for another unit.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.state.get_mut().clear();
        if self.is_shared.replace(false) {
            match Arc::get_mut(&mut self.shared) {
                Some(decisions) => decisions.clear(),
                // Somebody kept them: they stay with the ended unit.
                None => self.shared = Arc::default(),
            }
        }
    }
}
