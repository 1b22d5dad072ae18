//! Inputs: heartbeats, timers and background traffic reach instances, and the effects of an instance are sent.

use super::state::Run;
use super::wakes::Asleep;
use crate::cell::{
    HEALTH_INTERVAL, background_time, heartbeat_interval, heartbeat_work, leave_time, report_time,
};
use crate::domain::delivery::Queues;
use crate::domain::door::Answered;
use crate::domain::federation::Inboxes;
use crate::domain::other_traffic::Background;
use crate::domain::workload::Session;
use crate::event::{Event, MAX_NUMBER, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::{Effect, Heartbeat, Input, Recipients};
use crate::mechanism::activity::{Activity, Stamp, Subject};
use crate::request::Host;
use std::sync::Arc;

impl Run<'_> {
    /// The process of an instance stops, if it is up, and starts again.
    pub(super) fn restart(&mut self, instance: InstanceId) {
        if self.is_up(instance) {
            self.stop(instance, self.now);
        }
        let rules = self.upgrades.get(&(instance, self.now)).copied();
        self.handle(instance, Input::Restart(rules), self.now);
        self.start(instance, self.now);
        if self.cell.federation.instances[instance.index()].is_peertube {
            self.schedule_tick(instance);
        }
    }

    /// An instance removes expired viewers, unless a restart has replaced this tick.
    pub(super) fn tick(&mut self, instance: InstanceId, number: u32) {
        if number == self.next_tick[instance.index()] && self.is_up(instance) {
            self.handle(instance, Input::Tick { number }, self.now);
            self.schedule_tick(instance);
            let clock = self.clock(instance);
            let totals: Vec<_> = self.instances[instance.index()].totals_after_tick(clock).collect();
            for (video, after) in totals {
                self.schedule(self.now + after, Event::SayTotal { instance, video, number });
            }
        }
    }

    /// An instance says its total of a video, unless a restart has replaced the tick before.
    pub(super) fn say_total(&mut self, instance: InstanceId, video: VideoId, number: u32) {
        if number + 1 == self.next_tick[instance.index()] && self.is_up(instance) {
            self.handle(instance, Input::SayTotal { video, number }, self.now);
        }
    }

    /// Schedules the next tick of an instance one interval from now; an earlier one that is pending is void.
    pub(super) fn schedule_tick(&mut self, instance: InstanceId) {
        let interval = self.instances[instance.index()].rules().parameters.tick_interval;
        let next = &mut self.next_tick[instance.index()];
        *next += 1;
        let number = *next;
        self.schedule(self.now + interval, Event::Tick { instance, number });
    }

    /// Records follow health and schedules the next flush.
    pub(super) fn flush_health(&mut self, instance: InstanceId, number: u32) {
        if self.is_up(instance) {
            self.note_health(instance);
        }
        self.schedule(self.now + HEALTH_INTERVAL, Event::HealthFlush { instance, number: number + 1 });
    }

    /// Broadcasts Updates of changed videos and schedules the next flush.
    pub(super) fn flush_updates(&mut self, instance: InstanceId, number: u32) {
        if self.is_up(instance) {
            self.handle(instance, Input::FlushUpdates { number }, self.now);
        }
        if let Some(every) = self.cell.other.update_every {
            self.schedule(self.now + every, Event::UpdateFlush { instance, number: number + 1 });
        }
    }

    /// Samples displays and queues.
    pub(super) fn sample(&mut self, number: u32) {
        self.assert_conserved();
        if let Some(broadcasts) = &mut self.broadcasts {
            broadcasts.accounts.pass(self.now);
            for (second, origin, bytes) in broadcasts.accounts.take_seconds(self.now) {
                self.observer.origin_second(origin, second, bytes);
            }
        }
        self.report_views();
        let queues = self.queue_samples(self.now);
        for instance in &mut self.instances {
            let ahead = self.timetable.clock_ahead(instance.id());
            instance.ask_at(self.now + ahead);
        }
        self.observer.sample(self.now, number, &self.instances, &queues);
        self.schedule(self.now + self.cell.sampling.every, Event::Sample { number: number + 1 });
    }

    /// Reports what happened to the views counters since this was last done.
    pub(super) fn report_views(&mut self) {
        for instance in &mut self.instances {
            let log = instance.take_views_log(self.timetable.clock_ahead(instance.id()));
            if !log.is_empty() {
                self.observer.views(instance.id(), &log);
            }
        }
    }

    /// A client sends a heartbeat, and skips those that can be handled now (`skip_heartbeats`).
    pub(super) fn heartbeat(&mut self, id: SessionId, number: u32) {
        let session = self.cell.sessions[id.index()];
        let watched = (session.instance, session.video);
        if self.wakes.happens(watched, id, number) {
            return;
        }
        let heartbeat = Heartbeat::of(&session, id, number, self.now);
        // a client of an instance that is down tries again at its next heartbeat
        let is_up = self.is_up(session.instance);
        if is_up {
            self.work_on_heartbeat(session.instance);
            self.client_input(session.instance, Input::Heartbeat(heartbeat));
            self.pull(session.instance, &heartbeat);
        }
        let told = self.instances[session.instance.index()].tells(&heartbeat).filter(|_| is_up);
        self.note_at_door(session.instance, told, false);
        let rules = self.instances[session.instance.index()].rules();
        if number == 0
            && let Some(at) = leave_time(self.cell, id, rules)
        {
            self.schedule(at, Event::Leave { session: id });
        }
        let rules = self.instances[session.instance.index()].rules();
        let every = heartbeat_interval(&session, rules, told);
        let skipped =
            if self.skips.may_skip(id) { self.skip_heartbeats(&heartbeat, &session, every) } else { 0 };
        if skipped > 0 {
            let video = heartbeat.video;
            let viewer = self.instances[session.instance.index()].known_as(&heartbeat);
            let last = self.clock(session.instance) + every * u64::from(skipped);
            self.client_input(session.instance, Input::Heartbeats { video, viewer, last });
            self.heartbeats_skipped += u64::from(skipped);
        }
        let next = self.now + every * (u64::from(skipped) + 1);
        let may_wake = self.instances[session.instance.index()].may_clear_own_viewers(session.video);
        if skipped > 0 && may_wake {
            let (since, next_number, is_pending) = (self.now, number + skipped + 1, next < session.end);
            let asleep = Asleep { session: id, since, number, every, next: next_number, is_pending };
            self.wakes.fall_asleep(watched, asleep);
        }
        if next < session.end {
            assert!(number < MAX_NUMBER, "a session of more heartbeats than a key can number");
            self.plan_heartbeat(next, id, number + skipped + 1);
        } else if let Some(at) = report_time(self.cell, id).filter(|_| !may_wake || self.wakes.ends(id)) {
            self.schedule(at, Event::WatchAction { session: id });
        }
    }

    /// A client says that it leaves: the last of its requests. If its instance is down nobody hears that.
    pub(super) fn viewer_leaves(&mut self, id: SessionId) {
        let Session { video, viewer, instance, .. } = self.cell.sessions[id.index()];
        if self.is_up(instance) {
            self.work_on_heartbeat(instance);
            self.client_input(instance, Input::Leave { video, viewer });
        }
        self.note_at_door(instance, None, true);
    }

    /// A client has posted a heartbeat, or that it leaves, and is told when to come if its instance answers.
    fn note_at_door(&mut self, instance: InstanceId, told: Option<Span>, leaves: bool) {
        let wire = self.instances[instance.index()].rules().wire;
        let is_up = self.is_up(instance);
        if let Some(door) = self.seen_doors.get_mut(&instance) {
            door.note(self.now, is_up.then_some(Answered { wire, told, leaves }));
        }
    }

    /// A heartbeat takes its instance's cores: what comes behind it waits. It takes effect at once all the same.
    fn work_on_heartbeat(&mut self, instance: InstanceId) {
        let work = heartbeat_work(self.cell, instance);
        if work > Span::ZERO {
            let host = self.host(instance);
            self.machines[host.index()].work(self.now, work);
        }
    }

    /// Plans a heartbeat; it may be pending.
    fn plan_heartbeat(&mut self, at: Time, session: SessionId, number: u32) {
        if !self.wakes.is_pending(session, number) {
            self.schedule(at, Event::Heartbeat { session, number });
        }
    }

    /// What an instance keeps of its own viewers of a video may be gone: plans their heartbeats that were skipped.
    pub(super) fn wake(&mut self, at: InstanceId, video: VideoId) {
        for asleep in self.wakes.wake((at, video)) {
            let first = asleep.first_from(self.now);
            if first < asleep.next {
                if asleep.is_pending {
                    self.wakes.make_void(asleep.session, asleep.next);
                }
                self.heartbeats_skipped -= u64::from(asleep.next - first);
                self.plan_heartbeat(asleep.time_of(first), asleep.session, first);
            }
        }
    }

    /// How many of the next heartbeats of a session can be handled now, since the instance would do nothing at their times.
    pub(super) fn skip_heartbeats(&self, heartbeat: &Heartbeat, session: &Session, every: Span) -> u32 {
        let instance = &self.instances[session.instance.index()];
        // without echoes what is received comes unforeseen
        let is_woken = || {
            let broadcasts = self.broadcasts.as_ref();
            let is_replayed = broadcasts.is_some_and(|it| it.follower(session.instance).is_some());
            is_replayed && self.delivery.queues == Queues::Unlimited
        };
        let is_safe = !instance.may_clear_own_viewers(session.video) || is_woken();
        let asks = self.pulls(session.instance, session.video);
        if !instance.may_skip_heartbeats(every) || !is_safe || asks {
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

    /// Hands an input of a client to an instance, and to the replay.
    pub(super) fn client_input(&mut self, instance: InstanceId, input: Input<'static>) {
        if let Some(broadcasts) = &mut self.broadcasts {
            broadcasts.heartbeat(instance, self.now, input);
        }
        self.handle(instance, input, self.now);
    }

    /// The instance of a session reports what was watched.
    pub(super) fn report_watch(&mut self, id: SessionId) {
        let Session { video, viewer, instance, .. } = self.cell.sessions[id.index()];
        if self.is_up(instance) {
            self.handle(instance, Input::ReportWatch { video, viewer, session: id }, self.now);
        }
    }

    /// Schedules background job `number` of an entry, if there is one.
    pub(super) fn plan_background(&mut self, entry: u32, number: u32) {
        if let Some(at) = background_time(self.cell, entry, number, self.now) {
            self.schedule(at, Event::Background { entry, number });
        }
    }

    /// Sends a background activity to followers of a video's origin, and plans the next one.
    pub(super) fn background(&mut self, entry: u32, number: u32) {
        let Background { video, body_bytes, .. } = self.cell.other.background[entry as usize];
        let origin = self.cell.federation.origin(video);
        if self.is_up(origin) {
            let form = self.instances[origin.index()].rules().wire.form();
            let activity = Activity {
                video,
                author: origin,
                subject: Subject::Background(body_bytes),
                result: None,
                views: None,
                built: self.clock(origin),
                expires: None,
                stamp: Stamp { session: SessionId(entry), number },
                form,
            };
            if let Some(list) = self.background_inboxes(entry, origin) {
                let effect = Effect::new(activity, Recipients::Followers);
                self.send_to(origin, &effect, (list, None), self.now);
            }
        }
        assert!(number < MAX_NUMBER, "more background than a key can number");
        self.plan_background(entry, number + 1);
    }

    /// The inboxes of an origin that get what an entry of the background sends.
    fn background_inboxes(&mut self, entry: u32, origin: InstanceId) -> Option<Arc<[InstanceId]>> {
        let Run { inboxes, background_inboxes, cell, .. } = self;
        let all = inboxes.get(&origin).map(Inboxes::own)?;
        let known = background_inboxes.get(&entry).filter(|[of, _]| Arc::ptr_eq(of, all));
        Some(match known {
            Some([_, some]) => Arc::clone(some),
            None => {
                let some = cell.other.background[entry as usize].recipients(all);
                background_inboxes.insert(entry, [Arc::clone(all), Arc::clone(&some)]);
                some
            }
        })
    }

    /// Activities that have left inbox queues take effect.
    pub(super) fn process_received(&mut self) {
        while let Some((at, message)) = self.processed.pop_front() {
            self.observer.processed(at, &message);
            if self.cell.federation.instances[message.to.index()].is_peertube {
                self.receive(&message, at);
            }
            self.ask_back(&message, at);
        }
    }

    /// The receiver of a message works on what it carries. What came in a batch has no signature of its own, so it is not forwarded.
    fn receive(&mut self, message: &Message, now: Time) {
        let is_batch = message.beside.is_some();
        let is_sent = |effect: &Effect| !is_batch || !matches!(effect.to, Recipients::FollowersBut(_));
        for activity in message.activities() {
            let input = Input::Receive { activity, sender: message.from };
            self.handle_and_send(message.to, input, now, is_sent);
        }
    }

    /// An instance handles an input, now or at an earlier `now`; then the input must have no effects.
    pub(super) fn handle(&mut self, instance: InstanceId, input: Input<'_>, now: Time) {
        self.handle_and_send(instance, input, now, |_| true);
    }

    /// The same, but some of the effects are not sent.
    fn handle_and_send(
        &mut self,
        instance: InstanceId,
        input: Input<'_>,
        now: Time,
        is_sent: impl Fn(&Effect) -> bool,
    ) {
        let mut effects = std::mem::take(&mut self.effects);
        let clock = now + self.timetable.clock_ahead(instance);
        self.observer.handled(now, clock, instance, &input);
        self.instances[instance.index()].handle(clock, input, &mut effects);
        assert!(now == self.now || effects.is_empty(), "an effect of an earlier input");
        if matches!(input, Input::Tick { .. }) {
            self.send_batches(instance, &mut effects, now);
        }
        for effect in effects.drain(..).filter(is_sent) {
            self.send(instance, &effect, now);
        }
        self.effects = effects;
    }
}
