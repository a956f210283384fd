//! [`Budget`]: how much a change may do before somebody looks.

use crate::event::keys::Key;
use crate::event::value::Value;
use crate::pipeline::engine::PipelineRef;
use crate::pipeline::lifecycle;
use crate::sync::{Mutex, lock};

/// How much a change may do: so many effects a run, so many an hour.
///
/// It stops a runaway. An effect counts as one, or as what [`Planned::cost`](crate::Planned::cost)
/// says: rows, bytes, cents. What does not fit is withheld: the caller gets
/// [`Commit::Withheld`](crate::Commit::Withheld), the event says `change.<name>.reason = "budget"`
/// and keeps its `would.*`, and from there on nothing of the change acts in that unit. The event
/// `ode.budget.exhausted` tells of it when it begins, and once an hour while it lasts.
///
/// What is spent is counted for each change and pipeline, from the start of the pipeline: for the
/// whole process, where nobody tests. An effect counts when it begins, whether or not it succeeds,
/// so that effects that run at the same time never exceed the budget together. A gate,
/// [`would`](crate::would), takes nothing of it, but withholds in a unit where a plan was withheld.
///
/// ```
/// use ode_core::{Budget, DryRun};
/// ode_core::change!(Purge = "purge");
/// static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(10_000).per_hour(500));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "a budget limits nothing until it is given to a `DryRun`"]
pub struct Budget {
    per_run: Option<u64>,
    per_hour: Option<u64>,
}

impl Budget {
    /// A budget without a limit.
    pub const fn new() -> Self {
        Self { per_run: None, per_hour: None }
    }

    /// Limits what is done from the start of the process to its end.
    pub const fn per_run(mut self, limit: u64) -> Self {
        self.per_run = Some(limit);
        self
    }

    /// Limits what is done within any 60 minutes, to the minute: what was done in a minute counts
    /// until an hour after its end.
    pub const fn per_hour(mut self, limit: u64) -> Self {
        self.per_hour = Some(limit);
        self
    }
}

/// What the changes of one pipeline have spent.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    spent: Mutex<Vec<(&'static str, Spent)>>,
}

impl Budgets {
    /// Spends `cost`, if that fits, at `now` of a monotonic clock in nanoseconds. One step: two that
    /// ask at once never get more than there is.
    fn reserve(&self, change: &'static str, budget: Budget, cost: u64, now: u64) -> Answer {
        let mut all = lock(&self.spent);
        if let Some((_, spent)) = all.iter_mut().find(|(known, _)| *known == change) {
            return spent.reserve(budget, cost, now);
        }
        let mut spent = Spent::default();
        let answer = spent.reserve(budget, cost, now);
        all.push((change, spent));
        answer
    }
}

/// Whether an effect of this cost fits; tells of it when that begins not to be so.
pub(crate) fn reserve(
    pipeline: &PipelineRef,
    change: &'static str,
    budget: Budget,
    cost: u64,
) -> bool {
    let now = pipeline.clock.now();
    match pipeline.shipping.budgets.reserve(change, budget, cost, now) {
        Answer::Granted => true,
        Answer::Refused(exhausted) => {
            if let Some(exhausted) = exhausted {
                exhausted.tell(pipeline, change);
            }
            false
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Granted,
    /// With what to tell, unless that was told within the last hour.
    Refused(Option<Exhausted>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exhausted {
    window: &'static str,
    limit: u64,
    spent: u64,
    cost: u64,
}

#[derive(Debug, Default)]
struct Spent {
    run: u64,
    hour: Hour,
    /// When it was last told that nothing fits any more.
    told: Option<u64>,
}

impl Spent {
    fn reserve(&mut self, budget: Budget, cost: u64, now: u64) -> Answer {
        let in_hour = self.hour.spent(now);
        let windows = [("run", budget.per_run, self.run), ("hour", budget.per_hour, in_hour)];
        let fits = |spent: u64, limit: u64| spent.checked_add(cost).is_some_and(|all| all <= limit);
        let exhausted = windows.into_iter().find_map(|(window, limit, spent)| {
            let limit = limit.filter(|limit| !fits(spent, *limit))?;
            Some(Exhausted { window, limit, spent, cost })
        });
        if let Some(exhausted) = exhausted {
            let is_news = self.told.is_none_or(|told| now.saturating_sub(told) >= HOUR_NS);
            if is_news {
                self.told = Some(now);
            }
            return Answer::Refused(is_news.then_some(exhausted));
        }
        self.run = self.run.saturating_add(cost);
        self.hour.add(cost);
        Answer::Granted
    }
}

const MINUTE_NS: u64 = 60 * 1_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;
/// Any 60 minutes touch no more minutes of the clock than this.
const MINUTES: usize = 61;

/// What was spent in each of the last minutes. Coarse on the safe side, and of a fixed size.
#[derive(Debug)]
struct Hour {
    /// The minute of the clock that is the latest here.
    latest: u64,
    minutes: [u64; MINUTES],
}

impl Default for Hour {
    fn default() -> Self {
        Self { latest: 0, minutes: [0; MINUTES] }
    }
}

impl Hour {
    fn spent(&mut self, now: u64) -> u64 {
        let minute = now / MINUTE_NS;
        // A clock that is seen to go back by another thread's being ahead changes nothing.
        for passed in 1..=minute.saturating_sub(self.latest).min(MINUTES as u64) {
            *self.at(self.latest + passed) = 0;
        }
        self.latest = self.latest.max(minute);
        self.minutes.iter().fold(0, |sum, spent| sum.saturating_add(*spent))
    }

    /// Adds to the latest minute.
    fn add(&mut self, cost: u64) {
        let minute = self.at(self.latest);
        *minute = minute.saturating_add(cost);
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder of the length")]
    fn at(&mut self, minute: u64) -> &mut u64 {
        let at = usize::try_from(minute % MINUTES as u64).unwrap_or_default();
        &mut self.minutes[at]
    }
}

macro_rules! keys {
    ($($konst:ident = $name:literal;)*) => {
        $(static $konst: Key = Key::ours($name, concat!(",\"", $name, "\":"));)*
    };
}

keys! {
    CHANGE = "ode.budget.change";
    WINDOW = "ode.budget.window";
    LIMIT = "ode.budget.limit";
    SPENT = "ode.budget.spent";
    COST = "ode.budget.cost";
}

impl Exhausted {
    /// `ode.budget.exhausted`: whose, of what window, the limit, what is spent, what did not fit.
    fn tell(self, pipeline: &PipelineRef, change: &'static str) {
        lifecycle::announce(pipeline, "ode.budget.exhausted", |put| {
            put(&CHANGE, Value::Str(change));
            put(&WINDOW, Value::Str(self.window));
            put(&LIMIT, Value::U64(self.limit));
            put(&SPENT, Value::U64(self.spent));
            put(&COST, Value::U64(self.cost));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(spent: &mut Spent, budget: Budget, cost: u64, now: u64) -> bool {
        spent.reserve(budget, cost, now) == Answer::Granted
    }

    #[test]
    fn a_run_has_so_much() {
        let (mut spent, budget) = (Spent::default(), Budget::new().per_run(5));
        assert!(granted(&mut spent, budget, 3, 0));
        assert!(!granted(&mut spent, budget, 3, 0), "it does not fit");
        assert!(granted(&mut spent, budget, 2, 0), "what fits is granted");
        assert!(!granted(&mut spent, budget, 1, 1_000 * HOUR_NS), "time does not help");
        assert!(granted(&mut spent, budget, 0, 0), "nothing costs nothing");
        assert!(!granted(&mut spent, budget, u64::MAX, 0));
        assert!(granted(&mut Spent::default(), Budget::new(), u64::MAX, 0));
        assert!(!granted(&mut Spent::default(), Budget::new().per_hour(0), 1, 0));
    }

    #[test]
    fn no_hour_has_more() {
        let budget = Budget::new().per_hour(10);
        for start in [0, 1, MINUTE_NS - 1, 59 * MINUTE_NS + 7, 1_000 * HOUR_NS + 31] {
            let mut spent = Spent::default();
            let mut granted_at = Vec::new();
            // One is asked for every 17 seconds, for five hours.
            for step in 0..1_059 {
                let now = start + step * 17 * 1_000_000_000;
                if granted(&mut spent, budget, 1, now) {
                    granted_at.push(now);
                }
            }
            for first in &granted_at {
                let within =
                    granted_at.iter().filter(|at| (*first..first + HOUR_NS).contains(at)).count();
                assert!(within <= 10, "{within} in an hour, from {start}");
            }
            assert!(granted_at.len() >= 40, "only {} in five hours", granted_at.len());
        }
    }

    #[test]
    fn a_clock_that_stands_or_seems_to_go_back_gives_nothing_away() {
        let (mut spent, budget) = (Spent::default(), Budget::new().per_hour(1));
        assert!(granted(&mut spent, budget, 1, 10 * HOUR_NS));
        for now in [10 * HOUR_NS, 9 * HOUR_NS, 0, 10 * HOUR_NS + 60 * MINUTE_NS] {
            assert!(!granted(&mut spent, budget, 1, now), "{now}");
        }
        assert!(granted(&mut spent, budget, 1, 10 * HOUR_NS + 61 * MINUTE_NS));
    }

    #[test]
    fn a_pause_of_any_length_forgets_all_that_is_an_hour_old() {
        let budget = Budget::new().per_hour(3);
        for pause in [63, 64, 90, 122, 1_000_000] {
            let mut spent = Spent::default();
            for minute in 0..3 {
                assert!(granted(&mut spent, budget, 1, minute * MINUTE_NS));
            }
            assert!(granted(&mut spent, budget, 3, pause * MINUTE_NS), "{pause} minutes");
            assert!(!granted(&mut spent, budget, 1, pause * MINUTE_NS));
        }
    }

    #[test]
    fn it_is_told_once_an_hour() {
        let (mut spent, budget) = (Spent::default(), Budget::new().per_run(1).per_hour(100));
        spent.reserve(budget, 1, 5);
        let exhausted = Exhausted { window: "run", limit: 1, spent: 1, cost: 2 };
        assert_eq!(spent.reserve(budget, 2, 5), Answer::Refused(Some(exhausted)));
        assert_eq!(spent.reserve(budget, 2, 6), Answer::Refused(None));
        assert_eq!(spent.reserve(budget, 2, 4 + HOUR_NS), Answer::Refused(None));
        assert_eq!(spent.reserve(budget, 2, 5 + HOUR_NS), Answer::Refused(Some(exhausted)));
    }
}
