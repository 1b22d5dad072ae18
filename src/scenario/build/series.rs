//! Series of concurrent viewers from a file: a row per point, in CSV or as a JSON list, in any order.
//!
//! Rows that say nothing of viewers, or are about a stream that has not begun, are left out; so is what lies before second zero,
//! where the series is interpolated.

use crate::domain::arrivals::Arrivals;
use crate::domain::concurrent::{Miss, POINTS_MAX, Point, rates};
use crate::domain::watch::Watch;
use crate::foundation::units::Span;
use crate::scenario::data::{self, Clock, Column, DataFile, Files, Items};
use crate::scenario::instant::Instant;
use crate::scenario::problem::{Place, Problems, Spot};
use crate::scenario::quantity;
use crate::scenario::value::Checked;

const TIME: Column = Column::required("time").or(&["timestamp"]);
const VIEWERS: Column = Column::required("viewers").or(&["ccv", "viewer_count", "concurrent"]);
const STATUS: Column = Column::optional("status");
/// No crowd is larger.
const VIEWERS_MAX: f64 = 1e8;
/// What stands where no number was known.
const NOTHING: [&str; 4] = ["", "na", "nan", "null"];

/// A point as the file has it.
struct Entry {
    instant: Instant,
    viewers: f64,
    place: Place,
}

/// The arrivals that make the crowd of the file that is named at `at`.
pub(super) fn arrivals(
    at: &Checked,
    watch: &Watch,
    files: &Files,
    problems: &mut Problems,
) -> Option<Arrivals> {
    let (mut clock, mut entries) = (Clock::new(at), Vec::new());
    let file = files.get(at)?;
    let before = problems.count();
    if matches!(file.content().trim_ascii_start().first(), Some(b'[' | b'{')) {
        read_json(file, &mut clock, &mut entries, problems)?;
    } else {
        data::rows(file, &[TIME, VIEWERS, STATUS], problems, |row, problems| {
            let spots = [row.at("time"), row.at("viewers")];
            let texts = [row.text("time")?, row.text("viewers")?];
            let entry = entry(texts, row.text("status"), spots, &mut clock, problems)?;
            entries.push(entry);
            Some(())
        });
    }
    if problems.count() > before {
        return None;
    }
    let (points, places) = series(entries, &clock, at, problems)?;
    let at_least = at.case().and_then(|(_, value)| value.text("at_least")) == Some("yes");
    match rates(&points, watch, at_least) {
        Ok(curve) => Some(Arrivals::Concurrent(curve)),
        Err(miss) => {
            let (point, message) = told(miss);
            problems.at(Spot { place: places[point], path: "viewers" }, message);
            None
        }
    }
}

/// Reads a list of objects that have what the columns of a table would have.
fn read_json(
    file: &DataFile,
    clock: &mut Clock,
    entries: &mut Vec<Entry>,
    problems: &mut Problems,
) -> Option<()> {
    let text = file.text(problems)?;
    let items: Items<'_> = data::json(file, text, problems)?;
    items.each((file, text), problems, |line, object, problems| {
        let place = file.line(line);
        let member = |column: &Column, problems: &mut Problems| {
            let found = column.member(&object);
            if found.is_none() {
                let names = column.names().collect::<Vec<_>>().join(", ");
                problems.add(place, "", format!("has none of {names} with a text or a number"));
            }
            found
        };
        let mut read = |problems: &mut Problems| {
            let (time, viewers) = (member(&TIME, problems)?, member(&VIEWERS, problems)?);
            let status = STATUS.member(&object).map(|status| status.1);
            let spots = [time.0, viewers.0].map(|path| Spot { place, path });
            entry([&time.1, &viewers.1], status.as_deref(), spots, clock, problems)
        };
        entries.extend(read(problems));
    });
    Some(())
}

/// The point that time and viewers say, unless it is left out; or a problem.
fn entry(
    [time, viewers]: [&str; 2],
    status: Option<&str>,
    [of_time, of_viewers]: [Spot<'static>; 2],
    clock: &mut Clock,
    problems: &mut Problems,
) -> Option<Entry> {
    let is_nothing = NOTHING.iter().any(|nothing| viewers.eq_ignore_ascii_case(nothing));
    if is_nothing || status.is_some_and(|status| status.starts_with("is_upcoming")) {
        return None;
    }
    let instant = clock.read(time, of_time, problems);
    let number = quantity::number(viewers).filter(|number| (0.0..=VIEWERS_MAX).contains(number));
    if number.is_none() {
        let expects = format!("a number of viewers from 0 to {VIEWERS_MAX}");
        problems.at(of_viewers, data::no_number(viewers, &expects));
    }
    Some(Entry { instant: instant?, viewers: number?, place: of_time.place })
}

/// The points from second zero on, in order, and where each stands.
fn series(
    mut entries: Vec<Entry>,
    clock: &Clock,
    at: &Checked,
    problems: &mut Problems,
) -> Option<(Vec<Point>, Vec<Place>)> {
    if entries.len() > POINTS_MAX {
        let message = format!(
            "has {} points; there may be {POINTS_MAX}: leave some out, it is linear between",
            entries.len()
        );
        problems.at(at.spot(), message);
        return None;
    }
    entries.sort_by_key(|entry| (entry.instant, entry.place));
    for pair in entries.windows(2).filter(|pair| pair[0].instant == pair[1].instant) {
        let message = format!("has the time of line {} a second time", pair[0].place.line);
        problems.at(Spot { place: pair[1].place, path: "time" }, message);
    }
    let since_zero_ns = |entry: &Entry| clock.since_zero_ns(entry.instant);
    let first = entries.partition_point(|entry| since_zero_ns(entry) < 0);
    let Some(next) = entries.get(first) else {
        problems.at(at.spot(), "has no viewers from second zero on");
        return None;
    };
    let (mut points, mut places) = (Vec::new(), Vec::new());
    if let Some(last) = first.checked_sub(1).map(|last| &entries[last]) {
        problems.warn(at.spot(), format!("points before second zero are left out: {first}"));
        let (ago_ns, ahead_ns) = (-since_zero_ns(last), since_zero_ns(next));
        if ahead_ns > 0 {
            let share = ago_ns as f64 / (ago_ns + ahead_ns) as f64;
            let viewers = last.viewers + (next.viewers - last.viewers) * share;
            points.push(Point { at: Span::ZERO, viewers });
            places.push(next.place);
        }
    }
    for entry in &entries[first..] {
        let spot = Spot { place: entry.place, path: "time" };
        points.push(Point { at: clock.since_zero(entry.instant, spot, problems)?, viewers: entry.viewers });
        places.push(entry.place);
    }
    Some((points, places))
}

/// What is wrong with which point.
fn told(miss: Miss) -> (usize, String) {
    match miss {
        Miss::Falls { point, at, viewers, wanted } => {
            let [viewers, wanted] = [viewers, wanted].map(libm::round);
            let at_s = at.secs_f64();
            let remedy = "shorten `watch`, or let the crowd be larger with `at_least: yes`";
            (
                point,
                format!(
                    "falls faster than viewers leave: of those before, {viewers} are still there at {at_s} s, where it says {wanted}; {remedy}"
                ),
            )
        }
        Miss::Fast { point } => (
            point,
            "changes too fast for a series that is so long and this `watch`; leave points out, or cut it"
                .to_owned(),
        ),
    }
}
