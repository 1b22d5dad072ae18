//! The event loop: takes events in order, and executes the deferred steps of the machine of each event before it.
//!
//! A run ends because it is done, is interrupted or reaches its event limit.

use super::machine::Machine;
use super::request::{ECHO, NO_REQUEST};
use super::state::Run;
use crate::cell::{Cell, doors};
use crate::domain::faults::{Change, Timetable};
use crate::domain::workload::Session;
use crate::event::Event;
use crate::foundation::ids::{InstanceId, SessionId};
use crate::foundation::units::Time;
use crate::instance::{Input, Instance};
use crate::mechanism::activity::Activity;
use crate::mechanism::pending::Key;
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Ending, Observer, RunOutcome};
use crate::scenario::End;
use crate::sim::broadcast::{Broadcasts, Execution, takes_all_broadcasts, with_helpers};
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs a cell event by event and reports to `observer`. `stop` ends it early when it becomes true.
pub fn run(cell: &Cell, observer: &mut dyn Observer, stop: &AtomicBool) -> Ending {
    let timetable = timetable(cell);
    let mut run = Run::new(cell, &timetable, observer);
    run.plan_all();
    run.execute(stop)
}

/// Runs a cell and computes without events what needs none. That is not reported to `observer` but summed in `Aggregates`; both
/// together are the same as what `run` reports. `helpers` is the number of helper threads.
///
/// `None` if a rate limit refuses a request that was computed without events: then all results are void, and `run` is needed.
pub fn run_fast(
    cell: &Cell,
    helpers: usize,
    observer: &mut dyn Observer,
    stop: &AtomicBool,
) -> Option<(Ending, Aggregates, Execution)> {
    let timetable = timetable(cell);
    with_helpers(helpers, |helpers| {
        let mut run = Run::new(cell, &timetable, observer);
        run.look_ahead(helpers);
        run.plan_all();
        let ending = run.execute(stop);
        let broadcasts = run.broadcasts.take()?;
        let mut execution = broadcasts.execution.clone();
        execution.heartbeats_skipped = run.heartbeats_skipped;
        Some((ending, broadcasts.finish(run.now)?, execution))
    })
}

/// Whether the broadcasts of all origins make no events in `run_fast`, whoever watches.
pub fn broadcasts_without_events(cell: &Cell) -> bool {
    takes_all_broadcasts(cell, &timetable(cell))
}

fn timetable(cell: &Cell) -> Timetable {
    Timetable::new(&cell.faults, cell.federation.instances.len(), cell.seed, cell.end.latest())
}

impl Run<'_> {
    /// Schedules the first events.
    fn plan_all(&mut self) {
        self.plan_ticks_and_flushes();
        self.plan_changes();
        for entry in 0..self.cell.other.background.len() {
            self.plan_background(entry as u32, 0);
        }
        self.plan_lies();
        self.schedule(self.cell.sampling.from, Event::Sample { number: 0 });
    }

    fn plan_ticks_and_flushes(&mut self) {
        let cell = self.cell;
        for (id, (&phase, instance)) in cell.tick_phase.iter().zip(&cell.federation.instances).enumerate() {
            if instance.is_peertube {
                self.schedule(phase, Event::Tick { instance: InstanceId::at(id), number: 0 });
            }
        }
        for &instance in cell.federation.followers.keys() {
            let flush = Event::HealthFlush { instance, number: 0 };
            self.schedule(cell.health_phase[instance.index()], flush);
            if cell.other.update_every.is_some() {
                let flush = Event::UpdateFlush { instance, number: 0 };
                self.schedule(cell.update_phase[instance.index()], flush);
            }
        }
    }

    /// Schedules the stops and restarts of the timetable.
    fn plan_changes(&mut self) {
        for (at, instance, change) in self.timetable.changes() {
            match change {
                Change::Stop => self.schedule(at, Event::Stop { instance }),
                Change::Start(rules) => {
                    self.schedule(at, Event::Restart { instance });
                    self.upgrades.extend(rules.map(|rules| ((instance, at), rules)));
                }
            }
        }
    }

    /// Executes events until the run ends.
    fn execute(&mut self, stop: &AtomicBool) -> Ending {
        let end = self.cell.end.latest();
        loop {
            let next = self.admit();
            if next.is_none_or(|next| next > end) {
                self.now = end;
                self.catch_up_all((end, Key::LAST));
                self.process_received();
                return self.ending(RunOutcome::Done(end));
            }
            if self.events >= self.cell.event_limit {
                return self.ending(RunOutcome::EventLimit(self.now));
            }
            // Reading a shared flag has a cost.
            if self.events.is_multiple_of(1024) && (self.has_refused() || stop.load(Ordering::Relaxed)) {
                return self.ending(RunOutcome::Interrupted);
            }
            let Some((now, key, event)) = self.pending.pop() else { continue };
            self.now = now;
            self.events += 1;
            match self.place(&event) {
                Some(id) => self.catch_up(id, (now, key)),
                None => self.catch_up_all((now, key)),
            }
            self.process_received();
            self.observer.event(now, &event);
            self.happen(&event);
            self.process_received();
            self.fill_slots(self.now);
            self.hand_over(now, key);
            if matches!(event, Event::Sample { .. }) && self.is_over() {
                return self.ending(RunOutcome::Done(now));
            }
        }
    }

    /// Schedules the first heartbeats of sessions and the time-outs of requests that come before the next pending event. They
    /// are scheduled late to keep the pending events few. Returns the time of the next event.
    fn admit(&mut self) -> Option<Time> {
        loop {
            let next = self.pending.next_time();
            let is_due = |at: Time| next.is_none_or(|next| at <= next);
            if self.cell.sessions.get(self.next_session).is_some_and(|session| is_due(session.start)) {
                self.admit_session();
            } else if self.next_deadline().is_some_and(is_due) {
                self.meet_deadline();
            } else {
                return next;
            }
        }
    }

    /// Hands the window to the replay, if it is full.
    fn hand_over(&mut self, now: Time, key: Key) {
        if !self.broadcasts.as_ref().is_some_and(Broadcasts::is_full) {
            return;
        }
        self.catch_up_all((now, key));
        self.process_received();
        if let Some(broadcasts) = &mut self.broadcasts {
            broadcasts.flush(now);
        }
    }

    /// Schedules the first heartbeat of the next session.
    fn admit_session(&mut self) {
        let session = &self.cell.sessions[self.next_session];
        let heartbeat = Event::Heartbeat { session: SessionId::at(self.next_session), number: 0 };
        self.next_session += 1;
        if session.first_heartbeat < session.end {
            self.schedule(session.first_heartbeat, heartbeat);
        }
    }

    /// Executes an event.
    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Stop { instance } => {
                self.handle(instance, Input::Stop, self.now);
                self.stop(instance, self.now);
            }
            Event::Restart { instance } => self.restart(instance),
            Event::Tick { instance, number } => self.tick(instance, number),
            Event::SayTotal { instance, video, number } => self.say_total(instance, video, number),
            Event::HealthFlush { instance, number } => self.flush_health(instance, number),
            Event::UpdateFlush { instance, number } => self.flush_updates(instance, number),
            Event::Sample { number } => self.sample(number),
            Event::Request { slot: NO_REQUEST, ref message, .. } => self.arrive_unqueued(message, self.now),
            Event::Request { slot: ECHO, ref message, .. } => {
                // the numbers of views that it displays are replayed alone
                let activity = Activity { views: None, ..message.activity };
                self.handle(
                    message.to,
                    Input::Receive { activity: &activity, sender: message.from },
                    self.now,
                );
                self.wake(message.to, message.activity.video);
            }
            Event::Request { step, slot, .. } => self.step(step, slot, self.now),
            Event::Due { instance, .. } => self.due(instance, self.now),
            Event::JobDone { slot, .. } => self.finish_job(slot, self.now),
            Event::LaneDone { instance, lane, worker, epoch } => {
                self.lane_done(instance, lane, worker, epoch, self.now);
            }
            Event::JobLimit { job, slot, .. } => self.limit_job(slot, job),
            Event::Retry { ref message, since } => self.try_again(message, since, self.now),
            Event::AskBreaker { instance, to } => self.ask_breaker(instance, to, self.now),
            Event::Heartbeat { session, number } => self.heartbeat(session, number),
            Event::Leave { session } => self.viewer_leaves(session),
            Event::WatchAction { session } => self.report_watch(session),
            Event::Background { entry, number } => self.background(entry, number),
            Event::FetchPreview { asker, entry, number, .. } => self.fetch_preview(asker, entry, number),
            Event::Lie { lie, time, .. } => self.lie(lie, time),
        }
    }

    /// The instance at whose machine an event happens; `None` if at all.
    fn place(&self, event: &Event) -> Option<InstanceId> {
        let Cell { other, federation, sessions, .. } = self.cell;
        match *event {
            Event::Background { entry, .. } => {
                Some(federation.origin(other.background[entry as usize].video))
            }
            _ => event.place(sessions).map(|inbox| self.host(inbox)),
        }
    }

    /// Whether the run may end before its time: it ends when idle, no session is left, and nothing is in progress or displayed.
    fn is_over(&mut self) -> bool {
        let broadcasts = &self.broadcasts;
        let is_replayed = |id| {
            broadcasts.as_ref().is_some_and(|broadcasts| broadcasts.follower(InstanceId::at(id)).is_some())
        };
        let federation = &self.cell.federation;
        let shows_nothing = |id: usize, instance: &Instance| {
            // what is displayed of others' videos is replayed
            let mut shown = instance.displays().map(|shown| federation.origin(shown.0));
            !shown.any(|origin| !is_replayed(id) || origin == instance.id())
        };
        let events_are_idle = matches!(self.cell.end, End::Idle { .. })
            && self.next_session == self.cell.sessions.len()
            && self.now >= self.last_end
            && self.is_idle(self.now)
            && self
                .instances
                .iter()
                .enumerate()
                .all(|(id, instance)| !instance.is_up() || shows_nothing(id, instance));
        let now = self.now;
        events_are_idle && self.broadcasts.as_mut().is_none_or(|broadcasts| broadcasts.is_idle(now))
    }

    /// The counts at the end of the run.
    fn ending(&mut self, outcome: RunOutcome) -> Ending {
        self.assert_conserved();
        self.assert_waiting();
        self.report_views();
        self.report_unstarted(self.now);
        let watching = |session: &&Session| session.start <= self.now && session.end > self.now;
        Ending {
            outcome,
            events: self.events,
            flow: self.flow(),
            fates: self.all_fates(),
            unfinished_sessions: self.cell.sessions.iter().filter(watching).count() as u64,
            busy: self.busy(self.now),
            viewers_as_plain_views: self.instances.iter().map(Instance::viewers_as_plain_views).sum(),
            lies_told: self.instances.iter().map(Instance::lies_told).sum(),
            queued_jobs_peak: self.queued_jobs_peak,
            inbox_waiting_peak: self.machines.iter().map(Machine::inbox_waiting_peak).max().unwrap_or(0),
            retries_waiting_peak: self.retries_waiting_peak,
            retries_waiting: self.to_retry,
            inbox_dropped: self.inbox_dropped,
            doors: doors(self.cell, self.timetable, self.now, &self.seen_doors),
        }
    }
}
