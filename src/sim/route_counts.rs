//! Counts of requests by route, destination and traffic bucket, for the buckets that the run has not passed.

use crate::foundation::units::{Span, Time};
use crate::mechanism::slab::Slab;
use crate::mechanism::transport::TransportBytes;
use crate::metrics::traffic::Sums;
use crate::sim::route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many requests of a route left and were delivered in one bucket, and how many answers left and arrived. Destination `d`
/// has `whole_jobs + left[d]`, and so on.
pub(super) struct Counts {
    pub(super) route: Arc<Route>,
    /// Requests begun, to all destinations.
    pub(super) begun: u64,
    /// What requests that failed at the sender have sent.
    pub(super) failed: Sums,
    /// Jobs whose requests all left and were delivered in the bucket, and whose answers all left and arrived.
    pub(super) whole_jobs: i64,
    /// By destination: the difference to `whole_jobs`, which may be negative.
    pub(super) left: Vec<i64>,
    pub(super) delivered: Vec<i64>,
    pub(super) answers_left: Vec<i64>,
    pub(super) answers_arrived: Vec<i64>,
    /// By destination: those of `left` that used a kept connection; empty if there are none.
    pub(super) kept: Vec<u64>,
    /// By destination: requests that arrived and were refused; empty if there are none.
    pub(super) refused: Vec<u64>,
}

/// The counts of all routes.
pub(super) struct RouteCounts {
    bucket: Span,
    counts: Slab<Counts>,
    /// By bucket and route number: the slot in `counts`.
    slots: BTreeMap<(u64, u32), u32>,
    /// By route number: the bucket used last, and its slot.
    recent: Vec<Option<(u64, u32)>>,
    /// The bucket of the instant asked last: its start and its number.
    last: (Time, u64),
}

impl Counts {
    fn new(route: &Arc<Route>) -> Counts {
        let zeros = || vec![0; route.to.len()];
        Counts {
            route: Arc::clone(route),
            begun: 0,
            failed: Sums::ZERO,
            whole_jobs: 0,
            left: zeros(),
            delivered: zeros(),
            answers_left: zeros(),
            answers_arrived: zeros(),
            kept: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Adds one to an entry of `kept` or `refused`.
    pub(super) fn add_one(counts: &mut Vec<u64>, destination: usize) {
        if counts.len() <= destination {
            counts.resize(destination + 1, 0);
        }
        counts[destination] += 1;
    }
}

impl RouteCounts {
    pub(super) fn new(bucket: Span) -> RouteCounts {
        RouteCounts {
            bucket,
            counts: Slab::default(),
            slots: BTreeMap::new(),
            recent: Vec::new(),
            last: (Time::ZERO, 0),
        }
    }

    /// The number of the bucket of an instant.
    pub(super) fn bucket_of(&self, at: Time) -> u64 {
        at.ns() / self.bucket.ns()
    }

    /// The counts of a route at an instant.
    #[inline]
    pub(super) fn at(&mut self, at: Time, route: &Arc<Route>) -> &mut Counts {
        if at < self.last.0 || at.since(self.last.0) >= self.bucket {
            let number = self.bucket_of(at);
            self.last = (Time::ZERO + self.bucket * number, number);
        }
        self.of(self.last.1, route)
    }

    /// The counts of a route in a bucket.
    #[inline]
    pub(super) fn of(&mut self, bucket: u64, route: &Arc<Route>) -> &mut Counts {
        match self.recent.get(route.number as usize) {
            Some(&Some((recent, slot))) if recent == bucket => self.counts.get(slot),
            _ => self.find(bucket, route),
        }
    }

    /// The counts of a route in a bucket, created if need be.
    fn find(&mut self, bucket: u64, route: &Arc<Route>) -> &mut Counts {
        let new = || self.counts.insert(Counts::new(route));
        let slot = *self.slots.entry((bucket, route.number)).or_insert_with(new);
        let number = route.number as usize;
        if self.recent.len() <= number {
            self.recent.resize(number + 1, None);
        }
        self.recent[number] = Some((bucket, slot));
        self.counts.get(slot)
    }

    /// Takes the counts of all buckets before `open`, with the numbers of the buckets.
    pub(super) fn take_before(&mut self, open: u64) -> Vec<(u64, Counts)> {
        let still_open = self.slots.split_off(&(open, 0));
        self.recent.clear();
        std::mem::replace(&mut self.slots, still_open)
            .into_iter()
            .map(|((bucket, _), slot)| (bucket, self.counts.remove(slot)))
            .collect()
    }
}

/// Bytes below HTTP of `messages` messages to one destination; `transport` is by destination.
pub(super) fn bytes_below_http(transport: &[TransportBytes], destination: usize, messages: u64) -> Sums {
    let bytes = &transport[destination];
    Sums {
        tcp_up_bytes: messages * bytes.tcp_up,
        tcp_down_bytes: messages * bytes.tcp_down,
        tls_up_bytes: messages * bytes.tls_up,
        tls_down_bytes: messages * bytes.tls_down,
        ..Sums::ZERO
    }
}
