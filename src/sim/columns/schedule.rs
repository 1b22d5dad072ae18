//! The requests of one job whose sender waits for nothing but its own slots, worked out at once.
//!
//! Inside a job a request begins when a slot becomes free, so all its times follow from the job's own draws. Times are ns
//! from the job's start. What is assumed: the sender's cores and links are not limited, it keeps no connections, and no
//! receiver lets a request wait or refuses it. Nothing here knows what a request carries.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The times of a job's requests, by destination.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// When each begins, in ascending order.
    pub(super) begins_ns: Vec<u64>,
    /// When the last one is over for the sender.
    pub(super) over_ns: u64,
    /// The destination whose request that is; of several the last.
    pub(super) last: usize,
    /// When slots become free, the first at the top.
    free: BinaryHeap<Reverse<u64>>,
}

impl Schedule {
    /// Begins `count` requests, so many at once; `request` makes one that begins at an instant and says when it is over.
    pub(super) fn make(&mut self, count: usize, at_once: usize, mut request: impl FnMut(usize, u64) -> u64) {
        self.begins_ns.clear();
        self.free.clear();
        (self.over_ns, self.last) = (0, 0);
        for destination in 0..count {
            let mut free = self.free.peek_mut().filter(|_| destination >= at_once);
            let begins = free.as_ref().map_or(0, |free| free.0);
            let over = request(destination, begins);
            match &mut free {
                Some(free) => **free = Reverse(over),
                None => {
                    drop(free);
                    self.free.push(Reverse(over));
                }
            }
            self.begins_ns.push(begins);
            if over >= self.over_ns {
                (self.over_ns, self.last) = (over, destination);
            }
        }
    }
}
