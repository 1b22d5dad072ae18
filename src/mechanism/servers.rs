//! Service stations whose service times are known on arrival: the cores of a CPU (FCFS, c servers), and a link (one server).
//!
//! The departure is known at the arrival: departure = max(arrival, earliest free server) + service time. Only it is scheduled.
//! Instants that no `Time` holds are the last one, so that no load overflows.

use crate::foundation::units::{Span, Time};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Equal servers with one FCFS queue.
#[derive(Clone, Debug)]
pub struct Servers {
    count: Option<u32>,
    /// When each server that was ever used has done all that it has taken on, the first at the top; at most `count`.
    free_at: BinaryHeap<Reverse<Time>>,
    /// The work taken on, less what a stop cancelled, in ns.
    work_ns: u128,
    /// The last arrival or stop.
    last: Time,
}

impl Servers {
    /// Idle servers; without a count as many as work comes, so that it never waits.
    pub fn new(count: Option<u32>) -> Servers {
        Servers { count, free_at: BinaryHeap::new(), work_ns: 0, last: Time::ZERO }
    }

    /// Work arrives; returns its departure. Without any server that is the last instant.
    ///
    /// # Panics
    /// If the servers are counted and `now` lies before an earlier arrival or stop: work that waits for nothing may come
    /// in any order.
    #[inline]
    pub fn serve(&mut self, now: Time, work: Span) -> Time {
        let done_from = |start: Time| Time::from_ns(start.ns().saturating_add(work.ns()));
        let Some(count) = self.count else {
            self.work_ns += u128::from(done_from(now).since(now).ns());
            return done_from(now);
        };
        self.advance(now);
        if count == 0 {
            return Time::NEVER;
        }
        let (start, done) = self.take_server(now, count, done_from);
        self.work_ns += u128::from(done.since(start).ns());
        done
    }

    /// The busy time of all servers together up to `until`, in ns (at most 584 years).
    ///
    /// Servers without a count do not remember what they work on: theirs is the whole work taken on so far.
    ///
    /// # Panics
    /// If `until` lies before the last arrival or stop: what was busy then is not kept.
    pub fn busy_ns(&self, until: Time) -> u64 {
        assert!(until >= self.last, "busy until {until:?}, asked after {:?}", self.last);
        // A server that is busy beyond `until` is so without a gap, for all its work has come already.
        let later_ns: u128 = self.free_at.iter().map(|free| u128::from(free.0.since(until).ns())).sum();
        u64::try_from(self.work_ns - later_ns).unwrap_or(u64::MAX)
    }

    /// What waits or is served is gone, and all servers are idle. (Of servers without a count it stays counted as work.)
    ///
    /// # Panics
    /// If `now` lies before an earlier arrival or stop.
    pub fn stop(&mut self, now: Time) {
        self.advance(now);
        self.work_ns = u128::from(self.busy_ns(now));
        self.free_at.clear();
    }

    /// When service begins (on a free server, a new one, or the first that will be free), and the departure.
    fn take_server(&mut self, now: Time, count: u32, done_from: impl Fn(Time) -> Time) -> (Time, Time) {
        let all_are_used = self.free_at.len() as u64 >= u64::from(count);
        if let Some(mut first) = self.free_at.peek_mut()
            && (first.0 <= now || all_are_used)
        {
            let start = first.0.max(now);
            *first = Reverse(done_from(start));
            return (start, done_from(start));
        }
        self.free_at.push(Reverse(done_from(now)));
        (now, done_from(now))
    }

    fn advance(&mut self, now: Time) {
        assert!(now >= self.last, "{now:?} lies before {:?}", self.last);
        self.last = now;
    }
}

/// A link that carries one transfer after the other, each with the whole bandwidth.
#[derive(Clone, Debug)]
pub struct Link {
    bits_per_s: Option<u64>,
    line: Servers,
}

impl Link {
    /// An idle link of so many bits per second, or one that takes no time.
    pub fn new(bits_per_s: Option<u64>) -> Link {
        Link { bits_per_s, line: Servers::new(Some(1)) }
    }

    /// Whether transfers take time.
    pub fn is_limited(&self) -> bool {
        self.bits_per_s.is_some()
    }

    /// When the last of so many bytes has left. Its time on the line is rounded up to a whole microsecond.
    ///
    /// # Panics
    /// If the link is limited and `now` lies before an earlier transfer.
    pub fn transfer(&mut self, now: Time, bytes: u64) -> Time {
        match self.bits_per_s {
            Some(bits_per_s) => self.line.serve(now, transfer_time(bytes, bits_per_s)),
            None => now,
        }
    }

    /// How long the line was busy up to `until`, in ns; a link that takes no time never is.
    ///
    /// # Panics
    /// If `until` lies before the last transfer.
    pub fn busy_ns(&self, until: Time) -> u64 {
        self.line.busy_ns(until)
    }
}

/// Bytes at a rate, rounded up to whole microseconds; no rate takes for ever.
fn transfer_time(bytes: u64, bits_per_s: u64) -> Span {
    const BIT_US_PER_BYTE_S: u64 = 8_000_000;
    const NS_PER_US: u64 = 1_000;
    let us = match bytes.checked_mul(BIT_US_PER_BYTE_S) {
        _ if bits_per_s == 0 => u64::MAX,
        Some(bit_us) => bit_us.div_ceil(bits_per_s),
        None => {
            let bit_us = u128::from(bytes) * u128::from(BIT_US_PER_BYTE_S);
            u64::try_from(bit_us.div_ceil(u128::from(bits_per_s))).unwrap_or(u64::MAX)
        }
    };
    Span::from_ns(us.saturating_mul(NS_PER_US))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(ns: u64) -> Time {
        Time::from_ns(ns)
    }

    const fn ns(ns: u64) -> Span {
        Span::from_ns(ns)
    }

    #[test]
    fn one_server_does_one_thing_after_the_other() {
        let mut servers = Servers::new(Some(1));
        let done: Vec<_> =
            [(0, 10), (4, 10), (30, 5)].map(|(now, work)| servers.serve(at(now), ns(work))).into();
        assert_eq!(done, [at(10), at(20), at(35)]);
        assert_eq!([30, 33, 35, 99].map(|until| servers.busy_ns(at(until))), [20, 23, 25, 25]);
    }

    #[test]
    fn what_a_stop_cancels_was_never_busy() {
        let mut servers = Servers::new(Some(2));
        (0..5).for_each(|_| _ = servers.serve(at(0), ns(10)));
        servers.stop(at(7));
        assert_eq!(servers.busy_ns(at(100)), 14);
        assert_eq!(servers.serve(at(100), ns(1)), at(101));
        assert_eq!(servers.busy_ns(at(101)), 15);
    }

    #[test]
    fn without_a_count_nothing_waits_and_none_never_serve() {
        let mut servers = Servers::new(None);
        assert_eq!([1, 2, 2].map(|now| servers.serve(at(now), ns(10))), [at(11), at(12), at(12)]);
        assert_eq!(servers.busy_ns(at(5)), 30);
        let mut nobody = Servers::new(Some(0));
        assert_eq!((nobody.serve(at(1), ns(1)), nobody.busy_ns(at(1))), (Time::NEVER, 0));
    }

    #[test]
    fn no_work_is_too_much() {
        for count in [Some(1), Some(2), None] {
            let mut servers = Servers::new(count);
            for _ in 0..4 {
                assert_eq!(servers.serve(at(5), ns(u64::MAX)), Time::NEVER);
            }
            assert!(servers.busy_ns(at(6)) > 0);
            servers.stop(at(6));
        }
    }

    #[test]
    #[should_panic(expected = "lies before")]
    fn time_does_not_run_backwards() {
        let mut servers = Servers::new(Some(2));
        servers.serve(at(2), ns(1));
        servers.serve(at(1), ns(1));
    }

    #[test]
    fn a_transfer_takes_whole_microseconds_rounded_up() {
        // 1,250 bytes at 100 Mbit/s are 100 us exactly, one byte more is 100.08 us
        for (bytes, us) in [(1_250, 100), (1_251, 101), (1, 1), (0, 0)] {
            let mut link = Link::new(Some(100_000_000));
            assert_eq!(link.transfer(at(500), bytes), at(500 + us * 1_000), "{bytes}");
            assert_eq!(link.busy_ns(Time::NEVER), us * 1_000);
        }
        let mut link = Link::new(Some(8));
        link.transfer(at(0), 2);
        assert_eq!(link.transfer(at(0), 3), Time::from_ms(5_000));
        assert_eq!(link.busy_ns(Time::from_ms(4_000)), 4_000_000_000);
    }

    #[test]
    fn no_link_overflows() {
        for bits_per_s in [0, 1, u64::MAX] {
            let mut link = Link::new(Some(bits_per_s));
            assert!(link.is_limited());
            for bytes in [0, 1, u64::MAX, u64::MAX] {
                assert!(link.transfer(at(7), bytes) >= at(7));
            }
            _ = link.busy_ns(at(8));
        }
        let mut free = Link::new(None);
        assert!(!free.is_limited());
        assert_eq!((free.transfer(at(7), u64::MAX), free.busy_ns(at(9))), (at(7), 0));
    }

    /// When each of the jobs (arrival, work) begins, by looking at every server each time.
    fn begin(count: usize, jobs: &[(u64, u64)]) -> Vec<u64> {
        let mut free = vec![0; count];
        let mut begins = Vec::new();
        for &(now, work) in jobs {
            let first = (0..count).min_by_key(|&server| free[server]).expect("a server");
            let start = now.max(free[first]);
            free[first] = start + work;
            begins.push(start);
        }
        begins
    }

    proptest! {
        #[test]
        fn servers_agree_with_brute_force(
            count in 1usize..5,
            gaps in proptest::collection::vec((0u64..20, 0u64..40), 0..60),
            later in 0u64..200,
        ) {
            let mut now = 0;
            let jobs: Vec<_> = gaps.iter().map(|&(gap, work)| { now += gap; (now, work) }).collect();
            let begins = begin(count, &jobs);
            let mut servers = Servers::new(Some(count as u32));
            for (&(came, work), &begin) in jobs.iter().zip(&begins) {
                prop_assert_eq!(servers.serve(at(came), ns(work)), at(begin + work));
            }
            let until = now + later;
            let spans = jobs.iter().zip(&begins).map(|(&(_, work), &begin)| (begin, begin + work));
            let busy: u64 = spans.map(|(begin, end)| end.min(until) - begin.min(until)).sum();
            prop_assert_eq!(servers.busy_ns(at(until)), busy);
            servers.stop(at(until));
            prop_assert_eq!(servers.busy_ns(Time::NEVER), busy);
        }
    }
}
