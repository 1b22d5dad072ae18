//! The simulation driver: instances in virtual time, over a simulated network.
//!
//! It moves inputs and effects between instances, the network and an observer, in the order of `event`. It holds no
//! protocol rule, writes no file and cannot fail: it ends because it is done, was interrupted or met its event limit.

mod columns;
mod conditions;
mod delivery;
mod skips;

use crate::domain::delivery::Delivery as Figures;
use crate::domain::faults::{Change, Fault, Timetable};
use crate::domain::federation::Federation;
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::protocol::Rules;
use crate::domain::workload::Session;
use crate::event::{Event, MAX_NUMBER};
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::random::{Purpose, Seed, exponential, fold, unit};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Instance, Recipients};
use crate::mechanism::activity::{Activity, Kind, Stamp, Subject};
use crate::mechanism::network::NetworkModel;
use crate::mechanism::pending::{Key, Pending};
use crate::mechanism::wire::Names;
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Ending, Observer, RunOutcome};
use crate::scenario::End;
use columns::{Because, with_helpers};
pub use conditions::Conditions;
use delivery::{Delivery, Moment};
pub use delivery::{health_rule, message_name, peertube_queue, splits_bad_inboxes};
use skips::Skips;
use std::collections::BTreeMap;
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
    pub delivery: Figures,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What is sent beside Views.
    pub other: OtherTraffic,
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
    /// Traffic is summed in buckets of this width.
    pub bucket: Span,
}

/// What of a run made events and what did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Messages that made none.
    pub messages_apart: u64,
    /// Of these, messages whose arrivals were only counted.
    pub messages_counted: u64,
    /// Messages that did, by reason.
    messages_with_events: BTreeMap<Because, u64>,
    /// Heartbeats that made none.
    pub heartbeats_skipped: u64,
}

impl Ran {
    /// How many messages made events, and why.
    pub fn messages_with_events(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.messages_with_events.iter().map(|(because, count)| (because.text(), *count))
    }
}

/// Runs a cell event by event and reports to `observer`. `stop` ends it early when it becomes true.
pub fn run(cell: &Cell, observer: &mut impl Observer, stop: &AtomicBool) -> Ending {
    let timetable = timetable(cell);
    Simulation::new(cell, &timetable).run(observer, stop)
}

/// Runs a cell and works out apart what needs no events: what is not reported to `observer` is summed up in `Aggregates`. What
/// both add up to is the same as that of `run`. So many threads help.
///
/// None if a rate limit refused requests: nothing that was reported holds then, and only `run` knows better.
pub fn run_fast(
    cell: &Cell,
    helpers: usize,
    observer: &mut impl Observer,
    stop: &AtomicBool,
) -> Option<(Ending, Aggregates, Ran)> {
    let timetable = timetable(cell);
    with_helpers(helpers, |helpers| {
        let mut simulation = Simulation::new(cell, &timetable);
        simulation.delivery.work_apart(helpers);
        simulation.run_apart(observer, stop)
    })
}

/// Whether the broadcasts of all origins make no events in `run_fast`, whoever watches.
pub fn broadcasts_without_events(cell: &Cell) -> bool {
    columns::takes_all_broadcasts(cell, &timetable(cell))
}

/// When the instance of a visit reports what was watched: a follower does, 1 to 2 hours after its end.
pub fn report_time(cell: &Cell, id: SessionId) -> Option<Time> {
    const HOUR: Span = Span::from_secs(3_600);
    let session = &cell.sessions[id.index()];
    let reports = cell.other.watch_actions && cell.federation.origin(session.video) != session.instance;
    reports.then(|| {
        let draw = unit(&mut cell.seed.stream(Purpose::WatchAction, u64::from(id.0)));
        session.end + HOUR + Span::from_us((draw * HOUR.us() as f64) as u64)
    })
}

/// The time before a job of the background, after the one before it.
pub fn background_gap(cell: &Cell, entry: u32, number: u32) -> Span {
    let rate_per_s = cell.other.background[entry as usize].rate_per_s;
    let name = fold(&[u64::from(entry), u64::from(number)]);
    let gap_s = exponential(&mut cell.seed.stream(Purpose::Background, name)) / rate_per_s;
    // beyond every run, also when the rate is zero
    Span::from_secs_f64(gap_s.min(1e9))
}

fn timetable(cell: &Cell) -> Timetable {
    Timetable::new(&cell.faults, cell.federation.instances.len(), cell.seed, cell.end.latest())
}

struct Simulation<'a> {
    cell: &'a Cell,
    timetable: &'a Timetable,
    instances: Vec<Instance>,
    /// What an instance speaks after the restart at an instant, if something else.
    upgrades: BTreeMap<(InstanceId, Time), Rules>,
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
    /// Which sessions may skip heartbeats.
    skips: Skips,
    heartbeats_skipped: u64,
}

impl<'a> Simulation<'a> {
    fn new(cell: &'a Cell, timetable: &'a Timetable) -> Simulation<'a> {
        let Federation { instances, videos, .. } = &cell.federation;
        let catalogue: Arc<[_]> = videos.as_slice().into();
        let start = |(id, instance): (usize, &crate::domain::federation::Instance)| {
            Instance::new(InstanceId::at(id), instance.rules, Arc::clone(&catalogue))
        };
        let mut simulation = Simulation {
            cell,
            timetable,
            instances: instances.iter().enumerate().map(start).collect(),
            upgrades: BTreeMap::new(),
            pending: Pending::new(),
            delivery: Delivery::new(cell, timetable),
            next_session: 0,
            last_end: cell.sessions.iter().map(|session| session.end).max().unwrap_or_default(),
            next_tick: vec![0; instances.len()],
            now: Time::ZERO,
            events: 0,
            skips: Skips::default(),
            heartbeats_skipped: 0,
        };
        simulation.plan_ticks_and_flushes();
        simulation.plan_changes();
        for entry in 0..cell.other.background.len() {
            simulation.plan_background(entry as u32, 0);
        }
        simulation.push(cell.sampling.from, Event::Sample { number: 0 });
        simulation
    }

    fn plan_ticks_and_flushes(&mut self) {
        let cell = self.cell;
        for (id, (&phase, instance)) in cell.tick_phase.iter().zip(&cell.federation.instances).enumerate() {
            if instance.is_peertube {
                self.push(phase, Event::Tick { instance: InstanceId::at(id), number: 0 });
            }
        }
        for &instance in cell.federation.followers.keys() {
            let flush = Event::HealthFlush { instance, number: 0 };
            self.push(cell.health_phase[instance.index()], flush);
            if cell.other.update_every.is_some() {
                let flush = Event::UpdateFlush { instance, number: 0 };
                self.push(cell.update_phase[instance.index()], flush);
            }
        }
    }

    fn plan_changes(&mut self) {
        for (at, instance, change) in self.timetable.changes() {
            match change {
                Change::Stop => self.push(at, Event::Stop { instance }),
                Change::Start(rules) => {
                    self.push(at, Event::Restart { instance });
                    self.upgrades.extend(rules.map(|rules| ((instance, at), rules)));
                }
            }
        }
    }

    fn run(mut self, observer: &mut impl Observer, stop: &AtomicBool) -> Ending {
        self.run_events(observer, stop)
    }

    fn run_apart(
        mut self,
        observer: &mut impl Observer,
        stop: &AtomicBool,
    ) -> Option<(Ending, Aggregates, Ran)> {
        self.skips = Skips::new(self.cell, self.timetable);
        let ending = self.run_events(observer, stop);
        let columns = self.delivery.columns.take().expect("work apart has columns");
        let mut ran = columns.ran.clone();
        ran.heartbeats_skipped = self.heartbeats_skipped;
        Some((ending, columns.finish(self.now)?, ran))
    }

    fn run_events(&mut self, observer: &mut impl Observer, stop: &AtomicBool) -> Ending {
        let end = self.cell.end.latest();
        loop {
            let next = self.admit(observer);
            if next.is_none_or(|next| next > end) {
                self.now = end;
                self.catch_up(None, (end, Key::LAST), observer);
                return self.ending(RunOutcome::Done(end), observer);
            }
            if self.events >= self.cell.event_limit {
                return self.ending(RunOutcome::EventLimit(self.now), observer);
            }
            // Looking at a shared flag costs little, but not nothing.
            if self.events.is_multiple_of(1024) && self.delivery.has_refused() {
                return self.ending(RunOutcome::Interrupted, observer);
            }
            if self.events.is_multiple_of(1024) && stop.load(Ordering::Relaxed) {
                return self.ending(RunOutcome::Interrupted, observer);
            }
            let Some((now, key, event)) = self.pending.pop() else { continue };
            self.now = now;
            self.events += 1;
            self.catch_up(self.place(&event), (now, key), observer);
            observer.event(now, &event);
            self.happen(&event, observer);
            self.process_received(observer);
            let (delivery, _, mut moment) = self.parts(observer);
            delivery.fill_slots(&mut moment);
            if matches!(event, Event::Sample { .. }) && self.is_idle() {
                return self.ending(RunOutcome::Done(now), observer);
            }
        }
    }

    /// Makes pending what becomes an event only when it is due: the first heartbeat of each session and the time-out of each
    /// request that is not over. Returns when the next event is.
    fn admit(&mut self, observer: &mut impl Observer) -> Option<Time> {
        loop {
            let next = self.pending.next_time();
            let is_due = |at: Time| next.is_none_or(|next| at <= next);
            if self.cell.sessions.get(self.next_session).is_some_and(|session| is_due(session.start)) {
                self.admit_session();
            } else if self.delivery.next_deadline().is_some_and(is_due) {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.meet_deadline(&mut moment);
            } else {
                return next;
            }
        }
    }

    fn admit_session(&mut self) {
        let session = &self.cell.sessions[self.next_session];
        let heartbeat = Event::Heartbeat { session: SessionId::at(self.next_session), number: 0 };
        self.next_session += 1;
        if session.start < session.end {
            self.push(session.start, heartbeat);
        }
    }

    fn happen(&mut self, event: &Event, observer: &mut impl Observer) {
        match *event {
            Event::Stop { instance } => {
                self.handle(instance, Input::Stop, observer);
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.stop(instance, &mut moment);
            }
            Event::Restart { instance } => self.restart(instance, observer),
            Event::Tick { instance, number } => self.tick(instance, number, observer),
            Event::HealthFlush { instance, number } => self.flush_health(instance, number, observer),
            Event::UpdateFlush { instance, number } => self.flush_updates(instance, number, observer),
            Event::Sample { number } => self.sample(number, observer),
            Event::Request { step, slot, ref message } => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.step(step, slot, message, &mut moment);
            }
            Event::Coupled { step, slot, destination, ref message } => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.step_coupled(step, slot, destination, message, &mut moment);
            }
            Event::Due { instance, .. } => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.look_after(instance, &mut moment);
            }
            Event::JobDone { slot, .. } => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.job_done(slot, &mut moment);
            }
            Event::LaneDone { instance, lane, epoch } => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.lane_done(instance, lane, epoch, &mut moment);
            }
            Event::JobLimit { job, slot, .. } => self.delivery.limit_job(slot, job),
            Event::Retry(ref message) => {
                let (delivery, _, mut moment) = self.parts(observer);
                delivery.send_again(message, &mut moment);
            }
            Event::Heartbeat { session, number } => self.heartbeat(session, number, observer),
            Event::WatchAction { session } => self.report_watch(session, observer),
            Event::Background { entry, number } => self.background(entry, number, observer),
        }
    }

    /// Where an event happens; none if everywhere.
    fn place(&self, event: &Event) -> Option<InstanceId> {
        let Cell { other, federation, sessions, .. } = self.cell;
        match *event {
            Event::Background { entry, .. } => {
                Some(federation.origin(other.background[entry as usize].video))
            }
            _ => event.place(sessions),
        }
    }

    /// A machine (or all) does what it would have done before an event.
    fn catch_up(&mut self, at: Option<InstanceId>, before: (Time, Key), observer: &mut impl Observer) {
        let (delivery, _, mut moment) = self.parts(observer);
        match at {
            Some(id) => delivery.catch_up(id, before, &mut moment),
            None => delivery.catch_up_all(before, &mut moment),
        }
        self.process_received(observer);
    }

    /// What came out of inbox queues takes effect.
    fn process_received(&mut self, observer: &mut impl Observer) {
        while let Some((at, message)) = self.delivery.next_processed() {
            // what counts as traffic must not be told late
            let is_told = message.kind == Kind::Total || !self.delivery.is_local(message.to);
            match &mut self.delivery.columns {
                Some(columns) if !is_told => columns.note_processed(at, &message),
                _ => observer.processed(at, &message),
            }
            if self.cell.federation.instances[message.to.index()].is_peertube {
                let input = Input::Receive { activity: &message.activity, sender: message.from };
                self.handle_at(at, message.to, input, observer);
            }
        }
    }

    fn restart(&mut self, instance: InstanceId, observer: &mut impl Observer) {
        if self.is_up(instance) {
            let (delivery, _, mut moment) = self.parts(observer);
            delivery.stop(instance, &mut moment);
        }
        let rules = self.upgrades.get(&(instance, self.now)).copied();
        self.handle(instance, Input::Restart(rules), observer);
        let (delivery, instances, mut moment) = self.parts(observer);
        delivery.start(instance, instances, &mut moment);
        if self.cell.federation.instances[instance.index()].is_peertube {
            self.schedule_tick(instance);
        }
    }

    fn tick(&mut self, instance: InstanceId, number: u32, observer: &mut impl Observer) {
        if number == self.next_tick[instance.index()] && self.is_up(instance) {
            self.handle(instance, Input::Tick { number }, observer);
            self.schedule_tick(instance);
        }
    }

    fn schedule_tick(&mut self, instance: InstanceId) {
        let interval = self.instances[instance.index()].rules().parameters.tick_interval;
        let next = &mut self.next_tick[instance.index()];
        *next += 1;
        let number = *next;
        self.push(self.now + interval, Event::Tick { instance, number });
    }

    fn flush_health(&mut self, instance: InstanceId, number: u32, observer: &mut impl Observer) {
        if self.is_up(instance) {
            let (delivery, instances, mut moment) = self.parts(observer);
            delivery.flush_health(instance, instances[instance.index()].rules(), &mut moment);
        }
        self.push(self.now + HEALTH_INTERVAL, Event::HealthFlush { instance, number: number + 1 });
    }

    fn flush_updates(&mut self, instance: InstanceId, number: u32, observer: &mut impl Observer) {
        if self.is_up(instance) {
            self.handle(instance, Input::FlushUpdates { number }, observer);
        }
        if let Some(every) = self.cell.other.update_every {
            self.push(self.now + every, Event::UpdateFlush { instance, number: number + 1 });
        }
    }

    fn sample(&mut self, number: u32, observer: &mut impl Observer) {
        self.delivery.assert_conserved();
        if let Some(columns) = &mut self.delivery.columns {
            columns.pass_accounts(self.now);
        }
        let queues = self.delivery.queue_samples(self.now);
        observer.sample(self.now, number, &self.instances, &queues);
        self.push(self.now + self.cell.sampling.every, Event::Sample { number: number + 1 });
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
        // a client of an instance that is down tries again at its next heartbeat
        if self.is_up(session.instance) {
            self.own_input(session.instance, Input::Heartbeat(heartbeat), observer);
        }
        let rules = self.instances[session.instance.index()].rules();
        let every = session.heartbeat.unwrap_or(rules.parameters.heartbeat);
        let skipped =
            if self.skips.may_skip(id) { self.skip_heartbeats(&heartbeat, &session, every) } else { 0 };
        if skipped > 0 {
            let Heartbeat { video, viewer, .. } = heartbeat;
            let last = self.clock(session.instance) + every * u64::from(skipped);
            self.own_input(session.instance, Input::Heartbeats { video, viewer, last }, observer);
            self.heartbeats_skipped += u64::from(skipped);
        }
        let next = self.now + every * (u64::from(skipped) + 1);
        if next < session.end {
            assert!(number < MAX_NUMBER, "a session of more heartbeats than a key can number");
            self.push(next, Event::Heartbeat { session: id, number: number + skipped + 1 });
        } else if let Some(at) = report_time(self.cell, id) {
            self.push(at, Event::WatchAction { session: id });
        }
    }

    /// How many of the next heartbeats of a visit change nothing that must happen at their time.
    fn skip_heartbeats(&self, heartbeat: &Heartbeat, session: &Session, every: Span) -> u32 {
        let instance = &self.instances[session.instance.index()];
        if !instance.may_skip_heartbeats(session.video, every) {
            return 0;
        }
        let clock = self.clock(session.instance);
        let left = session.end.since(self.now).ns().div_ceil(every.ns()) - 1;
        let heeded = instance
            .heartbeats_act_from(clock, heartbeat)
            .map(|at| at.since(clock).ns().div_ceil(every.ns()).max(1));
        let skipped = heeded.map_or(left, |heeded| left.min(heeded - 1));
        u32::try_from(skipped).unwrap_or(u32::MAX).min(MAX_NUMBER - heartbeat.number)
    }

    /// Something that the clients of an instance do.
    fn own_input(&mut self, instance: InstanceId, input: Input<'static>, observer: &mut impl Observer) {
        if let Some(columns) = &mut self.delivery.columns {
            columns.heartbeat(instance, self.now, input);
        }
        self.handle(instance, input, observer);
    }

    fn report_watch(&mut self, id: SessionId, observer: &mut impl Observer) {
        let Session { video, viewer, instance, .. } = self.cell.sessions[id.index()];
        if self.is_up(instance) {
            self.handle(instance, Input::ReportWatch { video, viewer, session: id }, observer);
        }
    }

    fn plan_background(&mut self, entry: u32, number: u32) {
        self.push(self.now + background_gap(self.cell, entry, number), Event::Background { entry, number });
    }

    fn background(&mut self, entry: u32, number: u32, observer: &mut impl Observer) {
        let video = self.cell.other.background[entry as usize].video;
        let origin = self.cell.federation.origin(video);
        if self.is_up(origin) {
            let form = self.instances[origin.index()].rules().wire.form();
            let activity = Activity {
                video,
                author: origin,
                subject: Subject::Background,
                result: None,
                built: self.clock(origin),
                expires: None,
                stamp: Stamp { session: SessionId(entry), number },
                form,
            };
            self.send(origin, &Effect { activity, to: Recipients::Followers }, observer);
        }
        assert!(number < MAX_NUMBER, "more background than a key can number");
        self.plan_background(entry, number + 1);
    }

    fn handle(&mut self, instance: InstanceId, input: Input<'_>, observer: &mut impl Observer) {
        self.handle_at(self.now, instance, input, observer);
    }

    /// An instance gets an input, now or (what has no effects elsewhere) before.
    fn handle_at(&mut self, at: Time, instance: InstanceId, input: Input<'_>, observer: &mut impl Observer) {
        let mut effects = self.delivery.take_effects();
        let clock = at + self.timetable.clock_ahead(instance);
        observer.handled(at, clock, instance, &input);
        self.instances[instance.index()].handle(clock, input, &mut effects);
        assert!(at == self.now || effects.is_empty(), "an effect of what happened before");
        for effect in effects.drain(..) {
            self.send(instance, &effect, observer);
        }
        self.delivery.give_back(effects);
    }

    fn send(&mut self, from: InstanceId, effect: &Effect, observer: &mut impl Observer) {
        let (delivery, instances, mut moment) = self.parts(observer);
        delivery.send(from, instances[from.index()].rules(), effect, &mut moment);
    }

    fn is_up(&self, instance: InstanceId) -> bool {
        self.instances[instance.index()].is_up()
    }

    /// What an instance takes for the time.
    fn clock(&self, instance: InstanceId) -> Time {
        self.now + self.timetable.clock_ahead(instance)
    }

    fn parts<'b, O>(
        &'b mut self,
        observer: &'b mut O,
    ) -> (&'b mut Delivery<'a>, &'b [Instance], Moment<'b, O>) {
        let Simulation { delivery, instances, pending, cell, now, .. } = self;
        let moment = Moment { now: *now, pending, sessions: &cell.sessions, observer };
        (delivery, instances, moment)
    }

    fn push(&mut self, time: Time, event: Event) {
        self.pending.push(time, event.key(&self.cell.sessions), event);
    }

    fn is_idle(&mut self) -> bool {
        let columns = &self.delivery.columns;
        let is_replayed =
            |id| columns.as_ref().is_some_and(|columns| columns.follower(InstanceId::at(id)).is_some());
        let shows_nothing = |instance: &Instance| {
            (0..self.cell.federation.videos.len()).all(|video| instance.displayed(VideoId::at(video)) == 0)
        };
        let events_are_idle = matches!(self.cell.end, End::Idle { .. })
            && self.next_session == self.cell.sessions.len()
            && self.now >= self.last_end
            && self.delivery.is_idle(self.now)
            && self
                .instances
                .iter()
                .enumerate()
                .all(|(id, instance)| is_replayed(id) || !instance.is_up() || shows_nothing(instance));
        let now = self.now;
        events_are_idle && self.delivery.columns.as_mut().is_none_or(|columns| columns.is_idle(now))
    }

    fn ending(&mut self, outcome: RunOutcome, observer: &mut impl Observer) -> Ending {
        self.delivery.settle_running(self.now);
        self.delivery.assert_conserved();
        self.delivery.report_unstarted(self.now, observer);
        let watching = |session: &&Session| session.start <= self.now && session.end > self.now;
        Ending {
            outcome,
            events: self.events,
            flow: self.delivery.flow(),
            unfinished_sessions: self.cell.sessions.iter().filter(watching).count() as u64,
            busy: self.delivery.busy(self.now),
            viewers_as_plain_views: self.instances.iter().map(Instance::viewers_as_plain_views).sum(),
            queued_jobs_peak: self.delivery.queued_jobs_peak(),
            inbox_dropped: self.delivery.inbox_dropped(),
        }
    }
}
