//! What a run will cost, before anything runs: sessions, events, memory and output, and whether the limits allow it.
//!
//! The figures are upper estimates in expectation, events good to a factor of two and memory to one of ten: they are
//! there to refuse a mistake of a thousand, not to promise a time.

use crate::domain::protocol::{Forward, OwnViewers, PlainViews, Rules};
use crate::domain::workload::{Source, expected_beats, expected_sessions};
use crate::event::MAX_NUMBER;
use crate::mechanism::network::{LATENCY_MAX, Latency};
use crate::scenario::{Limits, Scenario};
use crate::words::units::Span;
use std::fmt;

/// Bytes of a session in memory, with its entries in two stores and its pending heartbeat.
const SESSION_BYTES: f64 = 600.0;
/// Bytes of a message under way: a pending event, in a heap that grows by doubling.
const IN_FLIGHT_BYTES: f64 = 200.0;
/// Bytes of an entry that a message leaves at its receiver, in a list that grows by doubling.
const ENTRY_BYTES: f64 = 24.0;
/// The busiest part of a run is so many times as busy as the mean, roughly.
const BUSIEST: f64 = 2.0;
/// Bytes of a row of the records, roughly.
const ROW_BYTES: f64 = 90.0;
/// Bytes of a row in memory, with its text in two forms while a cell is written down, roughly.
const ROW_MEMORY_BYTES: f64 = 150.0;
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
    /// The most ticks of one instance, heartbeats of one session, or samples.
    pub numbers: f64,
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
        let loads: Vec<_> = (0..scenario.compare.len()).map(|variant| Load::of(scenario, variant)).collect();
        let most = |read: fn(&Load) -> f64| loads.iter().map(read).fold(0.0, f64::max);
        Estimate {
            cells: scenario.compare.len(),
            sessions,
            events: most(|load| load.events) + samples,
            numbers: most(|load| load.numbers).max(samples),
            memory_bytes: BASE_BYTES
                + sessions * SESSION_BYTES
                + most(|load| load.message_bytes)
                + rows * ROW_MEMORY_BYTES,
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
            (
                "memory",
                self.memory_bytes,
                limits.memory_bytes,
                "fewer sessions or followers, shorter latencies, or samples further apart",
            ),
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
        if self.numbers >= f64::from(MAX_NUMBER) {
            return Err(format!(
                "about {:.3e} ticks of one instance, heartbeats of one session or samples are to be expected, more than {MAX_NUMBER}: a longer tick_interval, heartbeat or measure.every, or an earlier end",
                self.numbers
            ));
        }
        Ok(())
    }
}

/// What one cell has to do.
struct Load {
    /// Heartbeats, ticks and arrivals.
    events: f64,
    /// The most ticks of one instance or heartbeats of one session.
    numbers: f64,
    /// Bytes of messages under way, and of what they leave at their receivers until it expires.
    message_bytes: f64,
}

impl Load {
    fn of(scenario: &Scenario, variant: usize) -> Load {
        let rules = &scenario.compare[variant].rules;
        let end = scenario.end.latest();
        let duration_s = end.ns() as f64 / 1e9;
        let spans = |read: fn(&Rules) -> Span| rules.iter().map(move |rules| read(rules).secs_f64());
        let least = |read| spans(read).fold(f64::INFINITY, f64::min);
        let heartbeat_s = least(|rules| rules.parameters.heartbeat);
        let tick_s = least(|rules| rules.parameters.tick_interval);
        let age_s = least(|rules| rules.parameters.refederation_age);
        let beat_s = |own: Option<Span>| own.map_or(heartbeat_s, Span::secs_f64);
        let heartbeats = expected_beats(&scenario.crowds, end, &beat_s);
        let sendings = expected_beats(&scenario.crowds, end, &|own| beat_s(own).max(age_s));
        let sessions = expected_sessions(&scenario.crowds, end);
        let followers = (rules.len() - 1) as f64;
        let floods = rules
            .iter()
            .any(|rules| rules.own_viewers == OwnViewers::Each || rules.forward != Forward::Never);
        let plain = rules.iter().any(|rules| rules.plain_views == PlainViews::Each);
        let ticks = duration_s / tick_s + 1.0;
        let messages = sendings * if floods { followers } else { 1.0 }
            + if plain { sessions * followers } else { 0.0 }
            + ticks * followers * scenario.videos.len() as f64;
        let kept_s = spans(|rules| rules.total_lifetime()).fold(0.0, f64::max)
            + spans(|rules| rules.parameters.tick_interval).fold(0.0, f64::max);
        let at_once = |time_s: f64| messages * (BUSIEST * time_s / duration_s).min(1.0);
        Load {
            events: heartbeats + messages + ticks * rules.len() as f64,
            numbers: ticks.max(longest_session(scenario, heartbeat_s)),
            message_bytes: at_once(longest_latency_s(scenario)) * IN_FLIGHT_BYTES
                + at_once(kept_s) * ENTRY_BYTES,
        }
    }
}

/// The most heartbeats that one session can have.
fn longest_session(scenario: &Scenario, heartbeat_s: f64) -> f64 {
    let end = scenario.end.latest();
    let of_crowd = |source: &Source| match source {
        Source::Drawn { .. } => end.ns() as f64 / 1e9 / heartbeat_s,
        Source::Scripted(visits) => {
            let beats = visits.iter().map(|visit| {
                let watch = visit.watch.min(end.since(visit.start));
                watch.secs_f64() / visit.heartbeat.map_or(heartbeat_s, Span::secs_f64)
            });
            beats.fold(0.0, f64::max)
        }
    };
    scenario.crowds.iter().map(|crowd| of_crowd(&crowd.source)).fold(0.0, f64::max)
}

/// The mean latency of the slowest law in use.
fn longest_latency_s(scenario: &Scenario) -> f64 {
    let stretched = |median: Span, sigma: f64| median.secs_f64() * libm::exp(sigma * sigma / 2.0);
    let mean_s = |latency: &Latency| match latency {
        Latency::Constant(span) => span.secs_f64(),
        Latency::Uniform { min, max } => (min.secs_f64() + max.secs_f64()) / 2.0,
        Latency::Lognormal { median, sigma } => stretched(*median, *sigma),
        Latency::Regions { one_way, sigma } => {
            stretched(one_way.iter().flatten().copied().max().unwrap_or_default(), *sigma)
        }
    };
    let laws = scenario.network.links.iter().filter_map(|link| link.latency.as_ref());
    let slowest_s = laws.chain([&scenario.network.latency]).map(mean_s).fold(0.0, f64::max);
    slowest_s.min(LATENCY_MAX.secs_f64())
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
