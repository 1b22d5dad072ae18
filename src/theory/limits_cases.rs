//! Cases of limits: crowds of which one can count what a sender that knows everything must tell a follower.

use super::cases::{Case, Exact, Values};
use super::limits_formulas::{nothing_sent_per_mille, numbers_on_ramp};
use super::request_log::RequestLog;

/// What all cases have in common: samples between the changes of the crowd.
const SAMPLES: &[&str] = &[
    "compare=[{name: mine, protocol: mine, delivery: unlimited}]",
    "instances={origin: {}, follower: {}}",
    "end=10 min",
    "measure={from: 5 s, every: 10 s, bucket: 1 h}",
];
/// Watched at the first and at the last sample of a ramp.
const RAMP: (u64, u64) = (2, 61);

/// Visits to the origin, one more every ten seconds; before them some others.
macro_rules! ramp {
    ($others:literal, $($tens:literal)+) => {
        concat!("viewers=[{video: clip, sessions: [", $others, $("{instance: origin, start: ", $tens, "0 s, watch: 1 h}, ",)+ "]}]")
    };
}

/// From one viewer at the origin to sixty.
macro_rules! ramp_beside {
    ($others:literal) => {
        ramp!($others, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
            40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59)
    };
}

/// The exact cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "a ramp at the origin, and one viewer at a follower",
        sets: &[SAMPLES, &[ramp_beside!("{instance: follower, start: 0 s, watch: 1 h}, ")]],
        claims: |log| {
            let expected = |percent| numbers_on_ramp(RAMP.0, RAMP.1, percent);
            vec![
                least(log, "44 least messages on a ramp, 0 %", "least_messages_0_percent", expected(0)),
                least(log, "44 least messages on a ramp, 1 %", "least_messages_1_percent", expected(1)),
                least(log, "44 least messages on a ramp, 5 %", "least_messages_5_percent", expected(5)),
                least(log, "44 least messages on a ramp, 20 %", "least_messages_20_percent", expected(20)),
            ]
        },
    },
    Case {
        name: "a ramp that a follower sees only at its end",
        sets: &[SAMPLES, &[ramp_beside!("{instance: follower, start: 300 s, watch: 1 h}, ")]],
        // one of the origin's more, at each sample: 31 + 1 at 305 s
        claims: |log| {
            let expected = numbers_on_ramp(32, RAMP.1, 5);
            vec![least(log, "44 least messages from then on, 5 %", "least_messages_5_percent", expected)]
        },
    },
    Case {
        name: "a crowd that does not change",
        sets: &[
            SAMPLES,
            &["viewers=[{video: clip, sessions: [\
            {instance: origin, start: 0 s, watch: 1 h}, {instance: origin, start: 0 s, watch: 1 h}, \
            {instance: origin, start: 0 s, watch: 1 h}, {instance: follower, start: 0 s, watch: 1 h}]}]"],
        ],
        claims: |log| {
            let error = libm::round(1_000.0 * log.value("nothing_sent_seen_error_relative")) as u64;
            vec![
                least(log, "45 least messages of a constant crowd", "least_messages_0_percent", 1),
                Exact {
                    name: "46 error if nothing is sent, per mille",
                    expected: Values::one(nothing_sent_per_mille(&[3, 1])),
                    measured: Values::one(error),
                },
            ]
        },
    },
];

fn least(log: &RequestLog, name: &'static str, metric: &str, expected: u64) -> Exact {
    Exact { name, expected: Values::one(expected), measured: Values::one(log.count(metric)) }
}
