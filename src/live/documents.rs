//! The documents of an instance that anybody may read: actors, followers, WebFinger, NodeInfo, videos with their counts.
//!
//! Sources: ActivityPub, sections 4 and 5; RFC 7033 (WebFinger); NodeInfo 2.0; PeerTube's REST API for `/api/v1/videos`.

use super::cluster::Cluster;
use crate::domain::federation::FollowsAs;
use crate::foundation::ids::{InstanceId, VideoId};
use serde_json::{Value, json};

const ACTIVITY: &str = "application/activity+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// A document as text, with its content type.
pub(super) struct Text {
    pub(super) kind: &'static str,
    pub(super) text: String,
}

pub(super) fn find(cluster: &Cluster, id: InstanceId, path: &[&str], query: &str) -> Option<Text> {
    let (kind, document) = match path {
        [".well-known", "webfinger"] => {
            ("application/jrd+json; charset=utf-8", webfinger(cluster, id, query)?)
        }
        [".well-known", "nodeinfo"] => (JSON, nodeinfo_links(cluster, id)),
        ["nodeinfo", "2.0.json"] => (JSON, nodeinfo(cluster)),
        ["accounts", name] => (ACTIVITY, actor(cluster, id, name)?),
        ["accounts", name, "followers"] => (ACTIVITY, followers(cluster, id, name)?),
        ["accounts", name, "outbox"] => (ACTIVITY, collection(cluster, id, name, "outbox", Vec::new())?),
        ["videos", "watch", name] => (ACTIVITY, object(cluster, video_named(cluster, name)?)),
        ["videos", "watch", name, part @ ("chapters" | "likes" | "dislikes")] => {
            (ACTIVITY, part_of_video(cluster, id, video_named(cluster, name)?, part)?)
        }
        ["api", "v1", "videos", name] => (JSON, video(cluster, id, video_named(cluster, name)?)),
        _ => return None,
    };
    Some(Text { kind, text: document.to_string() })
}

/// The video with a UUID or a number, as in the ids of Views.
pub(super) fn video_named(cluster: &Cluster, name: &str) -> Option<VideoId> {
    let is_it =
        |video: &crate::mechanism::wire::VideoNames| video.uuid == name || video.local_id.to_string() == name;
    cluster.cell.names.videos.iter().position(is_it).map(VideoId::at)
}

/// Whether a URL is that of an account of an instance.
pub(super) fn is_account_url(cluster: &Cluster, id: InstanceId, url: &str) -> bool {
    let path = url.strip_prefix(&cluster.cell.names.host(id).url);
    let name = path.and_then(|path| path.strip_prefix("/accounts/"));
    name.is_some_and(|name| has_account(cluster, id, name))
}

/// Whether an instance has an account of this name: its server actor, or the owner of one of its videos.
fn has_account(cluster: &Cluster, id: InstanceId, name: &str) -> bool {
    let names = &cluster.cell.names;
    names.host(id).server_actor == name
        || names.videos.iter().any(|video| video.origin == id && video.account == name)
}

fn actor(cluster: &Cluster, id: InstanceId, name: &str) -> Option<Value> {
    let host = cluster.cell.names.host(id);
    let url = host.account(name);
    has_account(cluster, id, name).then(|| {
        let has_shared_inbox =
            cluster.cell.federation.instances[id.index()].follows_as != FollowsAs::NoSharedInbox;
        let shared = format!("{}/inbox", host.url);
        let endpoints = if has_shared_inbox { json!({ "sharedInbox": shared }) } else { json!({}) };
        json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "type": if host.server_actor == name { "Application" } else { "Person" },
            "id": url,
            "preferredUsername": name,
            "name": name,
            "inbox": format!("{url}/inbox"),
            "outbox": format!("{url}/outbox"),
            "followers": format!("{url}/followers"),
            "endpoints": endpoints,
            "publicKey": {
                "id": format!("{url}#main-key"),
                "owner": url,
                "publicKeyPem": cluster.server(id).key.public_key_pem(),
            },
        })
    })
}

fn followers(cluster: &Cluster, id: InstanceId, name: &str) -> Option<Value> {
    let followers = cluster.state().inboxes.get(&id).map_or_else(Vec::new, |inboxes| inboxes.own().to_vec());
    let peers = cluster.peers.iter().filter(|peer| peer.is_following(id));
    let own = followers.iter().map(|&id| cluster.cell.names.host(id).actor());
    let items = own.chain(peers.map(|peer| peer.at.actor.clone())).collect();
    collection(cluster, id, name, "followers", items)
}

/// A collection of an account, if there is the account.
fn collection(
    cluster: &Cluster,
    id: InstanceId,
    name: &str,
    which: &str,
    items: Vec<String>,
) -> Option<Value> {
    has_account(cluster, id, name).then(|| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "type": "OrderedCollection",
            "id": format!("{}/{which}", cluster.cell.names.host(id).account(name)),
            "totalItems": items.len(),
            "orderedItems": items,
        })
    })
}

/// Answers `resource=acct:NAME@HOST`, with its colon and `@` as they are or as `%3A` and `%40`.
fn webfinger(cluster: &Cluster, id: InstanceId, query: &str) -> Option<Value> {
    let resource = query.split('&').find_map(|pair| pair.strip_prefix("resource="))?;
    let resource = resource.replace("%3A", ":").replace("%3a", ":").replace("%40", "@");
    let host = cluster.cell.names.host(id);
    let (name, at) = resource.strip_prefix("acct:")?.split_once('@')?;
    (at == host.name() && has_account(cluster, id, name)).then(|| {
        let url = host.account(name);
        json!({
            "subject": resource,
            "aliases": [url],
            "links": [{ "rel": "self", "type": "application/activity+json", "href": url }],
        })
    })
}

fn nodeinfo_links(cluster: &Cluster, id: InstanceId) -> Value {
    let url = &cluster.cell.names.host(id).url;
    json!({
        "links": [{
            "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
            "href": format!("{url}/nodeinfo/2.0.json"),
        }],
    })
}

fn nodeinfo(cluster: &Cluster) -> Value {
    json!({
        "version": "2.0",
        "software": { "name": "fedisim", "version": env!("CARGO_PKG_VERSION") },
        "protocols": ["activitypub"],
        "services": { "inbound": [], "outbound": [] },
        "openRegistrations": false,
        "usage": { "users": {}, "localPosts": cluster.cell.names.videos.len() },
        "metadata": {},
    })
}

fn object(cluster: &Cluster, video: VideoId) -> Value {
    let names = cluster.cell.names.video(video);
    let origin = cluster.cell.names.host(names.origin);
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "Video",
        "id": format!("{}/videos/watch/{}", origin.url, names.uuid),
        "name": cluster.cell.federation.videos[video.index()].name,
        "uuid": names.uuid,
        "attributedTo": [{ "type": "Person", "id": origin.account(&names.account) }],
    })
}

/// What followers ask the origin for after an `Update`. All of it is empty.
fn part_of_video(cluster: &Cluster, id: InstanceId, video: VideoId, part: &str) -> Option<Value> {
    let names = cluster.cell.names.video(video);
    let context = "https://www.w3.org/ns/activitystreams";
    let url = format!("{}/videos/watch/{}/{part}", cluster.cell.names.host(id).url, names.uuid);
    (names.origin == id).then(|| match part {
        "chapters" => json!({ "@context": context, "id": url, "hasPart": [] }),
        _ => json!({ "@context": context, "type": "OrderedCollection", "id": url, "totalItems": 0, "orderedItems": [] }),
    })
}

fn video(cluster: &Cluster, id: InstanceId, video: VideoId) -> Value {
    let names = cluster.cell.names.video(video);
    let of_video = &cluster.cell.federation.videos[video.index()];
    let (viewers, views) = cluster.state().displayed(id, video);
    json!({
        "id": names.local_id,
        "uuid": names.uuid,
        "name": of_video.name,
        "url": format!("{}/videos/watch/{}", cluster.cell.names.host(names.origin).url, names.uuid),
        "isLocal": names.origin == id,
        "isLive": of_video.length.is_none(),
        "duration": of_video.length.map_or(0, |length| length.ns() / 1_000_000_000),
        "views": views,
        "viewers": viewers,
    })
}
