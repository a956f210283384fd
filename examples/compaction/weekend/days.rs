//! The four days, and how each of them runs the program.

use std::path::{Path, PathBuf};

use ode::Event;

use crate::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Friday,
    Saturday,
    Sunday,
    Monday,
}

impl Day {
    pub(super) const ALL: [Self; 4] = [Self::Friday, Self::Saturday, Self::Sunday, Self::Monday];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
            Self::Monday => "Monday",
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Friday => "a dry run over the whole table",
            Self::Saturday => "the new codec in the shadow of the old",
            Self::Sunday => "live for 1 % of the apps, until somebody pulls the kill switch",
            Self::Monday => "live",
        }
    }

    /// What the command line says of the day. On Sunday the switch is pulled after so many chunks.
    pub(super) fn arguments(self, kill_file: &Path, kill_after: usize) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Friday => &["--dry-run"],
            Self::Saturday => &["--shadow"],
            Self::Sunday => &["--live-percent", "1", "--kill-after"],
            Self::Monday => &["--live"],
        };
        let mut arguments: Vec<String> = words.iter().copied().map(str::to_owned).collect();
        if self == Self::Sunday {
            arguments.push(kill_after.to_string());
        }
        // The same every day: it is there when it is needed.
        arguments.extend(["--kill-file".to_owned(), kill_file.display().to_string()]);
        arguments
    }

    /// Every day ships something, so every day is a build.
    pub(super) fn build_id(self, build: &str) -> String {
        format!("{build}-{}", self.name().to_lowercase())
    }
}

/// A day that is over, and its events.
pub(super) struct Past {
    pub(super) day: Day,
    pub(super) file: PathBuf,
    pub(super) events: Vec<Event>,
    /// Every chunk was compacted or declined.
    pub(super) all_well: bool,
}

impl Past {
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Event> {
        crate::report::named(&self.events, "compaction.chunk")
    }
}

/// Where the events of a build go.
pub(super) fn events_file(build_id: &str) -> PathBuf {
    output::file_name(build_id).into()
}
