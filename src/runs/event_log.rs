//! The event log of a cell, and the first event in which two such logs differ.
//!
//! A line holds the number of the event, its time, what it is, and a digest of all events up to it: two logs of one
//! part of a run show whether anything before that part differed. For finding out why two runs that should be equal
//! are not; no record is made from it.

use crate::domain::federation::Federation;
use crate::domain::workload::Session;
use crate::event::Event;
use crate::foundation::random::fold;
use crate::foundation::units::Time;
use crate::observe::Observer;
use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

/// The first line of a log.
pub const HEADER: &str = "event,time_ns,kind,instance,details,digest";

/// No line of a log is longer.
const LINE_BYTES_MAX: u64 = 1 << 16;

/// Writes the events of a part of a run.
pub struct EventLog<'a, W> {
    federation: &'a Federation,
    sessions: &'a [Session],
    part: RangeInclusive<Time>,
    out: W,
    number: u64,
    digest: u64,
    outcome: io::Result<()>,
}

/// What a comparison of two logs found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same events; how many.
    Same(u64),
    /// They differ first in this line of both (counted from 1, the header included).
    Differ {
        /// The line.
        line: u64,
        /// What the first log has there.
        first: String,
        /// What the second log has there.
        second: String,
        /// Only the digests differ: the difference lies before the part that was logged.
        earlier: bool,
    },
}

impl<'a, W: Write> EventLog<'a, W> {
    /// A log of the events of `part`, into `out`.
    pub fn new(
        federation: &'a Federation,
        sessions: &'a [Session],
        part: RangeInclusive<Time>,
        mut out: W,
    ) -> EventLog<'a, W> {
        let outcome = writeln!(out, "{HEADER}");
        EventLog { federation, sessions, part, out, number: 0, digest: 0, outcome }
    }

    /// Whether everything was written.
    ///
    /// # Errors
    /// The first error of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.outcome?;
        self.out.flush()
    }
}

impl<W: Write> Observer for EventLog<'_, W> {
    fn event(&mut self, now: Time, event: &Event) {
        self.number += 1;
        let [high, low, content] = event.words(self.sessions);
        self.digest = fold(&[self.digest, now.ns(), high, low, content]);
        if self.part.contains(&now) && self.outcome.is_ok() {
            let text = event.describe(self.federation, self.sessions);
            self.outcome = writeln!(self.out, "{},{},{text},{:016x}", self.number, now.ns(), self.digest);
        }
    }
}

/// Compares two logs line by line.
///
/// # Errors
/// If one cannot be read.
pub fn compare(mut first: impl BufRead, mut second: impl BufRead) -> io::Result<Comparison> {
    let mut line = 0_u64;
    loop {
        line += 1;
        let (a, b) = (next_line(&mut first)?, next_line(&mut second)?);
        if a.is_none() && b.is_none() {
            return Ok(Comparison::Same(line.saturating_sub(2)));
        }
        if a != b {
            let event = |text: &Option<String>| {
                text.as_deref().and_then(|text| text.rsplit_once(',')).map(|(event, _)| event.to_owned())
            };
            let earlier = event(&a).is_some() && event(&a) == event(&b);
            let say = |text: Option<String>| text.unwrap_or_else(|| "nothing more".to_owned());
            return Ok(Comparison::Differ { line, first: say(a), second: say(b), earlier });
        }
    }
}

/// The next line, if there is one; what is no log may have no line's end at all.
fn next_line(log: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    log.take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes)?;
    if bytes.len() as u64 > LINE_BYTES_MAX {
        let why = format!("it has a line of more than {LINE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let log = "event\n1,5,tick,a,number=1,aa\n2,9,tick,b,number=1,bb\n";
        let differ = |other: &str| compare(log.as_bytes(), other.as_bytes()).expect("memory can be read");
        assert_eq!(differ(log), Comparison::Same(2));
        let other = log.replace("9,tick", "8,tick");
        assert!(matches!(differ(&other), Comparison::Differ { line: 3, earlier: false, .. }));
        let other = log.replace("aa", "ab");
        assert!(matches!(differ(&other), Comparison::Differ { line: 2, earlier: true, .. }));
        let short = "event\n1,5,tick,a,number=1,aa\n";
        let Comparison::Differ { line: 3, second, .. } = differ(short) else { panic!("{:?}", differ(short)) };
        assert_eq!(second, "nothing more");
    }
}
