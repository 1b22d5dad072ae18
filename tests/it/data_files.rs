//! Files beside a scenario, from the program's arguments to what people read.

use super::program::Place;

/// Instances, follows and visits from files of others.
const CRAWLED: &str = "\
name: crawled
description: a federation as a crawler has seen it
end: 10 min
compare: [v1, {name: as-seen, protocol: v1, groups: {tubes: {column: software}}}]
instances:
  tubes: {list: tubes.csv}
videos: {clip: {origin: tube.one.example, length: live}}
follows: {edges: follows.gexf}
viewers:
  - {video: clip, trace: visits.csv}
  - video: clip
    arrivals: {constant: {rate: 20 /min}}
    watch: {exponential: 2 min}
    spread: {column: {name: users, origin_share: 30 %}}
  - video: clip
    arrivals: {concurrent: ccv.json}
    watch: {lognormal: {median: 80 s, sigma: 1.43}}
    spread: {list: [tubes]}
network: {latency: {regions: {sigma: 0.2}}}
measure: {every: 30 s}
";

const TUBES: &str = "\u{feff}Label;Region;Software;Users\r\ntube.one.example;de;;5\r\nTube.Two.example;fr;v2;20\r\n\
                     three.example;fr;peertube-8.2.4;0.5\r\n";

const FOLLOWS: &str = "<gexf><graph defaultedgetype='directed'><nodes><node id='0' label='tube.one.example'/>
<node id='1' label='https://tube.two.example'/><node id='2' label='three.example'/></nodes>
<edges><edge source='1' target='0'/><edge source='2' target='0'/></edges></graph></gexf>";

const VISITS: &str = "viewer\tinstance\tstart\twatch_s\turl\nanna\thttps://three.example/\t2020-08-09T13:16:55.090Z\t400\t-\n\
                      \ttube.two.example\t2020-08-09T13:16:51.342Z\t60\t-\n";

const CCV: &str = r#"[{"time": 0, "ccv": 40}, {"time": "120", "ccv": "60"}, {"time": 240, "ccv": null}, {"time": 600, "ccv": 70}]"#;

fn crawled() -> Place {
    let place = Place::new();
    for (name, content) in [
        ("crawled.yaml", CRAWLED),
        ("tubes.csv", TUBES),
        ("follows.gexf", FOLLOWS),
        ("visits.csv", VISITS),
        ("ccv.json", CCV),
    ] {
        place.write(name, content);
    }
    place
}

#[test]
fn a_crawled_federation_runs_and_is_read() {
    let place = crawled();
    let plain =
        place.call(&["run", "crawled.yaml", "--out", "plain", "--engine", "plain", "--timeline", "t.json"]);
    assert_eq!(plain.code, Some(0), "{}", plain.err);
    let warned = "visits.csv:1:1: has columns that nothing is read from: `url`";
    assert!(plain.err.contains(warned), "{}", plain.err);
    place.good(&["run", "crawled.yaml", "--out", "auto", "--engine", "auto"]);
    for file in
        ["summary.csv", "traffic.csv", "counters.csv", "links.csv", "followers.csv", "scenario.resolved.yaml"]
    {
        assert!(place.read(&format!("plain/{file}")) == place.read(&format!("auto/{file}")), "{file}");
    }
    let links = place.read("plain/links.csv");
    for host in ["tube.one.example", "tube.two.example", "three.example"] {
        assert!(links.contains(&format!(",{host},")), "{links}");
    }
    if cfg!(feature = "report") {
        place.good(&["report", "plain", "--data", ".", "--out", "page.html"]);
        assert!(place.read("page.html").contains("tube.two.example"));
        place.good(&["plot", "plain", "--data", ".", "--out", "plots", "--view", "tube.two.example"]);
    }
}

#[test]
fn a_file_that_has_changed_since_is_refused() {
    let place = crawled();
    let resolved = place.good(&["validate", "crawled.yaml", "--resolved"]);
    place.write("scenario.resolved.yaml", resolved);
    place.good(&["validate", "scenario.resolved.yaml"]);
    place.write("tubes.csv", TUBES.replace("20", "21"));
    let answer = place.call(&["validate", "scenario.resolved.yaml"]);
    assert_eq!(answer.code, Some(2), "{}", answer.err);
    assert!(
        answer.err.contains("instances.tubes.list.sha256: is not the hash of `tubes.csv`"),
        "{}",
        answer.err
    );
}
