//! The simulation driver: instances in virtual time, over a simulated network.
//!
//! It moves inputs and effects between instances, the network and an observer, in the order of `event`. It holds no
//! protocol rule, writes no file and cannot fail: it ends because it is done, was interrupted or met its event limit.

mod delivery;

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::event::{Event, MAX_NUMBER, Step};
use crate::instance::{Heartbeat, Input, Instance};
use crate::mechanism::network::NetworkModel;
use crate::mechanism::pending::Pending;
use crate::mechanism::wire::Names;
use crate::observe::{Ending, Observer, Outcome};
use crate::scenario::End;
use crate::words::ids::{InstanceId, SessionId, VideoId};
use crate::words::random::Seed;
use crate::words::units::{Span, Time};
use delivery::Delivery;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Everything that decides one run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Instances with their rules, videos, follower lists.
    pub federation: Federation,
    /// Who watches, in order of start.
    pub sessions: Vec<Session>,
    /// Latency and loss.
    pub network: NetworkModel,
    /// What hosts, actors and videos are called on the wire.
    pub names: Names,
    /// Names the draws of messages.
    pub seed: Seed,
    /// The first tick of each instance.
    pub tick_phase: Vec<Time>,
    /// The first flush of follow health of each instance.
    pub health_phase: Vec<Time>,
    /// The first broadcast of changed videos of each instance.
    pub update_phase: Vec<Time>,
    /// How everybody delivers.
    pub delivery: crate::domain::delivery::Delivery,
    /// What goes wrong.
    pub faults: Vec<crate::domain::faults::Fault>,
    /// What is sent beside Views.
    pub other: crate::domain::other_traffic::OtherTraffic,
    /// When samples are taken.
    pub sampling: Sampling,
    /// When the run ends.
    pub end: End,
    /// More events than this stop the run.
    pub event_limit: u64,
}

/// Follow health is written down so often.
pub const HEALTH_INTERVAL: Span = Span::from_secs(3_600);

/// Samples are taken at `from`, `from + every`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// The first sample.
    pub from: Time,
    /// The interval.
    pub every: Span,
}

/// Runs a cell and reports to `observer`. `stop` ends it early when it becomes true.
pub fn run(cell: &Cell, observer: &mut impl Observer, stop: &AtomicBool) -> Ending {
    Simulation::new(cell).run(observer, stop)
}

struct Simulation<'a> {
    cell: &'a Cell,
    instances: Vec<Instance>,
    pending: Pending<Event>,
    delivery: Delivery<'a>,
    /// The first session whose first heartbeat is not pending yet.
    next_session: usize,
    /// When the last session ends.
    last_end: Time,
    /// The number of the tick that each instance waits for; a tick with another number was overtaken by a restart.
    next_tick: Vec<u32>,
    now: Time,
    events: u64,
}

impl<'a> Simulation<'a> {
    fn new(cell: &'a Cell) -> Simulation<'a> {
        let Federation { instances, videos, .. } = &cell.federation;
        let catalogue: Arc<[_]> = videos.as_slice().into();
        let start = |(id, instance): (usize, &crate::domain::federation::Instance)| {
            Instance::new(InstanceId::at(id), instance.rules, Arc::clone(&catalogue))
        };
        let mut simulation = Simulation {
            cell,
            instances: instances.iter().enumerate().map(start).collect(),
            pending: Pending::new(),
            delivery: Delivery::new(cell),
            next_session: 0,
            last_end: cell.sessions.iter().map(|session| session.end).max().unwrap_or_default(),
            next_tick: vec![0; instances.len()],
            now: Time::ZERO,
            events: 0,
        };
        for (id, (&phase, instance)) in cell.tick_phase.iter().zip(instances).enumerate() {
            if instance.is_peertube {
                simulation.push(phase, Event::Tick { instance: InstanceId::at(id), number: 0 });
            }
        }
        for fault in &cell.faults {
            if let &crate::domain::faults::Fault::Restart { instance, at, .. } = fault {
                simulation.push(at, Event::Restart { instance });
            }
        }
        simulation.push(cell.sampling.from, Event::Sample { number: 0 });
        simulation
    }

    fn run(mut self, observer: &mut impl Observer, stop: &AtomicBool) -> Ending {
        let end = self.cell.end.latest();
        loop {
            self.admit_sessions();
            if self.pending.next_time().is_none_or(|next| next > end) {
                self.now = end;
                return self.ending(Outcome::Done(end));
            }
            if self.events >= self.cell.event_limit {
                return self.ending(Outcome::EventLimit(self.now));
            }
            // Looking at a shared flag costs little, but not nothing.
            if self.events.is_multiple_of(1024) && stop.load(Ordering::Relaxed) {
                return self.ending(Outcome::Interrupted);
            }
            let Some((now, _, event)) = self.pending.pop() else { continue };
            self.now = now;
            self.events += 1;
            observer.event(now, &event);
            self.happen(event, observer);
            if matches!(event, Event::Sample { .. }) && self.is_idle() {
                return self.ending(Outcome::Done(now));
            }
        }
    }

    /// Makes pending the first heartbeat of every session that starts no later than the next event.
    fn admit_sessions(&mut self) {
        while let Some(session) = self.cell.sessions.get(self.next_session) {
            if self.pending.next_time().is_some_and(|next| session.start > next) {
                return;
            }
            let heartbeat = Event::Heartbeat { session: SessionId::at(self.next_session), number: 0 };
            self.next_session += 1;
            if session.start < session.end {
                self.push(session.start, heartbeat);
            }
        }
    }

    fn happen(&mut self, event: Event, observer: &mut impl Observer) {
        match event {
            Event::Restart { instance } => self.restart(instance, observer),
            Event::Tick { instance, number } => self.tick(instance, number, observer),
            Event::Sample { number } => {
                self.delivery.assert_conserved();
                observer.sample(self.now, number, &self.instances, &[]);
                self.push(self.now + self.cell.sampling.every, Event::Sample { number: number + 1 });
            }
            Event::Request { message: arrival, .. } => {
                self.delivery.note_delivered();
                observer.delivered(self.now, &arrival);
                observer.processed(self.now, &arrival);
                if self.cell.federation.instances[arrival.to.index()].is_peertube {
                    self.handle(arrival.to, Input::Receive(&arrival.activity), observer);
                }
            }
            Event::Heartbeat { session, number } => self.heartbeat(session, number, observer),
            _ => unreachable!("in work"),
        }
    }

    fn restart(&mut self, instance: InstanceId, observer: &mut impl Observer) {
        self.handle(instance, Input::Restart(None), observer);
        self.schedule_tick(instance);
    }

    fn tick(&mut self, instance: InstanceId, number: u32, observer: &mut impl Observer) {
        if number == self.next_tick[instance.index()] {
            self.handle(instance, Input::Tick { number }, observer);
            self.schedule_tick(instance);
        }
    }

    fn schedule_tick(&mut self, instance: InstanceId) {
        let interval = self.cell.federation.instances[instance.index()].rules.parameters.tick_interval;
        let next = &mut self.next_tick[instance.index()];
        *next += 1;
        let number = *next;
        self.push(self.now + interval, Event::Tick { instance, number });
    }

    fn heartbeat(&mut self, id: SessionId, number: u32, observer: &mut impl Observer) {
        let session = self.cell.sessions[id.index()];
        let heartbeat = Heartbeat {
            video: session.video,
            viewer: session.viewer,
            session: id,
            number,
            watched: self.now.since(session.start),
        };
        self.handle(session.instance, Input::Heartbeat(heartbeat), observer);
        let rules = &self.cell.federation.instances[session.instance.index()].rules;
        let next = self.now + session.heartbeat.unwrap_or(rules.parameters.heartbeat);
        if next < session.end {
            assert!(number < MAX_NUMBER, "a session of more heartbeats than a key can number");
            self.push(next, Event::Heartbeat { session: id, number: number + 1 });
        }
    }

    fn handle(&mut self, instance: InstanceId, input: Input<'_>, observer: &mut impl Observer) {
        let mut effects = self.delivery.take_effects();
        self.instances[instance.index()].handle(self.now, input, &mut effects);
        for effect in effects.drain(..) {
            for (time, arrival) in self.delivery.send(self.now, instance, &effect, observer) {
                let event = Event::Request { step: Step::Arrived, slot: 0, message: arrival };
                self.pending.push(time, event.key(&self.cell.sessions), event);
            }
        }
        self.delivery.give_back(effects);
    }

    fn push(&mut self, time: Time, event: Event) {
        self.pending.push(time, event.key(&self.cell.sessions), event);
    }

    fn is_idle(&self) -> bool {
        let shows_nothing = |instance: &Instance| {
            (0..self.cell.federation.videos.len()).all(|video| instance.displayed(VideoId::at(video)) == 0)
        };
        matches!(self.cell.end, End::Idle { .. })
            && self.next_session == self.cell.sessions.len()
            && self.now >= self.last_end
            && self.delivery.in_flight() == 0
            && self.instances.iter().all(shows_nothing)
    }

    fn ending(&self, outcome: Outcome) -> Ending {
        self.delivery.assert_conserved();
        let watching = |session: &&Session| session.start <= self.now && session.end > self.now;
        Ending {
            outcome,
            events: self.events,
            flow: Default::default(),
            busy: Vec::new(),
            queued_jobs_peak: 0,
            inbox_dropped: 0,
            unfinished_sessions: self.cell.sessions.iter().filter(watching).count() as u64,
        }
    }
}
