//! What is measured in one run of a case of delivery: when its requests begin, arrive and are answered, and its metrics.

use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::definitions::{Value, compute};
use crate::observe::{AnswerEnd, Both, Observer, QueueName, RequestOutcome, RunOutcome};
use crate::runs::cell::{CellPlan, build_cell};
use crate::scenario::Scenario;
use crate::sim;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A request at one moment of its way.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The moment.
    pub at: Time,
    /// The instance that receives it.
    pub to: InstanceId,
    /// The video that it is about.
    pub video: VideoId,
    /// Its kind.
    pub kind: Kind,
    /// The number of its activity: of a heartbeat of its visit, or of a job of its entry of the background.
    pub number: u32,
    /// The number of attempts before.
    pub attempt: u32,
    /// When its job was created.
    pub created: Time,
    /// Bytes of head and body.
    pub bytes: u64,
}

/// All requests of a run, at each moment in the order of time, and what became of the run.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// They begin.
    pub begun: Vec<Entry>,
    /// They arrive, and their receiver takes them.
    pub delivered: Vec<Entry>,
    /// They arrive, and their receiver refuses them.
    pub refused: Vec<Entry>,
    /// They come out of the inbox queue.
    pub processed: Vec<Entry>,
    /// Their answers arrive.
    pub answered: Vec<Entry>,
    /// They are over for their sender.
    pub ended: Vec<Entry>,
    /// Jobs start: when, in which queue, and how long they have waited.
    pub jobs: Vec<(Time, QueueName, Span)>,
    metrics: BTreeMap<&'static str, Value>,
}

impl RequestLog {
    /// Runs a cell of a scenario, event by event.
    pub(super) fn of(scenario: &Scenario, plan: &CellPlan) -> RequestLog {
        let cell = build_cell(scenario, plan);
        let collector = cell.collector();
        let mut both = Both(collector, RequestLog::default());
        let ending = sim::run(&cell, &mut both, &AtomicBool::new(false));
        let RunOutcome::Done(end) = ending.outcome else { panic!("it ended with {:?}", ending.outcome) };
        let Both(collector, mut log) = both;
        let observed = collector.finish(end, &ending, Aggregates::default());
        let with_viewers = cell.sessions.iter().map(|session| session.instance).collect();
        let metrics = compute(&observed, &cell.federation, &with_viewers).into_iter();
        log.metrics = metrics.map(|(metric, value)| (metric.name, value)).collect();
        // the end of a request may be known before it comes
        [&mut log.answered, &mut log.ended].into_iter().for_each(|list| list.sort_by_key(|entry| entry.at));
        log
    }

    /// A metric that is a count.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn count(&self, metric: &str) -> u64 {
        let Some(Value::Count(count)) = self.metrics.get(metric) else { panic!("{metric} is no count") };
        *count
    }

    /// A metric that is a quotient.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn value(&self, metric: &str) -> f64 {
        let Some(Value::Real(value)) = self.metrics.get(metric) else { panic!("{metric} is no quotient") };
        *value
    }
}

fn entry(at: Time, message: &Message) -> Entry {
    Entry {
        at,
        to: message.to,
        video: message.activity.video,
        kind: message.kind,
        number: message.activity.stamp.number,
        attempt: message.attempt,
        created: message.created,
        bytes: message.bytes(),
    }
}

impl Observer for RequestLog {
    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        self.begun.push(entry(now, message));
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.delivered.push(entry(now, message));
    }

    fn refused(&mut self, now: Time, message: &Message) {
        self.refused.push(entry(now, message));
    }

    fn answered(&mut self, at: Time, message: &Message, _bytes: u64, end: AnswerEnd) {
        if end == AnswerEnd::Arrives {
            self.answered.push(entry(at, message));
        }
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.processed.push(entry(now, message));
    }

    fn ended(&mut self, now: Time, message: &Message, _outcome: RequestOutcome) {
        self.ended.push(entry(now, message));
    }

    fn job_started(&mut self, now: Time, _instance: InstanceId, queue: QueueName, waited: Span) {
        self.jobs.push((now, queue, waited));
    }
}
