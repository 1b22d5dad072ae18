//! The closed-loop replay: the recorded latencies are given, and a message arrives because an instance here sent it.
//!
//! Queues, loss and CPU time play no part: a message leaves when it is sent. `writing` takes from here what a recording of ours says.

use crate::cell::Cell;
use crate::conform::recording::ExampleRow;
use crate::conform::trace::{MessageRow, RestartRow, SampleRow, Trace, VIDEO};
use crate::conform::verdict::{Verdict, verdict};
use crate::domain::delivery::Delivery;
use crate::domain::faults::Fault;
use crate::domain::federation::{Capacity, Federation, Follows, FollowsAs, Instance as InstanceSpec, Video};
use crate::domain::other_traffic::OtherTraffic;
use crate::domain::receiving::Receiving;
use crate::domain::sampling::Sampling;
use crate::event::Message;
use crate::foundation::ids::{InstanceId, ListingId};
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::instance::Instance;
use crate::mechanism::activity::{Activity, Subject};
use crate::mechanism::network::{Latency, LinkRule, NetworkModel};
use crate::mechanism::wire::{
    EPOCH_UNIX_MS, Host, LAB_SESSION_ID_LENGTH, LAB_VIDEO_ID_DIGITS, Names, VERSION, VideoNames,
};
use crate::observe::{Observer, QueueSample};
use crate::scenario::End;
use crate::sim;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const SEED: Seed = Seed { seed: 0, replication: 0 };

/// Replays a recording whose latencies are given, and compares.
pub(super) fn replay(trace: &Trace) -> Verdict {
    let Replayed { messages, samples, views_counted, .. } = run(trace);
    verdict(trace, &trace.messages, &messages, &samples, views_counted)
}

/// What our instances do in the situation of a recording.
pub(super) struct Replayed {
    /// What they send, sorted.
    pub(super) messages: Vec<MessageRow>,
    /// What they display.
    pub(super) samples: Vec<SampleRow>,
    /// How many views the origin knows of at the last sample.
    pub(super) views_counted: u64,
    /// The first message of each kind as JSON.
    pub(super) examples: Vec<ExampleRow>,
}

/// Lets our instances do what they do.
pub(super) fn run(trace: &Trace) -> Replayed {
    let cell = cell(trace);
    let mut replay = Replay {
        trace,
        names: &cell.names,
        messages: vec![],
        samples: vec![],
        views_counted: 0,
        examples: vec![],
    };
    sim::run(&cell, &mut replay, &AtomicBool::new(false));
    let Replay { mut messages, samples, views_counted, examples, .. } = replay;
    messages.sort();
    Replayed { messages, samples, views_counted, examples }
}

/// The cell that a recording describes.
fn cell(trace: &Trace) -> Cell {
    let instance = |(id, (name, &rules)): (usize, (&String, _))| InstanceSpec {
        name: name.clone(),
        url: format!("https://{name}.example"),
        rules,
        host: InstanceId::at(id),
        is_peertube: true,
        region: 0,
        capacity: Capacity::default(),
        receiving: Receiving::AT_ONCE,
        follows_as: FollowsAs::Server,
    };
    let instances: Vec<_> = trace.instances.iter().zip(&trace.rules).enumerate().map(instance).collect();
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
    let followers = Follows::Everybody.lists(instances.len(), [trace.origin], SEED);
    Cell {
        federation: Federation::new(
            instances,
            [Video { name: "video".into(), origin: trace.origin, length: None, listing: ListingId(0) }],
            followers,
        ),
        sessions: trace.sessions.clone(),
        network: NetworkModel {
            latency: Latency::Constant(trace.latency_default.unwrap_or_default()),
            loss_ppm: 0,
            links: trace.latency_of_link.iter().map(link).collect(),
        },
        names: Names {
            instances: hosts,
            videos: vec![VideoNames::numbered(VIDEO, trace.origin, LAB_VIDEO_ID_DIGITS)],
            session_id_length: LAB_SESSION_ID_LENGTH,
            version: VERSION.to_owned(),
            epoch_unix_ms: EPOCH_UNIX_MS,
        },
        seed: SEED,
        lies: Vec::new(),
        tick_phase: trace.tick_phase.clone(),
        health_phase: vec![trace.end; trace.instances.len()],
        update_phase: vec![trace.end; trace.instances.len()],
        delivery: Delivery::preset("unlimited").expect("a preset"),
        faults: trace.restarts.iter().map(restart).collect(),
        other: OtherTraffic::default(),
        audience: Arc::default(),
        sampling: Sampling { from: trace.sample_from, every: trace.sample_every, bucket: trace.sample_every },
        end: End::At(trace.end),
        event_limit: u64::MAX,
    }
}

/// What our instances send and display, as rows of a recording.
struct Replay<'a> {
    trace: &'a Trace,
    names: &'a Names,
    messages: Vec<MessageRow>,
    samples: Vec<SampleRow>,
    views_counted: u64,
    examples: Vec<ExampleRow>,
}

impl Replay<'_> {
    /// Keeps the first message of each kind that its author sends, as JSON.
    fn note_example(&mut self, row: &MessageRow, activity: &Activity) {
        let of = example_of(activity, self.trace.origin);
        let is_known = self.examples.iter().any(|example| example.of == of);
        if !row.forwarded && !is_known {
            let body = self.names.activity(activity, activity.form).json();
            self.examples.push(ExampleRow { of, sent_ms: row.sent_ms, from: row.from.clone(), body });
        }
    }
}

/// What kind of example a View is.
fn example_of(activity: &Activity, origin: InstanceId) -> String {
    let author = if activity.author == origin { "origin" } else { "follower" };
    let what = match (activity.subject, activity.result) {
        (Subject::Total, Some(0)) => "total of 0 of the",
        (Subject::Total, _) => "total of the",
        (Subject::ViewCount, _) => "views of the",
        (Subject::Plain(_), _) => "view of the",
        _ => "viewer of the",
    };
    let with_views =
        if activity.subject == Subject::Total && activity.views.is_some() { ", with views" } else { "" };
    format!("{what} {author}{with_views}")
}

impl Observer for Replay<'_> {
    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        if message.kind.is_get() {
            return; // no message of a recording
        }
        let arrives = arrives.expect("nothing is lost in a replay").ms();
        let row = self.trace.row(now, &message.activity, message.from, message.to);
        self.note_example(&row, &message.activity);
        self.messages.push(MessageRow { arrives_ms: Some(arrives), ..row });
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        self.views_counted = u64::from(instances[self.trace.origin.index()].counted_views(VIDEO));
        self.samples.push(SampleRow {
            at_ms: now.ms(),
            displayed: instances.iter().map(|instance| instance.displayed(VIDEO)).collect(),
            watching: self.trace.watching(now),
        });
    }
}
