//! What receivers ask back: GETs to the origin of a video that what they received makes them make.
//!
//! Sources: PeerTube's `activitypub/videos/updater` and `video-sync-attributes` (chapters first, then likes and dislikes at
//! once, in the inbox queue and in no queue of their own), measured on three real servers of 6.3.0; Mastodon's `LinkCrawlWorker`
//! for link previews (docs/model.md). A figure without a source is marked assumed.

use crate::foundation::units::Span;

/// What receivers ask back, and what stands in front of who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedBack {
    /// What a PeerTube follower asks after an `Update`.
    pub after_updates: AfterUpdates,
    /// CPU time of an answer, where no cache gives it.
    pub cpu: Span,
    /// What answers in front of the instance that is asked.
    pub cache: Cache,
}

/// What becomes of the GETs after an `Update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterUpdates {
    /// There are none.
    Off,
    /// They are counted in sums when the `Update` takes effect; they take no time, load nothing and do not fail.
    Counted,
    /// They are requests like others.
    Requests,
}

/// What answers GETs in front of an instance, without its cores and its rate limit. The answer passes its uplink all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Nothing.
    Off,
    /// A share of all GETs, in millionths, drawn by GET.
    Share(u32),
    /// What was answered within this time, by video and collection.
    For(Span),
}

/// The GETs after an `Update`: chapters, then likes and dislikes.
pub const GETS_AFTER_UPDATE: u32 = 3;

/// Bytes of the three answers together, heads and bodies: measured with empty collections. How they divide was not recorded.
const ANSWERS_AFTER_UPDATE: u32 = 2_326;

impl Default for AskedBack {
    fn default() -> AskedBack {
        // the CPU time is assumed: as large as other work on one activity
        AskedBack { after_updates: AfterUpdates::Counted, cpu: Span::from_ms(5), cache: Cache::Off }
    }
}

impl AfterUpdates {
    /// Every choice, its name in scenario files and what it means.
    pub const ALL: [(AfterUpdates, &'static str, &'static str); 3] = [
        (AfterUpdates::Off, "off", "nothing is asked"),
        (
            AfterUpdates::Counted,
            "counted",
            "three GETs, counted in sums when the update takes effect: they load nothing and do not fail",
        ),
        (AfterUpdates::Requests, "requests", "three GETs, which are requests like others"),
    ];
}

/// Bytes of the answer to GET `position` after an `Update`.
pub fn answer_after_update(position: u32) -> u32 {
    // the first one takes what does not divide
    let each = ANSWERS_AFTER_UPDATE / GETS_AFTER_UPDATE;
    if position == 0 { ANSWERS_AFTER_UPDATE - (GETS_AFTER_UPDATE - 1) * each } else { each }
}

/// That each receiver of an entry of the background, or some of them, fetches what it links to, for a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Which share of the receivers does, in millionths, drawn by receiver and job.
    pub share_ppm: u32,
    /// Bytes of the answer, head and body.
    pub answer_bytes: u32,
    /// The GET begins so much later at most, uniformly.
    pub within: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_answers_have_the_bytes_that_were_measured() {
        let all = [0, 1, 2].map(answer_after_update);
        assert_eq!((all, all.iter().sum::<u32>()), ([776, 775, 775], 2_326));
    }
}
