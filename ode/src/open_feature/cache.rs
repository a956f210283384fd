//! The answers that are known, bounded in number.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use ode_core::ship_support::Kind;
use ode_core::{Attribute, Evaluation, FlagError, Reason, Subject};

/// What was asked: a flag, as what, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) key: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) subject: Subject,
    /// When, on the clock of who asked.
    pub(crate) at: u64,
}

/// How long answers count, in nanoseconds, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) refresh_after: u64,
    pub(crate) keep_for: u64,
    pub(crate) entries: usize,
}

#[derive(Debug)]
pub(crate) struct Cache {
    bounds: Bounds,
    hasher: RandomState,
    entries: RwLock<HashMap<u64, Entry>>,
    /// Counts answers, for who waits for one.
    answers: Mutex<u64>,
    answered: Condvar,
}

#[derive(Debug)]
struct Entry {
    asked: Asked,
    /// `None` until the first answer.
    answer: Option<Answer>,
    /// Somebody is finding it out.
    pending: AtomicBool,
    used: AtomicU64,
}

#[derive(Clone, Debug)]
struct Answer {
    evaluation: Evaluation,
    /// When it was asked for that gave a value.
    good_at: u64,
    /// When it was asked for last.
    at: u64,
    /// What the last try failed with, if it did.
    failure: Option<FlagError>,
}

/// What the cache knows.
#[derive(Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) evaluation: Evaluation,
    /// The question, where somebody has to find out.
    pub(crate) asks: bool,
}

impl Cache {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            hasher: RandomState::new(),
            entries: RwLock::default(),
            answers: Mutex::default(),
            answered: Condvar::new(),
        }
    }

    /// The answer as far as it is known, and whether it is to be found out: at most once at a time.
    pub(crate) fn get(&self, key: &str, kind: Option<Kind>, subject: &Subject, now: u64) -> Known {
        let hash = self.hash(key, kind, subject);
        if let Some(entry) = self.read().get(&hash).filter(|entry| entry.is(key, kind, subject)) {
            entry.used.store(now, Ordering::Relaxed);
            let (evaluation, is_old) = entry.known(now, self.bounds);
            return Known {
                evaluation,
                asks: is_old && !entry.pending.swap(true, Ordering::AcqRel),
            };
        }
        let asked = Asked { key: key.to_owned(), kind, subject: subject.clone(), at: now };
        let mut entries = self.write();
        if entries.len() >= self.bounds.entries {
            make_room(&mut entries);
        }
        let entry = Entry {
            asked,
            answer: None,
            pending: AtomicBool::new(true),
            used: AtomicU64::new(now),
        };
        // Of two that came at once the second finds it out again, which does no harm.
        entries.insert(hash, entry);
        Known { evaluation: not_ready(), asks: true }
    }

    /// The question could not be passed on; the next one who asks tries again.
    pub(crate) fn give_up(&self, asked: &Asked) {
        let hash = self.hash(&asked.key, asked.kind, &asked.subject);
        if let Some(entry) = self.read().get(&hash) {
            entry.pending.store(false, Ordering::Release);
        }
    }

    /// Keeps what was found out.
    pub(crate) fn put(&self, asked: &Asked, found: Result<Evaluation, FlagError>) {
        let hash = self.hash(&asked.key, asked.kind, &asked.subject);
        let is = |entry: &&mut Entry| entry.is(&asked.key, asked.kind, &asked.subject);
        if let Some(entry) = self.write().get_mut(&hash).filter(is) {
            entry.take(asked.at, found);
            entry.pending.store(false, Ordering::Release);
        }
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.answered.notify_all();
    }

    /// Waits for the next answer to anything since `seen`; the number of answers so far.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.answered.wait_timeout_while(answers, timeout, |answers| *answers <= seen);
        let (answers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *answers
    }

    pub(crate) fn answers(&self) -> u64 {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<u64, Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<u64, Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, key: &str, kind: Option<Kind>, subject: &Subject) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        key.hash(&mut hasher);
        kind.map(|kind| kind as u8).hash(&mut hasher);
        subject.targeting_key().hash(&mut hasher);
        for (name, value) in subject.attributes() {
            name.hash(&mut hasher);
            match value {
                Attribute::Bool(value) => value.hash(&mut hasher),
                Attribute::Str(text) => text.hash(&mut hasher),
                Attribute::I64(whole) => whole.hash(&mut hasher),
                Attribute::F64(number) => number.to_bits().hash(&mut hasher),
                _ => {}
            }
        }
        hasher.finish()
    }
}

/// The same value, which may be out of date.
fn stale(evaluation: &Evaluation) -> Evaluation {
    let Some(value) = evaluation.value() else { return evaluation.clone() };
    let stale = Evaluation::new(value.clone(), Reason::Stale);
    match evaluation.variant_name() {
        Some(variant) => stale.variant(variant),
        None => stale,
    }
}

fn not_ready() -> Evaluation {
    Evaluation::failed(FlagError::ProviderNotReady)
}

/// Takes out the half that was used least recently.
fn make_room(entries: &mut HashMap<u64, Entry>) {
    let mut used: Vec<u64> =
        entries.values().map(|entry| entry.used.load(Ordering::Relaxed)).collect();
    used.sort_unstable();
    let middle = used.get(used.len() / 2).copied().unwrap_or_default();
    let before = entries.len();
    entries.retain(|_, entry| entry.used.load(Ordering::Relaxed) > middle);
    // Where all were used at one time, none stays.
    debug_assert!(entries.len() < before);
}

impl Entry {
    fn is(&self, key: &str, kind: Option<Kind>, subject: &Subject) -> bool {
        self.asked.key == key && self.asked.kind == kind && self.asked.subject == *subject
    }

    /// The evaluation, and whether it is time to find out anew.
    fn known(&self, now: u64, bounds: Bounds) -> (Evaluation, bool) {
        let Some(answer) = &self.answer else { return (not_ready(), true) };
        let is_old = now.saturating_sub(answer.at) >= bounds.refresh_after;
        let evaluation = match answer.failure {
            None => answer.evaluation.clone(),
            Some(_) if now.saturating_sub(answer.good_at) < bounds.keep_for => {
                stale(&answer.evaluation)
            }
            Some(error) => Evaluation::failed(error),
        };
        (evaluation, is_old)
    }

    fn take(&mut self, at: u64, found: Result<Evaluation, FlagError>) {
        let good = |evaluation| Answer { evaluation, good_at: at, at, failure: None };
        self.answer = Some(match (found, self.answer.take()) {
            (Ok(evaluation), _) => good(evaluation),
            // The provider's word, and not a failure to ask it: the next source may know.
            (Err(FlagError::FlagNotFound), _) => good(Evaluation::not_found()),
            (Err(error @ (FlagError::General | FlagError::ProviderNotReady)), Some(last))
                if last.evaluation.error().is_none() =>
            {
                Answer { at, failure: Some(error), ..last }
            }
            (Err(error), _) => good(Evaluation::failed(error)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::FlagValue;

    const BOUNDS: Bounds = Bounds { refresh_after: 10, keep_for: 100, entries: 8 };

    fn on(reason: Reason) -> Evaluation {
        Evaluation::new(FlagValue::Bool(true), reason).variant("on")
    }

    fn asked(key: &str, at: u64) -> Asked {
        Asked { key: key.to_owned(), kind: Some(Kind::Bool), subject: Subject::anonymous(), at }
    }

    fn get(cache: &Cache, key: &str, now: u64) -> (Evaluation, bool) {
        let known = cache.get(key, Some(Kind::Bool), &Subject::anonymous(), now);
        (known.evaluation, known.asks)
    }

    #[test]
    fn one_finds_out_at_a_time_and_old_answers_count_meanwhile() {
        let cache = Cache::new(BOUNDS);
        assert_eq!(get(&cache, "a", 0), (not_ready(), true));
        assert_eq!(get(&cache, "a", 5), (not_ready(), false));
        cache.put(&asked("a", 0), Ok(on(Reason::Static)));
        assert_eq!(get(&cache, "a", 9), (on(Reason::Static), false));
        assert_eq!(get(&cache, "a", 10), (on(Reason::Static), true));
        assert_eq!(get(&cache, "a", 20), (on(Reason::Static), false), "somebody does");
        cache.give_up(&asked("a", 10));
        assert_eq!(get(&cache, "a", 20), (on(Reason::Static), true), "nobody does");
    }

    #[test]
    fn the_last_answer_counts_for_a_while() {
        let cache = Cache::new(BOUNDS);
        assert!(get(&cache, "a", 0).1);
        cache.put(&asked("a", 0), Ok(on(Reason::Split)));
        assert!(get(&cache, "a", 50).1);
        cache.put(&asked("a", 50), Err(FlagError::General));
        assert_eq!(get(&cache, "a", 55), (on(Reason::Stale), false));
        assert_eq!(get(&cache, "a", 99).0, on(Reason::Stale));
        assert_eq!(get(&cache, "a", 100).0, Evaluation::failed(FlagError::General));
        cache.put(&asked("a", 100), Ok(on(Reason::Split)));
        assert_eq!(get(&cache, "a", 101).0, on(Reason::Split));

        // What the provider says for certain counts at once.
        cache.put(&asked("a", 102), Err(FlagError::FlagNotFound));
        assert_eq!(get(&cache, "a", 103).0, Evaluation::not_found());
        cache.put(&asked("a", 104), Err(FlagError::TypeMismatch));
        assert_eq!(get(&cache, "a", 105).0, Evaluation::failed(FlagError::TypeMismatch));
    }

    #[test]
    fn flags_types_and_subjects_are_apart() {
        let cache = Cache::new(BOUNDS);
        let subjects = [
            Subject::anonymous(),
            Subject::new("a"),
            Subject::new("a").with("b", true),
            Subject::new("a").with("b", "true"),
        ];
        for subject in &subjects {
            assert!(cache.get("k", None, subject, 0).asks);
            assert!(!cache.get("k", None, subject, 0).asks);
        }
        assert!(cache.get("k", Some(Kind::Text), &subjects[0], 0).asks);
        assert!(cache.get("l", None, &subjects[0], 0).asks);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let cache = Cache::new(BOUNDS);
        assert!(get(&cache, "used", 0).1);
        cache.put(&asked("used", 0), Ok(on(Reason::Static)));
        for number in 1..1_000_u64 {
            get(&cache, &number.to_string(), number);
            assert!(cache.read().len() <= BOUNDS.entries);
            assert_eq!(get(&cache, "used", number + 1).0, on(Reason::Static), "{number}");
        }
    }
}
