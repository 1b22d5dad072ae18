//! The file of a recording as it stands in JSON (`docs/conformance.md`), and the limits on it.
//!
//! Keys that the format does not list are commentary and ignored.

use crate::conform::recording::Times;
use crate::domain::protocol::{FollowerTotal, Rules};
use crate::mechanism::network::LATENCY_MAX;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Recordings with more are refused.
const EVENTS_MAX: u64 = 50_000_000;
const MESSAGES_MAX: u64 = 5_000_000;
pub(super) const MS_MAX: u64 = 400 * 24 * 3_600 * 1_000;
const INSTANCES_MAX: usize = 10_000;
/// No message counts more viewers or views, so that the sum fits a u32.
pub(super) const COUNTED_MAX: u64 = 100_000;

/// The column of messages that makes them hold views.
pub(super) const VIEWS: &str = "views";

/// A viewer makes one view in so long.
const VIEW_MS: u64 = 3_600_000;

#[derive(Deserialize)]
pub(super) struct File {
    /// Commentary, which a recording that is written anew keeps if it is text.
    #[serde(default)]
    pub(super) description: Value,
    pub(super) protocol: BTreeMap<String, String>,
    pub(super) params: Params,
    pub(super) viewers: Vec<Viewer>,
    pub(super) messages: Table,
    pub(super) samples: Table,
    /// How many views the origin knows of at the last sample.
    #[serde(default, rename = "viewsCounted")]
    pub(super) views_counted: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    pub(super) origin: String,
    pub(super) viewer_lifetime_ms: u64,
    pub(super) tick_interval_ms: u64,
    pub(super) refederate_ms: u64,
    pub(super) duration_ms: u64,
    pub(super) sample_every_ms: u64,
    pub(super) sample_offset_ms: u64,
    pub(super) tick_phase_ms: BTreeMap<String, u64>,
    pub(super) latency_ms: BTreeMap<String, u64>,
    #[serde(default)]
    pub(super) restarts: Vec<Restart>,
    /// By instance, where they are not those above.
    #[serde(default)]
    pub(super) times: BTreeMap<String, Times>,
    /// By instance: how long after a tick its total leaves, where totals are spread.
    #[serde(default)]
    pub(super) spread_ms: BTreeMap<String, u64>,
}

impl Params {
    /// Those of an instance that has none of its own.
    pub(super) fn common_times(&self) -> Times {
        let Params { viewer_lifetime_ms, tick_interval_ms, refederate_ms, .. } = *self;
        Times { viewer_lifetime_ms, tick_interval_ms, refederate_ms }
    }

    /// Those of an instance.
    pub(super) fn times_of(&self, instance: &str) -> Times {
        self.times.get(instance).copied().unwrap_or_else(|| self.common_times())
    }

    fn all_times(&self) -> impl Iterator<Item = Times> + '_ {
        self.times.values().copied().chain([self.common_times()])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Restart {
    pub(super) instance: String,
    pub(super) at_ms: u64,
    pub(super) stop_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Viewer {
    pub(super) instance: String,
    pub(super) session: String,
    pub(super) start_ms: u64,
    pub(super) period_ms: u64,
    pub(super) end_ms: u64,
}

#[derive(Deserialize)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl File {
    /// Whether its messages hold views.
    pub(super) fn has_views(&self) -> bool {
        self.messages.columns.iter().any(|column| column == VIEWS)
    }

    /// Refuses numbers that are too large or have no meaning.
    pub(super) fn check_sizes(&self) -> Result<(), String> {
        let Params { duration_ms, sample_every_ms, .. } = self.params;
        let instances = self.protocol.len();
        if !(2..=INSTANCES_MAX).contains(&instances) {
            return Err(format!("protocol: 2 to {INSTANCES_MAX} instances are expected, not {instances}"));
        }
        let restarts = self.params.restarts.iter().map(|restart| ("restarts.atMs", restart.at_ms));
        let phases = self.params.tick_phase_ms.values().map(|&ms| ("tickPhaseMs", ms));
        let spread = self.params.spread_ms.values().map(|&ms| ("spreadMs", ms));
        let lifetimes = self.params.all_times().map(|times| ("viewerLifetimeMs", times.viewer_lifetime_ms));
        let ages = self.params.all_times().map(|times| ("refederateMs", times.refederate_ms));
        let params = [("sampleOffsetMs", self.params.sample_offset_ms), ("durationMs", duration_ms)];
        let params = params.into_iter().chain(lifetimes).chain(ages);
        for (key, ms) in params.chain(restarts).chain(phases).chain(spread) {
            expect_range(key, ms, 0..=MS_MAX)?;
        }
        for &ms in self.params.latency_ms.values() {
            expect_range("latencyMs", ms, 0..=LATENCY_MAX.us() / 1_000)?;
        }
        let intervals = self.params.all_times().map(|times| ("tickIntervalMs", times.tick_interval_ms));
        let periods = self.viewers.iter().map(|viewer| ("viewers.periodMs", viewer.period_ms));
        for (key, ms) in [("sampleEveryMs", sample_every_ms)].into_iter().chain(intervals).chain(periods) {
            expect_range(key, ms, 1..=MS_MAX)?;
        }
        for viewer in &self.viewers {
            expect_range("viewers.startMs", viewer.start_ms, 0..=MS_MAX)?;
            expect_range("viewers.endMs", viewer.end_ms, 0..=MS_MAX)?;
        }
        self.check_work(instances as u64)
    }

    /// Refuses a replay of too many events or messages, by their upper bounds.
    fn check_work(&self, instances: u64) -> Result<(), String> {
        let Params { duration_ms, sample_every_ms, .. } = self.params;
        let least = |of: fn(Times) -> u64| self.params.all_times().map(of).min().unwrap_or(1);
        let tick_interval_ms = least(|times| times.tick_interval_ms);
        let refederate_ms = least(|times| times.refederate_ms);
        let beats = |viewer: &Viewer, every_ms: u64| {
            viewer.end_ms.min(duration_ms).saturating_sub(viewer.start_ms) / every_ms + 1
        };
        let heartbeats = self.viewers.iter().map(|viewer| beats(viewer, viewer.period_ms)).sum::<u64>();
        let sendings =
            self.viewers.iter().map(|viewer| beats(viewer, viewer.period_ms.max(refederate_ms))).sum::<u64>();
        let viewed = self.viewers.iter().filter(|_| self.has_views());
        let views = viewed.map(|viewer| beats(viewer, viewer.period_ms.max(VIEW_MS))).sum::<u64>();
        let ticks = duration_ms / tick_interval_ms + 1;
        let samples = duration_ms / sample_every_ms + 1;
        // the origin sends totals; under some rules every follower does too, and the origin may forward those
        let follower_totals = |name: &String| {
            Rules::preset(name).is_some_and(|rules| rules.follower_total == FollowerTotal::Yes)
        };
        let senders = if self.protocol.values().any(follower_totals) { instances } else { 1 };
        let events = heartbeats + (ticks + samples) * instances;
        let messages = (sendings + views + ticks * senders).saturating_mul(instances);
        for (what, count, most) in
            [("heartbeats, ticks and samples", events, EVENTS_MAX), ("messages", messages, MESSAGES_MAX)]
        {
            if count > most {
                return Err(format!("up to {count} {what} are more than {most}"));
            }
        }
        Ok(())
    }
}

/// Checks that a time is in a range.
pub(super) fn expect_range(key: &str, ms: u64, range: RangeInclusive<u64>) -> Result<(), String> {
    if range.contains(&ms) {
        return Ok(());
    }
    Err(format!("{key}: {ms} ms is not in {} to {} ms", range.start(), range.end()))
}
