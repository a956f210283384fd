//! [`Stage`]: how far a change has come.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::event::value::{ToValue, Value};

/// Where a change is on its way into production.
///
/// One value of one flag carries it, so that moving a change on is configuration, and every unit
/// that meets the change records it as `change.<name>.stage`.
///
/// | stage | a [`DryRun`](crate::DryRun) | an [`Experiment`](crate::Experiment): who answers, and what runs beside it |
/// |---|---|---|
/// | `Off` | withheld | control, nothing |
/// | `DryRun` | planned, withheld | control, nothing |
/// | `Shadow` | planned, withheld | control, candidate |
/// | `Live`, `RampDown` | planned, committed | candidate, control as the check |
/// | `Complete` | planned, committed | candidate, nothing |
///
/// ```
/// use ode_core::Stage;
/// assert_eq!("dry_run".parse(), Ok(Stage::DryRun));
/// assert!(Stage::Live.acts() && !Stage::Shadow.acts());
/// ```
#[expect(clippy::exhaustive_enums, reason = "a closed set: a `match` over it is meant to break")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The change does nothing.
    Off,
    /// It says what it would do.
    DryRun,
    /// The new code runs beside the old, and nobody sees its answer.
    Shadow,
    /// The new code answers, for those that the rollout includes.
    Live,
    /// The new code answers everybody; the old still runs as the check.
    RampDown,
    /// The new code is all there is.
    Complete,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 6] =
        [Self::Off, Self::DryRun, Self::Shadow, Self::Live, Self::RampDown, Self::Complete];

    /// Whether the new code has effects in this stage.
    pub const fn acts(self) -> bool {
        matches!(self, Self::Live | Self::RampDown | Self::Complete)
    }

    /// The stage as flags and events spell it: `off`, `dry_run`, `shadow`, `live`, `ramp_down`,
    /// `complete`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::DryRun => "dry_run",
            Self::Shadow => "shadow",
            Self::Live => "live",
            Self::RampDown => "ramp_down",
            Self::Complete => "complete",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ToValue for Stage {
    fn to_value(&self) -> Value<'_> {
        Value::Str(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = ParseStageError;

    /// Reads what [`Stage::as_str`] writes, in any case, with `-` for `_` or neither.
    fn from_str(text: &str) -> Result<Self, ParseStageError> {
        fn letters(text: &str) -> impl Iterator<Item = u8> {
            text.bytes()
                .filter(|letter| !matches!(letter, b'_' | b'-'))
                .map(|letter| letter.to_ascii_lowercase())
        }
        let is = |stage: &Self| text == stage.as_str() || letters(text).eq(letters(stage.as_str()));
        Self::ALL.into_iter().find(is).ok_or(ParseStageError)
    }
}

/// A text that names no stage.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseStageError;

impl fmt::Display for ParseStageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a stage; one of off, dry_run, shadow, live, ramp_down, complete")
    }
}

impl Error for ParseStageError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_read_as_it_is_written() {
        for stage in Stage::ALL {
            assert_eq!(stage.as_str().parse(), Ok(stage));
            assert_eq!(stage.to_string().to_uppercase().parse(), Ok(stage));
        }
        for (text, stage) in [
            ("DryRun", Stage::DryRun),
            ("ramp-down", Stage::RampDown),
            ("rampdown", Stage::RampDown),
        ] {
            assert_eq!(text.parse(), Ok(stage), "{text}");
        }
        for text in ["", "on", "true", "live ", "dry run", "liveliness"] {
            assert_eq!(text.parse::<Stage>(), Err(ParseStageError), "{text}");
        }
    }

    #[test]
    fn what_acts() {
        let acting: Vec<_> = Stage::ALL.into_iter().filter(|stage| stage.acts()).collect();
        assert_eq!(acting, [Stage::Live, Stage::RampDown, Stage::Complete]);
    }
}
