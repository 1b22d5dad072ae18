//! The federation of the tests of metrics.

use crate::domain::federation::{Capacity, Federation, Instance as Member, Video};
use crate::domain::protocol::Rules;
use crate::domain::receiving::Receiving;
use crate::foundation::ids::{InstanceId, ListingId};
use std::collections::BTreeMap;

pub(super) const ORIGIN: InstanceId = InstanceId(0);
pub(super) const WITH_VIEWERS: InstanceId = InstanceId(1);
pub(super) const WITHOUT_VIEWERS: InstanceId = InstanceId(2);
pub(super) const NOT_PEERTUBE: InstanceId = InstanceId(3);

/// One video, its origin and a follower of each kind.
pub(super) fn federation() -> Federation {
    let member = |number: u32| Member {
        name: number.to_string(),
        url: String::new(),
        rules: Rules::preset("v2").expect("a preset"),
        host: InstanceId(number),
        is_peertube: InstanceId(number) != NOT_PEERTUBE,
        region: 0,
        capacity: Capacity::default(),
        receiving: Receiving::AT_ONCE,
        follows_as: Default::default(),
    };
    Federation::new(
        (0..4).map(member).collect(),
        [Video { name: String::new(), origin: ORIGIN, length: None, listing: ListingId(0) }],
        BTreeMap::from([(ORIGIN, vec![WITH_VIEWERS, WITHOUT_VIEWERS, NOT_PEERTUBE])]),
    )
}
