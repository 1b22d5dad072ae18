//! Refusals: why a receiver, or what stands in front of it, does not take a request that reached it.
//!
//! A refusal is a good HTTP answer with a bad status: it arrives as fast as any answer, and its sender counts a bad
//! delivery. Who refuses when is not known here.

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its sender makes too many requests (429).
    RateLimited,
    /// Its `Date` is outside of the signature window (401 or 403, by software).
    StaleDate,
    /// The receiver has blocked its sender (403).
    Blocked,
    /// The key of its signer could not be fetched (401 or 403, by software).
    UnknownSigner,
    /// The receiver is no more (410).
    Gone,
    /// A proxy in front of the receiver finds no process behind it (502).
    BadGateway,
    /// A firewall has banned its sender: there is not even a connection, so no answer with a status.
    Banned,
}

impl Refusal {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Refusal; 7] = [
        Refusal::RateLimited,
        Refusal::StaleDate,
        Refusal::Blocked,
        Refusal::UnknownSigner,
        Refusal::Gone,
        Refusal::BadGateway,
        Refusal::Banned,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        assert!(Refusal::ALL.iter().enumerate().all(|(place, refusal)| *refusal as usize == place));
    }
}
