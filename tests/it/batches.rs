//! Batches in whole runs: the closed form has the calm case; here are senders whose requests wait, fail and are made again, what is not
//! forwarded, and what is met for the first time. Both engines compute each run to the same.

use super::cells::{count, run_in_both, scenario};

/// Three videos of one origin, watched at two followers at all times.
const BATCHED: &str = "
name: batched
description: totals of three videos leave together
end: 10 min
compare: [{name: mine, protocol: mine, delivery: peertube}]
protocols: {mine: {base: v3, lifetime: 20 s, tick_interval: 20 s, threshold: off, plain_views: none, batch: \"yes\"}}
instances: {origin: {tick_phase: 0 s}, near: {tick_phase: 3 s}, far: {tick_phase: 7 s}, old: {}}
videos: {a: {origin: origin, length: live}, b: {origin: origin, length: live}, c: {origin: origin, length: live}}
viewers:
  - {video: a, sessions: [{instance: near, start: 1 s, watch: 9 min}, {instance: far, start: 1 s, watch: 9 min}]}
  - {video: b, sessions: [{instance: near, start: 1 s, watch: 9 min}, {instance: far, start: 1 s, watch: 9 min}]}
  - {video: c, sessions: [{instance: near, start: 1 s, watch: 9 min}, {instance: far, start: 1 s, watch: 9 min}]}
network: {latency: {constant: 100 ms}}
measure: {from: 5 min, every: 10 s, bucket: 1 min}
";

/// Where the requests of the origin wait for its link, both engines count each total that a follower takes.
#[test]
fn totals_of_busy_senders_are_counted_one_by_one() {
    for capacity in ["{}", "{uplink: 1 Mbit/s}", "{cores: 1}"] {
        let result = run_in_both(&scenario(BATCHED, &[&format!("instances.origin.capacity={capacity}")]));
        let told = count(&result, "interested_messages_received");
        // to `near`, `far` and `old`, of which the last watches nothing
        let messages = count(&result, "sent_messages_total");
        assert_eq!((messages % 3, told), (0, messages / 3 * 2 * 3), "{capacity}");
        assert!(messages >= 3 * 27, "{capacity}: {messages}");
    }
}

/// A batch that is made again is the same batch.
#[test]
fn a_batch_that_fails_is_made_again_whole() {
    let sets = [
        "compare=[{name: mine, protocol: mine, delivery: again}]",
        "deliveries={again: {base: lemmy, timeout: 1 s, retry: {per: message, attempts: 5, schedule: [2 s], jitter: off}}}",
        // only the batches of the tick at 400 s fail at first
        "faults=[{loss: 100 %, from: [origin], to: [near], at: 399 s, for: 2 s}]",
        "measure={from: 404500 ms, every: 1 h, bucket: 1 h}",
    ];
    let result = run_in_both(&scenario(BATCHED, &sets));
    let wrong: f64 = super::cells::value(&result, "seen_error_mean_abs").parse().expect("a number");
    assert!(wrong < 1e-9, "{wrong}");
    assert!(count(&result, "retries_waiting_peak") > 0);
}

/// An origin that takes totals of others for viewers forwards single ones, but nothing of a batch: its items are not signed.
#[test]
fn nothing_of_a_batch_is_forwarded() {
    let forwarded = |batch: &str| {
        let set = format!("protocols.mine.batch={batch}");
        let result = run_in_both(&scenario(BATCHED, &["instances.origin.protocol=peertube-7.2", &set]));
        count(&result, "sent_messages_follower_total_forwarded")
    };
    assert!(forwarded("no") > 0);
    assert_eq!(forwarded("yes"), 0);
}

/// Whoever meets a video for the first time in a batch fetches it, whichever place it has there.
#[test]
fn all_videos_of_a_batch_are_met() {
    let fetched = |batch: &str| {
        let set = format!("protocols.mine.batch={batch}");
        let first_contact = "other_traffic.asked_back.first_contact=requests";
        count(&run_in_both(&scenario(BATCHED, &[first_contact, &set])), "sent_messages_video_fetch")
    };
    assert!(fetched("no") > 0);
    assert_eq!(fetched("yes"), fetched("no"));
}
