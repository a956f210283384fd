//! [`Experiment::run_inline`]: sides that borrow.

use crate::record::format;
use crate::ship::experiment::asking::{Asking, Choice, May, reserve};
use crate::ship::experiment::background::{Apart, Side, drop_caught};
use crate::ship::experiment::experiment::Experiment;
use crate::ship::experiment::judge::Verdict;
use crate::ship::experiment::ticket::Place;

impl Experiment {
    /// Runs both sides on this thread, one after the other: **the caller waits for both.** For sides
    /// that borrow, where that is cheap.
    ///
    /// The side that answers is first. The other one runs in its own unit as always, what it panics
    /// with is caught, and it is counted; the bulkhead, the deadline and the noise control have
    /// nothing to say here. Answers are compared by `==`.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// static COUNT: Experiment = Experiment::new("count");
    /// let rows = vec![1, 2, 3];
    /// let n = COUNT.run_inline(|| rows.len(), || rows.iter().count());
    /// assert_eq!(n, 3);
    /// ```
    ///
    /// # Panics
    /// When the side that answers does.
    pub fn run_inline<T: PartialEq>(
        &'static self,
        control: impl FnOnce() -> T,
        candidate: impl FnOnce() -> T,
    ) -> T {
        match self.choose(May { run: true, run_control_twice: false }) {
            Choice::Control => control(),
            Choice::Candidate => candidate(),
            Choice::Both(stage, side) => {
                let asking = Asking::begin(self, stage, side);
                if side == Side::Control {
                    both(asking, candidate, control)
                } else {
                    both(asking, control, candidate)
                }
            }
        }
    }
}

fn both<T: PartialEq>(
    mut asking: Asking,
    answers: impl FnOnce() -> T,
    other: impl FnOnce() -> T,
) -> T {
    let answer = answers();
    match asking.answered() {
        Some(apart) => check(&apart, &answer, other),
        None => drop_caught(other),
    }
    answer
}

fn check<T: PartialEq>(apart: &Apart, answer: &T, other: impl FnOnce() -> T) {
    let Some(place) = reserve(apart, Place::Inline) else { return drop_caught(other) };
    let mut turn = place.take();
    if !turn.begin(apart.is_killed()) {
        return drop_caught(other);
    }
    let ended = apart.within(|| {
        let since = apart.now();
        let second = other();
        let took = apart.now().since(since);
        let same = format::caught(|| {
            let same = *answer == second;
            drop(second);
            same
        });
        apart.judged(same.map(Verdict::of), took)
    });
    turn.end(ended);
}
