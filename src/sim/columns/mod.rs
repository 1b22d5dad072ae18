//! Columns: messages without events.
//!
//! A broadcast is one thing with many destinations. Where neither its sender nor its receivers can be delayed by anything
//! else (`who`), all its requests are worked out when its job starts (`schedule`, `exchange`), noted in sums (`accounts`), and
//! make one event: the end of the job. What its followers show is replayed follower by follower (`windows`, `replay`), or only
//! counted where order does not matter (`counted`). Everything else runs event by event, in the same run. The result is that of
//! the events, to the byte.
//!
//! Protocol rules are asked where they always are: a send is an `Effect` of an `Instance`, a queue that of its rules.

mod accounts;
mod ahead;
mod at_once;
mod boundary;
mod counted;
mod follower;
mod inbox;
mod job;
mod lanes;
mod linear;
mod parcel;
mod replay;
mod route;
mod rows;
mod schedule;
mod shown;
mod sorting;
mod who;
mod windows;

use crate::domain::delivery::{Delivery as Figures, Queues};
use crate::domain::faults::Timetable;
use crate::event::{Event, Letter, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Input;
use crate::mechanism::connections::Connection;
use crate::mechanism::ledger::Flow;
use crate::mechanism::network::NO_LATENCY_US;
use crate::mechanism::transport::TransportBytes;
use crate::metrics::aggregates::Aggregates;
use crate::sim::request::{Conditions, Path};
use crate::sim::{Cell, Ran};
use accounts::{Accounts, Work};
use ahead::OpenParcel;
use counted::Samples;
use job::Calm;
use linear::Linear;
use parcel::Parcel;
use replay::Shard;
pub(in crate::sim) use route::Route;
use schedule::Schedule;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
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
    path: Path,
    /// Where it is linear in whole microseconds.
    linear: Option<Linear>,
    routes: VecDeque<Arc<Route>>,
    routes_made: u32,
    /// The last of each route.
    calms: BTreeMap<u32, Calm>,
    /// The parcels of running jobs of coupled senders, by the job's slot.
    open_parcels: Vec<Option<OpenParcel>>,
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
    /// When it leaves and when it has arrived after the job began, or `ODD`.
    left_us: Vec<u32>,
    arrived_us: Vec<u32>,
    samples: Samples,
    /// No follower's clock is ahead by more.
    most_ahead: Span,
    /// Whether a message without a latency is lost, and not under way for hours.
    loses_only: bool,
    /// Messages that make no events.
    pub(in crate::sim) ran: Ran,
}

impl<'a> Columns<'a> {
    /// For a cell; without helpers the replay happens here.
    pub(in crate::sim) fn new(
        cell: &'a Cell,
        conditions: &Conditions<'a>,
        path: Path,
        helpers: Helpers<'a, '_>,
    ) -> Columns<'a> {
        let timetable = conditions.timetable;
        let who = Who::new(cell, timetable);
        let quiet: Vec<InstanceId> =
            (0..who.is_quiet.len()).filter(|&id| who.is_quiet[id]).map(InstanceId::at).collect();
        let mut followers = vec![None; who.is_quiet.len()];
        (0u32..).zip(&quiet).for_each(|(number, id)| followers[id.index()] = Some(number));
        let ahead = |id| timetable.clock_ahead(id);
        let has_refused = Arc::new(AtomicBool::new(false));
        let shard = |range: Range<usize>| {
            let refused = Arc::clone(&has_refused);
            (Shard::new(cell, range.start as u32, &quiet[range.clone()], ahead, &who, refused), range.len())
        };
        let shards = helpers.shares(quiet.len()).into_iter().map(shard).collect();
        let Figures { queues, sign, verify, .. } = cell.delivery;
        let work = (queues != Queues::Unlimited).then_some(Work { sign, verify });
        let (end, bucket) = (cell.end.latest(), cell.sampling.bucket);
        Columns {
            cell,
            accounts: Accounts::new(followers.len(), end, bucket, work),
            followers,
            linear: Linear::of(&path),
            path,
            routes: VecDeque::new(),
            routes_made: 0,
            calms: BTreeMap::new(),
            open_parcels: Vec::new(),
            splits: VecDeque::new(),
            windows: Windows::new(shards, has_refused, helpers),
            schedule: Schedule::default(),
            latencies_us: Vec::new(),
            fates: Vec::new(),
            occupied_us: Vec::new(),
            arrives_us: Vec::new(),
            left_us: Vec::new(),
            arrived_us: Vec::new(),
            samples: Samples { from: cell.sampling.from, every: cell.sampling.every },
            most_ahead: quiet.iter().map(|&id| ahead(id)).max().unwrap_or_default(),
            loses_only: cell.network.latency_max() < Span::from_us(u64::from(NO_LATENCY_US)),
            ran: Ran::default(),
            who,
        }
    }

    /// The route of a job that makes no events, if there was one like it before.
    pub(in crate::sim) fn known_route(&self, like: &Message, to: &Arc<[InstanceId]>) -> Option<Arc<Route>> {
        let Letter { from, activity, kind, form, persistence, body_bytes, .. } = *like.letter;
        let what = (from, activity.video, kind, form, persistence, body_bytes);
        let is_it = |route: &&Arc<Route>| {
            let Route { from, video, kind, form, persistence, body_bytes, .. } = ***route;
            Arc::ptr_eq(&route.to, to) && (from, video, kind, form, persistence, body_bytes) == what
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
        let Who { is_quiet, is_free, .. } = &self.who;
        if !is_free[from.index()] {
            return Err(Because::Sender);
        }
        if !to.iter().all(|id| is_quiet[id.index()]) {
            return Err(Because::Receiver);
        }
        if is_forwarded {
            return Err(Because::Forwarded);
        }
        if to.len() < 2 { Err(Because::Single) } else { Ok(()) }
    }

    /// The route of a job that makes no events; `messages` are by destination.
    pub(in crate::sim) fn add_route(&mut self, messages: &[Message], to: &Arc<[InstanceId]>) -> Arc<Route> {
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
        let may_be_counted = |id: InstanceId| self.who.may_be_counted[id.index()];
        let number = self.routes_made;
        let route = Route::new(number, to, messages, is_of_origin, transport, follower, may_be_counted);
        let route = Arc::new(route);
        self.routes_made += 1;
        if self.routes.len() == ROUTES_KEPT {
            self.routes.pop_front();
        }
        self.routes.push_back(Arc::clone(&route));
        route
    }

    fn transport_of(&self, message: &Message) -> TransportBytes {
        if self.cell.delivery.queues == Queues::Unlimited {
            return TransportBytes::default();
        }
        self.path.transport(message.bytes(), u64::from(message.response_bytes), Connection::New)
    }

    /// The number of a receiver that is replayed.
    pub(in crate::sim) fn follower(&self, id: InstanceId) -> Option<u32> {
        self.followers[id.index()]
    }

    /// The messages of a job are created, but for one inbox.
    pub(in crate::sim) fn create(&mut self, route: &Route, except: Option<InstanceId>) {
        let all = route.all_but(except);
        self.accounts.create(all);
        self.ran.messages_apart += all.messages;
    }

    /// Whether what an instance receives may wait in its calendar.
    pub(in crate::sim) fn is_lazy(&self, id: InstanceId) -> bool {
        self.who.is_quiet[id.index()] || self.who.is_local[id.index()]
    }

    /// Whether the end of a request of an instance matters only to its job.
    pub(in crate::sim) fn ends_quietly(&self, id: InstanceId) -> bool {
        self.who.ends_quietly[id.index()]
    }

    /// Whether nothing waits at an instance, and it is replayed.
    pub(in crate::sim) fn is_uncontended(&self, id: InstanceId) -> bool {
        self.who.is_quiet[id.index()]
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
    }

    /// Heartbeats of a viewer at an instance that may be replayed.
    pub(in crate::sim) fn heartbeat(&mut self, at: InstanceId, now: Time, input: Input<'static>) {
        if let Some(follower) = self.followers[at.index()] {
            self.windows.heartbeat(follower, now, input);
        }
    }

    /// The run has come to an instant: accounts of what lies before are closed.
    pub(in crate::sim) fn pass_accounts(&mut self, now: Time) {
        self.accounts.pass(now);
    }

    /// Whether enough was collected to hand it over to the replay.
    pub(in crate::sim) fn is_full(&self) -> bool {
        // CPU for what would be thrown away helps nobody
        self.windows.is_full() && !self.windows.has_refused()
    }

    /// Hands what was collected over to the replay. All machines must have come to this instant.
    pub(in crate::sim) fn pass_on(&mut self, now: Time) {
        self.accounts.pass(now);
        self.hand_over(now);
    }

    fn hand_over(&mut self, horizon: Time) {
        self.windows.hand_over(horizon);
        for parcel in self.open_parcels.iter_mut().flatten() {
            parcel.number = self.windows.renumbered(parcel.number);
        }
    }

    /// Whether nothing is on its way to a quiet receiver, waits or is shown there.
    pub(in crate::sim) fn is_idle(&mut self, now: Time) -> bool {
        self.hand_over(now);
        self.windows.is_idle()
    }

    /// What became of the messages that made no events.
    pub(in crate::sim) fn flow(&self) -> Flow {
        self.accounts.flow()
    }

    /// The run has ended at an instant: all that was noted; nothing if a rate limit refused requests.
    pub(in crate::sim) fn finish(mut self, end: Time) -> Option<Aggregates> {
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
