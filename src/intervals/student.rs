//! Means and ratios with Student's two-sided 95 % intervals.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The share of intervals that contain the true mean.
const CONFIDENCE: f64 = 0.95;

/// A mean, or a ratio of means, with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The variance of the sample. 0 of a single value.
    pub variance: f64,
    /// Half the width of the interval. None of a single value.
    pub half_width: Option<f64>,
    /// How many values there are.
    pub count: usize,
}

impl Estimate {
    /// Half the width of an interval that contains the true mean with another confidence. None of a single value.
    pub fn half_width_at(&self, confidence: f64) -> Option<f64> {
        half_width(self.variance, self.count, confidence)
    }
}

/// The mean of one or more values.
pub fn mean_of(values: &[f64]) -> Estimate {
    assert!(!values.is_empty(), "a mean needs a value");
    let count = values.len();
    let mean = values.iter().sum::<f64>() / count as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let variance = if count > 1 { squares / (count - 1) as f64 } else { 0.0 };
    Estimate { mean, variance, half_width: half_width(variance, count, CONFIDENCE), count }
}

/// The ratio of the means of pairs (value, base), which is less biased than the mean of ratios. Its variance is by
/// linearisation, as in survey statistics. None if the mean of the bases is zero.
pub(super) fn ratio_of(pairs: &[(f64, f64)]) -> Option<Estimate> {
    let count = pairs.len();
    let base = pairs.iter().map(|(_, base)| base).sum::<f64>() / count as f64;
    if base.abs() <= 0.0 || base.is_nan() {
        return None;
    }
    let ratio = pairs.iter().map(|(value, _)| value).sum::<f64>() / count as f64 / base;
    let residuals: Vec<f64> = pairs.iter().map(|(value, other)| (value - ratio * other) / base).collect();
    Some(Estimate { mean: ratio, ..mean_of(&residuals) })
}

fn half_width(variance: f64, count: usize, confidence: f64) -> Option<f64> {
    (count > 1).then(|| quantile(count - 1, confidence) * libm::sqrt(variance / count as f64))
}

/// The quantile of Student's distribution, rounded to 1e-6, so that it is the same on every platform.
fn quantile(degrees_of_freedom: usize, confidence: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).expect("there is a degree of freedom");
    let exact = law.inverse_cdf((1.0 + confidence) / 2.0);
    libm::round(exact * 1e6) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the usual tables.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees, expected) in
            [(1, 12.706), (2, 4.303), (9, 2.262), (19, 2.093), (99, 1.984), (9_999, 1.960)]
        {
            let found = quantile(degrees, 0.95);
            assert!((found - expected).abs() < 6e-4, "{degrees}: {found}");
        }
        for (degrees, expected) in [(1, 636.619), (2, 31.599), (9, 4.781)] {
            let found = quantile(degrees, 0.999);
            assert!((found - expected).abs() < 6e-4, "{degrees}: {found}");
        }
    }

    #[test]
    fn a_mean_has_its_interval() {
        let estimate = mean_of(&[1.0, 2.0, 3.0, 4.0]);
        assert!((estimate.mean - 2.5).abs() < 1e-12 && (estimate.variance - 5.0 / 3.0).abs() < 1e-12);
        // 3.182 * sqrt(5 / 3 / 4)
        assert!((estimate.half_width.expect("four values") - 2.0542).abs() < 1e-3);
        assert_eq!(mean_of(&[7.0]).half_width, None);
    }

    #[test]
    fn a_ratio_that_never_changes_is_known_exactly() {
        let pairs: Vec<(f64, f64)> = (1..10).map(|n| (f64::from(n), f64::from(4 * n))).collect();
        let ratio = ratio_of(&pairs).expect("no zero");
        assert!((ratio.mean - 0.25).abs() < 1e-12 && ratio.half_width < Some(1e-12));
        assert_eq!(ratio_of(&[(1.0, 0.0)]), None);
    }
}
