//! Paired comparison: a metric of a column less that of the baseline, replication by replication.

use super::student::{Estimate, mean_of, ratio_of};

/// What a difference to the baseline shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The interval is below zero.
    Less,
    /// The interval is above zero.
    More,
    /// There is no difference in any replication.
    Equal,
    /// The interval spans zero.
    Nothing,
    /// One replication has no interval.
    Unknown,
}

impl Shown {
    /// The words for it.
    pub fn text(self) -> &'static str {
        match self {
            Shown::Less => "less",
            Shown::More => "more",
            Shown::Equal => "equal",
            Shown::Nothing => "no difference shown",
            Shown::Unknown => "one replication",
        }
    }
}

/// A metric of a column against the same of another, replication by replication.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The baseline's mean.
    pub baseline: Estimate,
    /// The column's mean.
    pub value: Estimate,
    /// Column less baseline.
    pub difference: Estimate,
    /// The ratio of the means; none if the baseline's is zero.
    pub ratio: Option<Estimate>,
    /// How many times fewer replications pairing needs than independent crowds would; none where the difference does not vary.
    pub variance_reduction: Option<f64>,
}

impl Comparison {
    /// What the difference shows.
    pub fn shown(&self) -> Shown {
        let Estimate { mean, half_width, .. } = self.difference;
        match half_width {
            None => Shown::Unknown,
            Some(0.0) if mean.abs() <= 0.0 => Shown::Equal,
            Some(half_width) if mean + half_width < 0.0 => Shown::Less,
            Some(half_width) if mean - half_width > 0.0 => Shown::More,
            Some(_) => Shown::Nothing,
        }
    }
}

/// Pairs of a value and the baseline's.
pub fn compared(pairs: &[(f64, f64)]) -> Comparison {
    let [values, base, differences] = [
        pairs.iter().map(|(value, _)| *value).collect::<Vec<_>>(),
        pairs.iter().map(|(_, base)| *base).collect(),
        pairs.iter().map(|(value, base)| value - base).collect(),
    ];
    let (value, baseline, difference) = (mean_of(&values), mean_of(&base), mean_of(&differences));
    let variance_reduction =
        (difference.variance > 0.0).then(|| (value.variance + baseline.variance) / difference.variance);
    Comparison { baseline, value, difference, ratio: ratio_of(pairs), variance_reduction }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_what_two_columns_share() {
        // the crowd differs from replication to replication, the protocols by 10 and a little
        let pairs: Vec<(f64, f64)> =
            (0..20).map(|n| (f64::from(n * 100 + 10 + n % 2), f64::from(n * 100))).collect();
        let comparison = compared(&pairs);
        assert_eq!(comparison.shown(), Shown::More);
        assert!((comparison.difference.mean - 10.5).abs() < 1e-9);
        assert!(comparison.difference.half_width < Some(0.3));
        assert!(comparison.value.half_width > Some(200.0));
        assert!(comparison.variance_reduction > Some(1e5));
    }

    #[test]
    fn what_is_shown_follows_from_the_interval() {
        for (pairs, shown) in [
            (&[(1.0, 2.0)][..], Shown::Unknown),
            (&[(1.0, 1.0), (2.0, 2.0)], Shown::Equal),
            (&[(1.0, 2.0), (2.0, 1.0), (5.0, 4.9)], Shown::Nothing),
            (&[(1.0, 2.0), (1.1, 2.0), (0.9, 2.0)], Shown::Less),
            (&[(1.0, 0.0), (2.0, 1.0)], Shown::More),
        ] {
            assert_eq!(compared(pairs).shown(), shown, "{pairs:?}");
        }
    }
}
