//! What requests and retries mean for the fates of activities (`mechanism/fate`).

use super::request::Request;
use super::state::Run;
use crate::domain::delivery::RetryPer;
use crate::event::Message;
use crate::mechanism::fate::{Fate, Reason, RetriedId};
use crate::mechanism::ledger::Arrival;

impl Run<'_> {
    /// Whether no request can follow that of a message if it fails.
    pub(super) fn is_last_attempt(&self, message: &Message) -> bool {
        let retry = self.delivery.retry;
        retry.per == RetryPer::Message && message.attempt + 1 >= retry.attempts
    }

    /// A request has reached its end in the network.
    pub(super) fn settle_fate(&mut self, slot: u32, arrival: Arrival) {
        let request = self.requests.get(slot);
        request.arrival = Some(arrival);
        self.fates.settle(request.retried, arrival, failure(request));
    }

    /// The sender of a request makes no other for its activity. Said once.
    pub(super) fn close_fate(&mut self, slot: u32) {
        let request = self.requests.get(slot);
        if !std::mem::replace(&mut request.is_last, true)
            && let Some(reason) = failure(request)
        {
            self.fates.fail(request.retried, reason);
        }
        self.fates.close(request.retried);
    }

    /// A message waits for another attempt, after the request in `slot` if there was one: which activity that is.
    pub(super) fn retried(&mut self, message: &Message, slot: Option<u32>) -> RetriedId {
        let Some(slot) = slot else { return self.fates.retry(message.retried, Fate::Waiting, 0) };
        let request = self.requests.get(slot);
        let fate = if request.arrival == Some(Arrival::Delivered) { Fate::Arrived } else { Fate::UnderWay };
        let id = self.fates.retry(request.retried, fate, u32::from(request.arrival.is_none()));
        request.retried = Some(id);
        id
    }

    /// The process of a sender has stopped while it waited for a request. With retries per destination that is made again.
    pub(super) fn abandon_fate(&mut self, slot: u32) {
        let request = self.requests.get(slot);
        if self.delivery.retry.per == RetryPer::Destination {
            let (message, job) = (request.message.clone(), request.job);
            let retried = self.retried(&message, Some(slot));
            return self.jobs.get(job).retried = Some(retried);
        }
        request.is_stopped = !request.is_last || !request.has_left;
        self.close_fate(slot);
    }

    /// Asserts that as many activities wait as jobs and retries have.
    pub(super) fn assert_waiting(&mut self) {
        let all: Vec<u32> = self.jobs.in_use().collect();
        let mut unsent = 0;
        for number in all {
            let job = self.jobs.get(number);
            if job.whole_route().is_none() && job.letter.retried.is_none() {
                unsent += job.unsent().count() as u64;
            }
        }
        let fates = *self.fates.fates();
        assert_eq!(fates.count(Fate::Waiting), unsent, "waiting: the fates (left), the jobs (right)");
        let retrying = self.fates.retrying();
        assert_eq!(
            fates.count(Fate::Retrying),
            retrying,
            "retrying: the counts (left), the activities (right)"
        );
    }
}

/// Why the activity of a request is given up; `None` if its request is under way, has arrived, or is followed by another.
fn failure(request: &Request) -> Option<Reason> {
    let reason = Reason::of(request.arrival?)?;
    match (request.is_stopped, request.is_last) {
        (true, _) => Some(Reason::ProcessStopped),
        (false, true) => Some(reason),
        (false, false) => None,
    }
}
