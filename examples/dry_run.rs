//! A clean-up that is shipped dry: its events say what it would delete, and nothing is deleted until a
//! flag says so. Afterwards: was the prediction right?
//!
//! What to notice:
//! - `delete` asks for a `&Live<Purge>`, and the store is behind `LiveOnly`: no line of this program
//!   can delete in a dry run, because it would not compile.
//! - Saturday and Monday run the same code. Only the flag has moved.
//! - On Monday somebody drops a digit, and the rule fits every session. The budget stops it: four are
//!   deleted, `change.purge.reason` of the others is `budget`, and `ode.budget.exhausted` tells of it.
//! - The comparison shows it: seven would be deleted, said Saturday; Monday wanted all eight.
//!
//! ```text
//! cargo run --example dry_run      # events to standard output, the comparison to standard error
//! ```

#![expect(clippy::print_stderr, reason = "the comparison is for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ode::calibration::Calibration;
use ode::{Budget, Commit, DryRun, EventFields, Live, LiveOnly, MemoryFlags, Stage};

ode::change!(
    /// Deletes sessions that nobody has used for 30 days.
    Purge = "purge"
);

static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(4));

#[derive(EventFields)]
struct Plan {
    bytes: u64,
}

#[derive(EventFields)]
struct Deleted {
    bytes: u64,
}

/// Sessions by number: how many days they have not been used, and their bytes.
struct Store(Mutex<BTreeMap<u64, (u32, u64)>>);

impl Store {
    fn delete(&self, session: u64) -> Result<u64, String> {
        let (_, bytes) = locked(&self.0).remove(&session).ok_or("it is gone already")?;
        Ok(bytes)
    }
}

fn delete(live: &Live<Purge>, store: &LiveOnly<Store>, session: u64) -> Result<Deleted, String> {
    store.get(live).delete(session).map(|bytes| Deleted { bytes })
}

#[ode::instrument_event(dry_run = PURGE, fields(session.id = session, session.idle_days = days))]
fn purge(
    store: &LiveOnly<Store>,
    (session, (days, bytes)): (u64, (u32, u64)),
) -> Result<Commit<Deleted, Plan>, String> {
    PURGE.plan(Plan { bytes }).commit(|live, _plan| delete(live, store, session))
}

fn run(store: &LiveOnly<Store>, sessions: &BTreeMap<u64, (u32, u64)>, idle: u32) {
    for (session, (days, bytes)) in sessions {
        if *days >= idle {
            match purge(store, (*session, (*days, *bytes))) {
                Ok(Commit::Done(deleted)) => eprintln!("deleted {} bytes", deleted.bytes),
                Ok(Commit::Withheld(plan)) => eprintln!("would delete {} bytes", plan.bytes),
                Err(error) => eprintln!("failed: {error}"),
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let events = Arc::new(Mutex::new(Vec::new()));
    let (seen, flags) = (Arc::clone(&events), MemoryFlags::new());
    let _ode = ode::setup(ode::build_info!())
        .flags(flags.clone())
        .on_event(move |event| locked(&seen).push(event.clone()))
        .init()?;
    // Session 5 has been used yesterday.
    let idle = |n: u64| if n == 5 { 1 } else { 40 };
    let sessions: BTreeMap<_, _> = (1..=8).map(|n| (n, (idle(n), 100 * n))).collect();
    let store: LiveOnly<Store> = LiveOnly::new(Store(Mutex::new(sessions.clone())));
    let mut calibration = Calibration::of::<Purge>();

    eprintln!("Saturday, nobody has said anything: dry");
    run(&store, &sessions, 30);
    locked(&events).drain(..).for_each(|event| calibration.predicted(&event));

    eprintln!("Monday, live");
    flags.set("purge", Stage::Live);
    run(&store, &sessions, 0);
    locked(&events).drain(..).for_each(|event| calibration.actual(&event));

    eprint!("{}", calibration.report());
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
