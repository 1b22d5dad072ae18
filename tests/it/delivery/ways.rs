//! The way there and the way back of a request are two links, each with its latency, loss and faults.

use super::*;
use fedisim::foundation::random::Seed;
use fedisim::mechanism::network::{Latency, Leg, Network, NetworkModel};

/// A follower with one View a second, the first at 1 s, for so long; all on one connection while it works.
fn every_second(watch: &str, rest: &str) -> (Seen, Ending) {
    small(&Small {
        rules: "base: peertube-6.3-v1, plain_views: none, refederation_age: 0 s, heartbeat: 1 s, forward: never",
        figures: &format!("base: peertube, keep_alive: 90 s, {NO_CPU}"),
        sessions: &format!("{{instance: follower, start: 1 s, watch: {watch}}}"),
        rest: &format!("other_traffic: {{updates: off, watch_actions: off}}\n{rest}"),
        ..SMALL
    })
}

/// How the requests to one instance ended: good, timed out; and how many were delivered.
fn ends_at(seen: &Seen, to: u32) -> (usize, usize, usize) {
    let count = |outcome| seen.ended.iter().filter(|(_, m, ended)| m.to.0 == to && *ended == outcome).count();
    let delivered = seen.delivered.iter().filter(|(_, message)| message.to.0 == to).count();
    (count(RequestOutcome::Good), count(RequestOutcome::TimedOut), delivered)
}

/// An origin with one viewer of its own, and two followers, in a network of 30 ms; v1 keeps its connections for 5 s.
fn two_followers(end: &str, watch: &str, network: &str, rest: &str) -> Seen {
    let (seen, _) = run(&format!(
        "
name: two-followers
description: one way between two instances
seed: 1
end: {end}
compare: [v1]
instances: {{origin: {{}}, followers: {{count: 2}}}}
videos: {{clip: {{origin: origin, length: live}}}}
viewers: [{{video: clip, sessions: [{{instance: origin, viewer: anna, start: 0 s, watch: {watch}}}]}}]
network: {{latency: {{constant: 30 ms}}{network}}}
other_traffic: {{updates: off, watch_actions: off}}
{rest}
"
    ));
    seen
}

/// "ESOCKETTIMEDOUT" of PeerTube's issue 2321: nothing that followers-1 sends gets out, so no connection to it is ever made.
/// A visit of 25 min is 17 Views (0, 90, ..., 1,440 s) and a plain view: 18 to each follower, and all to followers-1 time out.
/// Of those to followers-2 v1 writes every second one into a connection that was closed after 5 s.
#[test]
fn without_a_way_back_there_is_no_connection() {
    let by_network =
        two_followers("30 min", "25 min", ", links: [{from: followers-1, to: origin, loss: 100 %}]", "");
    let loss = "faults: [{loss: 100 %, from: [followers-1], to: [origin]}]";
    let by_fault = two_followers("30 min", "25 min", "", loss);
    let cut = two_followers("30 min", "25 min", "", "faults: [{partition: [[origin], [followers-1]]}]");
    for seen in [by_network, by_fault, cut] {
        assert_eq!(ends_at(&seen, 1), (0, 18, 0));
        assert_eq!((ends_at(&seen, 2), seen.count(RequestOutcome::FailedConnect)), ((9, 0, 9), 9));
        // the sender learns nothing before its time-out of 7 s
        let begun =
            |of: &Message| seen.sent.iter().find(|(_, message)| message == of).expect("it was sent").0;
        let timed_out = seen.ended.iter().filter(|ended| ended.1.to.0 == 1);
        assert!(timed_out.clone().all(|(at, message, _)| at.since(begun(message)) == Span::from_secs(7)));
    }
}

/// Answers that take 8 s more, against a time-out of 7 s: the receiver's part of the handshake comes too late, so no request
/// leaves. A visit of 8 min is 6 Views (0, 90, ..., 450 s) and a plain view.
#[test]
fn a_way_back_longer_than_the_time_out_makes_every_request_time_out() {
    let slow =
        |seconds| format!("faults: [{{latency: {seconds} s, from: [followers], to: [origin], at: 0 s}}]");
    let seen = two_followers("10 min", "8 min", "", &slow(8));
    for follower in [1, 2] {
        assert_eq!(ends_at(&seen, follower), (0, 7, 0));
    }
    // 2 s more: 3 ways there and 3 back are 3 (0.03 + 2.03) = 6.18 s, in time; three of seven meet a closed connection
    let seen = two_followers("10 min", "8 min", "", &slow(2));
    assert_eq!((ends_at(&seen, 1), ends_at(&seen, 2)), ((4, 0, 4), (4, 0, 4)));
}

/// On a connection that was made before, a request is delivered and its answer is lost. It does not come back into use, and a
/// new one cannot be made.
#[test]
fn on_a_kept_connection_the_answer_alone_is_lost() {
    let fault = "faults: [{loss: 100 %, from: [origin], to: [follower], at: 10500 ms}]";
    let (seen, ending) = every_second("20 s", fault);
    // Views at 1, 2, ..., 20 s: ten are answered, that at 11 s is delivered without an answer, nine make no connection
    assert_eq!(ends_at(&seen, 0), (10, 10, 11));
    assert_eq!((ending.flow.delivered.messages, ending.flow.lost.messages), (11, 9));
    assert_eq!(seen.delivered.last().map(|(at, _)| at.us()), Some(11_050_000));
    // with a fault of 3 s in between all is well after it; the Views at 11, 12 and 13 s have no answer
    let (seen, _) = every_second("20 s", "faults: [{loss: 100 %, from: [origin], at: 10500 ms, for: 3 s}]");
    assert_eq!(ends_at(&seen, 0), (17, 3, 18));
}

/// The faults of the way back are those of the instant at which something leaves there.
#[test]
fn an_answer_is_lost_when_it_leaves_during_a_fault() {
    // the request arrives at 1.25 s, its answer leaves 2 s later
    for (at, good) in [("1249 ms", false), ("3249 ms", false), ("3251 ms", true)] {
        let rest = format!(
            "other_traffic: {{updates: off, watch_actions: off}}\n\
             faults: [{{slow: [origin], answer: 2 s}}, {{loss: 100 %, from: [origin], to: [follower], at: {at}}}]"
        );
        let (seen, _) = small(&Small { figures: &format!("base: peertube, {NO_CPU}"), rest: &rest, ..SMALL });
        assert_eq!(ends_at(&seen, 0), (usize::from(good), usize::from(!good), 1), "{at}");
    }
    // the handshake's way back begins at 1.05 s
    let fault = "faults: [{loss: 100 %, from: [origin], to: [follower], at: 1049 ms}]";
    assert_eq!(ends_at(&every_second("1 s", fault).0, 0), (0, 1, 0));
}

/// A host that refuses says so on the way back: without one its sender waits for the time-out, as with a silent host.
#[test]
fn a_refusal_needs_a_way_back() {
    let down = "{down: [origin], at: 0 s, how: refused}";
    let lost = "{loss: 100 %, from: [origin], to: [follower], at: 0 s}";
    let slower = "{latency: 1 s, from: [origin], to: [follower], at: 0 s}";
    let ends = |faults: &str| {
        let rest = format!("{}\nfaults: [{faults}]", SMALL.rest);
        small(&Small { rest: &rest, ..SMALL }).0.ends()
    };
    assert_eq!(ends(down), [(RequestOutcome::FailedConnect, 100_250)]);
    assert_eq!(ends(&format!("{down}, {slower}")), [(RequestOutcome::FailedConnect, 1_100_250)]);
    assert_eq!(ends(&format!("{down}, {lost}")), [(RequestOutcome::TimedOut, 7_000_000)]);
}

/// Three ways there and three back: TCP, TLS, HTTP. One second more on either way is three more, and a request arrives after
/// three there and two back.
#[test]
fn each_way_adds_its_own_latency() {
    let took = |fault: &str| {
        let rest = format!("{}\nfaults: [{{latency: 1 s, {fault}, at: 0 s}}]", SMALL.rest);
        let (seen, _) = small(&Small { rest: &rest, ..SMALL });
        (seen.ends(), seen.delivered[0].0.us() - 1_005_250)
    };
    let good = |us| vec![(RequestOutcome::Good, us)];
    assert_eq!(took("from: [follower], to: [origin]"), (good(3_300_270), 3_250_000));
    assert_eq!(took("from: [origin], to: [follower]"), (good(3_300_270), 2_250_000));
    assert_eq!(took("from: [origin, follower]"), (good(6_300_270), 5_250_000));
}

/// What a network of loss `p` there and back leaves: a new connection needs the way there, the way back for its handshake, and
/// again for its answer, each drawn apart: p, (1 - p) p without a connection, (1 - p)^2 p delivered without an answer.
#[test]
fn losses_there_and_back_are_drawn_apart() {
    const MESSAGES: u64 = 100_000;
    let model = NetworkModel {
        latency: Latency::Uniform { min: Span::ZERO, max: Span::from_secs(1) },
        loss_ppm: 200_000,
        links: Vec::new(),
    };
    let mut network = Network::new(&model, &[0, 0], Seed { seed: 5, replication: 0 });
    let ways: Vec<_> = (0..MESSAGES).map(|name| network.ways(name, InstanceId(0), InstanceId(1))).collect();
    let share = |is: &dyn Fn(&fedisim::mechanism::network::Ways) -> bool| {
        ways.iter().filter(|ways| is(ways)).count() as f64 / MESSAGES as f64
    };
    for (name, share, expected) in [
        ("lost there", share(&|ways| ways.of(Leg::Request).is_none()), 0.2),
        (
            "no connection",
            share(&|ways| ways.of(Leg::Request).is_some() && ways.of(Leg::Handshake).is_none()),
            0.8 * 0.2,
        ),
        (
            "delivered, no answer",
            share(&|ways| {
                ways.of(Leg::Request).is_some()
                    && ways.of(Leg::Handshake).is_some()
                    && ways.of(Leg::Answer).is_none()
            }),
            0.64 * 0.2,
        ),
    ] {
        let standard_error = (expected * (1.0 - expected) / MESSAGES as f64).sqrt();
        assert!((share - expected).abs() < 4.0 * standard_error, "{name}: {share}, not {expected}");
    }
    // latencies of the two ways have no correlation; handshake and answer have one latency
    let pairs: Vec<(f64, f64)> = ways
        .iter()
        .filter_map(|ways| {
            Some((ways.of(Leg::Request)?.secs_f64() - 0.5, ways.of(Leg::Answer)?.secs_f64() - 0.5))
        })
        .collect();
    let correlation = 12.0 * pairs.iter().map(|(there, back)| there * back).sum::<f64>() / pairs.len() as f64;
    assert!(correlation.abs() < 4.0 / (pairs.len() as f64).sqrt(), "{correlation}");
    assert!(ways.iter().all(|ways| ways.of(Leg::Answer).is_none()
        || ways.of(Leg::Handshake).is_none()
        || ways.of(Leg::Answer) == ways.of(Leg::Handshake)));
}
