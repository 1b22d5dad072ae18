//! Windows: collects what reaches followers, and hands it to the shards in batches, on this thread or on helper threads.
//!
//! Followers do not depend on each other, so results are the same with any number of threads.

use super::arrival_matrix::{ArrivalMatrix, ArrivalRow, Reading};
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

/// A window has about this many arrivals, which fit the cache of a core.
const WINDOW_ENTRIES: usize = 1 << 17;
/// Or this many for each follower, if their routes are many: what a follower shows is then more than what arrives, and is
/// fetched into the cache once a window.
const ENTRIES_PER_FOLLOWER: usize = 1 << 9;

/// Helper threads of a run, the only ones in the model. Their results depend on their inputs alone.
#[derive(Clone, Copy)]
pub(in crate::sim) struct Helpers<'s, 'e> {
    /// How many.
    pub(in crate::sim) count: usize,
    scope: &'s Scope<'s, 'e>,
}

impl Helpers<'_, '_> {
    /// Splits followers into shards: one per helper, and the last one for this thread. With queues a replay takes about twice
    /// the time of the run itself, without them less than that; so this thread takes all without helpers, a quarter with
    /// one if there are queues, and else none.
    pub(in crate::sim) fn shares(&self, followers: usize, has_queues: bool) -> Vec<Range<usize>> {
        let here = match self.count {
            0 => followers,
            1 if has_queues => followers / 4,
            _ => 0,
        };
        let helped = followers - here;
        let of_helper = helped.div_ceil(self.count.max(1)).max(1);
        let shares = (0..helped).step_by(of_helper).map(|first| first..(first + of_helper).min(helped));
        shares.chain(std::iter::once(helped..followers)).collect()
    }
}

/// Calls `work` with `count` helper threads.
pub(in crate::sim) fn with_helpers<'e, R>(
    count: usize,
    work: impl for<'s> FnOnce(Helpers<'s, 'e>) -> R,
) -> R {
    std::thread::scope(|scope| work(Helpers { count, scope }))
}

/// The window that is being collected, and the shards.
///
/// Broadcasts have numbers in their window. A broadcast with arrivals after the horizon moves on to the next window, where it
/// has another number (`renumbered`).
pub(in crate::sim) struct Windows<'s> {
    broadcasts: Vec<Broadcast>,
    /// By broadcast: its last arrival known so far.
    latest: Vec<Time>,
    /// By the number of a broadcast in the previous window: its number in this one.
    renumbered: Arc<[u32]>,
    rows: ArrivalMatrix,
    /// The rows of the previous window, whose buffers are reused.
    handed_over: Arc<ArrivalMatrix>,
    /// By shard: the window that is being collected.
    open: Vec<Window>,
    shards: Vec<ShardHost<'s>>,
    /// By follower: its shard, and its position there.
    places: Vec<(u32, u32)>,
    /// Arrivals and heartbeats in this window.
    entries: usize,
    /// A window with as many is full.
    entries_max: usize,
    /// Upper bound of the arrivals that the previous window left to this one.
    carried: usize,
    /// Set by a shard when a rate limit refuses a request.
    has_refused: Arc<AtomicBool>,
}

/// Where a shard is replayed.
enum ShardHost<'s> {
    Local(Box<Shard<'s>>),
    Thread {
        windows: SyncSender<Window>,
        done: Receiver<(Window, bool)>,
        /// Windows sent and not yet returned.
        under_way: usize,
        handle: ScopedJoinHandle<'s, Aggregates>,
    },
}

impl<'s> Windows<'s> {
    /// For shards with their numbers of followers, in order of the followers. All but the last get a thread. `reading` is how rows
    /// that are not counted are read.
    pub(in crate::sim) fn new(
        shards: Vec<(Shard<'s>, usize)>,
        has_refused: Arc<AtomicBool>,
        helpers: Helpers<'s, '_>,
        reading: Reading,
    ) -> Windows<'s> {
        let places = (0u32..)
            .zip(&shards)
            .flat_map(|(shard, (_, count))| (0..*count as u32).map(move |at| (shard, at)));
        let places = places.collect();
        let open = shards.iter().map(|(_, count)| Window::of(*count)).collect();
        let followers: usize = shards.iter().map(|(_, count)| count).sum();
        let entries_max = match reading {
            Reading::ByRow => WINDOW_ENTRIES.max(followers * ENTRIES_PER_FOLLOWER),
            Reading::Counted | Reading::ByColumn => WINDOW_ENTRIES,
        };
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
            handed_over: Arc::default(),
            open,
            shards: shards.into_iter().enumerate().map(place).collect(),
            places,
            entries: 0,
            entries_max,
            carried: 0,
            has_refused,
        }
    }

    /// Adds a broadcast; returns its number in this window.
    pub(in crate::sim) fn add_broadcast(&mut self, broadcast: Broadcast) -> u32 {
        self.broadcasts.push(broadcast);
        self.latest.push(Time::ZERO);
        u32::try_from(self.broadcasts.len() - 1).expect("a window is handed over before that")
    }

    /// The summary of a broadcast.
    pub(in crate::sim) fn summary(&self, broadcast: u32) -> BroadcastSummary {
        self.broadcasts[broadcast as usize].summary()
    }

    /// Marks a broadcast as one whose request makes events; `is_last` orders it after all others of the same instant.
    pub(in crate::sim) fn set_has_events(&mut self, broadcast: u32, is_last: bool) {
        let broadcast = &mut self.broadcasts[broadcast as usize];
        broadcast.has_events = true;
        if is_last {
            broadcast.order.of_model = u128::MAX;
        }
    }

    /// Adds the arrival of a request that makes events, for the rate limit of a follower.
    pub(in crate::sim) fn arrive(&mut self, follower: u32, at: Time, from: InstanceId) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].arrivals[position as usize].push_back((at, from));
    }

    /// Whether a rate limit refused a request that is computed without events.
    pub(in crate::sim) fn has_refused(&self) -> bool {
        self.has_refused.load(Ordering::Relaxed)
    }

    /// Adds the arrival of a broadcast at the inbox queue of a follower.
    pub(in crate::sim) fn receive(&mut self, follower: u32, at: Time, broadcast: u32) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].received.push((position, InboxArrival { at, broadcast }));
        self.entries += 1;
        self.expect_until(broadcast, at);
    }

    /// Adds the arrivals of a whole job, by destination.
    pub(in crate::sim) fn receive_row(&mut self, row: ArrivalRow, after_us: &[u32]) {
        // a counted row is complete in its window
        if row.reading != Reading::Counted {
            self.expect_until(row.broadcast, row.latest);
        }
        self.rows.push(row, after_us);
        self.entries += after_us.len();
    }

    /// The number in this window of a broadcast of the previous one.
    pub(in crate::sim) fn renumbered(&self, broadcast: u32) -> u32 {
        self.renumbered[broadcast as usize]
    }

    /// Sets the last arrival of a broadcast; `Time::NEVER` while it is not known.
    pub(in crate::sim) fn set_latest(&mut self, broadcast: u32, latest: Time) {
        self.latest[broadcast as usize] = latest;
    }

    /// A broadcast has an arrival at this instant.
    fn expect_until(&mut self, broadcast: u32, at: Time) {
        let latest = &mut self.latest[broadcast as usize];
        *latest = at.max(*latest);
    }

    /// Adds heartbeats of a follower's own viewers.
    pub(in crate::sim) fn heartbeat(&mut self, follower: u32, at: Time, input: Input<'static>) {
        let (shard, position) = self.places[follower as usize];
        self.open[shard as usize].heartbeats[position as usize].push((at, input));
        self.entries += 1;
    }

    /// Whether enough is collected for a window.
    pub(in crate::sim) fn is_full(&self) -> bool {
        // arrivals that are carried over are visited again: they must not be most of the work
        self.entries >= self.entries_max.max(self.carried)
    }

    /// Hands the window to the shards. Everything before the horizon must have been added.
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
        let buffers = Arc::try_unwrap(std::mem::take(&mut self.handed_over)).unwrap_or_default();
        let rows = Arc::new(self.rows.take(buffers, horizon, &renumbered));
        self.handed_over = Arc::clone(&rows);
        let before = std::mem::replace(&mut self.renumbered, renumbered.into());
        self.latest = latest;
        self.entries = 0;
        self.carried = self.latest.len() * self.places.len();
        for (open, place) in self.open.iter_mut().zip(&mut self.shards) {
            open.horizon = horizon;
            open.broadcasts = Arc::clone(&broadcasts);
            open.summaries = Arc::clone(&summaries);
            open.renumbered = Arc::clone(&before);
            open.rows = Arc::clone(&rows);
            place.work_on(open);
        }
    }

    /// Whether all followers are idle and display nothing at the horizon of the last window. Waits for all shards.
    pub(in crate::sim) fn is_idle(&mut self) -> bool {
        self.shards.iter_mut().all(ShardHost::is_idle)
    }

    /// The results of all shards, and whether a rate limit refused a request. Waits for all shards.
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
    /// An empty window for this many followers.
    fn of(followers: usize) -> Window {
        Window {
            heartbeats: vec![Vec::new(); followers],
            arrivals: vec![VecDeque::new(); followers],
            ..Window::default()
        }
    }
}

impl<'s> ShardHost<'s> {
    /// Starts a thread for a shard.
    fn on_thread(mut shard: Shard<'s>, scope: &'s Scope<'s, '_>) -> ShardHost<'s> {
        /// Windows that may wait for the thread.
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

    /// Whether all followers are idle, once all windows sent are replayed.
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
