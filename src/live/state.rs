//! The state of one live cell, under one lock: its instances, their outboxes, what is planned, and where observations go.
//!
//! Here are the fields and what can be read off them. `sending` moves jobs and requests, `inputs` moves time and instances.

use super::clock::Clock;
use super::observations::Observation;
use super::outbox::{Outbox, Work};
use super::own_sockets::RequestId;
use super::registry::Registry;
use super::schedule::Schedule;
use crate::cell::{Cell, heartbeat_interval};
use crate::domain::door::SeenDoor;
use crate::domain::faults::Timetable;
use crate::domain::federation::Inboxes;
use crate::domain::heartbeats::doors_to_see;
use crate::domain::protocol::Rules;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Activity;
use crate::mechanism::ledger::{Amount, Ledger};
use crate::mechanism::network::Network;
use crate::request::Gets;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::sync::mpsc::UnboundedSender;

pub(super) struct State {
    pub(super) cell: Arc<Cell>,
    pub(super) clock: Clock,
    pub(super) timetable: Timetable,
    pub(super) network: Network,
    pub(super) schedule: Schedule,
    pub(super) instances: Vec<Instance>,
    /// By `InstanceId`: the time of its latest input.
    pub(super) latest_input: Vec<Time>,
    /// By `InstanceId`: its sending side.
    pub(super) outboxes: Vec<Outbox>,
    /// Of each origin: the inboxes that its broadcasts go to, without those of removed followers.
    pub(super) inboxes: BTreeMap<InstanceId, Inboxes>,
    /// The requests that have begun and whose outcome is not known yet: sender, receiver, bytes.
    pub(super) in_flight: BTreeMap<RequestId, (InstanceId, InstanceId, u64)>,
    pub(super) ledger: Ledger,
    /// Messages whose requests have not begun.
    pub(super) queued: Amount,
    pub(super) registry: Registry,
    pub(super) gets: Gets,
    /// Whether servers outside of the run take part. The registry then needs the documents of ours.
    pub(super) has_peers: bool,
    pub(super) ended: Option<Time>,
    pub(super) inputs: u64,
    pub(super) inputs_of_strangers: u64,
    pub(super) job_count: u64,
    pub(super) queued_jobs_peak: u64,
    /// What clients post where that is noted one by one.
    pub(super) seen_doors: BTreeMap<InstanceId, SeenDoor>,
    work: UnboundedSender<Work>,
    /// None once the run has ended.
    pub(super) observations: Option<Sender<Observation>>,
}

impl State {
    /// A cell whose instances have just started. Observations and work go into the two channels.
    pub(super) fn new(
        cell: &Arc<Cell>,
        clock: Clock,
        observations: Sender<Observation>,
        work: UnboundedSender<Work>,
        has_peers: bool,
    ) -> State {
        let federation = &cell.federation;
        let instances = &federation.instances;
        let regions: Vec<_> = instances.iter().map(|instance| instance.region).collect();
        let inboxes = federation.followers.iter();
        let start = |id: InstanceId| {
            let mut instance = cell.instance(id);
            if cell.other.update_every.is_some() {
                instance.keep_views_log();
            }
            instance
        };
        let timetable = Timetable::new(&cell.faults, instances.len(), cell.seed, cell.end.latest());
        State {
            cell: Arc::clone(cell),
            clock,
            schedule: Schedule::new(cell, &timetable),
            seen_doors: doors_to_see(federation, &timetable),
            timetable,
            network: Network::new(&cell.network, &regions, cell.seed),
            instances: (0..instances.len()).map(InstanceId::at).map(start).collect(),
            latest_input: vec![Time::ZERO; instances.len()],
            outboxes: instances.iter().map(|_| Outbox::new(&cell.delivery)).collect(),
            inboxes: inboxes.map(|(&of, list)| (of, Inboxes::new(list, instances))).collect(),
            in_flight: BTreeMap::new(),
            ledger: Ledger::new(instances.len()),
            queued: Amount::default(),
            registry: Registry::default(),
            gets: Gets::new(cell.seed),
            has_peers,
            ended: None,
            inputs: 0,
            inputs_of_strangers: 0,
            job_count: 0,
            queued_jobs_peak: 0,
            work,
            observations: Some(observations),
        }
    }

    /// When something is planned next. None if the run has ended or nothing is left.
    pub(super) fn next_planned(&self) -> Option<Time> {
        self.schedule.next().filter(|_| self.ended.is_none())
    }

    /// Hands a job or a broadcast to the tasks that post.
    pub(super) fn start(&self, work: Work) {
        // an interrupted run has no receiver any more
        let _ = self.work.send(work);
    }

    /// Hands an observation to the observers.
    pub(super) fn report(&self, observation: Observation) {
        if let Some(observations) = &self.observations {
            // an interrupted run has no receiver any more
            let _ = observations.send(observation);
        }
    }

    pub(super) fn is_up(&self, instance: InstanceId) -> bool {
        self.instances[instance.index()].is_up()
    }

    pub(super) fn rules(&self, instance: InstanceId) -> Rules {
        *self.instances[instance.index()].rules()
    }

    /// The time that the clock of an instance shows.
    pub(super) fn clock_of(&self, instance: InstanceId, now: Time) -> Time {
        now + self.timetable.clock_ahead(instance)
    }

    /// When an activity was built, by the true clock. The clock of a peer counts as true.
    pub(super) fn authored(&self, activity: &Activity) -> Time {
        let is_ours = activity.author.index() < self.instances.len();
        let ahead = if is_ours { self.timetable.clock_ahead(activity.author) } else { Span::ZERO };
        activity.built.before(ahead)
    }

    /// What an instance displays for a video: viewers and views.
    pub(super) fn displayed(&mut self, instance: InstanceId, video: VideoId) -> (u64, u32) {
        let clock = self.clock_of(instance, self.clock.now());
        let instance = &mut self.instances[instance.index()];
        instance.ask_at(clock);
        (instance.displayed(video), instance.displayed_views(video))
    }

    /// The time between two heartbeats of a visit whose client was told to come so late, if it was told.
    pub(super) fn heartbeat_interval(&self, session: SessionId, told: Option<Span>) -> Span {
        let visit = &self.cell.sessions[session.index()];
        heartbeat_interval(visit, &self.rules(visit.instance), told)
    }

    /// Asserts that every message of every link is queued, in flight or settled.
    pub(super) fn assert_conserved(&self) {
        let mut in_flight = Amount::default();
        self.in_flight.values().for_each(|&(_, _, bytes)| in_flight.add(bytes));
        self.ledger.assert_conserved(self.queued, in_flight);
    }
}
