//! Counts by reason: what the servers of a live run refused, and what did not go as the model says.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest first case, in characters. Strangers may have written some of it.
const FIRST_CHARACTERS_MAX: usize = 400;

/// Counts by reason. Reasons are literals of the program, so their number is bounded.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    counts: Mutex<BTreeMap<&'static str, Reason>>,
}

/// The count of one reason, and its first case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// How often.
    pub count: u64,
    /// The first case as text: one line of bounded length without control characters.
    pub first: String,
    /// Whether own requests failed or were late. Then the records are not what the scenario says.
    pub is_own: bool,
}

impl Refusals {
    pub(super) fn count(&self, reason: &'static str, case: impl FnOnce() -> String) {
        self.add(reason, false, case);
    }

    /// Counts an own request that failed or was late.
    pub(super) fn count_own(&self, reason: &'static str, case: impl FnOnce() -> String) {
        self.add(reason, true, case);
    }

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
