//! Delivery as it really is: every queue, capacity, limit and fault binds somewhere here, with the figure that it must give.

mod fates;
mod presets;
mod queues;
mod requests;
mod ways;

use super::cells::scenario;
use fedisim::event::{Event, Message};
use fedisim::instance::Instance;
use fedisim::mechanism::activity::Kind;

use fedisim::foundation::ids::InstanceId;
use fedisim::foundation::units::{Span, Time};
use fedisim::observe::{Ending, HealthNote, Observer, QueueName, QueueSample, RequestOutcome, RunOutcome};
use fedisim::runs::cell::{build_cell, plan};
use fedisim::sim;
use std::sync::atomic::AtomicBool;

/// What a run did, by what its observer was told.
#[derive(Default)]
struct Seen {
    queues: Vec<(Time, QueueSample)>,
    health: Vec<(Time, HealthNote)>,
    ended: Vec<(Time, Message, RequestOutcome)>,
    sent: Vec<(Time, Message)>,
    delivered: Vec<(Time, Message)>,
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
        self.sent.push((now, message.clone()));
    }

    fn left(
        &mut self,
        _now: Time,
        _message: &Message,
        bytes: &fedisim::mechanism::transport::TransportBytes,
    ) {
        self.transport_bytes += bytes.tcp_up + bytes.tcp_down + bytes.tls_up + bytes.tls_down;
    }

    fn delivered(&mut self, now: Time, message: &Message) {
        self.delivered.push((now, message.clone()));
    }

    fn processed(&mut self, now: Time, message: &Message) {
        self.processed.push((now, message.clone()));
    }

    fn ended(&mut self, now: Time, message: &Message, outcome: RequestOutcome) {
        self.ended.push((now, message.clone(), outcome));
    }

    fn job_started(&mut self, _now: Time, _instance: InstanceId, _queue: QueueName, waited: Span) {
        self.waited.push(waited);
    }

    fn health(&mut self, now: Time, note: &HealthNote) {
        self.health.push((now, *note));
    }

    fn sample(&mut self, now: Time, _number: u32, instances: &[Instance], queues: &[QueueSample]) {
        self.queues.extend(queues.iter().map(|queue| (now, *queue)));
        let shown = instances.iter().map(|instance| instance.displayed(fedisim::foundation::ids::VideoId(0)));
        self.displayed.push((now, shown.collect()));
    }
}

impl Seen {
    /// When activities of a kind took effect, in microseconds.
    fn effects_us(&self, kind: Kind) -> Vec<u64> {
        let of_kind = self.processed.iter().filter(|(_, message)| message.kind == kind);
        of_kind.map(|(time, _)| time.ns() / 1_000).collect()
    }

    /// How requests ended, with how long each took from its beginning, in microseconds.
    fn ends(&self) -> Vec<(RequestOutcome, u64)> {
        let begun =
            |of: &Message| self.sent.iter().find(|(_, message)| message == of).expect("it was sent").0;
        self.ended
            .iter()
            .map(|(time, message, outcome)| (*outcome, time.since(begun(message)).us()))
            .collect()
    }

    /// What waits in a queue at the last sample at or before `s` seconds.
    fn waiting(&self, queue: QueueName, s: u64) -> u64 {
        let at = Time::ZERO + Span::from_secs(s);
        let last = self.displayed.iter().map(|(time, _)| *time).filter(|&time| time <= at).max();
        let here = self.queues.iter().filter(|(time, sample)| Some(*time) == last && sample.queue == queue);
        here.map(|(_, sample)| sample.waiting).sum()
    }

    fn count(&self, outcome: RequestOutcome) -> usize {
        self.ended.iter().filter(|(_, _, ended)| *ended == outcome).count()
    }
}

/// Runs the first column of a scenario.
fn run(text: &str) -> (Seen, Ending) {
    let scenario = scenario(text, &[]);
    let mut seen = Seen::default();
    let cell = build_cell(&scenario, &plan(&scenario)[0]);
    let ending = sim::run(&cell, &mut seen, &AtomicBool::new(false));
    (seen, ending)
}

/// What differs between the small scenarios below.
struct Small<'a> {
    end: &'a str,
    /// Changes to the rules of `base`.
    rules: &'a str,
    /// Changes to the figures of PeerTube's delivery; CPU takes no time unless said.
    figures: &'a str,
    /// The groups, `origin` among them.
    instances: &'a str,
    /// Visits: `{instance: ..., start: ..., watch: ...}`.
    sessions: &'a str,
    /// Further keys.
    rest: &'a str,
}

const SMALL: Small<'_> = Small {
    end: "60 s",
    rules: "base: peertube-6.3-v1, connections: new, plain_views: none",
    figures: "base: peertube",
    instances: "origin: {}, follower: {}",
    sessions: "{instance: follower, start: 1 s, watch: 2 s}",
    rest: "other_traffic: {updates: off, watch_actions: off}",
};

const NO_CPU: &str =
    "sign: 0 s, json_ld_sign: 0 s, verify: 0 s, json_ld_verify: 0 s, inbox: 0 s, heartbeat_cpu: 0 s";

/// Latency is 50 ms everywhere.
fn small(small: &Small<'_>) -> (Seen, Ending) {
    let Small { end, rules, figures, instances, sessions, rest } = small;
    run(&format!(
        "
name: small
description: one thing at a time
end: {end}
protocols: {{mine: {{{rules}}}}}
deliveries: {{here: {{{figures}}}}}
delivery: here
compare: [mine]
instances: {{{instances}}}
videos: {{clip: {{origin: origin, length: live}}}}
viewers: [{{video: clip, sessions: [{sessions}]}}]
network: {{latency: {{constant: 50 ms}}}}
measure: {{every: 1 s}}
{rest}
"
    ))
}

/// The same, but for some.
fn no_cpu_but(figures: &str) -> String {
    let key = |figure: &str| figure.split(':').next().expect("a key").to_owned();
    let own: Vec<String> = figures.split(", ").map(key).collect();
    let others = NO_CPU.split(", ").filter(|figure| !own.contains(&key(figure)));
    others.chain([figures]).collect::<Vec<_>>().join(", ")
}

fn visits(at: &str, count: usize) -> String {
    let visit = |number: usize| format!("{{instance: {at}, start: {} us, watch: 2 s}}", 1_000_000 + number);
    (0..count).map(visit).collect::<Vec<_>>().join(", ")
}

/// What followers get by the way in which they follow.
#[test]
fn who_follows_otherwise_gets_less() {
    let counts = |release: &str| {
        let (seen, _) = small(&Small {
            end: "150 s",
            rules: &format!("base: {release}"),
            figures: "base: peertube, keep_alive: \"off\"",
            instances: "origin: {tick_phase: 30 s}, near: {}, account: {follows_as: account}, silent: {follows_as: no-shared-inbox}",
            sessions: "{instance: near, start: 1 s, watch: 40 s}, {instance: origin, start: 2 s, watch: 40 s}, \
                       {instance: silent, start: 3 s, watch: 40 s}",
            rest: "other_traffic: {updates: {every: 1 min}, watch_actions: off}",
        });
        let got = |to: u32, kind: Kind| {
            seen.delivered.iter().filter(|(_, m)| m.to == InstanceId(to) && m.kind == kind).count() > 0
        };
        let of = |to: u32| {
            [Kind::Total, Kind::Plain, Kind::Update, Kind::ViewerForwarded, Kind::PlainForwarded]
                .map(|kind| got(to, kind))
        };
        // its own viewers are sent, and shown
        assert!(
            seen.delivered.iter().any(|(_, m)| m.from == InstanceId(3) && m.kind == Kind::Viewer),
            "{release}"
        );
        assert!(seen.displayed.iter().any(|(_, counts)| counts[3] == 1), "{release}");
        [of(1), of(2), of(3)]
    };
    let (all, none) = ([true; 5], [false; 5]);
    for release in ["peertube-6.3-v2", "peertube-7.2", "peertube-8.0", "peertube-8.2.4"] {
        assert_eq!(counts(release), [all, [true, true, true, false, false], none], "{release}");
    }
    let without_total = [false, true, true, true, true];
    assert_eq!(counts("v1"), [without_total, without_total, none]);
}

#[test]
fn a_restart_keeps_queues_and_loses_what_was_in_memory() {
    let (seen, ending) = small(&Small {
        end: "20 min",
        rules: "base: peertube-6.3-v1, connections: new, plain_views: none, broadcast_queue: sequential, refederation_age: 0 s, heartbeat: 1 s",
        figures: &format!("base: peertube, {}", no_cpu_but("inbox: 9 s")),
        instances: "origin: {}, followers: {count: 80}",
        sessions: "{instance: origin, start: 1 s, watch: 20 s}",
        rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{slow: [followers], answer: 5 s}, {restart: [origin, followers-1], at: 10 s, startup: 2500 ms}]",
    });
    assert_eq!(seen.stops, 2);
    // the heartbeats at 10, 11 and 12 s meet no server; jobs that were queued before go on after it
    let sent = seen.sent.iter().map(|(_, message)| message.activity.stamp.number);
    let missing: Vec<u32> = (0..20).filter(|number| !sent.clone().any(|sent| sent == *number)).collect();
    assert_eq!(missing, [9, 10, 11]);
    // the job that ran was in its second round of 30; the inbox queue of a follower is lost, too
    assert_eq!((ending.flow.dropped.messages, ending.inbox_dropped), (20, 1));
}

#[test]
fn other_traffic_comes_when_it_should() {
    let (seen, _) = small(&Small {
        end: "4 h",
        rules: "base: peertube-6.3-v1, connections: new",
        figures: "base: peertube",
        instances: "origin: {}, followers: {count: 2}",
        sessions: "{instance: followers-1, start: 1 s, watch: 60 s}, {instance: origin, start: 70 min, watch: 60 s}",
        rest: "other_traffic: {background: [{video: clip, rate: 300 /h}]}",
    });
    // two half hours with views, an Update to each of two followers
    assert_eq!(seen.effects_us(Kind::Update).len(), 4);
    assert_eq!(
        seen.sent
            .iter()
            .find(|(_, message)| message.kind == Kind::Update)
            .map(|(_, message)| message.body_bytes),
        Some(15_402)
    );
    // one visit at a follower, which ended at 61 s
    let reports = seen.effects_us(Kind::WatchAction);
    assert!(matches!(reports[..], [3_661_000_000..=7_262_000_000]), "{reports:?}");
    // 1,200 jobs, to two followers
    let jobs = seen.effects_us(Kind::Background).len() as f64 / 2.0;
    assert!((jobs - 1_200.0).abs() < 4.0 * 1_200f64.sqrt(), "{jobs}");
}

#[test]
fn drawn_faults_are_the_same_in_every_column() {
    let with = |faults: &str| {
        small(&Small {
            end: "10 min",
            instances: "origin: {}, followers: {count: 40}",
            sessions: "{instance: origin, start: 1 s, watch: 500 s}",
            rest: &format!("other_traffic: {{updates: off, watch_actions: off}}\nfaults: [{faults}]"),
            ..SMALL
        })
    };
    let dead = |seen: &Seen| {
        let failed = seen
            .ended
            .iter()
            .filter(|ended| ended.2 != RequestOutcome::Good)
            .map(|(_, message, _)| message.to);
        failed.collect::<std::collections::BTreeSet<_>>()
    };
    let (alone, _) = with("{dead: 25 %, of: [followers]}");
    let (beside, _) = with("{dead: 25 %, of: [followers]}, {latency: 10 ms, at: 1 min}");
    assert_eq!((dead(&alone).len(), dead(&alone)), (10, dead(&beside)));
    // 40 x 600 s / (100 s + 50 s) stops to be expected, Poisson at most
    let (seen, _) = with("{outages: [followers], mean_between: 100 s, mean_duration: 50 s}");
    assert!((110..=210).contains(&seen.stops), "{}", seen.stops);
    // a burst loses its share: 40 x 7 messages
    let (seen, _) = with("{loss: 30 %, from: [origin], at: 0 s}");
    let (lost, sent) = (seen.count(RequestOutcome::TimedOut) as f64, seen.ended.len() as f64);
    assert!((lost / sent - 0.3).abs() < 4.0 * (0.21 / sent).sqrt(), "{lost} of {sent}");
}
