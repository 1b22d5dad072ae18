//! Seats: at which instances the viewers of a video sit.

use crate::domain::crowd::Spread;
use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::unit;
use rand_chacha::ChaCha8Rng;

/// Where the viewers of one video sit.
pub(super) enum Seats {
    /// Drawn: the weight of each instance added to those before it.
    Weighted(Vec<(InstanceId, f64)>),
    /// In turn.
    Listed(Vec<InstanceId>),
}

impl Seats {
    /// `ranks` has the rank of popularity of each instance.
    pub(super) fn new(spread: &Spread, video: VideoId, federation: &Federation, ranks: &[u32]) -> Seats {
        let origin = federation.origin(video);
        match spread {
            Spread::List(list) => Seats::listed(list.clone(), origin),
            Spread::Weights(weights) => Seats::weighted(weights, origin),
            Spread::Zipf { exponent, origin_share } => {
                let mut others: Vec<_> = federation.showing(video).filter(|&id| id != origin).collect();
                others.sort_unstable_by_key(|id| ranks[id.index()]);
                let ranked: Vec<_> = (1u32..)
                    .zip(others)
                    .map(|(rank, id)| (id, libm::pow(f64::from(rank), -exponent)))
                    .collect();
                let sum: f64 = ranked.iter().map(|&(_, weight)| weight).sum();
                let others = ranked.into_iter().map(|(id, weight)| (id, (1.0 - origin_share) * weight / sum));
                Seats::weighted(
                    &Vec::from_iter(std::iter::once((origin, *origin_share)).chain(others)),
                    origin,
                )
            }
        }
    }

    /// The same, at instances that show the video only.
    pub(super) fn showing(spread: &Spread, video: VideoId, federation: &Federation, ranks: &[u32]) -> Seats {
        let shows = |id: &InstanceId| federation.shows(*id, video);
        let origin = federation.origin(video);
        match spread {
            Spread::List(list) => Seats::listed(list.iter().copied().filter(shows).collect(), origin),
            Spread::Weights(weights) => {
                let weights: Vec<_> = weights.iter().filter(|(id, _)| shows(id)).copied().collect();
                Seats::weighted(&weights, origin)
            }
            Spread::Zipf { .. } => Seats::new(spread, video, federation, ranks),
        }
    }

    /// In turn; all at the origin if there is nobody.
    fn listed(list: Vec<InstanceId>, origin: InstanceId) -> Seats {
        Seats::Listed(if list.is_empty() { vec![origin] } else { list })
    }

    /// By weights; all at the origin if there is no weight.
    fn weighted(weights: &[(InstanceId, f64)], origin: InstanceId) -> Seats {
        let mut sum = 0.0;
        let mut sums = Vec::new();
        for &(instance, weight) in weights.iter().filter(|&&(_, weight)| weight > 0.0) {
            sum += weight;
            sums.push((instance, sum));
        }
        if sums.is_empty() { Seats::Listed(vec![origin]) } else { Seats::Weighted(sums) }
    }

    /// The seat of the viewer of this number in its crowd.
    pub(super) fn of(&self, viewer: u64, rng: &mut ChaCha8Rng) -> InstanceId {
        match self {
            Seats::Listed(list) => list[(viewer % list.len() as u64) as usize],
            Seats::Weighted(sums) => {
                let last = sums.len() - 1;
                let at = unit(rng) * sums[last].1;
                sums[sums.partition_point(|&(_, sum)| sum <= at).min(last)].0
            }
        }
    }
}
