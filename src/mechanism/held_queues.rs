//! Queues of destinations whose head is held back: nothing goes to a destination that fails, and what failed goes first
//! when it is tried again, so that the order is kept.
//!
//! As Lemmy does from 0.19: a worker per destination sends one activity after the other, tries the one that fails again and
//! again, and comes to the next one when it has arrived. With several requests at once those that were under way when one
//! failed are held with it; then one is tried alone until one arrives. How long a queue is held is not known here.

use crate::foundation::ids::InstanceId;
use std::collections::BTreeMap;

/// The destinations of one sender that fail, with what failed there.
#[derive(Clone, Debug)]
pub struct HeldQueues<T> {
    failing: BTreeMap<InstanceId, Failing<T>>,
}

#[derive(Clone, Debug)]
struct Failing<T> {
    /// Failures in a row. Those of requests that were under way when the queue was held are one.
    failures: u32,
    /// Whether nothing may start.
    is_held: bool,
    /// What is tried again, by its place in the queue.
    failed: BTreeMap<u64, T>,
}

impl<T> HeldQueues<T> {
    /// No destination fails.
    pub fn new() -> HeldQueues<T> {
        HeldQueues { failing: BTreeMap::new() }
    }

    /// What has this place in the queue of a destination has failed. If the queue is held from now on, the failures in a row;
    /// `None` if it is held already.
    pub fn fail(&mut self, to: InstanceId, place: u64, what: T) -> Option<u32> {
        let none = || Failing { failures: 0, is_held: false, failed: BTreeMap::new() };
        let failing = self.failing.entry(to).or_insert_with(none);
        failing.failed.insert(place, what);
        if std::mem::replace(&mut failing.is_held, true) {
            return None;
        }
        failing.failures = failing.failures.saturating_add(1);
        Some(failing.failures)
    }

    /// Something has arrived at a destination.
    pub fn arrived(&mut self, to: InstanceId) {
        if let Some(failing) = self.failing.get_mut(&to) {
            failing.failures = 0;
            if !failing.is_held {
                self.failing.remove(&to);
            }
        }
    }

    /// A destination is tried again: what goes first, in its order.
    pub fn resume(&mut self, to: InstanceId) -> impl DoubleEndedIterator<Item = T> + use<T> {
        let failed = self.failing.get_mut(&to).map(|failing| {
            failing.is_held = false;
            std::mem::take(&mut failing.failed)
        });
        failed.unwrap_or_default().into_values()
    }

    /// Whether a request to a destination may start beside so many that run.
    pub fn may_start(&self, to: InstanceId, running: u64) -> bool {
        self.failing
            .get(&to)
            .is_none_or(|failing| !failing.is_held && (failing.failures == 0 || running == 0))
    }
}

impl<T> Default for HeldQueues<T> {
    fn default() -> HeldQueues<T> {
        HeldQueues::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    #[test]
    fn what_failed_goes_first_and_alone_until_one_arrives() {
        let mut queues = HeldQueues::new();
        assert!(queues.may_start(A, 7));
        // two that were under way fail together, in the other order: one failure
        assert_eq!(queues.fail(A, 5, "five"), Some(1));
        assert_eq!(queues.fail(A, 4, "four"), None);
        assert!(!queues.may_start(A, 0) && queues.may_start(B, 9));
        assert!(queues.resume(A).eq(["four", "five"]));
        assert!(queues.may_start(A, 0) && !queues.may_start(A, 1));
        assert_eq!(queues.fail(A, 4, "four"), Some(2));
        assert!(queues.resume(A).eq(["four"]));
        queues.arrived(A);
        assert!(queues.may_start(A, 1));
        assert_eq!(queues.fail(A, 6, "six"), Some(1));
        // one that was under way arrives: the next try is not alone
        queues.arrived(A);
        assert!(!queues.may_start(A, 0));
        assert!(queues.resume(A).eq(["six"]));
        assert!(queues.may_start(A, 1));
        assert!(queues.resume(B).eq(std::iter::empty::<&str>()));
    }
}
