//! The steps of a search: a race of those that begin, races of the neighbours of the best, and each choice of the best taken back.

use super::candidates::{Candidates, Point, neighbours};
use super::judge::{Judge, Values};
use super::race::{Fate, complete, race};
use crate::foundation::random::{Purpose, Seed};
use crate::scenario::SearchSpace;
use rand::seq::index;
use std::collections::BTreeSet;

/// So many combinations are drawn for each that begins, in place of those that contradict themselves.
const DRAWS: u64 = 16;

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
    complete(space, &mut values, &beside, &mut |values, scenario, block, numbers| {
        run(values, scenario, block, &candidates, numbers)
    })?;
    let is_exhaustive = space.points() <= space.drawn;
    let mut racing = beginners(space, &mut candidates);
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
        let points = starts(&Judge { space, values: &values }, &candidates, &fates);
        let points = points.iter().flat_map(|point| neighbours(space, point));
        racing = new_ones(space, &mut candidates, points);
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
    let without: BTreeSet<usize> = without.filter_map(|back| back.without.ok()).collect();
    let without: Vec<usize> = without.into_iter().collect();
    complete(space, &mut values, &without, &mut |values, scenario, block, numbers| {
        run(values, scenario, block, &candidates, numbers)
    })?;
    Ok(Search { candidates, values, fates, winners: found, is_exhaustive, rounds })
}

/// The combinations from which a search goes on: the winners, and where a class has none whoever is least wrong.
fn starts(judge: &Judge<'_>, candidates: &Candidates, fates: &[(usize, Fate)]) -> Vec<Point> {
    let best = winners(judge, fates);
    let least_wrong = || judge.least_wrong(0..candidates.all.len());
    let from: BTreeSet<usize> = best.into_iter().filter_map(|winner| winner.or_else(least_wrong)).collect();
    from.into_iter().map(|number| candidates.all[number].start(judge.space)).collect()
}

/// The cheapest of each class among those that were run to the end.
fn winners(judge: &Judge<'_>, fates: &[(usize, Fate)]) -> Vec<Option<usize>> {
    let finished = || fates.iter().filter(|(_, fate)| *fate == Fate::Stays).map(|(candidate, _)| *candidate);
    judge.space.errors.iter().map(|error| judge.cheapest(finished(), *error)).collect()
}

/// Those that begin: all combinations, or as many as are drawn, without those that contradict themselves.
fn beginners(space: &SearchSpace, candidates: &mut Candidates) -> Vec<usize> {
    let point = |number: u64| space.point(number).into_iter().map(Some).collect();
    let points = space.points();
    if points <= space.drawn {
        return new_ones(space, candidates, (0..points).map(point));
    }
    let mut rng = Seed { seed: space.seed, replication: 0 }.stream(Purpose::Search, 0);
    let length = usize::try_from(points).unwrap_or(usize::MAX);
    let enough = points.min(space.drawn * DRAWS);
    let known = candidates.all.len();
    for number in index::sample(&mut rng, length, enough as usize) {
        if candidates.all.len() - known == space.drawn as usize {
            break;
        }
        candidates.take(space, point(number as u64));
    }
    (known..candidates.all.len()).collect()
}

/// The numbers of those that were not candidates before, in their order.
fn new_ones(
    space: &SearchSpace,
    candidates: &mut Candidates,
    points: impl Iterator<Item = Point>,
) -> Vec<usize> {
    let known = candidates.all.len();
    points.for_each(|point| {
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
