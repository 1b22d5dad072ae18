//! The inbox of a server: who posts is made sure of, then the activity takes effect, and the sender gets its answer.
//!
//! A request needs a signature by an actor that is known: one of this run's or of the scenario's peers. Its key is fetched
//! from its own server once, never taken from the request. A document of another author than the sender needs that
//! author's signature, too. Nothing is taken twice.

use super::documents::has_account;
use super::exchange::{address_of, exchange, get};
use super::http_signature::{Claim, Request as Signed};
use super::keys::PublicKey;
use super::ld_signature;
use super::notes::{Note, Posted};
use super::peers;
use super::server::{Reply, empty, plain, shown, whole};
use super::site::Site;
use super::socket::Crossed;
use crate::event::{Letter, LetterName};
use crate::mechanism::activity::{Activity, Form, Kind};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::wire::{Document, Persistence, Read, Sizes};
use crate::words::ids::InstanceId;
use crate::words::units::Time;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// An actor document that takes longer is none.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a request is refused: the answer, the name under which it is counted, and words.
type Refusal = (StatusCode, &'static str, String);

/// What an inbox believes.
struct Believed {
    from: InstanceId,
    what: What,
}

enum What {
    Activity(Box<Document>, Read),
    /// Something of a peer that is no activity of ours: it may want to follow.
    Other,
}

/// Takes a request.
pub(super) async fn take(
    site: &Arc<Site>,
    id: InstanceId,
    crossed: &Crossed,
    request: Request<Incoming>,
) -> Reply {
    let before = crossed.written();
    let (parts, body) = request.into_parts();
    let body = match whole(site, body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    // each request of ours has a connection of its own
    let head_bytes = if before == 0 { crossed.read().saturating_sub(body.len() as u64) } else { 0 };
    match believe(site, id, &parts, &body).await {
        Ok(Believed { from, what: What::Activity(document, read) }) => {
            if let Some(capture) = &site.capture {
                capture.note(site, from, read.author, &parts, &body);
            }
            take_effect(site, id, from, &document, &read, body, head_bytes)
        }
        Ok(Believed { from, what: What::Other }) => peers::take(site, id, from, &body),
        Err((status, reason, words)) => {
            site.refusals.count(reason, || format!("{words} ({})", shown(&body)));
            plain(status, &words)
        }
    }
}

/// The value of a header; of several of one name, all of them.
fn header(parts: &Parts, name: &str) -> Option<String> {
    let values: Vec<_> = parts.headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
    let values: Option<Vec<&str>> = values.into_iter().collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

/// Asks something of the request as it was signed.
fn of_signed<T>(parts: &Parts, body: &[u8], ask: impl FnOnce(&Signed<'_>) -> T) -> T {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let header = |name: &str| header(parts, name);
    ask(&Signed { method: parts.method.as_str(), target, header: &header, body })
}

/// Makes sure of a request.
async fn believe(site: &Arc<Site>, id: InstanceId, parts: &Parts, body: &Bytes) -> Result<Believed, Refusal> {
    let claim = of_signed(parts, body, Claim::of).map_err(|why| {
        (StatusCode::UNAUTHORIZED, "requests_not_signed", format!("the request is not signed: {why}"))
    })?;
    if header(parts, "host").as_deref() != Some(site.cell.names.host(id).name()) {
        return Err((StatusCode::BAD_REQUEST, "requests_for_others", "the host is another".to_owned()));
    }
    let (from, key) = key_of(site, id, claim.actor()).await?;
    of_signed(parts, body, |signed| claim.check(signed, &key)).map_err(|why| {
        let words = format!("the signature of the request does not hold: {why}");
        (StatusCode::FORBIDDEN, "signatures_wrong", words)
    })?;
    let what = match Document::read(body) {
        Ok(document) => author_signed(site, id, from, document).await?,
        Err(_) if site.peer(from).is_some() => What::Other,
        Err(why) => return Err((StatusCode::BAD_REQUEST, "activities_malformed", why)),
    };
    let signature = header(parts, "signature").unwrap_or_default();
    if !site.server(id).is_new(&signature) {
        let words = "this very request was taken before".to_owned();
        return Err((StatusCode::CONFLICT, "requests_replayed", words));
    }
    Ok(Believed { from, what })
}

/// A document whose author is who it says, where that is not the sender.
async fn author_signed(
    site: &Arc<Site>,
    id: InstanceId,
    from: InstanceId,
    document: Document,
) -> Result<What, Refusal> {
    let read = site.cell.names.read(&document);
    let read = read.map_err(|why| (StatusCode::BAD_REQUEST, "activities_not_understood", why))?;
    if read.author != from {
        let (_, key) = key_of(site, id, document.actor()).await?;
        if !ld_signature::verify(&document, &key) {
            let words = "the author's signature of the activity does not hold".to_owned();
            return Err((StatusCode::FORBIDDEN, "author_signatures_wrong", words));
        }
    }
    Ok(What::Activity(Box::new(document), read))
}

/// Who an actor is, and its key, fetched from its own server the first time.
async fn key_of(site: &Arc<Site>, id: InstanceId, actor: &str) -> Result<(InstanceId, PublicKey), Refusal> {
    let unknown = || {
        (
            StatusCode::UNAUTHORIZED,
            "actors_unknown",
            format!("{} is nobody known here", shown(actor.as_bytes())),
        )
    };
    let who = who(site, actor).ok_or_else(unknown)?;
    let cell = site.server(id).key_of(actor);
    let key = cell.get_or_try_init(|| fetch_key(actor)).await;
    let key = key.map_err(|why| (StatusCode::UNAUTHORIZED, "keys_not_fetched", format!("{actor}: {why}")))?;
    Ok((who, key.clone()))
}

/// The server of an actor that is known.
fn who(site: &Site, actor: &str) -> Option<InstanceId> {
    if let Some(peer) = site.peers.iter().find(|peer| peer.actor == actor) {
        return Some(peer.id);
    }
    let is_of = |&id: &InstanceId| {
        let account = actor.strip_prefix(&site.cell.names.host(id).url)?.strip_prefix("/accounts/")?;
        has_account(site, id, account).then_some(())
    };
    (0..site.servers.len()).map(InstanceId::at).find(|id| is_of(id).is_some())
}

/// What matters of an actor document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActorDocument {
    id: String,
    public_key: PublicKeyMember,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyMember {
    owner: String,
    public_key_pem: String,
}

async fn fetch_key(actor: &str) -> Result<PublicKey, String> {
    let (address, target) = address_of(actor).ok_or("it has no literal address")?;
    let request = get(&address.to_string(), target).map_err(|error| error.to_string())?;
    let answer = tokio::time::timeout(FETCH_TIME_MAX, exchange(address, request)).await;
    let answer = answer.map_err(|_| "no answer in time")?.map_err(|error| error.to_string())?;
    if answer.status != StatusCode::OK {
        return Err(format!("its document was answered with {}", answer.status));
    }
    let document: ActorDocument =
        serde_json::from_slice(&answer.body).map_err(|error| format!("its document is none: {error}"))?;
    if document.id != actor || document.public_key.owner != actor {
        return Err("its document is of another actor".to_owned());
    }
    PublicKey::from_pem(&document.public_key.public_key_pem).map_err(|error| error.to_string())
}

/// An activity that is believed takes effect, and is answered.
fn take_effect(
    site: &Arc<Site>,
    id: InstanceId,
    from: InstanceId,
    document: &Document,
    read: &Read,
    body: Bytes,
    head_bytes: u64,
) -> Reply {
    let mut guard = site.world();
    let world = &mut *guard;
    let Some(now) = world.opens(id) else {
        drop(guard);
        site.refusals.count("posts_while_down", || format!("to {id}"));
        return plain(StatusCode::SERVICE_UNAVAILABLE, "down");
    };
    let found = world.book.find(document);
    let (number, noted) = found.unwrap_or_else(|| world.book.take_foreign(document, read, now));
    let is_peertube = site.cell.federation.instances[id.index()].is_peertube;
    let limiter = world.desks[id.index()].limiter.as_mut().filter(|_| is_peertube);
    let left = limiter.map(|limiter| (limiter.takes(now, from), limiter.left(from)));
    if let Some((false, _)) = left {
        world.settle(from, id, number, Arrival::Refused);
        return plain(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    }
    // what decides is what the document says; the rest of the activity only names draws
    let Read { video, author, result, expires, .. } = *read;
    let activity = Activity { video, author, result, expires, ..noted };
    world.settle(from, id, number, Arrival::Delivered);
    if site.peer(from).is_none() && site.peer(author).is_none() {
        let message = posted(world, id, from, &activity, &body, head_bytes);
        world.note(Note::Delivered { now, message });
        world.note(Note::Processed { now, message });
    }
    world.process(now, id, from, activity, body);
    let (form, date) = (world.rules(id).wire.form(), world.clock_of(id, now));
    drop(guard);
    answered(site, form, date, left.map(|(_, left)| left))
}

fn posted(
    world: &super::world::World,
    to: InstanceId,
    from: InstanceId,
    activity: &Activity,
    body: &Bytes,
    head_bytes: u64,
) -> Posted {
    let authored = world.authored(activity);
    let kind = Kind::of(activity, from, world.cell.federation.origin(activity.video));
    let letter = Letter {
        activity: *activity,
        kind,
        from,
        form: world.rules(from).wire.form(),
        persistence: Persistence::Closed,
        created: authored,
        authored,
        attempt: 0,
        job: 0,
        body_bytes: body.len() as u32,
        name: LetterName::new(activity, kind, from),
    };
    let mut sizes = Sizes::new(&world.cell.names, world.cell.other.bodies);
    let [_, response_bytes] = letter.heads(to, world.rules(to).wire.form(), &mut sizes);
    Posted { letter, to, head_bytes: u16::try_from(head_bytes).unwrap_or(u16::MAX), response_bytes }
}

/// The answer to an activity that was taken, with the head that PeerTube gives it.
fn answered(site: &Site, form: Form, date: Time, left: Option<u32>) -> Reply {
    let limit = site.cell.delivery.rate_limit.zip(left);
    // where there is no limit, as if this were the first request
    let used = limit.map_or(1, |(limit, left)| limit.requests.saturating_sub(left));
    let reset = date + limit.map_or_else(Default::default, |(limit, _)| limit.per);
    let head = site.cell.names.response_head(form, date, used, reset, Persistence::Closed);
    let mut reply: Response<Full<Bytes>> = empty(StatusCode::NO_CONTENT);
    for line in head.split("\r\n").skip(1).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("our own head");
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).expect("our own head");
        reply.headers_mut().append(name, value.parse().expect("our own head"));
    }
    reply
}
