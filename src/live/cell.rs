//! One live cell from its start to its end: its servers, viewers and posts as tasks, and its observations to an observer.

use super::capture::Capture;
use super::clock::Clock;
use super::cluster::{Cluster, Server};
use super::connection_limit::{AGE_MIN, ConnectionLimit};
use super::keys::KeyPair;
use super::observations::Observation;
use super::outbox::Work;
use super::own_sockets::OwnSockets;
use super::peers::{Peer, Post};
use super::refusals::{Reason, Refusals};
use super::state::State;
use super::{peer_posting, posting, server, viewers};
use crate::cell::Cell;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::observe::{Ending, Observer, RunOutcome};
use crate::scenario;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What a live cell needs beside its model.
pub(super) struct CellSetup {
    /// By `InstanceId`: where it listens.
    pub(super) listeners: Vec<TcpListener>,
    /// By `InstanceId`: its key.
    pub(super) keys: Vec<Arc<KeyPair>>,
    /// Model seconds per real second.
    pub(super) scale: f64,
    /// How long after the call the time of the cell starts.
    pub(super) starts_in: Duration,
    /// Where accepted requests are written.
    pub(super) capture: Option<Arc<Capture>>,
    pub(super) peers: Vec<scenario::Peer>,
    /// How many connections of strangers are served at once.
    pub(super) strangers_max: usize,
}

/// What a live cell leaves beside its observations.
#[derive(Debug)]
pub struct LiveOutcome {
    /// Counts that hold at the end.
    pub ending: Ending,
    /// By reason: what was refused, and what did not go as the model says.
    pub refusals: BTreeMap<&'static str, Reason>,
}

/// Why a live cell has no records.
#[derive(Debug, Error)]
pub enum CellError {
    /// A listener cannot be used.
    #[error("cannot listen: {0}")]
    Listener(std::io::Error),
    /// A task panicked, which is a mistake of this program. The panic is on standard error.
    #[error("it ended by a mistake of this program, which is told above")]
    Panicked,
}

/// Runs a cell to its end, and reports to `observer` on this thread. `stop` ends it early.
///
/// # Errors
/// If a listener cannot be used, or a task panicked.
pub(super) fn run_cell(
    cell: &Arc<Cell>,
    setup: CellSetup,
    runtime: &Handle,
    observer: &mut dyn Observer,
    stop: &Arc<AtomicBool>,
) -> Result<LiveOutcome, CellError> {
    let clock = Clock::starting_in(setup.starts_in, setup.scale);
    let (observations, observed) = channel::<Observation>();
    let (work, to_do) = unbounded_channel();
    let state = State::new(cell, clock, observations, work, !setup.peers.is_empty());
    let numbers = (setup.listeners.len()..).map(InstanceId::at);
    let peers = numbers.zip(&setup.peers).map(|(id, at)| Peer::new(id, at));
    let (peers, posts): (Vec<_>, Vec<_>) = peers.unzip();
    let cluster = Arc::new(Cluster {
        cell: Arc::clone(cell),
        clock,
        servers: setup.keys.iter().map(Server::new).collect(),
        refusals: Refusals::default(),
        capture: setup.capture,
        peers,
        own: OwnSockets::default(),
        connections: ConnectionLimit::new(setup.strangers_max, AGE_MIN),
        has_panicked: AtomicBool::new(false),
        state: Mutex::new(state),
    });
    let listeners = {
        let _inside = runtime.enter();
        let listener = |listener: TcpListener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        };
        let listeners = setup.listeners.into_iter().map(listener);
        listeners.collect::<std::io::Result<Vec<_>>>().map_err(CellError::Listener)?
    };
    let tasks = run_tasks(Arc::clone(&cluster), listeners, to_do, posts, Arc::clone(stop));
    let tasks = runtime.spawn(cluster.watched(tasks));
    loop {
        match observed.recv_timeout(POLL_INTERVAL) {
            Ok(observation) => observation.report(observer),
            // a task that has panicked reports nothing any more
            Err(RecvTimeoutError::Timeout) if !tasks.is_finished() => {}
            Err(_) => break,
        }
    }
    observed.try_iter().for_each(|observation| observation.report(observer));
    let ending = runtime.block_on(tasks).ok().flatten().ok_or(CellError::Panicked)?;
    Ok(LiveOutcome { ending, refusals: cluster.refusals.counts() })
}

/// Runs all tasks of a cell until its end, and aborts those that are left. None if one panicked.
async fn run_tasks(
    cluster: Arc<Cluster>,
    listeners: Vec<tokio::net::TcpListener>,
    to_do: UnboundedReceiver<Work>,
    posts: Vec<Receiver<Post>>,
    stop: Arc<AtomicBool>,
) -> Option<Ending> {
    let mut tasks = JoinSet::new();
    for (id, listener) in listeners.into_iter().enumerate() {
        tasks.spawn(cluster.watched(server::serve(Arc::clone(&cluster), InstanceId::at(id), listener)));
    }
    for session in (0..cluster.cell.sessions.len()).map(SessionId::at) {
        tasks.spawn(cluster.watched(viewers::watch(Arc::clone(&cluster), session)));
    }
    for (number, waiting) in posts.into_iter().enumerate() {
        tasks.spawn(cluster.watched(peer_posting::deliver(Arc::clone(&cluster), number, waiting)));
    }
    tasks.spawn(cluster.watched(keep_time(Arc::clone(&cluster))));
    tasks.spawn(cluster.watched(start_work(Arc::clone(&cluster), to_do)));
    let outcome = until_ended(&cluster, &stop).await;
    let ending = outcome.map(|outcome| cluster.state().ending(outcome));
    tasks.abort_all();
    ending
}

/// Waits for the end of the run. None if a task panicked.
async fn until_ended(cluster: &Cluster, stop: &AtomicBool) -> Option<RunOutcome> {
    loop {
        if cluster.has_panicked.load(Ordering::Relaxed) {
            return None;
        }
        if stop.load(Ordering::Relaxed) {
            return Some(RunOutcome::Interrupted);
        }
        let end = cluster.cell.end.latest();
        if let Some(at) = cluster.state().ended {
            return Some(RunOutcome::Done(at));
        }
        tokio::select! {
            () = cluster.clock.wait_until(end) => cluster.state().finish(),
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

/// Lets each planned event happen at its time.
async fn keep_time(cluster: Arc<Cluster>) {
    loop {
        let next = cluster.state().next_planned();
        let Some(next) = next else { return };
        cluster.clock.wait_until(next).await;
        cluster.state().now();
    }
}

/// Starts a task for each job and each broadcast.
async fn start_work(cluster: Arc<Cluster>, mut to_do: UnboundedReceiver<Work>) {
    while let Some(work) = to_do.recv().await {
        match work {
            Work::Job(job) => cluster.spawn(posting::run_job(Arc::clone(&cluster), job)),
            Work::Broadcast(broadcast) => {
                cluster.spawn(peer_posting::run_broadcast(Arc::clone(&cluster), broadcast));
            }
        }
    }
}
