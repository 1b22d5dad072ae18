//! A protocol made in Rust: start from a release's row of rules, change some, and compare it with releases on the same
//! crowd.
//!
//! Run it with `cargo run --release --example custom_protocol`. A scenario file can define such a protocol too (under
//! `protocols:`); Rust is the place for what a file cannot say, such as trying every combination of two rules, as here.

use fedisim::domain::protocol::{FollowerTotal, Forward, Rules, Threshold};
use fedisim::runs::cell::{CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Failure, Input, Scenario, Variant, parse};
use std::sync::atomic::AtomicBool;

/// Who watches what where; which protocols are compared is added below.
const SCENARIO: &str = "
name: custom
description: twenty followers, a video that a few hundred people watch
end: 30 min
compare: [v1, peertube-8.2.4]
instances: {origin: {region: de}, followers: {count: 20, region: fr}}
videos: {clip: {origin: origin, length: 10 min}}
viewers:
  - video: clip
    arrivals: {viral: {peak: 300, growth: 5 min, decay_scale: 5 min}}
    watch: retention
    spread: {zipf: {origin_share: 40 %}}
network: {latency: {regions: {sigma: 0.3}}}
";

fn main() {
    let mut scenario = scenario();
    let base = Rules::preset("peertube-8.2.4").expect("a preset of that name");
    // Rule one: does the origin forward each viewer that a follower reports? Rule two: do followers report viewers
    // singly or one total per tick? Both are rows of the table that `fedisim protocols` prints.
    for forward in [Forward::Always, Forward::OnlyNew, Forward::Never] {
        for follower_total in [FollowerTotal::No, FollowerTotal::Yes] {
            let rules = Rules { forward, follower_total, ..base };
            add(&mut scenario, &format!("{}/{}", forward.name(), follower_total.name()), rules);
        }
    }
    // Parameters are changed in the same way: here a total is sent only when it changed by a twentieth.
    let mut threshold = Rules { forward: Forward::Never, ..base };
    threshold.parameters.threshold = Some(Threshold { share_ppm: 50_000, max_ticks: 4 });
    add(&mut scenario, "never/no/5 %", threshold);

    println!("{:<18} {:>15} {:>15} {:>10}", "forward/follower", "viewer messages", "viewer bytes", "error");
    for cell in plan(&scenario) {
        let result = run_cell(&scenario, &cell, Engine::Fast { helpers: 0 }, &AtomicBool::new(false))
            .expect("it is far below its event limit");
        println!(
            "{:<18} {:>15} {:>15} {:>10.3}",
            result.protocol,
            metric(&result, "viewer_messages_sent"),
            metric(&result, "viewer_bytes_sent"),
            metric(&result, "seen_error_relative"),
        );
    }
}

fn scenario() -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("this scenario needs no data file"));
    let input = Input { file: "custom", bytes: SCENARIO.as_bytes(), stem: None, data: &no_data };
    parse(&input, &Changes::default(), &[])
        .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

/// Adds a column in which every instance follows the same rules and delivers as in the first column. Rules are given
/// per instance: a mixed federation is a list with different ones.
fn add(scenario: &mut Scenario, name: &str, rules: Rules) {
    scenario.compare.push(Variant {
        name: name.to_owned(),
        protocols: vec![name.to_owned(); scenario.groups.len()],
        rules: vec![rules; scenario.instances.len()],
        ..scenario.compare[0].clone()
    });
}

fn metric(result: &CellResult, name: &str) -> f64 {
    let metric = result.metrics.iter().find(|metric| metric.name == name).expect("it has a value here");
    metric.value.parse().expect("metrics are numbers")
}
