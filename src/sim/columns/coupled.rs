//! Requests of coupled senders: what becomes of each, from the moment when it is signed.
//!
//! Their sender's cores and links are shared by all its jobs, so each request makes an event when it is signed and one when
//! it is over (`delivery::coupled`). All that happens at its receiver follows when it leaves, and makes none.

use super::Columns;
use super::exchange::Exchange;
use super::route::Route;
use crate::event::Message;
use crate::mechanism::ledger::Arrival;
use crate::observe::Fate;
use crate::sim::conditions::Conditions;
use crate::words::ids::InstanceId;
use crate::words::units::{Span, Time};
use std::sync::Arc;

/// What the requests of a running job carry.
pub(super) struct OpenParcel {
    /// Its number in the window.
    pub(super) number: u32,
    /// When the last of those that have left is verified.
    latest: Time,
}

impl Columns<'_> {
    /// Whether requests of a sender without events at its receivers wait for its cores and links.
    pub(in crate::sim) fn is_coupled(&self, from: InstanceId) -> bool {
        self.who.is_coupled[from.index()]
    }

    /// A job starts; `like` is any of its messages, `slot` where the driver keeps it.
    pub(in crate::sim) fn open_job(&mut self, slot: u32, like: &Message, conditions: &Conditions<'_>) {
        let number = self.add_parcel(like, conditions);
        self.windows.keep_open(number);
        let place = slot as usize;
        if self.open_parcels.len() <= place {
            self.open_parcels.resize_with(place + 1, || None);
        }
        self.open_parcels[place] = Some(OpenParcel { number, latest: Time::ZERO });
    }

    /// All its requests are over.
    pub(in crate::sim) fn close_job(&mut self, slot: u32) {
        if let Some(OpenParcel { number, latest }) = self.open_parcels[slot as usize].take() {
            self.windows.close(number, latest);
        }
    }

    /// A request begins.
    pub(in crate::sim) fn begin_request(&mut self, now: Time, route: &Arc<Route>, destination: usize) {
        self.accounts.begin_one(route, destination, now);
    }

    /// A request that began at an instant is signed; `transfer` takes so many bytes through its sender's uplink. When and how
    /// it is over for its sender, but for the answer's way through the downlink.
    #[expect(clippy::too_many_arguments, reason = "a request is just that many things")]
    pub(in crate::sim) fn leave(
        &mut self,
        now: Time,
        slot: u32,
        route: &Arc<Route>,
        destination: usize,
        drawn: Option<Span>,
        name: u64,
        begins: Time,
        conditions: &mut Conditions<'_>,
        transfer: impl FnOnce(u64) -> Time,
    ) -> (Time, Fate) {
        let below = &route.transport[destination];
        let bytes = route.bytes(destination) + below.tcp_up + below.tls_up;
        let link = (route.from, route.to[destination]);
        let exchange: Exchange =
            self.terms.exchange_signed(conditions, link, name, drawn, begins, now, || transfer(bytes));
        debug_assert!(exchange.arrival != Arrival::Refused, "the replay counts");
        if self.accounts.note_way(route, destination, &exchange)
            && let Some(follower) = route.followers[destination]
            && let Some(open) = &mut self.open_parcels[slot as usize]
        {
            let verified = exchange.settled + self.terms.verify;
            open.latest = open.latest.max(verified);
            self.windows.receive(follower, verified, open.number);
        }
        self.pass_on(now);
        (exchange.over, exchange.fate)
    }

    /// The bytes of an answer, with what lies below HTTP.
    pub(in crate::sim) fn answer_bytes(&self, route: &Route, destination: usize) -> u64 {
        let below = &route.transport[destination];
        self.response_bytes + below.tcp_down + below.tls_down
    }

    /// A request is over for its sender.
    pub(in crate::sim) fn end_request(&mut self, route: &Route, destination: usize, fate: Fate) {
        self.accounts.note_over(route, destination, fate);
    }
}
