//! The closed-loop replay: the recorded latencies are given, and a message arrives because an instance here sent it.
//!
//! Queues, loss and CPU time play no part: a message leaves when it is sent.

use crate::cell::Cell;
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
    let mut replay = Replay { trace, messages: Vec::new(), samples: Vec::new() };
    sim::run(&cell(trace), &mut replay, &AtomicBool::new(false));
    let Replay { mut messages, samples, .. } = replay;
    messages.sort();
    verdict(trace, &trace.messages, &messages, &samples)
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
    messages: Vec<MessageRow>,
    samples: Vec<SampleRow>,
}

impl Observer for Replay<'_> {
    fn sent(&mut self, now: Time, message: &Message, arrives: Option<Time>) {
        let arrives = arrives.expect("nothing is lost in a replay").ms();
        let row = self.trace.row(now, &message.activity, message.from, message.to);
        self.messages.push(MessageRow { arrives_ms: Some(arrives), ..row });
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], _queues: &[QueueSample]) {
        self.samples.push(SampleRow {
            at_ms: now.ms(),
            displayed: instances.iter().map(|instance| instance.displayed(VIDEO)).collect(),
            watching: self.trace.watching(now),
        });
    }
}
