//! Arrival matrix: when the requests of whole jobs arrive. It is written by row (job) and read by column (follower).
//!
//! A row has one column per destination of its route: µs after the row's `from`, or `NEVER_US`. If it is read by column, it stays
//! until its last request has arrived; each window reads of it what arrives in the window.

use super::broadcast::InboxArrival;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::{NEVER_US, boundary_us};
use crate::sim::route::{ReplayedDestination, Route};
use std::ops::Range;
use std::sync::Arc;

/// The whole jobs with arrivals in a window.
#[derive(Default)]
pub(in crate::sim) struct ArrivalMatrix {
    /// Each with the position of its first column in `after_us`.
    rows: Vec<(ArrivalRow, usize)>,
    after_us: Vec<u32>,
}

/// One job whose requests are all computed.
pub(in crate::sim) struct ArrivalRow {
    pub(in crate::sim) route: Arc<Route>,
    /// The broadcast's number in the window.
    pub(in crate::sim) broadcast: u32,
    /// The columns count from this instant.
    pub(in crate::sim) from: Time,
    /// No request of the row arrives later.
    pub(in crate::sim) latest: Time,
    pub(in crate::sim) reading: Reading,
}

/// How the arrivals of a row are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Reading {
    /// They are counted (`replay::counted`) instead of replayed, in the first window.
    Counted,
    /// Follower by follower, as they come: for routes of which a window has many rows.
    ByColumn,
    /// At once in the first window, where each goes to its follower: for routes of which a window has few rows.
    ByRow,
}

/// The rows of one route, to be read follower by follower.
pub(in crate::sim) struct RouteColumns<'m> {
    rows: Vec<RowInWindow>,
    after_us: &'m [u32],
    /// The destinations whose followers are not read yet, by ascending follower number.
    unread: &'m [ReplayedDestination],
    /// The columns of the last followers read and the next ones, one after another: copied together, as they share cache lines.
    columns: Vec<u32>,
    /// Where the next column begins in `columns`.
    next: usize,
}

/// A row, and which times of it lie in the window: `since_us..until_us`.
struct RowInWindow {
    start: usize,
    broadcast: u32,
    from: Time,
    since_us: u32,
    until_us: u32,
}

impl ArrivalMatrix {
    /// Adds a row; `after_us` is by destination.
    pub(in crate::sim) fn push(&mut self, row: ArrivalRow, after_us: &[u32]) {
        self.rows.push((row, self.after_us.len()));
        self.after_us.extend_from_slice(after_us);
    }

    /// Takes all rows and leaves those with arrivals at the horizon or later, in `buffers`; `renumbered` has the numbers of their
    /// broadcasts there.
    pub(in crate::sim) fn take(
        &mut self,
        mut buffers: ArrivalMatrix,
        horizon: Time,
        renumbered: &[u32],
    ) -> ArrivalMatrix {
        buffers.rows.clear();
        buffers.after_us.clear();
        for (row, start) in self.read(Reading::ByColumn).filter(|(row, _)| row.latest >= horizon) {
            let broadcast = renumbered[row.broadcast as usize];
            let row = ArrivalRow { broadcast, route: Arc::clone(&row.route), ..*row };
            let end = start + row.route.to.len();
            buffers.push(row, &self.after_us[*start..end]);
        }
        std::mem::replace(self, buffers)
    }

    /// Of the counted rows: the row, the followers of this range that it reaches, and their columns.
    pub(in crate::sim) fn counted(
        &self,
        followers: Range<u32>,
    ) -> impl Iterator<Item = (&ArrivalRow, Range<u32>, &[u32])> {
        self.read(Reading::Counted).filter_map(move |(row, start)| {
            let replayed = row.route.replayed(followers.clone());
            let (first, last) = (replayed.first()?, replayed.last()?);
            let columns = start + first.destination as usize..=start + last.destination as usize;
            Some((row, first.follower..last.follower + 1, &self.after_us[columns]))
        })
    }

    /// Of the rows that are read by row: the row, its destinations in this range of followers, and its columns.
    pub(in crate::sim) fn by_row(
        &self,
        followers: Range<u32>,
    ) -> impl Iterator<Item = (&ArrivalRow, &[ReplayedDestination], &[u32])> {
        self.read(Reading::ByRow).map(move |(row, start)| {
            let columns = &self.after_us[*start..start + row.route.to.len()];
            (row, row.route.replayed(followers.clone()), columns)
        })
    }

    /// The rows that are read by column, by route, for a range of followers and the window `since..until`.
    pub(in crate::sim) fn columns(
        &self,
        followers: Range<u32>,
        (since, until): (Time, Time),
    ) -> Vec<RouteColumns<'_>> {
        let mut rows: Vec<_> = self.read(Reading::ByColumn).collect();
        rows.sort_by_key(|(row, _)| row.route.number);
        let in_window = |&&(ArrivalRow { broadcast, from, .. }, start): &&_| RowInWindow {
            start,
            broadcast,
            from,
            since_us: boundary_us(from, since),
            until_us: boundary_us(from, until),
        };
        let by_route = rows.chunk_by(|(row, _), (next, _)| row.route.number == next.route.number);
        by_route
            .map(|rows| RouteColumns {
                rows: rows.iter().map(in_window).collect(),
                after_us: &self.after_us,
                unread: rows[0].0.route.replayed(followers.clone()),
                columns: Vec::new(),
                next: 0,
            })
            .collect()
    }

    /// The rows that are read like this.
    fn read(&self, reading: Reading) -> impl Iterator<Item = &(ArrivalRow, usize)> {
        self.rows.iter().filter(move |(row, _)| row.reading == reading)
    }
}

impl RouteColumns<'_> {
    /// Adds the arrivals at a follower to `coming`. Returns whether it has arrivals after the window. Follower numbers ascend
    /// from call to call.
    pub(in crate::sim) fn read(&mut self, follower: u32, coming: &mut Vec<InboxArrival>) -> bool {
        if self.unread.first().is_none_or(|next| next.follower != follower) {
            return false;
        }
        if self.next == self.columns.len() {
            self.copy_columns();
        }
        let column = &self.columns[self.next..self.next + self.rows.len()];
        let mut is_later = false;
        for (row, &after_us) in self.rows.iter().zip(column) {
            if after_us >= row.until_us {
                is_later |= after_us != NEVER_US;
            } else if after_us >= row.since_us {
                let at = row.from + Span::from_us(u64::from(after_us));
                coming.push(InboxArrival { at, broadcast: row.broadcast });
            }
        }
        self.next += self.rows.len();
        self.unread = &self.unread[1..];
        is_later
    }

    /// Copies the columns of the next followers.
    fn copy_columns(&mut self) {
        const TOGETHER: usize = 16;
        let next = &self.unread[..TOGETHER.min(self.unread.len())];
        let count = self.rows.len();
        self.next = 0;
        self.columns.resize(next.len() * count, 0);
        for (number, row) in self.rows.iter().enumerate() {
            let after_us = &self.after_us[row.start..];
            for (place, next) in next.iter().enumerate() {
                self.columns[place * count + number] = after_us[next.destination as usize];
            }
        }
    }
}
