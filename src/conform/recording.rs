//! Recordings of our own: rows, and the file of `docs/conformance.md` with one row per line, so that files can be compared.
//!
//! A recording holds viewers and totals, and with `has_views` views: the caller leaves other messages out.

use crate::conform::trace::{MessageRow, SampleRow};
use crate::domain::protocol::Parameters;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;

/// An instance of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingInstance {
    /// Its name, unique.
    pub name: String,
    /// The preset of its rules.
    pub preset: String,
    /// Its first tick.
    pub tick_phase_ms: u64,
    /// Its times.
    pub times: Times,
    /// How long after a tick its total leaves, if not at the tick.
    pub spread_ms: Option<u64>,
}

/// The times of an instance, in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// Lifetime of an entry.
    pub viewer_lifetime_ms: u64,
    /// Interval between two ticks.
    pub tick_interval_ms: u64,
    /// Re-federation age.
    pub refederate_ms: u64,
}

impl Times {
    /// Those of a preset's parameters, or of others.
    pub fn of(parameters: &Parameters) -> Times {
        let Parameters { lifetime, tick_interval, refederation_age, .. } = *parameters;
        Times {
            viewer_lifetime_ms: lifetime.us() / 1_000,
            tick_interval_ms: tick_interval.us() / 1_000,
            refederate_ms: refederation_age.us() / 1_000,
        }
    }
}

/// A visit: heartbeats at `start_ms` + k * `period_ms` while before `end_ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRow {
    /// The name of the instance.
    pub instance: String,
    /// The name of the viewer.
    pub session: String,
    /// The first heartbeat.
    pub start_ms: u64,
    /// The interval between heartbeats.
    pub period_ms: u64,
    /// The end of the visit.
    pub end_ms: u64,
}

/// A message as JSON, to be read by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleRow {
    /// What it is, in words.
    pub of: String,
    /// When it was sent, in ms.
    pub sent_ms: u64,
    /// The instance that sent it.
    pub from: String,
    /// Its body as JSON, unsigned.
    pub body: String,
}

/// A heartbeat as an instance handled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeatRow {
    /// The name of the instance.
    pub instance: String,
    /// The name of the viewer, the same for all heartbeats that extend one entry.
    pub session: String,
    /// When it was handled.
    pub at_ms: u64,
}

/// A recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// What it is, as text.
    pub description: String,
    /// All instances.
    pub instances: Vec<RecordingInstance>,
    /// The name of the instance that owns the video.
    pub origin: String,
    /// What each preset chose, by its name, as JSON; commentary.
    pub rules: Vec<(String, Value)>,
    /// Latencies in ms, by `default` and `from>to`; none if they are as recorded.
    pub latency_ms: Vec<(String, u64)>,
    /// Whether messages hold views.
    pub has_views: bool,
    /// Times of instances that have none of their own.
    pub times: Times,
    /// Its length. What came later is left out.
    pub duration_ms: u64,
    /// The first sample.
    pub sample_offset_ms: u64,
    /// The interval between samples.
    pub sample_every_ms: u64,
    /// Restarts: the name of the instance, when it went down, and when it was up again, in ms.
    pub restarts: Vec<(String, u64, u64)>,
    /// Heartbeats, one by one.
    pub beats: Vec<BeatRow>,
    /// Visits, in the order of the file.
    pub visits: Vec<VisitRow>,
    /// Messages.
    pub messages: Vec<MessageRow>,
    /// Samples, with `displayed` in the order of `instances`. `watching` is ignored and counted from heartbeats and visits.
    pub samples: Vec<SampleRow>,
    /// How many views the origin knows of at the last sample, where messages hold views.
    pub views_counted: u64,
    /// Messages as JSON; commentary.
    pub examples: Vec<ExampleRow>,
}

impl Recording {
    /// The file.
    pub fn to_json(&self) -> String {
        let names = || self.instances.iter().map(|instance| instance.name.as_str());
        let head = json!({
            "description": self.description,
            "time_unit": "ms relative to T0",
            "protocol": self.by_name(|instance| Value::from(instance.preset.as_str())),
            "params": self.params(),
        });
        let mut messages = self.messages.clone();
        messages.sort();
        let mut beats = self.beats.clone();
        beats.sort_by(|a, b| (a.at_ms, &a.instance, &a.session).cmp(&(b.at_ms, &b.instance, &b.session)));
        let viewers = beats.iter().map(beat).chain(self.visits.iter().map(visit));
        let sample_columns: Vec<&str> =
            std::iter::once("t").chain(names()).chain(["activeSessions"]).collect();
        let mut text = String::from("{\n");
        for (key, value) in head.as_object().into_iter().flatten() {
            text += &format!(" {}: {value},\n", Value::from(key.as_str()));
        }
        if !self.rules.is_empty() {
            let rows = self.rules.iter().map(|(preset, rules)| json!({"preset": preset, "rules": rules}));
            text += &format!(" \"rules\": {},\n", lines(rows));
        }
        text += &format!(" \"viewers\": {},\n", lines(viewers));
        let rows = messages.iter().map(|row| message(row, self.has_views));
        text += &table("messages", &json!(message_columns(self.has_views)), rows);
        text += ",\n";
        text += &table("samples", &json!(sample_columns), self.samples.iter().map(|row| self.sample(row)));
        if self.has_views {
            text += &format!(",\n \"viewsCounted\": {}", self.views_counted);
        }
        if !self.examples.is_empty() {
            text += &format!(",\n \"examples\": {}", lines(self.examples.iter().map(example)));
        }
        text + "\n}\n"
    }

    fn by_name(&self, value: impl Fn(&RecordingInstance) -> Value) -> Value {
        let entries = self.instances.iter().map(|instance| (instance.name.clone(), value(instance)));
        Value::Object(entries.collect::<Map<_, _>>())
    }

    fn params(&self) -> Value {
        let mut params = json!({
            "origin": self.origin,
            "viewerLifetimeMs": self.times.viewer_lifetime_ms,
            "tickIntervalMs": self.times.tick_interval_ms,
            "refederateMs": self.times.refederate_ms,
            "tickPhaseMs": self.by_name(|instance| Value::from(instance.tick_phase_ms)),
            "latencyMs": self.latency_ms.iter().cloned().collect::<BTreeMap<_, _>>(),
            "durationMs": self.duration_ms,
            "sampleEveryMs": self.sample_every_ms,
            "sampleOffsetMs": self.sample_offset_ms,
            "restarts": self.restarts.iter().map(restart).collect::<Vec<_>>(),
        });
        let others = self.instances.iter().filter(|instance| instance.times != self.times);
        let times: BTreeMap<_, _> = others.map(|instance| (&instance.name, instance.times)).collect();
        let late = self.instances.iter().filter_map(|instance| Some((&instance.name, instance.spread_ms?)));
        let late: BTreeMap<_, _> = late.collect();
        if !times.is_empty() {
            params["times"] = json!(times);
        }
        if !late.is_empty() {
            params["spreadMs"] = json!(late);
        }
        params
    }

    fn sample(&self, row: &SampleRow) -> Value {
        let beats = self.beats.iter().filter(|beat| beat.at_ms == row.at_ms).count();
        let is_there = |visit: &&VisitRow| visit.start_ms <= row.at_ms && visit.end_ms > row.at_ms;
        let watching = (beats + self.visits.iter().filter(is_there).count()) as u64;
        let cells = std::iter::once(row.at_ms).chain(row.displayed.iter().copied()).chain([watching]);
        cells.collect()
    }
}

/// A restart: without a time of stopping, if that is the same.
fn restart((instance, stop_ms, at_ms): &(String, u64, u64)) -> Value {
    if stop_ms == at_ms {
        json!({"instance": instance, "atMs": at_ms})
    } else {
        json!({"instance": instance, "stopMs": stop_ms, "atMs": at_ms})
    }
}

/// A heartbeat as a visit of one heartbeat.
fn beat(beat: &BeatRow) -> Value {
    let BeatRow { instance, session, at_ms } = beat;
    json!({"instance": instance, "session": session, "startMs": at_ms, "periodMs": 1, "endMs": at_ms + 1})
}

fn visit(visit: &VisitRow) -> Value {
    let VisitRow { instance, session, start_ms, period_ms, end_ms } = visit;
    json!({"instance": instance, "session": session, "startMs": start_ms, "periodMs": period_ms, "endMs": end_ms})
}

fn message_columns(has_views: bool) -> Vec<&'static str> {
    let columns = ["tSend", "tArrive", "from", "to", "kind", "forwarded", "viewer", "resultCount", "expires"];
    columns.into_iter().chain(has_views.then_some("views")).collect()
}

fn message(row: &MessageRow, has_views: bool) -> Value {
    let mut cells = vec![
        json!(row.sent_ms),
        json!(row.arrives_ms),
        json!(row.from),
        json!(row.to),
        json!(row.kind),
        json!(u8::from(row.forwarded)),
        json!(row.viewer),
        json!(row.result),
        json!(row.expires_ms),
    ];
    cells.extend(has_views.then(|| json!(row.views)));
    Value::from(cells)
}

/// The text of an example: its body keeps the order of its members.
fn example(example: &ExampleRow) -> String {
    let ExampleRow { of, sent_ms, from, body } = example;
    let [of, from] = [of, from].map(|text| Value::from(text.as_str()));
    format!("{{\"of\":{of},\"tSend\":{sent_ms},\"from\":{from},\"body\":{body}}}")
}

fn table(key: &str, columns: &Value, rows: impl Iterator<Item = Value>) -> String {
    format!(" \"{key}\": {{\n  \"columns\": {columns},\n  \"rows\": {}\n }}", lines(rows))
}

/// A list with one item per line.
fn lines(items: impl Iterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.map(|item| format!("  {item}")).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{}\n ]", items.join(",\n")) }
}
