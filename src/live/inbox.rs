//! The inbox of a server: an authenticated activity takes effect, and its sender gets the reply that PeerTube gives.

use super::authentication::{Authenticated, Content, Refusal, Sender, authenticate, replayed};
use super::capture;
use super::cluster::Cluster;
use super::counted_stream::ByteCounts;
use super::follows;
use super::inputs::Client;
use super::observations::{Observation, OwnedMessage};
use super::own_sockets::Purpose;
use super::peers::{POSTS_OF_PEER_MAX, Peer};
use super::reply::{Reply, empty, excerpt, plain, rejected, whole_body};
use super::state::State;
use crate::cell::Cell;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Form};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::refusal::Refusal::RateLimited;
use crate::mechanism::wire::{AnswerHead, Document, Persistence, Read, Sizes};
use crate::observe::AnswerEnd;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};

/// The connection of a request.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) bytes: ByteCounts,
    /// What this process opened it for. None of a stranger's.
    pub(super) own: Option<Purpose>,
}

pub(super) async fn take(
    cluster: &Cluster,
    id: InstanceId,
    connection: &Connection,
    request: Request<Incoming>,
) -> Reply {
    let bytes = &connection.bytes;
    let before = bytes.written();
    let (parts, body) = request.into_parts();
    let body = match whole_body(cluster, body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    // each request of the run has its own connection, so all that came before the body is the head
    let head_bytes = if before == 0 { bytes.read().saturating_sub(body.len() as u64) } else { 0 };
    let taken = match authenticate(cluster, id, connection.own, &parts, &body).await {
        Ok(Authenticated { from, sender, content: Content::Activity(document, read) }) => {
            capture_request(cluster, [from, read.author], &parts, &body);
            take_effect(cluster, id, from, sender, (&document, &read), body.clone(), head_bytes)
        }
        Ok(Authenticated { from, sender, content: Content::Other }) => {
            accept_once(cluster, id, from, sender).map(|()| follows::take(cluster, id, from, &body))
        }
        Err(refusal) => Err(refusal),
    };
    taken.unwrap_or_else(|(status, reason, text)| {
        cluster.refusals.count(reason, || format!("{text} ({})", excerpt(&body)));
        plain(status, &text)
    })
}

fn capture_request(cluster: &Cluster, signers: [InstanceId; 2], parts: &Parts, body: &Bytes) {
    let Some(capture) = &cluster.capture else { return };
    let pem = |id: InstanceId| cluster.servers.get(id.index()).map(|server| server.key.public_key_pem());
    if !capture.note(parts, body, signers.map(pem)) {
        cluster.refusals.count("captures_too_many", || format!("more than {} bytes", capture::BYTES_MAX));
    }
}

/// Accepts a request, unless it was accepted before.
fn accept_once(cluster: &Cluster, id: InstanceId, from: InstanceId, sender: Sender) -> Result<(), Refusal> {
    let Sender::Peer(fingerprint) = sender else { return Ok(()) };
    if !cluster.peer(from).is_some_and(Peer::may_post) {
        let text = format!("more than {POSTS_OF_PEER_MAX} posts");
        return Err((StatusCode::TOO_MANY_REQUESTS, "posts_of_peers_too_many", text));
    }
    let is_first = cluster.server(id).accepted().insert(fingerprint, cluster.unix_s());
    if is_first { Ok(()) } else { Err(replayed()) }
}

/// Lets an activity take effect, and replies.
fn take_effect(
    cluster: &Cluster,
    id: InstanceId,
    from: InstanceId,
    sender: Sender,
    (document, read): (&Document, &Read),
    body: Bytes,
    head_bytes: u64,
) -> Result<Reply, Refusal> {
    let mut guard = cluster.state();
    let state = &mut *guard;
    let client = if matches!(sender, Sender::Own(..)) { Client::Own } else { Client::Stranger };
    let now = match state.accept(id, client) {
        Ok(now) => now,
        Err(why) => {
            drop(guard);
            return Ok(rejected(cluster, id, why));
        }
    };
    let limiter = state.outboxes[id.index()].limiter.as_mut();
    let left = limiter.map(|limiter| (limiter.takes(now, from), limiter.left(from)));
    let settle = |state: &mut State, arrival| {
        if let Sender::Own(request_id, _) = sender {
            state.settle(request_id, arrival);
        }
    };
    if let Some((false, _)) = left {
        settle(state, Arrival::Refused(RateLimited));
        if let Sender::Own(_, activity) = sender {
            let message = received_message(state, id, from, &activity, body.len(), head_bytes);
            let answered = message.answered(now, AnswerEnd::Leaves);
            state.report(Observation::Refused { now, message });
            state.report(answered);
        }
        return Ok(plain(StatusCode::TOO_MANY_REQUESTS, "too many requests"));
    }
    accept_once(cluster, id, from, sender)?;
    // the document decides; the rest of the activity only names draws
    let noted = match sender {
        Sender::Own(_, activity) => activity,
        Sender::Peer(_) => state.registry.find(document, read, now),
    };
    let Read { video, author, result, expires, .. } = *read;
    let activity = Activity { video, author, result, expires, ..noted };
    settle(state, Arrival::Delivered);
    let count = state.count_for(now, id, from, activity);
    if let (Some(total), Sender::Own(request_id, _)) = (count, sender) {
        state.registry.note_answer(request_id, total);
    }
    let is_of_run = cluster.peer(from).is_none() && cluster.peer(author).is_none();
    if is_of_run {
        let message = received_message(state, id, from, &activity, body.len(), head_bytes);
        state.report(Observation::Delivered { now, message: message.clone() });
        state.report(match count {
            Some(total) => {
                let bytes = counted_response_bytes(&state.cell, &total);
                Observation::Answered { at: now, message: message.clone(), bytes, end: AnswerEnd::Leaves }
            }
            None => message.answered(now, AnswerEnd::Leaves),
        });
        state.report(Observation::Processed { now, message });
    }
    state.receive(now, id, from, activity, body);
    if is_of_run {
        state.ask_back(now, id, &activity);
    }
    let (form, date) = (state.rules(id).wire.form(), state.clock_of(id, now));
    drop(guard);
    if matches!(sender, Sender::Peer(_)) {
        cluster.refusals.count("activities_of_peers", || format!("{} at {id}", document.id()));
    }
    Ok(accepted(cluster, form, date, left.map(|(_, left)| left), count.as_ref()))
}

/// The message of a request as its receiver sees it.
pub(super) fn received_message(
    state: &State,
    to: InstanceId,
    from: InstanceId,
    activity: &Activity,
    body_bytes: usize,
    head_bytes: u64,
) -> OwnedMessage {
    let letter = state.letter(from, activity, body_bytes as u32);
    let mut sizes = Sizes::new(&state.cell.names, state.cell.other.bodies);
    let [_, response_bytes] = letter.heads(to, state.rules(to).wire.form(), &mut sizes);
    OwnedMessage { letter, to, head_bytes: u16::try_from(head_bytes).unwrap_or(u16::MAX), response_bytes }
}

/// The bytes of a whole answer that carries a count.
pub(super) fn counted_response_bytes(cell: &Cell, total: &Activity) -> u64 {
    Sizes::new(&cell.names, cell.other.bodies).counted_response(total)
}

/// The reply to an accepted activity, with the head that PeerTube gives it, and the count that it carries.
fn accepted(cluster: &Cluster, form: Form, date: Time, left: Option<u32>, count: Option<&Activity>) -> Reply {
    let limit = cluster.cell.delivery.receiving.rate_limit.zip(left);
    // without a limit the head reads as that of a first request
    let used = limit.map_or(1, |(limit, left)| limit.requests.saturating_sub(left));
    let reset = date + limit.map_or_else(Default::default, |(limit, _)| limit.per);
    let of = AnswerHead { form, date, used, reset, persistence: Persistence::Closed };
    let names = &cluster.cell.names;
    let (head, mut reply) = match count {
        None => (names.response_head(&of), empty(StatusCode::NO_CONTENT)),
        Some(total) => {
            let body = names.activity(total, total.form).json();
            let head = names.counted_response_head(&of, body.len());
            (head, Reply::new(Full::new(Bytes::from(body))))
        }
    };
    for line in head.split("\r\n").skip(1).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("our own head");
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).expect("our own head");
        reply.headers_mut().append(name, value.parse().expect("our own head"));
    }
    reply
}
