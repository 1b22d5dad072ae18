//! Parameters: the numbers beside the rules.

use crate::foundation::units::Span;

/// The numbers beside the rules, with PeerTube's values in the presets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Lifetime L of an entry after the last heartbeat or View.
    pub lifetime: Span,
    /// Interval T between two ticks of an instance.
    pub tick_interval: Span,
    /// A viewer is sent again on the first heartbeat at least this long after the last sending.
    pub refederation_age: Span,
    /// Interval between the heartbeats of a client.
    pub heartbeat: Span,
    /// When answers to heartbeats tell clients to come later (no release does).
    pub hints: Option<Hints>,
    /// Watching this long makes a plain view (half of the video if that is shorter).
    pub plain_view_after: Span,
    /// When totals may be withheld (no release does).
    pub threshold: Option<Threshold>,
    /// An origin counts at most so many viewers of one follower (no release has this).
    pub follower_cap: Option<u32>,
    /// The share of clients that tell their instance that they leave, in millionths (none does in any release).
    pub leave_beacon_ppm: u32,
    /// One of so many viewers is sent, and counts for as many where this is more than 1 (1 in all releases).
    pub sampling: u32,
    /// The change of a number of views that is worth an `Update`, in millionths of the last one told (`updates-by-share`).
    pub update_share_ppm: u32,
    /// A follower asks for a count not more often than once in this time, and the origin answers with the same one for this long (`pull`).
    pub pull_cache: Span,
}

/// The threshold rule: a total is sent only if it changed enough, or if too many ticks went by without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The change that is worth a message, in millionths of the last total sent.
    pub share_ppm: u32,
    /// A total is sent at least every so many ticks (k, at least 1); it expires k tick intervals and 30 s after it was built.
    pub max_ticks: u32,
}

/// The rule of hints: clients are told when to come, so that all of an instance's own together send about so many heartbeats per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hints {
    /// Heartbeats per second of all its own clients, at least 1.
    pub heartbeats_per_s: u32,
    /// None is told to come later than after so long: whole seconds, `heartbeat` at least.
    pub at_most: Span,
}

impl Hints {
    /// After how many whole seconds so many clients are told to come.
    pub fn told_s(&self, clients: u64) -> u64 {
        clients
            .div_ceil(u64::from(self.heartbeats_per_s.max(1)))
            .min(self.at_most.ns() / Span::from_secs(1).ns())
    }
}

impl Parameters {
    /// The longest life of an entry after the last heartbeat: who is told to come later is waited for longer.
    pub fn longest_lifetime(&self) -> Span {
        let at_most = self.hints.map_or(self.heartbeat, |hints| hints.at_most.max(self.heartbeat));
        self.lifetime + (at_most - self.heartbeat)
    }
}
