//! The connections of strangers: so many are served at once, as many more wait, and the oldest makes room.
//!
//! Whoever sends a request at once has its answer long before its place is needed. Who holds a connection for longer than a
//! second loses it when somebody waits. Nobody is pushed out earlier: a crowd that comes again at once would only come
//! again faster. The run's own connections take no place (`own`).

use super::clock::machine_now;
use super::refusals::Refusals;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A connection is served for so long, whoever waits.
pub(super) const AGE_MIN: Duration = Duration::from_secs(1);

/// The places of the servers of one column.
#[derive(Debug)]
pub(super) struct Places {
    count_max: usize,
    /// A connection is served for so long, whoever waits.
    age_min: Duration,
    /// Free places; who waits for one gets it in the order of coming.
    served: Arc<Semaphore>,
    /// Room for who is served or waits.
    room: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

/// The connections that are served and were not told to end, in the order in which they came to be.
#[derive(Debug, Default)]
struct Taken {
    connections: BTreeMap<u64, Served>,
    next: u64,
}

#[derive(Debug)]
struct Served {
    since: Instant,
    /// When it is dropped, the connection ends.
    _keeps: Sender<()>,
}

/// A place that is taken; it is free again when this is dropped.
struct Place<'a> {
    places: &'a Places,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// So many places, and room for as many to wait.
    pub(super) fn new(count_max: usize, age_min: Duration) -> Places {
        Places {
            count_max,
            age_min,
            served: Arc::new(Semaphore::new(count_max)),
            room: Arc::new(Semaphore::new(2 * count_max)),
            taken: Mutex::default(),
        }
    }

    /// Room for one more to wait; none if too many do.
    pub(super) fn admit(&self, refusals: &Refusals) -> Option<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok();
        if room.is_none() {
            let count_max = self.count_max;
            refusals.count("connections_too_many", || format!("{count_max} of strangers wait already"));
        }
        room
    }

    /// Serves a connection that was admitted as soon as there is a place for it, until it ends or another one needs its place.
    pub(super) async fn seat(
        &self,
        _room: OwnedSemaphorePermit,
        refusals: &Refusals,
        connection: impl Future<Output = ()>,
    ) {
        let Some((_place, pushed_out)) = self.enter().await else { return };
        tokio::select! {
            biased;
            _ = pushed_out => refusals.count("connections_pushed_out", || "others wait".to_owned()),
            () = connection => {}
        }
    }

    /// Waits for a place; there always is one in the end.
    async fn enter(&self) -> Option<(Place<'_>, Receiver<()>)> {
        if let Ok(permit) = Arc::clone(&self.served).try_acquire_owned() {
            return Some(self.take(permit));
        }
        let free = Arc::clone(&self.served).acquire_owned();
        tokio::pin!(free);
        while let Some(time) = self.push_out_oldest() {
            tokio::select! {
                permit = &mut free => return Some(self.take(permit.ok()?)),
                () = tokio::time::sleep(time) => {}
            }
        }
        Some(self.take(free.await.ok()?))
    }

    fn take(&self, permit: OwnedSemaphorePermit) -> (Place<'_>, Receiver<()>) {
        let (keeps, pushed_out) = channel();
        let mut taken = self.lock();
        let number = taken.next;
        taken.next += 1;
        taken.connections.insert(number, Served { since: machine_now(), _keeps: keeps });
        (Place { places: self, number, _permit: permit }, pushed_out)
    }

    /// Tells the oldest connection to end; if it is too young, how long it may still stay.
    fn push_out_oldest(&self) -> Option<Duration> {
        let mut taken = self.lock();
        let oldest = taken.connections.first_entry().map(|oldest| oldest.get().since.elapsed());
        let age = oldest.unwrap_or_default();
        let still = self.age_min.checked_sub(age).filter(|still| !still.is_zero());
        if still.is_none() {
            taken.connections.pop_first();
        }
        still
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.lock().connections.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn the_oldest_makes_room_once_it_has_had_its_time() {
        const AGE_MIN: Duration = Duration::from_millis(400);
        let (places, refusals) = (Arc::new(Places::new(2, AGE_MIN)), Arc::new(Refusals::default()));
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let (places, refusals) = (Arc::clone(&places), Arc::clone(&refusals));
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                let forever = async {
                    begun.fetch_add(1, Ordering::Relaxed);
                    std::future::pending().await
                };
                if let Some(room) = places.admit(&refusals) {
                    places.seat(room, &refusals, forever).await;
                }
            });
        }
        let count = |reason: &str| refusals.counts().get(reason).map_or(0, |reason| reason.count);
        tokio::time::sleep(AGE_MIN / 2).await;
        assert_eq!(begun.load(Ordering::Relaxed), 2);
        assert_eq!((count("connections_too_many"), count("connections_pushed_out")), (1, 0));
        tokio::time::sleep(AGE_MIN).await;
        assert_eq!((begun.load(Ordering::Relaxed), count("connections_pushed_out")), (4, 2));
        tokio::time::sleep(AGE_MIN).await;
        assert_eq!(count("connections_pushed_out"), 2, "nobody waits any more");
    }
}
