//! A queue of one server as a recursion: first come first served, the same service time for all (Lindley 1952).
//!
//! ```text
//! begins(n) = max(arrives(n), done(n - 1))      done(n) = begins(n) + service
//! ```
//! Those that wait when one arrives begin one service apart, so the wait of an arrival says how many wait when it comes:
//! wait / service, rounded up, itself included (`waiting_peak`). Nothing here knows what is served.

use crate::foundation::units::{Span, Time};
use std::collections::VecDeque;

/// The queue and its server.
#[derive(Debug, Default)]
pub struct LindleyQueue {
    /// When all that has arrived so far is done.
    done: Time,
    /// Services that begin before the next sample.
    started: Started,
    /// Arrival and begin of each service that begins at the next sample or later.
    tasks: VecDeque<(Time, Time)>,
    /// The longest wait of any arrival.
    longest: Span,
}

/// The queue as a sample finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LindleySample {
    /// Arrivals whose service has not begun.
    pub waiting: u64,
    /// Services in progress: 0 or 1.
    pub running: u64,
    /// How long the first of the waiting has waited.
    pub oldest: Span,
    /// Services that have begun since the previous sample.
    pub started: u64,
    /// Sum of the waiting times of these, in ns.
    pub waited_ns: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Started {
    /// Services that have begun since the previous sample.
    count: u64,
    /// Sum of their waiting times.
    waited_ns: u64,
    /// When the last service began.
    last: Option<Time>,
}

impl Started {
    #[inline]
    fn begin(&mut self, arrived: Time, begins: Time) {
        self.count += 1;
        self.waited_ns = self.waited_ns.saturating_add(begins.since(arrived).ns());
        self.last = Some(begins);
    }
}

impl LindleyQueue {
    /// Serves arrivals in order: each instant of arrival is overwritten by the instant when its service is done. Returns how
    /// many services begin at `end` or before.
    pub fn serve<'a>(
        &mut self,
        arrivals: impl Iterator<Item = &'a mut Time>,
        service: Span,
        next_sample: Time,
        end: Time,
    ) -> u64 {
        let (mut done, mut started, mut served, mut longest) = (self.done, self.started, 0, self.longest);
        for at in arrivals {
            let (arrived, begins) = (*at, done.max(*at));
            // a server that is busy beyond the end of time stays so
            done = Time::from_ns(begins.ns().saturating_add(service.ns()));
            *at = done;
            longest = longest.max(begins.since(arrived));
            served += u64::from(begins <= end);
            if begins < next_sample {
                started.begin(arrived, begins);
            } else {
                self.tasks.push_back((arrived, begins));
            }
        }
        (self.done, self.started, self.longest) = (done, started, longest);
        served
    }

    /// The most arrivals that waited at one moment, for longer than an instant and without the one that is served; all had
    /// the same service time.
    pub fn waiting_peak(&self, service: Span) -> u64 {
        // without service nobody waits
        self.longest.ns().div_ceil(service.ns().max(1))
    }

    /// The queue at an instant, before anything that arrives, begins or is done at that very instant. `next` is the instant
    /// of the next sample.
    pub fn sample(&mut self, at: Time, service: Span, next: Time) -> LindleySample {
        let Started { count: started, waited_ns, last } = self.started;
        self.started = Started { last, ..Started::default() };
        let is_in_service = |begun: Time| service > Span::ZERO && begun + service >= at;
        let running = u64::from(last.is_some_and(is_in_service));
        let waiting = self.tasks.partition_point(|task| task.0 < at) as u64;
        let oldest = self.tasks.front().filter(|_| waiting > 0).map(|task| at.since(task.0));
        while let Some((arrived, begins)) = self.tasks.pop_front_if(|task| task.1 < next) {
            self.started.begin(arrived, begins);
        }
        LindleySample { waiting, running, oldest: oldest.unwrap_or_default(), started, waited_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::queue::Queue;
    use proptest::prelude::*;

    /// Service takes 10 ns and samples are 20 ns apart: of arrivals at 1, 2 and 3 ns two begin before the first sample.
    #[test]
    fn a_sample_finds_who_waits_who_is_served_and_who_has_begun() {
        let ns = Time::from_ns;
        let service = Span::from_ns(10);
        let mut times = [1, 2, 3].map(ns);
        let mut queue = LindleyQueue::default();
        assert_eq!(queue.serve(times.iter_mut(), service, ns(20), ns(15)), 2);
        assert_eq!(times, [11, 21, 31].map(ns));
        let first = queue.sample(ns(20), service, ns(40));
        let oldest = Span::from_ns(17);
        assert_eq!(first, LindleySample { waiting: 1, running: 1, oldest, started: 2, waited_ns: 9 });
        let second = queue.sample(ns(40), service, ns(60));
        let oldest = Span::ZERO;
        assert_eq!(second, LindleySample { waiting: 0, running: 0, oldest, started: 1, waited_ns: 18 });
    }

    /// The peak of a `Queue` that works on the same arrivals: at one instant, what arrives comes before what is done.
    fn peak_of_queue(arrivals: &[Time], service: Span) -> u64 {
        let (mut queue, mut done) = (Queue::new(Some(1)), Time::ZERO);
        let work_until = |queue: &mut Queue<()>, done: &mut Time, until: Time| {
            while queue.running() > 0 && *done < until {
                queue.finish();
                if queue.start(*done).is_some() {
                    *done += service;
                }
            }
        };
        for &at in arrivals {
            work_until(&mut queue, &mut done, at);
            if !queue.start_at_once() {
                queue.push(at, ());
            } else if service > Span::ZERO {
                done = at + service;
            } else {
                queue.finish();
            }
        }
        work_until(&mut queue, &mut done, Time::from_ns(u64::MAX));
        queue.waiting_peak()
    }

    proptest! {
        /// Served window by window, the peak is what the definition says and what event by event finds.
        #[test]
        fn the_peak_is_the_most_that_wait_at_one_moment(
            gaps in proptest::collection::vec(prop_oneof![Just(0u64), 0u64..12], 0..60),
            service in 0u64..9,
            per_window in 1usize..20,
        ) {
            let service = Span::from_ns(service);
            let mut last = Time::ZERO;
            let arrivals: Vec<Time> = gaps.iter().map(|gap| { last += Span::from_ns(*gap); last }).collect();
            let (mut queue, mut begins) = (LindleyQueue::default(), arrivals.clone());
            let (end, next_sample) = (Time::from_ns(u64::MAX), Time::from_ns(50));
            for window in begins.chunks_mut(per_window) {
                queue.serve(window.iter_mut(), service, next_sample, end);
            }
            begins.iter_mut().for_each(|done| *done = done.before(service));
            let waiting = |at: Time| {
                let came = arrivals.iter().filter(|came| **came <= at).count();
                (came - begins.iter().filter(|begun| **begun <= at).count()) as u64
            };
            let expected = arrivals.iter().map(|&at| waiting(at)).max().unwrap_or(0);
            prop_assert_eq!(queue.waiting_peak(service), expected);
            prop_assert_eq!(peak_of_queue(&arrivals, service), expected);
        }
    }
}
