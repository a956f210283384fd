//! Where every request ends: its spans are counted, so that nobody is fast because it drops.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ode_benches::side::Arrived;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};

static SPANS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static KEEP: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Takes a request, as a transport that costs nothing.
pub(crate) fn take(request: &[u8]) {
    SPANS.fetch_add(count_spans(request), Ordering::Relaxed);
    BYTES.fetch_add(request.len(), Ordering::Relaxed);
    if KEEP.load(Ordering::Relaxed) {
        KEPT.lock().expect("no panic").push(request.to_vec());
    }
    black_box(request);
}

/// What arrived.
pub(crate) fn arrived() -> Arrived {
    Arrived { events: SPANS.load(Ordering::Relaxed), bytes: BYTES.load(Ordering::Relaxed) }
}

/// The requests since the first call of this.
pub(crate) fn kept() -> Vec<Vec<u8>> {
    KEEP.store(true, Ordering::Relaxed);
    std::mem::take(&mut *KEPT.lock().expect("no panic"))
}

/// Counts by the frames alone, which costs next to nothing: the spans of the scopes of the
/// resources are field 2 in field 2 in field 1.
fn count_spans(request: &[u8]) -> usize {
    let in_scope = |scope| messages(scope, 2).count();
    let in_resource = |resource| messages(resource, 2).map(in_scope).sum::<usize>();
    messages(request, 1).map(in_resource).sum()
}

/// The fields of this number in a message in which every field has a length.
fn messages(mut rest: &[u8], field: u8) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        while let Some((tag, after)) = rest.split_first() {
            assert_eq!(tag & 7, 2, "a field with a length");
            let (mut length, mut shift, mut at) = (0, 0, 0);
            loop {
                let byte = after[at];
                length |= usize::from(byte & 0x7f) << shift;
                (shift, at) = (shift + 7, at + 1);
                if byte < 0x80 {
                    break;
                }
            }
            let (body, next) = after[at..].split_at(length);
            rest = next;
            if tag >> 3 == field {
                return Some(body);
            }
        }
        None
    })
}

/// The exporter of `opentelemetry-otlp`, http/protobuf, with a client that answers 200.
pub(crate) fn exporter() -> SpanExporter {
    SpanExporter::builder()
        .with_http()
        .with_http_client(NullClient)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint("http://localhost:4318/v1/traces")
        .build()
        .expect("an exporter")
}

#[derive(Debug)]
struct NullClient;

#[async_trait]
impl HttpClient for NullClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        take(request.body());
        Ok(Response::new(Bytes::new()))
    }
}
