//! The state of delivery: the machines of all instances, jobs, requests, and what waits or is under way.

use super::job::{Job, QueueKey};
use super::machine::Machine;
use super::request::{Deadline, Request};
use super::slots::Slots;
use crate::domain::delivery::{Delivery as Figures, Queues, Tls};
use crate::domain::faults::Timetable;
use crate::domain::federation::Inboxes;
use crate::domain::protocol::{FollowHealth, Rules};
use crate::domain::workload::Session;
use crate::event::{Event, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose};
use crate::foundation::units::{Span, Time};
use crate::instance::Effect;
use crate::mechanism::follow_health::HealthRule;
use crate::mechanism::ledger::{Amount, Flow, Ledger};
use crate::mechanism::network::Network;
use crate::mechanism::pending::Pending;
use crate::mechanism::transport::Handshake;
use crate::mechanism::wire::Sizes;
use crate::sim::Cell;
use crate::sim::columns::{Columns, Helpers};
use crate::sim::request::{Conditions, Path};
use std::collections::{BTreeMap, VecDeque};

/// The instant, and whom to tell what happens then and later.
pub(in crate::sim) struct Moment<'a, O> {
    pub(in crate::sim) now: Time,
    pub(in crate::sim) pending: &'a mut Pending<Event>,
    pub(in crate::sim) sessions: &'a [Session],
    pub(in crate::sim) observer: &'a mut O,
}

impl<O> Moment<'_, O> {
    pub(in crate::sim) fn at(&mut self, time: Time, event: Event) {
        self.pending.push(time, event.key(self.sessions), event);
    }

    /// The same at another instant: one that lies behind, or ahead where nothing can come between.
    pub(super) fn seen_at(&mut self, now: Time) -> Moment<'_, O> {
        let Moment { pending, sessions, observer, .. } = self;
        Moment { now, pending, sessions, observer }
    }
}

pub(in crate::sim) struct Delivery<'a> {
    pub(super) cell: &'a Cell,
    pub(super) figures: Figures,
    pub(super) path: Path,
    pub(in crate::sim) conditions: Conditions<'a>,
    /// Whether steps that concern one machine for a while wait in its calendar.
    pub(super) looks_ahead: bool,
    /// What is computed outside of the event loop; none where every message makes events.
    pub(in crate::sim) columns: Option<Columns<'a>>,
    pub(super) network: Network,
    pub(super) retry_draws: MessageDraws,
    pub(super) sizes: Sizes<'a>,
    pub(super) ledger: Ledger,
    pub(super) machines: Vec<Machine>,
    /// Of each origin: whom its broadcasts go to, without the followers that it removed.
    pub(super) inboxes: BTreeMap<InstanceId, Inboxes>,
    pub(super) jobs: Slots<Job>,
    pub(super) requests: Slots<Request>,
    /// Requests so far, which numbers them.
    pub(super) request_count: u64,
    /// The deadlines of requests that have begun, in order; some of these are over.
    pub(super) deadlines: VecDeque<Deadline>,
    /// The last deadline of a request whose receiver's thread was not known to be free: until then a run is not idle.
    pub(super) last_deadline: Time,
    /// By `InstanceId`: what it speaks.
    pub(super) rules: Vec<Rules>,
    /// Jobs so far, which numbers them.
    pub(super) job_count: u64,
    /// What waits in queues, counted where it waits.
    pub(super) queued: Amount,
    /// What is under way, counted where it is.
    pub(super) in_flight: Amount,
    /// Queues in which a slot has become free.
    pub(super) with_room: Vec<(InstanceId, QueueKey)>,
    /// Messages that wait for their next attempt.
    pub(super) to_retry: u64,
    pub(super) queued_jobs_peak: u64,
    pub(super) inbox_dropped: u64,
    /// Activities that have come out of inbox queues and were not taken yet, and when they did.
    pub(super) processed: VecDeque<(Time, Message)>,
    /// Events so far that look after calendars.
    pub(super) due_count: u64,
    // Kept from call to call, so that a send allocates nothing.
    pub(super) effects: Vec<Effect>,
    pub(super) destinations: Vec<InstanceId>,
    pub(super) latencies: Vec<Option<Span>>,
}

/// By which rule an instance gives followers up.
pub fn health_rule(rules: &Rules) -> HealthRule {
    match rules.follow_health {
        FollowHealth::Off => HealthRule::Off,
        FollowHealth::Score => HealthRule::Score,
        FollowHealth::SevenDays => HealthRule::SevenDays,
    }
}

impl<'a> Delivery<'a> {
    pub(in crate::sim) fn new(cell: &'a Cell, timetable: &'a Timetable) -> Delivery<'a> {
        let instances = &cell.federation.instances;
        let regions: Vec<_> = instances.iter().map(|instance| instance.region).collect();
        let inboxes = cell.federation.followers.iter();
        let inboxes = inboxes.map(|(&of, list)| (of, Inboxes::new(list, instances)));
        Delivery {
            cell,
            figures: cell.delivery,
            path: Path::new(&cell.delivery, handshake(cell)),
            conditions: Conditions::new(timetable, cell.seed),
            looks_ahead: false,
            columns: None,
            network: Network::new(&cell.network, &regions, cell.seed),
            retry_draws: MessageDraws::new(cell.seed, Purpose::Retry),
            sizes: Sizes::new(&cell.names, cell.other.bodies),
            ledger: Ledger::new(instances.len()),
            machines: instances.iter().map(|instance| Machine::new(instance, &cell.delivery)).collect(),
            inboxes: inboxes.collect(),
            rules: instances.iter().map(|instance| instance.rules).collect(),
            jobs: Slots::new(),
            requests: Slots::new(),
            request_count: 0,
            deadlines: VecDeque::new(),
            last_deadline: Time::ZERO,
            job_count: 0,
            queued: Amount::default(),
            in_flight: Amount::default(),
            with_room: Vec::new(),
            to_retry: 0,
            queued_jobs_peak: 0,
            inbox_dropped: 0,
            processed: VecDeque::new(),
            due_count: 0,
            effects: Vec::new(),
            destinations: Vec::new(),
            latencies: Vec::new(),
        }
    }

    /// From now on, what needs no events makes none.
    pub(in crate::sim) fn look_ahead(&mut self, helpers: Helpers<'a, '_>) {
        let columns = Columns::new(self.cell, &self.conditions, self.path, helpers);
        for (id, machine) in self.machines.iter_mut().enumerate() {
            machine.is_lazy = columns.is_lazy(InstanceId::at(id));
            machine.ends_quietly = columns.ends_quietly(InstanceId::at(id));
        }
        // without latencies, what happens elsewhere is known at once
        self.looks_ahead = self.cell.network.latency_min() > Span::ZERO;
        self.columns = Some(columns);
    }

    /// Whether requests that make no events were refused for their rate: they should have made some.
    pub(in crate::sim) fn has_refused(&self) -> bool {
        self.columns.as_ref().is_some_and(Columns::has_refused)
    }

    /// An empty list to fill with effects; `give_back` returns it.
    pub(in crate::sim) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(in crate::sim) fn give_back(&mut self, effects: Vec<Effect>) {
        self.effects = effects;
    }

    /// The next activity that has come out of an inbox queue, and when it did.
    pub(in crate::sim) fn next_processed(&mut self) -> Option<(Time, Message)> {
        self.processed.pop_front()
    }

    /// Whether nothing waits, is under way or is being worked on.
    pub(in crate::sim) fn is_idle(&self, now: Time) -> bool {
        self.in_flight.messages == 0
            && self.last_deadline < now
            && self.to_retry == 0
            && self.jobs.is_empty()
            && self.requests.is_empty()
            && self.machines.iter().all(Machine::is_idle)
    }

    /// Every message of every link is somewhere.
    pub(in crate::sim) fn assert_conserved(&self) {
        self.ledger.assert_conserved(self.queued, self.in_flight);
    }

    pub(in crate::sim) fn flow(&self) -> Flow {
        let mut flow = self.ledger.total();
        if let Some(columns) = &self.columns {
            flow += columns.flow();
        }
        flow
    }

    pub(super) fn is_unlimited(&self) -> bool {
        self.figures.queues == Queues::Unlimited
    }
}

/// The handshake of a new connection.
fn handshake(cell: &Cell) -> Handshake {
    let encrypted = cell.names.instances.first().is_some_and(|host| host.url.starts_with("https:"));
    match cell.delivery.tls {
        _ if !encrypted => Handshake::None,
        Tls::Full => Handshake::Full,
        Tls::Resumed => Handshake::Resumed,
    }
}
