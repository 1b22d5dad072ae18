//! The definitions of all metrics: name, unit, which way is better, meaning and formula, and the function that computes
//! it. `fedisim metrics` prints this table, the documentation holds it, and nothing else computes a metric.

use crate::domain::federation::Federation;
use crate::metrics::Observed;
use crate::metrics::display::{Display, Sums};
use crate::metrics::traffic::{self, Direction};
use crate::words::ids::{InstanceId, VideoId};
use std::collections::BTreeSet;

/// A metric as people read it.
pub struct Definition {
    /// The name in records and in `expect:`.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What it says.
    pub doc: &'static str,
    /// How it is computed, in the symbols of `SYMBOLS`.
    pub formula: &'static str,
    compute: fn(&Basis<'_>) -> Option<Value>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less.
    Lower,
    /// More.
    Higher,
    /// The nearer to zero, from either side.
    NearerZero,
    /// Neither: it describes the load, not the protocol.
    None,
}

/// The value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A count.
    Count(u64),
    /// A quotient, divided once.
    Real(f64),
}

/// The symbols that formulas use.
pub const SYMBOLS: &str = "\
d: displayed count; n: true viewers, the sessions with start <= t < end, anywhere; o: the displayed count of the video's origin
pair: one sample of one video at one instance that shows it (its origin, or a PeerTube follower of its origin); mean: over pairs
viewer traffic: Views that say who watches (viewers, totals, forwarded or not); all view traffic: plain views too, which count views
origin: the instance that owns the video; bytes: head and body of requests over HTTP/1.1, without TCP and TLS";

/// What metrics are computed from.
struct Basis<'a> {
    observed: &'a Observed,
    display: Display,
    /// Sums over the rows of the class, in the order of `Class`, sent and received.
    classes: [[traffic::Sums; 2]; 4],
    sent: traffic::Sums,
    viewer_sent: traffic::Sums,
    origin_sent: traffic::Sums,
    viewer_origin_sent: traffic::Sums,
    received: traffic::Sums,
}

/// Who pays.
#[derive(Clone, Copy)]
enum Class {
    Origin,
    WithViewers,
    WithoutViewers,
    NotPeertube,
}

impl Definition {
    /// The definition of a name, if there is one.
    pub fn named(name: &str) -> Option<&'static Definition> {
        DEFINITIONS.iter().find(|definition| definition.name == name)
    }
}

impl Better {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::NearerZero => "nearer zero",
            Better::None => "-",
        }
    }
}

/// Counts as integers, quotients as the shortest text that reads back to the same float.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Count(count) => write!(f, "{count}"),
            Value::Real(real) => write!(f, "{real}"),
        }
    }
}

/// All metrics of a cell that have a value (a mean over nothing has none), in the order of `DEFINITIONS`.
pub fn compute(
    observed: &Observed,
    federation: &Federation,
    with_viewers: &BTreeSet<InstanceId>,
) -> Vec<(&'static Definition, Value)> {
    let basis = Basis::of(observed, federation, with_viewers);
    let value = |definition: &'static Definition| Some((definition, (definition.compute)(&basis)?));
    DEFINITIONS.iter().filter_map(value).collect()
}

impl<'a> Basis<'a> {
    fn of(observed: &'a Observed, federation: &Federation, with_viewers: &BTreeSet<InstanceId>) -> Basis<'a> {
        let owners: BTreeSet<InstanceId> = federation.videos.iter().map(|video| video.origin).collect();
        let class = |instance: InstanceId| {
            if owners.contains(&instance) {
                Class::Origin
            } else if !federation.instances[instance.index()].is_peertube {
                Class::NotPeertube
            } else if with_viewers.contains(&instance) {
                Class::WithViewers
            } else {
                Class::WithoutViewers
            }
        };
        let mut basis = Basis {
            observed,
            display: Display::of(&observed.counters),
            classes: Default::default(),
            sent: traffic::Sums::default(),
            viewer_sent: traffic::Sums::default(),
            origin_sent: traffic::Sums::default(),
            viewer_origin_sent: traffic::Sums::default(),
            received: traffic::Sums::default(),
        };
        for row in &observed.traffic {
            let instance = InstanceId(row.instance);
            let is_origin = federation.origin(VideoId(row.video)) == instance;
            let is_viewer = row.kind.is_viewer_traffic();
            basis.classes[class(instance) as usize][row.direction as usize].add(&row.sums);
            if row.direction == Direction::In {
                basis.received.add(&row.sums);
                continue;
            }
            basis.sent.add(&row.sums);
            if is_viewer {
                basis.viewer_sent.add(&row.sums);
            }
            if is_origin {
                basis.origin_sent.add(&row.sums);
            }
            if is_origin && is_viewer {
                basis.viewer_origin_sent.add(&row.sums);
            }
        }
        basis
    }

    fn class(&self, class: Class, direction: Direction) -> &traffic::Sums {
        &self.classes[class as usize][direction as usize]
    }
}

fn count(count: u64) -> Option<Value> {
    Some(Value::Count(count))
}

/// The one division of a metric; none over nothing.
fn ratio(numerator: i64, denominator: u64) -> Option<Value> {
    (denominator > 0).then(|| Value::Real(numerator as f64 / denominator as f64))
}

fn mean_abs(sums: &Sums) -> Option<Value> {
    ratio(sums.error_abs as i64, sums.pairs)
}

fn bias(sums: &Sums) -> Option<Value> {
    ratio(sums.error, sums.pairs)
}

fn displayed(sums: &Sums) -> Option<Value> {
    ratio(sums.error + sums.watching as i64, sums.pairs)
}

macro_rules! definitions {
    ($($name:literal, $unit:literal, $better:ident, $doc:literal, $formula:literal, $compute:expr;)+) => {
        /// Every metric.
        pub const DEFINITIONS: &[Definition] = &[$(Definition {
            name: $name,
            unit: $unit,
            better: Better::$better,
            doc: $doc,
            formula: $formula,
            compute: $compute,
        },)+];
    };
}

definitions! {
    "viewer_messages_sent", "messages", Lower, "viewer traffic: requests begun, by everybody",
        "count of requests that carry a viewer or a total", |b| count(b.viewer_sent.messages);
    "viewer_bytes_sent", "bytes", Lower, "viewer traffic: bytes of those requests",
        "sum of head + body of those", |b| count(b.viewer_sent.request_bytes());
    "messages_sent", "messages", Lower, "all view traffic: requests begun, by everybody",
        "count of all requests", |b| count(b.sent.messages);
    "bytes_sent", "bytes", Lower, "all view traffic: bytes of those requests",
        "sum of head + body of those", |b| count(b.sent.request_bytes());
    "messages_delivered", "messages", None, "requests that arrived",
        "count of requests that arrived before the end", |b| count(b.received.messages);
    "messages_lost", "messages", None, "requests that the network lost",
        "messages_sent - messages_delivered - messages_in_flight", |b| count(b.observed.messages_lost);
    "messages_in_flight", "messages", None, "unfinished: requests under way when the run ended",
        "count of requests that had neither arrived nor were lost", |b| count(b.observed.messages_in_flight);
    "response_bytes", "bytes", Lower, "bytes of the responses to requests that arrived",
        "sum over requests that arrived", |b| count(b.received.response_bytes);
    "origin_viewer_messages_sent", "messages", Lower, "viewer traffic: requests begun by the origin of the video",
        "as viewer_messages_sent, sender = origin", |b| count(b.viewer_origin_sent.messages);
    "origin_viewer_bytes_sent", "bytes", Lower, "viewer traffic: bytes of those requests",
        "as viewer_bytes_sent, sender = origin", |b| count(b.viewer_origin_sent.request_bytes());
    "origin_messages_sent", "messages", Lower, "all view traffic: requests begun by the origin of the video",
        "as messages_sent, sender = origin", |b| count(b.origin_sent.messages);
    "origin_bytes_sent", "bytes", Lower, "all view traffic: bytes of those requests",
        "as bytes_sent, sender = origin", |b| count(b.origin_sent.request_bytes());
    "origin_bytes_per_s_peak", "bytes/s", Lower, "the most that one origin sends in one second about its videos",
        "max over origins and over seconds [k, k + 1) of head + body", |b| count(b.observed.origin_bytes_per_s_peak);
    "payer_origin_bytes_out", "bytes", Lower, "who pays: sent by instances that own a video",
        "sum of head + body of requests that they begin", |b| count(b.class(Class::Origin, Direction::Out).request_bytes());
    "payer_origin_bytes_in", "bytes", Lower, "who pays: received by instances that own a video",
        "sum of head + body of requests that reach them", |b| count(b.class(Class::Origin, Direction::In).request_bytes());
    "payer_with_viewers_bytes_out", "bytes", Lower, "who pays: sent by other instances with viewers of their own",
        "as payer_origin_bytes_out", |b| count(b.class(Class::WithViewers, Direction::Out).request_bytes());
    "payer_with_viewers_bytes_in", "bytes", Lower, "who pays: received by other instances with viewers of their own",
        "as payer_origin_bytes_in", |b| count(b.class(Class::WithViewers, Direction::In).request_bytes());
    "payer_without_viewers_bytes_out", "bytes", Lower, "who pays: sent by PeerTube instances without viewers",
        "as payer_origin_bytes_out", |b| count(b.class(Class::WithoutViewers, Direction::Out).request_bytes());
    "payer_without_viewers_bytes_in", "bytes", Lower, "who pays: received by PeerTube instances without viewers",
        "as payer_origin_bytes_in", |b| count(b.class(Class::WithoutViewers, Direction::In).request_bytes());
    "payer_not_peertube_bytes_in", "bytes", Lower, "who pays: received by followers that are not PeerTube and show nothing",
        "as payer_origin_bytes_in", |b| count(b.class(Class::NotPeertube, Direction::In).request_bytes());
    "display_error_mean_abs", "viewers", Lower, "how far displayed counts are from the true viewers",
        "mean of |d - n|", |b| mean_abs(&b.display.all());
    "display_error_bias", "viewers", NearerZero, "whether they show too many (+) or too few (-)",
        "mean of d - n", |b| bias(&b.display.all());
    "display_error_relative", "share", Lower, "the same as a share of the true viewers",
        "sum of |d - n| / sum of n", |b| ratio(b.display.all().error_abs as i64, b.display.all().watching);
    "display_error_at_peak", "viewers", Lower, "how far they are off when most people watch",
        "mean of |d - n| over the first sample of each video with the largest n", |b| mean_abs(&b.display.at_peak);
    "origin_display_error_mean_abs", "viewers", Lower, "the same of origins only",
        "mean of |o - n|", |b| mean_abs(&b.display.origins);
    "origin_display_error_bias", "viewers", NearerZero, "the same of origins only",
        "mean of o - n", |b| bias(&b.display.origins);
    "followers_display_error_mean_abs", "viewers", Lower, "the same of followers only",
        "mean of |d - n| over followers", |b| mean_abs(&b.display.followers);
    "followers_display_error_bias", "viewers", NearerZero, "the same of followers only",
        "mean of d - n over followers", |b| bias(&b.display.followers);
    "expiry_bias", "viewers", NearerZero, "first part of the error: expiry and ticks make even the origin show too many",
        "mean of o - n over origins", |b| bias(&b.display.origins);
    "federation_error", "viewers", NearerZero, "second part: what followers show beside that of the origin",
        "mean of d - o over followers", |b| ratio(b.display.federation_error, b.display.followers.pairs);
    "federation_error_mean_abs", "viewers", Lower, "the same without regard to sign",
        "mean of |d - o| over followers", |b| ratio(b.display.federation_error_abs as i64, b.display.followers.pairs);
    "disagreement_max", "viewers", Lower, "the largest difference between two instances at one moment",
        "max over samples of (max d - min d)", |b| count(u64::from(b.display.disagreement_max));
    "wrong_zero_share", "share", Lower, "share of time and instances that show 0 while somebody watches",
        "pairs with d = 0 and n > 0 / pairs with n > 0", |b| ratio(b.display.wrong_zeros as i64, b.display.watched_pairs);
    "flapping_per_h", "1/h", Lower, "how often a displayed count collapses without reason, per instance and hour",
        "steps from d >= 4 to d' <= d / 2 while not n' <= n / 2, by steps x sampling interval",
        |b| flaps_per_h(b);
    "staleness_mean_s", "s", Lower, "age of the newest total that a follower has (none where no totals are sent)",
        "mean over samples and followers that received one of (t - when it was built)",
        |b| ratio(b.observed.staleness.sum_us as i64, b.observed.staleness.count * 1_000_000);
    "origin_displayed_mean", "viewers", None, "what the origins show",
        "mean of o over origins", |b| displayed(&b.display.origins);
    "followers_displayed_mean", "viewers", None, "what the followers show",
        "mean of d over followers", |b| displayed(&b.display.followers);
    "viewers_mean", "viewers", None, "true viewers of a video",
        "mean of n over samples and videos", |b| ratio(b.display.watching as i64, b.display.samples);
    "viewers_peak", "viewers", None, "most true viewers of a video at a sample",
        "max of n", |b| count(u64::from(b.display.watching_peak));
    "sessions", "sessions", None, "visits that began",
        "count of sessions with start <= end of the run", |b| count(b.observed.sessions);
    "sessions_unfinished", "sessions", None, "unfinished: visits that went on when the run ended",
        "count of sessions with start <= end of the run < end", |b| count(b.observed.sessions_unfinished);
    "duration_s", "s", None, "the model time that the run covers",
        "end of the run - T0", |b| ratio((b.observed.end_ns / 1_000_000) as i64, 1_000);
}

/// One division: flaps x 3600 s / (steps x interval), both in ns.
fn flaps_per_h(basis: &Basis<'_>) -> Option<Value> {
    let shown_ns = u128::from(basis.display.steps) * u128::from(basis.observed.counters.every_ns);
    let flaps = u128::from(basis.display.flaps) * 3_600_000_000_000;
    (shown_ns > 0).then(|| Value::Real(flaps as f64 / shown_ns as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_say_their_unit() {
        let mut names: Vec<_> = DEFINITIONS.iter().map(|definition| definition.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DEFINITIONS.len());
        for definition in DEFINITIONS {
            assert!(!definition.name.ends_with("_s") || definition.unit == "s", "{}", definition.name);
        }
    }
}
