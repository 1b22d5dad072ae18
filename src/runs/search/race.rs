//! The race: candidates are run block by block, and who is shown to be worse goes.

use super::judge::{CONFIDENCE, Judge, Shows, Values};
use crate::scenario::SearchSpace;
use std::ops::Range;

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was run to the end.
    Stays,
    /// It is in no class of error, as was shown after so many replications in this scenario.
    TooWrong {
        /// The scenario.
        scenario: usize,
        /// Replications there.
        replications: usize,
    },
    /// In every class in which it may be, another is cheaper, as was shown after so many replications.
    Dearer {
        /// The one that is cheaper in the widest class.
        than: usize,
        /// Replications in each scenario.
        replications: usize,
    },
}

/// Adds a block of replications of a scenario, in this order, to the values of some candidates.
pub(super) type RunRacing<'a, E> = dyn FnMut(&mut Values, usize, usize, &[usize]) -> Result<(), E> + 'a;

/// The blocks of replications: one is run between two looks.
pub(super) fn blocks(space: &SearchSpace) -> Vec<Range<u32>> {
    let starts = (0..space.replications).step_by(space.at_once as usize);
    starts.map(|start| start..(start + space.at_once).min(space.replications)).collect()
}

/// Runs some candidates against all that are known, and says what became of each. `run` adds a block of replications of a scenario
/// to the values of candidates.
///
/// # Errors
/// Those of `run`.
pub(super) fn race<E>(
    space: &SearchSpace,
    values: &mut Values,
    racing: &[usize],
    known: usize,
    run: &mut RunRacing<'_, E>,
) -> Result<Vec<(usize, Fate)>, E> {
    let widest = *space.errors.last().expect("a space has a class");
    let mut racing = racing.to_vec();
    let mut fates: Vec<(usize, Fate)> = Vec::new();
    for block in 0..blocks(space).len() {
        for scenario in 0..space.scenarios.len() {
            run(values, scenario, block, &racing)?;
            let judge = Judge { space, values };
            racing.retain(|&candidate| {
                let is_out = judge.is_in(candidate, widest, CONFIDENCE) == Shows::No;
                if is_out {
                    let replications = values.of(candidate, scenario).len();
                    fates.push((candidate, Fate::TooWrong { scenario, replications }));
                }
                !is_out
            });
        }
        let judge = Judge { space, values };
        let rivals = Rivals::of(&judge, known);
        let beaten: Vec<(usize, usize)> =
            racing.iter().filter_map(|&candidate| Some((candidate, rivals.beat(candidate)?))).collect();
        for (candidate, than) in beaten {
            racing.retain(|&other| other != candidate);
            let replications = values.replications(candidate);
            fates.push((candidate, Fate::Dearer { than, replications }));
        }
    }
    fates.extend(racing.into_iter().map(|candidate| (candidate, Fate::Stays)));
    fates.sort_by_key(|(candidate, _)| *candidate);
    Ok(fates)
}

/// Who is shown to be in each class, the cheapest first.
struct Rivals<'a> {
    judge: &'a Judge<'a>,
    /// By class.
    inside: Vec<Vec<usize>>,
}

impl<'a> Rivals<'a> {
    fn of(judge: &'a Judge<'a>, known: usize) -> Rivals<'a> {
        let cost = |candidate: &usize| judge.cost(*candidate).map_or(f64::INFINITY, |cost| cost.mean);
        let inside = |error: &f64| {
            let is_inside = |candidate: &usize| judge.is_in(*candidate, *error, CONFIDENCE) == Shows::Yes;
            let mut inside: Vec<usize> = (0..known).filter(is_inside).collect();
            inside.sort_by(|one, other| cost(one).total_cmp(&cost(other)).then(one.cmp(other)));
            inside
        };
        Rivals { judge, inside: judge.space.errors.iter().map(inside).collect() }
    }

    /// The candidate that beats another in the widest class, if one does in every class in which it may be.
    fn beat(&self, candidate: usize) -> Option<usize> {
        let mut by = None;
        for (error, inside) in self.judge.space.errors.iter().zip(&self.inside) {
            if self.judge.is_in(candidate, *error, CONFIDENCE) == Shows::No {
                continue;
            }
            let beats = |rival: &&usize| **rival != candidate && self.judge.is_cheaper(**rival, candidate);
            by = Some(*inside.iter().find(beats)?);
        }
        by
    }
}
