//! Cases of delivery: a small scenario, and what the closed forms say of it.
//!
//! The claims of an exact case hold whatever is drawn (in most cases nothing is): they are met to the nanosecond and the message,
//! without a tolerance. Those of a sampled case are about means over draws, and go through the acceptance test.

use super::acceptance::Claim;
use super::request_log::RequestLog;
use crate::foundation::units::{Span, Time};
use crate::runs::cell::plan;
use crate::scenario::{Changes, Failure, Input, Scenario, parse};
use rayon::prelude::*;
use std::fmt;

/// What all cases have in common but for their changes: nothing takes time but latencies of 50 ms.
const BASE: &str = "
name: base
description: an origin that sends to a server of other software
end: 1 min
compare: [{name: mine, protocol: mine, delivery: mine}]
protocols: {mine: {base: peertube-6.3-v1, connections: new, plain_views: none, follow_health: off}}
deliveries:
  mine: {base: peertube, health: off, breaker: off, rate_limit: off, signature_window: off, transport: ignored,
    sign: 0 s, json_ld_sign: 0 s, verify: 0 s, json_ld_verify: 0 s, inbox: 0 s}
instances: {origin: {}, follower: {software: other}}
videos: {clip: {origin: origin, length: live}}
viewers: []
network: {latency: {constant: 50 ms}}
other_traffic: {updates: off, watch_actions: off}
measure: {every: 1 h, bucket: 1 h}
";

/// A scenario, and what is claimed of each of its runs.
pub struct Case {
    /// What it is about.
    pub name: &'static str,
    /// What is different from `BASE`, as of `--set`, in groups.
    pub sets: &'static [&'static [&'static str]],
    /// What the closed forms say of it.
    pub claims: fn(&RequestLog) -> Vec<Exact>,
}

/// A scenario with draws, and what is claimed of means over its replications.
pub struct Sampled {
    /// What it is about.
    pub name: &'static str,
    /// What is different from `BASE`, as of `--set`, in groups.
    pub sets: &'static [&'static [&'static str]],
    /// What the closed forms say of it.
    pub claims: fn() -> Vec<Claim<RequestLog>>,
}

/// What a formula says, and what was measured.
pub struct Exact {
    /// The row of the closed forms, and the quantity.
    pub name: &'static str,
    /// Its values by the formula.
    pub expected: Values,
    /// Its values in the run.
    pub measured: Values,
}

/// One value or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Numbers of something.
    Counts(Vec<u64>),
    /// Times.
    Times(Vec<Span>),
}

impl Case {
    /// Its scenario, with further changes: those of a planted error.
    pub fn scenario(&self, more: &[&str]) -> Scenario {
        scenario(&[self.sets.concat(), more.to_vec()].concat())
    }

    /// Runs it.
    pub fn run(&self, more: &[&str]) -> RequestLog {
        let scenario = self.scenario(more);
        RequestLog::of(&scenario, &plan(&scenario)[0])
    }
}

impl Sampled {
    /// Runs its replications on threads: by claim what is measured in each. `more` are the changes of a planted error.
    pub fn measure(&self, more: &[&str]) -> Vec<Vec<f64>> {
        let claims = (self.claims)();
        let scenario = scenario(&[self.sets.concat(), vec!["replications=100"], more.to_vec()].concat());
        let measure = |plan| {
            let log = RequestLog::of(&scenario, plan);
            claims.iter().map(|claim| (claim.measured)(&log)).collect::<Vec<_>>()
        };
        let runs: Vec<Vec<f64>> = plan(&scenario).par_iter().map(measure).collect();
        (0..claims.len()).map(|claim| runs.iter().map(|run| run[claim]).collect()).collect()
    }
}

impl Exact {
    /// Whether all values are as expected. Of no values nothing can be claimed.
    pub fn holds(&self) -> bool {
        self.measured == self.expected && self.expected.count() > 0
    }

    /// The first value that differs: its number from 0, and both.
    pub fn difference(&self) -> Option<String> {
        let (expected, measured) = (self.expected.texts(), self.measured.texts());
        let value =
            |of: &[String], number: usize| of.get(number).cloned().unwrap_or_else(|| "none".to_owned());
        let number = (0..expected.len().max(measured.len()))
            .find(|&number| expected.get(number) != measured.get(number))?;
        Some(format!("value {number} is {}, not {}", value(&measured, number), value(&expected, number)))
    }
}

impl Values {
    /// One number.
    pub fn one(count: u64) -> Values {
        Values::Counts(vec![count])
    }

    /// Instants, by the time since `from`.
    pub fn since(from: Time, instants: impl IntoIterator<Item = Time>) -> Values {
        Values::Times(instants.into_iter().map(|at| at.since(from)).collect())
    }

    fn count(&self) -> usize {
        self.texts().len()
    }

    fn texts(&self) -> Vec<String> {
        match self {
            Values::Counts(counts) => counts.iter().map(u64::to_string).collect(),
            Values::Times(times) => times.iter().map(|time| seconds(*time)).collect(),
        }
    }
}

/// The value, or how many there are from the first to the last.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.texts().as_slice() {
            [] => write!(f, "none"),
            [one] => write!(f, "{one}"),
            [first, .., last] => write!(f, "{}: {first} to {last}", self.count()),
        }
    }
}

/// All digits of a time in seconds.
fn seconds(time: Span) -> String {
    const SECOND_NS: u64 = 1_000_000_000;
    let (whole, ns) = (time.ns() / SECOND_NS, time.ns() % SECOND_NS);
    let digits = format!("{ns:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{whole} s") } else { format!("{whole}.{digits} s") }
}

/// `BASE` with changes.
fn scenario(sets: &[&str]) -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "case", bytes: BASE.as_bytes(), stem: None, data: &no_data };
    let changes = Changes { sets: sets.iter().map(|set| (*set).to_owned()).collect(), ..Changes::default() };
    parse(&input, &changes, &[]).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}
