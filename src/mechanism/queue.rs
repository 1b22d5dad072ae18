//! A job queue: jobs wait first in, first out, until one of some slots is free.
//!
//! How long a job keeps its slot is not known here: the caller that starts it reports its end. Where the service time is
//! known on arrival, `servers` gives the departure in closed form.

use crate::foundation::units::{Span, Time};
use std::collections::VecDeque;

/// Jobs that wait, and how many run.
#[derive(Clone, Debug)]
pub struct Queue<J> {
    slots: Option<u32>,
    /// When they came, in that order but for those that were put first.
    waiting: VecDeque<(Time, J)>,
    /// How many of them were put first.
    put_first: usize,
    running: u64,
    /// Jobs started since they were last asked for, and how long they waited together.
    started: (u64, Span),
    /// When `waiting` last changed, and the most that had waited before.
    changed: Time,
    peak: u64,
}

impl<J> Queue<J> {
    /// No jobs; so many slots, or as many as jobs come.
    pub fn new(slots: Option<u32>) -> Queue<J> {
        Queue {
            slots,
            waiting: VecDeque::new(),
            put_first: 0,
            running: 0,
            started: (0, Span::ZERO),
            changed: Time::ZERO,
            peak: 0,
        }
    }

    /// A job comes and waits behind the others.
    ///
    /// # Panics
    /// If the last one that waits came later: time does not run backwards.
    pub fn push(&mut self, now: Time, job: J) {
        let last = self.waiting.back().map(|(came, _)| *came);
        assert!(last.is_none_or(|last| last <= now), "a job came at {now:?}, after one at {last:?}");
        self.note_change(now);
        self.waiting.push_back((now, job));
    }

    /// A job comes that goes before all others.
    pub fn put_first(&mut self, now: Time, job: J) {
        self.waiting.push_front((now, job));
        self.put_first += 1;
    }

    /// The next job and how long it waited, if a slot is free: it occupies it until `finish`.
    pub fn start(&mut self, now: Time) -> Option<(J, Span)> {
        if self.slots.is_some_and(|slots| self.running >= u64::from(slots)) {
            return None;
        }
        self.note_change(now);
        let (came, job) = self.waiting.pop_front()?;
        self.put_first = self.put_first.saturating_sub(1);
        let waited = now.since(came);
        self.running += 1;
        let (jobs, together) = self.started;
        // a million jobs that waited for five hours are 584 years together: beyond that the sum stays there
        self.started = (jobs + 1, Span::from_ns(together.ns().saturating_add(waited.ns())));
        Some((job, waited))
    }

    /// A job comes that need not wait, if so: it runs until `finish`.
    pub fn start_at_once(&mut self) -> bool {
        let is_free =
            self.waiting.is_empty() && self.slots.is_none_or(|slots| self.running < u64::from(slots));
        if is_free {
            self.running += 1;
            self.started.0 += 1;
        }
        is_free
    }

    /// A job that runs is over, and its slot is free.
    ///
    /// # Panics
    /// If none runs: a bug of ours.
    pub fn finish(&mut self) {
        self.running = self.running.checked_sub(1).expect("a job finished where none runs");
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// The most jobs that ever waited for longer than an instant, those that wait now included.
    pub fn waiting_peak(&self) -> u64 {
        self.peak.max(self.waiting())
    }

    /// How many wait is about to change: what waited until now counts for the peak.
    fn note_change(&mut self, now: Time) {
        if self.changed < now {
            (self.changed, self.peak) = (now, self.waiting_peak());
        }
    }

    /// How many jobs run.
    pub fn running(&self) -> u64 {
        self.running
    }

    /// Whether no job waits or runs.
    pub fn is_idle(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }

    /// How long the oldest job has waited; zero if none waits.
    pub fn oldest(&self, now: Time) -> Span {
        let in_order = self.waiting.iter().take(self.put_first + 1).map(|(came, _)| *came);
        in_order.min().map_or(Span::ZERO, |came| now.since(came))
    }

    /// How many jobs were started since the last call, and how long they waited together (at most 584 years).
    pub fn take_started(&mut self) -> (u64, Span) {
        std::mem::take(&mut self.started)
    }

    /// The jobs that wait, in their order, and when they came.
    pub fn jobs(&self) -> impl Iterator<Item = (Time, &J)> {
        self.waiting.iter().map(|(came, job)| (*came, job))
    }

    /// Takes all jobs that wait, in their order; they count neither as started nor as finished.
    pub fn take_waiting(&mut self, now: Time) -> Vec<J> {
        self.note_change(now);
        self.put_first = 0;
        self.waiting.drain(..).map(|(_, job)| job).collect()
    }

    /// All slots are free again: what ran is gone with its process. What waits stays.
    pub fn stop(&mut self) {
        self.running = 0;
    }
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
    fn a_job_waits_for_a_slot() {
        let mut queue = Queue::new(Some(1));
        assert!(queue.is_idle());
        queue.push(at(1), 'a');
        queue.push(at(2), 'b');
        assert_eq!((queue.waiting(), queue.oldest(at(5))), (2, ns(4)));
        assert_eq!(queue.start(at(5)), Some(('a', ns(4))));
        assert_eq!(queue.start(at(6)), None);
        assert_eq!(queue.jobs().collect::<Vec<_>>(), [(at(2), &'b')]);
        queue.finish();
        assert_eq!(queue.start(at(9)), Some(('b', ns(7))));
        assert_eq!((queue.running(), queue.oldest(at(9)), queue.is_idle()), (1, Span::ZERO, false));
        assert_eq!(queue.take_started(), (2, ns(11)));
        assert_eq!(queue.take_started(), (0, Span::ZERO));
    }

    #[test]
    fn what_is_put_first_starts_first_and_is_not_the_oldest() {
        let mut queue = Queue::new(Some(1));
        queue.push(at(1), 'b');
        queue.push(at(2), 'c');
        queue.put_first(at(7), 'a');
        assert_eq!(queue.oldest(at(9)), ns(8));
        queue.push(at(8), 'd');
        assert_eq!(queue.start(at(9)), Some(('a', ns(2))));
        queue.finish();
        assert_eq!(queue.start(at(9)), Some(('b', ns(8))));
        assert_eq!((queue.oldest(at(9)), queue.take_waiting(at(9))), (ns(7), vec!['c', 'd']));
    }

    #[test]
    fn what_waits_outlives_the_process_and_what_runs_does_not() {
        let mut queue = Queue::new(Some(2));
        (0..5).for_each(|job| queue.push(at(0), job));
        while queue.start(at(0)).is_some() {}
        queue.stop();
        assert_eq!((queue.running(), queue.waiting()), (0, 3));
        assert_eq!(queue.start(at(1)), Some((2, ns(1))));
        assert_eq!(queue.take_waiting(at(2)), [3, 4]);
        assert_eq!((queue.running(), queue.waiting()), (1, 0));
    }

    /// At 5 ns one comes and one begins: four never wait together. What is taken away has waited.
    #[test]
    fn the_peak_is_what_waited_for_longer_than_an_instant() {
        let mut queue = Queue::new(Some(1));
        assert!(queue.start_at_once());
        (1..4).for_each(|came| queue.push(at(came), ()));
        queue.push(at(5), ());
        queue.finish();
        assert!(queue.start(at(5)).is_some());
        assert_eq!(queue.waiting_peak(), 3);
        queue.push(at(6), ());
        assert_eq!(queue.waiting_peak(), 4);
        assert_eq!(queue.take_waiting(at(6)).len(), 4);
        assert_eq!(queue.waiting_peak(), 3);
        (0..9).for_each(|_| queue.push(at(7), ()));
        assert_eq!((queue.take_waiting(at(8)).len(), queue.waiting_peak()), (9, 9));
    }

    #[test]
    fn no_slots_start_nothing_and_no_limit_starts_all() {
        let (mut closed, mut open) = (Queue::new(Some(0)), Queue::new(None));
        for queue in [&mut closed, &mut open] {
            (0..1_000).for_each(|job| queue.push(at(0), job));
            while queue.start(at(0)).is_some() {}
        }
        assert_eq!((closed.running(), open.running()), (0, 1_000));
    }

    #[test]
    fn waits_that_no_span_holds_together_do_not_overflow() {
        let mut queue = Queue::new(None);
        (0..3).for_each(|job| queue.push(at(0), job));
        while queue.start(at(u64::MAX)).is_some() {}
        assert_eq!(queue.take_started(), (3, ns(u64::MAX)));
    }

    #[test]
    #[should_panic(expected = "none runs")]
    fn a_slot_is_freed_once() {
        Queue::<()>::new(None).finish();
    }

    #[test]
    #[should_panic(expected = "after one at")]
    fn jobs_come_in_order() {
        let mut queue = Queue::new(None);
        queue.push(at(2), ());
        queue.push(at(1), ());
    }

    proptest! {
        /// Whatever is done: jobs start in the order in which they came, at most `slots` run, and none is lost.
        #[test]
        fn jobs_start_in_order_and_none_is_lost(
            slots in 0u32..4,
            steps in proptest::collection::vec((0u64..5, 0u8..4), 0..200),
        ) {
            let mut queue = Queue::new(Some(slots));
            let (mut now, mut came, mut expected, mut waited) = (0, Vec::new(), 0, 0);
            let mut finished = 0;
            for (later, step) in steps {
                now += later;
                match step {
                    0 | 1 => {
                        queue.push(at(now), came.len());
                        came.push(now);
                    }
                    2 => while let Some((job, wait)) = queue.start(at(now)) {
                        prop_assert_eq!((job, wait), (expected, ns(now - came[expected])));
                        waited += wait.ns();
                        expected += 1;
                    },
                    _ if queue.running() > 0 => {
                        queue.finish();
                        finished += 1;
                    }
                    _ => {}
                }
                prop_assert!(queue.running() <= u64::from(slots));
                prop_assert_eq!(came.len() as u64, queue.waiting() + queue.running() + finished);
                let oldest = came.get(expected).map_or(0, |came| now - came);
                prop_assert_eq!(queue.oldest(at(now)), ns(oldest));
            }
            prop_assert_eq!(queue.take_started(), (expected as u64, ns(waited)));
        }
    }
}
