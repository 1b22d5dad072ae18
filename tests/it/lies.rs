//! One lying instance: small cases whose numbers follow by counting, in both engines.
//!
//! Messages take a second and samples come each second, before what arrives at their instant: what arrives at 201 s is in the samples from 202 s on.
//! The origin ticks at 60 s, 180 s, ..., the liar at 5 s, 125 s, ..., the three honest followers at 30 s, 150 s, .... One viewer sits at the origin.

use super::cells::{count, read, run_in_both, scenario, value};
use fedisim::foundation::ids::{InstanceId, VideoId};
use fedisim::runs::EngineChoice;
use fedisim::runs::cell::CellResult;
use fedisim::runs::estimate::Estimate;

const BASE: &str = "
name: lies
description: one viewer at an origin, and a follower that lies about it
end: 10 min
compare: [peertube-6.3-v2]
delivery: unlimited
instances: {origin: {tick_phase: 60 s}, liar: {tick_phase: 5 s}, honest: {count: 3, tick_phase: 30 s}}
videos: {stream: {origin: origin, length: live}}
viewers: [{video: stream, sessions: [{instance: origin, start: 0 s, watch: 2 h}]}]
network: {latency: {constant: 1 s}}
other_traffic: {updates: off, watch_actions: off}
measure: {every: 1 s}
lies: []
";
/// Told once.
const RESULT: &str =
    "lies=[{result: {viewers: 100000, every: 1 h}, instance: liar, video: stream, from: 200 s}]";
/// One View a second, 200 in all.
const NINETY: &str = "lies=[{viewers: 90, instance: liar, video: stream, from: 200 s, for: 200 s}]";
const A_VIEWER_OF_THE_LIAR: &str = "viewers.0.sessions=[{instance: origin, start: 0 s, watch: 2 h}, {instance: liar, start: 100 s, watch: 2 h}]";

fn lied(sets: &[&str]) -> CellResult {
    run_in_both(&scenario(BASE, sets))
}

/// How often it was told, viewers x seconds that each brought, and the most that an honest instance was moved.
fn effect(sets: &[&str]) -> (u64, f64, u64) {
    let result = lied(sets);
    let per_lie = value(&result, "lie_effect_per_lie").parse().expect("a number");
    (count(&result, "lies_told"), per_lie, count(&result, "lie_effect_max"))
}

/// It stands at the three followers from 201 s until something replaces or removes it.
#[test]
fn a_false_result_is_shown_by_whoever_believes_it() {
    let column = |protocol: &str| effect(&[RESULT, &format!("compare=[{protocol}]")]);
    // until the origin's total comes at 301 s; before it, they showed 1
    let believed = (3, 100.0 * 99_999.0, 99_999);
    assert_eq!(column("peertube-6.3-v2"), believed);
    assert_eq!(column("v2"), believed);
    // one entry more, until that total
    assert_eq!(column("peertube-8.2.4"), (3, 100.0, 1));
    assert_eq!(column("peertube-9.0-dev"), (3, 100.0, 1));
    // one entry more until their tick after its expiry at 320 s: that at 390 s
    assert_eq!(column("v1"), (3, 188.0, 1));
    // the next total comes at 421 s, three ticks after the first
    assert_eq!(column("v3"), (3, 220.0, 1));
    // they get no totals: until it expires 150 s after it was built
    assert_eq!(column("v4"), (3, 148.0, 1));
}

#[test]
fn every_honest_follower_shows_the_number_and_the_origin_does_not() {
    let result = lied(&[RESULT]);
    let shown =
        |instance, sample| result.observed.counters.displayed(VideoId(0), InstanceId(instance), sample);
    for honest in 2..5 {
        assert_eq!(
            [201, 202, 301, 302].map(|sample| shown(honest, sample)),
            [Some(1), Some(100_000), Some(100_000), Some(1)]
        );
    }
    assert_eq!([0, 1].map(|instance| shown(instance, 250)), [Some(1); 2]);
    assert_eq!(value(&result, "lie_effect_origin_mean"), "0");
    assert_eq!(count(&result, "sent_messages_follower_total"), 3);
}

/// Where viewers are told singly: under v2 each is one entry at the origin, extended by their second View, and followers get totals at 301 s, 421 s and
/// 541 s. The last of their entries have expired at the tick of 540 s, and none at that of 420 s.
#[test]
fn claimed_viewers_are_told_one_by_one_or_in_totals() {
    let (origin, follower) = (90 * 91 / 2 + 248 * 90, 240 * 90);
    let per_lie = f64::from(origin + 3 * follower) / 200.0;
    assert_eq!(effect(&[NINETY, "compare=[v2]"]), (200, per_lie, 90));
    // under v1 each View is one entry everywhere, until the next tick after its expiry
    let origin = 101 * 218 - 5_050 + 99 * 338 - 14_850;
    let follower = 71 * 187 - 2_485 + 120 * 307 - 15_660 + 9 * 398 - 1_755;
    let per_lie = f64::from(origin + 3 * follower) / 200.0;
    assert_eq!(effect(&[NINETY, "compare=[v1]"]), (200, per_lie, 200));
}

/// Totals of 90 at 245 s and 365 s; the origin shows them from 246 s until its tick at 540 s, followers from 301 s to 541 s.
const TOTALS: &str = "protocols={mine: {base: v3, threshold: off}}";

#[test]
fn a_cap_bounds_what_one_follower_can_claim() {
    let totals = |cap: &str, viewers: u32| {
        let lie = NINETY.replace("90", &viewers.to_string());
        effect(&[&lie, "compare=[mine]", &TOTALS.replace("off", &format!("off, follower_cap: {cap}"))])
    };
    let shown = f64::from(293 + 3 * 240) / 2.0;
    assert_eq!(totals("off", 1_000), (2, 1_000.0 * shown, 1_000));
    assert_eq!(totals("10", 1_000), (2, 10.0 * shown, 10));
    assert_eq!(totals("10", 4), (2, 4.0 * shown, 4));
    assert_eq!(totals("0", 1_000), (2, 0.0, 0));
    // singly: the first ten are counted, and extended, and nobody else
    let singly = |cap: &str| {
        let protocol = format!("protocols={{mine: {{base: v2, follower_cap: {cap}}}}}");
        effect(&[NINETY, "compare=[mine]", &protocol])
    };
    let (origin, follower) = (f64::from(55 + 328 * 10), f64::from(240 * 10));
    assert_eq!(singly("10"), (200, (origin + 3.0 * follower) / 200.0, 10));
    assert_eq!(singly("0"), (200, 0.0, 0));
    assert_eq!(singly("off").2, 90);
}

/// One viewer of its own is said five times: by four Views beside each of theirs, at 100 s, 190 s, ..., or in totals at 125 s, 245 s, 365 s and 485 s.
#[test]
fn a_liar_says_that_it_has_several_times_its_viewers() {
    let five = "lies=[{times: 5, instance: liar, video: stream}]";
    let column = |sets: &[&str]| {
        let (told, _, most) = effect(&[&[five, A_VIEWER_OF_THE_LIAR], sets].concat());
        (told, most)
    };
    assert_eq!(column(&["compare=[v2]"]), (24, 4));
    assert_eq!(column(&["compare=[mine]", TOTALS]), (4, 4));
    assert_eq!(column(&["compare=[mine]", &TOTALS.replace("off", "off, follower_cap: 3")]), (4, 2));
    // who has no viewers has no more of them
    assert_eq!(count(&lied(&[five, "compare=[v2]"]), "lie_effect_max"), 0);
}

/// The View of 190 s is sent again at 194 s and 204 s. Where each View is an entry it stands until the ticks after its expiry at 310 s.
#[test]
fn a_replayed_view_counts_where_each_view_is_an_entry() {
    let replay = "lies=[{replay: 10 s, instance: liar, video: stream, from: 184 s, for: 30 s}]";
    let column = |protocol: &str| effect(&[replay, A_VIEWER_OF_THE_LIAR, &format!("compare=[{protocol}]")]);
    let (origin, follower) = (f64::from(224 + 214), f64::from(193 + 183));
    assert_eq!(column("v1"), (2, (origin + 3.0 * follower) / 2.0, 2));
    for extends in ["v2", "peertube-8.2.4", "peertube-9.0-dev"] {
        assert_eq!(column(extends), (2, 0.0, 0), "{extends}");
    }
}

/// The viewer leaves at 160 s, and their View of 100 s, which expires at 220 s, is sent again at 105 s, 115 s, .... Where ids are known the origin's ticks of 300 s and 420 s remove
/// it; the next to come, 6 s later, stands until the next tick, or is never displayed. Totals leave at ticks, without it.
#[test]
fn a_replayed_view_counts_again_once_its_viewer_has_left() {
    let replay = "lies=[{replay: 10 s, instance: liar, video: stream, from: 95 s}]";
    let leaves = "viewers.0.sessions=[{instance: origin, start: 0 s, watch: 2 h}, {instance: liar, start: 100 s, watch: 60 s}]";
    let column = |sets: &[&str]| effect(&[&[replay, leaves], sets].concat());
    let between_ticks = (f64::from(419 - 306) + f64::from(539 - 426) + f64::from(600 - 546)) / 50.0;
    for extends in ["v2", "peertube-8.2.4", "peertube-9.0-dev"] {
        assert_eq!(column(&[&format!("compare=[{extends}]")]), (50, between_ticks, 1), "{extends}");
        let exact = format!("protocols={{mine: {{base: {extends}, expiry: exact}}}}");
        assert_eq!(column(&["compare=[mine]", &exact]), (50, 0.0, 0), "{extends}");
    }
}

/// Of 30 viewers who do not exist each stands for one, though who speaks at the liar speaks for ten.
#[test]
fn as_many_are_claimed_as_the_lie_says_whoever_speaks_for_others() {
    let sampling = "protocols={mine: {base: v2, sampling: 10}}";
    for lie in ["viewers: 30", "flood: 1 /s"] {
        let lie = format!("lies=[{{{lie}, instance: liar, video: stream, from: 200 s, for: 30 s}}]");
        let plain = effect(&[&lie, "compare=[v2]"]);
        assert_eq!(effect(&[&lie, "compare=[mine]", sampling]), plain, "{lie}");
    }
}

/// A flood counts under every protocol, and a cap bounds it. Under v4 the sample of 219 s sees 36 of the 40, of which the first
/// has left at the tick of 210 s, and half of the others leave at that of 220 s.
#[test]
fn a_flood_counts_each_view_once() {
    let flood = "lies=[{flood: 2 /s, instance: liar, video: stream, from: 200 s, for: 20 s}]";
    for (protocol, most) in
        [("v1", 40), ("peertube-6.3-v2", 40), ("v2", 40), ("peertube-9.0-dev", 40), ("v3", 40), ("v4", 35)]
    {
        let (told, _, moved) = effect(&[flood, &format!("compare=[{protocol}]")]);
        assert_eq!((told, moved), (40, most), "{protocol}");
    }
    let capped = "protocols={mine: {base: v4, follower_cap: 7}}";
    assert_eq!(effect(&[flood, "compare=[mine]", capped]).2, 7);
}

/// A liar that is down tells nothing, and one whose process starts again goes on.
#[test]
fn who_is_down_does_not_lie() {
    let down = "faults=[{down: [liar], at: 250 s, for: 100 s}]";
    assert_eq!(count(&lied(&[NINETY, "compare=[v2]", down]), "lies_told"), 100);
}

/// The liar says totals at first, and each of its 9,000 viewers after a restart: 20,000 Views in 200 s.
#[test]
fn the_estimate_knows_what_a_liar_speaks_later() {
    let lie = "lies=[{viewers: 9000, instance: liar, video: stream, from: 200 s, for: 200 s}]";
    for fault in ["restart: [liar], protocol: v1", "upgrade: [liar], to: v1, parallel: 1, pause: 0 s"] {
        let fault = format!("{fault}, at: 100 s, startup: 0 s");
        let scenario = scenario(BASE, &[lie, "compare=[v4]", &format!("faults=[{{{fault}}}]")]);
        let told = count(&run_in_both(&scenario), "lies_told");
        let events = Estimate::of(&scenario, EngineChoice::Plain).events;
        assert!(told == 20_000 && events >= 20_000.0, "{told} {events}");
    }
}

#[test]
fn without_lies_there_are_no_metrics_of_them() {
    let result = lied(&[]);
    assert!(result.metrics.iter().all(|metric| !metric.name.starts_with("lie")));
    assert_eq!((result.observed.lies_told, result.observed.lie_effects), (0, None));
}

#[test]
fn many_liars_are_refused() {
    let many = ["instances.liar.count=10001", "lies=[{times: 2, instance: liar, video: stream}]"];
    let problems = read(BASE, &many).expect_err("too many");
    assert!(problems.contains("are 10001 with those of each instance; there may be 10000"), "{problems}");
}
