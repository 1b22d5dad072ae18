//! Cases of rules that no release has, beside those of totals: when expired entries stop to count, who says that they leave, who speaks for
//! others, and which `Update`s are worth it.

use super::acceptance::claim;
use super::cases::{Case, Exact, Sampled, Values};
use super::request_log::RequestLog;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use std::collections::BTreeMap;

/// Somebody watches at the origin from 1 s to 11 s, and beats at 1 s and 6 s; an entry lives 20 s. Ticks come at 15 s, 35 s, ...
const SHORT: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v2, lifetime: 20 s, plain_views: none, expiry: exact}}",
    "instances={origin: {tick_phase: 15 s}, follower: {tick_phase: 3 s}}",
    "viewers=[{video: clip, sessions: [{instance: origin, start: 1 s, watch: 10 s}]}]",
    "measure={from: 500 ms, every: 1 s, bucket: 1 min}",
];
/// The samples of it: those at 11.5 s to 25.5 s find the entry, but no viewer.
const SAMPLES: f64 = 60.0;
const UNEXPIRED: u64 = 15;

/// Viewers at `near`, whose totals leave at 3 s, 13 s, ...: one stays until 35 s, one leaves at 17 s.
const TOTALS: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v3, tick_interval: 10 s, threshold: off, plain_views: none, leave_beacon: 100 %}}",
    "instances={origin: {tick_phase: 0 s}, near: {tick_phase: 3 s}}",
    "viewers=[{video: clip, sessions: [{instance: near, start: 1 s, watch: 34 s}, {instance: near, start: 2 s, watch: 15 s}]}]",
];

/// One view more every ten seconds, and a flush behind each.
macro_rules! views {
    ($($tens:literal)+) => {
        concat!("viewers=[{video: clip, view_after: 0 s, sessions: [", $("{instance: origin, start: ", $tens, "5 s, watch: 1 s}, ",)+ "]}]")
    };
}
const GROWTH: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: peertube-8.2.4, origin_views: updates-by-share, update_share: 20 %}}",
    "instances={origin: {update_phase: 10 s}, follower: {}}",
    "other_traffic.updates={every: 10 s}",
    "end=11 min",
    views!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
        40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59),
];
/// All views of it, and the change that is worth an `Update`, in per cent.
const VIEWS: u64 = 60;
const WORTH_PERCENT: u64 = 20;

/// Viewers at a follower who stay for less than the re-federation age. Each is viewed at once, so that views say how many there are.
const POLLED: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v2, sampling: 4, plain_views: each}}",
    "instances={origin: {}, follower: {}}",
    "viewers=[{video: clip, view_after: 0 s, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [follower]}}]",
    "end=170 min",
];
/// One of so many speaks.
const SAMPLING: u64 = 4;
/// Viewers that are counted together come in so many seconds.
const TOGETHER_S: u64 = 2;

/// Everybody says their own viewers: the origin 1 at 10 s, 20 s, ..., `near` 2 at 3 s, 13 s, ..., `far` 3 at 7 s, 17 s, ...; two others have none. Entries
/// live to 41 s.
const RECORDS: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: none, forwarded_viewer: viewer, records: \"yes\"}}",
    "instances={origin: {tick_phase: 0 s}, near: {tick_phase: 3 s}, far: {tick_phase: 7 s}, others: {count: 2}}",
    "viewers=[{video: clip, sessions: [{instance: origin, start: 1 s, watch: 34 s}, \
     {instance: near, start: 1 s, watch: 34 s}, {instance: near, start: 1 s, watch: 34 s}, \
     {instance: far, start: 1 s, watch: 34 s}, {instance: far, start: 1 s, watch: 34 s}, {instance: far, start: 1 s, watch: 34 s}]}]",
    // one sample
    "measure={from: 29 s, every: 1 h, bucket: 1 h}",
];
const FOLLOWERS: u64 = 4;
/// The same, but `near` and `far` say their own to the origin alone, which says nothing but answers.
const ANSWERS: &[&str] = &[
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: none, origin_total: \"no\", count_on_reply: \"yes\"}}",
];
/// What `near` says at 3 s is there at 8 s, behind handshakes of TCP and TLS, and answered at 9 s.
const SLOW: &[&str] = &["compare=[mine]", "delivery=peertube", "network.latency={constant: 1 s}"];
/// An answer that carries a count of one digit.
const COUNTED_RESPONSE_BYTES: u64 = 1_339;

/// One viewer at the origin from 1 s, another from 11.5 s, two at `near`, which asks at 1 s, 11 s, ... with the heartbeats of both, and three at `far`, which asks at
/// 2 s, 12 s, ...; both say their own at ticks.
const PULLED: &[&str] = &[
    "protocols={mine: {base: v3, lifetime: 10 s, tick_interval: 10 s, threshold: off, plain_views: none, origin_total: \"no\", pull: \"yes\"}}",
    "viewers=[{video: clip, sessions: [{instance: origin, start: 1 s, watch: 34 s}, {instance: origin, start: 11500 ms, watch: 23500 ms}, \
     {instance: near, start: 1 s, watch: 34 s}, {instance: near, start: 1 s, watch: 34 s}, \
     {instance: far, start: 2 s, watch: 33 s}, {instance: far, start: 2 s, watch: 33 s}, {instance: far, start: 2 s, watch: 33 s}]}]",
];
const ORIGIN_DOWN: &[&str] =
    &["faults=[{down: [origin], at: 15 s, for: 1 h}]", "protocols.mine.expiry=exact", "measure.from=40 s"];
/// A head alone in answer to a View; the answer to a GET with a count of one digit, and that with none, since it is still the same.
const RESPONSE_BYTES: u64 = 341;
const PULLED_BYTES: u64 = COUNTED_RESPONSE_BYTES + 27 + 11;
const UNCHANGED_BYTES: u64 = RESPONSE_BYTES + 2 + 27 + 11;
/// The GETs of `near` and `far`, and what a count adds that is known.
const GET_BYTES: u64 = 303 + 302;
const KNOWN_BYTES: u64 = 20;

/// The exact cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "an entry that expires between ticks",
        sets: &[SHORT],
        claims: |log| vec![too_long(log, UNEXPIRED)],
    },
    Case {
        name: "a viewer who says that they leave",
        sets: &[SHORT, &["protocols.mine.leave_beacon=100 %"]],
        claims: |log| vec![too_long(log, 0), requests(log, 2 + 1)],
    },
    Case {
        name: "totals of viewers who say that they leave",
        sets: &[TOTALS],
        claims: |log| {
            let totals = || log.begun.iter().filter(|entry| entry.kind == Kind::FollowerTotal);
            let at = [3, 13, 23, 33].map(|s| Time::ZERO + Span::from_secs(s));
            vec![Exact {
                name: "48 totals of a follower",
                expected: Values::since(Time::ZERO, at),
                measured: Values::since(Time::ZERO, totals().map(|entry| entry.at)),
            }]
        },
    },
    Case {
        name: "a number of views that grows",
        sets: &[GROWTH],
        claims: |log| {
            let updates = log.begun.iter().filter(|entry| entry.kind == Kind::Update);
            vec![Exact {
                name: "50 Updates of a number that grows",
                expected: Values::since(Time::ZERO, worth_telling()),
                measured: Values::since(Time::ZERO, updates.map(|entry| entry.at)),
            }]
        },
    },
    Case {
        name: "records of everybody",
        sets: &[RECORDS],
        claims: |log| {
            vec![
                count("53 totals of followers", log, "sent_messages_follower_total", 4 + 4),
                count(
                    "53 totals that are forwarded",
                    log,
                    "sent_messages_follower_total_forwarded",
                    (4 + 4) * (FOLLOWERS - 1),
                ),
                count("53 totals of the origin", log, "sent_messages_total", 4 * FOLLOWERS),
                shown_in_all(log, FOLLOWERS, [1 + 2 + 3, FOLLOWERS * (1 + 2 + 3)]),
            ]
        },
    },
    Case {
        name: "records of some",
        sets: &[RECORDS, &["measure.from=5 s"]],
        // that of `near`, beside own viewers
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1 + 2, 2 + (2 + 3) + 2 + 2])],
    },
    Case {
        name: "records that have expired",
        sets: &[RECORDS, &["faults=[{down: [far], at: 10 s, for: 1 min}]", "measure.from=29 s"]],
        // what `far` said at 7 s expires at 17 s; it shows nothing itself
        claims: |log| vec![shown_in_all(log, FOLLOWERS - 1, [1 + 2, 3 * (1 + 2)])],
    },
    Case {
        name: "counts in answers",
        sets: &[RECORDS, ANSWERS],
        claims: |log| {
            vec![
                count("54 totals of followers", log, "sent_messages_follower_total", 4 + 4),
                count("54 messages of all kinds", log, "messages_sent", 4 + 4),
                count("54 bytes of answers", log, "response_bytes", (4 + 4) * COUNTED_RESPONSE_BYTES),
                // `near` and `far` have heard of everybody at their last tick
                shown_in_all(log, FOLLOWERS, [1 + 2 + 3, 2 * (1 + 2 + 3)]),
            ]
        },
    },
    Case {
        name: "a count in the first answer",
        sets: &[RECORDS, ANSWERS, &["measure.from=5 s"]],
        // `near` has heard of the viewer at the origin, and is itself counted
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1 + 2, (1 + 2) + 3])],
    },
    Case {
        name: "a count in an answer that is under way",
        sets: &[RECORDS, ANSWERS, SLOW, &["measure.from=8900 ms"]],
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1 + 2, 2 + 3])],
    },
    Case {
        name: "a count in an answer that has come",
        sets: &[RECORDS, ANSWERS, SLOW, &["measure.from=9100 ms"]],
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1 + 2, (1 + 2) + 3])],
    },
    Case {
        name: "counts that are asked for",
        sets: &[RECORDS, PULLED],
        claims: |log| {
            // three of four GETs of each find another count than before
            let answers = 2 * (3 * PULLED_BYTES + UNCHANGED_BYTES);
            vec![
                count("55 GETs", log, "sent_messages_count_fetch", 4 + 4),
                count("55 bytes of GETs", log, "sent_bytes_count_fetch", 4 * GET_BYTES + 2 * 3 * KNOWN_BYTES),
                count("55 messages of all kinds", log, "messages_sent", 2 * (4 + 4)),
                count("55 bytes of answers", log, "response_bytes", (4 + 4) * RESPONSE_BYTES + answers),
                shown_in_all(log, FOLLOWERS, [2 + 2 + 3, 2 * (2 + 2 + 3)]),
            ]
        },
    },
    Case {
        name: "a count that the origin keeps",
        sets: &[RECORDS, PULLED, &["measure.from=12500 ms"]],
        // `far` gets at 12 s what `near` got at 11 s
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [2 + 2 + 3, 2 * (1 + 2 + 3)])],
    },
    Case {
        name: "a count that is under way",
        sets: &[RECORDS, PULLED, SLOW, &["measure.from=6900 ms"]],
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1, 2 + 3])],
    },
    Case {
        name: "a count that has come",
        sets: &[RECORDS, PULLED, SLOW, &["measure.from=7100 ms"]],
        // the origin has not heard of anybody else yet
        claims: |log| vec![shown_in_all(log, FOLLOWERS, [1, 1 + 3])],
    },
    Case {
        name: "counts of an origin that is down",
        sets: &[RECORDS, PULLED, ORIGIN_DOWN],
        claims: |log| {
            vec![
                count("55 GETs", log, "sent_messages_count_fetch", 4 + 4),
                count("55 bytes of answers", log, "response_bytes", 3 * RESPONSE_BYTES + 4 * PULLED_BYTES),
                // what was made at 11 s lives for 30 s
                shown_by_followers(log, 2 * (1 + 2 + 3)),
            ]
        },
    },
    Case {
        name: "counts that nobody renews",
        sets: &[RECORDS, PULLED, ORIGIN_DOWN, &["measure.from=42 s"]],
        claims: |log| vec![shown_by_followers(log, 0)],
    },
];

fn count(name: &'static str, log: &RequestLog, metric: &str, expected: u64) -> Exact {
    Exact { name, expected: Values::one(expected), measured: Values::one(log.count(metric)) }
}

/// Rows 53 to 55: what the origin and all `followers` that are up together show at the sample.
fn shown_in_all(log: &RequestLog, followers: u64, [at_origin, at_followers]: [u64; 2]) -> Exact {
    let sum = |metric, of: f64| libm::round(log.value(metric) * of) as u64;
    Exact {
        name: "53 what everybody shows",
        expected: Values::Counts(vec![at_origin, at_followers]),
        measured: Values::Counts(vec![
            sum("origin_displayed_mean", 1.0),
            sum("followers_displayed_mean", followers as f64),
        ]),
    }
}

/// Row 55: what all followers together show at the sample.
fn shown_by_followers(log: &RequestLog, expected: u64) -> Exact {
    let measured = libm::round(log.value("followers_displayed_mean") * FOLLOWERS as f64) as u64;
    let name = "55 what followers show";
    Exact { name, expected: Values::one(expected), measured: Values::one(measured) }
}

/// The sampled cases.
pub(super) const SAMPLED: &[Sampled] = &[Sampled {
    name: "viewers of whom one of four speaks",
    sets: &[POLLED],
    claims: || {
        let deviation = (SAMPLING - 1) as f64;
        vec![
            claim("49 viewers that are told, of all", told_share, 1.0),
            claim("49 variance of what is told, by viewer", variance_by_viewer, deviation),
        ]
    },
}];

/// Rows 47 and 48: the samples at which the origin displays somebody who has left.
fn too_long(log: &RequestLog, expected: u64) -> Exact {
    let measured = libm::round(log.value("origin_display_error_bias") * SAMPLES) as u64;
    Exact {
        name: "47 samples with who has left",
        expected: Values::one(expected),
        measured: Values::one(measured),
    }
}

/// Row 48: what the origin gets from its clients.
fn requests(log: &RequestLog, expected: u64) -> Exact {
    let measured = Values::one(log.count("heartbeats"));
    Exact { name: "48 heartbeats, and one when they leave", expected: Values::one(expected), measured }
}

/// Row 50: the flushes, one every ten seconds and with one view each, whose number is worth an `Update`.
fn worth_telling() -> Vec<Time> {
    let mut told = 0;
    let is_worth = |number: &u64| {
        let is_worth = (number - told) * 100 >= told * WORTH_PERCENT;
        told = if is_worth { *number } else { told };
        is_worth
    };
    (1..=VIEWS).filter(is_worth).map(|number| Time::ZERO + Span::from_secs(10 * number)).collect()
}

/// By interval in which viewers come together: how many there are (each makes one plain view), and how many of them speak.
fn together(log: &RequestLog) -> impl Iterator<Item = (u64, u64)> {
    let mut counts: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for entry in &log.begun {
        let (viewers, speaking) = counts.entry(entry.at.ns() / Span::from_secs(TOGETHER_S).ns()).or_default();
        match entry.kind {
            Kind::Plain => *viewers += 1,
            Kind::Viewer => *speaking += 1,
            _ => {}
        }
    }
    counts.into_values()
}

/// Row 49: the viewers that are told, as a share of those who are there.
fn told_share(log: &RequestLog) -> f64 {
    let sum = |sum: (u64, u64), one: (u64, u64)| (sum.0 + one.0, sum.1 + one.1);
    let (viewers, speaking) = together(log).fold((0, 0), sum);
    (SAMPLING * speaking) as f64 / viewers as f64
}

/// Row 49: the mean square of what is told too much or too little of some viewers, divided by how many they are.
fn variance_by_viewer(log: &RequestLog) -> f64 {
    let square = |(viewers, speaking): (u64, u64)| viewers.abs_diff(SAMPLING * speaking).pow(2);
    let squares: u64 = together(log).map(square).sum();
    let viewers: u64 = together(log).map(|one| one.0).sum();
    squares as f64 / viewers as f64
}
