//! The inbox of a server: who posts is made sure of, then the activity takes effect, and the sender gets its answer.
//!
//! A request needs a signature by an actor that is known: one of this run's or of the scenario's peers. Its key is fetched
//! from its own server once, never taken from the request. A document of another author than the sender needs that
//! author's signature, too. Its `date` is held against the time of the run, as its senders write it. Nothing is taken twice:
//! what a server of the run signed is taken over the connection that it opened itself, and no other; of what others signed
//! it is remembered what was signed by which key.

use super::clock;
use super::documents::has_account;
use super::exchange::{address_of, exchange, exchange_own, get};
use super::http_signature::{Claim, Refused, Request as Signed};
use super::keys::PublicKey;
use super::ld_signature;
use super::notes::{Note, Posted};
use super::own::{Purpose, Ticket};
use super::peers;
use super::server::{Caller, Reply, empty, not_taken, plain, shown, whole};
use super::site::{DATE_OFF_MAX_S, Mark, Site};
use super::world::{Whose, World};
use crate::event::{Letter, LetterName};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Form, Kind};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::wire::{Document, Persistence, Read, Sizes, http_date_unix_s};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// An actor document that takes longer is none.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// The key of a server of others that could not be fetched is not asked for again for so long.
const FETCH_PAUSE: Duration = Duration::from_secs(5);

/// Why a request is refused: the answer, the name under which it is counted, and words.
type Refusal = (StatusCode, &'static str, String);

/// What an inbox believes.
struct Believed {
    from: InstanceId,
    by: By,
    what: What,
}

/// What makes sure that a request is taken once.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// One of the run's own, by its connection: what its author knows of it.
    Own(Ticket, Activity),
    /// A server of others, by what it signed.
    Peer(Mark),
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
    caller: &Caller,
    request: Request<Incoming>,
) -> Reply {
    let crossed = &caller.crossed;
    let before = crossed.written();
    let (parts, body) = request.into_parts();
    let body = match whole(site, body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    // each request of ours has a connection of its own
    let head_bytes = if before == 0 { crossed.read().saturating_sub(body.len() as u64) } else { 0 };
    let taken = match believe(site, id, caller.own, &parts, &body).await {
        Ok(Believed { from, by, what: What::Activity(document, read) }) => {
            if let Some(capture) = &site.capture {
                capture.note(site, from, read.author, &parts, &body);
            }
            take_effect(site, id, from, by, (&document, &read), body.clone(), head_bytes)
        }
        Ok(Believed { from, by, what: What::Other }) => {
            first_time(site, id, from, by).map(|()| peers::take(site, id, from, &body))
        }
        Err(refusal) => Err(refusal),
    };
    taken.unwrap_or_else(|(status, reason, words)| {
        site.refusals.count(reason, || format!("{words} ({})", shown(&body)));
        plain(status, &words)
    })
}

/// That a request was not taken before; from now on it was.
fn first_time(site: &Site, id: InstanceId, from: InstanceId, by: By) -> Result<(), Refusal> {
    let By::Peer(mark) = by else { return Ok(()) };
    if !site.peer(from).is_some_and(peers::Peer::may_post) {
        let words = format!("more than {} posts", peers::POSTS_OF_PEER_MAX);
        return Err((StatusCode::TOO_MANY_REQUESTS, "posts_of_peers_too_many", words));
    }
    if site.server(id).take(mark, site.unix_s()) { Ok(()) } else { Err(replayed()) }
}

fn replayed() -> Refusal {
    (StatusCode::CONFLICT, "requests_replayed", "this very request was taken before".to_owned())
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
async fn believe(
    site: &Arc<Site>,
    id: InstanceId,
    own: Option<Purpose>,
    parts: &Parts,
    body: &Bytes,
) -> Result<Believed, Refusal> {
    let claim = of_signed(parts, body, Claim::of).map_err(|why| {
        let words = format!("the request is not signed: {why}");
        let status = match &why {
            Refused::NotSigned(_) => StatusCode::FORBIDDEN,
            Refused::MissingHeader(name) if name != "signature" => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        (status, "requests_not_signed", words)
    })?;
    if header(parts, "host").as_deref() != Some(site.cell.names.host(id).name()) {
        return Err((StatusCode::BAD_REQUEST, "requests_for_others", "the host is another".to_owned()));
    }
    let (from, key) = key_of(site, id, claim.actor()).await?;
    of_signed(parts, body, |signed| claim.check(signed, &key)).map_err(|why| {
        let words = format!("the signature of the request does not hold: {why}");
        (StatusCode::FORBIDDEN, "signatures_wrong", words)
    })?;
    let date_s = dated(site, parts)?;
    let by = match own {
        Some(Purpose::Post(ticket, activity)) => By::Own(ticket, activity),
        // nobody but itself may speak for a server of the run
        _ if site.peer(from).is_none() => return Err(replayed()),
        _ => By::Peer(mark_of(&claim, parts, body, &key, date_s)),
    };
    if matches!(by, By::Peer(mark) if site.server(id).has_taken(&mark)) {
        return Err(replayed());
    }
    let what = match Document::read(body) {
        Ok(document) => author_signed(site, id, from, document).await?,
        Err(_) if site.peer(from).is_some() => What::Other,
        Err(why) => return Err((StatusCode::BAD_REQUEST, "activities_malformed", why)),
    };
    Ok(Believed { from, by, what })
}

/// The date of a request in Unix time, if it is near the time of the run.
fn dated(site: &Site, parts: &Parts) -> Result<i64, Refusal> {
    let now_s = site.unix_s();
    let date = header(parts, "date").unwrap_or_default();
    let date_s = http_date_unix_s(date.trim());
    date_s.filter(|date_s| date_s.abs_diff(now_s) <= DATE_OFF_MAX_S.unsigned_abs()).ok_or_else(|| {
        let words = format!("the date `{}` is more than half an hour off", shown(date.as_bytes()));
        (StatusCode::FORBIDDEN, "dates_off", words)
    })
}

/// What was signed by which key, however the rest of the head is written.
fn mark_of(claim: &Claim, parts: &Parts, body: &[u8], key: &PublicKey, date_s: i64) -> Mark {
    let lines = of_signed(parts, body, |signed| claim.signed_lines(signed)).unwrap_or_default();
    let digest = Sha256::new_with_prefix(key.der()).chain_update(lines).finalize().into();
    Mark { date_s, digest }
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
    let fetched = site.server(id).key_of(actor);
    let not_fetched = |why| (StatusCode::UNAUTHORIZED, "keys_not_fetched", format!("{actor}: {why}"));
    let fetch = async || {
        let failed = || fetched.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if site.peer(who).is_some() && failed().is_some_and(|at| at.elapsed() < FETCH_PAUSE) {
            return Err("it could not be fetched just now".to_owned());
        }
        let key = fetch_key(site, who, actor).await;
        *failed() = key.is_err().then(clock::machine_now);
        key
    };
    let key = fetched.key.get_or_try_init(fetch).await.map_err(not_fetched)?;
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

async fn fetch_key(site: &Site, who: InstanceId, actor: &str) -> Result<PublicKey, String> {
    let (address, target) = address_of(actor).ok_or("it has no literal address")?;
    let request = get(&address.to_string(), target).map_err(|error| error.to_string())?;
    let fetch = async {
        match site.peer(who) {
            Some(_) => exchange(address, request).await,
            None => exchange_own(&site.own, Purpose::Key, address, request).await,
        }
    };
    let answer = tokio::time::timeout(FETCH_TIME_MAX, fetch).await;
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
    by: By,
    (document, read): (&Document, &Read),
    body: Bytes,
    head_bytes: u64,
) -> Result<Reply, Refusal> {
    let mut guard = site.world();
    let world = &mut *guard;
    let whose = if matches!(by, By::Own(..)) { Whose::Own } else { Whose::Stranger };
    let now = match world.opens(id, whose) {
        Ok(now) => now,
        Err(why) => {
            drop(guard);
            return Ok(not_taken(site, id, why));
        }
    };
    let is_peertube = site.cell.federation.instances[id.index()].is_peertube;
    let limiter = world.desks[id.index()].limiter.as_mut().filter(|_| is_peertube);
    let left = limiter.map(|limiter| (limiter.takes(now, from), limiter.left(from)));
    let settle = |world: &mut World, arrival| {
        if let By::Own(ticket, _) = by {
            world.settle(ticket, arrival);
        }
    };
    if let Some((false, _)) = left {
        settle(world, Arrival::Refused);
        return Ok(plain(StatusCode::TOO_MANY_REQUESTS, "too many requests"));
    }
    first_time(site, id, from, by)?;
    // what decides is what the document says; the rest of the activity only names draws
    let noted = match by {
        By::Own(_, activity) => activity,
        By::Peer(_) => world.book.find(document, read, now),
    };
    let Read { video, author, result, expires, .. } = *read;
    let activity = Activity { video, author, result, expires, ..noted };
    settle(world, Arrival::Delivered);
    if site.peer(from).is_none() && site.peer(author).is_none() {
        let message = posted(world, id, from, &activity, &body, head_bytes);
        world.note(Note::Delivered { now, message });
        world.note(Note::Processed { now, message });
    }
    world.process(now, id, from, activity, body);
    let (form, date) = (world.rules(id).wire.form(), world.clock_of(id, now));
    drop(guard);
    if matches!(by, By::Peer(_)) {
        site.refusals.count("activities_of_peers", || format!("{} at {id}", document.id()));
    }
    Ok(answered(site, form, date, left.map(|(_, left)| left)))
}

fn posted(
    world: &World,
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
