//! Other traffic: what shares the queues with Views, and how large it is.
//!
//! Sources: measured on three real PeerTube 6.3.0 servers (docs/model.md).

use crate::domain::arrivals::RateCurve;
use crate::domain::asked_back::{AskedBack, Preview, answer_after_update, answer_at_first_contact};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::foundation::units::{Span, Time};
use crate::mechanism::activity::{Activity, FetchReason};
use crate::mechanism::wire::OtherBodies;
use std::sync::Arc;

/// What is sent beside Views.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtherTraffic {
    /// Every so often each instance broadcasts one `Update` for each of its videos that was viewed.
    pub update_every: Option<Span>,
    /// Whether a follower reports each visit to the origin, 1 to 2 hours after its end.
    pub watch_actions: bool,
    /// Whatever else is published.
    pub background: Vec<Background>,
    /// What receivers ask back.
    pub asked_back: AskedBack,
    /// How large all that is.
    pub bodies: OtherBodies,
}

impl OtherTraffic {
    /// Bytes of the answer to a GET, head and body.
    pub fn answer_bytes(&self, get: &Activity) -> u32 {
        match get.fetch() {
            Some((FetchReason::AfterUpdate, place, _)) => answer_after_update(place as u32),
            Some((FetchReason::Actor | FetchReason::Video, _, resource)) => {
                answer_at_first_contact(resource, self.bodies.update_bytes)
            }
            // that answer has the size of what is counted, and of whether who asks knows it
            Some((FetchReason::Count, ..)) => 0,
            Some((FetchReason::Preview, ..)) | None => {
                let preview = self.background[get.stamp.session.index()].preview;
                preview.map_or(0, |preview| preview.answer_bytes)
            }
        }
    }
}

/// Broadcast jobs of one origin in the sequential queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// The video whose origin sends them, to whoever follows it.
    pub video: VideoId,
    /// When they come.
    pub jobs: Jobs,
    /// Only to these of its followers, ascending; else to all.
    pub to: Option<Arc<[InstanceId]>>,
    /// The bytes of a body.
    pub body_bytes: u32,
    /// What its receivers fetch of the video's origin, if they do.
    pub preview: Option<Preview>,
}

/// When the jobs of one entry of the background come.
#[derive(Clone, Debug, PartialEq)]
pub enum Jobs {
    /// At a constant mean rate, at exponential intervals.
    Rate {
        /// Jobs per second.
        per_s: f64,
        /// None comes before.
        from: Time,
        /// Those that would come then or later do not; else they come to the end.
        until: Option<Time>,
    },
    /// A Poisson process of this rate.
    Curve(RateCurve),
    /// All at one instant.
    Burst {
        /// How many.
        count: u32,
        /// When.
        at: Time,
    },
}

impl Jobs {
    /// A storm: `count` jobs to be expected, whose rate is highest at `at` and falls linearly to nothing within `over`.
    pub fn storm(count: f64, at: Time, over: Span) -> Jobs {
        let highest_per_s = 2.0 * count / over.secs_f64();
        Jobs::Curve(RateCurve::new(vec![(at, highest_per_s), (at + over, 0.0)]))
    }

    /// When job `number` comes, if it does; the one before it came at `last` (at the start, for the first).
    /// `step` is its draw from the exponential distribution with mean 1.
    pub fn next(&self, number: u32, last: Time, step: impl FnOnce() -> f64) -> Option<Time> {
        match self {
            Jobs::Rate { per_s, from, until } => {
                // the limit lies beyond every run; a rate of 0 gives it too
                let gap = Span::from_secs_f64((step() / per_s).min(1e9));
                let at = last.max(*from) + gap;
                until.is_none_or(|until| at < until).then_some(at)
            }
            // an instant is rounded to ns: no job comes before the one before it
            Jobs::Curve(curve) => Some(curve.inverse(curve.cumulative(last) + step())?.max(last)),
            Jobs::Burst { count, at } => (number < *count).then_some(*at),
        }
    }

    /// How many are to be expected up to `end`.
    pub fn expected(&self, end: Time) -> f64 {
        match self {
            Jobs::Rate { per_s, from, until } => {
                per_s * until.map_or(end, |until| until.min(end)).since(*from).secs_f64()
            }
            Jobs::Curve(curve) => curve.cumulative(end),
            Jobs::Burst { count, at } => {
                if *at <= end {
                    f64::from(*count)
                } else {
                    0.0
                }
            }
        }
    }

    /// When the last one has come at the latest; none if they go on to the end.
    pub fn last(&self) -> Option<Time> {
        match self {
            Jobs::Rate { until, .. } => *until,
            Jobs::Curve(curve) => curve.knots.last().map(|knot| knot.0),
            Jobs::Burst { at, .. } => Some(*at),
        }
    }
}

impl Background {
    /// Those of `followers` that get its jobs; both are in ascending order.
    pub fn recipients(&self, followers: &Arc<[InstanceId]>) -> Arc<[InstanceId]> {
        let Some(to) = &self.to else { return Arc::clone(followers) };
        followers.iter().copied().filter(|id| to.binary_search(id).is_ok()).collect()
    }
}

/// Which files a video has, for the size of its `Update`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// An HLS playlist.
    Hls,
    /// Web videos.
    Web,
    /// Both.
    Both,
}

/// The bytes of an `Update` of a video with so many resolutions.
pub fn update_bytes(files: Files, resolutions: u32) -> u64 {
    let (base, per_resolution) = match files {
        // 15,402 bytes were measured with six resolutions
        Files::Hls => (15_402 - 6 * 1_565, 1_565),
        Files::Web => (5_600, 1_359),
        Files::Both => (6_000, 2_925),
    };
    base + per_resolution * u64::from(resolutions)
}

/// The bytes of the WatchAction of a visit that watched so many sections.
pub fn watch_action_bytes(sections: u32) -> u64 {
    1_743 + 38 * u64::from(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    /// When the jobs come whose steps are all `step`, up to so many.
    fn times(jobs: &Jobs, step: f64, most: u32) -> Vec<Time> {
        let next = |last: &mut (u32, Time)| {
            let time = jobs.next(last.0, last.1, || step).filter(|_| last.0 < most)?;
            *last = (last.0 + 1, time);
            Some(time)
        };
        let mut last = (0, Time::ZERO);
        std::iter::from_fn(|| next(&mut last)).collect()
    }

    #[test]
    fn a_rate_comes_step_by_step_between_its_ends() {
        let always = Jobs::Rate { per_s: 2.0, from: Time::ZERO, until: None };
        assert_eq!(times(&always, 1.0, 3), [500, 1_000, 1_500].map(at));
        let within = Jobs::Rate { per_s: 2.0, from: at(4_000), until: Some(at(5_500)) };
        assert_eq!(times(&within, 1.0, 9), [4_500, 5_000].map(at));
        let never = Jobs::Rate { per_s: 0.0, from: Time::ZERO, until: None };
        assert_eq!(times(&never, 1.0, 1), [Time::ZERO + Span::from_secs(1_000_000_000)]);
        for (end, expected) in [(at(5_000), 2.0), (at(9_000), 3.0), (at(1_000), 0.0)] {
            assert!((within.expected(end) - expected).abs() < 1e-9);
        }
        assert_eq!((always.last(), within.last()), (None, Some(at(5_500))));
    }

    /// A storm of 8 in 4 s begins with 4 /s: after x s, 4 x - x^2 / 2 have come.
    #[test]
    fn a_storm_comes_less_and_less_often() {
        let storm = Jobs::storm(8.0, at(1_000), Span::from_secs(4));
        let found = times(&storm, 2.0, 9);
        let expected = [2.0, 4.0, 6.0, 8.0].map(|came: f64| 1.0 + 4.0 - (16.0 - 2.0 * came).sqrt());
        assert!(found.len() >= 3, "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.since(Time::ZERO).secs_f64() - expected).abs() < 1e-6, "{found:?} {expected}");
        }
        assert!((storm.expected(at(3_000)) - 6.0).abs() < 1e-9);
        assert_eq!(storm.last(), Some(at(5_000)));
    }

    #[test]
    fn a_burst_comes_at_once() {
        let burst = Jobs::Burst { count: 3, at: at(7) };
        assert_eq!(times(&burst, f64::NAN, 9), [7, 7, 7].map(at));
        assert!(burst.expected(at(6)).abs() < 1e-9 && (burst.expected(at(7)) - 3.0).abs() < 1e-9);
        assert_eq!(burst.last(), Some(at(7)));
    }
}
