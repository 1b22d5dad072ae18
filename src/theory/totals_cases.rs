//! Cases of totals: to whom they go, when they leave, and which views they carry. Everybody comes and beats by a plan, so all is exact.

use super::cases::{Case, Exact, Values};
use super::request_log::RequestLog;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::fold;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;

/// The interval between ticks, which is how long a total lives.
const INTERVAL_NS: u64 = 10_000_000_000;
/// `near` is the first follower, `far` the second.
const NEAR: InstanceId = InstanceId(1);

/// The origin ticks at 0 s, 10 s, ..., `near` at 3 s, 13 s, ..., `far` at 7 s, 17 s, ... Clients beat every 5 s. Who watches at `near` has
/// an entry there until 41 s; those at `far` have some from 61 s to 109 s and from 121 s to 146 s. Seven views in all.
const TOTALS: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: in-totals, totals_to: interested}}",
    "instances={origin: {tick_phase: 0 s, update_phase: 175 s}, near: {tick_phase: 3 s}, far: {tick_phase: 7 s}, others: {count: 7}}",
    "viewers=[{video: clip, view_after: 0 s, sessions: [{instance: near, start: 1 s, watch: 34 s}, \
     {instance: far, start: 61 s, watch: 16 s}, {instance: far, start: 62 s, watch: 16 s}, {instance: far, start: 64 s, watch: 16 s}, \
     {instance: far, start: 71 s, watch: 16 s}, {instance: far, start: 84 s, watch: 16 s}, {instance: far, start: 121 s, watch: 16 s}]}]",
    "other_traffic={updates: {every: 3 min}, watch_actions: off}",
    "end=3 min",
    // one sample
    "measure={from: 179 s, every: 1 h, bucket: 1 h}",
];
/// The ticks at which `near` and `far` count somebody, in seconds.
const COUNTED_S: [&[u64]; 2] = [&[3, 13, 23, 33], &[67, 77, 87, 97, 107, 127, 137]];
/// The ticks at which they have views to say, and how many instances display how many views in the end.
const VIEWED_S: [u64; 5] = [3, 67, 77, 87, 127];
const INSTANCES: u64 = 10;

/// Four videos, each with a viewer at `near` whose entry lives from 1 s to 101 s.
const SPREAD: &[&str] = &[
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: none, totals_at: spread}}",
    "instances={origin: {tick_phase: 0 s}, near: {tick_phase: 3 s}}",
    "videos={a: {origin: origin, length: live}, b: {origin: origin, length: live}, c: {origin: origin, length: live}, d: {origin: origin, length: live}}",
    "viewers=[{video: a, sessions: [{instance: near, start: 1 s, watch: 94 s}]}, {video: b, sessions: [{instance: near, start: 1 s, watch: 94 s}]}, \
     {video: c, sessions: [{instance: near, start: 1 s, watch: 94 s}]}, {video: d, sessions: [{instance: near, start: 1 s, watch: 94 s}]}]",
];

/// The same, but totals leave at the ticks and for who is interested; `far` has a viewer of the last video, too.
const BATCH: &[&str] = &[
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: none, totals_to: interested, batch: \"yes\"}}",
    "instances.far.tick_phase=7 s",
    "viewers.3.sessions.1={instance: far, start: 1 s, watch: 94 s}",
    "measure={from: 25 s, every: 1 h, bucket: 1 h}",
];
/// Those who count somebody do so at ten ticks. `near` counts four videos, `far` one, and the origin tells them of these.
const BATCH_TICKS: u64 = 10;
const BATCHED: u64 = 4;
/// A batch of four totals of `near`, and a total of `far`: heads and bodies.
const BATCH_BYTES: u64 = 3_687;
const SINGLE_BYTES: u64 = 2_172;
/// Who watches, each a video: the sample weighs all alike.
const WATCHING: f64 = 5.0;

/// The cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "totals to those interested",
        sets: &[TOTALS],
        claims: |log| {
            let all = COUNTED_S.concat().len() as u64;
            vec![
                begin("39 totals of followers", log, Kind::FollowerTotal, &COUNTED_S.concat()),
                // a total lives until the origin's next tick and no longer
                begin(
                    "39 totals to who is interested",
                    log,
                    Kind::Total,
                    &next_of_origin(&COUNTED_S.concat()),
                ),
                count("39 totals in all", log, "sent_messages_total", all),
                count("42 counts of views apart", log, "sent_messages_view_count", 0),
                lacking(log, 0),
            ]
        },
    },
    Case {
        name: "totals to those interested who have an inbox",
        sets: &[TOTALS, &["instances.near.follows_as=no-shared-inbox"]],
        claims: |log| vec![count("39 totals in all", log, "sent_messages_total", COUNTED_S[1].len() as u64)],
    },
    Case {
        name: "a total that is lost with its views",
        sets: &[TOTALS, &["faults=[{down: [origin], at: 66 s, for: 2 s, how: silent}]"]],
        // those of 61 s, 62 s and 64 s
        claims: |log| vec![lacking(log, 3 * INSTANCES)],
    },
    Case {
        name: "views by their number",
        sets: &[TOTALS, &["protocols.mine.plain_views=counted"]],
        claims: |log| {
            vec![
                begin("41 counts of views", log, Kind::ViewCount, &VIEWED_S),
                count("41 views one by one", log, "sent_messages_plain", 0),
                lacking(log, 0),
            ]
        },
    },
    Case {
        name: "views in the origin's totals",
        sets: &[TOTALS, &["protocols.mine.origin_views=in-totals"]],
        claims: |log| {
            // `near` hears of no view after its own, the others of none
            let lacked = 6 + 7 * 7;
            vec![count("43 Updates", log, "sent_messages_update", 0), lacking(log, lacked)]
        },
    },
    Case {
        name: "totals over the interval",
        sets: &[TOTALS, SPREAD],
        claims: |log| {
            let kinds = [Kind::FollowerTotal, Kind::Total];
            let of = |video| kinds.map(|kind| spread(log, kind, VideoId(video)));
            (0..4).flat_map(of).collect()
        },
    },
    Case {
        name: "totals in batches",
        sets: &[TOTALS, SPREAD, BATCH],
        claims: |log| {
            let wrong = libm::round(log.value("seen_error_mean_abs") * WATCHING) as u64;
            vec![
                count(
                    "57 batches and totals of followers",
                    log,
                    "sent_messages_follower_total",
                    2 * BATCH_TICKS,
                ),
                count("57 batches and totals of the origin", log, "sent_messages_total", 2 * BATCH_TICKS),
                count(
                    "57 bytes of followers",
                    log,
                    "sent_bytes_follower_total",
                    (BATCH_BYTES + SINGLE_BYTES) * BATCH_TICKS,
                ),
                count(
                    "57 totals that followers took",
                    log,
                    "interested_messages_received",
                    (BATCHED + 1) * BATCH_TICKS,
                ),
                Exact {
                    name: "57 viewers that nobody sees",
                    expected: Values::one(0),
                    measured: Values::one(wrong),
                },
            ]
        },
    },
    Case {
        name: "totals over the interval, and a restart",
        sets: &[TOTALS, SPREAD, &["faults=[{restart: [near], at: 45 s, startup: 1 s}]"]],
        claims: |log| (0..4).map(|video| restarted(log, VideoId(video))).collect(),
    },
];

/// When totals or counts begin.
fn begin(name: &'static str, log: &RequestLog, kind: Kind, at_s: &[u64]) -> Exact {
    let begun = log.begun.iter().filter(|entry| entry.kind == kind);
    Exact {
        name,
        expected: Values::Times(at_s.iter().map(|&s| Span::from_secs(s)).collect()),
        measured: Values::since(Time::ZERO, begun.map(|entry| entry.at)),
    }
}

/// The first ticks of the origin after ticks of a follower.
fn next_of_origin(at_s: &[u64]) -> Vec<u64> {
    at_s.iter().map(|s| (s / 10 + 1) * 10).collect()
}

fn count(name: &'static str, log: &RequestLog, metric: &str, expected: u64) -> Exact {
    Exact { name, expected: Values::one(expected), measured: Values::one(log.count(metric)) }
}

/// The views that all instances together lack when all has been said.
fn lacking(log: &RequestLog, expected: u64) -> Exact {
    let each = log.value("views_error_mean_abs");
    let measured = libm::round(each * INSTANCES as f64) as u64;
    Exact {
        name: "42 views that are lacking",
        expected: Values::one(expected),
        measured: Values::one(measured),
    }
}

/// The part of the interval after which totals of a video leave: its hash.
fn part_of(video: VideoId) -> Span {
    let hash = u128::from(fold(&[u64::from(video.0)]));
    Span::from_ns(((u128::from(INTERVAL_NS) * hash) >> u64::BITS) as u64)
}

/// Row 40 with a restart: `near` is up again at 46 s and ticks 10 s later; a total that was planned after the tick at 43 s, and is not yet said, is
/// void.
fn restarted(log: &RequestLog, video: VideoId) -> Exact {
    let at = |s: u64| Time::from_ms(1_000 * s) + part_of(video);
    let before = (3..45).step_by(10).map(at).filter(|&at| at < Time::from_ms(45_000));
    let after = (56..101).step_by(10).map(at).filter(|&at| at < Time::from_ms(101_000));
    let begun = log.begun.iter().filter(|entry| entry.kind == Kind::FollowerTotal && entry.video == video);
    Exact {
        name: "40 totals of a follower",
        expected: Values::since(Time::ZERO, before.chain(after)),
        measured: Values::since(Time::ZERO, begun.map(|entry| entry.at)),
    }
}

/// Row 40: a video's totals leave that part of the interval after ticks. Those of `near` while it counts the viewer, and those of the
/// origin 7 s after them: it ticks 3 s before `near`, and holds each of these totals for 10 s.
fn spread(log: &RequestLog, kind: Kind, video: VideoId) -> Exact {
    let first = Time::from_ms(3_000) + part_of(video);
    let ticks = (0..20).map(|tick| first + Span::from_ns(tick * INTERVAL_NS));
    let of_near = ticks.filter(|&at| at < Time::from_ms(101_000));
    let later = Span::from_secs(if kind == Kind::Total { 7 } else { 0 });
    // what the origin learns of after a tick has a total after the next
    let is_known = |at: &Time| {
        kind == Kind::FollowerTotal || (*at + later).ns() / INTERVAL_NS * INTERVAL_NS > first.ns()
    };
    let begun = log.begun.iter().filter(|entry| entry.kind == kind && entry.video == video);
    let (name, begun): (_, Vec<_>) = match kind {
        // one message for each, to `near`
        Kind::Total => ("40 totals of the origin", begun.filter(|entry| entry.to == NEAR).collect()),
        _ => ("40 totals of a follower", begun.collect()),
    };
    Exact {
        name,
        expected: Values::since(Time::ZERO, of_near.filter(is_known).map(|at| at + later)),
        measured: Values::since(Time::ZERO, begun.into_iter().map(|entry| entry.at)),
    }
}
