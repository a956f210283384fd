//! What set-up puts together of the code's words and the environment's.

use std::path::PathBuf;

use ode_core::integration::KillSource;
use ode_core::{MemoryFlags, PipelineBuilder};

use crate::environment::Environment;
use crate::flags::file::{FlagFile, Look};
use crate::flags::kill_files::KillFiles;
use crate::flags::watch::Watch;

/// Files of flags, those that kill, and what the environment says at start.
pub(crate) struct Shipped {
    pub(crate) watch: Watch,
    flags: Option<MemoryFlags>,
    killed: Vec<String>,
}

impl Shipped {
    /// Reads and looks once; what there is to say about it becomes a warning.
    pub(crate) fn of(
        mut files: Vec<PathBuf>,
        mut kills: KillFiles,
        environment: &Environment,
        warnings: &mut Vec<String>,
    ) -> Self {
        files.extend(environment.flag_file.clone());
        kills.folders.extend(environment.kill_folder.clone());
        let files: Vec<_> = files.into_iter().map(FlagFile::unread).collect();
        for file in &files {
            match file.look() {
                Look::Nothing => {}
                Look::Failed(text) => warnings.push(text),
                Look::Reloaded(reloaded) => {
                    let told = |problem| format!("{}: {problem}", file.path().display());
                    warnings.extend(reloaded.problems.into_iter().map(told));
                }
            }
        }
        let told = |folder: &std::path::Path| {
            let folder = folder.display();
            format!("the folder of kills {folder} is not there; it kills nothing until it is")
        };
        warnings.extend(kills.missing_folders().map(told));
        let given = environment.flags.iter().cloned();
        let flags = given.fold(MemoryFlags::new(), |flags, (key, value)| flags.with(key, value));
        Self {
            watch: Watch::new(files, kills),
            flags: (!environment.flags.is_empty()).then_some(flags),
            killed: environment.killed.clone(),
        }
    }

    /// Sources in the order in which they are asked, and what is killed before the first unit.
    pub(crate) fn put_into(&self, mut builder: PipelineBuilder) -> PipelineBuilder {
        for file in &self.watch.flags {
            builder = builder.flags(file.clone());
        }
        if let Some(flags) = &self.flags {
            builder = builder.flags(flags.clone());
        }
        for name in &self.killed {
            builder = builder.killed(KillSource::Environment, name, "ODE_KILL");
        }
        for (name, by) in self.watch.killed() {
            builder = builder.killed(KillSource::File, name, by);
        }
        builder
    }
}
