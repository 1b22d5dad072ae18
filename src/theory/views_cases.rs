//! Cases of the views counter: how far what is displayed lags behind what was counted, and what a lost `Update` costs.

use super::acceptance::{Claim, claim};
use super::cases::{Case, Exact, Sampled, Values};
use super::request_log::RequestLog;
use super::views_formulas::Lag;
use crate::foundation::units::Span;

/// The interval between flushes in the sampled cases, in seconds.
const INTERVAL_S: f64 = 20.0;
/// The latency of all links, in seconds.
const LATENCY_S: f64 = 0.05;
/// Views per second in the sampled cases.
const RATE_PER_S: f64 = 1.0;

/// What all cases have in common. A visit is viewed when it begins, and in the exact ones a flush comes at 30 s, 90 s, ...
const FLUSHES: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "protocols.mine={base: peertube-8.2.4}",
    "instances={origin: {update_phase: 30 s}, follower: {}}",
    "other_traffic.updates={every: 60 s}",
    "end=4 min",
];
/// One view every ten seconds, from 5 s on.
const REGULAR: &[&str] = &[
    "viewers=[{video: clip, view_after: 0 s, sessions: [\
     {instance: origin, start: 5 s, watch: 1 s}, {instance: origin, start: 15 s, watch: 1 s}, \
     {instance: origin, start: 25 s, watch: 1 s}, {instance: origin, start: 35 s, watch: 1 s}, \
     {instance: origin, start: 45 s, watch: 1 s}, {instance: origin, start: 55 s, watch: 1 s}, \
     {instance: origin, start: 65 s, watch: 1 s}, {instance: origin, start: 75 s, watch: 1 s}, \
     {instance: origin, start: 85 s, watch: 1 s}, {instance: origin, start: 95 s, watch: 1 s}, \
     {instance: origin, start: 105 s, watch: 1 s}, {instance: origin, start: 115 s, watch: 1 s}, \
     {instance: origin, start: 125 s, watch: 1 s}, {instance: origin, start: 135 s, watch: 1 s}, \
     {instance: origin, start: 145 s, watch: 1 s}]}]",
    // one sample
    "measure={from: 140 s, every: 1 h, bucket: 1 h}",
];
/// Views at the origin only, from the beginning, and samples once nothing is left of that.
const POISSON: &[&str] = &[
    "viewers=[{video: clip, view_after: 0 s, arrivals: {constant: {rate: 1 /s}}, watch: {fixed: 1 s}, spread: {list: [origin]}}]",
    "instances={origin: {}, follower: {}}",
    "other_traffic.updates={every: 20 s}",
    "end=170 min",
    "measure={from: 10 min, every: 7 s, bucket: 1 h}",
];

/// The exact cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "views at regular intervals",
        sets: &[FLUSHES, REGULAR],
        // the flush at 90 s had the views up to 85 s: that at 95 s is the first that is missing at 140 s
        claims: |log| vec![lag(log, Span::from_secs(140 - 95)), missing(log, 5)],
    },
    Case {
        name: "the same with a lost Update",
        sets: &[FLUSHES, REGULAR, &["faults=[{down: [follower], at: 89 s, for: 2 s, how: silent}]"]],
        // one interval more
        claims: |log| vec![lag(log, Span::from_secs(140 - 95 + 60)), missing(log, 5 + 6)],
    },
    Case {
        name: "an owner that starts again",
        sets: &[FLUSHES, REGULAR, &["faults=[{restart: [origin], at: 80 s, startup: 1 s}]"]],
        // the buffer lies outside of the process
        claims: |log| vec![lag(log, Span::from_secs(140 - 95)), missing(log, 5)],
    },
];

/// The sampled cases.
pub(super) const SAMPLED: &[Sampled] = &[
    Sampled { name: "views of a Poisson crowd", sets: &[FLUSHES, POISSON], claims: || poisson(0.0) },
    Sampled {
        name: "views of a Poisson crowd, every fifth message lost",
        sets: &[FLUSHES, POISSON, &["network.loss=20 %"]],
        claims: || poisson(0.2),
    },
];

/// Rows 36 to 38 under a share of loss.
fn poisson(loss: f64) -> Vec<Claim<RequestLog>> {
    let lag = Lag { interval_s: INTERVAL_S, rate_per_s: RATE_PER_S, latency_s: LATENCY_S, loss };
    let lacking = (lag.lacking_at_origin() + lag.lacking_at_follower()) / 2.0;
    vec![
        claim("36 lag of the origin, s", |log| log.value("views_origin_lag_mean_s"), lag.at_origin_s()),
        claim("37 lag of a follower, s", |log| log.value("views_followers_lag_mean_s"), lag.at_follower_s()),
        claim("38 views that both lack, mean", |log| -log.value("views_error_bias"), lacking),
    ]
}

/// Row 37 at one instant: the lag of the follower.
fn lag(log: &RequestLog, expected: Span) -> Exact {
    const NS_PER_S: f64 = 1e9;
    let measured_ns = libm::round(log.value("views_followers_lag_mean_s") * NS_PER_S) as u64;
    Exact {
        name: "37 lag of the follower at an instant",
        expected: Values::Times(vec![expected]),
        measured: Values::Times(vec![Span::from_ns(measured_ns)]),
    }
}

/// Row 38 at one instant: what the follower lacks. Both instances together lack so many.
fn missing(log: &RequestLog, expected: u64) -> Exact {
    const AT_ORIGIN: u64 = 5;
    let both = libm::round(2.0 * log.value("views_error_mean_abs")) as u64;
    Exact {
        name: "38 views that the follower lacks at an instant",
        expected: Values::one(expected),
        measured: Values::one(both - AT_ORIGIN),
    }
}
