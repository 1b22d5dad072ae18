//! An inbox queue as a recursion: one thing at a time, first come first served, each for the same time.
//!
//! Work on an activity begins when it has come or when the one before is done, whichever is later (Lindley 1952). Nothing here
//! knows what an activity says.

use super::broadcast::Broadcast;
use crate::event::Lane;
use crate::foundation::units::{Span, Time};
use crate::metrics::delivery::QueueRow;
use crate::observe::QueueName;
use std::collections::VecDeque;

#[derive(Default)]
pub(in crate::sim) struct InboxLane {
    /// When it has done all that came so far.
    free: Time,
    /// Work that begins before the next sample.
    started: Started,
    /// When activities came and when work on them begins, from the next sample on.
    tasks: VecDeque<(Time, Time)>,
    /// What is done at the horizon or later.
    pub(in crate::sim) to_be_done: VecDeque<(Time, Broadcast)>,
}

#[derive(Clone, Copy, Default)]
struct Started {
    /// On how many activities since the sample before.
    count: u64,
    /// How long they had waited together.
    waited_ns: u64,
    /// When the last of it began.
    last: Option<Time>,
}

impl Started {
    #[inline]
    fn begin(&mut self, came: Time, begins: Time) {
        self.count += 1;
        self.waited_ns = self.waited_ns.saturating_add(begins.since(came).ns());
        self.last = Some(begins);
    }
}

impl InboxLane {
    /// Activities come at these instants and take so long each: the instants become those at which they are done. Returns
    /// on how many work begins until the end.
    pub(in crate::sim) fn queue<'a>(
        &mut self,
        coming: impl Iterator<Item = &'a mut Time>,
        work: Span,
        next_sample: Time,
        end: Time,
    ) -> u64 {
        let (mut free, mut started, mut worked_on) = (self.free, self.started, 0);
        for at in coming {
            let (came, begins) = (*at, free.max(*at));
            // an inbox that is busy beyond every run stays so
            free = Time::from_ns(begins.ns().saturating_add(work.ns()));
            *at = free;
            worked_on += u64::from(begins <= end);
            if begins < next_sample {
                started.begin(came, begins);
            } else {
                self.tasks.push_back((came, begins));
            }
        }
        (self.free, self.started) = (free, started);
        worked_on
    }

    /// The queue as a sample finds it: what comes, begins or is done at that very instant has not yet.
    pub(in crate::sim) fn sample(&mut self, at: Time, work: Span, next: Time) -> QueueRow {
        let Started { count: started, waited_ns, last } = self.started;
        self.started = Started { last, ..Started::default() };
        let is_at_work = |begun: Time| work > Span::ZERO && begun + work >= at;
        let running = u64::from(last.is_some_and(is_at_work));
        let waiting = self.tasks.partition_point(|task| task.0 < at) as u64;
        let oldest = self.tasks.front().filter(|_| waiting > 0).map(|task| at.since(task.0));
        while let Some((came, begins)) = self.tasks.pop_front_if(|task| task.1 < next) {
            self.started.begin(came, begins);
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
