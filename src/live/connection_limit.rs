//! The limit on connections of strangers: at most N are served at once, at most N more wait for a place.
//!
//! While somebody waits, the oldest connection ends once it is `age_min` old. It ends no earlier, because clients that
//! connect anew at once would only connect more often. Own connections need no place (`own_sockets`).

use super::clock::machine_now;
use super::refusals::Refusals;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A connection is served at least so long.
pub(super) const AGE_MIN: Duration = Duration::from_secs(1);

/// The places for connections to the servers of one cell.
#[derive(Debug)]
pub(super) struct ConnectionLimit {
    count_max: usize,
    /// A connection is served at least so long.
    age_min: Duration,
    /// Free places. Who waits gets one in the order of coming.
    places: Arc<Semaphore>,
    /// Room to be served or to wait.
    room: Arc<Semaphore>,
    served: Mutex<Served>,
}

/// The connections that are served and have not been told to end, the oldest first.
#[derive(Debug, Default)]
struct Served {
    connections: BTreeMap<u64, Place>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    since: Instant,
    /// The connection ends when this is dropped.
    _keeps: Sender<()>,
}

/// Holds a place. It is free again when this is dropped.
struct PlaceGuard<'a> {
    limit: &'a ConnectionLimit,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimit {
    /// A limit of `count_max` served connections, and as many that wait.
    pub(super) fn new(count_max: usize, age_min: Duration) -> ConnectionLimit {
        ConnectionLimit {
            count_max,
            age_min,
            places: Arc::new(Semaphore::new(count_max)),
            room: Arc::new(Semaphore::new(2 * count_max)),
            served: Mutex::default(),
        }
    }

    /// Room for one more connection. None if too many wait.
    pub(super) fn admit(&self, refusals: &Refusals) -> Option<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.room).try_acquire_owned().ok();
        if room.is_none() {
            let count_max = self.count_max;
            refusals.count("connections_too_many", || format!("{count_max} of strangers wait already"));
        }
        room
    }

    /// Serves an admitted connection as soon as there is a place, until it ends or another one needs the place.
    pub(super) async fn serve(
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

    /// Waits for a place. None only if the semaphore is closed, which never happens.
    async fn enter(&self) -> Option<(PlaceGuard<'_>, Receiver<()>)> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(self.take(permit));
        }
        let free = Arc::clone(&self.places).acquire_owned();
        tokio::pin!(free);
        while let Some(time) = self.push_out_oldest() {
            tokio::select! {
                permit = &mut free => return Some(self.take(permit.ok()?)),
                () = tokio::time::sleep(time) => {}
            }
        }
        Some(self.take(free.await.ok()?))
    }

    fn take(&self, permit: OwnedSemaphorePermit) -> (PlaceGuard<'_>, Receiver<()>) {
        let (keeps, pushed_out) = channel();
        let mut served = self.lock();
        let number = served.next;
        served.next += 1;
        served.connections.insert(number, Place { since: machine_now(), _keeps: keeps });
        (PlaceGuard { limit: self, number, _permit: permit }, pushed_out)
    }

    /// Tells the oldest connection to end. Returns how long it may still stay if it is younger than `age_min`.
    fn push_out_oldest(&self) -> Option<Duration> {
        let mut served = self.lock();
        let oldest = served.connections.first_entry().map(|oldest| oldest.get().since.elapsed());
        let age = oldest.unwrap_or_default();
        let still = self.age_min.checked_sub(age).filter(|still| !still.is_zero());
        if still.is_none() {
            served.connections.pop_first();
        }
        still
    }

    fn lock(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PlaceGuard<'_> {
    fn drop(&mut self) {
        self.limit.lock().connections.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn the_oldest_makes_room_once_it_has_had_its_time() {
        const AGE_MIN: Duration = Duration::from_millis(400);
        let (limit, refusals) = (Arc::new(ConnectionLimit::new(2, AGE_MIN)), Arc::new(Refusals::default()));
        let begun = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let (limit, refusals) = (Arc::clone(&limit), Arc::clone(&refusals));
            let begun = Arc::clone(&begun);
            tokio::spawn(async move {
                let forever = async {
                    begun.fetch_add(1, Ordering::Relaxed);
                    std::future::pending().await
                };
                if let Some(room) = limit.admit(&refusals) {
                    limit.serve(room, &refusals, forever).await;
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
