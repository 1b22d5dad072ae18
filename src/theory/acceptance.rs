//! The acceptance test of every claim: a mean over replications against the value of a formula.
//!
//! A claim holds if |mean - expected| <= 4 standard errors, and the standard error is at most 0.5 % of the expectation, so
//! that the test can fail, over at least 100 replications. If the expectation is 0, the mean must be 0.

use super::run::Run;
use std::fmt;
use thiserror::Error;

const STANDARD_ERRORS: f64 = 4.0;
const STANDARD_ERROR_SHARE_MAX: f64 = 0.005;
const REPLICATIONS_MIN: usize = 100;

/// What a formula says of a quantity that is measured in runs.
pub struct Claim<R = Run> {
    /// The row of the closed forms, and the quantity.
    pub name: &'static str,
    /// The quantity in one replication.
    pub measured: fn(&R) -> f64,
    /// Its value by the formula.
    pub expected: f64,
    /// The error of the formula itself, as a share. It is 0 except for one row.
    pub formula_error: f64,
}

/// A mean and its standard error over replications.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean.
    pub standard_error: f64,
}

/// Why a claim is not accepted.
#[derive(Clone, Copy, Debug, Error)]
pub enum Refusal {
    /// There are too few replications.
    #[error("only {0} replications")]
    TooFew(usize),
    /// The standard error is too large.
    #[error("{0}: the standard error is too large to judge")]
    TooNoisy(Estimate),
    /// The mean differs from the formula.
    #[error("{0}: not what the formula says")]
    Off(Estimate),
}

/// A claim about a quantity that a formula gives exactly.
pub fn claim<R>(name: &'static str, measured: fn(&R) -> f64, expected: f64) -> Claim<R> {
    Claim { name, measured, expected, formula_error: 0.0 }
}

/// Accepts or refuses a claim.
pub fn check<R>(claim: &Claim<R>, runs: &[R]) -> Result<Estimate, Refusal> {
    let values: Vec<f64> = runs.iter().map(claim.measured).collect();
    judge(claim, &values)
}

/// The same, by what was measured in each replication.
pub fn judge<R>(claim: &Claim<R>, values: &[f64]) -> Result<Estimate, Refusal> {
    if values.len() < REPLICATIONS_MIN {
        return Err(Refusal::TooFew(values.len()));
    }
    let estimate = Estimate::of(values);
    let Claim { expected, formula_error, .. } = *claim;
    let Estimate { mean, standard_error } = estimate;
    // a NaN fails both comparisons
    let is_sharp = standard_error <= STANDARD_ERROR_SHARE_MAX * expected.abs();
    let tolerance = match expected.abs() > 0.0 {
        true => STANDARD_ERRORS * standard_error + formula_error * expected.abs(),
        false => 0.0,
    };
    let is_near = (mean - expected).abs() <= tolerance;
    match (is_sharp, is_near) {
        (true, true) => Ok(estimate),
        (_, false) => Err(Refusal::Off(estimate)),
        (false, true) => Err(Refusal::TooNoisy(estimate)),
    }
}

impl Estimate {
    fn of(values: &[f64]) -> Estimate {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Estimate { mean, standard_error: (squares / (count - 1.0) / count).sqrt() }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.5} +- {:.5}", self.mean, self.standard_error)
    }
}
