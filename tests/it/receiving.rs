//! Several inboxes at one host share its links, its limits and its faults.

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
