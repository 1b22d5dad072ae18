//! The HTTP server of one instance: connections within limits, and what it answers to which request.
//!
//! Limits: connections of strangers at once (`places`), the time for a head and for a body, their bytes. What exceeds them is
//! refused, and counted; everybody else is served.

use super::documents;
use super::inbox;
use super::own::Purpose;
use super::site::Site;
use super::socket::{Counted, Crossed};
use super::world::NotTaken;
use crate::event::MAX_NUMBER;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Span;
use crate::instance::Heartbeat;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// A whole head has to come within this time, and so has the next one on a connection that is kept.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// A whole body has to come within this time.
const BODY_TIME_MAX: Duration = Duration::from_secs(5);
/// A head with more bytes is refused; PeerTube's have about 900.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Whatever is done on it, a connection ends after this time.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);
/// No body may have more bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;

pub(super) type Reply = Response<Full<Bytes>>;

/// Whose request it is.
#[derive(Clone)]
pub(super) struct Caller {
    /// The bytes of the connection.
    pub(super) crossed: Crossed,
    /// What this process itself opened the connection for; none if a stranger did.
    pub(super) own: Option<Purpose>,
}

/// Serves an instance until the runtime ends.
pub(super) async fn serve(site: Arc<Site>, id: InstanceId, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let own = site.own.purpose(&from);
                let room = match own {
                    Some(_) => None,
                    None => match site.places.admit(&site.refusals) {
                        None => continue,
                        room => room,
                    },
                };
                let served = Arc::clone(&site);
                site.spawn(async move {
                    let connection = timed_connection(&served, id, stream, own);
                    match room {
                        Some(room) => served.places.seat(room, &served.refusals, connection).await,
                        None => connection.await,
                    }
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

async fn timed_connection(site: &Arc<Site>, id: InstanceId, stream: TcpStream, own: Option<Purpose>) {
    let served = tokio::time::timeout(CONNECTION_TIME_MAX, connection(site, id, stream, own)).await;
    if served.is_err() {
        site.refusals.count("connections_too_long", || format!("at {id}"));
    }
}

async fn connection(site: &Arc<Site>, id: InstanceId, stream: TcpStream, own: Option<Purpose>) {
    // answers are small: waiting for more would only make them late
    let _ = stream.set_nodelay(true);
    let (counted, crossed) = Counted::new(stream);
    let caller = Caller { crossed, own };
    let service = service_fn(|request| {
        let (site, caller) = (Arc::clone(site), caller.clone());
        async move { Ok::<_, Infallible>(dated_answer(&site, id, &caller, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(counted), service)
        .await;
    if let Err(error) = served {
        let reason = if error.is_timeout() { "heads_too_slow" } else { "connections_broken" };
        site.refusals.count(reason, || error.to_string());
    }
}

/// The answer, with the time of the run for its date where it has none yet.
async fn dated_answer(
    site: &Arc<Site>,
    id: InstanceId,
    caller: &Caller,
    request: Request<Incoming>,
) -> Reply {
    let mut reply = answer(site, id, caller, request).await;
    if let Ok(date) = site.cell.names.http_date(site.clock.now()).parse() {
        reply.headers_mut().entry(DATE).or_insert(date);
    }
    reply
}

async fn answer(site: &Arc<Site>, id: InstanceId, caller: &Caller, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), &parts[..]) {
        (&Method::POST, ["inbox"] | ["accounts", _, "inbox"]) => inbox::take(site, id, caller, request).await,
        (&Method::POST, ["api", "v1", "videos", video, "views"]) => {
            let video = documents::video_named(site, video);
            views(site, id, video, caller.own, request).await
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

async fn views(
    site: &Site,
    id: InstanceId,
    video: Option<VideoId>,
    own: Option<Purpose>,
    request: Request<Incoming>,
) -> Reply {
    let Some(video) = video else { return plain(StatusCode::NOT_FOUND, "no such video") };
    let body = match whole(site, request.into_body()).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let malformed = |reason| {
        site.refusals.count(reason, || shown(&body));
        plain(StatusCode::BAD_REQUEST, "no heartbeat")
    };
    let Some(view) = serde_json::from_slice::<View>(&body).ok().filter(View::is_sound) else {
        return malformed("heartbeats_malformed");
    };
    let taken = match (view.visit, view.heartbeat, &view.session_id, own) {
        (Some(visit), Some(number), _, Some(Purpose::Heartbeat(session))) if session.0 == visit => {
            let Some(heartbeat) = of_visit(site, id, video, session, number, &view) else {
                return malformed("heartbeats_malformed");
            };
            site.world().heartbeat(id, heartbeat)
        }
        // who watches in the workload is known by the connection
        (Some(_), Some(_), ..) => return malformed("heartbeats_forged"),
        (None, None, Some(name), _) => {
            let taken = site.world().made_up_heartbeat(id, video, name, view.watched());
            if taken.is_ok() {
                site.refusals.count("heartbeats_of_strangers", || format!("{} at {id}", shown(&body)));
            }
            taken
        }
        _ => return malformed("heartbeats_malformed"),
    };
    taken.map_or_else(|why| not_taken(site, id, why), |()| empty(StatusCode::NO_CONTENT))
}

/// The answer to what an instance does not take now.
pub(super) fn not_taken(site: &Site, id: InstanceId, why: NotTaken) -> Reply {
    match why.reason() {
        None => plain(StatusCode::SERVICE_UNAVAILABLE, "down"),
        Some(reason) => {
            site.refusals.count(reason, || format!("at {id}"));
            plain(StatusCode::TOO_MANY_REQUESTS, "too many requests")
        }
    }
}

impl View {
    fn is_sound(&self) -> bool {
        /// Nobody watches for longer in one go, in seconds.
        const CURRENT_TIME_MAX: f64 = 1e9;
        /// Characters of a session id.
        const SESSION_ID_LENGTH_MAX: usize = 64;
        (0.0..CURRENT_TIME_MAX).contains(&self.current_time)
            && self.session_id.as_ref().is_none_or(|name| name.len() <= SESSION_ID_LENGTH_MAX)
    }

    fn watched(&self) -> Span {
        Span::from_ms((self.current_time * 1e3).round() as u64)
    }
}

/// What a client of the workload means, if it is at its own server.
fn of_visit(
    site: &Site,
    id: InstanceId,
    video: VideoId,
    session: SessionId,
    number: u32,
    view: &View,
) -> Option<Heartbeat> {
    let visit = site.cell.sessions.get(session.index())?;
    let is_its = (visit.instance, visit.video) == (id, video) && number <= MAX_NUMBER;
    is_its.then(|| Heartbeat { video, viewer: visit.viewer, session, number, watched: view.watched() })
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
