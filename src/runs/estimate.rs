//! What a run will cost, before anything runs: sessions, events, memory and output, and whether the limits allow it.
//!
//! The figures are upper estimates in expectation, events good to a factor of two and memory to one of ten: they are
//! there to refuse a mistake of a thousand, not to promise a time.

mod attendance;
mod load;

use crate::domain::ranking::CLASSES;
use crate::event::MAX_NUMBER;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::runs::EngineChoice;
use crate::scenario::{Failure, Limits, Scenario, Study};
use load::Load;
use std::collections::BTreeSet;
use std::fmt;

/// Bytes of a session in memory, with its entries in two stores and its pending heartbeat.
const SESSION_BYTES: f64 = 600.0;
/// Wall time on one core of 2024, roughly: of an event, and of a message that makes none.
const EVENT_S: f64 = 0.4e-6;
const EVENTLESS_S: f64 = 0.05e-6;
/// Bytes of a row of the records, roughly.
const ROW_BYTES: f64 = 90.0;
/// Bytes of a row in memory, with its text in two forms while a cell is written down, roughly.
const ROW_MEMORY_BYTES: f64 = 150.0;
/// Rows of traffic that an instance has in a bucket, roughly.
const TRAFFIC_ROWS: f64 = 6.0;
/// Rows of links that a sender and an inbox that it sends to have, both ways together, roughly.
const LINK_ROWS: f64 = 5.0;
/// Bytes of a video of a catalogue, with its names.
const VIDEO_BYTES: f64 = 300.0;
/// Bytes of a viewer of a catalogue at a sample.
const SEAT_BYTES: f64 = 40.0;
/// Before any instance or session.
const BASE_BYTES: f64 = 8e6;

/// What is to be expected of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Cells.
    pub cells: usize,
    /// Sessions of a cell.
    pub sessions: f64,
    /// Messages of the largest cell.
    pub messages: f64,
    /// Those of them that make no events.
    pub messages_without_events: f64,
    /// Events of the largest cell.
    pub events: f64,
    /// Seconds on one core, all cells together; roughly.
    pub time_s: f64,
    /// The most ticks, background jobs or tellings of a lie of one instance, heartbeats of one session, or samples.
    pub numbers: f64,
    /// Bytes in memory of a cell.
    pub memory_bytes: f64,
    /// Bytes of all records.
    pub output_bytes: f64,
}

impl Estimate {
    /// The estimate for a scenario, run so.
    pub fn of(scenario: &Scenario, engine: EngineChoice) -> Estimate {
        let end = scenario.end.latest();
        let duration_s = end.ns() as f64 / 1e9;
        let sessions = attendance::sessions(scenario, end);
        let samples = duration_s / scenario.measure.every.secs_f64() + 1.0;
        let buckets = duration_s / scenario.measure.bucket.secs_f64() + 1.0;
        let followers = attendance::follower_counts(scenario);
        let showing = |origin: InstanceId| 1.0 + followers[origin.index()];
        let of_single = |video: &VideoId| scenario.videos[video.index()].origin;
        let active = attendance::active_videos(scenario);
        let owners: BTreeSet<InstanceId> = active.iter().map(of_single).collect();
        let owners_of_catalogues = scenario.catalogues.iter().flat_map(|catalogue| &catalogue.owners);
        let links =
            owners.iter().chain(owners_of_catalogues).fold(0.0, |sum, id| sum + showing(*id)) * LINK_ROWS;
        let detailed = scenario.detailed.len() as f64 * (1.0 + attendance::followers(scenario));
        let shown = scenario.videos.iter().fold(detailed, |sum, video| sum + showing(video.origin));
        let active = active.iter().fold(detailed, |sum, video| sum + showing(of_single(video)));
        let catalogues = scenario.catalogues.len() as f64;
        let traffic = buckets * (active + catalogues * scenario.instances.len() as f64) * TRAFFIC_ROWS;
        let rows = samples * (shown + catalogues * CLASSES as f64) + traffic + links;
        // rows of videos that nobody watches are in the records only
        let rows_in_memory = samples * active + traffic + links;
        let loads: Vec<_> =
            (0..scenario.compare.len()).map(|variant| Load::of(scenario, variant, engine)).collect();
        let most = |read: fn(&Load) -> f64| loads.iter().map(read).fold(0.0, f64::max);
        // a cell with lies is run without them, too
        let runs = if scenario.lies.is_empty() { 1.0 } else { 2.0 };
        Estimate {
            cells: scenario.compare.len(),
            sessions,
            messages: most(|load| load.messages),
            messages_without_events: most(|load| load.messages_without_events),
            events: most(|load| load.events) + samples,
            time_s: loads
                .iter()
                .map(|load| load.events * EVENT_S + load.messages_without_events * EVENTLESS_S)
                .sum::<f64>()
                * runs,
            numbers: most(|load| load.numbers).max(samples),
            memory_bytes: BASE_BYTES
                + sessions * SESSION_BYTES
                + most(|load| load.message_bytes)
                + rows_in_memory * ROW_MEMORY_BYTES
                + attendance::videos_of_catalogues(scenario) * VIDEO_BYTES
                + attendance::heartbeats_of_catalogues(scenario, scenario.measure.every.secs_f64())
                    * SEAT_BYTES,
            output_bytes: rows * ROW_BYTES * scenario.compare.len() as f64,
        }
    }

    /// The estimate for all points and replications of a study, each of which is looked at.
    ///
    /// # Errors
    /// What is wrong with a point of its sweep.
    pub fn of_study(study: &Study, engine: EngineChoice) -> Result<Estimate, Failure> {
        let mut all: Option<Estimate> = None;
        study.check(|point| {
            let one = Estimate::of(point, engine);
            all = Some(all.map_or(one, |all| all.and(&one)));
        })?;
        let mut all = all.expect("there is a point");
        let replications = study.scenario.replications;
        all.cells *= replications as usize;
        all.time_s *= f64::from(replications);
        all.output_bytes *= f64::from(replications);
        Ok(all)
    }

    /// This and another.
    fn and(&self, other: &Estimate) -> Estimate {
        Estimate {
            cells: self.cells + other.cells,
            sessions: self.sessions.max(other.sessions),
            messages: self.messages.max(other.messages),
            messages_without_events: self.messages_without_events.max(other.messages_without_events),
            events: self.events.max(other.events),
            time_s: self.time_s + other.time_s,
            numbers: self.numbers.max(other.numbers),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            output_bytes: self.output_bytes + other.output_bytes,
        }
    }

    /// Refuses what exceeds the limits.
    ///
    /// # Errors
    /// A sentence that names the limit and what to change.
    pub fn check(&self, limits: &Limits) -> Result<(), String> {
        let checks = [
            ("sessions", self.sessions, limits.sessions, "fewer or shorter crowds"),
            (
                "events",
                self.events,
                limits.events,
                "a smaller crowd, fewer followers, fewer or rarer `lies`, or an earlier end",
            ),
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
                "about {:.3e} ticks, background jobs or lies of one instance, heartbeats of one session or samples are to be expected, more than {MAX_NUMBER}: a longer tick_interval, heartbeat, measure.every or other_traffic.updates.every, a lower rate of other_traffic.background or of `lies`, or an earlier end",
                self.numbers
            ));
        }
        Ok(())
    }
}

/// A time, rounded so that it does not look exact.
fn rough_time(time_s: f64) -> String {
    match time_s {
        ..1.0 => "a second".to_owned(),
        ..120.0 => format!("{time_s:.0} s"),
        ..7_200.0 => format!("{:.0} min", time_s / 60.0),
        _ => format!("{:.0} h", time_s / 3_600.0),
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "to be expected: {} cells, each of about {:.0} sessions and at most {:.1e} messages ({:.1e} of them without events), {:.1e} events and {:.0} MB; records of at most {:.0} MB; about {} on one core",
            self.cells,
            // a sum of nothing is -0
            self.sessions + 0.0,
            self.messages,
            self.messages_without_events,
            self.events,
            self.memory_bytes / 1e6,
            self.output_bytes / 1e6,
            rough_time(self.time_s)
        )
    }
}
