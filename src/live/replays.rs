//! Replay protection: the signed requests that a server has accepted, so that it accepts none twice.

use std::collections::BTreeSet;

/// How far a `date` may be off. PeerTube has the same bound.
pub(super) const DATE_OFF_MAX_S: i64 = 30 * 60;

/// What identifies a signed request, however its head is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub(super) date_s: i64,
    /// SHA-256 of its key and of the lines that are signed.
    pub(super) digest: [u8; 32],
}

/// The accepted requests whose dates are not too old to be accepted again.
#[derive(Debug, Default)]
pub(super) struct AcceptedRequests(BTreeSet<Fingerprint>);

impl AcceptedRequests {
    pub(super) fn contains(&self, fingerprint: &Fingerprint) -> bool {
        self.0.contains(fingerprint)
    }

    /// Adds a request. False if it is there already.
    pub(super) fn insert(&mut self, fingerprint: Fingerprint, now_s: i64) -> bool {
        let oldest = Fingerprint { date_s: now_s.saturating_sub(DATE_OFF_MAX_S), digest: [0; 32] };
        while self.0.first().is_some_and(|first| *first < oldest) {
            self.0.pop_first();
        }
        self.0.insert(fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_remembered_as_long_as_its_date_is_accepted() {
        let mut accepted = AcceptedRequests::default();
        let request = |date_s: i64| Fingerprint { date_s, digest: [1; 32] };
        assert!(accepted.insert(request(0), 0));
        assert!(!accepted.insert(request(0), DATE_OFF_MAX_S));
        assert!(accepted.insert(request(3_600), DATE_OFF_MAX_S + 1));
        assert_eq!(accepted.0.len(), 1, "the first is too old to be accepted");
    }
}
