//! T12: flush and shutdown return, and tell the truth, wherever they are called from and whatever
//! the exporter does.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Once};
use std::thread::scope;

use ode_core::DropReason;
use ode_core::testing::TestPipeline;
use tokio::runtime::{Builder, Runtime};

use crate::support::{
    Gate, LONG, Log, SHORT, by, for_now, glance, ledger, record, scripted, start, wait_until,
    watched,
};

/// Calls from one place; the call says itself what it found.
type Place = fn(&TestPipeline, &Call);
type Call = Arc<dyn Fn(&TestPipeline) + Send + Sync>;

const PLACES: [(&str, Place); 12] = [
    ("no runtime", |pipeline, call| call(pipeline)),
    ("current_thread", |pipeline, call| {
        on(&current_thread(), pipeline, call);
    }),
    ("multi_thread(1)", |pipeline, call| {
        on(&multi_thread(1), pipeline, call);
    }),
    ("multi_thread(2)", |pipeline, call| {
        on(&multi_thread(2), pipeline, call);
    }),
    ("a task", in_a_task),
    ("block_in_place", |pipeline, call| {
        multi_thread(2).block_on(async { tokio::task::block_in_place(|| call(pipeline)) });
    }),
    ("after the runtime", |pipeline, call| {
        drop(multi_thread(2));
        call(pipeline);
    }),
    ("a destructor", |pipeline, call| drop(AtEnd(pipeline, call))),
    ("a destructor while unwinding", |pipeline, call| {
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _at_end = AtEnd(pipeline, call);
            std::panic::resume_unwind(Box::new("told to"));
        }));
        assert!(unwound.is_err());
    }),
    ("the panic hook", in_the_panic_hook),
    ("twice", |pipeline, call| {
        call(pipeline);
        call(pipeline);
    }),
    ("eight threads at once", |pipeline, call| {
        scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| call(pipeline));
            }
        });
    }),
];

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn on(runtime: &Runtime, pipeline: &TestPipeline, call: &Call) {
    runtime.block_on(async { call(pipeline) });
}

fn in_a_task(pipeline: &TestPipeline, call: &Call) {
    let (pipeline, call) = (pipeline.clone(), Arc::clone(call));
    let runtime = multi_thread(2);
    runtime.block_on(async { tokio::spawn(async move { call(&pipeline) }).await.unwrap() });
}

struct AtEnd<'p>(&'p TestPipeline, &'p Call);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}

thread_local! {
    static IN_HOOK: RefCell<Option<(TestPipeline, Call)>> = const { RefCell::new(None) };
}

/// The hook is one for the process, and other tests run meanwhile: it acts where it is asked to.
fn in_the_panic_hook(pipeline: &TestPipeline, call: &Call) {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| match IN_HOOK.with(RefCell::take) {
            Some((pipeline, call)) => call(&pipeline),
            None => before(info),
        }));
    });
    IN_HOOK.with(|asked| asked.replace(Some((pipeline.clone(), Arc::clone(call)))));
    assert!(catch_unwind(|| panic!("told to")).is_err());
    assert!(IN_HOOK.with(RefCell::take).is_none(), "it was called there");
}

fn call(f: impl Fn(&TestPipeline) + Send + Sync + 'static) -> Call {
    Arc::new(f)
}

const EVENTS: u64 = 10;

/// Runs the case in every place, all at once: most of the time they wait.
fn everywhere(case: fn(&str, Place)) {
    watched(move || {
        scope(|threads| {
            for (name, place) in PLACES {
                threads.spawn(move || case(name, place));
            }
        });
    });
}

#[test]
fn healthy_everything_is_delivered() {
    everywhere(|name, place| {
        let log = Log::default();
        let pipeline = start(scripted(&log, []));
        record(&pipeline, 0..EVENTS);
        place(&pipeline, &call(|pipeline| assert!(pipeline.flush(LONG).is_complete())));
        assert_eq!(ledger(&pipeline).delivered, EVENTS, "{name}");
        record(&pipeline, EVENTS..2 * EVENTS);
        place(
            &pipeline,
            &call(|pipeline| {
                let end = pipeline.shutdown(LONG);
                assert_eq!((end.delivered, end.undelivered), (2 * EVENTS, 0));
            }),
        );
        assert_eq!(log.numbers(), (0..2 * EVENTS).collect::<Vec<_>>(), "{name}");
        ledger(&pipeline);
    });
}

#[test]
fn hanging_what_is_left_is_exact() {
    everywhere(|name, place| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.batch_events(4));
        record(&pipeline, 0..EVENTS);
        place(
            &pipeline,
            &call(|pipeline| {
                let flushed = pipeline.flush(SHORT);
                assert_eq!((flushed.delivered, flushed.undelivered), (0, EVENTS));
            }),
        );
        place(
            &pipeline,
            &call(|pipeline| {
                let end = pipeline.shutdown(SHORT);
                assert_eq!((end.delivered, end.undelivered), (0, EVENTS));
            }),
        );
        ledger(&pipeline);

        // It comes back to find that its time is up: what it had in hand arrives after all.
        gate.open();
        wait_until(|| glance(&pipeline).queued + glance(&pipeline).in_flight == 0);
        let ledger = ledger(&pipeline);
        assert_eq!(log.numbers().len() as u64, ledger.delivered, "{name}");
        assert_eq!(ledger.delivered + ledger.dropped.get(DropReason::Deadline), EVENTS);
    });
}

#[test]
fn refusing_what_is_left_is_exact() {
    everywhere(|name, place| {
        let pipeline = start(by(|_| Err(for_now())));
        record(&pipeline, 0..EVENTS);
        place(
            &pipeline,
            &call(|pipeline| {
                let flushed = pipeline.flush(SHORT);
                assert_eq!((flushed.delivered, flushed.undelivered), (0, EVENTS));
            }),
        );
        place(
            &pipeline,
            &call(|pipeline| {
                let end = pipeline.shutdown(SHORT);
                assert_eq!((end.delivered, end.undelivered), (0, EVENTS));
            }),
        );
        wait_until(|| glance(&pipeline).dropped.get(DropReason::Deadline) == EVENTS);
        assert_eq!(ledger(&pipeline).queued + ledger(&pipeline).in_flight, 0, "{name}");
    });
}
