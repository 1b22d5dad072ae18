//! Inputs and the passing of time: what is planned happens, instances handle inputs, and their effects are sent.
//!
//! Times are whole milliseconds of model time. Planned events happen at exactly their times, and before any input that
//! comes later. An input gets the time that the clock shows. Each input of an instance gets a later one than the input
//! before, as long as that is at most `AHEAD_MAX` ahead of the clock. Beyond that the run's own inputs share a millisecond,
//! and those of strangers are rejected.

use super::observations::{Observation, OwnedInput};
use super::outbox::Outbox;
use super::schedule::Planned;
use super::state::State;
use crate::cell::{HEALTH_INTERVAL, background_time, doors, last_planned};
use crate::domain::door::Answered;
use crate::domain::protocol::CountOnReply;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Instance};
use crate::mechanism::activity::Activity;
use crate::mechanism::fate::Fates;
use crate::observe::{Busy, Ending, RunOutcome};
use crate::scenario::End;
use hyper::body::Bytes;

/// The resolution of all times in a live run.
const MILLISECOND: Span = Span::from_ms(1);
/// The largest lead of an input's time over the clock, in model time.
const AHEAD_MAX: Span = Span::from_ms(10);
/// At an instance with this number of waiting jobs, nothing of strangers is accepted.
const JOBS_WAITING_MAX: u64 = 1_000;
/// With this number of requests in flight in the cell, nothing of strangers is accepted.
const IN_FLIGHT_MAX: usize = 10_000;
/// The largest number of inputs of strangers in a cell.
const STRANGERS_MAX: u64 = 1_000_000;

/// Whose input it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// A client or a server of the run.
    Own,
    /// Anybody else.
    Stranger,
}

/// Why an input is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// The process is down, or the run has ended.
    Down,
    /// Its time would be too far ahead of the clock.
    AheadOfClock,
    /// Too many jobs wait, or too many requests are in flight.
    TooMuchWaits,
    /// Strangers have named too many viewers.
    TooManyViewers,
    /// Strangers have had too many inputs accepted.
    TooManyInputs,
}

impl Rejection {
    /// The reason under which it is counted. Being down is not counted.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Rejection::Down => None,
            Rejection::AheadOfClock => Some("inputs_ahead_of_clock"),
            Rejection::TooMuchWaits => Some("inputs_while_much_waits"),
            Rejection::TooManyViewers => Some("viewers_too_many"),
            Rejection::TooManyInputs => Some("inputs_of_strangers_too_many"),
        }
    }
}

/// The time of an input: max(clock, latest + 1 ms), or `latest` again for the run's own beyond `AHEAD_MAX`.
fn input_time(clock: Time, latest: Time, client: Client) -> Option<Time> {
    let next = latest + MILLISECOND;
    if next <= clock + AHEAD_MAX {
        return Some(clock.max(next));
    }
    (client == Client::Own).then_some(latest)
}

impl State {
    /// Does what is planned until the end. Nothing happens after that.
    pub(super) fn finish(&mut self) {
        let end = self.cell.end.latest();
        self.advance(end);
        self.ended.get_or_insert(end);
    }

    /// The time of the clock, once all that is planned until then has happened.
    pub(super) fn now(&mut self) -> Time {
        let now = self.clock.now().min(self.cell.end.latest());
        self.advance(now);
        now
    }

    /// Lets time pass until an instant.
    fn advance(&mut self, until: Time) {
        while self.ended.is_none()
            && let Some((at, planned)) = self.schedule.take_until(until)
        {
            self.happen(at, planned);
        }
    }

    /// The time of a request that a process accepts now.
    pub(super) fn accept(&mut self, at: InstanceId, client: Client) -> Result<Time, Rejection> {
        let latest = self.latest_input[at.index()];
        let now = input_time(self.clock.now(), latest, client).ok_or(Rejection::AheadOfClock)?;
        if now > self.cell.end.latest() {
            return Err(Rejection::Down);
        }
        self.advance(now);
        if self.ended.is_some() || !self.is_up(at) {
            return Err(Rejection::Down);
        }
        if client == Client::Stranger {
            self.accept_stranger(at)?;
        }
        self.latest_input[at.index()] = now;
        Ok(now)
    }

    /// The time of a GET of the run that a process answers now. It is no input of the instance.
    pub(super) fn accept_get(&mut self, at: InstanceId) -> Result<Time, Rejection> {
        let now = self.now();
        if self.ended.is_some() || !self.is_up(at) { Err(Rejection::Down) } else { Ok(now) }
    }

    /// Accepts one more input of a stranger, if there is room for it.
    fn accept_stranger(&mut self, at: InstanceId) -> Result<(), Rejection> {
        if self.outboxes[at.index()].waiting() >= JOBS_WAITING_MAX || self.in_flight.len() >= IN_FLIGHT_MAX {
            return Err(Rejection::TooMuchWaits);
        }
        if self.inputs_of_strangers >= STRANGERS_MAX {
            return Err(Rejection::TooManyInputs);
        }
        self.inputs_of_strangers += 1;
        Ok(())
    }

    fn happen(&mut self, now: Time, planned: Planned) {
        match planned {
            Planned::Stop(instance) => {
                self.handle(now, instance, OwnedInput::Stop, None);
                self.outboxes[instance.index()].stop();
            }
            Planned::Restart(instance) => self.restart(now, instance),
            Planned::Tick(instance, number) => {
                if self.schedule.is_next_tick(instance, number) && self.is_up(instance) {
                    self.handle(now, instance, OwnedInput::Tick { number }, None);
                    self.plan_tick(now, instance);
                    let clock = self.clock_of(instance, now);
                    for (video, after) in self.instances[instance.index()].totals_after_tick(clock) {
                        self.schedule.add(now + after, Planned::SayTotal(instance, video, number));
                    }
                }
            }
            Planned::SayTotal(instance, video, number) => {
                if self.schedule.is_next_tick(instance, number + 1) && self.is_up(instance) {
                    self.handle(now, instance, OwnedInput::SayTotal { video, number }, None);
                }
            }
            Planned::HealthFlush(instance, number) => {
                if self.is_up(instance) {
                    self.flush_health(now, instance);
                }
                self.schedule.add(now + HEALTH_INTERVAL, Planned::HealthFlush(instance, number + 1));
            }
            Planned::UpdateFlush(instance, number) => {
                if self.is_up(instance) {
                    self.handle(now, instance, OwnedInput::FlushUpdates { number }, None);
                }
                if let Some(every) = self.cell.other.update_every {
                    self.schedule.add(now + every, Planned::UpdateFlush(instance, number + 1));
                }
            }
            Planned::Sample(number) => self.sample(now, number),
            Planned::WatchAction(session) => {
                let Session { instance, video, viewer, .. } = self.cell.sessions[session.index()];
                if self.is_up(instance) {
                    self.handle(now, instance, OwnedInput::ReportWatch { video, viewer, session }, None);
                }
            }
            Planned::FetchPreview { asker, entry, number, .. } => {
                self.fetch_preview(now, asker, entry, number);
            }
            Planned::Background(entry, number) => {
                self.send_background(now, entry, number);
                if let Some(next) = background_time(&self.cell, entry, number + 1, now) {
                    self.schedule.add(next, Planned::Background(entry, number + 1));
                }
            }
        }
    }

    fn restart(&mut self, now: Time, instance: InstanceId) {
        if self.is_up(instance) {
            self.outboxes[instance.index()].stop();
        }
        let rules = self.schedule.upgrade(instance, now);
        self.handle(now, instance, OwnedInput::Restart(rules), None);
        self.start_jobs_of(now, instance);
        if self.cell.federation.instances[instance.index()].is_peertube {
            self.plan_tick(now, instance);
        }
    }

    fn plan_tick(&mut self, now: Time, instance: InstanceId) {
        self.schedule.add_tick(
            now,
            instance,
            self.instances[instance.index()].rules().parameters.tick_interval,
        );
    }

    fn sample(&mut self, now: Time, number: u32) {
        self.assert_conserved();
        self.report_views();
        let queues = self.queue_samples(now);
        for instance in &mut self.instances {
            instance.ask_at(now + self.timetable.clock_ahead(instance.id()));
        }
        let instances = self.instances.clone();
        self.report(Observation::Sample { now, number, instances, queues });
        if matches!(self.cell.end, End::Idle { .. }) && self.is_idle(now) {
            self.ended = Some(now);
        }
        self.schedule.add(now + self.cell.sampling.every, Planned::Sample(number + 1));
    }

    /// Reports what happened to the views counters since this was last done.
    fn report_views(&mut self) {
        for number in 0..self.instances.len() {
            let instance = InstanceId::at(number);
            let log = self.instances[number].take_views_log(self.timetable.clock_ahead(instance));
            if !log.is_empty() {
                self.report(Observation::Views { instance, log });
            }
        }
    }

    fn is_idle(&self, now: Time) -> bool {
        let shows_nothing = |instance: &Instance| !instance.is_up() || instance.displays().next().is_none();
        last_planned(&self.cell) <= now
            && self.gets.planned == 0
            && self.in_flight.is_empty()
            && self.outboxes.iter().all(Outbox::is_idle)
            && self.instances.iter().all(shows_nothing)
    }

    /// A client of the workload posts a heartbeat. Returns when it is told to come, if it is.
    pub(super) fn heartbeat(
        &mut self,
        at: InstanceId,
        heartbeat: Heartbeat,
    ) -> Result<Option<Span>, Rejection> {
        let accepted = self.accept(at, Client::Own);
        let told = self.instances[at.index()].tells(&heartbeat);
        self.note_at_door(at, accepted.is_ok(), told, false);
        self.handle(accepted?, at, OwnedInput::Heartbeat(heartbeat), None);
        Ok(told)
    }

    /// A client of the workload has posted a heartbeat, or that it leaves, and is told when to come if its instance answers.
    fn note_at_door(&mut self, at: InstanceId, is_up: bool, told: Option<Span>, leaves: bool) {
        let wire = self.instances[at.index()].rules().wire;
        let now = self.clock.now();
        if let Some(door) = self.seen_doors.get_mut(&at) {
            door.note(now, is_up.then_some(Answered { wire, told, leaves }));
        }
    }

    /// A stranger posts a heartbeat. Each session id is a viewer.
    pub(super) fn stranger_heartbeat(
        &mut self,
        at: InstanceId,
        video: VideoId,
        session_id: &str,
        watched: Span,
    ) -> Result<Option<Span>, Rejection> {
        let now = self.accept(at, Client::Stranger)?;
        let viewer = self.registry.stranger(at, session_id).ok_or(Rejection::TooManyViewers)?;
        let session = SessionId(viewer.0);
        let heartbeat =
            Heartbeat { video, viewer, address: viewer, session, number: 0, watched, view_after: None };
        self.handle(now, at, OwnedInput::Heartbeat(heartbeat), None);
        Ok(self.instances[at.index()].tells(&heartbeat))
    }

    /// A client of the workload says that its viewer leaves.
    pub(super) fn leave(
        &mut self,
        at: InstanceId,
        video: VideoId,
        viewer: ViewerId,
    ) -> Result<(), Rejection> {
        let accepted = self.accept(at, Client::Own);
        self.note_at_door(at, accepted.is_ok(), None, true);
        self.handle(accepted?, at, OwnedInput::Leave { video, viewer }, None);
        Ok(())
    }

    /// A stranger says so.
    pub(super) fn stranger_leaves(
        &mut self,
        at: InstanceId,
        video: VideoId,
        session_id: &str,
    ) -> Result<(), Rejection> {
        let now = self.accept(at, Client::Stranger)?;
        let viewer = self.registry.stranger(at, session_id).ok_or(Rejection::TooManyViewers)?;
        self.handle(now, at, OwnedInput::Leave { video, viewer }, None);
        Ok(())
    }

    /// An instance receives an activity, in the document `body`.
    pub(super) fn receive(
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
        self.handle(now, at, OwnedInput::Receive { activity, sender }, Some(body));
    }

    /// The count with which an instance answers an activity that its author delivers, if it does.
    pub(super) fn count_for(
        &mut self,
        now: Time,
        at: InstanceId,
        sender: InstanceId,
        activity: Activity,
    ) -> Option<Activity> {
        let answers = self.rules(at).count_on_reply == CountOnReply::Yes && sender == activity.author;
        if !answers || !self.cell.federation.instances[at.index()].is_peertube {
            return None;
        }
        self.effects(now, at, OwnedInput::Answer { activity }).pop().map(|effect| effect.activity)
    }

    /// An answer with a count has come to an instance, which takes it if it reads such.
    pub(super) fn take_count(&mut self, at: InstanceId, total: Activity) {
        if self.rules(at).count_on_reply == CountOnReply::Yes
            && let Ok(now) = self.accept(at, Client::Own)
        {
            let sender = total.author;
            self.handle(now, at, OwnedInput::Receive { activity: total, sender }, None);
        }
    }

    /// An instance handles an input. `body` is the document that it came in, if it came in one.
    fn handle(&mut self, now: Time, instance: InstanceId, input: OwnedInput, body: Option<Bytes>) {
        for effect in self.effects(now, instance, input) {
            self.send(now, instance, &effect, body.as_ref());
        }
    }

    /// What an instance sends because of an input.
    fn effects(&mut self, now: Time, instance: InstanceId, input: OwnedInput) -> Vec<Effect> {
        self.inputs += 1;
        let clock = self.clock_of(instance, now);
        let mut effects = Vec::new();
        self.instances[instance.index()].handle(clock, input.input(), &mut effects);
        self.report(Observation::Handled { now, clock, instance, input });
        effects
    }

    /// The counts at the end of the run. Nothing is observed after that.
    pub(super) fn ending(&mut self, outcome: RunOutcome) -> Ending {
        self.assert_conserved();
        let now = self.ended.unwrap_or_default();
        self.report_views();
        self.report_unstarted(now);
        self.observations = None;
        let watching = |session: &&Session| session.start <= now && session.end > now;
        let flow = self.ledger.total();
        Ending {
            outcome,
            viewers_as_plain_views: self.instances.iter().map(Instance::viewers_as_plain_views).sum(),
            // `setup` refuses lies
            lies_told: 0,
            events: self.inputs,
            flow,
            fates: Fates::of_single_requests(&flow),
            unfinished_sessions: self.cell.sessions.iter().filter(watching).count() as u64,
            busy: vec![Busy::default(); self.instances.len()],
            queued_jobs_peak: self.queued_jobs_peak,
            // a server works on what it receives at once
            inbox_waiting_peak: 0,
            retries_waiting_peak: 0,
            retries_waiting: 0,
            inbox_dropped: 0,
            // what was late, refused or without an answer is told in the manifest
            doors: doors(&self.cell, &self.timetable, now, &self.seen_doors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_follow_the_clock_whoever_floods() {
        let at = Time::from_ms;
        let (own, stranger) = (Client::Own, Client::Stranger);
        assert_eq!(input_time(at(50), at(20), stranger), Some(at(50)));
        assert_eq!(input_time(at(50), at(50), stranger), Some(at(51)));
        let mut latest = at(50);
        let mut accepted = 0;
        for _ in 0..1_000 {
            if let Some(now) = input_time(at(50), latest, stranger) {
                (latest, accepted) = (now, accepted + 1);
            }
        }
        assert_eq!((latest, accepted), (at(60), 10));
        for _ in 0..1_000 {
            latest = input_time(at(50), latest, own).expect("the run's own are always accepted");
        }
        assert_eq!(latest, at(60));
        assert_eq!(input_time(at(51), latest, stranger), Some(at(61)));
    }
}
