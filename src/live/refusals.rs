//! What servers of a live run refused, and what went otherwise than the model says, counted by reason.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most characters that are kept of a first case: others have written some of it.
const FIRST_CHARACTERS_MAX: usize = 400;

/// Counts by reason. The reasons are words of the program, so there are only so many.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    counts: Mutex<BTreeMap<&'static str, Reason>>,
}

/// How often, and what was said the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How often.
    pub count: u64,
    /// The first case, for people: one line of bounded length without control characters.
    pub first: String,
    /// Whether it was a request of the run's own that failed or came late: then the records are not what the scenario says.
    pub is_own: bool,
}

impl Refusals {
    /// It happened once more.
    pub(super) fn count(&self, reason: &'static str, case: impl FnOnce() -> String) {
        self.add(reason, false, case);
    }

    /// A request of the run's own failed or came late.
    pub(super) fn count_own(&self, reason: &'static str, case: impl FnOnce() -> String) {
        self.add(reason, true, case);
    }

    /// What happened so far.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, Reason> {
        self.lock().clone()
    }

    fn add(&self, reason: &'static str, is_own: bool, case: impl FnOnce() -> String) {
        let mut counts = self.lock();
        let reason =
            counts.entry(reason).or_insert_with(|| Reason { count: 0, first: line(&case()), is_own });
        reason.count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Reason>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().take(FIRST_CHARACTERS_MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_case_is_one_short_line() {
        let refusals = Refusals::default();
        refusals.count("a", || format!("\u{1b}[31m{}\n", "x".repeat(1 << 20)));
        refusals.count("a", || unreachable!("it is not the first"));
        let reason = &refusals.counts()["a"];
        assert_eq!((reason.count, reason.is_own), (2, false));
        assert!(reason.first.starts_with("\u{fffd}[31mxx") && !reason.first.contains('\n'));
        assert_eq!(reason.first.chars().count(), FIRST_CHARACTERS_MAX);
    }
}
