//! The two workloads: their figures and their random numbers, drawn before anything is measured.
//!
//! Times are whole nanoseconds. Random numbers come from fedisim by name, so they are the same in every run. Knows no engine.

use fedisim::mechanism::activity::{Activity, Form, Stamp, Subject};
use fedisim::mechanism::network::{Latency, Network, NetworkModel};
use fedisim::request::message_name;
use fedisim::foundation::ids::{InstanceId, SessionId, VideoId, ViewerId};
use fedisim::foundation::random::{Purpose, Seed, exponential};
use fedisim::foundation::units::{Span, Time};
use std::sync::Arc;

pub const SECOND_NS: u64 = 1_000_000_000;
pub const SEED: Seed = Seed { seed: 1, replication: 0 };

/// The hold model: so many events are pending, and each that happens schedules one after an exponential time.
#[derive(Clone)]
pub struct Phold {
    pub pending: usize,
    /// Until when it is not measured.
    pub warm_until_ns: u64,
    /// Until when it is measured from there.
    pub until_ns: u64,
    /// Used one after the other, round and round; the mean is a second.
    pub increments_ns: Arc<[u64]>,
}

impl Phold {
    /// One with so many events pending, of which about `events` happen in the measured time.
    pub fn new(pending: usize, events: u64) -> Phold {
        let mut rng = SEED.stream(Purpose::Watch, 0);
        let draw = |_| 1 + (exponential(&mut rng) * SECOND_NS as f64) as u64;
        let measured_ns = events * SECOND_NS / pending as u64;
        Phold {
            pending,
            warm_until_ns: SECOND_NS,
            until_ns: SECOND_NS + measured_ns,
            increments_ns: (0..1 << 16).map(draw).collect(),
        }
    }
}

/// Increments one after the other, for engines that count in nanoseconds (`u64`) or in seconds (`f64`).
pub struct Increments<T> {
    all: Arc<[T]>,
    next: usize,
}

impl<T: Copy> Increments<T> {
    pub fn new(all: impl Iterator<Item = T>) -> Increments<T> {
        Increments { all: all.collect(), next: 0 }
    }

    pub fn draw(&mut self) -> T {
        let drawn = self.all[self.next];
        self.next = (self.next + 1) % self.all.len();
        drawn
    }
}

/// One sender, whose messages are jobs of one request to each receiver.
#[derive(Clone)]
pub struct Workload {
    pub messages: u32,
    pub every_ns: u64,
    pub receivers: u32,
    /// Jobs that the sender works on at once.
    pub jobs_at_once: u32,
    /// Requests of one job at once.
    pub requests_at_once: u32,
    /// How long a request takes before its first byte leaves.
    pub request_ns: u64,
    /// No request holds its place in the job for longer.
    pub time_out_ns: u64,
    /// How long after its creation an entry at a receiver expires.
    pub lifetime_ns: u64,
    pub sample_every_ns: u64,
    /// The first sample is so long after the first period: nothing else happens at the same instant.
    pub sample_offset_ns: u64,
    pub samples: u32,
    /// Latencies there and back in microseconds, by message, then by receiver.
    pub latencies_us: Arc<[[u32; 2]]>,
}

impl Workload {
    /// 1,000 receivers; the sender has places enough to be busy for about 95 % of what it can do.
    pub fn broadcast(messages_per_second: u32, messages: u32) -> Workload {
        let receivers = 1_000;
        Workload {
            messages,
            // whole microseconds, as latencies are: so nothing happens at the same instant as a sample
            every_ns: SECOND_NS / u64::from(messages_per_second) / 1_000 * 1_000,
            receivers,
            jobs_at_once: 15 * messages_per_second,
            requests_at_once: 30,
            request_ns: SECOND_NS / 100,
            time_out_ns: 7 * SECOND_NS,
            lifetime_ns: 120 * SECOND_NS,
            sample_every_ns: 5 * SECOND_NS,
            sample_offset_ns: 500,
            samples: (messages / messages_per_second + 60) / 5,
            latencies_us: latencies_us(messages, receivers),
        }
    }

    /// The latency there and the one back.
    pub fn latencies_ns(&self, message: u32, receiver: u32) -> [u64; 2] {
        let index = message as usize * self.receivers as usize + receiver as usize;
        self.latencies_us[index].map(|us| u64::from(us) * 1_000)
    }
}

/// The name of a message's draws, as the first View of a viewer's visit has it in a run.
fn name(message: u32) -> u64 {
    let origin = InstanceId(0);
    let view = Activity {
        video: VideoId(0),
        author: origin,
        subject: Subject::Viewer(ViewerId(message), 0),
        result: None,
        views: None,
        built: Time::ZERO,
        expires: None,
        stamp: Stamp { session: SessionId(message), number: 0 },
        form: Form::V60,
    };
    message_name(&view, origin, 0)
}

fn latencies_us(messages: u32, receivers: u32) -> Arc<[[u32; 2]]> {
    let model = NetworkModel {
        latency: Latency::Lognormal { median: Span::from_ms(50), sigma: 0.8 },
        loss_ppm: 0,
        links: Vec::new(),
    };
    let mut network = Network::new(&model, &vec![0; receivers as usize + 1], SEED);
    let to: Vec<_> = (1..=receivers).map(InstanceId).collect();
    let (mut all, mut there, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for message in 0..messages {
        network.all_ways_us(name(message), InstanceId(0), &to, &mut there, &mut back);
        all.extend(there.iter().zip(&back).map(|(there, back)| [*there, *back]));
    }
    all.into()
}

/// What a run of a `Workload` must come to, whatever ran it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub deliveries: u64,
    /// Over all receivers and samples.
    pub sum_of_counts: u64,
    /// The same of their squares, so that a count at the wrong receiver shows.
    pub sum_of_squares: u64,
}
