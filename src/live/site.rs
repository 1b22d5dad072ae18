//! The servers of one cell: what they share (the world, the clock) and what each has for itself (its key, the keys of
//! others that it has fetched, what it has taken).

use super::capture::Capture;
use super::clock::Clock;
use super::keys::{KeyPair, PublicKey};
use super::own::OwnSockets;
use super::peers::Peer;
use super::places::Places;
use super::refusals::Refusals;
use super::world::World;
use crate::cell::Cell;
use crate::foundation::ids::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How far a `date` may be off, as PeerTube has it.
pub(super) const DATE_OFF_MAX_S: i64 = 30 * 60;

/// The servers of one cell.
pub(super) struct Site {
    pub(super) cell: Arc<Cell>,
    pub(super) clock: Clock,
    /// By `InstanceId`.
    pub(super) servers: Vec<Server>,
    pub(super) refusals: Refusals,
    pub(super) capture: Option<Arc<Capture>>,
    pub(super) peers: Vec<Peer>,
    /// The connections that this process opened itself.
    pub(super) own: OwnSockets,
    /// The connections of everybody else.
    pub(super) places: Places,
    pub(super) world: Mutex<World>,
    /// Whether a task of this cell has panicked.
    pub(super) has_panicked: AtomicBool,
}

/// What one server has for itself.
pub(super) struct Server {
    pub(super) key: Arc<KeyPair>,
    /// By actor, of those that are known: its key.
    fetched: Mutex<BTreeMap<String, Arc<Fetched>>>,
    taken: Mutex<Signed>,
}

/// The key of an actor.
#[derive(Default)]
pub(super) struct Fetched {
    /// Once it was fetched.
    pub(super) key: OnceCell<PublicKey>,
    /// When that last failed.
    pub(super) failed: Mutex<Option<Instant>>,
}

/// What tells a signed request from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// Its date, in Unix time.
    pub(super) date_s: i64,
    /// Of its key and of the lines that it signed.
    pub(super) digest: [u8; 32],
}

/// The requests of others that a server has taken: none is taken twice. What is too old to be taken is forgotten.
#[derive(Debug, Default)]
struct Signed(BTreeSet<Mark>);

impl Signed {
    fn insert(&mut self, mark: Mark, now_s: i64) -> bool {
        let oldest = Mark { date_s: now_s.saturating_sub(DATE_OFF_MAX_S), digest: [0; 32] };
        while self.0.first().is_some_and(|first| *first < oldest) {
            self.0.pop_first();
        }
        self.0.insert(mark)
    }
}

/// Says in its cell that a task panicked in which it lived.
struct Witness(Arc<Site>);

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_panicked.store(true, Ordering::Relaxed);
        }
    }
}

impl Site {
    /// The world, for a moment. After a panic it may be halfway between two states; its cell is about to end then.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn server(&self, id: InstanceId) -> &Server {
        &self.servers[id.index()]
    }

    /// The time that heads have now, in seconds of Unix time.
    pub(super) fn unix_s(&self) -> i64 {
        self.cell.names.unix_s(self.clock.now())
    }

    /// A task of this cell: a panic in it ends the cell, and no other.
    pub(super) fn watched<T: Future + Send + 'static>(
        self: &Arc<Self>,
        task: T,
    ) -> impl Future<Output = T::Output> + Send + use<T> {
        let witness = Witness(Arc::clone(self));
        async move {
            let _witness = witness;
            task.await
        }
    }

    /// Starts a task of this cell.
    pub(super) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(self.watched(task)));
    }
}

impl Server {
    /// A server that has met nobody.
    pub(super) fn new(key: &Arc<KeyPair>) -> Server {
        Server { key: Arc::clone(key), fetched: Mutex::default(), taken: Mutex::default() }
    }

    /// Where the key of an actor is kept. Only actors that are known are asked for.
    pub(super) fn key_of(&self, actor: &str) -> Arc<Fetched> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(fetched.entry(actor.to_owned()).or_default())
    }

    /// Whether a request of others was taken before.
    pub(super) fn has_taken(&self, mark: &Mark) -> bool {
        self.taken().0.contains(mark)
    }

    /// Takes a request of others; false if it was taken before.
    pub(super) fn take(&self, mark: Mark, now_s: i64) -> bool {
        self.taken().insert(mark, now_s)
    }

    fn taken(&self) -> MutexGuard<'_, Signed> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_is_remembered_as_long_as_it_could_be_taken() {
        let mut taken = Signed::default();
        let mark = |date_s: i64| Mark { date_s, digest: [1; 32] };
        assert!(taken.insert(mark(0), 0));
        assert!(!taken.insert(mark(0), DATE_OFF_MAX_S));
        assert!(taken.insert(mark(3_600), DATE_OFF_MAX_S + 1));
        assert_eq!(taken.0.len(), 1, "the first is too old to be taken");
    }
}
