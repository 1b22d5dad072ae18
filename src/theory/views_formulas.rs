//! The closed forms of the views counter, as functions of their parameters. Each comment begins with its row in
//! `docs/closed-forms.md`. Nothing here depends on the simulation.

use libm::exp;

/// Flushes at a fixed interval, of a video that is viewed at the origin in a Poisson process, with many views per interval.
#[derive(Clone, Copy)]
pub(super) struct Lag {
    /// Between two flushes.
    pub(super) interval_s: f64,
    /// Views.
    pub(super) rate_per_s: f64,
    /// From the origin to the follower.
    pub(super) latency_s: f64,
    /// The share of messages that is lost.
    pub(super) loss: f64,
}

impl Lag {
    /// The mean over ages of a flush, from one to another, of the time since the first view after it.
    fn mean_s(&self, from_s: f64, until_s: f64) -> f64 {
        let rate = self.rate_per_s;
        let without_view = (exp(-rate * from_s) - exp(-rate * until_s)) / (rate * rate * (until_s - from_s));
        (from_s + until_s) / 2.0 - 1.0 / rate + without_view
    }

    /// 36: how long the first view has been missing that the origin does not display.
    pub(super) fn at_origin_s(&self) -> f64 {
        self.mean_s(0.0, self.interval_s)
    }

    /// 37: the same at a follower. The flush that it knows of is n intervals older than the last one that can have come, if so many
    /// `Update`s in a row got lost; only in the first interval can a view be waited for.
    pub(super) fn at_follower_s(&self) -> f64 {
        let of_last = self.mean_s(self.latency_s, self.latency_s + self.interval_s);
        let older =
            |n: f64| n * self.interval_s + self.latency_s + self.interval_s / 2.0 - 1.0 / self.rate_per_s;
        // there are some losses in a row with probability q, and then 1 / (1 - q) on average
        (1.0 - self.loss) * of_last + self.loss * older(1.0 / (1.0 - self.loss))
    }

    /// 38: the views that the origin does not display yet.
    pub(super) fn lacking_at_origin(&self) -> f64 {
        self.rate_per_s * self.interval_s / 2.0
    }

    /// 38: the same of a follower.
    pub(super) fn lacking_at_follower(&self) -> f64 {
        let lost = self.loss / (1.0 - self.loss);
        self.rate_per_s * (self.interval_s * (0.5 + lost) + self.latency_s)
    }
}
