//! Effects that await, in generic code, behind traits and on other threads: all stay `Send`.
#![deny(warnings)]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::extract::State;
use ode::{
    Budget, Change, Commit, DryRun, FutureExt, Live, LiveOnly, Refused, Refusing, Stage,
    Unrecorded, instrument_event,
};

ode::change!(Purge = "purge");
static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(100).per_hour(50));
static INVOICE: Refusing<Purge> = DryRun::new().refuse("numbers_are_drawn");

type Done = Commit<Unrecorded<u64>, Unrecorded<u64>>;

trait Table: Send + Sync {
    fn delete(&self, rows: u64) -> impl Future<Output = io::Result<u64>> + Send;
}

#[derive(Default)]
struct Counting(AtomicU64);

impl Table for Counting {
    async fn delete(&self, rows: u64) -> io::Result<u64> {
        std::future::ready(()).await;
        Ok(self.0.fetch_add(rows, Ordering::SeqCst) + rows)
    }
}

fn send<T: Send>(value: T) -> T {
    value
}

#[instrument_event(dry_run = PURGE)]
async fn generic<T: Table>(table: &LiveOnly<T>, rows: &mut u64) -> io::Result<Done> {
    let seen = *rows;
    PURGE
        .plan(Unrecorded(seen))
        .precondition("changed", |plan| plan.0 == seen)
        .cost(|plan| plan.0)
        .commit_async(async |live, plan| {
            let left = table.get(live).delete(plan.0).await?;
            *rows = 0;
            Ok(Unrecorded(left))
        })
        .await
}

/// Of any change.
async fn of_any<C: Change, T: Table>(
    dry_run: &'static DryRun<C>,
    table: &LiveOnly<T, C>,
) -> io::Result<Done> {
    let effect = async |live: &Live<C>, plan: Unrecorded<u64>| {
        table.get(live).delete(plan.0).await.map(Unrecorded)
    };
    dry_run.plan(Unrecorded(7)).commit_async(effect).await
}

#[async_trait]
trait Job {
    async fn run(&self, rows: u64) -> Result<u64, io::Error>;
}

struct PurgeJob(LiveOnly<Counting>);

#[async_trait]
impl Job for PurgeJob {
    #[instrument_event(dry_run = PURGE)]
    async fn run(&self, rows: u64) -> Result<u64, io::Error> {
        if rows == 0 {
            return Ok(0);
        }
        let commit = PURGE
            .plan(Unrecorded(rows))
            .commit_async(async |live, plan| self.0.get(live).delete(plan.0).await.map(Unrecorded));
        Ok(commit.await?.done().map_or(0, |done| done.0))
    }
}

fn boxed<'a>(
    table: &'a LiveOnly<Counting>,
    rows: &'a mut u64,
) -> Pin<Box<dyn Future<Output = io::Result<Done>> + Send + 'a>> {
    Box::pin(generic(table, rows))
}

async fn handler(State(table): State<Arc<LiveOnly<Counting>>>) -> String {
    let mut rows = 2;
    match generic(&*table, &mut rows).await {
        Ok(Commit::Done(left)) => format!("{} deleted", left.0),
        Ok(Commit::Withheld(plan)) => format!("{} would be deleted", plan.0),
        Err(error) => error.to_string(),
    }
}

#[instrument_event(dry_run = INVOICE)]
async fn invoice(table: &LiveOnly<Counting>) -> Result<Option<()>, Refused> {
    let invoice = INVOICE.check()?;
    let commit = invoice.plan(()).commit_async(async |live, ()| {
        let _ = table.get(live).delete(1).await;
        Ok::<_, Refused>(())
    });
    Ok(commit.await?.done())
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let _router: axum::Router<()> = axum::Router::new()
        .route("/purge", axum::routing::post(handler))
        .with_state(Arc::new(LiveOnly::new(Counting::default())));
    let _events = ode::testing::capture();
    for (stage, deleted) in [(Stage::Shadow, 0), (Stage::Live, 3 + 7 + 5 + 2 + 4 + 1)] {
        ode::testing::stage::<Purge>(stage);
        let all = async move {
            let table: LiveOnly<Counting> = LiveOnly::new(Counting::default());
            let ours: LiveOnly<Counting, Purge> = LiveOnly::new(Counting::default());
            let mut rows = 3;
            generic(&table, &mut rows).await.unwrap().done();
            boxed(&table, &mut 4).await.unwrap().done();
            assert_eq!(invoice(&table).await.is_ok(), stage.acts());
            let mut sum = of_any(&PURGE, &ours).await.unwrap().done().map_or(0, |done| done.0);
            sum += PurgeJob(LiveOnly::new(Counting::default())).run(5).await.unwrap();
            let table = Arc::new(table);
            let answer = handler(State(Arc::clone(&table))).await;
            assert_eq!(answer.ends_with("would be deleted"), !stage.acts());
            static PEEK: DryRun<Purge> = DryRun::new();
            let counted = PEEK.plan(()).commit(|live, ()| {
                Ok::<_, io::Error>(Unrecorded(table.get(live).0.load(Ordering::SeqCst)))
            });
            sum + counted.unwrap().done().map_or(0, |count| count.0)
        };
        let sum = runtime.block_on(runtime.spawn(send(all.in_event()))).unwrap();
        assert_eq!(sum, deleted);
    }
}
