//! Changes of the numbers of views that instances display: how many went from which to which before a sample.

use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::step_counts::StepCounts;
use crate::mechanism::views::DisplayedViews;
use std::collections::BTreeMap;

/// So many instances display another number of views from a sample on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Move {
    pub(super) video: VideoId,
    /// The first sample that finds the number after it.
    pub(super) sample: u32,
    pub(super) is_origin: bool,
    /// None where they were down and displayed nothing.
    pub(super) before: Option<u32>,
    /// Likewise, now.
    pub(super) after: Option<u32>,
    pub(super) instances: u32,
}

/// The moves of some instances, and the numbers that they display of listed videos.
#[derive(Clone, Debug, Default)]
pub struct ViewsMoves {
    pub(super) moves: Vec<Move>,
    /// So many of them, from the first on, are in order, and no two could be one.
    merged: usize,
    pub(super) displayed: BTreeMap<(VideoId, InstanceId), StepCounts>,
}

impl ViewsMoves {
    /// The number that an instance displays has changed; `sample` is the first one that finds it.
    pub fn note(
        &mut self,
        federation: &Federation,
        instance: InstanceId,
        change: &DisplayedViews,
        sample: u32,
    ) {
        let &DisplayedViews { video, before, after } = change;
        if !federation.shows(instance, video) {
            return;
        }
        let is_origin = federation.origin(video) == instance;
        self.moves.push(Move {
            video,
            sample,
            is_origin,
            before: Some(before),
            after: Some(after),
            instances: 1,
        });
        self.note_number(federation, instance, change, sample);
    }

    /// The same of an instance that is down, which is no move.
    pub(super) fn note_number(
        &mut self,
        federation: &Federation,
        instance: InstanceId,
        change: &DisplayedViews,
        sample: u32,
    ) {
        let &DisplayedViews { video, after, .. } = change;
        if federation.shows(instance, video) && federation.catalogue_of(video).is_none() {
            self.displayed.entry((video, instance)).or_default().set(sample, after);
        }
    }

    /// Equal moves become one.
    pub fn merge(&mut self) {
        let tail = self.moves.split_off(self.merged);
        self.moves.extend(merged(tail));
        self.merged = self.moves.len();
    }

    /// Adds those of other instances.
    pub fn add(&mut self, other: ViewsMoves) {
        self.moves.extend(other.moves);
        self.displayed.extend(other.displayed);
    }
}

/// In order, equal ones as one.
pub(super) fn merged(mut moves: Vec<Move>) -> Vec<Move> {
    moves.sort_unstable();
    moves.dedup_by(|next, kept| {
        let is_same = Move { instances: kept.instances, ..*next } == *kept;
        if is_same {
            kept.instances += next.instances;
        }
        is_same
    });
    moves
}
