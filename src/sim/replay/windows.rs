//! Windows: what is known about followers' inboxes is collected, and handed to their replay now and then, here or on
//! threads of its own. How many there are changes nothing: followers do not depend on each other.

use super::arrival_matrix::{ArrivalMatrix, ArrivalRow};
use super::broadcast::{Broadcast, BroadcastSummary, InboxArrival};
use super::shard::{Shard, Window};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::instance::Input;
use crate::metrics::aggregates::Aggregates;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// So many broadcasts at inboxes make a window: what fits a core's cache.
const WINDOW_ENTRIES: usize = 1 << 17;

/// Threads that help inside a run; the only ones in the model. What they do depends on nothing but what they are given.
#[derive(Clone, Copy)]
pub(in crate::sim) struct Helpers<'s, 'e> {
    pub(in crate::sim) count: usize,
    scope: &'s Scope<'s, 'e>,
}

impl Helpers<'_, '_> {
    /// Eligibility replays which followers: each helper some, this thread the last, when the helpers are at work. A replay takes about
    /// twice the time of the run itself, so with a single helper this thread has time for a quarter.
    pub(in crate::sim) fn shares(&self, followers: usize) -> Vec<Range<usize>> {
        let here = match self.count {
            0 => followers,
            1 => followers / 4,
            _ => 0,
        };
        let helped = followers - here;
        let of_helper = helped.div_ceil(self.count.max(1)).max(1);
        let shares = (0..helped).step_by(of_helper).map(|first| first..(first + of_helper).min(helped));
        shares.chain(std::iter::once(helped..followers)).collect()
    }
}

/// Does something with so many threads to help.
pub(in crate::sim) fn with_helpers<'e, R>(
    count: usize,
    work: impl for<'s> FnOnce(Helpers<'s, 'e>) -> R,
) -> R {
    std::thread::scope(|scope| work(Helpers { count, scope }))
}

/// What is collected, and who works on it.
pub(in crate::sim) struct Windows<'s> {
    broadcasts: Vec<Broadcast>,
    /// By broadcast: when the last of its messages arrives.
    latest: Vec<Time>,
    renumbered: Arc<[u32]>,
    rows: ArrivalMatrix,
    /// By shard.
    open: Vec<Window>,
    shards: Vec<ShardHost<'s>>,
    /// By follower: shard, position in it.
    places: Vec<(u32, u32)>,
    entries: usize,
    /// At most so many broadcasts at inboxes were still to come when the last window was handed over.
    carried: usize,
    has_refused: Arc<AtomicBool>,
}

/// Where a shard is.
enum ShardHost<'s> {
    Local(Box<Shard<'s>>),
    Thread {
        windows: SyncSender<Window>,
        done: Receiver<(Window, bool)>,
        /// Windows that are there.
        under_way: usize,
        handle: ScopedJoinHandle<'s, Aggregates>,
    },
}

impl<'s> Windows<'s> {
    /// For shards of so many followers each, in order. All but the last have a thread.
    pub(in crate::sim) fn new(
        shards: Vec<(Shard<'s>, usize)>,
        has_refused: Arc<AtomicBool>,
        helpers: Helpers<'s, '_>,
    ) -> Windows<'s> {
        let places = (0u32..)
            .zip(&shards)
            .flat_map(|(shard, (_, count))| (0..*count as u32).map(move |at| (shard, at)));
        let places = places.collect();
        let open = shards.iter().map(|(_, count)| Window::of(*count)).collect();
        let threads = shards.len() - 1;
        let place = |(number, (shard, _)): (usize, (Shard<'s>, usize))| {
            if number < threads {
                ShardHost::on_thread(shard, helpers.scope)
            } else {
                ShardHost::Local(Box::new(shard))
            }
        };
        Windows {
            broadcasts: Vec::new(),
            latest: Vec::new(),
            renumbered: [].into(),
            rows: ArrivalMatrix::default(),
            open,
            shards: shards.into_iter().enumerate().map(place).collect(),
            places,
            entries: 0,
            carried: 0,
            has_refused,
        }
    }

    /// A broadcast is on its way to followers.
    pub(in crate::sim) fn add_broadcast(&mut self, broadcast: Broadcast) -> u32 {
        self.broadcasts.push(broadcast);
        self.latest.push(Time::ZERO);
        u32::try_from(self.broadcasts.len() - 1).expect("a window is handed over before that")
    }

    /// What most work on a broadcast needs to know.
    pub(in crate::sim) fn summary(&self, broadcast: u32) -> BroadcastSummary {
        self.broadcasts[broadcast as usize].summary()
    }

    /// A broadcast whose request made events; `is_last` puts it behind all others that come at the same instant.
    pub(in crate::sim) fn set_has_events(&mut self, broadcast: u32, is_last: bool) {
        let broadcast = &mut self.broadcasts[broadcast as usize];
        broadcast.has_events = true;
        if is_last {
            broadcast.order.of_model = u128::MAX;
        }
    }

    /// A request that made events arrives at a follower.
    pub(in crate::sim) fn arrive(&mut self, follower: u32, at: Time, from: InstanceId) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].arrivals[position as usize].push_back((at, from));
    }

    /// Whether a rate limit was met.
    pub(in crate::sim) fn has_refused(&self) -> bool {
        self.has_refused.load(Ordering::Relaxed)
    }

    /// It comes to the inbox of a follower.
    pub(in crate::sim) fn receive(&mut self, follower: u32, at: Time, broadcast: u32) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].received.push((position, InboxArrival { at, broadcast }));
        self.entries += 1;
    }

    /// It comes to the inboxes of a route's followers, so many microseconds after the row begins.
    pub(in crate::sim) fn receive_row(&mut self, row: ArrivalRow, after_us: &[u32]) {
        // what is counted is done with at once
        if !row.is_counted {
            self.expect_until(row.broadcast, row.latest);
        }
        self.rows.push(row, after_us);
        self.entries += after_us.len();
    }

    /// The number that a broadcast has since the last window was handed over.
    pub(in crate::sim) fn renumbered(&self, broadcast: u32) -> u32 {
        self.renumbered[broadcast as usize]
    }

    /// Nobody knows yet when a broadcast comes to inboxes for the last time.
    pub(in crate::sim) fn keep_open(&mut self, broadcast: u32) {
        self.latest[broadcast as usize] = Time::from_ns(u64::MAX);
    }

    /// All is known about a broadcast: it comes to inboxes until then.
    pub(in crate::sim) fn close(&mut self, broadcast: u32, latest: Time) {
        self.latest[broadcast as usize] = latest;
    }

    /// A broadcast comes to inboxes until then.
    pub(in crate::sim) fn expect_until(&mut self, broadcast: u32, at: Time) {
        let latest = &mut self.latest[broadcast as usize];
        *latest = at.max(*latest);
    }

    /// A follower gets heartbeats of its own viewers.
    pub(in crate::sim) fn heartbeat(&mut self, follower: u32, at: Time, input: Input<'static>) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].heartbeats[position as usize].push((at, input));
        self.entries += 1;
    }

    /// Whether enough was collected to hand it over.
    pub(in crate::sim) fn is_full(&self) -> bool {
        // what is carried on is looked at again: it must not be most of the work
        self.entries >= WINDOW_ENTRIES.max(self.carried)
    }

    /// Hands over what was collected: nothing that happens before the horizon is still to be told.
    pub(in crate::sim) fn hand_over(&mut self, horizon: Time) {
        let (mut carried, mut latest, mut renumbered) =
            (Vec::new(), Vec::new(), vec![u32::MAX; self.broadcasts.len()]);
        for (number, broadcast) in
            self.broadcasts.iter().enumerate().filter(|(number, _)| self.latest[*number] >= horizon)
        {
            renumbered[number] = carried.len() as u32;
            carried.push(*broadcast);
            latest.push(self.latest[number]);
        }
        let summaries: Arc<[BroadcastSummary]> = self.broadcasts.iter().map(Broadcast::summary).collect();
        let broadcasts: Arc<[Broadcast]> = std::mem::replace(&mut self.broadcasts, carried).into();
        let before = std::mem::replace(&mut self.renumbered, renumbered.into());
        self.latest = latest;
        self.entries = 0;
        self.carried = self.latest.len() * self.places.len();
        let rows = Arc::new(self.rows.take());
        for (open, place) in self.open.iter_mut().zip(&mut self.shards) {
            open.horizon = horizon;
            open.broadcasts = Arc::clone(&broadcasts);
            open.summaries = Arc::clone(&summaries);
            open.renumbered = Arc::clone(&before);
            open.rows = Arc::clone(&rows);
            place.work_on(open);
        }
    }

    /// Whether all followers are idle and show nothing, at the horizon of the last window.
    pub(in crate::sim) fn is_idle(&mut self) -> bool {
        self.shards.iter_mut().all(ShardHost::is_idle)
    }

    /// What was noted, and whether a rate limit was met.
    pub(in crate::sim) fn finish(self) -> (Aggregates, bool) {
        let mut sum = Aggregates::default();
        for place in self.shards {
            sum.add(match place {
                ShardHost::Local(shard) => shard.finish(),
                ShardHost::Thread { windows, handle, .. } => {
                    drop(windows);
                    handle.join().expect("a replay does not panic")
                }
            });
        }
        (sum, self.has_refused.load(Ordering::Relaxed))
    }
}

impl Window {
    fn of(followers: usize) -> Window {
        Window {
            heartbeats: vec![Vec::new(); followers],
            arrivals: vec![VecDeque::new(); followers],
            ..Window::default()
        }
    }
}

impl<'s> ShardHost<'s> {
    fn on_thread(mut shard: Shard<'s>, scope: &'s Scope<'s, '_>) -> ShardHost<'s> {
        /// The run may be ahead by so many windows.
        const AHEAD: usize = 2;
        let (windows, work) = sync_channel::<Window>(AHEAD);
        let (give, done) = channel();
        let handle = scope.spawn(move || {
            for mut window in work {
                shard.replay(&mut window);
                let is_idle = shard.is_idle();
                if give.send((window, is_idle)).is_err() {
                    break;
                }
            }
            shard.finish()
        });
        ShardHost::Thread { windows, done, under_way: 0, handle }
    }

    /// Replays a window, and leaves an empty one.
    fn work_on(&mut self, window: &mut Window) {
        match self {
            ShardHost::Local(shard) => shard.replay(window),
            ShardHost::Thread { windows, done, under_way, .. } => {
                let followers = window.heartbeats.len();
                let empty = done.try_recv().ok().map(|(window, _)| window);
                *under_way += 1 - usize::from(empty.is_some());
                let empty = empty.unwrap_or_else(|| Window::of(followers));
                let full = std::mem::replace(window, empty);
                windows.send(full).expect("a replay does not panic");
            }
        }
    }

    fn is_idle(&mut self) -> bool {
        match self {
            ShardHost::Local(shard) => shard.is_idle(),
            ShardHost::Thread { done, under_way, .. } => {
                let mut last = false;
                for _ in 0..std::mem::take(under_way) {
                    last = done.recv().expect("a replay does not panic").1;
                }
                last
            }
        }
    }
}
