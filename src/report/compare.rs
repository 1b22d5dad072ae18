//! Differences between columns, of one run or of several, with their intervals: as text, Markdown, JSON and CSV.

use crate::foundation::text::{markdown, one_line};
use crate::intervals::{Comparison, Estimate, Table as Values};
use crate::report::sweep::short;
use crate::report::table::{Style, align_right, empty, estimated, human_readable, ratio_text, shown_metrics};
use serde::Serialize;

/// How differences are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal: rounded.
    Text,
    /// For an issue: rounded.
    Markdown,
    /// Exact.
    Json,
    /// Exact.
    Csv,
}

/// A metric of a column against the baseline's; empty where there is nothing to tell.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(serialize_with = "as_map")]
    parameters: Vec<(&'a str, &'a str)>,
    protocol: &'a str,
    baseline: &'a str,
    metric: &'a str,
    unit: &'a str,
    replications: usize,
    mean: f64,
    mean_half_width: Option<f64>,
    baseline_mean: f64,
    baseline_half_width: Option<f64>,
    difference: f64,
    difference_half_width: Option<f64>,
    ratio: Option<f64>,
    ratio_half_width: Option<f64>,
    variance_reduction: Option<f64>,
    shown: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    edited_records: bool,
    #[serde(skip)]
    comparison: Comparison,
}

fn as_map<S: serde::Serializer>(pairs: &[(&str, &str)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().copied())
}

/// All columns against `baseline`; `edited` are the files, of those that the values are from, that were edited. Without `metrics`, exact formats hold all of them, and rounded ones those that `run` shows.
pub fn differences(
    values: &Values,
    baseline: &str,
    metrics: &[String],
    format: Format,
    edited: &[String],
) -> String {
    let is_rounded = matches!(format, Format::Text | Format::Markdown);
    let is_wanted = |name: &str| match metrics {
        [] => !is_rounded || shown_metrics().any(|shown| shown == name),
        some => some.iter().any(|metric| metric == name),
    };
    let mut rows = Vec::new();
    for (point, setting) in values.points.iter().enumerate() {
        for protocol in values.protocols.iter().filter(|protocol| *protocol != baseline) {
            for (metric, unit) in values.metrics.iter().filter(|(name, _)| is_wanted(name)) {
                if let Some(comparison) = values.compare(point, protocol, baseline, metric) {
                    let pairs = values.parameters.iter().zip(setting);
                    let parameters = pairs.map(|(path, value)| (&path[..], &value[..])).collect();
                    let row = row(parameters, protocol, baseline, (metric, unit), comparison);
                    rows.push(Row { edited_records: !edited.is_empty(), ..row });
                }
            }
        }
    }
    match format {
        Format::Text | Format::Markdown => note_of_edited(edited, format) + &rounded(values, &rows, format),
        Format::Json => serde_json::to_string_pretty(&rows).expect("rows are JSON") + "\n",
        Format::Csv => exact(values, &rows, !edited.is_empty()),
    }
}

fn row<'a>(
    parameters: Vec<(&'a str, &'a str)>,
    protocol: &'a str,
    baseline: &'a str,
    (metric, unit): (&'a str, &'a str),
    comparison: Comparison,
) -> Row<'a> {
    let Comparison { baseline: base, value, difference, ratio, variance_reduction } = comparison;
    Row {
        parameters,
        protocol,
        baseline,
        metric,
        unit,
        replications: value.count,
        mean: value.mean,
        mean_half_width: value.half_width,
        baseline_mean: base.mean,
        baseline_half_width: base.half_width,
        difference: difference.mean,
        difference_half_width: difference.half_width,
        ratio: ratio.map(|ratio| ratio.mean),
        ratio_half_width: ratio.and_then(|ratio| ratio.half_width),
        variance_reduction,
        shown: comparison.shown().text(),
        edited_records: false,
        comparison,
    }
}

fn note_of_edited(files: &[String], format: Format) -> String {
    let note = format!("Edited since the runs wrote them: {}", files.join(", "));
    match (files.is_empty(), format) {
        (true, _) => String::new(),
        (false, Format::Markdown) => markdown(&note) + "\n\n",
        (false, _) => one_line(&note).into_owned() + "\n",
    }
}

fn rounded(values: &Values, rows: &[Row<'_>], format: Format) -> String {
    let style = if format == Format::Text { Style::Text } else { Style::Markdown };
    let mut table = empty(style);
    let parameters = values.parameters.iter().map(|path| short(path, &values.parameters));
    let columns = ["metric", "protocol", "value", "baseline", "difference", "ratio", "shown", "pairing"];
    table.set_header(parameters.chain(columns));
    for row in rows.iter().filter(|row| row.mean != 0.0 || row.baseline_mean != 0.0) {
        let difference = signed(&row.comparison.difference, row.unit);
        let pairing =
            row.variance_reduction.map_or_else(String::new, |by| format!("1/{by:.0} of the variance"));
        let texts = [
            row.metric.to_owned(),
            row.protocol.to_owned(),
            estimated(&row.comparison.value, row.unit),
            estimated(&row.comparison.baseline, row.unit),
            difference,
            ratio_text(&row.comparison).map_or_else(String::new, |text| before_comma(&text)),
            row.shown.to_owned(),
            pairing,
        ];
        let cells = row.parameters.iter().map(|(_, value)| (*value).to_owned()).chain(texts);
        table.add_row(cells.map(|text| style.cell(&text)));
    }
    align_right(&mut table, values.parameters.len() + 2);
    table.trim_fmt() + "\n"
}

/// The ratio alone; what it shows has a separate column.
fn before_comma(text: &str) -> String {
    text.split(',').next().unwrap_or_default().to_owned()
}

/// A difference with half the width of its interval, in the same unit.
fn signed(difference: &Estimate, unit: &str) -> String {
    let sign = if difference.mean > 0.0 { "+" } else { "" };
    let half_width =
        difference.half_width.map(|half_width| format!(" ±{}", human_readable(half_width, unit)));
    format!("{sign}{}{}", human_readable(difference.mean, unit), half_width.unwrap_or_default())
}

fn exact(values: &Values, rows: &[Row<'_>], is_edited: bool) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let parameters = values.parameters.iter().map(String::as_str);
    let columns = [
        "protocol",
        "baseline",
        "metric",
        "unit",
        "replications",
        "mean",
        "mean_half_width",
        "baseline_mean",
        "baseline_half_width",
        "difference",
        "difference_half_width",
        "ratio",
        "ratio_half_width",
        "variance_reduction",
        "shown",
    ];
    let edited = is_edited.then_some("edited_records");
    writer.write_record(parameters.chain(columns).chain(edited)).expect("memory takes everything");
    let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    for row in rows {
        let texts = [
            row.protocol.to_owned(),
            row.baseline.to_owned(),
            row.metric.to_owned(),
            row.unit.to_owned(),
            row.replications.to_string(),
            number(Some(row.mean)),
            number(row.mean_half_width),
            number(Some(row.baseline_mean)),
            number(row.baseline_half_width),
            number(Some(row.difference)),
            number(row.difference_half_width),
            number(row.ratio),
            number(row.ratio_half_width),
            number(row.variance_reduction),
            row.shown.to_owned(),
        ];
        let parameters = row.parameters.iter().map(|(_, value)| (*value).to_owned());
        let edited = is_edited.then(|| "true".to_owned());
        writer.write_record(parameters.chain(texts).chain(edited)).expect("memory takes everything");
    }
    String::from_utf8(writer.into_inner().expect("memory takes everything")).expect("text was written")
}
