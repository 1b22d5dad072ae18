//! Requests of contended senders to uncontended receivers: the job makes events, the arrival does not. When a request leaves,
//! its arrival is known and goes to the replay.

use super::state::{Broadcasts, OpenBroadcast};
use crate::event::Message;
use crate::foundation::units::Time;
use crate::request::Conditions;

impl Broadcasts<'_> {
    /// A request of the job in slot `job` will be verified at `verified`: adds its arrival.
    pub(in crate::sim) fn receive_ahead(
        &mut self,
        job: u32,
        message: &Message,
        verified: Time,
        conditions: &Conditions<'_>,
    ) {
        let Some(follower) = self.followers[message.to.index()] else { return };
        let place = job as usize;
        if self.open_broadcasts.len() <= place {
            self.open_broadcasts.resize_with(place + 1, || None);
        }
        if self.open_broadcasts[place].is_none() {
            let number = self.add_broadcast(message, conditions);
            self.windows.set_latest(number, Time::NEVER);
            self.open_broadcasts[place] = Some(OpenBroadcast { number, latest: Time::ZERO });
        }
        if let Some(open) = &mut self.open_broadcasts[place] {
            open.latest = open.latest.max(verified);
            self.windows.receive(follower, verified, open.number);
        }
    }

    /// The job in this slot makes no more requests: its last arrival is known.
    pub(in crate::sim) fn close_job(&mut self, job: u32) {
        let open = self.open_broadcasts.get_mut(job as usize).and_then(Option::take);
        if let Some(OpenBroadcast { number, latest }) = open {
            self.windows.set_latest(number, latest);
        }
    }
}
