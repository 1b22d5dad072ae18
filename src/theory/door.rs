//! The one door that every claim passes: a mean over replications against what a formula expects.
//!
//! A claim holds when |mean - expected| is at most 4 standard errors *and* the standard error is at most 0.5 % of the
//! expectation, so that it is able to fail, over at least 100 replications. Of something that never happens (an
//! expectation of 0) not one occurrence passes.

use super::experiment::Run;
use std::fmt;

const STANDARD_ERRORS: f64 = 4.0;
const STANDARD_ERROR_SHARE_MAX: f64 = 0.005;
const REPLICATIONS_MIN: usize = 100;

/// What a formula says about a measured quantity.
pub struct Claim {
    /// The row of the closed forms, and the quantity.
    pub name: &'static str,
    /// The quantity in one replication.
    pub measured: fn(&Run) -> f64,
    /// Its expectation.
    pub expected: f64,
    /// How exact the formula itself is, as a share: 0 but for the one row that says otherwise.
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

/// Why a claim is refused.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// Too few replications to judge.
    TooFew(usize),
    /// The standard error is so large that little could be seen.
    TooNoisy(Estimate),
    /// The mean is not what the formula says.
    Off(Estimate),
}

/// A claim about a quantity that the formula gives exactly.
pub fn claim(name: &'static str, measured: fn(&Run) -> f64, expected: f64) -> Claim {
    Claim { name, measured, expected, formula_error: 0.0 }
}

/// Passes or refuses a claim.
pub fn check(claim: &Claim, runs: &[Run]) -> Result<Estimate, Refusal> {
    if runs.len() < REPLICATIONS_MIN {
        return Err(Refusal::TooFew(runs.len()));
    }
    let values: Vec<f64> = runs.iter().map(claim.measured).collect();
    let estimate = Estimate::of(&values);
    let Claim { expected, formula_error, .. } = *claim;
    let Estimate { mean, standard_error } = estimate;
    // so written that a mean which is no number is refused
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooFew(count) => write!(f, "only {count} replications"),
            Refusal::TooNoisy(estimate) => write!(f, "{estimate}: the standard error is too large to judge"),
            Refusal::Off(estimate) => write!(f, "{estimate}: not what the formula says"),
        }
    }
}
