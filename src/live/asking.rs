//! What servers ask back: GETs to the origin of a video, as the simulation makes them, each a job with one request.
//!
//! They wait in no queue, are made once, and say nothing about the health of a follow. After an `Update` the first GET is alone; the
//! others begin when it is over. Only what servers of the run send makes them ask: peers and strangers cause no GET.

use super::outbox::{Body, Job};
use super::schedule::Planned;
use super::state::State;
use crate::cell::preview_delay;
use crate::domain::asked_back::{AfterUpdates, FetchOrder};
use crate::domain::delivery::Queues;
use crate::foundation::ids::{InstanceId, SessionId, VideoId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, FetchReason, Stamp, Subject};
use crate::observe::QueueName;

impl State {
    /// An activity of the run has taken effect: its receiver asks back what it makes it ask.
    pub(super) fn ask_back(&mut self, now: Time, asker: InstanceId, activity: &Activity) {
        let Activity { video, subject, stamp: Stamp { session, number }, .. } = *activity;
        match subject {
            Subject::Update
                if self.cell.other.asked_back.after_updates == AfterUpdates::Requests
                    && self.cell.federation.instances[asker.index()].is_peertube =>
            {
                let stamp = Stamp { session: SessionId(0), number };
                self.get(now, asker, FetchReason::AfterUpdate, video, stamp);
            }
            Subject::Background(_) => {
                let Some(delay) = preview_delay(&self.cell, session.0, number, asker) else { return };
                let (entry, copy) = (session.0, self.gets.plan());
                self.schedule.add(now + delay, Planned::FetchPreview { asker, entry, number, copy });
            }
            _ => {}
        }
    }

    /// A receiver of background job `number` of an entry fetches what it links to.
    pub(super) fn fetch_preview(&mut self, now: Time, asker: InstanceId, entry: u32, number: u32) {
        self.gets.planned -= 1;
        if self.is_up(asker) {
            let video = self.cell.other.background[entry as usize].video;
            self.get(now, asker, FetchReason::Preview, video, Stamp { session: SessionId(entry), number });
        }
    }

    /// Makes a GET to the origin of a video.
    fn get(&mut self, now: Time, asker: InstanceId, reason: FetchReason, video: VideoId, stamp: Stamp) {
        let get = Activity {
            video,
            author: asker,
            subject: Subject::Get(reason, 0),
            result: None,
            views: None,
            built: self.clock_of(asker, now),
            expires: None,
            stamp,
            form: self.rules(asker).wire.form(),
        };
        let activity = Activity { subject: Subject::Get(reason, self.cell.other.answer_bytes(&get)), ..get };
        let waits = self.cell.delivery.queues != Queues::Unlimited;
        let origin = self.cell.federation.origin(video);
        self.queue(now, asker, &activity, waits.then_some(QueueName::Gets), vec![origin], Body::Nothing);
        if !waits {
            self.get_others(now, &activity);
        }
    }

    /// The job of a GET is over: those that waited for it begin.
    pub(super) fn get_over(&mut self, now: Time, job: &Job) {
        if job.queue.is_some() && self.may_go_on(job) && self.ended.is_none() {
            self.get_others(now, &job.letter.activity);
        }
    }

    fn get_others(&mut self, now: Time, get: &Activity) {
        let Some((reason, place, _)) = get.fetch() else { return };
        let Activity { author: asker, video, stamp: Stamp { number, .. }, .. } = *get;
        let order = FetchOrder::of(reason, self.cell.federation.instances[asker.index()].is_peertube);
        for next in order.next(place) {
            self.get(now, asker, reason, video, Stamp { session: SessionId(next as u32), number });
        }
    }
}
