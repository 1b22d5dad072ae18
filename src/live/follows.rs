//! Follows of peers: a peer may follow an actor of an own instance, and undo that.

use super::cluster::Cluster;
use super::documents::is_account_url;
use super::peers::Post;
use super::reply::{Reply, empty, excerpt, plain};
use crate::foundation::ids::InstanceId;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// Takes a document from a peer that is no activity about a video. A `Follow` is answered with an `Accept`.
pub(super) fn take(cluster: &Cluster, id: InstanceId, from: InstanceId, body: &Bytes) -> Reply {
    let activity = serde_json::from_slice::<Value>(body).ok();
    let Some((activity, peer)) = activity.zip(cluster.peer(from)) else {
        return plain(StatusCode::BAD_REQUEST, "no activity");
    };
    let is_ours = |object: &Value| object.as_str().is_some_and(|url| is_account_url(cluster, id, url));
    let is_by_peer = activity["actor"] == *peer.at.actor;
    match activity["type"].as_str() {
        Some("Follow") if is_by_peer && is_ours(&activity["object"]) => {
            peer.follow(id);
            let actor = cluster.cell.names.host(id).actor();
            let accept = json!({
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": format!("{actor}#accepts/{from}"),
                "type": "Accept",
                "actor": actor,
                "object": activity,
            });
            cluster.queue_post(peer, Post { from: id, body: Bytes::from(accept.to_string()) });
        }
        Some("Undo") if is_by_peer && is_ours(&activity["object"]["object"]) => peer.unfollow(id),
        _ => cluster.refusals.count("activities_of_peers_ignored", || excerpt(body)),
    }
    empty(StatusCode::NO_CONTENT)
}
