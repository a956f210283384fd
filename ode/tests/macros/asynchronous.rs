//! `#[instrument_event]` on everything that ends in a future.

use std::future::{Future, pending, ready};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::executor::block_on;
use ode::testing::capture;
use ode::{WideEvent, instrument_event};

#[instrument_event(fields(cart.id = cart), ok_fields(|n| items = n))]
async fn checkout(cart: u64) -> io::Result<u64> {
    ode::set! { started = true };
    let items = load(cart).await?;
    ode::set! { ended = true };
    Ok(items)
}

#[instrument_event]
async fn load(cart: u64) -> io::Result<u64> {
    yield_once().await;
    if cart == 0 { Err(io::Error::other("no cart")) } else { Ok(cart * 2) }
}

/// Pending once, so that a unit is suspended and resumed.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            Poll::Ready(())
        } else {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[test]
fn a_future_is_one_unit_over_all_its_polls() {
    let events = capture();
    assert_eq!(block_on(checkout(3)).ok(), Some(6));
    let (outer, inner) = (events.one("checkout"), events.one("load"));
    assert_eq!(outer.outcome(), "ok");
    assert_eq!(outer["cart.id"], 3);
    assert_eq!(outer["started"], true);
    assert_eq!(outer["ended"], true);
    assert_eq!(outer["items"], 6);
    assert_eq!(inner.parent_span_id(), Some(outer.trace_context().span_id()));
}

#[test]
fn an_error_that_left_by_question_mark_is_observed() {
    let events = capture();
    assert!(block_on(checkout(0)).is_err());
    for name in ["checkout", "load"] {
        assert_eq!(events.one(name).outcome(), "error", "{name}");
        assert_eq!(events.one(name)["error.message"], "no cart", "{name}");
    }
    assert!(events.one("checkout").get("items").is_none());
}

#[test]
fn suspended_units_do_not_leak_into_each_other() {
    #[instrument_event(fields(id))]
    async fn work(id: u64) {
        yield_once().await;
        ode::set! { after = id };
    }
    let events = capture();
    block_on(futures::future::join(work(1), work(2)));
    let all = events.all();
    assert_eq!(all.len(), 2);
    for event in &all {
        assert_eq!(event["id"], event["after"]);
    }
    assert!(!ode::current().exists());
}

#[instrument_event]
async fn never() {
    pending::<()>().await;
}

#[test]
fn a_dropped_future_is_cancelled_and_an_unpolled_one_is_nothing() {
    let events = capture();
    drop(never());
    events.none("never");
    {
        let mut future = pin!(never());
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(events.one("never").outcome(), "cancelled");
}

#[instrument_event(fields(n))]
fn tail(n: u64) -> impl Future<Output = u64> + Send {
    let doubled = n * 2;
    async move {
        ode::set! { doubled };
        doubled
    }
}

#[instrument_event(fields(label), ok_fields(|label| length = label.len()))]
fn boxed_tail<'a>(label: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move { label })
}

#[instrument_event(fields(n), ok_fields(|n| result = n))]
fn other(n: u64) -> impl Future<Output = u64> + Send {
    ode::set! { making = true };
    ready(n + 1)
}

#[instrument_event(fields(n))]
fn boxed_other(n: u64) -> Pin<Box<dyn Future<Output = Result<u64, io::Error>> + Send>> {
    if n == 0 {
        return Box::pin(ready(Err(io::Error::other("zero"))));
    }
    let future = ready(Ok(n));
    Box::pin(future)
}

#[test]
fn a_tail_starts_at_the_first_poll() {
    let events = capture();
    drop((tail(1), boxed_tail("a")));
    assert!(events.all().is_empty());
    assert_eq!(block_on(tail(2)), 4);
    assert_eq!(block_on(boxed_tail("abc")), "abc");
    let event = events.one("tail");
    assert_eq!(event["n"], 2);
    assert_eq!(event["doubled"], 4);
    let event = events.one("boxed_tail");
    assert_eq!(event["label"], "abc");
    assert_eq!(event["length"], 3);
}

#[test]
fn any_other_future_starts_at_the_call() {
    let events = capture();
    drop(other(1));
    assert_eq!(events.one("other").outcome(), "cancelled");
}

#[test]
fn any_other_future_covers_its_making_and_its_polls() {
    let events = capture();
    assert_eq!(block_on(other(1)), 2);
    assert!(block_on(boxed_other(0)).is_err());
    let event = events.one("other");
    assert_eq!(event["n"], 1);
    assert_eq!(event["making"], true);
    assert_eq!(event["result"], 2);
    let event = events.one("boxed_other");
    assert_eq!(event["n"], 0);
    assert_eq!(event["error.message"], "zero");
}

#[async_trait]
trait Api {
    async fn fetch(&self, id: u64) -> io::Result<u64>;
}

struct Remote {
    host: &'static str,
}

#[async_trait]
impl Api for Remote {
    #[instrument_event(name = "api.fetch", fields(id, remote.host = self.host), ok_fields(|v| got = v))]
    async fn fetch(&self, id: u64) -> io::Result<u64> {
        let half = id.checked_div(2).filter(|n| *n > 0).ok_or_else(|| io::Error::other("small"))?;
        yield_once().await;
        Ok(half)
    }
}

#[test]
fn async_trait_methods_are_units() {
    let events = capture();
    let remote: &dyn Api = &Remote { host: "h" };
    drop(remote.fetch(4));
    events.none("api.fetch");
    assert_eq!(block_on(remote.fetch(4)).ok(), Some(2));
    let event = events.one("api.fetch");
    assert_eq!(event["id"], 4);
    assert_eq!(event["remote.host"], "h");
    assert_eq!(event["got"], 2);
}

#[test]
fn async_trait_errors_are_observed() {
    let events = capture();
    assert!(block_on(Remote { host: "h" }.fetch(1)).is_err());
    assert_eq!(events.one("api.fetch")["error.message"], "small");
}

/// Arguments are dropped inside the unit, so that their destructors can still write to it.
#[test]
fn arguments_die_inside_the_unit() {
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            ode::incr! { dropped };
        }
    }
    #[instrument_event]
    async fn used(last: Last) {
        let _last = &last;
        yield_once().await;
    }
    #[instrument_event]
    fn used_sync(last: Last) {
        let _last = &last;
    }
    let events = capture();
    block_on(used(Last));
    used_sync(Last);
    {
        let mut future = pin!(used(Last));
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    for event in events.all() {
        assert_eq!(event["dropped"], 1, "{}", event.name());
    }
}

#[test]
fn an_instrumented_future_can_be_run_in_a_unit() {
    let events = capture();
    let result = block_on(WideEvent::builder("outer").run_async(tail(1)));
    assert_eq!(result, 2);
    let outer = events.one("outer").trace_context().span_id();
    assert_eq!(events.one("tail").parent_span_id(), Some(outer));
}

/// Every level of calls adds a little, not a factor: the body is held once.
#[test]
fn futures_stay_small() {
    async fn plain() -> u8 {
        let page = [1_u8; 1024];
        yield_once().await;
        page.iter().fold(0, |sum, byte| sum ^ byte)
    }
    #[instrument_event]
    async fn one() -> io::Result<u8> {
        Ok(plain().await)
    }
    #[instrument_event]
    async fn two() -> io::Result<u8> {
        one().await
    }
    #[instrument_event]
    async fn three() -> io::Result<u8> {
        two().await
    }
    let (plain, three) = (size_of_val(&plain()), size_of_val(&three()));
    assert!(three < plain + 3 * 200, "{plain} became {three}");
}
