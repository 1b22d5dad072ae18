//! Catalogues: many videos of one kind, who owns them, and which of them people choose.
//!
//! The videos of a catalogue are numbered by rank: the first is the one that is watched most. Who owns which is drawn for each
//! replication; how much each is watched follows from Zipf's law. Nothing here knows when people come or where they sit.

use crate::domain::crowd::{Clients, Drawn};
use crate::domain::ranking::Ranking;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::Span;
use rand::seq::SliceRandom;

/// Many videos, and the people who come to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// The name.
    pub name: String,
    /// The instances that may own a video of it, at least one, ascending.
    pub owners: Vec<InstanceId>,
    /// How many videos there are, and of whom.
    pub videos: VideoCounts,
    /// How the viewing is shared out.
    pub popularity: Popularity,
    /// How long each video is; none if they are live.
    pub length: Option<Span>,
    /// Who comes.
    pub visits: Drawn,
    /// How their players report.
    pub clients: Clients,
}

/// How many videos the owners of a catalogue have.
#[derive(Clone, Debug, PartialEq)]
pub enum VideoCounts {
    /// Each the same number.
    Each(u32),
    /// By owner.
    Listed(Vec<u32>),
    /// So many in all, shared out by Zipf's law over owners in an order that is drawn: the largest remainders get one more.
    Zipf {
        /// All videos.
        total: u32,
        /// The exponent.
        exponent: f64,
    },
}

/// How the viewing of a catalogue is shared out among its videos.
#[derive(Clone, Debug, PartialEq)]
pub struct Popularity {
    /// The exponent of Zipf's law over ranks: over those of all videos, or over those of each owner if `owners` says the owners' shares.
    pub exponent: f64,
    /// By owner: what its videos have of the viewing, in any unit. Where all are 0, or there are none, an owner's share follows from the
    /// ranks of its videos.
    pub owners: Option<Vec<f64>>,
}

impl Catalogue {
    /// The number of its videos.
    pub fn count(&self) -> u64 {
        match &self.videos {
            VideoCounts::Each(each) => u64::from(*each) * self.owners.len() as u64,
            VideoCounts::Listed(counts) => counts.iter().map(|&count| u64::from(count)).sum(),
            VideoCounts::Zipf { total, .. } => u64::from(*total),
        }
    }

    /// The owners of its videos in a replication, by rank, and the ranking. `number` is that of the catalogue, `first` the video of
    /// rank 1.
    pub fn ranking(&self, number: u64, first: VideoId, seed: Seed) -> (Vec<InstanceId>, Ranking) {
        let counts = self.counts(number, seed);
        let owned: Vec<(InstanceId, u32)> = self.owners.iter().copied().zip(counts).collect();
        let shares = self.popularity.owners.as_ref().filter(|shares| {
            let owned = owned.iter().zip(*shares);
            owned.map(|((_, count), share)| if *count > 0 { *share } else { 0.0 }).sum::<f64>() > 0.0
        });
        let ranked = match shares {
            Some(shares) => by_shares(&owned, shares, self.popularity.exponent),
            None => by_rank(&owned, self.popularity.exponent, number, seed),
        };
        let (owners, viewing): (Vec<_>, Vec<_>) = ranked.into_iter().unzip();
        (owners, Ranking::new(first, &viewing))
    }

    /// By owner: its videos.
    fn counts(&self, number: u64, seed: Seed) -> Vec<u32> {
        match &self.videos {
            VideoCounts::Each(each) => vec![*each; self.owners.len()],
            VideoCounts::Listed(counts) => counts.clone(),
            VideoCounts::Zipf { total, exponent } => {
                let mut order: Vec<usize> = (0..self.owners.len()).collect();
                order.shuffle(&mut seed.stream(Purpose::Shelf, 2 * number));
                let mut counts = vec![0; order.len()];
                for (owner, count) in order.into_iter().zip(shared_out(*total, self.owners.len(), *exponent))
                {
                    counts[owner] = count;
                }
                counts
            }
        }
    }
}

/// `total` shared out over so many ranks by Zipf's law, the first ranks first to get what rounding leaves.
fn shared_out(total: u32, ranks: usize, exponent: f64) -> Vec<u32> {
    let weights: Vec<f64> = (1..=ranks).map(|rank| zipf(rank, exponent)).collect();
    let sum: f64 = weights.iter().sum();
    let exact = |weight: &f64| f64::from(total) * weight / sum;
    let mut counts: Vec<u32> = weights.iter().map(|weight| exact(weight) as u32).collect();
    let mut by_remainder: Vec<usize> = (0..ranks).collect();
    let remainder = |rank: usize| exact(&weights[rank]) - f64::from(counts[rank]);
    by_remainder.sort_by(|&one, &other| remainder(other).total_cmp(&remainder(one)));
    let given: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let left = u64::from(total).saturating_sub(given) as usize;
    by_remainder.iter().take(left).for_each(|&rank| counts[rank] += 1);
    counts
}

fn zipf(rank: usize, exponent: f64) -> f64 {
    libm::pow(rank as f64, -exponent)
}

/// One law over the ranks of all videos; whose video has which rank is drawn.
fn by_rank(owned: &[(InstanceId, u32)], exponent: f64, number: u64, seed: Seed) -> Vec<(InstanceId, f64)> {
    let of_owner = |&(owner, count): &(InstanceId, u32)| std::iter::repeat_n(owner, count as usize);
    let mut owners: Vec<InstanceId> = owned.iter().flat_map(of_owner).collect();
    owners.shuffle(&mut seed.stream(Purpose::Shelf, 2 * number + 1));
    (1..).zip(owners).map(|(rank, owner)| (owner, zipf(rank, exponent))).collect()
}

/// Each owner's share of the viewing, and the law over the ranks of its own videos.
fn by_shares(owned: &[(InstanceId, u32)], shares: &[f64], exponent: f64) -> Vec<(InstanceId, f64)> {
    let mut ranked: Vec<(InstanceId, f64)> = Vec::new();
    for (&(owner, count), share) in owned.iter().zip(shares) {
        let weights: Vec<f64> = (1..=count as usize).map(|rank| zipf(rank, exponent)).collect();
        let sum: f64 = weights.iter().sum();
        ranked.extend(weights.iter().map(|weight| (owner, share * weight / sum)));
    }
    // stable: where two are watched alike, the one of the owner with the lower number is first
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    ranked
}

#[cfg(test)]
mod tests;
