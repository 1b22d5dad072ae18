//! Traffic: messages and bytes per time bucket, video, instance, direction and kind.
//!
//! A request counts at its sender when it begins and at its receiver when that takes it. Bytes are those that crossed a link:
//! of a request at its sender when it leaves, at its receiver when it arrives, whether that takes or refuses it; of its response
//! at the receiver when that answers, at the sender when it has crossed the link back, unless it is lost there. Head, body and response are bytes of HTTP/1.1 (`mechanism::wire`); those below, of TCP, IP and TLS,
//! have separate columns, up from the sender of the request and down to it, and count at both when the request leaves. What
//! fails at its sender counts there as far as it left: the handshake, or the request on a connection that breaks.
//!
//! An `Update` makes each PeerTube follower fetch from the origin. Where the scenario only counts those requests
//! (`AfterUpdates::Counted`), that is done when the `Update` takes effect: they take no time, do not fail, are in nobody's busiest
//! second, and their transport is not counted.

use crate::domain::asked_back::AfterUpdates;
use crate::domain::federation::Federation;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, ListingId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::mechanism::transport::TransportBytes;
use crate::metrics::origin_seconds::OriginSeconds;
use crate::observe::{AnswerEnd, Departed, SecondBytes};

use std::collections::VecDeque;

const SECOND: Span = Span::from_secs(1);

/// What one follower fetches after an `Update`, as three real servers (PeerTube 6.3.0) did: three GET requests, the bytes
/// of their heads and those of the replies.
const UPDATE_FETCH: Sums = Sums { messages: 3, head_bytes: 2_325, response_bytes: 2_326, ..Sums::ZERO };

/// The sums of one bucket, video, instance, direction and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficRow {
    /// The start of the bucket in ns.
    pub start_ns: u64,
    /// What it is about.
    pub listing: ListingId,
    /// The number of the instance.
    pub instance: u32,
    /// Which way the requests go, seen from the instance.
    pub direction: Direction,
    /// What they carry.
    pub kind: Kind,
    /// Whether the instance sends them about videos of its own.
    pub is_own: bool,
    /// What they add up to.
    pub sums: Sums,
}

/// What a row is about.
pub type TrafficPlace = (u64, ListingId, u32, Direction, Kind, bool);

impl TrafficRow {
    /// What it is about, in the order of the records.
    pub fn place(&self) -> TrafficPlace {
        (self.start_ns, self.listing, self.instance, self.direction, self.kind, self.is_own)
    }
}

/// Which way a request goes, seen from an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// It sends it.
    Out,
    /// It receives it.
    In,
}

/// Where and when an `Update` took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpdatePlace {
    /// The number of the bucket.
    pub bucket: u64,
    /// Of what.
    pub listing: ListingId,
    /// Where.
    pub follower: InstanceId,
    /// Who sent it.
    pub origin: InstanceId,
}

/// Messages and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Requests.
    pub messages: u64,
    /// Bytes of request heads.
    pub head_bytes: u64,
    /// Bytes of request bodies.
    pub body_bytes: u64,
    /// Bytes of responses.
    pub response_bytes: u64,
    /// Bytes of TCP and IP from the sender of the requests.
    pub tcp_up_bytes: u64,
    /// Bytes of TCP and IP to the sender of the requests.
    pub tcp_down_bytes: u64,
    /// Bytes of TLS from the sender of the requests.
    pub tls_up_bytes: u64,
    /// Bytes of TLS to the sender of the requests.
    pub tls_down_bytes: u64,
}

impl Sums {
    /// Nothing.
    pub const ZERO: Sums = Sums {
        messages: 0,
        head_bytes: 0,
        body_bytes: 0,
        response_bytes: 0,
        tcp_up_bytes: 0,
        tcp_down_bytes: 0,
        tls_up_bytes: 0,
        tls_down_bytes: 0,
    };

    /// Bytes of requests: head and body.
    pub fn request_bytes(&self) -> u64 {
        self.head_bytes + self.body_bytes
    }

    /// Bytes below HTTP from the sender of the requests.
    pub fn transport_up_bytes(&self) -> u64 {
        self.tcp_up_bytes + self.tls_up_bytes
    }

    /// Bytes below HTTP to the sender of the requests.
    pub fn transport_down_bytes(&self) -> u64 {
        self.tcp_down_bytes + self.tls_down_bytes
    }

    /// Bytes below HTTP, both ways.
    pub fn transport_bytes(&self) -> u64 {
        self.transport_up_bytes() + self.transport_down_bytes()
    }

    fn add_request_bytes(&mut self, message: &Message) {
        self.head_bytes += u64::from(message.head_bytes);
        self.body_bytes += u64::from(message.body_bytes);
    }

    /// Adds bytes below HTTP.
    pub fn add_transport(&mut self, bytes: &TransportBytes) {
        self.tcp_up_bytes += bytes.tcp_up;
        self.tcp_down_bytes += bytes.tcp_down;
        self.tls_up_bytes += bytes.tls_up;
        self.tls_down_bytes += bytes.tls_down;
    }

    /// Adds another sum.
    pub fn add(&mut self, other: &Sums) {
        self.messages += other.messages;
        self.head_bytes += other.head_bytes;
        self.body_bytes += other.body_bytes;
        self.response_bytes += other.response_bytes;
        self.tcp_up_bytes += other.tcp_up_bytes;
        self.tcp_down_bytes += other.tcp_down_bytes;
        self.tls_up_bytes += other.tls_up_bytes;
        self.tls_down_bytes += other.tls_down_bytes;
    }
}

impl Direction {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Out => "out",
            Direction::In => "in",
        }
    }
}

/// What an instance that owns a video sends, for its busiest seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginSends {
    /// Requests with Views of its own videos.
    OwnViews,
    /// Other requests, and answers.
    Other,
}

/// The most bytes that one origin sent in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OriginPeaks {
    /// Of Views of its own videos.
    pub own_views: u64,
    /// Of all requests and answers.
    pub all: u64,
}

impl OriginSends {
    /// What a request of a kind is to its sender, which owns a video; `is_own` if it owns the one that the request is about.
    pub fn of(kind: Kind, is_own: bool) -> OriginSends {
        if kind.is_view() && is_own { OriginSends::OwnViews } else { OriginSends::Other }
    }
}

/// What a row of one instance in one bucket is about, as in `TrafficRow`.
type OpenKey = (ListingId, Direction, Kind, bool);

/// The rows of an instance in a bucket that is open: a handful, so a search from the front is fastest.
#[derive(Clone, Default)]
struct Open {
    keys: Vec<OpenKey>,
    sums: Vec<Sums>,
}

/// The rows of one bucket, by `InstanceId`.
type Bucket = Vec<Open>;

/// Sums up traffic. Reports of one bucket may come in any order, until it is closed.
pub(super) struct Traffic<'a> {
    federation: &'a Federation,
    after_updates: AfterUpdates,
    bucket: Span,
    /// The number of the first bucket that is open.
    first: u64,
    open: VecDeque<Bucket>,
    /// The bucket of the last report: when it starts, and its place among those that are open.
    last: (Time, usize),
    rows: Vec<TrafficRow>,
    /// What origins send in the seconds that are not complete.
    seconds: OriginSeconds,
    /// The busiest of those that are.
    peaks: OriginPeaks,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(federation: &'a Federation, bucket: Span, after_updates: AfterUpdates) -> Traffic<'a> {
        let count = federation.instances.len();
        Traffic {
            federation,
            after_updates,
            bucket,
            first: 0,
            open: VecDeque::from([vec![Open::default(); count]]),
            last: (Time::ZERO, 0),
            rows: Vec::new(),
            seconds: OriginSeconds::new(federation),
            peaks: OriginPeaks::default(),
        }
    }

    /// What becomes of fetches after updates.
    pub(super) fn after_updates(&self) -> AfterUpdates {
        self.after_updates
    }

    pub(super) fn sent(&mut self, now: Time, message: &Message) {
        self.row(now, message.from, message, Direction::Out).messages += 1;
    }

    /// A request leaves its sender.
    pub(super) fn left(&mut self, now: Time, message: &Message, transport: &TransportBytes) {
        self.request_left(now, message);
        for (instance, direction) in [(message.from, Direction::Out), (message.to, Direction::In)] {
            self.add_transport(now, instance, message, direction, transport);
        }
    }

    /// Adds bytes below HTTP; none make no row.
    fn add_transport(
        &mut self,
        now: Time,
        instance: InstanceId,
        message: &Message,
        direction: Direction,
        transport: &TransportBytes,
    ) {
        if *transport != TransportBytes::default() {
            self.row(now, instance, message, direction).add_transport(transport);
        }
    }

    /// A request fails at its sender.
    pub(super) fn failed(
        &mut self,
        now: Time,
        message: &Message,
        departed: Departed,
        transport: &TransportBytes,
    ) {
        self.add_transport(now, message.from, message, Direction::Out, transport);
        if departed == Departed::Request {
            self.request_left(now, message);
        }
    }

    /// The bytes of a request cross the link of its sender.
    fn request_left(&mut self, now: Time, message: &Message) {
        self.row(now, message.from, message, Direction::Out).add_request_bytes(message);
        if self.seconds.owns(message.from) {
            let is_own = self.federation.origin(message.activity.video) == message.from;
            let what = OriginSends::of(message.kind, is_own);
            self.add_origin_bytes(message.from, now, what, message.bytes());
        }
    }

    pub(super) fn delivered(&mut self, now: Time, message: &Message) {
        let received = self.row(now, message.to, message, Direction::In);
        received.add_request_bytes(message);
        received.messages += 1;
    }

    /// A request arrives and is refused: its receiver has read it.
    pub(super) fn refused(&mut self, now: Time, message: &Message) {
        self.row(now, message.to, message, Direction::In).add_request_bytes(message);
    }

    /// The answer to a request, of so many bytes, is at one end of its way back.
    pub(super) fn answered(&mut self, at: Time, message: &Message, bytes: u64, end: AnswerEnd) {
        let (instance, direction) = match end {
            AnswerEnd::Leaves => (message.to, Direction::In),
            AnswerEnd::Arrives => (message.from, Direction::Out),
        };
        self.row(at, instance, message, direction).response_bytes += bytes;
        if end == AnswerEnd::Leaves {
            self.add_origin_bytes(message.to, at, OriginSends::Other, bytes);
        }
    }

    /// An activity takes effect.
    pub(super) fn processed(&mut self, now: Time, message: &Message) {
        let counts = self.after_updates == AfterUpdates::Counted;
        if counts && message.kind == Kind::Update && self.federation.instances[message.to.index()].is_peertube
        {
            let (listing, kind) = (self.federation.listing(message.activity.video), Kind::UpdateFetch);
            for (instance, direction) in [(message.to, Direction::Out), (message.from, Direction::In)] {
                self.row_of(now, instance, (listing, direction, kind, false)).add(&UPDATE_FETCH);
            }
        }
    }

    /// All rows, and the most that one origin sent in one second.
    pub(super) fn finish(mut self) -> (Vec<TrafficRow>, OriginPeaks) {
        while !self.open.is_empty() {
            self.close_first();
        }
        self.complete_seconds(u64::MAX);
        (self.rows, self.peaks)
    }

    /// The sums of messages like this one at an instance.
    fn row(&mut self, now: Time, instance: InstanceId, message: &Message, direction: Direction) -> &mut Sums {
        let video = &self.federation.videos[message.activity.video.index()];
        let is_own = direction == Direction::Out && video.origin == instance;
        self.row_of(now, instance, (video.listing, direction, message.kind, is_own))
    }

    fn row_of(&mut self, now: Time, instance: InstanceId, key: OpenKey) -> &mut Sums {
        if now < self.last.0 || now >= self.last.0 + self.bucket {
            self.open_bucket_of(now);
        }
        let open = &mut self.open[self.last.1][instance.index()];
        let place = open.keys.iter().position(|known| *known == key).unwrap_or_else(|| {
            open.keys.push(key);
            open.sums.push(Sums::ZERO);
            open.keys.len() - 1
        });
        &mut open.sums[place]
    }

    fn add_origin_bytes(&mut self, origin: InstanceId, now: Time, what: OriginSends, bytes: u64) {
        if let Some(sums) = self.seconds.of(origin, now.ns() / SECOND.ns()) {
            sums[what as usize] += bytes;
        }
    }

    /// An origin sent so many bytes in a second of the run.
    pub(super) fn add_origin_second(&mut self, origin: InstanceId, second: u64, bytes: SecondBytes) {
        if let Some(sums) = self.seconds.of(origin, second) {
            sums.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
        }
    }

    /// What a follower fetched after so many `Update`s that took effect outside of the event loop, as two rows.
    pub(super) fn fetches_outside_of_events(&self, place: &UpdatePlace, updates: u64) -> [TrafficRow; 2] {
        let &UpdatePlace { bucket, listing, follower, origin } = place;
        let mut sums = Sums::ZERO;
        sums.messages = updates * UPDATE_FETCH.messages;
        sums.head_bytes = updates * UPDATE_FETCH.head_bytes;
        sums.response_bytes = updates * UPDATE_FETCH.response_bytes;
        let row = |instance: InstanceId, direction| TrafficRow {
            start_ns: bucket * self.bucket.ns(),
            listing,
            instance: instance.0,
            direction,
            kind: Kind::UpdateFetch,
            is_own: false,
            sums,
        };
        [row(follower, Direction::Out), row(origin, Direction::In)]
    }

    /// No report of an earlier instant will come.
    pub(super) fn complete(&mut self, until: Time) {
        while self.first < until.ns() / self.bucket.ns() && self.open.len() > 1 {
            self.close_first();
        }
        self.complete_seconds(until.ns() / SECOND.ns());
    }

    /// No report of a second before this one will come.
    fn complete_seconds(&mut self, until: u64) {
        for (_, _, [own_views, other]) in self.seconds.take_before(until) {
            self.peaks.own_views = self.peaks.own_views.max(own_views);
            self.peaks.all = self.peaks.all.max(own_views + other);
        }
    }

    fn open_bucket_of(&mut self, now: Time) {
        let number = now.ns() / self.bucket.ns();
        let place = number.checked_sub(self.first).expect("a bucket that is not closed") as usize;
        let count = self.federation.instances.len();
        while self.open.len() <= place {
            self.open.push_back(vec![Open::default(); count]);
        }
        self.last = (Time::from_ns(number * self.bucket.ns()), place);
    }

    fn close_first(&mut self) {
        let Some(bucket) = self.open.pop_front() else { return };
        let start_ns = self.first * self.bucket.ns();
        let first = self.rows.len();
        for (instance, open) in (0..).zip(bucket) {
            for ((listing, direction, kind, is_own), sums) in open.keys.into_iter().zip(open.sums) {
                self.rows.push(TrafficRow { start_ns, listing, instance, direction, kind, is_own, sums });
            }
        }
        self.rows[first..].sort_by_key(TrafficRow::place);
        self.first += 1;
        if !self.open.is_empty() {
            self.open_bucket_of(Time::from_ns(self.first * self.bucket.ns()));
        }
    }
}
