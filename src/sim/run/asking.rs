//! What receivers ask back (`domain::asked_back`): GETs, each a job with one request.
//!
//! They wait in no queue, are made once, and say nothing about the health of a follow. Those of one reason have an order: one begins
//! when another is over. In front of who is asked a cache may answer, without its rate limit and its cores.

use super::contacts::Contact;
use super::job::{Job, QueueKey};
use super::state::Run;
use crate::cell::preview_delay;
use crate::domain::asked_back::{AfterUpdates, FetchOrder};
use crate::domain::delivery::Queues;
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, FetchReason, Kind, Stamp, Subject};
use std::slice;

impl Run<'_> {
    /// An activity takes effect: its receiver asks back what it makes it ask, once for all its inboxes.
    pub(super) fn ask_back(&mut self, message: &Message, now: Time) {
        self.fetch_unknown_video(message, now);
        let (asker, Stamp { session, number }) = (message.to, message.activity.stamp);
        let other = &self.cell.other;
        match message.kind {
            Kind::Update
                if other.asked_back.after_updates == AfterUpdates::Requests
                    && self.cell.federation.instances[asker.index()].is_peertube =>
            {
                let stamp = Stamp { session: SessionId(0), number };
                let video = message.activity.video;
                let origin = self.cell.federation.origin(video);
                self.get(asker, FetchReason::AfterUpdate, origin, video, stamp, now);
            }
            Kind::Background if self.host(asker) == asker => {
                let Some(delay) = preview_delay(self.cell, session.0, number, asker) else { return };
                let copy = self.gets.plan();
                self.schedule(now + delay, Event::FetchPreview { asker, entry: session.0, number, copy });
            }
            _ => {}
        }
    }

    /// A receiver of background job `number` of an entry fetches what it links to.
    pub(super) fn fetch_preview(&mut self, asker: InstanceId, entry: u32, number: u32) {
        self.gets.planned -= 1;
        if self.is_up(asker) {
            let video = self.cell.other.background[entry as usize].video;
            let stamp = Stamp { session: SessionId(entry), number };
            let origin = self.cell.federation.origin(video);
            self.get(asker, FetchReason::Preview, origin, video, stamp, self.now);
        }
    }

    /// Makes the first GET for an actor or a video, because of a message about `video`; it was asked for `number` times before.
    pub(super) fn get_contact(
        &mut self,
        asker: InstanceId,
        contact: Contact,
        video: VideoId,
        number: u32,
        now: Time,
    ) {
        let (reason, of) = match contact {
            Contact::Actor(of) => (FetchReason::Actor, of),
            Contact::Video(video) => (FetchReason::Video, self.cell.federation.origin(video)),
        };
        self.get(asker, reason, of, video, Stamp { session: SessionId(0), number }, now);
    }

    /// Makes a GET that is asked back to an instance.
    fn get(
        &mut self,
        asker: InstanceId,
        reason: FetchReason,
        of: InstanceId,
        video: VideoId,
        stamp: Stamp,
        now: Time,
    ) {
        assert!(now == self.now, "a GET of an earlier input");
        let get = self.get_activity(asker, reason, video, stamp);
        let subject = Subject::Get(reason, self.cell.other.answer_bytes(&get));
        self.make_get(&Activity { subject, ..get }, of, now);
    }

    /// What a GET asks for; how large the answer is, is not known yet.
    pub(super) fn get_activity(
        &self,
        asker: InstanceId,
        reason: FetchReason,
        video: VideoId,
        stamp: Stamp,
    ) -> Activity {
        Activity {
            video,
            author: asker,
            subject: Subject::Get(reason, 0),
            result: None,
            views: None,
            built: self.clock(asker),
            expires: None,
            stamp,
            form: self.instances[asker.index()].rules().wire.form(),
        }
    }

    /// Makes a GET to an instance.
    pub(super) fn make_get(&mut self, get: &Activity, of: InstanceId, now: Time) {
        let asker = get.author;
        let kind = Kind::of(get, asker, self.cell.federation.origin(get.video));
        if self.delivery.queues == Queues::Unlimited {
            self.send_unqueued(asker, kind, slice::from_ref(get), &[of].into(), None, now);
            return self.get_over(get, of, true, now);
        }
        let job = self.job(asker, QueueKey::Gets, kind, slice::from_ref(get), [of].into(), None, now);
        self.push_job(Job { signs: false, ..job }, now);
    }

    /// A GET of an instance is over, well or not: those that waited for it begin.
    pub(super) fn get_over(&mut self, get: &Activity, of: InstanceId, is_good: bool, now: Time) {
        let Some((reason, place, _)) = get.fetch() else { return };
        if reason == FetchReason::Count {
            return self.pulls.end(get.author, get.video);
        }
        let Activity { author: asker, video, stamp: Stamp { number, .. }, .. } = *get;
        let order = FetchOrder::of(reason, self.cell.federation.instances[asker.index()].is_peertube);
        let has_failed = !is_good && place < order.needed;
        if has_failed || place + 1 == order.known_after {
            let contact =
                if reason == FetchReason::Actor { Contact::Actor(of) } else { Contact::Video(video) };
            self.end_fetch(asker, contact, !has_failed, now);
        }
        if !has_failed {
            for next in order.next(place) {
                let stamp = Stamp { session: SessionId(next as u32), number };
                self.get(asker, reason, of, video, stamp, now);
            }
        }
    }

    /// Whether a cache in front of its receiver answers a GET that arrives now. Counts are kept by who counts.
    pub(super) fn is_cached(&mut self, message: &Message, now: Time) -> bool {
        message.kind != Kind::CountFetch
            && self.gets.is_cached(self.cell.other.asked_back.cache, message, now)
    }

    /// A GET is answered by who was asked: a cache in front keeps the answer.
    pub(super) fn keep_answer(&mut self, message: &Message, now: Time) {
        if message.kind == Kind::CountFetch {
            return;
        }
        self.gets.keep_answer(self.cell.other.asked_back.cache, message, now);
        self.answer_views(message, false);
    }

    /// What is answered to a GET says how often its video was viewed.
    pub(super) fn answer_views(&mut self, message: &Message, is_cached: bool) {
        let displayed = self.instances[message.to.index()].displayed_views(message.activity.video);
        self.gets.answer_views(message, is_cached, displayed);
    }
}
