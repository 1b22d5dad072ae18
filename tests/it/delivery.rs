//! Delivery as it really is: every queue, capacity, limit and fault binds somewhere here, with the figure that it must give.

use fedisim::event::{Event, Message};
use fedisim::instance::Instance;
use fedisim::mechanism::activity::Kind;

use fedisim::foundation::ids::InstanceId;
use fedisim::foundation::units::{Span, Time};
use fedisim::observe::{Ending, HealthNote, Observer, QueueName, QueueSample, RequestOutcome, RunOutcome};
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
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

    fn transported(
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

    fn ended(&mut self, now: Time, message: &Message, fate: RequestOutcome) {
        self.ended.push((now, message.clone(), fate));
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
        self.ended.iter().map(|(time, message, fate)| (*fate, time.since(begun(message)).us())).collect()
    }

    /// What waits in a queue at the last sample at or before `s` seconds.
    fn waiting(&self, queue: QueueName, s: u64) -> u64 {
        let at = Time::ZERO + Span::from_secs(s);
        let last = self.displayed.iter().map(|(time, _)| *time).filter(|&time| time <= at).max();
        let here = self.queues.iter().filter(|(time, sample)| Some(*time) == last && sample.queue == queue);
        here.map(|(_, sample)| sample.waiting).sum()
    }

    fn count(&self, fate: RequestOutcome) -> usize {
        self.ended.iter().filter(|(_, _, ended)| *ended == fate).count()
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
protocols: {{mine: {{base: peertube-6.0, connections: new, follow_health: {health}, plain_views: none}}}}
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

const NO_CPU: &str = "sign: 0 s, json_ld_sign: 0 s, verify: 0 s, json_ld_verify: 0 s, inbox: 0 s";

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

#[test]
fn a_request_has_its_time_line() {
    // JSON-LD signature 5 ms, signature 0.25 ms, two round trips of handshakes, one way, verification 0.02 ms, inbox 5 ms
    let (seen, _) = small(&SMALL);
    let begun = 1_000_000 + 5_000;
    let delivered = begun + 250 + 4 * 50_000 + 50_000;
    assert_eq!(seen.delivered[0].0.ns() / 1_000, delivered);
    assert_eq!(seen.effects_us(Kind::Viewer), [delivered + 20 + 5_000]);
    assert_eq!(seen.ends(), [(RequestOutcome::Good, delivered + 20 + 50_000 - begun)]);
    // without TLS a round trip less
    let (seen, _) = small(&Small { rest: &format!("{}\nnames: {{scheme: http}}", SMALL.rest), ..SMALL });
    assert_eq!(seen.delivered[0].0.ns() / 1_000, delivered - 100_000);
    // without queues nothing but latency, whatever the machine
    let unlimited = Small {
        figures: "base: unlimited",
        instances: "origin: {}, follower: {capacity: {cores: 1, uplink: 1 kbit/s}}",
        ..SMALL
    };
    assert_eq!(small(&unlimited).0.effects_us(Kind::Viewer), [1_050_000]);
}

#[test]
fn requests_end_as_their_receivers_let_them() {
    for (fault, expected) in [
        ("{down: [origin], at: 0 s, how: silent}", (RequestOutcome::TimedOut, 7_000_000)),
        ("{down: [origin], at: 0 s, how: refused}", (RequestOutcome::FailedConnect, 100_250)),
        ("{loss: 100 %, at: 0 s}", (RequestOutcome::TimedOut, 7_000_000)),
        ("{partition: [[origin], [follower]], at: 0 s}", (RequestOutcome::TimedOut, 7_000_000)),
        ("{slow: [origin], answer: 6500 ms}", (RequestOutcome::Good, 6_800_270)),
        ("{slow: [origin], answer: 6900 ms}", (RequestOutcome::TimedOut, 7_000_000)),
        ("{latency: 1 s, at: 0 s}", (RequestOutcome::Good, 6 * 1_050_000 + 270)),
        ("{latency: 1200 ms, at: 0 s}", (RequestOutcome::TimedOut, 7_000_000)),
        ("{latency: 1 s, at: 30 s}", (RequestOutcome::Good, 6 * 50_000 + 270)),
    ] {
        let (seen, ending) = small(&Small { rest: &format!("{}\nfaults: [{fault}]", SMALL.rest), ..SMALL });
        assert_eq!(seen.ends(), [expected], "{fault}");
        // a late answer is not a lost message
        let arrives = fault.contains("slow") || fault.contains("latency");
        assert_eq!(ending.flow.delivered.messages, u64::from(arrives), "{fault}");
        assert_eq!(
            ending.flow.timed_out.messages,
            u64::from(expected.0 == RequestOutcome::TimedOut),
            "{fault}"
        );
    }
}

#[test]
fn a_run_is_idle_when_the_deadline_of_a_stopped_sender_has_passed() {
    // a request of 1.005 s waits for 7 s, whether its sender is still there or not; samples are taken every second
    let silent = "{down: [origin], at: 0 s, how: silent}";
    for faults in [silent.to_owned(), format!("{silent}, {{restart: [follower], at: 3 s, startup: 1 s}}")] {
        let rest = format!("{}\nfaults: [{faults}]", SMALL.rest);
        let rules =
            "base: peertube-6.3-v1, connections: new, plain_views: none, lifetime: 5 s, tick_interval: 1 s";
        let (_, ending) = small(&Small { end: "{when: idle, at_most: 1 h}", rules, rest: &rest, ..SMALL });
        assert_eq!(ending.outcome, RunOutcome::Done(Time::from_ms(9_000)), "{faults}");
    }
}

#[test]
fn cores_links_and_threads_do_one_thing_after_another() {
    let gaps = |us: &[u64]| us.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    let busy = |instances: &str, figures: &str| {
        let figures = format!("base: peertube, transport: ignored, {}", no_cpu_but(figures));
        let sessions = visits("follower", 5);
        let (seen, ending) = small(&Small { instances, figures: &figures, sessions: &sessions, ..SMALL });
        (gaps(&seen.effects_us(Kind::Viewer)), ending.busy)
    };
    // a View of 856 + 1,232 bytes for the recorded names; here they are longer
    let bytes = small(&SMALL).0.sent[0].1.bytes();
    let at_1_mbit_us = bytes * 8;
    // signatures of 100 ms: one core makes one after the other, two cores two at once, unlimited ones all
    let (one, used) = busy("origin: {}, follower: {capacity: {cores: 1}}", "sign: 100 ms");
    assert_eq!((one, used[1].cpu_ns), (vec![100_000; 4], 500_000_000));
    let (two, _) = busy("origin: {}, follower: {capacity: {cores: 2}}", "sign: 100 ms");
    assert_eq!(two, [1, 99_999, 1, 99_999]);
    let (all, _) = busy("origin: {}, follower: {}", "sign: 100 ms");
    assert_eq!(all, [1; 4]);
    // JSON-LD has one thread, an inbox does one thing at a time, however many cores there are
    for figure in ["json_ld_sign: 100 ms", "inbox: 100 ms"] {
        let (serial, _) = busy("origin: {capacity: {cores: 8}}, follower: {capacity: {cores: 8}}", figure);
        assert_eq!(serial, [100_000; 4], "{figure}");
    }
    // links
    let (up, used) = busy("origin: {}, follower: {capacity: {uplink: 1 Mbit/s}}", "inbox: 0 s");
    assert_eq!((up, used[1].uplink_ns), (vec![at_1_mbit_us; 4], 5_000 * at_1_mbit_us));
    let (down, used) = busy("origin: {capacity: {downlink: 1 Mbit/s}}, follower: {}", "inbox: 0 s");
    assert_eq!((down, used[0].downlink_ns), (vec![at_1_mbit_us; 4], 5_000 * at_1_mbit_us));
}

#[test]
fn a_job_has_so_many_requests_at_once_and_a_queue_so_many_jobs() {
    let figures = format!("base: peertube, {NO_CPU}");
    let of_origin =
        Small { figures: &figures, sessions: "{instance: origin, start: 1 s, watch: 2 s}", ..SMALL };
    // 61 inboxes, 30 at once, 300 ms each
    let (seen, _) = small(&Small { instances: "origin: {}, followers: {count: 61}", ..of_origin });
    let begun_ms: Vec<u64> = seen.sent.iter().map(|(time, _)| time.ms()).collect();
    let round = |ms| begun_ms.iter().filter(|&&begun| begun == ms).count();
    assert_eq!([1_000, 1_300, 1_600].map(round), [30, 30, 1]);
    // the 31st job of the parallel queue waits for the first
    let crowd = visits("origin", 31);
    let (seen, _) = small(&Small { sessions: &crowd, ..of_origin });
    assert_eq!(seen.waited.iter().filter(|waited| **waited > Span::ZERO).count(), 1);
    assert_eq!(seen.waited[30], Span::from_us(300_000 - 30));
    // and so does that of the unicast queue
    let crowd = visits("follower", 31);
    let (seen, _) =
        small(&Small { sessions: &crowd, figures: &figures, rules: "base: v2, plain_views: none", ..SMALL });
    assert_eq!(seen.waited[30], Span::from_us(300_000 - 30));
    // 100 silent inboxes take four times 7 s, but a job is given up after 20 s
    let two = "{instance: origin, start: 1 s, watch: 2 s}, {instance: origin, start: 2 s, watch: 2 s}";
    let (seen, _) = small(&Small {
        rules: "base: peertube-6.3-v1, connections: new, plain_views: none, broadcast_queue: sequential",
        figures: &format!("{figures}, running_limit: 20 s"),
        instances: "origin: {}, followers: {count: 100}",
        sessions: two,
        rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{down: [followers], at: 0 s}]",
        ..SMALL
    });
    assert_eq!(seen.waited, [Span::ZERO, Span::from_secs(19)]);
    assert_eq!(seen.count(RequestOutcome::TimedOut), 200);
}

#[test]
fn a_receiver_takes_so_many_requests_per_window() {
    let limited = Small {
        figures: &format!("base: peertube, {NO_CPU}, rate_limit: {{requests: 5, per: 10 s}}"),
        rules: "base: peertube-6.3-v1, connections: new, plain_views: none, refederation_age: 0 s, heartbeat: 1 s",
        instances: "origin: {}, follower: {}, other: {software: other}",
        sessions: "{instance: origin, start: 1 s, watch: 20 s}",
        ..SMALL
    };
    let (seen, ending) = small(&limited);
    // 20 requests a second apart: 5 of the first 10 s, 5 of the second; other software takes all
    let refused: Vec<u64> = seen
        .ended
        .iter()
        .filter(|ended| ended.2 == RequestOutcome::Refused)
        .map(|(_, message, _)| u64::from(message.to.0))
        .collect();
    assert_eq!((refused.len(), ending.flow.refused_429.messages), (10, 10));
    assert!(refused.iter().all(|&to| to == 1));
}

#[test]
fn connections_cost_what_they_cost() {
    let bytes = |release: &str, figures: &str| {
        let sessions = "{instance: follower, start: 1 s, watch: 8 s}";
        let rules = format!(
            "{release}, plain_views: none, refederation_age: 4 s, heartbeat: 4 s, origin_total: \"no\""
        );
        let figures = format!("base: peertube, {figures}");
        small(&Small { figures: &figures, sessions, rules: &rules, ..SMALL }).0.transport_bytes
    };
    let closing = "base: peertube-6.3-v1, connections: new";
    // two Views of two segments: TCP and IP 320 up and 216 down each
    let tcp = 2 * (320 + 216);
    assert_eq!(bytes(closing, "tls: full"), tcp + 2 * (480 + 3_359));
    assert_eq!(bytes(closing, "tls: resumed"), tcp + 2 * (783 + 287));
    assert_eq!(bytes(closing, "transport: ignored"), 0);
    // the second one on a kept connection: two segments and an acknowledgement up, one of each down
    let kept = 320 + 216 + 480 + 3_359 + 3 * 52 + 2 * 52;
    assert_eq!(bytes(closing, "keep_alive: 5 s"), kept);
    // releases up to 7.0 keep theirs, later ones do not, unless the delivery says what all do
    for release in ["base: v1", "base: peertube-6.3-v1", "base: peertube-6.3-v2"] {
        assert_eq!(bytes(release, "tls: full"), kept, "{release}");
        assert_eq!(bytes(release, "keep_alive: \"off\""), tcp + 2 * (480 + 3_359), "{release}");
    }
    for release in ["base: peertube-7.2", "base: peertube-8.2", "base: v2"] {
        assert_eq!(bytes(release, "tls: full"), tcp + 2 * (480 + 3_359), "{release}");
        assert_eq!(bytes(release, "keep_alive: 5 s"), kept, "{release}");
    }
}

/// Views 8.6 s apart: every second one is written into a connection that its receiver has closed, under 6.x alone.
#[test]
fn requests_on_kept_connections_are_lost_by_6_x_alone() {
    for (release, lost) in [
        ("v1", 3),
        ("peertube-6.3-v2", 3),
        ("peertube-7.2", 0),
        ("peertube-8.2.4", 0),
        ("peertube-9.0-dev", 0),
    ] {
        let rules = format!(
            "base: {release}, plain_views: none, refederation_age: 8 s, heartbeat: 8600 ms, forward: never"
        );
        let sessions = "{instance: follower, start: 1 s, watch: 45 s}";
        let (seen, _) = small(&Small { rules: &rules, sessions, ..SMALL });
        let ends = [RequestOutcome::Good, RequestOutcome::FailedConnect].map(|fate| {
            seen.ended.iter().filter(|ended| ended.2 == fate && ended.1.kind == Kind::Viewer).count()
        });
        assert_eq!(ends, [6 - lost, lost], "{release}");
    }
}

/// An upgrade to 7.2 ends the losses, and heads are those of the release that sends and of the one that answers.
#[test]
fn a_release_brings_its_connections_and_its_heads() {
    let (seen, _) = small(&Small {
        end: "4 min",
        rules: "base: peertube-6.3-v2, plain_views: none, refederation_age: 8 s, heartbeat: 8600 ms, forward: never",
        sessions: "{instance: follower, start: 1 s, watch: 200 s}",
        rest: "other_traffic: {updates: off, watch_actions: off}\n\
               faults: [{upgrade: [follower], at: 50 s, to: peertube-7.2, startup: 1 s}, \
                        {upgrade: [origin], at: 80 s, to: peertube-8.2.4, startup: 1 s}]",
        ..SMALL
    });
    let viewers = || seen.ended.iter().filter(|(_, message, _)| message.kind == Kind::Viewer);
    let before = viewers().filter(|(at, ..)| at.ms() < 50_000).map(|(_, _, fate)| *fate);
    let [good, lost] = [RequestOutcome::Good, RequestOutcome::FailedConnect]
        .map(|fate| before.clone().filter(|&one| one == fate).count());
    assert_eq!((good, lost), (3, 3));
    let at = |s: u64| {
        let later = |(at, ..): &&(Time, Message, RequestOutcome)| at.ms() >= s * 1_000;
        let (_, message, fate) = viewers().find(later).expect("a View");
        (*fate, message.head_bytes, message.response_bytes)
    };
    let (_, request, response) = at(0);
    // kept: 5 and 28 bytes more; from 7.1 on requests have 15 bytes more and answers 5
    assert_eq!(at(50), (RequestOutcome::Good, request - 5 + 15, response - 28));
    // a View again 90 s after the first of the new process
    assert_eq!(at(130), (RequestOutcome::Good, request - 5 + 15, response - 28 + 5));
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
fn views_have_an_inbox_of_their_own_since_8_2() {
    // an Update takes its second in the inbox queue; a View that comes behind it
    let delay_ms = |rules: &str| {
        let (seen, _) = small(&Small {
            end: "40 s",
            rules,
            figures: &format!("base: peertube, {}", no_cpu_but("inbox: 1 s")),
            sessions: "{instance: origin, start: 1 s, watch: 30 s}",
            rest: "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 2 /s}]}",
            ..SMALL
        });
        let views = seen.processed.iter().filter(|(_, message)| message.kind == Kind::Viewer);
        views.map(|(time, message)| time.since(message.created).us() / 1_000).max().expect("a View")
    };
    let often = "plain_views: none, own_viewers: each, refederation_age: 4 s";
    assert!(delay_ms(&format!("base: peertube-6.3-v1, connections: new, {often}")) > 5_000);
    assert_eq!(
        delay_ms(&format!("base: peertube-6.3-v1, connections: new, {often}, views_inbox: own")),
        1_250
    );
}

#[test]
fn a_bad_inbox_gets_the_next_broadcast_alone() {
    let queues = |rules: &str| {
        let (seen, _) = small(&Small {
            rules: &format!(
                "base: peertube-6.3-v1, connections: new, plain_views: none, refederation_age: 8 s, {rules}"
            ),
            figures: &format!("base: peertube, {NO_CPU}"),
            instances: "origin: {}, followers: {count: 3}",
            sessions: "{instance: origin, start: 1 s, watch: 25 s, heartbeat: 10 s}",
            rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{down: [followers-1], at: 0 s}]",
            ..SMALL
        });
        let names = seen.queues.iter().filter(|(_, queue)| queue.started > 0).map(|(_, queue)| queue.queue);
        names.collect::<Vec<_>>()
    };
    use QueueName::{Lane, Parallel, Unicast};
    let jobs = |rules| queues(rules).into_iter().filter(|name| !matches!(name, Lane(_))).collect::<Vec<_>>();
    assert_eq!(jobs("bad_inbox: broadcast"), [Parallel; 3]);
    // the unicast job ends last, so its inbox stays the bad one
    assert_eq!(jobs("bad_inbox: unicast"), [Parallel, Parallel, Unicast, Parallel, Unicast]);
}

#[test]
fn since_8_2_a_follower_goes_after_seven_days() {
    let removed = |health: &str| {
        let (seen, _) = small(&Small {
            end: "200 h",
            rules: &format!(
                "base: peertube-8.2.4, plain_views: none, follow_health: {health}, heartbeat: 1 h, lifetime: 1 h"
            ),
            instances: "origin: {health_phase: 30 min}, follower: {}, gone: {}",
            sessions: "{instance: origin, start: 1 s, watch: 200 h}",
            rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{down: [gone], at: 2 h}]",
            ..SMALL
        });
        seen.health
            .iter()
            .filter(|(_, note)| note.removed)
            .map(|(time, note)| (time.ns() / 3_600_000_000_000, note.follower.0))
            .collect::<Vec<_>>()
    };
    let hours = removed("seven-days");
    assert!(matches!(hours[..], [(168..=171, 2)]), "{hours:?}");
    assert_eq!(removed("off"), []);
}

#[test]
fn rivals_wait_and_retry_in_their_own_ways() {
    let rest =
        "other_traffic: {updates: off, watch_actions: off}\nfaults: [{slow: [followers-1], answer: 6 s}]";
    let of_origin = Small {
        instances: "origin: {}, followers: {count: 3}",
        sessions: "{instance: origin, start: 1 s, watch: 40 s}",
        rules: "base: peertube-6.3-v1, connections: new, plain_views: none, broadcast_queue: sequential, refederation_age: 0 s, heartbeat: 1 s",
        rest,
        ..SMALL
    };
    let slowest_of_others_ms = |base: &str| {
        let (seen, _) = small(&Small { figures: &format!("base: {base}, {NO_CPU}"), ..of_origin });
        let others = seen.processed.iter().filter(|(_, message)| message.to.0 != 1);
        others.map(|(time, message)| time.since(message.authored).us() / 1_000).max()
    };
    assert!(slowest_of_others_ms("peertube") > Some(30_000));
    assert_eq!(slowest_of_others_ms("per-destination"), Some(250));
    // a host that is down for three minutes hears of it later; the circuit opens meanwhile
    let (seen, ending) = small(&Small {
        end: "30 min",
        figures: &format!("base: retrying, {NO_CPU}"),
        rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{down: [followers-1], at: 0 s, for: 3 min, how: refused}]",
        ..of_origin
    });
    let late = seen.delivered.iter().filter(|(_, message)| message.to.0 == 1 && message.attempt > 0).count();
    assert_eq!(late, 40);
    assert!(ending.flow.dropped.messages > 0 && ending.flow.created.messages > 120);
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
