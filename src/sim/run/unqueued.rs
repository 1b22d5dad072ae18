//! Sending without queues (`Queues::Unlimited`): a message leaves when it is sent, and arrives one latency later or is lost.

use super::request::{ECHO, NO_REQUEST};
use super::state::Run;
use crate::event::{Event, Letter, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::fate::Reason;
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::Leg;
use crate::mechanism::transport::TransportBytes;
use crate::observe::AnswerEnd;
use crate::request::{Sent, message_name, name_at_host};
use std::rc::Rc;
use std::sync::Arc;

impl Run<'_> {
    /// Sends an activity to a list of inboxes but `except`.
    pub(super) fn send_unqueued(
        &mut self,
        from: InstanceId,
        kind: Kind,
        activities: &[Activity],
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        now: Time,
    ) {
        let mut destinations = std::mem::take(&mut self.destinations);
        let mut latencies = std::mem::take(&mut self.latencies);
        // copies of one sending, which only a lie has, are told apart by this
        self.job_count += 1;
        let letter = self.letter(from, kind, activities, now);
        let others = self.send_unqueued_broadcast(&letter, list, except, now);
        destinations.clear();
        destinations.extend(others.iter().copied().filter(|&to| Some(to) != except));
        self.network.latencies(message_name(&letter.activity, from, 0), from, &destinations, &mut latencies);
        for (&to, &latency) in destinations.iter().zip(&latencies) {
            let message = self.message(&letter, to);
            let host = self.cell.federation.host(to);
            let name = || name_at_host(message_name(&letter.activity, from, 0), to, host);
            let latency = self.conditions.latency(Leg::Request, (from, host), name, latency, now);
            self.leave_unqueued(message, latency, now);
        }
        self.destinations = destinations;
        self.latencies = latencies;
    }

    /// Sends one message, whose arrival is an event. `latency` is `None` if it is lost.
    fn leave_unqueued(&mut self, message: Message, latency: Option<Span>, now: Time) {
        let arrives = latency.map(|latency| now + latency);
        let link = self.ledger.link(message.from, message.to);
        link.create(message.bytes());
        link.send(message.bytes());
        let fates = self.fates_of(message.kind);
        fates.create(1);
        fates.send(None);
        self.observer.sent(now, &message, arrives);
        // what does not arrive has no connection on which it could leave
        let arrival = arrives.map(|at| self.arrival_unqueued(&message, at));
        if matches!(arrival, Some(Arrival::Delivered | Arrival::Refused(_))) {
            self.observer.left(now, &message, &TransportBytes::default());
        }
        match arrives {
            Some(time) => {
                self.in_flight.add(message.bytes());
                self.schedule(time, Event::Request { step: Step::Arrived, slot: NO_REQUEST, message });
            }
            None => self.settle_unqueued(&message, Arrival::Lost),
        }
    }

    /// A message arrives that was sent without a queue.
    pub(super) fn arrive_unqueued(&mut self, message: &Message, now: Time) {
        let arrival = self.arrival_unqueued(message, now);
        self.settle_unqueued(message, arrival);
        self.in_flight.take(message.bytes());
        let (mut bytes, mut count) = (u64::from(message.response_bytes), None);
        match arrival {
            Arrival::Delivered => {
                self.observer.delivered(now, message);
                count = self.count_for(message, now);
                if message.kind.is_get() {
                    bytes = message.answer_bytes();
                } else {
                    self.fetch_unknown_signers(message, now);
                    self.processed.push_back((now, message.clone()));
                }
            }
            Arrival::Refused(_) => self.observer.refused(now, message),
            Arrival::Lost | Arrival::FailedConnect => return,
        }
        let bytes = count.map_or(bytes, |(_, bytes)| u64::from(bytes));
        // the answer takes no time and is not lost
        self.observer.answered(now, message, bytes, AnswerEnd::Leaves);
        self.observer.answered(now, message, bytes, AnswerEnd::Arrives);
        if let Some((Some(total), _)) = count {
            self.take_count(message, &total, now);
        }
    }

    /// A message is no longer in flight.
    fn settle_unqueued(&mut self, message: &Message, arrival: Arrival) {
        self.ledger.link(message.from, message.to).arrive(message.bytes(), arrival);
        self.fates_of(message.kind).settle(None, arrival, Reason::of(arrival));
    }

    /// How a message ends that arrives at an instant.
    fn arrival_unqueued(&self, message: &Message, at: Time) -> Arrival {
        let sent = Sent { from: message.from, to: self.host(message.to), dated: message.created };
        let window = self.machines[message.to.index()].receiving.signature_window;
        self.conditions.arrival(sent, window, at)
    }

    /// Sends to the uncontended receivers of a list without events, and returns the other inboxes. What goes to the owner of a video
    /// is an event: it may send because of it.
    fn send_unqueued_broadcast(
        &mut self,
        letter: &Rc<Letter>,
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        now: Time,
    ) -> Arc<[InstanceId]> {
        let is_own = self.cell.federation.origin(letter.activity.video) == letter.from;
        let Some(broadcasts) = self.broadcasts.as_mut().filter(|_| is_own) else { return Arc::clone(list) };
        let [uncontended, others] = broadcasts.split(list);
        if uncontended.iter().all(|&id| Some(id) == except) {
            return others;
        }
        let route = self.route(letter, &uncontended, true);
        let name = message_name(&letter.activity, letter.from, letter.attempt);
        let Run { broadcasts, conditions, network, pending, cell, .. } = self;
        if let Some((broadcasts, route)) = broadcasts.as_mut().zip(route) {
            let template = route.message(Rc::clone(letter), 0);
            let echoes = broadcasts.send_unqueued(now, &route, except, &template, name, network, conditions);
            for &(at, destination) in echoes {
                let message = route.message(Rc::clone(letter), destination);
                let event = Event::Request { step: Step::Arrived, slot: ECHO, message };
                pending.push(at, event.key(&cell.sessions), event);
            }
        }
        others
    }
}
