//! Comparing by path: the judge behind `Trial::diff`.

use std::fmt;

use serde::Serialize;

use crate::ship::experiment::diff::rules::Diff;
use crate::ship::experiment::diff::{walk, writer};
use crate::ship::experiment::judge::{Cleans, Judge, Verdict};
use crate::ship::experiment::trial::{ComparedTrial, Trial};

/// By path, as serde sees the answers.
pub struct ByPath<T, C> {
    clean: fn(&T) -> C,
    rules: &'static Diff,
}

impl<T, C> fmt::Debug for ByPath<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByPath").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl<T: 'static, C: Send + 'static> Cleans for ByPath<T, C> {
    type Clean = C;
}

impl<I, T: 'static, C: Serialize + Send + 'static> Judge<I, T> for ByPath<T, C> {
    fn clean(&self, answer: &T) -> C {
        (self.clean)(answer)
    }

    fn judge(&self, _: &I, control: &C, candidate: &C) -> Verdict {
        let (Ok(control), Ok(candidate)) = (writer::write(control), writer::write(candidate))
        else {
            return Verdict::NotComparable;
        };
        let found = walk::differences(&control, &candidate, self.rules);
        if found.is_empty() { Verdict::Same } else { Verdict::Different(found) }
    }
}

impl<'i, I: Clone + Send + 'static> Trial<'i, I> {
    /// Compares the answers path by path, as serde sees them; see [`Diff`]. The answer is cloned on
    /// the caller's time when the trial is sampled, and looked into in the background.
    #[inline]
    pub fn diff<T>(self, rules: &'static Diff) -> ComparedTrial<'i, I, ByPath<T, T>>
    where
        T: Serialize + Clone + Send + 'static,
    {
        self.diff_by(T::clone, rules)
    }

    /// As [`Trial::diff`], on what `clean` makes of the answers.
    ///
    /// ```
    /// # use ode_core::{Diff, Experiment};
    /// static SEARCH: Experiment = Experiment::new("search");
    /// static RULES: Diff = Diff::new();
    /// struct Hits { ids: Vec<u64> }
    /// # fn old(query: &String) -> Hits { Hits { ids: vec![query.len() as u64] } }
    /// # let new = old;
    /// let query = String::from("ode");
    /// let hits = SEARCH.on(&query).diff_by(|hits: &Hits| hits.ids.clone(), &RULES).run(old, new);
    /// # assert_eq!(hits.ids, [3]);
    /// ```
    #[inline]
    pub fn diff_by<T, C>(
        self,
        clean: fn(&T) -> C,
        rules: &'static Diff,
    ) -> ComparedTrial<'i, I, ByPath<T, C>>
    where
        T: 'static,
        C: Serialize + Send + 'static,
    {
        self.judged_by(ByPath { clean, rules })
    }
}
