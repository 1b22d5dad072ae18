//! The command line: reads arguments, calls the library, prints, returns exit codes. One file per verb; none computes.

mod cell;
mod check;
mod collect;
mod compare;
mod conform;
mod edited;
mod events;
mod execution_arguments;
mod exit;
mod import;
mod init;
#[cfg(feature = "live")]
mod live;
mod matrix;
mod metrics;
mod output;
#[cfg(feature = "live")]
mod parity;
mod plan;
#[cfg(feature = "report")]
mod plot;
mod protocols;
#[cfg(feature = "report")]
mod report;
mod run;
mod scenario_arguments;
mod search;
mod summary;
mod timeline;
mod validate;
mod validate_model;

use crate::foundation::text::one_line;
use crate::scenario;
use clap::{Parser, Subcommand};
use exit::Exit;
use output::{fail, print, print_json};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "fedisim", version, about, long_about = None, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 good; 1 could not run (a file cannot be read or written); 2 bad usage, scenario or recording;
99 an expectation or a comparison failed; 130 interrupted.";

#[derive(Subcommand)]
enum Command {
    /// Run every protocol that a scenario compares on the same viewers, and print the comparison
    Run(run::Arguments),
    /// Run the instances as real servers on this machine, which exchange signed activities, and note the same records
    #[cfg(feature = "live")]
    Live(live::Arguments),
    /// Run the same workload in the simulation and as real servers, and compare messages, bytes and displayed counts
    #[cfg(feature = "live")]
    Parity(parity::Arguments),
    /// Print the cells that `run` would run, one JSON object a line; takes the options of `run`
    Plan(run::Arguments),
    /// Run one cell: a line of `plan` on standard input, its record on standard output
    Cell(cell::Arguments),
    /// Make a run of the records of cells that ran one by one
    Collect(collect::Arguments),
    /// Compare the columns of one or several runs with one of them, with intervals
    Compare(compare::Arguments),
    /// Make one self-contained HTML page of a run
    #[cfg(feature = "report")]
    Report(report::Arguments),
    /// Draw the figures of a run as SVG or PNG
    #[cfg(feature = "report")]
    Plot(plot::Arguments),
    /// Run every protocol as origin with every one as followers, or a roll-out, and name what is worse than not upgrading
    Matrix(matrix::Arguments),
    /// Find the cheapest protocol of each class of error, among combinations of rules and parameters
    Search(search::Arguments),
    /// Compare scenarios' runs with their committed baselines, metric by metric; 99 if something is worse
    Check(check::CheckArguments),
    /// Make the runs of scenarios their baselines, and print what changes
    Bless(check::BlessArguments),
    /// Check a scenario file and list everything that is wrong with it
    Validate(validate::Arguments),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Write a commented scenario to start from
    Init(init::Arguments),
    /// Make a scenario of what crawlers publish of a federation: its instances, their releases and who follows whom
    Import(import::Arguments),
    /// Print the presets, the rules and what each preset chose
    Protocols,
    /// Print the definitions of all metrics, or what each message is made of
    Metrics(metrics::Arguments),
    /// Replay recordings of real instances and compare every message and sample
    Conform(conform::Arguments),
    /// Hold the simulator against theory: every closed form under every law, as a table; a minute or two
    ValidateModel(validate_model::Arguments),
    /// Print every event of a run, or find the first that differs between two such lists
    Events(events::Arguments),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error),
    };
    let outcome = match cli.command {
        Command::Run(arguments) => run::main(&arguments),
        #[cfg(feature = "live")]
        Command::Live(arguments) => live::main(&arguments),
        #[cfg(feature = "live")]
        Command::Parity(arguments) => parity::main(&arguments),
        Command::Plan(arguments) => plan::main(&arguments),
        Command::Cell(arguments) => cell::main(&arguments),
        Command::Collect(arguments) => collect::main(&arguments),
        Command::Compare(arguments) => compare::main(&arguments),
        #[cfg(feature = "report")]
        Command::Report(arguments) => report::main(&arguments),
        #[cfg(feature = "report")]
        Command::Plot(arguments) => plot::main(&arguments),
        Command::Matrix(arguments) => matrix::main(&arguments),
        Command::Search(arguments) => search::main(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Bless(arguments) => check::bless(&arguments),
        Command::Validate(arguments) => validate::main(&arguments),
        Command::Schema => Ok(print_json(&scenario::schema())),
        Command::Init(arguments) => init::main(&arguments),
        Command::Import(arguments) => import::main(&arguments),
        Command::Protocols => Ok(print(&protocols::tables())),
        Command::Metrics(arguments) => Ok(print(&metrics::main(&arguments))),
        Command::Conform(arguments) => conform::main(&arguments),
        Command::ValidateModel(arguments) => validate_model::main(&arguments),
        Command::Events(arguments) => events::main(&arguments),
    };
    ExitCode::from(outcome.unwrap_or_else(|exit| exit) as u8)
}

/// Prints help, or what is wrong with the arguments, without control characters from the names of files.
fn usage(error: clap::Error) -> ExitCode {
    let arguments = std::env::args_os().map(|argument| one_line(&argument.to_string_lossy()).into_owned());
    match Cli::try_parse_from(arguments) {
        Err(same) => same.exit(),
        Ok(_) => ExitCode::from(fail(Exit::BadInput, &error) as u8),
    }
}
