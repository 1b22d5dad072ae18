//! The closed forms of delivery and of what is asked back, as functions of their parameters. Each comment begins with its row in
//! `docs/closed-forms.md`.
//!
//! Times are exact, in whole nanoseconds, and mean the time since the first of what is counted has begun. Activities, requests and
//! jobs are numbered from 0. Nothing here depends on the simulation.

use crate::foundation::units::Span;
use libm::pow;

const SECOND_NS: u64 = 1_000_000_000;

/// 21, 26: how long each waits of those that come `apart` to one server that works `service` on each: D/D/1. Nobody does if
/// service <= apart; viewers who each cause one per period come period / viewers apart, those of a burst not at all.
pub fn waits(count: u64, apart: Span, service: Span) -> Vec<Span> {
    (0..count).map(|number| Span::from_ns(service.ns().saturating_sub(apart.ns())) * number).collect()
}

/// A queue with one request at a time, and the ways of its requests.
#[derive(Clone, Copy)]
pub struct OneAtATime {
    /// The latency from sender to receiver.
    pub there: Span,
    /// That from receiver to sender.
    pub back: Span,
    /// Round trips of the handshake of a connection: 1 with TCP, 2 with TLS.
    pub handshake: u64,
    /// Whether the connection is kept for the next request.
    pub is_kept: bool,
}

impl OneAtATime {
    /// 22: how long the queue takes for each request but the first: 1 / throughput.
    pub fn per_request(&self) -> Span {
        let handshake = if self.is_kept { 0 } else { self.handshake };
        (self.there + self.back) * (1 + handshake)
    }

    /// 22: when requests are delivered that are in the queue from the beginning.
    pub fn deliveries(&self, requests: u64) -> Vec<Span> {
        let first = (self.there + self.back) * self.handshake + self.there;
        (0..requests).map(|number| first + self.per_request() * number).collect()
    }
}

/// 23: what Misskey waits after failure n = 1, 2, ...: (2^n - 1) minutes, at most 8 h.
pub fn misskey_wait(failures: u32) -> Span {
    Span::from_secs(60 * ((1 << failures) - 1)).min(Span::from_secs(8 * 3_600))
}

/// 23: what Mastodon waits after failure n = 1, 2, ...: (n - 1)^4 + 15 seconds.
pub fn mastodon_wait(failures: u32) -> Span {
    Span::from_secs(u64::from(failures - 1).pow(4) + 15)
}

/// 23: when a message that always fails is tried, each time for a round trip.
pub fn attempts(count: u32, round_trip: Span, wait: fn(u32) -> Span) -> Vec<Span> {
    let next = |after: &Span, failures: u32| *after + round_trip + wait(failures);
    let mut all = vec![Span::ZERO];
    (1..count).for_each(|failures| all.push(next(&all[all.len() - 1], failures)));
    all
}

/// 24: when the head of a held queue is tried for the n-th time after its first failure (n = 0: at once): 5 (1.25^n - 1) s + n r.
/// Each of the n waits of which the power is the sum, 1.25, 1.25^2, ... s, is rounded down to a nanosecond.
pub fn head_tried(n: u32, round_trip: Span) -> Span {
    let wait_ns = |power: u32| u128::from(SECOND_NS) * 5u128.pow(power) / 4u128.pow(power);
    let waits_ns: u128 = (1..=n).map(wait_ns).sum();
    Span::from_ns(waits_ns as u64) + round_trip * u64::from(n)
}

/// 24: all tries of the head after its first failure, the last one being the first that does not fail: that after the outage.
pub fn head_tries(outage: Span, round_trip: Span) -> Vec<Span> {
    let tries = (0..).map(|n| head_tried(n, round_trip));
    let failed = tries.take_while(|tried| *tried < outage).count() as u32;
    (0..=failed).map(|n| head_tried(n, round_trip)).collect()
}

/// 25: when the requests begin that wait behind the head of a queue, after that of the head. It came `age` before its request
/// began, the others `apart`; one request takes `service`. The queue is empty when the last of them begins.
pub fn catch_up(age: Span, apart: Span, service: Span) -> Vec<Span> {
    let behind = age.ns().div_ceil((apart - service).ns());
    (1..behind).map(|number| service * number).collect()
}

/// 26: how long a job to so many inboxes takes: it is signed, then rounds of `at_once` requests.
pub fn job(signed: Span, inboxes: u64, at_once: u64, request: Span) -> Span {
    signed + request * inboxes.div_ceil(at_once)
}

/// 28: the most that wait in an inbox that works `service` on each and gets one of `count` every `apart`, which is less.
pub fn peak_behind(count: u64, apart: Span, service: Span) -> u64 {
    let last = count - 1;
    last - last * apart.ns() / service.ns()
}

/// 29: the most that wait for one server with a fixed service.
pub fn most_waiting(longest_wait: Span, service: Span) -> u64 {
    longest_wait.ns().div_ceil(service.ns())
}

/// 30: mean time per request, in seconds, that a limit takes of a Poisson stream.
pub fn per_request_taken_s(limit: f64, window_s: f64, rate_per_s: f64) -> f64 {
    (window_s + 1.0 / rate_per_s) / limit
}

/// 31: when requests come again that a limit refused, those that came at `came` within a window: as late as `Retry-After` says, in
/// whole seconds, after the refusal, and `trip` later: the way back, and then the way there on a new connection.
pub fn comes_again(came: impl Iterator<Item = Span>, window: Span, trip: Span) -> Vec<Span> {
    let told = |at: Span| Span::from_secs((window - at).ns().div_ceil(SECOND_NS));
    came.map(|at| at + told(at) + trip).collect()
}

/// 32: whether a `Date` is taken by a receiver whose clock is `ahead_ns` ahead of its sender's (or behind, if less than 0), `way` after
/// the signature.
pub fn date_is_taken(ahead_ns: i64, way: Span, old: Span, ahead: Span) -> bool {
    let age_ns = ahead_ns + way.ns() as i64;
    -(ahead.ns() as i64) <= age_ns && age_ns <= old.ns() as i64
}

/// A network that loses each leg of a request on a new connection with probability p, and so many attempts.
#[derive(Clone, Copy)]
pub struct Lossy {
    /// The probability.
    pub p: f64,
    /// Attempts for each activity.
    pub attempts: u32,
}

impl Lossy {
    /// a, a request arrives: the first leg there and that back, for the handshake.
    fn arrives(&self) -> f64 {
        (1.0 - self.p) * (1.0 - self.p)
    }

    /// g, it is good: its answer arrives, too.
    fn good(&self) -> f64 {
        self.arrives() * (1.0 - self.p)
    }

    /// 33: share of activities that never arrive.
    pub fn never(&self) -> f64 {
        pow(1.0 - self.arrives(), f64::from(self.attempts))
    }

    /// 33: arrivals per activity.
    pub fn arrivals(&self) -> f64 {
        self.arrives() * (1.0 - pow(1.0 - self.good(), f64::from(self.attempts))) / self.good()
    }

    /// 33: arrivals per activity of what had arrived before.
    pub fn duplicates(&self) -> f64 {
        self.arrivals() - (1.0 - self.never())
    }
}

/// 34: bytes in the busiest second of an origin whose followers all fetch `answer` bytes within it.
pub fn busiest_second(followers: u64, answer: u64) -> u64 {
    followers * answer
}

/// Askers whose answers leave an uplink one after the other; it is never idle between them.
#[derive(Clone, Debug)]
pub struct GetHerd {
    /// When each begins its GET.
    pub begun: Vec<Span>,
    /// The bytes of an answer / the rate of the uplink.
    pub answer: Span,
    /// From the beginning of a GET to its arrival at the uplink, with the handshake.
    pub there: Span,
    /// The latency of the answer.
    pub back: Span,
    /// An asker waits so long after it began.
    pub timeout: Span,
}

impl GetHerd {
    /// 35: when GETs begin that posts cause, each as soon as it arrives, after the first: the posts leave the same uplink one after the
    /// other.
    pub fn begun_after(posts: impl IntoIterator<Item = u64>, ns_per_byte: u64) -> Vec<Span> {
        let mut left_ns = 0;
        let leaves = posts.into_iter().skip(1).map(|bytes| {
            left_ns += bytes * ns_per_byte;
            Span::from_ns(left_ns)
        });
        std::iter::once(Span::ZERO).chain(leaves).collect()
    }

    /// 35: when answers arrive: the k-th k answers after the first GET came.
    pub fn answered(&self) -> Vec<Span> {
        (1..=self.begun.len() as u64).map(|number| self.there + self.answer * number + self.back).collect()
    }

    /// 35: the most answers that end in one second [k, k + 1) of an uplink that is never idle.
    pub fn most_in_a_second(&self) -> u64 {
        Span::from_secs(1).ns().div_ceil(self.answer.ns())
    }

    /// 35: how many askers have stopped waiting before.
    pub fn timed_out(&self) -> u64 {
        let both = self.begun.iter().zip(self.answered());
        both.filter(|(begun, answered)| **begun + self.timeout < *answered).count() as u64
    }
}
