//! Peers: servers outside of the run that take part in it, as the scenario's `peers` says.

use crate::foundation::ids::InstanceId;
use crate::scenario;
use hyper::body::Bytes;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The largest number of posts that wait for a peer.
pub(super) const POSTS_WAITING_MAX: usize = 1_000;
/// The largest number of posts of a peer in a run.
pub(super) const POSTS_OF_PEER_MAX: u64 = 100_000;

/// A peer during a run.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number, behind those of the instances.
    pub(super) id: InstanceId,
    /// Its actor, whose document has its key, and its inbox.
    pub(super) at: scenario::Peer,
    follows: Mutex<BTreeSet<InstanceId>>,
    /// How many of its posts were accepted.
    posts: AtomicU64,
    queue: Sender<Post>,
}

/// A document that an instance posts to a peer.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) from: InstanceId,
    pub(super) body: Bytes,
}

impl Peer {
    /// A peer, and the queue of posts for it.
    pub(super) fn new(id: InstanceId, at: &scenario::Peer) -> (Peer, Receiver<Post>) {
        let (queue, waiting) = channel(POSTS_WAITING_MAX);
        let follows = Mutex::new(at.follows.into_iter().collect());
        (Peer { id, at: at.clone(), follows, posts: AtomicU64::new(0), queue }, waiting)
    }

    pub(super) fn is_following(&self, id: InstanceId) -> bool {
        self.follows().contains(&id)
    }

    pub(super) fn follow(&self, id: InstanceId) {
        self.follows().insert(id);
    }

    pub(super) fn unfollow(&self, id: InstanceId) {
        self.follows().remove(&id);
    }

    /// Whether one more of its posts may be accepted. Counts it.
    pub(super) fn may_post(&self) -> bool {
        self.posts.fetch_add(1, Ordering::Relaxed) < POSTS_OF_PEER_MAX
    }

    /// Queues a post for it, if there is room.
    pub(super) fn queue(&self, post: Post) -> Result<(), TrySendError<Post>> {
        self.queue.try_send(post)
    }

    fn follows(&self) -> MutexGuard<'_, BTreeSet<InstanceId>> {
        self.follows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
