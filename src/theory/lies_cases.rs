//! Cases of lies: when they are told, and what an origin then counts of the liar, with and without a cap.

use super::cases::{Case, Exact, Values};
use super::request_log::RequestLog;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;

/// Nobody watches. For 170 s from 10 s on an instance claims 36 viewers. Each is due again after 90 s, so that one is sent each 2.5 s.
const LIES: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v2}}",
    "instances={origin: {tick_phase: 0 s}, liar: {tick_phase: 3 s}, honest: {count: 2}}",
    "lies=[{viewers: 36, instance: liar, video: clip, from: 10 s, for: 170 s}]",
    "end=200 s",
    // one sample; the origin has ticked at 120 s, when none of the viewers had expired
    "measure={from: 199 s, every: 1 h, bucket: 1 h}",
];
const CAPPED: &[&str] = &["protocols.mine.follower_cap=10"];
/// The liar says totals, at 3 s, 123 s, ..., and so does the origin, at 0 s, 120 s, ...
const IN_TOTALS: &[&str] = &["protocols.mine.base=v3", "protocols.mine.threshold=off"];

/// The cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "viewers who do not exist",
        sets: &[LIES],
        claims: |log| {
            // 170 s / 2.5 s
            let all: Vec<u64> = (0..68).map(|view| 10_000 + 2_500 * view).collect();
            vec![begin("51 Views of the liar", log, Kind::Viewer, &all), shown(log, 36)]
        },
    },
    Case { name: "a cap on one follower", sets: &[LIES, CAPPED], claims: |log| vec![shown(log, 10)] },
    Case {
        name: "viewers who do not exist, in totals",
        sets: &[LIES, IN_TOTALS],
        claims: |log| {
            vec![begin("51 totals of the liar", log, Kind::FollowerTotal, &[123_000]), shown(log, 36)]
        },
    },
    Case {
        name: "a cap on one follower's totals",
        sets: &[LIES, IN_TOTALS, CAPPED],
        claims: |log| vec![shown(log, 10)],
    },
    Case {
        name: "a flood",
        sets: &[LIES, &["lies=[{flood: 2 /s, instance: liar, video: clip, from: 100 s, for: 30 s}]"]],
        claims: |log| vec![shown(log, 60)],
    },
    Case {
        name: "a flood against a cap",
        sets: &[LIES, CAPPED, &["lies=[{flood: 2 /s, instance: liar, video: clip, from: 100 s, for: 30 s}]"]],
        claims: |log| vec![shown(log, 10)],
    },
    Case {
        name: "a result that is not the origin's",
        sets: &[
            LIES,
            &["lies=[{result: {viewers: 700, every: 1 min}, instance: liar, video: clip, from: 100 s}]"],
        ],
        claims: |log| {
            // at 100 s and 160 s, to each of the two others
            let at_ms = [100_000, 100_000, 160_000, 160_000];
            vec![begin("51 results", log, Kind::FollowerTotal, &at_ms), believed(log, 700)]
        },
    },
    Case {
        name: "a result that is not the origin's, where only hers counts",
        sets: &[
            LIES,
            &[
                "protocols.mine.accept_result=video-host",
                "lies=[{result: {viewers: 700, every: 1 min}, instance: liar, video: clip, from: 100 s}]",
            ],
        ],
        claims: |log| vec![believed(log, 2)],
    },
];

/// When messages of a kind begin.
fn begin(name: &'static str, log: &RequestLog, kind: Kind, at_ms: &[u64]) -> Exact {
    let begun = log.begun.iter().filter(|entry| entry.kind == kind);
    Exact {
        name,
        expected: Values::Times(at_ms.iter().map(|&ms| Span::from_ms(ms)).collect()),
        measured: Values::since(Time::ZERO, begun.map(|entry| entry.at)),
    }
}

/// What the origin shows at the sample.
fn shown(log: &RequestLog, expected: u64) -> Exact {
    let measured = libm::round(log.value("origin_displayed_mean")) as u64;
    Exact {
        name: "52 what the origin shows",
        expected: Values::one(expected),
        measured: Values::one(measured),
    }
}

/// What the two followers that do not lie show at the sample, where the liar shows nothing.
fn believed(log: &RequestLog, expected: u64) -> Exact {
    let all = libm::round(log.value("followers_displayed_mean") * 3.0) as u64;
    Exact { name: "51 what others show", expected: Values::one(expected), measured: Values::one(all / 2) }
}
