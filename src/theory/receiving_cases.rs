//! Exact cases of receiving: inboxes, `Retry-After`, signature windows, and the GETs of those who received something; sampled cases of
//! a rate limit and of what becomes of activities over a network that loses them.

use super::acceptance::claim;
use super::cases::{Case, Exact, Sampled, Values};
use super::delivery_formulas::{
    GetHerd, Lossy, busiest_second, comes_again, date_is_taken, most_waiting, per_request_taken_s, waits,
};
use super::request_log::{Entry, RequestLog};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::Kind;

/// The latency of all links but those of the GETs.
const LATENCY: Span = Span::from_ms(50);
/// A request arrives so long after it began, on a new connection with TLS.
const THERE: Span = Span::from_ms(5 * 50);
/// When bursts come.
const BURST: Time = Time::from_ms(1_000);

/// The exact cases.
pub(super) const CASES: &[Case] = &[
    Case {
        name: "a herd at an inbox",
        sets: &[&[
            "deliveries.mine.base=mastodon",
            "deliveries.mine.workers=1000",
            "deliveries.mine.inbox=5 ms",
            "other_traffic.background=[{video: clip, burst: {jobs: 500, at: 1 s}}]",
        ]],
        claims: herd,
    },
    Case {
        name: "a Poisson stream into an inbox",
        sets: &[&[
            "deliveries.mine.base=mastodon",
            "deliveries.mine.workers=1000",
            "deliveries.mine.inbox=90 ms",
            "other_traffic.background=[{video: clip, rate: 10 /s, for: 100 s}]",
            "end=3 min",
        ]],
        claims: |log| {
            let service = Span::from_ms(90);
            let expected = most_waiting(longest_wait(log, service), service);
            let measured = Values::one(log.count("inbox_waiting_peak"));
            vec![Exact { name: "29 the most that wait", expected: Values::one(expected), measured }]
        },
    },
    Case {
        name: "refusals that say when to come again",
        sets: &[&[
            "protocols.mine.refederation_age=0 s",
            "protocols.mine.heartbeat=1 s",
            "deliveries.mine.base=mastodon",
            "deliveries.mine.attempts=2",
            "deliveries.mine.retry_after=heeded",
            "deliveries.mine.rate_limit={requests: 5, per: 1 min}",
            "viewers=[{video: clip, sessions: [{instance: origin, start: 1 s, watch: 20 s}]}]",
            "end=3 min",
        ]],
        claims: retry_after,
    },
    Case {
        name: "clocks at both bounds of a signature window",
        sets: &[&[
            "instances={origin: {}, a: {software: other}, b: {software: other}, c: {software: other}, d: {software: other}}",
            "deliveries.mine.base=mastodon",
            "deliveries.mine.attempts=1",
            "deliveries.mine.sign=250 us",
            "deliveries.mine.signature_window={old: 1 min, ahead: 30 s}",
            "faults=[{clock: [origin], ahead: 10 min}, {clock: [a], ahead: 659749750000 ns}, {clock: [b], ahead: 659749750001 ns}, \
             {clock: [c], ahead: 569749750000 ns}, {clock: [d], ahead: 569749749999 ns}]",
            "other_traffic.background=[{video: clip, burst: {jobs: 10, at: 1 s}}]",
        ]],
        claims: signature_window,
    },
    Case {
        name: "a herd of GETs over a wide uplink",
        sets: &[HERD_OF_GETS],
        claims: |log| {
            let expected = Values::one(busiest_second(FOLLOWERS, 100_000));
            let measured = Values::one(log.count("origin_out_bytes_per_s_peak"));
            vec![Exact { name: "34 the origin's busiest second, bytes", expected, measured }]
        },
    },
    Case {
        name: "a herd of GETs over a narrow uplink",
        sets: &[HERD_OF_GETS, &["instances.origin.capacity={uplink: 1 Mbit/s}"]],
        claims: narrow_uplink,
    },
];

/// The sampled cases.
pub(super) const SAMPLED: &[Sampled] = &[
    Sampled {
        name: "a rate limit on a Poisson stream",
        sets: &[&[
            "deliveries.mine.base=mastodon",
            "deliveries.mine.attempts=1",
            "deliveries.mine.rate_limit={requests: 10, per: 2 s}",
            "other_traffic.background=[{video: clip, rate: 20 /s}]",
            "end=90 s",
        ]],
        claims: || {
            vec![claim(
                "30 time per request taken, s",
                per_request_taken,
                per_request_taken_s(10.0, 2.0, 20.0),
            )]
        },
    },
    Sampled {
        name: "three attempts over a network that loses three legs of ten",
        sets: &[&[
            "instances={origin: {}, followers: {count: 150, software: other}}",
            "network.loss=30 %",
            "deliveries.mine.base=mastodon",
            "deliveries.mine.workers=100000",
            "deliveries.mine.retry={schedule: [10 s], jitter: off, attempts: 3}",
            "other_traffic.background=[{video: clip, burst: {jobs: 20, at: 1 s}}]",
            "end=2 min",
        ]],
        claims: || {
            let lossy = Lossy { p: 0.3, attempts: 3 };
            vec![
                claim(
                    "33 activities that never arrive",
                    |log| share(log, "activities_never_arrived"),
                    lossy.never(),
                ),
                claim("33 arrivals per activity", |log| share(log, "messages_delivered"), lossy.arrivals()),
                claim(
                    "33 duplicates per activity",
                    |log| share(log, "activities_duplicates"),
                    lossy.duplicates(),
                ),
            ]
        },
    },
];

/// Row 27: 500 arrive at one instant and take 5 ms each.
fn herd(log: &RequestLog) -> Vec<Exact> {
    const HERD: u64 = 500;
    let service = Span::from_ms(5);
    let out = waits(HERD, Span::ZERO, service).into_iter().map(|wait| THERE + wait + service);
    vec![
        Exact {
            name: "27 activities come out of the inbox",
            expected: Values::Times(out.collect()),
            measured: instants(BURST, &log.processed),
        },
        Exact {
            name: "27 the most that wait",
            expected: Values::one(HERD - 1),
            measured: Values::one(log.count("inbox_waiting_peak")),
        },
    ]
}

/// The longest wait in the inbox, of activities that each arrive once.
fn longest_wait(log: &RequestLog, service: Span) -> Span {
    let wait = |(arrived, out): (&Entry, &Entry)| {
        assert!(arrived.number == out.number, "first come, first served");
        out.at.since(arrived.at + service)
    };
    log.delivered.iter().zip(&log.processed).map(wait).max().unwrap_or_default()
}

/// Row 31: one View per second, of which five per minute are taken; each refused one is tried once more.
fn retry_after(log: &RequestLog) -> Vec<Exact> {
    const LIMIT: u64 = 5;
    const VIEWS: u64 = 20;
    let first = BURST + THERE;
    let refused = (LIMIT..VIEWS).map(Span::from_secs);
    let again = comes_again(refused, Span::from_secs(60), LATENCY + THERE);
    let mut all: Vec<&Entry> = log.delivered.iter().chain(&log.refused).collect();
    all.sort_by_key(|entry| entry.at);
    let second = all.into_iter().filter(|entry| entry.attempt == 1);
    let numbers =
        |entries: &[Entry]| Values::Counts(entries.iter().map(|entry| u64::from(entry.number)).collect());
    vec![
        Exact {
            name: "31 second attempts arrive",
            expected: Values::Times(again),
            measured: instants(first, second),
        },
        Exact {
            name: "31 which are taken",
            expected: Values::Counts((0..2 * LIMIT).collect()),
            measured: numbers(&log.delivered),
        },
        Exact {
            name: "31 which are refused",
            expected: Values::Counts((LIMIT..VIEWS).chain(2 * LIMIT..VIEWS).collect()),
            measured: numbers(&log.refused),
        },
    ]
}

/// Row 32: the clocks of `a` to `d` less that of the origin, at the last instant that is taken and a nanosecond beyond.
fn signature_window(log: &RequestLog) -> Vec<Exact> {
    const JOBS: u64 = 10;
    let (old, ahead) = (Span::from_secs(60), Span::from_secs(30));
    let way = Span::from_us(250) + THERE;
    let clocks_ns: [i64; 4] = [59_749_750_000, 59_749_750_001, -30_250_250_000, -30_250_250_001];
    let refused = clocks_ns.map(|clock_ns| if date_is_taken(clock_ns, way, old, ahead) { 0 } else { JOBS });
    let at = |to: u32| log.refused.iter().filter(|entry| entry.to == InstanceId(to)).count() as u64;
    let measured = Values::Counts((1..=4).map(at).collect());
    vec![Exact { name: "32 refused for their Date", expected: Values::Counts(refused.into()), measured }]
}

const FOLLOWERS: u64 = 40;
const HERD_OF_GETS: &[&str] = &[
    "instances={origin: {}, followers: {count: 40}}",
    "network.latency={constant: 300 ms}",
    "deliveries.mine.requests_per_job=1000",
    "other_traffic={updates: off, watch_actions: off, asked_back: {cpu: 0 s}, \
     background: [{video: clip, burst: {jobs: 1, at: 1 s}, preview: {answer: 100 kB, within: 0 s}}]}",
];

/// Row 35. At 1 Mbit/s an answer of 100 kB takes 800 ms. The posts leave by the same uplink, in all 0.8 s: before the first GET comes.
fn narrow_uplink(log: &RequestLog) -> Vec<Exact> {
    const NS_PER_BYTE: u64 = 8_000;
    let latency = Span::from_ms(300);
    let of = |kind: Kind, entries: &[Entry]| -> Vec<Entry> {
        entries.iter().copied().filter(|entry| entry.kind == kind).collect()
    };
    let posts = of(Kind::Background, &log.begun);
    let asked = GetHerd {
        begun: GetHerd::begun_after(posts.iter().map(|post| post.bytes), NS_PER_BYTE),
        answer: Span::from_ns(100_000 * NS_PER_BYTE),
        there: latency * 5,
        back: latency,
        timeout: Span::from_secs(7),
    };
    let gets = of(Kind::LinkPreview, &log.begun);
    let first = gets.first().map_or(Time::ZERO, |get| get.at);
    vec![
        Exact {
            name: "35 GETs begin",
            expected: Values::Times(asked.begun.clone()),
            measured: instants(first, &gets),
        },
        Exact {
            name: "35 answers arrive",
            expected: Values::Times(asked.answered()),
            measured: instants(first, &of(Kind::LinkPreview, &log.answered)),
        },
        Exact {
            name: "35 askers who time out",
            expected: Values::one(asked.timed_out()),
            measured: Values::one(log.count("messages_timed_out")),
        },
        Exact {
            name: "35 the origin's busiest second, bytes",
            expected: Values::one(asked.most_in_a_second() * 100_000),
            measured: Values::one(log.count("origin_out_bytes_per_s_peak")),
        },
    ]
}

/// The time from the first request of a window to that of the window so many later, divided by the requests that were taken meanwhile:
/// no window is cut.
fn per_request_taken(log: &RequestLog) -> f64 {
    const LIMIT: usize = 10;
    const WINDOWS: usize = 30;
    let taken = LIMIT * WINDOWS;
    log.delivered[taken].at.since(log.delivered[0].at).secs_f64() / taken as f64
}

/// A count per activity and inbox.
fn share(log: &RequestLog, metric: &str) -> f64 {
    log.count(metric) as f64 / log.count("activities_created") as f64
}

fn instants<'a>(from: Time, entries: impl IntoIterator<Item = &'a Entry>) -> Values {
    Values::since(from, entries.into_iter().map(|entry| entry.at))
}
