//! Conformance: replays recordings of real instances through the same `Instance` that every driver runs, and compares
//! every message and every sample.
//!
//! Queues, loss and CPU time play no part in recordings: a message leaves when it is sent. Here is no second
//! implementation of any rule; the recordings were made by PeerTube's own code.

mod open;
mod scribe;
mod trace;
mod write;

pub use scribe::Scribe;
pub use trace::{MessageRow, RestartRow, SampleRow, Trace};
pub use write::{BeatRow, Recording, RecordingInstance};

use crate::cell::{Cell, Sampling};
use crate::domain::delivery::Delivery;
use crate::domain::faults::Fault;
use crate::domain::federation::{Capacity, Federation, Follows, FollowsAs, Instance as InstanceSpec, Video};
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::workload::Session;
use crate::event::{Letter, Message};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::Subject;
use crate::mechanism::network::{Latency, LinkRule, NetworkModel};
use crate::mechanism::wire::{EPOCH_UNIX_MS, Host, Names, SESSION_ID_LENGTH, VERSION, VideoNames};
use crate::observe::{Observer, QueueSample};
use crate::scenario::End;
use crate::sim;
use std::sync::atomic::AtomicBool;
use trace::{kind_in_recordings, session_name};

const VIDEO: VideoId = VideoId(0);
const SEED: Seed = Seed { seed: 0, replication: 0 };

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All messages and samples are equal; how many there are.
    Conforms {
        /// Messages compared.
        messages: usize,
        /// Samples compared.
        samples: usize,
    },
    /// The first difference, with its time.
    Differs(String),
}

/// Replays a recording and compares.
pub fn conform(trace: &Trace) -> Verdict {
    if trace.latencies_as_recorded {
        return open::replay(trace);
    }
    let mut replay = Replay { trace, messages: Vec::new(), samples: Vec::new() };
    sim::run(&cell(trace), &mut replay, &AtomicBool::new(false));
    let Replay { mut messages, samples, .. } = replay;
    messages.sort();
    verdict(trace, &trace.messages, &messages, &samples)
}

/// Compares what is recorded with ours; messages are sorted.
fn verdict(
    trace: &Trace,
    recorded: &[MessageRow],
    messages: &[MessageRow],
    samples: &[SampleRow],
) -> Verdict {
    let differences = [
        first_difference(recorded, messages, |row| row.sent_ms, MessageRow::to_string),
        first_difference(&trace.samples, samples, |row| row.at_ms, |row| sample_text(trace, row)),
    ];
    let first = differences.into_iter().flatten().min_by_key(|(at_ms, _)| *at_ms);
    match first {
        Some((_, text)) => Verdict::Differs(text),
        None => Verdict::Conforms { messages: messages.len(), samples: samples.len() },
    }
}

fn cell(trace: &Trace) -> Cell {
    let instance = |(name, &rules): (&String, _)| InstanceSpec {
        name: name.clone(),
        url: format!("https://{name}.example"),
        rules,
        is_peertube: true,
        region: 0,
        capacity: Capacity::default(),
        follows_as: FollowsAs::Server,
    };
    let instances: Vec<_> = trace.instances.iter().zip(&trace.rules).map(instance).collect();
    let hosts = instances.iter().map(|instance| Host::new(&instance.url)).collect();
    let link = |&(from, to, latency): &(InstanceId, InstanceId, Span)| LinkRule {
        from: vec![from],
        to: vec![to],
        latency: Some(Latency::Constant(latency)),
        loss_ppm: None,
    };
    let restart = |restart: &RestartRow| Fault::Restart {
        instance: restart.instance,
        at: restart.at,
        startup: Span::ZERO,
        rules: None,
    };
    Cell {
        federation: Federation {
            followers: Follows::Everybody.lists(instances.len(), [trace.origin], SEED),
            instances,
            videos: vec![Video { name: "video".into(), origin: trace.origin, length: None }],
        },
        sessions: trace.sessions.clone(),
        network: NetworkModel {
            latency: Latency::Constant(trace.latency_default.unwrap_or_default()),
            loss_ppm: 0,
            links: trace.latency_of_link.iter().map(link).collect(),
        },
        names: Names {
            instances: hosts,
            videos: vec![VideoNames::numbered(VIDEO, trace.origin)],
            session_id_length: SESSION_ID_LENGTH,
            version: VERSION.to_owned(),
            epoch_unix_ms: EPOCH_UNIX_MS,
        },
        seed: SEED,
        tick_phase: trace.tick_phase.clone(),
        health_phase: vec![trace.end; trace.instances.len()],
        update_phase: vec![trace.end; trace.instances.len()],
        delivery: Delivery::preset("unlimited").expect("a preset"),
        faults: trace.restarts.iter().map(restart).collect(),
        other: OtherTraffic::default(),
        sampling: Sampling { from: trace.sample_from, every: trace.sample_every, bucket: trace.sample_every },
        end: End::At(trace.end),
        event_limit: u64::MAX,
    }
}

/// What our instances do, in the terms of the recording.
struct Replay<'a> {
    trace: &'a Trace,
    messages: Vec<MessageRow>,
    samples: Vec<SampleRow>,
}

impl Observer for Replay<'_> {
    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        let Letter { activity, kind, from, .. } = &*message.letter;
        let to = &message.to;
        let name = |id: InstanceId| self.trace.instances[id.index()].clone();
        self.messages.push(MessageRow {
            sent_ms: now.ms(),
            arrives_ms: Some(arrives.expect("nothing is lost in a replay").ms()),
            from: name(*from),
            to: name(*to),
            kind: kind_in_recordings(*kind).to_owned(),
            forwarded: activity.author != *from,
            viewer: match activity.subject {
                Subject::Viewer(..) => Some(session_name(self.trace, activity.stamp.session).to_owned()),
                _ => None,
            },
            result: activity.result.map(u64::from),
            expires_ms: activity.expires.map(Time::ms),
        });
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        let watching = |session: &&Session| session.start <= now && session.end > now;
        self.samples.push(SampleRow {
            at_ms: now.ms(),
            displayed: instances.iter().map(|instance| instance.displayed(VIDEO)).collect(),
            watching: self.trace.sessions.iter().filter(watching).count() as u64,
        });
    }
}

/// The earliest time at which the two sorted lists differ, and what differs there.
fn first_difference<T: PartialEq>(
    recorded: &[T],
    ours: &[T],
    at_ms: impl Fn(&T) -> u64,
    text: impl Fn(&T) -> String,
) -> Option<(u64, String)> {
    let same = recorded.iter().zip(ours).take_while(|(recorded, ours)| recorded == ours).count();
    let (recorded, ours) = (recorded.get(same), ours.get(same));
    let at = recorded.into_iter().chain(ours).map(at_ms).min()?;
    let say = |row: Option<&T>| row.map_or_else(|| "nothing more".to_owned(), &text);
    Some((at, format!("at {at} ms: recorded {}; ours {}", say(recorded), say(ours))))
}

fn sample_text(trace: &Trace, row: &SampleRow) -> String {
    let counts = trace.instances.iter().zip(&row.displayed).map(|(name, count)| format!("{name} {count}"));
    format!("[{} ms: {}, watching {}]", row.at_ms, counts.collect::<Vec<_>>().join(", "), row.watching)
}

impl std::fmt::Display for MessageRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |number: Option<u64>| number.map_or_else(|| "none".to_owned(), |n| n.to_string());
        let arrives = self.arrives_ms.map_or_else(String::new, |ms| format!(", arrives {ms} ms"));
        write!(
            f,
            "[{} ms: {} from {} to {}{}, forwarded {}, viewer {}, result {}, expires {}]",
            self.sent_ms,
            self.kind,
            self.from,
            self.to,
            arrives,
            u8::from(self.forwarded),
            self.viewer.as_deref().unwrap_or("none"),
            number(self.result),
            number(self.expires_ms)
        )
    }
}
