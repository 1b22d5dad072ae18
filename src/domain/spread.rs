//! At which instances the viewers of a crowd sit. When they come, and how long they watch, is not known here.

use crate::domain::federation::Federation;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::unit;
use rand_chacha::ChaCha8Rng;

/// At which instance a viewer sits.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// A share sits at the origin, the others at the instances that show the video beside it, by Zipf's law over ranks that are drawn for each replication.
    Zipf {
        /// The exponent (1.08 for users per instance).
        exponent: f64,
        /// The share of viewers at the origin, from 0 to 1.
        origin_share: f64,
    },
    /// A share sits at the origin, the others at the instances that show the video beside it, in proportion to their sizes.
    Sizes {
        /// The share of viewers at the origin, from 0 to 1.
        origin_share: f64,
        /// The size of each instance, ascending by instance; those that are not here have none.
        sizes: Vec<(InstanceId, f64)>,
    },
    /// In proportion to weights.
    Weights(Vec<(InstanceId, f64)>),
    /// One after another, again from the start when the list is through.
    List(Vec<InstanceId>),
}

/// The instances that show a video beside its origin.
fn others_that_show(video: VideoId, federation: &Federation) -> impl Iterator<Item = InstanceId> + '_ {
    federation.showing(video).skip(1)
}

/// Where the viewers of one video sit.
pub(super) enum Seats {
    /// Drawn: the weight of each instance added to those before it.
    Weighted(Vec<(InstanceId, f64)>),
    /// In turn.
    Listed(Vec<InstanceId>),
}

impl Seats {
    /// Those of a crowd of a video; `ranks` has the rank of popularity of each instance.
    pub(super) fn new(spread: &Spread, video: VideoId, federation: &Federation, ranks: &[u32]) -> Seats {
        let origin = federation.origin(video);
        match spread {
            Spread::List(list) => Seats::listed(list.clone(), origin),
            Spread::Weights(weights) => Seats::weighted(weights, origin),
            Spread::Zipf { exponent, origin_share } => {
                let mut others: Vec<_> = others_that_show(video, federation).collect();
                others.sort_unstable_by_key(|id| ranks[id.index()]);
                let weight = |(rank, id): (u32, _)| (id, libm::pow(f64::from(rank), -exponent));
                Seats::beside(origin, *origin_share, (1u32..).zip(others).map(weight).collect())
            }
            Spread::Sizes { origin_share, sizes } => {
                let size = |id: InstanceId| {
                    let place = sizes.binary_search_by_key(&id, |size| size.0).ok()?;
                    Some((id, sizes[place].1))
                };
                let others = others_that_show(video, federation).filter_map(size);
                Seats::beside(origin, *origin_share, others.collect())
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
            Spread::Zipf { .. } | Spread::Sizes { .. } => Seats::new(spread, video, federation, ranks),
        }
    }

    /// In turn; all at the origin if there is nobody.
    fn listed(list: Vec<InstanceId>, origin: InstanceId) -> Seats {
        Seats::Listed(if list.is_empty() { vec![origin] } else { list })
    }

    /// A share at the origin, the rest at others by their weights.
    fn beside(origin: InstanceId, share: f64, others: Vec<(InstanceId, f64)>) -> Seats {
        let sum: f64 = others.iter().map(|&(_, weight)| weight).sum();
        let others = others.into_iter().map(|(id, weight)| (id, (1.0 - share) * weight / sum));
        Seats::weighted(&Vec::from_iter(std::iter::once((origin, share)).chain(others)), origin)
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
