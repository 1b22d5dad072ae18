//! One request of HTTP/1.1 on a connection of its own, and its answer: what a sender of activities, a client of the
//! workload or a reader of an actor document does.
//!
//! It connects to the address that it is given: no name is resolved, no redirect is followed, no proxy is asked. An answer
//! is read up to a limit. The head goes out with the names of headers in lower case (RFC 9110: their case means nothing),
//! in the order given.

use super::own::{OwnSockets, Purpose};
use super::socket::Counted;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// No answer may be larger.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Nor its head.
const ANSWER_HEAD_BYTES_MAX: usize = 32 << 10;
/// An answer that takes longer is none.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What came back, and what crossed the socket.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    /// Bytes that left, head and body.
    pub(super) written: u64,
    /// Bytes that came, head and body.
    pub(super) read: u64,
}

/// Why nothing came back.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// There is no connection.
    Connect(std::io::Error),
    /// The connection ended too early, or what came is no HTTP or too large.
    Broken(String),
    /// Nothing came in time.
    TooSlow,
    /// The request cannot be written.
    Unsound(String),
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoAnswer::Connect(error) => write!(f, "no connection: {error}"),
            NoAnswer::Broken(error) => write!(f, "no answer: {error}"),
            NoAnswer::TooSlow => write!(f, "no answer within {ANSWER_TIME_MAX:?}"),
            NoAnswer::Unsound(error) => write!(f, "no request: {error}"),
        }
    }
}

/// Makes a request to a server of others and reads its answer.
pub(super) async fn exchange(to: SocketAddr, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
    in_time(async {
        let stream = TcpStream::connect(to).await.map_err(NoAnswer::Connect)?;
        exchange_on(stream, request).await
    })
    .await
}

/// The same to a server of the run, which knows whose connection it is.
pub(super) async fn exchange_own(
    own: &OwnSockets,
    purpose: Purpose,
    to: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Answer, NoAnswer> {
    in_time(async {
        let (stream, _noted) = own.connect(to, purpose).await.map_err(NoAnswer::Connect)?;
        exchange_on(stream, request).await
    })
    .await
}

async fn in_time(exchange: impl Future<Output = Result<Answer, NoAnswer>>) -> Result<Answer, NoAnswer> {
    tokio::time::timeout(ANSWER_TIME_MAX, exchange).await.unwrap_or(Err(NoAnswer::TooSlow))
}

async fn exchange_on(stream: TcpStream, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
    let broken = |error: &dyn std::fmt::Display| NoAnswer::Broken(error.to_string());
    // a request is one small write; waiting for more would cost a round trip
    stream.set_nodelay(true).map_err(NoAnswer::Connect)?;
    let (counted, crossed) = Counted::new(stream);
    let mut client = http1::Builder::new();
    client.max_buf_size(ANSWER_HEAD_BYTES_MAX);
    let (mut sender, connection) =
        client.handshake(TokioIo::new(counted)).await.map_err(|error| broken(&error))?;
    let answered = async {
        let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| broken(&error))?.to_bytes()))
    };
    // the connection is driven here, so that nothing of it outlives the answer
    tokio::pin!(answered);
    let (status, body) = tokio::select! {
        answered = &mut answered => answered?,
        ended = connection => {
            ended.map_err(|error| broken(&error))?;
            answered.await?
        }
    };
    Ok(Answer { status, body, written: crossed.written(), read: crossed.read() })
}

/// A request with exactly the lines of a head: its first line, then its headers in their order.
pub(super) fn request_of(head: &str, body: Bytes) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let unsound = || NoAnswer::Unsound(format!("{head:?} is no head"));
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().ok_or_else(unsound)?, first.next().ok_or_else(unsound)?);
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| unsound())?;
    *request.uri_mut() = target.parse().map_err(|_| unsound())?;
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").ok_or_else(unsound)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsound())?;
        request.headers_mut().append(name, HeaderValue::from_str(value).map_err(|_| unsound())?);
    }
    Ok(request)
}

/// A GET of a document of ActivityPub, or any other JSON.
pub(super) fn get(host: &str, target: &str) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let accept = "application/activity+json, application/ld+json";
    let head =
        format!("GET {target} HTTP/1.1\r\nhost: {host}\r\naccept: {accept}\r\nconnection: close\r\n\r\n");
    request_of(&head, Bytes::new())
}

/// The address in a URL of plain HTTP with a literal IP address, and the target behind it.
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
