//! What a View is on the wire: its JSON, the heads of its request and response, and their exact sizes in bytes.
//!
//! There is one place that builds the text; sizes are lengths of that text, so what a simulation counts is what a
//! live run sends. The names that the text needs (hosts, actors, ids) are in `Names`, by the numbers of the model, and
//! so is the date at model time zero; there is no wall clock here. What is received is read back into the same shape
//! (`read`), and `canonical` is the text of it that an author signs.
//!
//! Sources: `tests/traces/real-servers` (PeerTube 6.3.0, one message of each kind with its heads; its sizes are the
//! tests); ActivityStreams 2.0 for the members of an activity; draft-cavage-http-signatures-12 for the signed head;
//! RFC 9110, section 5.6.7, for its date.
//!
//! Not here: who sends what to whom (`instance`), keys and signing (the live driver fills in `Signature` and `Proof`),
//! and what TCP and TLS add below HTTP (`mechanism::transport`).

mod body;
mod canonical;
mod collection;
mod composition;
mod head;
mod heartbeat;
mod least;
mod names;
mod read;
mod size;
#[cfg(test)]
mod tests;
mod uuid;

pub use body::{Document, OtherBodies, Signature};
pub use canonical::canonical_options;
pub use collection::Collection;
pub use composition::{Part, head_parts};
pub use head::{AnswerHead, Persistence, Proof};
pub use least::smallest_total_bytes;
pub use names::{
    EPOCH_UNIX_MS, Host, LAB_SESSION_ID_LENGTH, LAB_VIDEO_ID_DIGITS, Names, SESSION_ID_LENGTH,
    SESSION_ID_LENGTH_MIN, VERSION, VIDEO_ID_DIGITS, VideoNames, http_date_unix_s,
};
pub use read::{About, BODY_BYTES_MAX, Read};
pub use size::Sizes;
