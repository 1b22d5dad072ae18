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
        let mut counts: Vec<(VideoId, u64)> = displayed.filter(|&(video, _)| is_meant(video)).collect();
        counts.sort_unstable_by_key(|count| count.0);
        counts.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
        let mut sums = SampleSums { federation, sample, all: self, open: None };
        for &(video, count) in &counts {
            let Some(sums) = sums.of(video) else { continue };
            let is_origin = federation.origin(video) == instance;
            let shown = if is_origin { &mut sums.origins } else { &mut sums.followers };
            shown.note(count, audience.watching(video).at(sample));
        }
        for &Seats { video, viewers, .. } in audience.seats(instance, sample) {
            if let Some(sums) = sums.of(video).filter(|_| is_meant(video)) {
                let place = counts.binary_search_by_key(&video, |count| count.0);
                let displayed = place.map_or(0, |place| counts[place].1);
                let displayed = u32::try_from(displayed).unwrap_or(u32::MAX);
                sums.seen.note(viewers, displayed, audience.watching(video).at(sample));
            }
        }
        sums.close();
    }

    /// Adds sums of other instances.
    pub fn add(&mut self, other: &CatalogueSums) {
        other.0.iter().for_each(|(place, classes)| self.add_classes(*place, classes));
    }

    fn add_classes(&mut self, place: (usize, usize), classes: &[ClassSums; CLASSES]) {
        let sums = self.0.entry(place).or_default();
        for (sum, class) in sums.iter_mut().zip(classes) {
            sum.origins.add(&class.origins);
            sum.followers.add(&class.followers);
            sum.seen += class.seen;
        }
    }
}

/// The sums of one instance at one sample, while they are made: videos come in ascending order, so mostly the next is of the same catalogue.
struct SampleSums<'s> {
    federation: &'s Federation,
    sample: usize,
    all: &'s mut CatalogueSums,
    /// Of the catalogue of the last video.
    open: Option<(usize, [ClassSums; CLASSES])>,
}

impl SampleSums<'_> {
    /// The sums of the class of a video; none if records list it singly.
    fn of(&mut self, video: VideoId) -> Option<&mut ClassSums> {
        let catalogue = self.federation.catalogue_of(video)?;
        if self.open.as_ref().is_none_or(|open| open.0 != catalogue) {
            self.close();
        }
        let (_, classes) = self.open.get_or_insert_with(|| (catalogue, Default::default()));
        Some(&mut classes[self.federation.catalogues[catalogue].class(video)])
    }

    /// Adds what is open to the sums of all instances.
    fn close(&mut self) {
        if let Some((catalogue, classes)) = self.open.take() {
            self.all.add_classes((self.sample, catalogue), &classes);
        }
    }
}
