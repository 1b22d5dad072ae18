//! The live driver: the instances of a cell as real HTTP servers on this machine, which exchange signed activities.
//!
//! Each instance has an address of its own (`server`), and the workload's clients post heartbeats to it (`viewers`). What
//! an instance sends becomes jobs (`desk`), which are signed and posted (`posting`), and believed by their receivers only
//! if the signatures hold (`inbox`). Latency, loss and faults are those of the scenario, applied at the sender. The same
//! observers are told the same things as by the simulation, so the same records come out.
//!
//! What comes over a socket is anybody's: it cannot panic, and what it can make is bounded (`places`, `book`, `world`,
//! `peers`). Cells share nothing but the machine: a panic in one ends that one.
//!
//! Here are sockets, real time and threads; there is no rule of a protocol, and nothing of how a run is simulated.

mod book;
mod capture;
mod clock;
mod desk;
mod documents;
mod exchange;
pub mod http_signature;
mod inbox;
pub mod keys;
pub mod ld_signature;
mod notes;
mod own;
mod peers;
mod places;
mod posting;
mod refusals;
pub mod run;
mod server;
mod setup;
mod site;
mod socket;
mod viewers;
mod world;

pub use capture::Capture;
pub use refusals::Reason;
pub use setup::{Addresses, PeerAt, Unfit, check};

use crate::cell::Cell;
use crate::foundation::ids::SessionId;
use crate::foundation::units::Time;
use crate::observe::{Ending, Observer, RunOutcome};
use clock::Clock;
use desk::Work;
use keys::KeyPair;
use notes::Note;
use own::OwnSockets;
use peers::{Peer, Post};
use places::Places;
use site::Site;
use std::collections::BTreeMap;
use std::fmt;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use world::World;

/// How often somebody looks whether a run is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a cell needs to come alive.
pub struct Stage {
    /// By `InstanceId`: where it listens.
    pub listeners: Vec<TcpListener>,
    /// By `InstanceId`: its key.
    pub keys: Vec<Arc<KeyPair>>,
    /// Model seconds per real second.
    pub scale: f64,
    /// How long after the call the cell's time begins.
    pub starts_in: Duration,
    /// Where taken requests are written.
    pub capture: Option<Arc<Capture>>,
    /// Servers of others.
    pub peers: Vec<PeerAt>,
    /// Connections of strangers at once.
    pub strangers_max: usize,
}

/// What came of a live cell, beside what observers were told.
#[derive(Debug)]
pub struct Lived {
    /// Counts that hold at the end.
    pub ending: Ending,
    /// What was refused, or went otherwise than the model says, by reason.
    pub refusals: BTreeMap<&'static str, Reason>,
}

/// Why a cell has no records.
#[derive(Debug)]
pub enum Died {
    /// A listener cannot be used.
    Listener(std::io::Error),
    /// A panic, a mistake of this program, which has been told on standard error.
    Panicked,
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Died::Listener(error) => write!(f, "cannot listen: {error}"),
            Died::Panicked => write!(f, "it ended by a mistake of this program, which is told above"),
        }
    }
}

impl std::error::Error for Died {}

/// Brings a cell to life until its end, and reports to `observer` on this thread. `stop` ends it early.
///
/// # Errors
/// If a listener cannot be used, or a task of it panicked.
pub fn run_cell(
    cell: &Arc<Cell>,
    stage: Stage,
    runtime: &Handle,
    observer: &mut impl Observer,
    stop: &Arc<AtomicBool>,
) -> Result<Lived, Died> {
    let clock = Clock::starting_in(stage.starts_in, stage.scale);
    let (notes, told) = channel::<Note>();
    let (work, to_do) = unbounded_channel();
    let world = World::new(cell, clock, notes, work, !stage.peers.is_empty());
    let (peers, posts): (Vec<_>, Vec<_>) = stage.peers.iter().map(Peer::new).unzip();
    let site = Arc::new(Site {
        cell: Arc::clone(cell),
        clock,
        servers: stage.keys.iter().map(site::Server::new).collect(),
        refusals: refusals::Refusals::default(),
        capture: stage.capture,
        peers,
        own: OwnSockets::default(),
        places: Places::new(stage.strangers_max, places::AGE_MIN),
        has_panicked: AtomicBool::new(false),
        world: Mutex::new(world),
    });
    let listeners = {
        let _inside = runtime.enter();
        let listener = |listener: TcpListener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        };
        let listeners = stage.listeners.into_iter().map(listener);
        listeners.collect::<std::io::Result<Vec<_>>>().map_err(Died::Listener)?
    };
    let living = live(Arc::clone(&site), listeners, to_do, posts, Arc::clone(stop));
    let living = runtime.spawn(site.watched(living));
    loop {
        match told.recv_timeout(LOOK_EVERY) {
            Ok(note) => note.tell(observer),
            // a task that panicked tells nothing any more
            Err(RecvTimeoutError::Timeout) if !living.is_finished() => {}
            Err(_) => break,
        }
    }
    told.try_iter().for_each(|note| note.tell(observer));
    let ending = runtime.block_on(living).ok().flatten().ok_or(Died::Panicked)?;
    Ok(Lived { ending, refusals: site.refusals.counts() })
}

/// All that lives in one cell; it ends with the run, whatever is still under way. None if a task panicked.
async fn live(
    site: Arc<Site>,
    listeners: Vec<tokio::net::TcpListener>,
    to_do: UnboundedReceiver<Work>,
    posts: Vec<Receiver<Post>>,
    stop: Arc<AtomicBool>,
) -> Option<Ending> {
    let mut tasks = JoinSet::new();
    for (id, listener) in listeners.into_iter().enumerate() {
        let id = crate::foundation::ids::InstanceId::at(id);
        tasks.spawn(site.watched(server::serve(Arc::clone(&site), id, listener)));
    }
    for session in (0..site.cell.sessions.len()).map(SessionId::at) {
        tasks.spawn(site.watched(viewers::watch(Arc::clone(&site), session)));
    }
    for (number, waiting) in posts.into_iter().enumerate() {
        tasks.spawn(site.watched(peers::deliver(Arc::clone(&site), number, waiting)));
    }
    tasks.spawn(site.watched(pace(Arc::clone(&site))));
    tasks.spawn(site.watched(work(Arc::clone(&site), to_do)));
    let outcome = until_over(&site, &stop).await;
    let ending = outcome.map(|outcome| site.world().ending(outcome));
    tasks.abort_all();
    ending
}

/// Waits for the end of the run; none if a task panicked.
async fn until_over(site: &Site, stop: &AtomicBool) -> Option<RunOutcome> {
    loop {
        if site.has_panicked.load(Ordering::Relaxed) {
            return None;
        }
        if stop.load(Ordering::Relaxed) {
            return Some(RunOutcome::Interrupted);
        }
        let end = site.cell.end.latest();
        if let Some(at) = site.world().over() {
            return Some(RunOutcome::Done(at));
        }
        tokio::select! {
            () = site.clock.wait_until(end) => site.world().finish(),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Has what is planned happen at its time.
async fn pace(site: Arc<Site>) {
    loop {
        let next: Option<Time> = site.world().next_planned();
        let Some(next) = next else { return };
        site.clock.wait_until(next).await;
        site.world().wake();
    }
}

/// Starts what is to be posted.
async fn work(site: Arc<Site>, mut to_do: UnboundedReceiver<Work>) {
    while let Some(work) = to_do.recv().await {
        match work {
            Work::Job(job) => site.spawn(posting::run_job(Arc::clone(&site), job)),
            Work::Broadcast(broadcast) => site.spawn(peers::run_broadcast(Arc::clone(&site), broadcast)),
        }
    }
}
