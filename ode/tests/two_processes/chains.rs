//! Services that call each other.

use crate::support::{Service, assert_chain, one};

const SERVER: &str = "GET /work";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn two_services() {
    let folder = tempfile::tempdir().unwrap();
    let b = Service::start("ode", folder.path(), "b", None);
    let a = Service::start("ode", folder.path(), "a", Some(&b));
    a.request("");
    let (a, b) = (a.end(), b.end());
    assert_eq!((a.len(), b.len()), (2, 1), "{a:#?} {b:#?}");
    assert_chain(None, &[one(&a, SERVER), one(&a, "call"), one(&b, SERVER)]);
}

#[test]
fn a_service_without_ode_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let b = Service::start("ode", folder.path(), "b", None);
    let m = Service::start("opentelemetry", folder.path(), "m", Some(&b));
    let a = Service::start("ode", folder.path(), "a", Some(&m));
    let caller = "00f067aa0ba902b7";
    a.request(&format!("traceparent: 00-{TRACE}-{caller}-01\r\n"));
    let (a, m, b) = (a.end(), m.end(), b.end());
    assert_eq!((a.len(), m.len(), b.len()), (2, 2, 1), "{a:#?} {m:#?} {b:#?}");
    let chain =
        [one(&a, SERVER), one(&a, "call"), one(&m, "server"), one(&m, "call"), one(&b, SERVER)];
    assert_chain(Some(caller), &chain);
    assert_eq!(chain[0]["trace_id"], TRACE);
}

#[test]
fn a_service_with_both_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let b = Service::start("opentelemetry", folder.path(), "b", None);
    let m = Service::start("both", folder.path(), "m", Some(&b));
    let a = Service::start("opentelemetry", folder.path(), "a", Some(&m));
    a.request("");
    let (a, m, b) = (a.end(), m.end(), b.end());
    assert_eq!((a.len(), m.len(), b.len()), (2, 4, 2), "{a:#?} {m:#?} {b:#?}");
    let chain = [
        one(&a, "server"),
        one(&a, "call"),
        one(&m, SERVER),
        one(&m, "outer span"),
        one(&m, "inner unit"),
        one(&m, "inner span"),
        one(&b, "server"),
        one(&b, "call"),
    ];
    assert_chain(None, &chain);
}

/// A context that cannot be read is none.
#[test]
fn requests_that_are_in_no_trace_begin_one_each() {
    let folder = tempfile::tempdir().unwrap();
    let a = Service::start("ode", folder.path(), "a", None);
    a.request("");
    a.request("traceparent: 00-not-one\r\n");
    let a = a.end();
    assert_eq!(a.len(), 2);
    for event in &a {
        assert_chain(None, &[event]);
    }
    assert_ne!(a[0]["trace_id"], a[1]["trace_id"]);
}
