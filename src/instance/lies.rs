//! What an instance keeps of its lies: which it tells at present, and what it may replay.

use super::input::Effect;
use crate::domain::lies::{Falsehood, Lie};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::activity::Activity;
use std::collections::BTreeMap;

/// The lies that an instance tells at present.
#[derive(Clone, Debug, Default)]
pub(super) struct Lying {
    /// By number.
    pub(super) lies: BTreeMap<u32, Lie>,
    /// The last true View of viewers about each video whose Views are to be replayed.
    pub(super) last_sent: BTreeMap<VideoId, Activity>,
    /// How often it has told one, each to one inbox.
    told: u64,
}

impl Lying {
    /// The viewers of a video that it says it has, having so many.
    pub(super) fn claimed(&self, video: VideoId, own: u32) -> u32 {
        let about = self.lies.values().filter(|lie| lie.video == video);
        let more = about.map(|lie| match lie.what {
            Falsehood::Times(times) => own.saturating_mul(times.saturating_sub(1)),
            Falsehood::Viewers(viewers) => viewers,
            Falsehood::Flood { .. } | Falsehood::Result { .. } | Falsehood::Replay { .. } => 0,
        });
        more.fold(own, u32::saturating_add)
    }

    /// The videos of which it says that it has more viewers, whoever watches.
    pub(super) fn claimed_videos(&self) -> Vec<VideoId> {
        let claims = self.lies.values().filter(|lie| matches!(lie.what, Falsehood::Viewers(_)));
        claims.map(|lie| lie.video).collect()
    }

    /// How often lies have been told, each to one inbox.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// Notes what `id` has just sent: how much of it is false, and what may be replayed.
    pub(super) fn note(&mut self, id: InstanceId, effects: &[Effect]) {
        self.told += effects.iter().filter(|effect| effect.is_false).count() as u64;
        for lie in self.lies.values().filter(|lie| matches!(lie.what, Falsehood::Replay { .. })) {
            let is_such = |effect: &&Effect| {
                let Activity { author, video, expires, .. } = effect.activity;
                !effect.is_false && (author, video) == (id, lie.video) && expires.is_some()
            };
            if let Some(last) = effects.iter().rev().find(is_such) {
                self.last_sent.insert(lie.video, last.activity);
            }
        }
    }
}
