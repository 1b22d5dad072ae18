//! Replay: what a follower shows, from what has reached its inbox, one follower after another.
//!
//! A follower that owns no video answers nothing but requests, so what it shows can be worked out apart from the run, in
//! order (`follower`), or, of whole jobs where order does not matter, in sums (`counted`). A follower's own heartbeats are handed
//! in by the run. Times are true time. Nothing here knows how requests go.

use super::boundary::latest_us;
use super::counted::{Counted, Samples};
use super::follower::{Clock, Follower, Notes};
use super::parcel::{Brief, Parcel, Received};
use super::rows::{NOT_HERE, Rows};
use super::sorting::Sorting;
use crate::domain::delivery::{Delivery, Queues};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Input;
use crate::mechanism::activity::Kind;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::counters::ShownCounter;
use crate::metrics::delays::DelayCounts;
use crate::sim::Cell;
use crate::sim::columns::who::Who;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    counted: Counted,
    horizon: Time,
    room: Room,
    apart: Aggregates,
    /// By `Kind`.
    delays: [DelayCounts; Kind::ALL.len()],
    /// Set when a rate limit is met.
    has_refused: Arc<AtomicBool>,
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
        let new = |(place, &id): (usize, &InstanceId)| {
            let has_viewers = who.has_viewers[id.index()];
            Follower::new(cell, place, id, clock_ahead(id), who.is_dead[id.index()], has_viewers)
        };
        Shard {
            cell,
            end: cell.end.latest(),
            inbox: inbox_work(&cell.delivery),
            first,
            followers: ids.iter().enumerate().map(new).collect(),
            counted: Counted::new(Samples { from: cell.sampling.from, every: cell.sampling.every }),
            horizon: Time::ZERO,
            room: Room::default(),
            apart: Aggregates::default(),
            delays: Default::default(),
            has_refused,
        }
    }

    /// Everything up to the horizon happens: samples and ticks at it, all else before it.
    pub(super) fn replay(&mut self, window: &mut Window) {
        let Window { horizon, parcels, briefs, renumbered, rows, received, arrivals, heartbeats } = window;
        let rows = std::mem::take(rows);
        self.horizon = *horizon;
        self.count(&rows, briefs);
        let verify = self.cell.delivery.verify;
        let clock =
            Clock { horizon: *horizon, end: self.end, inbox: self.inbox, verify, counted: &self.counted };
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
        let tick = self.followers.iter().map(|follower| follower.ticked().unwrap_or_default()).min();
        self.counted.forget(self.horizon, tick.unwrap_or_default());
    }

    /// What needs no order.
    fn count(&mut self, rows: &Rows, briefs: &[Brief]) {
        let numbers = self.first..self.first + self.followers.len() as u32;
        for (row, followers, after_us) in rows.counted(numbers) {
            let brief = &briefs[row.parcel as usize];
            self.delays[brief.kind as usize].note_all(row.from.since(brief.authored), after_us, NOT_HERE);
            let place = |number: u32| (number - self.first) as usize;
            let followers = place(followers.start)..place(followers.end);
            let latest = row.from + Span::from_us(u64::from(latest_us(after_us)));
            self.counted.add(brief, followers, row.from, after_us, latest);
        }
        self.counted.complete(self.horizon);
    }

    /// Whether nothing waits, is worked on, is still to come or is shown at the horizon.
    pub(super) fn is_idle(&self) -> bool {
        self.followers.iter().all(|follower| follower.is_idle(&self.counted, self.horizon))
    }

    /// What was noted.
    pub(super) fn finish(mut self) -> Aggregates {
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

/// The work on an activity, if there are inbox queues.
fn inbox_work(delivery: &Delivery) -> Option<Span> {
    (delivery.queues != Queues::Unlimited).then_some(delivery.inbox)
}
