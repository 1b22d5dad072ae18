//! Who is to be expected: sessions and heartbeats of crowds and catalogues, at the origins of what they watch or elsewhere, and how
//! many follow those.

use crate::domain::catalogue::Catalogue;
use crate::domain::crowd::{Crowd, Source};
use crate::domain::federation::Follows;
use crate::domain::spread::Spread;
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::scenario::Scenario;
use std::collections::{BTreeMap, BTreeSet};

/// Arrivals are cut into so many parts to find the busiest, which is a little busier still.
const PARTS: u32 = 20;
const BUSIER: f64 = 1.25;

/// An upper estimate of the number of sessions that start before `end`.
pub(super) fn sessions(scenario: &Scenario, end: Time) -> f64 {
    // an empty sum of floats would be -0
    let crowds = scenario.crowds.iter().fold(0.0, |sum, crowd| sum + crowd.expected_sessions(end));
    scenario.catalogues.iter().fold(crowds, |sum, catalogue| sum + catalogue.visits.expected_sessions(end))
}

/// An upper estimate of the number of instants start, start + interval, ... of all sessions, while before their end and
/// before that of the run. `interval_s` gives the interval in seconds, from that between a session's own heartbeats if it has one.
pub(super) fn heartbeats(scenario: &Scenario, interval_s: &dyn Fn(Option<Span>) -> f64) -> f64 {
    let end = scenario.end.latest();
    let crowds: f64 = scenario.crowds.iter().map(|crowd| crowd.expected_heartbeats(end, interval_s)).sum();
    crowds + heartbeats_of_catalogues(scenario, interval_s(None))
}

/// The same of the viewers of catalogues.
pub(super) fn heartbeats_of_catalogues(scenario: &Scenario, interval_s: f64) -> f64 {
    let end = scenario.end.latest();
    let of = |catalogue: &Catalogue| catalogue.visits.expected_heartbeats(end, interval_s);
    scenario.catalogues.iter().map(of).sum()
}

/// The videos of all catalogues.
pub(super) fn videos_of_catalogues(scenario: &Scenario) -> f64 {
    scenario.catalogues.iter().map(|catalogue| catalogue.count() as f64).sum()
}

/// The single videos of which anything is sent.
pub(super) fn active_videos(scenario: &Scenario) -> BTreeSet<VideoId> {
    let watched = scenario.crowds.iter().map(|crowd| crowd.video);
    watched.chain(scenario.other.background.iter().map(|background| background.video)).collect()
}

/// By instance: how many follow it, in expectation, as the follower lists are drawn only later.
pub(super) fn follower_counts(scenario: &Scenario) -> Vec<f64> {
    let instances = scenario.instances.len();
    match &scenario.follows {
        Follows::Everybody => vec![instances as f64 - 1.0; instances],
        Follows::Random { mean } => vec![*mean; instances],
        Follows::Edges(list) => {
            let mut counts = vec![0.0; instances];
            list.iter().for_each(|(_, followed)| counts[followed.index()] += 1.0);
            counts
        }
    }
}

/// How many follow the origin of what a session watches, on average; all others if nobody watches.
pub(super) fn followers(scenario: &Scenario) -> f64 {
    let (end, counts) = (scenario.end.latest(), follower_counts(scenario));
    let mut weighted = BTreeMap::new();
    for crowd in &scenario.crowds {
        *weighted.entry(scenario.videos[crowd.video.index()].origin).or_insert(0.0) +=
            crowd.expected_sessions(end);
    }
    for catalogue in &scenario.catalogues {
        let sessions = catalogue.visits.expected_sessions(end);
        for (owner, share) in owners(catalogue) {
            *weighted.entry(owner).or_insert(0.0) += sessions * share;
        }
    }
    let all: f64 = weighted.values().sum();
    let followed: f64 = weighted.iter().map(|(origin, sessions)| counts[origin.index()] * sessions).sum();
    if all > 0.0 { followed / all } else { scenario.instances.len() as f64 - 1.0 }
}

/// The owners of a catalogue, and what each has of its viewing, in expectation.
fn owners(catalogue: &Catalogue) -> impl Iterator<Item = (InstanceId, f64)> + '_ {
    let even = 1.0 / catalogue.owners.len().max(1) as f64;
    let shares = catalogue.popularity.owners.as_ref();
    let sum: f64 = shares.map_or(0.0, |shares| shares.iter().sum());
    let share = move |at: usize| shares.filter(|_| sum > 0.0).map_or(even, |shares| shares[at] / sum);
    catalogue.owners.iter().enumerate().map(move |(at, owner)| (*owner, share(at)))
}

/// The busiest part of a run is so many times as busy as the mean.
pub(super) fn busiest(scenario: &Scenario) -> f64 {
    let end = scenario.end.latest();
    let until = |part: u32| Time::from_ns(end.ns() / u64::from(PARTS) * u64::from(part));
    let came: Vec<f64> = (0..=PARTS).map(|part| sessions(scenario, until(part))).collect();
    let most = came.windows(2).map(|part| part[1] - part[0]).fold(0.0, f64::max);
    let all = came[PARTS as usize];
    if all > 0.0 { BUSIER * most * f64::from(PARTS) / all } else { 1.0 }
}

/// The share of sessions at the origins of their videos.
pub(super) fn share_at_origins(scenario: &Scenario) -> f64 {
    let end = scenario.end.latest();
    let of_crowd = |crowd: &Crowd| {
        let origin = scenario.videos[crowd.video.index()].origin;
        let share = match &crowd.source {
            Source::Scripted(visits) => {
                let there = visits.iter().filter(|visit| visit.instance == origin).count();
                part(there as f64, visits.len() as f64)
            }
            Source::Drawn(drawn) => share_at(origin, &drawn.spread),
        };
        (crowd.expected_sessions(end), share)
    };
    let of_catalogue = |catalogue: &Catalogue| {
        let share = owners(catalogue).map(|(owner, share)| share * share_at(owner, &catalogue.visits.spread));
        (catalogue.visits.expected_sessions(end), share.sum::<f64>())
    };
    let all: Vec<(f64, f64)> =
        scenario.crowds.iter().map(of_crowd).chain(scenario.catalogues.iter().map(of_catalogue)).collect();
    let at_origin: f64 = all.iter().map(|(sessions, share)| sessions * share).sum();
    part(at_origin, all.iter().map(|(sessions, _)| sessions).sum())
}

/// The share of drawn viewers that sit at an origin.
fn share_at(origin: InstanceId, spread: &Spread) -> f64 {
    match spread {
        Spread::Zipf { origin_share, .. } | Spread::Sizes { origin_share, .. } => *origin_share,
        Spread::Weights(weights) => {
            let there = weights.iter().filter(|weight| weight.0 == origin).map(|weight| weight.1);
            part(there.sum(), weights.iter().map(|weight| weight.1).sum())
        }
        Spread::List(list) => part(list.iter().filter(|id| **id == origin).count() as f64, list.len() as f64),
    }
}

fn part(some: f64, all: f64) -> f64 {
    if all > 0.0 { some / all } else { 0.0 }
}
