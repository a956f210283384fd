//! Receivers that are no help: each has one fault, and whoever comes meets it.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use crate::receivers::read_request;
use crate::roles::LONG;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody listens.
    Refused,
    /// The connection is reset when something comes.
    Reset,
    /// It is accepted, and that is all.
    BlackHole,
    /// TLS, by whom nobody trusts.
    Stranger,
    /// 503, over HTTP/1.1 and over HTTP/2.
    Unavailable,
}

/// A receiver with a fault; gone with the test.
pub(crate) struct Faulty {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Faulty {
    pub(crate) fn start(fault: Fault) -> Self {
        let connections = Arc::new(AtomicUsize::new(0));
        if fault == Fault::Refused {
            // No port that anybody is given by chance.
            return Self { address: ([127, 0, 0, 1], 1).into(), connections };
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::clone(&connections);
        let (tls, held) = (tls(), Arc::new(Mutex::new(Vec::new())));
        let accept = move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (tls, held) = (Arc::clone(&tls), Arc::clone(&held));
                let meet = move || match fault {
                    Fault::BlackHole => held.lock().unwrap().push(stream),
                    Fault::Stranger => refuse_to_prove(tls, stream),
                    Fault::Unavailable => unavailable(&stream),
                    // What came is not read: that makes a reset of its end.
                    Fault::Reset | Fault::Refused => drop(stream.peek(&mut [0])),
                };
                Builder::new().spawn(meet).unwrap();
            }
        };
        Builder::new().spawn(accept).unwrap();
        Self { address, connections }
    }

    /// `scheme://address`
    pub(crate) fn endpoint(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Waits until so many came.
    #[track_caller]
    pub(crate) fn wait_for(&self, connections: usize) {
        for _ in 0..LONG.as_millis() {
            if self.connections() >= connections {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("{} came, not {connections}", self.connections());
    }

    /// How many came so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn tls() -> Arc<rustls::ServerConfig> {
    let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = signed.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key);
    Arc::new(tls.unwrap())
}

fn refuse_to_prove(tls: Arc<rustls::ServerConfig>, mut stream: TcpStream) {
    let mut connection = rustls::ServerConnection::new(tls).unwrap();
    let trusted = connection.complete_io(&mut stream).is_ok() && !connection.is_handshaking();
    // With TLS 1.3 a client's refusal comes after what the server takes for the end of the handshake.
    let mut byte = [0];
    let read = trusted.then(|| rustls::Stream::new(&mut connection, &mut stream).read(&mut byte));
    assert!(!matches!(read, Some(Ok(1))), "somebody trusts it");
}

fn unavailable(stream: &TcpStream) {
    // Enough of them to tell HTTP/2 from a POST; the first of a connection come together.
    let mut start = [0; 3];
    if stream.peek(&mut start).is_ok() && start.starts_with(b"PR") {
        drop(unavailable_over_http_2(stream));
        return;
    }
    let mut from = BufReader::new(stream);
    while read_request(&mut from).is_some() {
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;
/// End of the stream, end of the headers.
const WHOLE: u8 = 1 | 4;

/// As much of HTTP/2 as says 503 to everything.
fn unavailable_over_http_2(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    stream.write_all(&[0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [high, middle, low, kind, flags, number @ ..] = head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        stream.read_exact(&mut vec![0; usize::try_from(length).unwrap()])?;
        if kind == SETTINGS && flags & ACK == 0 {
            stream.write_all(&[0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0])?;
        }
        if kind == HEADERS {
            let mut answer = vec![0, 0, 5, HEADERS, WHOLE];
            answer.extend(number);
            // `:status`, by its number in the table of names.
            answer.extend(b"\x08\x03503");
            stream.write_all(&answer)?;
        }
    }
}
