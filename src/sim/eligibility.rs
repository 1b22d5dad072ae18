//! Eligibility can be worked out apart from the events of a run, and why others cannot.
//!
//! A *quiet receiver* answers requests after a time that depends on nothing that happens, and what it receives changes
//! nothing but what it shows. A *local* one has an order of its own in which it answers, that of its cores and threads, and what
//! it receives changes nothing elsewhere. A *free sender* waits for nothing but its job slots, a *coupled* one for its own cores
//! and links as well. All of that follows from the cell alone.

use crate::cell::Cell;
use crate::domain::delivery::{Delivery, Queues};
use crate::domain::faults::{Change, Timetable};
use crate::domain::protocol::{AcceptResult, ForwardedViewer, Rules, StoreKind};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use std::collections::BTreeSet;

/// Why the messages of a job are not computed at once. The texts stand in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) enum Fallback {
    /// Their sender's cores or links are limited, its process stops, or it sends again, keeps connections or has no jobs.
    Sender,
    /// A receiver's cores or links are limited, its process stops or it owns a video.
    Receiver,
    /// A receiver verifies them one after another.
    Forwarded,
    /// A single message.
    Single,
}

impl Fallback {
    /// The sentence for people.
    pub(in crate::sim) fn text(self) -> &'static str {
        match self {
            Fallback::Sender => {
                "the sender is limited, stops, keeps its connections, or makes its requests again or without jobs"
            }
            Fallback::Receiver => "a receiver is limited, stops, or its sends depend on what it receives",
            Fallback::Forwarded => "receivers verify what is forwarded one after another",
            Fallback::Single => "jobs for one inbox",
        }
    }
}

/// By `InstanceId`.
pub(in crate::sim) struct Eligibility {
    pub(in crate::sim) is_uncontended_receiver: Vec<bool>,
    pub(in crate::sim) is_contended_receiver: Vec<bool>,
    pub(in crate::sim) is_uncontended_sender: Vec<bool>,
    /// Whose process never stops, and whose jobs make each request once and on a new connection.
    pub(in crate::sim) ends_without_event: Vec<bool>,
    pub(in crate::sim) is_dead: Vec<bool>,
    pub(in crate::sim) has_viewers: Vec<bool>,
    /// Where the order of what is received shows nowhere: inboxes need no time and refuse nothing, entries only add up.
    pub(in crate::sim) is_order_insensitive: Vec<bool>,
}

impl Eligibility {
    pub(in crate::sim) fn new(cell: &Cell, timetable: &Timetable) -> Eligibility {
        let instances = &cell.federation.instances;
        let count = instances.len();
        let origins: BTreeSet<InstanceId> = cell.federation.videos.iter().map(|video| video.origin).collect();
        let mut eligibility = Eligibility {
            is_uncontended_receiver: vec![false; count],
            is_contended_receiver: vec![false; count],
            is_uncontended_sender: vec![false; count],
            ends_without_event: vec![false; count],
            is_dead: vec![false; count],
            has_viewers: vec![false; count],
            is_order_insensitive: vec![false; count],
        };
        cell.sessions.iter().for_each(|session| eligibility.has_viewers[session.instance.index()] = true);
        let mut changes = vec![Vec::new(); count];
        for (at, id, change) in timetable.changes() {
            changes[id.index()].push((at, change));
        }
        let is_unlimited = cell.delivery.queues == Queues::Unlimited;
        let needs_no_order = cell.delivery.inbox == Span::ZERO && cell.delivery.rate_limit.is_none();
        for (index, instance) in instances.iter().enumerate() {
            let capacity = instance.capacity;
            let is_unbounded = is_unlimited
                || (capacity.cores, capacity.uplink_bits_per_s, capacity.downlink_bits_per_s)
                    == (None, None, None);
            // what is verified at no cost behind a signature has an order of its own
            let verifies_instantly =
                !is_unlimited && cell.delivery.verify + cell.delivery.json_ld_verify == Span::ZERO;
            eligibility.is_dead[index] = changes[index] == [(Time::ZERO, Change::Stop)];
            let keeps_process = changes[index].is_empty();
            let rules = &instance.rules;
            let shows_totals = rules.store == StoreKind::Keyed
                && rules.accept_result != AcceptResult::Nobody
                && eligibility.has_viewers[index];
            eligibility.is_uncontended_receiver[index] = is_unbounded
                && !verifies_instantly
                && !shows_totals
                && (keeps_process || eligibility.is_dead[index])
                && !origins.contains(&InstanceId::at(index));
            eligibility.is_contended_receiver[index] = !is_unlimited
                && !eligibility.is_uncontended_receiver[index]
                && (capacity.uplink_bits_per_s, capacity.downlink_bits_per_s) == (None, None)
                && keeps_process
                && !origins.contains(&InstanceId::at(index));
            eligibility.is_order_insensitive[index] = needs_no_order
                && rules.store == StoreKind::List
                && rules.accept_result == AcceptResult::Nobody
                && rules.forwarded_viewer == ForwardedViewer::Viewer
                && !eligibility.has_viewers[index];
            let makes_jobs = keeps_process && makes_each_request_once(&cell.delivery, rules);
            eligibility.is_uncontended_sender[index] = is_unbounded && makes_jobs;
            eligibility.ends_without_event[index] = makes_jobs && takes_time(cell);
        }
        if !takes_time(cell) {
            // what happens at one instant has causes at the same instant: their order is that of the events
            eligibility.is_uncontended_receiver.fill(false);
            eligibility.is_contended_receiver.fill(false);
        }
        eligibility
    }
}

impl Eligibility {
    /// Whether what an instance receives may wait in its calendar.
    pub(in crate::sim) fn is_lazy(&self, id: InstanceId) -> bool {
        self.is_uncontended_receiver[id.index()] || self.is_contended_receiver[id.index()]
    }
}

fn makes_each_request_once(delivery: &Delivery, rules: &Rules) -> bool {
    delivery.queues == Queues::Unlimited
        || delivery.queues == Queues::Peertube
            && delivery.attempts == 1
            && delivery.breaker.is_none()
            && delivery.keep_alive.idle(rules).is_none()
}

/// Whether every message arrives after it was sent.
fn takes_time(cell: &Cell) -> bool {
    cell.network.latency_min() > Span::ZERO
}
