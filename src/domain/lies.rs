//! Lies: what an instance says of others' videos that is not so, and when.
//!
//! Only what servers believe is here: a signature is the liar's own, or that of a View which it once sent. Before 8.2.4 any signer's `result` is
//! shown, whatever its number (tried on real servers).

use crate::domain::federation::Federation;
use crate::domain::protocol::{FollowerTotal, Rules};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};

/// One lie of one instance about one video of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lie {
    /// Who tells it.
    pub instance: InstanceId,
    /// Which video it is about.
    pub video: VideoId,
    /// When it begins.
    pub from: Time,
    /// When it is over: nothing is told then or later.
    pub until: Time,
    /// What is told.
    pub what: Falsehood,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falsehood {
    /// That it has so many times its viewers (at least 2): in its totals, or by that many Views for each of theirs.
    Times(u32),
    /// That it has so many viewers more: in its totals, or one by one, evenly, and again as often as viewers are.
    Viewers(u32),
    /// To the origin: a viewer who was never there before, each time.
    Flood {
        /// So often.
        every: Span,
    },
    /// To each instance that follows the origin: the number of viewers of the video.
    Result {
        /// That number.
        count: u32,
        /// So often.
        every: Span,
    },
    /// To the origin: the last View of viewers that it sent truly, again.
    Replay {
        /// So often.
        every: Span,
    },
}

impl Lie {
    /// Who hears a false result: all that show the video, but its origin and the liar.
    pub fn hearers(&self, federation: &Federation) -> impl Iterator<Item = InstanceId> {
        federation.showing(self.video).skip(1).filter(|id| *id != self.instance)
    }

    /// How long after one telling the next comes, by the rules that the liar has; none if it is told beside what is said anyway.
    pub fn every(&self, rules: &Rules) -> Option<Span> {
        let parameters = &rules.parameters;
        match self.what {
            Falsehood::Times(_) => None,
            // its totals say it; what it speaks later may have none
            Falsehood::Viewers(_) if rules.follower_total == FollowerTotal::Yes => {
                Some(parameters.tick_interval)
            }
            Falsehood::Viewers(viewers) => {
                // the first heartbeat when a viewer is due
                let beats =
                    parameters.refederation_age.ns().div_ceil(parameters.heartbeat.ns().max(1)).max(1);
                let period_ns = u128::from(parameters.heartbeat.ns()) * u128::from(beats);
                let every_ns = period_ns / u128::from(viewers.max(1));
                Some(Span::from_ns(u64::try_from(every_ns).unwrap_or(u64::MAX).max(1)))
            }
            Falsehood::Flood { every } | Falsehood::Result { every, .. } | Falsehood::Replay { every } => {
                Some(every)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heartbeats come every 5 s, and a viewer is sent again after 90 s, or after 7.5 s, which is the second heartbeat.
    #[test]
    fn viewers_who_do_not_exist_are_sent_as_often_as_others() {
        let every_ms = |protocol: &str, what| {
            let lie =
                Lie { instance: InstanceId(1), video: VideoId(0), from: Time::ZERO, until: Time::ZERO, what };
            lie.every(&Rules::preset(protocol).expect("a preset")).map(|every| every.ns() / 1_000_000)
        };
        assert_eq!(every_ms("v1", Falsehood::Viewers(45)), Some(2_000));
        assert_eq!(every_ms("v4", Falsehood::Viewers(45)), Some(10_000));
        assert_eq!(every_ms("v1", Falsehood::Times(3)), None);
        assert_eq!(every_ms("v3", Falsehood::Flood { every: Span::from_ms(50) }), Some(50));
        let mut rules = Rules::preset("peertube-8.2.4").expect("a preset");
        rules.parameters.refederation_age = Span::from_ms(7_500);
        let lie = Lie {
            instance: InstanceId(1),
            video: VideoId(0),
            from: Time::ZERO,
            until: Time::ZERO,
            what: Falsehood::Viewers(10),
        };
        assert_eq!(lie.every(&rules), Some(Span::from_secs(1)));
    }
}
