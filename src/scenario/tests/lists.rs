//! Instances from files: what is read, and what is refused in which words.

use super::*;
use crate::domain::crowd::{Drawn, Source};
use crate::domain::protocol::Rules;
use crate::domain::spread::Spread;
use crate::foundation::units::Span;
use crate::scenario::tests::data_files::{told, warnings};

/// A scenario with a group `tubes` from a list.
const WITH_LIST: &str = "\
name: base
description: instances from a file
end: 10 min
compare:
  - v1
  - {name: as-listed, protocol: v1, groups: {tubes: {column: protocol}}}
protocols: {mine: {base: v2, lifetime: 1 min}}
instances:
  origin: {region: de}
  tubes: {list: tubes.csv, region: fr}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    arrivals: {constant: {rate: 1 /s}}
    watch: {fixed: 1 min}
    spread: {column: {name: users, origin_share: 10 %}}
network: {latency: {regions: {sigma: 0, round_trip: {fr-us: 90 ms}}}}
";

const LIST: &str =
    "host,region,protocol,users\none.example,,v2,10\nTwo.Example,de,,0\nxn--3-lia.org,us,mine,2.5\n";

fn read_list(text: &str, list: &str) -> Result<Scenario, String> {
    let data = |path: &str| match path {
        "tubes.csv" => Ok(list.as_bytes().to_vec()),
        _ => super::data(path),
    };
    let parse = |text: &str| {
        let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
        parse(&input, &Changes::default(), &METRICS)
    };
    let scenario = parse(text).map_err(|problems| told(&problems))?;
    let again = parse(&scenario.resolved).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert_eq!(again, scenario, "what was resolved is read as the same");
    Ok(scenario)
}

/// The list as it should be, with a change.
fn list(old: &str, new: &str) -> String {
    assert!(LIST.contains(old), "{old}");
    LIST.replace(old, new)
}

#[test]
fn rows_become_instances() {
    let scenario = read_list(WITH_LIST, LIST).expect("it is right");
    let of = |instance: &InstanceSpec| (instance.name.clone(), instance.url.clone());
    let instances: Vec<_> = scenario.instances.iter().map(of).collect();
    let host = |host: &str| (host.to_owned(), format!("https://{host}"));
    let origin = ("origin".to_owned(), "https://origin.example".to_owned());
    assert_eq!(instances, [origin, host("one.example"), host("two.example"), host("xn--3-lia.org")]);
    let regions: Vec<&str> =
        scenario.instances.iter().map(|instance| &scenario.regions[instance.region][..]).collect();
    assert_eq!(regions, ["de", "fr", "de", "us"]);
    assert_eq!(
        scenario.groups[1],
        Group { name: "tubes".to_owned(), instances: 1..4, has_fixed_protocol: false }
    );
    assert_eq!(scenario.compare[0].protocols, ["v1"; 4]);
    assert_eq!(scenario.compare[1].protocols, ["v1", "v2", "v1", "mine"]);
    let rules = &scenario.compare[1].rules;
    assert_eq!([rules[1], rules[2]], ["v2", "v1"].map(|name| Rules::preset(name).expect("a preset")));
    assert_eq!(rules[3].parameters.lifetime, Span::from_secs(60));
    let Source::Drawn(Drawn { spread: Spread::Sizes { origin_share, sizes }, .. }) =
        &scenario.crowds[0].source
    else {
        panic!("sizes")
    };
    let sizes: Vec<_> = sizes.iter().map(|(id, size)| (id.0, *size)).collect();
    assert_eq!((*origin_share, sizes), (0.1, vec![(1, 10.0), (2, 0.0), (3, 2.5)]));
    let group = "  tubes:\n    list:\n      file: tubes.csv\n      sha256: ";
    assert!(scenario.resolved.contains(group) && !scenario.resolved.contains("count: 1\n    list"));
    assert_eq!(warnings(&scenario), "");
}

#[test]
fn lists_are_read_as_people_have_them() {
    let right = LIST;
    for table in [
        right.replace(',', ";").replace('\n', "\r\n"),
        format!("\u{feff}{}", right.replace("host", "Label").replace(',', "\t")),
        right.replace("host,region", "Host,Region").replace("users", "Users"),
        right.replace("one.example", "  ONE.example "),
    ] {
        let scenario = read_list(WITH_LIST, &table).expect("it is right");
        assert_eq!(scenario.instances[1].name, "one.example", "{table}");
        assert_eq!((scenario.instances.len(), warnings(&scenario)), (4, String::new()));
    }
    // names with dots are names wherever instances are named
    let text = WITH_LIST
        .replace("clip: {origin: origin", "clip: {origin: one.example")
        .replace("column: {name: users, origin_share: 10 %}", "weights: {two.example: 1, tubes: 2}")
        + "follows: {edges: edges-of-hosts.csv}\nfaults: [{down: [xn--3-lia.org], at: 1 min}]\n";
    let scenario = read_list(&text, right).expect("it is right");
    assert_eq!(scenario.videos[0].origin.0, 1);
    // several inboxes at each host, one row for all of them
    let text = WITH_LIST
        .replace("region: fr}", "region: fr, software: other, inboxes: {per_account: 2}}")
        .replace("column: {name: users, origin_share: 10 %}", "list: [origin]");
    let scenario = read_list(&text, right).expect("it is right");
    let names: Vec<&str> = scenario.instances.iter().map(|instance| &instance.name[..]).collect();
    assert_eq!(names[1..5], ["one.example", "one.example/2", "two.example", "two.example/2"]);
    assert_eq!(scenario.compare[1].protocols, ["v1", "v2", "v2", "v1", "v1", "mine", "mine"]);
}

#[test]
fn damaged_lists_are_refused_with_their_line() {
    let rule = "is not a host: labels of a-z, 0-9 and `-`, up to 63 each and 253 in all, with dots between";
    let long = format!("{}.org", "a".repeat(64));
    let cases = [
        (list("Two.Example", ""), "tubes.csv:3:1: host: is empty; each row needs a host".to_owned()),
        (list("Two.Example", "ONE.example"), "tubes.csv:3:1: host: has the host `one.example` a second time; it is in line 2, too".to_owned()),
        (list("Two.Example", "a..b"), format!("tubes.csv:3:1: host: `a..b` {rule}")),
        (list("Two.Example", "../../etc"), format!("tubes.csv:3:1: host: `../../etc` {rule}")),
        (list("Two.Example", "-a.org"), format!("tubes.csv:3:1: host: `-a.org` {rule}")),
        (list("Two.Example", "a_b.org"), format!("tubes.csv:3:1: host: `a_b.org` {rule}")),
        (list("Two.Example", "two.example."), format!("tubes.csv:3:1: host: `two.example.` {rule}")),
        (list("Two.Example", "https://two.example"), format!("tubes.csv:3:1: host: `https://two.example` {rule}")),
        (list("Two.Example", &long), format!("tubes.csv:3:1: host: `{}…` {rule}", "a".repeat(40))),
        (list("Two.Example", "bücher.example"), "tubes.csv:3:1: host: `bücher.example` is not ASCII; write an international name as on the wire, `xn--...`".to_owned()),
        (list("Two.Example", "tubes"), "tubes.csv:3:1: host: `tubes` is the name of a group, too; call the group otherwise".to_owned()),
        (list("Two.Example", "origin.example"), "tubes.csv:3:1: host: gives `origin.example` the host `origin.example`, which `origin` has; put `{n}` or `{name}` into `host`, or give them other hosts".to_owned()),
        (list(",de,", ",d\u{202e}e,"), "tubes.csv:3:1: region: `d\\u{202e}e` is not a place: 1 to 64 characters that are seen, such as `de`, `eu-central-1` or `New York`".to_owned()),
        (list("v2", "v7"), "tubes.csv:2:1: protocol: `v7` is no protocol; did you mean `v1`?".to_owned()),
        (list("2.5", "many"), "tubes.csv:4:1: users: `many` is not a number from 0 to 1000000000".to_owned()),
        (list(",0\n", ",\n"), "tubes.csv:3:1: users: `` is not a number from 0 to 1000000000".to_owned()),
        (list("2.5", "-1"), "tubes.csv:4:1: users: `-1` is not a number from 0 to 1000000000".to_owned()),
        (list("2.5", "1e400"), "tubes.csv:4:1: users: `1e400` is not a number from 0 to 1000000000".to_owned()),
        (list("2.5", "\"2,5\""), "tubes.csv:4:1: users: `2,5` is not a number from 0 to 1000000000; write a decimal point, and no comma".to_owned()),
        (list("10", "0").replace("2.5", "0"), "16:29: viewers.0.spread.column.name: has no number above 0, so nobody can sit anywhere".to_owned()),
        (list("users", "people"), "16:29: viewers.0.spread.column.name: is no column of any `list` of PeerTube instances: `users`".to_owned()),
        (list("protocol", "speaks"), "6:62: compare.1.groups.tubes.column: `protocol` is no column of the list; there are host, region, speaks, users".to_owned()),
        (list("host", "hosts"), "tubes.csv:1:1: has no column `host`; it needs host[,region]; did you mean `hosts`?".to_owned()),
        ("host,protocol,users\n".to_owned(), "10:17: instances.tubes.list: names a file without an instance".to_owned()),
        (list("us,mine,2.5", "us,mine"), "tubes.csv:4:1: has 3 cells; the header has 4".to_owned()),
    ];
    let said = |(table, expected): &(String, String)| {
        let said = read_list(WITH_LIST, table).map(|_| ());
        (said != Err(expected.clone())).then(|| (said, expected.clone()))
    };
    let wrong: Vec<_> = cases.iter().filter_map(said).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn keys_beside_a_list_must_fit() {
    let right = LIST;
    let cases = [
        (
            "region: fr}",
            "region: fr, count: 3}",
            "10:47: instances.tubes.count: stands beside `list`, whose rows say how many there are, and their hosts",
        ),
        (
            "region: fr}",
            "region: fr, host: '{name}.org'}",
            "10:46: instances.tubes.host: stands beside `list`, whose rows say how many there are, and their hosts",
        ),
        (
            ", region: fr}",
            "}",
            "10:10: instances.tubes: has no `region`, by which `network.latency.regions` goes; give it one, such as `region: de`",
        ),
        (
            "tubes.csv",
            "tubs.csv",
            "10:17: instances.tubes.list: names `tubs.csv`, which cannot be read: there is no such file",
        ),
        (
            "{tubes: {column",
            "{origin: {column",
            "6:63: compare.1.groups.origin.column: is a column of a `list`, and `origin` has none",
        ),
        (
            "clip: {origin: origin",
            "clip: {origin: tubes",
            "11:25: videos.clip.origin: `tubes` is a group; name one instance of it, such as `one.example`",
        ),
        (
            "clip: {origin: origin",
            "clip: {origin: one.exmple",
            "11:25: videos.clip.origin: `one.exmple` is no instance; did you mean `one.example`?",
        ),
        (
            "region: fr}",
            "region: fr, software: other}",
            "16:29: viewers.0.spread.column.name: is no column of any `list` of PeerTube instances: `users`",
        ),
    ];
    let said = |(old, new, expected): &(&str, &str, &str)| {
        let said = read_list(&WITH_LIST.replacen(old, new, 1), right).map(|_| ());
        (said != Err((*expected).to_owned())).then(|| (said, (*expected).to_owned()))
    };
    let wrong: Vec<_> = cases.iter().filter_map(said).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let many: String = (0..20_000).map(|number| format!("h{number}.example\n")).collect();
    let said = read_list(WITH_LIST, &format!("host\n{many}")).map(|_| ());
    let expected = "9:3: instances: are 20001 instances together, with all their inboxes; there may be 20000: lower a `count`";
    assert_eq!(said, Err(expected.to_owned()));
    let regions: String = (0..2_000).map(|number| format!("h{number}.example,r{number}\n")).collect();
    let said = read_list(WITH_LIST, &format!("host,region\n{regions}")).expect_err("too many");
    assert!(said.contains("tubes.csv:2001:1: host: is in one of more than 2000 regions"), "{said}");
}
