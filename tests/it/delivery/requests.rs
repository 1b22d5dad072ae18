//! What a request takes: connections, CPU, links, threads, limits, and how it ends.

use super::*;
use fedisim::mechanism::refusal::Refusal;

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
fn a_receiver_takes_so_many_requests_per_window() {
    let limited = Small {
        figures: &format!("base: peertube, {NO_CPU}, rate_limit: {{requests: 5, per: 10 s}}"),
        rules: "base: peertube-6.3-v1, connections: new, plain_views: none, refederation_age: 0 s, heartbeat: 1 s",
        instances: "origin: {}, follower: {}, other: {software: other}",
        sessions: "{instance: origin, start: 1 s, watch: 20 s}",
        ..SMALL
    };
    let (seen, ending) = small(&limited);
    // 20 requests a second apart: 5 of the first 10 s, 5 of the second, whatever software the receiver is
    let refused: Vec<u64> = seen
        .ended
        .iter()
        .filter(|ended| ended.2 == RequestOutcome::Refused(Refusal::RateLimited))
        .map(|(_, message, _)| u64::from(message.to.0))
        .collect();
    assert_eq!((refused.len(), ending.flow.refused_in_all().messages), (20, 20));
    assert_eq!(refused.iter().filter(|&&to| to == 1).count(), 10);
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
        let ends = [RequestOutcome::Good, RequestOutcome::FailedConnect].map(|outcome| {
            seen.ended.iter().filter(|ended| ended.2 == outcome && ended.1.kind == Kind::Viewer).count()
        });
        assert_eq!(ends, [6 - lost, lost], "{release}");
    }
}

/// The same Views from a sender that notices: each pays the handshake of a new connection, and none fails.
#[test]
fn a_sender_that_notices_a_closed_connection_makes_a_new_one() {
    let sent = |connections: &str| {
        let rules = "base: v1, plain_views: none, refederation_age: 8 s, heartbeat: 8600 ms, forward: never";
        let figures = format!("base: peertube, {connections}");
        let sessions = "{instance: follower, start: 1 s, watch: 45 s}";
        let (seen, _) = small(&Small { figures: &figures, rules, sessions, ..SMALL });
        let failed = seen.ended.iter().filter(|ended| ended.2 == RequestOutcome::FailedConnect).count();
        (failed, seen.ended.len(), seen.transport_bytes)
    };
    let (failed, requests, bytes) = sent("stale_connections: fail");
    assert_eq!((failed, requests), (3, 6));
    let noticed = sent("stale_connections: reconnect");
    assert_eq!(noticed, sent("keep_alive: \"off\""), "as if none were kept");
    assert_eq!(noticed, (0, 6, bytes * 2));
    // where connections are used again in time nothing differs
    let [in_time, other] =
        ["reconnect", "fail"].map(|stale| sent(&format!("keep_alive: 9 s, stale_connections: {stale}")));
    assert_eq!(in_time, other);
    assert!(in_time.0 == 0 && in_time.2 < noticed.2);
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
    let before = viewers().filter(|(at, ..)| at.ms() < 50_000).map(|(_, _, outcome)| *outcome);
    let [good, lost] = [RequestOutcome::Good, RequestOutcome::FailedConnect]
        .map(|outcome| before.clone().filter(|&one| one == outcome).count());
    assert_eq!((good, lost), (3, 3));
    let at = |s: u64| {
        let later = |(at, ..): &&(Time, Message, RequestOutcome)| at.ms() >= s * 1_000;
        let (_, message, outcome) = viewers().find(later).expect("a View");
        (*outcome, message.head_bytes, message.response_bytes)
    };
    let (_, request, response) = at(0);
    // kept: 5 and 28 bytes more; from 7.1 on requests have 15 bytes more and answers 5
    assert_eq!(at(50), (RequestOutcome::Good, request - 5 + 15, response - 28));
    // a View again 90 s after the first of the new process
    assert_eq!(at(130), (RequestOutcome::Good, request - 5 + 15, response - 28 + 5));
}
