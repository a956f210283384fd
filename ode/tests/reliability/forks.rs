//! T15: children made by `fork` while other threads hold every lock there is. A child never hangs,
//! exports nothing of what it inherited, counts what it records, and has ids of its own.

#![expect(unsafe_code, reason = "fork, and an end without destructors")]

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, scope, yield_now};
use std::time::Duration;

use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, alarm, fork};
use ode::exporters::JsonLines;
use ode::{DropReason, Queue, UnitName, WideEvent, propagation};

use crate::roles::{LONG, argument};
use crate::support::{ARGUMENT, Folder, Running, events_in, program};

const EMITS: u64 = 100;
/// A child may be as many units late in finding out what it is.
const LATE: u64 = 64;
/// A child that takes longer hangs.
const PATIENCE_SECONDS: u32 = 20;
/// What an open child would wait for, if it waited for anything.
const DAY: Duration = Duration::from_secs(86_400);

const FORKS: u64 = 1_000;

static IS_DONE: AtomicBool = AtomicBool::new(false);

/// Each takes locks of one kind, over and over: of intakes, of the door to the worker, of counts, of
/// names, of holds, and of the unit that the forking thread has open.
fn hammers(shared: ode::EventHandle) -> Vec<Box<dyn Fn(u64) + Send>> {
    vec![
        Box::new(|n| {
            WideEvent::builder("recorded").run(|| ode::set! { n = n });
            if n % 16 == 0 {
                yield_now();
            }
        }),
        Box::new(|_| assert!(ode::flush(LONG).delivered < u64::MAX)),
        Box::new(|_| drop(ode::stats())),
        Box::new(|n| assert_ne!(UnitName::intern(&format!("name-{}", n % 100)).as_str(), "")),
        Box::new(|n| {
            WideEvent::builder("held").run(|| drop(ode::hold(LONG)));
            if n % 16 == 0 {
                yield_now();
            }
        }),
        Box::new(move |n| {
            shared.set("other", n % 7);
        }),
        Box::new(|n| {
            let short = move || WideEvent::builder("short").run(|| ode::set! { n = n });
            Builder::new().spawn(short).unwrap().join().unwrap();
        }),
    ]
}

/// What a child does with its copy of everything; `Err` says what went wrong.
fn child(guard: &mut Option<ode::Guard>, id_file: &Path) -> Result<(), String> {
    for n in 0..EMITS {
        WideEvent::builder("of a child").run(|| ode::set! { n = n });
        ode::set! { n = n };
    }
    let stats = ode::stats();
    let destination = &stats.destinations[0];
    let refused = destination.dropped.get(DropReason::ForkChild);
    if !stats.is_balanced() || !(EMITS - LATE..=EMITS).contains(&refused) {
        return Err(format!("{refused} refused: {stats}"));
    }
    if !ode::flush(DAY).is_complete() {
        return Err("something is left after a flush".to_owned());
    }
    let mut headers = Vec::<(String, String)>::new();
    let alone = WideEvent::builder("of a child").root();
    let sent = alone.run(propagation::outgoing).ok_or("nothing to send")?;
    sent.inject(&mut headers);
    let id = headers.first().and_then(|(_, header)| header.get(3..35)).unwrap_or_default();
    fs::write(id_file, id).map_err(|error| error.to_string())?;
    // No thread is started: the standard library takes a lock there that its parent's threads may hold.
    if ode::init(ode::build_info!()).is_ok() {
        return Err("a second set-up".to_owned());
    }
    drop(guard.take());
    Ok(())
}

fn fork_once(n: u64, guard: &mut Option<ode::Guard>, ids: &Path) {
    // SAFETY: the child uses the allocator, which the C library makes fit for that, and what is under
    // test; it ends without running anything of the parent's.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => {
            let end = waitpid(child, None).unwrap();
            assert_eq!(end, WaitStatus::Exited(child, 0), "child {n}");
        }
        ForkResult::Child => {
            // Nobody else would end one that hangs.
            alarm::set(PATIENCE_SECONDS);
            let result = catch_unwind(AssertUnwindSafe(|| child(guard, &ids.join(n.to_string()))));
            if let Ok(Err(what)) = &result {
                say!("child {n}: {what}");
            }
            // SAFETY: ends the process, and nothing else.
            unsafe { libc::_exit(i32::from(!matches!(result, Ok(Ok(()))))) }
        }
    }
}

pub(crate) fn role() {
    let argument = argument();
    let (file, ids) = argument.split_once(' ').unwrap();
    let queue = Queue::new(JsonLines::file(file).unwrap()).capacity(1 << 20);
    let queue = queue.capacity_bytes(1 << 30);
    let set_up = ode::setup(ode::build_info!()).announce(false).flush_timeout(DAY);
    let mut guard = Some(set_up.export_to(queue).init().unwrap());
    WideEvent::builder("around").run(|| {
        let handle = ode::current().handle();
        scope(|scope| {
            for hammer in hammers(handle) {
                scope.spawn(move || {
                    for n in 0.. {
                        if IS_DONE.load(Ordering::Relaxed) {
                            break;
                        }
                        hammer(n);
                    }
                });
            }
            for n in 0..FORKS {
                // Between two children nothing else draws ids, so they begin as twins.
                if n % 2 == 0 {
                    WideEvent::builder("of the parent").run(|| ode::set! { n = n });
                }
                fork_once(n, &mut guard, Path::new(ids));
            }
            IS_DONE.store(true, Ordering::Relaxed);
        });
    });
    let end = guard.take().unwrap().shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced(), "{stats}");
    assert_eq!((end.undelivered, stats.dropped()), (0, 0), "{stats}");
    say!("delivered: {}", end.delivered);
}

#[test]
fn a_child_neither_hangs_nor_exports() {
    let folder = Folder::new();
    let (file, ids) = (folder.path("events"), folder.path("ids"));
    fs::create_dir(&ids).unwrap();
    let argument = format!("{} {}", file.display(), ids.display());
    let patience = LONG + Duration::from_millis(200 * FORKS);
    let left = Running::start_for(program("forks").env(ARGUMENT, argument), patience).finish();
    left.assert_success();

    let events = events_in(&file);
    assert_eq!(events.len().to_string(), left.told("delivered"));
    let of_parent = events.iter().filter(|event| event.name() == "of the parent").count();
    assert_eq!(of_parent as u64, FORKS.div_ceil(2));
    assert!(events.iter().all(|event| event.name() != "of a child"), "a child exported");
    let event_ids: HashSet<_> = events.iter().map(|event| event.event_id().to_string()).collect();
    assert_eq!(event_ids.len(), events.len(), "an event came twice");

    let mut traces: HashSet<_> =
        events.iter().map(|event| event.trace_context().trace_id().to_string()).collect();
    let ids: Vec<_> = fs::read_dir(&ids).unwrap().map(|id| id.unwrap().path()).collect();
    assert_eq!(ids.len() as u64, FORKS);
    for id in ids {
        let id = fs::read_to_string(id).unwrap();
        assert_eq!(id.len(), 32, "{id:?}");
        assert!(traces.insert(id.clone()), "a child has an id that another process has: {id}");
    }
}
