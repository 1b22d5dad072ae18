//! The routes and splits of inbox lists that are remembered for later jobs. A job keeps its own route.
//!
//! When they hold too many destinations all are forgotten, and made again when they are needed.

use crate::event::Letter;
use crate::foundation::ids::{InstanceId, ListingId};
use crate::mechanism::activity::{Form, Kind};
use crate::mechanism::wire::Persistence;
use crate::sim::route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Destinations that are remembered at most, in routes and in splits.
const DESTINATIONS_MAX: usize = 1 << 22;

/// What tells routes to the same inboxes apart: the sender, what its messages are about and whether it owns that, their kind, form,
/// persistence and size.
type Key = (InstanceId, ListingId, bool, Kind, Form, Persistence, u32);

/// A list of inboxes, its uncontended receivers, and the others.
type Split = [Arc<[InstanceId]>; 3];

/// What is remembered.
#[derive(Default)]
pub(super) struct Routes {
    routes: BTreeMap<Key, Vec<Arc<Route>>>,
    /// By sender and kind, the route that was found last: mostly it is asked for again.
    recent: Vec<Option<Arc<Route>>>,
    /// By the address of the whole list, which the split keeps alive.
    splits: BTreeMap<usize, Split>,
    /// Destinations in both.
    destinations: usize,
}

impl Routes {
    /// The route of a letter about something so listed to these inboxes.
    pub(super) fn find(
        &mut self,
        letter: &Letter,
        (listing, is_own): (ListingId, bool),
        to: &Arc<[InstanceId]>,
    ) -> Option<Arc<Route>> {
        let Letter { from, kind, form, persistence, body_bytes, .. } = *letter;
        let key = (from, listing, is_own, kind, form, persistence, body_bytes);
        let place = from.index() * Kind::ALL.len() + kind as usize;
        if let Some(Some(recent)) = self.recent.get(place)
            && Arc::ptr_eq(&recent.to, to)
            && key_of(recent) == key
        {
            return Some(Arc::clone(recent));
        }
        let is_it = |route: &&Arc<Route>| Arc::ptr_eq(&route.to, to) || route.to == *to;
        let found = self.routes.get(&key)?.iter().rev().find(is_it)?;
        if self.recent.len() <= place {
            self.recent.resize(place + 1, None);
        }
        self.recent[place] = Some(Arc::clone(found));
        Some(Arc::clone(found))
    }

    /// Remembers a route.
    pub(super) fn add(&mut self, route: &Arc<Route>) {
        self.make_room(route.to.len());
        self.routes.entry(key_of(route)).or_default().push(Arc::clone(route));
    }

    /// The split of a list: its uncontended receivers, and the others.
    pub(super) fn split(
        &mut self,
        list: &Arc<[InstanceId]>,
        is_uncontended: impl Fn(InstanceId) -> bool,
    ) -> [Arc<[InstanceId]>; 2] {
        let address = list.as_ptr().addr();
        if !self.splits.contains_key(&address) {
            self.make_room(2 * list.len());
            let (uncontended, others): (Vec<_>, Vec<_>) = list.iter().partition(|&&id| is_uncontended(id));
            self.splits.insert(address, [Arc::clone(list), uncontended.into(), others.into()]);
        }
        let [_, uncontended, others] = &self.splits[&address];
        [Arc::clone(uncontended), Arc::clone(others)]
    }

    fn make_room(&mut self, destinations: usize) {
        if self.destinations + destinations > DESTINATIONS_MAX {
            *self = Routes::default();
        }
        self.destinations += destinations;
    }
}

fn key_of(route: &Route) -> Key {
    let Route { from, listing, is_own, kind, form, persistence, body_bytes, .. } = *route;
    (from, listing, is_own, kind, form, persistence, body_bytes)
}
