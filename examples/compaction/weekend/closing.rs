//! The look at the end: what four files of events say together.

use super::days::{Day, Past};
use super::{builds, kill, prediction, runs};
use crate::args::Options;
use crate::problem::Problem;
use crate::report::Trials;

pub(crate) struct Ended {
    pub(crate) report: String,
    /// No chunk failed on any day.
    pub(crate) all_well: bool,
}

/// Runs the weekend, as builds that are called after this one.
pub(crate) fn run(options: &Options, build: &str) -> Result<Ended, Problem> {
    let days = runs::all(options, build)?;
    let report = report(&days).ok_or_else(|| Problem::new("a day is missing"))?;
    Ok(Ended { report, all_well: days.iter().all(|day| day.all_well) })
}

fn report(days: &[Past]) -> Option<String> {
    let on = |day| days.iter().find(|past| past.day == day);
    let predicted = prediction::report(on(Day::Friday)?, on(Day::Monday)?);
    let trials = Trials::of(&on(Day::Saturday)?.events);
    let files: Vec<_> = days.iter().map(|past| past.file.display().to_string()).collect();
    Some(format!(
        "
Predicted on Friday, done on Monday
{}
{}

Old build against new
{}

Old codec against new, on Saturday
{}

1 % live on Sunday, and the kill switch
{}

All events: {}
",
        prediction::table(&predicted),
        prediction::verdict(&predicted),
        builds::table(days),
        trials.map_or_else(|| "nothing was compared".to_owned(), |trials| trials.to_string()),
        kill::table(on(Day::Sunday)?),
        files.join(" "),
    ))
}
