//! `fedisim compare`: the differences between columns of runs, with their intervals.

use crate::cli::Exit;
use crate::cli::output::{complain, print};
use crate::intervals::Table;
use crate::metrics::definitions::names;
use crate::report::compare::{Format, differences};
use crate::runs::folder::{FolderError, read_manifest, read_record};
use crate::runs::records::{SUMMARY, read_summary};
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

pub(super) fn main(arguments: &Arguments) -> Exit {
    let table = match tables(&arguments.runs) {
        Ok(table) => table,
        Err((problem, exit)) => {
            complain(&problem);
            return exit;
        }
    };
    let metrics = names();
    for metric in &arguments.metric {
        if !metrics.contains(&&metric[..]) {
            complain(&format!("--metric: `{metric}` is no metric{}", nearest(metric, metrics)));
            return Exit::BadInput;
        }
    }
    if !table.protocols.contains(&arguments.baseline) {
        let columns = table.protocols.iter().map(String::as_str);
        let near = nearest(&arguments.baseline, columns);
        complain(&format!("--baseline: `{}` is no column of these runs{near}", arguments.baseline));
        return Exit::BadInput;
    }
    print(&differences(&table, &arguments.baseline, &arguments.metric, arguments.format.into()))
}

/// The values of all runs in one table.
fn tables(runs: &[PathBuf]) -> Result<Table, (String, Exit)> {
    let mut all: Option<(u64, Table)> = None;
    for run in runs {
        let (seed, table) = table(run)?;
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
            return Err((format!("{} {wrong}", run.display()), Exit::BadInput));
        }
        merged.extend(&table, &prefix);
    }
    let (_, table) = all.expect("there is a run");
    Ok(table)
}

fn table(run: &Path) -> Result<(u64, Table), (String, Exit)> {
    let unreadable = |error: FolderError| (error.to_string(), Exit::CouldNotRun);
    let manifest = read_manifest(run).map_err(unreadable)?;
    if !manifest.complete {
        return Err((format!("{} is not complete; run it to its end", run.display()), Exit::BadInput));
    }
    let bytes = read_record(run, SUMMARY).map_err(unreadable)?;
    let table = read_summary(&bytes)
        .map_err(|problem| (format!("{}: {problem}", run.join(SUMMARY).display()), Exit::CouldNotRun))?;
    Ok((manifest.seed, table))
}
