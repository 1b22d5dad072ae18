//! How sends wait: jobs, follow health, retries, and what a dead or slow inbox does to others.

use super::*;

/// An origin, ten followers that are well and one that is dead; 20 viewers at the first follower, who stay; forwards go through
/// the sequential queue.
#[test]
fn follow_health_removes_the_dead_follower_at_the_next_flush_and_the_queue_drains() {
    let visit =
        |number| format!("{{instance: alive-1, start: {} ms, watch: 20 h}}", 1_000 + 90_000 / 20 * number);
    let visits: Vec<String> = (0..20).map(visit).collect();
    let (seen, _) = run(&format!(
        "
name: dead-follower
description: the sequential queue behind a dead follower
end: 3 h
compare: [mine]
protocols: {{mine: {{base: peertube-6.0, connections: new, follow_health: score, plain_views: none}}}}
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
    assert_eq!(slowest_of_others_ms("lemmy"), Some(250));
    // a host that is down for three minutes hears of it later; the circuit opens meanwhile
    let (seen, ending) = small(&Small {
        end: "30 min",
        figures: &format!("base: mastodon, {NO_CPU}"),
        rest: "other_traffic: {updates: off, watch_actions: off}\nfaults: [{down: [followers-1], at: 0 s, for: 3 min, how: refused}]",
        ..of_origin
    });
    let late = seen.delivered.iter().filter(|(_, message)| message.to.0 == 1 && message.attempt > 0).count();
    assert_eq!(late, 40);
    // what the open circuit held back was neither made nor dropped
    assert_eq!(ending.flow.dropped.messages, 0);
    assert!(ending.retries_waiting_peak > 20 && ending.flow.created.messages > 120);
}
