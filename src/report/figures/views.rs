//! The views counter: the number of views that is displayed, against those that were counted.

use super::common::{listed, minutes, series, thinned_note, thousands, which};
use crate::report::figure::{Axis, Columns, Figure, Line, Marks, Series, View, thinned};
use crate::report::run::{Course, Run, ViewsAt};

/// A line has no more points than this.
const POINTS_MAX: usize = 600;
/// Numbers that the figure may hold.
const NUMBERS_MAX: usize = 100_000;

/// What is looked at of a video.
#[derive(Clone, Copy)]
enum Whose {
    Followers,
    Origin,
}

/// Displayed and counted views over time, by video. None if nobody tells of views.
pub(super) fn views(run: &Run) -> Option<Figure> {
    let first = &run.courses[0].counters;
    let length = first.values().find(|counters| !counters.views.is_empty())?.views.len();
    let choices =
        first.keys().flat_map(|&video| [Whose::Followers, Whose::Origin].map(|whose| (video, whose)));
    let most = (NUMBERS_MAX / (POINTS_MAX * (run.courses.len() + 1))).max(2);
    let kept = thinned(length, POINTS_MAX);
    let mut columns = Columns::default();
    let views: Vec<View> = choices
        .take(most)
        .filter_map(|(video, whose)| view(run, video, whose, &kept, &mut columns))
        .collect();
    if views.is_empty() {
        return None;
    }
    Some(Figure {
        kind: "views",
        title: "Displayed and counted views".to_owned(),
        caption: format!(
            "The number of views below the video, against the views that instances counted of their own viewers (under the first column: a release \
             decides what is one). An owner adds what came since the last flush, and tells its followers.{}{}",
            which(run),
            thinned_note(kept.len(), length)
        ),
        says: says(run)?,
        x: Axis::linear("model time (min)"),
        y: Axis::switched("views"),
        choose: "video",
        views,
        columns: columns.finish(),
    })
}

fn view(run: &Run, video: usize, whose: Whose, kept: &[usize], columns: &mut Columns) -> Option<View> {
    let of = if run.videos.len() > 1 { format!("{}: ", run.videos[video].name) } else { String::new() };
    let name = match whose {
        Whose::Followers => format!("{of}mean of followers"),
        Whose::Origin => format!("{of}{}", run.instance(run.videos[video].origin)),
    };
    let truth = run.courses[0].counters.get(&video)?;
    let x = columns.add(kept.iter().map(|&at| minutes(*truth.times_ms.get(at)?)).collect());
    let counted = columns.add(kept.iter().map(|&at| Some(truth.views.get(at)?.counted as f64)).collect());
    let mut lines =
        vec![Line { series: Series::Truth("views counted".to_owned()), x, y: counted, is_step: true }];
    for (series, course) in series(run).into_iter().zip(&run.courses) {
        let counters = course.counters.get(&video)?;
        let shown = |&at: &usize| shown(counters.views.get(at)?, whose);
        lines.push(Line { series, x, y: columns.add(kept.iter().map(shown).collect()), is_step: true });
    }
    Some(View { name, marks: Marks::Lines(lines) })
}

fn shown(at: &ViewsAt, whose: Whose) -> Option<f64> {
    match whose {
        Whose::Origin => at.origin.map(|views| views as f64),
        Whose::Followers => (at.followers > 0).then(|| at.of_followers as f64 / at.followers as f64),
    }
}

/// What is displayed of the first video at last.
fn says(run: &Run) -> Option<String> {
    let (&video, truth) = run.courses[0].counters.iter().next()?;
    let counted = thousands(truth.views.last()?.counted);
    let last = |(course, name): (&Course, &str)| {
        let mean = shown(course.counters.get(&video)?.views.last()?, Whose::Followers)?;
        Some((name.to_owned(), thousands(libm::round(mean) as u64)))
    };
    let values: Vec<_> = run.courses.iter().zip(run.protocols()).filter_map(last).collect();
    let name = &run.videos[video].name;
    Some(format!(
        "At the last sample {name} has {counted} views; followers show on average: {}.",
        listed(values.into_iter())
    ))
}
