//! What a run will cost, before anything runs: sessions, events, memory and output, and whether the limits allow it.
//!
//! The figures are upper estimates in expectation, good to a factor of two: they are there to refuse a mistake of a
//! thousand, not to promise a time.

use crate::domain::protocol::{Forward, OwnViewers, PlainViews};
use crate::domain::workload::{expected_sessions, expected_watch_s};
use crate::scenario::{Limits, Scenario};
use std::fmt;

/// Bytes of a session in memory, with its entries in two stores and its pending heartbeat.
const SESSION_BYTES: f64 = 600.0;
/// Bytes of a row of the records, roughly.
const ROW_BYTES: f64 = 90.0;
/// Rows of traffic that an instance has in a bucket, roughly.
const TRAFFIC_ROWS: f64 = 6.0;
/// Before any instance or session.
const BASE_BYTES: f64 = 8e6;

/// What is to be expected of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Cells.
    pub cells: usize,
    /// Sessions of a cell.
    pub sessions: f64,
    /// Events of the largest cell.
    pub events: f64,
    /// Bytes in memory of a cell.
    pub memory_bytes: f64,
    /// Bytes of all records.
    pub output_bytes: f64,
}

impl Estimate {
    /// The estimate for a scenario.
    pub fn of(scenario: &Scenario) -> Estimate {
        let end = scenario.end.latest();
        let duration_s = end.ns() as f64 / 1e9;
        let sessions = expected_sessions(&scenario.crowds, end);
        let instances = scenario.instances.len() as f64;
        let samples = duration_s / scenario.measure.every.secs_f64() + 1.0;
        let buckets = duration_s / scenario.measure.bucket.secs_f64() + 1.0;
        // Everybody may show every video; the follower lists are drawn only later.
        let shown = instances * scenario.videos.len() as f64;
        let rows = samples * shown + buckets * shown * TRAFFIC_ROWS;
        let events = (0..scenario.compare.len())
            .map(|variant| events_of(scenario, variant, duration_s, sessions) + samples)
            .fold(0.0, f64::max);
        Estimate {
            cells: scenario.compare.len(),
            sessions,
            events,
            memory_bytes: BASE_BYTES + sessions * SESSION_BYTES + rows * 8.0,
            output_bytes: rows * ROW_BYTES * scenario.compare.len() as f64,
        }
    }

    /// Refuses what exceeds the limits.
    ///
    /// # Errors
    /// A sentence that names the limit and what to change.
    pub fn check(&self, limits: &Limits) -> Result<(), String> {
        let checks = [
            ("sessions", self.sessions, limits.sessions, "fewer or shorter crowds"),
            ("events", self.events, limits.events, "a smaller crowd, fewer followers or an earlier end"),
            ("memory", self.memory_bytes, limits.memory_bytes, "fewer sessions, or samples further apart"),
            ("output", self.output_bytes, limits.output_bytes, "a larger measure.every or measure.bucket"),
        ];
        for (what, expected, limit, remedy) in checks {
            if expected > limit as f64 {
                return Err(format!(
                    "about {expected:.3e} {} are to be expected, more than limits.{what} = {limit}: raise it, or take {remedy}",
                    if matches!(what, "memory" | "output") { "bytes" } else { what }
                ));
            }
        }
        Ok(())
    }
}

/// Heartbeats, ticks and arrivals of one cell.
fn events_of(scenario: &Scenario, variant: usize, duration_s: f64, sessions: f64) -> f64 {
    let rules = &scenario.compare[variant].rules;
    let of = |read: fn(&crate::domain::protocol::Rules) -> f64| rules.iter().map(read);
    let least = |read| of(read).fold(f64::INFINITY, f64::min);
    let heartbeat_s = least(|rules| rules.parameters.heartbeat.secs_f64());
    let tick_s = least(|rules| rules.parameters.tick_interval.secs_f64());
    let age_s = least(|rules| rules.parameters.refederation_age.secs_f64()).max(heartbeat_s);
    let watch_s = expected_watch_s(&scenario.crowds, scenario.end.latest());
    let followers = (rules.len() - 1) as f64;
    let floods =
        rules.iter().any(|rules| rules.own_viewers == OwnViewers::Each || rules.forward != Forward::Never);
    let plain = rules.iter().any(|rules| rules.plain_views == PlainViews::Each);
    let fan_out = if floods { followers } else { 1.0 };
    let heartbeats = watch_s / heartbeat_s + sessions;
    let viewers = (watch_s / age_s + sessions) * fan_out;
    let plain_views = if plain { sessions * followers } else { 0.0 };
    let ticks = duration_s / tick_s;
    let totals = ticks * followers * scenario.videos.len() as f64;
    heartbeats + viewers + plain_views + totals + ticks * rules.len() as f64
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "to be expected: {} cells, each of about {:.0} sessions and at most {:.1e} events and {:.0} MB; records of at most {:.0} MB",
            self.cells,
            self.sessions,
            self.events,
            self.memory_bytes / 1e6,
            self.output_bytes / 1e6
        )
    }
}
