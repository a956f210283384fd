//! The permission ends with the effect.
use std::thread;

use ode::{DryRun, Live, change};

change!(Compress = "compress");
static COMPRESS: DryRun<Compress> = DryRun::new();

fn write(_live: &Live<Compress>) {}

fn kept() {
    let mut kept = None;
    let _ = COMPRESS.plan(()).commit(|live, ()| {
        kept = Some(live);
        Ok::<_, ()>(())
    });
    write(kept.unwrap());
}

fn on_another_thread() {
    let _ = COMPRESS.plan(()).commit(|live, ()| {
        thread::spawn(move || write(live));
        Ok::<_, ()>(())
    });
}

fn moved() {
    let mut kept = None;
    let _ = COMPRESS.plan(()).commit(|live, ()| {
        kept = Some(*live);
        Ok::<_, ()>(())
    });
    write(&kept.unwrap());
}

async fn kept_by_a_future() {
    let mut kept = None;
    let commit = COMPRESS.plan(()).commit_async(async |live, ()| {
        kept = Some(live);
        Ok::<_, ()>(())
    });
    let _ = commit.await;
    write(kept.unwrap());
}

fn main() {
    kept();
    on_another_thread();
    moved();
    drop(kept_by_a_future());
}
