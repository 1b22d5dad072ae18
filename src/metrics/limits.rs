//! Limits: what no protocol can do better, by the true viewers alone, and how far what was sent is from that.
//!
//! Two limits need no protocol. If nothing is sent each instance shows its own viewers. And a sender that knows everything, also
//! what comes, tells each follower the least numbers (`cover`) so that it is never further from the truth than a share of that. A follower
//! needs numbers at the samples at which it is up and has viewers of the video; other instances need none. A message tells one
//! number of one video to one follower. What origins must learn themselves is not counted (docs/limits.md has the assumptions).
//!
//! What was sent is compared with what that sender needs for followers to be right wherever they were so in the run. Followers of no
//! protocol are as exact as its followers, so they may be right by luck: they count late who has left, a total may replace whom they
//! count, and what a message said changes what is shown twice, when it comes and when it expires. The floor allows for all of
//! that: no protocol can send less. What followers displayed singly is known of listed videos only, and a process that stops may forget or
//! keep anything, so the floor leaves those followers out.

use crate::domain::audience::Audience;
use crate::domain::federation::Federation;
use crate::domain::viewers::watching;
use crate::domain::workload::Session;
use crate::foundation::ids::{InstanceId, ListingId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::sparse_counts::SparseCounts;
use crate::metrics::counters::Counters;
use crate::metrics::cover::{Cover, is_within};
use crate::metrics::links::LinkRow;
use crate::metrics::seen::SeenSums;
use std::collections::BTreeMap;

/// The errors that limits are for, in percent of the true viewers.
pub const PERCENTS: [u32; 6] = [0, 1, 2, 5, 10, 20];

/// The limits of one run, and what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// What viewers would see if nothing were sent.
    pub nothing_sent: SeenSums,
    /// The least messages for an error of at most so many percent, in the order of `PERCENTS`.
    pub least_messages: [u64; PERCENTS.len()],
    /// The bytes of the smallest message that tells a number.
    pub message_bytes: u64,
    /// Of listed videos: the least messages by which followers are within a percentage wherever they were so in this run; for each
    /// follower and video of the percentage that needs most.
    pub as_exact_messages: u64,
    /// The same of any protocol, at followers that never stop.
    pub floor_messages: u64,
    /// Of listed videos: viewer traffic that followers took which have viewers of the video at any sample, and counts that answers carried to them.
    pub received_messages: u64,
    /// The bytes of that.
    pub received_bytes: u64,
}

/// What limits depend on beside the crowd.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The bytes of the smallest message that tells a number.
    pub message_bytes: u64,
    /// By instance: for how long it may count a viewer of its own who has left; none if its process ever stops.
    pub own_kept: Vec<Option<Span>>,
}

/// The covers of one video at one follower.
struct Told {
    /// In the order of `PERCENTS`.
    limits: [Cover; PERCENTS.len()],
    /// Of the samples at which the follower was within the percentage.
    as_exact: [Cover; PERCENTS.len()],
    /// The same, whatever it counts of its own viewers.
    floor: [Cover; PERCENTS.len()],
}

impl Told {
    fn new() -> Told {
        let covers = PERCENTS.map(Cover::new);
        Told { limits: covers, as_exact: covers, floor: covers }
    }

    /// A sample: so many watch, some of them here.
    fn note(&mut self, watching: u32, own: u32) {
        self.limits.iter_mut().for_each(|cover| cover.note(watching, own));
    }

    /// The follower displays so many at a sample; if it never stops it counts at most `kept` viewers of its own.
    fn note_displayed(&mut self, watching: u32, own: u32, kept: Option<u32>, displayed: u32) {
        for (place, percent) in PERCENTS.into_iter().enumerate() {
            if is_within(displayed, watching, percent) {
                self.as_exact[place].note(watching, own);
                kept.iter().for_each(|&kept| self.floor[place].note_between(watching, 0, kept));
            }
        }
    }
}

/// The numbers of the cover that needs most.
fn most(covers: &[Cover]) -> u64 {
    covers.iter().map(Cover::numbers).max().unwrap_or(0)
}

impl Limits {
    /// The limits of a run with these sessions, and what arrived in it: messages, and answers that carried counts.
    pub(super) fn of(
        (federation, terms): (&Federation, &Terms),
        (sessions, audience): (&[Session], &Audience),
        counters: &Counters,
        arrived: [&[LinkRow]; 2],
    ) -> Limits {
        let mut limits = Limits { message_bytes: terms.message_bytes, ..Limits::default() };
        let kept = kept(federation, sessions, counters, terms);
        limits.note_listed(federation, counters, &kept, &received(arrived));
        limits.note_catalogues(federation, audience, counters);
        limits
    }

    /// The least messages for an error of at most so many percent; none if that is not one of `PERCENTS`.
    pub fn least(&self, percent: u32) -> Option<u64> {
        let place = PERCENTS.iter().position(|of| *of == percent)?;
        Some(self.least_messages[place])
    }

    /// The videos that records list singly; `kept` are the viewers that followers may count.
    fn note_listed(
        &mut self,
        federation: &Federation,
        counters: &Counters,
        kept: &BTreeMap<(VideoId, InstanceId), SparseCounts>,
        received: &BTreeMap<(ListingId, InstanceId), [u64; 2]>,
    ) {
        for (&(video, instance), viewers) in &counters.watching_at {
            let kept = kept.get(&(video, instance));
            let mut told = Told::new();
            for (sample, own) in viewers.iter() {
                let Some(displayed) = counters.displayed(video, instance, sample) else { continue };
                let watching = counters.watching(video, sample);
                self.nothing_sent.note(own, own, watching);
                told.note(watching, own);
                told.note_displayed(watching, own, kept.map(|kept| kept.at(sample)), displayed);
            }
            if federation.origin(video) != instance {
                self.add(&told);
                let of_video = received.get(&(federation.listing(video), instance));
                let [messages, bytes] = of_video.copied().unwrap_or_default();
                self.received_messages += messages;
                self.received_bytes += bytes;
            }
        }
    }

    /// The others.
    fn note_catalogues(&mut self, federation: &Federation, audience: &Audience, counters: &Counters) {
        let mut open: Option<((VideoId, InstanceId), Told)> = None;
        for seats in audience.by_video() {
            let (pair, sample) = ((seats.video, seats.instance), seats.sample as usize);
            let is_shown = sample < counters.samples()
                && federation.shows(seats.instance, seats.video)
                && counters.is_up(seats.instance, sample);
            if !is_shown {
                continue;
            }
            let watching = audience.watching(seats.video).at(sample);
            self.nothing_sent.note(seats.viewers, seats.viewers, watching);
            if federation.origin(seats.video) == seats.instance {
                continue;
            }
            if let Some((_, told)) = open.take_if(|(last, _)| *last != pair) {
                self.add(&told);
            }
            let (_, told) = open.get_or_insert_with(|| (pair, Told::new()));
            told.note(watching, seats.viewers);
        }
        open.iter().for_each(|(_, told)| self.add(told));
    }

    fn add(&mut self, told: &Told) {
        for (sum, cover) in self.least_messages.iter_mut().zip(&told.limits) {
            *sum += cover.numbers();
        }
        self.as_exact_messages += most(&told.as_exact);
        // a message changes what is told at most twice
        self.floor_messages += most(&told.floor).div_ceil(2);
    }
}

/// The viewers of listed videos that their instances may count at each sample, where these never stop.
fn kept(
    federation: &Federation,
    sessions: &[Session],
    counters: &Counters,
    terms: &Terms,
) -> BTreeMap<(VideoId, InstanceId), SparseCounts> {
    let until = |session: &Session| {
        let kept = terms.own_kept.get(session.instance.index()).copied().flatten()?;
        let end = Time::from_ns(session.end.ns().saturating_add(kept.ns()));
        Some(Session { end, ..*session })
    };
    let listed = sessions.iter().filter(|session| federation.catalogue_of(session.video).is_none());
    let counted: Vec<Session> = listed.filter_map(until).collect();
    let samples: Vec<Time> = counters.at_ns.iter().copied().map(Time::from_ns).collect();
    watching(&counted, &samples, |session| (session.video, session.instance))
}

/// Viewer traffic by what it is about and who took it: messages and bytes.
fn received(arrived: [&[LinkRow]; 2]) -> BTreeMap<(ListingId, InstanceId), [u64; 2]> {
    let mut received: BTreeMap<(ListingId, InstanceId), [u64; 2]> = BTreeMap::new();
    for row in arrived.into_iter().flatten().filter(|row| row.kind.is_viewer_traffic()) {
        let [messages, bytes] = received.entry((row.listing, row.receiver)).or_default();
        *messages += row.sums.messages;
        *bytes += row.sums.head_bytes + row.sums.body_bytes;
    }
    received
}
