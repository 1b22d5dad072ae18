//! Batches: the totals of one tick for the same inboxes are one activity, where the rules say so.
//!
//! Who gets a total is the driver's to know; here is which totals go together.

use crate::foundation::ids::InstanceId;
use crate::mechanism::activity::Activity;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The inboxes of a send.
type List = Arc<[InstanceId]>;

/// The totals of a tick, each with its inboxes, as batches: every inbox gets one, of all totals for it, and all inboxes with the same totals get
/// the same one. Inboxes are in ascending order, and totals in the order given.
pub fn batches(totals: &[(Activity, List)]) -> Vec<(Vec<Activity>, List)> {
    // the lists are few, where totals are many
    let mut by_list: BTreeMap<&List, Vec<usize>> = BTreeMap::new();
    for (place, (_, list)) in totals.iter().enumerate() {
        by_list.entry(list).or_default().push(place);
    }
    let mut lists_of: BTreeMap<InstanceId, Vec<&List>> = BTreeMap::new();
    for list in by_list.keys() {
        list.iter().for_each(|&inbox| lists_of.entry(inbox).or_default().push(list));
    }
    let mut together: BTreeMap<Vec<&List>, Vec<InstanceId>> = BTreeMap::new();
    for (inbox, lists) in lists_of {
        together.entry(lists).or_default().push(inbox);
    }
    let batch = |(lists, inboxes): (Vec<&List>, Vec<InstanceId>)| {
        let mut places: Vec<usize> = lists.iter().flat_map(|list| by_list[list].iter().copied()).collect();
        places.sort_unstable();
        (places.into_iter().map(|place| totals[place].0).collect(), inboxes.into())
    };
    together.into_iter().map(batch).collect()
}
