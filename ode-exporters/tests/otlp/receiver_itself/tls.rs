//! What the receiver shows over TLS is what a test asked for, as rustls sees it.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::client::{connect, exchange, post, response};
use crate::receiver::{Authority, Identity, Options, Receiver, Tls, python};

fn config(trusted: &str, client: Option<&Identity>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        None => config.with_no_client_auth(),
        Some(client) => {
            let chain =
                vec![CertificateDer::from_pem_slice(client.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    Arc::new(config)
}

/// What comes back for a post, and the protocol that was agreed on.
fn ask(port: u16, config: Arc<ClientConfig>) -> io::Result<(u16, Vec<u8>)> {
    let name = "127.0.0.1".try_into().unwrap();
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, connect(port));
    stream.write_all(&post("application/x-protobuf", "/v1/traces", b""))?;
    stream.flush()?;
    // The server may refuse a certificate after the client thinks that all is well.
    let mut first = [0];
    stream.read_exact(&mut first)?;
    let (status, ..) = response(&mut first.chain(&mut stream)).expect("a response");
    Ok((status, stream.conn.alpn_protocol().unwrap_or_default().to_vec()))
}

fn start(tls: Tls) -> Option<Receiver> {
    Receiver::start(Options { tls: Some(tls), ..Options::default() })
}

#[test]
fn a_good_certificate_is_good_on_both_ports() {
    let authority = Authority::new("ours");
    let Some(receiver) = start(authority.server().into()) else { return };
    assert!(receiver.http_url().starts_with("https://") && receiver.grpc_url().contains("https"));
    let config = config(authority.certificate(), None);
    let (status, protocol) = ask(receiver.http_port(), Arc::clone(&config)).unwrap();
    assert_eq!((status, protocol.as_slice()), (400, b"http/1.1".as_slice()));
    // What is no HTTP/2 is not answered, but the handshake was good.
    let name = "localhost".try_into().unwrap();
    let connection = ClientConnection::new(config, name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(receiver.grpc_port()));
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    stream.read_to_end(&mut Vec::new()).ok();
    assert_eq!(stream.conn.alpn_protocol(), Some(b"h2".as_slice()));
    assert_eq!(receiver.wait_for_troubles(1)[0].kind, "garbage");
    assert_eq!(receiver.stats().failed_handshakes(), 0);
}

#[test]
fn each_wrong_certificate_is_wrong_in_its_way() {
    let authority = Authority::new("ours");
    let table = [
        (authority.expired_server(), "Expired"),
        (authority.server_of_another_host(), "NotValidForName"),
        (Identity::self_signed(), "UnknownIssuer"),
        (Authority::new("ours").server(), "BadSignature"),
        (Authority::new("theirs").server(), "UnknownIssuer"),
    ];
    for (identity, word) in table {
        let Some(receiver) = start(identity.into()) else { return };
        let config = config(authority.certificate(), None);
        for port in [receiver.http_port(), receiver.grpc_port()] {
            let error = ask(port, Arc::clone(&config)).expect_err(word);
            assert!(format!("{error:?}").contains(word), "{word}: {error:?}");
        }
        let troubles = receiver.wait_for_troubles(2);
        assert!(troubles.iter().all(|one| one.kind == "handshake"), "{troubles:?}");
        let stats = receiver.stats();
        assert_eq!((stats.failed_handshakes(), stats.received_bytes()), (2, 0));
    }
}

#[test]
fn one_version_of_tls_only() {
    let authority = Authority::new("ours");
    for (version, understood) in [("1.1", false), ("1.2", true), ("1.3", true)] {
        let tls = Tls { version: Some(version), ..authority.server().into() };
        let Some(receiver) = start(tls) else { return };
        let found = ask(receiver.http_port(), config(authority.certificate(), None));
        assert_eq!(found.is_ok(), understood, "{version}: {found:?}");
        assert_eq!(spoken_with(receiver.http_port()), format!("TLSv{version}"));
    }
}

/// The version that a client agrees on which speaks all of them and believes everything.
fn spoken_with(port: u16) -> String {
    let script = "import socket, ssl, sys, warnings; warnings.simplefilter('ignore'); \
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); c.check_hostname = False; \
        c.verify_mode = ssl.CERT_NONE; c.set_ciphers('ALL:@SECLEVEL=0'); \
        c.minimum_version = ssl.TLSVersion.TLSv1; \
        print(c.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1])))).version())";
    let output = python().args(["-c", script, &port.to_string()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_client_certificate_can_be_demanded() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("clients"));
    let demanded = Some(clients.certificate().to_owned());
    let tls = Tls { client_authority: demanded, ..authority.server().into() };
    let Some(receiver) = start(tls) else { return };
    let (good, stranger) = (clients.client(), Authority::new("clients").client());
    let with = |client| ask(receiver.http_port(), config(authority.certificate(), client));
    assert_eq!(with(Some(&good)).unwrap().0, 400);
    let before = receiver.stats().received_bytes();
    with(None).unwrap_err();
    with(Some(&stranger)).unwrap_err();
    receiver.wait_for_troubles(2);
    let stats = receiver.stats();
    assert_eq!((stats.failed_handshakes(), stats.received_bytes()), (2, before));
}

#[test]
fn text_on_a_port_of_tls_is_found_out() {
    let Some(receiver) = start(Authority::new("ours").server().into()) else { return };
    for port in [receiver.http_port(), receiver.grpc_port()] {
        let secret = post("application/json", "/v1/traces", b"{\"a\": \"secret\"}");
        assert_eq!(exchange(port, &secret), None);
    }
    for trouble in receiver.wait_for_troubles(2) {
        assert_eq!(trouble.kind, "plaintext");
        assert!(trouble.detail.contains("secret"), "{trouble:?}");
    }
    assert!(receiver.requests().is_empty());
}
