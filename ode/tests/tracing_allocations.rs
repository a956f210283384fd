//! A record that goes to a unit allocates nothing on its thread once everything is warm; lists are
//! put together on the worker, which does. Alone in its binary, so that nothing else allocates
//! meanwhile.

#[path = "../../ode-core/tests/counting/mod.rs"]
mod counting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use counting::{Calls, Counting, assert_none};
use ode::testing::TestPipeline;
use ode::{Batch, ExportError, Exporter, WideEvent};
use tracing::{Dispatch, debug, error, info, info_span, warn};
use tracing_subscriber::{EnvFilter, Layer as _, fmt, prelude::*};

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

const UNITS: u64 = 2_000;

/// Every kind of value, more messages than are kept, a span, a record that nobody wants.
fn unit(number: u64) {
    WideEvent::builder("unit").run(|| {
        let part = info_span!("part", number, shop = "berlin");
        part.in_scope(
            || info!(price = 1.5, retry = false, state = ?Some(number), "begun {number}"),
        );
        part.record("shop", "paris");
        for attempt in 0..5 {
            warn!(attempt, left = -1_i64, large = u128::MAX, "again");
        }
        let failed: &(dyn std::error::Error + 'static) = &std::fmt::Error;
        error!(error = failed, "failed");
        debug!(unwanted = ?number, "not looked at");
    });
}

/// One test: the counts are the process's.
#[test]
fn none_at_steady_state() {
    // The thread's counters are made when the first miss is counted.
    ode::set! { missed = true };
    let layer = || ode::tracing::layer().max_messages(4);
    let registry = tracing_subscriber::registry;
    let quiet = || fmt::layer().with_filter(EnvFilter::new("off"));
    for (name, subscriber) in [
        ("plain", Dispatch::new(registry().with(layer()))),
        ("filtered", Dispatch::new(registry().with(quiet()).with(layer().filtered()))),
    ] {
        let taken = Arc::new(AtomicU64::new(0));
        let pipeline = TestPipeline::to(Null(Arc::clone(&taken))).unwrap();
        let mut offered = 0;
        let mut record = || {
            for number in 0..UNITS {
                unit(number);
                offered += 1;
                // The worker keeps up, as it does in a host that has work to do between events.
                while offered > taken.load(Ordering::SeqCst) + 256 {
                    std::hint::spin_loop();
                }
            }
        };
        pipeline.run(|| {
            tracing::dispatcher::with_default(&subscriber, || {
                record();
                assert_none(name, Calls::of_thread, &mut record);
            });
        });
        assert_eq!(pipeline.shutdown(Duration::from_secs(30)).delivered, offered);
    }
}
