//! Delivery: from an effect to an activity that takes effect elsewhere.
//!
//! A send becomes one job or several (`sending`), which wait in queues; a running job makes requests (`request`), each a
//! chain of steps over both machines (`machine`) and the network; the receiver verifies, answers and works through its
//! inbox queue (`receiving`). Without queues (`Queues::Unlimited`) a send leaves at once and arrives after its latency.
//! What a machine does and nobody needs to know yet is caught up with later (`local`, `coupled`).
//! No protocol rules but those about delivery are read here. Nothing is ever forgotten: `Ledger`, asserted at every
//! sample.

mod coupled;
mod job;
mod local;
mod machine;
mod receiving;
mod request;
mod sending;

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
use crate::observe::{Busy, HealthNote, Observer, QueueName, QueueSample};
use crate::sim::Cell;
use crate::sim::columns::{Columns, Helpers};
use crate::sim::conditions::Conditions;
use job::{Job, QueueKey};
use machine::{LANES, Machine};
use request::{Request, Waiting};
pub use sending::{message_name, peertube_queue, splits_bad_inboxes};
use std::collections::{BTreeMap, VecDeque};

/// The instant, and whom to tell what happens then and later.
pub(super) struct Moment<'a, O> {
    pub(super) now: Time,
    pub(super) pending: &'a mut Pending<Event>,
    pub(super) sessions: &'a [Session],
    pub(super) observer: &'a mut O,
}

impl<O> Moment<'_, O> {
    pub(super) fn at(&mut self, time: Time, event: Event) {
        self.pending.push(time, event.key(self.sessions), event);
    }

    /// The same at an instant that lies behind.
    fn back_at(&mut self, now: Time) -> Moment<'_, O> {
        let Moment { pending, sessions, observer, .. } = self;
        Moment { now, pending, sessions, observer }
    }
}

pub(super) struct Delivery<'a> {
    cell: &'a Cell,
    figures: Figures,
    handshake: Handshake,
    pub(super) conditions: Conditions<'a>,
    /// What needs no events.
    pub(super) columns: Option<Columns<'a>>,
    network: Network,
    retry_draws: MessageDraws,
    sizes: Sizes<'a>,
    ledger: Ledger,
    machines: Vec<Machine>,
    /// Of each origin: whom its broadcasts go to, without the followers that it removed.
    inboxes: BTreeMap<InstanceId, Inboxes>,
    jobs: Slots<Job>,
    requests: Slots<Request>,
    /// Requests so far, which numbers them.
    request_count: u64,
    /// Requests that may time out, by deadline; some of them are over.
    waiting: VecDeque<Waiting>,
    /// The last deadline at which a request would time out: until then a run is not idle, whether it does or not.
    last_time_out: Time,
    /// By `InstanceId`: what it speaks.
    rules: Vec<Rules>,
    /// Jobs so far, which numbers them.
    job_count: u64,
    /// What waits in queues, counted where it waits.
    queued: Amount,
    /// What is under way, counted where it is.
    in_flight: Amount,
    /// Queues in which a slot has become free.
    with_room: Vec<(InstanceId, QueueKey)>,
    /// Messages that wait for their next attempt.
    to_retry: u64,
    queued_jobs_peak: u64,
    inbox_dropped: u64,
    /// Activities that have come out of inbox queues and were not taken yet, and when they did.
    processed: VecDeque<(Time, Message)>,
    /// Events so far that look after what machines do without events.
    due_count: u64,
    // Kept from call to call, so that a send allocates nothing.
    effects: Vec<Effect>,
    destinations: Vec<InstanceId>,
    fates: Vec<Option<Span>>,
}

/// A table whose rows are numbered and whose numbers are used again.
struct Slots<T> {
    rows: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    fn new() -> Slots<T> {
        Slots { rows: Vec::new(), free: Vec::new() }
    }

    fn insert(&mut self, row: T) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            u32::try_from(self.rows.len() - 1).expect("fewer than 2^32 rows fit the memory")
        });
        self.rows[slot as usize] = Some(row);
        slot
    }

    fn get(&mut self, slot: u32) -> &mut T {
        self.rows[slot as usize].as_mut().expect("a row in use")
    }

    fn remove(&mut self, slot: u32) -> T {
        self.free.push(slot);
        self.rows[slot as usize].take().expect("a row in use")
    }

    fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.rows).filter_map(|(slot, row)| row.as_ref().map(|_| slot))
    }

    fn is_empty(&self) -> bool {
        self.free.len() == self.rows.len()
    }
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
    pub(super) fn new(cell: &'a Cell, timetable: &'a Timetable) -> Delivery<'a> {
        let instances = &cell.federation.instances;
        let regions: Vec<_> = instances.iter().map(|instance| instance.region).collect();
        let encrypted = cell.names.instances.first().is_some_and(|host| host.url.starts_with("https:"));
        let inboxes = cell.federation.followers.iter();
        let inboxes = inboxes.map(|(&of, list)| (of, Inboxes::new(list, instances)));
        Delivery {
            cell,
            figures: cell.delivery,
            handshake: match cell.delivery.tls {
                _ if !encrypted => Handshake::None,
                Tls::Full => Handshake::Full,
                Tls::Resumed => Handshake::Resumed,
            },
            conditions: Conditions::new(timetable, cell.seed),
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
            waiting: VecDeque::new(),
            last_time_out: Time::ZERO,
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
            fates: Vec::new(),
        }
    }

    /// From now on, what needs no events makes none.
    pub(super) fn work_apart(&mut self, helpers: Helpers<'a, '_>) {
        let Delivery { cell, conditions, handshake, .. } = self;
        let columns = Columns::new(cell, conditions, *handshake, helpers);
        for (id, machine) in self.machines.iter_mut().enumerate() {
            machine.is_local = columns.is_local(InstanceId::at(id));
        }
        self.columns = Some(columns);
    }

    /// Whether requests that make no events were refused for their rate: they should have made some.
    pub(super) fn has_refused(&self) -> bool {
        self.columns.as_ref().is_some_and(Columns::has_refused)
    }

    /// An empty list to fill with effects; `give_back` returns it.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn give_back(&mut self, effects: Vec<Effect>) {
        self.effects = effects;
    }

    /// The next activity that has come out of an inbox queue, and when it did.
    pub(super) fn next_processed(&mut self) -> Option<(Time, Message)> {
        self.processed.pop_front()
    }

    /// Whether nothing waits, is under way or is being worked on.
    pub(super) fn is_idle(&self, now: Time) -> bool {
        self.in_flight.messages == 0
            && self.last_time_out < now
            && self.to_retry == 0
            && self.jobs.is_empty()
            && self.requests.is_empty()
            && self.machines.iter().all(Machine::is_idle)
    }

    /// Every message of every link is somewhere.
    pub(super) fn assert_conserved(&self) {
        self.ledger.assert_conserved(self.queued, self.in_flight);
    }

    pub(super) fn flow(&self) -> Flow {
        let mut flow = self.ledger.total();
        if let Some(columns) = &self.columns {
            flow += columns.flow();
        }
        flow
    }

    pub(super) fn busy(&self, until: Time) -> Vec<Busy> {
        self.machines.iter().map(|machine| machine.busy(until)).collect()
    }

    pub(super) fn queued_jobs_peak(&self) -> u64 {
        self.queued_jobs_peak
    }

    pub(super) fn inbox_dropped(&self) -> u64 {
        self.inbox_dropped
    }

    /// Reports the jobs that still wait when the run ends.
    pub(super) fn report_unstarted(&self, now: Time, observer: &mut impl Observer) {
        for machine in &self.machines {
            for queue in machine.queues.values() {
                queue.jobs().for_each(|(since, _)| observer.job_unstarted(now.since(since)));
            }
        }
    }

    /// The queues that hold something, or from which something started since the call before.
    pub(super) fn queue_samples(&mut self, now: Time) -> Vec<QueueSample> {
        let mut samples: Vec<QueueSample> = Vec::new();
        for (id, machine) in self.machines.iter_mut().enumerate() {
            let instance = InstanceId::at(id);
            let mut note = |queue, waiting, running, oldest: Span, (started, waited): (u64, Span)| {
                if waiting == 0 && running == 0 && started == 0 {
                    return;
                }
                match samples.last_mut().filter(|last| last.instance == instance && last.queue == queue) {
                    // the queues per destination are one in the records
                    Some(last) => {
                        last.waiting += waiting;
                        last.running += running;
                        last.oldest = last.oldest.max(oldest);
                        last.started += started;
                        last.waited = last.waited + waited;
                    }
                    None => samples.push(QueueSample {
                        instance,
                        queue,
                        waiting,
                        running,
                        oldest,
                        started,
                        waited,
                    }),
                }
            };
            for (key, queue) in &mut machine.queues {
                let oldest = queue.oldest(now);
                note(key.name(), queue.waiting(), queue.running(), oldest, queue.take_started());
            }
            for (lane, thread) in LANES.into_iter().zip(&mut machine.lanes) {
                let queue = &mut thread.queue;
                let oldest = queue.oldest(now);
                let started = queue.take_started();
                note(QueueName::Lane(lane), queue.waiting(), queue.running(), oldest, started);
            }
        }
        samples
    }

    /// Writes down how the followers' inboxes of an instance did; followers that did too badly are removed.
    pub(super) fn flush_health(
        &mut self,
        of: InstanceId,
        rules: &Rules,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let rule = health_rule(rules);
        let Some(inboxes) = self.inboxes.get_mut(&of) else { return };
        let machine = &mut self.machines[of.index()];
        for finding in machine.health.flush(moment.now, rule) {
            // who is no follower has no follow to lose
            if inboxes.own().binary_search(&finding.follower).is_err() {
                continue;
            }
            if finding.removed {
                inboxes.remove(finding.follower);
                machine.removed.insert(finding.follower);
            }
            moment.observer.health(
                moment.now,
                &HealthNote {
                    instance: of,
                    follower: finding.follower,
                    good: finding.good,
                    bad: finding.bad,
                    score: finding.score,
                    removed: finding.removed,
                },
            );
        }
    }

    fn is_unlimited(&self) -> bool {
        self.figures.queues == Queues::Unlimited
    }
}
