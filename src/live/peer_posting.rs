//! Posting to peers: a broadcast goes to those that follow its sender, one post after another to each.
//!
//! A peer that does not answer costs one socket. Peers are in no record.

use super::cluster::Cluster;
use super::http_client::{address_of, exchange};
use super::http_signature::prove;
use super::outbox::{Body, Broadcast};
use super::peers::{Peer, Post};
use super::reply::excerpt;
use crate::foundation::ids::InstanceId;
use crate::mechanism::wire::Persistence;
use hyper::body::Bytes;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// Queues a broadcast for the peers that follow its sender.
pub(super) async fn run_broadcast(cluster: Arc<Cluster>, broadcast: Broadcast) {
    let Broadcast { from, except, only, built, body } = broadcast;
    let is_meant = |id: InstanceId| only.as_ref().is_none_or(|only| only.contains(&id)) && Some(id) != except;
    let follows = |peer: &&Peer| peer.is_following(from) && is_meant(peer.id);
    if !cluster.peers.iter().any(|peer| follows(&peer)) {
        return;
    }
    let body = match body {
        Body::Forwarded(bytes) => bytes,
        Body::Nothing => return,
        Body::Own(document) => cluster.signed(from, *document, built),
    };
    for peer in cluster.peers.iter().filter(follows) {
        cluster.queue_post(peer, Post { from, body: body.clone() });
    }
}

pub(super) async fn deliver(cluster: Arc<Cluster>, number: usize, mut waiting: Receiver<Post>) {
    while let Some(Post { from, body }) = waiting.recv().await {
        post(&cluster, from, &cluster.peers[number], body).await;
    }
}

async fn post(cluster: &Cluster, from: InstanceId, peer: &Peer, body: Bytes) {
    let (names, inbox, refusals) = (&cluster.cell.names, &peer.at.inbox, &cluster.refusals);
    let (address, target) = address_of(inbox).expect("checked before the run");
    let date = cluster.clock.now();
    let host = address.to_string();
    let actor = &names.host(from).server_actor;
    let proof = prove(&cluster.server(from).key, actor, &host, target, &names.http_date(date), &body);
    let form = cluster.state().rules(from).wire.form();
    let length = body.len() as u64;
    let head = names.request_head(form, from, peer.id, length, date, &proof, Persistence::Closed);
    let head = head.replacen("/inbox", target, 1);
    match exchange(address, &head, body).await {
        Ok(answer) if answer.status.is_success() => {
            refusals.count("posts_to_peers", || format!("{inbox} answered {}", answer.status));
        }
        Ok(answer) => refusals.count("posts_to_peers_refused", || {
            format!("{inbox} answered {}: {}", answer.status, excerpt(&answer.body))
        }),
        Err(error) => refusals.count("posts_to_peers_failed", || format!("{inbox}: {error}")),
    }
}
