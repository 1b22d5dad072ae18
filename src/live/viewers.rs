//! The clients of the workload: each visit posts heartbeats to its own instance, as PeerTube's player does, and when it leaves that it does, where
//! it manages to.

use super::cluster::Cluster;
use super::http_client::exchange_own;
use super::own_sockets::Purpose;
use crate::cell::leave_time;
use crate::foundation::ids::SessionId;
use crate::foundation::units::{Span, Time};
use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::json;
use std::sync::Arc;

/// Posts the heartbeats of a visit from its first one to its end.
pub(super) async fn watch(cluster: Arc<Cluster>, id: SessionId) {
    let visit = cluster.cell.sessions[id.index()];
    let end = visit.end.min(cluster.cell.end.latest());
    let mut at = visit.first_heartbeat;
    let mut leaves = None;
    for number in 0u32.. {
        if at >= end {
            if let Some(at) = leaves.filter(|at| *at <= end) {
                cluster.clock.wait_until(at).await;
                spawn(&cluster, post(Arc::clone(&cluster), id, number, at, true));
            }
            return;
        }
        cluster.clock.wait_until(at).await;
        if number == 0 {
            let rules = cluster.state().rules(visit.instance);
            leaves = leave_time(&cluster.cell, id, &rules);
        }
        let beat = post(Arc::clone(&cluster), id, number, at, false);
        let hints = cluster.state().rules(visit.instance).parameters.hints.is_some();
        let told = if hints {
            beat.await
        } else {
            // a client goes on watching before the answer is there
            spawn(&cluster, beat);
            None
        };
        at += cluster.state().heartbeat_interval(id, told);
    }
}

/// Posts without waiting for the answer.
fn spawn(cluster: &Arc<Cluster>, post: impl Future<Output = Option<Span>> + Send + 'static) {
    cluster.spawn(async {
        post.await;
    });
}

/// Posts a heartbeat, or that the viewer leaves. Returns when the answer tells to come, if it does.
async fn post(cluster: Arc<Cluster>, id: SessionId, number: u32, at: Time, leaves: bool) -> Option<Span> {
    let visit = &cluster.cell.sessions[id.index()];
    let watched_ms = at.since(visit.first_heartbeat).ns() / 1_000_000;
    let names = &cluster.cell.names;
    let (host, uuid) = (names.host(visit.instance).name(), &names.video(visit.video).uuid);
    let mut body = json!({
        "currentTime": watched_ms as f64 / 1e3,
        "sessionId": visit.viewer.to_string(),
        "visit": id.0,
        "heartbeat": number,
    });
    if leaves {
        body["viewEvent"] = json!("leave");
    }
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST /api/v1/videos/{uuid}/views HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let address = host.parse().expect("the servers of a run have addresses for names");
    let answer = exchange_own(&cluster.own, Purpose::Heartbeat(id), address, &head, Bytes::from(body)).await;
    if cluster.state().ended.is_some() {
        return None;
    }
    if cluster.clock.is_late(at) {
        cluster.refusals.count_own("heartbeats_late", || format!("heartbeat {number} of visit {id}"));
    }
    let told_s = answer.as_ref().ok().and_then(|answer| answer.retry_after_s);
    match answer {
        // a client of an instance that is down tries again with its next heartbeat
        Ok(answer) if [StatusCode::NO_CONTENT, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status) => {}
        Ok(answer) => cluster.refusals.count_own("heartbeats_refused", || answer.status.to_string()),
        Err(error) => cluster.refusals.count_own("heartbeats_without_answer", || error.to_string()),
    }
    told_s.map(|told_s| Span::from_secs(u64::from(told_s)))
}
