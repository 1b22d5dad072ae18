//! Every key and case of the format, against the file that has them all and the committed schema.

use super::right::{FULL, VARIED};
use super::*;
use crate::scenario::problem::Problems;
use crate::scenario::shape::{Arm, Case, Default, Shape};
use crate::scenario::tree::{Node, Yaml};
use std::collections::BTreeSet;

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/scenario.schema.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == schema(), "write the output of `fedisim schema` to scenarios/scenario.schema.json");
}

#[test]
fn every_key_and_case_of_the_format_is_used_here() {
    let format = format::scenario();
    let mut used = BTreeSet::new();
    let more = [
        "follows: {random: {mean: 1}}",
        "end: 5 min\nfollows: {edges: edges.csv}",
        "follows: everybody\nnetwork: {latency: {uniform: {min: 1 s, max: 2 s}}}",
        "network: {latency: {lognormal: {median: 1 s, sigma: 1}}}",
        "network: {latency: {regions: {round_trip: a.csv, one_way: a.csv}}, links: [{latency: {regions: {round_trip: a.csv, one_way: a.csv}}}]}",
        "network: {latency: {regions: {round_trip: {file: a, sha256: b}, one_way: {file: a, sha256: b}}}}",
        "network: {links: [{latency: {regions: {round_trip: {file: a, sha256: b}, one_way: {file: a, sha256: b}}}}]}",
        "viewers: [{video: a, arrivals: {constant: {rate: 1 /s}}, watch: {lognormal: {median: 1 s, sigma: 1}}}]",
        "viewers: [{video: a, arrivals: {constant: {rate: 1 /s}}, watch: {lognormal: {mean: 1 s, sigma: 1}}}]",
        "viewers: [{video: a, arrivals: {constant: {rate: 1 /s}}, watch: {weibull: {scale: 1 s, shape: 1}}}]",
        "viewers: [{video: a, arrivals: {constant: {rate: 1 /s}}, watch: {quantiles: {0 %: 0 s, 100 %: 1 s}}}]",
        "catalogues: {t: {of: a, videos: 1, popularity: {zipf: 1}, length: 1 s, first_heartbeat_after: 1 s, view_after: 1 s,
            behind_one_address: 1 %, arrivals: {constant: {rate: 1 /s}}, from: 1 s, watch: {fixed: 1 s}, spread: {list: [a]}, returns: none}}",
        "catalogues: {t: {videos: {column: videos}, popularity: {owners: {column: views}}, spread: {column: {name: users, origin_share: 1 %}}}}",
        "catalogues: {t: {videos: {total: 1, zipf: 1}, length: live, arrivals: {daily: {mean: 1 /s, peak_at: 1 h, amplitude: 1 %}}}}",
        "catalogues: {t: {arrivals: {stages: [{duration: 1 s, rate: 1 /s}]}, watch: retention, spread: {weights: {a: 1}}}}",
        "catalogues: {t: {arrivals: {viral: {peak: 1, growth: 1 s, decay_exponent: 1, decay_scale: 1 s}}, watch: {exponential: 1 s}}}",
        "catalogues: {t: {watch: {lognormal: {median: 1 s, sigma: 1}}, spread: {zipf: {exponent: 1, origin_share: 1 %}}}}",
        "catalogues: {t: {watch: {lognormal: {mean: 1 s, sigma: 1}}, returns: {probability: 1 %, after: 1 s}}}",
        "catalogues: {t: {watch: {weibull: {scale: 1 s, shape: 1}}}}",
        "catalogues: {t: {watch: {quantiles: {0 %: 0 s, 100 %: 1 s}}}}",
        "viewers: [{video: a, arrivals: {daily: {mean: 1 /s, peak_at: 1 h, amplitude: 1 %}}}]",
        "measure: {detail: [a]}",
        "other_traffic: {updates: off}",
        "other_traffic: {asked_back: {after_updates: requests, first_contact: requests, cpu: 1 ms, cache: off}}",
        "other_traffic: {asked_back: {cache: {share: 1 %}}}",
        "other_traffic: {asked_back: {cache: {for: 1 s}}}",
        "other_traffic: {background: [
            {video: a, rate: 1 /s, from: 1 s, for: 1 s, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, arrivals: {constant: {rate: 1 /s}}, from: 1 s, for: 1 s, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, arrivals: {stages: [{duration: 1 s, rate: 1 /s}]}, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, burst: {jobs: 1, at: 1 s}, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, deletion: {objects: 1, at: 1 s}, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, likes: {jobs: 1, at: 1 s, over: 1 s}, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}},
            {video: a, upload: {at: 1 s}, to: [b], body: 2 kB, preview: {answer: 1 kB, share: 1 %, within: 1 s}}]}",
        "instances: {a: {list: b}, c: {list: {file: d, sha256: e}}}",
        "compare: [{name: a, protocol: v1, groups: {b: {column: c}}, instances: {v2: [b]}}]",
        "viewers: [{video: a, arrivals: {constant: {rate: 1 /s}}, watch: retention, spread: {column: {name: b, origin_share: 1 %}}}]",
        "viewers: [{video: a, arrivals: {concurrent: b}}]",
        "catalogues: {t: {arrivals: {concurrent: b}}}",
        "viewers: [{video: a, arrivals: {concurrent: {file: b, sha256: c, from: 1, at_least: yes}}}]",
        "catalogues: {t: {arrivals: {concurrent: {file: b, sha256: c, from: 1, at_least: yes}}}}",
        "viewers: [{video: a, trace: {file: a, sha256: b, from: 1}}]",
        "deliveries: {d: {signature_window: off}}",
        "instances: {other: {inboxes: {per_account: 2}}}",
        "instances: {other: {receives: {rate_limit: {requests: 1, per: 1 s, retry_after: sent}}}}",
        "expect: [{bounds: each}, {bounds: mean}]",
        "gate: {set: {seed: 2}}",
        "gate: {skip: too large}",
        "parity: {set: {seed: 2}}",
        "peers: [{actor: a, inbox: b, follows: c}]",
    ];
    for text in [FULL, BASE, VARIED].iter().chain(&more) {
        use_keys(&format, &tree::parse(text.as_bytes(), 0).expect("a tree"), "", &mut used);
    }
    let mut all = BTreeSet::new();
    list_keys(&format, "", &mut all);
    let unused: Vec<&String> = all.difference(&used).collect();
    assert!(unused.is_empty(), "{unused:#?}");
    assert!(all.len() > 120, "{}", all.len());
}

/// Notes the keys and cases that a node uses, without the users' names.
fn use_keys(shape: &Shape, node: &Node, path: &str, used: &mut BTreeSet<String>) {
    match (shape, &node.value) {
        (Shape::List { of, .. }, Yaml::List(items)) => {
            items.iter().for_each(|item| use_keys(of, item, path, used))
        }
        (Shape::Names { of, .. }, Yaml::Map(entries)) => {
            entries.iter().for_each(|(_, entry)| use_keys(of, entry, path, used));
        }
        (Shape::Record(fields), Yaml::Map(_)) => {
            for field in fields {
                let Some(value) = node.get(field.key) else { continue };
                let path = format!("{path}.{}", field.key);
                used.insert(path.clone());
                use_keys(&field.shape, value, &path, used);
            }
        }
        (Shape::OneOf(cases), _) => {
            let Ok((case, inner)) = pick::pick(cases, node) else { panic!("{path} is one of its cases") };
            let path = format!("{path}|{}", case.name);
            used.insert(path.clone());
            if let Some(shape) = shape_of(case) {
                use_keys(shape, inner, &path, used);
            }
        }
        _ => {}
    }
}

/// What the value of a case may be, unless it is a word.
fn shape_of(case: &Case) -> Option<&Shape> {
    match &case.arm {
        Arm::Word => None,
        Arm::Keyed(shape) | Arm::Marked(shape) | Arm::Plain(shape) => Some(shape),
    }
}

/// Notes all keys and cases of a shape, and looks at the defaults on the way.
fn list_keys(shape: &Shape, path: &str, all: &mut BTreeSet<String>) {
    match shape {
        Shape::List { of, .. } | Shape::Names { of, .. } => list_keys(of, path, all),
        Shape::Record(fields) => {
            for field in fields {
                let path = format!("{path}.{}", field.key);
                if let Default::Given(node) = &field.default {
                    let mut problems = Problems::new("format");
                    assert!(check::check(&field.shape, node, &path, &mut problems).is_sound(), "{path}");
                }
                list_keys(&field.shape, &path, all);
                all.insert(path);
            }
        }
        Shape::OneOf(cases) => {
            for case in cases {
                let path = format!("{path}|{}", case.name);
                shape_of(case).into_iter().for_each(|shape| list_keys(shape, &path, all));
                all.insert(path);
            }
        }
        _ => {}
    }
}
