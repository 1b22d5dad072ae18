//! The clients of the workload: each visit posts its heartbeats to its own instance, as PeerTube's player does.

use super::exchange::{exchange_own, request_of};
use super::own::Purpose;
use super::site::Site;
use crate::foundation::ids::SessionId;
use crate::foundation::units::Time;
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A heartbeat that is answered later than this, in real time, is late.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// Watches from the start of a visit to its end.
pub(super) async fn watch(site: Arc<Site>, id: SessionId) {
    let visit = site.cell.sessions[id.index()];
    let end = visit.end.min(site.cell.end.latest());
    let mut at = visit.start;
    for number in 0u32.. {
        if at >= end {
            return;
        }
        site.clock.wait_until(at).await;
        // a client does not wait for the answer before it goes on watching
        site.spawn(post(Arc::clone(&site), id, number, at));
        at += site.world().heartbeat_interval(id);
    }
}

async fn post(site: Arc<Site>, id: SessionId, number: u32, at: Time) {
    let visit = &site.cell.sessions[id.index()];
    let watched_ms = at.since(visit.start).ns() / 1_000_000;
    let names = &site.cell.names;
    let (host, uuid) = (names.host(visit.instance).name(), &names.video(visit.video).uuid);
    let body = json!({
        "currentTime": watched_ms as f64 / 1e3,
        "sessionId": visit.viewer.to_string(),
        "visit": id.0,
        "heartbeat": number,
    })
    .to_string();
    let length = body.len();
    let head = format!(
        "POST /api/v1/videos/{uuid}/views HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let address = host.parse().expect("the servers of a run have addresses for names");
    let answer = match request_of(&head, Bytes::from(body)) {
        Ok(request) => exchange_own(&site.own, Purpose::Heartbeat(id), address, request).await,
        Err(error) => Err(error),
    };
    if site.world().over().is_some() {
        return;
    }
    if site.clock.is_past(at, LATE) {
        site.refusals.count_own("heartbeats_late", || format!("heartbeat {number} of visit {id}"));
    }
    match answer {
        // a client of an instance that is down tries again at its next heartbeat
        Ok(answer) if [StatusCode::NO_CONTENT, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status) => {}
        Ok(answer) => site.refusals.count_own("heartbeats_refused", || answer.status.to_string()),
        Err(error) => site.refusals.count_own("heartbeats_without_answer", || error.to_string()),
    }
}
