//! [`Comparison`]: what came of one trial whose both sides ran.

use std::time::Duration;

use crate::ship::experiment::difference::{Difference, fingerprint};
use crate::ship::stage::Stage;

/// What came of one trial whose both sides ran; what an observer is shown.
///
/// ```
/// use ode_core::{Comparison, Experiment};
/// fn slower(comparison: &Comparison) {
///     if comparison.candidate_time() > 2 * comparison.control_time() {
///         println!("{} takes more than twice as long", comparison.experiment());
///     }
/// }
/// static CODEC: Experiment = Experiment::new("codec").observe(slower);
/// ```
#[derive(Clone, Debug)]
pub struct Comparison {
    pub(crate) experiment: &'static str,
    pub(crate) stage: Stage,
    pub(crate) is_noise: bool,
    pub(crate) ignored: bool,
    pub(crate) differences: Vec<Difference>,
    pub(crate) control_ns: u64,
    pub(crate) candidate_ns: u64,
}

impl Comparison {
    /// The name of the experiment.
    pub fn experiment(&self) -> &'static str {
        self.experiment
    }

    /// The stage it was in.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether old was compared with old: see `Experiment::noise_control`.
    pub fn is_noise(&self) -> bool {
        self.is_noise
    }

    /// Whether the answers are the same.
    pub fn is_match(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether they differ, and the trial's `ignore` said that this is all right.
    pub fn is_ignored(&self) -> bool {
        self.ignored
    }

    /// Where they differ; one for each pattern, kind and pair of types.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What makes this mismatch the same as others: a hash of where and how the answers differ,
    /// the same in every process. `experiment.<name>.mismatch` has it as 16 hexadecimal digits.
    pub fn fingerprint(&self) -> Option<u64> {
        (!self.is_match()).then(|| fingerprint(&self.differences))
    }

    /// How long control took.
    pub fn control_time(&self) -> Duration {
        Duration::from_nanos(self.control_ns)
    }

    /// How long the candidate took; in a noise control, the second run of control.
    pub fn candidate_time(&self) -> Duration {
        Duration::from_nanos(self.candidate_ns)
    }
}
