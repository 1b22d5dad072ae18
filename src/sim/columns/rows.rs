//! Rows: when the requests of whole jobs come to inboxes, job by job as they were worked out, to be read follower by follower.
//!
//! A row has a column per destination of its route, in microseconds after an instant of its own. Followers are dealt their
//! columns in blocks, so that a line of memory is read once for all whose numbers it holds.

use super::replay::Received;
use super::route::{Replayed, Route};
use crate::words::units::{Span, Time};
use std::ops::Range;
use std::sync::Arc;

/// Stands for a request that the row does not tell about.
pub(super) const NOT_HERE: u32 = u32::MAX;

/// The jobs of a window.
#[derive(Default)]
pub(super) struct Rows {
    rows: Vec<Row>,
    after_us: Vec<u32>,
}

struct Row {
    route: Arc<Route>,
    parcel: u32,
    from: Time,
    /// Where its columns begin.
    first: usize,
}

impl Rows {
    /// A parcel comes to the destinations of a route, so long after `from`.
    pub(super) fn push(
        &mut self,
        route: &Arc<Route>,
        from: Time,
        parcel: u32,
        after_us: impl Iterator<Item = u32>,
    ) {
        self.rows.push(Row { route: Arc::clone(route), parcel, from, first: self.after_us.len() });
        self.after_us.extend(after_us);
    }

    /// The rows so far; there are none then, and room for as many.
    pub(super) fn take(&mut self) -> Rows {
        let room = Rows {
            rows: Vec::with_capacity(self.rows.len()),
            after_us: Vec::with_capacity(self.after_us.len()),
        };
        std::mem::replace(self, room)
    }

    /// Gives the followers of a block what the rows tell about them. `room` is used for what lies far apart in memory: it
    /// is fetched first, all of it, so that the fetches overlap.
    pub(super) fn deal_out(
        &self,
        followers: Range<u32>,
        room: &mut Vec<u32>,
        mut receive: impl FnMut(u32, Received),
    ) {
        for rows in self.rows.chunk_by(|row, next| row.route.number == next.route.number) {
            let replayed = rows[0].route.replayed(followers.clone());
            let (Some(first), Some(last)) = (replayed.first(), replayed.last()) else { continue };
            let (first, last) = (first.destination as usize, last.destination as usize);
            room.clear();
            for row in rows {
                room.extend_from_slice(&self.after_us[row.first + first..=row.first + last]);
            }
            for (row, columns) in rows.iter().zip(room.chunks_exact(last - first + 1)) {
                for &Replayed { follower, destination } in replayed {
                    let after_us = columns[destination as usize - first];
                    if after_us != NOT_HERE {
                        let at = row.from + Span::from_us(u64::from(after_us));
                        receive(follower, Received { at, parcel: row.parcel });
                    }
                }
            }
        }
    }
}
