//! The closed forms as functions of the parameters. Each comment begins with its row in `docs/closed-forms.md`.
//!
//! Times are in seconds, rates per second. Arrivals at each instance are Poisson, watch times exponential but where any law
//! will do, each viewer has one session; tick phases are uniform. Nothing here depends on the simulation.

use crate::domain::watch::Watch;
use crate::foundation::units::Span;
use libm::{exp, expm1, pow};

/// The parameters that the formulas need.
#[derive(Clone, Debug)]
pub struct Theory {
    /// Arrivals: at the origin, then at each follower.
    pub rates_per_s: Vec<f64>,
    /// Mean watch time m.
    pub watch_s: f64,
    /// The law of the watch time.
    pub watch: Watch,
    /// Interval h between heartbeats.
    pub heartbeat_s: f64,
    /// Age from which a viewer is sent again.
    pub refederation_age_s: f64,
    /// Lifetime L of an entry.
    pub lifetime_s: f64,
    /// Interval T between ticks.
    pub tick_s: f64,
    /// Mean one-way delay d.
    pub delay_s: f64,
    /// Share of messages lost.
    pub loss: f64,
}

impl Theory {
    fn followers(&self) -> f64 {
        (self.rates_per_s.len() - 1) as f64
    }

    pub(super) fn origin_rate(&self) -> f64 {
        self.rates_per_s[0]
    }

    fn remote_rate(&self) -> f64 {
        self.rates_per_s[1..].iter().sum()
    }

    /// p, the time between two Views of a viewer: the first heartbeat at or after the re-federation age.
    fn period_s(&self) -> f64 {
        self.heartbeat_s * libm::ceil(self.refederation_age_s / self.heartbeat_s)
    }

    /// q, the probability that a viewer is still there one period later.
    fn stays(&self) -> f64 {
        exp(-self.period_s() / self.watch_s)
    }

    /// Mean time from the first View of a viewer to the last: p q / (1 - q).
    fn last_view_s(&self) -> f64 {
        self.period_s() * self.stays() / (1.0 - self.stays())
    }

    /// L + T/2: an entry that is extended no more stays so long.
    fn tail_s(&self) -> f64 {
        self.lifetime_s + self.tick_s / 2.0
    }

    /// 1: mean true viewers.
    pub fn true_viewers(&self) -> f64 {
        (self.origin_rate() + self.remote_rate()) * self.watch_s
    }

    /// 1: share of time without a viewer: their number is Poisson.
    pub fn nobody_share(&self) -> f64 {
        exp(-self.true_viewers())
    }

    /// 3a: heartbeats of one session, under any law: one at each k h that it outlasts.
    pub fn heartbeats_of_any_law(&self) -> f64 {
        self.outlasted(self.heartbeat_s)
    }

    /// 7: Views of one viewer, under any law: one at each k p that the visit outlasts.
    pub fn views_of_any_law(&self) -> f64 {
        self.outlasted(self.period_s())
    }

    /// sum_{k>=0} P(W > k s), up to the tail of which less than 1e-12 of all viewers are part.
    fn outlasted(&self, step_s: f64) -> f64 {
        let left = (1u32..).map(|k| self.watch.survival(Span::from_secs_f64(f64::from(k) * step_s)));
        1.0 + left.take_while(|&left| left > 1e-12).sum::<f64>()
    }

    /// 3: mean time from the start to the last heartbeat.
    pub fn last_heartbeat_s(&self) -> f64 {
        self.heartbeat_s / expm1(self.heartbeat_s / self.watch_s)
    }

    /// 4: life of an entry at the viewer's own instance.
    pub fn own_entry_s(&self) -> f64 {
        self.last_heartbeat_s() + self.tail_s()
    }

    /// 5: display of own viewers at the origin.
    pub fn own_display(&self) -> f64 {
        self.origin_rate() * self.own_entry_s()
    }

    /// 5: how far that is above the truth; the exact mean of the last heartbeat in place of m - h/2.
    pub fn own_bias(&self) -> f64 {
        self.origin_rate() * (self.own_entry_s() - self.watch_s)
    }

    /// 5a: display of own viewers at the origin that are all behind one address: one, unless row 6, which is Poisson, gives nobody.
    pub fn one_address_display(&self) -> f64 {
        let at_tick = self.origin_rate() * (self.last_heartbeat_s() + self.lifetime_s);
        let until_next = self.origin_rate() * self.tick_s;
        1.0 + exp(-at_tick) * expm1(-until_next) / until_next
    }

    /// 6: display of own viewers at the origin `age_s` after its tick.
    pub fn own_display_after_tick(&self, age_s: f64) -> f64 {
        self.origin_rate() * (self.last_heartbeat_s() + self.lifetime_s + age_s)
    }

    /// 7: Views of one viewer.
    pub fn views_per_session(&self) -> f64 {
        1.0 / (1.0 - self.stays())
    }

    /// 7: Views of one viewer who watches exactly `watch_s`: at 0, p, 2p, ... strictly before the end, as
    /// the recordings have it.
    pub fn views_of_fixed_watch(&self, watch_s: f64) -> f64 {
        libm::ceil(watch_s / self.period_s())
    }

    /// 8: messages per second under v1.
    pub fn v1_messages_per_s(&self) -> f64 {
        self.origin_rate() * self.followers() * self.views_per_session() + self.remote_messages_per_s()
    }

    /// 8, its remote part: a unicast, and forwards to all other followers of what arrives.
    fn remote_messages_per_s(&self) -> f64 {
        let copies = 1.0 + (self.followers() - 1.0) * (1.0 - self.loss);
        self.remote_rate() * self.views_per_session() * copies
    }

    /// 9: life of the one entry of a viewer who is `hops` messages away.
    pub fn remote_entry_once_s(&self, hops: i32) -> f64 {
        let arrives = pow(1.0 - self.loss, f64::from(hops));
        let mut until_next_s = 0.0;
        let mut has_next = 0.0;
        for views in 1..200 {
            // w_k: the next View that arrives is the k-th from now
            let share =
                pow(self.stays(), f64::from(views)) * pow(1.0 - arrives, f64::from(views - 1)) * arrives;
            until_next_s += share * self.covered_s(self.period_s() * f64::from(views));
            has_next += share;
        }
        let covered_s = until_next_s + (1.0 - has_next) * self.tail_s();
        self.views_per_session() * arrives * covered_s - self.delay_s * f64::from(hops)
    }

    /// c_k of row 9: how much of a gap of `gap_s` between two arrivals an entry covers. It leaves at the first tick
    /// after its lifetime, which comes uniformly within T.
    pub fn covered_s(&self, gap_s: f64) -> f64 {
        let over_s = (gap_s - self.lifetime_s).clamp(0.0, self.tick_s);
        gap_s.min(self.lifetime_s) + over_s - over_s * over_s / (2.0 * self.tick_s)
    }

    /// 10: life of all entries of a viewer who is `hops` messages away, when each View makes one more.
    pub fn remote_entries_each_s(&self, hops: i32) -> f64 {
        let arrives = pow(1.0 - self.loss, f64::from(hops));
        self.views_per_session() * arrives * (self.tail_s() - self.delay_s * f64::from(hops))
    }

    /// 5 with 9 or 10: what an origin shows of its own viewers and those of its followers.
    pub fn origin_display(&self, remote_entry_s: f64) -> f64 {
        self.own_display() + self.remote_rate() * remote_entry_s
    }

    /// The same at a follower, averaged over the followers: own viewers, the origin's at one hop, the others' at two.
    pub fn follower_display(&self, one_hop_s: f64, two_hops_s: f64) -> f64 {
        let own = self.remote_rate() / self.followers();
        own * self.own_entry_s() + self.origin_rate() * one_hop_s + (self.remote_rate() - own) * two_hops_s
    }

    /// 11: X, the total at a tick.
    pub fn total(&self) -> f64 {
        let own = self.origin_rate() * (self.last_heartbeat_s() + self.lifetime_s);
        own + self.remote_rate() * (self.last_view_s() + self.lifetime_s - self.delay_s)
    }

    /// 12: display at a follower under v2 without forwarding, averaged over the followers.
    pub fn v2_display(&self) -> f64 {
        self.total() + self.remote_rate() / self.followers() * self.tick_s / 2.0
    }

    /// 13: messages per second under v2 without forwarding; no total is sent for nobody.
    pub fn v2_messages_per_s(&self) -> f64 {
        let views = self.remote_rate() * self.views_per_session();
        views + self.followers() / self.tick_s * -expm1(-self.total())
    }

    /// 14: messages per second under v2 with forwarding.
    pub fn forwarding_messages_per_s(&self) -> f64 {
        self.remote_messages_per_s() + self.followers() / self.tick_s
    }

    /// 15: display at a follower under v2 with forwarding and without de-duplication, for equal rates at the
    /// followers; approximately.
    pub fn clobbered_display(&self) -> f64 {
        let own = self.remote_rate() / self.followers();
        let clobbers_per_s = (self.remote_rate() - own) * self.views_per_session();
        let clobbers = clobbers_per_s * self.tick_s;
        let whole = -expm1(-clobbers) / clobbers;
        let origin = self.origin_rate() * (self.last_heartbeat_s() + self.lifetime_s);
        let remote = self.remote_rate() * self.views_per_session() * (self.lifetime_s - self.delay_s);
        (origin + remote) * whole + (1.0 - whole) + own * (1.0 - whole) / clobbers_per_s
    }

    /// 16: age of the newest total that was received.
    pub fn total_age_s(&self) -> f64 {
        self.delay_s + self.tick_s * (1.0 + self.loss) / (2.0 * (1.0 - self.loss))
    }

    /// 16a: its age while one is shown.
    pub fn shown_total_age_s(&self) -> f64 {
        self.delay_s + self.tick_s * (0.5 + 2.0 * self.loss / 3.0) / (1.0 + self.loss / 2.0)
    }

    /// 17: share of time for which a follower shows zero because totals are lost.
    pub fn zero_share(&self) -> f64 {
        self.loss * (1.0 + self.loss) / 2.0
    }
}
