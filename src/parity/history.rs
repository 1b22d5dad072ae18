//! The display of an instance over time.

use crate::cell::Cell;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The instances of a cell before its first event.
pub(super) fn instances(cell: &Cell) -> Vec<Instance> {
    let start = |(id, instance): (usize, &crate::domain::federation::Instance)| {
        Instance::new(InstanceId::at(id), instance.rules, Arc::clone(&cell.federation.videos))
    };
    cell.federation.instances.iter().enumerate().map(start).collect()
}

/// What one instance displays over time: 0 of each video from T0 on, until it is noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DisplayHistory {
    /// By video of which it ever displays a viewer: each count and the time from which it is displayed, in order.
    steps: BTreeMap<VideoId, Vec<(Time, u64)>>,
}

/// The steps of a video of which no viewer is ever displayed.
const NO_STEPS: [(Time, u64); 1] = [(Time::ZERO, 0)];

impl DisplayHistory {
    /// The videos of which it ever displays a viewer.
    pub(super) fn videos(&self) -> impl Iterator<Item = VideoId> + '_ {
        self.steps.keys().copied()
    }

    /// Notes what an instance displays from a time on.
    pub(super) fn note(&mut self, at: Time, instance: &Instance) {
        for (video, _) in instance.displays() {
            self.steps.entry(video).or_insert_with(|| NO_STEPS.to_vec());
        }
        for (&video, steps) in &mut self.steps {
            let count = instance.displayed(video);
            if steps.last().is_some_and(|last| last.1 != count) {
                steps.push((at, count));
            }
        }
    }

    /// The counts displayed for a video at any time from `from` to `until`, both included.
    pub(super) fn shown(&self, video: VideoId, from: Time, until: Time) -> impl Iterator<Item = u64> + '_ {
        let steps = self.steps.get(&video).map_or(&NO_STEPS[..], Vec::as_slice);
        let first = steps.partition_point(|step| step.0 < from).saturating_sub(1);
        let end = steps.partition_point(|step| step.0 <= until);
        steps[first..end.max(first + 1)].iter().map(|step| step.1)
    }

    /// Whether a count is displayed at any time within a margin of a time.
    pub(super) fn shows(&self, video: VideoId, at: Time, margin: Span, count: u64) -> bool {
        self.shown(video, at.before(margin), at + margin).any(|shown| shown == count)
    }
}
