//! A plan and its effect allocate nothing once they are warm. Alone in its binary, so that nothing
//! else allocates meanwhile.

mod counting;

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use counting::{Calls, Counting, assert_none};
use ode_core::testing::TestPipeline;
use ode_core::{
    Batch, Budget, DryRun, EventFields, ExportError, Exporter, MemoryFlags, PipelineBuilder,
    Process, Stage, WideEvent, change,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new().budget(Budget::new().per_run(u64::MAX));

#[derive(EventFields)]
struct Plan<'p> {
    codec: &'p str,
    bytes_after: u64,
    ratio: f64,
    levels: [u8; 3],
    #[event(display)]
    shown: u8,
}

#[derive(EventFields)]
struct Done {
    bytes_after: u64,
}

struct Null(Arc<AtomicU64>);

impl Exporter for Null {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.fetch_add(batch.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

const EVENTS: u64 = 10_000;

fn column() -> bool {
    WideEvent::builder("column").run(|| {
        let plan = Plan { codec: "lz4", bytes_after: 70, ratio: 0.7, levels: [1, 2, 3], shown: 7 };
        let planned = COMPRESS.plan(plan).precondition("stale", |plan| plan.shown == 7).cost(|_| 1);
        let commit =
            planned.commit(|_live, plan| Ok::<_, Error>(Done { bytes_after: plan.bytes_after }));
        commit.is_ok_and(|commit| commit.done().is_some())
    })
}

/// One test: the counts are the process's.
#[test]
fn none_at_steady_state() {
    // Nothing is set up. The thread's counters are made when the first miss is counted; only with
    // them does it keep the memory of its units.
    ode_core::set! { orphan = true };
    assert!(!column());
    for stage in [Stage::DryRun, Stage::Live] {
        let taken = Arc::new(AtomicU64::new(0));
        let builder = PipelineBuilder::new(Process::new("test"))
            .flags(MemoryFlags::new().with("compress", stage))
            .export_to(Null(Arc::clone(&taken)));
        let pipeline = TestPipeline::start(builder).unwrap();
        let mut offered = 0;
        let mut record = || {
            for _ in 0..EVENTS {
                assert_eq!(column(), stage.acts());
                offered += 1;
                // The worker keeps up, as it does in a host that has work to do between events.
                while offered > taken.load(Ordering::SeqCst) + 1_024 {
                    std::hint::spin_loop();
                }
            }
        };
        pipeline.run(|| {
            record();
            assert_none(stage, Calls::of_process, &mut record);
        });
    }
}
