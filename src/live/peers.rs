//! Servers of others that take part: they may follow an instance and get what its followers get, and what they post is
//! taken if they sign it. They are in no record.
//!
//! What is for one of them waits in a queue of its own, and is posted one after the other: one that hangs costs one socket.

use super::desk::Body;
use super::documents::has_account;
use super::exchange::{address_of, exchange, request_of};
use super::http_signature::prove;
use super::ld_signature;
use super::server::{Reply, empty, plain, shown};
use super::setup::PeerAt;
use super::site::Site;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::wire::Persistence;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// No more posts wait for one of them.
const POSTS_WAITING_MAX: usize = 1_000;

/// No more posts of one of them are taken in a run.
pub(super) const POSTS_OF_PEER_MAX: u64 = 100_000;

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
    /// How many of its posts were taken.
    posts: AtomicU64,
    queue: Sender<Post>,
}

/// Something that waits for one of them.
pub(super) struct Post {
    from: InstanceId,
    body: Bytes,
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
    /// One, and the posts that will wait for it.
    pub(super) fn new(at: &PeerAt) -> (Peer, Receiver<Post>) {
        let (queue, waiting) = channel(POSTS_WAITING_MAX);
        let peer = Peer {
            id: at.id,
            actor: at.actor.clone(),
            inbox: at.inbox.clone(),
            follows: Mutex::new(at.follows.into_iter().collect()),
            posts: AtomicU64::new(0),
            queue,
        };
        (peer, waiting)
    }

    pub(super) fn is_following(&self, id: InstanceId) -> bool {
        self.follows().contains(&id)
    }

    /// Whether one more of its posts may be taken; counts it.
    pub(super) fn may_post(&self) -> bool {
        self.posts.fetch_add(1, Ordering::Relaxed) < POSTS_OF_PEER_MAX
    }

    fn follow(&self, id: InstanceId, does: bool) {
        if does {
            self.follows().insert(id);
        } else {
            self.follows().remove(&id);
        }
    }

    fn follows(&self) -> MutexGuard<'_, BTreeSet<InstanceId>> {
        self.follows.lock().unwrap_or_else(PoisonError::into_inner)
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
    let Some(peer) = site.peer(from) else { return plain(StatusCode::BAD_REQUEST, "no activity") };
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
            queue(site, peer, Post { from: id, body: Bytes::from(accept.to_string()) });
        }
        Some("Undo") if is_by_peer && is_ours(text(&activity["object"]["object"])) => peer.follow(id, false),
        _ => site.refusals.count("activities_of_peers_ignored", || shown(body)),
    }
    empty(StatusCode::NO_CONTENT)
}

fn queue(site: &Site, peer: &Peer, post: Post) {
    if peer.queue.try_send(post).is_err() {
        site.refusals
            .count("posts_to_peers_dropped", || format!("{}: {POSTS_WAITING_MAX} wait already", peer.inbox));
    }
}

/// Queues what followers get for the peers that follow.
pub(super) async fn run_broadcast(site: Arc<Site>, broadcast: Broadcast) {
    let Broadcast { from, but, built, body } = broadcast;
    let follows = |peer: &&Peer| peer.is_following(from) && Some(peer.id) != but;
    if !site.peers.iter().any(|peer| follows(&peer)) {
        return;
    }
    let body = match body {
        Body::Forwarded(bytes) => bytes,
        Body::Own(document) => {
            let created = site.cell.names.iso_time(built);
            let signature = ld_signature::sign(&document, &site.server(from).key, created);
            Bytes::from(document.signed(signature).json())
        }
    };
    for peer in site.peers.iter().filter(follows) {
        queue(&site, peer, Post { from, body: body.clone() });
    }
}

/// Posts what waits for a peer.
pub(super) async fn deliver(site: Arc<Site>, number: usize, mut waiting: Receiver<Post>) {
    while let Some(Post { from, body }) = waiting.recv().await {
        post(&site, from, &site.peers[number], body).await;
    }
}

async fn post(site: &Site, from: InstanceId, Peer { id: to, inbox, .. }: &Peer, body: Bytes) {
    let names = &site.cell.names;
    let (address, target) = address_of(inbox).expect("checked before the run");
    let date = site.clock.now();
    let host = address.to_string();
    let actor = &names.host(from).server_actor;
    let proof = prove(&site.server(from).key, actor, &host, target, &names.http_date(date), &body);
    let form = site.world().rules(from).wire.form();
    let head = names.request_head(form, from, *to, body.len() as u64, date, &proof, Persistence::Closed);
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
