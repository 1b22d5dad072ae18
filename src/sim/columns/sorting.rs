//! Sorting what an inbox received by time: mostly a counting sort, for arrivals are spread evenly as a rule.

use super::parcel::{Parcel, Received};
use crate::foundation::units::Time;

/// Room for sorting by time.
#[derive(Default)]
pub(super) struct Sorting {
    /// By cell of time: how many lie before it.
    before: Vec<u32>,
    sorted: Vec<Received>,
}

impl Sorting {
    /// In order of time; what comes at one instant, in the order that the model gives it.
    pub(super) fn sort(&mut self, received: &mut Vec<Received>, parcels: &[Parcel]) {
        const FEW: usize = 64;
        if received.len() <= FEW || !self.spread(received) {
            received.sort_unstable_by_key(|received| received.at);
        }
        // now each is a few places from its own, if not there
        for number in 1..received.len() {
            let mut place = number;
            while place > 0 && is_before(&received[place], &received[place - 1], parcels) {
                received.swap(place - 1, place);
                place -= 1;
            }
        }
    }

    /// Arrivals are spread evenly as a rule: a counting sort into as many cells of time as there are arrivals, or twice as
    /// many, leaves a few to each. Returns false, and has done nothing, where some cell would get many.
    fn spread(&mut self, received: &mut Vec<Received>) -> bool {
        const MOST: u32 = 24;
        let at = |received: &Received| received.at.ns();
        let (first, last) = received
            .iter()
            .fold((u64::MAX, 0), |(first, last), received| (first.min(at(received)), last.max(at(received))));
        let cells = 2 * received.len().next_power_of_two();
        let shift = (u64::BITS - (last - first).leading_zeros()).saturating_sub(cells.trailing_zeros());
        let cell = |received: &Received| ((at(received) - first) >> shift) as usize;
        let before = &mut self.before;
        before.clear();
        before.resize(cells, 0);
        let mut most = 0;
        for received in &*received {
            let count = &mut before[cell(received)];
            *count += 1;
            most = most.max(*count);
        }
        if most > MOST {
            return false;
        }
        let mut sum = 0;
        for count in &mut *before {
            sum += std::mem::replace(count, sum);
        }
        if self.sorted.len() < received.len() {
            self.sorted.resize(received.len(), Received { at: Time::ZERO, parcel: 0 });
        }
        for received in &*received {
            let place = &mut before[cell(received)];
            self.sorted[*place as usize] = *received;
            *place += 1;
        }
        self.sorted.truncate(received.len());
        std::mem::swap(received, &mut self.sorted);
        true
    }
}

fn is_before(one: &Received, other: &Received, parcels: &[Parcel]) -> bool {
    let order = |received: &Received| parcels[received.parcel as usize].order;
    one.at < other.at || one.at == other.at && order(one) < order(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::ids::{InstanceId, VideoId};
    use crate::mechanism::activity::{Activity, Form, Kind, Stamp, Subject};
    use crate::mechanism::pending::Key;
    use proptest::prelude::*;

    /// A parcel that comes at its number's place among what comes at one instant.
    fn parcel(number: u32) -> Parcel {
        let (video, author) = (VideoId(0), InstanceId(0));
        let activity = Activity {
            video,
            author,
            subject: Subject::Total,
            result: None,
            built: Time::ZERO,
            expires: None,
            stamp: Stamp::default(),
            form: Form::V61,
        };
        let order = Key { of_model: 0, copy: u64::from(number) };
        Parcel { activity, kind: Kind::Total, from: author, authored: Time::ZERO, has_events: false, order }
    }

    proptest! {
        /// Spread or crowded, with ties or without: by time, then by the model's order.
        #[test]
        fn received_is_sorted(
            at in proptest::collection::vec(0u64..400, 0..300),
            scale in prop::sample::select(vec![1u64, 1_000, 1 << 40]),
            outlier in prop::sample::select(vec![0u64, u64::MAX / 2]),
        ) {
            let all = at.iter().map(|at| at * scale).chain([outlier]);
            let mut received: Vec<_> =
                (0..).zip(all).map(|(parcel, ns)| Received { at: Time::from_ns(ns), parcel }).collect();
            let parcels: Vec<_> = (0..received.len() as u32).rev().map(parcel).collect();
            let mut expected: Vec<_> = received.iter().map(|r| (r.at, std::cmp::Reverse(r.parcel))).collect();
            expected.sort_unstable();
            Sorting::default().sort(&mut received, &parcels);
            let sorted: Vec<_> = received.iter().map(|r| (r.at, std::cmp::Reverse(r.parcel))).collect();
            prop_assert_eq!(sorted, expected);
        }
    }
}
