//! What the servers of one cell keep, under one lock: the instances, what is planned for them, and what observers are told.
//!
//! The servers learn of each other through sockets only; the lock orders what observers are told. An input gets the time
//! that the clock shows when it comes, in whole milliseconds, each of an instance a later one as long as that is no further
//! ahead of the clock than `AHEAD_MAX`: beyond that the run's own share a millisecond, and those of strangers are not taken.
//! Ticks, samples and faults happen at exactly their planned times: whatever is planned until then happens before an input.

use super::book::Book;
use super::clock::Clock;
use super::desk::{Desk, Work};
use super::notes::{Note, Taken};
use super::own::Ticket;
use crate::cell::{Cell, HEALTH_INTERVAL, background_gap, report_time};
use crate::domain::faults::{Change, Timetable};
use crate::domain::federation::Inboxes;
use crate::domain::protocol::Rules;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Heartbeat, Instance, is_plain_view};
use crate::mechanism::activity::{Activity, Subject};
use crate::mechanism::ledger::{Amount, Ledger};
use crate::mechanism::network::Network;
use crate::observe::{Busy, Ending, RunOutcome};
use crate::scenario::End;
use hyper::body::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use tokio::sync::mpsc::UnboundedSender;

/// The resolution of all times in a live run.
const MILLISECOND: Span = Span::from_ms(1);
/// Inputs never run further ahead of the clock, in model time.
const AHEAD_MAX: Span = Span::from_ms(10);
/// While more jobs than these wait at an instance, it takes nothing of strangers.
const JOBS_WAITING_MAX: u64 = 1_000;
/// Nor while more requests than these are under way in the whole column.
const UNDER_WAY_MAX: usize = 10_000;
/// No more inputs of strangers are taken in a column.
const STRANGERS_MAX: u64 = 1_000_000;

/// Whose input it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The run's own.
    Own,
    /// A stranger's, or a server's of others.
    Stranger,
}

/// Why an input is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// The process is down, or the run is over.
    Down,
    /// The clock would run ahead.
    TooFast,
    /// Too much waits to be sent.
    TooMuchWaits,
    /// There are too many viewers that clients made up.
    TooManyMadeUp,
    /// Strangers have had too many taken.
    TooMany,
}

impl NotTaken {
    /// The name under which a refusal of strangers is counted; being down is none.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            NotTaken::Down => None,
            NotTaken::TooFast => Some("inputs_ahead_of_clock"),
            NotTaken::TooMuchWaits => Some("inputs_while_much_waits"),
            NotTaken::TooManyMadeUp => Some("viewers_too_many"),
            NotTaken::TooMany => Some("inputs_of_strangers_too_many"),
        }
    }
}

/// What is to happen at a time; the order is that of events at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Planned {
    Stop(InstanceId),
    Restart(InstanceId),
    Tick(InstanceId, u32),
    HealthFlush(InstanceId, u32),
    UpdateFlush(InstanceId, u32),
    Sample(u32),
    WatchAction(SessionId),
    Background(u32, u32),
}

/// The time of an input at an instance whose latest one had a time of its own; none if it is not taken.
fn input_time(clock: Time, latest: Time, whose: Whose) -> Option<Time> {
    let next = latest + MILLISECOND;
    if next <= clock + AHEAD_MAX {
        return Some(clock.max(next));
    }
    (whose == Whose::Own).then_some(latest)
}

/// The state of one cell.
pub(super) struct World {
    pub(super) cell: Arc<Cell>,
    pub(super) timetable: Timetable,
    pub(super) network: Network,
    pub(super) ledger: Ledger,
    pub(super) queued: Amount,
    /// The requests that have begun and of which it is not known yet what became of them: sender, receiver, bytes.
    pub(super) in_flight: BTreeMap<Ticket, (InstanceId, InstanceId, u64)>,
    pub(super) book: Book,
    /// Whether servers of others take part: then the book knows what ours have built.
    pub(super) has_peers: bool,
    /// By `InstanceId`: its sending side.
    pub(super) desks: Vec<Desk>,
    /// Of each origin: whom its broadcasts go to, without the followers that it removed.
    pub(super) inboxes: BTreeMap<InstanceId, Inboxes>,
    pub(super) work: UnboundedSender<Work>,
    pub(super) job_count: u64,
    pub(super) queued_jobs_peak: u64,
    clock: Clock,
    instances: Vec<Instance>,
    /// By `InstanceId`: the time of its latest input.
    latest: Vec<Time>,
    planned: BTreeSet<(Time, Planned)>,
    /// By `InstanceId`: the tick that it waits for.
    next_tick: Vec<u32>,
    /// What an instance speaks after the restart at an instant, if something else.
    upgrades: BTreeMap<(InstanceId, Time), Rules>,
    /// How often videos were viewed, as each instance knows.
    views: BTreeMap<(InstanceId, VideoId), u64>,
    /// Until the run has ended.
    notes: Option<Sender<Note>>,
    over: Option<Time>,
    inputs: u64,
    /// Inputs of strangers, of which there are only so many.
    of_strangers: u64,
}

impl World {
    /// A cell whose instances have just started.
    pub(super) fn new(
        cell: &Arc<Cell>,
        clock: Clock,
        notes: Sender<Note>,
        work: UnboundedSender<Work>,
        has_peers: bool,
    ) -> World {
        let federation = &cell.federation;
        let (instances, end) = (&federation.instances, cell.end.latest());
        let videos: Arc<[_]> = federation.videos.as_slice().into();
        let regions: Vec<_> = instances.iter().map(|instance| instance.region).collect();
        let inboxes = federation.followers.iter();
        let ids = || (0..instances.len()).map(InstanceId::at);
        let start = |id: InstanceId| Instance::new(id, instances[id.index()].rules, Arc::clone(&videos));
        let mut world = World {
            cell: Arc::clone(cell),
            timetable: Timetable::new(&cell.faults, instances.len(), cell.seed, end),
            network: Network::new(&cell.network, &regions, cell.seed),
            ledger: Ledger::new(instances.len()),
            queued: Amount::default(),
            in_flight: BTreeMap::new(),
            book: Book::default(),
            has_peers,
            desks: instances.iter().map(|_| Desk::new(&cell.delivery)).collect(),
            inboxes: inboxes.map(|(&of, list)| (of, Inboxes::new(list, instances))).collect(),
            work,
            job_count: 0,
            queued_jobs_peak: 0,
            clock,
            instances: ids().map(start).collect(),
            latest: vec![Time::ZERO; instances.len()],
            planned: BTreeSet::new(),
            next_tick: vec![0; instances.len()],
            upgrades: BTreeMap::new(),
            views: BTreeMap::new(),
            notes: Some(notes),
            over: None,
            inputs: 0,
            of_strangers: 0,
        };
        world.plan_all();
        world
    }

    fn plan_all(&mut self) {
        let cell = Arc::clone(&self.cell);
        for id in (0..cell.federation.instances.len()).map(InstanceId::at) {
            if cell.federation.instances[id.index()].is_peertube {
                self.plan(cell.tick_phase[id.index()], Planned::Tick(id, 0));
            }
        }
        for &origin in cell.federation.followers.keys() {
            self.plan(cell.health_phase[origin.index()], Planned::HealthFlush(origin, 0));
            if cell.other.update_every.is_some() {
                self.plan(cell.update_phase[origin.index()], Planned::UpdateFlush(origin, 0));
            }
        }
        for (at, instance, change) in self.timetable.changes() {
            match change {
                Change::Stop => self.plan(at, Planned::Stop(instance)),
                Change::Start(rules) => {
                    self.plan(at, Planned::Restart(instance));
                    self.upgrades.extend(rules.map(|rules| ((instance, at), rules)));
                }
            }
        }
        for session in (0..cell.sessions.len()).map(SessionId::at) {
            if let Some(at) = report_time(&cell, session) {
                self.plan(at, Planned::WatchAction(session));
            }
        }
        for entry in 0..cell.other.background.len() as u32 {
            self.plan(Time::ZERO + background_gap(&cell, entry, 0), Planned::Background(entry, 0));
        }
        self.plan(cell.sampling.from, Planned::Sample(0));
    }

    fn plan(&mut self, at: Time, planned: Planned) {
        if at <= self.cell.end.latest() {
            self.planned.insert((at, planned));
        }
    }

    /// When something is planned next; none if the run is over or nothing is left.
    pub(super) fn next_planned(&self) -> Option<Time> {
        self.planned.first().map(|(at, _)| *at).filter(|_| self.over.is_none())
    }

    /// Whether the run is over, and since when.
    pub(super) fn over(&self) -> Option<Time> {
        self.over
    }

    /// Does what is planned until now.
    pub(super) fn wake(&mut self) {
        let now = self.clock.now().min(self.cell.end.latest());
        self.advance(now);
    }

    /// Does what is planned until the end: nothing happens after that.
    pub(super) fn finish(&mut self) {
        let end = self.cell.end.latest();
        self.advance(end);
        self.over.get_or_insert(end);
    }

    /// Time passes until an instant.
    fn advance(&mut self, until: Time) {
        while self.over.is_none()
            && let Some(&(at, planned)) = self.planned.first().filter(|(at, _)| *at <= until)
        {
            self.planned.pop_first();
            self.happen(at, planned);
        }
    }

    /// The time of an input that an instance takes now.
    fn stamp(&mut self, at: InstanceId, whose: Whose) -> Result<Time, NotTaken> {
        let now = input_time(self.clock.now(), self.latest[at.index()], whose).ok_or(NotTaken::TooFast)?;
        if now > self.cell.end.latest() {
            return Err(NotTaken::Down);
        }
        self.advance(now);
        if self.over.is_some() || !self.is_up(at) {
            return Err(NotTaken::Down);
        }
        if whose == Whose::Stranger {
            self.may_take_of_strangers(at)?;
        }
        self.latest[at.index()] = now;
        Ok(now)
    }

    /// Whether an instance takes one more input of strangers; counts it.
    fn may_take_of_strangers(&mut self, at: InstanceId) -> Result<(), NotTaken> {
        if self.desks[at.index()].waiting() >= JOBS_WAITING_MAX || self.in_flight.len() >= UNDER_WAY_MAX {
            return Err(NotTaken::TooMuchWaits);
        }
        if self.of_strangers >= STRANGERS_MAX {
            return Err(NotTaken::TooMany);
        }
        self.of_strangers += 1;
        Ok(())
    }

    /// A time for what one of the drivers does, such as beginning a request.
    pub(super) fn now(&mut self) -> Time {
        let now = self.clock.now().min(self.cell.end.latest());
        self.advance(now);
        now
    }

    fn happen(&mut self, now: Time, planned: Planned) {
        match planned {
            Planned::Stop(instance) => {
                self.handle(now, instance, Taken::Stop, None);
                self.desks[instance.index()].stop();
            }
            Planned::Restart(instance) => self.restart(now, instance),
            Planned::Tick(instance, number) => {
                if number == self.next_tick[instance.index()] && self.is_up(instance) {
                    self.handle(now, instance, Taken::Tick { number }, None);
                    self.plan_tick(now, instance);
                }
            }
            Planned::HealthFlush(instance, number) => {
                if self.is_up(instance) {
                    self.flush_health(now, instance);
                }
                self.plan(now + HEALTH_INTERVAL, Planned::HealthFlush(instance, number + 1));
            }
            Planned::UpdateFlush(instance, number) => {
                if self.is_up(instance) {
                    self.handle(now, instance, Taken::FlushUpdates { number }, None);
                }
                if let Some(every) = self.cell.other.update_every {
                    self.plan(now + every, Planned::UpdateFlush(instance, number + 1));
                }
            }
            Planned::Sample(number) => self.sample(now, number),
            Planned::WatchAction(session) => {
                let visit = self.cell.sessions[session.index()];
                if self.is_up(visit.instance) {
                    let (video, viewer) = (visit.video, visit.viewer);
                    self.handle(now, visit.instance, Taken::ReportWatch { video, viewer, session }, None);
                }
            }
            Planned::Background(entry, number) => {
                self.send_background(now, entry, number);
                let next = now + background_gap(&self.cell, entry, number + 1);
                self.plan(next, Planned::Background(entry, number + 1));
            }
        }
    }

    fn restart(&mut self, now: Time, instance: InstanceId) {
        if self.is_up(instance) {
            self.desks[instance.index()].stop();
        }
        let rules = self.upgrades.get(&(instance, now)).copied();
        self.handle(now, instance, Taken::Restart(rules), None);
        self.start_jobs_of(now, instance);
        if self.cell.federation.instances[instance.index()].is_peertube {
            self.plan_tick(now, instance);
        }
    }

    fn plan_tick(&mut self, now: Time, instance: InstanceId) {
        let interval = self.rules(instance).parameters.tick_interval;
        self.next_tick[instance.index()] += 1;
        self.plan(now + interval, Planned::Tick(instance, self.next_tick[instance.index()]));
    }

    fn sample(&mut self, now: Time, number: u32) {
        self.assert_conserved();
        let queues = self.queue_samples(now);
        let instances = self.instances.clone();
        self.note(Note::Sample { now, number, instances, queues });
        if matches!(self.cell.end, End::Idle { .. }) && self.is_idle(now) {
            self.over = Some(now);
        }
        self.plan(now + self.cell.sampling.every, Planned::Sample(number + 1));
    }

    fn is_idle(&self, now: Time) -> bool {
        let shows_nothing = |instance: &Instance| {
            let videos = 0..self.cell.federation.videos.len();
            !instance.is_up() || videos.map(VideoId::at).all(|video| instance.displayed(video) == 0)
        };
        self.cell.sessions.iter().all(|session| session.end <= now)
            && self.in_flight.is_empty()
            && self.desks.iter().all(Desk::is_idle)
            && self.instances.iter().all(shows_nothing)
    }

    /// A client of the workload reports that somebody watches.
    pub(super) fn heartbeat(&mut self, at: InstanceId, heartbeat: Heartbeat) -> Result<(), NotTaken> {
        let now = self.stamp(at, Whose::Own)?;
        self.handle(now, at, Taken::Heartbeat(heartbeat), None);
        Ok(())
    }

    /// Somebody else does: under each name somebody new.
    pub(super) fn made_up_heartbeat(
        &mut self,
        at: InstanceId,
        video: VideoId,
        name: &str,
        watched: Span,
    ) -> Result<(), NotTaken> {
        let now = self.stamp(at, Whose::Stranger)?;
        let viewer = self.book.made_up(at, name).ok_or(NotTaken::TooManyMadeUp)?;
        let heartbeat = Heartbeat { video, viewer, session: SessionId(viewer.0), number: 0, watched };
        self.handle(now, at, Taken::Heartbeat(heartbeat), None);
        Ok(())
    }

    /// When a process takes a request that comes now.
    pub(super) fn opens(&mut self, at: InstanceId, whose: Whose) -> Result<Time, NotTaken> {
        self.stamp(at, whose)
    }

    /// An activity takes effect.
    pub(super) fn process(
        &mut self,
        now: Time,
        at: InstanceId,
        sender: InstanceId,
        activity: Activity,
        body: Bytes,
    ) {
        if !self.cell.federation.instances[at.index()].is_peertube {
            return;
        }
        if is_plain_view(&self.rules(at), &activity, sender) {
            *self.views.entry((at, activity.video)).or_default() += 1;
        }
        self.handle(now, at, Taken::Receive { activity, sender }, Some(body));
    }

    /// An instance takes an input; `body` is the document that came with it.
    fn handle(&mut self, now: Time, instance: InstanceId, input: Taken, body: Option<Bytes>) {
        self.inputs += 1;
        let clock = now + self.timetable.clock_ahead(instance);
        let mut effects = Vec::new();
        self.instances[instance.index()].handle(clock, input.input(), &mut effects);
        self.note(Note::Handled { now, clock, instance, input });
        for effect in effects {
            // what came is forwarded: it was counted when it came
            if body.is_none() && matches!(effect.activity.subject, Subject::Plain(_)) {
                *self.views.entry((instance, effect.activity.video)).or_default() += 1;
            }
            self.send(now, instance, &effect, body.as_ref());
        }
    }

    pub(super) fn note(&self, note: Note) {
        if let Some(notes) = &self.notes {
            // nobody listens any more when a run was interrupted
            let _ = notes.send(note);
        }
    }

    pub(super) fn is_up(&self, instance: InstanceId) -> bool {
        self.instances[instance.index()].is_up()
    }

    pub(super) fn rules(&self, instance: InstanceId) -> Rules {
        *self.instances[instance.index()].rules()
    }

    /// What an instance takes for the time.
    pub(super) fn clock_of(&self, instance: InstanceId, now: Time) -> Time {
        now + self.timetable.clock_ahead(instance)
    }

    /// When an activity was built, by the true clock; that of a peer counts as right.
    pub(super) fn authored(&self, activity: &Activity) -> Time {
        let is_ours = activity.author.index() < self.instances.len();
        let ahead = if is_ours { self.timetable.clock_ahead(activity.author) } else { Span::ZERO };
        activity.built.before(ahead)
    }

    /// What an instance shows for a video: viewers and views.
    pub(super) fn shown(&self, instance: InstanceId, video: VideoId) -> (u64, u64) {
        let views = self.views.get(&(instance, video)).copied().unwrap_or(0);
        (self.instances[instance.index()].displayed(video), views)
    }

    /// The time between two heartbeats of a visit, as its instance tells its client.
    pub(super) fn heartbeat_interval(&self, session: SessionId) -> Span {
        let visit = &self.cell.sessions[session.index()];
        visit.heartbeat.unwrap_or_else(|| self.rules(visit.instance).parameters.heartbeat)
    }

    /// The counts that hold at the end; nothing is told after that.
    pub(super) fn ending(&mut self, outcome: RunOutcome) -> Ending {
        self.assert_conserved();
        let now = self.over.unwrap_or_default();
        self.note_unstarted(now);
        self.notes = None;
        let watching =
            |session: &&crate::domain::workload::Session| session.start <= now && session.end > now;
        Ending {
            outcome,
            viewers_as_plain_views: self.instances.iter().map(Instance::viewers_as_plain_views).sum(),
            events: self.inputs,
            flow: self.ledger.total(),
            unfinished_sessions: self.cell.sessions.iter().filter(watching).count() as u64,
            busy: vec![Busy::default(); self.instances.len()],
            queued_jobs_peak: self.queued_jobs_peak,
            inbox_dropped: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_follow_the_clock_whoever_floods() {
        let at = Time::from_ms;
        let (own, stranger) = (Whose::Own, Whose::Stranger);
        assert_eq!(input_time(at(50), at(20), stranger), Some(at(50)));
        assert_eq!(input_time(at(50), at(50), stranger), Some(at(51)));
        let mut latest = at(50);
        let mut taken = 0;
        for _ in 0..1_000 {
            if let Some(now) = input_time(at(50), latest, stranger) {
                (latest, taken) = (now, taken + 1);
            }
        }
        assert_eq!((latest, taken), (at(60), 10));
        for _ in 0..1_000 {
            latest = input_time(at(50), latest, own).expect("the run's own are always taken");
        }
        assert_eq!(latest, at(60));
        assert_eq!(input_time(at(51), latest, stranger), Some(at(61)));
    }
}
