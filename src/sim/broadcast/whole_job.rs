//! A whole job: the times of all its requests are computed when it starts.
//!
//! A job that lies within the run and within an interval of constant faults is planned in whole µs, in columns by destination
//! (`Linear`). Its *irregular* requests, which are lost, late or affected by faults, are computed one by one with
//! `Path::whole`. All requests of any other job are.

use super::linear::Linear;
use super::state::{Broadcasts, FaultsOnRoute};
use crate::event::{Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::boundary::NEVER_US;
use crate::mechanism::network::{NO_LATENCY_US, Network, Ways};
use crate::mechanism::slot_schedule::{Schedule, fits_vectors, ns};
use crate::observe::RequestOutcome;
use crate::request::{Conditions, RequestHistory};
use crate::sim::job_times::JobTimes;
use crate::sim::replay::{ArrivalRow, BroadcastEffect, BroadcastSummary, Reading, SAMPLES_MAX};
use crate::sim::route::Route;
use pulp::Arch;
use std::rc::Rc;
use std::sync::Arc;

/// The end of a whole job, for the event that reports it.
pub(in crate::sim) struct JobEnd {
    /// When the last request is over.
    pub(in crate::sim) at: Time,
    /// How the last request ends.
    pub(in crate::sim) step: Step,
    /// The destination of the last request.
    pub(in crate::sim) last: usize,
    /// The inboxes whose requests did not end well.
    pub(in crate::sim) bad: Vec<InstanceId>,
}

/// A job whose times are in the columns of `Broadcasts`.
struct Planned {
    linear: Linear,
    /// Irregular requests by destination, as if they began when the job starts.
    irregular: Vec<(usize, RequestHistory)>,
}

/// The number of routes whose faults are remembered at most.
const FAULTS_KEPT: usize = 1 << 14;
/// Stands in the columns for an irregular request.
const IRREGULAR_US: u32 = NEVER_US;

impl Broadcasts<'_> {
    /// A job starts: computes all its requests and adds them to accounts and replay. `template` is any of its messages, `name`
    /// the name of their random draws.
    pub(in crate::sim) fn run_job(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        template: &Message,
        name: u64,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> JobEnd {
        let broadcast = self.add_broadcast(template, conditions);
        network.all_ways_us(name, route.from, &route.to, &mut self.there_us, &mut self.back_us);
        match self.plan(now, route, name, network, conditions) {
            Some(planned) => self.note_job(now, route, planned, broadcast),
            None => self.run_job_one_by_one(now, route, name, broadcast, network, conditions),
        }
    }

    /// Plans a job in whole µs. `None` if it does not end before the run does and before faults change, or if its times are
    /// not whole µs.
    fn plan(
        &mut self,
        now: Time,
        route: &Route,
        name: u64,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> Option<Planned> {
        let linear = self.linear?;
        let (count, slots) = (route.to.len(), self.cell.delivery.requests_per_job as usize);
        let faults = self.faults_on_route(route, now, conditions);
        let mut irregular = Vec::new();
        // from the beginning of a request, the timetable of faults is read up to here
        let mut asked = Span::ZERO;
        let latencies_us = (&self.there_us[..], &self.back_us[..]);
        if linear.fill(latencies_us, &mut self.occupied_us, &mut self.arrives_us) || faults.any {
            for destination in 0..count {
                if self.occupied_us[destination] > linear.timeout_us
                    || faults.any && faults.affected[destination]
                {
                    let link = (route.from, route.to[destination]);
                    let ways = self.ways(destination, link, name, network);
                    let history = self.path.whole(conditions, link, name, ways, now);
                    asked = asked.max(linear.span(&ways)).max(history.asked.since(now));
                    let over = history.over.since(now);
                    self.occupied_us[destination] = u32::try_from(over.us()).ok()?;
                    self.arrives_us[destination] = IRREGULAR_US;
                    if Span::from_us(over.us()) != over {
                        return None;
                    }
                    irregular.push((destination, history));
                }
            }
        }
        if !fits_vectors(&self.occupied_us, slots) {
            return None;
        }
        self.schedule.make_in_vectors(&self.occupied_us, slots);
        let last = now + Span::from_ns(self.schedule.over_ns) + asked;
        (last < faults.until && last <= self.cell.end.latest()).then_some(Planned { linear, irregular })
    }

    /// What the network does to a request whose latencies are in the columns.
    fn ways(
        &self,
        destination: usize,
        (from, to): (InstanceId, InstanceId),
        name: u64,
        network: &mut Network,
    ) -> Ways {
        let (there_us, back_us) = (self.there_us[destination], self.back_us[destination]);
        if there_us == NO_LATENCY_US || back_us == NO_LATENCY_US {
            // the columns do not say what is lost, or how long it takes
            return network.ways(name, from, to);
        }
        let [there, back] = [there_us, back_us].map(|us| Span::from_us(u64::from(us)));
        Ways::open(there, back)
    }

    /// Adds a planned job to accounts and replay.
    fn note_job(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        Planned { linear, irregular }: Planned,
        broadcast: u32,
    ) -> JobEnd {
        self.fill_times(linear);
        let Schedule { begins_us, over_ns, last, .. } = &self.schedule;
        self.accounts.begin(route, now, |destination| ns(begins_us[destination]));
        let over = now + Span::from_ns(*over_ns);
        let mut good = route.all();
        irregular.iter().for_each(|(destination, _)| good.take(route.bytes(*destination)));
        self.accounts.deliver(good);
        let exceptions = irregular.iter().map(|(destination, _)| *destination);
        let signed = now + Span::from_us(u64::from(linear.signed_us));
        self.accounts.leave_all(route, signed, |destination| ns(begins_us[destination]), exceptions.clone());
        let times = JobTimes {
            begins_us,
            left_us: &self.left_us,
            arrived_us: &self.arrived_us,
            verify: self.path.verify,
            occupied_us: &self.occupied_us,
        };
        self.accounts.note_job((now, over), route, &times, exceptions);
        let (from, latest) = (now + self.path.verify, over + self.path.verify);
        let is_counted = route.is_countable && self.is_counted(route, broadcast, (from, latest), &irregular);
        if is_counted {
            self.execution.messages_counted += good.messages;
        }
        let reading = if is_counted { Reading::Counted } else { Reading::ByColumn };
        let row = ArrivalRow { route: Arc::clone(route), broadcast, from, latest, reading };
        self.windows.receive_row(row, &self.arrived_us);
        let mut end = JobEnd { at: over, step: Step::Ended, last: *last, bad: Vec::new() };
        for (destination, history) in irregular {
            let later = Span::from_ns(ns(self.schedule.begins_us[destination]));
            self.note_one(route, destination, &history.later(later), broadcast, &mut end);
        }
        end
    }

    /// Fills `left_us` and `arrived_us`: `begins + signed`, `begins + arrives`, or `IRREGULAR_US`.
    fn fill_times(&mut self, linear: Linear) {
        let Broadcasts { left_us, arrived_us, schedule, arrives_us, .. } = self;
        left_us.resize(arrives_us.len(), 0);
        arrived_us.resize(arrives_us.len(), 0);
        let times = schedule.begins_us.iter().zip(&*arrives_us);
        Arch::new().dispatch(|| {
            for (((begins_us, arrives_us), left_us), arrived_us) in times.zip(left_us).zip(arrived_us) {
                // below 2^31, as all times of a planned job; unchecked sums can be vectorized
                let us = begins_us.wrapping_add(linear.signed_us);
                *left_us = if *arrives_us == IRREGULAR_US { IRREGULAR_US } else { us };
                *arrived_us = begins_us.saturating_add(*arrives_us);
            }
        });
    }

    /// Whether the arrivals of a job can be counted (`replay::counted`). Its irregular requests must go to instances that
    /// display nothing.
    fn is_counted(
        &self,
        route: &Route,
        broadcast: u32,
        (from, latest): (Time, Time),
        irregular: &[(usize, RequestHistory)],
    ) -> bool {
        let BroadcastSummary { effect, expires, .. } = self.windows.summary(broadcast);
        let shows_nothing = |destination: usize| {
            route.followers[destination].is_none() || self.eligibility.is_dead[route.to[destination].index()]
        };
        let expires_in_time = match effect {
            BroadcastEffect::AddsOne => latest < expires.before(self.clock_ahead_max),
            BroadcastEffect::ShowsNothing => true,
            BroadcastEffect::Other => false,
        };
        expires_in_time
            && latest <= self.cell.end.latest()
            && self.cell.sampling.count_until(latest) - self.cell.sampling.count_until(from) <= SAMPLES_MAX
            && irregular.iter().all(|(destination, _)| shows_nothing(*destination))
    }

    /// Computes a job that cannot be planned, request by request.
    fn run_job_one_by_one(
        &mut self,
        now: Time,
        route: &Arc<Route>,
        name: u64,
        broadcast: u32,
        network: &mut Network,
        conditions: &mut Conditions<'_>,
    ) -> JobEnd {
        let Broadcasts { schedule, path, ways, .. } = self;
        network.all_ways(name, route.from, &route.to, ways);
        let slots = self.cell.delivery.requests_per_job as usize;
        let mut histories = Vec::with_capacity(ways.len());
        schedule.make(ways.len(), slots, |destination, begins_ns| {
            let begins = now + Span::from_ns(begins_ns);
            let link = (route.from, route.to[destination]);
            let history = path.whole(conditions, link, name, ways[destination], begins);
            histories.push(history);
            history.over.since(now).ns()
        });
        self.accounts.begin(route, now, |destination| self.schedule.begins_ns[destination]);
        let at = now + Span::from_ns(self.schedule.over_ns);
        let mut end = JobEnd { at, step: Step::Ended, last: self.schedule.last, bad: Vec::new() };
        for (destination, history) in histories.iter().enumerate() {
            // a request that would begin after the end of the run does not happen
            if now + Span::from_ns(self.schedule.begins_ns[destination]) <= self.cell.end.latest() {
                self.note_one(route, destination, history, broadcast, &mut end);
            }
        }
        end
    }

    /// Adds one request to accounts and replay, and to the end of its job.
    fn note_one(
        &mut self,
        route: &Arc<Route>,
        destination: usize,
        history: &RequestHistory,
        broadcast: u32,
        end: &mut JobEnd,
    ) {
        // what is answered in time is over with its job
        let late = history.answer_arrives.filter(|at| *at > history.over);
        let until = late.map_or(history.settled, |at| at.min(self.cell.end.latest()));
        self.in_flight_until = self.in_flight_until.max(until);
        if self.accounts.note(route, destination, history)
            && let Some(follower) = route.followers[destination]
        {
            self.windows.receive(follower, history.settled + self.path.verify, broadcast);
        }
        if history.outcome != RequestOutcome::Good {
            end.bad.push(route.to[destination]);
        }
        if destination == end.last && history.outcome == RequestOutcome::TimedOut {
            end.step = Step::TimedOut;
        }
    }

    /// The destinations of a route that faults affect now, and until when that holds.
    pub(super) fn faults_on_route(
        &mut self,
        route: &Route,
        now: Time,
        conditions: &Conditions<'_>,
    ) -> FaultsOnRoute {
        let place = route.number as usize % FAULTS_KEPT;
        if let Some(Some((number, faults))) = self.faults_on_routes.get(place)
            && *number == route.number
            && faults.from <= now
            && now < faults.until
        {
            return faults.clone();
        }
        let timetable = conditions.timetable;
        let is_touched = |&to: &InstanceId| timetable.touches(route.from, to, now);
        let affected: Rc<[bool]> = route.to.iter().map(is_touched).collect();
        let any = affected.contains(&true);
        let until = timetable.next_change(now);
        let faults = FaultsOnRoute { from: now, until, affected, any };
        if place >= self.faults_on_routes.len() {
            self.faults_on_routes.resize(place + 1, None);
        }
        self.faults_on_routes[place] = Some((route.number, faults.clone()));
        faults
    }
}
