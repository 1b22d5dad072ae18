//! Incompatible follows: instances that follow each other in a scenario and could not begin to.
//!
//! From 8.0 on an actor's `url` is a list of links, and PeerTube 7.0 and earlier refuse such an actor: an instance of 8.x and one of
//! 7.0 or earlier cannot begin to follow each other. A follow from before an upgrade lasts until the older one fetches the actor
//! anew, 2 days at most; then it refuses (403) what the newer one signs. Nothing of that happens in a run, which has follows from
//! its beginning to its end: who reads the results should know.

use crate::domain::faults::Fault;
use crate::domain::federation::Follows;
use crate::domain::protocol::{ActorUrl, PRESETS, Rules};
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::scenario::model::{Scenario, Variant};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The pairs of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompatibleFollows {
    /// The column.
    pub column: String,
    /// From when on.
    pub from: Time,
    /// The first pair: each with the protocol that it speaks then.
    pub pair: [(String, String); 2],
    /// How many pairs there are.
    pub count: usize,
}

impl fmt::Display for IncompatibleFollows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IncompatibleFollows { column, from, pair: [(one, speaks), (other, others)], count } = self;
        let when = if *from == Time::ZERO { String::new() } else { format!(", from {} ms on", from.ms()) };
        let more = match count - 1 {
            0 => String::new(),
            1 => ", and one pair more".to_owned(),
            more => format!(", and {more} pairs more"),
        };
        write!(
            f,
            "column `{column}`: `{one}` ({speaks}) and `{other}` ({others}) could not begin to follow each other{when}{more}: \
             an actor of 8.0 or later has several URLs, which 7.0 and earlier refuse; a follow from before an upgrade lasts 2 days at \
             most, then the older one refuses (403) what the newer one signs"
        )
    }
}

/// What an instance speaks: from when on which rules, in order of time.
type Spoken = Vec<(Time, Rules)>;

impl Scenario {
    /// The columns in which instances follow each other that could not begin to.
    pub fn incompatible_follows(&self) -> Vec<IncompatibleFollows> {
        self.compare.iter().filter_map(|variant| self.incompatible_follows_of(variant)).collect()
    }

    fn incompatible_follows_of(&self, variant: &Variant) -> Option<IncompatibleFollows> {
        let spoken = spoken(variant);
        let uses = |url| spoken.iter().flatten().any(|(_, rules)| rules.actor_url == url);
        if !uses(ActorUrl::One) || !uses(ActorUrl::Several) {
            return None;
        }
        let (mut meetings, mut first, mut count) = (Meetings::new(&spoken), None, 0);
        self.for_pairs(|follower, origin| {
            if let Some(at) = meetings.strangers_from(follower, origin) {
                count += 1;
                let found: (Time, InstanceId, InstanceId) = (at, origin, follower);
                first = Some(first.map_or(found, |first| found.min(first)));
            }
        });
        let (from, origin, follower) = first?;
        let told = |id: InstanceId| {
            let spec = &self.instances[id.index()];
            let rules = latest(&spoken[id.index()], from);
            let preset = PRESETS.iter().find(|preset| preset.rules == rules).map(|preset| preset.name);
            (spec.name.clone(), preset.unwrap_or(&variant.protocols[id.index()]).to_owned())
        };
        let column = variant.name.clone();
        Some(IncompatibleFollows { column, from, pair: [told(origin), told(follower)], count })
    }

    /// Who follows whom of the videos' origins, or may, as far as both are PeerTube; two that follow each other are one pair.
    fn for_pairs(&self, mut pair: impl FnMut(InstanceId, InstanceId)) {
        let owners = self.catalogues.iter().flat_map(|catalogue| catalogue.owners.iter().copied());
        let origins: BTreeSet<InstanceId> =
            self.videos.iter().map(|video| video.origin).chain(owners).collect();
        let is_peertube = |id: InstanceId| self.instances[id.index()].is_peertube;
        match &self.follows {
            Follows::Everybody | Follows::Random { .. } => {
                for &origin in &origins {
                    let others = (0..self.instances.len()).map(InstanceId::at);
                    let is_new = |id: &InstanceId| *id > origin || !origins.contains(id);
                    let others = others.filter(|&id| id != origin && is_peertube(id)).filter(is_new);
                    others.for_each(|follower| pair(follower, origin));
                }
            }
            Follows::Edges(edges) => {
                let counts = |(follower, origin): &&(InstanceId, InstanceId)| {
                    follower != origin && origins.contains(origin) && is_peertube(*follower)
                };
                let sorted = |&(one, other): &(InstanceId, InstanceId)| (one.max(other), one.min(other));
                let pairs: BTreeSet<_> = edges.iter().filter(counts).map(sorted).collect();
                pairs.into_iter().for_each(|(one, other)| pair(one, other));
            }
        }
    }
}

/// The actors' URLs of an instance: from when on which.
type Urls = Vec<(Time, ActorUrl)>;

/// Whether two instances can meet; those that are alike are asked about once.
struct Meetings {
    /// By `InstanceId`: which of `all`.
    of: Vec<usize>,
    all: Vec<Urls>,
    known: BTreeMap<(usize, usize), Option<Time>>,
}

impl Meetings {
    fn new(spoken: &[Spoken]) -> Meetings {
        let urls = |spoken: &Spoken| spoken.iter().map(|(from, rules)| (*from, rules.actor_url)).collect();
        let each: Vec<Urls> = spoken.iter().map(urls).collect();
        let all: Vec<Urls> = each.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let of = each.iter().map(|urls| all.partition_point(|other| other < urls)).collect();
        Meetings { of, all, known: BTreeMap::new() }
    }

    /// From when on one of two refuses the other's actor, if ever.
    fn strangers_from(&mut self, one: InstanceId, other: InstanceId) -> Option<Time> {
        let Meetings { of, all, known } = self;
        let pair = (of[one.index()], of[other.index()]);
        *known.entry(pair).or_insert_with(|| first_refusal(&all[pair.0], &all[pair.1]))
    }
}

fn first_refusal(one: &Urls, other: &Urls) -> Option<Time> {
    let mut changes: Vec<Time> = one.iter().chain(other).map(|(from, _)| *from).collect();
    changes.sort_unstable();
    changes.into_iter().find(|&at| {
        let [one, other] = [one, other].map(|urls| latest(urls, at));
        !one.reads(other) || !other.reads(one)
    })
}

/// What holds at an instant, of what holds from some instants on, in their order.
fn latest<T: Copy>(all: &[(Time, T)], at: Time) -> T {
    let until = all.partition_point(|(from, _)| *from <= at);
    all[until.saturating_sub(1)].1
}

fn spoken(variant: &Variant) -> Vec<Spoken> {
    let mut spoken: Vec<Spoken> = variant.rules.iter().map(|&rules| vec![(Time::ZERO, rules)]).collect();
    for fault in &variant.faults {
        if let Fault::Restart { instance, at, startup, rules: Some(rules) } = fault {
            spoken[instance.index()].push((*at + *startup, *rules));
        }
    }
    spoken.iter_mut().for_each(|spoken| spoken.sort_by_key(|(from, _)| *from));
    spoken
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Changes, Input, parse};

    const PAIRS: &str = "
name: pairs
description: who could begin to follow whom
end: 1 h
compare: [{name: mixed, protocol: peertube-7.2, groups: {origin: peertube-8.2, old: peertube-6.0}}]
instances: {origin: {}, old: {count: 3}, middle: {count: 2}, other: {software: other, protocol: v1}}
videos: {clip: {origin: origin, length: live}}
viewers: []
network: {latency: {constant: 1 ms}}
";

    fn told(changes: &[&str]) -> Vec<String> {
        let no_data = |_: &str| {
            Ok(b"follower,followed\nold-2,origin\nold-2,origin\norigin,old-2\nmiddle-1,old-1\n".to_vec())
        };
        let input = Input { file: "here", bytes: PAIRS.as_bytes(), stem: None, data: &no_data };
        let sets = changes.iter().map(|set| (*set).to_owned()).collect();
        let scenario = parse(&input, &Changes { sets, ..Changes::default() }, &[]).expect("a scenario");
        scenario.incompatible_follows().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_origin_of_8_x_and_followers_up_to_7_0_are_strangers() {
        let [text] = &told(&[])[..] else { panic!("one column") };
        let first = "column `mixed`: `origin` (peertube-8.2) and `old-1` (peertube-6.0) could not begin to follow each other, \
                     and 2 pairs more: an actor of 8.0 or later has several URLs";
        assert!(text.starts_with(first), "{text}");
        let [text] = &told(&["follows={edges: {file: edges.csv}}"])[..] else { panic!("one column") };
        assert!(text.contains("`old-2` (peertube-6.0) could not begin to follow each other: "), "{text}");
    }

    #[test]
    fn who_reads_both_is_a_stranger_to_nobody() {
        for compare in [
            "[v1]",
            "[peertube-9.0-dev]",
            "[{name: a, protocol: peertube-7.2, groups: {origin: peertube-8.2}}]",
            "[{name: a, protocol: peertube-7.2, groups: {origin: peertube-6.3-v2}}]",
            // neither owns a video
            "[{name: a, protocol: peertube-7.2, groups: {old: peertube-6.0, middle: peertube-8.2}}]",
        ] {
            assert_eq!(told(&[&format!("compare={compare}")]), [""; 0], "{compare}");
        }
    }

    #[test]
    fn a_roll_out_makes_strangers_while_it_lasts() {
        let upgrade = "faults=[{upgrade: [origin, old, middle], at: 10 min, to: peertube-8.2, startup: 1 s, pause: 30 s}]";
        let [text] = &told(&["compare=[peertube-6.3-v2]", upgrade])[..] else { panic!("one column") };
        let first = "column `peertube-6.3-v2`: `origin` (peertube-8.2) and `old-1` (peertube-6.3-v2) could not begin to follow each \
                     other, from 601000 ms on, and 4 pairs more";
        assert!(text.starts_with(first), "{text}");
        let at_once =
            "faults=[{restart: [origin, old, middle], at: 10 min, startup: 1 s, protocol: peertube-8.2}]";
        assert_eq!(told(&["compare=[peertube-6.3-v2]", at_once]), [""; 0]);
        assert_eq!(told(&["compare=[peertube-6.3-v2]", &upgrade.replace("8.2", "7.2")]), [""; 0]);
    }
}
