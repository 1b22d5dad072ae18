//! Answers to the GETs of the run: a document, filled with spaces to the size that the simulation counts.
//!
//! The head is as short as it can be: how the bytes that PeerTube answers divide into head and body was not recorded.

use super::cluster::Cluster;
use super::documents::Text;
use super::inbox::{Connection, received_message};
use super::observations::Observation;
use super::own_sockets::RequestId;
use super::reply::{Reply, plain, rejected};
use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Activity;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::refusal::Refusal::RateLimited;
use crate::observe::AnswerEnd;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue};
use hyper::{Response, StatusCode};

/// A smaller answer may have no room for its head and the document.
pub(super) const ANSWER_BYTES_MIN: u32 = 750;
/// A larger answer is not made: many may be under way at once, and each is in memory at both ends.
pub(super) const ANSWER_BYTES_MAX: u32 = 256_000;

/// Answers the GET of `activity`, which came over the connection that this process opened for it, with `document`.
pub(super) fn answer(
    cluster: &Cluster,
    id: InstanceId,
    connection: &Connection,
    (request, activity): (RequestId, &Activity),
    document: Text,
) -> Reply {
    let mut guard = cluster.state();
    let state = &mut *guard;
    let now = match state.accept_get(id) {
        Ok(now) => now,
        Err(why) => {
            drop(guard);
            return rejected(cluster, id, why);
        }
    };
    let from = activity.author;
    let message = received_message(state, id, from, activity, 0, connection.bytes.read());
    let simulated = message.message();
    let cache = cluster.cell.other.asked_back.cache;
    let is_cached = state.gets.is_cached(cache, &simulated, now);
    let limiter = state.outboxes[id.index()].limiter.as_mut().filter(|_| !is_cached);
    let is_taken = limiter.is_none_or(|limiter| limiter.takes(now, from));
    let (arrival, bytes) = if is_taken {
        state.report(Observation::Delivered { now, message: message.clone() });
        (Arrival::Delivered, simulated.answer_bytes())
    } else {
        state.report(Observation::Refused { now, message: message.clone() });
        (Arrival::Refused(RateLimited), u64::from(simulated.response_bytes))
    };
    state.settle(request, arrival);
    state.report(Observation::Answered { at: now, message, bytes, end: AnswerEnd::Leaves });
    if !is_taken {
        return plain(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    }
    if !is_cached {
        state.gets.keep_answer(cache, &simulated, now);
    }
    drop(guard);
    sized(document, &cluster.cell.names.http_date(now), bytes as usize)
}

/// The answer with a document whose head and body have so many bytes, if there is room.
fn sized(Text { kind, mut text }: Text, date: &str, bytes: usize) -> Reply {
    // the digits of a length may leave one size out, which a head that is a byte shorter has
    let tight = kind.replace("; ", ";");
    let fitting = [kind, &tight].into_iter().find_map(|kind| {
        let length = (1..=9).find_map(|digits| {
            let length = bytes.checked_sub(head_bytes(kind, date, &"0".repeat(digits)))?;
            (length.to_string().len() == digits).then_some(length)
        });
        Some((kind, length.filter(|length| *length >= text.len())?))
    });
    let (kind, length) = fitting.unwrap_or((kind, text.len()));
    text.extend(std::iter::repeat_n(' ', length - text.len()));
    let value = |text: &str| HeaderValue::from_str(text).expect("our own head");
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, value(kind));
    headers.insert(CONTENT_LENGTH, value(&length.to_string()));
    headers.insert(DATE, value(date));
    headers.insert(CONNECTION, value("close"));
    reply
}

/// The bytes of the head of an answer, with the empty line.
fn head_bytes(kind: &str, date: &str, length: &str) -> usize {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ndate: {date}\r\nconnection: close\r\n\r\n"
    )
    .len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
    const KIND: &str = "application/activity+json; charset=utf-8";

    /// Also where the length of the body gets one digit more.
    #[tokio::test]
    async fn an_answer_has_just_the_size_that_is_asked_for() {
        for size in (ANSWER_BYTES_MIN as usize..1_400).chain(10_100..10_300).chain([256_000]) {
            let reply = sized(Text { kind: KIND, text: "{\"id\":1}".to_owned() }, DATE, size);
            let header = |name| reply.headers()[name].to_str().expect("text").to_owned();
            let head = head_bytes(&header(CONTENT_TYPE), DATE, &header(CONTENT_LENGTH));
            let length: usize = header(CONTENT_LENGTH).parse().expect("a number");
            let body = reply.into_body().collect().await.expect("it is there").to_bytes();
            assert_eq!((head + body.len(), body.len()), (size, length));
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")["id"], 1);
        }
    }

    #[tokio::test]
    async fn a_document_without_room_is_sent_whole() {
        let text = "x".repeat(900);
        let reply = sized(Text { kind: KIND, text: text.clone() }, DATE, 1_000);
        assert_eq!(reply.into_body().collect().await.expect("it is there").to_bytes(), text);
    }
}
