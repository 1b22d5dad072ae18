//! What receivers ask back, in small cases worked out by hand, in both engines.

use fedisim::foundation::ids::InstanceId;
use fedisim::mechanism::activity::Kind;
use fedisim::metrics::traffic::{Direction, Sums};
use fedisim::runs::cell::{CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
use std::sync::atomic::AtomicBool;

const FOLLOWERS: u64 = 40;

/// An origin that tells all followers at one instant of an update; bob's view makes another one half an hour later.
const HERD: &str = "
name: herd
description: all followers ask back at one instant
end: 65 min
compare: [{name: mine, protocol: v2, delivery: at-once}]
deliveries: {at-once: {base: peertube, requests_per_job: 1000, sign: 0 s, transport: ignored}}
instances: {origin: {}, followers: {count: 40}}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    sessions:
      - {instance: origin, start: 1 s, watch: 62 min}
      - {instance: origin, start: 35 min, watch: 20 min}
network: {latency: {constant: 300 ms}}
other_traffic: {watch_actions: off, asked_back: {after_updates: requests}}
";

fn scenario(set: &[&str]) -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "here", bytes: HERD.as_bytes(), stem: None, data: &no_data };
    let changes = Changes { sets: set.iter().map(|set| (*set).to_owned()).collect(), ..Changes::default() };
    parse(&input, &changes, &[]).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

/// The result, which both engines have.
fn run(set: &[&str]) -> CellResult {
    let scenario = scenario(set);
    let [plain, fast] = [Engine::Plain, Engine::Fast { helpers: 0 }].map(|engine| {
        run_cell(&scenario, &plan(&scenario)[0], engine, &AtomicBool::new(false))
            .expect("it comes to its end")
    });
    assert_eq!(plain.observed, fast.observed);
    plain
}

fn sums(result: &CellResult, at: u32, direction: Direction, kind: Kind) -> Sums {
    let mut all = Sums::ZERO;
    let rows = result.observed.traffic.iter();
    let rows = rows.filter(|row| (row.instance, row.direction, row.kind) == (at, direction, kind));
    rows.for_each(|row| all.add(&row.sums));
    all
}

fn metric(result: &CellResult, name: &str) -> u64 {
    let found = result.metrics.iter().find(|metric| metric.name == name).expect("a count is always there");
    found.value.parse().expect("a count")
}

fn origin_cpu_ms(result: &CellResult) -> u64 {
    result.observed.delivery.busy[InstanceId(0).index()].cpu_ns / 1_000_000
}

/// Two updates, three GETs each: 2,326 bytes of answers per follower, and a core of the origin for 5 ms per GET.
#[test]
fn three_gets_per_update_are_answered_and_worked_on() {
    let [asked, counted, off] = ["requests", "counted", "off"]
        .map(|how| run(&[&format!("other_traffic.asked_back.after_updates={how}")]));
    let got = sums(&asked, 0, Direction::In, Kind::UpdateFetch);
    assert_eq!((got.messages, got.response_bytes), (6 * FOLLOWERS, 2 * 2_326 * FOLLOWERS));
    let one = sums(&asked, 1, Direction::Out, Kind::UpdateFetch);
    assert_eq!((one.messages, one.response_bytes), (6, 2 * 2_326));
    let made =
        (1..=FOLLOWERS as u32).map(|id| sums(&asked, id, Direction::Out, Kind::UpdateFetch).head_bytes);
    assert_eq!(made.sum::<u64>(), got.head_bytes);
    assert_eq!(origin_cpu_ms(&asked) - origin_cpu_ms(&off), 6 * FOLLOWERS * 5);
    let links = asked.observed.links.iter().filter(|row| row.kind == Kind::UpdateFetch);
    assert_eq!(links.map(|row| row.sums.messages).sum::<u64>(), 6 * FOLLOWERS);
    let delivered = [&asked, &off].map(|result| metric(result, "messages_delivered"));
    assert_eq!(delivered[0] - delivered[1], 6 * FOLLOWERS);
    // what is counted loads nothing, and nobody
    assert_eq!(sums(&counted, 0, Direction::In, Kind::UpdateFetch).response_bytes, got.response_bytes);
    assert_eq!(origin_cpu_ms(&counted), origin_cpu_ms(&off));
    assert_eq!(metric(&counted, "messages_delivered"), delivered[1]);
    assert_eq!(sums(&off, 0, Direction::In, Kind::UpdateFetch), Sums::ZERO);
}

/// One request per 10 s of each sender: the chapters of each update are taken, likes and dislikes refused, with heads alone.
#[test]
fn a_rate_limit_counts_gets() {
    let result = run(&["instances.origin.receives={rate_limit: {requests: 1, per: 10 s}}"]);
    assert_eq!(metric(&result, "messages_refused_rate"), 4 * FOLLOWERS);
    let got = sums(&result, 0, Direction::In, Kind::UpdateFetch);
    assert_eq!(got.messages, 2 * FOLLOWERS);
    assert!(got.response_bytes < FOLLOWERS * (2 * 776 + 4 * 400), "{got:?}");
}

#[test]
fn a_cache_spares_cores_and_the_rate_limit_but_not_the_uplink() {
    let cached = |cache: &str| run(&[&format!("other_traffic.asked_back.cache={cache}")]);
    let [none, all] = ["{share: 0 %}", "{share: 100 %}"].map(cached);
    assert_eq!(origin_cpu_ms(&none) - origin_cpu_ms(&all), 6 * FOLLOWERS * 5);
    // the GETs of the first update come at one instant, before anything is kept; those of the second are kept for an hour
    let kept = cached("{for: 1 h}");
    assert_eq!(origin_cpu_ms(&kept) - origin_cpu_ms(&all), 3 * FOLLOWERS * 5);
    for result in [&none, &all, &kept] {
        assert_eq!(sums(result, 0, Direction::In, Kind::UpdateFetch).response_bytes, 2 * 2_326 * FOLLOWERS);
    }
    let limit = "instances.origin.receives={rate_limit: {requests: 1, per: 10 s}}";
    let limited = run(&[limit, "other_traffic.asked_back.cache={share: 100 %}"]);
    assert_eq!(metric(&limited, "messages_refused_rate"), 0);
}

#[test]
fn without_queues_gets_come_at_once() {
    let result = run(&["compare=[{name: mine, protocol: v2, delivery: unlimited}]"]);
    assert_eq!(sums(&result, 0, Direction::In, Kind::UpdateFetch).messages, 6 * FOLLOWERS);
}
