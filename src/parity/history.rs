//! The display of an instance over time.

use crate::cell::Cell;
use crate::domain::federation::Video;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use std::sync::Arc;

/// The instances of a cell before its first event.
pub(super) fn instances(cell: &Cell) -> Vec<Instance> {
    let videos: Arc<[Video]> = cell.federation.videos.as_slice().into();
    let start = |(id, instance): (usize, &crate::domain::federation::Instance)| {
        Instance::new(InstanceId::at(id), instance.rules, Arc::clone(&videos))
    };
    cell.federation.instances.iter().enumerate().map(start).collect()
}

/// What one instance displays over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DisplayHistory {
    /// By video: each count and the time from which it is displayed, in order.
    steps: Vec<Vec<(Time, u64)>>,
}

impl DisplayHistory {
    /// A count of 0 for each video, from T0 on.
    pub(super) fn new(videos: usize) -> DisplayHistory {
        DisplayHistory { steps: vec![vec![(Time::ZERO, 0)]; videos] }
    }

    pub(super) fn videos(&self) -> usize {
        self.steps.len()
    }

    /// Notes what an instance displays from a time on.
    pub(super) fn note(&mut self, at: Time, instance: &Instance) {
        for (video, steps) in self.steps.iter_mut().enumerate() {
            let count = instance.displayed(VideoId::at(video));
            if steps.last().is_some_and(|last| last.1 != count) {
                steps.push((at, count));
            }
        }
    }

    /// The counts displayed for a video at any time from `from` to `until`, both included.
    pub(super) fn shown(&self, video: VideoId, from: Time, until: Time) -> impl Iterator<Item = u64> + '_ {
        let steps = &self.steps[video.index()];
        let first = steps.partition_point(|step| step.0 < from).saturating_sub(1);
        let end = steps.partition_point(|step| step.0 <= until);
        steps[first..end.max(first + 1)].iter().map(|step| step.1)
    }

    /// Whether a count is displayed at any time within a margin of a time.
    pub(super) fn shows(&self, video: VideoId, at: Time, margin: Span, count: u64) -> bool {
        self.shown(video, at.before(margin), at + margin).any(|shown| shown == count)
    }
}
