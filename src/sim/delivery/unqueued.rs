//! Messages without queues: each leaves at once, and arrives after its latency or not at all.

use super::request::NO_REQUEST;
use super::sending::message_name;
use super::state::{Delivery, Moment};
use crate::event::{Event, Letter, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, Kind};
use crate::mechanism::ledger::Arrival;
use crate::observe::Observer;
use std::rc::Rc;
use std::sync::Arc;

impl Delivery<'_> {
    /// Without queues: every request leaves at once, and arrives after its latency or not at all.
    pub(super) fn send_at_once(
        &mut self,
        from: InstanceId,
        kind: Kind,
        activity: &Activity,
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let mut destinations = std::mem::take(&mut self.destinations);
        let mut latencies = std::mem::take(&mut self.latencies);
        let letter = self.letter(from, kind, activity, moment.now);
        let others = self.send_whole_at_once(&letter, list, except, &mut latencies, moment.now);
        destinations.clear();
        destinations.extend(others.iter().copied().filter(|&to| Some(to) != except));
        self.network.latencies(message_name(activity, from, 0), from, &destinations, &mut latencies);
        for (&to, &latency) in destinations.iter().zip(&latencies) {
            let message = self.message(&letter, to);
            let name = || message_name(activity, from, 0);
            let latency = self.conditions.latency(from, to, name, latency, moment.now);
            self.leave_at_once(message, latency, moment);
        }
        self.destinations = destinations;
        self.latencies = latencies;
    }

    /// A message leaves now.
    fn leave_at_once(
        &mut self,
        message: Message,
        latency: Option<Span>,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let arrives = latency.map(|latency| moment.now + latency);
        let link = self.ledger.link(message.from, message.to);
        link.create(message.bytes());
        link.send(message.bytes());
        moment.observer.sent(moment.now, &message, arrives);
        match arrives {
            Some(time) => {
                self.in_flight.add(message.bytes());
                moment.at(time, Event::Request { step: Step::Arrived, slot: NO_REQUEST, message });
            }
            None => self.ledger.link(message.from, message.to).arrive(message.bytes(), Arrival::Lost),
        }
    }

    /// A message arrives that left at once.
    pub(in crate::sim) fn arrive_at_once(
        &mut self,
        message: &Message,
        moment: &mut Moment<'_, impl Observer>,
    ) {
        let arrival = self.conditions.arrival(message.to, moment.now);
        self.ledger.link(message.from, message.to).arrive(message.bytes(), arrival);
        self.in_flight.take(message.bytes());
        if arrival == Arrival::Delivered {
            moment.observer.delivered(moment.now, message);
            self.processed.push_back((moment.now, message.clone()));
        }
    }

    /// Without queues: sends what makes no events, and returns the other inboxes.
    fn send_whole_at_once(
        &mut self,
        letter: &Rc<Letter>,
        list: &Arc<[InstanceId]>,
        except: Option<InstanceId>,
        latencies: &mut Vec<Option<Span>>,
        now: Time,
    ) -> Arc<[InstanceId]> {
        let Some(columns) = &mut self.columns else { return Arc::clone(list) };
        let [quiet, others] = columns.split(list);
        if quiet.iter().all(|&id| Some(id) == except) {
            return others;
        }
        let route = self.route(letter, &quiet);
        let name = message_name(&letter.activity, letter.from, letter.attempt);
        let like = self.message(letter, quiet[0]);
        self.network.latencies(name, letter.from, &quiet, latencies);
        let Delivery { columns, conditions, .. } = self;
        if let Some((columns, route)) = columns.as_mut().zip(route) {
            columns.send_at_once(now, &route, except, &like, latencies, name, conditions);
        }
        others
    }
}
