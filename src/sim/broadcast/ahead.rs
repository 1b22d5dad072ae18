//! Requests that arrive ahead of time at receivers that are replayed: their job makes events, the receiver none.

use super::state::{Broadcasts, OpenBroadcast};
use crate::event::Message;
use crate::foundation::units::Time;
use crate::request::Conditions;

impl Broadcasts<'_> {
    /// A request of a job (by slot) will be verified at an instant.
    pub(in crate::sim) fn receive_ahead(
        &mut self,
        job: u32,
        message: &Message,
        verified: Time,
        conditions: &Conditions<'_>,
    ) {
        let is_peertube = self.cell.federation.instances[message.to.index()].is_peertube;
        let Some(follower) = self.followers[message.to.index()].filter(|_| is_peertube) else { return };
        let place = job as usize;
        if self.open_broadcasts.len() <= place {
            self.open_broadcasts.resize_with(place + 1, || None);
        }
        if self.open_broadcasts[place].is_none() {
            let number = self.add_broadcast(message, conditions);
            self.windows.keep_open(number);
            self.open_broadcasts[place] = Some(OpenBroadcast { number, latest: Time::ZERO });
        }
        if let Some(open) = &mut self.open_broadcasts[place] {
            open.latest = open.latest.max(verified);
            self.windows.receive(follower, verified, open.number);
        }
    }

    /// A job is over or gone.
    pub(in crate::sim) fn close_job(&mut self, job: u32) {
        let open = self.open_broadcasts.get_mut(job as usize).and_then(Option::take);
        if let Some(OpenBroadcast { number, latest }) = open {
            self.windows.close(number, latest);
        }
    }
}
