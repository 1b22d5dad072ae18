//! The state of all broadcasts that are computed outside the event loop, and how the run reaches it.
//!
//! If nothing waits at the stations of a sender and all its receivers (`eligibility`), all requests of a job are computed when
//! the job starts (`whole_job`) and summed (`accounts`). They make one event, the end of the job. What the receivers display
//! is replayed (`replay`). Everything else runs event by event in the same run, and the records are the same to the byte.
//!
//! No protocol rule is applied here: a send is an `Effect` of an `Instance`, and the run chooses its queue.

use super::linear::Linear;
use super::routes::Routes;
use crate::cell::Cell;
use crate::domain::delivery::Queues;
use crate::domain::faults::Timetable;
use crate::event::{Event, Letter, Message, Step};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::instance::Input;
use crate::mechanism::connections::Connection;
use crate::mechanism::network::Ways;
use crate::mechanism::slot_schedule::Schedule;
use crate::mechanism::transport::TransportBytes;
use crate::mechanism::wire::Persistence;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::traffic::OriginSends;
use crate::request::{Conditions, Path};
use crate::sim::accounts::{Accounts, Work};
use crate::sim::eligibility::{Eligibility, Fallback};
use crate::sim::replay::{Broadcast, Helpers, Reading, Shard, Windows};
use crate::sim::route::Route;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How many messages and heartbeats of a run made events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// Messages that were computed without events.
    pub messages_apart: u64,
    /// Of these, messages whose arrivals were counted instead of replayed.
    pub messages_counted: u64,
    /// Messages that made events, by reason.
    pub(in crate::sim) messages_with_events: BTreeMap<Fallback, u64>,
    /// Heartbeats that made no events.
    pub heartbeats_skipped: u64,
}

impl Execution {
    /// The messages that made events, by the text of the reason.
    pub fn messages_with_events(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.messages_with_events.iter().map(|(fallback, count)| (fallback.text(), *count))
    }
}

/// Which destinations of a route are affected by faults in the interval `[from, until)`.
#[derive(Clone)]
pub(super) struct FaultsOnRoute {
    pub(super) from: Time,
    pub(super) until: Time,
    /// By destination.
    pub(super) affected: Rc<[bool]>,
    pub(super) any: bool,
}

/// The broadcast of a running job whose requests arrive ahead of time (`ahead`).
pub(super) struct OpenBroadcast {
    /// Its number in the window.
    pub(super) number: u32,
    /// When the last request that has left so far is verified.
    pub(super) latest: Time,
}

/// The part of a run that is computed outside the event loop.
pub(in crate::sim) struct Broadcasts<'a> {
    pub(super) cell: &'a Cell,
    pub(in crate::sim) eligibility: Eligibility,
    /// By `InstanceId`: the follower number of an uncontended receiver. Its inbox is replayed.
    pub(super) followers: Vec<Option<u32>>,
    pub(super) path: Path,
    /// The same as linear functions, if all its times are whole µs.
    pub(super) linear: Option<Linear>,
    pub(super) routes: Routes,
    /// Routes made so far, which numbers them.
    pub(super) routes_made: u32,
    /// By route number modulo `FAULTS_KEPT`: a route, and its latest interval.
    pub(super) faults_on_routes: Vec<Option<(u32, FaultsOnRoute)>>,
    /// By the slot of a running job of a contended sender.
    pub(super) open_broadcasts: Vec<Option<OpenBroadcast>>,
    pub(in crate::sim) accounts: Accounts,
    pub(in crate::sim) windows: Windows<'a>,
    pub(super) schedule: Schedule,
    // By destination of the current job:
    pub(super) there_us: Vec<u32>,
    pub(super) back_us: Vec<u32>,
    pub(super) ways: Vec<Ways>,
    /// How long the request occupies its slot.
    pub(super) occupied_us: Vec<u32>,
    /// From the beginning of the request to its arrival, or `IRREGULAR_US`.
    pub(super) arrives_us: Vec<u32>,
    /// From the beginning of the job to when the request leaves and arrives, or `IRREGULAR_US`.
    pub(super) left_us: Vec<u32>,
    pub(super) arrived_us: Vec<u32>,
    /// What the run is to receive, too, of the last broadcast without queues: when, and by destination of its route.
    pub(super) echoes: Vec<(Time, usize)>,
    /// How far the clock of any follower is ahead of true time at most.
    pub(super) clock_ahead_max: Span,
    /// Until when a message may be in flight whose arrival is no event and is not replayed.
    pub(super) in_flight_until: Time,
    /// Counts of messages with and without events.
    pub(in crate::sim) execution: Execution,
}

impl<'a> Broadcasts<'a> {
    /// For a cell. Without helper threads the replay runs on this thread.
    pub(in crate::sim) fn new(
        cell: &'a Cell,
        conditions: &Conditions<'a>,
        path: Path,
        helpers: Helpers<'a, '_>,
    ) -> Broadcasts<'a> {
        let timetable = conditions.timetable;
        let eligibility = Eligibility::new(cell, timetable);
        let uncontended: Vec<InstanceId> = (0..eligibility.is_uncontended_receiver.len())
            .filter(|&id| eligibility.is_uncontended_receiver[id])
            .map(InstanceId::at)
            .collect();
        let mut followers = vec![None; eligibility.is_uncontended_receiver.len()];
        (0u32..).zip(&uncontended).for_each(|(number, id)| followers[id.index()] = Some(number));
        let ahead = |id| timetable.clock_ahead(id);
        let has_refused = Arc::new(AtomicBool::new(false));
        let shard = |range: Range<usize>| {
            let refused = Arc::clone(&has_refused);
            (
                Shard::new(
                    cell,
                    range.start as u32,
                    &uncontended[range.clone()],
                    ahead,
                    &eligibility,
                    refused,
                ),
                range.len(),
            )
        };
        let has_queues = cell.delivery.queues != Queues::Unlimited;
        let shards = helpers.shares(uncontended.len(), has_queues).into_iter().map(shard).collect();
        // the rows of a whole job are long, and a window has many of a route
        let reading = if has_queues { Reading::ByColumn } else { Reading::ByRow };
        let work = has_queues.then_some(Work::of(&path));
        let (end, bucket) = (cell.end.latest(), cell.sampling.bucket);
        Broadcasts {
            cell,
            accounts: Accounts::new(&cell.federation, end, bucket, work),
            followers,
            linear: Linear::of(&path),
            path,
            routes: Routes::default(),
            routes_made: 0,
            faults_on_routes: Vec::new(),
            open_broadcasts: Vec::new(),
            windows: Windows::new(shards, has_refused, helpers, reading),
            schedule: Schedule::default(),
            there_us: Vec::new(),
            back_us: Vec::new(),
            ways: Vec::new(),
            occupied_us: Vec::new(),
            arrives_us: Vec::new(),
            left_us: Vec::new(),
            arrived_us: Vec::new(),
            echoes: Vec::new(),
            clock_ahead_max: uncontended.iter().map(|&id| ahead(id)).max().unwrap_or_default(),
            in_flight_until: Time::ZERO,
            execution: Execution::default(),
            eligibility,
        }
    }

    /// The remembered route of a job of the same sender, inboxes, listing, kind and sizes.
    pub(in crate::sim) fn find_route(
        &mut self,
        letter: &Letter,
        to: &Arc<[InstanceId]>,
    ) -> Option<Arc<Route>> {
        let video = &self.cell.federation.videos[letter.activity.video.index()];
        self.routes.find(letter, (video.listing, video.origin == letter.from), to)
    }

    /// Whether all requests of a job can be computed without events; if not, why.
    pub(in crate::sim) fn takes(
        &self,
        from: InstanceId,
        to: &[InstanceId],
        is_forwarded: bool,
    ) -> Result<(), Fallback> {
        let Eligibility { is_uncontended_receiver, is_uncontended_sender, .. } = &self.eligibility;
        if !is_uncontended_sender[from.index()] {
            return Err(Fallback::Sender);
        }
        if !to.iter().all(|id| is_uncontended_receiver[id.index()]) {
            return Err(Fallback::Receiver);
        }
        if is_forwarded {
            return Err(Fallback::Forwarded);
        }
        if to.len() < 2 { Err(Fallback::Single) } else { Ok(()) }
    }

    /// Makes and remembers the route of a job; `messages` are by destination.
    pub(in crate::sim) fn add_route(
        &mut self,
        messages: &[Message],
        to: &Arc<[InstanceId]>,
        is_whole: bool,
    ) -> Arc<Route> {
        let Letter { from, activity, kind, persistence, .. } = *messages[0].letter;
        let video = &self.cell.federation.videos[activity.video.index()];
        let is_own = video.origin == from;
        let owns = |id: &InstanceId| self.eligibility.is_origin[id.index()];
        let origin_sends = owns(&from).then(|| OriginSends::of(kind, is_own));
        let is_to_origin = if to.iter().any(owns) { to.iter().map(owns).collect() } else { Vec::new() };
        let transport =
            |connection| messages.iter().map(|message| self.transport_of(message, connection)).collect();
        let transport = match persistence {
            Persistence::Closed => [transport(Connection::New), Vec::new()],
            Persistence::Kept => [transport(Connection::New), transport(Connection::Kept)],
        };
        let followers = to.iter().map(|&id| self.followers[id.index()]).collect();
        let is_order_insensitive = |id: InstanceId| self.eligibility.is_order_insensitive[id.index()];
        let number = self.routes_made;
        let route = Arc::new(Route::new(
            number,
            is_whole,
            to,
            messages,
            (video.listing, is_own),
            origin_sends,
            is_to_origin,
            transport,
            followers,
            is_order_insensitive,
        ));
        self.routes_made += 1;
        self.routes.add(&route);
        route
    }

    /// Bytes below HTTP of a message; none without queues.
    fn transport_of(&self, message: &Message, connection: Connection) -> TransportBytes {
        if self.cell.delivery.queues == Queues::Unlimited {
            return TransportBytes::default();
        }
        self.path.transport(message.bytes(), u64::from(message.response_bytes), connection)
    }

    /// The follower number of an uncontended receiver; `None` for all other instances.
    pub(in crate::sim) fn follower(&self, id: InstanceId) -> Option<u32> {
        self.followers[id.index()]
    }

    /// Counts the messages of a job as created, without the one to `except`.
    pub(in crate::sim) fn create(&mut self, route: &Route, except: Option<InstanceId>) {
        let all = route.all_but(except);
        self.accounts.create(all);
        self.execution.messages_apart += all.messages;
    }

    /// Adds the broadcast of a message to the window; returns its number.
    pub(in crate::sim) fn add_broadcast(&mut self, message: &Message, conditions: &Conditions<'_>) -> u32 {
        let Letter { activity, kind, from, .. } = *message.letter;
        let message = Message { to: InstanceId(0), ..message.clone() };
        let arrival = Event::Request { step: Step::Arrived, slot: 0, message };
        let authored = activity.built.before(conditions.timetable.clock_ahead(activity.author));
        let order = arrival.key(&self.cell.sessions);
        self.windows.add_broadcast(Broadcast { activity, kind, from, authored, order, has_events: false })
    }

    /// A request that makes events arrives at an instance: adds it to the rate limit if the instance is replayed.
    pub(in crate::sim) fn arrive_now(&mut self, now: Time, message: &Message) {
        if let Some(follower) = self.followers[message.to.index()] {
            self.windows.arrive(follower, now, message.from);
        }
    }

    /// The activity of a request that makes events enters the inbox queue of a replayed receiver now. `is_last` orders it after
    /// all others of the same instant.
    pub(in crate::sim) fn receive_now(
        &mut self,
        now: Time,
        message: &Message,
        is_last: bool,
        conditions: &Conditions<'_>,
    ) {
        let broadcast = self.add_broadcast(message, conditions);
        self.windows.set_has_events(broadcast, is_last);
        if let Some(follower) = self.followers[message.to.index()] {
            self.windows.receive(follower, now, broadcast);
        }
    }

    /// A viewer's heartbeat at an instance, or that they leave: adds it if the instance is replayed, and does not own the video.
    pub(in crate::sim) fn heartbeat(&mut self, at: InstanceId, now: Time, input: Input<'static>) {
        let video = match input {
            Input::Heartbeat(heartbeat) => heartbeat.video,
            Input::Heartbeats { video, .. } | Input::Leave { video, .. } => video,
            _ => return,
        };
        if let Some(follower) =
            self.followers[at.index()].filter(|_| self.cell.federation.origin(video) != at)
        {
            self.windows.heartbeat(follower, now, input);
        }
    }

    /// Whether the window is full and the results are not void.
    pub(in crate::sim) fn is_full(&self) -> bool {
        self.windows.is_full() && !self.windows.has_refused()
    }

    /// Hands the window to the replay and closes the accounts before `now`. All machines must have reached `now`.
    pub(in crate::sim) fn flush(&mut self, now: Time) {
        self.accounts.pass(now);
        self.hand_over(now);
    }

    /// Hands the window to the replay.
    fn hand_over(&mut self, horizon: Time) {
        self.windows.hand_over(horizon);
        for broadcast in self.open_broadcasts.iter_mut().flatten() {
            broadcast.number = self.windows.renumbered(broadcast.number);
        }
    }

    /// Whether nothing is in flight without events, and at all uncontended receivers nothing is waiting or displayed.
    pub(in crate::sim) fn is_idle(&mut self, now: Time) -> bool {
        self.hand_over(now);
        // a sample comes before what arrives at the same instant
        self.in_flight_until < now && self.windows.is_idle()
    }

    /// The run has ended at an instant: all sums; `None` if a rate limit refused requests, since the results are void then.
    pub(in crate::sim) fn finish(mut self, end: Time) -> Option<Aggregates> {
        const NEXT: Span = Span::from_ns(1);
        self.windows.hand_over(end + NEXT);
        let (noted, has_refused) = self.windows.finish();
        if has_refused {
            return None;
        }
        let mut aggregates = self.accounts.finish();
        aggregates.add(noted);
        Some(aggregates)
    }
}

/// Whether all origins are uncontended senders and all their followers uncontended receivers.
pub(in crate::sim) fn takes_all_broadcasts(cell: &Cell, timetable: &Timetable) -> bool {
    let eligibility = Eligibility::new(cell, timetable);
    let takes = |(origin, followers): (&InstanceId, &Vec<InstanceId>)| {
        eligibility.is_uncontended_sender[origin.index()]
            && followers.iter().all(|id| eligibility.is_uncontended_receiver[id.index()])
    };
    cell.federation.followers.iter().all(takes)
}
