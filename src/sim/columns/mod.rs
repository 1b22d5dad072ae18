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
mod replay;
mod schedule;
mod who;
mod windows;

use crate::domain::delivery::Delivery as Figures;
use crate::domain::faults::Reachability;
use crate::event::{Event, Letter, Message, Step};
use crate::instance::Input;
use crate::mechanism::ledger::{Arrival, Flow};
use crate::mechanism::transport::{Handshake, TransportBytes, transport_bytes};
use crate::metrics::apart::Apart;
use crate::observe::Fate;
use crate::sim::conditions::Conditions;
use crate::sim::{Cell, Ran};
use crate::words::ids::InstanceId;
use crate::words::units::{Span, Time};
use accounts::Accounts;
use exchange::Terms;
use replay::{Parcel, Shard};
use schedule::Schedule;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
pub(in crate::sim) use who::Because;
use who::Who;
use windows::Windows;
pub(in crate::sim) use windows::{Helpers, with_helpers};

/// What of a run is worked out apart from its events.
pub(in crate::sim) struct Columns<'a> {
    cell: &'a Cell,
    who: Who,
    /// By `InstanceId`: the number of a quiet receiver.
    followers: Vec<Option<u32>>,
    terms: Terms,
    transport: Option<Handshake>,
    response_bytes: u64,
    accounts: Accounts,
    windows: Windows<'a>,
    schedule: Schedule,
    /// Messages that make no events.
    pub(in crate::sim) ran: Ran,
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
        let figures = &cell.delivery;
        Columns {
            cell,
            accounts: Accounts::new(followers.len(), cell.end.latest(), cell.sampling.bucket, response_bytes),
            followers,
            terms: Terms {
                sign: figures.sign,
                verify: figures.verify,
                timeout: figures.timeout,
                handshake_ways: if handshake == Handshake::None { 2 } else { 4 },
            },
            transport: (figures.transport == crate::domain::delivery::Transport::Counted)
                .then_some(handshake),
            response_bytes,
            windows: Windows::new(shards, has_refused, helpers),
            schedule: Schedule::default(),
            ran: Ran::default(),
            who,
        }
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

    /// The number of a receiver that is replayed.
    pub(in crate::sim) fn follower(&self, id: InstanceId) -> Option<u32> {
        self.followers[id.index()]
    }

    /// Messages are created that make no events.
    pub(in crate::sim) fn create(&mut self, message: &Message) {
        self.accounts.flow.create(message.bytes());
        self.ran.messages_apart += 1;
    }

    /// A job that makes no events starts its requests: all of them are worked out. `messages` are by destination, as are
    /// the latencies that the network gives them.
    pub(in crate::sim) fn run_job(
        &mut self,
        now: Time,
        messages: &[Message],
        fates: &[Option<Span>],
        name: u64,
        conditions: &mut Conditions<'_>,
    ) -> Finish {
        let Columns { schedule, terms, .. } = self;
        let figures: &Figures = &self.cell.delivery;
        let mut exchanges = Vec::with_capacity(messages.len());
        schedule.make(messages.len(), figures.requests_per_job as usize, |destination, begins_ns| {
            let message = &messages[destination];
            let begins = now + Span::from_ns(begins_ns);
            let link = (message.from, message.to);
            let exchange = terms.exchange(conditions, link, name, fates[destination], begins);
            exchanges.push(exchange);
            exchange.over.since(now).ns()
        });
        let parcel = self.add_parcel(&messages[0], conditions);
        let mut bad = Vec::new();
        for (destination, exchange) in exchanges.iter().enumerate() {
            let message = &messages[destination];
            let begins = now + Span::from_ns(self.schedule.begins_ns[destination]);
            self.note(message, begins, exchange, parcel);
            if exchange.fate != Fate::Good {
                bad.push(message.to);
            }
        }
        self.pass_on(now);
        let last = self.schedule.last;
        let step = if exchanges[last].fate == Fate::TimedOut { Step::TimedOut } else { Step::Ended };
        Finish { at: now + Span::from_ns(self.schedule.over_ns), step, last, bad }
    }

    fn note(&mut self, message: &Message, begins: Time, exchange: &exchange::Exchange, parcel: u32) {
        let is_of_origin = self.cell.federation.origin(message.activity.video) == message.from;
        if !self.accounts.begin(begins, message, is_of_origin) {
            return;
        }
        self.add_cpu(message.from, self.terms.sign);
        if let Some(left) = exchange.left {
            let bytes = self.transport.map_or_else(TransportBytes::default, |handshake| {
                transport_bytes(message.bytes(), self.response_bytes, false, handshake)
            });
            self.accounts.leave(left, message, &bytes);
        }
        let is_delivered = self.accounts.settle(exchange.settled, message, exchange.arrival);
        if is_delivered {
            self.add_cpu(message.to, self.terms.verify);
            if self.cell.federation.instances[message.to.index()].is_peertube {
                self.receive(message.to, exchange.settled + self.terms.verify, parcel);
            }
        }
        self.accounts.end(exchange.over, message, exchange.fate);
    }

    /// Without queues: a message to a quiet receiver leaves at once.
    pub(in crate::sim) fn send_at_once(
        &mut self,
        now: Time,
        message: &Message,
        latency: Option<Span>,
        parcel: u32,
        conditions: &Conditions<'_>,
    ) {
        self.create(message);
        let is_of_origin = self.cell.federation.origin(message.activity.video) == message.from;
        self.accounts.begin(now, message, is_of_origin);
        let Some(latency) = latency else {
            self.accounts.settle(now, message, Arrival::Lost);
            return;
        };
        let arrives = now + latency;
        let arrival = match conditions.timetable.reachability(message.to, arrives) {
            Reachability::Up => Arrival::Delivered,
            Reachability::Silent => Arrival::Lost,
            Reachability::Refused => Arrival::FailedConnect,
        };
        if self.accounts.settle(arrives, message, arrival) {
            self.receive(message.to, arrives, parcel);
        }
    }

    /// An activity is on its way to quiet receivers.
    pub(in crate::sim) fn add_parcel(&mut self, message: &Message, conditions: &Conditions<'_>) -> u32 {
        let Letter { activity, kind, from, .. } = *message.letter;
        let arrival = Event::Request {
            step: Step::Arrived,
            slot: 0,
            message: Message { to: InstanceId(0), ..message.clone() },
        };
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
        self.receive(message.to, now, parcel);
        self.pass_on(now);
    }

    fn receive(&mut self, to: InstanceId, at: Time, parcel: u32) {
        if let Some(follower) = self.followers[to.index()] {
            self.windows.receive(follower, at, parcel);
        }
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
        self.accounts.flow
    }

    /// The run has ended at an instant: all that was noted; nothing if a rate limit refused requests.
    pub(in crate::sim) fn finish(mut self, end: Time) -> Option<Apart> {
        const NEXT: Span = Span::from_ns(1);
        self.windows.hand_over(end + NEXT);
        self.accounts.pass(Time::from_ns(u64::MAX));
        let (noted, has_refused) = self.windows.finish();
        if has_refused {
            return None;
        }
        let mut apart = self.accounts.apart;
        let cpu = self.accounts.cpu_ns.into_iter().enumerate();
        apart.cpu_ns.extend(cpu.map(|(id, ns)| (InstanceId::at(id), ns)));
        apart.add(noted);
        Some(apart)
    }

    fn add_cpu(&mut self, instance: InstanceId, work: Span) {
        self.accounts.cpu_ns[instance.index()] += work.ns();
    }
}
