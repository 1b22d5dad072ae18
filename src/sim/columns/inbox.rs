//! An inbox queue as a recursion: one thing at a time, first come first served, each for the same time.
//!
//! Work on an activity begins when it has come or when the one before is done, whichever is later (Lindley 1952). Nothing here
//! knows what an activity says.

use super::replay::Parcel;
use crate::event::Lane;
use crate::metrics::delivery::QueueRow;
use crate::observe::QueueName;
use crate::words::units::{Span, Time};
use std::collections::VecDeque;

#[derive(Default)]
pub(super) struct InboxLane {
    /// When it has done all that came so far.
    free: Time,
    /// Work that begins before the next sample: on how many activities since the one before, how long they had waited
    /// together, and when the last of it began.
    started: u64,
    waited_ns: u64,
    begun: Option<Time>,
    /// When activities came and when work on them begins, from the next sample on.
    tasks: VecDeque<(Time, Time)>,
    /// What is done at the horizon or later.
    pub(super) to_be_done: VecDeque<(Time, Parcel)>,
}

impl InboxLane {
    /// Something comes that takes so long: when it begins, and when it is done.
    pub(super) fn queue(&mut self, came: Time, work: Span, next_sample: Time) -> (Time, Time) {
        let begins = came.max(self.free);
        // an inbox that is busy beyond every run stays so
        self.free = Time::from_ns(begins.ns().saturating_add(work.ns()));
        if begins < next_sample {
            self.begin(came, begins);
        } else {
            self.tasks.push_back((came, begins));
        }
        (begins, self.free)
    }

    /// Work begins before the next sample.
    fn begin(&mut self, came: Time, begins: Time) {
        self.started += 1;
        self.waited_ns = self.waited_ns.saturating_add(begins.since(came).ns());
        self.begun = Some(begins);
    }

    /// The queue as a sample finds it: what comes, begins or is done at that very instant has not yet.
    pub(super) fn sample(&mut self, at: Time, work: Span, next: Time) -> QueueRow {
        let (started, waited_ns) = (std::mem::take(&mut self.started), std::mem::take(&mut self.waited_ns));
        let is_at_work = |begun: Time| work > Span::ZERO && begun + work >= at;
        let running = u64::from(self.begun.is_some_and(is_at_work));
        let waiting = self.tasks.partition_point(|task| task.0 < at) as u64;
        let oldest = self.tasks.front().filter(|_| waiting > 0).map(|task| at.since(task.0));
        while let Some((came, begins)) = self.tasks.pop_front_if(|task| task.1 < next) {
            self.begin(came, begins);
        }
        QueueRow {
            at_ns: at.ns(),
            instance: 0,
            queue: QueueName::Lane(Lane::Inbox),
            waiting,
            running,
            oldest_ns: oldest.unwrap_or_default().ns(),
            started,
            waited_ns,
        }
    }
}
