//! When a run ends, what it measures, what it may cost and what is expected of it.

use crate::foundation::units::Time;
use crate::scenario::build::unknown::unknown;
use crate::scenario::model::{End, Expectation, Gate, Limits, Measure, Severity, Variant, WireNames};
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// When the run ends.
pub(crate) fn end(file: &Checked) -> Option<End> {
    match file.get("end")?.case()? {
        ("at", time) => Some(End::At(Time::ZERO + time.as_span()?)),
        (_, idle) => Some(End::Idle { at_most: Time::ZERO + idle.span("at_most")? }),
    }
}

/// What is sampled.
pub(crate) fn measure(file: &Checked, end: Option<End>, problems: &mut Problems) -> Option<Measure> {
    let section = file.get("measure")?;
    let from = Time::ZERO + section.span("from")?;
    if let Some(end) = end
        && from >= end.latest()
    {
        let at = section.get("from")?;
        let message = "begins when the run is over, so nothing would be measured; begin before `end`";
        problems.at(at.spot(), message);
    }
    Some(Measure { every: section.span("every")?, from, bucket: section.span("bucket")? })
}

/// Names on the wire.
pub(crate) fn wire_names(file: &Checked) -> Option<WireNames> {
    let section = file.get("names")?;
    Some(WireNames {
        scheme: section.text("scheme")?.to_owned(),
        domain: section.text("domain")?.to_owned(),
        session_id_length: usize::try_from(section.integer("session_id_length")?).ok()?,
        video_id_digits: u32::try_from(section.integer("video_id_digits")?).ok()?,
        version: section.text("version")?.to_owned(),
    })
}

/// What a run may cost.
pub(crate) fn limits(file: &Checked) -> Option<Limits> {
    let section = file.get("limits")?;
    Some(Limits {
        events: section.integer("events")?,
        sessions: section.integer("sessions")?,
        memory_bytes: section.bytes("memory")?,
        output_bytes: section.bytes("output")?,
    })
}

/// What is expected of the results.
pub(crate) fn expectations(
    file: &Checked,
    columns: &[Variant],
    metrics: &[&str],
    problems: &mut Problems,
) -> Option<Vec<Expectation>> {
    // a column that is broken is missing from `columns`, and must not be called unknown
    let complete = file.get("compare").is_some_and(|compare| compare.items().len() == columns.len());
    let items = file.get("expect")?.items();
    let built: Vec<_> =
        items.iter().map(|item| expectation(item, columns, complete, metrics, problems)).collect();
    built.into_iter().collect()
}

/// How the regression check takes it.
pub(crate) fn gate(file: &Checked) -> Option<Gate> {
    let (case, value) = file.get("gate")?.case()?;
    match case {
        "skip" => Some(Gate::Skip(value.as_text()?.to_owned())),
        _ => Some(Gate::Set(settings(value))),
    }
}

/// What `fedisim parity` changes first.
pub(crate) fn parity(file: &Checked) -> Vec<String> {
    file.get("parity").and_then(|parity| parity.get("set")).map(settings).unwrap_or_default()
}

fn settings(set: &Checked) -> Vec<String> {
    let change = |(path, value): &(String, Checked)| Some(format!("{path}={}", value.as_text()?));
    set.entries().iter().filter_map(change).collect()
}

fn expectation(
    item: &Checked,
    columns: &[Variant],
    complete: bool,
    metrics: &[&str],
    problems: &mut Problems,
) -> Option<Expectation> {
    let metric = item.get("metric").and_then(|at| {
        let name = at.as_text()?;
        if !metrics.contains(&name) {
            unknown(at.spot(), "metric", name, metrics.iter().copied(), problems);
        }
        Some(name.to_owned())
    });
    let mut column = |key| {
        let at = item.get(key)?;
        let name = at.as_text()?;
        let found = columns.iter().position(|column| column.name == name);
        if found.is_none() && complete {
            unknown(
                at.spot(),
                "column of `compare`",
                name,
                columns.iter().map(|column| &column.name[..]),
                problems,
            );
        }
        found
    };
    let (variant, relative_to) = (column("protocol"), column("relative_to"));
    let (min, max) = (item.number("min"), item.number("max"));
    let bounds = match (min, max) {
        (None, None) => Some("bounds nothing; give it a `min`, a `max` or both".to_owned()),
        (Some(min), Some(max)) if min > max => {
            Some(format!("has a `min` of {min} above its `max` of {max}; exchange them"))
        }
        _ if variant.is_some() && variant == relative_to => {
            Some("divides a column by itself; leave `relative_to` away or name another".to_owned())
        }
        _ => None,
    };
    if let Some(message) = bounds.filter(|_| item.is_sound()) {
        problems.at(item.spot(), message);
    }
    let in_file = item.place.source == 0;
    Some(Expectation {
        metric: metric?,
        variant: variant?,
        relative_to,
        min,
        max,
        bounds_each: item.text("bounds")? == "each",
        severity: if item.text("severity")? == "warn" { Severity::Warn } else { Severity::Fail },
        why: item.text("why")?.to_owned(),
        line: if in_file { item.place.line } else { 0 },
        column: if in_file { item.place.column } else { 0 },
    })
}
