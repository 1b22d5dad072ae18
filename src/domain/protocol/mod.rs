//! Protocols as rules: what a release sends, forwards, accepts and keeps, one row of independent rules per release.
//!
//! Source: PeerTube's releases 6.0 to 9.0-dev, as the recordings in `tests/traces` show them (docs/conformance.md says which
//! releases were run and which were read). Sending asks the sender's rules, receiving the receiver's; there is no negotiation, so a mixed federation is instances with
//! different rows. This file says which rules exist and what each release chose; `instance` says what they do.

mod contradictions;
mod parameters;
mod presets;
mod rules;
#[cfg(test)]
mod tests;

pub use parameters::{Hints, Parameters, Threshold};
pub use presets::{PRESETS, Preset};
pub use rules::{
    AcceptResult, ActorUrl, BadInbox, Batch, BroadcastQueue, Choice, ConnectionReuse, CountOnReply, Expiry,
    FollowHealth, FollowerTotal, FollowerViews, Forward, ForwardPlainViews, ForwardQueue, ForwardTo,
    ForwardedViewer, IdsAfterRestart, KnownViewer, OriginTotal, OriginViews, OwnViewers, PlainViews, Pull,
    Records, Rule, Rules, StoreKind, TotalsAt, TotalsTo, ViewerResult, ViewersKnownBy, ViewsInbox, WireForm,
};
