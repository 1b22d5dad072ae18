//! Metrics: what a run did, noted while it runs (`Collector`), kept as primaries (`Observed`), and the numbers that
//! people compare, all derived from those (`definitions`).
//!
//! Primaries are integers: counts, bytes, nanoseconds. A float appears once, at the last division of a metric. Nothing
//! here knows of files, nor which driver reported.

pub mod aggregates;
mod basis;
pub mod catalogue_sums;
pub mod catalogues;
pub mod counters;
pub mod cover;
mod definition;
pub mod definitions;
pub mod delays;
pub mod delivery;
pub mod display;
pub mod distribution;
pub mod lies;
pub mod limits;
pub mod links;
mod observed;
pub mod origin_seconds;
pub mod pairs;
pub mod possible;
pub mod seen;
#[cfg(test)]
mod test_federation;
#[cfg(test)]
mod tests;
pub mod traffic;
pub mod uptime;
pub mod views;
mod views_groups;
pub mod views_moves;
mod views_notes;
mod views_outages;

pub use observed::Observed;

use crate::domain::asked_back::AfterUpdates;
use crate::domain::audience::Audience;
use crate::domain::federation::Federation;
use crate::domain::sampling::Sampling;
use crate::domain::viewers::watching_peak;
use crate::domain::workload::Session;
use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::{Input, Instance};
use crate::mechanism::activity::Kind;
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::views::ViewsLog;
use crate::observe::{
    AnswerEnd, Departed, Ending, HealthNote, Observer, QueueName, QueueSample, RequestOutcome, SecondBytes,
};
use aggregates::Aggregates;
use counters::CounterLog;
use delays::Delays;
use delivery::DeliveryLog;
use limits::{Limits, Terms};
use links::{LinkRow, LinkSums, Links};
use traffic::{Direction, Traffic};

/// Notes what a driver reports.
pub struct Collector<'a> {
    federation: &'a Federation,
    audience: &'a Audience,
    sessions: &'a [Session],
    terms: Terms,
    traffic: Traffic<'a>,
    counters: CounterLog<'a>,
    delays: Delays,
    links: Links,
    /// Counts that answers carried, and those that came beside another in a batch, by who gave and took them.
    told_beside: Links,
    delivery: DeliveryLog,
}

impl<'a> Collector<'a> {
    /// A collector for one run. What followers fetch after `updates` is counted here or reported; none if nobody sends any.
    pub fn new(
        federation: &'a Federation,
        (sessions, audience): (&'a [Session], &'a Audience),
        sampling: Sampling,
        updates: Option<AfterUpdates>,
        terms: Terms,
    ) -> Collector<'a> {
        Collector {
            federation,
            audience,
            sessions,
            terms,
            traffic: Traffic::new(federation, sampling.bucket, updates.unwrap_or(AfterUpdates::Counted)),
            counters: CounterLog::new(federation, audience, sampling, updates.is_some()),
            delays: Delays::new(),
            links: Links::default(),
            told_beside: Links::default(),
            delivery: DeliveryLog::new(),
        }
    }

    /// The primaries, once the run has ended at `end`; `aggregates` is what was not reported.
    pub fn finish(mut self, end: Time, ending: &Ending, mut aggregates: Aggregates) -> Observed {
        aggregates.join_traffic(&mut self.traffic);
        aggregates.join_delays(&mut self.delays);
        self.links.join(&aggregates.links);
        let after_updates = self.traffic.after_updates();
        let (traffic, origin_peaks) = self.traffic.finish();
        let (federation, audience) = (self.federation, self.audience);
        let replayed = (std::mem::take(&mut aggregates.displayed), &aggregates.catalogues);
        let views_moves = std::mem::take(&mut aggregates.views);
        let (counters, staleness, sums, views) = self.counters.finish(self.sessions, replayed, views_moves);
        let (links, told_beside) = (self.links.rows(), self.told_beside.rows());
        let crowd = (self.sessions, audience);
        let mut observed = Observed {
            traffic,
            origin_peaks,
            catalogues: catalogues::rows(&sums, federation, audience, &counters, views.as_ref()),
            limits: Limits::of((federation, &self.terms), crowd, &counters, [&links, &told_beside]),
            counters,
            staleness,
            views,
            delays: self.delays.finish(),
            links,
            told_beside,
            delivery: self.delivery.finish(ending),
            viewers_as_plain_views: ending.viewers_as_plain_views + aggregates.viewers_as_plain_views,
            lies_told: ending.lies_told,
            lie_effects: None,
            doors: ending.doors.clone(),
            sessions: self.sessions.iter().filter(|session| session.start <= end).count() as u64,
            viewers_peak: watching_peak(self.sessions, end),
            sessions_unfinished: ending.unfinished_sessions,
            end_ns: end.ns(),
        };
        aggregates.join(&mut observed);
        assert_links_are_received(&observed, after_updates);
        observed
    }
}

/// Asserts that links and what instances received are the same requests and bytes.
fn assert_links_are_received(observed: &Observed, after_updates: AfterUpdates) {
    let is_counted_only = |kind| kind == Kind::UpdateFetch && after_updates == AfterUpdates::Counted;
    let received = observed.traffic.iter();
    let received = received.filter(|row| row.direction == Direction::In && !is_counted_only(row.kind));
    let mut all = LinkSums::default();
    received.for_each(|row| all.add(row.sums.messages, row.sums.head_bytes, row.sums.body_bytes));
    let mut links = LinkSums::default();
    observed.links.iter().for_each(|LinkRow { sums, .. }| {
        links.add(sums.messages, sums.head_bytes, sums.body_bytes);
    });
    assert_eq!(all, links, "received: the traffic (left), the links (right)");
}

impl Observer for Collector<'_> {
    fn handled(&mut self, now: Time, clock: Time, _instance: InstanceId, input: &Input<'_>) {
        if let Input::Answer { activity } = input {
            self.counters.answers(activity.video, clock.since(now));
        }
    }

    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        self.traffic.sent(now, message);
    }

    fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        self.traffic.left(now, message, transport);
    }

    fn failed(&mut self, now: Time, message: &Message, departed: Departed, transport: &TransportBytes) {
        self.traffic.failed(now, message, departed, transport);
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.traffic.delivered(now, message);
        self.links.arrived(self.federation.listing(message.activity.video), message, 1);
        for total in message.activities().skip(1) {
            let sums = LinkSums { messages: 1, head_bytes: 0, body_bytes: 0 };
            let listing = self.federation.listing(total.video);
            self.told_beside.add((listing, message.from, message.kind), message.to, &sums);
        }
    }

    fn refused(&mut self, now: Time, message: &Message) {
        self.traffic.refused(now, message);
        self.links.arrived(self.federation.listing(message.activity.video), message, 0);
    }

    fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        self.traffic.answered(at, message, bytes, end);
        // a head that says that a count is still the same tells it, too
        let may_carry = !message.kind.is_get() || message.kind == Kind::CountFetch;
        let carries_count = may_carry && bytes > u64::from(message.response_bytes);
        if carries_count && end == AnswerEnd::Arrives {
            let listing = self.federation.listing(message.activity.video);
            let sums = LinkSums { messages: 1, head_bytes: 0, body_bytes: bytes };
            self.told_beside.add((listing, message.to, message.kind), message.from, &sums);
        }
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.traffic.processed(now, message);
        self.delays.note(message.kind, now.since(message.authored));
        self.counters.processed(message);
    }

    fn ended(&mut self, _now: Time, _message: &Message, outcome: RequestOutcome) {
        self.delivery.ended(outcome);
    }

    fn job_started(&mut self, _now: Time, _instance: InstanceId, _queue: QueueName, waited: Span) {
        self.delivery.job_started(waited);
    }

    fn job_unstarted(&mut self, waited: Span) {
        self.delivery.job_unstarted(waited);
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.delivery.health(now, note);
    }

    fn origin_second(&mut self, instance: InstanceId, second: u64, bytes: SecondBytes) {
        self.traffic.add_origin_second(instance, second, bytes);
    }

    fn is_replayed(&mut self, instance: InstanceId) {
        self.counters.is_replayed(instance);
    }

    fn views(&mut self, instance: InstanceId, log: &ViewsLog) {
        self.counters.views(instance, log);
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.traffic.complete(now);
        self.counters.sample(now, instances);
        self.delivery.sample(now, queues);
    }
}
