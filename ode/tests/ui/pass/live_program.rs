//! Work that plans, and acts where its change is live: sync, async, and a gate for old code.
#![deny(warnings)]

use std::cell::Cell;
use std::io;
use std::sync::Mutex;

use ode::{
    Change, Commit, DryRun, EventFields, Gate, Live, LiveOnly, Stage, Unrecorded, instrument_event,
};

ode::change!(
    /// Compresses columns in place.
    pub Compress = "compress"
);
ode::change!(Purge = "purge", default = Stage::Off);
ode::change!(Truncate = "truncate");

static COMPRESS: DryRun<Compress> = DryRun::new();
static PURGE: DryRun<Purge> = DryRun::new().default_stage(Stage::DryRun).stage_flag("jobs.purge");

#[derive(EventFields, Debug)]
struct Plan {
    act: bool,
    bytes_after: u64,
}

#[derive(EventFields)]
struct Done {
    bytes_after: u64,
}

#[derive(Default)]
struct Disk(Mutex<Vec<u8>>);

impl Disk {
    fn write(&self, column: &[u8]) -> io::Result<u64> {
        let mut written = self.0.lock().unwrap();
        written.extend(column);
        Ok(written.len() as u64)
    }
}

fn decide(column: &[u8]) -> Plan {
    Plan { act: column.len() > 2, bytes_after: column.len() as u64 / 2 }
}

fn store(live: &Live<Compress>, disk: &LiveOnly<Disk>, column: &[u8]) -> io::Result<u64> {
    disk.get(live).write(column)
}

/// Any change that is live may.
async fn put_twice<C: Change>(
    live: &Live<C>,
    disk: &LiveOnly<Disk>,
    column: &[u8],
) -> io::Result<u64> {
    disk.get(live).write(column)?;
    std::future::ready(()).await;
    disk.get(live).write(column)
}

#[instrument_event(dry_run = COMPRESS, fields(column.bytes = column.len()))]
fn compact(disk: &LiveOnly<Disk>, column: &[u8]) -> io::Result<()> {
    let plan = decide(column);
    if !plan.act {
        ode::decline("too_small");
        return Ok(());
    }
    match COMPRESS
        .plan(plan)
        .commit(|live, _| store(live, disk, column).map(|n| Done { bytes_after: n }))?
    {
        Commit::Done(done) => println!("wrote {}", done.bytes_after),
        Commit::Withheld(plan) => println!("would write {}", plan.bytes_after),
    }
    Ok(())
}

#[instrument_event]
async fn purge(
    disk: &LiveOnly<Disk>,
    column: &mut Vec<u8>,
    log: &mut Vec<String>,
) -> io::Result<()> {
    let name = String::from("c1");
    let done = PURGE
        .plan(decide(column))
        .precondition("changed_meanwhile", |_| !name.is_empty())
        .commit_async(async |live, plan| {
            log.push(format!("{name}: {plan:?}"));
            let n = put_twice(live, disk, column).await?;
            column.clear();
            Ok::<_, io::Error>(Done { bytes_after: n })
        })
        .await?;
    log.push(format!("{}", done.is_withheld()));
    Ok(())
}

fn legacy(rows: &mut Vec<u8>) {
    if let Gate::Act = ode::would::<Truncate>() {
        rows.clear();
    }
}

/// What is not `Send` may be planned and captured where nothing moves between threads.
fn not_send() -> Option<usize> {
    let calls = std::rc::Rc::new(Cell::new(0));
    let planned = COMPRESS.plan(Unrecorded(std::rc::Rc::clone(&calls)));
    let commit = planned.cost(|_| 3).commit(|live, plan| {
        plan.0.set(plan.0.get() + 1);
        let own: LiveOnly<usize, Compress> = LiveOnly::new(plan.0.get());
        Ok::<_, io::Error>(Unrecorded(*own.get(live)))
    });
    commit.unwrap().done().map(|calls| calls.0)
}

fn main() {
    let disk: LiveOnly<Disk> = LiveOnly::new(Disk::default());
    let (mut column, mut log) = (vec![1, 2, 3, 4], Vec::new());
    compact(&disk, &column).unwrap();
    futures::executor::block_on(purge(&disk, &mut column, &mut log)).unwrap();
    legacy(&mut column);
    assert_eq!((column.len(), log.concat()), (4, String::from("true")));
    assert_eq!(not_send(), None);

    let events = ode::testing::capture();
    ode::testing::stage::<Compress>(Stage::Live);
    ode::testing::stage::<Purge>(Stage::RampDown);
    compact(&disk, &column).unwrap();
    futures::executor::block_on(purge(&disk, &mut column, &mut log)).unwrap();
    assert_eq!((column.len(), log.len()), (0, 3));
    assert_eq!(not_send(), Some(1));
    assert_eq!(events.one("compact")["did.compress.bytes_after"], 4);
    assert_eq!(events.one("purge")["did.purge.bytes_after"], 12);
}
