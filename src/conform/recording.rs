//! Recordings of our own: rows, and the file of `docs/conformance.md` with one row per line, so that files can be compared.
//!
//! Latencies are as recorded. A recording holds viewers and totals only: the caller leaves other messages out.

use crate::conform::trace::{MessageRow, SampleRow};
use serde_json::{Map, Value, json};

/// An instance of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingInstance {
    /// Its name, unique.
    pub name: String,
    /// The preset of its rules.
    pub preset: String,
    /// Its first tick.
    pub tick_phase_ms: u64,
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
    /// Lifetime of an entry.
    pub lifetime_ms: u64,
    /// Interval between two ticks.
    pub tick_interval_ms: u64,
    /// Re-federation age.
    pub refederate_ms: u64,
    /// Its length. What came later is left out.
    pub duration_ms: u64,
    /// The first sample.
    pub sample_offset_ms: u64,
    /// The interval between samples.
    pub sample_every_ms: u64,
    /// Restarts: the name of the instance, when it went down, and when it was up again, in ms.
    pub restarts: Vec<(String, u64, u64)>,
    /// Heartbeats.
    pub beats: Vec<BeatRow>,
    /// Messages.
    pub messages: Vec<MessageRow>,
    /// Samples, with `displayed` in the order of `instances`. `watching` is ignored and counted from the heartbeats.
    pub samples: Vec<SampleRow>,
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
        let columns =
            ["tSend", "tArrive", "from", "to", "kind", "forwarded", "viewer", "resultCount", "expires"];
        let sample_columns: Vec<&str> =
            std::iter::once("t").chain(names()).chain(["activeSessions"]).collect();
        let mut text = String::from("{\n");
        for (key, value) in head.as_object().into_iter().flatten() {
            text += &format!(" {}: {value},\n", Value::from(key.as_str()));
        }
        text += &format!(" \"viewers\": {},\n", lines(beats.iter().map(viewer)));
        text += &table("messages", &json!(columns), messages.iter().map(message));
        text += ",\n";
        text += &table("samples", &json!(sample_columns), self.samples.iter().map(|row| self.sample(row)));
        text + "\n}\n"
    }

    fn by_name(&self, value: impl Fn(&RecordingInstance) -> Value) -> Value {
        let entries = self.instances.iter().map(|instance| (instance.name.clone(), value(instance)));
        Value::Object(entries.collect::<Map<_, _>>())
    }

    fn params(&self) -> Value {
        let restart = |(instance, stop_ms, at_ms): &(String, u64, u64)| json!({"instance": instance, "stopMs": stop_ms, "atMs": at_ms});
        json!({
            "origin": self.origin,
            "viewerLifetimeMs": self.lifetime_ms,
            "tickIntervalMs": self.tick_interval_ms,
            "refederateMs": self.refederate_ms,
            "tickPhaseMs": self.by_name(|instance| Value::from(instance.tick_phase_ms)),
            "latencyMs": {},
            "durationMs": self.duration_ms,
            "sampleEveryMs": self.sample_every_ms,
            "sampleOffsetMs": self.sample_offset_ms,
            "restarts": self.restarts.iter().map(restart).collect::<Vec<_>>(),
        })
    }

    fn sample(&self, row: &SampleRow) -> Value {
        let watching = self.beats.iter().filter(|beat| beat.at_ms == row.at_ms).count() as u64;
        let cells = std::iter::once(row.at_ms).chain(row.displayed.iter().copied()).chain([watching]);
        cells.collect()
    }
}

/// A heartbeat as a visit of one heartbeat.
fn viewer(beat: &BeatRow) -> Value {
    let BeatRow { instance, session, at_ms } = beat;
    json!({"instance": instance, "session": session, "startMs": at_ms, "periodMs": 1, "endMs": at_ms + 1})
}

fn message(row: &MessageRow) -> Value {
    json!([
        row.sent_ms,
        row.arrives_ms,
        row.from,
        row.to,
        row.kind,
        u8::from(row.forwarded),
        row.viewer,
        row.result,
        row.expires_ms
    ])
}

fn table(key: &str, columns: &Value, rows: impl Iterator<Item = Value>) -> String {
    format!(" \"{key}\": {{\n  \"columns\": {columns},\n  \"rows\": {}\n }}", lines(rows))
}

/// A list with one item per line.
fn lines(items: impl Iterator<Item = Value>) -> String {
    let items: Vec<String> = items.map(|item| format!("  {item}")).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{}\n ]", items.join(",\n")) }
}
