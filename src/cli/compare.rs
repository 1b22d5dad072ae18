//! `fedisim compare`: the differences between columns of runs, with their intervals.

use crate::cli::edited::{EditedArgument, report_edited, unreadable};
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{fail, print, print_json};
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::report::compare::{Format, differences};
use crate::runs::reading::{Edits, ReadError, Records};
use crate::runs::summary::SummarySource;
use crate::scenario::nearest;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// `fedisim compare`
#[derive(Args)]
pub(super) struct Arguments {
    /// Folders of complete runs; of several runs the columns are called RUN:PROTOCOL
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The column that the others are compared with
    #[arg(long, value_name = "NAME")]
    baseline: String,
    /// Only these metrics [default: those that `run` shows; in exact formats all]
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// How it is written: `text` and `markdown` are rounded, `json` and `csv` exact
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: FormatArgument,
    #[command(flatten)]
    edited: EditedArgument,
}

/// `--format`
#[derive(Clone, Copy, ValueEnum)]
enum FormatArgument {
    Text,
    Markdown,
    Json,
    Csv,
}

impl From<FormatArgument> for Format {
    fn from(argument: FormatArgument) -> Format {
        match argument {
            FormatArgument::Text => Format::Text,
            FormatArgument::Markdown => Format::Markdown,
            FormatArgument::Json => Format::Json,
            FormatArgument::Csv => Format::Csv,
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    let (table, edited) = tables(&arguments.runs, arguments.edited.edits())?;
    report_edited(&edited);
    let metrics = names();
    for metric in &arguments.metric {
        if !metrics.contains(&&metric[..]) {
            let near = nearest(metric, metrics);
            return Err(fail(Exit::BadInput, &format!("--metric: `{metric}` is no metric{near}")));
        }
    }
    if !table.protocols.contains(&arguments.baseline) {
        let columns = table.protocols.iter().map(String::as_str);
        let near = nearest(&arguments.baseline, columns);
        let problem = format!("--baseline: `{}` is no column of these runs{near}", arguments.baseline);
        return Err(fail(Exit::BadInput, &problem));
    }
    let format = arguments.format.into();
    let text = differences(&table, &arguments.baseline, &arguments.metric, format, &edited);
    Ok(if format == Format::Json { print_json(&text) } else { print(&text) })
}

/// The values of all runs in one table, and the files that were edited.
fn tables(runs: &[PathBuf], edits: Edits) -> Result<(Table, Vec<String>), Exit> {
    let mut all: Option<(u64, Table)> = None;
    let mut edited = Vec::new();
    for run in runs {
        let (seed, table) = table(run, edits, &mut edited).map_err(|error| unreadable(&error))?;
        let prefix = if runs.len() > 1 { format!("{}:", run.display()) } else { String::new() };
        let (first_seed, merged) = all.get_or_insert_with(|| (seed, Table::new(table.parameters.clone())));
        let wrong = if *first_seed != seed {
            Some("has another seed than the first, so that nothing can be paired")
        } else if merged.parameters != table.parameters {
            Some("varies other values than the first")
        } else if merged.protocols.iter().any(|known| !prefix.is_empty() && known.starts_with(&prefix)) {
            Some("is named twice")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return Err(fail(Exit::BadInput, &format!("{} {wrong}", run.display())));
        }
        merged.extend(&table, &prefix);
    }
    let (_, table) = all.expect("there is a run");
    Ok((table, edited))
}

fn table(run: &Path, edits: Edits, edited: &mut Vec<String>) -> Result<(u64, Table), ReadError> {
    let mut records = Records::open(run, edits)?;
    let table = records.summary(SummarySource::Run)?;
    records.check_rest()?;
    edited.extend(records.edited.iter().map(|name| run.join(name).display().to_string()));
    Ok((records.manifest.seed, table))
}
