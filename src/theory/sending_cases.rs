//! Exact cases of sending: queues of jobs, requests one at a time, schedules of attempts, a head that is held back.

use super::cases::{Case, Exact, Values};
use super::delivery_formulas::{
    OneAtATime, attempts, catch_up, head_tries, job, mastodon_wait, misskey_wait, peak_behind, waits,
};
use super::request_log::{Entry, RequestLog};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::observe::QueueName;

/// All latencies but those of row 22.
const LATENCY: Span = Span::from_ms(50);
/// When bursts come.
const BURST: Time = Time::from_ms(1_000);

/// The cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "as many viewers as a queue behind a dead follower holds",
        sets: &[
            DEAD_FOLLOWER,
            &["viewers=[{video: clip, sessions: [{instance: alive, start: 0 s, watch: 10 min}, \
             {instance: alive, start: 45 s, watch: 10 min}]}]"],
        ],
        claims: |log| vec![forwards_wait(log, 2)],
    },
    Case {
        name: "one viewer more",
        sets: &[
            DEAD_FOLLOWER,
            &["viewers=[{video: clip, sessions: [{instance: alive, start: 0 s, watch: 10 min}, \
             {instance: alive, start: 30 s, watch: 10 min}, {instance: alive, start: 60 s, watch: 10 min}]}]"],
        ],
        claims: |log| vec![forwards_wait(log, 3)],
    },
    Case {
        name: "one request at a time on a kept connection",
        sets: &[ONE_AT_A_TIME, &["deliveries.mine.keep_alive=90 s"]],
        claims: |log| one_at_a_time(log, 2, true),
    },
    Case {
        name: "one request at a time on new connections of TCP",
        sets: &[ONE_AT_A_TIME, &["names.scheme=http"]],
        claims: |log| one_at_a_time(log, 1, false),
    },
    Case {
        name: "one request at a time on new connections with TLS",
        sets: &[ONE_AT_A_TIME],
        claims: |log| one_at_a_time(log, 2, false),
    },
    Case {
        name: "Misskey's attempts at a host that is gone",
        sets: &[&[
            "deliveries.mine.base=misskey",
            "deliveries.mine.retry={jitter: off}",
            "faults=[{down: [follower], how: refused}]",
            "other_traffic.background=[{video: clip, burst: {jobs: 1, at: 1 s}}]",
            "end=60 h",
        ]],
        claims: |log| {
            let expected = Values::Times(attempts(12, LATENCY * 2, misskey_wait));
            vec![Exact { name: "23 Misskey's attempts", expected, measured: instants(BURST, &log.begun) }]
        },
    },
    Case {
        name: "Mastodon's attempts at a host that is gone",
        sets: &[&[
            "deliveries.mine.base=mastodon",
            "deliveries.mine.retry={jitter: off}",
            "faults=[{down: [follower], how: refused}]",
            "other_traffic.background=[{video: clip, burst: {jobs: 1, at: 1 s}}]",
            "end=100 h",
        ]],
        claims: |log| {
            let expected = Values::Times(attempts(17, LATENCY * 2, mastodon_wait));
            vec![Exact { name: "23 Mastodon's attempts", expected, measured: instants(BURST, &log.begun) }]
        },
    },
    Case {
        name: "a head that is held back for an hour",
        sets: &[&[
            "protocols.mine.refederation_age=0 s",
            "protocols.mine.heartbeat=1 s",
            "deliveries.mine.base=lemmy",
            "faults=[{down: [follower], at: 1 h, for: 1 h, how: refused}]",
            "viewers=[{video: clip, sessions: [{instance: origin, start: 500 ms, watch: 3 h}]}]",
            "end=4 h",
        ]],
        claims: head_of_line,
    },
    Case {
        name: "a burst of 20 jobs to 70 inboxes",
        sets: &[&[
            "instances={origin: {}, followers: {count: 70}}",
            "deliveries.mine.json_ld_sign=5 ms",
            "deliveries.mine.sign=250 us",
            "deliveries.mine.verify=20 us",
            "deliveries.mine.inbox=2 s",
            "other_traffic.background=[{video: clip, burst: {jobs: 20, at: 1 s}}]",
        ]],
        claims: burst,
    },
];

const DEAD_FOLLOWER: &[&str] = &[
    "instances={origin: {}, alive: {}, dead: {}}",
    "protocols.mine={base: peertube-6.0, connections: new, plain_views: none, follow_health: off}",
    "deliveries.mine.timeout=31 s",
    "faults=[{down: [dead], how: silent}]",
    "end=15 min",
];

/// Row 21: each viewer causes a forward every 90 s, which takes 31 s. All Views take the same way, so forwards are as far apart.
fn forwards_wait(log: &RequestLog, viewers: u64) -> Exact {
    const PERIOD: Span = Span::from_secs(90);
    const VIEWS_EACH: u64 = 7;
    let apart = Span::from_ns(PERIOD.ns() / viewers);
    let expected = Values::Times(waits(VIEWS_EACH * viewers, apart, Span::from_secs(31)));
    Exact { name: "21 waits of forwards", expected, measured: waits_in(log, QueueName::Sequential) }
}

const ONE_AT_A_TIME: &[&str] = &[
    "instances={origin: {}, far: {software: other}, near: {software: other}, even: {software: other}}",
    "deliveries.mine.base=lemmy",
    "network.links=[{from: origin, to: far, latency: {constant: 200 ms}}, {from: far, to: origin, latency: {constant: 10 ms}}, \
     {from: origin, to: near, latency: {constant: 10 ms}}, {from: near, to: origin, latency: {constant: 200 ms}}]",
    "other_traffic.background=[{video: clip, burst: {jobs: 60, at: 1 s}}]",
];

/// Row 22, for queues that go the two ways of a slow link, and for one with the same latency there and back.
fn one_at_a_time(log: &RequestLog, handshake: u64, is_kept: bool) -> Vec<Exact> {
    [
        ("22 deliveries, slow there", 1, 200, 10),
        ("22 deliveries, slow back", 2, 10, 200),
        ("22 deliveries, both ways alike", 3, 50, 50),
    ]
    .map(|(name, to, there_ms, back_ms)| {
        let (there, back) = (Span::from_ms(there_ms), Span::from_ms(back_ms));
        let queue = OneAtATime { there, back, handshake, is_kept };
        let delivered = log.delivered.iter().filter(|entry| entry.to == InstanceId(to));
        Exact { name, expected: Values::Times(queue.deliveries(60)), measured: instants(BURST, delivered) }
    })
    .into()
}

/// Rows 24 and 25. Activity n is made at n + 1/2 s: that of 3,600.5 s is the first that finds nobody, and knows it a round trip later.
fn head_of_line(log: &RequestLog) -> Vec<Exact> {
    const HEAD: u32 = 3_600;
    const ACTIVITIES: u64 = 10_800;
    let (round_trip, request) = (LATENCY * 2, LATENCY * 6);
    let apart = Span::from_secs(1);
    let head_came = Time::ZERO + apart * u64::from(HEAD) + Span::from_ms(500);
    let failed = head_came + round_trip;
    let outage_ends = Time::ZERO + Span::from_secs(7_200);
    // the first leg must find somebody
    let tries = head_tries(outage_ends.since(failed + LATENCY), round_trip);
    let succeeds = failed + tries[tries.len() - 1];
    let head = log.begun.iter().filter(|entry| entry.number == HEAD && entry.at >= failed);
    let head_arrives = log.delivered.iter().filter(|entry| entry.number == HEAD);
    let waited = log.begun.iter().filter(|entry| entry.number > HEAD && entry.at > entry.created);
    let behind = catch_up(succeeds.since(head_came), apart, request);
    let order = log.delivered.iter().map(|entry| u64::from(entry.number));
    vec![
        Exact {
            name: "24 tries of the head",
            measured: instants(failed, head),
            expected: Values::Times(tries),
        },
        Exact {
            name: "24 the head arrives",
            expected: Values::since(failed, [succeeds + LATENCY * 5]),
            measured: instants(failed, head_arrives),
        },
        Exact {
            name: "25 requests of the catch-up",
            expected: Values::Times(behind),
            measured: instants(succeeds, waited),
        },
        Exact {
            name: "25 order of arrival",
            expected: Values::Counts((0..ACTIVITIES).collect()),
            measured: Values::Counts(order.collect()),
        },
    ]
}

/// Rows 26 and 28: a job is 5 ms of signing, and 3 rounds of 30 requests, each of three round trips.
fn burst(log: &RequestLog) -> Vec<Exact> {
    const JOBS: u64 = 20;
    let request = LATENCY * 6 + Span::from_us(250 + 20);
    let job = job(Span::from_ms(5), 70, 30, request);
    let last = log.ended.last().map(|entry| entry.at);
    vec![
        Exact {
            name: "26 waits of jobs",
            expected: Values::Times(waits(JOBS, Span::ZERO, job)),
            measured: waits_in(log, QueueName::Sequential),
        },
        Exact {
            name: "26 the most jobs that wait",
            expected: Values::one(JOBS - 1),
            measured: Values::one(log.count("queued_jobs_peak")),
        },
        Exact {
            name: "26 all is done",
            expected: Values::Times(vec![job * JOBS]),
            measured: Values::since(BURST, last),
        },
        Exact {
            name: "28 the most that wait in a follower's inbox",
            expected: Values::one(peak_behind(JOBS, job, Span::from_secs(2))),
            measured: Values::one(log.count("inbox_waiting_peak")),
        },
    ]
}

fn waits_in(log: &RequestLog, queue: QueueName) -> Values {
    Values::Times(log.jobs.iter().filter(|job| job.1 == queue).map(|job| job.2).collect())
}

fn instants<'a>(from: Time, entries: impl IntoIterator<Item = &'a Entry>) -> Values {
    Values::since(from, entries.into_iter().map(|entry| entry.at))
}
