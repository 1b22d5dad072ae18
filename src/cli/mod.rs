//! The command line: reads arguments, calls the library, prints, and turns outcomes into exit codes. Nothing is
//! computed here. One file per verb.

mod cell;
mod check;
mod collect;
mod compare;
mod conform;
mod edited;
mod events;
mod init;
#[cfg(feature = "live")]
mod live;
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
mod summary;
mod timeline;
mod validate;
mod validate_model;

use crate::foundation::text::one_line;
use crate::metrics::definitions::names;
use crate::runs::EngineChoice;
use crate::runs::estimate::Estimate;
use crate::scenario::{self, Changes, Failure, Scenario, Study};
use clap::{Args, Parser, Subcommand};
use output::{complain, complain_of_scenario, print, print_json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// As it should.
    Good = 0,
    /// It could not run: something cannot be read or written.
    CouldNotRun = 1,
    /// A mistake in the usage, a scenario or a recording.
    BadInput = 2,
    /// A gate failed: an expectation or a comparison.
    GateFailed = 99,
    /// Somebody interrupted it.
    Interrupted = 130,
}

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
    /// Print the presets, the rules and what each preset chose
    Protocols,
    /// Print the definitions of all metrics
    Metrics,
    /// Replay recordings of real instances and compare every message and sample
    Conform(conform::Arguments),
    /// Hold the simulator against theory: every closed form under every law, as a table; a minute or two
    ValidateModel(validate_model::Arguments),
    /// Print every event of a run, or find the first that differs between two such lists
    Events(events::Arguments),
}

/// A scenario file, and what is different this time.
#[derive(Args, Clone)]
struct ScenarioArguments {
    /// The scenario file (YAML or JSON)
    scenario: PathBuf,
    /// Change a value of the scenario, as in `--set network.loss="1 %"`
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Compare these protocols instead of those that the scenario lists
    #[arg(long, value_name = "NAME")]
    protocol: Vec<String>,
    /// Draw everything anew so often
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Another seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl ScenarioArguments {
    /// The valid scenario, or the exit code after telling what is wrong.
    fn read(&self) -> Result<Scenario, Exit> {
        let mut sets = self.set.clone();
        sets.extend(self.seed.map(|seed| format!("seed={seed}")));
        sets.extend(self.replications.map(|replications| format!("replications={replications}")));
        let changes = Changes { sets, protocols: self.protocol.clone(), ..Changes::default() };
        scenario::read(&self.scenario, &changes, &names()).map_err(|failure| told(&failure))
    }

    /// The valid scenario with its sweep, whose points are not looked at yet.
    fn study(&self) -> Result<Study, Exit> {
        let folder = self.scenario.parent().unwrap_or(Path::new(""));
        Ok(Study::new(self.read()?, folder, &names()))
    }

    /// The same, and what all of it will take; it is within the limits.
    fn estimated(&self, engine: EngineChoice) -> Result<(Study, Estimate), Exit> {
        let study = self.study()?;
        let estimate = Estimate::of_study(&study, engine).map_err(|failure| told(&failure))?;
        estimate.check(&study.scenario.limits).map_err(|problem| {
            complain(&format!("{}: {problem}", self.scenario.display()));
            Exit::BadInput
        })?;
        Ok((study, estimate))
    }
}

/// Tells what is odd about a valid scenario.
fn warn(scenario: &Scenario) {
    scenario.strangers().iter().for_each(|strangers| complain(&format!("warning: {strangers}")));
}

/// Tells why there is no scenario.
fn told(failure: &Failure) -> Exit {
    complain_of_scenario(failure);
    match failure {
        Failure::Unreadable { .. } => Exit::CouldNotRun,
        Failure::Invalid(_) => Exit::BadInput,
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(error),
    };
    let exit = match cli.command {
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
        Command::Check(arguments) => check::check(&arguments),
        Command::Bless(arguments) => check::bless(&arguments),
        Command::Validate(arguments) => validate::main(&arguments),
        Command::Schema => print_json(&scenario::schema()),
        Command::Init(arguments) => init::main(&arguments),
        Command::Protocols => print(&protocols::tables()),
        Command::Metrics => print(&metrics::tables()),
        Command::Conform(arguments) => conform::main(&arguments),
        Command::ValidateModel(arguments) => validate_model::main(&arguments),
        Command::Events(arguments) => events::main(&arguments),
    };
    ExitCode::from(exit as u8)
}

/// Says what clap has to say: help, or what is wrong with the arguments, in which there may be names of others' files.
fn usage(error: clap::Error) -> ExitCode {
    let arguments = std::env::args_os().map(|argument| one_line(&argument.to_string_lossy()).into_owned());
    match Cli::try_parse_from(arguments) {
        Err(same) => same.exit(),
        Ok(_) => {
            complain(&error);
            ExitCode::from(Exit::BadInput as u8)
        }
    }
}
