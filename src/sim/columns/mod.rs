//! Columns: messages without events.
//!
//! A broadcast is one thing with many destinations. Where neither its sender nor its receivers can be delayed by anything
//! else (`who`), all its requests are worked out when its job starts (`schedule`, `exchange`), noted in sums (`accounts`), and
//! make one event: the end of the job. What its followers show is replayed follower by follower (`windows`, `replay`).
//! Everything else runs event by event, in the same run. The result is that of the events, to the byte.
//!
//! Protocol rules are asked where they always are: a send is an `Effect` of an `Instance`, a queue that of its rules.

mod accounts;
mod exchange;
mod lanes;
mod replay;
mod route;
mod schedule;
mod who;
mod windows;

use crate::domain::delivery::{Delivery as Figures, Queues, Transport};
use crate::domain::faults::{Reachability, Timetable};
use crate::event::{Event, Letter, Message, Step};
use crate::instance::Input;
use crate::mechanism::ledger::{Arrival, Flow};
use crate::mechanism::network::{NO_LATENCY_US, Network};
use crate::mechanism::transport::{Handshake, TransportBytes, transport_bytes};
use crate::metrics::apart::Apart;
use crate::observe::Fate;
use crate::sim::conditions::Conditions;
use crate::sim::{Cell, Ran};
use crate::words::ids::InstanceId;
use crate::words::units::{Span, Time};
use accounts::{Accounts, Work};
use exchange::{Exchange, Terms};
use replay::{Parcel, Shard};
pub(in crate::sim) use route::Route;
use schedule::{Schedule, fits_lanes, ns};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
pub(in crate::sim) use who::Because;
use who::Who;
use windows::Windows;
pub(in crate::sim) use windows::{Helpers, with_helpers};

/// So many routes are remembered; jobs keep theirs.
const ROUTES_KEPT: usize = 32;

/// What of a run is worked out apart from its events.
pub(in crate::sim) struct Columns<'a> {
    cell: &'a Cell,
    who: Who,
    /// By `InstanceId`: the number of a quiet receiver.
    followers: Vec<Option<u32>>,
    terms: Terms,
    transport: Option<Handshake>,
    response_bytes: u64,
    routes: VecDeque<Rc<Route>>,
    routes_made: u32,
    /// The last of each route.
    calms: BTreeMap<u32, Calm>,
    /// Follower lists that were split, with their quiet receivers and the others.
    splits: VecDeque<[Arc<[InstanceId]>; 3]>,
    accounts: Accounts,
    windows: Windows<'a>,
    schedule: Schedule,
    // By destination of the job at hand.
    latencies_us: Vec<u32>,
    fates: Vec<Option<Span>>,
    /// How long its request occupies a slot.
    occupied_us: Vec<u32>,
    /// When it arrives after it began, or `ODD`.
    arrives_us: Vec<u32>,
    /// Whether a message without a latency is lost, and not under way for hours.
    loses_only: bool,
    /// Messages that make no events.
    pub(in crate::sim) ran: Ran,
}

/// What faults have to say about a route for some time.
#[derive(Clone)]
struct Calm {
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
const ODD: u32 = u32::MAX;

impl<'a> Columns<'a> {
    /// For a cell; without helpers the replay happens here.
    pub(in crate::sim) fn new(
        cell: &'a Cell,
        conditions: &Conditions<'a>,
        handshake: Handshake,
        response_bytes: u64,
        helpers: Helpers<'a, '_>,
    ) -> Columns<'a> {
        let timetable = conditions.timetable;
        let who = Who::new(cell, timetable);
        let quiet: Vec<InstanceId> =
            (0..who.is_quiet.len()).filter(|&id| who.is_quiet[id]).map(InstanceId::at).collect();
        let mut followers = vec![None; who.is_quiet.len()];
        (0u32..).zip(&quiet).for_each(|(number, id)| followers[id.index()] = Some(number));
        let ahead = |id| timetable.clock_ahead(id);
        let of_shard = quiet.len().div_ceil(helpers.count.max(1)).max(1);
        let has_refused = Arc::new(AtomicBool::new(false));
        let shard = |ids: &[InstanceId]| {
            let refused = Arc::clone(&has_refused);
            (Shard::new(cell, ids, ahead, &who, refused), ids.len())
        };
        let shards = quiet.chunks(of_shard).map(shard).collect();
        let Figures { queues, sign, verify, timeout, transport, .. } = cell.delivery;
        let work = (queues != Queues::Unlimited).then_some(Work { sign, verify });
        let (end, bucket) = (cell.end.latest(), cell.sampling.bucket);
        Columns {
            cell,
            accounts: Accounts::new(followers.len(), end, bucket, response_bytes, work),
            followers,
            terms: Terms {
                sign,
                verify,
                timeout,
                handshake_ways: if handshake == Handshake::None { 2 } else { 4 },
            },
            transport: (transport == Transport::Counted && work.is_some()).then_some(handshake),
            response_bytes,
            routes: VecDeque::new(),
            routes_made: 0,
            calms: BTreeMap::new(),
            splits: VecDeque::new(),
            windows: Windows::new(shards, has_refused, helpers),
            schedule: Schedule::default(),
            latencies_us: Vec::new(),
            fates: Vec::new(),
            occupied_us: Vec::new(),
            arrives_us: Vec::new(),
            loses_only: cell.network.latency_max() < Span::from_us(u64::from(NO_LATENCY_US)),
            ran: Ran::default(),
            who,
        }
    }

    /// The route of a job that makes no events, if there was one like it before.
    pub(in crate::sim) fn known_route(&self, like: &Message, to: &Arc<[InstanceId]>) -> Option<Rc<Route>> {
        let Letter { from, activity, kind, body_bytes, .. } = *like.letter;
        let what = (from, activity.video, kind, body_bytes);
        let is_it = |route: &&Rc<Route>| {
            Arc::ptr_eq(&route.to, to) && (route.from, route.video, route.kind, route.body_bytes) == what
        };
        self.routes.iter().rev().find(is_it).cloned()
    }

    /// Whether the job of a broadcast makes no events; if not, why.
    pub(in crate::sim) fn takes(
        &self,
        from: InstanceId,
        to: &[InstanceId],
        is_forwarded: bool,
    ) -> Result<(), Because> {
        if is_forwarded {
            return Err(Because::Forwarded);
        }
        if !self.who.is_free[from.index()] {
            return Err(Because::Sender);
        }
        if !to.iter().all(|id| self.who.is_quiet[id.index()]) {
            return Err(Because::Receiver);
        }
        if to.len() < 2 { Err(Because::Single) } else { Ok(()) }
    }

    /// The route of a job that makes no events; `messages` are by destination.
    pub(in crate::sim) fn add_route(&mut self, messages: &[Message], to: &Arc<[InstanceId]>) -> Rc<Route> {
        let Letter { from, activity, kind, .. } = *messages[0].letter;
        let is_of_origin = kind.is_view() && self.cell.federation.origin(activity.video) == from;
        let transport = |message: &Message| self.transport_of(message);
        let instances = &self.cell.federation.instances;
        // with queues other software verifies and answers, and nothing else takes effect
        let is_at_once = self.cell.delivery.queues == Queues::Unlimited;
        let follower = |id: InstanceId| {
            self.followers[id.index()].filter(|_| is_at_once || instances[id.index()].is_peertube)
        };
        let to = Arc::clone(to);
        let route = Rc::new(Route::new(self.routes_made, to, messages, is_of_origin, transport, follower));
        self.routes_made += 1;
        if self.routes.len() == ROUTES_KEPT {
            self.routes.pop_front();
        }
        self.routes.push_back(Rc::clone(&route));
        route
    }

    fn transport_of(&self, message: &Message) -> TransportBytes {
        let Some(handshake) = self.transport else { return TransportBytes::default() };
        transport_bytes(message.bytes(), self.response_bytes, false, handshake)
    }

    /// The number of a receiver that is replayed.
    pub(in crate::sim) fn follower(&self, id: InstanceId) -> Option<u32> {
        self.followers[id.index()]
    }

    /// The messages of a job are created.
    pub(in crate::sim) fn create(&mut self, route: &Route) {
        let all = route.all();
        self.accounts.create(all);
        self.ran.messages_apart += all.messages;
    }

    /// A job starts its requests: all of them are worked out. `like` is any of its messages, `name` their random name.
    pub(in crate::sim) fn run_job(
        &mut self,
        now: Time,
        route: &Rc<Route>,
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
        let longest_us = u64::from(terms.timeout) * (count.div_ceil(at_once) as u64 + 1);
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
    fn note_job(&mut self, now: Time, route: &Rc<Route>, odd: Vec<(usize, Exchange)>, parcel: u32) -> Finish {
        let Schedule { begins_ns, over_ns, last, .. } = &self.schedule;
        self.accounts.begin(route, now, begins_ns);
        let over = now + Span::from_ns(*over_ns);
        let mut good = route.all();
        odd.iter().for_each(|(destination, _)| good.take(route.bytes(*destination)));
        self.accounts.deliver(good);
        let is_whole = self.accounts.bucket_of(now) == self.accounts.bucket_of(over);
        if is_whole {
            self.accounts.note_whole_job(now, route, odd.iter().map(|(destination, _)| *destination));
        }
        let verified = now + self.terms.verify;
        for (destination, (begins_ns, arrives_us)) in begins_ns.iter().zip(&self.arrives_us).enumerate() {
            if *arrives_us == ODD {
                continue;
            }
            let arrives = Span::from_ns(begins_ns + ns(*arrives_us));
            if !is_whole {
                let left = now + Span::from_ns(*begins_ns) + self.terms.sign;
                self.accounts.note_left(left, route, destination);
                self.accounts.note_delivered(now + arrives, route, destination);
            }
            if let Some(follower) = route.followers[destination] {
                self.windows.receive(follower, verified + arrives, parcel);
            }
        }
        self.windows.expect_until(parcel, over + self.terms.verify);
        let mut finish = Finish { at: over, step: Step::Ended, last: *last, bad: Vec::new() };
        for (destination, exchange) in odd {
            let later = Span::from_ns(self.schedule.begins_ns[destination]);
            self.note_one(route, destination, &exchange.later(later), parcel, &mut finish);
        }
        finish
    }

    /// A job in which each request meets its own conditions, or which the run's end cuts.
    fn run_job_one_by_one(
        &mut self,
        now: Time,
        route: &Route,
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
        self.accounts.begin(route, now, &self.schedule.begins_ns);
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
        route: &Route,
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

    /// Of these followers the quiet receivers, and the others.
    pub(in crate::sim) fn split(&mut self, list: &Arc<[InstanceId]>) -> [Arc<[InstanceId]>; 2] {
        if let Some([_, quiet, others]) = self.splits.iter().find(|[whole, ..]| Arc::ptr_eq(whole, list)) {
            return [Arc::clone(quiet), Arc::clone(others)];
        }
        let (quiet, others): (Vec<_>, Vec<_>) = list.iter().partition(|id| self.who.is_quiet[id.index()]);
        let split = [Arc::clone(list), quiet.into(), others.into()];
        if self.splits.len() == ROUTES_KEPT {
            self.splits.pop_front();
        }
        self.splits.push_back(split.clone());
        let [_, quiet, others] = split;
        [quiet, others]
    }

    /// Without queues: messages to quiet receivers leave at once, but for the one to `except`. The rest as in `run_job`.
    #[expect(clippy::too_many_arguments, reason = "a broadcast is just that many things")]
    pub(in crate::sim) fn send_at_once(
        &mut self,
        now: Time,
        route: &Rc<Route>,
        except: Option<InstanceId>,
        like: &Message,
        fates: &[Option<Span>],
        name: u64,
        conditions: &mut Conditions<'_>,
    ) {
        let parcel = self.add_parcel(like, conditions);
        let except = except.and_then(|id| route.to.binary_search(&id).ok());
        let mut all = route.all();
        except.iter().for_each(|destination| all.take(route.bytes(*destination)));
        self.ran.messages_apart += all.messages;
        self.accounts.send_at_once(route, now, all);
        let (mut good, mut odd) = (all, Vec::from_iter(except));
        let bucket = self.accounts.bucket_of(now);
        for (destination, fate) in
            fates.iter().enumerate().filter(|(destination, _)| Some(*destination) != except)
        {
            let to = route.to[destination];
            let exchange = at_once(conditions, (route.from, to), name, *fate, now);
            let arrives = exchange.settled;
            let is_delivered = exchange.arrival == Arrival::Delivered && arrives <= self.cell.end.latest();
            if !is_delivered || self.accounts.bucket_of(arrives) != bucket {
                good.take(route.bytes(destination));
                odd.push(destination);
                self.accounts.note(route, destination, &exchange);
            }
            if let Some(follower) = route.followers[destination].filter(|_| is_delivered) {
                self.windows.receive(follower, arrives, parcel);
                self.windows.expect_until(parcel, arrives);
            }
        }
        self.accounts.deliver(good);
        self.accounts.note_whole_job(now, route, odd);
        self.pass_on(now);
    }

    /// An activity is on its way to quiet receivers.
    pub(in crate::sim) fn add_parcel(&mut self, message: &Message, conditions: &Conditions<'_>) -> u32 {
        let Letter { activity, kind, from, .. } = *message.letter;
        let message = Message { to: InstanceId(0), ..message.clone() };
        let arrival = Event::Request { step: Step::Arrived, slot: 0, message };
        let authored = activity.built.before(conditions.timetable.clock_ahead(activity.author));
        let order = arrival.key(&self.cell.sessions);
        self.windows.add_parcel(Parcel { activity, kind, from, authored, order, has_events: false })
    }

    /// Whether requests were refused for their rate: then what was worked out apart is wrong.
    pub(in crate::sim) fn has_refused(&self) -> bool {
        self.windows.has_refused()
    }

    /// A request that an event brought arrives at a quiet receiver.
    pub(in crate::sim) fn arrive_now(&mut self, now: Time, message: &Message) {
        if let Some(follower) = self.followers[message.to.index()] {
            self.windows.arrive(follower, now, message.from);
        }
    }

    /// An activity that an event brought waits at a quiet receiver from now on. `is_last` puts it behind all others that
    /// come at the same instant.
    pub(in crate::sim) fn receive_now(
        &mut self,
        now: Time,
        message: &Message,
        is_last: bool,
        conditions: &Conditions<'_>,
    ) {
        let parcel = self.add_parcel(message, conditions);
        self.windows.brought_by_event(parcel, is_last);
        if let Some(follower) = self.followers[message.to.index()] {
            self.windows.receive(follower, now, parcel);
            self.windows.expect_until(parcel, now);
        }
        self.pass_on(now);
    }

    /// Heartbeats of a viewer at an instance that may be replayed.
    pub(in crate::sim) fn heartbeat(&mut self, at: InstanceId, now: Time, input: Input<'static>) {
        if let Some(follower) = self.followers[at.index()] {
            self.windows.heartbeat(follower, now, input);
            self.pass_on(now);
        }
    }

    /// Hands what was collected over to the replay, if it is enough.
    pub(in crate::sim) fn pass_on(&mut self, now: Time) {
        // CPU for what would be thrown away helps nobody
        if self.windows.is_full() && !self.windows.has_refused() {
            self.accounts.pass(now);
            self.windows.hand_over(now);
        }
    }

    /// Whether nothing is on its way to a quiet receiver, waits or is shown there.
    pub(in crate::sim) fn is_idle(&mut self, now: Time) -> bool {
        self.windows.hand_over(now);
        self.windows.is_idle()
    }

    /// What became of the messages that made no events.
    pub(in crate::sim) fn flow(&self) -> Flow {
        self.accounts.flow()
    }

    /// The run has ended at an instant: all that was noted; nothing if a rate limit refused requests.
    pub(in crate::sim) fn finish(mut self, end: Time) -> Option<Apart> {
        const NEXT: Span = Span::from_ns(1);
        self.windows.hand_over(end + NEXT);
        let (noted, has_refused) = self.windows.finish();
        if has_refused {
            return None;
        }
        let mut apart = self.accounts.finish();
        apart.add(noted);
        Some(apart)
    }
}

/// Whether the broadcasts of all origins make no events.
pub(in crate::sim) fn takes_all_broadcasts(cell: &Cell, timetable: &Timetable) -> bool {
    let who = Who::new(cell, timetable);
    let takes = |(origin, followers): (&InstanceId, &Vec<InstanceId>)| {
        who.is_free[origin.index()] && followers.iter().all(|id| who.is_quiet[id.index()])
    };
    cell.federation.followers.iter().all(takes)
}

/// Without queues: a message that leaves now. Nobody waits for an answer.
fn at_once(
    conditions: &mut Conditions<'_>,
    (from, to): (InstanceId, InstanceId),
    name: u64,
    drawn: Option<Span>,
    now: Time,
) -> Exchange {
    const NEVER: Time = Time::from_ns(u64::MAX);
    let lost = Exchange { left: None, settled: now, arrival: Arrival::Lost, over: NEVER, fate: Fate::Good };
    let Some(latency) = conditions.latency(from, to, || name, drawn, now) else { return lost };
    let arrival = match conditions.timetable.reachability(to, now + latency) {
        Reachability::Up => Arrival::Delivered,
        Reachability::Silent => Arrival::Lost,
        Reachability::Refused => Arrival::FailedConnect,
    };
    Exchange { settled: now + latency, arrival, ..lost }
}
