//! The background: jobs at a rate that changes, bursts, what has a name, and to whom; each by hand, in both engines.

use super::cells::{count, read, run_in_both, value};
use super::program::Place;
use fedisim::foundation::ids::InstanceId;
use fedisim::mechanism::activity::Kind;
use fedisim::metrics::traffic::Direction;
use fedisim::runs::cell::CellResult;
use fedisim::scenario::Scenario;

/// Nobody watches; every time is a whole number of µs and nothing is random but when the jobs of a rate come.
const QUIET: &str = "
name: quiet
description: nothing but the background
end: 30 min
compare: [peertube-8.2]
instances: {origin: {}, near: {count: 20}, far: {count: 40}}
videos: {clip: {origin: origin, length: 5 min}}
viewers: []
network: {latency: {constant: 30 ms}}
deliveries: {mine: {base: peertube, json_ld_sign: 5 ms, sign: 250 us, verify: 20 us, inbox: 5 ms, rate_limit: \"off\"}}
delivery: mine
other_traffic: {updates: off, watch_actions: off}
measure: {every: 10 s, bucket: 10 s}
";
/// How long a job to 60 inboxes takes: it is signed, then two rounds of 30 requests of three round trips each.
const JOB_MS: f64 = 5.0 + 2.0 * (0.25 + 180.0 + 0.02);

fn scenario(set: &[&str]) -> Result<Scenario, String> {
    read(QUIET, set)
}

/// The result of a background, the same in both engines.
fn run(background: &str, set: &[&str]) -> CellResult {
    let background = format!("other_traffic.background={background}");
    let scenario =
        scenario(&[&[&background[..]], set].concat()).unwrap_or_else(|problems| panic!("{problems}"));
    run_in_both(&scenario)
}

fn metric(result: &CellResult, name: &str) -> f64 {
    value(result, name).parse().unwrap_or_else(|_| panic!("{name} is a number"))
}

/// Requests of the background that the origin began in each bucket of 10 s that has any, by its start in s.
fn sent(result: &CellResult) -> Vec<(u64, u64)> {
    let rows = result.observed.traffic.iter();
    let of_origin = rows.filter(|row| {
        (row.instance, row.direction, row.kind) == (InstanceId(0).0, Direction::Out, Kind::Background)
    });
    let begun = of_origin.map(|row| (row.start_ns / 1_000_000_000, row.sums.messages));
    begun.filter(|(_, messages)| *messages > 0).collect()
}

fn is_near(value: f64, expected: f64) -> bool {
    // quantiles are kept to 0.1 %
    (value - expected).abs() <= 0.001 * expected
}

/// D/D/1: of n jobs that come at once n - 1 wait, and job i waits for the i - 1 before it.
#[test]
fn a_burst_drains_job_by_job() {
    let burst = run("[{video: clip, burst: {jobs: 1000, at: 1 min}}]", &[]);
    assert_eq!(count(&burst, "messages_delivered"), 60_000);
    assert_eq!(count(&burst, "queued_jobs_peak"), 999);
    let p50 = metric(&burst, "queue_delay_p50_ms");
    assert!(is_near(p50, 499.0 * JOB_MS), "{p50} {}", 499.0 * JOB_MS);
    let p99 = metric(&burst, "queue_delay_p99_ms");
    assert!(is_near(p99, 989.0 * JOB_MS), "{p99} {}", 989.0 * JOB_MS);
    // nothing before, and the last job ends 1,000 jobs later
    let sent = sent(&burst);
    let last_s = 60 + (1_000.0 * JOB_MS / 1e3) as u64;
    assert_eq!((sent[0].0, sent[sent.len() - 1].0), (60, last_s / 10 * 10));
    // a deletion of 999 objects is the same: one `Delete` more, for the account
    let deletion = run("[{video: clip, deletion: {objects: 999, at: 1 min}}]", &[]);
    assert_eq!(deletion.observed, burst.observed);
}

#[test]
fn some_followers_get_what_is_meant_for_them() {
    let burst = "burst: {jobs: 10, at: 1 min}";
    let near = run(&format!("[{{video: clip, to: [near], {burst}}}]"), &[]);
    let both = run(&format!("[{{video: clip, to: [near-3, far-2, near], {burst}}}]"), &[]);
    let counts = [&near, &both].map(|result| count(result, "messages_delivered"));
    assert_eq!(counts, [200, 210]);
    let one_account = "instances.near.follows_as=no-shared-inbox";
    let none = run(&format!("[{{video: clip, to: [near], {burst}}}]"), &[one_account]);
    assert_eq!(count(&none, "messages_delivered"), 0, "they get no broadcast at all");
    for queues in ["unlimited", "lemmy", "mastodon"] {
        let set = format!("delivery={queues}");
        let near = run(&format!("[{{video: clip, to: [near], {burst}}}]"), &[&set]);
        assert_eq!(count(&near, "messages_delivered"), 200, "{queues}");
    }
}

/// 10 /s for 50 s is a Poisson number of mean 500: 4 standard deviations are 90.
#[test]
fn a_rate_begins_and_ends_when_it_is_said() {
    let quick = "delivery=unlimited";
    for entry in
        ["rate: 10 /s, from: 100 s, for: 50 s", "arrivals: {constant: {rate: 10 /s}}, from: 100 s, for: 50 s"]
    {
        let sent = sent(&run(&format!("[{{video: clip, {entry}}}]"), &[quick]));
        let jobs: u64 = sent.iter().map(|(_, messages)| messages / 60).sum();
        assert!((410..=590).contains(&jobs), "{jobs} {entry}");
        let starts: Vec<u64> = sent.iter().map(|bucket| bucket.0).collect();
        assert_eq!(starts, [100, 110, 120, 130, 140], "{entry}");
    }
}

/// A ramp from 0 to 20 /s in 100 s and level for 100 s: 1,000 and 2,000 jobs, a quarter of the first in its first half.
#[test]
fn a_rate_runs_in_stages() {
    let stages = "[{video: clip, from: 100 s, arrivals: {stages: [{duration: 100 s, rate: 20 /s}, {duration: 100 s, rate: 20 /s}]}}]";
    let sent = sent(&run(stages, &["delivery=unlimited"]));
    let jobs = |from_s, until_s| {
        let within = sent.iter().filter(|(at, _)| (from_s..until_s).contains(at));
        within.map(|(_, messages)| messages / 60).sum::<u64>() as f64
    };
    for ((from_s, until_s), expected) in [
        ((100, 150), 250.0_f64),
        ((150, 200), 750.0),
        ((200, 300), 2_000.0),
        ((0, 100), 0.0),
        ((300, 1_800), 0.0),
    ] {
        let found = jobs(from_s, until_s);
        assert!(
            (found - expected).abs() <= 4.0 * expected.sqrt(),
            "{found} from {from_s} to {until_s}, not {expected}"
        );
    }
    // cut in the middle of the ramp
    let cut = stages.replace("from: 100 s", "from: 100 s, for: 50 s");
    assert!(self::sent(&run(&cut, &["delivery=unlimited"])).iter().all(|bucket| bucket.0 < 150));
}

/// The rate falls linearly, so the first half of the time has three quarters of a storm.
#[test]
fn a_storm_of_likes_is_thickest_at_its_start() {
    let likes = "[{video: clip, likes: {jobs: 2000, at: 100 s, over: 200 s}}]";
    let sent = sent(&run(likes, &["delivery=unlimited"]));
    let jobs = |until_s| {
        sent.iter().filter(|bucket| bucket.0 < until_s).map(|bucket| bucket.1 / 60).sum::<u64>() as f64
    };
    assert!((jobs(200) - 1_500.0).abs() < 4.0 * 1_500.0_f64.sqrt(), "{}", jobs(200));
    assert!((jobs(300) - 2_000.0).abs() < 4.0 * 2_000.0_f64.sqrt(), "{}", jobs(300));
    let all: u64 = sent.iter().map(|bucket| bucket.1 / 60).sum();
    assert!((jobs(300) - all as f64).abs() < 0.5, "none comes after it");
}

/// An upload is three jobs; the first is as large as an `Update`, whose length has one digit more.
#[test]
fn an_upload_is_a_large_job_and_two_small_ones() {
    let bytes = |entry: &str| {
        let result = run(&format!("[{{video: clip, {entry}}}]"), &[]);
        assert_eq!(count(&result, "messages_delivered"), 180, "{entry}");
        count(&result, "sent_bytes_background")
    };
    let small = bytes("burst: {jobs: 3, at: 1 min}");
    assert_eq!(bytes("upload: {at: 1 min}") - small, 60 * (15_402 - 1_500 + 1));
    assert_eq!(bytes("burst: {jobs: 3, at: 1 min}, body: 1600 B") - small, 180 * 100);
}

/// A run that ends when nothing is left to do waits for what is planned, and no job comes twice.
#[test]
fn an_idle_run_waits_for_a_burst() {
    let idle = "end={when: idle, at_most: 30 min}";
    let late = run("[{video: clip, burst: {jobs: 10, at: 10 min}}]", &[idle]);
    assert_eq!(count(&late, "messages_delivered"), 600);
    let end_s = late.observed.end_ns / 1_000_000_000;
    assert!((603..=620).contains(&end_s), "{end_s}");
}

#[test]
fn what_would_do_nothing_is_refused() {
    for (entry, problem) in [
        (
            "burst: {jobs: 3, at: 30 min}",
            "burst.at: is when the run is over, so nothing would come; begin before `end`",
        ),
        (
            "rate: 1 /s, from: 30 min",
            "from: is when the run is over, so nothing would come; begin before `end`",
        ),
        (
            "burst: {jobs: 3, at: 1 s}, to: [origin]",
            "to.0: is the origin of the video, which sends them: name its followers",
        ),
        (
            "burst: {jobs: 3, at: 1 s}, to: [nere]",
            "to.0: `nere` is no instance or group; did you mean `near`?",
        ),
        ("burst: {jobs: 3, at: 1 s}, for: 1 min", "for: is not a key here; there are video, burst, to, body"),
        ("burst: {jobs: 0, at: 1 s}", "burst.jobs: `0` is not"),
        ("rate: 1 /s, burst: {jobs: 3, at: 1 s}", "has both `rate` and `burst`; it may have one of them"),
    ] {
        let set = format!("other_traffic.background=[{{video: clip, {entry}}}]");
        let said = scenario(&[&set]).err().unwrap_or_default();
        assert!(said.contains(problem), "{entry}: {said}");
    }
}

#[test]
fn the_deletion_of_an_account_is_as_was_worked_out() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/field/account-deletion.yaml");
    let answer = Place::new().call(&["run", scenario, "--out", "records"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
}
