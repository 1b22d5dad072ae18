//! The valid scenario: names resolved to ids, times and shares with their types, every bound checked.
//!
//! Plain values for the layers below; nothing here knows YAML, files or how a scenario was read.

use crate::domain::catalogue::Catalogue;
use crate::domain::crowd::Crowd;
use crate::domain::delivery::Delivery;
use crate::domain::faults::Fault;
use crate::domain::federation::{Capacity, Federation, Follows, FollowsAs, Instance, Listings, Video};
use crate::domain::lies::Lie;
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::protocol::Rules;
use crate::domain::ranking::Ranking;
use crate::domain::receiving::Receiving;
use crate::foundation::ids::{InstanceId, ListingId, VideoId};
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::NetworkModel;
use crate::scenario::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One experiment: a federation, its viewers, and the protocols to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name, fit for a file name.
    pub name: String,
    /// Why it exists, for people.
    pub description: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Replications; with `precision` at most.
    pub replications: u32,
    /// The number of the first of them.
    pub first_replication: u32,
    /// When there are enough replications; none if all are wanted.
    pub precision: Option<Precision>,
    /// What is varied.
    pub sweep: Sweep,
    /// What is to be low at once.
    pub pareto: Option<Pareto>,
    /// When a run ends.
    pub end: End,
    /// The columns of the comparison, at least one, each name once.
    pub compare: Vec<Variant>,
    /// The position in `compare` of the one that others are compared with.
    pub baseline: usize,
    /// The names of the protocols that it defines, in the order of the file.
    pub own_protocols: Vec<String>,
    /// The groups of instances, in the order of the file.
    pub groups: Vec<Group>,
    /// The instances, by `InstanceId`.
    pub instances: Vec<InstanceSpec>,
    /// The names of the regions, as `InstanceSpec::region` counts them; one without a name if there are none.
    pub regions: Vec<String>,
    /// The single videos, by `VideoId`; those of catalogues follow.
    pub videos: Vec<VideoSpec>,
    /// Many videos each.
    pub catalogues: Vec<Catalogue>,
    /// The videos of catalogues that records list singly, with their names.
    pub detailed: BTreeMap<VideoId, String>,
    /// Who follows whom.
    pub follows: Follows,
    /// Who watches.
    pub crowds: Vec<Crowd>,
    /// The network.
    pub network: NetworkModel,
    /// What instances say that is not so.
    pub lies: Vec<Lie>,
    /// What is sent beside Views.
    pub other: OtherTraffic,
    /// What is sampled.
    pub measure: Measure,
    /// Names on the wire.
    pub names: WireNames,
    /// What a run may cost.
    pub limits: Limits,
    /// The bounds that results must keep.
    pub expect: Vec<Expectation>,
    /// How the regression check takes it; none if as it is.
    pub gate: Option<Gate>,
    /// What `fedisim parity` changes first, `path=value` each.
    pub parity: Vec<String>,
    /// Servers of others that take part in live runs, and in no other.
    pub peers: Vec<Peer>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Problem>,
    /// The scenario as canonical YAML with all defaults: a valid scenario file that means the same.
    pub resolved: String,
    /// SHA-256 of `resolved`, 64 hex digits: equal hashes are equal runs.
    pub hash: String,
}

/// With fewer replications an interval of a difference says too little to stop on.
pub const PRECISION_REPLICATIONS_MIN: u32 = 10;

/// When there are enough replications of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// The metric whose difference to the baseline must be known well enough.
    pub metric: String,
    /// Half the width of that difference's interval, as a share of the baseline's mean.
    pub half_width: f64,
}

/// What is varied: values of the file, by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The paths.
    pub parameters: Vec<String>,
    /// Of each point its values, one for each of `parameters`: text as in `--set`, empty where the file's own value holds.
    /// There is always one point.
    pub points: Vec<Vec<String>>,
}

/// What is to be low at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Pareto {
    /// The metric of the cost.
    pub cost: String,
    /// The metric of the error, whose sign does not matter.
    pub error: String,
    /// The errors for which the cheapest choice is told.
    pub errors: Vec<f64>,
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At this time.
    At(Time),
    /// When no session is left and all queues are empty, at the latest at this time.
    Idle {
        /// The latest end.
        at_most: Time,
    },
}

impl End {
    /// The latest time at which the run can end.
    pub fn latest(self) -> Time {
        match self {
            End::At(time) | End::Idle { at_most: time } => time,
        }
    }
}

/// One column of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The name.
    pub name: String,
    /// The name of the protocol of each instance, by `InstanceId`.
    pub protocols: Vec<String>,
    /// The rules of each instance, by `InstanceId`.
    pub rules: Vec<Rules>,
    /// How everybody delivers.
    pub delivery: Delivery,
    /// What each instance does with what it receives, by `InstanceId`.
    pub receiving: Vec<Receiving>,
    /// What goes wrong in this column.
    pub faults: Vec<Fault>,
}

/// Instances that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Its instances, as positions in `Scenario::instances`; at least one.
    pub instances: Range<usize>,
    /// Whether they speak the same protocol in every column.
    pub has_fixed_protocol: bool,
}

/// What is fixed about one instance whatever the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceSpec {
    /// The name.
    pub name: String,
    /// Its group, a position in `Scenario::groups`.
    pub group: usize,
    /// Scheme and host; no two instances share one.
    pub url: String,
    /// The instance whose host it is: itself, but for further inboxes of one server.
    pub host: InstanceId,
    /// Whether it is PeerTube.
    pub is_peertube: bool,
    /// Its region, a position in `Scenario::regions`.
    pub region: usize,
    /// What its machine can do.
    pub capacity: Capacity,
    /// In which way it follows.
    pub follows_as: FollowsAs,
    /// Its first tick, if it is not drawn.
    pub tick_phase: Option<Span>,
    /// Its first flush of follow health, if it is not drawn.
    pub health_phase: Option<Span>,
    /// Its first flush of counted views, if it is not drawn.
    pub update_phase: Option<Span>,
}

/// One video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoSpec {
    /// The name.
    pub name: String,
    /// The instance that owns it: PeerTube.
    pub origin: InstanceId,
    /// Its length; none if it is live.
    pub length: Option<Span>,
}

/// What is sampled, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Time between two samples of the counters.
    pub every: Span,
    /// The first sample.
    pub from: Time,
    /// The width of the buckets of traffic.
    pub bucket: Span,
}

/// How things are called on the wire, beside the instances' own URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireNames {
    /// `https` or `http`.
    pub scheme: String,
    /// The domain of instances without a host.
    pub domain: String,
    /// Characters in a session's id.
    pub session_id_length: usize,
    /// Digits of a video's number in the ids of its Views, at least.
    pub video_id_digits: u32,
    /// The version in the user agent.
    pub version: String,
}

/// What a run may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events of one cell.
    pub events: u64,
    /// Sessions of one cell.
    pub sessions: u64,
    /// Memory of one cell.
    pub memory_bytes: u64,
    /// What a run writes.
    pub output_bytes: u64,
}

/// How the regression check takes a scenario that is too much for it as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// With these changes, `path=value` each.
    Set(Vec<String>),
    /// Not at all, for this reason.
    Skip(String),
}

/// A server that is not simulated, reached by IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The URL of its actor; no two peers share one.
    pub actor: String,
    /// The URL of its inbox.
    pub inbox: String,
    /// The instance whose broadcasts it receives.
    pub follows: Option<InstanceId>,
}

/// A bound that a result must keep. At least one of `min` and `max` is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The metric.
    pub metric: String,
    /// The column, a position in `Scenario::compare`.
    pub variant: usize,
    /// The column whose value divides first, a position in `Scenario::compare`.
    pub relative_to: Option<usize>,
    /// It is at least this.
    pub min: Option<f64>,
    /// It is at most this.
    pub max: Option<f64>,
    /// Whether each replication must keep it; else their mean.
    pub bounds_each: bool,
    /// What a violation means.
    pub severity: Severity,
    /// Source or derivation of the bound.
    pub why: String,
    /// The line of the scenario file, from 1; 0 if it comes from the command line.
    pub line: u32,
    /// The column in characters, from 1; 0 where the line is.
    pub column: u32,
}

/// What the violation of an expectation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run fails.
    Fail,
    /// It is shown.
    Warn,
}

impl Scenario {
    /// The federation of one column and one replication.
    ///
    /// # Panics
    /// When there is no column `variant`.
    pub fn federation(&self, variant: usize, seed: Seed) -> Federation {
        let instance = |((spec, &rules), &receiving): ((&InstanceSpec, &Rules), &Receiving)| Instance {
            name: spec.name.clone(),
            url: spec.url.clone(),
            rules,
            host: spec.host,
            is_peertube: spec.is_peertube,
            region: spec.region,
            capacity: spec.capacity,
            receiving,
            follows_as: spec.follows_as,
        };
        let Variant { rules, receiving, .. } = &self.compare[variant];
        let (videos, catalogues) = self.all_videos(seed);
        let origins: BTreeSet<InstanceId> = videos.iter().map(|video| video.origin).collect();
        Federation {
            instances: self.instances.iter().zip(rules).zip(receiving).map(instance).collect(),
            videos: videos.into(),
            catalogues: catalogues.into(),
            listings: Listings {
                single: self.videos.len() as u32,
                detailed: self.detailed.keys().copied().collect(),
            },
            followers: self.follows.lists(self.instances.len(), origins, seed),
        }
    }

    /// All videos of a replication, and the rankings of the catalogues.
    fn all_videos(&self, seed: Seed) -> (Vec<Video>, Vec<Ranking>) {
        let single = |(id, video): (usize, &VideoSpec)| Video {
            name: video.name.clone(),
            origin: video.origin,
            length: video.length,
            listing: ListingId::at(id),
        };
        let mut videos: Vec<Video> = self.videos.iter().enumerate().map(single).collect();
        let mut rankings = Vec::new();
        for (number, catalogue) in self.catalogues.iter().enumerate() {
            let (owners, ranking) = catalogue.ranking(number as u64, VideoId::at(videos.len()), seed);
            let listing = ListingId::at(self.videos.len() + number);
            let (name, length) = (&catalogue.name, catalogue.length);
            let ranked = (1..).zip(owners);
            videos.extend(ranked.map(|(rank, origin): (u32, _)| Video {
                name: format!("{name}-{rank}"),
                origin,
                length,
                listing,
            }));
            rankings.push(ranking);
        }
        for (number, video) in self.detailed.keys().enumerate() {
            videos[video.index()].listing = ListingId::at(self.videos.len() + self.catalogues.len() + number);
        }
        (videos, rankings)
    }

    /// What records tell of, by `ListingId`: the name.
    pub fn listings(&self) -> Vec<String> {
        let videos = self.videos.iter().map(|video| video.name.clone());
        let catalogues = self.catalogues.iter().map(|catalogue| catalogue.name.clone());
        videos.chain(catalogues).chain(self.detailed.values().cloned()).collect()
    }

    /// The numbers of the replications.
    pub fn replication_numbers(&self) -> Range<u32> {
        self.first_replication..self.first_replication + self.replications
    }

    /// The position in `compare` of the column of this name.
    pub fn variant(&self, name: &str) -> Option<usize> {
        self.compare.iter().position(|variant| variant.name == name)
    }
}
