//! GETs of a run that are planned, and what caches in front of those who are asked have kept. Why and when GETs are made is not
//! known here.

use super::name::message_name;
use crate::domain::asked_back::Cache;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::{MessageDraws, Purpose, Seed};
use crate::foundation::units::Time;
use crate::mechanism::activity::{FetchReason, Resource};
use std::collections::BTreeMap;

/// What a run remembers about GETs.
pub struct Gets {
    /// Fetches of previews that are planned.
    pub planned: u64,
    /// Fetches of previews planned so far, which numbers them.
    count: u64,
    cache_draws: MessageDraws,
    /// By who answered and what: when it last answered without its cache.
    answered: BTreeMap<(InstanceId, CacheKey), Time>,
    /// By video: the number of views in the answer that its owner gave last.
    answered_views: BTreeMap<VideoId, u32>,
    /// By who asked for a video that it does not know: the number of views in the answer.
    fetched_views: BTreeMap<(InstanceId, VideoId), u32>,
}

/// What a cache keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CacheKey {
    OfActor(Resource),
    OfVideo(VideoId, Resource),
    /// What is fetched for a preview.
    Page(VideoId),
}

impl Gets {
    /// Nothing is planned, and caches are empty.
    pub fn new(seed: Seed) -> Gets {
        Gets {
            planned: 0,
            count: 0,
            cache_draws: MessageDraws::new(seed, Purpose::Cache),
            answered: BTreeMap::new(),
            answered_views: BTreeMap::new(),
            fetched_views: BTreeMap::new(),
        }
    }

    /// One more fetch of a preview is planned: returns its number.
    pub fn plan(&mut self) -> u64 {
        self.planned += 1;
        self.count += 1;
        self.count
    }

    /// Whether a cache in front of its receiver answers a GET that arrives now.
    pub fn is_cached(&mut self, cache: Cache, message: &Message, now: Time) -> bool {
        match cache {
            Cache::Off => false,
            Cache::Share(share_ppm) => {
                let name = message_name(&message.activity, message.from, message.attempt);
                let draw = self.cache_draws.one(name, message.to.0);
                u64::from(draw) < (u64::from(share_ppm) << 32) / 1_000_000
            }
            Cache::For(lasts) => {
                let answered = self.answered.get(&cached(message));
                answered.is_some_and(|&answered| now.since(answered) < lasts)
            }
        }
    }

    /// A GET is answered by who was asked: a cache in front keeps the answer.
    pub fn keep_answer(&mut self, cache: Cache, message: &Message, now: Time) {
        if matches!(cache, Cache::For(_)) {
            self.answered.insert(cached(message), now);
        }
    }

    /// A GET is answered, by a cache or by who was asked, who displays so many views of its video.
    pub fn answer_views(&mut self, message: &Message, is_cached: bool, displayed: u32) {
        let video = message.activity.video;
        if let Some((FetchReason::Video, _, Resource::Video)) = message.activity.fetch() {
            let before = self.answered_views.get(&video).copied().filter(|_| is_cached);
            let views = before.unwrap_or(displayed);
            self.answered_views.insert(video, views);
            self.fetched_views.insert((message.from, video), views);
        }
    }

    /// The number of views in the video that an instance has fetched.
    pub fn take_views(&mut self, asker: InstanceId, video: VideoId) -> Option<u32> {
        self.fetched_views.remove(&(asker, video))
    }
}

/// Who answers a GET, and what its cache keeps.
fn cached(message: &Message) -> (InstanceId, CacheKey) {
    let activity = &message.activity;
    let key = match activity.fetch() {
        Some((FetchReason::Actor, _, part)) => CacheKey::OfActor(part),
        Some((FetchReason::AfterUpdate | FetchReason::Video | FetchReason::Count, _, part)) => {
            CacheKey::OfVideo(activity.video, part)
        }
        Some((FetchReason::Preview, ..)) | None => CacheKey::Page(activity.video),
    };
    (message.to, key)
}
