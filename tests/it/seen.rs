//! What viewers see, and how old the totals are that followers display: exact small cases, in both engines.

use super::cells::{all_in_both, run_in_both, scenario, value};
use fedisim::foundation::random::Seed;
use fedisim::metrics::counters::Staleness;
use fedisim::metrics::display::Display;
use fedisim::metrics::seen::SeenSums;
use fedisim::runs::cell::CellResult;

/// The origin ticks at 30 s and every 120 s from then on, and its totals arrive 10 s later. Samples begin half a second behind the
/// first arrival and are taken for twelve periods.
const TOTALS: &str = "
name: totals
description: one viewer at the origin, all the time
end: 1480 s
compare: [v2]
delivery: unlimited
instances: {origin: {tick_phase: 30 s}, follower: {tick_phase: 60 s}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - {video: stream, sessions: [{instance: origin, start: 0 s, watch: 2 h}]}
network: {latency: {constant: 10 s}}
measure: {from: 40500 ms, every: 1 s}
";

/// The same with a viewer at the follower, too.
const WATCHED: &str = "viewers.0.sessions=[{instance: origin, start: 0 s, watch: 2 h}, {instance: follower, start: 0 s, watch: 2 h}]";

fn ages(set: &[&str]) -> Staleness {
    run_in_both(&scenario(TOTALS, set)).observed.staleness
}

/// Closed form: half an interval and the latency, whatever the clocks of origin and follower show.
#[test]
fn a_displayed_total_is_half_an_interval_and_the_latency_old() {
    let expected = Staleness { sum_us: 1_440 * (60 + 10) * 1_000_000, count: 1_440 };
    for set in [
        &[][..],
        &[WATCHED],
        &["compare=[peertube-8.2.4]"],
        &["compare=[peertube-8.2.4]", WATCHED],
        &["compare=[peertube-9.0-dev]"],
        &["compare=[peertube-9.0-dev]", WATCHED],
        &["faults=[{clock: [origin], ahead: 40 s}]"],
        &["faults=[{clock: [follower], behind: 40 s}]", WATCHED],
    ] {
        assert_eq!(ages(set), expected, "{set:?}");
    }
    let result = run_in_both(&scenario(TOTALS, &[]));
    assert_eq!(value(&result, "staleness_mean_s"), "70");
}

/// The last total is built at 390 s, expires at 510 s and leaves at the follower's tick at 540 s: three whole periods of 70 s, and 140
/// samples of 10.5 to 149.5 s. Nothing is older than the lifetime and a tick interval, and what has left has no age.
#[test]
fn an_expired_total_has_no_age() {
    const DOWN: &str = "faults=[{down: [origin], at: 500 s, for: 1 h}]";
    let expected = Staleness { sum_us: (360 * 70 + 140 * 80) * 1_000_000, count: 360 + 140 };
    for set in [
        &[DOWN][..],
        &[DOWN, "compare=[peertube-8.2.4]"],
        &[DOWN, "compare=[peertube-9.0-dev]"],
        &[DOWN, WATCHED],
    ] {
        assert_eq!(ages(set), expected, "{set:?}");
    }
    // the planted error: ages of what has left would go on to the end
    let with_expired = (0..1_440)
        .map(|sample| if sample < 360 { 70_000_000 } else { (sample - 360) * 1_000_000 + 10_500_000 });
    assert!(with_expired.sum::<u64>() / 1_440 > 5 * expected.sum_us / expected.count);
}

/// Who takes a total for one viewer displays no total, and a total ends with what replaces it.
#[test]
fn what_displays_no_total_has_no_age() {
    let old_follower = ["instances.follower.protocol=peertube-6.0", "expect=[]"];
    let result = run_in_both(&scenario(TOTALS, &old_follower));
    assert_eq!(result.observed.staleness, Staleness::default());
    assert!(result.metrics.iter().all(|metric| metric.name != "staleness_mean_s"));
    // a viewer at a third instance is forwarded every 90 s and taken for a total of one
    let clobbered = [
        "compare=[peertube-6.3-v2]",
        "instances={origin: {tick_phase: 30 s}, follower: {tick_phase: 60 s}, other: {}}",
        "viewers.0.sessions=[{instance: other, start: 0 s, watch: 2 h}]",
    ];
    let Staleness { sum_us, count } = ages(&clobbered);
    assert!(count > 0 && sum_us < count * 70_000_000, "{sum_us} us of {count}");
}

/// Nine watch at the origin and one at the follower, all the time, and what is sent arrives after the end: the origin shows 9 and the
/// follower 1.
const SEATS: &str = "
name: seats
description: ten viewers, and instances that know of their own alone
end: 59 s
compare: [v1, v2]
delivery: unlimited
instances: {origin: {}, follower: {}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - {video: stream, sessions: [SESSIONS]}
network: {latency: {constant: 1 min}}
measure: {from: 500 ms, every: 1 s}
";

/// The sums of the first column, and its metrics.
fn seen(set: &[&str]) -> (SeenSums, CellResult) {
    let visits = |at, count| (0..count).map(move |_| format!("{{instance: {at}, start: 0 s, watch: 1 h}}"));
    let sessions: Vec<_> = visits("origin", 9).chain(visits("follower", 1)).collect();
    let scenario = scenario(&SEATS.replace("SESSIONS", &sessions.join(", ")), set);
    let result = all_in_both(&scenario).remove(0);
    let federation = scenario.federation(0, Seed { seed: result.seed, replication: 0 });
    (Display::of(&result.observed.counters, &result.observed.catalogues, &federation).seen, result)
}

/// So many samples at which so many at the origin see 9 and so many at the follower see 1, of so many.
fn sums(samples: u32, origin: u32, follower: u32, watching: u32) -> SeenSums {
    let mut sums = SeenSums::default();
    for _ in 0..samples {
        sums.note(origin, 9, watching);
        sums.note(follower, 1, watching);
    }
    sums
}

#[test]
fn viewers_weigh_as_long_as_they_look() {
    let (of_all, result) = seen(&[]);
    let by_hand = SeenSums {
        viewers: 590,
        error_abs: 59 * (9 + 9),
        error: -59 * (9 + 9),
        watching: 59 * 100,
        wrong_zeros: 0,
        within_10_percent: 59 * 9,
    };
    assert_eq!((of_all, of_all), (by_hand, sums(59, 9, 1, 10)));
    for (metric, expected) in [
        ("seen_error_relative", "0.18"),
        ("seen_error_mean_abs", "1.8"),
        ("seen_error_bias", "-1.8"),
        ("seen_wrong_zero_share", "0"),
        ("seen_within_10_percent_share", "0.9"),
        // instances weigh alike here, whoever looks
        ("display_error_relative", "0.5"),
    ] {
        assert_eq!(value(&result, metric), expected, "{metric}");
    }
}

#[test]
fn who_sees_nothing_weighs_nothing() {
    // the follower is down from 30 s on, at 29 samples
    let mut expected = sums(30, 9, 1, 10);
    expected += sums(29, 9, 0, 10);
    assert_eq!(seen(&["faults=[{down: [follower], at: 30 s, for: 1 h}]"]).0, expected);
    // it follows nobody: what it shows of its own viewer is no count of the federation's, but the viewer is one of ten
    assert_eq!(seen(&["follows={random: {mean: 0}}"]).0, sums(59, 9, 0, 10));
}

/// Players that wait for 20 s before they report: 20 samples show 0.
#[test]
fn who_looks_before_anybody_is_counted_sees_a_wrong_zero() {
    let mut expected = sums(39, 9, 1, 10);
    (0..20).for_each(|_| expected.note(10, 0, 10));
    let (sums, result) = seen(&["viewers.0.first_heartbeat_after=20 s"]);
    assert_eq!((sums, sums.wrong_zeros), (expected, 200));
    assert_eq!(value(&result, "seen_wrong_zero_share"), (200.0 / 590.0).to_string());
}
