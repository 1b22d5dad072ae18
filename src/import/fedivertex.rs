//! A crawl of PeerTube's federation as Fedivertex publishes it, and what it becomes.

use crate::import::follows::{self, Follow};
use crate::import::instances::{self, Instance};
use crate::import::left_out::LeftOut;
use crate::import::rows::Table;
use crate::import::scenario_text::{self, Name, Said};
use crate::import::versions::{Version, Versions};
use crate::runs::EngineChoice;
use crate::runs::estimate::Estimate;
use crate::scenario::{
    CATALOGUE_VIDEOS_MAX, Changes, DataFile, INSTANCES_MAX, Input, Place, Problem, Problems, Scenario, parse,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Viewers are halved at most so often until a run is allowed.
const HALVINGS_MAX: u32 = 31;
/// No run has so many visits in a day.
const VISITS_MAX: f64 = 1e9;

/// The two tables of a crawl, each with its name for messages and its bytes.
pub struct Crawl<'a> {
    /// A row per instance.
    pub instances: (&'a str, Vec<u8>),
    /// A row per follow.
    pub follows: (&'a str, Vec<u8>),
}

/// A scenario, its files, and what to say of them.
pub struct Imported {
    /// By name, in the order in which they are to be written: the scenario names the others and comes last.
    pub files: Vec<(String, String)>,
    /// What the crawl holds.
    pub found: Found,
    /// What is not taken as it stands.
    pub left_out: LeftOut,
    /// Instances that follow each other with their releases and could not begin to; the follows are kept.
    pub incompatible: Option<Incompatible>,
    /// What a run will take.
    pub estimate: Estimate,
}

/// Pairs of instances that could not begin to follow each other.
pub struct Incompatible {
    /// How many.
    pub pairs: usize,
    /// The first: each with the preset of its release.
    pub first: [(String, String); 2],
}

/// What a crawl holds.
#[derive(Debug)]
pub struct Found {
    /// Instances that answered.
    pub alive: usize,
    /// Instances whose `error` is filled.
    pub dead: usize,
    /// Follows between them.
    pub follows: usize,
    /// Videos of those that answered.
    pub videos: u64,
    /// Those of them that the scenario has: it may not have more than a million.
    pub videos_taken: u64,
    /// Active users of those that answered.
    pub users: u64,
    /// Visits in the scenario, expected in its day.
    pub visits: f64,
    /// Of so many viewers one comes, so that a run is within its limits.
    pub one_in: u32,
    /// What they run, newest first; unknown last.
    pub versions: Vec<Version>,
}

/// The scenario of a crawl under a name.
///
/// # Errors
/// What is wrong with the tables, so that no scenario can be made of them.
pub fn fedivertex(crawl: Crawl<'_>, name: &str, seed: u64) -> Result<Imported, Vec<Problem>> {
    let (instances_name, follows_name) = (crawl.instances.0, crawl.follows.0);
    let mut problems = Problems::new(instances_name);
    let mut left_out = LeftOut::default();
    let table = Table { name: instances_name, file: DataFile::new(0, crawl.instances.1) };
    let mut instances = instances::read(&table, &mut left_out, &mut problems);
    check(&instances, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_list());
    }
    let source = problems.source(follows_name.to_owned());
    let table = Table { name: follows_name, file: DataFile::new(source, crawl.follows.1) };
    let follows = follows::read(&table, &instances, &mut left_out, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_list());
    }
    let videos = alive(&instances).map(|instance| u64::from(instance.videos)).sum();
    take_fewer_videos(&mut instances, videos, CATALOGUE_VIDEOS_MAX);
    imported(&instances, &follows, (Name(name), seed, videos), left_out)
}

fn alive(instances: &[Instance]) -> impl Iterator<Item = &Instance> {
    instances.iter().filter(|instance| !instance.is_dead)
}

/// Notes what makes a scenario of some instances impossible.
fn check(instances: &[Instance], problems: &mut Problems) {
    if !problems.is_empty() {
        return;
    }
    let sum =
        |figure: fn(&Instance) -> u32| alive(instances).map(|instance| u64::from(figure(instance))).sum();
    let (users, videos): (u64, u64) = (sum(|instance| instance.users), sum(|instance| instance.videos));
    let rows = instances.len();
    let message = if rows as u64 > INSTANCES_MAX {
        format!("has {rows} instances; a scenario may have {INSTANCES_MAX}")
    } else if alive(instances).next().is_none() {
        format!("has no instance that answered: it has {rows}, and `error` is filled in all of them")
    } else if videos == 0 {
        "has no instance with a video, so that nothing could be watched".to_owned()
    } else if users == 0 {
        "has no instance with an active user, so that nobody would watch".to_owned()
    } else {
        return;
    };
    problems.add(Place { source: 0, line: 0, column: 0 }, "", message);
}

/// Makes at most `most` of all videos; who has some keeps at least one.
fn take_fewer_videos(instances: &mut [Instance], all: u64, most: u64) {
    if all <= most {
        return;
    }
    let owners = alive(instances).filter(|instance| instance.videos > 0).count() as u64;
    let owned = |instance: &&mut Instance| !instance.is_dead && instance.videos > 0;
    for instance in instances.iter_mut().filter(owned) {
        // rounded down, all together are at most `most`
        let rest = u64::from(instance.videos - 1) * most.saturating_sub(owners) / all;
        instance.videos = 1 + u32::try_from(rest).unwrap_or(u32::MAX);
    }
}

/// The scenario with as many viewers as a run may have; or what is wrong with it.
fn imported(
    instances: &[Instance],
    follows: &BTreeSet<Follow>,
    (name, seed, videos): (Name<'_>, u64, u64),
    left_out: LeftOut,
) -> Result<Imported, Vec<Problem>> {
    let versions = Versions::of(alive(instances));
    let count = alive(instances).count();
    let mut said = Said {
        name,
        seed,
        alive: count,
        dead: instances.len() - count,
        follows: follows.len(),
        videos: alive(instances).map(|instance| u64::from(instance.videos)).sum(),
        users: alive(instances).map(|instance| u64::from(instance.users)).sum(),
        one_in: 1,
    };
    let dead = instances.iter().filter(|instance| instance.is_dead);
    let mut files = BTreeMap::from([
        (name.instances(), scenario_text::instances(alive(instances), |instance| versions.preset(instance))),
        (name.follows(), scenario_text::follows(instances, follows)),
    ]);
    if said.dead > 0 {
        files.insert(name.dead(), scenario_text::dead(dead));
    }
    let Attempt { text, scenario, estimate } = allowed(&mut said, &files)?;
    let mut files: Vec<_> = files.into_iter().collect();
    files.push((name.scenario(), text));
    let found = Found {
        alive: said.alive,
        dead: said.dead,
        follows: said.follows,
        videos,
        videos_taken: said.videos,
        users: said.users,
        visits: scenario_text::visits_a_day(said.users, said.one_in),
        one_in: said.one_in,
        versions: versions.list,
    };
    let strangers = scenario.incompatible_follows().into_iter().next();
    let incompatible = strangers.map(|found| Incompatible { pairs: found.count, first: found.pair });
    Ok(Imported { files, found, left_out, incompatible, estimate })
}

/// The scenario with as few halvings of its viewers as a run within the limits needs: none, or those that bisection finds.
fn allowed(said: &mut Said<'_>, files: &BTreeMap<String, String>) -> Result<Attempt, Vec<Problem>> {
    let too_many = |halvings: &u32| scenario_text::visits_a_day(said.users, 1 << halvings) > VISITS_MAX;
    let first = (0..HALVINGS_MAX).take_while(too_many).count() as u32;
    let mut attempt = |halvings| {
        said.one_in = 1_u32 << halvings;
        attempt(said, files)
    };
    if let Ok(allowed) = attempt(first)? {
        return Ok(allowed);
    }
    let (mut low, mut high) = (first + 1, HALVINGS_MAX);
    let mut best = attempt(high)?.map_err(|problem| vec![problem])?;
    while low < high {
        let middle = low.midpoint(high);
        match attempt(middle)? {
            Ok(allowed) => (best, high) = (allowed, middle),
            Err(_) => low = middle + 1,
        }
    }
    said.one_in = 1 << high;
    Ok(best)
}

/// The text of a scenario, what it means and what a run takes.
struct Attempt {
    text: String,
    scenario: Scenario,
    estimate: Estimate,
}

/// A scenario as it is said, or which limit a run exceeds; an outer error is one of the scenario itself.
fn attempt(
    said: &Said<'_>,
    files: &BTreeMap<String, String>,
) -> Result<Result<Attempt, Problem>, Vec<Problem>> {
    let file = said.name.scenario();
    let text = scenario_text::scenario(said);
    let missing = || io::ErrorKind::NotFound.into();
    let data = |name: &str| files.get(name).map(|text| text.clone().into_bytes()).ok_or_else(missing);
    let input = Input { file: &file, bytes: text.as_bytes(), stem: Some(said.name.0), data: &data };
    let scenario = parse(&input, &Changes::default(), &[])?;
    let estimate = Estimate::of(&scenario, EngineChoice::Fast);
    Ok(match estimate.check(&scenario.limits) {
        Ok(()) => Ok(Attempt { text, scenario, estimate }),
        Err(message) => Err(Problem { file, line: 0, column: 0, path: String::new(), message }),
    })
}
