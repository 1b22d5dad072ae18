//! The two engines say the same: whatever makes no events is worked out to the same records as event by event.
//!
//! Here: a calm federation, and one change of it after another, each of which needs something of its own in the fast engine.
//! `scripts/random-scenarios` does the same with whatever chance puts together.

use super::cells::{run, scenario};
use fedisim::runs::cell::{Engine, ExecutionReport};

/// Machines without limits, viewers at the origin and at some followers, one dead follower and other software.
const CALM: &str = "
name: calm
description: nobody waits but for slots and inboxes
end: 15 min
compare: [closing]
protocols: {closing: {base: v1, connections: new}}
instances:
  origin: {}
  watching: {count: 3}
  quiet: {count: 40}
  dead: {}
  other: {count: 2, software: other}
videos: {clip: {origin: origin, length: 3 min}}
viewers:
  - video: clip
    arrivals: {constant: {rate: 0.5 /s}}
    watch: {exponential: 2 min}
    spread: {weights: {origin: 5, watching: 1}}
    returns: {probability: 30 %, after: 2 min}
network: {latency: {lognormal: {median: 50 ms, sigma: 1}}, loss: 1 %}
faults: [{down: [dead], at: 0 s, how: silent}]
measure: {every: 7 s, bucket: 20 s}
";

/// An origin that others answer when it is no longer the process that asked.
const GONE: &str = "
name: gone
description: an origin restarts while receivers verify what it sent
end: 5 min
compare: [{name: mine, protocol: v2, delivery: slow}]
deliveries: {slow: {base: peertube, verify: 396 ms, timeout: 40 s}}
instances:
  origin: {capacity: {cores: 2, uplink: 10 Gbit/s, downlink: 56 kbit/s}}
  near: {capacity: {cores: 2}}
  other: {count: 2, capacity: {cores: 4}, software: other}
videos: {clip: {origin: origin, length: 5 min}}
viewers:
  - video: clip
    arrivals: {constant: {rate: 0.5 /s}}
    watch: {exponential: 16 s}
    spread: {weights: {near: 1, origin: 1}}
network: {latency: {constant: 1 ms}}
faults: [{restart: [origin], at: 271 s, startup: 0 s}]
other_traffic: {updates: {every: 1226 ms}}
measure: {every: 10 s, bucket: 30 s}
";

/// A week's outage, after which a follower speaks; others are away for an hour now and then.
const AWAY: &str = "
name: away
description: who is left out, and comes back
end: 250 h
compare: [{name: mine, protocol: v1, delivery: mine}]
deliveries: {mine: {base: misskey}}
instances: {origin: {}, follower: {}, watching: {}, other: {count: 3, software: other}}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    sessions: [{instance: follower, start: 200 h, watch: 20 min}, {instance: watching, start: 3 h, watch: 20 min}]
network: {latency: {lognormal: {median: 50 ms, sigma: 1}}, loss: 1 %}
faults:
  - {down: [follower, other-1], at: 1 h, for: 190 h}
  - {outages: [watching, other-2], mean_between: 10 h, mean_duration: 1 h, how: refused}
  - {restart: [origin], at: 20 h, startup: 2 s}
measure: {every: 30 min, bucket: 1 h}
other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 1 /h}]}
";

/// Runs the scenario in both ways; returns how many messages made no events.
fn compare(set: &[&str]) -> u64 {
    compare_how(set).messages_without_events
}

fn compare_how(set: &[&str]) -> ExecutionReport {
    compare_both(CALM, set)
}

fn compare_both(text: &str, set: &[&str]) -> ExecutionReport {
    let scenario = scenario(text, set);
    let plain = run(&scenario, Engine::Plain);
    let mut how = None;
    for helpers in [0, 1, 3] {
        let fast = run(&scenario, Engine::Fast { helpers });
        assert_eq!(plain.observed, fast.observed, "{set:?}, {helpers} helpers");
        assert_eq!(plain.metrics, fast.metrics, "{set:?}, {helpers} helpers");
        how = Some(fast.ran);
    }
    how.expect("it ran")
}

/// Changes of the busy federation.
const SETS: &[&[&str]] = &[
    // the defaults: PeerTube's queues, a rate limit that is not met, bad inboxes in jobs of their own
    &[],
    &["protocols={mine: {base: v1, connections: new, bad_inbox: broadcast}}", "compare=[mine]"],
    &["delivery=unlimited"],
    &["delivery=unlimited", "compare=[peertube-6.3-v1]"],
    // totals replace lists; a store that keeps ids
    &["compare=[v2]"],
    &["compare=[peertube-9.0-dev]", "viewers.0.spread={weights: {origin: 1}}"],
    &["compare=[v3]", "delivery=unlimited"],
    // totals remove own viewers, whose skipped heartbeats come after all
    &["compare=[peertube-9.0-dev]", "delivery=unlimited"],
    &[
        "compare=[peertube-9.0-dev]",
        "delivery=unlimited",
        "other_traffic={watch_actions: on}",
        "network.latency={uniform: {min: 1 ms, max: 20 s}}",
        "faults=[{clock: [watching], behind: 30 s}, {down: [quiet-3], at: 3 min, for: 5 min}]",
        "end={when: idle, at_most: 1 h}",
    ],
    &[
        "compare=[mine]",
        "protocols={mine: {base: peertube-9.0-dev, own_viewers: each, viewer_result: \"yes\", accept_result: anybody}}",
        "delivery=unlimited",
    ],
    // forwarded viewers that are plain views, some of them at followers of another release
    &["compare=[peertube-8.2.4]", "delivery=unlimited"],
    &["compare=[peertube-8.0]"],
    &["compare=[peertube-8.2]", "instances.watching.protocol=v1"],
    &[
        "compare=[mixed]",
        "protocols={mixed: {base: v1, forwarded_viewer: plain-view}}",
        "delivery=unlimited",
        "instances.watching.protocol=peertube-8.2",
    ],
    &["compare=[v1]", "delivery=unlimited", "instances.quiet.protocol=peertube-8.2"],
    // totals to some, at times of their own, with views in them both ways; a store that keeps ids hears of them in the run, too
    &["compare=[v4]"],
    &["compare=[v4]", "delivery=unlimited"],
    &[
        "compare=[mine]",
        "protocols={mine: {base: v4, store: keyed, origin_views: in-totals, totals_to: everybody}}",
        "delivery=unlimited",
    ],
    &[
        "compare=[mine]",
        "protocols={mine: {base: v4, follower_total: \"no\", plain_views: counted, origin_views: in-totals}}",
        "delivery=unlimited",
    ],
    // samples take the place of ticks, who leaves says so, and one viewer stands for several
    &[
        "compare=[mine]",
        "protocols={mine: {base: v2, expiry: exact, leave_beacon: 50 %, sampling: 2, forward: always}}",
    ],
    &[
        "compare=[mine]",
        "protocols={mine: {base: v2, expiry: exact, leave_beacon: 50 %, sampling: 2, store: keyed, origin_views: updates-by-share, update_share: 10 %}}",
        "delivery=unlimited",
    ],
    // records of everybody, which the origin forwards
    &[
        "compare=[mine]",
        "protocols={mine: {base: v4, records: \"yes\", forwarded_viewer: viewer, totals_to: everybody}}",
    ],
    &[
        "compare=[mine]",
        "protocols={mine: {base: v3, records: \"yes\", forwarded_viewer: viewer, store: keyed, expiry: exact}}",
        "delivery=unlimited",
    ],
    // counts in answers and asked for, to who keeps ids and who does not, beside others that read none
    &[
        "compare=[mine]",
        "protocols={mine: {base: v2, count_on_reply: \"yes\", pull: \"yes\", store: keyed, follower_total: \"yes\"}}",
        "instances.quiet.protocol=v3",
        "delivery=unlimited",
    ],
    &[
        "compare=[mine]",
        "protocols={mine: {base: v4, count_on_reply: \"yes\", expiry: exact}}",
        "instances.quiet.protocol=v4",
        "delivery=unlimited",
    ],
    // instances that tell their clients when to come, and others
    &["protocols.closing={base: v2, hints: {heartbeats_per_s: 1, at_most: 40 s}}", "delivery=unlimited"],
    // who comes back after an entry has expired, but before they are sent again: what lists remember depends on totals
    &[
        "compare=[mine]",
        "protocols={mine: {base: v2, lifetime: 10 s, refederation_age: 3 min}}",
        "delivery=unlimited",
    ],
    // who counts its own views beside what it is told; and an inbox of their own for Views
    &[
        "compare=[mine]",
        "protocols={mine: {base: peertube-8.2.4, follower_views: own-count}}",
        "delivery=unlimited",
        "other_traffic.updates={every: 1 min}",
    ],
    &["compare=[peertube-8.2.4]", "delivery=unlimited", "other_traffic.updates={every: 1 min}"],
    &["compare=[peertube-8.2]", "other_traffic.updates={every: 1 min}"],
    // followers that get less than others
    &["instances.quiet.follows_as=account", "instances.other.follows_as=no-shared-inbox"],
    &["compare=[peertube-6.3-v1]", "delivery=unlimited", "instances.quiet.follows_as=account"],
    // queues in which jobs wait, inboxes that cannot follow, requests that come too late
    &["deliveries={slow: {base: peertube, parallel_jobs: 2, requests_per_job: 7}}", "delivery=slow"],
    &["deliveries={slow: {base: peertube, requests_per_job: 50, inbox: 2 s}}", "delivery=slow"],
    &["deliveries={slow: {base: peertube, timeout: 300 ms}}", "delivery=slow"],
    &["deliveries={slow: {base: peertube, sign: 3 us, inbox: 0 s}}", "delivery=slow"],
    // a leg of a request that no executor knows of
    &["deliveries={small: {base: peertube, compress: {gzip: {share: 40 %, cpu: 700 us}}}}", "delivery=small"],
    // faults that say something for a while, clocks, laws of the network
    &["faults=[{slow: [quiet], answer: 3 s, at: 2 min, for: 5 min}]"],
    &["faults=[{partition: [[origin], [quiet]], at: 200 s, for: 100 s}]"],
    &[
        "faults=[{loss: 40 %, from: [origin], to: [quiet], at: 100 s}, {latency: 700 ms, from: [origin], to: [other], at: 3 min}]",
    ],
    &["faults=[{clock: [quiet], ahead: 90 s}, {clock: [watching], behind: 30 s}]"],
    &["network.latency={constant: 40 ms}", "end={when: idle, at_most: 1 h}"],
    &["network.latency={uniform: {min: 1 ms, max: 20 s}}"],
    // the way back, by the network and by faults
    &["network.links=[{from: quiet, to: origin, latency: {constant: 900 ms}, loss: 20 %}]"],
    &["network.links=[{from: quiet-1, to: origin, loss: 100 %}]", "network.loss=0 %"],
    &["faults=[{loss: 60 %, from: [quiet], to: [origin], at: 100 s, for: 60 s}]"],
    &["faults=[{latency: 3 s, from: [quiet], to: [origin], at: 100 s, for: 60 s}]", "network.loss=0 %"],
    &["faults=[{latency: 9 s, from: [quiet], at: 100 s, for: 60 s}, {slow: [quiet], answer: 2 s, at: 90 s}]"],
    &["other_traffic={updates: {every: 1 min}, watch_actions: on, background: [{video: clip, rate: 1 /s}]}"],
    // a burst that queues fill up with, at whoever gets it; inboxes that are behind
    &[
        "other_traffic.background=[{video: clip, burst: {jobs: 300, at: 3 min}, to: [quiet, other]}, {video: clip, upload: {at: 3 min}}]",
        "deliveries={slow: {base: peertube, sequential_jobs: 3, inbox: 400 ms}}",
        "delivery=slow",
    ],
    &[
        "other_traffic.background=[{video: clip, likes: {jobs: 200, at: 3 min, over: 2 min}, to: [watching, quiet-7, dead]}]",
        "delivery=unlimited",
    ],
];

#[test]
fn both_engines_make_the_same_records() {
    for set in SETS {
        assert!(compare(set) > 0, "nothing was worked out apart: {set:?}");
    }
}

#[test]
fn what_needs_no_order_is_counted() {
    for set in [
        &[][..],
        &["network.loss=0 %"],
        &["network.loss=0 %", "measure={every: 1 s, bucket: 1 s}"],
        &[
            "protocols={own: {base: v1, connections: new, views_inbox: own, tick_interval: 7 s}}",
            "compare=[own]",
        ],
        &["faults=[{clock: [quiet], ahead: 90 s}, {clock: [dead], behind: 30 s}]"],
        // hardly any entry lives longer than its job
        &["faults=[{clock: [quiet], ahead: 118 s}]", "network.latency={constant: 300 ms}"],
        &[
            "faults=[{down: [dead], at: 0 s, how: silent}, {partition: [[origin], [quiet]], at: 200 s, for: 100 s}]",
        ],
        &["end={when: idle, at_most: 1 h}"],
        &["end=61 s"],
    ] {
        let free = [
            "viewers.0.spread={weights: {origin: 1}}",
            "deliveries={free: {base: peertube, verify: 3 ms, inbox: 0 s, rate_limit: \"off\"}}",
            "delivery=free",
        ];
        let how = compare_how(&[&free, set].concat());
        assert!(how.messages_counted > 0, "nothing was counted: {set:?}");
    }
}

/// The run is not idle while a message is on its way to an inbox that does not answer.
#[test]
fn what_arrives_at_nobody_is_under_way_until_then() {
    for seed in 1..=4 {
        compare(&[
            &format!("seed={seed}"),
            "delivery=unlimited",
            "viewers.0.arrivals={stages: [{duration: 1 min, rate: 0.5 /s}]}",
            "faults=[{dead: 100 %, of: [quiet], how: silent}]",
            "network.latency={lognormal: {median: 2 s, sigma: 1}}",
            "other_traffic={background: [{video: clip, rate: 0.1 /s}]}",
            "measure={every: 1 s, bucket: 1 s}",
            "end={when: idle, at_most: 1 h}",
        ]);
    }
}

/// Enough arrivals for several windows, at inboxes that are always behind: when a window begins, activities of the window before
/// wait, and the next sample also sees those that arrive until then.
#[test]
fn a_sample_sees_what_waits_from_two_windows() {
    let without_events = compare(&[
        "viewers.0.arrivals={constant: {rate: 2 /s}}",
        "viewers.0.spread={weights: {origin: 1}}",
        "deliveries={slow: {base: peertube, inbox: 200 ms, rate_limit: \"off\", parallel_jobs: 100}}",
        "delivery=slow",
    ]);
    assert!(without_events > 200_000, "{without_events} messages fit one window");
}

/// All that an origin sends lies in the first second of the run.
#[test]
fn a_run_may_end_within_its_first_second() {
    for delivery in ["peertube", "unlimited"] {
        let arrivals = "viewers.0.arrivals={constant: {rate: 50 /s}}";
        let spread = "viewers.0.spread={weights: {origin: 1}}";
        let delivery = format!("delivery={delivery}");
        assert!(compare(&["end=900 ms", arrivals, spread, &delivery]) > 0, "{delivery}");
    }
}

#[test]
fn machines_that_are_busy_are_caught_up_with() {
    let busy = [
        "faults=[]",
        "instances.watching.capacity={cores: 1}",
        "instances.quiet.capacity={cores: 2}",
        "instances.other.capacity={cores: 1}",
        "instances.dead.capacity={cores: 1}",
    ];
    for set in [
        &[][..],
        &["compare=[v2]"],
        &["compare=[peertube-9.0-dev]"],
        &["instances.origin.capacity={cores: 2, uplink: 20 Mbit/s, downlink: 10 Mbit/s}"],
        // threads that cannot follow: requests wait for longer than their senders, or for ever
        &["deliveries={slow: {base: peertube, json_ld_verify: 700 ms, timeout: 2 s}}", "delivery=slow"],
        &["deliveries={slow: {base: peertube, verify: 900 ms, inbox: 2 s, timeout: 1 s}}", "delivery=slow"],
        &["deliveries={slow: {base: peertube, sign: 1 s, timeout: 900 ms}}", "delivery=slow"],
        // a thread that just follows, on a machine that has time for it
        &[
            "compare=[peertube-8.2.4]",
            "deliveries={long: {base: peertube, json_ld_verify: 900 ms, timeout: 40 s}}",
            "delivery=long",
            "viewers.0.spread={weights: {origin: 1, watching: 5}}",
            "instances.watching.capacity={cores: 4}",
            "instances.quiet.capacity={cores: 4}",
        ],
        // a leg of a request that no executor knows of
        &[
            "deliveries={small: {base: peertube, compress: {gzip: {share: 40 %, cpu: 700 us}}}}",
            "delivery=small",
        ],
        // machines that never get done
        &["deliveries={slow: {base: peertube, json_ld_verify: 1 min, verify: 1 min}}", "delivery=slow"],
        &["deliveries={slow: {base: peertube, sign: 1 min, inbox: 1 min}}", "delivery=slow"],
        // nothing takes time
        &[
            "deliveries={quick: {base: peertube, sign: 0 s, verify: 0 s, json_ld_sign: 0 s, json_ld_verify: 0 s, inbox: 0 s}}",
            "delivery=quick",
        ],
        // a rate limit that is met
        &[
            "deliveries={strict: {base: peertube, rate_limit: {requests: 3, per: 10 s}}}",
            "delivery=strict",
            "faults=[{slow: [quiet], answer: 1 s, at: 2 min, for: 5 min}]",
        ],
        &[
            "deliveries={strict: {base: peertube, rate_limit: {requests: 3, per: 10 s}}}",
            "delivery=strict",
            "instances.origin.capacity={cores: 2, downlink: 56 kbit/s}",
        ],
        // only refusals come in time
        &[
            "deliveries={strict: {base: peertube, verify: 2 s, timeout: 1 s, rate_limit: {requests: 3, per: 10 s}}}",
            "delivery=strict",
        ],
        &["faults=[{down: [quiet], at: 5 min, for: 1 min, how: refused}]"],
        &["faults=[{loss: 40 %, from: [origin], to: [quiet], at: 100 s}]", "network.loss=10 %"],
        // many things at one instant
        &["network.latency={constant: 40 ms}", "end={when: idle, at_most: 1 h}"],
        &["network.latency={uniform: {min: 1 ms, max: 20 s}}", "measure={every: 1 s, bucket: 1 s}"],
        &["network.links=[{from: quiet, to: origin, latency: {constant: 1 ms}}]"],
        &["network.links=[{from: origin, to: quiet, latency: {constant: 1 ms}}, {from: quiet, loss: 20 %}]"],
        &[
            "faults=[{latency: 3 s, from: [quiet], to: [origin], at: 100 s, for: 60 s}, {loss: 60 %, from: [quiet], at: 120 s}]",
        ],
        &[
            "other_traffic={updates: {every: 1 min}, watch_actions: on, background: [{video: clip, rate: 1 /s}]}",
        ],
    ] {
        let how = compare_how(&[&busy, set].concat());
        let is_busy = |why: &String| why.contains("is limited");
        assert!(how.messages_with_events.keys().any(is_busy), "nobody was: {set:?}");
    }
}

/// What a busy receiver will answer is planned when it begins to verify: it must not be sent to a sender that stops meanwhile.
#[test]
fn nobody_answers_a_process_that_is_gone() {
    for seed in 1..=8 {
        compare_both(GONE, &[&format!("seed={seed}")]);
    }
}

#[test]
fn where_events_are_needed_they_are_made() {
    for set in [
        &["instances.origin.capacity={cores: 1}"][..],
        &["instances.quiet.capacity={downlink: 1 Mbit/s}"],
        &["other_traffic.asked_back.first_contact=requests", "network.loss=20 %"],
        &["faults=[{restart: [origin], at: 5 min, startup: 2 s}]"],
        &["delivery=mastodon"],
        // a sender that keeps its connections
        &["compare=[v1]"],
        &["deliveries={kept: {base: peertube, keep_alive: 3 s}}", "delivery=kept"],
        &[
            "deliveries={kept: {base: peertube, keep_alive: 3 s, stale_connections: reconnect}}",
            "delivery=kept",
        ],
        &["network.latency={constant: 0 s}"],
        // who takes counts from answers
        &[
            "compare=[mine]",
            "protocols={mine: {base: v4, count_on_reply: \"yes\", origin_total: \"no\", totals_to: everybody}}",
        ],
    ] {
        assert_eq!(compare(set), 0, "{set:?}");
    }
}

#[test]
fn the_fields_deliveries_are_the_same_in_both() {
    let removed = |base: &str| {
        let set = format!("deliveries={{mine: {{base: {base}}}}}");
        compare_both(AWAY, &[&set]);
        let observed = run(&scenario(AWAY, &[&set]), Engine::Plain).observed;
        observed.delivery.followers_lost()
    };
    // two are away for more than a week
    assert_eq!(["misskey", "mastodon", "fedify", "lemmy", "peertube-8"].map(removed), [2, 2, 0, 0, 2]);
    assert_eq!(removed("peertube, health: unavailable-days"), 2);
    assert_eq!(removed("lemmy, requests_per_destination: 3, health: suspended"), 2);
}

#[test]
fn a_rate_limit_that_is_met_is_seen_and_all_of_it_runs_event_by_event() {
    let set =
        ["deliveries={strict: {base: peertube, rate_limit: {requests: 3, per: 10 s}}}", "delivery=strict"];
    assert_eq!(compare(&set), 0);
    let scenario = scenario(CALM, &set);
    let fast = run(&scenario, Engine::Fast { helpers: 0 });
    assert_eq!(fast.ran.engine, "plain");
    assert!(fast.observed.delivery.outcomes.refused > 0);
}
