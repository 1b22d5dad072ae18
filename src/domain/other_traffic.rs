//! Other traffic: what shares the queues with Views, and how large it is.
//!
//! Sources: measured on three real PeerTube 6.3.0 servers (docs/model.md).

use crate::foundation::ids::VideoId;
use crate::foundation::units::Span;
use crate::mechanism::wire::OtherBodies;

/// What is sent beside Views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtherTraffic {
    /// Every so often each instance broadcasts one `Update` for each of its videos that was viewed.
    pub update_every: Option<Span>,
    /// Whether a follower reports each visit to the origin, 1 to 2 hours after its end.
    pub watch_actions: bool,
    /// Jobs that come at a constant mean rate.
    pub background: Vec<Background>,
    /// How large all that is.
    pub bodies: OtherBodies,
}

/// Broadcast jobs of one origin at exponential intervals, in the sequential queue, to all its followers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background {
    /// The video whose origin sends them, to whoever follows it.
    pub video: VideoId,
    /// Jobs per second.
    pub rate_per_s: f64,
}

/// Which files a video has, for the size of its `Update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// An HLS playlist.
    Hls,
    /// Web videos.
    Web,
    /// Both.
    Both,
}

/// The bytes of an `Update` of a video with so many resolutions.
pub fn update_bytes(files: Files, resolutions: u32) -> u64 {
    let (base, per_resolution) = match files {
        // 15,402 bytes were measured with six resolutions
        Files::Hls => (15_402 - 6 * 1_565, 1_565),
        Files::Web => (5_600, 1_359),
        Files::Both => (6_000, 2_925),
    };
    base + per_resolution * u64::from(resolutions)
}

/// The bytes of the WatchAction of a visit that watched so many sections.
pub fn watch_action_bytes(sections: u32) -> u64 {
    1_743 + 38 * u64::from(sections)
}
