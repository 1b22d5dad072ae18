//! The verdict on a recording: the first message or sample that differs from ours.

use crate::conform::trace::{MessageRow, SampleRow, Trace};

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All messages and samples are equal.
    Conforms {
        /// How many messages.
        messages: usize,
        /// How many samples.
        samples: usize,
    },
    /// The first difference and its time, as text.
    Differs(String),
}

/// Compares sorted messages, and samples, with ours; at last the views that the origin knows of.
pub(super) fn verdict(
    trace: &Trace,
    recorded: &[MessageRow],
    messages: &[MessageRow],
    samples: &[SampleRow],
    views_counted: u64,
) -> Verdict {
    let differences = [
        first_difference(recorded, messages, |row| row.sent_ms, MessageRow::to_string),
        first_difference(&trace.samples, samples, |row| row.at_ms, |row| sample_text(trace, row)),
    ];
    let first = differences.into_iter().flatten().min_by_key(|(at_ms, _)| *at_ms);
    let other_views = trace.views_counted.filter(|&counted| counted != views_counted);
    match (first, other_views) {
        (Some((_, text)), _) => Verdict::Differs(text),
        (None, Some(counted)) => Verdict::Differs(format!(
            "at the last sample: recorded {counted} views that the origin knows of; ours {views_counted}"
        )),
        (None, None) => Verdict::Conforms { messages: messages.len(), samples: samples.len() },
    }
}

/// The earliest time at which two sorted lists differ, and both rows there as text.
fn first_difference<T: PartialEq>(
    recorded: &[T],
    ours: &[T],
    at_ms: impl Fn(&T) -> u64,
    text: impl Fn(&T) -> String,
) -> Option<(u64, String)> {
    let same = recorded.iter().zip(ours).take_while(|(recorded, ours)| recorded == ours).count();
    let (recorded, ours) = (recorded.get(same), ours.get(same));
    let at = recorded.into_iter().chain(ours).map(at_ms).min()?;
    let say = |row: Option<&T>| row.map_or_else(|| "nothing more".to_owned(), &text);
    Some((at, format!("at {at} ms: recorded {}; ours {}", say(recorded), say(ours))))
}

fn sample_text(trace: &Trace, row: &SampleRow) -> String {
    let counts = trace.instances.iter().zip(&row.displayed).map(|(name, count)| format!("{name} {count}"));
    format!("[{} ms: {}, watching {}]", row.at_ms, counts.collect::<Vec<_>>().join(", "), row.watching)
}
