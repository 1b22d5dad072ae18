//! Right files and what they mean.

use super::*;
use crate::domain::arrivals::{Arrivals, Stage};
use crate::domain::crowd::{Clients, Crowd, Drawn, Returns, Scripted, Source};
use crate::domain::federation::{Follows, FollowsAs};
use crate::domain::protocol::{Forward, Hints, Rules, Threshold};
use crate::domain::spread::Spread;
use crate::domain::watch::Watch;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::mechanism::network::{Latency, LinkRule, PlacePair, Places};

pub(super) const FULL: &str = include_str!("full.yaml");
pub(super) const ID: fn(u32) -> InstanceId = InstanceId;

pub(super) fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

pub(super) fn at(secs: u64) -> Time {
    Time::from_ms(secs * 1_000)
}

#[test]
fn the_example_is_valid_under_any_name() {
    let input = |bytes| Input { file: "my.yaml", bytes, stem: Some("my"), data: &data };
    let text = example("my");
    let scenario = parse(&input(text.as_bytes()), &Changes::default(), &METRICS)
        .unwrap_or_else(|p| panic!("{}", Failure::Invalid(p)));
    assert_eq!(scenario.name, "my");
}

#[test]
fn protocols_of_the_command_line_replace_the_columns() {
    let text = BASE.replace("compare: [v1, v2]", "compare: [v1, {name: old, protocol: mine}]\nbaseline: v1");
    let text = text.replace("protocol: v2, max", "protocol: old, max");
    for (chosen, columns, baseline, expectations) in [
        (&["old", "v3"][..], &["old", "v3"][..], "old", 1),
        (&["v3", "mine"][..], &["v3", "mine"][..], "v3", 0),
        (&["v2", "v1"][..], &["v2", "v1"][..], "v1", 0),
    ] {
        let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
        let protocols = chosen.iter().map(|&name| name.to_owned()).collect();
        let changes = Changes { sets: Vec::new(), protocols, ..Changes::default() };
        let scenario = parse(&input, &changes, &METRICS).expect("it is valid");
        let names: Vec<_> = scenario.compare.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!((names.as_slice(), scenario.expect.len()), (columns, expectations));
        assert_eq!(scenario.compare[scenario.baseline].name, baseline);
    }
    let changes = Changes { sets: Vec::new(), protocols: vec!["v7".to_owned()], ..Changes::default() };
    let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
    let problems = parse(&input, &changes, &METRICS).expect_err("there is no such protocol");
    assert!(problems[0].to_string().starts_with("--protocol: compare.0: "), "{}", problems[0]);
}

#[test]
fn the_head_of_a_file_becomes_the_model() {
    let scenario = valid(FULL);
    assert_eq!((scenario.seed, scenario.end), (u64::MAX, End::Idle { at_most: at(86_400) }));
    assert_eq!((scenario.baseline, scenario.variant("mixed")), (2, Some(2)));
    assert_eq!(scenario.measure, Measure { every: secs(20), from: at(60), bucket: secs(10) });
    let limits = Limits { events: 1, sessions: 2, memory_bytes: 3_000_000, output_bytes: 1_500_000_000 };
    assert_eq!(scenario.limits, limits);
    assert_eq!((&scenario.names.scheme[..], &scenario.names.domain[..]), ("http", "test"));
    assert_eq!(scenario.names.video_id_digits, 7);
    assert_eq!((scenario.names.session_id_length, &scenario.names.version[..]), (36, "8.2.4"));
    let [first, second] = &scenario.expect[..] else { panic!("two expectations") };
    assert_eq!(
        (first.variant, first.relative_to, first.min, first.max),
        (1, Some(0), Some(-1.0), Some(1000.0))
    );
    assert_eq!((first.severity, first.line, first.column), (Severity::Warn, 179, 5));
    assert_eq!((second.severity, second.min, second.max), (Severity::Fail, Some(0.125), None));
    assert_eq!((&first.why[..], &second.why[..]), ("derived: \"quoted\"", "two\nlines"));
}

#[test]
fn protocols_are_bases_with_changes() {
    let scenario = valid(FULL);
    let mine = scenario.compare[1].rules[0];
    let text = |key| FULL.lines().find_map(|line| line.strip_prefix(&format!("    {key}: ")));
    for rule in Rules::RULES {
        assert_eq!(
            Some((rule.get)(&mine)),
            text(rule.key).map(|text| text.trim_matches('"')),
            "{}",
            rule.key
        );
    }
    let parameters = mine.parameters;
    assert_eq!((parameters.lifetime, parameters.tick_interval), (secs(60), secs(70)));
    assert_eq!((parameters.refederation_age, parameters.heartbeat), (secs(50), secs(7)));
    assert_eq!(parameters.plain_view_after, secs(11));
    assert_eq!(parameters.hints, Some(Hints { heartbeats_per_s: 20, at_most: secs(60) }));
    assert_eq!(parameters.threshold, Some(Threshold { share_ppm: 125_000, max_ticks: 4 }));
    // a lifetime takes tick and re-federation age along; `other` builds on `mine`
    let other =
        valid_with(FULL, &["compare.0=other", "baseline=mine", "expect=[]", "faults=[]"]).compare[0].rules[0];
    assert_eq!((other.parameters.lifetime, other.parameters.tick_interval), (secs(10), secs(10)));
    assert_eq!(other.parameters.refederation_age, Span::from_ms(7_500));
    assert_eq!((other.parameters.threshold, other.forward), (None, Forward::OnlyNew));
    // by instance: origin, followers, fixed, silent, mammoth, wolf
    let mixed = &scenario.compare[2];
    assert_eq!(mixed.protocols, ["v2", "mine", "mine", "mine", "v3", "v2", "v2", "v2"]);
    let [v2, v3] = ["v2", "v3"].map(|name| Rules::preset(name).expect("a preset"));
    assert_eq!(mixed.rules, [v2, mine, mine, mine, v3, v2, v2, v2]);
}

#[test]
fn the_baseline_is_v1_or_the_first() {
    assert_eq!(valid(BASE).baseline, 0);
    assert_eq!(valid(&changed("[v1, v2]", "[v2, v1]")).baseline, 1);
    assert_eq!(valid(&changed("[v1, v2]", "[mine, v2]")).baseline, 0);
}

#[test]
fn groups_become_instances() {
    let scenario = valid(FULL);
    let names: Vec<&str> = scenario.instances.iter().map(|instance| &instance.name[..]).collect();
    let own = ["origin", "followers-1", "followers-2", "followers-3", "fixed", "silent", "mammoth", "wolf"];
    assert_eq!(names, own);
    let urls: Vec<&str> = scenario.instances.iter().map(|instance| &instance.url[..]).collect();
    assert_eq!(urls[..2], ["http://127.0.0.1:9000", "http://127.0.0.1:9001"]);
    assert_eq!(urls[4], "http://fixed.test");
    assert_eq!(
        scenario.groups[1],
        Group { name: "followers".to_owned(), instances: 1..4, has_fixed_protocol: false }
    );
    let follower = &scenario.instances[3];
    assert_eq!((follower.group, follower.is_peertube, follower.tick_phase), (1, true, Some(secs(3))));
    assert_eq!((scenario.instances[5].is_peertube, scenario.instances[5].tick_phase), (false, None));
    let ways = [follower, &scenario.instances[5]].map(|instance| instance.follows_as);
    assert_eq!(ways, [FollowsAs::Server, FollowsAs::Account]);
    assert_eq!(scenario.regions, ["de", "fr", "us"]);
    let [clip, show] = &scenario.videos[..] else { panic!("two videos") };
    assert_eq!((clip.origin, clip.length), (ID(0), Some(secs(750))));
    assert_eq!((show.origin, show.length), (ID(2), None));
}

#[test]
fn a_column_becomes_a_federation() {
    let scenario = valid(FULL);
    assert_eq!(scenario.follows, Follows::Edges(vec![(ID(1), ID(0)), (ID(3), ID(0))]));
    let federation = scenario.federation(2, Seed { seed: 1, replication: 0 });
    assert_eq!(federation.followers_of(VideoId(0)), [ID(1), ID(3)]);
    assert!(federation.followers_of(VideoId(1)).is_empty());
    assert_eq!(federation.instances[1].rules, scenario.compare[2].rules[1]);
    assert_eq!(valid_with(FULL, &["follows=everybody"]).follows, Follows::Everybody);
    assert_eq!(valid_with(FULL, &["follows.random.mean=2.5"]).follows, Follows::Random { mean: 2.5 });
}

#[test]
fn what_is_probably_not_meant_is_warned_about() {
    let warnings = |old: &str, new: &str| -> Vec<String> {
        valid(&changed(old, new)).warnings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(warnings("end: 10 min", "end: 20 min"), [""; 0]);
    assert_eq!(
        warnings("end: 10 min", "end: 10 min\nfollows: {edges: odd-edges.csv}"),
        [
            "base.yaml:4:18: follows.edges: has 1 follows a second time and 1 of an instance by itself; they count once and not at all"
        ]
    );
    assert_eq!(
        warnings("viewers:\n", "viewers:\n  - {video: clip, trace: no-rows.csv}\n"),
        ["base.yaml:15:26: viewers.0.trace: names a file without a session: nobody watches"]
    );
    let warned = |sets: &[&str]| -> Vec<String> {
        let warnings = valid_with(BASE, sets).warnings;
        warnings.iter().map(|warning| format!("{}: {}", warning.path, warning.message)).collect()
    };
    let quiet = ["compare=[quiet]", "protocols={quiet: {base: v2, plain_views: none}}"];
    assert_eq!(warned(&["viewers.0.view_after=3 s", "viewers.0.first_heartbeat_after=9 min"]), [""; 0]);
    assert_eq!(
        warned(&["viewers.0.first_heartbeat_after=10 min"]),
        ["viewers.0.first_heartbeat_after: is longer than anybody watches: nobody is ever counted"]
    );
    assert_eq!(
        warned(&[quiet[0], quiet[1], "expect=[]", "viewers.0.view_after=3 s"]),
        ["viewers.0.view_after: has no effect: `plain_views` is `none` everywhere"]
    );
    assert_eq!(warned(&["viewers.0.behind_one_address=30 %"]), [""; 0]);
    assert_eq!(
        warned(&[
            "compare=[v2, peertube-6.3-v1]",
            "baseline=v2",
            "expect=[]",
            "viewers.0.behind_one_address=30 %"
        ]),
        [
            "viewers.0.behind_one_address: has no effect: every release here knows viewers by their session (before 6.1 it is by their address)"
        ]
    );
    let ways = ["1", "1.0"].map(|loss| {
        warnings("latency: {constant: 50 ms}", &format!("latency: {{constant: 50 ms}}\n  loss: {loss}"))
    });
    assert_eq!(ways[0], ["base.yaml:21:9: network.loss: `1` is 100 %, all of them; 1 % is `1 %` or 0.01"]);
    assert_eq!(ways[1].len(), 1);
    assert_eq!(warnings("latency: {constant: 50 ms}", "latency: {constant: 50 ms}\n  loss: 100 %"), [""; 0]);
}

#[test]
fn crowds_become_sources() {
    let crowds = valid(FULL).crowds;
    let drawn = |crowd: &Crowd| match &crowd.source {
        Source::Drawn(Drawn { from, arrivals, watch, spread, returns }) => {
            (*from, arrivals.clone(), watch.clone(), spread.clone(), returns.clone())
        }
        Source::Scripted(_) => panic!("it is drawn"),
    };
    let viral = Arrivals::Viral {
        peak_viewers: 100.5,
        growth: secs(300),
        decay_exponent: 1.5,
        decay_scale: secs(360),
    };
    let zipf = Spread::Zipf { exponent: 2.0, origin_share: 0.25 };
    let returns = Some(Returns { probability: 0.1, mean_after: secs(1_200) });
    assert_eq!(drawn(&crowds[0]), (at(10), viral, Watch::Retention { video: secs(750) }, zipf, returns));
    let stage = |secs_long, rate_per_s| Stage { duration: secs(secs_long), rate_per_s };
    let stages = Arrivals::Stages(vec![stage(300, 0.05), stage(3_600, 0.0)]);
    let weights = Spread::Weights(vec![(ID(0), 1.0), (ID(1), 1.0), (ID(2), 1.0), (ID(3), 1.0)]);
    assert_eq!(drawn(&crowds[1]), (at(0), stages, Watch::Exponential { mean: secs(300) }, weights, None));
    let list = Spread::List(vec![ID(0), ID(1), ID(2), ID(3)]);
    let constant = Arrivals::Constant { rate_per_s: 2.0 };
    assert_eq!(drawn(&crowds[2]), (at(0), constant, Watch::Fixed(secs(60)), list, None));
    let session = |viewer: Option<&str>, instance, start_ms, watch_ms, heartbeat_ms: Option<u64>| Scripted {
        viewer: viewer.map(str::to_owned),
        instance: ID(instance),
        start: Time::from_ms(start_ms),
        watch: Span::from_ms(watch_ms),
        heartbeat: heartbeat_ms.map(Span::from_ms),
    };
    let listed = vec![session(Some("Anna"), 0, 1_000, 300_000, Some(5_043))];
    let clients = Clients {
        first_heartbeat_after: secs(2),
        view_after: Some(secs(8)),
        behind_one_address_ppm: 1_000_000,
    };
    assert_eq!(crowds[3], Crowd { video: VideoId(0), source: Source::Scripted(listed), clients });
    assert_eq!(
        crowds[0].clients,
        Clients {
            first_heartbeat_after: secs(3),
            view_after: Some(secs(9)),
            behind_one_address_ppm: 300_000
        }
    );
    assert_eq!([crowds[1].clients, crowds[4].clients], [Clients::default(); 2]);
    assert_eq!(
        crowds[5].clients,
        Clients { first_heartbeat_after: secs(1), view_after: Some(secs(40)), behind_one_address_ppm: 500 }
    );
    let traced =
        vec![session(Some("anna"), 0, 500, 60_000, None), session(None, 2, 2_000, 1_250, Some(5_000))];
    assert_eq!(crowds[4].source, Source::Scripted(traced));
    assert_eq!(crowds[5].source, crowds[4].source);
}

#[test]
fn latencies_go_by_law_or_by_region() {
    let network = valid(FULL).network;
    let ms = Span::from_ms;
    let us = Span::from_us;
    // half the round trips; de-fr is measured, de-us is overwritten
    let one_way = [[ms(10), us(21_500), ms(50)], [us(21_500), ms(10), ms(45)], [ms(50), ms(45), ms(10)]];
    let pairs: Vec<_> = one_way.iter().flatten().map(|&median| PlacePair { median, sigma: 0.5 }).collect();
    assert_eq!(network.latency, Latency::Places(Places::new(3, &pairs).into()));
    assert_eq!(network.loss_ppm, 10_000);
    let all: Vec<InstanceId> = (0..8).map(InstanceId).collect();
    let link = |from: &[InstanceId], to: &[InstanceId], latency, loss_ppm| LinkRule {
        from: from.to_vec(),
        to: to.to_vec(),
        latency: Some(latency),
        loss_ppm,
    };
    let lognormal = Latency::Lognormal { median: ms(50), sigma: 0.5 };
    assert_eq!(network.links[0], link(&[ID(0)], &[ID(1), ID(2), ID(3)], lognormal, None));
    assert_eq!(network.links[1], link(&all, &all, Latency::Uniform { min: ms(1), max: ms(2) }, Some(0)));
    assert_eq!(network.links[2], link(&[ID(5)], &all, Latency::Constant(us(1)), None));
}

#[test]
fn the_resolved_text_is_a_scenario_that_resolves_to_itself() {
    for text in [BASE, FULL, &example("base")] {
        let once = valid(text);
        let twice = valid(&once.resolved);
        assert_eq!(once.resolved, twice.resolved);
        assert_eq!(once.hash, twice.hash);
        assert_eq!(
            (&once.compare, &once.crowds, &once.network, &once.other),
            (&twice.compare, &twice.crowds, &twice.network, &twice.other)
        );
        assert_eq!(
            (once.follows, once.instances, once.limits),
            (twice.follows, twice.instances, twice.limits)
        );
    }
}

#[test]
fn what_means_the_same_resolves_to_the_same() {
    let hash = |text: &str| valid(text).hash;
    let base = hash(BASE);
    for (old, new) in [
        ("end: 10 min", "\"end\": '600 s' # a note\nseed: 1"),
        ("origin_share: 20 %", "origin_share: 0.2, exponent: 1.080"),
        ("rate: 1 /s", "rate: 60 /min"),
        ("{region: de}", "{count: 1, software: peertube, region: de}"),
        ("[v1, v2]", "[v1, v2]\nbaseline: v1\nfollows: everybody"),
    ] {
        assert_eq!(hash(&changed(old, new)), base, "{new}");
    }
    assert_ne!(hash(&changed("end: 10 min", "end: 11 min")), base);
    assert_eq!(valid_with(BASE, &["end=11 min"]).hash, hash(&changed("end: 10 min", "end: 11 min")));
}

#[test]
fn data_files_are_part_of_the_hash() {
    let text = changed("end: 10 min", "end: 10 min\nfollows: {edges: edges.csv}");
    let scenario = valid(&text);
    assert!(scenario.resolved.contains("sha256: \"83457d6f"), "{}", scenario.resolved);
    let other = |_: &str| Ok(b"follower,followed\n".to_vec());
    let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: None, data: &other };
    assert_ne!(parse(&input, &Changes::default(), &METRICS).expect("it is valid").hash, scenario.hash);
}

#[test]
fn json_is_a_scenario_too() {
    let json = r#"{"name": "base", "description": "as JSON", "end": "10 min", "compare": ["v1"],
	"instances": {"origin": {"count": 1}}, "videos": {"clip": {"origin": "origin", "length": "10 min"}},
	"viewers": [], "network": {"latency": {"constant": "50 ms"}, "loss": 0.5}}"#;
    assert_eq!(valid(json).network.loss_ppm, 500_000);
}

#[test]
fn files_are_read_from_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("base.yaml");
    assert!(matches!(read(&path, &Changes::default(), &METRICS), Err(Failure::Unreadable { .. })));
    assert!(matches!(read(folder.path(), &Changes::default(), &METRICS), Err(Failure::Unreadable { .. })));
    let edges = changed("end: 10 min", "end: 10 min\nfollows: {edges: edges.csv}");
    std::fs::write(&path, &edges).expect("a file");
    assert!(
        matches!(read(&path, &Changes::default(), &METRICS), Err(Failure::Invalid(problems)) if problems.len() == 1)
    );
    std::fs::write(folder.path().join("edges.csv"), "follower,followed\nfollowers-1,origin\n")
        .expect("a file");
    let scenario = read(&path, &Changes::default(), &METRICS).expect("it is valid");
    let resolved = folder.path().join(RESOLVED_FILE);
    std::fs::write(&resolved, &scenario.resolved).expect("a file");
    assert_eq!(read(&resolved, &Changes::default(), &METRICS).expect("it is valid").hash, scenario.hash);
    let other = folder.path().join("other.yaml");
    std::fs::write(&other, &edges).expect("a file");
    assert!(matches!(read(&other, &Changes::default(), &METRICS), Err(Failure::Invalid(_))));
}

/// All ways of varying; behind `BASE`.
pub(super) const VARIED: &str = "\
replications: 20
precision: {metric: bytes_sent, half_width: 2 %}
pareto: {cost: bytes_sent, error: display_error_relative, error_at_most: [0.05, 1]}
limits: {cells: 5000}
sweep:
  matrix:
    network.loss: [0 %, 2.5 %]
    network.latency.constant: {range: {from: 0.1 s, to: 0.4 s, step: 0.1 s}}
    instances.followers.count: {log_range: {from: 1, to: 100, count: 3}}
  latin_hypercube:
    points: 2
    values:
      viewers.0.spread.zipf.exponent: {uniform: {from: 0, to: 2.0}}
      measure.every: {log_uniform: {from: 1 s, to: 100 s}}
  include: [{network.loss: 9 %, measure.bucket: 5 min}]
  exclude: [{network.loss: 2.5 %, instances.followers.count: 100}]
";

#[test]
fn a_sweep_is_written_out() {
    let scenario = valid(&format!("{BASE}{VARIED}"));
    assert_eq!(scenario.replications, 20);
    assert_eq!(scenario.precision, Some(Precision { metric: "bytes_sent".to_owned(), half_width: 0.02 }));
    let pareto = scenario.pareto.as_ref().expect("it is there");
    assert_eq!((&pareto.cost[..], &pareto.errors[..]), ("bytes_sent", &[0.05, 1.0][..]));
    let Sweep { parameters, points } = &scenario.sweep;
    assert_eq!(
        parameters[..4],
        [
            "network.loss",
            "network.latency.constant",
            "instances.followers.count",
            "viewers.0.spread.zipf.exponent"
        ]
    );
    // 2 losses x 4 latencies x 3 counts x 2 drawn, less what has both values, and one more
    assert_eq!(points.len(), 2 * 4 * 3 * 2 - 4 * 2 + 1);
    assert_eq!(points[0][..3], ["0 %", "0.1 s", "1"]);
    assert_eq!(points[23][..3], ["0 %", "0.4 s", "100"]);
    assert_eq!(points[40], ["9 %", "", "", "", "", "5 min"]);
    // each half of the range once
    let drawn: Vec<f64> = points[..2].iter().map(|point| point[3].parse().expect("a number")).collect();
    let [low, high] = [f64::min(drawn[0], drawn[1]), f64::max(drawn[0], drawn[1])];
    assert!((0.0..1.0).contains(&low) && (1.0..2.0).contains(&high), "{drawn:?}");
    let every: Vec<f64> = points[..2]
        .iter()
        .map(|point| point[4].strip_suffix(" s").expect("seconds").parse().expect("a number"))
        .collect();
    assert!(f64::min(every[0], every[1]) <= 10.0 && f64::max(every[0], every[1]) >= 10.0, "{every:?}");
    assert_eq!(valid(&scenario.resolved).sweep, scenario.sweep);
    let still = valid(BASE).sweep;
    assert_eq!((still.parameters.len(), still.points), (0, vec![Vec::new()]));
}

#[test]
fn parity_and_peers_change_nothing_where_they_are_not_used() {
    let scenario = valid(BASE);
    assert_eq!((scenario.parity.len(), scenario.peers.len()), (0, 0));
    assert!(!scenario.resolved.contains("parity") && !scenario.resolved.contains("peers"));
    let used = valid(&format!(
        "{BASE}parity: {{set: {{end: 5 min, protocols.mine.heartbeat: 5043 ms}}}}\npeers:\n  \
         - {{actor: 'http://127.0.0.1:9000/users/me', inbox: 'http://[::1]:9000/inbox?a=%20', follows: followers-2}}\n  \
         - {{actor: 'http://10.0.0.1:80/', inbox: 'http://10.0.0.1:80/'}}\n"
    ));
    assert_eq!(used.parity, ["end=5 min", "protocols.mine.heartbeat=5043 ms"]);
    let [me, other] = &used.peers[..] else { panic!("two peers") };
    assert_eq!(
        (&me.actor[..], &me.inbox[..]),
        ("http://127.0.0.1:9000/users/me", "http://[::1]:9000/inbox?a=%20")
    );
    assert_eq!((me.follows, other.follows), (Some(ID(2)), None));
    let again = valid(&used.resolved);
    assert_eq!((again.parity, again.peers, again.resolved), (used.parity, used.peers, used.resolved));
}
