//! Async experiments on both runtimes of tokio, and API programs as they are written.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::sync::Arc;
use std::time::Duration;

use ode::testing::capture;
use ode::{Experiment, NotRunCause, Stage, WideEvent};
use tokio::runtime::{Builder, Runtime};

fn runtimes() -> [Runtime; 2] {
    ode::tokio::run_experiments();
    let multi_thread = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    [Builder::new_current_thread().build().unwrap(), multi_thread]
}

static PRICE: Experiment = Experiment::new("price").default_stage(Stage::Shadow);

async fn old_price(sku: u64) -> u64 {
    tokio::task::yield_now().await;
    sku * 2
}

async fn new_price(sku: u64) -> u64 {
    tokio::task::yield_now().await;
    ode::set! { new.sku = sku };
    sku + sku
}

#[ode::instrument_event]
async fn price(sku: u64, factor: u64) -> u64 {
    PRICE
        .on(&sku)
        .run_async(
            async move |sku| old_price(sku).await * factor,
            async move |sku| new_price(sku).await * factor,
        )
        .await
}

#[test]
fn on_both_runtimes() {
    for runtime in runtimes() {
        let events = capture();
        assert_eq!(runtime.block_on(price(7, 3)), 42);
        runtime.block_on(events.settle_async());
        events.assert_no_mismatches();
        assert_eq!(events.one("price")["experiment.price.answered"], "control");
        let side = events.one("price.candidate");
        assert_eq!(side["new.sku"], 7);
        assert_eq!(side["experiment.price.match"], true);
        let trials = PRICE.stats().trials;
        assert_eq!((trials.eligible, trials.matched), (1, 1));
        assert_eq!(trials.not_run.get(NotRunCause::NoRuntime), 0);
    }
}

#[test]
fn in_a_spawned_task_of_a_generic_function() {
    trait Shop: Send + Sync + 'static {
        fn price(&self, sku: u64) -> impl Future<Output = u64> + Send;
    }
    struct Cheap;
    impl Shop for Cheap {
        async fn price(&self, sku: u64) -> u64 {
            old_price(sku).await
        }
    }
    async fn ask<S: Shop>(shop: Arc<S>, sku: u64) -> u64 {
        let other = Arc::clone(&shop);
        PRICE
            .on(&sku)
            .run_async(
                move |sku| async move { shop.price(sku).await },
                move |sku| async move { other.price(sku).await },
            )
            .await
    }
    for runtime in runtimes() {
        let events = capture();
        let work = events.handle().run_async(async {
            tokio::spawn(events.handle().run_async(ask(Arc::new(Cheap), 7))).await.unwrap()
        });
        assert_eq!(runtime.block_on(work), 14);
        runtime.block_on(events.settle_async());
        assert_eq!(PRICE.stats().trials.matched, 1);
    }
}

/// Program 9 of the design, as it is written there.
#[test]
fn sync_and_async_and_inline() {
    static CODEC: Experiment = Experiment::new("codec")
        .default_stage(Stage::Shadow)
        .sample(0.01)
        .max_concurrent(64)
        .deadline(Duration::from_millis(50))
        .noise_control(0.001);
    #[derive(Clone)]
    struct Chunk(Arc<[u8]>);
    struct Packed {
        bytes: Vec<u8>,
        took: Duration,
    }
    fn lz4(chunk: &Chunk) -> Packed {
        Packed { bytes: chunk.0.to_vec(), took: Duration::ZERO }
    }
    fn zstd(chunk: &Chunk) -> Packed {
        Packed { bytes: chunk.0.iter().copied().collect(), took: Duration::ZERO }
    }
    let events = capture();
    let chunk = Chunk(Arc::from([1, 2, 3]));
    let tolerance = 2;
    let packed = WideEvent::builder("compact").run(|| {
        CODEC
            .on(&chunk)
            .compare(|p: &Packed| p.bytes.len(), move |old, new| old.abs_diff(*new) <= tolerance)
            .ignore(|chunk, _, _| chunk.0.is_empty())
            .run(lz4, zstd)
    });
    assert_eq!((packed.bytes.len(), packed.took), (3, Duration::ZERO));
    let n = CODEC.run_inline(|| chunk.0.len(), || chunk.0.iter().count());
    assert_eq!(n, 3);
    events.settle();
    assert!(CODEC.stats().trials.is_balanced());
}
