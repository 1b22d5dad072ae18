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
    /// By the address of the whole list, which the split keeps alive.
    splits: BTreeMap<usize, Split>,
    /// Destinations in both.
    destinations: usize,
}

impl Routes {
    /// The route of a letter about something so listed to these inboxes.
    pub(super) fn find(
        &self,
        letter: &Letter,
        (listing, is_own): (ListingId, bool),
        to: &Arc<[InstanceId]>,
    ) -> Option<Arc<Route>> {
        let Letter { from, kind, form, persistence, body_bytes, .. } = *letter;
        let alike = self.routes.get(&(from, listing, is_own, kind, form, persistence, body_bytes))?;
        let is_it = |route: &&Arc<Route>| Arc::ptr_eq(&route.to, to) || route.to == *to;
        alike.iter().rev().find(is_it).cloned()
    }

    /// Remembers a route.
    pub(super) fn add(&mut self, route: &Arc<Route>) {
        self.make_room(route.to.len());
        let Route { from, listing, is_own, kind, form, persistence, body_bytes, .. } = **route;
        let key = (from, listing, is_own, kind, form, persistence, body_bytes);
        self.routes.entry(key).or_default().push(Arc::clone(route));
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
