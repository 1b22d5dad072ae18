//! What people see: displayed against true viewers, and their difference.

use super::common::{listed, minutes, series, thinned_note, thousands, which};
use crate::report::figure::{Axis, Column, Columns, Figure, Line, Marks, Series, View, thinned};
use crate::report::run::{Counters, Run};
use std::collections::BTreeMap;

/// Numbers that the figure of displayed counts may hold: about a megabyte of text.
const NUMBERS_MAX: usize = 220_000;
/// A line has no more points than this, and if possible no fewer than that.
const POINTS_MAX: usize = 600;
const POINTS_MIN: usize = 24;

/// A view to be made: a video, and an instance or the mean of its followers.
struct Seen {
    name: String,
    video: usize,
    instance: Option<usize>,
}

/// Displayed and true viewers over time, by instance.
pub(super) fn displayed(run: &Run) -> Option<Figure> {
    let (seen, left_out) = views(run);
    let length = run.courses[0].counters.values().next()?.times_ms.len();
    let lines = run.courses.len();
    let points = (NUMBERS_MAX / (seen.len().max(1) * lines)).clamp(POINTS_MIN, POINTS_MAX);
    let few = thinned(length, points);
    // what most people look at first
    let many = thinned(length, POINTS_MAX);
    let mut columns = Columns::default();
    let is_first = |seen: &Seen| match seen.instance {
        None => true,
        Some(instance) => run.videos[seen.video].origin == instance,
    };
    let of = |seen: &Seen| view(run, seen, if is_first(seen) { &many } else { &few }, &mut columns);
    let views = seen.iter().filter_map(of).collect();
    let left_out = match left_out {
        0 => String::new(),
        some => format!(" {} more instances are in counters.csv only.", thousands(some as u64)),
    };
    Some(Figure {
        kind: "displayed",
        title: "Displayed and true viewers".to_owned(),
        caption: format!(
            "What an instance shows below the video, against how many watch it anywhere.{}{}{left_out}",
            which(run),
            thinned_note(few.len(), length)
        ),
        says: says(run)?,
        x: Axis::linear("model time (min)"),
        y: Axis::switched("viewers"),
        choose: "instance",
        views,
        columns: columns.finish(),
    })
}

/// What can be looked at, and how many instances are left out.
fn views(run: &Run) -> (Vec<Seen>, usize) {
    let most = NUMBERS_MAX / (POINTS_MIN * run.courses.len());
    let mut views = Vec::new();
    let mut left_out = 0;
    for (&video, counters) in &run.courses[0].counters {
        let of = if run.videos.len() > 1 { format!("{}: ", run.videos[video].name) } else { String::new() };
        let followers = counters.displayed.len() - 1;
        if followers > 1 {
            let name = format!("{of}mean of {} followers", thousands(followers as u64));
            views.push(Seen { name, video, instance: None });
        }
        for &instance in counters.displayed.keys() {
            if views.len() < most {
                let name = format!("{of}{}", run.instance(instance));
                views.push(Seen { name, video, instance: Some(instance) });
            } else {
                left_out += 1;
            }
        }
    }
    (views, left_out)
}

fn view(run: &Run, seen: &Seen, kept: &[usize], columns: &mut Columns) -> Option<View> {
    let truth = run.courses[0].counters.get(&seen.video)?;
    let x = columns.add(kept.iter().map(|&at| minutes(*truth.times_ms.get(at)?)).collect());
    let watching = columns.add(kept.iter().map(|&at| Some(*truth.watching.get(at)? as f64)).collect());
    let mut lines =
        vec![Line { series: Series::Truth("true viewers".to_owned()), x, y: watching, is_step: false }];
    for (series, course) in series(run).into_iter().zip(&run.courses) {
        let counters = course.counters.get(&seen.video)?;
        let shown = match seen.instance {
            Some(instance) => {
                let shown = counters.displayed.get(&instance)?;
                kept.iter().map(|&at| Some(shown.get(at).copied().flatten()? as f64)).collect()
            }
            None => {
                let mean = mean_of_followers(run, seen.video, counters);
                kept.iter().map(|&at| mean.get(at).copied().flatten()).collect()
            }
        };
        lines.push(Line { series, x, y: columns.add(shown), is_step: true });
    }
    Some(View { name: seen.name.clone(), marks: Marks::Lines(lines) })
}

/// At each sample the mean of what the followers that are up display.
fn mean_of_followers(run: &Run, video: usize, counters: &Counters) -> Vec<Option<f64>> {
    let origin = run.videos[video].origin;
    let followers: Vec<_> = counters
        .displayed
        .iter()
        .filter(|(instance, _)| **instance != origin)
        .map(|(_, shown)| shown)
        .collect();
    let mean = |at: usize| {
        let up = followers.iter().filter_map(|shown| shown.get(at).copied().flatten());
        let (sum, count) =
            up.fold((0, 0_u64), |(sum, count), shown: u64| (shown.saturating_add(sum), count + 1));
        (count > 0).then(|| sum as f64 / count as f64)
    };
    (0..counters.times_ms.len()).map(mean).collect()
}

/// What is displayed at the first video's peak.
fn says(run: &Run) -> Option<String> {
    let (&video, truth) = run.courses[0].counters.iter().next()?;
    let peak = *truth.watching.iter().max()?;
    let at = truth.watching.iter().position(|watching| *watching == peak)?;
    let shown = |(course, name): (&crate::report::run::Course, &str)| {
        let counters = course.counters.get(&video)?;
        let mean = mean_of_followers(run, video, counters).get(at).copied().flatten()?;
        Some((name.to_owned(), thousands(libm::round(mean) as u64)))
    };
    let values: Vec<_> = run.courses.iter().zip(run.protocols()).filter_map(shown).collect();
    let when = truth.times_ms[at] as f64 / 60_000.0;
    let peak = thousands(peak);
    Some(if values.is_empty() {
        format!("At most {peak} people watch, after {when:.1} min.")
    } else {
        format!(
            "When most people watch ({peak}, after {when:.1} min), followers show on average: {}.",
            listed(values.into_iter())
        )
    })
}

/// How often which error is seen, by column.
fn errors(run: &Run) -> Vec<BTreeMap<u64, u64>> {
    let of_course = |course: &crate::report::run::Course| {
        let mut counts = BTreeMap::new();
        for counters in course.counters.values() {
            for shown in counters.displayed.values() {
                for (shown, watching) in shown.iter().zip(&counters.watching) {
                    if let Some(shown) = shown {
                        *counts.entry(shown.abs_diff(*watching)).or_default() += 1;
                    }
                }
            }
        }
        counts
    };
    run.courses.iter().map(of_course).collect()
}

/// The mean absolute error over time.
pub(super) fn error(run: &Run) -> Option<Figure> {
    let times = &run.courses[0].counters.values().next()?.times_ms;
    let kept = thinned(times.len(), POINTS_MAX);
    let mut columns = Columns::default();
    let x = columns.add(kept.iter().map(|&at| minutes(times[at])).collect());
    let mut lines = Vec::new();
    for (series, course) in series(run).into_iter().zip(&run.courses) {
        let mean = |&at: &usize| {
            let (mut sum, mut count) = (0, 0_u64);
            for counters in course.counters.values() {
                for shown in counters.displayed.values().filter_map(|shown| shown.get(at).copied().flatten())
                {
                    sum = shown.abs_diff(counters.watching[at]).saturating_add(sum);
                    count += 1;
                }
            }
            (count > 0).then(|| sum as f64 / count as f64)
        };
        let y = columns.add(kept.iter().map(mean).collect());
        lines.push(Line { series, x, y, is_step: false });
    }
    let values = means(run, "display_error_mean_abs");
    Some(Figure {
        kind: "error",
        title: "How wrong the counts are, over time".to_owned(),
        caption: format!(
            "Mean over all instances that show the video of |displayed - true|.{}{}",
            which(run),
            thinned_note(kept.len(), times.len())
        ),
        says: format!("Over the whole run the mean error, in viewers, is: {values}."),
        x: Axis::linear("model time (min)"),
        y: Axis::switched("mean error (viewers)"),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Lines(lines) }],
        columns: columns.finish(),
    })
}

/// The means of a metric at the drawn point, rounded.
fn means(run: &Run, metric: &str) -> String {
    let value = |name: &str| {
        let mean = run.table.mean(run.point, name, metric)?.mean;
        Some((name.to_owned(), crate::report::table::human_readable(mean, "viewers")))
    };
    listed(run.protocols().filter_map(value))
}

/// The distribution function of the absolute error.
pub(super) fn distribution(run: &Run) -> Option<Figure> {
    let mut columns = Columns::default();
    let mut lines = Vec::new();
    let mut medians = Vec::new();
    for (series, counts) in series(run).into_iter().zip(errors(run)) {
        let all: u64 = counts.values().sum();
        let mut sum = 0;
        let steps: Vec<(f64, f64)> = counts
            .iter()
            .map(|(&error, &count)| {
                sum += count;
                (error as f64, sum as f64 / all as f64 * 100.0)
            })
            .collect();
        let kept = thinned(steps.len(), POINTS_MAX);
        if let Some((median, _)) = steps.iter().find(|(_, share)| *share >= 50.0) {
            medians.push((series.name().to_owned(), thousands(*median as u64)));
        }
        let x = columns.add(kept.iter().map(|&at| Some(steps[at].0)).collect());
        let y = columns.add(kept.iter().map(|&at| Some(steps[at].1)).collect());
        lines.push(Line { series, x, y, is_step: true });
    }
    let is_empty = |Column(numbers): &Column| numbers.is_empty();
    let columns = columns.finish();
    if columns.iter().all(is_empty) {
        return None;
    }
    Some(Figure {
        kind: "error-distribution",
        title: "How often which error is displayed".to_owned(),
        caption: format!(
            "Share of samples at all instances in which |displayed - true| is at most so many viewers: the more to the left, the better.{}",
            which(run)
        ),
        says: format!("Half of the time the error is at most, in viewers: {}.", listed(medians.into_iter())),
        x: Axis::linear("error (viewers)"),
        y: Axis::linear("share of samples (%)"),
        choose: "",
        views: vec![View { name: "all".to_owned(), marks: Marks::Lines(lines) }],
        columns,
    })
}
