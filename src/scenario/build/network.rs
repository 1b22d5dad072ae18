//! The network: latencies by law or by region, loss, and exceptions for single links.

use crate::foundation::units::Span;
use crate::mechanism::network::{Latency, LinkRule, NetworkModel};
use crate::scenario::build::federation::Table;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;
use std::collections::BTreeMap;

/// The network of a file.
pub(crate) fn network(file: &Checked, table: &Table, problems: &mut Problems) -> Option<NetworkModel> {
    let section = file.get("network")?;
    let default = section.get("latency").and_then(|at| latency(at, file, table, problems));
    let links: Vec<_> =
        section.get("links")?.items().iter().map(|item| link(item, file, table, problems)).collect();
    Some(NetworkModel {
        latency: default?,
        loss_ppm: section.share_ppm("loss")?,
        links: links.into_iter().collect::<Option<_>>()?,
    })
}

fn link(item: &Checked, file: &Checked, table: &Table, problems: &mut Problems) -> Option<LinkRule> {
    if item.is_sound() && item.get("latency").is_none() && item.get("loss").is_none() {
        problems.at(item.spot(), "changes nothing; give it a `latency` or a `loss`");
    }
    let mut end = |key| match item.get(key) {
        Some(at) => table.members(at.as_text()?, at.spot(), problems),
        None => table.all(item.spot(), problems),
    };
    let (from, to) = (end("from"), end("to"));
    let latency = match item.get("latency") {
        Some(at) => Some(latency(at, file, table, problems)?),
        None => None,
    };
    Some(LinkRule { from: from?, to: to?, latency, loss_ppm: item.share_ppm("loss") })
}

fn latency(at: &Checked, file: &Checked, table: &Table, problems: &mut Problems) -> Option<Latency> {
    let (case, value) = at.case()?;
    match case {
        "constant" => Some(Latency::Constant(value.as_span()?)),
        "uniform" => {
            let (min, max) = (value.span("min")?, value.span("max")?);
            if min > max {
                problems.at(
                    value.spot(),
                    format!("has a `min` of {min} above its `max` of {max}; exchange them"),
                );
            }
            Some(Latency::Uniform { min, max })
        }
        "lognormal" => {
            Some(Latency::Lognormal { median: value.span("median")?, sigma: value.number("sigma")? })
        }
        _ => regions(value, file, table, problems),
    }
}

fn regions(value: &Checked, file: &Checked, table: &Table, problems: &mut Problems) -> Option<Latency> {
    for (_, group) in file.get("instances").map_or(&[][..], Checked::entries) {
        if group.is_sound() && group.get("region").is_none() {
            let message =
                format!("has no `region`, by which `{}` goes; give it one, such as `region: de`", value.path);
            problems.at(group.spot(), message);
        }
    }
    let round_trips = value.get("round_trip")?;
    let known: BTreeMap<&str, &Checked> =
        round_trips.entries().iter().map(|(pair, at)| (&pair[..], at)).collect();
    let within = value.span("within")?;
    let mut one_way = vec![vec![Span::ZERO; table.regions.len()]; table.regions.len()];
    for (a, from) in table.regions.iter().enumerate() {
        for (b, to) in table.regions.iter().enumerate().skip(a) {
            let (first, second) = if from <= to { (from, to) } else { (to, from) };
            let pair = format!("{first}-{second}");
            let round_trip = match known.get(&pair[..]) {
                Some(time) => time.as_span()?,
                None if a == b => within,
                None if from.is_empty() || to.is_empty() => continue,
                None => {
                    let message = format!(
                        "has no figure between {first} and {second}; add one, such as `{pair}: 100 ms`"
                    );
                    problems.at(round_trips.spot(), message);
                    continue;
                }
            };
            let half = Span::from_us(round_trip.us() / 2);
            one_way[a][b] = half;
            one_way[b][a] = half;
        }
    }
    Some(Latency::Regions { one_way, sigma: value.number("sigma")? })
}
