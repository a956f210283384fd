//! `ode::tower::ClientLayer` around services of `http::Request`.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use ode::testing::capture;
use ode::tower::ClientLayer;
use ode::{Failure, UnitName, WideEvent};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt as _, service_fn};

use crate::support::{Request0, Server, by_hyper, get_from, nobody, sender};

/// Calls a service once, in a unit of the name `unit`.
async fn call<S: Service<Request0>>(
    service: S,
    request: Request0,
) -> Result<S::Response, S::Error> {
    WideEvent::builder("unit").run_async(service.oneshot(request)).await
}

fn get_somewhere() -> Request0 {
    get_from("http://stock.test/items/7?token=secret")
}

#[tokio::test]
async fn hyper_without_reqwest() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = service_fn(move |request| by_hyper(to, request));
    let child = ClientLayer::new().child_unit().boxed_errors().layer(service);
    let response = call(child, get_from(&server.url("/ok"))).await.unwrap();
    assert_eq!(response.status(), 200);

    let child = events.one("GET");
    assert_eq!(child.outcome(), "ok");
    assert_eq!(child["url.full"], server.url("/ok").as_str());
    assert_eq!(child["http.response.status_code"], 200);
    assert_eq!(child["network.protocol.version"], "1.1");
    assert_eq!(child.parent_span_id(), Some(events.one("unit").trace_context().span_id()));
    assert_eq!(sender(&server.request()), *child.trace_context());
}

/// What is sent over a connection has a path only; the host is in a header.
#[tokio::test]
async fn a_request_with_a_path_only() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = service_fn(move |request| by_hyper(to, request));
    let mut request = get_from(&server.url("/ok"));
    *request.uri_mut() = "/ok?token=secret".parse().unwrap();
    let layer = ClientLayer::new().child_unit().boxed_errors();
    call(layer.layer(service), request).await.unwrap();

    let child = events.one("GET");
    assert_eq!(child["server.address"], "127.0.0.1");
    assert_eq!(child["server.port"], u64::from(to.port()));
    assert_eq!(child["url.path"], "/ok");
    child.assert_absent("url.full");
    child.assert_absent("url.query");
}

#[tokio::test]
async fn nobody_listens() {
    let (events, to) = (capture(), nobody().await);
    let service = || service_fn(move |request| by_hyper(to, request));
    let layer = ClientLayer::new().child_unit().boxed_errors();
    call(layer.layer(service()), get_somewhere()).await.unwrap_err();
    let child = events.one("GET");
    assert_eq!(child.outcome(), "error");
    assert_eq!(child["error.type"], "connection_refused");
    assert!(child.field("error.message").is_some());
}

#[tokio::test]
async fn errors_by_their_type() {
    let events = capture();
    let fails = service_fn(async |_: Request0| "x".parse::<u64>().map(|_| http::Response::new(())));
    let layer = ClientLayer::new().child_unit();
    call(layer.layer(fails), get_somewhere()).await.unwrap_err();
    let child = events.one("GET");
    assert_eq!(child["error.type"], "error::ParseIntError");
    assert_eq!(child["error.message"], "invalid digit found in string");
}

#[tokio::test]
async fn towers_own_timeout() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().child_unit().boxed_errors())
        .timeout(Duration::from_millis(50))
        .service_fn(move |request| by_hyper(to, request));
    call(service, get_from(&server.url("/never"))).await.unwrap_err();
    let child = events.one("GET");
    assert_eq!(child.outcome(), "error");
    assert_eq!(child["error.type"], "_OTHER", "the type of the error is not known any more");
    assert_eq!(child["error.message"], "request timed out");
}

#[tokio::test]
async fn a_timer_of_tokio_around_the_call() {
    let events = capture();
    let service = service_fn(async |_: Request0| {
        let never = std::future::pending::<http::Response<()>>();
        tokio::time::timeout(Duration::from_millis(1), never).await
    });
    let layer = ClientLayer::new().child_unit();
    call(layer.layer(service), get_somewhere()).await.unwrap_err();
    assert_eq!(events.one("GET")["error.type"], "timeout");
}

#[tokio::test]
async fn errors_as_a_closure_says() {
    type Answer = Result<http::Response<()>, String>;
    let fails = || service_fn(async |_: Request0| Answer::Err("no stock".to_owned()));
    let layer = ClientLayer::new().child_unit();

    let events = capture();
    let says = |error: &String| Failure::error("stock_failed").message(error);
    call(layer.clone().classify(says).layer(fails()), get_somewhere()).await.unwrap_err();
    let child = events.one("GET");
    assert_eq!(child["error.type"], "stock_failed");
    assert_eq!(child["error.message"], "no stock");

    let events = capture();
    let declines = |_: &String| Failure::declined("no_stock");
    call(layer.clone().classify(declines).layer(fails()), get_somewhere()).await.unwrap_err();
    let child = events.one("GET");
    assert_eq!(child.outcome(), "declined");
    assert_eq!(child["declined.reason"], "no_stock");

    let events = capture();
    let panics = |_: &String| -> Failure { panic!("on purpose") };
    let error = call(layer.classify(panics).layer(fails()), get_somewhere()).await;
    assert_eq!(error.unwrap_err(), "no stock", "the caller gets the answer");
    assert_eq!(events.one("GET")["error.type"], "_OTHER");
}

async fn fine(_: Request0) -> Result<http::Response<()>, Infallible> {
    ode::set! { seen.inside = true };
    Ok(http::Response::new(()))
}

#[tokio::test]
async fn names() {
    let by_host = |request: &ode::tower::RequestHead<'_>| {
        UnitName::intern(&format!("{} {}", request.method(), request.host().unwrap_or("?")))
    };
    let events = capture();
    call(ClientLayer::new().unit_by(by_host).layer(service_fn(fine)), get_somewhere())
        .await
        .unwrap();
    assert_eq!(events.one("GET stock.test")["seen.inside"], true, "the unit is current inside");

    let events = capture();
    let panics = |_: &ode::tower::RequestHead<'_>| -> UnitName { panic!("on purpose") };
    call(ClientLayer::new().unit_by(panics).layer(service_fn(fine)), get_somewhere())
        .await
        .unwrap();
    events.one("GET");

    let events = capture();
    let mut request = get_somewhere();
    *request.method_mut() = http::Method::from_bytes(b"BREW").unwrap();
    call(ClientLayer::new().child_unit().layer(service_fn(fine)), request).await.unwrap();
    let child = events.one("HTTP");
    assert_eq!(child["http.request.method"], "_OTHER");
    assert_eq!(child["http.request.method_original"], "BREW");

    let events = capture();
    call(ClientLayer::new().timed("stock").layer(service_fn(fine)), get_somewhere()).await.unwrap();
    let unit = events.one("unit");
    assert_eq!(unit["timed.stock.count"], 1);
    assert_eq!(unit["seen.inside"], true);
}

#[tokio::test]
async fn a_panic_inside_is_the_calls_and_goes_on() {
    async fn panics(_: Request0) -> Result<http::Response<()>, Infallible> {
        panic!("on purpose")
    }
    let events = capture();
    let handle = events.handle();
    let service = ClientLayer::new().child_unit().layer(service_fn(panics));
    let unit = WideEvent::builder("unit").run_async(service.oneshot(get_somewhere()));
    let error = tokio::spawn(handle.run_async(unit)).await.unwrap_err();
    assert!(error.is_panic());
    assert_eq!(events.one("GET").outcome(), "panicked");
    assert_eq!(events.one("unit").outcome(), "panicked");
}

#[tokio::test]
async fn a_panic_before_there_is_a_future() {
    #[expect(clippy::unused_async, reason = "never gets as far")]
    async fn never() -> Result<http::Response<()>, Infallible> {
        Ok(http::Response::new(()))
    }
    let events = capture();
    let handle = events.handle();
    let service = service_fn(|request: Request0| {
        assert!(request.uri().path().is_empty(), "on purpose");
        never()
    });
    let service = ClientLayer::new().child_unit().layer(service);
    let unit = WideEvent::builder("unit").run_async(service.oneshot(get_somewhere()));
    assert!(tokio::spawn(handle.run_async(unit)).await.unwrap_err().is_panic());
    assert_eq!(events.one("GET").outcome(), "panicked");
    let stats = events.stats();
    assert!(stats.is_balanced() && stats.open == 0, "{stats}");
}

/// The future's own destructors still belong to the call.
#[tokio::test]
async fn what_is_dropped_with_a_call_finds_its_unit() {
    struct Leaving;
    impl Drop for Leaving {
        fn drop(&mut self) {
            ode::set! { left = true };
        }
    }
    let events = capture();
    let service = service_fn(async |_: Request0| {
        let _leaving = Leaving;
        tokio::task::yield_now().await;
        Ok::<_, BoxError>(http::Response::new(()))
    });
    let layer = ClientLayer::new().child_unit().boxed_errors();
    call(layer.layer(service), get_somewhere()).await.unwrap();
    assert_eq!(events.one("GET")["left"], true);

    let events = capture();
    WideEvent::builder("unit").run(|| {
        let mut call = Box::pin(layer.layer(service).oneshot(get_somewhere()));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
    });
    let child = events.one("GET");
    assert_eq!(child.outcome(), "cancelled");
    assert_eq!(child["left"], true);
}

#[tokio::test]
async fn without_a_unit_a_service_is_as_it_was() {
    let events = capture();
    for layer in [ClientLayer::new(), ClientLayer::new().child_unit()] {
        let service = service_fn(async |request: http::Request<Empty<Bytes>>| {
            assert!(!request.headers().contains_key("traceparent"));
            assert!(request.extensions().is_empty());
            Ok::<_, Infallible>(http::Response::new(()))
        });
        layer.layer(service).oneshot(get_somewhere()).await.unwrap();
    }
    assert!(events.all().is_empty());
    assert_eq!(events.stats().orphan_writes, 0);
}
