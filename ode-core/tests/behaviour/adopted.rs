//! Work that a unit's thread picks up although it belongs elsewhere: what happens, and that
//! `detached` cures it.

use ode_core::{FutureExt, WideEvent, detached, set};

use crate::support::capture;

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Tasks of a current-thread runtime run on whatever thread is in `block_on`: here, in a unit.
#[test]
fn a_unit_around_block_on_adopts_the_runtimes_other_tasks() {
    let events = capture();
    let runtime = current_thread();
    drop(runtime.spawn(async {
        set! { from = "a task that knows nothing of the unit" };
        WideEvent::builder("foreign").run_async(async {}).await;
    }));
    WideEvent::builder("unit").run(|| {
        runtime.block_on(async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        });
    });
    let unit = events.one("unit");
    assert_eq!(unit["from"], "a task that knows nothing of the unit");
    assert_eq!(events.one("foreign").parent_span_id(), Some(unit.trace_context().span_id()));
}

#[test]
fn a_detached_task_is_not_adopted() {
    let events = capture();
    let runtime = current_thread();
    let foreign = async {
        set! { from = "a task that knows nothing of the unit" };
        WideEvent::builder("foreign").run_async(async {}).await;
    };
    drop(runtime.spawn(foreign.detached()));
    WideEvent::builder("unit").run(|| {
        runtime.block_on(async {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            set! { own = true };
        });
    });
    assert_eq!(events.one("unit").field_count(), 1);
    assert_eq!(events.one("foreign").parent_span_id(), None);
    assert_eq!(events.stats().orphan_writes, 1);
}

/// The other way round: only the root future of `block_on` is the unit, not the whole thread.
#[test]
fn an_async_unit_inside_block_on_adopts_nothing() {
    let events = capture();
    let runtime = current_thread();
    drop(runtime.spawn(async {
        set! { from = "another task" }
    }));
    let root = WideEvent::builder("unit").run_async(async {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    });
    runtime.block_on(root);
    assert_eq!(events.one("unit").field_count(), 0);
    assert_eq!(events.stats().orphan_writes, 1);
}

/// A rayon thread that waits inside a unit runs other jobs meanwhile.
#[test]
fn a_unit_on_a_rayon_thread_adopts_the_jobs_it_steals_unless_they_are_detached() {
    let events = capture();
    let scope = events.handle();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        scope.run(|| {
            rayon::spawn(|| set! { stolen = true });
            rayon::spawn(|| detached(|| set! { detached = true }));
            WideEvent::builder("unit").run(|| {
                // What `join` and `scope` do while they wait.
                while rayon::yield_now() == Some(rayon::Yield::Executed) {}
            });
        });
    });
    let unit = events.one("unit");
    assert_eq!(unit["stolen"], true);
    unit.assert_absent("detached");
    assert_eq!(events.stats().orphan_writes, 1);
}

#[test]
fn inside_detached_units_are_as_ever() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        detached(|| {
            WideEvent::builder("inner").run(|| set! { inner = true });
            set! { nowhere = true };
        });
        set! { outer = true };
    });
    assert_eq!(events.one("inner")["inner"], true);
    assert_eq!(events.one("outer")["outer"], true);
    assert_eq!(events.one("outer").field_count(), 1);
    assert_eq!(events.stats().orphan_writes, 1);
}
