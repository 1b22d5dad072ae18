//! The display of an instance over time.

use crate::cell::Cell;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use std::collections::BTreeMap;

/// The instances of a cell before its first event.
pub(super) fn instances(cell: &Cell) -> Vec<Instance> {
    (0..cell.federation.instances.len()).map(|id| cell.instance(InstanceId::at(id))).collect()
}

/// The numbers below a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// How many watch it.
    Viewers,
    /// How often it was viewed.
    Views,
}

/// A number below a video.
pub(super) type Shown = (VideoId, Counter);

/// All numbers that an instance displays but zeros.
pub(super) fn displays(instance: &Instance) -> impl Iterator<Item = (Shown, u64)> + '_ {
    let viewers = instance.displays().map(|(video, count)| ((video, Counter::Viewers), count));
    let views = instance.all_displayed_views();
    viewers.chain(views.map(|(video, count)| ((video, Counter::Views), u64::from(count))))
}

/// A number that an instance displays.
pub(super) fn displayed(instance: &Instance, (video, counter): Shown) -> u64 {
    match counter {
        Counter::Viewers => instance.displayed(video),
        Counter::Views => u64::from(instance.displayed_views(video)),
    }
}

/// What one instance displays over time: zeros from T0 on, until it is noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DisplayHistory {
    /// By what it ever displays: each count and the time from which it is displayed, in order.
    steps: BTreeMap<Shown, Vec<(Time, u64)>>,
}

/// The steps of what is always 0.
const NO_STEPS: [(Time, u64); 1] = [(Time::ZERO, 0)];

impl DisplayHistory {
    /// All that is ever more than 0.
    pub(super) fn all(&self) -> impl Iterator<Item = Shown> + '_ {
        self.steps.keys().copied()
    }

    /// Notes what an instance displays from a time on.
    pub(super) fn note(&mut self, at: Time, instance: &Instance) {
        for (shown, _) in displays(instance) {
            self.steps.entry(shown).or_insert_with(|| NO_STEPS.to_vec());
        }
        for (&shown, steps) in &mut self.steps {
            let count = displayed(instance, shown);
            if steps.last().is_some_and(|last| last.1 != count) {
                steps.push((at, count));
            }
        }
    }

    /// The counts displayed at any time from `from` to `until`, both included.
    pub(super) fn shown(&self, what: Shown, from: Time, until: Time) -> impl Iterator<Item = u64> + '_ {
        let steps = self.steps.get(&what).map_or(&NO_STEPS[..], Vec::as_slice);
        let first = steps.partition_point(|step| step.0 < from).saturating_sub(1);
        let end = steps.partition_point(|step| step.0 <= until);
        steps[first..end.max(first + 1)].iter().map(|step| step.1)
    }

    /// Whether a count is displayed at any time within a margin of a time.
    pub(super) fn shows(&self, what: Shown, at: Time, margin: Span, count: u64) -> bool {
        self.shown(what, at.before(margin), at + margin).any(|shown| shown == count)
    }
}
