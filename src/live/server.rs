//! The HTTP server of one instance: its connections and their limits, and which request goes where.
//!
//! Connections of strangers are limited in number (`connection_limit`), all connections in time and in bytes. What exceeds
//! a limit is refused and counted.

use super::answering;
use super::cluster::Cluster;
use super::counted_stream::CountedStream;
use super::documents::{self, Text};
use super::heartbeats;
use super::inbox::{self, Connection};
use super::own_sockets::Purpose;
use super::reply::{Reply, plain, typed};
use crate::foundation::ids::InstanceId;
use hyper::body::Incoming;
use hyper::header::DATE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// A whole head has to come within this time, also the next one on a kept connection.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// A larger head is refused. PeerTube's have about 900 bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(60);

pub(super) async fn serve(cluster: Arc<Cluster>, id: InstanceId, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let own = cluster.own.purpose(&from);
                let room = match own {
                    Some(_) => None,
                    None => match cluster.connections.admit(&cluster.refusals) {
                        None => continue,
                        room => room,
                    },
                };
                let served = Arc::clone(&cluster);
                cluster.spawn(async move {
                    let connection = timed_connection(&served, id, stream, own);
                    match room {
                        Some(room) => served.connections.serve(room, &served.refusals, connection).await,
                        None => connection.await,
                    }
                });
            }
            Err(error) => {
                cluster.refusals.count("connections_not_accepted", || error.to_string());
                // such as too many open files: some will be closed
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn timed_connection(cluster: &Arc<Cluster>, id: InstanceId, stream: TcpStream, own: Option<Purpose>) {
    let served = tokio::time::timeout(CONNECTION_TIME_MAX, connection(cluster, id, stream, own)).await;
    if served.is_err() {
        cluster.refusals.count("connections_too_long", || format!("at {id}"));
    }
}

async fn connection(cluster: &Arc<Cluster>, id: InstanceId, stream: TcpStream, own: Option<Purpose>) {
    // replies are small, and waiting for more bytes would delay them
    let _ = stream.set_nodelay(true);
    let (counted, bytes) = CountedStream::new(stream);
    let from = Connection { bytes, own };
    let service = service_fn(|request| {
        let (cluster, from) = (Arc::clone(cluster), from.clone());
        async move { Ok::<_, Infallible>(dated_reply(&cluster, id, &from, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(counted), service)
        .await;
    if let Err(error) = served {
        let reason = if error.is_timeout() { "heads_too_slow" } else { "connections_broken" };
        cluster.refusals.count(reason, || error.to_string());
    }
}

/// The reply, with the time of the run as its date unless it has one.
async fn dated_reply(
    cluster: &Arc<Cluster>,
    id: InstanceId,
    from: &Connection,
    request: Request<Incoming>,
) -> Reply {
    let mut reply = reply(cluster, id, from, request).await;
    if let Ok(date) = cluster.cell.names.http_date(cluster.clock.now()).parse() {
        reply.headers_mut().entry(DATE).or_insert(date);
    }
    reply
}

async fn reply(
    cluster: &Arc<Cluster>,
    id: InstanceId,
    from: &Connection,
    request: Request<Incoming>,
) -> Reply {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), &parts[..]) {
        (&Method::POST, ["inbox"] | ["accounts", _, "inbox"]) => {
            inbox::take(cluster, id, from, request).await
        }
        (&Method::POST, ["api", "v1", "videos", video, "views"]) => {
            let video = documents::video_named(cluster, video);
            heartbeats::take(cluster, id, video, from.own, request).await
        }
        (&Method::GET, parts) => {
            let query = request.uri().query().unwrap_or_default();
            match (documents::find(cluster, id, parts, query), from.own) {
                (None, _) => plain(StatusCode::NOT_FOUND, "not found"),
                (Some(document), Some(Purpose::Get(request, activity))) => {
                    answering::answer(cluster, id, from, (request, &activity), document)
                }
                (Some(Text { kind, text }), _) => typed(kind, text),
            }
        }
        _ => plain(StatusCode::NOT_FOUND, "not found"),
    }
}
