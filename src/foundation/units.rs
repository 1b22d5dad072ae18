//! Time in whole nanoseconds, as instants since the start of a run (`Time`) and as lengths (`Span`).
//!
//! 2^64 ns are 584 years; sums are checked, so an overflow is a bug that stops the run and never a wrong number.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An instant: nanoseconds since T0, the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

impl Time {
    /// T0, the start of the run.
    pub const ZERO: Time = Time(0);

    /// After all instants.
    pub const NEVER: Time = Time(u64::MAX);

    /// The instant `ns` nanoseconds after T0.
    pub const fn from_ns(ns: u64) -> Time {
        Time(ns)
    }

    /// The instant `ms` milliseconds after T0.
    pub const fn from_ms(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    /// Nanoseconds since T0.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// Whole microseconds since T0, rounded down.
    pub const fn us(self) -> u64 {
        self.0 / 1_000
    }

    /// Whole milliseconds since T0, rounded down.
    pub const fn ms(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time since `earlier`, zero if that is in the future.
    pub fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Whether another instant is no further away than `within`.
    pub fn is_near(self, other: Time, within: Span) -> bool {
        self.0.abs_diff(other.0) <= within.0
    }

    /// The instant `span` before this one, T0 at the earliest.
    pub fn before(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A length in nanoseconds.
    pub const fn from_ns(ns: u64) -> Span {
        Span(ns)
    }

    /// A length in whole microseconds, the resolution of latencies.
    pub const fn from_us(us: u64) -> Span {
        Span(us * 1_000)
    }

    /// A length in milliseconds.
    pub const fn from_ms(ms: u64) -> Span {
        Span(ms * 1_000_000)
    }

    /// A length in seconds.
    pub const fn from_secs(s: u64) -> Span {
        Span(s * 1_000_000_000)
    }

    /// The length in nanoseconds.
    pub const fn ns(self) -> u64 {
        self.0
    }

    /// Whole microseconds, rounded down.
    pub const fn us(self) -> u64 {
        self.0 / 1_000
    }

    /// Seconds as a float, for rates and for people.
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Its whole seconds.
    pub const fn whole_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The length of `secs` seconds, rounded to a nanosecond; at least 0, at most 584 years.
    pub fn from_secs_f64(secs: f64) -> Span {
        Span(libm::round(secs * 1e9) as u64)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0 + span.0)
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0 - other.0)
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, times: u64) -> Span {
        Span(self.0 * times)
    }
}

/// The largest unit in which the length is a whole number: `90 s`, `1500 ms`, `2 h`. Scenario files read it back.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u64); 6] = [
            ("h", 3_600_000_000_000),
            ("min", 60_000_000_000),
            ("s", 1_000_000_000),
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
        ];
        let fits = |&&(_, ns): &&(&str, u64)| self.0 >= ns && self.0.is_multiple_of(ns);
        let (unit, ns) = UNITS.iter().find(fits).unwrap_or(&("s", 1));
        write!(f, "{} {unit}", self.0 / ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_the_largest_whole_unit() {
        for (ns, text) in [
            (0, "0 s"),
            (1, "1 ns"),
            (1_500_000_000, "1500 ms"),
            (120_000_000_000, "2 min"),
            (90_000_000_000, "90 s"),
            (7_200_000_000_000, "2 h"),
        ] {
            assert_eq!(Span::from_ns(ns).to_string(), text);
        }
    }

    #[test]
    fn differences_never_go_below_zero() {
        let (early, late) = (Time::from_ms(1), Time::from_ms(3));
        assert_eq!(late.since(early), Span::from_ms(2));
        assert_eq!(early.since(late), Span::ZERO);
        assert_eq!(early.before(Span::from_secs(1)), Time::ZERO);
    }
}
