//! ArrivalMatrix: when the requests of whole jobs come to inboxes, job by job as they were worked out, to be read follower by follower.
//!
//! A row has a column per destination of its route, in microseconds after an instant of its own. Followers are dealt their
//! columns in blocks, so that a line of memory is read once for all whose numbers it holds.

use super::broadcast::InboxArrival;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::NEVER_US;
use crate::sim::route::{ReplayedDestination, Route};
use std::ops::Range;
use std::sync::Arc;

/// The jobs of a window.
#[derive(Default)]
pub(in crate::sim) struct ArrivalMatrix {
    /// With the places where their columns begin.
    rows: Vec<(ArrivalRow, usize)>,
    after_us: Vec<u32>,
}

/// One job.
pub(in crate::sim) struct ArrivalRow {
    pub(in crate::sim) route: Arc<Route>,
    pub(in crate::sim) broadcast: u32,
    pub(in crate::sim) from: Time,
    /// No request of the row comes later.
    pub(in crate::sim) latest: Time,
    /// Whether it is only counted (`counted`).
    pub(in crate::sim) is_counted: bool,
}

impl ArrivalMatrix {
    /// Requests come so long after `from`, by destination.
    pub(in crate::sim) fn push(&mut self, row: ArrivalRow, after_us: &[u32]) {
        self.rows.push((row, self.after_us.len()));
        self.after_us.extend_from_slice(after_us);
    }

    /// The rows so far; there are none then, and room for as many.
    pub(in crate::sim) fn take(&mut self) -> ArrivalMatrix {
        let buffer = ArrivalMatrix {
            rows: Vec::with_capacity(self.rows.len()),
            after_us: Vec::with_capacity(self.after_us.len()),
        };
        std::mem::replace(self, buffer)
    }

    /// The rows that are only counted, with those of their columns that belong to a range of followers, and who these are.
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

    /// Gives the followers of a block what the other rows tell about them. `room` is used for what lies far apart in memory: it
    /// is fetched first, all of it, so that the fetches overlap.
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
