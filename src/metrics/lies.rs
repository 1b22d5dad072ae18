//! What lies change: how far what honest instances display is from what they display in the same run without the lies.
//!
//! All draws are the same in both runs, so the difference is exact. A pair is one sample of a video that is lied about, at one instance that shows it, is
//! up and tells no lie.

use crate::domain::federation::Federation;
use crate::domain::lies::Lie;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::metrics::counters::Counters;
use std::collections::BTreeSet;

/// The differences of a run to the same run without lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LieEffects {
    /// At the origins of the videos.
    pub origins: Differences,
    /// At their followers.
    pub followers: Differences,
    /// The largest difference at one pair, either way.
    pub most: u32,
}

/// Differences, summed over pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// The pairs.
    pub pairs: u64,
    /// The sum of what is displayed too much, less what is displayed too little.
    pub sum: i64,
    /// The sum of both.
    pub sum_abs: u64,
}

impl LieEffects {
    /// The differences between a run and the same without its lies.
    pub fn of(lies: &[Lie], federation: &Federation, run: &Counters, without: &Counters) -> LieEffects {
        let liars: BTreeSet<InstanceId> = lies.iter().map(|lie| lie.instance).collect();
        let videos: BTreeSet<VideoId> = lies.iter().map(|lie| lie.video).collect();
        let mut effects = LieEffects::default();
        for video in videos {
            for instance in federation.showing(video).filter(|instance| !liars.contains(instance)) {
                let is_origin = federation.origin(video) == instance;
                let sums = if is_origin { &mut effects.origins } else { &mut effects.followers };
                // a run that ends when idle may end earlier without lies: then nobody displays anything
                let before = without.displayed.get(&(video, instance));
                for sample in 0..run.samples() {
                    let Some(displayed) = run.displayed(video, instance, sample) else { continue };
                    let before = before.map_or(0, |counts| counts.at(sample));
                    sums.pairs += 1;
                    sums.sum += i64::from(displayed) - i64::from(before);
                    sums.sum_abs += u64::from(displayed.abs_diff(before));
                    effects.most = effects.most.max(displayed.abs_diff(before));
                }
            }
        }
        effects
    }

    /// What both together display too much or too little.
    pub fn all_abs(&self) -> u64 {
        self.origins.sum_abs + self.followers.sum_abs
    }
}
