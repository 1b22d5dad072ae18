//! A time as data files have it: decimal seconds, or an instant as in RFC 3339. In nanoseconds, of which it has a whole number.
//!
//! What the seconds or the instants of a file are counted from is not known here.

use crate::scenario::quantity;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time as a table has it: nanoseconds since second zero, or since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Instant {
    /// Seconds, from which on is not said.
    Second(i64),
    /// An instant of the calendar.
    Civil(i64),
}

impl Instant {
    /// The time that text says.
    pub(crate) fn of(text: &str) -> Option<Instant> {
        let bare = text.strip_prefix('-').unwrap_or(text);
        if let Some(span) = quantity::seconds(bare) {
            let ns = i64::try_from(span.ns()).ok()?;
            return Some(Instant::Second(if bare.len() < text.len() { -ns } else { ns }));
        }
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(instant.unix_timestamp_nanos()).ok().map(Instant::Civil)
    }

    /// Nanoseconds since second zero, or since 1970.
    pub(crate) fn ns(self) -> i64 {
        let (Instant::Second(ns) | Instant::Civil(ns)) = self;
        ns
    }

    /// Whether both are seconds, or both instants.
    pub(crate) fn is_like(self, other: Instant) -> bool {
        matches!(self, Instant::Second(_)) == matches!(other, Instant::Second(_))
    }
}
