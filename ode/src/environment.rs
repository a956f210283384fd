//! The `ODE_*` variables, read in one place and only at set-up.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ode_core::{FlagValue, Limits, Overflow, Queue, Redaction};
use ode_exporters::jsonl::Rotation;

use crate::flags::{ALL, flags_in};

/// What the environment says. What it says wrongly is a warning and counts as unsaid.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of its own")]
pub(crate) struct Environment {
    pub(crate) disabled: bool,
    pub(crate) build_id: Option<String>,
    pub(crate) service_name: Option<String>,
    pub(crate) deployment: Option<String>,
    pub(crate) output: Output,
    max_file_bytes: Option<usize>,
    keep_files: Option<usize>,
    pub(crate) hash_key: Option<Vec<u8>>,
    pub(crate) flush_timeout: Option<Duration>,
    /// Every unit opens a `tracing` span.
    pub(crate) spans: bool,
    max_fields: Option<usize>,
    max_value_bytes: Option<usize>,
    max_event_bytes: Option<usize>,
    queue_events: Option<usize>,
    queue_bytes: Option<usize>,
    batch_events: Option<usize>,
    batch_delay: Option<Duration>,
    overflow: Option<Overflow>,
    pub(crate) sample: Option<f64>,
    redact: bool,
    redact_keys: Option<String>,
    /// No change acts in this process.
    pub(crate) dry_run: bool,
    /// Changes that are killed from the start.
    pub(crate) killed: Vec<String>,
    pub(crate) flags: Vec<(String, FlagValue)>,
    pub(crate) flag_file: Option<PathBuf>,
    pub(crate) kill_folder: Option<PathBuf>,
    /// The terminal's user wants no colours (`NO_COLOR`).
    pub(crate) no_colour: bool,
    pub(crate) warnings: Vec<String>,
}

/// Where events go when the code names no destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    /// Pretty on a terminal, JSON lines elsewhere.
    #[default]
    Auto,
    Stdout,
    Pretty,
    None,
    File(PathBuf),
}

/// A key shorter than this could be guessed.
pub(crate) const MIN_HASH_KEY_BYTES: usize = 16;

impl Environment {
    /// Reads the process's environment.
    pub(crate) fn read() -> Self {
        Self::read_from(|name| std::env::var_os(name))
    }

    /// Reads any environment.
    pub(crate) fn read_from(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut from = Reader { get, warnings: Vec::new() };
        let environment = Self {
            // Whatever it holds.
            no_colour: from.path("NO_COLOR").is_some(),
            disabled: from.parse("ODE_DISABLED", "true or false", boolean).unwrap_or(false),
            build_id: from.text("ODE_BUILD_ID"),
            service_name: from.text("ODE_SERVICE_NAME"),
            deployment: from.text("ODE_ENVIRONMENT"),
            output: from
                .parse("ODE_OUTPUT", "auto, stdout, pretty, none or file:<path>", output)
                .unwrap_or_default(),
            max_file_bytes: from.number("ODE_MAX_FILE_BYTES"),
            keep_files: from.number("ODE_KEEP_FILES"),
            hash_key: from.hash_key(),
            flush_timeout: from.milliseconds("ODE_FLUSH_TIMEOUT_MS"),
            spans: from.spans(),
            max_fields: from.number("ODE_MAX_FIELDS"),
            max_value_bytes: from.number("ODE_MAX_VALUE_BYTES"),
            max_event_bytes: from.number("ODE_MAX_EVENT_BYTES"),
            queue_events: from.number("ODE_QUEUE_EVENTS"),
            queue_bytes: from.number("ODE_QUEUE_BYTES"),
            batch_events: from.number("ODE_BATCH_EVENTS"),
            batch_delay: from.milliseconds("ODE_BATCH_DELAY_MS"),
            overflow: from.parse(
                "ODE_OVERFLOW",
                "drop_newest, drop_oldest or block_for:<milliseconds>",
                overflow,
            ),
            redact: from.parse("ODE_REDACT", "true or false", boolean).unwrap_or(true),
            redact_keys: from.text("ODE_REDACT_KEYS"),
            sample: from.parse("ODE_SAMPLE", "a number from 0 to 1", share),
            dry_run: from.dry_run(),
            killed: from.killed(),
            flags: from.flags(),
            flag_file: from.path("ODE_FLAG_FILE"),
            kill_folder: from.path("ODE_KILL_DIR"),
            warnings: Vec::new(),
        };
        Self { warnings: from.warnings, ..environment }
    }

    /// What is redacted, unless the code says so itself.
    pub(crate) fn redaction(&self) -> Redaction {
        if !self.redact {
            return Redaction::off();
        }
        let keys = self.redact_keys.as_deref().unwrap_or_default();
        keys.split(',').fold(Redaction::new(), Redaction::deny)
    }

    /// When the default destination's file is put aside, if ever.
    pub(crate) fn rotation(&self) -> Option<Rotation> {
        let rotation = Rotation::at(u64::try_from(self.max_file_bytes?).unwrap_or(u64::MAX));
        Some(match self.keep_files {
            Some(files) => rotation.keep(u32::try_from(files).unwrap_or(u32::MAX)),
            None => rotation,
        })
    }

    /// The limits, where the environment sets them.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        if let Some(fields) = self.max_fields {
            limits = limits.fields(fields);
        }
        if let Some(bytes) = self.max_value_bytes {
            limits = limits.value_bytes(bytes);
        }
        if let Some(bytes) = self.max_event_bytes {
            limits = limits.event_bytes(bytes);
        }
        limits
    }

    /// The queue of the default destination, as the environment bounds it.
    pub(crate) fn bound(&self, mut queue: Queue) -> Queue {
        if let Some(events) = self.queue_events {
            queue = queue.capacity(events);
        }
        if let Some(bytes) = self.queue_bytes {
            queue = queue.capacity_bytes(bytes);
        }
        if let Some(events) = self.batch_events {
            queue = queue.batch_events(events);
        }
        if let Some(delay) = self.batch_delay {
            queue = queue.batch_delay(delay);
        }
        if let Some(overflow) = self.overflow {
            queue = queue.overflow(overflow);
        }
        queue
    }
}

struct Reader<G> {
    get: G,
    warnings: Vec<String>,
}

impl<G: Fn(&str) -> Option<OsString>> Reader<G> {
    /// The trimmed text of a variable; empty counts as unset.
    fn text(&mut self, name: &str) -> Option<String> {
        let Ok(text) = (self.get)(name)?.into_string() else {
            self.warn(name, "is not UTF-8", "it is ignored");
            return None;
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn parse<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let found = format!("is {text:?}, expected {expected}");
            self.warn(name, found, "its default is used");
        }
        parsed
    }

    fn number(&mut self, name: &str) -> Option<usize> {
        self.parse(name, "a whole number from 1 to 2147483647", |text| {
            usize::from_str(text).ok().filter(|number| (1..=0x7fff_ffff).contains(number))
        })
    }

    fn milliseconds(&mut self, name: &str) -> Option<Duration> {
        self.parse(name, "whole milliseconds, 1 to 2147483647", |text| {
            let number = u64::from_str(text).ok().filter(|n| (1..=0x7fff_ffff).contains(n))?;
            Some(Duration::from_millis(number))
        })
    }

    fn spans(&mut self) -> bool {
        let spans = self.parse("ODE_SPANS", "true or false", boolean).unwrap_or(false);
        if spans && !cfg!(feature = "tracing") {
            let found = "is true, but ode was built without its feature tracing";
            self.warn("ODE_SPANS", found, "units open no spans");
        }
        spans
    }

    /// What is wrong restricts: it was meant to.
    fn dry_run(&mut self) -> bool {
        match (self.get)("ODE_DRY_RUN").map(OsString::into_string) {
            None => false,
            Some(Ok(text)) if text.trim().is_empty() => false,
            Some(text) => text.ok().and_then(|text| boolean(text.trim())).unwrap_or_else(|| {
                let found = "is neither true nor false";
                self.warn("ODE_DRY_RUN", found, "everything runs dry");
                true
            }),
        }
    }

    /// What cannot be read kills everything.
    fn killed(&mut self) -> Vec<String> {
        let Some(names) = (self.get)("ODE_KILL") else { return Vec::new() };
        let Ok(names) = names.into_string() else {
            self.warn("ODE_KILL", "is not UTF-8", "every change is killed");
            return vec![ALL.to_owned()];
        };
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    fn flags(&mut self) -> Vec<(String, FlagValue)> {
        let text = self.text("ODE_FLAGS").unwrap_or_default();
        let (flags, wrong) = flags_in(&text);
        if !wrong.is_empty() {
            let found = format!("holds {wrong:?}, expected key=value");
            self.warn("ODE_FLAGS", found, "the flags' defaults count");
        }
        flags
    }

    /// A path may be anything that the system takes for one.
    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.get)(name).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    fn hash_key(&mut self) -> Option<Vec<u8>> {
        if let Some(key) = self.text("ODE_HASH_KEY") {
            return self.long_enough("ODE_HASH_KEY", key.into_bytes());
        }
        let path = self.text("ODE_HASH_KEY_FILE")?;
        match std::fs::read(&path) {
            Ok(mut key) => {
                while key.last().is_some_and(u8::is_ascii_whitespace) {
                    key.pop();
                }
                self.long_enough("ODE_HASH_KEY_FILE", key)
            }
            Err(error) => {
                let found = format!("names {path:?}, which cannot be read ({error})");
                self.warn("ODE_HASH_KEY_FILE", found, "sensitive fields are masked");
                None
            }
        }
    }

    fn long_enough(&mut self, name: &str, key: Vec<u8>) -> Option<Vec<u8>> {
        if key.len() >= MIN_HASH_KEY_BYTES {
            return Some(key);
        }
        // Says the length, never the key.
        let found = format!("holds {} bytes, at least {MIN_HASH_KEY_BYTES} are needed", key.len());
        self.warn(name, found, "sensitive fields are masked");
        None
    }

    fn warn(&mut self, name: &str, found: impl Display, consequence: &str) {
        self.warnings.push(format!("{name} {found}; {consequence}"));
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn output(text: &str) -> Option<Output> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => return Some(Output::Auto),
        "stdout" => return Some(Output::Stdout),
        "pretty" => return Some(Output::Pretty),
        "none" => return Some(Output::None),
        _ => {}
    }
    let path = text.strip_prefix("file:").filter(|path| !path.is_empty())?;
    Some(Output::File(PathBuf::from(path)))
}

fn share(text: &str) -> Option<f64> {
    f64::from_str(text).ok().filter(|share| (0.0..=1.0).contains(share))
}

fn overflow(text: &str) -> Option<Overflow> {
    match text.to_ascii_lowercase().as_str() {
        "drop_newest" => Some(Overflow::DropNewest),
        "drop_oldest" => Some(Overflow::DropOldest),
        text => {
            let milliseconds = text.strip_prefix("block_for:")?.parse().ok()?;
            Some(Overflow::BlockFor(Duration::from_millis(milliseconds)))
        }
    }
}

#[cfg(test)]
#[path = "any_environment.rs"]
mod any;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read_from(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn reads_what_is_right() {
        let environment = read(&[
            ("ODE_OUTPUT", "file:/var/log/app.jsonl"),
            ("ODE_OVERFLOW", "block_for:250"),
            ("ODE_MAX_FIELDS", "8192"),
            ("ODE_MAX_FILE_BYTES", "1000"),
            ("ODE_KEEP_FILES", "3"),
            ("ODE_DISABLED", "TRUE"),
            #[cfg(feature = "tracing")]
            ("ODE_SPANS", "true"),
            ("ODE_BUILD_ID", "  b7 "),
            ("ODE_SERVICE_NAME", " "),
            ("ODE_HASH_KEY", "0123456789abcdef"),
        ]);
        assert_eq!(environment.warnings, Vec::<String>::new());
        assert_eq!(environment.output, Output::File("/var/log/app.jsonl".into()));
        assert_eq!(environment.overflow, Some(Overflow::BlockFor(Duration::from_millis(250))));
        assert_eq!(environment.limits(), Limits::default().fields(8192));
        assert_eq!(environment.rotation(), Some(Rotation::at(1_000).keep(3)));
        assert_eq!(read(&[("ODE_KEEP_FILES", "3")]).rotation(), None);
        assert!(environment.disabled);
        assert_eq!(environment.spans, cfg!(feature = "tracing"));
        assert!(!read(&[]).spans);
        assert_eq!(environment.build_id.as_deref(), Some("b7"));
        assert_eq!(environment.service_name, None, "blank is unset");
        assert_eq!(environment.hash_key.as_deref(), Some(&b"0123456789abcdef"[..]));
    }

    #[test]
    fn what_ships_a_change() {
        let environment = read(&[
            ("ODE_DRY_RUN", " 1 "),
            ("ODE_KILL", "compress, purge,"),
            ("ODE_FLAGS", "new_cart=true,limit=3"),
            ("ODE_FLAG_FILE", "/etc/app/flags.json"),
            ("ODE_KILL_DIR", "/run/app/kill"),
        ]);
        assert_eq!(environment.warnings, Vec::<String>::new());
        assert!(environment.dry_run);
        assert_eq!(environment.killed, ["compress", "purge"]);
        assert_eq!(environment.flags.len(), 2);
        assert_eq!(environment.flag_file, Some("/etc/app/flags.json".into()));
        assert_eq!(environment.kill_folder, Some("/run/app/kill".into()));

        let unset = [("ODE_DRY_RUN", ""), ("ODE_KILL", " "), ("ODE_FLAG_FILE", "")];
        for environment in [read(&[]), read(&unset), read(&[("ODE_DRY_RUN", "false")])] {
            assert!(!environment.dry_run && environment.killed.is_empty());
            assert!(environment.flags.is_empty() && environment.flag_file.is_none());
            assert_eq!(environment.warnings, Vec::<String>::new());
        }
    }

    #[test]
    fn what_is_wrong_restricts() {
        for value in ["yes", "2", "truee", "live"] {
            let environment = read(&[("ODE_DRY_RUN", value)]);
            assert!(environment.dry_run, "{value}");
            assert_eq!(environment.warnings.len(), 1, "{value}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let environment = Environment::read_from(|name| {
                let set = name == "ODE_DRY_RUN" || name == "ODE_KILL";
                set.then(|| OsString::from_vec(b"\xff".to_vec()))
            });
            assert!(environment.dry_run);
            assert_eq!(environment.killed, ["*"]);
            assert_eq!(environment.warnings.len(), 2, "{:?}", environment.warnings);
        }
    }

    #[test]
    fn one_warning_for_each_wrong_value() {
        for (name, value) in [
            ("ODE_OUTPUT", "stderr"),
            ("ODE_OUTPUT", "file:"),
            ("ODE_OVERFLOW", "block_for:soon"),
            ("ODE_MAX_FIELDS", "-1"),
            ("ODE_QUEUE_EVENTS", "0"),
            ("ODE_MAX_FILE_BYTES", "100 MB"),
            ("ODE_KEEP_FILES", "0"),
            ("ODE_BATCH_DELAY_MS", "9223372036854775808"),
            ("ODE_DISABLED", "yes please"),
            ("ODE_SPANS", "all"),
            ("ODE_DRY_RUN", "perhaps"),
            ("ODE_FLAGS", "new_cart"),
            ("ODE_HASH_KEY", "short"),
            ("ODE_HASH_KEY_FILE", "/no/such/key"),
        ] {
            let warnings = read(&[(name, value)]).warnings;
            assert_eq!(warnings.len(), 1, "{name}={value}: {warnings:?}");
            assert!(warnings[0].starts_with(name), "{warnings:?}");
        }
        assert!(!read(&[("ODE_HASH_KEY", "hunter2")]).warnings[0].contains("hunter2"));
    }
}
