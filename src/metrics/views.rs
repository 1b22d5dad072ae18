//! The views counter: what each instance displays of it against the views that instances have counted of their own viewers.
//!
//! Nothing is kept by video and instance but for videos that records list (`views_groups` says how sums come about all the same).

use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::step_counts::StepCounts;
use std::collections::BTreeMap;

/// Sums over samples, and pairs of a video that was viewed before and an instance that shows it and is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewsSums {
    /// The number of pairs.
    pub pairs: u64,
    /// The sum of v, the views that were counted.
    pub counted: u64,
    /// The sum of d, those that are displayed.
    pub displayed: u64,
    /// The sum of |d - v|.
    pub error_abs: u64,
    /// The sum of the times since the first view that is not displayed, in ns.
    pub lag_ns: u128,
}

/// Views of one class of a catalogue at a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassViews {
    /// The views of its videos that were counted.
    pub counted: i64,
    /// What their owners display of them.
    pub at_origins: i64,
    /// What all followers of each display of it.
    pub at_followers: i64,
    /// What those would display if they knew of all.
    pub followers_counted: i64,
}

/// The views counter of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views {
    /// Of the owners of videos, and of their followers.
    pub sums: [ViewsSums; 2],
    /// The same when the run has ended, as if that were a sample; without times.
    pub at_end: ViewsSums,
    /// The largest difference between two instances that show a video, at a sample.
    pub disagreement_max: u32,
    /// The views that were counted.
    pub counted: u64,
    /// By catalogue and class of those that are not listed, if any was viewed: what changes before each sample.
    pub of_classes: BTreeMap<(usize, usize), Vec<ClassViews>>,
    /// By listed video: the views counted, by sample.
    pub counted_of: BTreeMap<VideoId, StepCounts>,
    /// By listed video and instance: the number displayed, by sample.
    pub displayed_of: BTreeMap<(VideoId, InstanceId), StepCounts>,
}

impl ViewsSums {
    /// Both together.
    pub(super) fn with(&self, other: &ViewsSums) -> ViewsSums {
        ViewsSums {
            pairs: self.pairs + other.pairs,
            counted: self.counted + other.counted,
            displayed: self.displayed + other.displayed,
            error_abs: self.error_abs + other.error_abs,
            lag_ns: self.lag_ns + other.lag_ns,
        }
    }
}

impl Views {
    /// The views of a listed video that were counted by a sample.
    pub fn counted(&self, video: VideoId, sample: usize) -> u32 {
        self.counted_of.get(&video).map_or(0, |counts| counts.at(sample))
    }

    /// The views of a class of a catalogue at each sample; none if nobody viewed it.
    pub fn of_class(&self, catalogue: usize, class: usize) -> impl Iterator<Item = ClassViews> {
        let changes = self.of_classes.get(&(catalogue, class)).into_iter().flatten();
        changes.scan(ClassViews::default(), |views, change| {
            views.counted += change.counted;
            views.at_origins += change.at_origins;
            views.at_followers += change.at_followers;
            views.followers_counted += change.followers_counted;
            Some(*views)
        })
    }

    /// What an instance displays of a listed video at a sample, or would display if it were up.
    pub fn displayed(&self, video: VideoId, instance: InstanceId, sample: usize) -> u32 {
        self.displayed_of.get(&(video, instance)).map_or(0, |counts| counts.at(sample))
    }
}
