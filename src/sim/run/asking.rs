//! What receivers ask back (`domain::asked_back`): GETs to the origin of a video, each a job with one request.
//!
//! They wait in no queue, are made once, and say nothing about the health of a follow. After an `Update` the first GET is alone; the
//! others begin when it is over. In front of who is asked a cache may answer, without its rate limit and its cores.

use super::job::{Job, QueueKey};
use super::state::Run;
use crate::cell::preview_delay;
use crate::domain::asked_back::{AfterUpdates, GETS_AFTER_UPDATE, answer_after_update};
use crate::domain::delivery::Queues;
use crate::event::{Event, Message};
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Asked, Kind, Stamp, Subject};

impl Run<'_> {
    /// An activity takes effect: its receiver asks back what it makes it ask, once for all its inboxes.
    pub(super) fn ask_back(&mut self, message: &Message, now: Time) {
        let (asker, Stamp { session, number }) = (message.to, message.activity.stamp);
        let other = &self.cell.other;
        match message.kind {
            Kind::Update
                if other.asked_back.after_updates == AfterUpdates::Requests
                    && self.cell.federation.instances[asker.index()].is_peertube =>
            {
                let stamp = Stamp { session: SessionId(0), number };
                self.get(asker, Asked::AfterUpdate, message.activity.video, stamp, now);
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
            self.get(asker, Asked::Preview, video, stamp, self.now);
        }
    }

    /// Makes a GET to the origin of a video.
    fn get(&mut self, asker: InstanceId, asked: Asked, video: VideoId, stamp: Stamp, now: Time) {
        assert!(now == self.now, "a GET of an earlier input");
        let answer_bytes = match asked {
            Asked::AfterUpdate => answer_after_update(stamp.session.0),
            Asked::Preview => {
                let preview = self.cell.other.background[stamp.session.index()].preview;
                preview.map_or(0, |preview| preview.answer_bytes)
            }
        };
        let activity = Activity {
            video,
            author: asker,
            subject: Subject::Get(asked, answer_bytes),
            result: None,
            built: self.clock(asker),
            expires: None,
            stamp,
            form: self.instances[asker.index()].rules().wire.form(),
        };
        let origin = self.cell.federation.origin(video);
        let kind = Kind::of(&activity, asker, origin);
        if self.delivery.queues == Queues::Unlimited {
            self.send_unqueued(asker, kind, &activity, &[origin].into(), None, now);
            return self.get_others(&activity, now);
        }
        let job = self.job(asker, QueueKey::Gets, kind, &activity, [origin].into(), None, now);
        self.push_job(Job { signs: false, ..job }, now);
    }

    /// A GET is over: those that waited for it begin.
    pub(super) fn get_others(&mut self, activity: &Activity, now: Time) {
        let Activity { author, video, subject, stamp: Stamp { session, number }, .. } = *activity;
        if let (Subject::Get(asked @ Asked::AfterUpdate, _), SessionId(0)) = (subject, session) {
            for part in 1..GETS_AFTER_UPDATE {
                self.get(author, asked, video, Stamp { session: SessionId(part), number }, now);
            }
        }
    }

    /// Whether a cache in front of its receiver answers a GET that arrives now.
    pub(super) fn is_cached(&mut self, message: &Message, now: Time) -> bool {
        self.gets.is_cached(self.cell.other.asked_back.cache, message, now)
    }

    /// A GET is answered by who was asked: a cache in front keeps the answer.
    pub(super) fn keep_answer(&mut self, message: &Message, now: Time) {
        self.gets.keep_answer(self.cell.other.asked_back.cache, message, now);
    }
}
