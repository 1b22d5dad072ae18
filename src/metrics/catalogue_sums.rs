//! What is displayed of catalogues: sums by sample, catalogue and class of popularity, made while samples are taken, so that nothing is
//! kept by video and instance.

use crate::domain::audience::{Audience, Seats};
use crate::domain::federation::Federation;
use crate::domain::ranking::CLASSES;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::metrics::pairs::Sums;
use crate::metrics::seen::SeenSums;
use std::collections::BTreeMap;

/// Which videos of an instance a sample is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those that it owns.
    Own,
    /// Those of others.
    Others,
    /// All.
    All,
}

/// Pairs that display viewers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// The sum of what they display.
    displayed: u64,
    /// The sum of |d - n| - n.
    error_more: i64,
    /// Those with a true viewer somewhere.
    pub(super) watched: u64,
}

/// What one class of a catalogue displays at one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ClassSums {
    pub(super) origins: Shown,
    pub(super) followers: Shown,
    pub(super) seen: SeenSums,
}

/// The sums so far, by sample and catalogue.
#[derive(Clone, Debug, Default)]
pub struct CatalogueSums(pub(super) BTreeMap<(usize, usize), [ClassSums; CLASSES]>);

impl Shown {
    fn note(&mut self, displayed: u64, watching: u32) {
        let watching = u64::from(watching);
        self.displayed += displayed;
        self.error_more += displayed.abs_diff(watching) as i64 - watching as i64;
        self.watched += u64::from(watching > 0);
    }

    fn add(&mut self, other: &Shown) {
        self.displayed += other.displayed;
        self.error_more += other.error_more;
        self.watched += other.watched;
    }

    /// Corrects the sums of pairs that were counted as if they displayed 0.
    pub(super) fn correct(&self, sums: &mut Sums) {
        sums.error += self.displayed as i64;
        sums.error_abs = sums.error_abs.wrapping_add_signed(self.error_more);
    }
}

impl CatalogueSums {
    /// A sample of one instance that is up: `displayed` are the videos of which it displays viewers, and how many, in any order.
    pub fn sample(
        &mut self,
        (federation, audience): (&Federation, &Audience),
        (instance, whose): (InstanceId, Whose),
        sample: usize,
        displayed: impl Iterator<Item = (VideoId, u64)>,
    ) {
        if federation.catalogues.is_empty() {
            return;
        }
        let is_meant = |video: VideoId| match whose {
            Whose::All => true,
            Whose::Own => federation.origin(video) == instance,
            Whose::Others => federation.origin(video) != instance,
        };
        let mut counts: BTreeMap<VideoId, u64> = BTreeMap::new();
        for (video, count) in displayed.filter(|&(video, _)| is_meant(video)) {
            *counts.entry(video).or_default() += count;
        }
        for (&video, &count) in &counts {
            let Some(sums) = self.of(federation, video, sample) else { continue };
            let is_origin = federation.origin(video) == instance;
            let shown = if is_origin { &mut sums.origins } else { &mut sums.followers };
            shown.note(count, audience.watching(video).at(sample));
        }
        for &Seats { video, viewers, .. } in audience.seats(instance, sample) {
            if let Some(sums) = self.of(federation, video, sample).filter(|_| is_meant(video)) {
                let displayed = counts.get(&video).copied().unwrap_or(0);
                let displayed = u32::try_from(displayed).unwrap_or(u32::MAX);
                sums.seen.note(viewers, displayed, audience.watching(video).at(sample));
            }
        }
    }

    /// The sums of the class of a video; none if records list it singly.
    fn of(&mut self, federation: &Federation, video: VideoId, sample: usize) -> Option<&mut ClassSums> {
        let catalogue = federation.catalogue_of(video)?;
        let classes = self.0.entry((sample, catalogue)).or_default();
        Some(&mut classes[federation.catalogues[catalogue].class(video)])
    }

    /// Adds sums of other instances.
    pub fn add(&mut self, other: &CatalogueSums) {
        for (place, classes) in &other.0 {
            let sums = self.0.entry(*place).or_default();
            for (sum, class) in sums.iter_mut().zip(classes) {
                sum.origins.add(&class.origins);
                sum.followers.add(&class.followers);
                sum.seen += class.seen;
            }
        }
    }
}
