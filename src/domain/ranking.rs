//! Rankings: the videos of a catalogue by how much they are watched, and their classes of popularity.

use crate::foundation::ids::VideoId;
use std::ops::Range;

/// The classes of popularity: each has a tenth of the viewing, by rank.
pub const CLASSES: usize = 10;

/// The videos of a catalogue in one replication.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The video of rank 1; the others follow.
    first: VideoId,
    /// By rank: the viewing of this video and all before it.
    sums: Vec<f64>,
    /// By class: its first rank, counted from 0; and behind the last class the number of videos.
    class_starts: [u32; CLASSES + 1],
}

impl Ranking {
    /// Of videos that are watched so much, in descending order.
    pub(super) fn new(first: VideoId, viewing: &[f64]) -> Ranking {
        let mut sum = 0.0;
        let sums: Vec<f64> = viewing
            .iter()
            .map(|viewing| {
                sum += viewing;
                sum
            })
            .collect();
        // a video is in the class in which the viewing of those before it ends
        let start = |class: usize| {
            let before = sum * class as f64 / CLASSES as f64;
            let inside = sums.partition_point(|sum| *sum < before);
            if class == 0 { 0 } else { (inside + 1).min(sums.len()) as u32 }
        };
        let mut class_starts = [sums.len() as u32; CLASSES + 1];
        (0..CLASSES).for_each(|class| class_starts[class] = start(class));
        Ranking { first, sums, class_starts }
    }

    /// Its videos.
    pub fn videos(&self) -> Range<u32> {
        self.first.0..self.first.0 + self.sums.len() as u32
    }

    /// The video at a share of the viewing, from 0 to below 1; none if there is no video.
    pub fn at_share(&self, share: f64) -> Option<VideoId> {
        let last = self.sums.len().checked_sub(1)?;
        let at = share * self.sums[last];
        let rank = self.sums.partition_point(|&sum| sum <= at).min(last);
        Some(VideoId(self.first.0 + rank as u32))
    }

    /// The class of popularity of one of its videos, from 0.
    pub fn class(&self, video: VideoId) -> usize {
        let rank = video.0 - self.first.0;
        self.class_starts.partition_point(|start| *start <= rank).min(CLASSES) - 1
    }
}
