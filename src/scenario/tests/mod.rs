//! Whole files: what is read, what is refused and in which words.

mod columns;
mod data_files;
mod graphs;
mod hostile;
mod keys;
mod latency_tables;
mod lists;
mod right;
mod series;
mod trouble;
mod wrong;
mod wrong_files;
mod wrong_rules;
mod wrong_traffic;

use super::*;
use std::io;

/// Metrics that `expect` may name here.
const METRICS: [&str; 3] = ["messages_sent", "bytes_sent", "display_error_relative"];

/// A small scenario; tests change lines of it.
const BASE: &str = "\
name: base
description: something to change
end: 10 min
compare: [v1, v2]
protocols:
  mine: {base: v2, forward: never}
instances:
  origin: {region: de}
  followers: {count: 3, region: fr}
  silent: {software: other, region: fr}
videos:
  clip: {origin: origin, length: 10 min}
  show: {origin: origin, length: live}
viewers:
  - video: clip
    arrivals: {constant: {rate: 1 /s}}
    watch: retention
    spread: {zipf: {origin_share: 20 %}}
network:
  latency: {constant: 50 ms}
expect:
  - {metric: messages_sent, protocol: v2, max: 2, why: because}
";

/// The data files that exist here.
fn data(path: &str) -> io::Result<Vec<u8>> {
    match path {
        "edges.csv" => Ok(b"follower,followed\nfollowers-1,origin\nfollowers-3,origin\n".to_vec()),
        "crowd.csv" => {
            Ok(b"start_s,watch_s,instance,viewer,heartbeat_s\n0.5,60,origin,anna,\n2,1.25,followers-2,,5\n"
                .to_vec())
        }
        "wrong-edges.csv" => {
            Ok(b"follower,followed\nfollowers-9,origin\n\nfollowers-1\nfollowers-1,followers\n".to_vec())
        }
        "wrong-crowd.csv" => {
            Ok(b"instance,viewer,start_s,watch_s\norigin,a b,0,1\nsilent,,-1,0\norigin,,1e400,1 s\n".to_vec())
        }
        "silent-edges.csv" => Ok(b"follower,followed\nsilent-2,origin\n".to_vec()),
        "no-rows.csv" => Ok(b"instance,viewer,start_s,watch_s\n".to_vec()),
        "odd-edges.csv" => {
            Ok(b"follower,followed\nfollowers-1,origin\nfollowers-1,origin\norigin,origin\n".to_vec())
        }
        "edges-of-hosts.csv" => Ok(b"Source,Target\ntwo.example,https://one.example/accounts/me\n".to_vec()),
        "not-text.csv" => Ok(b"follower,followed\n\xff,origin\n".to_vec()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "there is no such file")),
    }
}

fn read_with(text: &str, sets: &[&str]) -> Result<Scenario, Vec<Problem>> {
    let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
    let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
    parse(&input, &Changes { sets, protocols: Vec::new(), ..Changes::default() }, &METRICS)
}

/// The scenario of a text that must be valid.
fn valid(text: &str) -> Scenario {
    valid_with(text, &[])
}

fn valid_with(text: &str, sets: &[&str]) -> Scenario {
    read_with(text, sets).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

/// `BASE` with `old`, which it holds once, replaced by `new`.
fn changed(old: &str, new: &str) -> String {
    assert_eq!(BASE.matches(old).count(), 1, "{old:?} stands once in the base");
    BASE.replacen(old, new, 1)
}
