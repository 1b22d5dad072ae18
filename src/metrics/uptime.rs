//! How many pairs there are: the instances that show the videos of an origin and are up, at each sample.

use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::metrics::counters::Counters;

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
