//! The HTTP/1.1 client: one request on a new connection, and its answer.
//!
//! It connects to the given address: no name is resolved, no redirect followed, no proxy used. An answer is read up to a
//! limit. Headers go out in the given order, with their names in lower case (RFC 9110: case has no meaning).

use super::counted_stream::CountedStream;
use super::own_sockets::{OwnSockets, Purpose};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;

const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The same of servers of the run, which answer some GETs with more (`answering`).
const OWN_ANSWER_BYTES_MAX: usize = 512 << 10;
const ANSWER_HEAD_BYTES_MAX: usize = 32 << 10;
/// An answer has to come within this time.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// An answer, and the bytes that crossed the socket.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// How long to wait before asking again, if it says that in seconds.
    pub(super) retry_after_s: Option<u32>,
    /// Bytes of the request, head and body.
    pub(super) written: u64,
    /// Bytes of the answer, head and body.
    pub(super) read: u64,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum NoAnswer {
    /// There is no connection.
    #[error("no connection: {0}")]
    Connect(std::io::Error),
    /// The connection ended early, or what came is not HTTP or too large.
    #[error("no answer: {0}")]
    Broken(String),
    /// It did not come in time.
    #[error("no answer within {:?}", ANSWER_TIME_MAX)]
    TooSlow,
    /// The request cannot be written.
    #[error("no request: {0}")]
    Invalid(String),
}

/// Sends a request to a server outside of the run, and reads its answer.
pub(super) async fn exchange(to: SocketAddr, head: &str, body: Bytes) -> Result<Answer, NoAnswer> {
    let request = request_of(head, body)?;
    in_time(async {
        let stream = TcpStream::connect(to).await.map_err(NoAnswer::Connect)?;
        exchange_on(stream, request, ANSWER_BYTES_MAX).await
    })
    .await
}

/// Sends a request to a server of the run over a registered socket, and reads its answer.
pub(super) async fn exchange_own(
    own: &OwnSockets,
    purpose: Purpose,
    to: SocketAddr,
    head: &str,
    body: Bytes,
) -> Result<Answer, NoAnswer> {
    let request = request_of(head, body)?;
    in_time(async {
        let (stream, _registration) = own.connect(to, purpose).await.map_err(NoAnswer::Connect)?;
        exchange_on(stream, request, OWN_ANSWER_BYTES_MAX).await
    })
    .await
}

async fn in_time(exchange: impl Future<Output = Result<Answer, NoAnswer>>) -> Result<Answer, NoAnswer> {
    tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.unwrap_or(Err(NoAnswer::TooSlow))
}

async fn exchange_on(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
    body_bytes_max: usize,
) -> Result<Answer, NoAnswer> {
    let broken = |error: &dyn std::fmt::Display| NoAnswer::Broken(error.to_string());
    // a request is one small write, and waiting for more would cost a round trip
    stream.set_nodelay(true).map_err(NoAnswer::Connect)?;
    let (counted, bytes) = CountedStream::new(stream);
    let mut client = http1::Builder::new();
    client.max_buf_size(ANSWER_HEAD_BYTES_MAX);
    let (mut sender, connection) =
        client.handshake(TokioIo::new(counted)).await.map_err(|error| broken(&error))?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let retry_after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(answer.into_body(), body_bytes_max).collect().await;
        Ok((status, retry_after, body.map_err(|error| broken(&error))?.to_bytes()))
    };
    // the connection is driven here, so that it ends with the answer
    tokio::pin!(answered);
    let (status, retry_after_s, body) = tokio::select! {
        answered = &mut answered => answered?,
        ended = connection => {
            ended.map_err(|error| broken(&error))?;
            answered.await?
        }
    };
    Ok(Answer { status, body, retry_after_s, written: bytes.written(), read: bytes.read() })
}

/// The request with the lines of a head: the first line, then the headers in their order.
fn request_of(head: &str, body: Bytes) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let invalid = || NoAnswer::Invalid(format!("{head:?} is no head"));
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().ok_or_else(invalid)?, first.next().ok_or_else(invalid)?);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| invalid())?;
    *request.uri_mut() = target.parse().map_err(|_| invalid())?;
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").ok_or_else(invalid)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        request.headers_mut().append(name, HeaderValue::from_str(value).map_err(|_| invalid())?);
    }
    Ok(request)
}

pub(super) fn get_head(host: &str, target: &str) -> String {
    let accept = "application/activity+json, application/ld+json";
    format!("GET {target} HTTP/1.1\r\nhost: {host}\r\naccept: {accept}\r\nconnection: close\r\n\r\n")
}

/// The address and the target in a URL of plain HTTP with a literal IP address.
pub(super) fn address_of(url: &str) -> Option<(SocketAddr, &str)> {
    let rest = url.strip_prefix("http://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let address = rest[..end].parse().ok()?;
    Some((address, if end == rest.len() { "/" } else { &rest[end..] }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literal_addresses_are_addresses() {
        let address = |text: &str| Some(text.parse::<SocketAddr>().expect("an address"));
        for (url, expected, target) in [
            ("http://127.0.0.1:9001/inbox", address("127.0.0.1:9001"), "/inbox"),
            ("http://[::1]:80", address("[::1]:80"), "/"),
            ("https://127.0.0.1:9001/inbox", None, ""),
            ("http://localhost:9001/inbox", None, ""),
            ("http://127.0.0.1/inbox", None, ""),
            ("http://user@127.0.0.1:9001/", None, ""),
        ] {
            assert_eq!(address_of(url).map(|(address, _)| address), expected, "{url}");
            assert_eq!(address_of(url).map_or("", |(_, target)| target), target, "{url}");
        }
    }

    #[test]
    fn a_head_becomes_the_same_headers_in_order() {
        let request =
            request_of("POST /inbox HTTP/1.1\r\nb: 1\r\na: 2\r\n\r\n", Bytes::new()).expect("a head");
        let names: Vec<_> = request.headers().iter().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(names, [("b", &HeaderValue::from_static("1")), ("a", &HeaderValue::from_static("2"))]);
        assert!(request_of("POST", Bytes::new()).is_err());
        assert!(request_of("POST /inbox HTTP/1.1\r\nno colon\r\n", Bytes::new()).is_err());
    }
}
