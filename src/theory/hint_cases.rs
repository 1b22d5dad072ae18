//! Cases of hints: when clients come who are told to come later, how long they are waited for, and what telling them costs.

use super::cases::{Case, Exact, Values};
use super::request_log::RequestLog;
use crate::foundation::units::{Span, Time};

/// Six watch at `follower` from 1 s to 41 s. Each heartbeat is a View to the origin, which says nothing. `follower` ticks at 10 s, 30 s, 50 s.
const SIX: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols={mine: {base: v2, origin_total: \"no\", plain_views: none, expiry: exact, lifetime: 20 s, refederation_age: 0 s, heartbeat: 2 s, hints: {heartbeats_per_s: 2, at_most: 5 s}}}",
    "instances={origin: {tick_phase: 0 s}, follower: {tick_phase: 10 s}}",
    concat!(
        "viewers=[{video: clip, sessions: [",
        "{instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}, ",
        "{instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}]}]"
    ),
    "end=70 s",
];
const VIEWERS: u64 = 6;
const HEARTBEAT_S: u64 = 2;
const START_S: u64 = 1;
const TICK_S: u64 = 10;
const END_S: u64 = 41;
/// Who has watched so long makes a view.
const VIEW_S: u64 = 10;
/// Three of them watch another video.
const TWO_VIDEOS: &[&str] = &[
    "videos={clip: {origin: origin, length: live}, show: {origin: origin, length: live}}",
    concat!(
        "viewers=[{video: clip, sessions: [",
        "{instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}]}, ",
        "{video: show, sessions: [",
        "{instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}, {instance: follower, start: 1 s, watch: 40 s}]}]"
    ),
];
/// An answer without a hint, and the line that tells one of one digit: `Retry-After: 3`.
const ANSWER_BYTES: u64 = 369;
const HINT_BYTES: u64 = 16;

/// The exact cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "clients who are told to come later",
        sets: &[SIX],
        claims: |log| {
            let told = VIEWERS / 2;
            vec![comes(log, &beats_s(told)), heartbeats(log, told), bytes(log, told)]
        },
    },
    Case {
        name: "clients who are told the most",
        sets: &[SIX, &["protocols.mine.hints.heartbeats_per_s=1"]],
        claims: |log| vec![comes(log, &beats_s(5)), heartbeats(log, 5)],
    },
    Case {
        name: "parts of a second are told as a whole one",
        sets: &[SIX, &["protocols.mine.heartbeat=1 s", "protocols.mine.hints.heartbeats_per_s=5"]],
        // 6 / 5 s
        claims: |log| {
            let first_told = START_S + VIEW_S;
            vec![comes(
                log,
                &train_s(START_S, 1, first_told).chain(train_s(first_told, 2, END_S)).collect::<Vec<_>>(),
            )]
        },
    },
    Case {
        name: "a visit that is no view yet is told nothing",
        sets: &[SIX, &["protocols.mine.plain_view_after=15 s"]],
        // the first heartbeat that makes one is at 17 s
        claims: |log| {
            vec![comes(
                log,
                &train_s(START_S, HEARTBEAT_S, 17).chain(train_s(17, 3, END_S)).collect::<Vec<_>>(),
            )]
        },
    },
    Case {
        name: "clients of two videos",
        sets: &[SIX, TWO_VIDEOS],
        claims: |log| vec![comes(log, &beats_s(VIEWERS / 2))],
    },
    Case {
        name: "a process that starts again has told nothing",
        sets: &[SIX, &["faults=[{restart: [follower], at: 24 s, startup: 0 s}]"]],
        // its next tick is at 44 s
        claims: |log| {
            let before = beats_s(VIEWERS / 2).into_iter().filter(|at| *at < 24);
            vec![comes(log, &before.chain(train_s(26, HEARTBEAT_S, END_S)).collect::<Vec<_>>())]
        },
    },
    Case {
        name: "clients who get no answer",
        sets: &[SIX, &["faults=[{down: [follower], at: 15 s, for: 10 s}]"]],
        // those at 17, ..., 23 s make no Views
        claims: |log| {
            let before = beats_s(VIEWERS / 2).into_iter().filter(|at| *at < 15);
            let unanswered = train_s(17, HEARTBEAT_S, 25).count() as u64;
            vec![
                comes(log, &before.chain(train_s(25, HEARTBEAT_S, END_S)).collect::<Vec<_>>()),
                count("56 heartbeats without an answer", log, "heartbeats_unanswered", VIEWERS * unanswered),
            ]
        },
    },
    Case {
        name: "who is told to come later is waited for longer",
        // the last heartbeat is at 38 s, and what it adds expires at 38 + 20 + (3 - 2) s
        sets: &[SIX, &["measure={from: 58900 ms, every: 1 h, bucket: 1 h}"]],
        claims: |log| vec![shown(log, VIEWERS)],
    },
    Case {
        name: "who is told to come later is waited for no longer than that",
        sets: &[SIX, &["measure={from: 59100 ms, every: 1 h, bucket: 1 h}"]],
        claims: |log| vec![shown(log, 0)],
    },
];

/// Times with a distance, in seconds, before an instant.
fn train_s(from: u64, every: u64, until: u64) -> impl Iterator<Item = u64> {
    (from..until).step_by(every as usize)
}

/// Row 56: when a client comes that is told so much, in seconds: each heartbeat until the first one that is a view and comes after the first tick.
fn beats_s(told_s: u64) -> Vec<u64> {
    let first_told = START_S + (TICK_S - START_S).max(VIEW_S).div_ceil(HEARTBEAT_S) * HEARTBEAT_S;
    train_s(START_S, HEARTBEAT_S, first_told).chain(train_s(first_told, told_s, END_S)).collect()
}

/// Row 56: what each of them sends.
fn comes(log: &RequestLog, beats_s: &[u64]) -> Exact {
    let of_all = beats_s.iter().flat_map(|&at| (0..VIEWERS).map(move |_| Time::ZERO + Span::from_secs(at)));
    Exact {
        name: "56 when clients come",
        expected: Values::since(Time::ZERO, of_all),
        measured: Values::since(Time::ZERO, log.begun.iter().map(|entry| entry.at)),
    }
}

/// Row 56: how often they come.
fn heartbeats(log: &RequestLog, told_s: u64) -> Exact {
    count("56 heartbeats", log, "heartbeats", VIEWERS * beats_s(told_s).len() as u64)
}

/// Row 56: what they are answered.
fn bytes(log: &RequestLog, told_s: u64) -> Exact {
    let beats = beats_s(told_s);
    let told = beats.iter().filter(|at| **at > TICK_S).count() as u64;
    let expected = VIEWERS * (beats.len() as u64 * ANSWER_BYTES + told * HINT_BYTES);
    count("56 bytes of answers to heartbeats", log, "heartbeat_bytes_out", expected)
}

/// Row 56: what the origin and `follower` show at the sample.
fn shown(log: &RequestLog, expected: u64) -> Exact {
    let shown = ["origin_displayed_mean", "followers_displayed_mean"]
        .map(|metric| libm::round(log.value(metric)) as u64);
    Exact {
        name: "56 what is shown of who has left",
        expected: Values::Counts(vec![expected; 2]),
        measured: Values::Counts(shown.to_vec()),
    }
}

fn count(name: &'static str, log: &RequestLog, metric: &str, expected: u64) -> Exact {
    Exact { name, expected: Values::one(expected), measured: Values::one(log.count(metric)) }
}
