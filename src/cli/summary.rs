//! The summary of a run on standard output, in the format that was asked for, and notes on standard error.

use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{complain, fail, print, print_coloured, print_json};
use crate::report::expect::{Verdict, verdicts};
use crate::report::summary::Summary;
use crate::report::table::{Style, titles};
use crate::runs::reading::{Edits, Records};
use crate::runs::summary::SummarySource;
use crate::scenario::Scenario;
use anstyle::{AnsiColor, Style as Colour};
use clap::{Args, ValueEnum};
use std::path::Path;

/// How a run is summarised.
#[derive(Args)]
pub(super) struct SummaryArguments {
    /// How the summary is printed: `text` and `markdown` are rounded, `json` and `csv` exact
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Print nothing but errors and expectations that fail
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// `--format`
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
    Csv,
}

impl SummaryArguments {
    /// Prints a note on standard error.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            complain(&text);
        }
    }

    /// Prints the summary of the run in a folder. Returns the exit code of its expectations.
    pub(super) fn summary(&self, scenario: &Scenario, folder: &Path) -> Outcome {
        let read = Records::open(folder, Edits::Refused);
        let values = read.and_then(|mut records| records.summary(SummarySource::Run));
        let values = values.map_err(|error| fail(Exit::CouldNotRun, &error))?;
        let verdicts = verdicts(scenario, &values);
        let failed: Vec<&Verdict> =
            verdicts.iter().filter(|verdict| verdict.fails && !verdict.holds).collect();
        let summary = Summary { scenario, values: &values, verdicts: &verdicts };
        let exit = if self.quiet {
            failed.iter().for_each(|verdict| complain(&verdict.line));
            Exit::Good
        } else {
            self.print(&summary)
        };
        Ok(if failed.is_empty() { exit } else { Exit::GateFailed })
    }

    fn print(&self, summary: &Summary<'_>) -> Exit {
        match self.format {
            Format::Text => print_coloured(&summary.text(Style::Text), coloured),
            Format::Markdown => print(&summary.text(Style::Markdown)),
            Format::Json => print_json(&summary.json()),
            Format::Csv => print(&summary.csv()),
        }
    }
}

/// Makes titles bold, and colours the words of verdicts.
fn coloured(text: &str) -> String {
    let bold = Colour::new().bold();
    let words: [(&str, Colour); 3] = [
        ("ok  ", AnsiColor::Green.on_default()),
        ("FAIL", AnsiColor::Red.on_default().bold()),
        ("warn", AnsiColor::Yellow.on_default()),
    ];
    let line = |line: &str| {
        let word = words.iter().find_map(|(word, colour)| Some((word, colour, line.strip_prefix(word)?)));
        match word {
            Some((word, colour, rest)) => format!("{colour}{word}{colour:#}{rest}\n"),
            None if titles().any(|title| line.trim() == title) => format!("{bold}{line}{bold:#}\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_never_alone() {
        let text = "DELIVERY (all traffic)\n  messages  5\nok   v1: a\nFAIL v2: b\n";
        let with = coloured(text);
        assert!(with.contains("\u{1b}[32mok  \u{1b}[0m v1: a"), "{with:?}");
        assert!(with.contains("\u{1b}[1mDELIVERY (all traffic)\u{1b}[0m"), "{with:?}");
        assert_eq!(anstream::adapter::strip_str(&with).to_string(), text);
    }
}
