//! [`Diff`]: what counts as a difference.

/// What counts as a difference between two serialisable answers: for
/// [`Trial::diff`](crate::Trial::diff).
///
/// Both are walked as serde sees them. Numbers are compared as numbers, whatever their types; lists
/// place by place, and their lengths; maps and structs key by key, in any order. Declared as a
/// `static`.
///
/// A **path** is written `items[3].price`, and `items[].price` without its numbers; keys of maps that
/// are numbers count as such. `$` is the answer as a whole, and `*` in a pattern is any one key.
///
/// ```
/// use ode_core::{Diff, Experiment};
/// use serde::Serialize;
///
/// #[derive(Clone, Serialize)]
/// struct Cart { items: Vec<u32>, total: f64, computed_at: u64 }
///
/// static CART: Experiment = Experiment::new("cart");
/// static RULES: Diff = Diff::new().relative(1e-9).ignore("computed_at");
/// # fn old_cart(n: &u32) -> Cart { Cart { items: vec![*n], total: 1.0, computed_at: 1 } }
/// # let new_cart = old_cart;
///
/// let cart = CART.on(&7).diff(&RULES).run(old_cart, new_cart);
/// # assert_eq!(cart.items, [7]);
/// ```
#[must_use = "it does nothing until a trial is given it"]
#[derive(Clone, Copy, Debug)]
pub struct Diff {
    absolute: f64,
    relative: f64,
    ignored: [&'static str; MAX_IGNORED],
}

const MAX_IGNORED: usize = 16;

impl Default for Diff {
    fn default() -> Self {
        Self::new()
    }
}

impl Diff {
    /// Every difference counts.
    pub const fn new() -> Self {
        Self { absolute: 0.0, relative: 0.0, ignored: [""; MAX_IGNORED] }
    }

    /// Two numbers that differ by no more than this are the same.
    ///
    /// # Panics
    /// Below 0 and for what is no number: in a `static`, so it fails to compile.
    pub const fn absolute(mut self, tolerance: f64) -> Self {
        assert!(tolerance >= 0.0, "a tolerance is 0 or more");
        self.absolute = tolerance;
        self
    }

    /// Two numbers that differ by no more than this share of the larger are the same: `0.01` is one
    /// percent.
    ///
    /// # Panics
    /// Below 0 and for what is no number: in a `static`, so it fails to compile.
    pub const fn relative(mut self, share: f64) -> Self {
        assert!(share >= 0.0, "a tolerance is 0 or more");
        self.relative = share;
        self
    }

    /// What is at this path, and below it, is not compared: `"items[].price"`, `"prices.*.at"`. Up to
    /// sixteen.
    ///
    /// # Panics
    /// For an empty path and for a seventeenth: in a `static`, so it fails to compile.
    #[expect(clippy::indexing_slicing, reason = "below the length by the loop's condition")]
    pub const fn ignore(mut self, path: &'static str) -> Self {
        assert!(!path.is_empty(), "a path to ignore is not empty; `$` is all");
        let mut at = 0;
        while at < MAX_IGNORED {
            if self.ignored[at].is_empty() {
                self.ignored[at] = path;
                return self;
            }
            at += 1;
        }
        panic_full();
    }

    /// Whether the pattern of a path is ignored.
    pub(crate) fn ignores(&self, pattern: &str) -> bool {
        self.ignored.iter().any(|ignored| !ignored.is_empty() && matches(ignored, pattern))
    }

    /// Whether two numbers that are so far apart, and not equal, count as the same.
    pub(crate) fn tolerates(&self, control: f64, candidate: f64, apart: f64) -> bool {
        apart <= self.absolute || apart <= self.relative * control.abs().max(candidate.abs())
    }
}

/// Segment by segment: `*` is any key, and the indices behind a key are part of it.
fn matches(ignored: &str, pattern: &str) -> bool {
    let mut keys = pattern.split('.');
    ignored.split('.').all(|wanted| {
        let Some(key) = keys.next() else { return false };
        if wanted == key {
            return true;
        }
        let (name, indices) = wanted.split_at(wanted.find('[').unwrap_or(wanted.len()));
        name == "*" && key.ends_with(indices)
    })
}

#[expect(clippy::panic, reason = "runs in const evaluation: this is the compile error")]
const fn panic_full() -> ! {
    panic!("a diff ignores at most sixteen paths")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_by_segment() {
        for (ignored, pattern, expected) in [
            ("items[].price", "items[].price", true),
            ("items[].price", "items[].prices", false),
            ("items[]", "items[]", true),
            ("items", "items[]", false),
            ("prices.*.at", "prices.eur.at", true),
            ("prices.*.at", "prices.eur.of", false),
            ("*[].at", "rows[].at", true),
            ("*[].at", "rows.at", false),
            ("a.b", "a", false),
            ("$", "$", true),
        ] {
            assert_eq!(matches(ignored, pattern), expected, "{ignored} {pattern}");
        }
    }

    #[test]
    fn tolerances() {
        let tolerates =
            |rules: Diff, one: f64, other: f64| rules.tolerates(one, other, (one - other).abs());
        assert!(!tolerates(Diff::new(), 1.0, 1.000_000_1));
        assert!(tolerates(Diff::new().absolute(0.5), 1.0, 1.5));
        assert!(!tolerates(Diff::new().absolute(0.5), 1.0, 1.6));
        assert!(tolerates(Diff::new().relative(0.01), -100.0, -101.0));
        assert!(!tolerates(Diff::new().relative(0.01), 100.0, 102.0));
        assert!(!tolerates(Diff::new().absolute(9.0), f64::NAN, 1.0));
    }
}
