//! Broadcasts without queues (`Queues::Unlimited`) and without events: each message leaves when it is sent, and arrives one
//! latency later or is lost.

use super::state::Broadcasts;
use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::Leg;
use crate::observe::RequestOutcome;
use crate::request::{Conditions, RequestHistory, Sent};
use crate::sim::route::Route;
use std::sync::Arc;

impl Broadcasts<'_> {
    /// Splits a list of inboxes into uncontended receivers and others.
    pub(in crate::sim) fn split(&mut self, list: &Arc<[InstanceId]>) -> [Arc<[InstanceId]>; 2] {
        let Broadcasts { routes, eligibility, .. } = self;
        routes.split(list, |id| eligibility.is_uncontended_receiver[id.index()])
    }

    /// Sends one activity to all destinations of a route but `except`. `template` is any of its messages, `latencies` are by
    /// destination, `name` is the name of the random draws.
    #[expect(clippy::too_many_arguments, reason = "the parts of a broadcast have no type of their own")]
    pub(in crate::sim) fn send_unqueued(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        except: Option<InstanceId>,
        template: &Message,
        latencies: &[Option<Span>],
        name: u64,
        conditions: &mut Conditions<'_>,
    ) {
        let broadcast = self.add_broadcast(template, conditions);
        let except = except.and_then(|id| route.to.binary_search(&id).ok());
        let mut all = route.all();
        except.iter().for_each(|destination| all.take(route.bytes(*destination)));
        self.execution.messages_apart += all.messages;
        self.accounts.send_unqueued(route, now, all);
        let (mut good, mut separate) = (all, Vec::from_iter(except));
        let bucket = self.accounts.bucket_of(now);
        for (destination, latency) in
            latencies.iter().enumerate().filter(|(destination, _)| Some(*destination) != except)
        {
            let to = route.to[destination];
            let history = unqueued_history(conditions, (route.from, to), name, *latency, now);
            let arrives = history.settled;
            self.in_flight_until = self.in_flight_until.max(arrives);
            let is_delivered = history.arrival == Arrival::Delivered && arrives <= self.cell.end.latest();
            if !is_delivered || self.accounts.bucket_of(arrives) != bucket {
                good.take(route.bytes(destination));
                separate.push(destination);
                self.accounts.note(route, destination, &history);
            } else {
                self.accounts.answer(route, destination, arrives);
            }
            if let Some(follower) = route.followers[destination].filter(|_| is_delivered) {
                self.windows.receive(follower, arrives, broadcast);
            }
        }
        self.accounts.deliver(good);
        self.accounts.leave(route, now, good.bytes);
        self.accounts.note_whole_job(now, route, separate);
    }
}

/// The history of a message that leaves now. It is never over: no answer is awaited.
fn unqueued_history(
    conditions: &mut Conditions<'_>,
    (from, to): (InstanceId, InstanceId),
    name: u64,
    drawn: Option<Span>,
    now: Time,
) -> RequestHistory {
    let lost = RequestHistory {
        left: None,
        failed_handshake: None,
        settled: now,
        arrival: Arrival::Lost,
        answer_leaves: None,
        answer_arrives: None,
        over: Time::NEVER,
        outcome: RequestOutcome::Good,
        asked: now,
    };
    let Some(latency) = conditions.latency(Leg::Request, (from, to), || name, drawn, now) else {
        return lost;
    };
    // an uncontended receiver has no reason to look at the date (`Eligibility`)
    let arrival = conditions.arrival(Sent { from, to, dated: now }, None, now + latency);
    // what does not arrive has no connection on which it could leave
    let is_delivered = arrival == Arrival::Delivered;
    let left = is_delivered.then_some(now);
    // its answer takes no time and is not lost
    let answer = is_delivered.then_some(now + latency);
    let settled = now + latency;
    RequestHistory { left, settled, arrival, answer_leaves: answer, answer_arrives: answer, ..lost }
}
