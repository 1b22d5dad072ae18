//! Requests that make an event at their sender: what becomes of each, from the moment when it is signed.
//!
//! When a request of a coupled sender leaves, all that happens at a quiet receiver follows. Of one to a local receiver only when
//! it arrives is known then; the rest is up to the receiver's machine (`delivery::local`).

use super::Columns;
use super::accounts::Trip;
use super::exchange::{Exchange, Way};
use super::route::Route;
use crate::event::Message;
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;
use crate::observe::RequestOutcome;
use crate::sim::conditions::Conditions;
use std::sync::Arc;

/// What its sender knows of a request that leaves.
pub(in crate::sim) enum Outlook {
    /// It is over then, but for the answer's way through the downlink.
    Over(Time, RequestOutcome),
    /// It arrives at a local receiver then, after so long a way from its sender.
    Arrives(Time, Span),
}

/// What the requests of a running job carry.
pub(super) struct OpenParcel {
    /// Its number in the window.
    pub(super) number: u32,
    /// When the last of those that have left is verified.
    latest: Time,
}

impl Columns<'_> {
    /// A job starts; `like` is any of its messages, `slot` where the driver keeps it.
    pub(in crate::sim) fn open_job(
        &mut self,
        slot: u32,
        route: &Route,
        like: &Message,
        conditions: &Conditions<'_>,
    ) {
        if !route.has_replayed() {
            return;
        }
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
        let open = self.open_parcels.get_mut(slot as usize).and_then(Option::take);
        if let Some(OpenParcel { number, latest }) = open {
            self.windows.close(number, latest);
        }
    }

    /// The requests of a job, as far as they have got.
    pub(in crate::sim) fn note_trips(
        &mut self,
        route: &Arc<Route>,
        trips: impl Iterator<Item = Trip> + Clone,
    ) {
        self.accounts.note_trips(route, trips);
    }

    /// A request has arrived of a job that was over.
    pub(in crate::sim) fn note_late(&mut self, route: &Arc<Route>, destination: usize, trip: &Trip) {
        self.accounts.note_late(route, destination, trip);
    }

    /// A request that began at an instant is signed; `transfer` takes so many bytes through its sender's uplink.
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
    ) -> Outlook {
        let below = &route.transport[destination];
        let bytes = route.bytes(destination) + below.tcp_up + below.tls_up;
        let link = (route.from, route.to[destination]);
        let transfer = || transfer(bytes);
        if route.is_local[destination] {
            return match self.terms.way(conditions, link, name, drawn, begins, now, transfer) {
                Ok(Way { arrives, latency, .. }) => Outlook::Arrives(arrives, latency),
                Err(exchange) => {
                    self.accounts.note_way(route, destination, &exchange);
                    Outlook::Over(exchange.over, exchange.fate)
                }
            };
        }
        let exchange: Exchange =
            self.terms.exchange_signed(conditions, link, name, drawn, begins, now, transfer);
        debug_assert!(exchange.arrival != Arrival::Refused, "the replay counts");
        if self.accounts.note_way(route, destination, &exchange)
            && let Some(follower) = route.followers[destination]
            && let Some(open) = &mut self.open_parcels[slot as usize]
        {
            let verified = exchange.settled + self.terms.verify;
            open.latest = open.latest.max(verified);
            self.windows.receive(follower, verified, open.number);
        }
        Outlook::Over(exchange.over, exchange.fate)
    }

    /// An activity takes effect at a local receiver, at an instant that may lie behind.
    pub(in crate::sim) fn note_processed(&mut self, at: Time, message: &Message) {
        self.accounts.note_processed(at, message);
    }

    /// The bytes of an answer, with what lies below HTTP.
    pub(in crate::sim) fn answer_bytes(&self, route: &Route, destination: usize) -> u64 {
        let below = &route.transport[destination];
        route.response_bytes(destination) + below.tcp_down + below.tls_down
    }

    /// A request is over for its sender.
    pub(in crate::sim) fn end_request(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        destination: usize,
        fate: RequestOutcome,
    ) {
        self.accounts.note_over(route, destination, fate);
        if fate == RequestOutcome::Refused {
            self.accounts.note_refusal(now, route, destination);
        }
    }
}
