//! The servers of one cell: what they share (the world, the clock) and what each has for itself (its key, the keys of
//! others that it has fetched, what it has taken).

use super::capture::Capture;
use super::clock::Clock;
use super::keys::{KeyPair, PublicKey};
use super::peers::Peer;
use super::refusals::Refusals;
use super::world::World;
use crate::sim::Cell;
use crate::words::ids::InstanceId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::OnceCell;

/// The servers of one cell.
pub(super) struct Site {
    pub(super) cell: Arc<Cell>,
    pub(super) clock: Clock,
    /// By `InstanceId`.
    pub(super) servers: Vec<Server>,
    pub(super) refusals: Refusals,
    pub(super) capture: Option<Arc<Capture>>,
    pub(super) peers: Vec<Peer>,
    pub(super) world: Mutex<World>,
}

/// What one server has for itself.
pub(super) struct Server {
    pub(super) key: Arc<KeyPair>,
    /// By actor: its key, once it was fetched.
    fetched: Mutex<BTreeMap<String, Arc<OnceCell<PublicKey>>>>,
    /// Signatures of the requests that it has taken: none is taken twice.
    taken: Mutex<BTreeSet<String>>,
}

impl Site {
    /// The world, for a moment.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panics with it")
    }

    pub(super) fn server(&self, id: InstanceId) -> &Server {
        &self.servers[id.index()]
    }
}

impl Server {
    /// A server that has met nobody.
    pub(super) fn new(key: &Arc<KeyPair>) -> Server {
        Server { key: Arc::clone(key), fetched: Mutex::default(), taken: Mutex::default() }
    }

    /// Where the key of an actor is kept.
    pub(super) fn key_of(&self, actor: &str) -> Arc<OnceCell<PublicKey>> {
        let mut fetched = self.fetched.lock().expect("nobody panics with it");
        Arc::clone(fetched.entry(actor.to_owned()).or_default())
    }

    /// Whether a signature comes for the first time.
    pub(super) fn is_new(&self, signature: &str) -> bool {
        self.taken.lock().expect("nobody panics with it").insert(signature.to_owned())
    }
}
