//! The times of a table: decimal seconds, or instants as RFC 3339 has them. One table has one form.
//!
//! Seconds count from second zero of the run. Of instants the earliest is second zero. Beside the file `from` may say which one
//! is, in either form. Times are whole nanoseconds.

use crate::foundation::units::Span;
use crate::scenario::data::table::{Row, no_number};
use crate::scenario::instant::Instant;
use crate::scenario::problem::{Problems, Spot, shown};
use crate::scenario::quantity;
use crate::scenario::value::Checked;

/// No time in a table is longer.
const LONGEST: Span = Span::from_secs(10_000 * 3_600);
/// As seconds since 1970 that is the year 2001.
const EPOCH_S: f64 = 1e9;
const OF_EPOCH: &str = "is no second of the run; of seconds since 1970 say which one is its first, as in `{file: ..., from: 1596978000}`";

/// What the times of one table are counted from.
pub(crate) struct Clock {
    from: Option<Instant>,
    /// The earliest time so far.
    earliest: Option<Instant>,
}

impl Clock {
    /// That of the file that is named at `at`.
    pub(crate) fn new(at: &Checked) -> Clock {
        let from = at.case().and_then(|(_, value)| value.text("from")).and_then(Instant::of);
        Clock { from, earliest: None }
    }

    /// The time in a cell; or a problem.
    pub(crate) fn read(&mut self, text: &str, spot: Spot<'_>, problems: &mut Problems) -> Option<Instant> {
        let Some(instant) = Instant::of(text) else {
            if quantity::number(text).is_some_and(|seconds| (EPOCH_S..f64::INFINITY).contains(&seconds)) {
                problems.at(spot, format!("{} {OF_EPOCH}", shown(text)));
                return None;
            }
            let expects = "a time: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`";
            problems.at(spot, no_number(text, expects));
            return None;
        };
        if self.earliest.or(self.from).is_some_and(|known| !known.is_like(instant)) {
            let message = format!(
                "{} is {}; all times of a file, and its `from`, are seconds or all are instants",
                shown(text),
                if matches!(instant, Instant::Second(_)) { "seconds" } else { "an instant" },
            );
            problems.at(spot, message);
            return None;
        }
        self.earliest = Some(self.earliest.map_or(instant, |earliest| earliest.min(instant)));
        Some(instant)
    }

    /// Nanoseconds from second zero to a time of the table, once all have been read.
    pub(crate) fn since_zero_ns(&self, instant: Instant) -> i128 {
        let zero = self.from.or(self.earliest.filter(|earliest| matches!(earliest, Instant::Civil(_))));
        i128::from(instant.ns()) - i128::from(zero.map_or(0, Instant::ns))
    }

    /// The same for one that is not before second zero; or a problem.
    pub(crate) fn since_zero(
        &self,
        instant: Instant,
        spot: Spot<'_>,
        problems: &mut Problems,
    ) -> Option<Span> {
        let ns = self.since_zero_ns(instant);
        let span = u64::try_from(ns).ok().map(Span::from_ns).filter(|span| *span <= LONGEST);
        if span.is_none() {
            problems.at(spot, self.outside(instant, ns as f64 / 1e9));
        }
        span
    }

    /// What is wrong with a time so many seconds from second zero.
    fn outside(&self, instant: Instant, seconds: f64) -> String {
        if seconds < 0.0 {
            format!("lies {} s before second zero of the run", -seconds)
        } else if self.from.is_none() && seconds >= EPOCH_S && matches!(instant, Instant::Second(_)) {
            format!("`{seconds}` {OF_EPOCH}")
        } else {
            format!("lies {seconds} s after second zero of the run; that is more than {LONGEST}")
        }
    }
}

/// A length of time in seconds, at least `min`; or a problem.
pub(crate) fn seconds(
    row: &Row<'_>,
    column: &'static str,
    min: Span,
    problems: &mut Problems,
) -> Option<Span> {
    let text = row.text(column)?;
    let span = quantity::seconds(text).filter(|span| (min..=LONGEST).contains(span));
    if span.is_none() {
        let (min, max) = (min.secs_f64(), LONGEST.secs_f64());
        let expects = format!("a number of seconds from {min} to {max}, to the nanosecond");
        row.wrong_number(column, &expects, problems);
    }
    span
}
