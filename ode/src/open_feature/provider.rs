//! [`Provider`]: a source of flags out of a provider.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ode_core::ship_support::{Kind, Query, nanos};
use ode_core::{Evaluation, Flag, FlagSource, FlagType, Subject};
use open_feature::provider::FeatureProvider;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::open_feature::cache::{Asked, Bounds, Cache};
use crate::open_feature::refresh::{on_own_thread, on_runtime};

/// Questions that may wait for a provider.
const MAX_WAITING: usize = 1_024;

/// An OpenFeature provider that is to become a source of flags.
///
/// ```
/// use open_feature::provider::NoOpProvider;
/// use ode::open_feature::Provider;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let flags = Provider::new(NoOpProvider::default()).start()?;
/// let _ode = ode::setup(ode::build_info!()).flags(flags).init()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is asked until `.start()` or `.start_on(..)`"]
pub struct Provider {
    asked: Box<dyn FeatureProvider>,
    refresh_after: Duration,
    keep_for: Duration,
    capacity: usize,
}

/// Flags from an OpenFeature provider: a source that never waits for it.
///
/// Answers come from a cache. The first question about a flag and a subject is answered by the error
/// `provider_not_ready`, so the flag's default counts and no other source is asked, while the provider
/// is asked in the background; a unit keeps that decision, the next one has the answer. For flags that
/// must be known from the first unit on see [`ProviderFlags::warm`].
///
/// An answer is asked for anew when it is used and is older than ten seconds; until then it counts as
/// it is. Where the provider fails then, the last answer counts as `stale` for five minutes. A flag
/// that the provider does not know is asked of the next source. Clones are the same source; when the
/// last one is dropped, asking ends.
///
/// The subject's targeting key and attributes become the evaluation context. A provider that hangs is
/// not waited for, but keeps its place: the only one, on ode's thread, or one of 32.
#[derive(Clone, Debug)]
pub struct ProviderFlags {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    cache: Arc<Cache>,
    questions: Sender<Asked>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.asked.metadata().name)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// This provider, which is initialised when it starts.
    pub fn new(provider: impl FeatureProvider) -> Self {
        Self {
            asked: Box::new(provider),
            refresh_after: Duration::from_secs(10),
            keep_for: Duration::from_secs(300),
            capacity: 10_000,
        }
    }

    /// Sets how old an answer may be before it is asked for anew. Default 10 seconds.
    pub fn refresh_after(mut self, age: Duration) -> Self {
        self.refresh_after = age;
        self
    }

    /// Sets for how long the last answer counts while the provider fails. Default 5 minutes.
    pub fn keep_for(mut self, age: Duration) -> Self {
        self.keep_for = age;
        self
    }

    /// Sets how many answers are kept, for flags and subjects. Default 10,000; beyond it those that
    /// were used least recently go.
    pub fn capacity(mut self, answers: usize) -> Self {
        self.capacity = answers.max(1);
        self
    }

    /// Asks on a thread of ode's own, one question after the other: for providers that need no
    /// runtime.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(self) -> io::Result<ProviderFlags> {
        let (flags, provider, questions) = self.parts();
        on_own_thread(provider, questions, Arc::clone(&flags.shared.cache))?;
        Ok(flags)
    }

    /// Asks on the host's runtime, up to 32 questions at once.
    pub fn start_on(self, runtime: &Handle) -> ProviderFlags {
        let (flags, provider, questions) = self.parts();
        on_runtime(runtime, provider, questions, Arc::clone(&flags.shared.cache));
        flags
    }

    fn parts(self) -> (ProviderFlags, Box<dyn FeatureProvider>, Receiver<Asked>) {
        let (sender, receiver) = channel(MAX_WAITING);
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let cache = Cache::new(Bounds {
            refresh_after: nanos(self.refresh_after),
            keep_for: nanos(self.keep_for),
            entries: self.capacity,
        });
        let name = self.asked.metadata().name.clone();
        let shared = Shared { name, cache: Arc::new(cache), questions: sender };
        (ProviderFlags { shared: Arc::new(shared) }, self.asked, receiver)
    }
}

impl ProviderFlags {
    /// Waits until the provider has answered about this flag and subject, or the time is up; whether
    /// it has. It blocks, so it is for the start of a process.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # fn started(flags: &ode::open_feature::ProviderFlags) {
    /// static NEW_CART: ode::Flag<bool> = ode::Flag::new("new_cart", false);
    /// if !flags.warm(&NEW_CART, &ode::Subject::anonymous(), Duration::from_secs(2)) {
    ///     eprintln!("starting with the old cart");
    /// }
    /// # }
    /// ```
    #[must_use = "it may not have answered"]
    pub fn warm<T: FlagType>(&self, flag: &Flag<T>, subject: &Subject, timeout: Duration) -> bool {
        let start = started();
        loop {
            let seen = self.shared.cache.answers();
            let answer = self.ask(flag.key(), Some(T::KIND), subject);
            if answer.error() != Some(ode_core::FlagError::ProviderNotReady) {
                return true;
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return false;
            }
            self.shared.cache.wait(seen, left);
        }
    }

    fn ask(&self, key: &str, kind: Option<Kind>, subject: &Subject) -> Evaluation {
        let now = nanos();
        let known = self.shared.cache.get(key, kind, subject, now);
        if known.asks {
            let asked = Asked { key: key.to_owned(), kind, subject: subject.clone(), at: now };
            // Where too many wait, or nobody answers any more, it stays as it is.
            if let Err(refused) = self.shared.questions.try_send(asked) {
                self.shared.cache.give_up(&refused.into_inner());
            }
        }
        known.evaluation
    }
}

/// Not on a test's clock: it is for a thread that waits.
#[expect(clippy::disallowed_methods, reason = "how long a caller waits is real time")]
fn started() -> Instant {
    Instant::now()
}

impl FlagSource for ProviderFlags {
    fn evaluate(&self, key: &str, subject: &Subject) -> Evaluation {
        self.ask(key, None, subject)
    }

    fn evaluate_as(&self, asked: Query<'_>, subject: &Subject) -> Evaluation {
        self.ask(asked.key, Some(asked.kind), subject)
    }

    fn name(&self) -> &str {
        &self.shared.name
    }
}
