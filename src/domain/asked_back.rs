//! What receivers ask back: GETs that what they received makes them make.
//!
//! Sources: PeerTube's `activitypub/videos/updater` and `video-sync-attributes` (chapters first, then likes and dislikes at
//! once, in the inbox queue and in no queue of their own), measured on three real servers of 6.3.0; for first contact the GETs of a
//! real server of 8.2.1 and PeerTube's `activitypub/actors` (an actor is there when its followers are counted); Mastodon's
//! `LinkCrawlWorker` for link previews (docs/model.md). A figure without a source is marked assumed.

use crate::foundation::units::Span;
use crate::mechanism::activity::{FetchReason, Resource};
use std::cmp::Ordering;
use std::ops::Range;

/// What receivers ask back, and what stands in front of who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedBack {
    /// What a PeerTube follower asks after an `Update`.
    pub after_updates: AfterUpdates,
    /// What becomes of GETs to those whom one meets for the first time.
    pub first_contact: FirstContact,
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

/// Whether instances have met when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstContact {
    /// Everybody knows all actors and videos.
    Off,
    /// Nobody knows an actor or a video but its own: what is met for the first time is fetched, by requests like others.
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
const GETS_AFTER_UPDATE: u32 = 3;

/// Bytes of the three answers together, heads and bodies: measured with empty collections. How they divide was not recorded.
const ANSWERS_AFTER_UPDATE: u32 = 2_326;
/// Bytes of the answer with an empty collection, head and body.
const COLLECTION: u32 = ANSWERS_AFTER_UPDATE / GETS_AFTER_UPDATE;
/// Bytes of the body of that, in PeerTube's form: context, id, type and count.
const COLLECTION_BODY: u32 = 280;
/// Bytes of the head of an answer with a document.
const DOCUMENT_HEAD: u32 = COLLECTION - COLLECTION_BODY;
/// Bytes of an `Update` that are not in the document of its video: addressees, id, actor, signature (measured at 6.3.0).
const UPDATE_ONLY: u32 = 783;
/// Bytes of the documents of actors (docs/model.md): a server's, without pictures; an account's; a channel's.
const SERVER_ACTOR: u32 = 1_505;
const ACCOUNT: u32 = 2_038;
const CHANNEL: u32 = 3_023;

impl Default for AskedBack {
    fn default() -> AskedBack {
        // the CPU time is assumed: as large as other work on one activity
        AskedBack {
            after_updates: AfterUpdates::Counted,
            first_contact: FirstContact::Off,
            cpu: Span::from_ms(5),
            cache: Cache::Off,
        }
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

impl FirstContact {
    /// Every choice, its name in scenario files and what it means.
    pub const ALL: [(FirstContact, &'static str, &'static str); 2] = [
        (
            FirstContact::Off,
            "off",
            "everybody knows all actors and videos: a follow brought them before the run",
        ),
        (
            FirstContact::Requests,
            "requests",
            "nobody has met anybody: each fetches on the first message of a signer its actor, and of a video all of it",
        ),
    ];
}

/// The order in which the GETs of one reason are made, and which of them must be answered well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchOrder {
    /// How many there are: the first of `FetchReason::resources`.
    pub count: usize,
    /// So many are made one after another; when these are over, all others at once.
    pub in_turn: usize,
    /// If one of the first so many fails, no other follows, and what was asked for is not known.
    pub needed: usize,
    /// When so many are over, what was asked for is known.
    pub known_after: usize,
}

impl FetchOrder {
    /// The order of the GETs of one reason, made by PeerTube or by other software.
    pub fn of(reason: FetchReason, is_peertube: bool) -> FetchOrder {
        let order = |[in_turn, needed, known_after]: [usize; 3]| FetchOrder {
            count: reason.resources().len(),
            in_turn,
            needed,
            known_after,
        };
        match reason {
            FetchReason::AfterUpdate | FetchReason::Preview | FetchReason::Count => order([1, 0, 0]),
            FetchReason::Actor if is_peertube => order([4, 1, 3]),
            // the key alone (assumed)
            FetchReason::Actor => FetchOrder { count: 1, ..order([1, 1, 1]) },
            FetchReason::Video => order([7, 4, 6]),
        }
    }

    /// The places of the GETs that begin when that at `place` is over.
    pub fn next(self, place: usize) -> Range<usize> {
        let next = place + 1;
        match next.cmp(&self.in_turn) {
            Ordering::Less => next..next + 1,
            Ordering::Equal => next..self.count,
            Ordering::Greater => self.count..self.count,
        }
    }
}

/// Bytes of the answer to GET `position` after an `Update`.
pub fn answer_after_update(position: u32) -> u32 {
    // the first one takes what does not divide
    if position == 0 { ANSWERS_AFTER_UPDATE - (GETS_AFTER_UPDATE - 1) * COLLECTION } else { COLLECTION }
}

/// Bytes of the answer to a GET at first contact, head and body; an `Update` of the video has a body of `update_bytes`.
pub fn answer_at_first_contact(part: Resource, update_bytes: u64) -> u32 {
    let document = match part {
        Resource::Actor => SERVER_ACTOR,
        Resource::Account => ACCOUNT,
        Resource::Channel => CHANNEL,
        Resource::Video => u32::try_from(update_bytes).unwrap_or(u32::MAX).saturating_sub(UPDATE_ONLY),
        _ => COLLECTION_BODY,
    };
    document.saturating_add(DOCUMENT_HEAD)
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

    /// The document of the video of the recorded `Update` has 14,619 bytes.
    #[test]
    fn first_contact_fetches_documents_and_collections() {
        let answers = |asked: FetchReason| -> Vec<u32> {
            asked.resources().iter().map(|&part| answer_at_first_contact(part, 15_402)).collect()
        };
        assert_eq!(answers(FetchReason::Actor), [2_000, 775, 775, 775]);
        let video = [495 + 14_619, 3_518, 3_518, 2_533, 775, 775, 775, 775, 775, 775, 775];
        assert_eq!(answers(FetchReason::Video), video);
    }

    #[test]
    fn an_order_begins_each_get_once() {
        use FetchReason::{Actor, AfterUpdate, Count, Preview, Video};
        for asked in [AfterUpdate, Preview, Actor, Video, Count] {
            for is_peertube in [true, false] {
                let order = FetchOrder::of(asked, is_peertube);
                let begun: Vec<usize> = (0..order.count).flat_map(|place| order.next(place)).collect();
                assert_eq!(begun, (1..order.count).collect::<Vec<_>>(), "{asked:?}");
                assert!(order.needed <= order.known_after && order.known_after <= order.in_turn);
            }
        }
    }
}
