//! OTLP over HTTP: one POST, one answer, no redirects.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT as AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ode_core::DropReason;

use crate::otlp::encode::{Answer, Format};
use crate::otlp::transport::body::{MAX_ANSWER_BYTES, Pieces, Unread, read};
use crate::otlp::transport::compress::Message;
use crate::otlp::transport::connector::Connector;
use crate::otlp::transport::deadline::Deadline;
use crate::otlp::transport::failure::{Failure, Verdict};
use crate::otlp::transport::retry_after::{retry_after, wall_clock};
use crate::otlp::transport::target::{Target, USER_AGENT};

/// Of the body of an error as much is read, so that the connection can be used again.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Connections, open ones among them.
pub(crate) type Pool = legacy::Client<Connector, Pieces>;

/// A pool without connections yet.
pub(crate) fn pool(connector: Connector) -> Pool {
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .build(connector)
}

/// A client of one URL.
pub(crate) struct Client {
    pool: Pool,
    url: Uri,
    headers: HeaderMap,
}

impl Client {
    pub(crate) fn new(target: &Target, connector: Connector) -> Result<Self, Failure> {
        let url = target.endpoint.url().parse::<Uri>().map_err(|_| {
            Failure::unsent(Verdict::REFUSED, "its URL cannot be used; correct the endpoint")
        })?;
        let mut headers = target.headers.clone();
        let content_type = match target.format() {
            Format::Protobuf => "application/x-protobuf",
            Format::Json => "application/json",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(AGENT, HeaderValue::from_static(USER_AGENT));
        Ok(Self { pool: pool(connector), url, headers })
    }

    /// Sends a request that holds `sent` events.
    pub(crate) async fn send(
        &self,
        message: &Message,
        sent: usize,
        deadline: Deadline,
    ) -> Result<Answer, Failure> {
        let mut request = Request::new(Pieces::new([Bytes::clone(&message.bytes)]));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(encoding) = message.encoding {
            request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        exchange(&self.pool, request, message.encoding, sent, deadline).await
    }
}

/// Sends a request that holds `sent` events, and hears what becomes of it.
pub(crate) async fn exchange(
    pool: &Pool,
    request: Request<Pieces>,
    encoding: Option<&str>,
    sent: usize,
    deadline: Deadline,
) -> Result<Answer, Failure> {
    let response = deadline.within(pool.request(request)).await?;
    let response = response.map_err(|error| Failure::unanswered("no answer came", &error))?;
    let status = response.status();
    if status.is_success() {
        return accepted(response, sent, deadline).await;
    }
    let after = response.headers().get(RETRY_AFTER);
    let after = after.and_then(|value| retry_after(value.as_bytes(), wall_clock()));
    let verdict = match status.as_u16() {
        429 | 502..=504 => Verdict::Retry(after),
        413 => Verdict::Drop(DropReason::RequestTooLarge),
        _ => Verdict::REFUSED,
    };
    // What it says may repeat credentials. The status is known, whatever becomes of the rest.
    let read = deadline.within(read(response.into_body(), MAX_ERROR_BYTES)).await;
    let is_broken = !matches!(read, Ok(Ok(_)));
    let what = format!("answered {}{}", named(status), hint(status, encoding));
    Err(Failure::answered(verdict, what).broken(is_broken))
}

/// A success, of all or of some. None of them is sent again, so what cannot be read of the answer
/// does not change that it was one.
async fn accepted<B>(
    response: Response<B>,
    sent: usize,
    deadline: Deadline,
) -> Result<Answer, Failure>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, body) = response.into_parts();
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match deadline.within(read(body, MAX_ANSWER_BYTES)).await {
        Ok(Ok(read)) => Ok(Answer::read(&read.bytes, content_type, sent)),
        Ok(Err(Unread::TooLarge)) => {
            let what = "its answer is larger than 4 MiB";
            Err(Failure::answered(Verdict::REFUSED, what).broken(true))
        }
        Ok(Err(Unread::Broken(_))) | Err(_) => Ok(Answer::default()),
    }
}

fn named(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("with a status that is not known");
    format!("{} {reason}", status.as_u16())
}

/// What to look at.
fn hint(status: StatusCode, encoding: Option<&str>) -> &'static str {
    match status.as_u16() {
        300..=399 => "; redirects are not followed, so give the URL that it leads to",
        401 | 403 => "; look at the header with the credentials",
        404 | 405 => "; look at the path, and whether this signal is taken there",
        413 => "; lower `max_request_bytes`",
        400 | 415 if encoding.is_some() => "; it may not take compressed requests",
        _ => "",
    }
}
