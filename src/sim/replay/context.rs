//! What replays of followers share: a window's bounds, and where results go.

use super::counted::Counted;
use crate::cell::Cell;
use crate::event::Lane;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::mechanism::lindley::LindleySample;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::delays::DelayCounts;
use crate::metrics::delivery::QueueRow;
use crate::observe::QueueName;

/// What is the same for all followers of a shard in one window.
pub(in crate::sim) struct Context<'c> {
    /// The replay goes up to this instant.
    pub(in crate::sim) horizon: Time,
    /// The end of the run.
    pub(in crate::sim) end: Time,
    /// Service time of the inbox queue, if there is one.
    pub(in crate::sim) inbox: Option<Span>,
    /// From the arrival of a request to its inbox queue.
    pub(in crate::sim) verify: Span,
    /// The jobs that are counted instead of replayed.
    pub(in crate::sim) counted: &'c Counted,
}

/// Where a replay writes its results.
pub(in crate::sim) struct Output<'n> {
    pub(in crate::sim) cell: &'n Cell,
    pub(in crate::sim) aggregates: &'n mut Aggregates,
    pub(in crate::sim) delays: &'n mut [DelayCounts; Kind::ALL.len()],
}

impl Output<'_> {
    /// Notes an inbox queue of a follower at a sample, if there was anything in it.
    pub(in crate::sim) fn note_queue(
        &mut self,
        at: Time,
        of: InstanceId,
        lane: Lane,
        sample: &LindleySample,
    ) {
        let LindleySample { waiting, running, oldest, started, waited_ns } = *sample;
        if waiting + running + started > 0 {
            self.aggregates.queues.push(QueueRow {
                at_ns: at.ns(),
                instance: of.0,
                queue: QueueName::Lane(lane),
                waiting,
                running,
                oldest_ns: oldest.ns(),
                started,
                waited_ns,
            });
        }
    }
}
