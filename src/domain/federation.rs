//! The federation of one cell: its instances, its videos and who follows whom.
//!
//! A follower here is an instance any of whose actors follows an origin: however many do, it is one inbox and one request per
//! broadcast. Nothing here knows about time.

use crate::domain::protocol::{ForwardTo, Rules};
use crate::domain::ranking::Ranking;
use crate::domain::receiving::Receiving;
use crate::foundation::ids::{InstanceId, ListingId, VideoId};
use crate::foundation::random::{Purpose, Seed, unit};
use crate::foundation::units::Span;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The instances, the videos and the follower lists.
#[derive(Clone, Debug)]
pub struct Federation {
    /// By `InstanceId`.
    pub instances: Vec<Instance>,
    /// By `VideoId`: single ones, then those of catalogues; all instances share them.
    pub videos: Arc<[Video]>,
    /// The rankings of the catalogues.
    pub catalogues: Arc<[Ranking]>,
    /// How many things records tell of (`ListingId`): single videos, then catalogues, then the videos of catalogues that are listed
    /// singly.
    pub listings: Listings,
    /// Of each origin of a video: the instances that follow it, in ascending order, itself never among them.
    pub followers: BTreeMap<InstanceId, Vec<InstanceId>>,
}

/// What is fixed about one instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name in scenario and records.
    pub name: String,
    /// Scheme and host, as in `https://origin.example`.
    pub url: String,
    /// The protocol that it speaks.
    pub rules: Rules,
    /// The instance whose host it is: itself, but for further inboxes of one server, which share its machine, connections and
    /// limits.
    pub host: InstanceId,
    /// Whether it is PeerTube; other software receives Views and shows nothing.
    pub is_peertube: bool,
    /// The region of its data centre, a row of the network's latency matrix (0 if there is none).
    pub region: usize,
    /// What its machine can do.
    pub capacity: Capacity,
    /// What it does with what it receives.
    pub receiving: Receiving,
    /// In which way it follows.
    pub follows_as: FollowsAs,
}

/// In which way an instance follows others, which decides what it gets from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowsAs {
    /// Its server follows theirs, and names a shared inbox: it gets all broadcasts.
    #[default]
    Server,
    /// It follows only an account of theirs: it gets what they say themselves; whether it gets what they forward is a rule.
    Account,
    /// Its actor names no shared inbox: it gets nothing.
    NoSharedInbox,
}

/// The capacity of a machine; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Cores, at least 1: what takes CPU time waits for one of them.
    pub cores: Option<u32>,
    /// What it can send, in bits per second, at least 1: one transfer after the other.
    pub uplink_bits_per_s: Option<u64>,
    /// What it can receive, in bits per second, at least 1: one transfer after the other.
    pub downlink_bits_per_s: Option<u64>,
}

/// What is fixed about one video.
#[derive(Clone, Debug)]
pub struct Video {
    /// The name in scenario and records.
    pub name: String,
    /// The instance that owns it.
    pub origin: InstanceId,
    /// How long it is; a live stream has no length.
    pub length: Option<Span>,
    /// What records call it.
    pub listing: ListingId,
}

/// What records tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listings {
    /// Single videos: as many as there are before the first catalogue.
    pub single: u32,
    /// The videos of catalogues that are listed singly, ascending.
    pub detailed: Vec<VideoId>,
}

/// How follower lists are made.
#[derive(Clone, Debug, PartialEq)]
pub enum Follows {
    /// Every instance follows every other.
    Everybody,
    /// Each instance follows each other one independently, so often that the mean is this (at most instances - 1).
    Random {
        /// Mean number of instances that an instance follows.
        mean: f64,
    },
    /// Exactly these edges: (follower, followed).
    Edges(Vec<(InstanceId, InstanceId)>),
}

impl Federation {
    /// Of single videos.
    pub fn new(
        instances: Vec<Instance>,
        videos: impl Into<Arc<[Video]>>,
        followers: BTreeMap<InstanceId, Vec<InstanceId>>,
    ) -> Federation {
        let videos = videos.into();
        let listings = Listings { single: videos.len() as u32, detailed: Vec::new() };
        Federation { instances, videos, catalogues: [].into(), listings, followers }
    }

    /// The videos that records list singly: all that are in no catalogue, and those of catalogues that are to be told in detail.
    pub fn listed(&self) -> impl Iterator<Item = VideoId> + '_ {
        (0..self.listings.single).map(VideoId).chain(self.listings.detailed.iter().copied())
    }

    /// What records call a video.
    pub fn listing(&self, video: VideoId) -> ListingId {
        self.videos[video.index()].listing
    }

    /// The number of the catalogue whose rows tell of a video; none if records list it singly.
    pub fn catalogue_of(&self, video: VideoId) -> Option<usize> {
        let after_singles = self.videos[video.index()].listing.0.checked_sub(self.listings.single)? as usize;
        (after_singles < self.catalogues.len()).then_some(after_singles)
    }

    /// The instance that owns a video.
    pub fn origin(&self, video: VideoId) -> InstanceId {
        self.videos[video.index()].origin
    }

    /// The instance at whose host an inbox is.
    pub fn host(&self, inbox: InstanceId) -> InstanceId {
        self.instances[inbox.index()].host
    }

    /// The instances that follow the origin of a video.
    pub fn followers_of(&self, video: VideoId) -> &[InstanceId] {
        &self.followers[&self.origin(video)]
    }

    /// The instances that show a video: its origin, then the PeerTube followers of the origin.
    pub fn showing(&self, video: VideoId) -> impl Iterator<Item = InstanceId> + '_ {
        let peertube = |id: &InstanceId| self.instances[id.index()].is_peertube;
        std::iter::once(self.origin(video)).chain(self.followers_of(video).iter().copied().filter(peertube))
    }

    /// Whether an instance shows a video.
    pub fn shows(&self, instance: InstanceId, video: VideoId) -> bool {
        self.origin(video) == instance
            || self.instances[instance.index()].is_peertube
                && self.followers_of(video).binary_search(&instance).is_ok()
    }

    /// All instances from the most to the least popular, in an order drawn for each replication (Fisher and Yates, from
    /// the end): one order for all videos, since an instance with many users has them for every video.
    pub fn by_popularity(&self, seed: Seed) -> Vec<InstanceId> {
        let mut order: Vec<_> = (0..self.instances.len()).map(InstanceId::at).collect();
        let mut rng = seed.stream(Purpose::Rank, 0);
        order.shuffle(&mut rng);
        order
    }
}

impl FollowsAs {
    /// Every way, its name and what it means.
    pub const ALL: [(FollowsAs, &'static str, &'static str); 3] = [
        (FollowsAs::Server, "server", "their server follows: they get all broadcasts"),
        (
            FollowsAs::Account,
            "account",
            "they follow only an account: they get what it says, and forwards from releases up to 6.1 only",
        ),
        (FollowsAs::NoSharedInbox, "no-shared-inbox", "their actor names no shared inbox: they get nothing"),
    ];
}

/// The inboxes that an origin's broadcasts go to.
#[derive(Clone, Debug)]
pub struct Inboxes {
    /// Of what it says itself.
    own: Arc<[InstanceId]>,
    /// Of those, the ones that its server's followers have.
    servers: Arc<[InstanceId]>,
}

impl Inboxes {
    /// Those of some followers, in ascending order.
    pub fn new(followers: &[InstanceId], instances: &[Instance]) -> Inboxes {
        let ways = |wanted: &[FollowsAs]| -> Arc<[InstanceId]> {
            let is_wanted = |id: &&InstanceId| wanted.contains(&instances[id.index()].follows_as);
            followers.iter().filter(is_wanted).copied().collect()
        };
        let own = ways(&[FollowsAs::Server, FollowsAs::Account]);
        let servers = ways(&[FollowsAs::Server]);
        Inboxes { servers: if servers.len() == own.len() { Arc::clone(&own) } else { servers }, own }
    }

    /// The recipients of a broadcast by the origin.
    pub fn own(&self) -> &Arc<[InstanceId]> {
        &self.own
    }

    /// Those of these followers, given in ascending order, ascending.
    pub fn own_of(&self, some: &[InstanceId]) -> Vec<InstanceId> {
        self.own.iter().filter(|id| some.binary_search(id).is_ok()).copied().collect()
    }

    /// Those that a forward of an origin with these rules goes to, but for its author's.
    pub fn forwards(&self, rules: &Rules) -> &Arc<[InstanceId]> {
        match rules.forward_to {
            ForwardTo::Everybody => &self.own,
            ForwardTo::ServerFollowers => &self.servers,
        }
    }

    /// A follower is removed.
    pub fn remove(&mut self, follower: InstanceId) {
        let without = |list: &Arc<[InstanceId]>| list.iter().copied().filter(|&id| id != follower).collect();
        let is_one = Arc::ptr_eq(&self.own, &self.servers);
        self.own = without(&self.own);
        self.servers = if is_one { Arc::clone(&self.own) } else { without(&self.servers) };
    }
}

impl Follows {
    /// The follower list of each origin among `count` instances.
    pub fn lists(
        &self,
        count: usize,
        origins: impl IntoIterator<Item = InstanceId>,
        seed: Seed,
    ) -> BTreeMap<InstanceId, Vec<InstanceId>> {
        origins.into_iter().map(|origin| (origin, self.followers_of(origin, count, seed))).collect()
    }

    fn followers_of(&self, origin: InstanceId, count: usize, seed: Seed) -> Vec<InstanceId> {
        let others = (0..count).map(InstanceId::at).filter(|&id| id != origin);
        match self {
            Follows::Everybody => others.collect(),
            Follows::Random { mean } => {
                let mut rng = seed.stream(Purpose::Follows, u64::from(origin.0));
                let share = mean / (count.max(2) - 1) as f64;
                others.filter(|_| unit(&mut rng) < share).collect()
            }
            Follows::Edges(edges) => {
                let mut list: Vec<_> = edges
                    .iter()
                    .filter(|(from, to)| *to == origin && from != to)
                    .map(|(from, _)| *from)
                    .collect();
                list.sort_unstable();
                list.dedup();
                list
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed { seed: 1, replication: 0 };
    const ORIGIN: InstanceId = InstanceId(2);

    fn followers(follows: &Follows, count: usize) -> Vec<u32> {
        follows.lists(count, [ORIGIN], SEED)[&ORIGIN].iter().map(|id| id.0).collect()
    }

    #[test]
    fn everybody_is_everybody_else() {
        assert_eq!(followers(&Follows::Everybody, 4), [0, 1, 3]);
    }

    #[test]
    fn every_order_of_popularity_is_equally_likely() {
        const REPLICATIONS: u32 = 6_000;
        let instance = Instance {
            name: String::new(),
            url: String::new(),
            rules: Rules::preset("v1").expect("a preset"),
            host: InstanceId(0),
            is_peertube: true,
            region: 0,
            capacity: Capacity::default(),
            receiving: Receiving::AT_ONCE,
            follows_as: FollowsAs::Server,
        };
        let federation = Federation::new(vec![instance; 3], [], BTreeMap::new());
        let mut seen = BTreeMap::new();
        for replication in 0..REPLICATIONS {
            let order = federation.by_popularity(Seed { replication, ..SEED });
            *seen.entry(order).or_insert(0) += 1;
        }
        // each of the 6 orders: binomial with mean 1,000 and standard deviation 29
        assert!(seen.len() == 6 && seen.values().all(|count| (884..1_116).contains(count)), "{seen:?}");
    }

    #[test]
    fn edges_are_taken_once_and_never_to_oneself() {
        let edge = |from, to| (InstanceId(from), InstanceId(to));
        let edges = Follows::Edges(vec![edge(3, 2), edge(0, 2), edge(3, 2), edge(2, 2), edge(2, 0)]);
        assert_eq!(followers(&edges, 4), [0, 3]);
    }

    #[test]
    fn a_random_graph_has_its_mean() {
        let lists = Follows::Random { mean: 20.0 }.lists(1_001, (0..1_001).map(InstanceId), SEED);
        let follows: usize = lists.values().map(Vec::len).sum();
        // binomial with mean 20,020 and standard deviation 140
        assert!((19_460..20_580).contains(&follows), "{follows}");
        assert_eq!(followers(&Follows::Random { mean: 1_000.0 }, 1_001).len(), 1_000);
        assert!(followers(&Follows::Random { mean: 0.0 }, 1_001).is_empty());
    }
}
