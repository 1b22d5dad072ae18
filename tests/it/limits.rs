//! Limits: exact small cases, and that no protocol beats them, in random small scenarios under all presets and some rules of our own.
//!
//! What a follower shows is what it has been told and what it counts of its own viewers. A message changes what it has been told
//! when it takes effect, and once more when what it said expires: at most twice. What it counts of its own is anything from nobody (a
//! total replaced them) to all that were here within an entry's lifetime and a tick interval. With these two the floor is a theorem
//! about what protocols do.

use super::cells::{count, run, run_in_both, scenario, value};
use fedisim::domain::protocol::{PRESETS, Parameters};
use fedisim::domain::workload::Session;
use fedisim::foundation::ids::{InstanceId, VideoId};
use fedisim::foundation::random::{Purpose, Seed};
use fedisim::foundation::units::Time;
use fedisim::mechanism::sparse_counts::SparseCounts;
use fedisim::metrics::cover::{Cover, is_within};
use fedisim::metrics::limits::PERCENTS;
use fedisim::metrics::links::LinkRow;
use fedisim::runs::cell::{CellResult, Engine, build_cell, plan};
use fedisim::scenario::Scenario;
use rand::RngExt;

const BASE: &str = "
name: crowd
description: viewers at an origin and some at followers
end: 12 min
compare: [{name: mine, protocol: mine, delivery: unlimited}]
protocols: {mine: {base: v1}}
instances: {origin: {}, follower: {count: 3}}
videos: {clip: {origin: origin, length: 5 min}, stream: {origin: follower-1, length: live}}
viewers:
  - video: clip
    arrivals: {constant: {rate: 0.3 /s}}
    watch: {exponential: 2 min}
    spread: {weights: {origin: 12, follower: 1}}
  - video: stream
    arrivals: {viral: {peak: 40, growth: 4 min, decay_exponent: 1, decay_scale: 3 min}}
    watch: {exponential: 1 min}
    spread: {weights: {origin: 1, follower: 1}}
network: {latency: {lognormal: {median: 100 ms, sigma: 1}}, loss: 1 %}
measure: {every: 7 s}
";

/// A follower that has viewers of a video at some samples.
struct Follower {
    /// Of each sample: who watches, who of them here, whom it may count of its own, and what it displays.
    samples: Vec<[u32; 4]>,
    /// Viewer traffic that it took about the video.
    received: u64,
}

impl Follower {
    /// The fewest changes of what is told, at the samples at which it was within a percentage, whatever it counts of its own.
    fn floor(&self, percent: u32) -> u64 {
        let mut cover = Cover::new(percent);
        let within =
            self.samples.iter().filter(|[watching, .., displayed]| is_within(*displayed, *watching, percent));
        within.for_each(|&[watching, _, kept, _]| cover.note_between(watching, 0, kept));
        cover.numbers()
    }

    /// The same if it were to count its own viewers exactly.
    fn least(&self, percent: u32) -> u64 {
        let mut cover = Cover::new(percent);
        let within =
            self.samples.iter().filter(|[watching, .., displayed]| is_within(*displayed, *watching, percent));
        within.for_each(|&[watching, own, ..]| cover.note(watching, own));
        cover.numbers()
    }

    /// Its largest error in percent, rounded up: it is within that at all samples.
    fn largest_error(&self) -> u32 {
        let error =
            |&[watching, .., displayed]: &[u32; 4]| (100 * displayed.abs_diff(watching)).div_ceil(watching);
        self.samples.iter().map(error).max().unwrap_or(0)
    }
}

/// The followers of a run without faults, for each video of which they have viewers.
fn followers(scenario: &Scenario, result: &CellResult) -> Vec<Follower> {
    let cell = build_cell(scenario, &plan(scenario)[0]);
    let (federation, counters) = (&cell.federation, &result.observed.counters);
    let follower = |(&(video, instance), viewers): (&(VideoId, InstanceId), &SparseCounts)| {
        let Parameters { lifetime, tick_interval, .. } =
            federation.instances[instance.index()].rules.parameters;
        let kept = |sample: usize| {
            let at = Time::from_ns(counters.at_ns[sample]);
            let is_kept = |visit: &&Session| {
                (visit.video, visit.instance) == (video, instance)
                    && (visit.start..visit.end + lifetime + tick_interval).contains(&at)
            };
            cell.sessions.iter().filter(is_kept).count() as u32
        };
        let sample = |(sample, own): (usize, u32)| {
            let displayed = counters.displayed(video, instance, sample)?;
            Some([counters.watching(video, sample), own, kept(sample), displayed])
        };
        let took = |link: &LinkRow| {
            let is_meant = (link.listing, link.receiver) == (federation.listing(video), instance);
            if is_meant && link.kind.is_viewer_traffic() { link.sums.messages } else { 0 }
        };
        let observed = &result.observed;
        let received = observed.links.iter().chain(&observed.told_beside).map(took).sum();
        Follower { samples: viewers.iter().filter_map(sample).collect(), received }
    };
    let pairs = counters.watching_at.iter();
    pairs.filter(|((video, instance), _)| federation.origin(*video) != *instance).map(follower).collect()
}

/// The first scenarios say totals as releases do; others have one of these, in turns.
const OF_RELEASES: u64 = 100;
const OF_DESIGNS: [&str; 3] = [
    "origin_total: \"no\", totals_to: everybody, totals_at: ticks, origin_views: updates, accept_result: video-host, store: list, count_on_reply: \"yes\", ",
    "origin_total: \"yes\", follower_total: \"yes\", own_viewers: none, origin_views: updates, totals_to: everybody, forwarded_viewer: viewer, records: \"yes\", ",
    "origin_total: \"no\", totals_to: everybody, totals_at: ticks, origin_views: updates, accept_result: video-host, store: list, pull: \"yes\", ",
];

/// A scenario of its number: a release or a design, its clocks, the crowd and the network.
fn random(number: u64) -> Scenario {
    let mut rng = Seed { seed: number, replication: 0 }.stream(Purpose::TickPhase, number);
    let mut one_of = |choices: &[&str]| choices[rng.random_range(0..choices.len())].to_owned();
    let presets: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    let (base, lifetime, tick) =
        (one_of(&presets), one_of(&["20 s", "1 min", "2 min"]), one_of(&["5 s", "30 s", "2 min"]));
    let rules = one_of(&[
        "",
        "threshold: {share: 5 %, at_least_every: 8}, ",
        "origin_total: \"yes\", known_viewer: extend, totals_to: interested, totals_at: spread, accept_result: video-host, origin_views: in-totals, ",
        "origin_total: \"yes\", own_viewers: none, viewer_result: \"yes\", accept_result: video-host, forward: never, ",
    ]);
    let rules = if number < OF_RELEASES { rules } else { OF_DESIGNS[number as usize % 3].to_owned() };
    let sets = [
        format!("seed={number}"),
        format!("protocols.mine={{base: {base}, {rules}lifetime: {lifetime}, tick_interval: {tick}}}"),
        format!("viewers.0.arrivals.constant.rate={}", one_of(&["0.02 /s", "0.3 /s", "3 /s"])),
        format!("viewers.0.watch.exponential={}", one_of(&["20 s", "2 min", "10 min"])),
        format!("viewers.0.spread.weights.origin={}", one_of(&["0", "3", "100"])),
        format!("network.latency.lognormal.median={}", one_of(&["20 ms", "300 ms", "4 s"])),
        format!("network.loss={}", one_of(&["0 %", "1 %", "20 %"])),
        format!("measure.every={}", one_of(&["1 s", "7 s", "30 s"])),
    ];
    scenario(BASE, &sets.each_ref().map(String::as_str))
}

/// The floor and the metrics that say so; planted: without luck, or with one change per message, the floor would be too high.
#[test]
fn no_protocol_beats_the_limits() {
    let (mut lucky, mut nearest) = (0, 0.0_f64);
    for number in 0..OF_RELEASES + 60 {
        let scenario = random(number);
        let result = run(&scenario, Engine::Fast { helpers: 0 });
        let [mut floors, mut least, mut received] = [0; 3];
        for follower in followers(&scenario, &result) {
            let took = follower.received;
            for percent in PERCENTS.into_iter().chain([follower.largest_error()]) {
                let changes = follower.floor(percent);
                assert!(changes <= 2 * took, "{changes} changes by {took} messages: {}", scenario.resolved);
            }
            let most = |of: fn(&Follower, u32) -> u64| {
                PERCENTS.map(|percent| of(&follower, percent)).into_iter().max()
            };
            let (floor, exact) = (most(Follower::floor).unwrap_or(0), most(Follower::least).unwrap_or(0));
            lucky += u32::from(exact > 2 * took);
            nearest = nearest.max(floor as f64 / took.max(1) as f64);
            (floors, least, received) = (floors + floor.div_ceil(2), least + exact, received + took);
        }
        assert_eq!(count(&result, "floor_messages_as_exact"), floors);
        assert_eq!(count(&result, "least_messages_as_exact"), least);
        assert_eq!(count(&result, "interested_messages_received"), received);
        assert!(floors <= received && floors <= least);
    }
    // some follower was right more often than an exact one could have been, and the floor is near enough to be met
    assert!(lucky > 0);
    assert!(nearest > 0.5, "{nearest}");
}

/// Three at the origin from the start, a fourth from 40 s on, one at the follower all the time; samples at 5 s, 15 s, ... 95 s.
const EXACT: &str = "
name: exact
description: a crowd that changes once
end: 100 s
compare: [{name: mine, protocol: v2, delivery: unlimited}]
instances: {origin: {tick_phase: 1 s}, follower: {tick_phase: 2 s}, other: {}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - video: stream
    sessions:
      - {instance: origin, start: 0 s, watch: 1 h}
      - {instance: origin, start: 0 s, watch: 1 h}
      - {instance: origin, start: 0 s, watch: 1 h}
      - {instance: origin, start: 40 s, watch: 1 h}
      - {instance: follower, start: 0 s, watch: 1 h}
network: {latency: {constant: 100 ms}}
measure: {from: 5 s, every: 10 s}
";

#[test]
fn hand_counted() {
    let result = run_in_both(&scenario(EXACT, &[]));
    // four watch at four samples and five at six: within a fifth four are five
    for (metric, expected) in [
        ("least_messages_0_percent", 2),
        ("least_messages_10_percent", 2),
        ("least_messages_20_percent", 1),
        // the viewer goes to the origin, whose total at 1 s says four, the follower's own viewer included; its next comes at 121 s
        ("interested_messages_received", 1),
        ("least_messages_as_exact", 1),
        ("floor_messages_as_exact", 1),
    ] {
        assert_eq!(count(&result, metric), expected, "{metric}");
    }
    assert_eq!(value(&result, "times_least_messages"), "1");
    // the origin shows 3 of 4 and 4 of 5, the follower 1 of each
    let (missing, watching) = (4 * (3 + 3) + 6 * (4 + 4), 4 * 4 * 4 + 6 * 5 * 5);
    let error = f64::from(missing) / f64::from(watching);
    assert_eq!(value(&result, "nothing_sent_seen_error_relative"), error.to_string());
    assert_eq!(value(&result, "nothing_sent_seen_within_10_percent_share"), "0");
    let (messages, bytes) =
        (count(&result, "least_messages_0_percent"), count(&result, "least_bytes_0_percent"));
    assert!((1_500 * messages..3_000 * messages).contains(&bytes), "{bytes}");
}

#[test]
fn who_needs_nothing_is_told_nothing() {
    for set in [
        // nobody sits elsewhere, nobody sits there, the follower is down
        "viewers.0.sessions=[{instance: follower, start: 0 s, watch: 1 h}]",
        "viewers.0.sessions.4.instance=origin",
        "faults=[{down: [follower], at: 3 s}]",
    ] {
        let result = run_in_both(&scenario(EXACT, &[set]));
        assert_eq!(
            PERCENTS.map(|percent| count(&result, &format!("least_messages_{percent}_percent"))),
            [0; 6],
            "{set}"
        );
        let has_ratio = result.metrics.iter().any(|metric| metric.name == "times_least_messages");
        assert!(!has_ratio, "{set}");
    }
}
