//! The network: latencies by law or by place, loss, and exceptions for single links.

use crate::foundation::units::Span;
use crate::mechanism::network::{Latency, LinkRule, NetworkModel, PlacePair, Places};
use crate::scenario::build::latency_table::{self, Figures};
use crate::scenario::build::table::Table;
use crate::scenario::data::Files;
use crate::scenario::format::MEASURED;
use crate::scenario::problem::Problems;
use crate::scenario::quantity;
use crate::scenario::value::Checked;
use std::collections::BTreeMap;

/// The network of a file.
pub(crate) fn network(
    file: &Checked,
    table: &Table,
    files: &Files,
    problems: &mut Problems,
) -> Option<NetworkModel> {
    let section = file.get("network")?;
    let sources = Sources { file, table, files };
    let default = section.get("latency").and_then(|at| latency(at, sources, problems));
    let links: Vec<_> =
        section.get("links")?.items().iter().map(|item| link(item, sources, problems)).collect();
    Some(NetworkModel {
        latency: default?,
        loss_ppm: section.share_ppm("loss")?,
        links: links.into_iter().collect::<Option<_>>()?,
    })
}

/// What latencies are read from: the scenario, its instances, and the files beside it.
#[derive(Clone, Copy)]
struct Sources<'a> {
    file: &'a Checked,
    table: &'a Table,
    files: &'a Files,
}

fn link(item: &Checked, sources: Sources<'_>, problems: &mut Problems) -> Option<LinkRule> {
    let table = sources.table;
    if item.is_sound() && item.get("latency").is_none() && item.get("loss").is_none() {
        problems.at(item.spot(), "changes nothing; give it a `latency` or a `loss`");
    }
    let mut end = |key| match item.get(key) {
        Some(at) => table.members(at.as_text()?, at.spot(), problems),
        None => table.all(item.spot(), problems),
    };
    let (from, to) = (end("from"), end("to"));
    let latency = match item.get("latency") {
        Some(at) => Some(latency(at, sources, problems)?),
        None => None,
    };
    Some(LinkRule { from: from?, to: to?, latency, loss_ppm: item.share_ppm("loss") })
}

fn latency(at: &Checked, sources: Sources<'_>, problems: &mut Problems) -> Option<Latency> {
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
        _ => places(value, sources, problems),
    }
}

fn places(value: &Checked, sources: Sources<'_>, problems: &mut Problems) -> Option<Latency> {
    let Sources { file, table, files } = sources;
    for (name, group) in file.get("instances").map_or(&[][..], Checked::entries) {
        if group.is_sound() && group.get("region").is_none() && table.lacks_region(name) {
            let message =
                format!("has no `region`, by which `{}` goes; give it one, such as `region: de`", value.path);
            problems.at(group.spot(), message);
        }
    }
    let (round_trip, one_way) = (value.get("round_trip")?, value.get("one_way"));
    let (case, pairs) = round_trip.case()?;
    if let Some(one_way) = one_way
        && (case != "pairs" || pairs.entries().iter().any(|(pair, at)| !is_measured(pair, at)))
    {
        problems.at(one_way.spot(), "stands beside `round_trip`; one of them says how long a way takes");
    }
    let (within, sigma) = (value.span("within")?, value.number("sigma")?);
    let from_file = one_way.map(|at| (at, Figures::OneWay));
    let from_file = from_file.or((case != "pairs").then_some((round_trip, Figures::RoundTrip)));
    let pairs = match from_file {
        None => by_pair(round_trip, within, sigma, &table.regions, problems)?,
        Some((at, figures)) => {
            let usual = (within, sigma);
            latency_table::read(files.get(at)?, figures, &table.regions, usual, at.spot(), problems)?
        }
    };
    Some(Latency::Places(Places::new(table.regions.len(), &pairs).into()))
}

/// Whether a round trip is one of those that are there unless the user gives others.
fn is_measured(pair: &str, at: &Checked) -> bool {
    MEASURED.iter().any(|(name, time)| *name == pair && quantity::span(time) == at.as_span())
}

/// The latencies of all pairs of regions, by sender, then receiver: half the round trips of the scenario.
fn by_pair(
    at: &Checked,
    within: Span,
    sigma: f64,
    regions: &[String],
    problems: &mut Problems,
) -> Option<Vec<PlacePair>> {
    let entries = at.case()?.1.entries();
    let known: BTreeMap<&str, &Checked> = entries.iter().map(|(pair, at)| (&pair[..], at)).collect();
    let mut pairs = vec![PlacePair { median: Span::ZERO, sigma }; regions.len() * regions.len()];
    for (a, from) in regions.iter().enumerate() {
        for (b, to) in regions.iter().enumerate().skip(a) {
            let (first, second) = if from <= to { (from, to) } else { (to, from) };
            let (pair, turned) = (format!("{first}-{second}"), format!("{second}-{first}"));
            // the two places of a name with several dashes are not put in order when it is read
            let round_trip = match known.get(&pair[..]).or_else(|| known.get(&turned[..])) {
                Some(time) => time.as_span()?,
                None if a == b => within,
                None if from.is_empty() || to.is_empty() => continue,
                None if problems.full() => return None,
                None => {
                    let message = format!(
                        "has no figure between {first} and {second}; add one, such as `{pair}: 100 ms`, or name a CSV file with the columns from,to,ms"
                    );
                    problems.at(at.spot(), message);
                    continue;
                }
            };
            let half = Span::from_us(round_trip.us() / 2);
            pairs[a * regions.len() + b].median = half;
            pairs[b * regions.len() + a].median = half;
        }
    }
    Some(pairs)
}
