//! Replay: what a follower shows, from what has reached its inbox, one follower after another.
//!
//! A follower that owns no video answers nothing but requests, so what it shows can be worked out apart from the run: its
//! inbox queue as a recursion (`inbox`), its
//! list as counts per tick (`mechanism::tally`), or, if it has viewers of its own or keeps ids, as the `Instance` that the run
//! itself uses. A follower's own heartbeats are handed in by the run. Times are true time. Nothing here knows how requests go.

use super::inbox::InboxLane;
use super::rows::Rows;
use super::sorting::Sorting;
use crate::domain::delivery::{Delivery, Queues};
use crate::domain::protocol::{StoreKind, ViewsInbox};
use crate::event::Lane;
use crate::instance::{Effect, Input, Instance, replacing_count};
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::pending::Key;
use crate::mechanism::rate_limit::RateLimiter;
use crate::mechanism::tally::Tally;
use crate::metrics::apart::{Apart, DelayCounts};
use crate::metrics::counters::ShownCounter;
use crate::metrics::delivery::QueueRow;
use crate::observe::QueueName;
use crate::sim::Cell;
use crate::sim::columns::who::Who;
use crate::words::ids::{InstanceId, VideoId};
use crate::words::units::{Span, Time};
use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Drain;

/// What the messages to many inboxes have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel {
    pub(super) activity: Activity,
    pub(super) kind: Kind,
    pub(super) from: InstanceId,
    /// When its author built it, by the true clock.
    pub(super) authored: Time,
    /// Whether its request made events.
    pub(super) has_events: bool,
    /// Its place among what comes at the same instant.
    pub(super) order: Key,
}

/// What most work on a parcel needs to know about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    /// When its author built it, by the true clock.
    pub(super) authored: Time,
    /// When what it adds expires, by its author's clock.
    pub(super) expires: Time,
    pub(super) video: VideoId,
    pub(super) kind: Kind,
    pub(super) effect: BriefEffect,
}

/// What an activity does, if one need not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BriefEffect {
    /// It adds one viewer, under all rules.
    AddsOne,
    /// It changes nothing that is shown.
    ShowsNothing,
    /// One must look.
    Other,
}

impl Parcel {
    pub(super) fn brief(&self) -> Brief {
        let Parcel { activity, kind, authored, .. } = *self;
        let effect = match activity.expires {
            _ if kind == Kind::Update => BriefEffect::Other,
            None => BriefEffect::ShowsNothing,
            Some(_) if kind.is_view() && kind != Kind::Total && activity.result.is_none() => {
                BriefEffect::AddsOne
            }
            Some(_) => BriefEffect::Other,
        };
        Brief { authored, expires: activity.expires.unwrap_or_default(), video: activity.video, kind, effect }
    }
}

/// A parcel at an inbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// When it is verified: from then on it waits to be worked on.
    pub(super) at: Time,
    /// Its number in the window's table.
    pub(super) parcel: u32,
}

/// What happened at the followers of a shard, as far as it is known at the horizon.
#[derive(Default)]
pub(super) struct Window {
    /// Nothing that is not in this window or an earlier one happens before.
    pub(super) horizon: Time,
    pub(super) parcels: Arc<[Parcel]>,
    pub(super) briefs: Arc<[Brief]>,
    /// By the number of a parcel in the window before: its number in this one, if it is still to come anywhere.
    pub(super) renumbered: Arc<[u32]>,
    /// What came from whole jobs, to all followers.
    pub(super) rows: Arc<Rows>,
    /// What came otherwise, and to which follower of the shard.
    pub(super) received: Vec<(u32, Received)>,
    /// By follower of the shard: arrivals of requests that made events, and who sent them.
    pub(super) arrivals: Vec<VecDeque<(Time, InstanceId)>>,
    /// By follower of the shard: heartbeats of its own viewers, in order.
    pub(super) heartbeats: Vec<Vec<(Time, Input<'static>)>>,
}

/// Some followers, and what was noted about them.
pub(super) struct Shard<'a> {
    cell: &'a Cell,
    end: Time,
    /// The work on an activity, if there are inbox queues.
    inbox: Option<Span>,
    /// The number of its first follower in the run.
    first: u32,
    followers: Vec<Follower>,
    room: Room,
    apart: Apart,
    /// By `Kind`.
    delays: [DelayCounts; Kind::ALL.len()],
    /// Set when a rate limit is met.
    has_refused: Arc<AtomicBool>,
}

struct Follower {
    id: InstanceId,
    is_peertube: bool,
    has_views_inbox: bool,
    is_dead: bool,
    clock_ahead: Span,
    next_tick: Time,
    tick_number: u32,
    tick_interval: Span,
    next_sample: Time,
    shown: Shown,
    /// By video that it shows, in order: what it displayed at each sample.
    displayed: Vec<(VideoId, Vec<Option<u32>>)>,
    /// The inbox queue, and the one for Views alone.
    lanes: [InboxLane; 2],
    /// What comes at the horizon or later.
    to_come: Vec<Received>,
    /// Arrivals of requests that made events, which the rate limit has not counted.
    arrivals: VecDeque<(Time, InstanceId)>,
    limiter: Option<RateLimiter>,
    /// Whether the limiter refused a request: then it must not have been taken for delivered.
    has_refused: bool,
    /// When the newest total was built that took effect.
    newest_total: BTreeMap<VideoId, Time>,
    /// Activities worked on.
    worked_on: u64,
}

enum Shown {
    Tallies(Tallies),
    Instance(Box<Instance>),
}

impl<'a> Shard<'a> {
    /// The followers of these ids, which are numbered from `first`.
    pub(super) fn new(
        cell: &'a Cell,
        first: u32,
        ids: &[InstanceId],
        clock_ahead: impl Fn(InstanceId) -> Span,
        who: &Who,
        has_refused: Arc<AtomicBool>,
    ) -> Shard<'a> {
        let new = |&id: &InstanceId| {
            let has_viewers = who.has_viewers[id.index()];
            Follower::new(cell, id, clock_ahead(id), who.is_dead[id.index()], has_viewers)
        };
        Shard {
            cell,
            end: cell.end.latest(),
            inbox: inbox_work(&cell.delivery),
            first,
            followers: ids.iter().map(new).collect(),
            room: Room::default(),
            apart: Apart::default(),
            delays: Default::default(),
            has_refused,
        }
    }

    /// Everything up to the horizon happens: samples and ticks at it, all else before it.
    pub(super) fn replay(&mut self, window: &mut Window) {
        let Window { horizon, parcels, briefs, renumbered, rows, received, arrivals, heartbeats } = window;
        let rows = std::mem::take(rows);
        let clock =
            Clock { horizon: *horizon, end: self.end, inbox: self.inbox, verify: self.cell.delivery.verify };
        let Room { sorting, done, columns, blocks, coming } = &mut self.room;
        blocks.resize_with(self.followers.len().div_ceil(BLOCK), Vec::new);
        for (position, received) in received.drain(..) {
            blocks[position as usize / BLOCK].push((position as usize % BLOCK, received));
        }
        for (block, others) in (0..).step_by(BLOCK).zip(blocks) {
            let count = BLOCK.min(self.followers.len() - block);
            let followers = &mut self.followers[block..block + count];
            for (follower, coming) in followers.iter_mut().zip(&mut *coming) {
                follower.bring_late(renumbered, *horizon, coming);
            }
            let mut receive = |place: usize, received: Received| {
                let is_late = received.at >= *horizon;
                if is_late { &mut followers[place].to_come } else { &mut coming[place] }.push(received);
            };
            let first = self.first + block as u32;
            others.drain(..).for_each(|(place, received)| receive(place, received));
            rows.deal_out(first..first + count as u32, columns, |number, received| {
                receive((number - first) as usize, received);
            });
            for (place, (follower, coming)) in followers.iter_mut().zip(&mut *coming).enumerate() {
                follower.arrivals.append(&mut arrivals[block + place]);
                let own = &mut heartbeats[block + place];
                let notes = Notes { cell: self.cell, apart: &mut self.apart, delays: &mut self.delays };
                sorting.sort(coming, parcels);
                follower.replay(coming, own, (parcels, briefs), &clock, done, notes);
                if follower.has_refused {
                    self.has_refused.store(true, Ordering::Relaxed);
                }
                coming.clear();
            }
        }
    }

    /// Whether nothing waits, is worked on, is still to come or is shown at the horizon.
    pub(super) fn is_idle(&self) -> bool {
        self.followers.iter().all(Follower::is_idle)
    }

    /// What was noted.
    pub(super) fn finish(mut self) -> Apart {
        let work = self.inbox.unwrap_or_default();
        for follower in self.followers {
            let instance = follower.id.0;
            self.apart.cpu_ns.push((follower.id, follower.worked_on * work.ns()));
            for (video, displayed) in follower.displayed {
                self.apart.displayed.push((video, ShownCounter { instance, displayed }));
            }
        }
        let noted = Kind::ALL.into_iter().zip(self.delays).filter(|(_, counts)| counts.is_any());
        self.apart.delays = noted.collect();
        self.apart
    }
}

/// What a follower's replay needs of its surroundings.
struct Clock {
    horizon: Time,
    end: Time,
    inbox: Option<Span>,
    /// From an arrival to its wait for work.
    verify: Span,
}

/// So many followers are dealt at once what rows tell about them: their columns share a line of memory.
const BLOCK: usize = 32;

/// Kept from follower to follower, so that a replay allocates nothing.
#[derive(Default)]
struct Room {
    sorting: Sorting,
    /// When what comes in a window is done.
    done: Vec<Time>,
    columns: Vec<u32>,
    /// By block: what came otherwise than in rows, and to which of its followers.
    blocks: Vec<Vec<(usize, Received)>>,
    /// By follower of a block: what comes before the horizon.
    coming: [Vec<Received>; BLOCK],
}

/// Where a follower's replay notes what it finds.
struct Notes<'n> {
    cell: &'n Cell,
    apart: &'n mut Apart,
    delays: &'n mut [DelayCounts; Kind::ALL.len()],
}

impl Follower {
    fn new(cell: &Cell, id: InstanceId, clock_ahead: Span, is_dead: bool, has_viewers: bool) -> Follower {
        let instance = &cell.federation.instances[id.index()];
        let rules = instance.rules;
        let videos = &cell.federation.videos;
        let limit = cell.delivery.rate_limit.filter(|_| cell.delivery.queues != Queues::Unlimited);
        let limiter = limit.map(|limit| RateLimiter::new(limit.requests, limit.per));
        let is_counted = rules.store == StoreKind::List && !has_viewers;
        let shows = |video: &VideoId| {
            instance.is_peertube && cell.federation.inboxes(*video).binary_search(&id).is_ok()
        };
        Follower {
            id,
            is_peertube: instance.is_peertube,
            has_views_inbox: rules.views_inbox == ViewsInbox::Own,
            is_dead,
            clock_ahead,
            next_tick: cell.tick_phase[id.index()],
            tick_number: 0,
            tick_interval: rules.parameters.tick_interval,
            next_sample: cell.sampling.from,
            shown: if is_counted {
                Shown::Tallies(Tallies::default())
            } else {
                Shown::Instance(Box::new(Instance::new(id, rules, videos.as_slice().into())))
            },
            displayed: (0..videos.len())
                .map(VideoId::at)
                .filter(shows)
                .map(|video| (video, Vec::new()))
                .collect(),
            lanes: Default::default(),
            to_come: Vec::new(),
            arrivals: VecDeque::new(),
            limiter: limiter.filter(|_| instance.is_peertube),
            has_refused: false,
            newest_total: BTreeMap::new(),
            worked_on: 0,
        }
    }

    /// What was still to come and does before the horizon.
    fn bring_late(&mut self, renumbered: &[u32], horizon: Time, coming: &mut Vec<Received>) {
        for late in &mut self.to_come {
            late.parcel = renumbered[late.parcel as usize];
        }
        coming.extend(self.to_come.extract_if(.., |received| received.at < horizon));
    }

    /// What comes before the horizon, in order, is queued and takes effect.
    fn replay(
        &mut self,
        coming: &[Received],
        own: &mut Vec<(Time, Input<'static>)>,
        (parcels, briefs): (&[Parcel], &[Brief]),
        clock: &Clock,
        done: &mut Vec<Time>,
        mut notes: Notes<'_>,
    ) {
        self.count(coming, parcels, clock);
        let own = &mut own.drain(..).peekable();
        for lane in [0, 1] {
            while let Some((done, parcel)) =
                self.lanes[lane].to_be_done.pop_front_if(|task| task.0 < clock.horizon)
            {
                self.process(done, &parcel, own, clock, &mut notes);
            }
        }
        // a sample sees what waits, so all that comes must be queued before the first takes effect
        self.queue(coming, briefs, clock, done);
        let counts = matches!(self.shown, Shown::Tallies(_)) && self.is_peertube;
        for (received, &done) in coming.iter().zip(&*done) {
            let brief = &briefs[received.parcel as usize];
            if done >= clock.horizon {
                let parcel = parcels[received.parcel as usize];
                self.lanes[usize::from(self.is_in_views_inbox(brief.kind))]
                    .to_be_done
                    .push_back((done, parcel));
            } else if brief.effect == BriefEffect::AddsOne && counts {
                self.add_one(done, brief, clock, &mut notes);
            } else if brief.effect == BriefEffect::ShowsNothing {
                notes.delays[brief.kind as usize].note(done.since(brief.authored));
            } else {
                self.process(done, &parcels[received.parcel as usize], own, clock, &mut notes);
            }
        }
        own.for_each(|(at, input)| self.heartbeat(at, input, clock, &mut notes));
        self.advance(clock.horizon, clock, &mut notes);
    }

    /// The rate limit counts what has arrived, in order.
    fn count(&mut self, received: &[Received], parcels: &[Parcel], clock: &Clock) {
        let Some(limiter) = &mut self.limiter else { return };
        let counted = clock.horizon.before(clock.verify);
        let apart = received.iter().filter(|received| !parcels[received.parcel as usize].has_events);
        for received in apart {
            let at = received.at.before(clock.verify);
            while let Some((before, from)) = self.arrivals.pop_front_if(|arrival| arrival.0 <= at) {
                self.has_refused |= !limiter.takes(before, from);
            }
            self.has_refused |= !limiter.takes(at, parcels[received.parcel as usize].from);
        }
        while let Some((before, from)) = self.arrivals.pop_front_if(|arrival| arrival.0 < counted) {
            self.has_refused |= !limiter.takes(before, from);
        }
    }

    /// Whether an activity waits where Views wait: only these change what is shown.
    fn is_among_views(&self, parcel: &Parcel) -> bool {
        parcel.kind.is_view() || !self.has_views_inbox
    }

    /// Whether an activity waits in the queue for Views alone.
    fn is_in_views_inbox(&self, kind: Kind) -> bool {
        self.has_views_inbox && kind.is_view()
    }

    /// Activities come to the inbox queues: when each takes effect. Without queues that is at once.
    fn queue(&mut self, coming: &[Received], briefs: &[Brief], clock: &Clock, done: &mut Vec<Time>) {
        done.clear();
        done.extend(coming.iter().map(|received| received.at));
        let Some(work) = clock.inbox else { return };
        let (next_sample, has_views_inbox) = (self.next_sample, self.has_views_inbox);
        let lanes = if has_views_inbox { &mut self.lanes[..] } else { &mut self.lanes[..1] };
        for (lane, of_views) in lanes.iter_mut().zip([false, true]) {
            let is_here = |received: &Received| {
                !has_views_inbox || briefs[received.parcel as usize].kind.is_view() == of_views
            };
            let here = coming.iter().zip(&mut *done).filter(|(received, _)| is_here(received));
            self.worked_on += lane.queue(here.map(|(_, at)| at), work, next_sample, clock.end);
        }
    }

    /// The activity that most are takes effect where viewers are only counted: the short way through `process`.
    fn add_one(&mut self, at: Time, brief: &Brief, clock: &Clock, notes: &mut Notes<'_>) {
        notes.delays[brief.kind as usize].note(at.since(brief.authored));
        self.advance_before(at, clock, notes);
        let leaves = leaving_tick(self.next_tick, self.tick_interval, brief.expires.before(self.clock_ahead));
        if let Shown::Tallies(tallies) = &mut self.shown {
            tallies.of(brief.video).add(1, leaves);
        }
    }

    /// An activity takes effect, after the heartbeats of its own viewers that come before.
    fn process(
        &mut self,
        at: Time,
        parcel: &Parcel,
        own: &mut Peekable<Drain<'_, (Time, Input<'static>)>>,
        clock: &Clock,
        notes: &mut Notes<'_>,
    ) {
        let Parcel { activity, kind, from, authored, .. } = parcel;
        notes.delays[*kind as usize].note(at.since(*authored));
        if !self.is_peertube {
            return;
        }
        if *kind == Kind::Update {
            notes.apart.update_fetches.push((at, activity.video, self.id, *from));
        }
        let Some(expires) = activity.expires.filter(|_| self.is_among_views(parcel)) else { return };
        while let Some((before, input)) = own.next_if(|own| own.0 < at) {
            self.heartbeat(before, input, clock, notes);
        }
        self.advance_before(at, clock, notes);
        match &mut self.shown {
            Shown::Instance(instance) => {
                instance.handle(at + self.clock_ahead, Input::Receive(activity), &mut Vec::new());
            }
            Shown::Tallies(tallies) => {
                let leaves =
                    leaving_tick(self.next_tick, self.tick_interval, expires.before(self.clock_ahead));
                let federation = &notes.cell.federation;
                let rules = &federation.instances[self.id.index()].rules;
                let tally = tallies.of(activity.video);
                match replacing_count(rules, activity, federation.origin(activity.video)) {
                    Some(count) => tally.replace(u64::from(count), leaves),
                    None => tally.add(1, leaves),
                }
            }
        }
        if *kind == Kind::Total {
            let newest = self.newest_total.entry(activity.video).or_default();
            *newest = (*authored).max(*newest);
        }
    }

    fn heartbeat(&mut self, at: Time, input: Input<'static>, clock: &Clock, notes: &mut Notes<'_>) {
        self.advance_before(at, clock, notes);
        if let Shown::Instance(instance) = &mut self.shown {
            // what it sends is the run's business
            let mut sends: Vec<Effect> = Vec::new();
            instance.handle(at + self.clock_ahead, input, &mut sends);
        }
    }

    /// Ticks and samples at an instant come before anything else there.
    fn advance_before(&mut self, at: Time, clock: &Clock, notes: &mut Notes<'_>) {
        if at >= self.next_tick || at >= self.next_sample {
            self.advance(at, clock, notes);
        }
    }

    /// Ticks and samples up to an instant, and at it.
    fn advance(&mut self, to: Time, clock: &Clock, notes: &mut Notes<'_>) {
        let to = to.min(clock.end);
        while self.next_tick.min(self.next_sample) <= to {
            if self.next_tick <= self.next_sample {
                self.tick();
            } else {
                self.sample(clock, notes);
            }
        }
    }

    fn tick(&mut self) {
        match &mut self.shown {
            Shown::Tallies(tallies) => tallies.all.iter_mut().for_each(|tally| tally.1.tick(self.next_tick)),
            Shown::Instance(instance) => {
                let input = Input::Tick { number: self.tick_number };
                instance.handle(self.next_tick + self.clock_ahead, input, &mut Vec::new());
            }
        }
        self.next_tick += self.tick_interval;
        self.tick_number += 1;
    }

    fn sample(&mut self, clock: &Clock, notes: &mut Notes<'_>) {
        let at = self.next_sample;
        for (video, displayed) in &mut self.displayed {
            let count = self.shown.displayed(*video);
            displayed
                .push((!self.is_dead).then(|| u32::try_from(count).expect("viewers are limited to u32")));
        }
        for built in self.newest_total.values() {
            notes.apart.staleness.sum_us += at.since(*built).us();
            notes.apart.staleness.count += 1;
        }
        if let Some(work) = clock.inbox {
            let instance = self.id.0;
            for (lane, name) in self.lanes.iter_mut().zip([Lane::Inbox, Lane::ViewsInbox]) {
                let next = at + notes.cell.sampling.every;
                let row = QueueRow { instance, queue: QueueName::Lane(name), ..lane.sample(at, work, next) };
                if row.waiting + row.running + row.started > 0 {
                    notes.apart.queues.push(row);
                }
            }
        }
        self.next_sample += notes.cell.sampling.every;
    }

    fn is_idle(&self) -> bool {
        self.to_come.is_empty()
            && self.lanes.iter().all(|lane| lane.to_be_done.is_empty())
            && (self.is_dead || self.displayed.iter().all(|(video, _)| self.shown.displayed(*video) == 0))
    }
}

/// The tallies of a follower, by video that anything came about.
#[derive(Default)]
struct Tallies {
    all: Vec<(VideoId, Tally)>,
    /// Which was asked for last.
    last: usize,
}

impl Tallies {
    fn of(&mut self, video: VideoId) -> &mut Tally {
        if self.all.get(self.last).is_none_or(|tally| tally.0 != video) {
            self.last = self.all.binary_search_by_key(&video, |tally| tally.0).unwrap_or_else(|place| {
                self.all.insert(place, (video, Tally::default()));
                place
            });
        }
        &mut self.all[self.last].1
    }

    fn displayed(&self, video: VideoId) -> u64 {
        let found = self.all.binary_search_by_key(&video, |tally| tally.0);
        found.map_or(0, |place| self.all[place].1.displayed())
    }
}

impl Shown {
    fn displayed(&self, video: VideoId) -> u64 {
        match self {
            Shown::Tallies(tallies) => tallies.displayed(video),
            Shown::Instance(instance) => instance.displayed(video),
        }
    }
}

/// The work on an activity, if there are inbox queues.
fn inbox_work(delivery: &Delivery) -> Option<Span> {
    (delivery.queues != Queues::Unlimited).then_some(delivery.inbox)
}

/// The first tick at or after `expires`, from the next one on.
fn leaving_tick(next_tick: Time, interval: Span, expires: Time) -> Time {
    match expires.since(next_tick) {
        Span::ZERO => next_tick,
        after if after <= interval => next_tick + interval,
        after => next_tick + interval * after.ns().div_ceil(interval.ns()),
    }
}
