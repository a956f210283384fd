//! Single variables: what a value must look like, and the one warning where it does not.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

/// Reads variables and notes what is wrong with them, once each.
pub(crate) struct Reader<G> {
    get: G,
    warned: BTreeSet<String>,
    pub(crate) warnings: Vec<String>,
}

/// What becomes of a value that cannot be used.
const IGNORED: &str = "it is ignored";

impl<G: Fn(&str) -> Option<OsString>> Reader<G> {
    pub(crate) fn new(get: G) -> Self {
        Self { get, warned: BTreeSet::new(), warnings: Vec::new() }
    }

    /// The trimmed text of a variable; empty counts as unset.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let Ok(text) = (self.get)(name)?.into_string() else {
            self.warn(name, "is not UTF-8", IGNORED);
            return None;
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A variable that has to be one of some words.
    pub(crate) fn word<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.warn(name, format!("is {text:?}, expected {expected}"), IGNORED);
        }
        parsed
    }

    /// True only for `true`, of any case.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        let yes = text.eq_ignore_ascii_case("true");
        if !yes && !text.eq_ignore_ascii_case("false") {
            self.warn(name, format!("is {text:?}, expected true or false"), "it counts as false");
        }
        Some(yes)
    }

    /// A number that is no less than `least`.
    pub(crate) fn number(&mut self, name: &str, least: usize) -> Option<usize> {
        let expected = format!("a whole number from {least} to 2147483647");
        self.word(name, &expected, |text| {
            text.parse().ok().filter(|number| (least..=0x7fff_ffff).contains(number))
        })
    }

    /// Milliseconds.
    pub(crate) fn milliseconds(&mut self, name: &str) -> Option<Duration> {
        let millis = self.word(name, "whole milliseconds, 0 to 2147483647", |text| {
            text.parse().ok().filter(|number| (0..=0x7fff_ffff).contains(number))
        });
        millis.map(Duration::from_millis)
    }

    pub(crate) fn path(&mut self, name: &str) -> Option<PathBuf> {
        // A path need not be UTF-8.
        (self.get)(name).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// Notes what is wrong with a variable. Both signals read some of them; one warning is enough.
    pub(crate) fn warn(&mut self, name: &str, found: impl Display, consequence: &str) {
        if self.warned.insert(name.to_owned()) {
            self.warnings.push(format!("{name} {found}; {consequence}"));
        }
    }
}
