//! A job without events: the times of all its requests at its start, and what is noted of them.
//!
//! Most jobs lie within the run and within a time in which faults say the same: they are planned in whole microseconds, in
//! columns by destination, with the odd requests (lost, late, touched by faults) apart. Any other job is worked out request
//! by request.

use super::exchange::Exchange;
use super::route::Route;
use super::rows::NOT_HERE;
use super::schedule::{Schedule, fits_lanes, ns};
use super::{Columns, ROUTES_KEPT};
use crate::event::{Message, Step};
use crate::mechanism::network::{NO_LATENCY_US, Network};
use crate::observe::Fate;
use crate::sim::conditions::Conditions;
use crate::words::ids::InstanceId;
use crate::words::units::{Span, Time};
use std::rc::Rc;
use std::sync::Arc;

/// What faults have to say about a route for some time.
#[derive(Clone)]
pub(super) struct Calm {
    from: Time,
    /// Until then what they say stays the same.
    until: Time,
    /// By destination: whether they say anything.
    touched: Rc<[bool]>,
    any: bool,
}

/// What a job that makes no events leaves to be told when it ends.
pub(in crate::sim) struct Finish {
    /// When.
    pub(in crate::sim) at: Time,
    /// The event that its last request would have made.
    pub(in crate::sim) step: Step,
    /// To whom that request went: a position among the job's destinations.
    pub(in crate::sim) last: usize,
    /// The inboxes that were bad.
    pub(in crate::sim) bad: Vec<InstanceId>,
}

/// The arrival of a request that is noted by itself.
const ODD: u32 = NOT_HERE;

impl Columns<'_> {
    /// A job starts its requests: all of them are worked out. `like` is any of its messages, `name` their random name.
    pub(in crate::sim) fn run_job(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        like: &Message,
        name: u64,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> Finish {
        let parcel = self.add_parcel(like, conditions);
        network.latencies_us(name, route.from, &route.to, &mut self.latencies_us);
        let odd = self.plan(now, route, name, conditions);
        let finish = match odd {
            Some(odd) => self.note_job(now, route, odd, parcel),
            None => self.run_job_one_by_one(now, route, name, parcel, network, conditions),
        };
        self.pass_on(now);
        finish
    }

    /// The times of all requests of a job, if all of it happens before the run ends and while faults say the same. Odd
    /// ones, which get lost, come late or are touched by faults, are returned as if they began now.
    fn plan(
        &mut self,
        now: Time,
        route: &Route,
        name: u64,
        conditions: &mut Conditions<'_>,
    ) -> Option<Vec<(usize, Exchange)>> {
        let terms = self.terms.in_us()?;
        let (count, at_once) = (route.to.len(), self.cell.delivery.requests_per_job as usize);
        // no request occupies its slot for longer than both together
        let longest_us = u64::from(terms.timeout + terms.work) * (count.div_ceil(at_once) as u64 + 1);
        if !fits_lanes(count, at_once) || longest_us > u64::from(u32::MAX / 2) {
            return None;
        }
        let calm = self.calm(route, now, conditions);
        let mut odd = Vec::new();
        // the latest instant that anything below asks the timetable about
        let mut asked = Span::ZERO;
        if terms.fill(&self.latencies_us, &mut self.occupied_us, &mut self.arrives_us) || calm.any {
            for destination in 0..count {
                if self.occupied_us[destination] > terms.timeout || calm.any && calm.touched[destination] {
                    let latency_us = self.latencies_us[destination];
                    let is_lost = latency_us == NO_LATENCY_US;
                    if is_lost && !self.loses_only {
                        return None;
                    }
                    let fate = (!is_lost).then(|| Span::from_us(u64::from(latency_us)));
                    let link = (route.from, route.to[destination]);
                    let exchange = self.terms.exchange(conditions, link, name, fate, now);
                    asked = asked.max(self.terms.asks(fate)).max(exchange.settled.since(now));
                    let over = exchange.over.since(now);
                    self.occupied_us[destination] = u32::try_from(over.us()).ok()?;
                    self.arrives_us[destination] = ODD;
                    if Span::from_us(over.us()) != over {
                        return None;
                    }
                    odd.push((destination, exchange));
                }
            }
        }
        self.schedule.make_in_lanes(&self.occupied_us, at_once);
        let last = now + Span::from_ns(self.schedule.over_ns) + asked;
        (last < calm.until && last <= self.cell.end.latest()).then_some(odd)
    }

    /// Notes a job whose times are planned.
    fn note_job(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        odd: Vec<(usize, Exchange)>,
        parcel: u32,
    ) -> Finish {
        let Schedule { begins_us, over_ns, last, .. } = &self.schedule;
        self.accounts.begin(route, now, |destination| ns(begins_us[destination]));
        let over = now + Span::from_ns(*over_ns);
        let mut good = route.all();
        odd.iter().for_each(|(destination, _)| good.take(route.bytes(*destination)));
        self.accounts.deliver(good);
        let is_whole = self.accounts.bucket_of(now) == self.accounts.bucket_of(over);
        if is_whole {
            self.accounts.note_whole_job(now, route, odd.iter().map(|(destination, _)| *destination));
        }
        let times = || begins_us.iter().zip(&self.arrives_us);
        if !is_whole {
            for (destination, (begins_us, arrives_us)) in
                times().enumerate().filter(|(_, times)| *times.1 != ODD)
            {
                let begins = now + Span::from_ns(ns(*begins_us));
                self.accounts.note_left(begins + self.terms.sign, route, destination);
                self.accounts.note_delivered(begins + Span::from_ns(ns(*arrives_us)), route, destination);
            }
        }
        // what is odd stays so
        let arrives_us = times().map(|(begins_us, arrives_us)| begins_us.saturating_add(*arrives_us));
        self.windows.receive_row(route, now + self.terms.verify, parcel, arrives_us);
        self.windows.expect_until(parcel, over + self.terms.verify);
        let mut finish = Finish { at: over, step: Step::Ended, last: *last, bad: Vec::new() };
        for (destination, exchange) in odd {
            let later = Span::from_ns(ns(self.schedule.begins_us[destination]));
            self.note_one(route, destination, &exchange.later(later), parcel, &mut finish);
        }
        finish
    }

    /// A job in which each request meets its own conditions, or which the run's end cuts.
    fn run_job_one_by_one(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        name: u64,
        parcel: u32,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> Finish {
        let Columns { schedule, terms, fates, .. } = self;
        network.fates(name, route.from, &route.to, fates);
        let at_once = self.cell.delivery.requests_per_job as usize;
        let mut exchanges = Vec::with_capacity(fates.len());
        schedule.make(fates.len(), at_once, |destination, begins_ns| {
            let begins = now + Span::from_ns(begins_ns);
            let link = (route.from, route.to[destination]);
            let exchange = terms.exchange(conditions, link, name, fates[destination], begins);
            exchanges.push(exchange);
            exchange.over.since(now).ns()
        });
        self.accounts.begin(route, now, |destination| self.schedule.begins_ns[destination]);
        let at = now + Span::from_ns(self.schedule.over_ns);
        let mut finish = Finish { at, step: Step::Ended, last: self.schedule.last, bad: Vec::new() };
        for (destination, exchange) in exchanges.iter().enumerate() {
            // what begins after the run's end never happens
            if now + Span::from_ns(self.schedule.begins_ns[destination]) <= self.cell.end.latest() {
                self.note_one(route, destination, exchange, parcel, &mut finish);
            }
        }
        finish
    }

    fn note_one(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        exchange: &Exchange,
        parcel: u32,
        finish: &mut Finish,
    ) {
        if self.accounts.note(route, destination, exchange)
            && let Some(follower) = route.followers[destination]
        {
            let verified = exchange.settled + self.terms.verify;
            self.windows.receive(follower, verified, parcel);
            self.windows.expect_until(parcel, verified);
        }
        if exchange.fate != Fate::Good {
            finish.bad.push(route.to[destination]);
        }
        if destination == finish.last && exchange.fate == Fate::TimedOut {
            finish.step = Step::TimedOut;
        }
    }

    /// What faults say about a route, from now until they say something else.
    fn calm(&mut self, route: &Route, now: Time, conditions: &Conditions<'_>) -> Calm {
        let holds = |calm: &&Calm| calm.from <= now && now < calm.until;
        if let Some(calm) = self.calms.get(&route.number).filter(holds) {
            return calm.clone();
        }
        let timetable = conditions.timetable;
        let is_touched = |&to: &InstanceId| timetable.touches(route.from, to, now);
        let touched: Rc<[bool]> = route.to.iter().map(is_touched).collect();
        let any = touched.contains(&true);
        let until = timetable.next_change(now);
        let calm = Calm { from: now, until, touched, any };
        if self.calms.len() >= ROUTES_KEPT {
            self.calms.pop_first();
        }
        self.calms.insert(route.number, calm.clone());
        calm
    }
}
