//! Pareto fronts over what is known with intervals only.

use super::comparison::{Shown, compared};
use std::collections::BTreeMap;

/// One choice: what it costs and how wrong it is, by replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The cost.
    pub cost: BTreeMap<u32, f64>,
    /// The error; its sign does not matter.
    pub error: BTreeMap<u32, f64>,
}

/// Which candidates are on the front: those that no other is shown to beat. One beats another when it is shown to be lower
/// in cost or error and equal or lower in the other, replication by replication; with one replication the values decide.
pub fn front(candidates: &[Candidate]) -> Vec<bool> {
    let is_beaten = |one: &Candidate| candidates.iter().any(|other| beats(other, one));
    candidates.iter().map(|one| !is_beaten(one)).collect()
}

fn beats(one: &Candidate, other: &Candidate) -> bool {
    let shown = [shown(&one.cost, &other.cost), shown(&one.error, &other.error)];
    shown.contains(&Shown::Less) && shown.iter().all(|shown| matches!(shown, Shown::Less | Shown::Equal))
}

fn shown(one: &BTreeMap<u32, f64>, other: &BTreeMap<u32, f64>) -> Shown {
    let pair = |(number, value): (&u32, &f64)| Some((value.abs(), other.get(number)?.abs()));
    let pairs: Vec<(f64, f64)> = one.iter().filter_map(pair).collect();
    match pairs[..] {
        [] => Shown::Nothing,
        [(value, than)] => match value.total_cmp(&than) {
            std::cmp::Ordering::Less => Shown::Less,
            std::cmp::Ordering::Equal => Shown::Equal,
            std::cmp::Ordering::Greater => Shown::More,
        },
        _ => compared(&pairs).shown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(cost: &[f64], error: &[f64]) -> Candidate {
        let numbered = |values: &[f64]| (0..).zip(values.iter().copied()).collect();
        Candidate { cost: numbered(cost), error: numbered(error) }
    }

    #[test]
    fn who_is_beaten_in_both_is_not_on_the_front() {
        let points = [(1.0, 9.0), (2.0, 5.0), (3.0, 5.0), (4.0, 1.0), (5.0, -2.0), (4.0, 1.0)];
        let candidates: Vec<_> = points.iter().map(|&(cost, error)| candidate(&[cost], &[error])).collect();
        assert_eq!(front(&candidates), [true, true, false, true, false, true]);
    }

    #[test]
    fn who_is_not_shown_to_be_beaten_stays() {
        let cheap = candidate(&[1.0, 1.1, 0.9], &[5.0, 7.0, 6.0]);
        let perhaps_worse = candidate(&[2.0, 2.1, 1.9], &[5.1, 6.9, 6.1]);
        let worse = candidate(&[2.0, 2.1, 1.9], &[6.0, 8.1, 7.05]);
        assert_eq!(front(&[cheap, perhaps_worse, worse]), [true, true, false]);
    }
}
