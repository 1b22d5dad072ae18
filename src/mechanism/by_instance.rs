//! Something about each of some instances, such as those that one instance sends to: looked up for every message.
//!
//! Only instances that were asked for take memory: in a federation of n there may be n such tables.

use crate::foundation::ids::InstanceId;

/// Values by instance.
#[derive(Clone, Debug)]
pub struct ByInstance<T> {
    /// In ascending order, with the places of their values.
    places: Vec<(InstanceId, u32)>,
    /// In the order in which they came, so that a newcomer moves none.
    values: Vec<T>,
}

impl<T> ByInstance<T> {
    /// The value of an instance, if it has one.
    pub fn get(&self, id: InstanceId) -> Option<&T> {
        let at = self.position(id).ok()?;
        Some(&self.values[self.places[at].1 as usize])
    }

    /// The value of an instance, if it has one.
    pub fn get_mut(&mut self, id: InstanceId) -> Option<&mut T> {
        let at = self.position(id).ok()?;
        Some(&mut self.values[self.places[at].1 as usize])
    }

    /// The value of an instance; that of a newcomer is made.
    pub fn get_or_insert_with(&mut self, id: InstanceId, make: impl FnOnce() -> T) -> &mut T {
        let at = self.position(id).unwrap_or_else(|at| {
            let place = u32::try_from(self.values.len()).expect("there are fewer instances");
            self.places.insert(at, (id, place));
            self.values.push(make());
            at
        });
        &mut self.values[self.places[at].1 as usize]
    }

    /// All values, in the order of the instances.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &T)> {
        self.places.iter().map(|&(id, place)| (id, &self.values[place as usize]))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.places.clear();
        self.values.clear();
    }

    /// Where an instance is in `places`, or would be.
    fn position(&self, id: InstanceId) -> Result<usize, usize> {
        // Followers are mostly numbered one after the other.
        let from_first = self.places.first().map_or(0, |first| id.0.wrapping_sub(first.0.0)) as usize;
        if self.places.get(from_first).is_some_and(|place| place.0 == id) {
            return Ok(from_first);
        }
        self.places.binary_search_by_key(&id, |place| place.0)
    }
}

impl<T> Default for ByInstance<T> {
    fn default() -> Self {
        ByInstance { places: Vec::new(), values: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(adds in proptest::collection::vec((0u32..40, 0u32..9), 0..200)) {
            let (mut found, mut expected) = (ByInstance::default(), BTreeMap::new());
            for (id, number) in adds.into_iter().map(|(id, number)| (InstanceId(id), number)) {
                prop_assert_eq!(found.get_mut(id), expected.get_mut(&id));
                *found.get_or_insert_with(id, || 1) += number;
                *expected.entry(id).or_insert(1) += number;
            }
            prop_assert!(found.iter().eq(expected.iter().map(|(&id, number)| (id, number))));
            found.clear();
            prop_assert_eq!(found.get_mut(InstanceId(0)), None);
        }
    }
}
