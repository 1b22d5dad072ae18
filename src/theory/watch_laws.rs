//! Watch times of other laws than the exponential: one crowd of which one member is there on average, under each law.
//!
//! Whatever the law, the number of viewers is Poisson (M/G/infinity), so that its variance is its mean; what is sent follows
//! from the survival function at the heartbeats. Viewers sit at a follower and send their Views to the origin. Samples
//! begin after the longest visits of the first viewers but for one in 10,000 of the viewers there.

use super::acceptance::{Claim, claim};
use super::formulas::Theory;
use super::run::Run;
use super::setting::{Setting, Window};
use crate::domain::protocol::{Parameters, Rules};
use crate::domain::watch::{Quantiles, Watch};
use crate::foundation::units::Span;

/// Live streams (Veloso et al., "A hierarchical characterization of a live streaming media workload").
pub(super) fn lognormal() -> Watch {
    Watch::Lognormal { median: Span::from_secs(80), sigma: 1.43 }
}

/// A tail heavier than an exponential's.
pub(super) fn weibull() -> Watch {
    Watch::Weibull { scale: Span::from_secs(150), shape: 0.6 }
}

/// Half stay for 80 s, one in ten for more than 10 minutes.
pub(super) fn quantiles() -> Watch {
    let at = |share, s| (share, Span::from_secs(s));
    Watch::Quantiles(Quantiles::new(&[at(0.0, 0), at(0.5, 80), at(0.9, 600), at(1.0, 7_200)]))
}

/// Heartbeats are 60 s apart, so p = 120 s.
pub(super) fn one_viewer(watch: Watch) -> Setting {
    let rules = Rules::preset("v1").expect("a preset");
    let rules =
        Rules { parameters: Parameters { heartbeat: Span::from_secs(60), ..rules.parameters }, ..rules };
    // as many visits in the window under each law
    let (warm_s, window_s) = (60_000, 5_600 * watch.mean().secs_f64() as u64);
    let rates = [0.0, 1.0 / watch.mean().secs_f64()];
    let window = Window::Steady(Span::from_secs(97));
    Setting { watch, window, ..Setting::poisson(rules, &rates, warm_s, warm_s + window_s) }
}

/// What holds for any law.
pub(super) fn claims(theory: &Theory) -> Vec<Claim> {
    let per_s = theory.rates_per_s[1];
    vec![
        claim("1 true viewers", Run::true_viewers, theory.true_viewers()),
        claim("1 variance of the true viewers", Run::variance_about_one, theory.true_viewers()),
        claim("1 share of time with nobody", Run::nobody_share, theory.nobody_share()),
        claim("3a heartbeats /s", Run::heartbeats_per_s, per_s * theory.heartbeats_of_any_law()),
        claim("7 Views /s", Run::messages_per_s, per_s * theory.views_of_any_law()),
    ]
}
