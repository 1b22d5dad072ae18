//! The state of a run: instances and their machines, pending events, jobs and requests.
//!
//! The other files of this folder change it. Conservation of messages (`Ledger`) is asserted at every sample.

use super::contacts::Contacts;
use super::job::{Job, QueueKey};
use super::machine::Machine;
use super::pulls::Pulls;
use super::request::{Deadline, Request};
use super::skips::Skips;
use super::wakes::Wakes;
use crate::cell::{Cell, last_planned};
use crate::domain::delivery::{Delivery, Health, Tls};
use crate::domain::door::SeenDoor;
use crate::domain::faults::Timetable;
use crate::domain::federation::Inboxes;
use crate::domain::heartbeats::doors_to_see;
use crate::domain::protocol::{FollowHealth, Rules};
use crate::event::{Event, Message};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::{MessageDraws, Purpose};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Instance};
use crate::mechanism::activity::Activity;
use crate::mechanism::fate::{FateLog, Fates};
use crate::mechanism::follow_health::HealthRule;
use crate::mechanism::ledger::{Amount, Flow, Ledger};
use crate::mechanism::network::{Network, Ways};
use crate::mechanism::pending::Pending;
use crate::mechanism::slab::Slab;
use crate::mechanism::transport::Handshake;
use crate::mechanism::wire::Sizes;
use crate::observe::Observer;
use crate::request::{Conditions, Gets, Path};
use crate::sim::broadcast::{Broadcasts, Helpers};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// A run in progress.
pub(in crate::sim) struct Run<'a> {
    pub(super) observer: &'a mut dyn Observer,
    /// The instant of the current event.
    pub(super) now: Time,
    pub(super) pending: Pending<Event>,
    /// Events so far.
    pub(super) events: u64,
    pub(super) timetable: &'a Timetable,
    pub(super) instances: Vec<Instance>,
    /// By `InstanceId`, as in the federation: asked at every event.
    pub(super) hosts: Vec<InstanceId>,
    /// The rules that an instance has after a restart at this instant, if they change.
    pub(super) upgrades: BTreeMap<(InstanceId, Time), Rules>,
    /// By `InstanceId`: the number of its next tick. A tick with another number is void since a restart.
    pub(super) next_tick: Vec<u32>,
    /// The first session whose first heartbeat is not pending yet.
    pub(super) next_session: usize,
    /// The latest end of any session, and of what the background does not go on doing.
    pub(super) last_end: Time,
    /// Which sessions may skip heartbeats.
    pub(super) skips: Skips,
    pub(super) heartbeats_skipped: u64,
    /// What clients post where that is noted one by one.
    pub(super) seen_doors: BTreeMap<InstanceId, SeenDoor>,
    pub(super) cell: &'a Cell,
    pub(super) delivery: Delivery,
    pub(super) path: Path,
    pub(super) wakes: Wakes,
    pub(super) conditions: Conditions<'a>,
    /// Whether steps that affect one machine only are deferred in its calendar.
    pub(super) looks_ahead: bool,
    /// What is computed outside the event loop; `None` if every message makes events.
    pub(super) broadcasts: Option<Broadcasts<'a>>,
    pub(super) network: Network,
    pub(super) retry_draws: MessageDraws,
    pub(super) gets: Gets,
    pub(super) contacts: Contacts,
    pub(super) pulls: Pulls,
    pub(super) sizes: Sizes<'a>,
    pub(super) ledger: Ledger,
    pub(super) fates: FateLog,
    /// Those of GETs, which are no activities.
    pub(super) fates_of_gets: FateLog,
    pub(super) machines: Vec<Machine>,
    /// By origin: the inboxes of its broadcasts, without the followers that it removed.
    pub(super) inboxes: BTreeMap<InstanceId, Inboxes>,
    pub(super) jobs: Slab<Job>,
    pub(super) requests: Slab<Request>,
    /// Requests so far, which numbers them.
    pub(super) request_count: u64,
    /// By number of a request whose answer is under way: the count that it carries.
    pub(super) counts_under_way: BTreeMap<u64, Activity>,
    /// Deadlines of requests, ascending; some of these requests are over.
    pub(super) deadlines: VecDeque<Deadline>,
    /// The last deadline for which a sender may have to wait (`expect_time_out`), or arrival of an answer for which none does. A
    /// run is not idle before.
    pub(super) last_deadline: Time,
    /// By entry of the background that goes to some followers: the origin's inboxes when it was last sent, and those of them.
    pub(super) background_inboxes: BTreeMap<u32, [Arc<[InstanceId]>; 2]>,
    /// Jobs so far, which numbers them.
    pub(super) job_count: u64,
    /// Messages in queues, to check the ledger.
    pub(super) queued: Amount,
    /// Messages in flight, to check the ledger.
    pub(super) in_flight: Amount,
    /// Queues in which a slot has become free since `fill_slots`.
    pub(super) freed_queues: Vec<(InstanceId, QueueKey)>,
    /// Room for the ways of jobs to come: that of jobs that are over.
    pub(super) spare_ways: Vec<Vec<Ways>>,
    /// Messages that wait for their next attempt.
    pub(super) to_retry: u64,
    pub(super) queued_jobs_peak: u64,
    /// The most messages that waited for their next attempt at one instance.
    pub(super) retries_waiting_peak: u64,
    pub(super) inbox_dropped: u64,
    /// `Event::Due` so far, which numbers them.
    pub(super) due_count: u64,
    /// Activities that have left inbox queues and are to take effect, with the instants.
    pub(super) processed: VecDeque<(Time, Message)>,
    // Buffers that are reused, so that a send does not allocate:
    pub(super) effects: Vec<Effect>,
    pub(super) destinations: Vec<InstanceId>,
    pub(super) latencies: Vec<Option<Span>>,
}

/// The rule by which an instance removes followers at its hourly looks at them.
pub fn health_rule(rules: &Rules, health: Health) -> HealthRule {
    match (health, rules.follow_health) {
        (Health::Score, _) | (Health::AsReleased, FollowHealth::Score) => HealthRule::Score,
        (Health::SevenDays, _) | (Health::AsReleased, FollowHealth::SevenDays) => HealthRule::SevenDays,
        (Health::Off | Health::UnavailableDays | Health::Suspended, _)
        | (Health::AsReleased, FollowHealth::Off) => HealthRule::Off,
    }
}

impl<'a> Run<'a> {
    /// A run in which every message makes events.
    pub(super) fn new(cell: &'a Cell, timetable: &'a Timetable, observer: &'a mut dyn Observer) -> Run<'a> {
        let instances = &cell.federation.instances;
        let regions: Vec<_> = instances.iter().map(|instance| instance.region).collect();
        let inboxes = cell.federation.followers.iter();
        let inboxes = inboxes.map(|(&of, list)| (of, Inboxes::new(list, instances)));
        let start = |id: usize| {
            let mut state = cell.instance(InstanceId::at(id));
            if cell.other.update_every.is_some() {
                state.keep_views_log();
            }
            state
        };
        Run {
            observer,
            now: Time::ZERO,
            pending: Pending::new(),
            events: 0,
            timetable,
            instances: (0..instances.len()).map(start).collect(),
            hosts: instances.iter().map(|instance| instance.host).collect(),
            upgrades: BTreeMap::new(),
            next_tick: vec![0; instances.len()],
            next_session: 0,
            last_end: last_planned(cell),
            skips: Skips::default(),
            heartbeats_skipped: 0,
            seen_doors: doors_to_see(&cell.federation, timetable),
            wakes: Wakes::default(),
            cell,
            delivery: cell.delivery,
            path: Path::new(&cell.delivery, handshake(cell)),
            conditions: Conditions::new(timetable, cell.seed),
            looks_ahead: false,
            broadcasts: None,
            network: Network::new(&cell.network, &regions, cell.seed),
            retry_draws: MessageDraws::new(cell.seed, Purpose::Retry),
            gets: Gets::new(cell.seed),
            contacts: Contacts::default(),
            pulls: Pulls::default(),
            sizes: Sizes::new(&cell.names, cell.other.bodies),
            ledger: Ledger::new(instances.len()),
            fates: FateLog::default(),
            fates_of_gets: FateLog::default(),
            machines: instances.iter().map(|instance| Machine::new(instance, &cell.delivery)).collect(),
            inboxes: inboxes.collect(),
            jobs: Slab::default(),
            requests: Slab::default(),
            request_count: 0,
            counts_under_way: BTreeMap::new(),
            deadlines: VecDeque::new(),
            last_deadline: Time::ZERO,
            background_inboxes: BTreeMap::new(),
            job_count: 0,
            queued: Amount::default(),
            in_flight: Amount::default(),
            freed_queues: Vec::new(),
            spare_ways: Vec::new(),
            to_retry: 0,
            queued_jobs_peak: 0,
            retries_waiting_peak: 0,
            inbox_dropped: 0,
            due_count: 0,
            processed: VecDeque::new(),
            effects: Vec::new(),
            destinations: Vec::new(),
            latencies: Vec::new(),
        }
    }

    /// From now on, what can be computed without events makes none.
    pub(super) fn look_ahead(&mut self, helpers: Helpers<'a, '_>) {
        let broadcasts = Broadcasts::new(self.cell, &self.conditions, self.path, helpers);
        for (id, machine) in self.machines.iter_mut().enumerate() {
            machine.is_lazy = broadcasts.eligibility.is_lazy(InstanceId::at(id));
            machine.ends_without_event = broadcasts.eligibility.ends_without_event[id];
            if broadcasts.follower(InstanceId::at(id)).is_some() {
                self.observer.is_replayed(InstanceId::at(id));
            }
        }
        // without latency there is no look-ahead
        self.looks_ahead = self.cell.network.latency_min() > Span::ZERO;
        self.skips = Skips::new(self.cell, self.timetable);
        self.broadcasts = Some(broadcasts);
    }

    /// The instance whose machine has an inbox.
    pub(super) fn host(&self, inbox: InstanceId) -> InstanceId {
        self.hosts[inbox.index()]
    }

    /// Makes an event pending.
    pub(super) fn schedule(&mut self, time: Time, event: Event) {
        self.pending.push(time, event.key(&self.cell.sessions), event);
    }

    pub(super) fn is_up(&self, instance: InstanceId) -> bool {
        self.instances[instance.index()].is_up()
    }

    /// The time on the clock of an instance.
    pub(super) fn clock(&self, instance: InstanceId) -> Time {
        self.now + self.timetable.clock_ahead(instance)
    }

    /// Whether a rate limit refused a request that was computed without events: the run is void.
    pub(super) fn has_refused(&self) -> bool {
        self.broadcasts.as_ref().is_some_and(|broadcasts| broadcasts.windows.has_refused())
    }

    /// Whether nothing is waiting, in flight or in service.
    pub(super) fn is_idle(&self, now: Time) -> bool {
        self.in_flight.messages == 0
            && self.last_deadline < now
            && self.to_retry == 0
            && self.gets.planned == 0
            && self.jobs.is_empty()
            && self.requests.is_empty()
            && self.machines.iter().all(Machine::is_idle)
    }

    /// Asserts that the messages in queues and in flight are those of the ledger, and that activities arrive once per message
    /// delivered, but for duplicates.
    pub(super) fn assert_conserved(&self) {
        self.ledger.assert_conserved(self.queued, self.in_flight);
        let mut fates = *self.fates.fates();
        fates += *self.fates_of_gets.fates();
        fates.assert_conserved(&self.ledger.total());
    }

    /// All messages by what became of them.
    pub(super) fn flow(&self) -> Flow {
        let mut flow = self.ledger.total();
        if let Some(broadcasts) = &self.broadcasts {
            flow += broadcasts.accounts.flow();
        }
        flow
    }

    /// The fates of all activities.
    pub(super) fn all_fates(&self) -> Fates {
        let mut fates = *self.fates.fates();
        if let Some(broadcasts) = &self.broadcasts {
            fates += Fates::of_single_requests(&broadcasts.accounts.flow());
        }
        fates
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
