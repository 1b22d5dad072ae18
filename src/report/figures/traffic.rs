//! What is sent, and who pays for it.

use super::common::{dots, listed, minutes, series, sum, thinned_note, which};
use crate::report::figure::{Axis, Column, Columns, Figure, Line, Marks, View, thinned};
use crate::report::run::{Amount, Run};
use crate::report::table::human_readable;

const POINTS_MAX: usize = 600;

/// Messages per second over time.
pub(super) fn messages(run: &Run) -> Option<Figure> {
    let seconds = run.scenario.measure.bucket.secs_f64();
    over_time(run, |amount, _| amount.messages as f64 / seconds).map(|(lines, columns, note)| Figure {
        kind: "messages",
        title: "Messages per second".to_owned(),
        caption: format!(
            "Requests begun by anybody, of all traffic, mean over {seconds} s each.{}{note}",
            which(run)
        ),
        says: format!("In all, messages sent: {}.", totals(run, |amount| amount.messages, "messages")),
        x: Axis::linear("model time (min)"),
        y: Axis::switched("messages per second"),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Lines(lines) }],
        columns,
    })
}

/// Bytes sent so far.
pub(super) fn bytes(run: &Run) -> Option<Figure> {
    over_time(run, |_, so_far| so_far.bytes as f64).map(|(lines, columns, note)| Figure {
        kind: "bytes",
        title: "Bytes sent so far".to_owned(),
        caption: format!(
            "Heads and bodies of requests over HTTP/1.1 that left their sender, of all traffic, added up.{}{note}",
            which(run)
        ),
        says: format!("At the end: {}.", totals(run, |amount| amount.bytes, "bytes")),
        x: Axis::linear("model time (min)"),
        y: Axis::switched("bytes").of_bytes(),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Lines(lines) }],
        columns,
    })
}

/// A line for each column: at the end of each bucket a value of what was sent in it and so far.
fn over_time(run: &Run, value: impl Fn(Amount, Amount) -> f64) -> Option<(Vec<Line>, Vec<Column>, String)> {
    let bucket_ms = (run.scenario.measure.bucket.us() / 1_000).max(1);
    let last = run.courses.iter().filter_map(|course| course.traffic.keys().last()).max()?;
    // there may be very many buckets, most of them without traffic: only those that are drawn are looked at
    let buckets = (last / bucket_ms + 1) as usize;
    let kept: Vec<u64> = thinned(buckets, POINTS_MAX).into_iter().map(|at| at as u64 * bucket_ms).collect();
    let mut columns = Columns::default();
    let x = columns.add(kept.iter().map(|&start| minutes(start + bucket_ms)).collect());
    let mut lines = Vec::new();
    for (series, course) in series(run).into_iter().zip(&run.courses) {
        let mut so_far = Amount::default();
        let mut rest = course.traffic.iter().peekable();
        let at = |&start: &u64| {
            while let Some((_, amount)) = rest.next_if(|(of, _)| **of <= start) {
                so_far.add(amount.messages, amount.bytes);
            }
            Some(value(course.traffic.get(&start).copied().unwrap_or_default(), so_far))
        };
        let y = columns.add(kept.iter().map(at).collect());
        lines.push(Line { series, x, y, is_step: false });
    }
    Some((lines, columns.finish(), thinned_note(kept.len(), buckets)))
}

fn totals(run: &Run, read: fn(&Amount) -> u64, unit: &str) -> String {
    let total = |course: &crate::report::run::Course| sum(course.traffic.values().map(read));
    listed(
        run.protocols()
            .zip(&run.courses)
            .map(|(name, course)| (name.to_owned(), human_readable(total(course) as f64, unit))),
    )
}

/// Who pays, by metric.
const PAYERS: [(&str, &str); 8] = [
    ("origin sends", "payer_origin_bytes_out"),
    ("origin receives", "payer_origin_bytes_in"),
    ("followers with viewers send", "payer_with_viewers_bytes_out"),
    ("followers with viewers receive", "payer_with_viewers_bytes_in"),
    ("followers without viewers send", "payer_without_viewers_bytes_out"),
    ("followers without viewers receive", "payer_without_viewers_bytes_in"),
    ("others (not PeerTube) send", "payer_not_peertube_bytes_out"),
    ("others (not PeerTube) receive", "payer_not_peertube_bytes_in"),
];

/// Who sends and receives how many bytes.
pub(super) fn payers(run: &Run) -> Option<Figure> {
    let dots = dots(run, &PAYERS)?;
    let origin = |name: &str| {
        let mean = run.table.mean(run.point, name, PAYERS[0].1)?;
        Some((name.to_owned(), human_readable(mean.mean, "bytes")))
    };
    Some(Figure {
        kind: "payers",
        title: "Who pays".to_owned(),
        caption: "All that crosses their links: requests, answers and, where counted, TCP and TLS, of all traffic; all instances of a row together. What is zero has no mark.".to_owned(),
        says: format!("The origin sends: {}.", listed(run.protocols().filter_map(origin))),
        x: Axis::log("bytes").of_bytes(),
        y: Axis::linear(""),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Dots(dots) }],
        columns: Vec::new(),
    })
}
