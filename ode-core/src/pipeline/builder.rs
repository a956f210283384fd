//! Putting a pipeline together.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::clock::Clock;
use crate::context::cells::{self, Cells};
use crate::context::slot;
use crate::event::finished::Event;
use crate::event::limits::Limits;
use crate::fork;
use crate::pipeline::destination::Destination;
use crate::pipeline::diagnostics::{Diagnostic, Observer, tell, to_stderr};
use crate::pipeline::engine::{GLOBAL, Hasher, Pipeline, PipelineRef};
use crate::pipeline::guard::Guard;
use crate::pipeline::keeper::Keeper;
use crate::pipeline::lifecycle;
use crate::pipeline::queue::Queue;
use crate::pipeline::sampling::Share;
use crate::pipeline::watch::Tap;
use crate::pipeline::watch::Watchers;
use crate::pipeline::worker::Worker;
use crate::process::Process;
use crate::redact::Redaction;
use crate::rng::Ids;
use crate::ship::kill::{self, KillSource, Kills};
use crate::ship::shipping::ShippingBuilder;
use crate::ship::{Change, FlagSource, Stage};
use crate::sync::{Arc, AtomicBool, Mutex, lock, thread};

/// Sets a pipeline up by hand, without reading the environment. Applications use `ode::setup`.
#[must_use = "nothing is set up until `.install()`"]
pub struct PipelineBuilder {
    process: Process,
    limits: Limits,
    queues: Vec<Queue>,
    observer: Observer,
    hasher: Option<Hasher>,
    redaction: Redaction,
    flush_timeout: Duration,
    announce: bool,
    shipping: ShippingBuilder,
    kills: Option<Arc<Kills>>,
    killed: Vec<kill::Initial>,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) taps: Vec<Tap>,
}

impl fmt::Debug for PipelineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineBuilder")
            .field("process", &self.process)
            .field("limits", &self.limits)
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}

impl PipelineBuilder {
    /// A pipeline of this process, with no destination yet.
    pub fn new(process: Process) -> Self {
        Self {
            process,
            limits: Limits::default(),
            queues: Vec::new(),
            observer: Arc::new(to_stderr),
            hasher: None,
            redaction: Redaction::new(),
            flush_timeout: Duration::from_secs(5),
            announce: false,
            shipping: ShippingBuilder::default(),
            kills: None,
            killed: Vec::new(),
            clock: Clock::default(),
            ids: Ids::default(),
            taps: Vec::new(),
        }
    }

    /// Adds a destination: an exporter, or a [`Queue`] around one. Repeat to fan out.
    pub fn export_to(mut self, destination: impl Into<Queue>) -> Self {
        self.queues.push(destination.into());
        self
    }

    /// Sets the limits on one event.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets who is told what ode has to say about itself. Default: a line on standard error.
    /// Called on ode's own threads, at most once in ten seconds for each kind of message.
    pub fn on_diagnostic(mut self, observer: impl Fn(&Diagnostic) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Adds a closure that sees every finished event, on the thread that finished it and outside
    /// any lock: metrics as a view of events. Repeat to add more.
    ///
    /// It runs on the host's time, so it should be as short as counting; what it panics with is
    /// caught and reported as a diagnostic. It sees an event before any destination drops it.
    /// Events that end while it runs, on the same thread, are not shown to it.
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.taps.push(Box::new(observer));
        self
    }

    /// Sets the keyed hash of values marked `sensitive = "hash"`. Without it they are masked.
    pub fn hash_with(mut self, hasher: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.hasher = Some(Box::new(hasher));
        self
    }

    /// Sets what is redacted before any exporter sees it. Default: [`Redaction::new`].
    pub fn redact(mut self, redaction: Redaction) -> Self {
        self.redaction = redaction;
        self
    }

    /// Sets how long dropping the [`Guard`] may take. Default 5 seconds.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = timeout;
        self
    }

    /// Whether to emit `ode.start` and `ode.shutdown`. Default no.
    pub fn announce(mut self, announce: bool) -> Self {
        self.announce = announce;
        self
    }

    /// Adds a source of flags. Those added first are asked first; the first that knows a flag
    /// answers.
    pub fn flags(mut self, source: impl FlagSource) -> Self {
        self.shipping.sources.push(Arc::new(source));
        self
    }

    /// Sets the stage of a change, for where no source of flags knows it.
    pub fn stage<C: Change>(mut self, stage: Stage) -> Self {
        self.shipping.stages.push((C::declaration().flag_key(), stage));
        self
    }

    /// Whether every change runs dry, whatever its stage. Default no.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.shipping.dry_run = dry_run;
        self
    }

    /// Kills a change, or with `"*"` all, before the first unit can meet it. Flips of it come later.
    #[doc(hidden)]
    pub fn killed(mut self, source: KillSource, name: &str, by: &str) -> Self {
        self.killed.push(kill::Initial { source, name: name.to_owned(), by: by.to_owned() });
        self
    }

    /// Tells the observer set so far, on this thread: for what is found wrong during set-up.
    pub fn tell(&self, diagnostic: &Diagnostic) {
        tell(&self.observer, diagnostic);
    }

    /// Makes this the pipeline of the process and starts its threads.
    ///
    /// # Errors
    /// When the process has one already, and when a thread cannot be started.
    pub fn install(mut self) -> Result<Guard, SetupError> {
        static INSTALLING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = lock(&INSTALLING);
        if GLOBAL.get().is_some() {
            return Err(SetupError { kind: Kind::AlreadyInitialised });
        }
        let flush_timeout = self.flush_timeout;
        // What was killed before stays killed.
        let kills = kill::of_process();
        let mut killed = std::mem::take(&mut self.killed);
        killed.retain(|initial| initial.kill(&kills, &self.clock));
        self.kills = Some(kills);
        let (pipeline, start) = self.assemble();
        if let Err(error) = start() {
            pipeline.stop(Duration::ZERO);
            return Err(SetupError { kind: Kind::Thread(error) });
        }
        let pipeline = GLOBAL.get_or_init(|| pipeline);
        fork::own();
        cells::with_own(|counts| lifecycle::announce_start(pipeline, counts));
        for initial in &killed {
            initial.tell(&PipelineRef::Global(pipeline));
        }
        Ok(Guard { pipeline: Some(pipeline), flush_timeout })
    }

    /// The pipeline, and what starts its threads.
    pub(crate) fn assemble(self) -> (Pipeline, impl FnOnce() -> io::Result<()>) {
        let process = Arc::new(self.process);
        let redaction = Arc::new(self.redaction);
        let mut destinations = Vec::new();
        let mut workers = Vec::new();
        for Queue { exporter, settings } in self.queues {
            let destination = Arc::new(Destination::new(settings));
            destinations.push(Arc::clone(&destination));
            workers.push(Worker::new(
                destination,
                exporter,
                self.clock.clone(),
                Arc::clone(&self.observer),
                Arc::clone(&process),
                Arc::clone(&redaction),
            ));
        }
        let share = destinations
            .iter()
            .map(|destination: &Arc<Destination>| destination.share)
            .reduce(Share::greater)
            .unwrap_or(Share::All);
        let pipeline = Pipeline {
            process,
            limits: self.limits,
            clock: self.clock,
            ids: self.ids,
            destinations,
            observer: self.observer,
            hasher: self.hasher,
            redaction,
            keeper: Keeper::default(),
            watchers: Watchers::of(self.taps),
            counts: Cells::default(),
            warned_of_hashing: AtomicBool::new(false),
            announce: self.announce,
            shipping: self.shipping.build(self.kills.unwrap_or_default()),
            share,
        };
        let clock = pipeline.clock.clone();
        let keep = pipeline.keeper.runner(clock);
        (pipeline, move || {
            for worker in workers {
                let name = format!("ode-{}", worker.destination.settings.name);
                spawn(&name, move || {
                    slot::mute();
                    worker.run();
                })?;
            }
            spawn("ode-keeper", keep)
        })
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}

/// Why ode could not be set up.
#[derive(Debug)]
pub struct SetupError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    AlreadyInitialised,
    Thread(io::Error),
    Destination(String, Box<dyn Error + Send + Sync>),
    Configuration(String),
}

impl SetupError {
    /// A destination named by the configuration could not be opened.
    pub fn destination(
        name: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind: Kind::Destination(name.into(), source.into()) }
    }

    /// A thread could not be started.
    #[doc(hidden)]
    pub fn thread(error: io::Error) -> Self {
        Self { kind: Kind::Thread(error) }
    }

    /// Something the code sets is not what it must be.
    pub fn configuration(text: impl Into<String>) -> Self {
        Self { kind: Kind::Configuration(text.into()) }
    }

    /// Something the code sets is not what it must be.
    pub fn is_configuration(&self) -> bool {
        matches!(self.kind, Kind::Configuration(_))
    }

    /// The process has a pipeline already; one program sets ode up once.
    pub fn is_already_initialised(&self) -> bool {
        matches!(self.kind, Kind::AlreadyInitialised)
    }

    /// The system refused a thread.
    pub fn is_thread(&self) -> bool {
        matches!(self.kind, Kind::Thread(_))
    }

    /// A destination could not be opened.
    pub fn is_destination(&self) -> bool {
        matches!(self.kind, Kind::Destination(..))
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::AlreadyInitialised => {
                f.write_str("ode is already set up; call `init` once, at the start of `main`")
            }
            Kind::Thread(_) => f.write_str("could not start ode's worker thread"),
            Kind::Destination(name, _) => write!(f, "could not open the destination {name}"),
            Kind::Configuration(text) => f.write_str(text),
        }
    }
}

impl Error for SetupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::AlreadyInitialised | Kind::Configuration(_) => None,
            Kind::Thread(error) => Some(error),
            Kind::Destination(_, error) => Some(&**error),
        }
    }
}
