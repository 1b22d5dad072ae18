//! Jobs: one activity for one inbox or many, and the keys of the queues in which jobs wait.

use crate::event::Letter;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::fate::RetriedId;
use crate::mechanism::network::Ways;
use crate::mechanism::pending::Key;
use crate::observe::QueueName;
use crate::sim::route::Route;
use std::rc::Rc;
use std::sync::Arc;

/// A delivery queue of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum QueueKey {
    Sequential,
    Parallel,
    Unicast,
    To(InstanceId),
    Workers,
    /// GETs wait for no slot.
    Gets,
}

/// One activity for one inbox or many, from one queue.
pub(super) struct Job {
    pub(super) letter: Rc<Letter>,
    pub(super) queue: QueueKey,
    /// Its place in the queue of its destination, kept when it is tried again: the number of the first job.
    pub(super) place: u64,
    /// Whether the activity must be signed (JSON-LD) before it can be sent.
    pub(super) signs: bool,
    /// Destinations; the one in `except` gets no request.
    pub(super) to: Arc<[InstanceId]>,
    pub(super) except: Option<InstanceId>,
    /// Position in `to` of the next request.
    pub(super) next: usize,
    /// Requests that are not over.
    pub(super) under_way: u32,
    /// Whether it reached its time limit: its slot is free already.
    pub(super) is_given_up: bool,
    /// By position in `to`, once it runs: what the network does to the legs of its requests.
    pub(super) ways: Vec<Ways>,
    /// Its route, if its requests are counted by route.
    pub(super) route: Option<Arc<Route>>,
    /// Of its requests that end without an event: when the last one is over, the key of that, and its destination.
    pub(super) last_end: Option<(Time, Key, InstanceId)>,
    /// If it is made again when its process starts: which activity that is.
    pub(super) retried: Option<RetriedId>,
    /// Inboxes whose requests ended well, and those whose did not.
    pub(super) good: Vec<InstanceId>,
    pub(super) bad: Vec<InstanceId>,
    /// Of these, the ones whose answer was final.
    pub(super) given_up_on: Vec<InstanceId>,
}

impl Job {
    /// A request is over, and its message is not sent again if that is final.
    pub(super) fn note(&mut self, to: InstanceId, is_good: bool, is_final: bool) {
        if is_good { &mut self.good } else { &mut self.bad }.push(to);
        if is_final {
            self.given_up_on.push(to);
        }
    }

    /// A waiting job for all of `to` but `except`.
    pub(super) fn new(
        letter: Rc<Letter>,
        queue: QueueKey,
        to: Arc<[InstanceId]>,
        except: Option<InstanceId>,
    ) -> Job {
        Job {
            signs: !letter.kind.is_forwarded(),
            place: letter.job,
            letter,
            queue,
            to,
            except,
            next: 0,
            under_way: 0,
            is_given_up: false,
            ways: Vec::new(),
            route: None,
            last_end: None,
            retried: None,
            good: Vec::new(),
            bad: Vec::new(),
            given_up_on: Vec::new(),
        }
    }

    /// Its route, if all its requests are computed when it starts.
    pub(super) fn whole_route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref().filter(|route| route.is_whole)
    }

    /// Whether all of its requests have begun.
    pub(super) fn has_begun_all(&self) -> bool {
        self.next == self.to.len()
    }

    /// Destinations whose requests have not begun.
    pub(super) fn unsent(&self) -> impl Iterator<Item = InstanceId> + '_ {
        let except = self.except;
        self.to[self.next..].iter().copied().filter(move |&to| Some(to) != except)
    }
}

impl QueueKey {
    /// The key of one of PeerTube's queues.
    pub(super) fn of_peertube(name: QueueName) -> QueueKey {
        match name {
            QueueName::Sequential => QueueKey::Sequential,
            QueueName::Parallel => QueueKey::Parallel,
            _ => QueueKey::Unicast,
        }
    }

    /// The queue's name in records.
    pub(super) fn name(self) -> QueueName {
        match self {
            QueueKey::Sequential => QueueName::Sequential,
            QueueKey::Parallel => QueueName::Parallel,
            QueueKey::Unicast => QueueName::Unicast,
            QueueKey::To(_) => QueueName::Destinations,
            QueueKey::Workers => QueueName::Workers,
            QueueKey::Gets => QueueName::Gets,
        }
    }
}
