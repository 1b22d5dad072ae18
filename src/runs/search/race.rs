//! The race: candidates are run block by block, and who is shown to be worse goes.

use super::judge::{CONFIDENCE, Judge, Shows, Values};
use crate::scenario::SearchSpace;
use std::collections::BTreeMap;
use std::ops::Range;

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was run to the end.
    Stays,
    /// It is in no class of error, as was shown in this scenario.
    TooWrong {
        /// The scenario.
        scenario: usize,
    },
    /// In every class in which it may be, another is cheaper.
    Dearer {
        /// The one that is cheaper in the widest class.
        than: usize,
    },
}

/// Adds a block of replications of a scenario, in this order, to the values of some candidates.
pub(super) type RunRacing<'a, E> = dyn FnMut(&mut Values, usize, usize, &[usize]) -> Result<(), E> + 'a;

/// The blocks of replications: one is run between two looks.
pub(super) fn blocks(space: &SearchSpace) -> Vec<Range<u32>> {
    let starts = (0..space.replications).step_by(space.at_once as usize);
    starts.map(|start| start..(start + space.at_once).min(space.replications)).collect()
}

/// Runs what is missing of some candidates.
///
/// # Errors
/// Those of `run`.
pub(super) fn complete<E>(
    space: &SearchSpace,
    values: &mut Values,
    numbers: &[usize],
    run: &mut RunRacing<'_, E>,
) -> Result<(), E> {
    for (block, replications) in blocks(space).iter().enumerate() {
        for scenario in 0..space.scenarios.len() {
            let lacks = |number: &&usize| values.of(**number, scenario).len() <= replications.start as usize;
            let lacking: Vec<usize> = numbers.iter().filter(lacks).copied().collect();
            if !lacking.is_empty() {
                run(values, scenario, block, &lacking)?;
            }
        }
    }
    Ok(())
}

/// Runs some candidates against all that are known, and says what became of each.
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
    let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
    for block in 0..blocks(space).len() {
        for scenario in 0..space.scenarios.len() {
            if racing.is_empty() {
                break;
            }
            run(values, scenario, block, &racing)?;
            let judge = Judge { space, values };
            racing.retain(|&candidate| {
                let is_out = judge.is_in(candidate, widest, CONFIDENCE) == Shows::No;
                if is_out {
                    fates.insert(candidate, Fate::TooWrong { scenario });
                }
                !is_out
            });
        }
        let judge = Judge { space, values };
        let rivals = Rivals::of(&judge, known);
        racing.retain(|&candidate| match rivals.beat(candidate) {
            None => true,
            Some(than) => {
                fates.insert(candidate, Fate::Dearer { than });
                false
            }
        });
    }
    fates.extend(racing.into_iter().map(|candidate| (candidate, Fate::Stays)));
    bring_back(space, values, &mut fates, known, run)?;
    Ok(fates.into_iter().collect())
}

/// Looks again at those that left because another was cheaper: a look may have misled, and the other may have left its class since. Who is
/// not beaten any more is run to the end.
fn bring_back<E>(
    space: &SearchSpace,
    values: &mut Values,
    fates: &mut BTreeMap<usize, Fate>,
    known: usize,
    run: &mut RunRacing<'_, E>,
) -> Result<(), E> {
    loop {
        let judge = Judge { space, values };
        let rivals = Rivals::of(&judge, known);
        let is_back = |(candidate, fate): (&usize, &Fate)| match fate {
            Fate::Dearer { .. } => rivals.beat(*candidate).is_none().then_some(*candidate),
            _ => None,
        };
        let back: Vec<usize> = fates.iter().filter_map(is_back).collect();
        if back.is_empty() {
            return Ok(());
        }
        complete(space, values, &back, run)?;
        fates.extend(back.into_iter().map(|candidate| (candidate, Fate::Stays)));
    }
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
