//! What must hold for any text that is read as a document of flags. The targets in `fuzz/` check the
//! same.

use ode::flags::FlagSet;
use ode::{FlagSource, Subject};

const KEYS: [&str; 6] = ["f", "flag-0", "flag-1", "flag-2", "flag-3", ""];

/// Reads it, and asks about whatever came of it: the same question has the same answer.
pub(crate) fn document(text: &str) {
    let Ok(flags) = FlagSet::parse(text) else { return };
    let subject =
        Subject::new("user-42").with("plan", "pro").with("seats", i64::MIN).with("share", f64::NAN);
    for key in KEYS {
        for subject in [&subject, &Subject::anonymous()] {
            let answer = format!("{:?}", flags.evaluate(key, subject));
            assert_eq!(answer, format!("{:?}", flags.evaluate(key, subject)), "{key} of {text}");
        }
    }
    for (key, problem) in flags.problems() {
        assert!(!key.is_empty() || !problem.is_empty());
    }
}
