//! Who posts to an inbox: the signature of a request, and that of the activity in it, are verified.
//!
//! A request needs a signature by a known actor: one of this run or of a peer. Its key is fetched from its own server once,
//! and never taken from the request. A document of another author than the sender needs that author's signature too. The
//! `date` must be near the time of the run. A request that an own server signed is accepted only over the connection that
//! this process opened for it.

use super::clock;
use super::cluster::Cluster;
use super::documents::is_account_url;
use super::http_client::{address_of, exchange, exchange_own, get_head};
use super::http_signature::{Claim, Refused, Request as Signed};
use super::keys::PublicKey;
use super::ld_signature;
use super::own_sockets::{Purpose, RequestId};
use super::replays::{DATE_OFF_MAX_S, Fingerprint};
use super::reply::excerpt;
use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Activity;
use crate::mechanism::wire::{Document, Read, http_date_unix_s};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::PoisonError;
use std::time::Duration;

/// An actor document has to come within this time.
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
/// After a failure the key of a peer is not asked for again for so long.
const FETCH_PAUSE: Duration = Duration::from_secs(5);

/// Why a request is refused: the status of the reply, the reason under which it is counted, and its text.
pub(super) type Refusal = (StatusCode, &'static str, String);

/// A request whose signatures hold.
pub(super) struct Authenticated {
    pub(super) from: InstanceId,
    pub(super) sender: Sender,
    pub(super) content: Content,
}

/// What makes sure that a request is accepted only once.
#[derive(Clone, Copy)]
pub(super) enum Sender {
    /// An own server, by the connection: the request, and the activity as its author knows it.
    Own(RequestId, Activity),
    /// A peer, by what it signed.
    Peer(Fingerprint),
}

/// What a request carries.
pub(super) enum Content {
    /// An activity about a video.
    Activity(Box<Document>, Read),
    /// Another document of a peer, such as a `Follow`.
    Other,
}

/// Verifies a request. `own` is what this process opened the connection for; None of a stranger's.
pub(super) async fn authenticate(
    cluster: &Cluster,
    id: InstanceId,
    own: Option<Purpose>,
    parts: &Parts,
    body: &Bytes,
) -> Result<Authenticated, Refusal> {
    let claim = with_signed(parts, body, Claim::of).map_err(|why| {
        let text = format!("the request is not signed: {why}");
        let status = match &why {
            Refused::NotSigned(_) => StatusCode::FORBIDDEN,
            Refused::MissingHeader(name) if name != "signature" => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        (status, "requests_not_signed", text)
    })?;
    if header(parts, "host").as_deref() != Some(cluster.cell.names.host(id).name()) {
        return Err((StatusCode::BAD_REQUEST, "requests_for_others", "the host is another".to_owned()));
    }
    let (from, key) = key_of(cluster, id, claim.actor()).await?;
    with_signed(parts, body, |signed| claim.check(signed, &key)).map_err(|why| {
        let text = format!("the signature of the request does not hold: {why}");
        (StatusCode::FORBIDDEN, "signatures_wrong", text)
    })?;
    let date_s = checked_date_s(cluster, parts)?;
    let sender = match own {
        Some(Purpose::Post(request_id, activity)) => Sender::Own(request_id, activity),
        _ if cluster.peer(from).is_none() => return Err(replayed()),
        _ => Sender::Peer(fingerprint(&claim, parts, body, &key, date_s)),
    };
    if matches!(sender, Sender::Peer(fingerprint) if cluster.server(id).accepted().contains(&fingerprint)) {
        return Err(replayed());
    }
    let content = match Document::read(body) {
        Ok(document) => activity(cluster, id, from, document).await?,
        Err(_) if cluster.peer(from).is_some() => Content::Other,
        Err(why) => return Err((StatusCode::BAD_REQUEST, "activities_malformed", why)),
    };
    Ok(Authenticated { from, sender, content })
}

pub(super) fn replayed() -> Refusal {
    (StatusCode::CONFLICT, "requests_replayed", "this very request was taken before".to_owned())
}

/// The value of a header. The values of several headers of one name are joined by `, `.
fn header(parts: &Parts, name: &str) -> Option<String> {
    let values: Vec<_> = parts.headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
    let values: Option<Vec<&str>> = values.into_iter().collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

/// Calls `ask` with the request as signatures see it.
fn with_signed<T>(parts: &Parts, body: &[u8], ask: impl FnOnce(&Signed<'_>) -> T) -> T {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let header = |name: &str| header(parts, name);
    ask(&Signed { method: parts.method.as_str(), target, header: &header, body })
}

/// The date of a request in Unix time, if it is near the time of the run.
fn checked_date_s(cluster: &Cluster, parts: &Parts) -> Result<i64, Refusal> {
    let now_s = cluster.unix_s();
    let date = header(parts, "date").unwrap_or_default();
    let date_s = http_date_unix_s(date.trim());
    date_s.filter(|date_s| date_s.abs_diff(now_s) <= DATE_OFF_MAX_S.unsigned_abs()).ok_or_else(|| {
        let text = format!("the date `{}` is more than half an hour off", excerpt(date.as_bytes()));
        (StatusCode::FORBIDDEN, "dates_off", text)
    })
}

/// What identifies a request: the lines that are signed, and by which key.
fn fingerprint(claim: &Claim, parts: &Parts, body: &[u8], key: &PublicKey, date_s: i64) -> Fingerprint {
    let lines = with_signed(parts, body, |signed| claim.signed_lines(signed)).unwrap_or_default();
    let digest = Sha256::new_with_prefix(key.der()).chain_update(lines).finalize().into();
    Fingerprint { date_s, digest }
}

/// Reads an activity, and verifies the signature of its author if that is not the sender.
async fn activity(
    cluster: &Cluster,
    id: InstanceId,
    from: InstanceId,
    document: Document,
) -> Result<Content, Refusal> {
    let read = cluster.cell.names.read(&document);
    let read = read.map_err(|why| (StatusCode::BAD_REQUEST, "activities_not_understood", why))?;
    if read.author != from {
        let (_, key) = key_of(cluster, id, document.actor()).await?;
        if !ld_signature::verify(&document, &key) {
            let text = "the author's signature of the activity does not hold".to_owned();
            return Err((StatusCode::FORBIDDEN, "author_signatures_wrong", text));
        }
    }
    Ok(Content::Activity(Box::new(document), read))
}

/// The server of an actor, and the actor's key, fetched from that server the first time.
async fn key_of(cluster: &Cluster, id: InstanceId, actor: &str) -> Result<(InstanceId, PublicKey), Refusal> {
    let unknown = || {
        let text = format!("{} is nobody known here", excerpt(actor.as_bytes()));
        (StatusCode::UNAUTHORIZED, "actors_unknown", text)
    };
    let host = server_of(cluster, actor).ok_or_else(unknown)?;
    let fetched = cluster.server(id).key_of(actor);
    let not_fetched = |why| (StatusCode::UNAUTHORIZED, "keys_not_fetched", format!("{actor}: {why}"));
    let fetch = async || {
        let failed = || fetched.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if cluster.peer(host).is_some() && failed().is_some_and(|at| at.elapsed() < FETCH_PAUSE) {
            return Err("it could not be fetched just now".to_owned());
        }
        let key = fetch_key(cluster, host, actor).await;
        *failed() = key.is_err().then(clock::machine_now);
        key
    };
    let key = fetched.key.get_or_try_init(fetch).await.map_err(not_fetched)?;
    Ok((host, key.clone()))
}

/// The server of an actor, if that is known: a peer or an own one.
fn server_of(cluster: &Cluster, actor: &str) -> Option<InstanceId> {
    let peer = cluster.peers.iter().find(|peer| peer.at.actor == actor).map(|peer| peer.id);
    let mut own = (0..cluster.servers.len()).map(InstanceId::at);
    peer.or_else(|| own.find(|&id| is_account_url(cluster, id, actor)))
}

/// The members of an actor document that matter here.
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

async fn fetch_key(cluster: &Cluster, host: InstanceId, actor: &str) -> Result<PublicKey, String> {
    let (address, target) = address_of(actor).ok_or("it has no literal address")?;
    let head = get_head(&address.to_string(), target);
    let fetch = async {
        match cluster.peer(host) {
            Some(_) => exchange(address, &head, Bytes::new()).await,
            None => exchange_own(&cluster.own, Purpose::Key, address, &head, Bytes::new()).await,
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
