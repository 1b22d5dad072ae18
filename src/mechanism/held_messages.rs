//! What half-open circuit breakers of one sender hold back: messages, which ask their breaker again when a time has come.
//!
//! Those that ask at one instant do so together, in the order of their keys: what a destination is asked costs once, however
//! many messages wait for it. What a breaker answers is not known here.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::pending::Key;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The messages that are held, by destination and by the instant at which they ask again.
#[derive(Clone, Debug)]
pub struct HeldMessages<T> {
    groups: BTreeMap<(InstanceId, Time), Group<T>>,
}

/// Messages that ask together, in their order.
pub type Group<T> = BTreeMap<Key, T>;

impl<T> HeldMessages<T> {
    /// Nothing is held.
    pub fn new() -> HeldMessages<T> {
        HeldMessages { groups: BTreeMap::new() }
    }

    /// A group waits until an instant. Returns whether no other did until then.
    ///
    /// # Panics
    /// If something with the key of one of its messages waits until then: a bug of ours.
    pub fn hold(&mut self, to: InstanceId, until: Time, mut group: Group<T>) -> bool {
        match self.groups.entry((to, until)) {
            Entry::Vacant(entry) => {
                entry.insert(group);
                true
            }
            Entry::Occupied(mut entry) => {
                let held = entry.get_mut();
                if held.len() < group.len() {
                    std::mem::swap(held, &mut group);
                }
                let together = held.len() + group.len();
                held.extend(group);
                assert_eq!(held.len(), together, "no two messages to {to:?} have one key");
                false
            }
        }
    }

    /// Takes what has waited until an instant.
    pub fn take(&mut self, to: InstanceId, until: Time) -> Group<T> {
        self.groups.remove(&(to, until)).unwrap_or_default()
    }
}

impl<T> Default for HeldMessages<T> {
    fn default() -> HeldMessages<T> {
        HeldMessages::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    #[test]
    fn what_asks_at_one_instant_asks_in_its_order() {
        let mut held = HeldMessages::new();
        let at = Time::from_ms;
        let group =
            |keys: &[u64]| keys.iter().map(|&copy| (Key { of_model: 0, copy }, copy)).collect::<Group<_>>();
        assert!(held.hold(A, at(5), group(&[3])));
        // a smaller and a larger group join it
        assert!(!held.hold(A, at(5), group(&[1])));
        assert!(!held.hold(A, at(5), group(&[5, 2, 4])));
        assert!(held.hold(A, at(6), group(&[9])) && held.hold(B, at(5), group(&[8])));
        assert!(held.take(A, at(5)).into_values().eq([1, 2, 3, 4, 5]));
        assert!(held.take(A, at(5)).is_empty());
        assert!(held.take(A, at(6)).into_values().eq([9]) && held.take(B, at(5)).into_values().eq([8]));
    }
}
