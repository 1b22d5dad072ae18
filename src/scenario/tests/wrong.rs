//! Wrong files and the words in which they are refused.

use super::wrong_files::WRONG;
use super::wrong_rules::WRONG_RULES;
use super::wrong_traffic::WRONG_TRAFFIC;
use super::*;

fn told(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n").replace("base.yaml:", "")
}

#[test]
fn wrong_files_are_refused_with_place_and_remedy() {
    for (old, new, expected) in [WRONG, WRONG_RULES, WRONG_TRAFFIC].concat() {
        let problems = read_with(&changed(old, new), &[]).expect_err(new);
        assert_eq!(told(&problems), expected, "{new:?}");
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = BASE
        .replace("end: 10 min", "end: never")
        .replace("count: 3", "count: 0")
        .replace("video: clip", "video: clap")
        .replace("origin_share: 20 %", "origin_share: 2")
        .replace("why: because", "because: why");
    let problems = read_with(&text, &["seed=-1", "netwrk.loss=1 %"]).expect_err("it is wrong everywhere");
    let expected = [
        "3:6: end: `never` is not one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | {when: ..., at_most: ...}",
        "9:22: instances.followers.count: `0` is not a whole number from 1 to 20000",
        "15:12: viewers.0.video: `clap` is no video; did you mean `clip`?",
        "18:35: viewers.0.spread.zipf.origin_share: `2` is not a share from 0 % to 100 %, such as `2 %` or 0.02",
        "22:5: expect.0.why: is missing: source or derivation of the bound; it needs text of 1 to 10000 characters without control characters",
        "22:51: expect.0.because: is not a key here; there are metric, protocol, relative_to, min, max, bounds, severity, why",
        "--set seed=-1: seed: `-1` is not a whole number from 0 to 18446744073709551615",
        "--set netwrk.loss=1 %: netwrk: is not a key here; did you mean `network`?",
    ];
    assert_eq!(told(&problems), expected.join("\n"));
}

#[test]
fn one_mistake_is_one_message() {
    // what refers to a broken group, video, protocol or column is not called unknown
    for (old, new) in [
        ("followers: {count: 3", "followers: {count: many"),
        ("clip: {origin: origin, length: 10 min", "clip: {origin: origin, length: short"),
        ("base: v2, forward: never", "base: v7, forward: never"),
        ("compare: [v1, v2]", "compare: [v1, v7]\nbaseline: v2"),
    ] {
        let text = changed(old, new)
            .replace("compare: [v1, ", "compare: [mine, v1, ")
            .replace("spread: {zipf: {origin_share: 20 %}}", "spread: {list: [followers-3, origin]}");
        let problems = read_with(&text, &[]).expect_err(new);
        assert_eq!(problems.len(), 1, "{}", told(&problems));
    }
}

#[test]
fn regions_must_be_known_where_latencies_go_by_them() {
    let text =
        changed("silent: {software: other, region: fr}", "silent: {software: other}\n  far: {region: jp}");
    let problems = read_with(&text, &["network.latency.regions.sigma=0"]).expect_err("regions are missing");
    let expected = [
        "10:11: instances.silent: has no `region`, by which `network.latency.regions` goes; give it one, such as `region: de`",
        "--set network.latency.regions.sigma=0: network.latency.regions.round_trip: has no figure between fr and jp; add one, such as `fr-jp: 100 ms`, or name a CSV file with the columns from,to,ms",
    ];
    assert_eq!(told(&problems), expected.join("\n"));
}

#[test]
fn peers_are_reached_by_address_and_each_is_one() {
    let form = "is not a URL with an IP address and a port, such as `http://127.0.0.1:9000/inbox`";
    for url in [
        "http://localhost:9000/inbox",
        "http://me.example:9000/inbox",
        "https://127.0.0.1:9000/inbox",
        "http://127.0.0.1/inbox",
        "http://127.0.0.1:0/inbox",
        "http://127.0.0.1:09000/inbox",
        "http://127.0.0.1:65536/inbox",
        "http://127.0.0.1:9000",
        "http://me@127.0.0.1:9000/inbox",
        "http://127.0.0.1:9000/in#box",
        "http://127.0.0.1:9000/in box",
        "http://::1:9000/inbox",
    ] {
        let text = format!("{BASE}peers: [{{actor: 'http://127.0.0.1:9000/me', inbox: '{url}'}}]\n");
        let problems = read_with(&text, &[]).expect_err(url);
        assert_eq!(told(&problems), format!("23:52: peers.0.inbox: `{url}` {form}"), "{url}");
    }
    let text = changed("origin: {region: de}", "origin: {region: de, host: '127.0.0.1:9001'}")
        .replace("end:", "names: {scheme: http}\nend:")
        + "peers:\n  - {actor: 'http://127.0.0.1:9000/me', inbox: 'http://127.0.0.1:9000/i', follows: silent}\n  \
           - {actor: 'http://127.0.0.1:9000/me', inbox: 'http://127.0.0.1:9000/i', follows: followers}\n  \
           - {actor: 'http://127.0.0.1:9001/me', inbox: 'http://127.0.0.1:9000/i', follows: nobody}\n";
    let problems = read_with(&text, &[]).expect_err("nothing of it is right");
    let expected = [
        "25:84: peers.0.follows: `silent` is not PeerTube (`software`), so it has no videos and nobody watches there",
        "26:13: peers.1.actor: is the actor of a peer above, too; each has its own",
        "26:84: peers.1.follows: `followers` is a group; name one instance of it, such as `followers-1`",
        "27:13: peers.2.actor: is on the host of the instance `origin`; a peer is another server",
        "27:84: peers.2.follows: `nobody` is no instance; there are followers-1, followers-2, followers-3, origin, silent",
    ];
    assert_eq!(told(&problems), expected.join("\n"));
}

#[test]
fn arguments_are_named_in_their_problems() {
    for (set, expected) in [
        ("seed=x", "--set seed=x: seed: `x` is not a whole number from 0 to 18446744073709551615"),
        ("seed", "--set seed: has no `=`; it is written `path=value`, such as `seed=7`"),
        (
            "seed=[1",
            "--set seed=[1: has a value that is not YAML here: while parsing a flow sequence, expected ',' or ']'; indent with spaces, and quote text that holds `: `, ` #` or starts with a sign",
        ),
        (
            "videos.clip.origin=nowhere",
            "--set videos.clip.origin=nowhere: videos.clip.origin: `nowhere` is no instance; there are followers-1, followers-2, followers-3, origin, silent",
        ),
        (
            "videos.clap.origin=origin",
            "--set videos.clap.origin=origin: videos.clap.length: is missing: its length, or `live`; it needs one of: a time with its unit (ns, us, ms, s, min, h, d) from 1 ms to 10000 h | live",
        ),
        (
            "network.latency.constnt=5 ms",
            "--set network.latency.constnt=5 ms: network.latency.constnt: is not a key here; did you mean `constant`?",
        ),
        (
            "expect.0.max=2\u{1b}[31m",
            "--set expect.0.max=2\\u{1b}[31m: expect.0.max: `2\\u{1b}[31m` is not a number from -1e18 to 1e18",
        ),
        (
            "compare.7=v1",
            "--set compare.7=v1: looks for `7` in a list of 2; its items are named by their `name` or by their number from 0",
        ),
    ] {
        let problems = read_with(BASE, &[set]).expect_err(set);
        assert_eq!(told(&problems), expected, "{set}");
    }
}
