//! Arrival matrix: when the requests of whole jobs arrive. It is written by row (job) and read by column (follower).
//!
//! A row has one column per destination of its route: µs after the row's `from`, or `NEVER_US`. Columns are read for blocks of
//! followers, so that one cache line serves several of them.

use super::broadcast::InboxArrival;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::NEVER_US;
use crate::sim::route::{ReplayedDestination, Route};
use std::ops::Range;
use std::sync::Arc;

/// The whole jobs of a window.
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
    /// Whether its arrivals are counted (`replay::counted`) instead of replayed.
    pub(in crate::sim) is_counted: bool,
}

impl ArrivalMatrix {
    /// Adds a row; `after_us` is by destination.
    pub(in crate::sim) fn push(&mut self, row: ArrivalRow, after_us: &[u32]) {
        self.rows.push((row, self.after_us.len()));
        self.after_us.extend_from_slice(after_us);
    }

    /// Takes all rows; the capacity of the buffers stays the same.
    pub(in crate::sim) fn take(&mut self) -> ArrivalMatrix {
        let buffer = ArrivalMatrix {
            rows: Vec::with_capacity(self.rows.len()),
            after_us: Vec::with_capacity(self.after_us.len()),
        };
        std::mem::replace(self, buffer)
    }

    /// Of the counted rows: the row, the followers of this range that it reaches, and their columns.
    pub(in crate::sim) fn counted(
        &self,
        followers: Range<u32>,
    ) -> impl Iterator<Item = (&ArrivalRow, Range<u32>, &[u32])> {
        self.rows.iter().filter(|(row, _)| row.is_counted).filter_map(move |(row, start)| {
            let replayed = row.route.replayed(followers.clone());
            let (first, last) = (replayed.first()?, replayed.last()?);
            let columns = start + first.destination as usize..=start + last.destination as usize;
            Some((row, first.follower..last.follower + 1, &self.after_us[columns]))
        })
    }

    /// Calls `receive` with the follower and the arrival of each request that is not counted, for a block of followers. The
    /// columns of one route are copied to `buffer` first, so that the cache misses overlap.
    pub(in crate::sim) fn for_each_arrival(
        &self,
        followers: Range<u32>,
        buffer: &mut Vec<u32>,
        mut receive: impl FnMut(u32, InboxArrival),
    ) {
        let kind = |row: &ArrivalRow| (row.route.number, row.is_counted);
        for rows in self.rows.chunk_by(|(row, _), (next, _)| kind(row) == kind(next)) {
            if rows[0].0.is_counted {
                continue;
            }
            let replayed = rows[0].0.route.replayed(followers.clone());
            let (Some(first), Some(last)) = (replayed.first(), replayed.last()) else { continue };
            let (first, last) = (first.destination as usize, last.destination as usize);
            buffer.clear();
            for (_, start) in rows {
                buffer.extend_from_slice(&self.after_us[start + first..=start + last]);
            }
            for ((row, _), columns) in rows.iter().zip(buffer.chunks_exact(last - first + 1)) {
                for &ReplayedDestination { follower, destination } in replayed {
                    let after_us = columns[destination as usize - first];
                    if after_us != NEVER_US {
                        let at = row.from + Span::from_us(u64::from(after_us));
                        receive(follower, InboxArrival { at, broadcast: row.broadcast });
                    }
                }
            }
        }
    }
}
