//! What is believed of a request: parent or link, sampling, baggage.

use ode_core::propagation::{Incoming, Outgoing, extract};

use crate::support::{Headers, PARENT, TRACE, header, only, sampled, serve, with_state};

#[test]
fn a_stranger_is_a_link_and_a_caller_of_ours_the_parent() {
    let incoming = extract(&[sampled()]);
    let said = incoming.trace_context().unwrap();
    assert_eq!(said.trace_id().to_string(), TRACE);
    assert_eq!(said.span_id().to_string(), PARENT);
    assert_eq!((incoming.parent(), incoming.link()), (None, Some(said)), "by default");

    let incoming = incoming.trust_remote_context(true);
    assert_eq!((incoming.parent(), incoming.link()), (Some(said), None));
    assert_eq!(incoming.trace_context(), Some(said));

    let incoming = incoming.trust_remote_context(false);
    assert_eq!((incoming.parent(), incoming.link()), (None, Some(said)));
}

#[test]
fn nothing_came_with_it() {
    let none: [(&str, &str); 0] = [];
    for incoming in [extract(&none), Incoming::default()] {
        let incoming = incoming.trust_remote_context(true).allow_baggage(&["a"]);
        assert_eq!(incoming.trace_context(), None);
        assert_eq!((incoming.parent(), incoming.link()), (None, None));
        assert!(incoming.trace_state().is_empty() && incoming.baggage().is_empty());
        assert_eq!(incoming.allowed_baggage().count(), 0);
    }
}

#[test]
fn a_threshold_that_contradicts_the_flag_is_erased() {
    assert!(TRACE.ends_with("90123456789012"), "the last seven bytes are the randomness");
    for (flags, state, passed_on) in [
        // Kept, and rightly so.
        ("01", "ot=th:0", "ot=th:0"),
        ("01", "x=1,ot=th:8", "x=1,ot=th:8"),
        ("01", "ot=th:90123456789012", "ot=th:90123456789012"),
        // Kept although its randomness is below.
        ("01", "x=1,ot=th:90123456789013", "x=1"),
        ("01", "x=1,ot=a:1;th:c", "ot=a:1,x=1"),
        ("03", "ot=th:c", ""),
        // The randomness that was said counts, and stays.
        ("01", "ot=th:c;rv:c0000000000000", "ot=th:c;rv:c0000000000000"),
        ("01", "ot=th:c;rv:bfffffffffffff", "ot=rv:bfffffffffffff"),
        ("01", "ot=th:8;rv:00000000000000", "ot=rv:00000000000000"),
        // Not kept: there is nothing to count.
        ("00", "ot=th:8", ""),
        ("00", "x=1,ot=th:c;rv:00000000000000", "ot=rv:00000000000000,x=1"),
        ("02", "ot=th:0;a:1", "ot=a:1"),
        // Nothing to contradict.
        ("00", "x=1,ot=rv:00000000000000", "x=1,ot=rv:00000000000000"),
        ("00", "x=1,ot=a:1", "x=1,ot=a:1"),
        ("00", "x=1", "x=1"),
        // What can't be read is not touched.
        ("01", "x=1,ot=th:FF", "x=1,ot=th:FF"),
    ] {
        let incoming = with_state(flags, state);
        assert_eq!(incoming.trace_state().to_header(), state, "{flags} {state}: as it came");
        let trusted = incoming.clone().trust_remote_context(true);
        assert_eq!(trusted.trace_state().to_header(), passed_on, "{flags} {state}");
        let stranger = incoming.trust_remote_context(false);
        assert_eq!(stranger.trace_state().to_header(), state, "{flags} {state}: a link");
    }
}

#[test]
fn flags_we_know_are_passed_on_and_others_are_not() {
    for (came, sent) in
        [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00")]
    {
        let call = serve(&[header("traceparent", format!("00-{TRACE}-{PARENT}-{came}"))], 1);
        let parent = only(&call[0], "traceparent").unwrap();
        assert!(parent.starts_with(&format!("00-{TRACE}-")), "{parent}");
        assert!(parent.ends_with(&format!("-{sent}")), "{came}: {parent}");
    }
}

#[test]
fn a_later_version_is_sent_on_as_ours() {
    for came in [format!("01-{TRACE}-{PARENT}-01"), format!("fe-{TRACE}-{PARENT}-01-x-y")] {
        let call = serve(&[header("traceparent", came), header("tracestate", "a=1")], 1);
        let parent = only(&call[0], "traceparent").unwrap();
        assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.len() == 55, "{parent}");
        assert_eq!(only(&call[0], "tracestate"), Some("a=1"));
    }
}

#[test]
fn only_baggage_that_is_named_becomes_fields() {
    let request =
        [header("baggage", "tenant=acme,Tenant=x,tenant.id=7"), header("baggage", "plan=gold")];
    let incoming = extract(&request);
    assert_eq!(incoming.baggage().len(), 4, "without any traceparent");
    let allowed = |incoming: &Incoming| {
        let pairs = incoming.allowed_baggage().map(|(key, value)| format!("{key}={value}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(allowed(&incoming), "");
    assert_eq!(allowed(&incoming.clone().allow_baggage(&[])), "");
    assert_eq!(allowed(&incoming.clone().allow_baggage(&["ten", "tenant.", "PLAN", "*"])), "");
    let two = incoming.allow_baggage(&["plan", "tenant"]);
    assert_eq!(allowed(&two), "tenant=acme plan=gold", "in the order in which they came");
    assert_eq!(allowed(&two.allow_baggage(&["Tenant"])), "tenant=acme Tenant=x plan=gold");
}

#[test]
fn the_last_of_64_members_can_be_allowed() {
    let members: Vec<_> = (0..70).map(|n| format!("k{n}=v{n}")).collect();
    let incoming = extract(&[("baggage", members.join(","))]).allow_baggage(&["k0", "k63", "k64"]);
    let allowed: Vec<_> = incoming.allowed_baggage().collect();
    assert_eq!(allowed, [("k0", "v0"), ("k63", "v63")]);
    assert_eq!(incoming.baggage().dropped(), 6);
}

#[test]
fn the_state_of_another_request_does_not_stay() {
    let context = extract(&[sampled()]).trace_context().unwrap();
    let copied =
        [("Traceparent", "x"), ("TraceState", "old=1"), ("Baggage", "old=1"), ("accept", "*")];
    let mut headers: Headers = copied.map(|(name, value)| header(name, value)).into();
    Outgoing::new(context).inject(&mut headers);
    assert_eq!(only(&headers, "traceparent"), Some(context.to_traceparent().as_str()));
    assert_eq!(only(&headers, "tracestate"), None);
    assert_eq!(only(&headers, "baggage"), Some("old=1"), "baggage stands by itself");
    assert_eq!(only(&headers, "accept"), Some("*"));
}
