//! The endpoint to which clients post heartbeats.

use super::cluster::Cluster;
use super::own_sockets::Purpose;
use super::reply::{Reply, empty, excerpt, plain, rejected, whole_body};
use crate::event::MAX_NUMBER;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Span;
use crate::instance::Heartbeat;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Request, StatusCode};
use serde::Deserialize;

/// What PeerTube's client posts while somebody watches, and two members that ours adds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// The position in the video, in seconds.
    current_time: f64,
    session_id: Option<String>,
    /// `leave`, if it says that the viewer leaves; anything else is none of the model's.
    view_event: Option<String>,
    /// Of a client of the workload: the number of the visit and of the heartbeat. They name the draws of what it causes.
    visit: Option<u32>,
    heartbeat: Option<u32>,
}

/// Takes a heartbeat for a video. `own` is what this process opened the connection for; None of a stranger's.
pub(super) async fn take(
    cluster: &Cluster,
    id: InstanceId,
    video: Option<VideoId>,
    own: Option<Purpose>,
    request: Request<Incoming>,
) -> Reply {
    let Some(video) = video else { return plain(StatusCode::NOT_FOUND, "no such video") };
    let body = match whole_body(cluster, request.into_body()).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let malformed = |reason| {
        cluster.refusals.count(reason, || excerpt(&body));
        plain(StatusCode::BAD_REQUEST, "no heartbeat")
    };
    let Some(view) = serde_json::from_slice::<View>(&body).ok().filter(View::is_valid) else {
        return malformed("heartbeats_malformed");
    };
    let accepted = match (view.visit, view.heartbeat, &view.session_id, own) {
        (Some(visit), Some(number), _, Some(Purpose::Heartbeat(session))) if session.0 == visit => {
            let Some(heartbeat) = of_visit(cluster, id, video, session, number, &view) else {
                return malformed("heartbeats_malformed");
            };
            match view.leaves() {
                true => cluster.state().leave(id, video, heartbeat.viewer).map(|()| None),
                false => cluster.state().heartbeat(id, heartbeat),
            }
        }
        // a visit of the workload is known by its connection, not by what a body says
        (Some(_), Some(_), ..) => return malformed("heartbeats_forged"),
        (None, None, Some(name), _) => {
            let accepted = match view.leaves() {
                true => cluster.state().stranger_leaves(id, video, name).map(|()| None),
                false => cluster.state().stranger_heartbeat(id, video, name, view.watched()),
            };
            if accepted.is_ok() {
                cluster.refusals.count("heartbeats_of_strangers", || format!("{} at {id}", excerpt(&body)));
            }
            accepted
        }
        _ => return malformed("heartbeats_malformed"),
    };
    accepted.map_or_else(|why| rejected(cluster, id, why), no_content)
}

/// The answer to a heartbeat, which may tell when the next one is to come.
fn no_content(told: Option<Span>) -> Reply {
    let mut reply = empty(StatusCode::NO_CONTENT);
    if let Some(told) = told {
        reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(told.ns() / Span::from_secs(1).ns()));
    }
    reply
}

impl View {
    fn is_valid(&self) -> bool {
        /// A longer position is a mistake, in seconds.
        const CURRENT_TIME_MAX: f64 = 1e9;
        const SESSION_ID_LENGTH_MAX: usize = 64;
        (0.0..CURRENT_TIME_MAX).contains(&self.current_time)
            && self.session_id.as_ref().is_none_or(|name| name.len() <= SESSION_ID_LENGTH_MAX)
    }

    fn leaves(&self) -> bool {
        self.view_event.as_deref() == Some("leave")
    }

    fn watched(&self) -> Span {
        Span::from_ms((self.current_time * 1e3).round() as u64)
    }
}

/// The heartbeat of a visit of the workload, if it is at its own server.
fn of_visit(
    cluster: &Cluster,
    id: InstanceId,
    video: VideoId,
    session: SessionId,
    number: u32,
    view: &View,
) -> Option<Heartbeat> {
    let visit = cluster.cell.sessions.get(session.index())?;
    let is_its = (visit.instance, visit.video) == (id, video) && number <= MAX_NUMBER;
    let watched = view.watched();
    is_its.then(|| Heartbeat { watched, ..Heartbeat::of(visit, session, number, visit.first_heartbeat) })
}
