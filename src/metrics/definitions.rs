//! The definitions of all metrics: name, unit, which way is better, meaning and formula, and the function that computes
//! it. `fedisim metrics` prints this table, the documentation holds it, and nothing else computes a metric.

use crate::domain::federation::Federation;
use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Kind;
use crate::mechanism::fate::{Fate, Reason};
use crate::mechanism::refusal::Refusal;
use crate::metrics::Observed;
use crate::metrics::traffic::Direction;
use std::collections::BTreeSet;

pub use super::basis::Value;
use super::basis::{
    Basis, Class, bias, count, cpu_busy_share, displayed, flaps_per_h, given_up, least_bytes, least_messages,
    lie_mean, link_busy_share, mean_abs, nothing_sent, per_lie, ratio, seen, times_least, views, views_lag_s,
    wait_ms, wide_ratio,
};
pub use super::definition::{Better, Definition, SYMBOLS};

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
    "viewer_bytes_sent", "bytes", Lower, "viewer traffic: bytes of those that left",
        "sum of head + body of those", |b| count(b.viewer_sent.request_bytes());
    "messages_sent", "messages", Lower, "all view traffic: requests begun, by everybody",
        "count of requests that carry a View", |b| count(b.view_sent.messages);
    "bytes_sent", "bytes", Lower, "all view traffic: bytes of those that left",
        "sum of head + body of those", |b| count(b.view_sent.request_bytes());
    "other_messages_sent", "messages", Lower, "other traffic: requests begun, by everybody",
        "count of requests that carry no View, three per fetch after an update", |b| count(b.other_sent.messages);
    "other_bytes_sent", "bytes", Lower, "other traffic: bytes of those that left",
        "sum of head + body of those", |b| count(b.other_sent.request_bytes());
    "bytes_attempted", "bytes", None, "all traffic: bytes of all requests begun, whether they left or not",
        "sum of head + body over sent, without GETs that are only counted", |b| count(b.flow().sent.bytes);
    "response_bytes", "bytes", Lower, "all traffic: bytes of responses",
        "sum over answers that left, even if they were lost", |b| count(b.received.response_bytes);
    "transport_bytes", "bytes", Lower, "all traffic: bytes below HTTP, where the scenario counts them",
        "sum over requests that left their sender of TCP, IP and TLS, up + down", |b| count(b.sent.transport_bytes());
    "viewers_as_plain_views", "Views", None, "viewer traffic: forwarded viewers that their receiver took for plain views: they show nothing there, and count as views in its hourly statistics (trending), again after every re-federation",
        "count of viewers (and totals) that somebody else than their author delivered, at receivers with `forwarded_viewer: plain-view`",
        |b| count(b.observed.viewers_as_plain_views);
    "messages_created", "messages", None, "messages that were ever to be sent",
        "count of created", |b| count(b.flow().created.messages);
    "messages_queued", "messages", None, "unfinished: messages that waited when the run ended",
        "count of queued", |b| count(b.flow().queued.messages);
    "messages_dropped", "messages", Lower, "messages that were never sent: their job, their process or their destination had gone, or no attempt was left",
        "count of dropped", |b| count(b.flow().dropped.messages);
    "messages_delivered", "messages", None, "messages that their receiver took",
        "count of delivered before the end", |b| count(b.flow().delivered.messages);
    "messages_lost", "messages", None, "messages that were sent and reached nobody",
        "count of lost", |b| count(b.flow().lost.messages);
    "messages_refused", "messages", Lower, "messages that their receiver, or what stands in front of it, refused",
        "count of refused, the sum of the following", |b| count(b.flow().refused_in_all().messages);
    "messages_refused_rate", "messages", Lower, "by reason: their sender makes too many requests (429)",
        "count of those", |b| count(b.refused(Refusal::RateLimited));
    "messages_refused_date", "messages", Lower, "by reason: their Date is outside of the signature window (401 or 403)",
        "count of those", |b| count(b.refused(Refusal::StaleDate));
    "messages_refused_blocked", "messages", Lower, "by reason: the receiver has blocked their sender (403)",
        "count of those", |b| count(b.refused(Refusal::Blocked));
    "messages_refused_signer", "messages", Lower, "by reason: the key of their signer could not be fetched (401 or 403)",
        "count of those", |b| count(b.refused(Refusal::UnknownSigner));
    "messages_refused_gone", "messages", Lower, "by reason: the receiver is no more (410)",
        "count of those", |b| count(b.refused(Refusal::Gone));
    "messages_refused_gateway", "messages", Lower, "by reason: a proxy in front of a process that is down (502)",
        "count of those", |b| count(b.refused(Refusal::BadGateway));
    "messages_refused_banned", "messages", Lower, "by reason: a firewall has banned their sender, so there was no connection",
        "count of those", |b| count(b.refused(Refusal::Banned));
    "messages_failed_connect", "messages", Lower, "messages whose connection was refused or closed",
        "count of failed_connect", |b| count(b.flow().failed_connect.messages);
    "messages_timed_out", "messages", Lower, "messages whose sender gave up waiting for the answer, delivered or not",
        "count of sent with that label", |b| count(b.flow().timed_out.messages);
    "messages_in_flight", "messages", None, "unfinished: messages under way when the run ended",
        "count of in_flight", |b| count(b.flow().in_flight.messages);
    "activities_created", "activities", None, "activities, once for each inbox, that were ever to be sent",
        "count of those, however many requests are made for each", |b| count(b.fates().created());
    "activities_arrived", "activities", None, "activities, once for each inbox, that their receiver took at least once",
        "count of those: messages_delivered - activities_duplicates", |b| count(b.fates().count(Fate::Arrived));
    "activities_duplicates", "messages", Lower, "messages that their receiver took and had taken before: their sender got no answer in time, and sent them again",
        "count of those", |b| count(b.fates().duplicates);
    "activities_never_arrived", "activities", Lower, "activities, once for each inbox, that never arrived and are not tried again",
        "count of those, the sum of the following", |b| count(b.fates().given_up());
    "activities_given_up_lost", "activities", Lower, "by reason: their last request was lost, or nobody was there to answer",
        "count of those", |b| given_up(b, Reason::Lost);
    "activities_given_up_no_connection", "activities", Lower, "by reason: their last request found no connection",
        "count of those", |b| given_up(b, Reason::FailedConnect);
    "activities_given_up_refused", "activities", Lower, "by reason: their last request was refused, or for ever",
        "count of those", |b| given_up(b, Reason::Refused);
    "activities_given_up_circuit_open", "activities", Lower, "by reason: a circuit breaker held back their last attempt",
        "count of those", |b| given_up(b, Reason::CircuitOpen);
    "activities_given_up_unfollowed", "activities", Lower, "by reason: their receiver was removed from the followers while they waited",
        "count of those", |b| given_up(b, Reason::Unfollowed);
    "activities_lost_with_process", "activities", Lower, "by reason: the process of their sender stopped, and forgot them",
        "count of those", |b| given_up(b, Reason::ProcessStopped);
    "activities_waiting", "activities", None, "unfinished: activities, once for each inbox, that waited for their first request when the run ended",
        "count of those", |b| count(b.fates().count(Fate::Waiting));
    "activities_retrying", "activities", None, "unfinished: those that had not arrived and waited for another attempt when the run ended",
        "count of those, in a queue again or not", |b| count(b.fates().count(Fate::Retrying));
    "activities_under_way", "activities", None, "unfinished: those whose request was under way when the run ended, or whose sender waited for its answer",
        "count of those", |b| count(b.fates().count(Fate::UnderWay));
    "activities_never_arrived_share", "share", Lower, "share of activities, once for each inbox, that never arrived",
        "never arrived / (arrived + never arrived)",
        |b| ratio(b.fates().given_up() as i64, b.fates().given_up() + b.fates().count(Fate::Arrived));
    "delivery_failed_share", "share", Lower, "share of requests that their sender holds for failed",
        "(refused + without a connection + timed out) / requests that are over",
        |b| ratio(b.outcomes().failed() as i64, b.outcomes().over());
    "refused_share", "share", Lower, "share of requests that are answered and refused, for whatever reason",
        "refused with an answer / requests that are over", |b| ratio(b.outcomes().refused as i64, b.outcomes().over());
    "queue_delay_p50_ms", "ms", Lower, "how long a job waits until it starts, median",
        "the least wait that half of all jobs do not exceed, to 0.1 %; a job that never started has waited until the end",
        |b| wait_ms(b, 500);
    "queue_delay_p99_ms", "ms", Lower, "the same of the slowest hundredth",
        "as queue_delay_p50_ms, 99 % of all jobs", |b| wait_ms(b, 990);
    "queued_jobs_peak", "jobs", Lower, "the most jobs that waited at one instance at one moment",
        "max over instances and moments of jobs that wait, in all its queues that send",
        |b| count(b.observed.delivery.queued_jobs_peak);
    "retries_waiting_peak", "messages", Lower, "the most messages that waited for their next attempt at one instance at one moment",
        "max over instances and moments of messages that failed, or that a circuit breaker held back, and are not queued again",
        |b| count(b.observed.delivery.retries_waiting_peak);
    "retries_waiting", "messages", None, "unfinished: messages that waited for their next attempt when the run ended",
        "count of those", |b| count(b.observed.delivery.retries_waiting);
    "jobs_unstarted", "jobs", Lower, "unfinished: jobs that still waited when the run ended",
        "count of jobs that had not started", |b| count(b.observed.delivery.jobs_unstarted);
    "inbox_waiting_peak", "activities", Lower, "the most activities that waited in one inbox queue at one moment",
        "max over inbox queues and moments of activities that wait, without the one that is worked on", |b| count(b.observed.delivery.inbox_waiting_peak);
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
    "origin_viewer_bytes_sent", "bytes", Lower, "viewer traffic: bytes of those that left",
        "as viewer_bytes_sent, sender = origin", |b| count(b.viewer_origin_sent.request_bytes());
    "origin_messages_sent", "messages", Lower, "all view traffic: requests begun by the origin of the video",
        "as messages_sent, sender = origin", |b| count(b.view_origin_sent.messages);
    "origin_bytes_sent", "bytes", Lower, "all view traffic: bytes of those that left",
        "as bytes_sent, sender = origin", |b| count(b.view_origin_sent.request_bytes());
    "origin_bytes_per_s_peak", "bytes/s", Lower, "all view traffic: the most that one origin sends in one second about its videos",
        "max over origins and over seconds [k, k + 1) of head + body", |b| count(b.observed.origin_peaks.own_views);
    "origin_out_bytes_per_s_peak", "bytes/s", Lower, "all traffic: the most that one origin sends in one second, answers included",
        "max over instances that own a video and over seconds [k, k + 1) of requests and answers, when their last byte has passed the uplink; not what is only counted",
        |b| count(b.observed.origin_peaks.all);
    "sent_messages_viewer", "messages", None, "by kind: single viewers from their own instances, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Viewer).messages);
    "sent_bytes_viewer", "bytes", None, "by kind: single viewers from their own instances, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::Viewer).request_bytes());
    "sent_messages_viewer_forwarded", "messages", None, "by kind: single viewers that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::ViewerForwarded).messages);
    "sent_bytes_viewer_forwarded", "bytes", None, "by kind: single viewers that origins forward, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::ViewerForwarded).request_bytes());
    "sent_messages_total", "messages", None, "by kind: totals of origins, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Total).messages);
    "sent_bytes_total", "bytes", None, "by kind: totals of origins, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::Total).request_bytes());
    "sent_messages_follower_total", "messages", None, "by kind: totals of followers' own viewers, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::FollowerTotal).messages);
    "sent_bytes_follower_total", "bytes", None, "by kind: totals of followers' own viewers, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::FollowerTotal).request_bytes());
    "sent_messages_follower_total_forwarded", "messages", None, "by kind: totals of followers that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::FollowerTotalForwarded).messages);
    "sent_bytes_follower_total_forwarded", "bytes", None, "by kind: totals of followers that origins forward, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::FollowerTotalForwarded).request_bytes());
    "sent_messages_plain", "messages", None, "by kind: plain views from their own instances, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Plain).messages);
    "sent_bytes_plain", "bytes", None, "by kind: plain views from their own instances, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::Plain).request_bytes());
    "sent_messages_plain_forwarded", "messages", None, "by kind: plain views that origins forward, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::PlainForwarded).messages);
    "sent_bytes_plain_forwarded", "bytes", None, "by kind: plain views that origins forward, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::PlainForwarded).request_bytes());
    "sent_messages_view_count", "messages", None, "by kind: numbers of views that followers say to origins (`plain_views: counted`), requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::ViewCount).messages);
    "sent_bytes_view_count", "bytes", None, "by kind: numbers of views that followers say to origins, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::ViewCount).request_bytes());
    "sent_messages_update", "messages", None, "by kind: updates of videos, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Update).messages);
    "sent_bytes_update", "bytes", None, "by kind: updates of videos, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::Update).request_bytes());
    "sent_messages_update_fetch", "messages", None, "by kind: what followers fetch after updates, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::UpdateFetch).messages);
    "sent_bytes_update_fetch", "bytes", None, "by kind: what followers fetch after updates, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::UpdateFetch).request_bytes());
    "sent_messages_watch_action", "messages", None, "by kind: watch actions, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::WatchAction).messages);
    "sent_bytes_watch_action", "bytes", None, "by kind: watch actions, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::WatchAction).request_bytes());
    "sent_messages_background", "messages", None, "by kind: other jobs, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::Background).messages);
    "sent_bytes_background", "bytes", None, "by kind: other jobs, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::Background).request_bytes());
    "sent_messages_link_preview", "messages", None, "by kind: what receivers fetch for previews of links, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::LinkPreview).messages);
    "sent_bytes_link_preview", "bytes", None, "by kind: what receivers fetch for previews of links, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::LinkPreview).request_bytes());
    "sent_messages_actor_fetch", "messages", None, "by kind: what receivers fetch of actors whose key they do not have, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::ActorFetch).messages);
    "sent_bytes_actor_fetch", "bytes", None, "by kind: what receivers fetch of actors whose key they do not have, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::ActorFetch).request_bytes());
    "sent_messages_video_fetch", "messages", None, "by kind: what receivers fetch of videos that they do not know, requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::VideoFetch).messages);
    "sent_bytes_video_fetch", "bytes", None, "by kind: what receivers fetch of videos that they do not know, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::VideoFetch).request_bytes());
    "sent_messages_count_fetch", "messages", None, "by kind: what followers ask origins of their viewers (`pull`), requests begun",
        "count of requests of that kind", |b| count(b.kind(Kind::CountFetch).messages);
    "sent_bytes_count_fetch", "bytes", None, "by kind: what followers ask origins of their viewers, bytes of those that left",
        "sum of head + body of those", |b| count(b.kind(Kind::CountFetch).request_bytes());
    "payer_origin_bytes_out", "bytes", Lower, "who pays, all traffic: all that is sent by instances that own a video",
        "request + answer + transport bytes below", |b| count(b.bill(Class::Origin, Direction::Out).all());
    "payer_origin_request_bytes_out", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they send", |b| count(b.bill(Class::Origin, Direction::Out).requests);
    "payer_origin_answer_bytes_out", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they give", |b| count(b.bill(Class::Origin, Direction::Out).answers);
    "payer_origin_transport_bytes_out", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS from them", |b| count(b.bill(Class::Origin, Direction::Out).transport);
    "payer_origin_bytes_in", "bytes", Lower, "who pays, all traffic: all that is received by instances that own a video",
        "request + answer + transport bytes below", |b| count(b.bill(Class::Origin, Direction::In).all());
    "payer_origin_request_bytes_in", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they receive", |b| count(b.bill(Class::Origin, Direction::In).requests);
    "payer_origin_answer_bytes_in", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they get", |b| count(b.bill(Class::Origin, Direction::In).answers);
    "payer_origin_transport_bytes_in", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS to them", |b| count(b.bill(Class::Origin, Direction::In).transport);
    "payer_origin_cpu_s", "s", Lower, "who pays, all traffic: CPU time of instances that own a video",
        "sum of CPU time", |b| b.cpu_s(Class::Origin);
    "payer_with_viewers_bytes_out", "bytes", Lower, "who pays, all traffic: all that is sent by other instances with viewers of their own",
        "request + answer + transport bytes below", |b| count(b.bill(Class::WithViewers, Direction::Out).all());
    "payer_with_viewers_request_bytes_out", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they send", |b| count(b.bill(Class::WithViewers, Direction::Out).requests);
    "payer_with_viewers_answer_bytes_out", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they give", |b| count(b.bill(Class::WithViewers, Direction::Out).answers);
    "payer_with_viewers_transport_bytes_out", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS from them", |b| count(b.bill(Class::WithViewers, Direction::Out).transport);
    "payer_with_viewers_bytes_in", "bytes", Lower, "who pays, all traffic: all that is received by other instances with viewers of their own",
        "request + answer + transport bytes below", |b| count(b.bill(Class::WithViewers, Direction::In).all());
    "payer_with_viewers_request_bytes_in", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they receive", |b| count(b.bill(Class::WithViewers, Direction::In).requests);
    "payer_with_viewers_answer_bytes_in", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they get", |b| count(b.bill(Class::WithViewers, Direction::In).answers);
    "payer_with_viewers_transport_bytes_in", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS to them", |b| count(b.bill(Class::WithViewers, Direction::In).transport);
    "payer_with_viewers_cpu_s", "s", Lower, "who pays, all traffic: CPU time of other instances with viewers of their own",
        "sum of CPU time", |b| b.cpu_s(Class::WithViewers);
    "payer_without_viewers_bytes_out", "bytes", Lower, "who pays, all traffic: all that is sent by PeerTube instances without viewers",
        "request + answer + transport bytes below", |b| count(b.bill(Class::WithoutViewers, Direction::Out).all());
    "payer_without_viewers_request_bytes_out", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they send", |b| count(b.bill(Class::WithoutViewers, Direction::Out).requests);
    "payer_without_viewers_answer_bytes_out", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they give", |b| count(b.bill(Class::WithoutViewers, Direction::Out).answers);
    "payer_without_viewers_transport_bytes_out", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS from them", |b| count(b.bill(Class::WithoutViewers, Direction::Out).transport);
    "payer_without_viewers_bytes_in", "bytes", Lower, "who pays, all traffic: all that is received by PeerTube instances without viewers",
        "request + answer + transport bytes below", |b| count(b.bill(Class::WithoutViewers, Direction::In).all());
    "payer_without_viewers_request_bytes_in", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they receive", |b| count(b.bill(Class::WithoutViewers, Direction::In).requests);
    "payer_without_viewers_answer_bytes_in", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they get", |b| count(b.bill(Class::WithoutViewers, Direction::In).answers);
    "payer_without_viewers_transport_bytes_in", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS to them", |b| count(b.bill(Class::WithoutViewers, Direction::In).transport);
    "payer_without_viewers_cpu_s", "s", Lower, "who pays, all traffic: CPU time of PeerTube instances without viewers",
        "sum of CPU time", |b| b.cpu_s(Class::WithoutViewers);
    "payer_not_peertube_bytes_out", "bytes", Lower, "who pays, all traffic: all that is sent by followers that are not PeerTube and show nothing",
        "request + answer + transport bytes below", |b| count(b.bill(Class::NotPeertube, Direction::Out).all());
    "payer_not_peertube_request_bytes_out", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they send", |b| count(b.bill(Class::NotPeertube, Direction::Out).requests);
    "payer_not_peertube_answer_bytes_out", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they give", |b| count(b.bill(Class::NotPeertube, Direction::Out).answers);
    "payer_not_peertube_transport_bytes_out", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS from them", |b| count(b.bill(Class::NotPeertube, Direction::Out).transport);
    "payer_not_peertube_bytes_in", "bytes", Lower, "who pays, all traffic: all that is received by followers that are not PeerTube and show nothing",
        "request + answer + transport bytes below", |b| count(b.bill(Class::NotPeertube, Direction::In).all());
    "payer_not_peertube_request_bytes_in", "bytes", Lower, "of that, requests",
        "sum of head + body of requests that they receive", |b| count(b.bill(Class::NotPeertube, Direction::In).requests);
    "payer_not_peertube_answer_bytes_in", "bytes", Lower, "of that, answers",
        "sum of head + body of answers that they get", |b| count(b.bill(Class::NotPeertube, Direction::In).answers);
    "payer_not_peertube_transport_bytes_in", "bytes", Lower, "of that, bytes below HTTP, where the scenario counts them",
        "sum of TCP, IP and TLS to them", |b| count(b.bill(Class::NotPeertube, Direction::In).transport);
    "payer_not_peertube_cpu_s", "s", Lower, "who pays, all traffic: CPU time of followers that are not PeerTube and show nothing",
        "sum of CPU time", |b| b.cpu_s(Class::NotPeertube);
    "heartbeats", "requests", Lower, "clients: heartbeats that they send to their own instances, also by which they say that they leave",
        "count of those, to instances that are down too", |b| count(b.doors(|door| door.sent));
    "heartbeats_unanswered", "requests", Lower, "of these, heartbeats to an instance that is down: nobody gets or answers them",
        "count of those", |b| count(b.doors(|door| door.sent - door.answered));
    "heartbeat_bytes_in", "bytes", Lower, "clients: what instances get of heartbeats at their own doors, no traffic of the federation",
        "sum of head + body, as a browser sends them, over those that are answered", |b| count(b.doors(|door| door.request_bytes));
    "heartbeat_bytes_out", "bytes", Lower, "clients: what instances answer to them",
        "sum of the heads of answers over the same", |b| count(b.doors(|door| door.answer_bytes));
    "door_requests_per_s_peak", "requests/s", Lower, "clients: the most heartbeats in one second at the door of one instance",
        "max over instances and over seconds [k, k + 1) of heartbeats that are sent, answered or not", |b| count(b.busiest_door());
    "seen_error_relative", "share", Lower, "how wrong the number is that a viewer sees, as a share of the true viewers: each weighs as long as they look",
        "sum of w |d - n| / sum of w n", |b| seen(b, |sums| sums.error_abs as i128, |sums| sums.watching);
    "seen_error_mean_abs", "viewers", Lower, "the same in viewers",
        "sum of w |d - n| / sum of w", |b| seen(b, |sums| sums.error_abs as i128, |sums| sums.viewers);
    "seen_error_bias", "viewers", NearerZero, "whether viewers see too many (+) or too few (-)",
        "sum of w (d - n) / sum of w", |b| seen(b, |sums| sums.error, |sums| sums.viewers);
    "seen_wrong_zero_share", "share", Lower, "share of the viewers' time in which they see 0",
        "sum of w where d = 0 / sum of w", |b| seen(b, |sums| sums.wrong_zeros as i128, |sums| sums.viewers);
    "seen_within_10_percent_share", "share", Higher, "share of the viewers' time in which the number is within 10 % of the truth",
        "sum of w where 10 |d - n| <= n / sum of w", |b| seen(b, |sums| sums.within_10_percent as i128, |sums| sums.viewers);
    "nothing_sent_seen_error_relative", "share", None, "limits: how wrong the number is that viewers would see if nothing were sent, and each instance showed its own viewers",
        "sum of w (n - w) / sum of w n", |b| nothing_sent(b, |sums| sums.error_abs, |sums| sums.watching);
    "nothing_sent_seen_within_10_percent_share", "share", None, "limits: share of the viewers' time in which that number would be within 10 % of the truth",
        "sum of w where 10 (n - w) <= n / sum of w", |b| nothing_sent(b, |sums| sums.within_10_percent, |sums| sums.viewers);
    "least_messages_0_percent", "messages", None, "limits: the least messages by which followers with viewers are never wrong (docs/limits.md)", "sum over videos and followers of the fewest numbers told", |b| least_messages(b, 0);
    "least_messages_1_percent", "messages", None, "the same for an error of at most 1 % of n", "the same, where 100 |d - n| <= 1 n at each sample with w > 0", |b| least_messages(b, 1);
    "least_messages_2_percent", "messages", None, "the same for an error of at most 2 % of n", "the same, where 100 |d - n| <= 2 n at each sample with w > 0", |b| least_messages(b, 2);
    "least_messages_5_percent", "messages", None, "the same for an error of at most 5 % of n", "the same, where 100 |d - n| <= 5 n at each sample with w > 0", |b| least_messages(b, 5);
    "least_messages_10_percent", "messages", None, "the same for an error of at most 10 % of n", "the same, where 100 |d - n| <= 10 n at each sample with w > 0", |b| least_messages(b, 10);
    "least_messages_20_percent", "messages", None, "the same for an error of at most 20 % of n", "the same, where 100 |d - n| <= 20 n at each sample with w > 0", |b| least_messages(b, 20);
    "least_bytes_0_percent", "bytes", None, "limits: the bytes of the least messages by which followers with viewers are never wrong", "least_messages_0_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 0);
    "least_bytes_1_percent", "bytes", None, "the same for an error of at most 1 % of n", "least_messages_1_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 1);
    "least_bytes_2_percent", "bytes", None, "the same for an error of at most 2 % of n", "least_messages_2_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 2);
    "least_bytes_5_percent", "bytes", None, "the same for an error of at most 5 % of n", "least_messages_5_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 5);
    "least_bytes_10_percent", "bytes", None, "the same for an error of at most 10 % of n", "least_messages_10_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 10);
    "least_bytes_20_percent", "bytes", None, "the same for an error of at most 20 % of n", "least_messages_20_percent x head + body of the smallest total, uncompressed", |b| least_bytes(b, 20);
    "interested_messages_received", "messages", Lower, "limits: viewer traffic about listed videos that followers took which have viewers of the video at any sample, and counts that answers carried to them", "count of requests taken, and of such answers", |b| count(b.observed.limits.received_messages);
    "least_messages_as_exact", "messages", None, "limits: the least messages by which these followers are right wherever they were so in this run", "sum over listed videos and followers of the fewest numbers told, for the one of 0, 1, 2, 5, 10, 20 % that needs most", |b| count(b.observed.limits.as_exact_messages);
    "floor_messages_as_exact", "messages", None, "limits: the same of any protocol, whose followers may be right by luck: none can send less", "sum over those that never stop of half the fewest changes of what is told, whatever they count of their own viewers", |b| count(b.observed.limits.floor_messages);
    "times_least_messages", "times", Lower, "limits: how many times the least these followers took (none if that is nothing)", "interested_messages_received / least_messages_as_exact", |b| times_least(b)[0];
    "times_least_bytes", "times", Lower, "the same in bytes, each of the least messages being the smallest total", "head + body of those received / (least_messages_as_exact x head + body of the smallest total)", |b| times_least(b)[1];
    "display_error_mean_abs", "viewers", Lower, "how far displayed counts are from the true viewers",
        "mean of |d - n|", |b| mean_abs(&b.display.all());
    "display_error_bias", "viewers", NearerZero, "whether they show too many (+) or too few (-)",
        "mean of d - n", |b| bias(&b.display.all());
    "display_error_relative", "share", Lower, "the same as a share of the true viewers",
        "sum of |d - n| / sum of n", |b| ratio(b.display.all().error_abs as i64, b.display.all().watching);
    "display_error_at_peak", "viewers", Lower, "how far they are off at the sample with the most viewers",
        "mean of |d - n| over the first sample of each listed video with the largest n", |b| mean_abs(&b.display.at_peak);
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
        "mean of d - o over followers, of listed videos", |b| ratio(b.display.federation_error, b.display.federation_pairs);
    "federation_error_mean_abs", "viewers", Lower, "the same without regard to sign",
        "mean of |d - o| over followers, of listed videos", |b| ratio(b.display.federation_error_abs as i64, b.display.federation_pairs);
    "disagreement_max", "viewers", Lower, "the largest difference between two instances at one sample",
        "max over samples of (max d - min d), of listed videos", |b| count(u64::from(b.display.disagreement_max));
    "wrong_zero_share", "share", Lower, "share of time and instances that show 0 while somebody watches",
        "pairs with d = 0 and n > 0 / pairs with n > 0", |b| ratio(b.display.wrong_zeros as i64, b.display.watched_pairs);
    "flapping_per_h", "1/h", Lower, "how often a displayed count collapses without reason, per instance and hour",
        "steps of listed videos from d >= 4 to d' <= d / 2 while not n' <= n / 2, by steps x sampling interval",
        |b| flaps_per_h(b);
    "staleness_mean_s", "s", Lower, "age of the totals of origins that followers display (none where none displays any)",
        "mean over samples and followers that display one (no tick has removed its entry, nothing replaced it) of (t - when it was built)",
        |b| ratio(b.observed.staleness.sum_us as i64, b.observed.staleness.count * 1_000_000);
    "views_counted", "views", None, "views: those that instances counted of their own viewers (none where nobody tells followers of them)",
        "count of views, once per viewer and hour, by the rules of their instance", |b| count(b.observed.views.as_ref()?.counted);
    "views_error_relative", "share", Lower, "views: how wrong the displayed number is",
        "sum of |e - v| / sum of v, over views pairs", |b| views(b, |all| i128::from(all.error_abs), |all| all.counted);
    "views_error_mean_abs", "views", Lower, "the same in views",
        "mean of |e - v|", |b| views(b, |all| i128::from(all.error_abs), |all| all.pairs);
    "views_error_bias", "views", NearerZero, "whether too many (+) or too few (-) are displayed",
        "mean of e - v", |b| views(b, |all| i128::from(all.displayed) - i128::from(all.counted), |all| all.pairs);
    "views_origin_lag_mean_s", "s", Lower, "views: how old the displayed number is at origins",
        "mean over views pairs of origins of (t - when the first view was counted that is not displayed; 0 if all are)", |b| views_lag_s(b, 0);
    "views_followers_lag_mean_s", "s", Lower, "the same at followers",
        "mean over views pairs of followers", |b| views_lag_s(b, 1);
    "views_disagreement_max", "views", Lower, "the largest difference between two instances at one sample",
        "max over samples and videos of (max e - min e)", |b| count(u64::from(b.observed.views.as_ref()?.disagreement_max));
    "views_final_difference_mean", "views", Lower, "what is still wrong when the run has ended",
        "mean of |e - v| at the end of the run", |b| { let end = &b.observed.views.as_ref()?.at_end; wide_ratio(i128::from(end.error_abs), u128::from(end.pairs)) };
    "lies_told", "lies", None, "lies: how often instances told one to an inbox (none where the scenario has no `lies`)", "count of those, whether they arrived or not", |b| b.observed.lie_effects.and(count(b.observed.lies_told));
    "lie_effect_origin_mean", "viewers", NearerZero, "lies: what they make honest origins display too much (+) or too little (-)", "mean over samples of o - o in the same run without lies, of videos that are lied about", |b| lie_mean(b, |all| &all.origins);
    "lie_effect_followers_mean", "viewers", NearerZero, "the same of followers that do not lie", "mean over pairs of those followers of d - d in the same run without lies", |b| lie_mean(b, |all| &all.followers);
    "lie_effect_max", "viewers", Lower, "the most that any honest instance displays too much or too little for the lies", "max over pairs of |d - d in the same run without lies|", |b| count(u64::from(b.observed.lie_effects?.most));
    "lie_effect_per_lie", "viewer seconds", Lower, "what a lie brings: viewers x seconds that all honest instances together display too much or too little, for each", "sum over pairs of |d - d in the same run without lies| x sampling interval / lies_told", |b| per_lie(b);
    "origin_displayed_mean", "viewers", None, "what the origins show",
        "mean of o over origins", |b| displayed(&b.display.origins);
    "followers_displayed_mean", "viewers", None, "what the followers show",
        "mean of d over followers", |b| displayed(&b.display.followers);
    "viewers_mean", "viewers", None, "true viewers of a video",
        "mean of n over samples and videos", |b| ratio(b.display.watching as i64, b.display.samples);
    "viewers_peak", "viewers", None, "most true viewers of a video at one moment",
        "max over videos and moments of n", |b| count(b.observed.viewers_peak);
    "sessions", "sessions", None, "visits that began",
        "count of sessions with start <= end of the run", |b| count(b.observed.sessions);
    "sessions_unfinished", "sessions", None, "unfinished: visits that went on when the run ended",
        "count of sessions with start <= end of the run < end", |b| count(b.observed.sessions_unfinished);
    "duration_s", "s", None, "the model time that the run covers",
        "end of the run - T0", |b| ratio((b.observed.end_ns / 1_000_000) as i64, 1_000);
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
