//! Broadcasts without queues (`Queues::Unlimited`) and without events: each message leaves when it is sent, and arrives one
//! latency later or is lost. What is regular is a row of latencies; the others are computed one by one.

use super::state::Broadcasts;
use crate::cell::Cell;
use crate::event::Message;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::{DisplayEffect, display_effect};
use crate::mechanism::boundary::{NEVER_US, latest_us};
use crate::mechanism::ledger::Arrival;
use crate::mechanism::network::{Leg, NO_LATENCY_US, Network};
use crate::observe::RequestOutcome;
use crate::request::{Conditions, RequestHistory, Sent};
use crate::sim::replay::{ArrivalRow, Reading};
use crate::sim::route::Route;
use std::sync::Arc;

impl Broadcasts<'_> {
    /// Splits a list of inboxes into uncontended receivers and others.
    pub(in crate::sim) fn split(&mut self, list: &Arc<[InstanceId]>) -> [Arc<[InstanceId]>; 2] {
        let Broadcasts { routes, eligibility, .. } = self;
        routes.split(list, |id| eligibility.is_uncontended_receiver[id.index()])
    }

    /// Sends one activity to all destinations of a route but `except`. `template` is any of its messages, `name` is the name of
    /// the random draws. Returns which destinations are to receive it in the run, too, and when (`echoes`).
    #[expect(clippy::too_many_arguments, reason = "the parts of a broadcast have no type of their own")]
    pub(in crate::sim) fn send_unqueued(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        except: Option<InstanceId>,
        template: &Message,
        name: u64,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> &[(Time, usize)] {
        let broadcast = self.add_broadcast(template, conditions);
        let except = except.and_then(|id| route.to.binary_search(&id).ok());
        let mut all = route.all();
        except.iter().for_each(|destination| all.take(route.bytes(*destination)));
        self.execution.messages_apart += all.messages;
        self.accounts.send_unqueued(route, now, all);
        network.latencies_us(name, route.from, &route.to, &mut self.there_us);
        let irregular = self.plan_unqueued(now, route, except, conditions);
        self.find_echoes(now, route, template);
        let (mut good, mut separate) = (all, Vec::from_iter(except));
        let bucket = self.accounts.bucket_of(now);
        for destination in irregular {
            let to = route.to[destination];
            let drawn = match self.there_us[destination] {
                // the column does not say what is lost, or how long it takes
                NO_LATENCY_US => network.latency(name, route.from, to),
                us => Some(Span::from_us(u64::from(us))),
            };
            let history = unqueued_history(conditions, (route.from, to), name, drawn, now);
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
                if self.is_echoed(template, to) {
                    self.echoes.push((arrives, destination));
                }
            }
        }
        self.accounts.deliver(good);
        self.accounts.leave(route, now, good.bytes);
        self.accounts.answer_all(route, now, &self.arrived_us);
        self.accounts.note_whole_job(now, route, separate);
        let latest = now + Span::from_us(u64::from(latest_us(&self.arrived_us)));
        self.in_flight_until = self.in_flight_until.max(latest);
        let reading = Reading::ByRow;
        let row = ArrivalRow { route: Arc::clone(route), broadcast, from: now, latest, reading };
        self.windows.receive_row(row, &self.arrived_us);
        &self.echoes
    }

    /// Replaces `echoes` by those of the regular messages of a broadcast.
    fn find_echoes(&mut self, now: Time, route: &Route, template: &Message) {
        let Broadcasts { cell, eligibility, arrived_us, echoes, .. } = self;
        let echo = |to: InstanceId| {
            let destination = route.to.binary_search(&to).ok()?;
            let us = arrived_us[destination];
            let is_echoed = us != NEVER_US && changes_display(cell, template, to);
            is_echoed.then(|| (now + Span::from_us(u64::from(us)), destination))
        };
        echoes.clear();
        echoes.extend(eligibility.echoes(template.activity.video).filter_map(echo));
    }

    /// Whether one message is to be received in the run, too.
    fn is_echoed(&self, message: &Message, to: InstanceId) -> bool {
        self.eligibility.echoes(message.activity.video).any(|id| id == to)
            && changes_display(self.cell, message, to)
    }

    /// Fills `arrived_us` from `there_us`. A message that arrives in the bucket of traffic in which it leaves, in the run and
    /// while faults neither affect it nor change, is regular; all others, and the one to `except`, have `NEVER_US` there. Returns the
    /// irregular ones.
    fn plan_unqueued(
        &mut self,
        now: Time,
        route: &Route,
        except: Option<usize>,
        conditions: &mut Conditions<'_>,
    ) -> Vec<usize> {
        let faults = self.faults_on_route(route, now, conditions);
        self.arrived_us.clone_from(&self.there_us);
        except.iter().for_each(|destination| self.arrived_us[*destination] = NEVER_US);
        if faults.any {
            let times = self.arrived_us.iter_mut().zip(&*faults.affected);
            times.filter(|(_, is_affected)| **is_affected).for_each(|(us, _)| *us = NEVER_US);
        }
        let latest = now + Span::from_us(u64::from(latest_us(&self.arrived_us)));
        if latest >= faults.until
            || latest > self.cell.end.latest()
            || self.accounts.bucket_of(latest) != self.accounts.bucket_of(now)
        {
            self.arrived_us.fill(NEVER_US);
        }
        let never = (0..route.to.len()).filter(|destination| self.arrived_us[*destination] == NEVER_US);
        never.filter(|destination| Some(*destination) != except).collect()
    }
}

/// Whether a message changes what a follower displays.
fn changes_display(cell: &Cell, message: &Message, to: InstanceId) -> bool {
    let Cell { federation, .. } = cell;
    let (rules, activity) = (&federation.instances[to.index()].rules, &message.activity);
    let effect = display_effect(rules, activity, message.from, federation.origin(activity.video));
    effect != DisplayEffect::None
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
