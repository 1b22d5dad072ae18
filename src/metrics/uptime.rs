//! Pairs: one sample of one video at one instance that shows it and is up; how many there are, and sums over them.

use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::metrics::counters::Counters;

/// Sums over pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The number of pairs.
    pub pairs: u64,
    /// The sum of |d - n|.
    pub error_abs: u64,
    /// The sum of d - n.
    pub error: i64,
    /// The sum of n.
    pub watching: u64,
}

/// The instances that show the videos of one origin and are up, by sample.
pub(super) struct Uptime {
    pub(super) origin: InstanceId,
    /// By sample: 1 while the origin is up, else 0.
    pub(super) origins: Vec<u64>,
    /// By sample: the PeerTube followers of the origin that are up.
    pub(super) followers: Vec<u64>,
    /// Samples at which one of them is up and was so at the sample before, summed over them.
    pub(super) steps: u64,
}

impl Sums {
    /// So many pairs display 0 beside `watching` true viewers. Does not count the pairs.
    pub(super) fn note_zeros(&mut self, pairs: u64, watching: u32) {
        let watching = pairs * u64::from(watching);
        self.error_abs += watching;
        self.error -= watching as i64;
        self.watching += watching;
    }

    /// One of these pairs displays viewers.
    pub(super) fn correct(&mut self, displayed: u32, watching: u32) {
        self.error += i64::from(displayed);
        self.error_abs += u64::from(displayed.abs_diff(watching));
        self.error_abs -= u64::from(watching);
    }

    /// Both together.
    pub fn with(&self, other: &Sums) -> Sums {
        Sums {
            pairs: self.pairs + other.pairs,
            error_abs: self.error_abs + other.error_abs,
            error: self.error + other.error,
            watching: self.watching + other.watching,
        }
    }
}

impl Uptime {
    pub(super) fn of(origin: InstanceId, federation: &Federation, counters: &Counters) -> Uptime {
        let followers = &federation.followers[&origin];
        let is_follower = |id: &InstanceId| federation.instances[id.index()].is_peertube;
        let count = followers.iter().copied().filter(is_follower).count() as u64;
        let (samples, steps) = (counters.samples(), counters.samples().saturating_sub(1));
        let mut uptime = Uptime {
            origin,
            origins: vec![1; samples],
            followers: vec![count; samples],
            steps: (count + 1) * steps as u64,
        };
        for (id, down) in &counters.down {
            let up = match *id == origin {
                true => &mut uptime.origins,
                false if is_follower(id) && followers.binary_search(id).is_ok() => &mut uptime.followers,
                false => continue,
            };
            for samples in down {
                up[samples.clone()].iter_mut().for_each(|up| *up -= 1);
                // a step ends at a sample; the one behind the last sample is none
                uptime.steps -= (samples.end.min(steps) - samples.start.saturating_sub(1)) as u64;
            }
        }
        uptime
    }

    /// The origins and followers that show the videos and are up at a sample.
    pub(super) fn at(&self, sample: usize) -> [u64; 2] {
        [self.origins[sample], self.followers[sample]]
    }

    /// All instances that show the videos and are up at a sample.
    pub(super) fn all(&self, sample: usize) -> u64 {
        self.origins[sample] + self.followers[sample]
    }
}
