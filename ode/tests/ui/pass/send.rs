//! What is `Send` stays so, and what is not is still allowed where nobody asks for it.
#![deny(warnings)]
use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::future::{Future, ready};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use ode::{FutureExt as _, WideEvent, instrument_event};

fn send<T: Send>(value: T) -> T {
    value
}
fn send_and_static<T: Send + 'static>(_: T) {}
fn is_send<T: Send>() {}
fn is_send_and_sync<T: Send + Sync>() {}

#[instrument_event(fields(n, text), ok_fields(|done| done = *done), err(with = classify))]
async fn everything(n: u64, text: &str) -> Result<u64, io::Error> {
    ode::set! { waited = later(n).await, ?text, shown = %later(2).await, tried = fails().await? };
    ode::set_inherited! { inherited = later(n).await };
    ode::incr! { steps += later(1_u64).await };
    ode::append! { list += later(n).await };
    Ok(ode::timed!("later", later(n).await))
}

fn classify(_: &io::Error) -> ode::Failure {
    ode::Failure::error("io")
}

async fn later<T>(value: T) -> T {
    ready(()).await;
    value
}

async fn fails() -> Result<u8, io::Error> {
    Err(io::Error::other("on purpose"))
}

#[instrument_event(skip_if = value.to_string().is_empty(), fields(value = %value, debug = ?value))]
async fn generic<T: Display + Debug + Send + Sync>(value: T) -> String {
    later(()).await;
    value.to_string()
}

#[instrument_event(join)]
async fn joined(n: &mut u64) -> &mut u64 {
    later(()).await;
    *n += 1;
    n
}

#[instrument_event]
fn returned(n: &u64) -> impl Future<Output = u64> + Send + '_ {
    async move { later(*n).await }
}

struct Shop(u64);

impl Shop {
    #[instrument_event(fields(shop.n = self.0))]
    async fn borrowed(&self, more: &u64) -> u64 {
        later(self.0 + more).await
    }

    #[instrument_event(root, fields(shop.n = self.0))]
    async fn owned(mut self) -> Self {
        self.0 = later(self.0).await;
        self
    }
}

trait Opens {
    fn open(&self) -> impl Future<Output = u64> + Send;
}

impl Opens for Shop {
    #[instrument_event]
    async fn open(&self) -> u64 {
        later(self.0).await
    }
}

/// Not `Send`, and nobody asked.
#[instrument_event(fields(n = n.get()))]
async fn local(n: Rc<Cell<u64>>) -> Rc<Cell<u64>> {
    ode::set! { shared = Rc::strong_count(&n), waited = later(Rc::clone(&n)).await.get() };
    let kept = Rc::clone(&n);
    ode::timed!("local", later(()).await);
    kept.set(2);
    n
}

/// Local executors take it, and so do those that ode has.
fn runs_here() {
    let shared = Rc::new(Cell::new(1));
    let mut work = pin!(WideEvent::builder("unit").run_async(local(Rc::clone(&shared))));
    while work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
    assert_eq!(shared.get(), 2);
    let inside = Rc::clone(&shared);
    WideEvent::builder("sync").run(move || inside.set(3));
    drop(local(shared).in_event());
}

fn main() {
    let (shop, mut n) = (Shop(1), 1);
    drop(send(everything(1, "x")));
    drop(send(generic(1)));
    drop(send(joined(&mut n)));
    drop(send(returned(&n)));
    drop(send(shop.borrowed(&n)));
    drop(send(shop.open()));
    send_and_static(Shop(1).owned());
    send_and_static(everything(1, "x").in_event());
    send_and_static(everything(1, "x").detached());
    send_and_static(WideEvent::builder("unit").run_async(everything(1, "x")));
    send_and_static(WideEvent::builder("unit").start().try_run_async(everything(1, "x")));
    send_and_static(ode::hold(Duration::from_secs(1)).run_async(everything(1, "x")));
    send_and_static(ode::current().handle().run_async(everything(1, "x")));
    send_and_static(ode::in_event(|| ()));
    send_and_static(async {
        let _timed = ode::timed("rest");
        ode::subject(ode::Subject::new("ada"));
        later(()).await;
        ode::decline("no");
    });
    is_send::<WideEvent>();
    is_send::<ode::Hold>();
    is_send::<ode::Timed>();
    is_send_and_sync::<ode::EventHandle>();
    is_send_and_sync::<ode::Event>();
    is_send_and_sync::<ode::TraceContext>();
    is_send_and_sync::<ode::Stats>();
    is_send::<ode::Guard>();
    is_send::<ode::SetupError>();
    is_send_and_sync::<ode::ExportError>();
    runs_here();
}
