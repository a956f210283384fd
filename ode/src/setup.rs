//! One line at the start of `main`: [`init`], or [`setup`] to say more.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ode_core::{
    Change, Diagnostic, Event, FlagSource, Guard, Limits, PipelineBuilder, Process, Queue,
    Redaction, SetupError, Stage,
};

use crate::build_id::{self, BuildId};
use crate::build_info::BuildInfo;
use crate::destinations;
use crate::diagnostics;
use crate::environment::{Environment, MIN_HASH_KEY_BYTES};
use crate::flags::{KillFiles, Shipped, Waiting};
use crate::opentelemetry_environment::OpenTelemetry;
use crate::surroundings;
use crate::threads;

/// Sets ode up from the environment; see the table at [`setup`].
///
/// With nothing set, events go to standard output: in a readable form on a terminal, as JSON lines
/// elsewhere.
///
/// ```
/// # fn main() -> Result<(), ode::SetupError> {
/// let _ode = ode::init(ode::build_info!())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When ode is set up already, when the destination cannot be opened, and when a thread cannot be
/// started.
pub fn init(build: BuildInfo) -> Result<Guard, SetupError> {
    setup(build).init()
}

/// Sets ode up by hand. What the code says beats the environment, which beats the default.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `ODE_DISABLED` | `true`: nothing is set up, everything is inert | `false` |
/// | `ODE_BUILD_ID` | the build id | from the revision and the binary |
/// | `ODE_SERVICE_NAME` | `service.name`, before `OTEL_SERVICE_NAME` | the binary's name |
/// | `ODE_ENVIRONMENT` | `deployment.environment.name` | – |
/// | `ODE_OUTPUT` | `auto`, `stdout` (JSON lines), `pretty`, `none`, `file:<path>` (JSON lines); for when the code names no destination | `auto`: pretty on a terminal, else JSON lines |
/// | `ODE_MAX_FILE_BYTES` | of `file:<path>`: at this length it is put aside as `<path>.1` and a new one begun, see [`Rotation`](crate::exporters::jsonl::Rotation) | no limit |
/// | `ODE_KEEP_FILES` | how many of those stay | 5 |
/// | `ODE_HASH_KEY` | key of fields marked `sensitive = "hash"`, at least 16 bytes | masked |
/// | `ODE_HASH_KEY_FILE` | a file that holds that key | – |
/// | `ODE_MAX_FIELDS` | fields an event holds | 4096 |
/// | `ODE_MAX_VALUE_BYTES` | bytes a value keeps | 65536 |
/// | `ODE_MAX_EVENT_BYTES` | bytes an event's fields may take | 1048576 |
/// | `ODE_QUEUE_EVENTS` | events that may wait for the default destination | 8192 |
/// | `ODE_QUEUE_BYTES` | bytes that may wait for it | 16777216 |
/// | `ODE_BATCH_EVENTS` | events in a batch | 512 |
/// | `ODE_BATCH_DELAY_MS` | how long an event waits for others | 100 |
/// | `ODE_REDACT` | `false`: nothing is redacted | `true` |
/// | `ODE_REDACT_KEYS` | more words of keys to redact, separated by commas | – |
/// | `ODE_SAMPLE` | the share of the events that is kept, from 0 to 1 | 1 |
/// | `ODE_OVERFLOW` | `drop_newest`, `drop_oldest`, `block_for:<ms>` | `drop_newest` |
/// | `ODE_SPANS` | `true`: every unit opens a `tracing` span; see `Setup::spans` | `false` |
/// | `ODE_FLAGS` | flags at start: `key=value,…`; a value is `true`, `false`, a number or text | – |
/// | `ODE_FLAG_FILE` | a file of flags that is watched, see [`FlagFile`](crate::flags::FlagFile) | – |
/// | `ODE_DRY_RUN` | `true`: no change acts in this process, whatever its stage; a wrong value is taken for `true` | `false` |
/// | `ODE_KILL` | changes that are killed from the start, separated by commas; `*` for all | – |
/// | `ODE_KILL_DIR` | a folder that is watched: a file in it kills the change it is named after, one named `all` kills all | – |
/// | `ODE_FLUSH_TIMEOUT_MS` | how long dropping the guard may take | 5000 |
///
/// With a feature of OTLP the standard `OTEL_*` variables are read too; the guide lists them under
/// "send to …". Where one names an endpoint, events go there in the place of the default destination
/// (`ODE_OUTPUT` unset or `auto`), and beside those that the code or `ODE_OUTPUT` names. Code beats
/// `ODE_*`, which beats `OTEL_*`: a destination for OTLP that the code names is the only one, and
/// `ODE_OUTPUT=none` sends nothing. With nothing set nothing goes to the network.
/// `OTEL_SDK_DISABLED=true` takes every destination out that speaks OpenTelemetry.
///
/// An empty variable counts as unset. A wrong one is one warning and its default is used, but for
/// `ODE_DRY_RUN` and `ODE_KILL`: they restrict. Sources of flags are asked in this order: the code's,
/// files, `ODE_FLAGS`.
///
/// The build id is, first found first: `with_id` → `ODE_BUILD_ID` → revision and the binary's
/// build-id note → the note → a hash of the executable; `build.source` says which.
pub fn setup(build: BuildInfo) -> Setup {
    Setup {
        build,
        queues: Vec::new(),
        limits: None,
        hash_key: None,
        flush_timeout: None,
        announce: true,
        sample: None,
        redaction: None,
        spans: None,
        opentelemetry: true,
        observer: None,
        watchers: Vec::new(),
        shipping: Vec::new(),
        dry_run: false,
        flag_files: Vec::new(),
        kill_files: KillFiles::default(),
    }
}

type Observer = Box<dyn Fn(&Diagnostic) + Send + Sync>;
type Watcher = Box<dyn Fn(&Event) + Send + Sync>;
type Step = Box<dyn FnOnce(PipelineBuilder) -> PipelineBuilder>;

/// ode as it is about to be set up; made by [`setup`].
#[must_use = "nothing is set up until `.init()`"]
pub struct Setup {
    build: BuildInfo,
    queues: Vec<Queue>,
    limits: Option<Limits>,
    hash_key: Option<Vec<u8>>,
    flush_timeout: Option<Duration>,
    announce: bool,
    sample: Option<f64>,
    redaction: Option<Redaction>,
    spans: Option<bool>,
    opentelemetry: bool,
    observer: Option<Observer>,
    watchers: Vec<Watcher>,
    /// Sources of flags and stages, in the order in which they were named.
    shipping: Vec<Step>,
    dry_run: bool,
    flag_files: Vec<PathBuf>,
    kill_files: KillFiles,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the key.
        f.debug_struct("Setup")
            .field("build", &self.build)
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

impl Setup {
    /// Adds a destination: an exporter, or a [`Queue`] around one. Repeat to fan out. Named
    /// destinations take the place of the default one.
    pub fn export_to(mut self, destination: impl Into<Queue>) -> Self {
        self.queues.push(destination.into());
        self
    }

    /// Sets the limits on one event.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Sets the key of fields marked `sensitive = "hash"`: at least 16 bytes, kept secret, and the
    /// same in every process whose hashes are to be compared. The recorded value is the first half
    /// of HMAC-SHA-256 in hexadecimal.
    pub fn hash_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.hash_key = Some(key.into());
        self
    }

    /// Sets how long dropping the guard may take. Default 5 seconds.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = Some(timeout);
        self
    }

    /// Whether to emit the events `ode.start` and `ode.shutdown`. Default yes.
    pub fn announce(mut self, announce: bool) -> Self {
        self.announce = announce;
        self
    }

    /// Whether every unit opens a `tracing` span of its name, with its ids as the fields `trace_id`
    /// and `span_id`, so that what is logged inside carries them; the target is `ode`, the level
    /// `INFO`. Default no: only those that ask, by `#[instrument_event(span)]` or
    /// [`WideEventBuilder::span`](crate::WideEventBuilder::span).
    ///
    /// A unit is exported once: where `tracing-opentelemetry` is there too, its layer needs the
    /// filter [`without_units`](crate::tracing::without_units).
    #[cfg(feature = "tracing")]
    pub fn spans(mut self, spans: bool) -> Self {
        self.spans = Some(spans);
        self
    }

    /// Whether units and the spans of OpenTelemetry share ids: a unit opened in a span is its child,
    /// and a span opened in a unit is the unit's. Default yes.
    #[cfg(feature = "opentelemetry")]
    pub fn opentelemetry(mut self, shared: bool) -> Self {
        self.opentelemetry = shared;
        self
    }

    /// Sets who is told what ode has to say about itself: drops, failed exports, wrong settings.
    /// Default: a line on standard error, if that takes it at once. Called on ode's own threads, and at most once in ten
    /// seconds for each kind of message; during `init` on the calling thread.
    pub fn on_diagnostic(mut self, observer: impl Fn(&Diagnostic) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Which share of the events every destination gets, from 0 to 1, unless its [`Queue`] says
    /// otherwise; see [`Queue::sample`]. Default 1.
    pub fn sample(mut self, share: f64) -> Self {
        self.sample = Some(share);
        self
    }

    /// Sets what is redacted before any destination sees it; see [`Redaction`] for what is denied
    /// unless something else is said here.
    pub fn redact(mut self, redaction: Redaction) -> Self {
        self.redaction = Some(redaction);
        self
    }

    /// Adds a closure that sees every finished event, on the thread that finished it and outside
    /// any lock: metrics as a view of events. Repeat to add more.
    ///
    /// It runs on the host's time, so it should be as short as counting. It sees events before any
    /// destination drops one, so counts are exact. What it panics with is caught, and said once.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// static FAILED: AtomicU64 = AtomicU64::new(0);
    /// # fn main() -> Result<(), ode::SetupError> {
    /// let _ode = ode::setup(ode::build_info!())
    ///     .on_event(|event| {
    ///         if event.outcome() == ode::Outcome::Error {
    ///             FAILED.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///     })
    ///     .init()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_event(mut self, watcher: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.watchers.push(Box::new(watcher));
        self
    }

    /// Adds a source of flags. They are asked in this order, and the first that knows a flag answers:
    /// those named here, then files, then `ODE_FLAGS`.
    ///
    /// ```
    /// use ode::{MemoryFlags, Stage};
    /// # fn main() -> Result<(), ode::SetupError> {
    /// let flags = MemoryFlags::new().with("new_cart", true).with("compress", Stage::Shadow);
    /// let _ode = ode::setup(ode::build_info!()).flags(flags.clone()).init()?;
    /// flags.set("new_cart", false);
    /// # Ok(())
    /// # }
    /// ```
    pub fn flags(mut self, source: impl FlagSource) -> Self {
        self.shipping.push(Box::new(|builder| builder.flags(source)));
        self
    }

    /// Adds a file of flags, which is watched: what is written to it counts within a second, and an
    /// event `ode.flags.reloaded` says what changed. For the format and for what is believed see
    /// [`FlagFile`](crate::flags::FlagFile). Files named here are asked before the one that `ODE_FLAG_FILE` names.
    pub fn flag_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.flag_files.push(path.into());
        self
    }

    /// Sets the stage of a change, for where no source of flags knows it.
    ///
    /// ```
    /// ode::change!(Compress = "compress");
    /// # fn main() -> Result<(), ode::SetupError> {
    /// let _ode = ode::setup(ode::build_info!()).stage::<Compress>(ode::Stage::Live).init()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stage<C: Change>(mut self, stage: Stage) -> Self {
        self.shipping.push(Box::new(move |builder| builder.stage::<C>(stage)));
        self
    }

    /// Whether every change runs dry in this process, whatever its stage. Default no. `ODE_DRY_RUN`
    /// forces it too, and neither takes back the other: nothing forces a change live.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Kills a change while this file is there, or cannot be looked at; `"*"` stands for every
    /// change. When it is gone the change may act again.
    ///
    /// What is there at set-up kills before the first unit, what comes later within a second, and
    /// also after [`Guard::shutdown`]. Every flip is an event `ode.kill` with the path as its
    /// `ode.kill.by`. What the file holds does not matter, nor who may write to it: killing is easy.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), ode::SetupError> {
    /// let _ode = ode::setup(ode::build_info!()).kill_file("compress", "/run/app/no-compress").init()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill_file(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.kill_files.files.push((name.into(), path.into()));
        self
    }

    /// Watches a folder: a file in it kills the change it is named after, and one named `all` kills
    /// every change; hidden files do nothing. As [`Setup::kill_file`] else; a folder that cannot be
    /// read kills every change, and one that is not there kills none. `ODE_KILL_DIR` names another.
    pub fn kill_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.kill_files.folders.push(path.into());
        self
    }

    /// The build id that the events will carry: for what is named after the build, such as a file.
    ///
    /// It may read the executable, so ask once.
    pub fn build_id(&self) -> String {
        identify(&self.build, &Environment::read()).id
    }

    /// Sets ode up for the process.
    ///
    /// # Errors
    /// As [`init`]; and when a hash key given here is too short.
    pub fn init(self) -> Result<Guard, SetupError> {
        self.init_in(&Environment::read())
    }

    fn init_in(self, environment: &Environment) -> Result<Guard, SetupError> {
        if environment.disabled {
            return Ok(Guard::inert());
        }
        let opentelemetry = OpenTelemetry::read();
        let service = environment.service_name.as_deref();
        let service = service.or(opentelemetry.service_name.as_deref());
        let process = describe(&self.build, service, environment);
        let mut builder = PipelineBuilder::new(process)
            .limits(self.limits.unwrap_or_else(|| environment.limits()))
            .announce(self.announce);
        if let Some(timeout) = self.flush_timeout.or(environment.flush_timeout) {
            builder = builder.flush_timeout(timeout);
        }
        builder = match self.observer {
            Some(observer) => builder.on_diagnostic(observer),
            None => builder.on_diagnostic(diagnostics::to_stderr),
        };
        if let Some(key) = checked(self.hash_key)?.or(environment.hash_key.clone()) {
            builder = builder.hash_with(move |text| keyed_hash(&key, text));
        }
        builder = builder.redact(self.redaction.unwrap_or_else(|| environment.redaction()));
        for watcher in self.watchers {
            builder = builder.on_event(watcher);
        }
        for step in self.shipping {
            builder = step(builder);
        }
        let mut warnings = environment.warnings.clone();
        let shipped = Shipped::of(self.flag_files, self.kill_files, environment, &mut warnings);
        builder = shipped.put_into(builder).dry_run(self.dry_run || environment.dry_run);
        let destinations =
            destinations::choose(self.queues, self.sample, environment, opentelemetry)?;
        for queue in destinations.queues {
            builder = builder.export_to(queue);
        }
        for warning in warnings.into_iter().chain(destinations.warnings) {
            builder.tell(&Diagnostic::configuration(warning));
        }
        let spans = self.spans.unwrap_or(environment.spans);
        let guard = threads::with_signals_blocked(|| -> Result<_, SetupError> {
            let watching = shipped.watch.start().map_err(SetupError::thread)?;
            let guard = builder.install()?;
            watching.into_iter().for_each(Waiting::begin);
            Ok(guard)
        })?;
        surroundings::set_up(spans, self.opentelemetry);
        #[cfg(feature = "tokio")]
        crate::tokio::run_experiments();
        Ok(guard)
    }
}

fn checked(key: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, SetupError> {
    match key {
        Some(key) if key.len() < MIN_HASH_KEY_BYTES => Err(SetupError::configuration(format!(
            "the hash key holds {} bytes, at least {MIN_HASH_KEY_BYTES} are needed",
            key.len()
        ))),
        key => Ok(key),
    }
}

/// The first 16 bytes of HMAC-SHA-256, in hexadecimal.
fn keyed_hash(key: &[u8], text: &str) -> String {
    let mac = hmac_sha256::HMAC::mac(text.as_bytes(), key);
    mac.iter().take(16).fold(String::with_capacity(32), |mut hex, byte| {
        for digit in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(u32::from(digit), 16));
        }
        hex
    })
}

fn identify(build: &BuildInfo, environment: &Environment) -> BuildId {
    build_id::resolve(build.id(), environment.build_id.as_deref(), build.marked_revision())
}

fn describe(build: &BuildInfo, service: Option<&str>, environment: &Environment) -> Process {
    let id = identify(build, environment);
    let service = service.unwrap_or(build.service());
    Process::new(id.id)
        .build_source(id.source)
        .service(service, build.version())
        .revision(build.revision().unwrap_or_default())
        .environment(environment.deployment.as_deref().unwrap_or_default())
        .host_name(threads::host_name().unwrap_or_default())
        .pid(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_plain_hmac_sha_256() {
        // printf %s ada@example.org | openssl dgst -sha256 -hmac 0123456789abcdef
        let hash = keyed_hash(b"0123456789abcdef", "ada@example.org");
        assert_eq!(hash.len(), 32);
        assert_ne!(hash, keyed_hash(b"0123456789abcdeg", "ada@example.org"));
        assert_ne!(hash, keyed_hash(b"0123456789abcdef", "adb@example.org"));
    }

    #[test]
    fn a_short_key_is_refused_without_being_shown() {
        let error = checked(Some(b"hunter2".to_vec())).unwrap_err();
        assert!(error.is_configuration());
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
