//! What a View is on the wire: its JSON, the heads of its request and response, and their exact sizes in bytes.
//!
//! There is one place that builds the text; sizes are lengths of that text, so what a simulation counts is what a
//! live run sends. The names that the text needs (hosts, actors, ids) are in `Names`, by the numbers of the model.
//! Instants are model time after T0 = 2026-01-01T00:00:00Z; there is no wall clock here.
//!
//! Sources: `tests/traces/real-servers` (PeerTube 6.3.0, one message of each kind with its heads; its sizes are the
//! tests); ActivityStreams 2.0 for the members of an activity; draft-cavage-http-signatures-12 for the signed head;
//! RFC 9110, section 5.6.7, for its date.
//!
//! Not here: who sends what to whom (`instance`), keys and signing (the live driver fills in `Signature` and `Proof`),
//! and what TCP and TLS add below HTTP (`mechanism::transport`).

mod body;
mod head;
mod size;
#[cfg(test)]
mod tests;

pub use body::{Document, Signature};
pub use head::{Persistence, Proof, response_head};
pub use size::{OtherBodies, Sizes};

use crate::mechanism::activity::Form;
use crate::words::ids::{InstanceId, VideoId};
use crate::words::random::fold;
use crate::words::units::Time;
use time::OffsetDateTime;
use time::macros::{datetime, format_description};

/// The instant on the wire at model time zero.
const T0: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

/// The length in characters of the session ids in the recordings, and of ours unless a scenario says otherwise.
pub const SESSION_ID_LENGTH: usize = 23;

/// The least length in characters of a session id: 13 digits of base 36 tell any two viewers and salts apart.
pub const SESSION_ID_LENGTH_MIN: usize = 13;

/// The version in the recordings' user agents, and in ours unless a scenario says otherwise: one for all presets, so
/// that sizes differ by protocol only.
pub const VERSION: &str = "6.3.0";

/// The names on the wire of everything that the model numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// By `InstanceId`.
    pub instances: Vec<Host>,
    /// By `VideoId`.
    pub videos: Vec<VideoNames>,
    /// The length of every session id, in characters; at least `SESSION_ID_LENGTH_MIN`.
    pub session_id_length: usize,
    /// The version in the user agent of every instance.
    pub version: String,
}

/// The names of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Scheme and host (with the port, if any), without a trailing slash: `https://origin.example`.
    pub url: String,
    /// The account that signs for the instance.
    pub server_actor: String,
}

/// The names of one video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoNames {
    /// The instance that owns it.
    pub origin: InstanceId,
    /// The UUID that is the same everywhere.
    pub uuid: String,
    /// The number in the ids of Views. Each server has its own; the model has one, so that sizes do not depend on
    /// what else a server holds.
    pub local_id: u64,
    /// The account that owns it, at its origin.
    pub account: String,
    /// The channel that it is in, at its origin.
    pub channel: String,
}

impl Host {
    /// An instance with PeerTube's server actor; `url` is scheme and host without a trailing slash.
    pub fn new(url: &str) -> Host {
        Host { url: url.to_owned(), server_actor: "peertube".to_owned() }
    }

    /// What the `host` header says: the URL without its scheme.
    pub fn name(&self) -> &str {
        self.url.split_once("://").map_or(&self.url, |(_, name)| name)
    }

    /// The URL of the actor that signs Views.
    pub fn actor(&self) -> String {
        self.account(&self.server_actor)
    }

    /// The URL of an account.
    pub fn account(&self, name: &str) -> String {
        format!("{}/accounts/{name}", self.url)
    }
}

impl VideoNames {
    /// A video of `origin` with names made from its number, those of a fresh server with the user `root`.
    pub fn numbered(video: VideoId, origin: InstanceId) -> VideoNames {
        VideoNames {
            origin,
            uuid: uuid(UuidOf::Video, &[u64::from(video.0)]),
            local_id: u64::from(video.0) + 1,
            account: "root".to_owned(),
            channel: "root_channel".to_owned(),
        }
    }
}

impl Names {
    fn host(&self, instance: InstanceId) -> &Host {
        &self.instances[instance.index()]
    }

    fn video(&self, video: VideoId) -> &VideoNames {
        &self.videos[video.index()]
    }
}

/// What a UUID names; keeps the UUIDs of different things apart.
#[derive(Clone, Copy)]
#[repr(u64)]
enum UuidOf {
    Video = 1,
    PlainView = 2,
}

/// A UUID of version 4 by its form; its 122 free bits are a hash of what it names.
fn uuid(of: UuidOf, name: &[u64]) -> String {
    let half = |part: u64| fold(&[&[of as u64, part], name].concat());
    let (high, low) = (half(0), half(1));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

fn clock(at: Time) -> OffsetDateTime {
    T0 + time::Duration::milliseconds(at.ms() as i64)
}

/// ISO 8601 with milliseconds and `Z`, as in activities.
fn iso_time(at: Time) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    clock(at).format(format).expect("584 years of model time have years of four digits")
}

/// The date of RFC 9110, as in heads.
fn http_date(at: Time) -> String {
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    clock(at).format(format).expect("584 years of model time have years of four digits")
}
