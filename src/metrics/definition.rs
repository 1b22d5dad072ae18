//! What a metric is, as people read it; and the symbols of all formulas.

use super::basis::{Basis, Value};

/// A metric as people read it.
pub struct Definition {
    /// The name in records and in `expect:`.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What it says.
    pub doc: &'static str,
    /// How it is computed, in the symbols of `SYMBOLS`.
    pub formula: &'static str,
    pub(super) compute: fn(&Basis<'_>) -> Option<Value>,
}

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less.
    Lower,
    /// More.
    Higher,
    /// The nearer to zero, from either side.
    NearerZero,
    /// Neither: it describes the load, not the protocol.
    None,
}

/// The symbols that formulas use.
pub const SYMBOLS: &str = "\
d: displayed count, at most 4,294,967,295 however much is claimed; n: true viewers, the sessions with start <= t < end, anywhere; o: the displayed count of the video's origin; listed: named one by one in records, as single videos and those that `measure.detail` names
pair: one sample of one video at one instance that shows it (its origin, or a PeerTube follower of its origin) and is up; mean: over pairs
w: viewers of one video at one instance that shows it and is up; who watches at another sees no count, and weighs nothing; time: summed over viewers and samples
views pair: a pair of a video that was viewed before; v: views of the video that instances counted of their own viewers so far; e: the number of views displayed
viewer traffic: Views that say who watches (viewers, totals, forwarded or not); all view traffic: plain views too, which count views
other traffic: all that is no View (updates, watch actions, the background, and the GETs that they cause); all traffic: both
origin: the instance that owns the video; bytes: head and body of requests over HTTP/1.1 that crossed their sender's link, without TCP and TLS
message: one activity for one inbox, or one GET (but those that are only counted); one that is sent again is created again
created = queued + dropped + sent, and sent = delivered + lost + refused + failed_connect + in_flight; what timed out is among delivered, lost and in_flight
CPU time: of all traffic, and where cores are limited of heartbeats; without queues nothing takes any
job: what waits in a queue that sends; requests that are over: those that the sender knows to be good, refused, without a connection or timed out";

impl Better {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Better::Lower => "lower",
            Better::Higher => "higher",
            Better::NearerZero => "nearer zero",
            Better::None => "-",
        }
    }
}
