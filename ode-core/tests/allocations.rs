//! Recording allocates nothing once it is warm: neither on the thread nor anywhere in the process.
//! Alone in its binary, so that nothing else allocates meanwhile.

mod checkout;
mod counting;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use checkout::{Cart, cart, checkout, checkout_with_child};
use counting::{Calls, Counting, assert_none};
use ode_core::testing::TestPipeline;
use ode_core::{
    Batch, ExportError, Exporter, Flag, Gate, MemoryFlags, PipelineBuilder, Process, Ring, Rollout,
    Stage, Subject, Value, WideEvent,
};

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

ode_core::change!(Compress = "compress", rollout = TO_WHOM);
static TO_WHOM: Rollout = Rollout::new("to_whom").ring(Ring::percent(100.0));
static HALF: Rollout = Rollout::new("half").percent_flag("half.percent");
static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
static BATCH: Flag<i64> = Flag::new("batch", 10);
static UNKNOWN: Flag<Stage> = Flag::new("unknown", Stage::Off);

/// Whom it decides about: made once, as what is a user's own is the user's.
static ADA: LazyLock<Subject> = LazyLock::new(|| Subject::new("ada").with("plan", "pro"));

/// Decides about flags, rollouts and a change, and a child decides again.
fn decide(_: &Cart) {
    let all = || {
        assert!(NEW_CART.get() && NEW_CART.get());
        assert_eq!((BATCH.get(), UNKNOWN.get()), (7, Stage::Off));
        assert!(HALF.includes_for(&ADA) && TO_WHOM.includes_for(&ADA));
        assert!(!HALF.includes(), "the unit has no subject");
        assert_eq!(ode_core::would::<Compress>(), Gate::Withhold);
        assert_eq!(ode_core::stage::<Compress>(), Stage::DryRun);
    };
    WideEvent::builder("outer").run(|| {
        all();
        WideEvent::builder("inner").run(all);
    });
}

/// One test: the counts are the process's.
#[test]
fn none_at_steady_state() {
    let cart = cart();
    // Nothing is set up. The thread's counters are made when the first miss is counted.
    checkout(&cart);
    assert_none("off", Calls::of_process, || (0..EVENTS).for_each(|_| checkout(&cart)));

    for (name, unit, events_each, watched) in [
        ("a unit", checkout as fn(&Cart), 1, false),
        ("a unit with a child", checkout_with_child, 2, false),
        ("a unit that is watched", checkout, 1, true),
        ("a unit that decides", decide, 2, false),
    ] {
        let taken = Arc::new(AtomicU64::new(0));
        let mut builder =
            PipelineBuilder::new(Process::new("test")).export_to(Null(Arc::clone(&taken)));
        builder = builder.flags(
            MemoryFlags::new()
                .with("new_cart", true)
                .with("batch", 7_i64)
                .with("half.percent", 100.0)
                .with("compress", Stage::Live),
        );
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
            assert_none(name, Calls::of_process, &mut record);
        });
        let end = pipeline.shutdown(std::time::Duration::from_secs(30));
        assert_eq!(end.delivered, offered);
    }
}
