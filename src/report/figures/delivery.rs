//! What waits, and how long messages take.

use super::common::{dots, listed, minutes, series, sum, thinned_note, thousands, which};
use crate::report::figure::{Axis, Columns, Figure, Line, Marks, View, thinned};
use crate::report::run::Run;
use crate::report::table::human_readable;
use std::collections::{BTreeMap, BTreeSet};

const POINTS_MAX: usize = 400;
/// Instances whose queues can be looked at singly: those with the longest.
const INSTANCES_MAX: usize = 25;

/// Jobs that wait to be sent, over time, by instance.
pub(super) fn queues(run: &Run) -> Option<Figure> {
    let mut peaks: BTreeMap<usize, u64> = BTreeMap::new();
    for (&instance, waiting) in run.courses.iter().flat_map(|course| &course.waiting) {
        let peak = waiting.values().max().copied().unwrap_or(0);
        let known = peaks.entry(instance).or_default();
        *known = peak.max(*known);
    }
    peaks.retain(|_, peak| *peak > 0);
    let mut longest: Vec<(usize, u64)> = peaks.into_iter().collect();
    longest.sort_by_key(|&(instance, peak)| (std::cmp::Reverse(peak), instance));
    let times = times_ms(run);
    if longest.is_empty() {
        return None;
    }
    let kept: Vec<u64> = thinned(times.len(), POINTS_MAX).into_iter().map(|at| times[at]).collect();
    let mut columns = Columns::default();
    let mut views = Vec::new();
    if longest.len() > 1 {
        views.push(view(run, "all instances together".to_owned(), None, &kept, &mut columns));
    }
    for &(instance, _) in longest.iter().take(INSTANCES_MAX) {
        views.push(view(run, run.instance(instance).to_owned(), Some(instance), &kept, &mut columns));
    }
    let left_out = match longest.len().saturating_sub(INSTANCES_MAX) {
        0 => String::new(),
        some => format!(" {} instances with shorter queues are in queues.csv only.", thousands(some as u64)),
    };
    let peak = |name: &str| {
        Some((
            name.to_owned(),
            human_readable(run.table.mean(run.point, name, "queued_jobs_peak")?.mean, "jobs"),
        ))
    };
    Some(Figure {
        kind: "queues",
        title: "Jobs that wait to be sent".to_owned(),
        caption: format!(
            "All queues that send, at each sample.{}{}{left_out}",
            which(run),
            thinned_note(kept.len(), times.len())
        ),
        says: format!(
            "The most jobs that wait at one instance: {}.",
            listed(run.protocols().filter_map(peak))
        ),
        x: Axis::linear("model time (min)"),
        y: Axis::switched("waiting jobs"),
        choose: "instance",
        views,
        columns: columns.finish(),
    })
}

/// The fates of activities, and the metrics that count them.
const FATES: [(&str, &str); 11] = [
    ("arrived", "activities_arrived"),
    ("arrived again", "activities_duplicates"),
    ("wait for a first request", "activities_waiting"),
    ("wait for another attempt", "activities_retrying"),
    ("are under way", "activities_under_way"),
    ("given up: lost", "activities_given_up_lost"),
    ("given up: no connection", "activities_given_up_no_connection"),
    ("given up: refused", "activities_given_up_refused"),
    ("given up: circuit open", "activities_given_up_circuit_open"),
    ("given up: no follower any more", "activities_given_up_unfollowed"),
    ("lost with the process", "activities_lost_with_process"),
];

/// What has become of activities at the end of the run.
pub(super) fn fates(run: &Run) -> Option<Figure> {
    let dots = dots(run, &FATES)?;
    let lost = |name: &str| {
        let count = run.table.mean(run.point, name, "activities_never_arrived")?.mean;
        Some((name.to_owned(), human_readable(count, "activities")))
    };
    Some(Figure {
        kind: "fates",
        title: "What becomes of activities".to_owned(),
        caption: format!(
            "At the end of the run, once for each inbox, however many requests are made.{} What is zero has no mark.",
            which(run)
        ),
        says: format!("Never arrived: {}.", listed(run.protocols().filter_map(lost))),
        x: Axis::log("activities"),
        y: Axis::linear(""),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Dots(dots) }],
        columns: Vec::new(),
    })
}

/// When samples were taken.
fn times_ms(run: &Run) -> Vec<u64> {
    let counters = run.courses.iter().flat_map(|course| course.counters.values());
    counters.flat_map(|counters| &counters.times_ms).copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn view(run: &Run, name: String, instance: Option<usize>, times: &[u64], columns: &mut Columns) -> View {
    let x = columns.add(times.iter().map(|&time| minutes(time)).collect());
    let line = |(series, course): (crate::report::figure::Series, &crate::report::run::Course)| {
        let at = |time: &u64| {
            let of = |waiting: &BTreeMap<u64, u64>| waiting.get(time).copied().unwrap_or(0);
            let waiting = match instance {
                Some(instance) => course.waiting.get(&instance).map_or(0, of),
                None => sum(course.waiting.values().map(of)),
            };
            Some(waiting as f64)
        };
        Line { series, x, y: columns.add(times.iter().map(at).collect()), is_step: false }
    };
    let lines = series(run).into_iter().zip(&run.courses).map(line).collect();
    View { name, marks: Marks::Lines(lines) }
}

/// The quantiles of how long messages take, by kind.
pub(super) fn delays(run: &Run) -> Option<Figure> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for delays in run.courses.iter().flat_map(|course| &course.delays) {
        *counts.entry(&delays.kind).or_default() += delays.messages;
    }
    let mut kinds: Vec<(&str, u64)> = counts.into_iter().filter(|(_, messages)| *messages > 0).collect();
    kinds.sort_by_key(|&(kind, messages)| (std::cmp::Reverse(messages), kind));
    if kinds.is_empty() {
        return None;
    }
    let mut columns = Columns::default();
    let views = kinds.iter().map(|(kind, _)| delays_of(run, kind, &mut columns)).collect();
    let median = |(name, course): (&str, &crate::report::run::Course)| {
        let delays = course.delays.iter().find(|delays| delays.kind == kinds[0].0)?;
        let (_, us) = delays.quantiles.iter().find(|(quantile, _)| (quantile - 0.5).abs() < 1e-9)?;
        Some((name.to_owned(), human_readable(*us as f64 / 1e6, "s")))
    };
    Some(Figure {
        kind: "delays",
        title: "How long messages take".to_owned(),
        caption: format!(
            "From the moment at which an activity is made to that at which its receiver has worked on it, with all queues between: the share of messages that take at most so long.{}",
            which(run)
        ),
        says: format!(
            "Half of the messages of kind {} take at most: {}.",
            kinds[0].0,
            listed(run.protocols().zip(&run.courses).filter_map(median))
        ),
        x: Axis::log("delay (s)"),
        y: Axis::linear("share of messages (%)"),
        choose: "kind of message",
        views,
        columns: columns.finish(),
    })
}

fn delays_of(run: &Run, kind: &str, columns: &mut Columns) -> View {
    let mut lines = Vec::new();
    for (series, course) in series(run).into_iter().zip(&run.courses) {
        let Some(delays) = course.delays.iter().find(|delays| delays.kind == kind) else { continue };
        let quantiles = &delays.quantiles;
        let x = columns.add(quantiles.iter().map(|(_, us)| Some((*us).max(1) as f64 / 1e6)).collect());
        let y = columns.add(quantiles.iter().map(|(share, _)| Some(share * 100.0)).collect());
        lines.push(Line { series, x, y, is_step: false });
    }
    View { name: kind.to_owned(), marks: Marks::Lines(lines) }
}
