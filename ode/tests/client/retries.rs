//! Requests that are sent again, by a real `tower::retry` and to a server that fails twice.

use std::future::{Ready, ready};

use http_body_util::Empty;
use ode::reqwest::SendExt as _;
use ode::testing::{Captured, capture};
use ode::tower::ClientLayer;
use ode::{Outcome, WideEvent};
use tower::retry::Policy;
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _};

use crate::support::{BoxError, Request0, Server, by_hyper, get_from, reqwest, sender};

/// As often as needed, up to five times.
#[derive(Clone)]
struct UntilFine(u32);

impl UntilFine {
    fn again(&mut self, status: http::StatusCode) -> Option<Ready<()>> {
        self.0 = self.0.checked_sub(1)?;
        status.is_server_error().then(|| ready(()))
    }
}

impl<B> Policy<Request0, http::Response<B>, BoxError> for UntilFine {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request0,
        result: &mut Result<http::Response<B>, BoxError>,
    ) -> Option<Ready<()>> {
        self.again(result.as_ref().ok()?.status())
    }

    fn clone_request(&mut self, request: &Request0) -> Option<Request0> {
        Some(request.clone())
    }
}

impl Policy<reqwest::Request, reqwest::Response, reqwest::Error> for UntilFine {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut reqwest::Request,
        result: &mut Result<reqwest::Response, reqwest::Error>,
    ) -> Option<Ready<()>> {
        self.again(result.as_ref().ok()?.status())
    }

    fn clone_request(&mut self, request: &reqwest::Request) -> Option<reqwest::Request> {
        request.try_clone()
    }
}

const POLICY: UntilFine = UntilFine(5);

async fn call<S, R>(service: S, request: R) -> S::Response
where
    S: Service<R, Error: std::fmt::Debug>,
{
    WideEvent::builder("unit").run_async(service.oneshot(request)).await.unwrap()
}

fn client() -> reqwest::Client {
    reqwest().build().unwrap()
}

#[tokio::test]
async fn a_unit_around_a_retry_has_the_count() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().child_unit().boxed_errors())
        .retry(POLICY)
        .layer(ClientLayer::attempts())
        .service_fn(move |request| by_hyper(to, request));
    assert_eq!(call(service, get_from(&server.url("/third"))).await.status(), 200);

    let child = events.one("GET");
    assert_eq!(child.outcome(), "ok");
    assert_eq!(child["http.response.status_code"], 200);
    assert_eq!(child["http.request.resend_count"], 2);
    let senders: Vec<_> = server.requests().iter().map(sender).collect();
    assert_eq!(senders, [*child.trace_context(); 3]);
}

#[tokio::test]
async fn the_current_unit_has_the_count() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().boxed_errors())
        .retry(POLICY)
        .layer(ClientLayer::attempts())
        .service_fn(move |request| by_hyper(to, request));
    call(service, get_from(&server.url("/third"))).await;

    let unit = events.one("unit");
    assert_eq!(unit["timed.http.client.count"], 1, "one call, however often it was sent");
    assert_eq!(unit["http.client.resend_count"], 2);
    unit.assert_absent("http.client.error_count");
}

#[tokio::test]
async fn nothing_was_sent_again() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().child_unit().boxed_errors())
        .layer(ClientLayer::new().boxed_errors())
        .retry(POLICY)
        .layer(ClientLayer::attempts())
        .service_fn(move |request| by_hyper(to, request));
    call(service, get_from(&server.url("/ok"))).await;
    events.one("GET").assert_absent("http.request.resend_count");
    events.one("unit").assert_absent("http.client.resend_count");
}

fn ends(events: &[Captured]) -> Vec<(Outcome, Option<String>)> {
    let calls = events.iter().filter(|event| event.name() == "GET");
    let resends =
        |event: &Captured| event.field("http.request.resend_count").map(ToString::to_string);
    calls.map(|event| (event.outcome(), resends(event))).collect()
}

#[tokio::test]
async fn each_attempt_is_a_unit_and_knows_its_number() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let each = ClientLayer::new().child_unit().boxed_errors();
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().boxed_errors())
        .retry(POLICY)
        .layer(each)
        .service_fn(move |request| by_hyper(to, request));
    call(service, get_from(&server.url("/third"))).await;

    let again = |n: &str| Some(n.to_owned());
    let expected =
        [(Outcome::Error, None), (Outcome::Error, again("1")), (Outcome::Ok, again("2"))];
    let all = events.all();
    assert_eq!(ends(&all), expected);
    assert_eq!(events.one("unit")["http.client.resend_count"], 2);
    let calls = all.iter().filter(|event| event.name() == "GET");
    let spans: Vec<_> = calls.map(|event| *event.trace_context()).collect();
    let senders: Vec<_> = server.requests().iter().map(sender).collect();
    assert_eq!(senders, spans, "each attempt says who it is");
}

/// The clones that a policy makes know nothing of each other then.
#[tokio::test]
async fn attempts_without_a_layer_around_are_units_without_a_number() {
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .retry(POLICY)
        .layer(ClientLayer::new().child_unit().boxed_errors())
        .service_fn(move |request| by_hyper(to, request));
    call(service, get_from(&server.url("/third"))).await;
    let expected = [(Outcome::Error, None), (Outcome::Error, None), (Outcome::Ok, None)];
    assert_eq!(ends(&events.all()), expected);
}

#[tokio::test]
async fn requests_of_reqwest() {
    for child in [true, false] {
        let (events, server) = (capture(), Server::start().await);
        let layer = ClientLayer::new();
        let service = ServiceBuilder::new()
            .layer(if child { layer.child_unit() } else { layer })
            .retry(POLICY)
            .layer(ClientLayer::attempts())
            .service(client());
        let request = client().get(server.url("/third")).build().unwrap();
        assert_eq!(call(service, request).await.status(), 200);
        assert_eq!(server.requests().len(), 3);
        if child {
            assert_eq!(events.one("GET")["http.request.resend_count"], 2);
        } else {
            assert_eq!(events.one("unit")["http.client.resend_count"], 2);
        }
    }
}

/// A request that is sent while another one is under way, for a token, is no attempt of that: not
/// one without a context, nor one with a context of its own.
#[tokio::test]
async fn another_request_meanwhile_is_no_attempt() {
    let (events, server) = (capture(), Server::start().await);
    let token = server.url("/ok");
    let with_token = move |mut request: reqwest::Request| {
        let token = token.clone();
        async move {
            let mut sent = ClientLayer::attempts().layer(client());
            let other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
            sent.call(client().get(&token).header("traceparent", other).build()?).await?;
            sent.call(client().get(&token).build()?).await?;
            let token = client().get(&token).send_in_child("token").await?.text().await?;
            request.headers_mut().insert("authorization", token.parse().unwrap());
            sent.call(request).await
        }
    };
    let service =
        ServiceBuilder::new().layer(ClientLayer::new().child_unit()).service_fn(with_token);
    call(service, client().get(server.url("/ok")).build().unwrap()).await;
    assert_eq!(server.requests().len(), 4);
    let (child, token) = (events.one("GET"), events.one("token"));
    child.assert_absent("http.request.resend_count");
    token.assert_absent("http.request.resend_count");
    assert_eq!(token.parent_span_id(), Some(child.trace_context().span_id()));
}

/// A policy that does not clone extensions leaves the count out: no number rather than a wrong one.
#[tokio::test]
async fn a_policy_that_forgets() {
    #[derive(Clone)]
    struct Forgets(UntilFine);
    impl<B> Policy<Request0, http::Response<B>, BoxError> for Forgets {
        type Future = Ready<()>;

        fn retry(
            &mut self,
            request: &mut Request0,
            result: &mut Result<http::Response<B>, BoxError>,
        ) -> Option<Ready<()>> {
            self.0.retry(request, result)
        }

        fn clone_request(&mut self, request: &Request0) -> Option<Request0> {
            let mut again = http::Request::new(Empty::new());
            *again.uri_mut() = request.uri().clone();
            *again.headers_mut() = request.headers().clone();
            Some(again)
        }
    }
    let (events, server) = (capture(), Server::start().await);
    let to = server.address;
    let service = ServiceBuilder::new()
        .layer(ClientLayer::new().child_unit().boxed_errors())
        .retry(Forgets(POLICY))
        .layer(ClientLayer::attempts())
        .service_fn(move |request| by_hyper(to, request));
    assert_eq!(call(service, get_from(&server.url("/third"))).await.status(), 200);
    events.one("GET").assert_absent("http.request.resend_count");
}
