//! Sums that a driver made outside of the event loop, of what it did not report to an observer: they join the primaries at the end.
//!
//! The sums are those that `Collector` makes of single reports; adding both gives what it would have made of all of them.

use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Kind;
use crate::metrics::Observed;
use crate::metrics::catalogue_sums::CatalogueSums;
use crate::metrics::counters::{Displayed, Staleness};
use crate::metrics::delays::{DelayCounts, Delays};
use crate::metrics::delivery::{OutcomeCounts, QueueRow};
use crate::metrics::links::Links;
use crate::metrics::traffic::{Traffic, TrafficRow, UpdatePlace};
use crate::metrics::views_moves::ViewsMoves;
use crate::observe::SecondBytes;
use std::collections::BTreeMap;

/// Sums over what was not reported.
#[derive(Clone, Debug, Default)]
pub struct Aggregates {
    /// Messages and bytes; several rows may be about the same.
    pub traffic: Vec<TrafficRow>,
    /// What an instance that owns a video began to send, by the second of the run; but for what was reported (`origin_second`).
    pub origin_bytes: Vec<(u64, InstanceId, SecondBytes)>,
    /// What arrived from whom at whom.
    pub links: Links,
    /// How long messages took.
    pub delays: BTreeMap<Kind, DelayCounts>,
    /// What instances displayed that were sampled outside of the event loop.
    pub displayed: Vec<(InstanceId, Displayed)>,
    /// What they displayed of catalogues.
    pub catalogues: CatalogueSums,
    /// What changed of the numbers of views that they display.
    pub views: ViewsMoves,
    /// The age of totals.
    pub staleness: Staleness,
    /// Forwarded viewers that took effect as plain views.
    pub viewers_as_plain_views: u64,
    /// How requests ended.
    pub outcomes: OutcomeCounts,
    /// Queues at samples.
    pub queues: Vec<QueueRow>,
    /// The most activities that waited in one inbox queue at one moment.
    pub inbox_waiting_peak: u64,
    /// How many `Update`s took effect that are followed by fetches that are counted only.
    pub update_fetches: BTreeMap<UpdatePlace, u64>,
    /// CPU time beside what the run itself counted.
    pub cpu_ns: Vec<(InstanceId, u64)>,
}

impl Aggregates {
    /// Adds the sums of another part of the run.
    pub fn add(&mut self, other: Aggregates) {
        self.traffic.extend(other.traffic);
        self.origin_bytes.extend(other.origin_bytes);
        self.links.join(&other.links);
        for (kind, counts) in &other.delays {
            self.delays.entry(*kind).or_default().add(counts);
        }
        self.displayed.extend(other.displayed);
        self.catalogues.add(&other.catalogues);
        self.views.add(other.views);
        self.staleness.add(other.staleness);
        self.viewers_as_plain_views += other.viewers_as_plain_views;
        self.outcomes.add(&other.outcomes);
        self.queues.extend(other.queues);
        self.inbox_waiting_peak = self.inbox_waiting_peak.max(other.inbox_waiting_peak);
        for (place, updates) in other.update_fetches {
            *self.update_fetches.entry(place).or_default() += updates;
        }
        self.cpu_ns.extend(other.cpu_ns);
    }

    /// What sums up traffic.
    pub(super) fn join_traffic(&mut self, traffic: &mut Traffic<'_>) {
        for (place, &updates) in &self.update_fetches {
            self.traffic.extend(traffic.fetches_outside_of_events(place, updates));
        }
        for &(second, instance, bytes) in &self.origin_bytes {
            traffic.add_origin_second(instance, second, bytes);
        }
    }

    pub(super) fn join_delays(&self, delays: &mut Delays) {
        for (&kind, counts) in &self.delays {
            delays.join(kind, counts);
        }
    }

    /// The rest, into what the reports gave.
    pub(super) fn join(self, observed: &mut Observed) {
        if !self.traffic.is_empty() {
            observed.traffic.extend(self.traffic);
            observed.traffic.sort_by_key(TrafficRow::place);
            observed.traffic.dedup_by(|next, kept| {
                let is_same = next.place() == kept.place();
                if is_same {
                    kept.sums.add(&next.sums);
                }
                is_same
            });
        }
        observed.staleness.add(self.staleness);
        observed.delivery.outcomes.add(&self.outcomes);
        let peak = &mut observed.delivery.inbox_waiting_peak;
        *peak = self.inbox_waiting_peak.max(*peak);
        if !self.queues.is_empty() {
            observed.delivery.queues.extend(self.queues);
            observed.delivery.queues.sort_by_key(|row| (row.at_ns, row.instance, row.queue));
        }
        for (instance, cpu_ns) in self.cpu_ns {
            observed.delivery.busy[instance.index()].cpu_ns += cpu_ns;
        }
    }
}
