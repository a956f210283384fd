//! Recording allocates nothing once it is warm: neither on the thread nor anywhere in the process.
//! Alone in its binary, so that nothing else allocates meanwhile.

#![expect(clippy::panic, reason = "a helper that fails is a test that fails")]

mod checkout;
mod counting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use checkout::{Cart, cart, checkout, checkout_with_child};
use counting::{Calls, Counting};
use ode_core::testing::TestPipeline;
use ode_core::{Batch, ExportError, Exporter, PipelineBuilder, Process, Value};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Takes everything, and says how much that was.
struct Null(Arc<AtomicU64>);

impl Exporter for Null {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.fetch_add(batch.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

const EVENTS: u64 = 20_000;

/// One test: the counts are the process's.
#[test]
fn none_at_steady_state() {
    let cart = cart();
    // Nothing is set up. The thread's counters are made when the first miss is counted.
    checkout(&cart);
    assert_none("off", || (0..EVENTS).for_each(|_| checkout(&cart)));

    for (name, unit, events_each, watched) in [
        ("a unit", checkout as fn(&Cart), 1, false),
        ("a unit with a child", checkout_with_child, 2, false),
        ("a unit that is watched", checkout, 1, true),
    ] {
        let taken = Arc::new(AtomicU64::new(0));
        let mut builder =
            PipelineBuilder::new(Process::new("test")).export_to(Null(Arc::clone(&taken)));
        if watched {
            let errors = AtomicU64::new(0);
            builder = builder.on_event(move |event| {
                let failed = u64::from(matches!(event.get("outcome"), Some(Value::Str("error"))));
                errors.fetch_add(failed, Ordering::Relaxed);
            });
        }
        let pipeline = TestPipeline::start(builder).unwrap();
        let mut offered = 0;
        let mut record = || {
            for _ in 0..EVENTS {
                unit(&cart);
                offered += events_each;
                // The worker keeps up, as it does in a host that has work to do between events.
                while offered > taken.load(Ordering::SeqCst) + 1_024 {
                    std::hint::spin_loop();
                }
            }
        };
        pipeline.run(|| {
            record();
            assert_none(name, &mut record);
        });
        let end = pipeline.shutdown(std::time::Duration::from_secs(30));
        assert_eq!(end.delivered, offered);
    }
}

/// What an event costs shows in every window. A queue that is longer than ever before, because the
/// worker got no processor, and the test harness show in one of them.
fn assert_none(name: &str, mut record: impl FnMut()) {
    let mut windows = Vec::with_capacity(10);
    for _ in 0..10 {
        let before = Calls::now();
        record();
        let calls = Calls::now().since(before);
        if calls == (Calls { thread: 0, process: 0 }) {
            return;
        }
        windows.push(calls);
    }
    panic!("{name}: {windows:?}");
}
