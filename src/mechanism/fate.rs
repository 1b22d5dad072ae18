//! Fates: what becomes of an activity at an inbox, over all the requests that are made for it.
//!
//! The ledger counts requests; here an activity for one inbox counts once, however often it is tried: it waits for its first
//! request, is under way, waits for another attempt, has arrived, or is given up. What has arrived stays arrived, whatever its
//! sender believes; what arrives again is a duplicate. A request that fails is under way until its sender gives up on its
//! activity or waits for another attempt; the last request that an activity can have gives it up when it fails. When that is,
//! is not known here.

use crate::mechanism::ledger::{Arrival, Flow};
use crate::mechanism::refusal::Refusal;
use crate::mechanism::slab::Slab;
use std::ops::AddAssign;

/// What has become of an activity at an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits for its first request.
    Waiting,
    /// A request is under way, or its sender waits for the answer.
    UnderWay,
    /// It was tried or held back, and waits for its next request.
    Retrying,
    /// Its receiver has taken it, once or more.
    Arrived,
    /// It never arrived, and is not tried again.
    GivenUp(Reason),
}

/// Why an activity is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its last request was lost, or nobody was there to answer.
    Lost,
    /// Its last request found no connection.
    FailedConnect,
    /// Its last request was refused.
    Refused,
    /// A circuit breaker held back its last attempt.
    CircuitOpen,
    /// Its receiver was removed from the followers before.
    Unfollowed,
    /// The process of its sender stopped.
    ProcessStopped,
}

/// How many activities have which fate, counted once for each inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    counts: [u64; Fates::COUNT],
    /// Arrivals of what had arrived before.
    pub duplicates: u64,
}

/// An activity at an inbox for which more than one request is made.
#[derive(Clone, Copy, Debug)]
struct Retried {
    fate: Fate,
    /// Requests that have not reached their end in the network.
    in_flight: u32,
    /// Whether its sender makes no other attempt.
    is_over: bool,
}

/// Names an activity at an inbox for which more than one request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetriedId(u32);

/// The fates of all activities of a run, and those of them that are tried again.
#[derive(Debug, Default)]
pub struct FateLog {
    fates: Fates,
    retried: Slab<Retried>,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Reason; 6] = [
        Reason::Lost,
        Reason::FailedConnect,
        Reason::Refused,
        Reason::CircuitOpen,
        Reason::Unfollowed,
        Reason::ProcessStopped,
    ];

    /// Why an activity is given up whose last request ended so; `None` if it arrived.
    pub fn of(arrival: Arrival) -> Option<Reason> {
        match arrival {
            Arrival::Delivered => None,
            Arrival::Lost => Some(Reason::Lost),
            // there is no connection
            Arrival::FailedConnect | Arrival::Refused(Refusal::Banned) => Some(Reason::FailedConnect),
            Arrival::Refused(_) => Some(Reason::Refused),
        }
    }
}

impl Fates {
    const COUNT: usize = 4 + Reason::ALL.len();

    /// The fates of activities of which each has one request; those that were dropped were lost with their process.
    pub fn of_single_requests(flow: &Flow) -> Fates {
        let mut fates = Fates::default();
        let banned = flow.refused[Refusal::Banned as usize].messages;
        for (fate, count) in [
            (Fate::Waiting, flow.queued.messages),
            (Fate::UnderWay, flow.in_flight.messages),
            (Fate::Arrived, flow.delivered.messages),
            (Fate::GivenUp(Reason::Lost), flow.lost.messages),
            (Fate::GivenUp(Reason::FailedConnect), flow.failed_connect.messages + banned),
            (Fate::GivenUp(Reason::Refused), flow.refused_in_all().messages - banned),
            (Fate::GivenUp(Reason::ProcessStopped), flow.dropped.messages),
        ] {
            fates.counts[fate.place()] = count;
        }
        fates
    }

    /// How many have a fate.
    pub fn count(&self, fate: Fate) -> u64 {
        self.counts[fate.place()]
    }

    /// All activities.
    pub fn created(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Those that never arrived and are not tried again.
    pub fn given_up(&self) -> u64 {
        Reason::ALL.iter().map(|&reason| self.count(Fate::GivenUp(reason))).sum()
    }

    /// Asserts that each delivery is an activity that arrived, or a duplicate.
    ///
    /// # Panics
    /// If not: a bug of ours.
    pub fn assert_conserved(&self, flow: &Flow) {
        let arrived = self.count(Fate::Arrived) + self.duplicates;
        assert_eq!(
            arrived, flow.delivered.messages,
            "activities that arrived (left), messages delivered (right)"
        );
    }

    fn turn(&mut self, from: Fate, to: Fate) {
        let left = self.counts[from.place()].checked_sub(1);
        self.counts[from.place()] = left.expect("an activity has the fate that it leaves");
        self.counts[to.place()] += 1;
    }
}

impl Fate {
    /// Its place among the counts.
    fn place(self) -> usize {
        match self {
            Fate::Waiting => 0,
            Fate::UnderWay => 1,
            Fate::Retrying => 2,
            Fate::Arrived => 3,
            Fate::GivenUp(reason) => 4 + reason as usize,
        }
    }
}

impl FateLog {
    /// The fates so far.
    pub fn fates(&self) -> &Fates {
        &self.fates
    }

    /// So many activities are to be sent.
    pub fn create(&mut self, activities: u64) {
        self.fates.counts[Fate::Waiting.place()] += activities;
    }

    /// A request of an activity begins.
    pub fn send(&mut self, retried: Option<RetriedId>) {
        let Some(id) = retried else { return self.fates.turn(Fate::Waiting, Fate::UnderWay) };
        self.retried.get(id.0).in_flight += 1;
        self.turn(id, Fate::UnderWay);
    }

    /// A request of an activity has reached its end in the network. `failure` is why the activity is given up, if it is not tried
    /// again.
    pub fn settle(&mut self, retried: Option<RetriedId>, arrival: Arrival, failure: Option<Reason>) {
        let is_delivered = arrival == Arrival::Delivered;
        let Some(id) = retried else {
            return match failure {
                _ if is_delivered => self.fates.turn(Fate::UnderWay, Fate::Arrived),
                Some(reason) => self.fates.turn(Fate::UnderWay, Fate::GivenUp(reason)),
                None => {}
            };
        };
        let fate = if is_delivered { Some(Fate::Arrived) } else { failure.map(Fate::GivenUp) };
        let activity = self.retried.get(id.0);
        activity.in_flight -= 1;
        if is_delivered && activity.fate == Fate::Arrived {
            self.fates.duplicates += 1;
        } else if let Some(fate) = fate {
            self.turn(id, fate);
        }
        self.free_if_done(id);
    }

    /// An activity whose request has failed is not tried again.
    pub fn fail(&mut self, retried: Option<RetriedId>, reason: Reason) {
        match retried {
            None => self.fates.turn(Fate::UnderWay, Fate::GivenUp(reason)),
            Some(id) => self.turn(id, Fate::GivenUp(reason)),
        }
    }

    /// An activity that waits for a request gets none, and is not tried again.
    pub fn drop(&mut self, retried: Option<RetriedId>, reason: Reason) {
        match retried {
            None => self.fates.turn(Fate::Waiting, Fate::GivenUp(reason)),
            Some(id) => {
                self.turn(id, Fate::GivenUp(reason));
                self.close(retried);
            }
        }
    }

    /// An activity waits for another attempt. If it does for the first time, its fate is `fate`, and `in_flight` of its requests
    /// have not reached their end in the network.
    pub fn retry(&mut self, retried: Option<RetriedId>, fate: Fate, in_flight: u32) -> RetriedId {
        let new = || RetriedId(self.retried.insert(Retried { fate, in_flight, is_over: false }));
        let id = retried.unwrap_or_else(new);
        self.turn(id, Fate::Retrying);
        id
    }

    /// The sender of an activity makes no other attempt. Said once.
    pub fn close(&mut self, retried: Option<RetriedId>) {
        if let Some(id) = retried {
            self.retried.get(id.0).is_over = true;
            self.free_if_done(id);
        }
    }

    /// How many of those that are tried again wait for that.
    pub fn retrying(&mut self) -> u64 {
        let all: Vec<u32> = self.retried.in_use().collect();
        all.into_iter().filter(|&id| self.retried.get(id).fate == Fate::Retrying).count() as u64
    }

    /// Changes the fate of an activity, unless it has arrived.
    fn turn(&mut self, id: RetriedId, to: Fate) {
        let activity = self.retried.get(id.0);
        if activity.fate != Fate::Arrived {
            self.fates.turn(activity.fate, to);
            activity.fate = to;
        }
    }

    /// Forgets an activity to which nothing can happen any more.
    fn free_if_done(&mut self, id: RetriedId) {
        let activity = self.retried.get(id.0);
        if activity.is_over && activity.in_flight == 0 {
            self.retried.remove(id.0);
        }
    }
}

impl AddAssign for Fates {
    fn add_assign(&mut self, other: Fates) {
        self.counts.iter_mut().zip(other.counts).for_each(|(sum, other)| *sum += other);
        self.duplicates += other.duplicates;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not zero.
    fn counts(log: &FateLog) -> Vec<(Fate, u64)> {
        let reasons = Reason::ALL.map(Fate::GivenUp);
        let all = [Fate::Waiting, Fate::UnderWay, Fate::Retrying, Fate::Arrived].into_iter().chain(reasons);
        all.map(|fate| (fate, log.fates().count(fate))).filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn an_activity_with_one_request_ends_as_that_does() {
        let mut log = FateLog::default();
        log.create(5);
        (0..4).for_each(|_| log.send(None));
        log.settle(None, Arrival::Delivered, None);
        log.settle(None, Arrival::Refused(Refusal::Gone), Reason::of(Arrival::Refused(Refusal::Gone)));
        log.settle(None, Arrival::Lost, None);
        log.fail(None, Reason::Lost);
        log.drop(None, Reason::ProcessStopped);
        let given_up =
            [Reason::Lost, Reason::Refused, Reason::ProcessStopped].map(|it| (Fate::GivenUp(it), 1));
        assert_eq!(counts(&log), [vec![(Fate::UnderWay, 1), (Fate::Arrived, 1)], given_up.to_vec()].concat());
        assert_eq!((log.fates().created(), log.fates().given_up()), (5, 3));
    }

    /// The first request is still under way when the second is given up, and arrives after all; then nothing is remembered.
    #[test]
    fn an_earlier_request_may_arrive_when_a_later_one_was_given_up() {
        let mut log = FateLog::default();
        log.create(1);
        log.send(None);
        let id = Some(log.retry(None, Fate::UnderWay, 1));
        assert_eq!((counts(&log), log.retrying()), (vec![(Fate::Retrying, 1)], 1));
        log.send(id);
        log.settle(id, Arrival::Lost, Some(Reason::Lost));
        log.close(id);
        assert_eq!(counts(&log), [(Fate::GivenUp(Reason::Lost), 1)]);
        log.settle(id, Arrival::Delivered, None);
        assert_eq!(counts(&log), [(Fate::Arrived, 1)]);
        assert!(log.retried.is_empty());
    }

    #[test]
    fn what_arrives_again_is_a_duplicate_whatever_comes_after() {
        let mut log = FateLog::default();
        log.create(1);
        log.send(None);
        log.settle(None, Arrival::Delivered, None);
        let id = Some(log.retry(None, Fate::Arrived, 0));
        log.send(id);
        log.settle(id, Arrival::Delivered, None);
        log.retry(id, Fate::UnderWay, 0);
        log.drop(id, Reason::CircuitOpen);
        assert_eq!((counts(&log), log.fates().duplicates), (vec![(Fate::Arrived, 1)], 1));
        let mut flow = Flow::default();
        (0..2).for_each(|_| flow.delivered.add(7));
        log.fates().assert_conserved(&flow);
        assert!(log.retried.is_empty());
    }

    // Planted errors: the assertions must be seen to fire.

    #[test]
    #[should_panic(expected = "activities that arrived (left)")]
    fn a_delivery_of_no_activity_is_noticed() {
        let mut flow = Flow::default();
        flow.delivered.add(7);
        Fates::default().assert_conserved(&flow);
    }

    #[test]
    #[should_panic(expected = "has the fate that it leaves")]
    fn nothing_arrives_that_was_not_sent() {
        FateLog::default().settle(None, Arrival::Delivered, None);
    }
}
