//! TLS: who is believed, who is not, and that nothing is said to those who are not.

use std::time::Duration;

use ode_exporters::otlp::{Otlp, OtlpError};

use super::support::{Ledger, Sender, Way, told};
use crate::receiver::{Action, Authority, Identity, Options, Receiver, Side, Tls};

const SHORT: Duration = Duration::from_secs(5);

fn start(tls: impl Into<Tls>) -> Option<Receiver> {
    Receiver::start(Options { tls: Some(tls.into()), ..Options::default() })
}

/// Sends to a receiver that must not get a byte of it.
#[track_caller]
fn refuses(what: &str, receiver: &Receiver, shape: impl Fn(Otlp) -> Result<Otlp, OtlpError>) {
    for way in [Way::Grpc, Way::HttpProtobuf] {
        let before = receiver.stats();
        let otlp = shape(way.to(receiver).timeout(SHORT)).unwrap();
        let sender = Sender::new(otlp);
        sender.record(0..3);
        // A few attempts, all in vain.
        let attempts = before.connections() + 3;
        sender.wait("it is tried again", |_| receiver.stats().connections() >= attempts);
        drop(sender);
        let after = receiver.stats();
        assert_eq!(after.received_bytes(), before.received_bytes(), "{what} {way:?}");
        assert!(told(receiver).requests().is_empty(), "{what} {way:?}");
    }
}

#[test]
fn who_is_not_believed_is_told_nothing() {
    let authority = Authority::new("ours");
    let trust = |otlp: Otlp| otlp.root_certificates(authority.certificate());
    for (what, identity) in [
        ("expired", authority.expired_server()),
        ("another host", authority.server_of_another_host()),
        ("self-signed", Identity::self_signed()),
        ("another authority", Authority::new("ours").server()),
    ] {
        let Some(receiver) = start(identity) else { return };
        refuses(what, &receiver, trust);
    }
    // The platform knows none of these.
    let Some(receiver) = start(authority.server()) else { return };
    refuses("unknown to the platform", &receiver, Ok);
}

#[test]
fn an_old_version_is_not_spoken() {
    let authority = Authority::new("ours");
    let tls = Tls { version: Some("1.1"), ..Tls::from(authority.server()) };
    let Some(receiver) = start(tls) else { return };
    refuses("TLS 1.1", &receiver, |otlp| otlp.root_certificates(authority.certificate()));
}

#[test]
fn https_is_never_spoken_in_plain_text() {
    // A receiver that speaks none: the first bytes are a handshake, and nothing else comes.
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let authority = Authority::new("ours");
    for (way, port) in
        [(Way::HttpProtobuf, receiver.http_port()), (Way::Grpc, receiver.grpc_port())]
    {
        let url = format!("https://127.0.0.1:{port}");
        let otlp = match way {
            Way::Grpc => Otlp::grpc(&url),
            _ => Otlp::http(&url),
        };
        let otlp = otlp.unwrap().root_certificates(authority.certificate()).unwrap();
        let sender = Sender::new(otlp.header("authorization", "Bearer canary").unwrap());
        sender.record(0..1);
        let connections = receiver.stats().connections() + 2;
        sender.wait("it is tried again", |_| receiver.stats().connections() >= connections);
        drop(sender);
    }
    assert!(told(&receiver).requests().is_empty());
    for trouble in receiver.wait_for_troubles(1) {
        assert!(!trouble.detail.contains("canary") && !trouble.detail.contains("POST"));
    }
}

#[test]
fn who_is_believed_gets_everything() {
    let authority = Authority::new("ours");
    for version in [None, Some("1.2"), Some("1.3")] {
        let tls = Tls { version, ..Tls::from(authority.server()) };
        let Some(receiver) = start(tls) else { return };
        for way in Way::ALL {
            let otlp = way.to(&receiver).root_certificates(authority.certificate()).unwrap();
            assert_eq!(Sender::new(otlp).send(3), Ledger::delivered(3), "{way:?} {version:?}");
        }
        assert_eq!(told(&receiver).received().len(), 9);
    }
}

#[test]
fn a_client_shows_who_it_is() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let client_authority = Some(ours.certificate().to_owned());
    let tls = Tls { client_authority, ..Tls::from(ours.server()) };
    let Some(receiver) = start(tls) else { return };
    let known = ours.client();
    for way in Way::ALL {
        let otlp = way.to(&receiver).root_certificates(ours.certificate()).unwrap();
        let otlp = otlp.client_certificate(&known.certificate, &known.key).unwrap();
        assert_eq!(Sender::new(otlp).send(3), Ledger::delivered(3), "{way:?}");
    }
    assert_eq!(told(&receiver).received().len(), 9);
    // With TLS 1.3 a client is refused after its handshake, so only what it asked for is certain:
    // that no request was taken.
    let stranger = theirs.client();
    for identity in [None, Some(stranger)] {
        let otlp = Way::HttpProtobuf.to(&receiver).timeout(SHORT);
        let otlp = otlp.root_certificates(ours.certificate()).unwrap();
        let otlp = match &identity {
            Some(one) => otlp.client_certificate(&one.certificate, &one.key).unwrap(),
            None => otlp,
        };
        let sender = Sender::new(otlp);
        sender.record(0..1);
        let failed = receiver.stats().failed_handshakes() + 2;
        sender.wait("it is refused", |_| receiver.stats().failed_handshakes() >= failed);
    }
    assert_eq!(told(&receiver).received().len(), 9);
    assert_eq!(receiver.stats().left(Side::Http), 0);
}

#[test]
fn certificates_of_the_environment_are_files() {
    use ode_exporters::otlp::config::read;
    let ours = Authority::new("ours");
    let client_authority = Some(ours.certificate().to_owned());
    let tls = Tls { client_authority, ..Tls::from(ours.server()) };
    let Some(receiver) = start(tls) else { return };
    let directory = tempfile::tempdir().unwrap();
    let known = ours.client();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_url()),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", file("roots", ours.certificate())),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file("certificate", &known.certificate)),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", file("key", &known.key)),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip".to_owned()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b".to_owned()),
        ("OTEL_LOGS_EXPORTER", "otlp".to_owned()),
    ];
    let settings = |without: &str| {
        read(|name| {
            let mut set = variables.iter().filter(|(own, _)| *own == name && *own != without);
            set.next().map(|(_, value)| value.into())
        })
    };
    let otlp = Otlp::from_settings(settings("").otlp.unwrap()).unwrap();
    assert_eq!(Sender::new(otlp).send(3), Ledger::delivered(3));
    let requests = told(&receiver).requests();
    let signals: Vec<_> = requests.iter().map(|one| one.signal.as_str()).collect();
    assert_eq!(signals, ["traces", "logs"]);
    assert!(requests.iter().all(|one| one.encoding == "gzip"));
    assert!(requests.iter().all(|one| one.header("x-tenant") == Some("a b")));

    for without in ["OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"] {
        let error = Otlp::from_settings(settings(without).otlp.unwrap()).unwrap_err();
        assert!(error.is_certificate(), "{error}");
    }
    drop(directory);
    let error = Otlp::from_settings(settings("").otlp.unwrap()).unwrap_err();
    assert!(error.is_certificate() && error.to_string().contains("cannot be read"), "{error}");
}

#[test]
fn http_2_is_spoken_where_the_receiver_speaks_it() {
    let authority = Authority::new("ours");
    let Some(receiver) = start(authority.server()) else { return };
    // The port for gRPC knows nothing else, and answers with statuses alone when told to.
    let url = format!("https://127.0.0.1:{}", receiver.grpc_port());
    let otlp = Otlp::http(&url).unwrap().root_certificates(authority.certificate()).unwrap();
    let sender = Sender::new(otlp);
    receiver.plan(Side::Grpc, [503, 200, 200].map(Action::status));
    assert_eq!(sender.send(3), Ledger::delivered(3));
    assert_eq!(sender.send(3), Ledger::delivered(3));
    let requests = told(&receiver).requests();
    assert_eq!((requests.len(), receiver.stats().connections()), (3, 1));
    assert!(
        requests.iter().all(|one| one.header("content-type") == Some("application/x-protobuf")),
        "{requests:#?}"
    );
}
