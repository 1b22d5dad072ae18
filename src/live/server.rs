//! The HTTP server of one instance: connections within limits, and what it answers to which request.
//!
//! Limits: connections at once, the time for a head and for a body, the bytes of a body. What exceeds them is refused, and
//! counted; everybody else is served.

use super::documents;
use super::inbox;
use super::site::Site;
use super::socket::{Counted, Crossed};
use crate::instance::Heartbeat;
use crate::words::ids::{InstanceId, SessionId, VideoId};
use crate::words::units::Span;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections of one server at once; more wait until one ends.
const CONNECTIONS_MAX: usize = 1_024;
/// A whole head has to come within this time, and so has the next one on a connection that is kept.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// A whole body has to come within this time.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);
/// Whatever is done on it, a connection ends after this time.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);
/// No body may have more bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;

pub(super) type Reply = Response<Full<Bytes>>;

/// Serves an instance until the runtime ends.
pub(super) async fn serve(site: Arc<Site>, id: InstanceId, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let site = Arc::clone(&site);
                tokio::spawn(async move {
                    let served =
                        tokio::time::timeout(CONNECTION_TIME_MAX, connection(&site, id, stream)).await;
                    if served.is_err() {
                        site.refusals.count("connections_too_long", || format!("at {id}"));
                    }
                    drop(place);
                });
            }
            Err(error) => {
                site.refusals.count("connections_not_accepted", || error.to_string());
                // too many open files, say: some will be closed
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(site: &Arc<Site>, id: InstanceId, stream: TcpStream) {
    // answers are small: waiting for more would only make them late
    let _ = stream.set_nodelay(true);
    let (counted, crossed) = Counted::new(stream);
    let service = service_fn(|request| {
        let (site, crossed) = (Arc::clone(site), crossed.clone());
        async move { Ok::<_, Infallible>(answer(&site, id, &crossed, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(counted), service)
        .await;
    if let Err(error) = served {
        let reason = if error.is_timeout() { "heads_too_slow" } else { "connections_broken" };
        site.refusals.count(reason, || error.to_string());
    }
}

async fn answer(site: &Arc<Site>, id: InstanceId, crossed: &Crossed, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), &parts[..]) {
        (&Method::POST, ["inbox"] | ["accounts", _, "inbox"]) => {
            inbox::take(site, id, crossed, request).await
        }
        (&Method::POST, ["api", "v1", "videos", video, "views"]) => {
            let video = documents::video_named(site, video);
            views(site, id, video, request).await
        }
        (&Method::GET, parts) => {
            let query = request.uri().query().unwrap_or_default();
            documents::find(site, id, parts, query)
                .unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "not found"))
        }
        _ => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

/// What a client of PeerTube posts while somebody watches, and what ours says beside it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// The position in the video, in seconds.
    current_time: f64,
    /// Who watches.
    session_id: Option<String>,
    /// Of a client of the workload: which visit, and which of its heartbeats. They name the draws of what it causes.
    visit: Option<u32>,
    heartbeat: Option<u32>,
}

async fn views(site: &Site, id: InstanceId, video: Option<VideoId>, request: Request<Incoming>) -> Reply {
    let Some(video) = video else { return plain(StatusCode::NOT_FOUND, "no such video") };
    let body = match whole(site, request.into_body()).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let view = serde_json::from_slice::<View>(&body).ok();
    let Some(heartbeat) = view.and_then(|view| heartbeat_of(site, id, video, &view)) else {
        site.refusals.count("heartbeats_malformed", || shown(&body));
        return plain(StatusCode::BAD_REQUEST, "no heartbeat");
    };
    if site.world().heartbeat(id, heartbeat) {
        empty(StatusCode::NO_CONTENT)
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, "down")
    }
}

/// What a client means. Who is not of the workload is somebody new under each session id.
fn heartbeat_of(site: &Site, id: InstanceId, video: VideoId, view: &View) -> Option<Heartbeat> {
    /// Nobody watches for longer in one go, in seconds.
    const CURRENT_TIME_MAX: f64 = 1e9;
    /// Characters of a session id.
    const SESSION_ID_LENGTH_MAX: usize = 64;
    if !(0.0..CURRENT_TIME_MAX).contains(&view.current_time) {
        return None;
    }
    let watched = Span::from_ms((view.current_time * 1e3).round() as u64);
    match (view.visit, view.heartbeat, &view.session_id) {
        (Some(visit), Some(number), _) => {
            let session = site.cell.sessions.get(visit as usize)?;
            let is_its = (session.instance, session.video) == (id, video);
            let (viewer, session) = (session.viewer, SessionId(visit));
            is_its.then_some(Heartbeat { video, viewer, session, number, watched })
        }
        (None, None, Some(name)) if name.len() <= SESSION_ID_LENGTH_MAX => {
            let viewer = site.world().book.stranger(id, name);
            Some(Heartbeat { video, viewer, session: SessionId(viewer.0), number: 0, watched })
        }
        _ => None,
    }
}

/// The whole body of a request, within the limits.
pub(super) async fn whole(site: &Site, body: Incoming) -> Result<Bytes, Reply> {
    let too_large = || {
        site.refusals.count("bodies_too_large", || format!("more than {BODY_BYTES_MAX} bytes"));
        plain(StatusCode::PAYLOAD_TOO_LARGE, "too large")
    };
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            site.refusals.count("bodies_broken", || error.to_string());
            Err(plain(StatusCode::BAD_REQUEST, "broken"))
        }
        Err(_) => {
            site.refusals.count("bodies_too_slow", || format!("more than {BODY_TIME_MAX:?}"));
            Err(plain(StatusCode::REQUEST_TIMEOUT, "too slow"))
        }
    }
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

/// An answer in words.
pub(super) fn plain(status: StatusCode, text: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(format!("{text}\n"))));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// What came, as text that fits a line.
pub(super) fn shown(body: &[u8]) -> String {
    const CHARACTERS_MAX: usize = 120;
    String::from_utf8_lossy(body).chars().take(CHARACTERS_MAX).collect::<String>().escape_debug().to_string()
}
