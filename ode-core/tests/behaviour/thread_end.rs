//! Recording when a thread, or the process, is almost gone. In processes of their own: what goes
//! wrong here aborts.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ode_core::{
    Batch, ExportError, Exporter, Guard, PipelineBuilder, Process, WideEvent, in_event, set, stats,
};

use crate::support::{assert_ledger, is_probe, probe, watched};

static DELIVERED: AtomicU64 = AtomicU64::new(0);
static LAST_WORDS: AtomicU64 = AtomicU64::new(0);

struct Counts;

impl Exporter for Counts {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let last = batch.events().filter(|event| event.name() == "last words").count();
        LAST_WORDS.fetch_add(last as u64, Ordering::SeqCst);
        DELIVERED.fetch_add(batch.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

fn install() -> Guard {
    PipelineBuilder::new(Process::new("probe"))
        .export_to(ode_core::Queue::new(Counts).capacity(100_000))
        .announce(false)
        .install()
        .unwrap()
}

/// Records in every way when its thread's storage is being taken down.
struct LastWords;

impl Drop for LastWords {
    fn drop(&mut self) {
        set! { nobody = "is here" };
        let text = String::from("formatted");
        WideEvent::builder("last words").run(|| {
            set! { text = %text, list = vec![1, 2], debug = ?text };
            ode_core::incr! { count };
            ode_core::append! { list += 3 };
            in_event(|| set! { joined = true })();
            WideEvent::builder("nested").run(|| drop(ode_core::current().handle()));
            drop(ode_core::timed("part"));
            ode_core::record_error(&std::fmt::Error);
        });
        drop(WideEvent::builder("let go").start());
        drop(ode_core::hold(Duration::from_secs(1)));
    }
}

thread_local! {
    static USERS: RefCell<Option<LastWords>> = const { RefCell::new(None) };
}

fn use_users_storage() {
    USERS.with(|users| *users.borrow_mut() = Some(LastWords));
}

fn use_odes_storage() {
    WideEvent::builder("life").run(|| set! { text = %"formatted", list = vec![1] });
}

#[test]
fn destructors_of_thread_local_storage_may_record() {
    probe("thread_end::storage_probe");
}

#[test]
fn storage_probe() {
    const THREADS: u64 = 1_000;
    if !is_probe("thread_end::storage_probe") {
        return;
    }
    let guard = install();
    let orders: [fn(); 3] = [
        // Storage is taken down in the reverse order of its first use.
        || {
            use_odes_storage();
            use_users_storage();
        },
        || {
            use_users_storage();
            use_odes_storage();
        },
        // ode's storage is first used when the thread is already on its way out.
        use_users_storage,
    ];
    watched(move || {
        for order in orders {
            for _ in 0..THREADS / 20 {
                thread::scope(|scope| (0..20).for_each(|_| drop(scope.spawn(order))));
            }
        }
    });
    // A scope waits for the closures; the storage of its threads is taken down just after.
    watched(|| {
        while stats().finished < 3 * THREADS * 3 + 2 * THREADS {
            thread::yield_now();
        }
    });
    assert!(ode_core::flush(Duration::from_secs(30)).is_complete());
    let all = stats();
    assert_ledger(&all);
    assert_eq!(all.open, 0);
    assert_eq!(LAST_WORDS.load(Ordering::SeqCst), 3 * THREADS);
    assert_eq!(DELIVERED.load(Ordering::SeqCst), all.finished);
    // One `set!` and one `hold` without a unit from each.
    assert_eq!(all.orphan_writes, 2 * 3 * THREADS);
    drop(guard);
}

#[test]
fn a_capture_reaches_into_destructors_of_its_own_thread() {
    let events = crate::support::capture();
    let handle = events.handle();
    let thread = thread::Builder::new().spawn(move || {
        handle.run(|| {
            use_odes_storage();
            // Inside the capture: dropped by hand, as a thread pool would at the end of a job.
            drop(LastWords);
        });
    });
    thread.unwrap().join().unwrap();
    assert_eq!(events.one("last words")["joined"], true);
    assert_eq!(events.names(), ["life", "nested", "last words", "let go"]);
}

#[test]
fn a_thread_that_still_records_does_not_disturb_the_exit() {
    for _ in 0..5 {
        probe("thread_end::exit_probe");
    }
}

#[test]
fn exit_probe() {
    if !is_probe("thread_end::exit_probe") {
        return;
    }
    static RUNNING: AtomicBool = AtomicBool::new(false);
    let guard = install();
    for _ in 0..4 {
        let endless = || loop {
            use_odes_storage();
            use_users_storage();
            RUNNING.store(true, Ordering::SeqCst);
        };
        drop(thread::Builder::new().spawn(endless).unwrap());
    }
    watched(|| {
        while !RUNNING.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    });
    let shutdown = guard.shutdown(Duration::from_secs(10));
    assert!(shutdown.delivered > 0);
    // The threads go on recording into a pipeline that is gone while the process ends.
}
