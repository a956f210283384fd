//! A plan that is not committed, and a commit that nobody looks at.
#![deny(unused_must_use)]

use ode::{Budget, DryRun, Refusing, change};

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new();
static INVOICE: Refusing<Compress> = DryRun::new().refuse("numbers_are_drawn");

async fn asynchronous() -> Result<(), std::fmt::Error> {
    COMPRESS.plan(()).commit_async(async |_live, ()| Ok::<_, std::fmt::Error>(()));
    COMPRESS.plan(()).commit_async(async |_live, ()| Ok::<_, std::fmt::Error>(())).await?;
    Ok(())
}

fn main() -> Result<(), std::fmt::Error> {
    COMPRESS.plan(());
    COMPRESS.plan(()).precondition("stale", |()| true);
    COMPRESS.plan(()).cost(|()| 3);
    COMPRESS.plan(()).commit(|_live, ()| Ok::<_, std::fmt::Error>(()));
    COMPRESS.plan(()).commit(|_live, ()| Ok::<_, std::fmt::Error>(()))?;
    COMPRESS.plan(()).commit(|_live, ()| Ok::<_, std::fmt::Error>(()))?.is_withheld();
    // This says that it makes no difference.
    COMPRESS.plan(()).commit(|_live, ()| Ok::<_, std::fmt::Error>(()))?.done();
    INVOICE.check();
    Budget::new().per_run(3);
    drop(asynchronous());
    Ok(())
}
