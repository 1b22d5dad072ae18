//! What others may read of an instance: its actors, its followers, WebFinger, NodeInfo, and its videos with their counts.
//!
//! Sources: ActivityPub, sections 4 and 5; RFC 7033 (WebFinger); NodeInfo 2.0; PeerTube's REST API for `/api/v1/videos`.

use super::server::Reply;
use super::site::Site;
use crate::domain::federation::FollowsAs;
use crate::foundation::ids::{InstanceId, VideoId};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

const ACTIVITY: &str = "application/activity+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// The document at a path; none if there is none.
pub(super) fn find(site: &Site, id: InstanceId, path: &[&str], query: &str) -> Option<Reply> {
    let (kind, document) = match path {
        [".well-known", "webfinger"] => ("application/jrd+json; charset=utf-8", webfinger(site, id, query)?),
        [".well-known", "nodeinfo"] => (JSON, nodeinfo_links(site, id)),
        ["nodeinfo", "2.0.json"] => (JSON, nodeinfo(site)),
        ["accounts", name] => (ACTIVITY, actor(site, id, name)?),
        ["accounts", name, "followers"] => (ACTIVITY, followers(site, id, name)?),
        ["accounts", name, "outbox"] => (ACTIVITY, outbox(site, id, name)?),
        ["videos", "watch", name] => (ACTIVITY, object(site, video_named(site, name)?)),
        ["api", "v1", "videos", name] => (JSON, video(site, id, video_named(site, name)?)),
        _ => return None,
    };
    let mut reply = Response::new(Full::new(Bytes::from(document.to_string())));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Some(reply)
}

/// The video of a UUID or of a number, as in the ids of Views.
pub(super) fn video_named(site: &Site, name: &str) -> Option<VideoId> {
    let is_it =
        |video: &crate::mechanism::wire::VideoNames| video.uuid == name || video.local_id.to_string() == name;
    site.cell.names.videos.iter().position(is_it).map(VideoId::at)
}

/// Whether an instance has an account of this name: its own, or one that owns videos.
pub(super) fn has_account(site: &Site, id: InstanceId, name: &str) -> bool {
    let names = &site.cell.names;
    names.host(id).server_actor == name
        || names.videos.iter().any(|video| video.origin == id && video.account == name)
}

fn actor(site: &Site, id: InstanceId, name: &str) -> Option<Value> {
    let host = site.cell.names.host(id);
    let url = host.account(name);
    has_account(site, id, name).then(|| {
        let has_shared_inbox =
            site.cell.federation.instances[id.index()].follows_as != FollowsAs::NoSharedInbox;
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
                "publicKeyPem": site.server(id).key.public_key_pem(),
            },
        })
    })
}

fn followers(site: &Site, id: InstanceId, name: &str) -> Option<Value> {
    if !has_account(site, id, name) {
        return None;
    }
    let world = site.world();
    let ours = world.inboxes.get(&id).map_or(&[][..], |inboxes| inboxes.own());
    let mut items: Vec<String> = ours.iter().map(|&id| site.cell.names.host(id).actor()).collect();
    drop(world);
    items.extend(site.peers.iter().filter(|peer| peer.is_following(id)).map(|peer| peer.actor.clone()));
    Some(json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "OrderedCollection",
        "id": format!("{}/followers", site.cell.names.host(id).account(name)),
        "totalItems": items.len(),
        "orderedItems": items,
    }))
}

fn outbox(site: &Site, id: InstanceId, name: &str) -> Option<Value> {
    has_account(site, id, name).then(|| {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "type": "OrderedCollection",
            "id": format!("{}/outbox", site.cell.names.host(id).account(name)),
            "totalItems": 0,
            "orderedItems": [],
        })
    })
}

/// `resource=acct:NAME@HOST`, its colon and `@` as they are or as `%3A` and `%40`.
fn webfinger(site: &Site, id: InstanceId, query: &str) -> Option<Value> {
    let resource = query.split('&').find_map(|pair| pair.strip_prefix("resource="))?;
    let resource = resource.replace("%3A", ":").replace("%3a", ":").replace("%40", "@");
    let host = site.cell.names.host(id);
    let (name, at) = resource.strip_prefix("acct:")?.split_once('@')?;
    (at == host.name() && has_account(site, id, name)).then(|| {
        let url = host.account(name);
        json!({
            "subject": resource,
            "aliases": [url],
            "links": [{ "rel": "self", "type": "application/activity+json", "href": url }],
        })
    })
}

fn nodeinfo_links(site: &Site, id: InstanceId) -> Value {
    let url = &site.cell.names.host(id).url;
    json!({
        "links": [{
            "rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
            "href": format!("{url}/nodeinfo/2.0.json"),
        }],
    })
}

fn nodeinfo(site: &Site) -> Value {
    json!({
        "version": "2.0",
        "software": { "name": "fedisim", "version": env!("CARGO_PKG_VERSION") },
        "protocols": ["activitypub"],
        "services": { "inbound": [], "outbound": [] },
        "openRegistrations": false,
        "usage": { "users": {}, "localPosts": site.cell.names.videos.len() },
        "metadata": {},
    })
}

fn object(site: &Site, video: VideoId) -> Value {
    let names = site.cell.names.video(video);
    let origin = site.cell.names.host(names.origin);
    json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "Video",
        "id": format!("{}/videos/watch/{}", origin.url, names.uuid),
        "name": site.cell.federation.videos[video.index()].name,
        "uuid": names.uuid,
        "attributedTo": [{ "type": "Person", "id": origin.account(&names.account) }],
    })
}

fn video(site: &Site, id: InstanceId, video: VideoId) -> Value {
    let names = site.cell.names.video(video);
    let of_video = &site.cell.federation.videos[video.index()];
    let (viewers, views) = site.world().shown(id, video);
    json!({
        "id": names.local_id,
        "uuid": names.uuid,
        "name": of_video.name,
        "url": format!("{}/videos/watch/{}", site.cell.names.host(names.origin).url, names.uuid),
        "isLocal": names.origin == id,
        "isLive": of_video.length.is_none(),
        "duration": of_video.length.map_or(0, |length| length.ns() / 1_000_000_000),
        "views": views,
        "viewers": viewers,
    })
}
