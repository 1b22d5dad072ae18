//! A rate limit per sender: so many requests in a window that begins with the sender's first request.
//!
//! Fixed windows, as the express-rate-limit package counts them in memory: the first request at or after the end of a
//! window begins the next one. What is done with a refused request is not known here.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::by_instance::ByInstance;

/// What one receiver remembers about its senders.
#[derive(Clone, Debug)]
pub struct RateLimiter {
    requests: u32,
    per: Span,
    /// By sender: when its window began, and the requests taken in it.
    windows: ByInstance<(Time, u32)>,
}

impl RateLimiter {
    /// So many requests of each sender per window.
    pub fn new(requests: u32, per: Span) -> RateLimiter {
        RateLimiter { requests, per, windows: ByInstance::default() }
    }

    /// A request comes: whether it is taken.
    pub fn takes(&mut self, now: Time, from: InstanceId) -> bool {
        let (began, taken) = self.windows.get_or_insert_with(from, || (now, 0));
        if now.since(*began) >= self.per {
            (*began, *taken) = (now, 0);
        }
        let takes = *taken < self.requests;
        *taken += u32::from(takes);
        takes
    }

    /// How long a sender must wait at least until its next window may begin, in whole seconds: what `Retry-After` says.
    pub fn retry_after(&self, now: Time, from: InstanceId) -> Span {
        const SECOND_NS: u64 = 1_000_000_000;
        let left = self.windows.get(from).map_or(Span::ZERO, |&(began, _)| (began + self.per).since(now));
        Span::from_secs(left.ns().div_ceil(SECOND_NS))
    }

    /// How many more requests of a sender are taken in its window.
    pub fn left(&self, from: InstanceId) -> u32 {
        self.windows.get(from).map_or(self.requests, |&(_, taken)| self.requests - taken)
    }

    /// The windows were in the memory of the process.
    pub fn restart(&mut self) {
        self.windows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    #[test]
    fn a_window_begins_with_the_first_request() {
        let mut limiter = RateLimiter::new(2, Span::from_ms(10));
        let taken = [3, 4, 5, 12, 13, 14, 22, 23, 40].map(|ms| limiter.takes(Time::from_ms(ms), A));
        assert_eq!(taken, [true, true, false, false, true, true, false, true, true]);
    }

    #[test]
    fn senders_are_counted_apart_and_forgotten_at_a_restart() {
        let mut limiter = RateLimiter::new(1, Span::from_secs(10));
        let now = Time::from_ms(1);
        assert!(limiter.takes(now, A) && limiter.takes(now, B) && !limiter.takes(now, A));
        limiter.restart();
        assert!(limiter.takes(now, A));
        assert!(!RateLimiter::new(0, Span::from_secs(1)).takes(now, A));
    }

    #[test]
    fn what_is_refused_is_told_when_to_come_again() {
        let mut limiter = RateLimiter::new(1, Span::from_secs(5));
        assert!(limiter.takes(Time::from_ms(1_000), A));
        assert_eq!(limiter.retry_after(Time::from_ms(1_000), A), Span::from_secs(5));
        // the window ends at 6 s: in 2.4 s, which are 3 s in whole seconds
        assert_eq!(limiter.retry_after(Time::from_ms(3_600), A), Span::from_secs(3));
        assert_eq!(limiter.retry_after(Time::from_ms(6_000), A), Span::ZERO);
        assert_eq!(limiter.retry_after(Time::from_ms(3_600), B), Span::ZERO);
    }

    proptest! {
        /// A regular stream below the rate is taken whole; of one above it, `requests` per window.
        #[test]
        fn a_regular_stream_is_taken_at_the_rate(every_ms in 1u64..30, requests in 1u32..20) {
            const WINDOW_MS: u64 = 100;
            let mut limiter = RateLimiter::new(requests, Span::from_ms(WINDOW_MS));
            let per_window = WINDOW_MS.div_ceil(every_ms);
            for number in 0..10 * per_window {
                let is_taken = limiter.takes(Time::from_ms(number * every_ms), A);
                prop_assert_eq!(is_taken, number % per_window < u64::from(requests));
            }
        }
    }
}
