//! What clients send to their own instances: closed forms, and the arithmetic of sessions against every single heartbeat of a run.

use super::cells::{all_in_both, count, run_in_both, scenario, value};
use fedisim::domain::door::Door;
use fedisim::domain::workload::Session;
use fedisim::event::{Event, Message};
use fedisim::foundation::ids::InstanceId;
use fedisim::foundation::units::Time;
use fedisim::instance::Input;
use fedisim::observe::Observer;
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::Scenario;
use fedisim::sim;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// Seven who stay for 31 s, at 0, 1, ... s: a heartbeat at once and every 5 s while they are there.
const SEVEN: &str = "
name: seven
description: viewers at a follower
end: 10 min
compare: [v1, v2]
instances: {origin: {}, follower: {}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - {video: stream, sessions: [SESSIONS]}
network: {latency: {constant: 100 ms}}
";

/// Head and body of a request at `https://follower.example`, and the head of an answer of 6.0.
const REQUEST: u64 = 730;
const ANSWER: u64 = 364;

fn sessions(count: u64, watch: &str) -> String {
    let visit = |at| format!("{{instance: follower, start: {at} s, watch: {watch}}}");
    (0..count).map(visit).collect::<Vec<_>>().join(", ")
}

/// The doors of the first column, and the sums of its metrics.
fn doors(text: &str, set: &[&str]) -> (Vec<Door>, [u64; 5]) {
    let results = all_in_both(&scenario(text, set));
    let metrics = [
        "heartbeats",
        "heartbeats_unanswered",
        "heartbeat_bytes_in",
        "heartbeat_bytes_out",
        "door_requests_per_s_peak",
    ];
    (results[0].observed.doors.clone(), metrics.map(|metric| count(&results[0], metric)))
}

/// N viewers of duration D make N ceil(D / h): heartbeats are at the start, h later, ... while before the end.
#[test]
fn viewers_of_one_duration_make_so_many_heartbeats() {
    for (watch, heartbeat, each) in [
        ("31 s", "5 s", 7),
        ("30 s", "5 s", 6),
        ("1 ms", "5 s", 1),
        ("31 s", "2500 ms", 13),
        ("31 s", "7 s", 5),
    ] {
        let text = SEVEN.replace("SESSIONS", &sessions(7, watch));
        let protocol = format!("protocols={{mine: {{base: v1, heartbeat: {heartbeat}}}}}");
        let (doors, metrics) = doors(&text, &[&protocol, "compare=[mine]"]);
        let sent = 7 * each;
        assert_eq!(metrics[..4], [sent, 0, sent * REQUEST, sent * ANSWER], "{watch} {heartbeat}");
        assert_eq!((doors.len(), doors[0].instance), (1, InstanceId(1)));
    }
}

/// Who manages to say that they leave makes one request more, 20 bytes larger, at the very end; nobody hears it at an instance that is down then.
#[test]
fn who_says_that_they_leave_makes_one_request_more() {
    let text = SEVEN.replace("SESSIONS", &sessions(7, "31 s"));
    let mine = |share| format!("protocols={{mine: {{base: peertube-6.3-v1, leave_beacon: {share}}}}}");
    let metrics = |share, down: &str| doors(&text, &[&mine(share), "compare=[mine]", down]).1;
    let (heartbeats, down) = (7 * 7, "faults=[{down: [follower], at: 36500 ms, for: 1 h}]");
    let bytes = |leaving| (heartbeats + leaving) * REQUEST + leaving * 20;
    assert_eq!(metrics("100 %", "faults=[]")[..3], [heartbeats + 7, 0, bytes(7)]);
    assert_eq!(metrics("0 %", "faults=[]")[..3], [heartbeats, 0, bytes(0)]);
    // the last one leaves at 37 s, and all heartbeats are over
    assert_eq!(metrics("100 %", down)[..3], [heartbeats + 7, 1, bytes(6)]);
    let some = metrics("50 %", "faults=[]")[0] - heartbeats;
    assert!((1..7).contains(&some), "{some}");
}

/// They begin at 0 to 6 s: those of 0 and 5 s meet, those of 1 and 6 s do.
#[test]
fn who_meets_in_a_second_makes_the_peak() {
    let text = SEVEN.replace("SESSIONS", &sessions(7, "100 s"));
    assert_eq!(doors(&text, &[]).1[4], 2);
    let at_once = text.replace("start: 1 s", "start: 999 ms");
    assert_eq!(doors(&at_once, &[]).1[4], 3);
}

/// A client of an instance that is down posts all the same.
#[test]
fn nobody_answers_for_an_instance_that_is_down() {
    let text = SEVEN.replace("SESSIONS", &sessions(1, "100 s"));
    let down = |at: &str, time: &str| format!("faults=[{{down: [follower], at: {at}, for: {time}}}]");
    // heartbeats at 0, 5, ..., 95 s: down at 20 s the process gets none at 20 s, and up again at 40 s it gets one at 40 s
    for (at, time, unanswered) in
        [("20 s", "20 s", 4), ("21 s", "20 s", 4), ("20 s", "1 h", 16), ("0 s", "1 h", 20)]
    {
        let (_, metrics) = doors(&text, &[&down(at, time)]);
        let answered = 20 - unanswered;
        assert_eq!(metrics, [20, unanswered, answered * REQUEST, answered * ANSWER, 1], "{at} {time}");
    }
    // nothing of it is traffic of the federation: a follower that hears of nobody receives nothing
    assert_eq!(count(&run_in_both(&scenario(&text, &[])), "payer_with_viewers_request_bytes_in"), 0);
}

/// Every heartbeat of a run.
struct Seen<'s> {
    sessions: &'s [Session],
    /// By instance: those that are sent, those that it handles.
    counts: BTreeMap<InstanceId, [u64; 2]>,
    /// By instance and second.
    seconds: BTreeMap<(InstanceId, u64), u64>,
}

impl Observer for Seen<'_> {
    fn event(&mut self, now: Time, event: &Event) {
        if let Event::Heartbeat { session, .. } = event {
            let instance = self.sessions[session.index()].instance;
            self.counts.entry(instance).or_default()[0] += 1;
            *self.seconds.entry((instance, now.ns() / 1_000_000_000)).or_default() += 1;
        }
    }

    fn handled(&mut self, _now: Time, _clock: Time, instance: InstanceId, input: &Input<'_>) {
        if matches!(input, Input::Heartbeat(_)) {
            self.counts.entry(instance).or_default()[1] += 1;
        }
    }
}

/// Whatever happens to an instance and its rules, every heartbeat that the event loop makes is one that the sessions say.
fn assert_every_heartbeat_is_counted(scenario: &Scenario) {
    for planned in plan(scenario) {
        let cell = build_cell(scenario, &planned);
        let mut seen = Seen { sessions: &cell.sessions, counts: BTreeMap::new(), seconds: BTreeMap::new() };
        let ending = sim::run(&cell, &mut seen, &AtomicBool::new(false));
        let peak = |instance: InstanceId| {
            let seconds = seen.seconds.range((instance, 0)..=(instance, u64::MAX));
            seconds.map(|(_, count)| *count).max().unwrap_or(0)
        };
        let counted: Vec<_> =
            seen.counts.iter().map(|(&at, &[sent, answered])| (at, sent, answered, peak(at))).collect();
        let said = |door: &Door| (door.instance, door.sent, door.answered, door.per_s_peak);
        assert_eq!(ending.doors.iter().map(said).collect::<Vec<_>>(), counted);
        assert!(counted.len() > 1);
    }
}

const CROWD: &str = "
name: crowd
description: people who come and go at five instances
end: 20 min
compare: [v1, {name: mine, protocol: mine}]
protocols: {mine: {base: peertube-8.2.4, heartbeat: 7300 ms}}
instances: {origin: {}, followers: {count: 4}}
videos: {clip: {origin: origin, length: 10 min}}
viewers:
  - {video: clip, arrivals: {constant: {rate: 20 /min}}, watch: retention, spread: {zipf: {origin_share: 30 %}}}
  - {video: clip, arrivals: {constant: {rate: 5 /min}}, watch: {exponential: 3 min}, spread: {list: [followers]}, first_heartbeat_after: 4 s}
network: {latency: {constant: 100 ms}}
";

const HINTS: &str = "protocols.mine={base: peertube-8.2.4, heartbeat: 7300 ms, lifetime: 20 s, hints: {heartbeats_per_s: 1, at_most: 40 s}}";

#[test]
fn the_sessions_say_every_heartbeat_of_a_run() {
    for set in [
        &[][..],
        &["end=601 s"],
        &[
            "end={when: idle, at_most: 3 h}",
            "viewers.0.arrivals={stages: [{duration: 5 min, rate: 20 /min}, {duration: 1 s, rate: 0 /s}]}",
            "viewers.1.arrivals={stages: [{duration: 5 min, rate: 5 /min}, {duration: 1 s, rate: 0 /s}]}",
        ],
        &[
            "faults=[{down: [origin], at: 200 s, for: 90 s}, {outages: [followers], mean_between: 3 min, mean_duration: 1 min}]",
        ],
        &["faults=[{upgrade: [origin, followers], at: 3 min, to: mine, startup: 2500 ms, pause: 45 s}]"],
        &["faults=[{upgrade: [followers, origin], at: 3 min, to: v1, startup: 0 s, pause: 45 s}]"],
        // where clients are told when to come, all the time or for a while
        &[HINTS],
        &[
            HINTS,
            "faults=[{upgrade: [followers, origin], at: 9 min, to: mine, startup: 2500 ms, pause: 45 s}]",
        ],
        &[HINTS, "faults=[{outages: [followers], mean_between: 3 min, mean_duration: 1 min}]"],
    ] {
        assert_every_heartbeat_is_counted(&scenario(CROWD, set));
    }
}

/// Where cores are limited a heartbeat takes 3 ms of them unless the delivery says otherwise, and elsewhere nothing.
#[test]
fn a_heartbeat_takes_cpu_time_where_cores_are_limited() {
    let stages =
        |rate| format!("{{stages: [{{duration: 5 min, rate: {rate} /min}}, {{duration: 1 s, rate: 0 /s}}]}}");
    let arrivals = [20, 5].map(stages);
    let idle = [
        "end={when: idle, at_most: 3 h}",
        &format!("viewers.0.arrivals={}", arrivals[0]),
        &format!("viewers.1.arrivals={}", arrivals[1]),
    ];
    let run = |heartbeat_cpu: &str, cores: &str| {
        let delivery = format!("deliveries={{mine: {{base: peertube{heartbeat_cpu}}}}}");
        let instances = format!("instances={{origin: {{}}, followers: {{count: 4, capacity: {{{cores}}}}}}}");
        let set = [&idle[..], &["delivery=mine", "compare=[v1]", &delivery, &instances]].concat();
        let result = run_in_both(&scenario(CROWD, &set));
        let cpu_ns: Vec<u64> = result.observed.delivery.busy.iter().map(|busy| busy.cpu_ns).collect();
        (cpu_ns, result.observed.doors)
    };
    let (free, doors) = run(", heartbeat_cpu: 0 s", "cores: 8");
    assert_eq!(doors.len(), 5);
    for (heartbeat_cpu, cores, work_ns) in
        [("", "cores: 8", 3_000_000), (", heartbeat_cpu: 70 us", "cores: 8", 70_000), ("", "", 0)]
    {
        let (used, _) = run(heartbeat_cpu, cores);
        for door in &doors {
            let id = door.instance.index();
            // the origin's cores are not limited
            let expected = if id == 0 { 0 } else { door.answered * work_ns };
            assert_eq!(used[id] - free[id], expected, "{} with {heartbeat_cpu} {cores}", door.instance);
        }
    }
}

/// When its messages arrive.
#[derive(Default)]
struct Arrivals(Vec<Time>);

impl Observer for Arrivals {
    fn delivered(&mut self, now: Time, _message: &Message) {
        self.0.push(now);
    }
}

/// Ten heartbeats at one instant, one core: the View that the i-th causes is signed when i of them are worked on.
#[test]
fn what_a_heartbeat_causes_waits_for_the_heartbeats_before_it() {
    let at_once =
        (0..10).map(|_| "{instance: follower, start: 0 s, watch: 4 s}").collect::<Vec<_>>().join(", ");
    let text = SEVEN.replace("SESSIONS", &at_once);
    let no_cpu = "sign: 0 s, json_ld_sign: 0 s, verify: 0 s, json_ld_verify: 0 s, inbox: 0 s";
    let deliveries = format!("deliveries={{mine: {{base: peertube, {no_cpu}, keep_alive: off}}}}");
    let set = [&deliveries, "delivery=mine", "compare=[v1]", "instances.follower.capacity={cores: 1}"];
    let scenario = scenario(&text, &set);
    run_in_both(&scenario);
    let mut arrivals = Arrivals::default();
    let cell = build_cell(&scenario, &plan(&scenario)[0]);
    sim::run(&cell, &mut arrivals, &AtomicBool::new(false));
    // TCP and TLS are two round trips of 200 ms
    let expected: Vec<_> = (1..=10).map(|number| Time::from_ms(number * 3 + 5 * 100)).collect();
    assert_eq!(arrivals.0, expected);
}

/// 500 heartbeats a second of 3 ms on one core: it is never idle, and what is sent waits until nobody waits for it.
#[test]
fn a_crowd_fills_the_cores_of_its_own_instance() {
    let visit = "{instance: follower, start: 0 s, watch: 1 h, heartbeat: 1 s}, ";
    let text = SEVEN.replace("SESSIONS", visit.repeat(500).trim_end_matches(", "));
    let set = [
        "end=60 s",
        "deliveries={mine: {base: peertube, keep_alive: off, rate_limit: off}}",
        "delivery=mine",
        "compare=[v1]",
    ];
    let run = |capacity| run_in_both(&scenario(&text, &[&set[..], &[capacity]].concat()));
    let busy = run("instances.follower.capacity={cores: 1}");
    assert_eq!(busy.observed.delivery.busy[1].cpu_ns, 60_000_000_000);
    let free = run("instances.follower.capacity={}");
    let failed = |result| value(result, "delivery_failed_share").parse::<f64>().expect("a share");
    assert!(failed(&busy) > 0.0 && failed(&free) <= 0.0, "{} {}", failed(&busy), failed(&free));
}
