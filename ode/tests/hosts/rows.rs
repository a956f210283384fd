//! The hosts: where units are opened, and where else they are written to.

use std::ops::Range;
use std::thread;

use futures::executor::{LocalPool, block_on};
use futures::future::{join, join_all, ready};
use futures::task::LocalSpawnExt as _;
use ode::{FutureExt as _, in_event};
use rayon::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::block_in_place;

use crate::executor::Executor;
use crate::work::{AwayAsync, Host, UNITS, work, work_async, written, yields};

/// What a row works with: sync units or async ones.
pub(crate) enum Row {
    Sync(fn()),
    Async(fn()),
}

pub(crate) const ROWS: [(&str, Row); 13] = [
    ("one_thread", Row::Sync(|| (0..UNITS).for_each(|n| work(n, on_a_thread)))),
    ("many_threads", Row::Sync(many_threads)),
    ("scoped_threads", Row::Sync(scoped_threads)),
    ("rayon_pool", Row::Sync(rayon_pool)),
    ("tokio_on_one_thread", Row::Async(|| on_tokio(&one_thread(), on_a_task))),
    ("tokio_on_many_threads", Row::Async(|| on_tokio(&many(), on_a_task))),
    ("tokio_tasks_that_block", Row::Async(|| on_tokio(&many(), on_a_blocking_thread))),
    ("tokio_blocking_threads", Row::Sync(blocking_threads)),
    ("tokio_block_in_place", Row::Async(|| on_tokio(&many(), in_place))),
    ("tokio_units_in_block_in_place", Row::Sync(units_in_place)),
    ("block_on_without_a_runtime", Row::Async(without_a_runtime)),
    ("local_pool_without_tokio", Row::Async(local_pool)),
    ("executor_without_tokio", Row::Async(own_executor)),
];

const HALVES: [Range<u64>; 2] = [0..UNITS / 2, UNITS / 2..UNITS];

/// Works on a row in this process, and judges what it left.
pub(crate) fn play(name: &str) {
    let (_, row) = ROWS.iter().find(|(row, _)| *row == name).unwrap();
    let host = Host::set_up();
    match row {
        Row::Sync(run) | Row::Async(run) => run(),
    }
    host.judge(matches!(row, Row::Async(_)));
}

fn on_a_thread(n: u64) {
    thread::Builder::new().spawn(in_event(move || written(n))).unwrap().join().unwrap();
}

fn on_a_scoped_thread(n: u64) {
    thread::scope(|scope| scope.spawn(in_event(|| written(n))).join()).unwrap();
}

fn many_threads() {
    let part = |part: u64| {
        let work = move || (0..UNITS).filter(|n| n % 4 == part).for_each(|n| work(n, on_a_thread));
        thread::Builder::new().spawn(work).unwrap()
    };
    let threads: Vec<_> = (0..4).map(part).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn scoped_threads() {
    thread::scope(|scope| {
        for part in 0..4 {
            let mine = move |n: &u64| n % 4 == part;
            scope.spawn(move || {
                (0..UNITS).filter(mine).for_each(|n| work(n, on_a_scoped_thread));
            });
        }
    });
}

/// The second half of a `join` is what other threads may take.
fn on_a_thread_of_the_pool(n: u64) {
    rayon::join(|| (), in_event(move || written(n)));
}

/// While a unit waits for its half, its thread takes other jobs: each is detached, or it would belong
/// to that unit.
fn rayon_pool() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    pool.install(|| {
        let job = |n| ode::detached(|| work(n, on_a_thread_of_the_pool));
        (0..UNITS).into_par_iter().for_each(job);
    });
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn many() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).build().unwrap()
}

/// Half of the units at once, each a task; then the other half, where those have been.
fn on_tokio(runtime: &Runtime, away: AwayAsync) {
    runtime.block_on(async {
        for half in HALVES {
            let tasks = half.map(|n| tokio::spawn(work_async(n, away)));
            join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
        }
    });
}

fn on_a_task(n: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    let write = async move {
        yields().await;
        written(n);
    };
    Box::pin(async move { tokio::spawn(write.in_event()).await.unwrap() })
}

fn on_a_blocking_thread(n: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { ode::tokio::spawn_blocking(move || written(n)).await.unwrap() })
}

/// The same thread, so nobody has to be asked.
fn in_place(n: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { block_in_place(|| written(n)) })
}

fn wait_for_a_blocking_thread(n: u64) {
    Handle::current().block_on(on_a_blocking_thread(n));
}

fn blocking_threads() {
    many().block_on(async {
        let tasks = (0..UNITS)
            .map(|n| tokio::task::spawn_blocking(move || work(n, wait_for_a_blocking_thread)));
        join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    });
}

fn units_in_place() {
    many().block_on(async {
        let unit = |n| async move { block_in_place(|| work(n, wait_for_a_blocking_thread)) };
        let tasks = (0..UNITS).map(|n| tokio::spawn(unit(n)));
        join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    });
}

/// Without an executor to give it to, the other half is polled beside.
fn beside(n: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    let write = async move {
        yields().await;
        written(n);
    };
    Box::pin(async move {
        join(write.in_event(), ready(())).await;
    })
}

fn without_a_runtime() {
    block_on(join_all((0..UNITS).map(|n| work_async(n, beside))));
}

fn local_pool() {
    let mut pool = LocalPool::new();
    for n in 0..UNITS {
        pool.spawner().spawn_local(work_async(n, beside)).unwrap();
    }
    pool.run();
}

/// On the executor that runs the unit.
fn on_the_executor(n: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    let write = async move {
        yields().await;
        written(n);
    };
    Box::pin(async move { Executor::current().spawn(write.in_event()).await.unwrap() })
}

fn own_executor() {
    let executor = Executor::start(4);
    for half in HALVES {
        let tasks: Vec<_> = half.map(|n| executor.spawn(work_async(n, on_the_executor))).collect();
        for task in block_on(join_all(tasks)) {
            task.unwrap();
        }
    }
}
