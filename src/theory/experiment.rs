//! An experiment: a setting, the laws under which it runs, and what the closed forms claim about it.

use super::acceptance::Claim;
use super::formulas::Theory;
use super::run::Run;
use super::setting::Setting;
use crate::domain::watch::Watch;
use crate::foundation::random::fold;
use crate::foundation::units::Span;

/// Settings that differ only in their law, and the claims about each.
pub struct Experiment {
    /// What it is about.
    pub name: &'static str,
    /// The laws under which it runs. Tests take the first, and not of all experiments; `fedisim validate-model` all.
    pub laws: &'static [Law],
    /// The setting under a law.
    pub setting: fn(Law) -> Setting,
    /// What the closed forms claim.
    pub claims: fn(&Theory) -> Vec<Claim>,
}

/// A law: how long people watch, and what share of messages is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// The mean of exponential watch times, in seconds; 0 where the setting has watch times of its own.
    pub watch_s: u64,
    /// The share of messages lost on every link, in millionths.
    pub loss_ppm: u32,
}

impl Law {
    /// A setting under this law. Its window begins once the first viewers have left, and is as long as before.
    pub(super) fn of(self, setting: Setting) -> Setting {
        let warm_s = match self.watch_s {
            // longer than a tick interval and an entry's life; a multiple of a tick and of a bucket
            ..=100 => 600,
            101..=300 => 1_800,
            _ => 7_200,
        };
        let warm_s = if setting.from_s == 0 { 0 } else { warm_s };
        Setting {
            watch: Watch::Exponential { mean: Span::from_secs(self.watch_s) },
            loss_ppm: self.loss_ppm,
            end_s: setting.end_s - setting.from_s + warm_s,
            from_s: warm_s,
            ..setting
        }
    }
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.watch_s {
            0 => write!(f, "its own watch times")?,
            mean_s => write!(f, "m = {mean_s} s")?,
        }
        write!(f, ", loss {}", f64::from(self.loss_ppm) / 1e6)
    }
}

impl Experiment {
    /// The replications of a setting: that of the experiment, or one with a planted error. The seed is a hash of the name,
    /// so experiments are independent of each other and of their order.
    pub fn run(&self, setting: &Setting) -> Vec<Run> {
        let letters: Vec<u64> = self.name.bytes().map(u64::from).collect();
        setting.run(fold(&letters))
    }
}
