//! A receiver on a thread of its own, over TLS and HTTP/2, with a certificate of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};

/// Less than the process has: what takes this long is told from inside.
pub(crate) const LONG: Duration = Duration::from_secs(20);
/// The name of its thread.
pub(crate) const SERVER: &str = "test-server";

/// A request that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

type Requests = Arc<Mutex<Vec<Posted>>>;

/// Takes everything that is posted, also by gRPC.
pub(crate) struct Server {
    address: SocketAddr,
    certificate: rcgen::Certificate,
    requests: Requests,
}

impl Server {
    pub(crate) fn start() -> Self {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = signed.cert;
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let chain = vec![certificate.der().clone()];
        let mut tls = tls.with_no_client_auth().with_single_cert(chain, key).unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];

        let requests = Requests::default();
        let (listening, is_listening) = sync_channel(1);
        let seen = Arc::clone(&requests);
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(tls, seen, listening));
        };
        Builder::new().name(SERVER.to_owned()).spawn(serve).unwrap();
        let address = is_listening.recv_timeout(LONG).unwrap();
        Self { address, certificate, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub(crate) fn requests(&self) -> Vec<Posted> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(tls: rustls::ServerConfig, requests: Requests, listening: SyncSender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listening.send(listener.local_addr().unwrap()).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&requests)));
    }
}

async fn connection(acceptor: tokio_rustls::TlsAcceptor, stream: TcpStream, requests: Requests) {
    let stream = acceptor.accept(stream).await.unwrap();
    let answer = service_fn(|request: Request<Incoming>| {
        let requests = Arc::clone(&requests);
        async move { Ok::<_, Infallible>(take(request, &requests).await) }
    });
    let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // Ends with an error when the client goes without a word.
    let _ended = http.serve_connection(TokioIo::new(stream), answer).await;
}

/// A success: of gRPC, an empty message and a status behind it.
async fn take(
    request: Request<Incoming>,
    requests: &Requests,
) -> Response<impl hyper::body::Body<Data = Bytes, Error = Infallible> + use<>> {
    let grpc = HeaderValue::from_static("application/grpc");
    let is_grpc = request.headers().get(CONTENT_TYPE) == Some(&grpc);
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
    requests.lock().unwrap().push(Posted { path, body });

    let message: &[u8] = if is_grpc { &[0; 5] } else { &[] };
    let status = is_grpc.then(|| {
        let status = ("grpc-status".parse().unwrap(), HeaderValue::from_static("0"));
        Ok(HeaderMap::from_iter([status]))
    });
    let body = Full::new(Bytes::from_static(message)).with_trailers(async { status });
    let mut response = Response::new(body);
    if is_grpc {
        response.headers_mut().insert(CONTENT_TYPE, grpc);
    }
    response
}
