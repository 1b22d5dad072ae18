//! Crowds from a file: a row per visit, with the times that it has.

use crate::domain::crowd::Scripted;
use crate::foundation::units::{Span, Time};
use crate::scenario::build::table::Table;
use crate::scenario::data::{self, Clock, Column, Files, Row};
use crate::scenario::instant::Instant;
use crate::scenario::problem::{Place, Problems, Spot};
use crate::scenario::shape::Form;
use crate::scenario::value::Checked;

const COLUMNS: [Column; 5] = [
    Column::required("instance"),
    Column::required("viewer"),
    Column::required("start_s").or(&["start"]),
    Column::required("watch_s"),
    Column::optional("heartbeat_s"),
];
/// The shortest visit, and the shortest time between heartbeats.
const SHORTEST: Span = Span::from_ms(1);

/// A visit whose start is still as in the file.
struct Visit {
    start: Instant,
    place: Place,
    scripted: Scripted,
}

/// The visits of the file that is named at `at`.
pub(super) fn visits(
    at: &Checked,
    table: &Table,
    files: &Files,
    problems: &mut Problems,
) -> Option<Vec<Scripted>> {
    let (mut clock, mut visits) = (Clock::new(at), Vec::new());
    data::rows(files.get(at)?, &COLUMNS, problems, |row, problems| {
        visits.push(visit(row, table, &mut clock, problems)?);
        Some(())
    });
    if visits.is_empty() {
        problems.warn(at.spot(), "names a file without a session: nobody watches");
    }
    let started = |Visit { start, place, scripted }: Visit| {
        let start = clock.since_zero(start, Spot { place, path: "start_s" }, problems)?;
        Some(Scripted { start: Time::ZERO + start, ..scripted })
    };
    Some(visits.into_iter().filter_map(started).collect())
}

fn visit(row: &Row<'_>, table: &Table, clock: &mut Clock, problems: &mut Problems) -> Option<Visit> {
    let at = row.at("instance");
    let text = row.text("instance")?;
    let instance = table.named(text).or_else(|| table.instance(text, at, problems));
    if let Some(instance) = instance {
        table.need_peertube(&[instance], at, problems);
    }
    let viewer = row.text("viewer")?;
    if !viewer.is_empty() && !Form::PersonName.fits(viewer) {
        row.wrong("viewer", Form::PersonName.expects(), problems);
    }
    let start = clock.read(row.text("start_s")?, row.at("start_s"), problems);
    let watch = data::seconds(row, "watch_s", SHORTEST, problems);
    let heartbeat = match row.text("heartbeat_s").unwrap_or_default() {
        "" => None,
        _ => Some(data::seconds(row, "heartbeat_s", SHORTEST, problems)?),
    };
    let scripted = Scripted {
        viewer: (!viewer.is_empty()).then(|| viewer.to_owned()),
        instance: instance?,
        start: Time::ZERO,
        watch: watch?,
        heartbeat,
    };
    Some(Visit { start: start?, place: row.place, scripted })
}
