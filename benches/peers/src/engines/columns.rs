//! fedisim as `fedisim run` uses it: the broadcast as a federation, whose requests make no events.
//!
//! It draws its latencies itself, in the measured time; the others find them in the workload.

use super::Broadcast;
use crate::workload::{Outcome, SEED, Workload};
use cpu_time::ProcessTime;
use fedisim::domain::workload::Session;
use fedisim::observe::Observer;
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, End, Input, parse};
use fedisim::cell::Cell;
use fedisim::mechanism::sparse_counts::SparseCounts;
use fedisim::sim::run_fast;
use fedisim::foundation::ids::{InstanceId, VideoId, ViewerId};
use fedisim::foundation::units::{Span, Time};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub struct Columns;

/// The federation: everybody's work but the sender's signature takes no time.
const SCENARIO: &str = "
name: broadcast
description: the broadcast of the workload
seed: 1
end: 1 h
protocols: {v1-patient: {base: v1, follow_health: 'off', bad_inbox: broadcast}}
deliveries: {as-peers: {base: peertube, rate_limit: 'off', json_ld_sign: 0 s, verify: 0 s, inbox: 0 s}}
compare: [{name: v1, protocol: v1-patient, delivery: as-peers}]
instances: {origin: {}, followers: {count: 1}}
videos: {clip: {origin: origin, length: live}}
viewers: [{video: clip, arrivals: {constant: {rate: 1 /h}}, watch: {fixed: 1 s}, spread: {weights: {origin: 1}}}]
network: {latency: {lognormal: {median: 50 ms, sigma: 0.8}}}
";

struct Nobody;

impl Observer for Nobody {}

impl Broadcast for Columns {
    fn run(&self, workload: &Workload) -> Outcome {
        self.timed(workload).0
    }

    fn timed(&self, workload: &Workload) -> (Outcome, Duration) {
        let cell = cell(workload);
        let start = ProcessTime::now();
        let (ending, aggregates, _) =
            run_fast(&cell, 0, &mut Nobody, &AtomicBool::new(false)).expect("no rate limit");
        let counts = || {
            let followers = aggregates.displayed.iter().flat_map(|(_, displayed)| displayed.values());
            followers.flat_map(SparseCounts::iter).map(|(_, count)| u64::from(count))
        };
        let outcome = Outcome {
            deliveries: ending.flow.delivered.messages,
            sum_of_counts: counts().sum(),
            sum_of_squares: counts().map(|count| count * count).sum(),
        };
        (outcome, start.elapsed())
    }
}

fn cell(workload: &Workload) -> Cell {
    let text = SCENARIO.replace("count: 1}", &format!("count: {}}}", workload.receivers));
    let no_data = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let input = Input { file: "broadcast", bytes: text.as_bytes(), stem: None, data: &no_data };
    let scenario = parse(&input, &Changes::default(), &[]).expect("a right scenario");
    let mut cell = build_cell(&scenario, &plan(&scenario)[0]);
    assert_eq!(cell.seed, SEED, "the draws are those of the workload");
    let (every, offset) = (Span::from_ns(workload.sample_every_ns), Span::from_ns(workload.sample_offset_ns));
    let first = Time::ZERO + every + offset;
    // entries leave at ticks, which are made to come with the samples
    for instance in &mut cell.federation.instances {
        instance.rules.parameters.tick_interval = every;
    }
    cell.tick_phase.fill(first);
    cell.sampling.from = first;
    cell.sampling.every = every;
    cell.end = End::At(first + every * u64::from(workload.samples - 1));
    cell.delivery.sign = Span::from_ns(workload.request_ns);
    cell.delivery.timeout = Span::from_ns(workload.time_out_ns);
    cell.delivery.parallel_jobs = workload.jobs_at_once;
    cell.delivery.requests_per_job = workload.requests_at_once;
    let view = |message: u32| {
        let start = Time::from_ns(u64::from(message) * workload.every_ns);
        Session {
            viewer: ViewerId(message),
            address: ViewerId(message),
            instance: InstanceId(0),
            video: VideoId(0),
            start,
            end: start + Span::from_ms(1),
            first_heartbeat: start,
            heartbeat: None,
            view_after: None,
        }
    };
    cell.sessions = (0..workload.messages).map(view).collect();
    cell
}
