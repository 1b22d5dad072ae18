//! When the requests of one job begin, whose sender waits for nothing but its own slots.
//!
//! Inside a job a request begins when a slot becomes free, so all its times follow from the job's own draws: in lanes where
//! each takes a time that is known beforehand (`lanes`), else one by one. Times are from the job's start. What is assumed:
//! the sender's cores and links are not limited, it keeps no connections, and no receiver lets a request wait or refuses it.
//! Nothing here knows what a request carries.

use super::lanes::{SLOTS_MAX, begin_times};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The times of a job's requests, by destination.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    /// When each begins, in ascending order, after `make`.
    pub(super) begins_ns: Vec<u64>,
    /// The same after `make_in_lanes`, in microseconds.
    pub(super) begins_us: Vec<u32>,
    /// When the last one is over for the sender.
    pub(super) over_ns: u64,
    /// The destination whose request that is; of several the last.
    pub(super) last: usize,
    /// When slots become free, the first at the top.
    free: BinaryHeap<Reverse<u64>>,
}

/// Whether `make_in_lanes` can do it.
pub(super) fn fits_lanes(count: usize, at_once: usize) -> bool {
    at_once <= SLOTS_MAX || count <= at_once
}

impl Schedule {
    /// Begins requests, so many at once; `request` makes one that begins at an instant and says when it is over, in ns.
    pub(super) fn make(&mut self, count: usize, at_once: usize, mut request: impl FnMut(usize, u64) -> u64) {
        self.begins_ns.clear();
        self.free.clear();
        (self.over_ns, self.last) = (0, 0);
        for destination in 0..count {
            let free = if destination < at_once { None } else { self.free.pop() };
            let begins = free.map_or(0, |free| free.0);
            let over = request(destination, begins);
            self.free.push(Reverse(over));
            self.begins_ns.push(begins);
            if over >= self.over_ns {
                (self.over_ns, self.last) = (over, destination);
            }
        }
    }

    /// The same for requests that occupy their slots for times that are known.
    pub(super) fn make_in_lanes(&mut self, occupied_us: &[u32], at_once: usize) {
        self.begins_us.clear();
        let over_us = if occupied_us.len() <= at_once {
            self.begins_us.resize(occupied_us.len(), 0);
            occupied_us.iter().copied().max().unwrap_or(0)
        } else {
            begin_times(occupied_us, at_once, &mut self.begins_us)
        };
        self.over_ns = ns(over_us);
        let over = |(begins_us, occupied_us): (&u32, &u32)| begins_us + occupied_us;
        let mut overs = self.begins_us.iter().zip(occupied_us).map(over);
        self.last = overs.rposition(|over| over == over_us).unwrap_or(0);
    }
}

/// Microseconds in ns.
pub(super) fn ns(us: u32) -> u64 {
    u64::from(us) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_say_the_same(
            occupied_us in proptest::collection::vec(0u32..100, 1..200),
            at_once in 1usize..300,
        ) {
            let (mut in_lanes, mut one_by_one) = (Schedule::default(), Schedule::default());
            one_by_one.make(occupied_us.len(), at_once, |destination, begins| begins + ns(occupied_us[destination]));
            if fits_lanes(occupied_us.len(), at_once) {
                in_lanes.make_in_lanes(&occupied_us, at_once);
                let begins_ns: Vec<u64> = in_lanes.begins_us.iter().map(|&us| ns(us)).collect();
                prop_assert_eq!(begins_ns, one_by_one.begins_ns);
                prop_assert_eq!((in_lanes.over_ns, in_lanes.last), (one_by_one.over_ns, one_by_one.last));
            }
        }
    }
}
