//! Replies of the servers, and the bodies of requests that they read.

use super::cluster::Cluster;
use super::inputs::Rejection;
use crate::foundation::ids::InstanceId;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use std::time::Duration;

/// A whole body has to come within this time.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 64 << 10;

pub(super) type Reply = Response<Full<Bytes>>;

pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

/// A reply of one line of text.
pub(super) fn plain(status: StatusCode, text: &str) -> Reply {
    let mut reply = typed("text/plain; charset=utf-8", format!("{text}\n"));
    *reply.status_mut() = status;
    reply
}

/// A reply of a content type.
pub(super) fn typed(content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// The reply to an input that an instance does not accept now. Counts it.
pub(super) fn rejected(cluster: &Cluster, id: InstanceId, rejection: Rejection) -> Reply {
    match rejection.reason() {
        None => plain(StatusCode::SERVICE_UNAVAILABLE, "down"),
        Some(reason) => {
            cluster.refusals.count(reason, || format!("at {id}"));
            plain(StatusCode::TOO_MANY_REQUESTS, "too many requests")
        }
    }
}

/// The whole body of a request, within the limits, or the reply that refuses it.
pub(super) async fn whole_body(cluster: &Cluster, body: Incoming) -> Result<Bytes, Reply> {
    let too_large = || {
        cluster.refusals.count("bodies_too_large", || format!("more than {BODY_BYTES_MAX} bytes"));
        plain(StatusCode::PAYLOAD_TOO_LARGE, "too large")
    };
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            cluster.refusals.count("bodies_broken", || error.to_string());
            Err(plain(StatusCode::BAD_REQUEST, "broken"))
        }
        Err(_) => {
            cluster.refusals.count("bodies_too_slow", || format!("more than {BODY_TIME_MAX:?}"));
            Err(plain(StatusCode::REQUEST_TIMEOUT, "too slow"))
        }
    }
}

/// Received bytes as text of at most 120 characters on one line.
pub(super) fn excerpt(body: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 120;
    String::from_utf8_lossy(body).chars().take(CHARACTERS_MAX).collect::<String>().escape_debug().to_string()
}
