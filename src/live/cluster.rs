//! The servers of one cell: what they share (state, clock, peers) and what each has for itself (its key, the keys that it
//! has fetched, the requests that it has accepted).

use super::capture::Capture;
use super::clock::Clock;
use super::connection_limit::ConnectionLimit;
use super::keys::{KeyPair, PublicKey};
use super::ld_signature;
use super::own_sockets::OwnSockets;
use super::peers::{POSTS_WAITING_MAX, Peer, Post};
use super::refusals::Refusals;
use super::replays::AcceptedRequests;
use super::state::State;
use crate::cell::Cell;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::wire::Document;
use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

pub(super) struct Cluster {
    pub(super) cell: Arc<Cell>,
    pub(super) clock: Clock,
    /// By `InstanceId`.
    pub(super) servers: Vec<Server>,
    pub(super) refusals: Refusals,
    pub(super) capture: Option<Arc<Capture>>,
    pub(super) peers: Vec<Peer>,
    pub(super) own: OwnSockets,
    pub(super) connections: ConnectionLimit,
    pub(super) state: Mutex<State>,
    pub(super) has_panicked: AtomicBool,
}

pub(super) struct Server {
    pub(super) key: Arc<KeyPair>,
    /// By actor: its key.
    fetched: Mutex<BTreeMap<String, Arc<FetchedKey>>>,
    accepted: Mutex<AcceptedRequests>,
}

/// The key of an actor.
#[derive(Default)]
pub(super) struct FetchedKey {
    pub(super) key: OnceCell<PublicKey>,
    /// When fetching it last failed.
    pub(super) failed: Mutex<Option<Instant>>,
}

/// Notes in its cluster that the task which holds it has panicked.
struct PanicGuard(Arc<Cluster>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_panicked.store(true, Ordering::Relaxed);
        }
    }
}

impl Cluster {
    /// Locks the state. After a panic it may be inconsistent, but the cell is about to end then.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn server(&self, id: InstanceId) -> &Server {
        &self.servers[id.index()]
    }

    pub(super) fn peer(&self, id: InstanceId) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.id == id)
    }

    /// Queues a post for a peer, or drops and counts it.
    pub(super) fn queue_post(&self, peer: &Peer, post: Post) {
        if peer.queue(post).is_err() {
            let case = || format!("{}: {POSTS_WAITING_MAX} wait already", peer.at.inbox);
            self.refusals.count("posts_to_peers_dropped", case);
        }
    }

    /// A document with the signature of its author, built at a time, as bytes.
    pub(super) fn signed(&self, author: InstanceId, document: Document, built: Time) -> Bytes {
        let created = self.cell.names.iso_time(built);
        let signature = ld_signature::sign(&document, &self.server(author).key, created);
        Bytes::from(document.signed(signature).json())
    }

    /// The time that heads have now, in seconds of Unix time.
    pub(super) fn unix_s(&self) -> i64 {
        self.cell.names.unix_s(self.clock.now())
    }

    /// A task of this cell. A panic in it ends this cell and no other.
    pub(super) fn watched<T: Future + Send + 'static>(
        self: &Arc<Self>,
        task: T,
    ) -> impl Future<Output = T::Output> + Send + use<T> {
        let guard = PanicGuard(Arc::clone(self));
        async move {
            let _guard = guard;
            task.await
        }
    }

    pub(super) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(self.watched(task)));
    }
}

impl Server {
    /// A server that has fetched no key and accepted no request.
    pub(super) fn new(key: &Arc<KeyPair>) -> Server {
        Server { key: Arc::clone(key), fetched: Mutex::default(), accepted: Mutex::default() }
    }

    /// Where the key of a known actor is kept.
    pub(super) fn key_of(&self, actor: &str) -> Arc<FetchedKey> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fetched.entry(actor.to_owned()).or_default())
    }

    /// The requests of peers that it has accepted.
    pub(super) fn accepted(&self) -> MutexGuard<'_, AcceptedRequests> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
