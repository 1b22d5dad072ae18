//! What receivers refuse, against closed forms: a rate limit by renewal theory, a signature window to the nanosecond, several
//! inboxes at one host by its links; and the same formulas with an error planted.

use super::cells::{run, scenario};
use fedisim::mechanism::ledger::Flow;
use fedisim::mechanism::refusal::Refusal;
use fedisim::metrics::Observed;
use fedisim::runs::cell::Engine;

/// An origin that sends a background to a server of other software, each activity once.
const SCENARIO: &str = "
name: received
description: what a receiver answers
end: 20 min
compare: [peertube-8.2.4]
delivery: once
deliveries: {once: {base: mastodon, attempts: 1, breaker: off, json_ld_sign: 0 s, transport: ignored}}
instances: {origin: {}, other: {software: other}}
videos: {clip: {origin: origin, length: live}}
viewers: []
network: {latency: {constant: 20 ms}}
other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 1 /s}]}
measure: {every: 1 min}
";

fn observed(sets: &[String], engine: Engine) -> Observed {
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    run(&scenario(SCENARIO, &sets), engine).observed
}

/// What became of the messages, which is the same by either engine.
fn flow(sets: &[String]) -> Flow {
    let [plain, fast] =
        [Engine::Plain, Engine::Fast { helpers: 0 }].map(|engine| observed(sets, engine).delivery.flow);
    assert_eq!(plain, fast, "{sets:?}");
    plain
}

/// The mean over seeds of what a limit of `requests` per `per_s` takes of a Poisson stream in 20 minutes.
fn mean_taken(requests: u32, per_s: u32, rate_per_s: u32) -> f64 {
    const SEEDS: u32 = 8;
    let taken = |seed: u32| {
        let sets = [
            format!("seed={seed}"),
            format!("deliveries.once.rate_limit={{requests: {requests}, per: {per_s} s}}"),
            format!("other_traffic.background.0.rate={rate_per_s} /s"),
        ];
        let flow = flow(&sets);
        let refused = flow.refused[Refusal::RateLimited as usize];
        assert_eq!(flow.delivered.messages + refused.messages + flow.in_flight.messages, flow.sent.messages);
        flow.delivered.messages as f64
    };
    (1..=SEEDS).map(taken).sum::<f64>() / f64::from(SEEDS)
}

#[test]
fn a_rate_limit_takes_its_requests_per_window_and_gap() {
    const RUN_S: f64 = 1_200.0;
    for (requests, per_s, rate_per_s) in [(60, 5, 20), (10, 5, 10), (5, 2, 10)] {
        let (n, per, rate) = (f64::from(requests), f64::from(per_s), f64::from(rate_per_s));
        let taken = mean_taken(requests, per_s, rate_per_s);
        // a window begins with a request and is over after `per`; the next request comes 1 / rate later in the mean
        let expected = n * RUN_S / (per + 1.0 / rate);
        // the run ends within a window, whose requests came at its beginning
        assert!((taken - expected).abs() <= n, "{taken} of {requests} per {per_s} s, not {expected}");
        // planted: windows without a gap, as of a limit that counts by the clock
        assert!((taken - n * RUN_S / per).abs() > n, "{taken}: the formula without gaps holds too");
    }
}

/// How many messages are refused for their date and how many are taken, with a window of a minute.
fn dated(clock: &str, by: &str) -> (u64, u64) {
    let sets = [
        "deliveries.once.signature_window=1 min".to_owned(),
        format!("faults=[{{clock: [{clock}], ahead: {by}}}]"),
    ];
    let flow = flow(&sets);
    (flow.refused[Refusal::StaleDate as usize].messages, flow.delivered.messages)
}

#[test]
fn a_window_ends_where_it_says() {
    // A request arrives 0.25 ms of signing and five latencies (TCP, TLS, its own) after its date: 100.25 ms. So a receiver that is
    // ahead sees 100.25 ms more than that, and of a sender that is ahead 100.25 ms less.
    for (clock, last, first) in
        [("other", "59899750000 ns", "59899750001 ns"), ("origin", "60100250000 ns", "60100250001 ns")]
    {
        let (refused, taken) = dated(clock, last);
        assert!(refused == 0 && taken > 1_000, "{clock} {last}: {refused} refused, {taken} taken");
        let (refused, taken) = dated(clock, first);
        assert!(refused > 1_000 && taken == 0, "{clock} {first}: {refused} refused, {taken} taken");
    }
}

/// The busy time of a downlink of 1 Mbit/s, in ns, and the messages delivered through it.
fn downlink(other: &str) -> (u64, u64) {
    let observed = observed(&[format!("instances.other={{software: other, {other}}}")], Engine::Plain);
    (observed.delivery.busy[1].downlink_ns, observed.delivery.flow.delivered.messages)
}

#[test]
fn copies_for_several_inboxes_share_the_links_of_their_host() {
    let capacity = "capacity: {downlink: 1 Mbit/s}";
    let (one, messages) = downlink(capacity);
    let (three, copies) = downlink(&format!("{capacity}, inboxes: {{per_account: 3}}"));
    assert!(one > 0 && messages > 1_000);
    // all copies have the same size, and pass one link
    assert_eq!((three, copies), (3 * one, 3 * messages));
}

#[test]
fn copies_for_several_inboxes_share_the_limit_and_the_faults_of_their_host() {
    let copies = |more: &str| {
        let other = format!("instances.other={{software: other, inboxes: {{per_account: 3}}, {more}}}");
        flow(&[other, "faults=[{down: [other], at: 10 min, how: bad-gateway}]".to_owned()])
    };
    let free = copies("receives: {rate_limit: off}");
    let gateway = free.refused[Refusal::BadGateway as usize].messages;
    assert!(gateway > 1_500 && free.delivered.messages > 1_500, "{free:?}");
    assert_eq!(gateway + free.delivered.messages, free.sent.messages - free.in_flight.messages);
    // one per hour and sender, of all copies together
    let limited = copies("receives: {rate_limit: {requests: 1, per: 1 h}}");
    assert_eq!(limited.delivered.messages, 1, "{limited:?}");
}
