//! The thread that looks after files: of flags, and those that kill.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use ode_core::integration::{KillSource, flip, tell_later};
use ode_core::macro_support::Key;
use ode_core::ship_support::{announce, key};
use ode_core::{Diagnostic, ToValue, Value};

use crate::flags::file::{FlagFile, Look};
use crate::flags::kill_files::{ALL, KillFiles, Killed};

/// How often files are looked at. A kill takes effect within this time.
const EVERY: Duration = Duration::from_millis(250);

/// As many changed keys are named on an event.
const MAX_NAMED: usize = 100;

/// What is looked after, and how it was at the last look.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) flags: Vec<FlagFile>,
    pub(crate) kills: KillFiles,
    killed: Killed,
}

/// A thread that has been started and waits to be told that the pipeline is there.
pub(crate) struct Waiting(SyncSender<()>);

impl Waiting {
    /// The thread begins. Dropped without this it ends.
    pub(crate) fn begin(self) {
        // It waits for this and nothing else.
        let _began = self.0.send(()).is_ok();
    }
}

impl Watch {
    /// What is killed now counts as killed from the start.
    pub(crate) fn new(flags: Vec<FlagFile>, kills: KillFiles) -> Self {
        let killed = kills.look();
        Self { flags, kills, killed }
    }

    /// What is killed, and by which file.
    pub(crate) fn killed(&self) -> &Killed {
        &self.killed
    }

    /// Looks at everything once, and acts on what is found: kills first.
    pub(crate) fn look(&mut self, say: &dyn Fn(String)) {
        let now = self.kills.look();
        let before = std::mem::replace(&mut self.killed, now);
        for (name, by) in &self.killed {
            if !before.contains_key(name) {
                flip(KillSource::File, name, by, true);
            }
        }
        for (name, by) in &before {
            if !self.killed.contains_key(name) {
                flip(KillSource::File, name, by, false);
            }
        }
        for file in &self.flags {
            look_at(file, say);
        }
    }

    /// Starts the thread, where there is something to look after. It looks as long as the process
    /// lives, so that a kill counts after the pipeline is shut down too.
    pub(crate) fn start(mut self) -> io::Result<Option<Waiting>> {
        if self.flags.is_empty() && self.kills.is_empty() {
            return Ok(None);
        }
        let (sender, receiver): (_, Receiver<()>) = sync_channel(0);
        let body = move || {
            if receiver.recv().is_err() {
                return;
            }
            let say = |text| tell_later(Diagnostic::configuration(text));
            loop {
                std::thread::park_timeout(EVERY);
                // Whatever happens, it goes on looking; and while it cannot, nothing acts.
                let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    self.look(&say);
                }));
                if looked.is_err() {
                    flip(KillSource::File, ALL, "ode-watch", true);
                }
            }
        };
        Builder::new().name("ode-watch".to_owned()).spawn(body)?;
        Ok(Some(Waiting(sender)))
    }
}

macro_rules! keys {
    ($($konst:ident = $name:literal;)*) => {
        $(static $konst: Key = key($name, concat!(",\"", $name, "\":"));)*
    };
}

keys! {
    FILE = "ode.flags.file";
    FLAGS = "ode.flags.count";
    CHANGED = "ode.flags.changed";
    CHANGED_COUNT = "ode.flags.changed_count";
    PROBLEMS = "ode.flags.problems";
}

/// `ode.flags.reloaded`: which file, and the keys of the flags that are defined differently now.
pub(crate) fn look_at(file: &FlagFile, say: &dyn Fn(String)) {
    match file.look() {
        Look::Nothing => {}
        Look::Failed(text) => say(text),
        Look::Reloaded(reloaded) => {
            for problem in &reloaded.problems {
                say(format!("{}: {problem}", file.path().display()));
            }
            if reloaded.changed.is_empty() {
                return;
            }
            let path = file.path().display().to_string();
            let changed = reloaded.changed.len();
            let named: Vec<&str> =
                reloaded.changed.iter().take(MAX_NAMED).map(String::as_str).collect();
            let problems: Vec<&str> = reloaded.problems.iter().map(String::as_str).collect();
            let mut fields = vec![
                (&FILE, Value::Str(&path)),
                (&FLAGS, reloaded.flags.to_value()),
                (&CHANGED_COUNT, changed.to_value()),
                (&CHANGED, named.to_value()),
            ];
            if !problems.is_empty() {
                fields.push((&PROBLEMS, problems.to_value()));
            }
            announce("ode.flags.reloaded", &fields);
        }
    }
}
