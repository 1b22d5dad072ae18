//! The steps of a search: a race of those that begin, races of the neighbours of the best, and each choice of the best taken back.

use super::candidates::{Candidates, Point, neighbours};
use super::judge::{Judge, Values};
use super::race::{Fate, blocks, race};
use crate::foundation::random::{Purpose, Seed};
use crate::scenario::SearchSpace;
use rand::seq::index;

/// Adds a block of replications to the values of some candidates, by their numbers: of this scenario, then of this block.
pub(super) type RunCandidates<'a, E> =
    dyn FnMut(&mut Values, usize, usize, &Candidates, &[usize]) -> Result<(), E> + 'a;

/// The cheapest of a class of error.
#[derive(Clone, Debug)]
pub struct Winner {
    /// The class.
    pub error: f64,
    /// The candidate; none if nobody is in the class.
    pub candidate: Option<usize>,
    /// What each of its choices brings: it without that choice.
    pub taken_back: Vec<TakenBack>,
}

/// A winner with one choice as in the base.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// The rule, as a number of `SearchSpace::choices`.
    pub rule: usize,
    /// The candidate that has the base's value there; or why there is none.
    pub without: Result<usize, &'static str>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Search {
    /// Everybody who was met.
    pub candidates: Candidates,
    /// What is known of them.
    pub values: Values,
    /// What became of those that raced.
    pub fates: Vec<(usize, Fate)>,
    /// The cheapest of each class.
    pub winners: Vec<Winner>,
    /// Whether every combination was a candidate.
    pub is_exhaustive: bool,
    /// Rounds of neighbours.
    pub rounds: u32,
}

/// Searches a space. `run` adds a block of replications of a scenario to the values of some candidates, which have none of it yet.
///
/// # Errors
/// Those of `run`.
pub fn search<E>(space: &SearchSpace, run: &mut RunCandidates<'_, E>) -> Result<Search, E> {
    let mut candidates = Candidates::new(space);
    let mut values = Values::new(space.scenarios.len());
    let beside: Vec<usize> = (0..candidates.all.len()).collect();
    complete(space, &candidates, &mut values, &beside, run)?;
    let is_exhaustive = space.points() <= space.drawn;
    let begin = beginners(space);
    let mut racing = new_ones(space, &mut candidates, begin);
    let mut fates: Vec<(usize, Fate)> = beside.iter().map(|&of_ours| (of_ours, Fate::Stays)).collect();
    let mut rounds = 0;
    loop {
        let known = candidates.all.len();
        let mut run_racing = |values: &mut Values, scenario: usize, block: usize, racing: &[usize]| {
            run(values, scenario, block, &candidates, racing)
        };
        fates.extend(race(space, &mut values, &racing, known, &mut run_racing)?);
        if is_exhaustive || rounds == space.rounds {
            break;
        }
        let judge = Judge { space, values: &values };
        let best = winners(&judge, &fates);
        let point = |winner: &Option<usize>| candidates.all[(*winner)?].point.clone();
        let points: Vec<Point> = best.iter().filter_map(point).collect();
        racing = new_ones(
            space,
            &mut candidates,
            points.iter().flat_map(|point| neighbours(space, point)).collect(),
        );
        if racing.is_empty() {
            break;
        }
        rounds += 1;
    }
    let best = winners(&Judge { space, values: &values }, &fates);
    let mut found: Vec<Winner> = Vec::new();
    for (&error, candidate) in space.errors.iter().zip(best) {
        let taken_back = candidate.map_or_else(Vec::new, |of| taken_back(space, &mut candidates, of));
        found.push(Winner { error, candidate, taken_back });
    }
    let without = found.iter().flat_map(|winner| &winner.taken_back);
    let mut without: Vec<usize> = without.filter_map(|back| back.without.ok()).collect();
    without.sort_unstable();
    without.dedup();
    complete(space, &candidates, &mut values, &without, run)?;
    Ok(Search { candidates, values, fates, winners: found, is_exhaustive, rounds })
}

/// Runs what is missing of some candidates.
fn complete<E>(
    space: &SearchSpace,
    candidates: &Candidates,
    values: &mut Values,
    numbers: &[usize],
    run: &mut RunCandidates<'_, E>,
) -> Result<(), E> {
    for (block, replications) in blocks(space).iter().enumerate() {
        for scenario in 0..space.scenarios.len() {
            let lacks = |number: &&usize| values.of(**number, scenario).len() <= replications.start as usize;
            let lacking: Vec<usize> = numbers.iter().filter(lacks).copied().collect();
            if !lacking.is_empty() {
                run(values, scenario, block, candidates, &lacking)?;
            }
        }
    }
    Ok(())
}

/// The cheapest of each class among those that were run to the end.
fn winners(judge: &Judge<'_>, fates: &[(usize, Fate)]) -> Vec<Option<usize>> {
    let finished = || fates.iter().filter(|(_, fate)| *fate == Fate::Stays).map(|(candidate, _)| *candidate);
    judge.space.errors.iter().map(|error| judge.cheapest(finished(), *error)).collect()
}

/// The combinations that begin: all, or as many as are drawn.
fn beginners(space: &SearchSpace) -> Vec<Point> {
    let point = |number: u64| space.point(number).into_iter().map(Some).collect();
    let points = space.points();
    if points <= space.drawn {
        return (0..points).map(point).collect();
    }
    let mut rng = Seed { seed: space.seed, replication: 0 }.stream(Purpose::Search, 0);
    let length = usize::try_from(points).unwrap_or(usize::MAX);
    let drawn = index::sample(&mut rng, length, space.drawn as usize);
    drawn.into_iter().map(|number| point(number as u64)).collect()
}

/// The numbers of those that were not candidates before, in their order.
fn new_ones(space: &SearchSpace, candidates: &mut Candidates, points: Vec<Point>) -> Vec<usize> {
    let known = candidates.all.len();
    points.into_iter().for_each(|point| {
        candidates.take(space, point);
    });
    (known..candidates.all.len()).collect()
}

/// A candidate without each of its choices, where the base's value is another.
fn taken_back(space: &SearchSpace, candidates: &mut Candidates, of: usize) -> Vec<TakenBack> {
    let Some(point) = candidates.all[of].point.clone() else { return Vec::new() };
    let mut taken_back = Vec::new();
    for rule in 0..point.len() {
        let mut without = point.clone();
        without[rule] = None;
        let without = match space.rules(&without) {
            Err(why) => Err(why),
            Ok(_) => Ok(candidates.take(space, without).expect("it does not contradict itself")),
        };
        if without != Ok(of) {
            taken_back.push(TakenBack { rule, without });
        }
    }
    taken_back
}
