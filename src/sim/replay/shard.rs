//! A shard: some followers that are replayed on one thread, window by window and follower by follower.
//!
//! Arrivals are sorted per follower and replayed in order (`follower`), or counted (`counted`). The heartbeats of a follower's
//! own viewers come with the window. Times are true time. Nothing here knows how requests travel.

use super::arrival_matrix::ArrivalMatrix;
use super::broadcast::{Broadcast, BroadcastSummary, InboxArrival};
use super::context::{Context, Output};
use super::counted::Counted;
use super::follower::Follower;
use crate::cell::Cell;
use crate::domain::delivery::Queues;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Input;
use crate::mechanism::activity::Kind;
use crate::mechanism::boundary::{NEVER_US, latest_us};
use crate::mechanism::time_sort::TimeSort;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::delays::DelayCounts;
use crate::sim::eligibility::Eligibility;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the run collected for the followers of a shard.
#[derive(Default)]
pub(in crate::sim) struct Window {
    /// Everything before this instant is in this window or an earlier one.
    pub(in crate::sim) horizon: Time,
    /// By the number of the broadcast in this window.
    pub(in crate::sim) broadcasts: Arc<[Broadcast]>,
    /// Likewise.
    pub(in crate::sim) summaries: Arc<[BroadcastSummary]>,
    /// By the number of a broadcast in the previous window: its number in this one if it still has arrivals, else `u32::MAX`.
    pub(in crate::sim) renumbered: Arc<[u32]>,
    /// Arrivals of whole jobs at the followers of all shards.
    pub(in crate::sim) rows: Arc<ArrivalMatrix>,
    /// All other arrivals, with the follower's position in the shard.
    pub(in crate::sim) received: Vec<(u32, InboxArrival)>,
    /// By position in the shard: arrivals of requests that make events, and their senders, for the rate limit.
    pub(in crate::sim) arrivals: Vec<VecDeque<(Time, InstanceId)>>,
    /// By position in the shard: heartbeats of the follower's own viewers, ascending.
    pub(in crate::sim) heartbeats: Vec<Vec<(Time, Input<'static>)>>,
}

/// Followers with consecutive numbers, and the results of their replay.
pub(in crate::sim) struct Shard<'a> {
    cell: &'a Cell,
    end: Time,
    /// Service time of the inbox queue, if there is one.
    inbox: Option<Span>,
    /// The number of its first follower.
    first: u32,
    followers: Vec<Follower>,
    counted: Counted,
    horizon: Time,
    /// Whether rows have arrivals at the horizon or later.
    has_later_rows: bool,
    /// For one follower: what sorts, and its arrivals in the window.
    buffers: (TimeSort<InboxArrival>, Vec<InboxArrival>),
    aggregates: Aggregates,
    /// By `Kind`.
    delays: [DelayCounts; Kind::ALL.len()],
    /// Set when a rate limit is met.
    has_refused: Arc<AtomicBool>,
}

impl<'a> Shard<'a> {
    /// For the instances `ids`, whose follower numbers begin with `first`.
    pub(in crate::sim) fn new(
        cell: &'a Cell,
        first: u32,
        ids: &[InstanceId],
        clock_ahead: impl Fn(InstanceId) -> Span,
        eligibility: &Eligibility,
        has_refused: Arc<AtomicBool>,
    ) -> Shard<'a> {
        let new = |(place, &id): (usize, &InstanceId)| {
            let has_viewers = eligibility.has_viewers[id.index()];
            Follower::new(cell, place, id, clock_ahead(id), eligibility.is_dead[id.index()], has_viewers)
        };
        Shard {
            cell,
            end: cell.end.latest(),
            inbox: (cell.delivery.queues != Queues::Unlimited).then_some(cell.delivery.receiving.inbox),
            first,
            followers: ids.iter().enumerate().map(new).collect(),
            counted: Counted::new(cell.sampling),
            horizon: Time::ZERO,
            has_later_rows: false,
            buffers: Default::default(),
            aggregates: Aggregates::default(),
            delays: Default::default(),
            has_refused,
        }
    }

    /// Replays a window and empties it: samples and ticks up to the horizon and at it, all else before it.
    pub(in crate::sim) fn replay(&mut self, window: &mut Window) {
        let Window { horizon, broadcasts, summaries, renumbered, rows, received, arrivals, heartbeats } =
            window;
        let rows = std::mem::take(rows);
        let since = std::mem::replace(&mut self.horizon, *horizon);
        self.count(&rows, summaries);
        self.take_received(received, renumbered);
        self.hand_out(&rows, summaries);
        let numbers = self.first..self.first + self.followers.len() as u32;
        let mut columns = rows.columns(numbers.clone(), (since, *horizon));
        let verify = self.cell.delivery.receiving.verify;
        let context =
            Context { horizon: *horizon, end: self.end, inbox: self.inbox, verify, counted: &self.counted };
        let (sorting, coming) = &mut self.buffers;
        self.has_later_rows = false;
        let inputs = numbers.zip(arrivals).zip(heartbeats);
        for (follower, ((number, arrivals), own)) in self.followers.iter_mut().zip(inputs) {
            coming.clear();
            for columns in &mut columns {
                self.has_later_rows |= columns.read(number, coming);
            }
            coming.extend(follower.to_come.extract_if(.., |received| received.at < *horizon));
            sorting.sort(coming, since..*horizon, |received| broadcasts[received.broadcast as usize].order);
            follower.arrivals.append(arrivals);
            let output =
                Output { cell: self.cell, aggregates: &mut self.aggregates, delays: &mut self.delays };
            follower.replay(coming, own, (broadcasts, summaries), &context, output);
            if follower.has_refused {
                self.has_refused.store(true, Ordering::Relaxed);
            }
        }
        self.aggregates.views.merge();
        let tick = self.followers.iter().map(|follower| follower.ticked().unwrap_or_default()).min();
        self.counted.forget(self.horizon, tick.unwrap_or_default());
    }

    /// Hands arrivals that are not in rows to their followers, and gives those of earlier windows the numbers that their
    /// broadcasts have in this one.
    fn take_received(&mut self, received: &mut Vec<(u32, InboxArrival)>, renumbered: &[u32]) {
        for late in self.followers.iter_mut().flat_map(|follower| &mut follower.to_come) {
            late.broadcast = renumbered[late.broadcast as usize];
        }
        for (position, received) in received.drain(..) {
            self.followers[position as usize].to_come.push(received);
        }
    }

    /// Hands the arrivals of rows that are read by row to their followers. Of what shows nothing anywhere, only delays are noted.
    fn hand_out(&mut self, rows: &ArrivalMatrix, summaries: &[BroadcastSummary]) {
        let numbers = self.first..self.first + self.followers.len() as u32;
        for (row, replayed, after_us) in rows.by_row(numbers) {
            let summary = &summaries[row.broadcast as usize];
            let came = replayed.iter().map(|to| (to.follower, after_us[to.destination as usize]));
            let came = came.filter(|(_, after_us)| *after_us != NEVER_US);
            if self.inbox.is_none() && summary.shows_nothing_anywhere() {
                let delays = &mut self.delays[summary.kind as usize];
                let delay = row.from.since(summary.authored);
                came.for_each(|(_, after_us)| delays.note_later(delay, after_us));
                continue;
            }
            for (number, after_us) in came {
                let at = row.from + Span::from_us(u64::from(after_us));
                let arrival = InboxArrival { at, broadcast: row.broadcast };
                self.followers[(number - self.first) as usize].to_come.push(arrival);
            }
        }
    }

    /// Adds the counted rows of a window.
    fn count(&mut self, rows: &ArrivalMatrix, summaries: &[BroadcastSummary]) {
        let numbers = self.first..self.first + self.followers.len() as u32;
        for (row, followers, after_us) in rows.counted(numbers) {
            let summary = &summaries[row.broadcast as usize];
            self.delays[summary.kind as usize].note_all(row.from.since(summary.authored), after_us, NEVER_US);
            let place = |number: u32| (number - self.first) as usize;
            let followers = place(followers.start)..place(followers.end);
            let latest = row.from + Span::from_us(u64::from(latest_us(after_us)));
            self.counted.add(summary, followers, row.from, after_us, latest);
        }
        self.counted.complete(self.horizon);
    }

    /// Whether at the horizon nothing is waiting, in service, still to arrive or displayed.
    pub(in crate::sim) fn is_idle(&self) -> bool {
        !self.has_later_rows
            && self.followers.iter().all(|follower| follower.is_idle(&self.counted, self.horizon))
    }

    /// All results.
    pub(in crate::sim) fn finish(mut self) -> Aggregates {
        let work = self.inbox.unwrap_or_default();
        for follower in self.followers {
            let peak = &mut self.aggregates.inbox_waiting_peak;
            *peak = follower.inbox_waiting_peak(work).max(*peak);
            self.aggregates.cpu_ns.push((follower.id, follower.worked_on * work.ns()));
            self.aggregates.displayed.push((follower.id, follower.displayed));
            self.aggregates.staleness.add(follower.total_ages.staleness());
        }
        let noted = Kind::ALL.into_iter().zip(self.delays).filter(|(_, counts)| counts.is_any());
        self.aggregates.delays = noted.collect();
        self.aggregates
    }
}
