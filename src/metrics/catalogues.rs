//! Catalogues in records: what is displayed of each class of popularity at each sample, and how wrong that is.
//!
//! All pairs of a video and an instance that shows it are counted with a displayed count of 0 first, as in `display`; those that
//! display viewers (`catalogue_sums`) correct that.

use crate::domain::audience::Audience;
use crate::domain::federation::Federation;
use crate::domain::ranking::CLASSES;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::sparse_counts::SparseCounts;
use crate::metrics::catalogue_sums::{CatalogueSums, ClassSums};
use crate::metrics::counters::Counters;
use crate::metrics::pairs::Sums;
use crate::metrics::seen::SeenSums;
use crate::metrics::uptime::Uptime;
use crate::metrics::views::{ClassViews, Views};
use std::collections::BTreeMap;

/// One class of a catalogue at one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CatalogueRow {
    /// The number of the sample.
    pub sample: usize,
    /// The number of the catalogue.
    pub catalogue: usize,
    /// The class of popularity, from 0.
    pub class: usize,
    /// Its videos that anybody watches.
    pub watched_videos: u64,
    /// Those who watch them.
    pub watching: u64,
    /// What origins display.
    pub origins: Sums,
    /// What followers display.
    pub followers: Sums,
    /// Pairs with a true viewer.
    pub watched_pairs: u64,
    /// Of those, the pairs that show 0.
    pub wrong_zeros: u64,
    /// What viewers see.
    pub seen: SeenSums,
    /// The views counter; none if nobody tells followers of views.
    pub views: Option<ClassViews>,
}

/// One row for each sample, catalogue and class, in this order.
pub(super) fn rows(
    sums: &CatalogueSums,
    federation: &Federation,
    audience: &Audience,
    counters: &Counters,
    views: Option<&Views>,
) -> Vec<CatalogueRow> {
    let catalogues = federation.catalogues.len();
    let place =
        |sample: usize, catalogue: usize, class: usize| (sample * catalogues + catalogue) * CLASSES + class;
    let mut rows = vec![CatalogueRow::default(); counters.samples() * catalogues * CLASSES];
    let mut by_origin: BTreeMap<InstanceId, Vec<(usize, usize, VideoId)>> = BTreeMap::new();
    for (catalogue, ranking) in federation.catalogues.iter().enumerate() {
        let videos = ranking.videos().map(VideoId).filter(|&video| federation.catalogue_of(video).is_some());
        for video in videos {
            let of_origin = by_origin.entry(federation.origin(video)).or_default();
            of_origin.push((catalogue, ranking.class(video), video));
        }
    }
    for (origin, videos) in by_origin {
        let uptime = Uptime::of(origin, federation, counters);
        let mut counts: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for &(catalogue, class, video) in &videos {
            *counts.entry((catalogue, class)).or_default() += 1;
            for (sample, watching) in watched(audience.watching(video), counters) {
                rows[place(sample, catalogue, class)].note_watched(watching, uptime.at(sample));
            }
        }
        for ((catalogue, class), count) in counts {
            for sample in 0..counters.samples() {
                let [at_origin, at_followers] = uptime.at(sample);
                let row = &mut rows[place(sample, catalogue, class)];
                row.origins.pairs += count * at_origin;
                row.followers.pairs += count * at_followers;
            }
        }
    }
    for (&(sample, catalogue), classes) in &sums.0 {
        for (class, sums) in classes.iter().enumerate() {
            rows[place(sample, catalogue, class)].correct(sums);
        }
    }
    let places = (0..counters.samples()).flat_map(|sample| {
        (0..catalogues).flat_map(move |catalogue| (0..CLASSES).map(move |class| (sample, catalogue, class)))
    });
    for ((sample, catalogue, class), row) in places.zip(&mut rows) {
        (row.sample, row.catalogue, row.class) = (sample, catalogue, class);
        row.views = views.map(|_| ClassViews::default());
    }
    for (views, (catalogue, class)) in
        views.iter().flat_map(|views| views.of_classes.keys().map(move |class| (views, *class)))
    {
        for (sample, of_class) in views.of_class(catalogue, class).enumerate() {
            rows[place(sample, catalogue, class)].views = Some(of_class);
        }
    }
    rows
}

/// The counts at the samples that were taken.
fn watched<'a>(counts: &'a SparseCounts, counters: &Counters) -> impl Iterator<Item = (usize, u32)> + 'a {
    let samples = counters.samples();
    counts.iter().take_while(move |(sample, _)| *sample < samples)
}

impl CatalogueRow {
    /// A video with true viewers, as if all instances displayed 0; of these so many are up, its origin and followers.
    fn note_watched(&mut self, watching: u32, [at_origin, at_followers]: [u64; 2]) {
        self.watched_videos += 1;
        self.watching += u64::from(watching);
        self.origins.note_zeros(at_origin, watching);
        self.followers.note_zeros(at_followers, watching);
        self.watched_pairs += at_origin + at_followers;
        self.wrong_zeros += at_origin + at_followers;
    }

    fn correct(&mut self, sums: &ClassSums) {
        sums.origins.correct(&mut self.origins);
        sums.followers.correct(&mut self.followers);
        self.wrong_zeros -= sums.origins.watched + sums.followers.watched;
        self.seen += sums.seen;
    }
}
