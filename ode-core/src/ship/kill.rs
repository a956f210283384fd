//! The kill switch: what is killed does not act, whatever flags and rollouts say.

use std::fmt;

use crate::clock::Clock;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::pipeline::engine::{GLOBAL, PipelineRef};
use crate::pipeline::lifecycle;
use crate::ship::shipping::Here;
use crate::sync::{Arc, AtomicBool, AtomicU64, Mutex, Ordering, lock};
use crate::system_time::Moment;

/// Kills a change, or with `"*"` every change: from now on nothing of it acts, in any unit, whatever
/// flags, rollouts and stages say. `by` says who: it is on the event `ode.kill` that reports the
/// flip.
///
/// It needs no network and no set-up, and holds until [`revive`]. Work that is under way is not
/// interrupted; the event `ode.kill.settled` says when the last of it ended.
///
/// ```
/// ode_core::kill("compress", "alice");
/// assert!(ode_core::is_killed("compress"));
/// ode_core::revive("compress", "alice");
/// ```
pub fn kill(name: &str, by: &str) {
    flip(KillSource::Code, name, by, true);
}

/// Takes back what [`kill`] did for this name. A kill by a file, a flag or the environment is not
/// taken back by code.
pub fn revive(name: &str, by: &str) {
    flip(KillSource::Code, name, by, false);
}

/// Whether a change is killed, by whomever.
pub fn is_killed(name: &str) -> bool {
    kills_here().is_killed(name)
}

/// Who can kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
#[expect(clippy::exhaustive_enums, reason = "hidden: of ode's own crates")]
pub enum KillSource {
    Code,
    Environment,
    File,
    Flag,
}

impl KillSource {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Flag => "flag",
        }
    }
}

/// Flips the switch of one source; what did not change is not told.
pub fn flip(source: KillSource, name: &str, by: &str, killed: bool) {
    flip_on(pipeline_here().as_ref(), source, name, by, killed);
}

/// As [`flip`], on this pipeline.
pub(crate) fn flip_on(
    pipeline: Option<&PipelineRef>,
    source: KillSource,
    name: &str,
    by: &str,
    killed: bool,
) {
    let kills = kills_of(pipeline);
    let moment = pipeline.map(|pipeline| pipeline.clock.moment());
    if let Some(flipped) = kills.set(source, name, killed, moment)
        && let Some(pipeline) = pipeline
    {
        tell_flip(pipeline, &kills, source, name, by, flipped);
    }
}

/// The pipeline whose kills are meant here; on ode's own threads, the process's.
fn pipeline_here() -> Option<PipelineRef> {
    Here::find().pipeline.or_else(|| GLOBAL.get().map(PipelineRef::Global))
}

/// A kill that holds from before the pipeline is there.
#[derive(Debug)]
pub(crate) struct Initial {
    pub(crate) source: KillSource,
    pub(crate) name: String,
    pub(crate) by: String,
}

impl Initial {
    /// Whether it is news.
    pub(crate) fn kill(&self, kills: &Kills, clock: &Clock) -> bool {
        kills.set(self.source, &self.name, true, Some(clock.moment())).is_some()
    }

    pub(crate) fn tell(&self, pipeline: &PipelineRef) {
        let kills = &pipeline.shipping.kills;
        let flipped = Flipped { from: false, to: true };
        tell_flip(pipeline, kills, self.source, &self.name, &self.by, flipped);
    }
}

/// The kills that hold where no pipeline stands: they are there before and after it.
pub(crate) fn of_process() -> Arc<Kills> {
    static PROCESS: std::sync::LazyLock<Arc<Kills>> = std::sync::LazyLock::new(Arc::default);
    Arc::clone(&PROCESS)
}

fn kills_of(pipeline: Option<&PipelineRef>) -> Arc<Kills> {
    pipeline.map_or_else(of_process, |pipeline| Arc::clone(&pipeline.shipping.kills))
}

fn kills_here() -> Arc<Kills> {
    kills_of(pipeline_here().as_ref())
}

/// What is killed, and what is under way.
#[derive(Default)]
pub(crate) struct Kills {
    /// Counts flips and forced dry runs, so that a decision made before one is seen to be old.
    generation: AtomicU64,
    /// Whether anything is killed: most processes never take the lock.
    any: AtomicBool,
    killed: Mutex<Vec<Killed>>,
    acting: Mutex<Vec<(&'static str, u64)>>,
}

#[derive(Debug)]
struct Killed {
    source: KillSource,
    name: String,
    since: Option<Moment>,
}

impl fmt::Debug for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(lock(&self.killed).iter()).finish()
    }
}

impl Kills {
    /// How often the switch was flipped, or a dry run forced.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether anything is killed.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    pub(crate) fn is_killed(&self, name: &str) -> bool {
        self.any() && is_among(&lock(&self.killed), name)
    }

    /// Every decision made so far is to be looked at again.
    pub(crate) fn age(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// What that changed, if it is news.
    fn set(
        &self,
        source: KillSource,
        name: &str,
        kill: bool,
        since: Option<Moment>,
    ) -> Option<Flipped> {
        let mut killed = lock(&self.killed);
        let from = is_among(&killed, name);
        let at = killed.iter().position(|known| known.source == source && known.name == name);
        match (kill, at) {
            (true, None) => killed.push(Killed { source, name: name.to_owned(), since }),
            (false, Some(at)) => drop(killed.swap_remove(at)),
            (true, Some(_)) | (false, None) => return None,
        }
        self.any.store(!killed.is_empty(), Ordering::Release);
        self.age();
        Some(Flipped { from, to: is_among(&killed, name) })
    }

    fn killed_since(&self, name: &str) -> Option<Moment> {
        lock(&self.killed).iter().filter(|killed| killed.is(name)).find_map(|killed| killed.since)
    }

    fn begin(&self, name: &'static str) {
        let mut acting = lock(&self.acting);
        match acting.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => acting.push((name, 1)),
        }
    }

    /// How many are left.
    fn end(&self, name: &'static str) -> u64 {
        let mut acting = lock(&self.acting);
        let Some((_, count)) = acting.iter_mut().find(|(known, _)| *known == name) else {
            return 0;
        };
        *count = count.saturating_sub(1);
        *count
    }

    fn under_way(&self, name: &str) -> u64 {
        let acting = lock(&self.acting);
        acting.iter().filter(|(known, _)| name == ALL || *known == name).map(|(_, n)| n).sum()
    }
}

/// Whether a change was killed before a flip, and after it: another source may kill it, too.
#[derive(Clone, Copy, Debug)]
struct Flipped {
    from: bool,
    to: bool,
}

fn is_among(killed: &[Killed], name: &str) -> bool {
    killed.iter().any(|killed| killed.is(name))
}

/// The name that stands for every change.
const ALL: &str = "*";

impl Killed {
    fn is(&self, name: &str) -> bool {
        self.name == name || self.name == ALL
    }
}

/// An effect of a change that is under way.
#[must_use]
pub(crate) struct Acting {
    pipeline: PipelineRef,
    name: &'static str,
}

impl Acting {
    pub(crate) fn begin(here: &Here, name: &'static str) -> Option<Self> {
        let pipeline = here.pipeline.clone()?;
        pipeline.shipping.kills.begin(name);
        Some(Self { pipeline, name })
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        let kills = &self.pipeline.shipping.kills;
        if kills.end(self.name) == 0
            && kills.any()
            && let Some(since) = kills.killed_since(self.name)
        {
            let passed = self.pipeline.clock.moment().since(since);
            lifecycle::announce(&self.pipeline, "ode.kill.settled", |put| {
                put(&NAME, Value::Str(self.name));
                put(&LAST_USE, Value::U64(passed));
            });
        }
    }
}

macro_rules! keys {
    ($($konst:ident = $name:literal;)*) => {
        $(static $konst: Key = Key::ours($name, concat!(",\"", $name, "\":"));)*
    };
}

keys! {
    NAME = "ode.kill.change";
    FROM = "ode.kill.from";
    TO = "ode.kill.to";
    BY = "ode.kill.by";
    SOURCE = "ode.kill.source";
    UNDER_WAY = "ode.kill.under_way";
    LAST_USE = "ode.kill.last_use_ns";
}

/// `ode.kill`: what, from, to, by whom; how many effects are still under way.
fn tell_flip(
    pipeline: &PipelineRef,
    kills: &Kills,
    source: KillSource,
    name: &str,
    by: &str,
    flipped: Flipped,
) {
    let word = |killed| Value::Str(if killed { "killed" } else { "active" });
    lifecycle::announce(pipeline, "ode.kill", |put| {
        put(&NAME, Value::Str(name));
        put(&FROM, word(flipped.from));
        put(&TO, word(flipped.to));
        if !by.is_empty() {
            put(&BY, Value::Str(by));
        }
        put(&SOURCE, Value::Str(source.as_str()));
        put(&UNDER_WAY, Value::U64(kills.under_way(name)));
    });
}
