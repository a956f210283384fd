//! [`Difference`]: where two answers differ, and the fingerprint of a mismatch.

use std::fmt;

use crate::redact::Redaction;
use crate::redact::text::without_credentials;

/// One place where two answers differ.
///
/// ```
/// use ode_core::{Comparison, Experiment};
/// fn tell(comparison: &Comparison) {
///     for difference in comparison.differences() {
///         // items[].price value (items[3].price)
///         println!("{} {} ({})", difference.pattern(), difference.kind(), difference.path());
///     }
/// }
/// static CART: Experiment = Experiment::new("cart").observe(tell);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub(crate) path: String,
    pub(crate) pattern: String,
    pub(crate) kind: DifferenceKind,
    /// What stands there, by type: of control, of the candidate.
    pub(crate) types: (&'static str, &'static str),
    /// What stands there, as text; empty where nothing is known of it.
    pub(crate) control: String,
    pub(crate) candidate: String,
}

/// How two answers differ in one place.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Another value of the same type.
    Value,
    /// A value of another type.
    Type,
    /// The candidate's answer lacks it.
    Missing,
    /// Only the candidate's answer has it.
    Extra,
    /// A list of another length.
    Length,
}

impl DifferenceKind {
    /// The name on events: `value`, `type`, `missing`, `extra`, `length`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Type => "type",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Length => "length",
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The path of an answer as a whole.
pub(crate) const WHOLE: &str = "$";

impl Difference {
    /// The answers as a whole differ, and more is not known.
    pub(crate) fn whole(kind: DifferenceKind, types: (&'static str, &'static str)) -> Self {
        Self {
            path: WHOLE.to_owned(),
            pattern: WHOLE.to_owned(),
            kind,
            types,
            control: String::new(),
            candidate: String::new(),
        }
    }

    /// Where: `items[3].price`; `$` is the answer as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where, without the numbers: `items[].price`.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// How.
    pub fn kind(&self) -> DifferenceKind {
        self.kind
    }

    /// Control's value and the candidate's, as text. Not redacted, so not to leave the process.
    pub fn values(&self) -> (&str, &str) {
        (&self.control, &self.candidate)
    }

    /// How it differs, by pattern: one line of `experiment.<name>.paths`.
    pub(crate) fn summary(&self, rules: &Redaction) -> String {
        let pattern = redacted(&self.pattern, rules);
        match self.kind {
            DifferenceKind::Type => {
                format!("{pattern} type {} {}", self.types.0, self.types.1)
            }
            kind => format!("{pattern} {kind}"),
        }
    }

    /// One line of `experiment.<name>.exemplars`; `None` where no values are known.
    pub(crate) fn exemplar(&self, rules: &Redaction) -> Option<String> {
        if self.control.is_empty() && self.candidate.is_empty() {
            return None;
        }
        let path = redacted(&self.path, rules);
        if rules.on && rules.denies(&self.path) {
            return Some(format!("{path}: [redacted]"));
        }
        let (control, candidate) =
            (redacted(&self.control, rules), redacted(&self.candidate, rules));
        Some(format!("{path}: {control} -> {candidate}"))
    }
}

fn redacted(text: &str, rules: &Redaction) -> String {
    let redacted = if rules.on { without_credentials(text, rules) } else { None };
    redacted.unwrap_or_else(|| text.to_owned())
}

/// What makes two mismatches the same one: where they differ and how, not what the values are. The
/// same in every process and version.
pub(crate) fn fingerprint(differences: &[Difference]) -> u64 {
    let mut set: Vec<_> = differences
        .iter()
        .map(|found| (&*found.pattern, found.kind.as_str(), found.types.0, found.types.1))
        .collect();
    set.sort_unstable();
    set.dedup();
    // FNV-1a, with a zero byte behind each part.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (pattern, kind, control, candidate) in set {
        for part in [pattern, kind, control, candidate] {
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, pattern: &str, kind: DifferenceKind) -> Difference {
        let whole = Difference::whole(kind, ("number", "number"));
        Difference { path: path.to_owned(), pattern: pattern.to_owned(), ..whole }
    }

    #[test]
    fn a_fingerprint_is_of_the_set_of_places() {
        use DifferenceKind::{Extra, Value};
        let one = [at("a[0].b", "a[].b", Value), at("c", "c", Extra)];
        let same =
            [at("c", "c", Extra), at("a[7].b", "a[].b", Value), at("a[9].b", "a[].b", Value)];
        assert_eq!(fingerprint(&one), fingerprint(&same));
        for other in [
            &one[..1],
            &[at("a[0].b", "a[].b", Extra), at("c", "c", Extra)],
            &[at("a[0].b", "a[].bc", Value), at("c", "c", Extra)],
            &[],
        ] {
            assert_ne!(fingerprint(&one), fingerprint(other), "{other:?}");
        }
        // Published: dashboards and suppressions are keyed by it.
        assert_eq!(fingerprint(&one), 0x9e0d_ece5_a30f_022e);
    }

    #[test]
    fn exemplars_are_redacted() {
        let rules = Redaction::new();
        let difference = Difference {
            control: "\"postgres://ada:pw@db\"".to_owned(),
            candidate: "\"none\"".to_owned(),
            ..at("url", "url", DifferenceKind::Value)
        };
        let exemplar = difference.exemplar(&rules).unwrap();
        assert_eq!(exemplar, "url: \"postgres://[redacted]@db\" -> \"none\"");
        let denied = Difference { path: "user.password".to_owned(), ..difference.clone() };
        assert_eq!(denied.exemplar(&rules).unwrap(), "user.password: [redacted]");
        assert!(denied.exemplar(&Redaction::off()).unwrap().contains("ada:pw"));
        assert_eq!(at("a", "a", DifferenceKind::Value).exemplar(&rules), None);
    }
}
