//! Delivery as it really is: every queue, capacity, limit and fault binds somewhere here, with the figure that it must give.

use fedisim::event::{Event, Message};
use fedisim::instance::Instance;

use fedisim::observe::{Ending, Fate, HealthNote, Observer, QueueName, QueueSample};
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
use fedisim::sim;
use fedisim::words::units::{Span, Time};
use std::sync::atomic::AtomicBool;

/// What a run did, by what its observer was told.
#[derive(Default)]
struct Seen {
    queues: Vec<(Time, QueueSample)>,
    health: Vec<(Time, HealthNote)>,
    fates: Vec<(Time, Fate)>,
    sent: Vec<(Time, Message)>,
    processed: Vec<(Time, Message)>,
    waited: Vec<Span>,
    stops: usize,
    transport_bytes: u64,
    /// By sample: what the instances show for the first video.
    displayed: Vec<(Time, Vec<u64>)>,
}

impl Observer for Seen {
    fn event(&mut self, _now: Time, event: &Event) {
        self.stops += usize::from(matches!(event, Event::Stop { .. }));
    }

    fn sent(&mut self, now: Time, message: &Message, _arrives: Option<Time>) {
        self.sent.push((now, *message));
    }

    fn transported(
        &mut self,
        _now: Time,
        _message: &Message,
        bytes: &fedisim::mechanism::transport::TransportBytes,
    ) {
        self.transport_bytes += bytes.tcp_up + bytes.tcp_down + bytes.tls_up + bytes.tls_down;
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.processed.push((now, *message));
    }

    fn ended(&mut self, now: Time, _message: &Message, fate: Fate) {
        self.fates.push((now, fate));
    }

    fn job_started(&mut self, _now: Time, waited: Span) {
        self.waited.push(waited);
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.health.push((now, *note));
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.queues.extend(queues.iter().map(|queue| (now, *queue)));
        let shown = instances.iter().map(|instance| instance.displayed(fedisim::words::ids::VideoId(0)));
        self.displayed.push((now, shown.collect()));
    }
}

impl Seen {
    /// What waits in a queue at the last sample at or before `s` seconds.
    fn waiting(&self, queue: QueueName, s: u64) -> u64 {
        let at = Time::ZERO + Span::from_secs(s);
        let last = self.displayed.iter().map(|(time, _)| *time).filter(|&time| time <= at).max();
        let here = self.queues.iter().filter(|(time, sample)| Some(*time) == last && sample.queue == queue);
        here.map(|(_, sample)| sample.waiting).sum()
    }

    fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|(_, ended)| *ended == fate).count()
    }
}

fn scenario(text: &str) -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "test", bytes: text.as_bytes(), stem: None, data: &no_data };
    parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

/// Runs the first column of a scenario.
fn run(text: &str) -> (Seen, Ending) {
    let scenario = scenario(text);
    let mut seen = Seen::default();
    let cell = build_cell(&scenario, &plan(&scenario)[0]);
    let ending = sim::run(&cell, &mut seen, &AtomicBool::new(false));
    (seen, ending)
}

/// An origin, ten followers that are well and one that is dead; so many viewers at the first follower, who stay; forwards
/// go through the sequential queue.
fn with_a_dead_follower(viewers: u32, health: &str, hours: u32) -> Seen {
    let visits: Vec<String> = (0..viewers)
        .map(|number| {
            let start_ms = 1_000 + 90_000 / viewers * number;
            format!("{{instance: alive-1, start: {start_ms} ms, watch: 20 h}}")
        })
        .collect();
    let (seen, _) = run(&format!(
        "
name: dead-follower
description: the sequential queue behind a dead follower
end: {hours} h
compare: [mine]
protocols: {{mine: {{base: peertube-6.0, follow_health: {health}, plain_views: none}}}}
instances: {{origin: {{health_phase: 60 min}}, alive: {{count: 10}}, dead: {{}}}}
videos: {{clip: {{origin: origin, length: live}}}}
viewers: [{{video: clip, sessions: [{}]}}]
network: {{latency: {{constant: 20 ms}}}}
faults: [{{down: [dead], at: 0 s, how: silent}}]
other_traffic: {{updates: off, watch_actions: off}}
measure: {{every: 1 min}}
",
        visits.join(", ")
    ));
    seen
}

#[test]
fn behind_a_dead_follower_the_sequential_queue_holds_below_thirteen_viewers_and_grows_above() {
    // closed form 21: at most 90 s / 7 s = 12.9 concurrent remote viewers
    let stable = with_a_dead_follower(10, "off", 6);
    let peak = (1..360).map(|minute| stable.waiting(QueueName::Sequential, 60 * minute)).max();
    assert!(peak <= Some(10), "{peak:?}");
    let unstable = with_a_dead_follower(20, "off", 6);
    for hours in 1..=6u32 {
        // 20 / 90 - 1 / 7 jobs per second too many
        let expected = 3_600.0 * f64::from(hours) * (20.0 / 90.0 - 1.0 / 7.0);
        let waiting = unstable.waiting(QueueName::Sequential, 3_600 * u64::from(hours)) as f64;
        assert!(
            (waiting - expected).abs() < 0.02 * expected + 10.0,
            "{waiting} after {hours} h, not {expected}"
        );
    }
    assert!(unstable.health.iter().all(|(_, note)| !note.removed));
}

#[test]
fn follow_health_removes_the_dead_follower_at_the_next_flush_and_the_queue_drains() {
    let seen = with_a_dead_follower(20, "score", 3);
    let removed: Vec<_> = seen.health.iter().filter(|(_, note)| note.removed).collect();
    assert_eq!(removed.len(), 1);
    let (at, note) = removed[0];
    assert_eq!((*at, note.follower.0), (Time::ZERO + Span::from_secs(3_600), 11));
    // 514 bad deliveries in the hour
    assert!((505..=515).contains(&note.bad) && note.score < 0, "{note:?}");
    assert!(seen.waiting(QueueName::Sequential, 3_600) > 250);
    // jobs that were queued before keep the dead inbox: 285 x 7 s, and those that came meanwhile
    assert!(seen.waiting(QueueName::Sequential, 5_000) > 100);
    assert_eq!(seen.waiting(QueueName::Sequential, 3 * 3_600), 0);
}
