//! Catalogues: records that tell of classes say what records of single videos say, in both engines.

use crate::program::Place;
use std::collections::BTreeMap;

/// Six instances, each with three videos, of which everybody follows some.
const FEDERATION: &str = "\
name: small
description: many videos
end: 20 min
compare: [v1, peertube-6.3-v2, v2, peertube-8.2.4, v3]
delivery: DELIVERY
instances: {tubes: {count: 6}}
follows: {random: {mean: 3}}
catalogues:
  talks:
    of: tubes
    videos: 3
    popularity: {zipf: 1}
    length: 10 min
    arrivals: {constant: {rate: 1 /s}}
    watch: {exponential: 2 min}
    spread: {zipf: {origin_share: 40 %}}
network: {latency: {lognormal: {median: 80 ms, sigma: 0.5}}, loss: 2 %}
faults: [{down: [tubes-2], at: 5 min, for: 3 min}]
measure: {every: 30 s, bucket: 1 min, detail: [DETAIL]}
other_traffic: {updates: {every: 2 min}}
";

fn federation(delivery: &str, detail: &str) -> String {
    FEDERATION.replace("DELIVERY", delivery).replace("DETAIL", detail)
}

fn rows(place: &Place, file: &str) -> Vec<BTreeMap<String, String>> {
    let bytes = place.read(file);
    let mut reader = csv::Reader::from_reader(bytes.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> u64 {
    row[column].parse().expect("a number")
}

/// Every video in detail, or none: the same messages, and the same sums over what is displayed.
#[test]
fn classes_are_sums_over_videos() {
    let place = Place::new();
    let all: Vec<String> = (1..=18).map(|rank| format!("talks-{rank}")).collect();
    for (out, detail) in [("classes", ""), ("videos", &all.join(", ")[..])] {
        place.write("small.yaml", federation("unlimited", detail));
        place.good(&["run", "small.yaml", "--out", out]);
    }
    type Key = (String, String);
    let mut sums: BTreeMap<Key, [u64; 4]> = BTreeMap::new();
    let mut origins: BTreeMap<Key, u64> = BTreeMap::new();
    let mut views: BTreeMap<Key, [u64; 4]> = BTreeMap::new();
    for row in rows(&place, "videos/counters.csv") {
        let key = (row["protocol"].clone(), row["time_ms"].clone());
        let pairs_before = origins.entry((key.0.clone(), key.1.clone() + &row["video"])).or_default();
        // the first instance that shows a video is its owner
        let (views, of) = (views.entry(key.clone()).or_default(), usize::from(*pairs_before > 0) * 2);
        *pairs_before += 1;
        // what was counted of a video does not go when its owner is down
        if of == 0 {
            views[0] += number(&row, "true_views");
        }
        if row["displayed_viewers"].is_empty() {
            continue;
        }
        views[of + 1] += number(&row, "displayed_views");
        if of > 0 {
            views[of] += number(&row, "true_views");
        }
        let (displayed, watching) = (number(&row, "displayed_viewers"), number(&row, "true_viewers"));
        let sum = sums.entry(key).or_default();
        sum[0] += 1;
        sum[1] += displayed;
        sum[2] += displayed.abs_diff(watching);
    }
    let mut of_classes: BTreeMap<Key, [u64; 4]> = BTreeMap::new();
    let mut views_of_classes: BTreeMap<Key, [u64; 4]> = BTreeMap::new();
    for row in rows(&place, "classes/catalogues.csv") {
        let key = (row["protocol"].clone(), row["time_ms"].clone());
        let columns = ["true_views", "origin_views", "follower_true_views", "follower_views"];
        for (sum, column) in views_of_classes.entry(key.clone()).or_default().iter_mut().zip(columns) {
            *sum += number(&row, column);
        }
        let sum = of_classes.entry(key).or_default();
        for part in ["origin", "follower"] {
            sum[0] += number(&row, &format!("{part}_pairs"));
            sum[1] += number(&row, &format!("{part}_displayed"));
            sum[2] += number(&row, &format!("{part}_error_abs"));
        }
    }
    assert_eq!(sums.len(), 5 * 41);
    assert!(sums == of_classes, "sums over videos are those over classes");
    assert!(views == views_of_classes, "and so are views");
    assert!(views.values().any(|sum| sum[3] > 0 && sum[3] < sum[2]), "followers display some of them");
    assert!(sums.values().any(|sum| sum[1] > 30 && sum[2] > 10), "something is displayed, and wrong");
    let metrics = |out: &str| {
        let keep = |name: &str| {
            let of_listed =
                ["federation_error", "disagreement", "display_error_at_peak", "flapping", "times_least"];
            !of_listed.iter().any(|of| name.starts_with(of))
                && !name.ends_with("_as_exact")
                && name != "interested_messages_received"
        };
        let rows = rows(&place, &format!("{out}/summary.csv")).into_iter().filter(|row| keep(&row["metric"]));
        rows.map(|row| ((row["protocol"].clone(), row["metric"].clone()), row["value"].clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (classes, videos) = (metrics("classes"), metrics("videos"));
    let differ: Vec<_> = videos.iter().filter(|(key, value)| classes.get(*key) != Some(*value)).collect();
    assert!(differ.is_empty() && classes.len() == videos.len(), "{differ:?}");
    assert!(classes.len() > 5 * 100);
}

/// Owners are replayed where nothing queues; elsewhere they make events.
#[test]
fn both_engines_tell_the_same_of_catalogues() {
    for (delivery, detail) in [("unlimited", "talks-1, talks-7"), ("peertube", "")] {
        let place = Place::new();
        place.write("small.yaml", federation(delivery, detail));
        place.good(&["run", "small.yaml", "--out", "plain", "--engine", "plain"]);
        for (out, jobs) in [("one", "1"), ("many", "12")] {
            place.good(&["run", "small.yaml", "--out", out, "--jobs", jobs]);
            for file in
                ["summary.csv", "traffic.csv", "counters.csv", "catalogues.csv", "delays.csv", "links.csv"]
            {
                let (one, other) =
                    (place.read(&format!("plain/{file}")), place.read(&format!("{out}/{file}")));
                assert!(one == other, "{delivery}, {jobs} jobs: {file}");
            }
        }
        let manifest = place.read("one/manifest.json");
        assert_eq!(!manifest.contains("\"messages_apart\": 0,"), delivery == "unlimited", "{delivery}");
    }
}

#[test]
fn a_scenario_without_a_video_is_refused() {
    let place = Place::new();
    let without = federation("unlimited", "");
    let (head, tail) = (without.find("catalogues:"), without.find("network:"));
    let text = without[..head.expect("a key")].to_owned() + &without[tail.expect("a key")..];
    place.write("small.yaml", text);
    let answer = place.call(&["validate", "small.yaml"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    assert!(answer.err.contains("has no video; give it `videos`, `catalogues` or both"), "{}", answer.err);
}
