//! Servers of others that take part: they may follow an instance and get what its followers get, and what they post is
//! taken if they sign it. They are in no record.

use super::desk::Body;
use super::documents::has_account;
use super::exchange::{address_of, exchange, request_of};
use super::http_signature::prove;
use super::ld_signature;
use super::server::{Reply, empty, plain, shown};
use super::site::Site;
use crate::mechanism::wire::Persistence;
use crate::words::ids::InstanceId;
use crate::words::units::Time;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A server of others.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number, behind those of the instances.
    pub(super) id: InstanceId,
    /// The URL of its actor, whose document has its key.
    pub(super) actor: String,
    /// The URL of its inbox.
    pub(super) inbox: String,
    follows: Mutex<BTreeSet<InstanceId>>,
}

/// Something for the followers among them.
pub(super) struct Broadcast {
    pub(super) from: InstanceId,
    /// Its author, whom it is forwarded for.
    pub(super) but: Option<InstanceId>,
    pub(super) built: Time,
    pub(super) body: Body,
}

impl Peer {
    pub(super) fn new(id: InstanceId, actor: &str, inbox: &str, follows: Option<InstanceId>) -> Peer {
        let follows = Mutex::new(follows.into_iter().collect());
        Peer { id, actor: actor.to_owned(), inbox: inbox.to_owned(), follows }
    }

    pub(super) fn is_following(&self, id: InstanceId) -> bool {
        self.follows.lock().expect("nobody panics with it").contains(&id)
    }

    fn follow(&self, id: InstanceId, does: bool) {
        let mut follows = self.follows.lock().expect("nobody panics with it");
        if does {
            follows.insert(id);
        } else {
            follows.remove(&id);
        }
    }
}

impl Site {
    /// The peer of a number, if it is one.
    pub(super) fn peer(&self, id: InstanceId) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.id == id)
    }
}

/// Takes what a peer posts that is no activity about a video: a `Follow` of one of the actors here, or its `Undo`.
pub(super) fn take(site: &Arc<Site>, id: InstanceId, from: InstanceId, body: &Bytes) -> Reply {
    let Ok(activity) = serde_json::from_slice::<Value>(body) else {
        return plain(StatusCode::BAD_REQUEST, "no activity");
    };
    let peer = site.peer(from).expect("only peers get here");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let account_of = |object: &str| {
        let account = object.strip_prefix(&site.cell.names.host(id).url)?.strip_prefix("/accounts/")?;
        has_account(site, id, account).then_some(())
    };
    let is_ours = |object: Option<String>| object.is_some_and(|object| account_of(&object).is_some());
    let is_by_peer = text(&activity["actor"]).is_some_and(|actor| actor == peer.actor);
    match activity["type"].as_str() {
        Some("Follow") if is_by_peer && is_ours(text(&activity["object"])) => {
            peer.follow(id, true);
            let accept = json!({
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": format!("{}#accepts/{}", site.cell.names.host(id).actor(), from),
                "type": "Accept",
                "actor": site.cell.names.host(id).actor(),
                "object": activity,
            });
            let (site, accept) = (Arc::clone(site), Bytes::from(accept.to_string()));
            tokio::spawn(async move { post(&site, id, from, accept).await });
        }
        Some("Undo") if is_by_peer && is_ours(text(&activity["object"]["object"])) => peer.follow(id, false),
        _ => site.refusals.count("activities_of_peers_ignored", || shown(body)),
    }
    empty(StatusCode::NO_CONTENT)
}

/// Posts what followers get to the peers that follow.
pub(super) async fn run_broadcast(site: Arc<Site>, broadcast: Broadcast) {
    let Broadcast { from, but, built, body } = broadcast;
    let body = match body {
        Body::Forwarded(bytes) => bytes,
        Body::Own(document) => {
            let created = site.cell.names.iso_time(built);
            let signature = ld_signature::sign(&document, &site.server(from).key, created);
            Bytes::from(document.signed(signature).json())
        }
    };
    for peer in site.peers.iter().filter(|peer| peer.is_following(from) && Some(peer.id) != but) {
        post(&site, from, peer.id, body.clone()).await;
    }
}

async fn post(site: &Arc<Site>, from: InstanceId, to: InstanceId, body: Bytes) {
    let names = &site.cell.names;
    let inbox = &site.peer(to).expect("it is for a peer").inbox;
    let (address, target) = address_of(inbox).expect("checked before the run");
    let date = site.clock.now();
    let host = address.to_string();
    let actor = &names.host(from).server_actor;
    let proof = prove(&site.server(from).key, actor, &host, target, &names.http_date(date), &body);
    let form = site.world().rules(from).wire.form();
    let head = names.request_head(form, from, to, body.len() as u64, date, &proof, Persistence::Closed);
    let head = head.replacen("/inbox", target, 1);
    let answer = match request_of(&head, body) {
        Ok(request) => exchange(address, request).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) if answer.status.is_success() => {
            site.refusals.count("posts_to_peers", || format!("{inbox} answered {}", answer.status));
        }
        Ok(answer) => site.refusals.count("posts_to_peers_refused", || {
            format!("{inbox} answered {}: {}", answer.status, shown(&answer.body))
        }),
        Err(error) => site.refusals.count("posts_to_peers_failed", || format!("{inbox}: {error}")),
    }
}
