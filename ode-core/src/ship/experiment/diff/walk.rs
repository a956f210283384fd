//! Walks two trees at once and notes where they differ.

use crate::ship::experiment::diff::rules::Diff;
use crate::ship::experiment::diff::tree::Tree;
use crate::ship::experiment::difference::{Difference, DifferenceKind, WHOLE};

/// Where two answers differ: the first of each pattern, kind and pair of types.
pub(crate) fn differences(control: &Tree, candidate: &Tree, rules: &Diff) -> Vec<Difference> {
    let mut walk = Walk { rules, path: String::new(), pattern: String::new(), found: Vec::new() };
    walk.compare(control, candidate);
    walk.found
}

/// Different places beyond this are not told apart.
const MAX_FOUND: usize = 256;

struct Walk<'r> {
    rules: &'r Diff,
    path: String,
    pattern: String,
    found: Vec<Difference>,
}

impl Walk<'_> {
    fn compare(&mut self, control: &Tree, candidate: &Tree) {
        let pattern = if self.pattern.is_empty() { WHOLE } else { &self.pattern };
        if self.found.len() >= MAX_FOUND || self.rules.ignores(pattern) {
            return;
        }
        match (control, candidate) {
            (Tree::List(control_items), Tree::List(candidate_items)) => {
                if control_items.len() != candidate_items.len() {
                    self.note(DifferenceKind::Length, control, candidate);
                }
                for (at, (control, candidate)) in
                    control_items.iter().zip(candidate_items).enumerate()
                {
                    self.at_index(at, |walk| walk.compare(control, candidate));
                }
            }
            (Tree::Map(control), Tree::Map(candidate)) => self.compare_maps(control, candidate),
            _ => {
                if let Some(kind) = unequal(control, candidate, self.rules) {
                    self.note(kind, control, candidate);
                }
            }
        }
    }

    /// Both are in the order of their keys.
    fn compare_maps(&mut self, control: &[(String, Tree)], candidate: &[(String, Tree)]) {
        let (mut control, mut candidate) = (control.iter().peekable(), candidate.iter().peekable());
        loop {
            match (control.peek(), candidate.peek()) {
                (Some((one, _)), Some((other, _))) if one == other => {
                    if let (Some((key, one)), Some((_, other))) = (control.next(), candidate.next())
                    {
                        self.at_key(key, |walk| walk.compare(one, other));
                    }
                }
                (Some((one, _)), other) if other.is_none_or(|(other, _)| one < other) => {
                    if let Some((key, tree)) = control.next() {
                        self.at_key(key, |walk| walk.lonely(DifferenceKind::Missing, tree));
                    }
                }
                (_, Some(_)) => {
                    if let Some((key, tree)) = candidate.next() {
                        self.at_key(key, |walk| walk.lonely(DifferenceKind::Extra, tree));
                    }
                }
                (_, None) => return,
            }
        }
    }

    fn lonely(&mut self, kind: DifferenceKind, tree: &Tree) {
        if self.rules.ignores(&self.pattern) {
            return;
        }
        let (there, nothing) = ((tree.kind(), tree.shown()), ("", "nothing".to_owned()));
        let (control, candidate) =
            if kind == DifferenceKind::Missing { (there, nothing) } else { (nothing, there) };
        self.push(kind, (control.0, candidate.0), (control.1, candidate.1));
    }

    fn note(&mut self, kind: DifferenceKind, control: &Tree, candidate: &Tree) {
        self.push(kind, (control.kind(), candidate.kind()), (control.shown(), candidate.shown()));
    }

    fn push(
        &mut self,
        kind: DifferenceKind,
        types: (&'static str, &'static str),
        (control, candidate): (String, String),
    ) {
        let or_whole =
            |text: &String| if text.is_empty() { WHOLE.to_owned() } else { text.clone() };
        let is_known = |known: &Difference| {
            known.kind == kind
                && known.types == types
                && known.pattern == if self.pattern.is_empty() { WHOLE } else { &self.pattern }
        };
        if self.found.len() < MAX_FOUND && !self.found.iter().any(is_known) {
            let (path, pattern) = (or_whole(&self.path), or_whole(&self.pattern));
            self.found.push(Difference { path, pattern, kind, types, control, candidate });
        }
    }

    fn at_index(&mut self, at: usize, then: impl FnOnce(&mut Self)) {
        self.below(&format!("[{at}]"), "[]", then);
    }

    fn at_key(&mut self, key: &str, then: impl FnOnce(&mut Self)) {
        // A map by number is a list with gaps.
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.below(&format!("[{key}]"), "[]", then);
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        let segment = format!("{dot}{key}");
        self.below(&segment, &segment, then);
    }

    fn below(&mut self, path: &str, pattern: &str, then: impl FnOnce(&mut Self)) {
        let lengths = (self.path.len(), self.pattern.len());
        self.path.push_str(path);
        self.pattern.push_str(pattern);
        then(self);
        self.path.truncate(lengths.0);
        self.pattern.truncate(lengths.1);
    }
}

/// How two parts that have no parts differ.
fn unequal(control: &Tree, candidate: &Tree, rules: &Diff) -> Option<DifferenceKind> {
    if control == candidate {
        return None;
    }
    match (control.as_float(), candidate.as_float()) {
        (Some(one), Some(other)) => {
            // NaN is NaN here: what was no number before is none now.
            let same = (one.is_nan() && other.is_nan())
                || is_same((control, one), (candidate, other), rules);
            (!same).then_some(DifferenceKind::Value)
        }
        _ if control.kind() == candidate.kind() => Some(DifferenceKind::Value),
        _ => Some(DifferenceKind::Type),
    }
}

/// Whole numbers are compared exactly, though they may be too large for floats to tell apart.
#[expect(clippy::float_cmp, reason = "without a tolerance it is meant exactly")]
#[expect(clippy::cast_precision_loss, reason = "tolerances are floats")]
fn is_same((control, one): (&Tree, f64), (candidate, other): (&Tree, f64), rules: &Diff) -> bool {
    match (control, candidate) {
        (Tree::Int(control), Tree::Int(candidate)) => {
            rules.tolerates(one, other, control.abs_diff(*candidate) as f64)
        }
        _ => one == other || rules.tolerates(one, other, (one - other).abs()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::ship::experiment::diff::writer;

    fn lines(control: &impl Serialize, candidate: &impl Serialize, rules: &Diff) -> Vec<String> {
        let tree = |value: &dyn erased::Tree| value.tree();
        let found = differences(&tree(&control), &tree(&candidate), rules);
        found
            .iter()
            .map(|found| {
                format!("{} {} {}>{}", found.path, found.kind, found.control, found.candidate)
            })
            .collect()
    }

    mod erased {
        pub(super) trait Tree {
            fn tree(&self) -> super::Tree;
        }

        impl<T: serde::Serialize> Tree for T {
            fn tree(&self) -> super::Tree {
                super::writer::write(self).unwrap()
            }
        }
    }

    #[derive(Clone, Serialize)]
    struct Cart {
        items: Vec<Item>,
        note: Option<&'static str>,
        kind: Kind,
    }

    #[derive(Clone, Serialize)]
    struct Item {
        sku: u64,
        price: f64,
    }

    #[derive(Clone, Serialize)]
    enum Kind {
        Plain,
        Gift { wrap: bool },
        By(u8),
    }

    fn cart() -> Cart {
        let items = vec![Item { sku: 1, price: 1.5 }, Item { sku: 2, price: 2.5 }];
        Cart { items, note: None, kind: Kind::Plain }
    }

    #[test]
    fn every_kind_of_difference() {
        let none = Diff::new();
        assert!(lines(&cart(), &cart(), &none).is_empty());
        let changed = |change: fn(&mut Cart)| {
            let mut other = cart();
            change(&mut other);
            lines(&cart(), &other, &none)
        };
        assert_eq!(changed(|cart| cart.items[1].price = 3.0), ["items[1].price value 2.5>3"]);
        assert_eq!(changed(|cart| cart.note = Some("x")), ["note type null>\"x\""]);
        assert_eq!(changed(|cart| cart.items.truncate(1)), ["items length list of 2>list of 1"]);
        assert_eq!(
            changed(|cart| cart.kind = Kind::Gift { wrap: true }),
            ["kind type \"Plain\">map of 1"]
        );
        let gift = |kind| Cart { kind, ..cart() };
        assert_eq!(
            lines(&gift(Kind::Gift { wrap: true }), &gift(Kind::By(3)), &none),
            ["kind.By extra nothing>3", "kind.Gift missing map of 1>nothing"]
        );
        assert_eq!(lines(&1, &2, &none), ["$ value 1>2"]);
        assert_eq!(lines(&[1, 2], &[1, 3], &none), ["[1] value 2>3"]);
    }

    #[test]
    fn of_a_pattern_the_first_is_kept() {
        let other = Cart {
            items: vec![Item { sku: 1, price: 9.0 }, Item { sku: 9, price: 9.0 }],
            ..cart()
        };
        let found = lines(&cart(), &other, &Diff::new());
        assert_eq!(found, ["items[0].price value 1.5>9", "items[1].sku value 2>9"]);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let none = Diff::new();
        assert!(lines(&1_u8, &1_i64, &none).is_empty());
        assert!(lines(&1_u8, &1.0, &none).is_empty());
        assert!(lines(&f64::NAN, &f64::NAN, &none).is_empty());
        assert_eq!(lines(&f64::NAN, &1.0, &Diff::new().absolute(9.0)).len(), 1);
        assert_eq!(lines(&u64::MAX, &(u64::MAX - 1), &none).len(), 1, "exactly");
        assert!(lines(&1.0, &1.005, &Diff::new().relative(0.01)).is_empty());
        assert!(lines(&100_u64, &101_i32, &Diff::new().absolute(1.0)).is_empty());
    }

    #[test]
    fn ignored_paths_and_what_is_below_them() {
        let mut other = cart();
        other.items[0].price = 7.0;
        other.items[1].sku = 7;
        let found = |rules: &Diff| lines(&cart(), &other, rules);
        assert_eq!(found(&Diff::new().ignore("items[].price")), ["items[1].sku value 2>7"]);
        assert!(found(&Diff::new().ignore("items[]")).is_empty());
        assert!(found(&Diff::new().ignore("items")).is_empty());
        assert!(found(&Diff::new().ignore("$")).is_empty(), "all of it");
    }

    #[test]
    fn maps_by_number_are_lists_with_gaps() {
        use std::collections::{BTreeMap, HashMap};
        let one: HashMap<u32, &str> = (0..100).map(|n| (n, "a")).collect();
        let other: BTreeMap<u32, &str> =
            (0..100).map(|n| (n, if n == 42 { "b" } else { "a" })).collect();
        assert_eq!(lines(&one, &other, &Diff::new()), ["[42] value \"a\">\"b\""]);
    }
}
