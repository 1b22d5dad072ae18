//! The timeline of a cell in the Trace Event Format (JSON), which <https://ui.perfetto.dev> opens: an instance is a process, its
//! queues and requests are tracks, messages are flows from sender to receiver, displayed counts and queues' lengths are counters.
//!
//! Times are us of model time. It is made for looking at one run closely and bounded in size: when it is full, the run stops there.
//! No record is made from it.

use crate::domain::federation::Federation;
use crate::domain::viewers::watching;
use crate::domain::workload::Session;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::observe::{Observer, QueueName, QueueSample, RequestOutcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

/// Events of a trace: some 30 MB, which a browser still handles well.
pub const EVENTS_MAX: u64 = 200_000;
/// The process of what is true of the whole federation; instances come after it.
const FEDERATION: u64 = 0;
/// Tracks of an instance.
const SENDS: u64 = 1;
const TAKES: u64 = 2;

/// Writes the timeline of a part of a run.
pub struct Timeline<'a, W> {
    federation: &'a Federation,
    sessions: &'a [Session],
    part: RangeInclusive<Time>,
    /// Set when nothing more is wanted, for the run to stop.
    full: &'a AtomicBool,
    out: W,
    events: u64,
    messages: u64,
    /// Requests that are not over for their senders, and their numbers.
    open: BTreeMap<Key, u64>,
    /// Counters are written when they change: by process and name.
    counters: BTreeMap<(u64, String), u64>,
    /// By video and instance: the viewers displayed at the last sample.
    displayed: BTreeMap<(VideoId, InstanceId), u64>,
    samples: Vec<Time>,
    last: Time,
    outcome: io::Result<()>,
}

/// What tells a request from all others: its job, its receiver and how often it was tried.
type Key = (u64, InstanceId, u32);

/// What became of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Events in it.
    pub events: u64,
    /// The instant at which it was full, if it was.
    pub cut: Option<Time>,
}

impl<'a, W: Write> Timeline<'a, W> {
    /// A timeline of `part`, into `out`. `full` is set when nothing more is wanted.
    pub fn new(
        federation: &'a Federation,
        sessions: &'a [Session],
        part: RangeInclusive<Time>,
        full: &'a AtomicBool,
        out: W,
    ) -> Timeline<'a, W> {
        let mut timeline = Timeline {
            federation,
            sessions,
            part,
            full,
            out,
            events: 0,
            messages: 0,
            open: BTreeMap::new(),
            counters: BTreeMap::new(),
            displayed: BTreeMap::new(),
            samples: Vec::new(),
            last: Time::ZERO,
            outcome: Ok(()),
        };
        timeline.outcome = writeln!(timeline.out, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
        timeline.line(
            &json!({"ph": "M", "name": "process_name", "pid": FEDERATION, "args": {"name": "federation"}}),
            true,
        );
        for (pid, instance) in (1_u64..).zip(&federation.instances) {
            for (ph_name, args) in [
                ("process_name", json!({"name": instance.name})),
                ("process_sort_index", json!({"sort_index": pid})),
            ] {
                timeline.line(&json!({"ph": "M", "name": ph_name, "pid": pid, "args": args}), false);
            }
            for (tid, name) in [(SENDS, "sends"), (TAKES, "takes")] {
                let args = json!({"name": name});
                timeline.line(
                    &json!({"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": args}),
                    false,
                );
            }
        }
        timeline
    }

    /// Ends it.
    ///
    /// # Errors
    /// The first error of the writer.
    pub fn finish(mut self) -> io::Result<Written> {
        for (video, counts) in watching(self.sessions, &self.samples, |session| session.video) {
            let name = format!("true viewers of {}", self.federation.videos[video.index()].name);
            for sample in 0..self.samples.len() {
                self.counter(FEDERATION, &name, self.samples[sample], u64::from(counts.at(sample)));
            }
        }
        let cut = self.is_full().then_some(self.last);
        if let Some(at) = cut {
            let name = format!("the timeline ends here: it is full ({EVENTS_MAX} events)");
            self.line(&json!({"ph": "i", "s": "g", "name": name, "ts": at.us(), "pid": FEDERATION}), false);
        }
        self.outcome?;
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(Written { events: self.events, cut })
    }

    fn is_full(&self) -> bool {
        self.events >= EVENTS_MAX
    }

    /// Whether what happens now is wanted; when that is over the run may stop.
    fn wants(&mut self, now: Time) -> bool {
        if self.is_full() || now > *self.part.end() || self.outcome.is_err() {
            self.full.store(true, Ordering::Relaxed);
            return false;
        }
        self.last = now;
        self.part.contains(&now)
    }

    fn event(&mut self, event: &Value) {
        self.events += 1;
        self.line(event, false);
    }

    fn line(&mut self, event: &Value, is_first: bool) {
        if self.outcome.is_ok() {
            let comma = if is_first { "" } else { ",\n" };
            self.outcome = write!(self.out, "{comma}{event}");
        }
    }

    fn counter(&mut self, pid: u64, name: &str, now: Time, value: u64) {
        let known = self.counters.insert((pid, name.to_owned()), value);
        if known != Some(value) && (known.is_some() || value > 0) {
            self.event(
                &json!({"ph": "C", "name": name, "pid": pid, "ts": now.us(), "args": {"count": value}}),
            );
        }
    }

    fn name(&self, instance: InstanceId) -> &'a str {
        &self.federation.instances[instance.index()].name
    }
}

fn pid(instance: InstanceId) -> u64 {
    u64::from(instance.0) + 1
}

fn key(message: &Message) -> Key {
    (message.job, message.to, message.attempt)
}

impl<W: Write> Observer for Timeline<'_, W> {
    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        if !self.wants(now) {
            return;
        }
        self.messages += 1;
        let (id, pid, ts) = (self.messages, pid(message.from), now.us());
        self.open.insert(key(message), id);
        let (kind, to) = (message.kind.name(), self.name(message.to));
        let args = json!({"bytes": message.bytes(), "video": self.federation.videos[message.activity.video.index()].name});
        self.event(&json!({"ph": "b", "cat": "request", "name": format!("{kind} to {to}"), "id": id, "pid": pid, "tid": SENDS, "ts": ts, "args": args}));
        self.event(&json!({"ph": "X", "name": kind, "pid": pid, "tid": SENDS, "ts": ts, "dur": 1}));
        self.event(
            &json!({"ph": "s", "cat": "message", "name": kind, "id": id, "pid": pid, "tid": SENDS, "ts": ts}),
        );
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        if !self.wants(now) {
            return;
        }
        let (pid, ts, kind) = (pid(message.to), now.us(), message.kind.name());
        let from = format!("{kind} from {}", self.name(message.from));
        self.event(&json!({"ph": "X", "name": from, "pid": pid, "tid": TAKES, "ts": ts, "dur": 1}));
        if let Some(id) = self.open.get(&key(message)).copied() {
            self.event(&json!({"ph": "f", "bp": "e", "cat": "message", "name": kind, "id": id, "pid": pid, "tid": TAKES, "ts": ts}));
        }
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        let Some(id) = self.open.remove(&key(message)) else { return };
        if self.wants(now) {
            let name = format!("{} to {}", message.kind.name(), self.name(message.to));
            let args = json!({"fate": outcome.name()});
            self.event(&json!({"ph": "e", "cat": "request", "name": name, "id": id, "pid": pid(message.from), "tid": SENDS, "ts": now.us(), "args": args}));
        }
    }

    fn job_started(&mut self, now: Time, instance: InstanceId, queue: QueueName, waited: Span) {
        if self.wants(now) && waited > Span::ZERO {
            self.messages += 1;
            let (name, id, pid) = (format!("{} queue", queue.name()), self.messages, pid(instance));
            for (ph, at) in [("b", now.before(waited)), ("e", now)] {
                self.event(
                    &json!({"ph": ph, "cat": "wait", "name": name, "id": id, "pid": pid, "ts": at.us()}),
                );
            }
        }
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], queues: &[QueueSample]) {
        if !self.wants(now) {
            return;
        }
        self.samples.push(now);
        let mut displayed = BTreeMap::new();
        for instance in instances {
            displayed.extend(instance.displays().map(|(video, count)| ((video, instance.id()), count)));
        }
        // what was displayed before and is no more is 0
        let gone = std::mem::take(&mut self.displayed);
        let gone = gone.into_keys().map(|pair| (pair, displayed.get(&pair).copied().unwrap_or(0)));
        let all: BTreeMap<_, _> = gone.chain(displayed.iter().map(|(&pair, &count)| (pair, count))).collect();
        for ((video, instance), count) in all {
            let name = format!("viewers of {}", self.federation.videos[video.index()].name);
            self.counter(pid(instance), &name, now, count);
        }
        self.displayed = displayed;
        // a queue that is not sampled is empty
        let sampled = |pid: u64, name: &str| {
            queues.iter().find(|queue| self::pid(queue.instance) == pid && waiting(queue) == name)
        };
        let gone: Vec<(u64, String)> = self
            .counters
            .iter()
            .filter(|((pid, name), count)| {
                **count > 0 && name.starts_with(WAITING) && sampled(*pid, name).is_none()
            })
            .map(|(key, _)| key.clone())
            .collect();
        for (pid, name) in gone {
            self.counter(pid, &name, now, 0);
        }
        for queue in queues {
            self.counter(pid(queue.instance), &waiting(queue), now, queue.waiting);
        }
    }
}

/// How the counters of queues begin.
const WAITING: &str = "waiting: ";

fn waiting(queue: &QueueSample) -> String {
    format!("{WAITING}{}", queue.queue.name())
}
