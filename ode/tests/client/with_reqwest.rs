//! `ode::reqwest`.

use std::time::Duration;

use ode::reqwest::SendExt as _;
use ode::testing::{Capture, capture};
use ode::tower::ClientLayer;
use ode::{WideEvent, propagation};
use tower::{Layer as _, Service as _};

use crate::support::{Server, nobody, reqwest, sender};

fn client() -> reqwest::Client {
    reqwest().build().unwrap()
}

/// Runs work in a unit of the name `unit`.
async fn in_unit<R>(work: impl Future<Output = R>) -> R {
    WideEvent::builder("unit").run_async(work).await
}

#[track_caller]
fn ledger_is_exact(events: &Capture) {
    let stats = events.stats();
    assert!(stats.is_balanced() && stats.open == 0, "{stats}");
    assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0), "{stats}");
}

#[tokio::test]
async fn a_call_is_timed_on_the_current_unit() {
    let (events, server) = (capture(), Server::start().await);
    in_unit(async {
        for _ in 0..2 {
            let response = client().get(server.url("/ok")).send_in_event().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "fine");
        }
    })
    .await;
    let unit = events.one("unit");
    assert_eq!(unit.outcome(), "ok");
    assert_eq!(unit["timed.http.client.count"], 2);
    assert!(unit.field("timed.http.client.total_ns").is_some());
    assert_eq!(unit.field_count(), 2, "{unit:?}");
    for request in server.requests() {
        assert_eq!(sender(&request), *unit.trace_context());
    }
    assert_eq!(events.all().len(), 1);
    ledger_is_exact(&events);
}

#[tokio::test]
async fn a_call_is_a_unit_of_its_own() {
    let (events, server) = (capture(), Server::start().await);
    let url = server.url("/ok?token=secret#part");
    in_unit(async { client().get(url).send_in_child("stock.get").await.unwrap() }).await;

    let (unit, child) = (events.one("unit"), events.one("stock.get"));
    assert_eq!(child.outcome(), "ok");
    assert_eq!(child["ode.kind"], "client");
    assert_eq!(child["http.request.method"], "GET");
    assert_eq!(child["server.address"], "127.0.0.1");
    assert_eq!(child["server.port"], u64::from(server.address.port()));
    assert_eq!(child["url.full"], server.url("/ok").as_str());
    assert_eq!(child["http.response.status_code"], 200);
    assert_eq!(child["network.protocol.version"], "1.1");
    assert_eq!(child.field_count(), 7, "{child:?}");
    assert_eq!(unit.field_count(), 0, "nothing is recorded twice");

    assert_eq!(child.parent_span_id(), Some(unit.trace_context().span_id()));
    assert_eq!(child.trace_context().trace_id(), unit.trace_context().trace_id());
    assert_eq!(sender(&server.request()), *child.trace_context());
    ledger_is_exact(&events);
}

#[tokio::test]
async fn how_statuses_end_a_call() {
    for (status, outcome, error) in [
        (204, "ok", None),
        (304, "ok", None),
        (400, "error", Some("400")),
        (404, "error", Some("404")),
        (500, "error", Some("500")),
        (599, "error", Some("599")),
    ] {
        let (events, server) = (capture(), Server::start().await);
        let url = server.url(&format!("/status/{status}"));
        in_unit(async {
            let response = client().get(&url).send_in_child("call").await.unwrap();
            assert_eq!(response.status().as_u16(), status);
            client().get(&url).send_in_event().await.unwrap();
        })
        .await;
        let (unit, child) = (events.one("unit"), events.one("call"));
        assert_eq!(child.outcome(), outcome, "{status}");
        assert_eq!(child["http.response.status_code"], u64::from(status));
        assert_eq!(child.field("error.type").map(ToString::to_string).as_deref(), error);
        assert_eq!(unit.outcome(), "ok", "what the answer means is for the caller to say");
        match error {
            Some(_) => assert_eq!(unit["http.client.error_count"], 1),
            None => unit.assert_absent("http.client.error_count"),
        }
    }
}

#[tokio::test]
async fn nobody_listens() {
    let (events, address) = (capture(), nobody().await);
    let url = format!("http://{address}/x?token=secret");
    in_unit(async {
        client().get(&url).send_in_child("call").await.unwrap_err();
        client().get(&url).send_in_event().await.unwrap_err();
    })
    .await;
    let (unit, child) = (events.one("unit"), events.one("call"));
    assert_eq!(child.outcome(), "error");
    assert_eq!(child["error.type"], "connection_refused");
    assert!(child.field("error.chain").is_some());
    child.assert_absent("http.response.status_code");
    let message = child["error.message"].to_string();
    assert!(message.contains(&format!("http://{address}/x")), "{message}");
    assert!(!format!("{child:?}").contains("secret"), "{child:?}");
    assert_eq!(unit["http.client.error_count"], 1);
    assert_eq!(unit["timed.http.client.count"], 1);
    ledger_is_exact(&events);
}

#[tokio::test]
async fn a_timeout_is_an_error() {
    let (events, server) = (capture(), Server::start().await);
    let slow = client().get(server.url("/never")).timeout(Duration::from_millis(50));
    in_unit(async { slow.send_in_child("call").await.unwrap_err() }).await;
    let child = events.one("call");
    assert_eq!(child.outcome(), "error");
    assert_eq!(child["error.type"], "timeout");
}

#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    let (events, server) = (capture(), Server::start().await);
    in_unit(async {
        let never = || client().get(server.url("/never"));
        tokio::select! {
            biased;
            answer = never().send_in_child("call") => panic!("{answer:?}"),
            () = server.stuck() => {}
        }
        tokio::select! {
            biased;
            answer = never().send_in_event() => panic!("{answer:?}"),
            () = server.stuck() => {}
        }
    })
    .await;
    let (unit, child) = (events.one("unit"), events.one("call"));
    assert_eq!(child.outcome(), "cancelled");
    assert_eq!(child["cancelled.cause"], "dropped");
    assert_eq!(unit.outcome(), "ok", "losing a race is routine");
    assert_eq!(unit["timed.http.client.count"], 1, "the time was spent");
    unit.assert_absent("http.client.error_count");
    ledger_is_exact(&events);
}

#[tokio::test]
async fn a_request_that_cannot_be_made() {
    let events = capture();
    in_unit(async {
        client().get("not an address").send_in_child("call").await.unwrap_err();
        client().get("not an address").send_in_event().await.unwrap_err();
    })
    .await;
    let (unit, child) = (events.one("unit"), events.one("call"));
    assert_eq!(child.outcome(), "error");
    assert_eq!(child["error.type"], "invalid_request");
    assert_eq!(unit["http.client.error_count"], 1);
    unit.assert_absent("timed.http.client.count");
}

#[tokio::test]
async fn the_unit_ends_with_the_head_of_the_response() {
    let (events, server) = (capture(), Server::start().await);
    let url = server.url("/drip");
    in_unit(async {
        let response = client().get(url).send_in_child("call").await.unwrap();
        assert_eq!(events.one("call").outcome(), "ok");
        server.send_body();
        assert_eq!(response.text().await.unwrap(), "drop");
    })
    .await;
    assert_eq!(events.all().len(), 2);
}

#[tokio::test]
async fn without_a_unit_nothing_is_recorded_or_sent_along() {
    let (events, server) = (capture(), Server::start().await);
    let own = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = || client().get(server.url("/ok")).header("traceparent", own);
    request().send_in_event().await.unwrap();
    request().send_in_child("call").await.unwrap();
    client().get(server.url("/ok")).send_in_event().await.unwrap();
    client().get("not an address").send_in_child("call").await.unwrap_err();

    assert!(events.all().is_empty());
    let requests = server.requests();
    for request in &requests[..2] {
        assert_eq!(request["traceparent"], own, "what the caller wrote stays");
    }
    assert!(!requests[2].contains_key("traceparent"));
    ledger_is_exact(&events);
}

#[tokio::test]
async fn the_context_of_another_trace_is_replaced() {
    let (events, server) = (capture(), Server::start().await);
    let request = client()
        .get(server.url("/ok"))
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .header("tracestate", "vendor=1");
    in_unit(async { request.send_in_event().await.unwrap() }).await;
    let headers = server.request();
    assert_eq!(sender(&headers), *events.one("unit").trace_context());
    assert!(!headers.contains_key("tracestate"), "it belonged to the other");
}

#[tokio::test]
async fn baggage_and_queries_go_along_only_when_asked() {
    let (events, server) = (capture(), Server::start().await);
    let open = ClientLayer::new().unit("open").send_baggage(true).capture_query(true);
    let url = server.url("/ok?page=2");
    in_unit(async {
        propagation::set_baggage("tenant", "acme");
        client().get(&url).send_in_child("closed").await.unwrap();
        client().get(&url).send_by(&open).await.unwrap();
    })
    .await;
    let requests = server.requests();
    assert!(!requests[0].contains_key("baggage"));
    assert_eq!(requests[1]["baggage"], "tenant=acme");
    assert_eq!(events.one("closed")["url.full"], server.url("/ok").as_str());
    assert_eq!(events.one("open")["url.full"], url.as_str());
}

#[tokio::test]
async fn a_client_is_a_service() {
    let (events, server) = (capture(), Server::start().await);
    let mut client = ClientLayer::new().child_unit().layer(client());
    in_unit(async {
        let url = server.url("/ok").parse().unwrap();
        let request = reqwest::Request::new(reqwest::Method::PUT, url);
        client.call(request).await.unwrap();
    })
    .await;
    let child = events.one("PUT");
    assert_eq!(child["url.full"], server.url("/ok").as_str());
    assert_eq!(sender(&server.request()), *child.trace_context());
}

#[tokio::test]
async fn calls_of_joined_tasks_are_of_their_unit() {
    let (events, server) = (capture(), Server::start().await);
    let url = server.url("/ok");
    in_unit(async {
        let tasks = [(); 4].map(|()| {
            let url = url.clone();
            ode::tokio::spawn(async move { client().get(url).send_in_event().await.unwrap() })
        });
        for task in tasks {
            task.await.unwrap();
        }
        ode::tokio::spawn(async move { client().get(url).send_in_child("call").await.unwrap() })
            .await
            .unwrap();
    })
    .await;
    let (unit, child) = (events.one("unit"), events.one("call"));
    assert_eq!(unit["timed.http.client.count"], 4);
    assert_eq!(child.parent_span_id(), Some(unit.trace_context().span_id()));
    let senders: Vec<_> = server.requests().iter().map(sender).collect();
    assert_eq!(senders[..4], [*unit.trace_context(); 4]);
    assert_eq!(senders[4], *child.trace_context());
    ledger_is_exact(&events);
}

#[tokio::test]
async fn over_http_2() {
    let (events, server) = (capture(), Server::start().await);
    let client = reqwest().http2_prior_knowledge().build().unwrap();
    let url = server.url("/ok");
    in_unit(async { client.get(url).send_in_child("call").await.unwrap() }).await;
    let child = events.one("call");
    assert_eq!(child["network.protocol.version"], "2");
    assert_eq!(sender(&server.request()), *child.trace_context());
}
