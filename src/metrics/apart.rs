//! What a driver worked out apart from the events of a run, summed up already: it joins the primaries at the end.
//!
//! The sums are those that `Collector` makes of single reports; adding both gives what it would have made of all of them.

use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::metrics::Observed;
use crate::metrics::counters::{ShownCounter, Staleness};
use crate::metrics::delays::Delays;
use crate::metrics::delivery::{Fates, QueueRow};
use crate::metrics::links::Links;
use crate::metrics::traffic::{Traffic, TrafficRow};
use std::collections::BTreeMap;

/// Sums over what was not reported.
#[derive(Clone, Debug, Default)]
pub struct Apart {
    /// Messages and bytes; several rows may be about the same.
    pub traffic: Vec<TrafficRow>,
    /// Bytes of Views of its own videos that an instance began to send, by the second of the run.
    pub origin_bytes: BTreeMap<(InstanceId, u64), u64>,
    /// What arrived from whom at whom.
    pub links: Links,
    /// How long messages took.
    pub delays: BTreeMap<Kind, DelayCounts>,
    /// What instances displayed at each sample.
    pub displayed: Vec<(VideoId, ShownCounter)>,
    /// The age of totals.
    pub staleness: Staleness,
    /// Forwarded viewers that took effect as plain views.
    pub viewers_as_plain_views: u64,
    /// How requests ended.
    pub fates: Fates,
    /// Queues at samples.
    pub queues: Vec<QueueRow>,
    /// When an `Update` took effect: of which video, where, and who sent it.
    pub update_fetches: Vec<(Time, VideoId, InstanceId, InstanceId)>,
    /// CPU time beside what the run itself counted.
    pub cpu_ns: Vec<(InstanceId, u64)>,
}

/// How often which delay came, in the classes of the histogram of `delays`.
#[derive(Clone, Debug, Default)]
pub struct DelayCounts(Vec<u64>);

/// Values below 2^11 us have a class each; above, classes are as wide as keeps their upper 11 bits apart.
const EXACT_BITS: u32 = 11;

impl DelayCounts {
    /// A message took so long.
    #[inline]
    pub fn note(&mut self, delay: Span) {
        self.note_us(delay.us());
    }

    /// Messages took so long and so many microseconds more; those of the other number never came.
    pub fn note_all(&mut self, delay: Span, more_us: &[u32], never: u32) {
        // what is more is whole microseconds
        let us = delay.us();
        more_us.iter().filter(|more| **more != never).for_each(|more| self.note_us(us + u64::from(*more)));
    }

    #[inline]
    fn note_us(&mut self, us: u64) {
        let shift = (u64::BITS - us.leading_zeros()).saturating_sub(EXACT_BITS);
        let class = ((u64::from(shift) << (EXACT_BITS - 1)) + (us >> shift)) as usize;
        if class >= self.0.len() {
            self.0.resize(class + 1, 0);
        }
        self.0[class] += 1;
    }

    /// Whether there is anything.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// A value of each class that holds something, and how many it holds.
    pub(super) fn classes(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        const HALF: usize = 1 << (EXACT_BITS - 1);
        let value = |class: usize| {
            let shift = (class / HALF).saturating_sub(1);
            ((class - shift * HALF) as u64) << shift
        };
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(move |(class, &count)| (value(class), count))
    }

    pub(super) fn add(&mut self, other: &DelayCounts) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum += count);
    }
}

impl Apart {
    /// Adds what another part of the run was worked out in.
    pub fn add(&mut self, other: Apart) {
        self.traffic.extend(other.traffic);
        for (key, bytes) in other.origin_bytes {
            *self.origin_bytes.entry(key).or_default() += bytes;
        }
        self.links.join(&other.links);
        for (kind, counts) in &other.delays {
            self.delays.entry(*kind).or_default().add(counts);
        }
        self.displayed.extend(other.displayed);
        self.staleness.sum_us += other.staleness.sum_us;
        self.staleness.count += other.staleness.count;
        self.viewers_as_plain_views += other.viewers_as_plain_views;
        self.fates.add(&other.fates);
        self.queues.extend(other.queues);
        self.update_fetches.extend(other.update_fetches);
        self.cpu_ns.extend(other.cpu_ns);
    }

    /// What sums up traffic.
    pub(super) fn join_traffic(&mut self, traffic: &mut Traffic<'_>) {
        for &(at, video, follower, origin) in &self.update_fetches {
            traffic.fetch_apart(at, video, follower, origin, &mut self.traffic);
        }
        for (&(instance, second), &bytes) in &self.origin_bytes {
            traffic.add_origin_second(instance, second, bytes);
        }
    }

    pub(super) fn join_delays(&self, delays: &mut Delays) {
        for (&kind, counts) in &self.delays {
            delays.join(kind, counts);
        }
    }

    /// The rest, into what the reports gave.
    pub(super) fn join(self, observed: &mut Observed) {
        if !self.traffic.is_empty() {
            observed.traffic.extend(self.traffic);
            observed.traffic.sort_by_key(TrafficRow::place);
            observed.traffic.dedup_by(|next, kept| {
                let is_same = next.place() == kept.place();
                if is_same {
                    kept.sums.add(&next.sums);
                }
                is_same
            });
        }
        for (video, shown) in self.displayed {
            // the origin comes first, the followers behind it in ascending order
            let followers = &mut observed.counters.videos[video.index()].shown[1..];
            let at = followers.binary_search_by_key(&shown.instance, |found| found.instance);
            followers[at.expect("a follower that shows the video")] = shown;
        }
        observed.staleness.sum_us += self.staleness.sum_us;
        observed.staleness.count += self.staleness.count;
        observed.delivery.fates.add(&self.fates);
        if !self.queues.is_empty() {
            observed.delivery.queues.extend(self.queues);
            observed.delivery.queues.sort_by_key(|row| (row.at_ns, row.instance, row.queue));
        }
        for (instance, cpu_ns) in self.cpu_ns {
            observed.delivery.busy[instance.index()].cpu_ns += cpu_ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    proptest! {
        /// Every value is in a class whose value the histogram cannot tell from it.
        #[test]
        fn classes_are_those_of_the_histogram(bits in 0u32..50, low in any::<u64>()) {
            let us = low >> (63 - bits);
            let mut counts = DelayCounts::default();
            counts.note(Span::from_us(us.min(u64::MAX / 1_000)));
            let (value, count) = counts.classes().next().expect("one value");
            let histogram = Histogram::<u64>::new(3).expect("three digits");
            let us = us.min(u64::MAX / 1_000);
            prop_assert!(count == 1 && histogram.equivalent(value, us), "{value} {us}");
        }
    }
}
