//! What servers of a live run refused, and what went otherwise than the model says, counted by reason.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Counts by reason.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    counts: Mutex<BTreeMap<&'static str, Reason>>,
}

/// How often, and what was said the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How often.
    pub count: u64,
    /// The first case, for people.
    pub first: String,
}

impl Refusals {
    /// It happened once more.
    pub(super) fn count(&self, reason: &'static str, case: impl FnOnce() -> String) {
        let mut counts = self.counts.lock().expect("nobody panics with it");
        counts.entry(reason).or_insert_with(|| Reason { count: 0, first: case() }).count += 1;
    }

    /// What happened so far.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, Reason> {
        self.counts.lock().expect("nobody panics with it").clone()
    }
}
