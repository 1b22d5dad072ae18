//! The recordings in `tests/traces`.

use fedisim::conform::{Trace, Verdict, conform};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

pub(super) fn paths() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces");
    let entries = fs::read_dir(folder).expect("the recordings are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
}

/// All recordings, as read and as JSON.
pub(super) fn recordings() -> Vec<(Trace, Value)> {
    let read = |path: PathBuf| {
        let bytes = fs::read(path).expect("a recording");
        (Trace::parse(&bytes).expect("valid"), serde_json::from_slice(&bytes).expect("JSON"))
    };
    paths().into_iter().map(read).collect()
}

/// A recording as JSON, to be altered.
pub(super) fn trace(name: &str) -> Value {
    let path = format!("{}/tests/traces/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).expect("a recording")).expect("JSON")
}

pub(super) fn parse(value: &Value) -> Result<Trace, String> {
    Trace::parse(value.to_string().as_bytes())
}

pub(super) fn rows_of(trace: &mut Value) -> &mut Vec<Value> {
    trace["messages"]["rows"].as_array_mut().expect("a recording has messages")
}

/// Replays a recording, which must conform in every message and sample.
pub(super) fn assert_conforms(trace: &Trace, name: &str) {
    let (messages, samples) = (trace.messages.len(), trace.samples.len());
    assert_eq!(conform(trace), Verdict::Conforms { messages, samples }, "{name}");
}
