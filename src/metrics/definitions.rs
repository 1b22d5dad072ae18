//! The definitions of all metrics: name, unit, which way is better, meaning and formula, and the function that computes
//! it. `fedisim metrics` prints this table, the documentation holds it, and nothing else computes a metric.

use crate::domain::federation::{Capacity, Federation};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::activity::Kind;
use crate::mechanism::ledger::Flow;
use crate::metrics::Observed;
use crate::metrics::delivery::OutcomeCounts;
use crate::metrics::display::{Display, Sums};
use crate::metrics::traffic::{self, Direction, TrafficRow};
use crate::observe::Busy;
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
pair: one sample of one video at one instance that shows it (its origin, or a PeerTube follower of its origin) and is up; mean: over pairs
viewer traffic: Views that say who watches (viewers, totals, forwarded or not); all view traffic: plain views too, which count views
other traffic: all that is no View (updates and what followers fetch after them, watch actions, the background); all traffic: both
origin: the instance that owns the video; bytes: head and body of requests over HTTP/1.1, without TCP and TLS
message: one activity for one inbox, of all traffic but what followers fetch; one that is sent again is created again
created = queued + dropped + sent, and sent = delivered + lost + refused + failed_connect + in_flight; what timed out is among delivered, lost and in_flight
job: what waits in a queue that sends; requests that are over: those that the sender knows to be good, refused, without a connection or timed out";

/// What metrics are computed from.
struct Basis<'a> {
    observed: &'a Observed,
    federation: &'a Federation,
    display: Display,
    /// Sums of all traffic over the rows of the class, in the order of `Class`, sent and received.
    classes: [[traffic::Sums; 2]; 4],
    /// CPU time in ns, in the order of `Class`.
    classes_cpu_ns: [u64; 4],
    view_sent: traffic::Sums,
    viewer_sent: traffic::Sums,
    view_origin_sent: traffic::Sums,
    viewer_origin_sent: traffic::Sums,
    other_sent: traffic::Sums,
    /// Sent, in the order of `Kind::ALL`.
    kinds_sent: [traffic::Sums; Kind::ALL.len()],
    /// All traffic.
    sent: traffic::Sums,
    /// All traffic.
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

/// The names of all metrics.
pub fn names() -> Vec<&'static str> {
    DEFINITIONS.iter().map(|definition| definition.name).collect()
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
    fn of(
        observed: &'a Observed,
        federation: &'a Federation,
        with_viewers: &BTreeSet<InstanceId>,
    ) -> Basis<'a> {
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
            federation,
            display: Display::of(&observed.counters),
            classes: Default::default(),
            classes_cpu_ns: Default::default(),
            view_sent: traffic::Sums::default(),
            viewer_sent: traffic::Sums::default(),
            view_origin_sent: traffic::Sums::default(),
            viewer_origin_sent: traffic::Sums::default(),
            other_sent: traffic::Sums::default(),
            kinds_sent: Default::default(),
            sent: traffic::Sums::default(),
            received: traffic::Sums::default(),
        };
        for row in &observed.traffic {
            basis.classes[class(InstanceId(row.instance)) as usize][row.direction as usize].add(&row.sums);
            match row.direction {
                Direction::In => basis.received.add(&row.sums),
                Direction::Out => basis.note_sent(row),
            }
        }
        for (instance, busy) in observed.delivery.busy.iter().enumerate() {
            basis.classes_cpu_ns[class(InstanceId::at(instance)) as usize] += busy.cpu_ns;
        }
        basis
    }

    fn note_sent(&mut self, row: &TrafficRow) {
        let is_origin = self.federation.origin(VideoId(row.video)) == InstanceId(row.instance);
        let (is_view, is_viewer) = (row.kind.is_view(), row.kind.is_viewer_traffic());
        self.kinds_sent[row.kind as usize].add(&row.sums);
        for (sums, belongs) in [
            (&mut self.sent, true),
            (&mut self.other_sent, !is_view),
            (&mut self.view_sent, is_view),
            (&mut self.viewer_sent, is_viewer),
            (&mut self.view_origin_sent, is_view && is_origin),
            (&mut self.viewer_origin_sent, is_viewer && is_origin),
        ] {
            if belongs {
                sums.add(&row.sums);
            }
        }
    }

    fn class(&self, class: Class, direction: Direction) -> &traffic::Sums {
        &self.classes[class as usize][direction as usize]
    }

    /// What was sent of a kind.
    fn kind(&self, kind: Kind) -> &traffic::Sums {
        &self.kinds_sent[kind as usize]
    }

    fn flow(&self) -> &Flow {
        &self.observed.delivery.flow
    }

    fn outcomes(&self) -> &OutcomeCounts {
        &self.observed.delivery.outcomes
    }

    /// CPU time of a class, in seconds.
    fn cpu_s(&self, class: Class) -> Option<Value> {
        ratio(self.classes_cpu_ns[class as usize] as i64, 1_000_000_000)
    }

    /// What each instance has, and how long it was busy.
    fn busy(&self) -> impl Iterator<Item = (&Capacity, &Busy)> {
        let capacities = self.federation.instances.iter().map(|instance| &instance.capacity);
        capacities.zip(&self.observed.delivery.busy)
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
        "count of requests that carry a View", |b| count(b.view_sent.messages);
    "bytes_sent", "bytes", Lower, "all view traffic: bytes of those requests",
        "sum of head + body of those", |b| count(b.view_sent.request_bytes());
    "other_messages_sent", "messages", Lower, "other traffic: requests begun, by everybody",
        "count of requests that carry no View, three per fetch", |b| count(b.other_sent.messages);
    "other_bytes_sent", "bytes", Lower, "other traffic: bytes of those requests",
        "sum of head + body of those", |b| count(b.other_sent.request_bytes());
    "response_bytes", "bytes", Lower, "all traffic: bytes of responses",
        "sum over requests that the receiver took or refused", |b| count(b.received.response_bytes);
    "transport_bytes", "bytes", Lower, "all traffic: bytes below HTTP, where the scenario counts them",
        "sum over requests that left their sender of TCP, IP and TLS, up + down", |b| count(b.sent.transport_bytes());
    "viewers_as_plain_views", "Views", None, "viewer traffic: forwarded viewers that their receiver took for plain views: they show nothing there",
        "count of viewers (and totals) that somebody else than their author delivered, at receivers with `forwarded_viewer: plain-view`",
        |b| count(b.observed.viewers_as_plain_views);
    "messages_created", "messages", None, "messages that were ever to be sent",
        "count of created", |b| count(b.flow().created.messages);
    "messages_queued", "messages", None, "unfinished: messages that waited when the run ended",
        "count of queued", |b| count(b.flow().queued.messages);
    "messages_dropped", "messages", Lower, "messages that were never sent: their job, their process or their destination had gone",
        "count of dropped", |b| count(b.flow().dropped.messages);
    "messages_delivered", "messages", None, "messages that their receiver took",
        "count of delivered before the end", |b| count(b.flow().delivered.messages);
    "messages_lost", "messages", None, "messages that were sent and reached nobody",
        "count of lost", |b| count(b.flow().lost.messages);
    "messages_refused", "messages", Lower, "messages that their receiver refused for their sender's rate (429)",
        "count of refused", |b| count(b.flow().refused_429.messages);
    "messages_failed_connect", "messages", Lower, "messages whose connection was refused or closed",
        "count of failed_connect", |b| count(b.flow().failed_connect.messages);
    "messages_timed_out", "messages", Lower, "messages whose sender gave up waiting for the answer, delivered or not",
        "count of sent with that label", |b| count(b.flow().timed_out.messages);
    "messages_in_flight", "messages", None, "unfinished: messages under way when the run ended",
        "count of in_flight", |b| count(b.flow().in_flight.messages);
    "delivery_failed_share", "share", Lower, "share of requests that their sender holds for failed",
        "(refused + without a connection + timed out) / requests that are over",
        |b| ratio(b.outcomes().failed() as i64, b.outcomes().over());
    "refused_share", "share", Lower, "share of requests that are refused for their rate",
        "refused / requests that are over", |b| ratio(b.outcomes().refused as i64, b.outcomes().over());
    "queue_delay_p50_ms", "ms", Lower, "how long a job waits until it starts, median",
        "the least wait that half of all jobs do not exceed, to 0.1 %; a job that never started has waited until the end",
        |b| wait_ms(b, 500);
    "queue_delay_p99_ms", "ms", Lower, "the same of the slowest hundredth",
        "as queue_delay_p50_ms, 99 % of all jobs", |b| wait_ms(b, 990);
    "queued_jobs_peak", "jobs", Lower, "the most jobs that waited at one instance at one moment",
        "max over instances and moments of jobs that wait, in all its queues that send",
        |b| count(b.observed.delivery.queued_jobs_peak);
    "jobs_unstarted", "jobs", Lower, "unfinished: jobs that still waited when the run ended",
        "count of jobs that had not started", |b| count(b.observed.delivery.jobs_unstarted);
    "inbox_waiting_peak", "activities", Lower, "the most activities that waited in one inbox queue at a sample",
        "max over inbox queues and samples", |b| count(b.observed.delivery.inbox_waiting_peak());
    "inbox_dropped", "activities", Lower, "activities that were answered and lost with the inbox queue of a process that stopped",
        "count of those", |b| count(b.observed.delivery.inbox_dropped);
    "followers_lost", "followers", Lower, "follows that were removed for bad deliveries",
        "count of removals", |b| count(b.observed.delivery.followers_lost());
    "cpu_busy_share", "share", Lower, "how busy the cores of the busiest instance are (none where nobody uses CPU time)",
        "max over instances of CPU time / (cores x duration); where cores are not limited, of one core: it can exceed 1",
        |b| cpu_busy_share(b);
    "uplink_busy_share", "share", Lower, "how busy the busiest uplink is (none where none is limited)",
        "max over instances with a limited uplink of the time that it sends / duration",
        |b| link_busy_share(b, |capacity| capacity.uplink_bits_per_s, |busy| busy.uplink_ns);
    "downlink_busy_share", "share", Lower, "how busy the busiest downlink is (none where none is limited)",
        "max over instances with a limited downlink of the time that it receives / duration",
        |b| link_busy_share(b, |capacity| capacity.downlink_bits_per_s, |busy| busy.downlink_ns);
    "origin_viewer_messages_sent", "messages", Lower, "viewer traffic: requests begun by the origin of the video",
        "as viewer_messages_sent, sender = origin", |b| count(b.viewer_origin_sent.messages);
    "origin_viewer_bytes_sent", "bytes", Lower, "viewer traffic: bytes of those requests",
        "as viewer_bytes_sent, sender = origin", |b| count(b.viewer_origin_sent.request_bytes());
    "origin_messages_sent", "messages", Lower, "all view traffic: requests begun by the origin of the video",
        "as messages_sent, sender = origin", |b| count(b.view_origin_sent.messages);
    "origin_bytes_sent", "bytes", Lower, "all view traffic: bytes of those requests",
        "as bytes_sent, sender = origin", |b| count(b.view_origin_sent.request_bytes());
    "origin_bytes_per_s_peak", "bytes/s", Lower, "all view traffic: the most that one origin sends in one second about its videos",
        "max over origins and over seconds [k, k + 1) of head + body", |b| count(b.observed.origin_bytes_per_s_peak);
    "sent_messages_viewer", "messages", None, "by kind: single viewers from their own instances, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Viewer).messages);
    "sent_bytes_viewer", "bytes", None, "by kind: single viewers from their own instances, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::Viewer).request_bytes());
    "sent_messages_viewer_forwarded", "messages", None, "by kind: single viewers that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::ViewerForwarded).messages);
    "sent_bytes_viewer_forwarded", "bytes", None, "by kind: single viewers that origins forward, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::ViewerForwarded).request_bytes());
    "sent_messages_total", "messages", None, "by kind: totals of origins, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Total).messages);
    "sent_bytes_total", "bytes", None, "by kind: totals of origins, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::Total).request_bytes());
    "sent_messages_follower_total", "messages", None, "by kind: totals of followers' own viewers, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::FollowerTotal).messages);
    "sent_bytes_follower_total", "bytes", None, "by kind: totals of followers' own viewers, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::FollowerTotal).request_bytes());
    "sent_messages_follower_total_forwarded", "messages", None, "by kind: totals of followers that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::FollowerTotalForwarded).messages);
    "sent_bytes_follower_total_forwarded", "bytes", None, "by kind: totals of followers that origins forward, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::FollowerTotalForwarded).request_bytes());
    "sent_messages_plain", "messages", None, "by kind: plain views from their own instances, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Plain).messages);
    "sent_bytes_plain", "bytes", None, "by kind: plain views from their own instances, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::Plain).request_bytes());
    "sent_messages_plain_forwarded", "messages", None, "by kind: plain views that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::PlainForwarded).messages);
    "sent_bytes_plain_forwarded", "bytes", None, "by kind: plain views that origins forward, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::PlainForwarded).request_bytes());
    "sent_messages_update", "messages", None, "by kind: updates of videos, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Update).messages);
    "sent_bytes_update", "bytes", None, "by kind: updates of videos, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::Update).request_bytes());
    "sent_messages_update_fetch", "messages", None, "by kind: what followers fetch after updates, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::UpdateFetch).messages);
    "sent_bytes_update_fetch", "bytes", None, "by kind: what followers fetch after updates, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::UpdateFetch).request_bytes());
    "sent_messages_watch_action", "messages", None, "by kind: watch actions, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::WatchAction).messages);
    "sent_bytes_watch_action", "bytes", None, "by kind: watch actions, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::WatchAction).request_bytes());
    "sent_messages_background", "messages", None, "by kind: other jobs, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Background).messages);
    "sent_bytes_background", "bytes", None, "by kind: other jobs, bytes of those requests",
        "sum of head + body of those", |b| count(b.kind(Kind::Background).request_bytes());
    "payer_origin_bytes_out", "bytes", Lower, "who pays, all traffic: sent by instances that own a video",
        "sum of head + body of requests that they begin", |b| count(b.class(Class::Origin, Direction::Out).request_bytes());
    "payer_origin_bytes_in", "bytes", Lower, "who pays, all traffic: received by instances that own a video",
        "sum of head + body of requests that they take", |b| count(b.class(Class::Origin, Direction::In).request_bytes());
    "payer_origin_cpu_s", "s", Lower, "who pays, all traffic: CPU time of instances that own a video",
        "sum of CPU time", |b| b.cpu_s(Class::Origin);
    "payer_with_viewers_bytes_out", "bytes", Lower, "who pays, all traffic: sent by other instances with viewers of their own",
        "as payer_origin_bytes_out", |b| count(b.class(Class::WithViewers, Direction::Out).request_bytes());
    "payer_with_viewers_bytes_in", "bytes", Lower, "who pays, all traffic: received by other instances with viewers of their own",
        "as payer_origin_bytes_in", |b| count(b.class(Class::WithViewers, Direction::In).request_bytes());
    "payer_with_viewers_cpu_s", "s", Lower, "who pays, all traffic: CPU time of other instances with viewers of their own",
        "as payer_origin_cpu_s", |b| b.cpu_s(Class::WithViewers);
    "payer_without_viewers_bytes_out", "bytes", Lower, "who pays, all traffic: sent by PeerTube instances without viewers",
        "as payer_origin_bytes_out", |b| count(b.class(Class::WithoutViewers, Direction::Out).request_bytes());
    "payer_without_viewers_bytes_in", "bytes", Lower, "who pays, all traffic: received by PeerTube instances without viewers",
        "as payer_origin_bytes_in", |b| count(b.class(Class::WithoutViewers, Direction::In).request_bytes());
    "payer_without_viewers_cpu_s", "s", Lower, "who pays, all traffic: CPU time of PeerTube instances without viewers",
        "as payer_origin_cpu_s", |b| b.cpu_s(Class::WithoutViewers);
    "payer_not_peertube_bytes_in", "bytes", Lower, "who pays, all traffic: received by followers that are not PeerTube and show nothing",
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
        "mean of d - o over followers", |b| ratio(b.display.federation_error, b.display.federation_pairs);
    "federation_error_mean_abs", "viewers", Lower, "the same without regard to sign",
        "mean of |d - o| over followers", |b| ratio(b.display.federation_error_abs as i64, b.display.federation_pairs);
    "disagreement_max", "viewers", Lower, "the largest difference between two instances at one moment",
        "max over samples of (max d - min d)", |b| count(u64::from(b.display.disagreement_max));
    "wrong_zero_share", "share", Lower, "share of time and instances that show 0 while somebody watches",
        "pairs with d = 0 and n > 0 / pairs with n > 0", |b| ratio(b.display.wrong_zeros as i64, b.display.watched_pairs);
    "flapping_per_h", "1/h", Lower, "how often a displayed count collapses without reason, per instance and hour",
        "steps from d >= 4 to d' <= d / 2 while not n' <= n / 2, by steps x sampling interval",
        |b| flaps_per_h(b);
    "staleness_mean_s", "s", Lower, "age of the newest total that a follower has (none where no totals are sent)",
        "mean over samples and followers at which one took effect of (t - when it was built)",
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

/// A quantile of the waits of jobs, in thousandths.
fn wait_ms(basis: &Basis<'_>, per_mille: u32) -> Option<Value> {
    ratio(basis.observed.delivery.waits.quantile_us(per_mille)? as i64, 1_000)
}

/// The busiest instance is found by cross-multiplication, so that one division is enough.
fn cpu_busy_share(basis: &Basis<'_>) -> Option<Value> {
    let used = basis.busy().filter(|(_, busy)| busy.cpu_ns > 0);
    let used = used.map(|(capacity, busy)| (busy.cpu_ns, capacity.cores.unwrap_or(1)));
    let times = |cpu_ns: u64, cores: u32| u128::from(cpu_ns) * u128::from(cores);
    let (cpu_ns, cores) = used.max_by(|one, other| times(one.0, other.1).cmp(&times(other.0, one.1)))?;
    busy_share(basis, cpu_ns, cores)
}

fn link_busy_share(
    basis: &Basis<'_>,
    limit: fn(&Capacity) -> Option<u64>,
    busy_ns: fn(&Busy) -> u64,
) -> Option<Value> {
    let limited = basis.busy().filter(|(capacity, _)| limit(capacity).is_some());
    busy_share(basis, limited.map(|(_, busy)| busy_ns(busy)).max()?, 1)
}

/// One division: the time that some were busy together, by their number x the duration, both in ns.
fn busy_share(basis: &Basis<'_>, busy_ns: u64, number: u32) -> Option<Value> {
    let all_ns = u128::from(basis.observed.end_ns) * u128::from(number);
    (all_ns > 0).then(|| Value::Real(busy_ns as f64 / all_ns as f64))
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
