//! OTLP over gRPC: one unary call. The channel is tonic's, which opens the connection and opens it
//! again when it broke; the five bytes before a message are put here, because a message is compressed
//! once, at a level of our choice, and not at every attempt; and statuses are read here, because a
//! malformed one must not panic.

use std::error::Error;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, TimeoutExpired};
use tower_service::Service;

use crate::otlp::encode::{Answer, Signal};
use crate::otlp::transport::body::{MAX_ANSWER_BYTES, Pieces, Unread, read};
use crate::otlp::transport::compress::Message;
use crate::otlp::transport::connector::Connector;
use crate::otlp::transport::deadline::Deadline;
use crate::otlp::transport::failure::{Failure, Verdict};
use crate::otlp::transport::grpc_status::{code, code_of_http, failure};
use crate::otlp::transport::target::{Target, USER_AGENT};

/// What stands before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A client of one method.
pub(crate) struct Client {
    channel: Channel,
    path: Uri,
    headers: HeaderMap,
}

impl Client {
    /// To be called on the runtime that it is to live on.
    pub(crate) fn new(
        target: &Target,
        signal: Signal,
        connector: Connector,
    ) -> Result<Self, Failure> {
        let channel = channel(target, connector)?;
        let mut headers = target.headers.clone();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        if let Some(timeout) = target.timeout.and_then(grpc_timeout) {
            headers.insert("grpc-timeout", timeout);
        }
        let path = Uri::from_static(match signal {
            Signal::Spans => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        });
        Ok(Self { channel, path, headers })
    }

    /// Sends a request that holds `sent` events.
    pub(crate) async fn send(
        &mut self,
        message: &Message,
        sent: usize,
        deadline: Deadline,
    ) -> Result<Answer, Failure> {
        let request = self.request(message);
        let call = async {
            poll_fn(|cx| GrpcService::poll_ready(&mut self.channel, cx)).await?;
            GrpcService::call(&mut self.channel, request).await
        };
        let response = deadline.within(call).await?;
        let response = response.map_err(|error| unanswered(&error, deadline))?;
        answered(response, message, sent, deadline).await
    }

    fn request(&self, message: &Message) -> Request<Body> {
        let length = u32::try_from(message.bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
        let mut prefix = Vec::with_capacity(PREFIX);
        prefix.push(u8::from(message.encoding.is_some()));
        prefix.extend_from_slice(&length);
        let pieces = Pieces::new([prefix.into(), Bytes::clone(&message.bytes)]);
        let mut request = Request::new(Body::new(pieces));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(encoding) = message.encoding {
            request.headers_mut().insert("grpc-encoding", HeaderValue::from_static(encoding));
        }
        request
    }
}

/// tonic reads `grpc-timeout` too, and its clock may be the one that is looked at first.
fn unanswered(error: &(dyn Error + 'static), deadline: Deadline) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return deadline.missed();
        }
        cause = error.source();
    }
    Failure::unanswered("no answer came", error)
}

/// The status is at the end of an answer, so an answer without an end is none.
async fn answered(
    response: Response<Body>,
    message: &Message,
    sent: usize,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    if let Some(code) = code(&head.headers) {
        return settled(code, &head.headers, &[], message, sent);
    }
    if !head.status.is_success() {
        let code = code_of_http(head.status.as_u16());
        return settled(code, &head.headers, &[], message, sent);
    }
    match deadline.within(read(body, PREFIX + MAX_ANSWER_BYTES)).await? {
        Ok(read) => {
            let trailers = read.trailers.unwrap_or_default();
            let code = code(&trailers).unwrap_or(Code::Unknown);
            settled(code, &trailers, &read.bytes, message, sent)
        }
        Err(Unread::TooLarge) => {
            let what = "its answer is larger than 4 MiB";
            Err(Failure::answered(Verdict::REFUSED, what).broken(true))
        }
        Err(Unread::Broken(error)) => Err(Failure::unanswered("the answer broke off", &error)),
    }
}

fn settled(
    code: Code,
    headers: &HeaderMap,
    body: &[u8],
    message: &Message,
    sent: usize,
) -> Result<Answer, Failure> {
    if code == Code::Ok {
        let body = body.get(PREFIX..).unwrap_or_default();
        return Ok(Answer::read(body, None, sent));
    }
    Err(failure(code, headers, message.encoding))
}

/// A connection to a target, made when it is needed. To be called on the runtime that it is to live
/// on.
pub(crate) fn channel(target: &Target, connector: Connector) -> Result<Channel, Failure> {
    let unusable = "its URL cannot be used; correct the endpoint";
    let unusable = || Failure::unsent(Verdict::REFUSED, unusable);
    let url = target.endpoint.url().parse::<Uri>().map_err(|_| unusable())?;
    let authority = target.endpoint.authority();
    // Where somebody switched tonic's TLS on, it would not let `https` pass to a connector that
    // speaks TLS itself. So it is not told where the connection goes.
    let endpoint = Endpoint::from_shared(format!("http://{authority}"));
    let endpoint = endpoint.and_then(|endpoint| endpoint.user_agent(USER_AGENT));
    let endpoint = endpoint.map_err(|_| unusable())?.origin(url.clone());
    Ok(endpoint.connect_with_connector_lazy(Fixed { connector, url }))
}

/// How long the receiver may take, as at most eight digits and a unit.
fn grpc_timeout(timeout: Duration) -> Option<HeaderValue> {
    const MOST: u128 = 99_999_999;
    let millis = timeout.as_millis();
    let text = if millis <= MOST {
        format!("{}m", millis.max(1))
    } else {
        format!("{}S", u128::from(timeout.as_secs()).min(MOST))
    };
    HeaderValue::from_str(&text).ok()
}

/// A connector that goes to one place, whatever it is asked.
struct Fixed {
    connector: Connector,
    url: Uri,
}

impl Service<Uri> for Fixed {
    type Response = <Connector as Service<Uri>>::Response;
    type Error = <Connector as Service<Uri>>::Error;
    type Future = <Connector as Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        self.connector.call(self.url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_at_most_eight_digits() {
        for (timeout, expected) in [
            (Duration::from_secs(10), "10000m"),
            (Duration::from_micros(5), "1m"),
            (Duration::from_millis(99_999_999), "99999999m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(grpc_timeout(timeout).unwrap(), expected);
        }
    }
}
