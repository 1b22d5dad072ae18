//! `fedisim live`: the instances of a scenario as real servers on this machine, then the same records as `run`.

use crate::cell::Cell;
use crate::cli::edited::refused;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{complain, fail};
use crate::cli::run::{describe_outcome, failed, stop_on_signal};
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::cli::summary::SummaryArguments;
use crate::conform::Recorder;
use crate::files;
use crate::live::run::{Batch, LiveOptions};
use crate::live::{Addresses, Capture, Reason, SetupError, check};
use crate::observe::RunOutcome;
use crate::runs::cell::{CellPlan, build_cell, plan};
use crate::runs::folder::LockedFolder;
use crate::runs::reading::{Edits, Records};
use crate::runs::{JointResults, RunError, run_live};
use crate::scenario::Scenario;
use clap::Args;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// The arguments that `live` and `parity` share.
#[derive(Args)]
pub(super) struct LiveArguments {
    /// Model seconds per real second [default: what the expected signatures allow, 0.25 ms each]
    #[arg(long, value_name = "X", value_parser = scale)]
    time_scale: Option<f64>,
    /// The port of the first server, the others follow [default: any that are free]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Write every signed activity that an inbox believes to a file, with the keys, a JSON object a line
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Listen at this address of this machine, not at 127.0.0.1; peers may be there, too
    #[arg(long, value_name = "IP")]
    allow_address: Option<IpAddr>,
}

/// `fedisim live`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    live: LiveArguments,
    /// The folder for the records [default: results/NAME-live]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write what crossed the sockets as a recording, which `conform` reads; of one column of one replication
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    summary: SummaryArguments,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

fn scale(text: &str) -> Result<f64, String> {
    /// The range of time scales that make sense.
    const RANGE: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;
    let scale = text.parse::<f64>().ok().filter(|scale| RANGE.contains(scale));
    scale.ok_or_else(|| format!("a number from {} to {} is expected", RANGE.start(), RANGE.end()))
}

/// Why a live run did not end as it should.
#[derive(Debug, Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("{0}")]
    Io(String),
    #[error("a problem that is printed already")]
    Printed(Exit),
}

impl From<Exit> for Failed {
    fn from(exit: Exit) -> Failed {
        Failed::Printed(exit)
    }
}

impl Failed {
    /// Prints it. Returns the exit code.
    pub(super) fn report(&self) -> Exit {
        match self {
            Failed::Run(error) => failed(error),
            Failed::Setup(SetupError::Scenario(_)) => fail(Exit::BadInput, self),
            Failed::Setup(_) | Failed::Io(_) => fail(Exit::CouldNotRun, self),
            Failed::Printed(exit) => *exit,
        }
    }
}

impl LiveArguments {
    /// The options of live cells. The capture file is created once it is known that the servers can listen.
    pub(super) fn options(&self, scenario: &Scenario) -> Result<LiveOptions, Failed> {
        let ip = self.allow_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let create = |path: &PathBuf| match Capture::create(path) {
            Ok(capture) => Ok(Arc::new(capture)),
            Err(error) => Err(Failed::Io(format!("{}: cannot be written: {error}", path.display()))),
        };
        let addresses = Addresses { ip, first_port: self.port };
        addresses.try_out(scenario.instances.len() * scenario.compare.len())?;
        Ok(LiveOptions {
            addresses,
            scale: self.time_scale,
            capture: self.capture.as_ref().map(create).transpose()?,
        })
    }
}

/// Flushes the capture file.
pub(super) fn finish_capture(options: &LiveOptions) -> Result<(), Failed> {
    let finished = options.capture.as_ref().map_or(Ok(()), |capture| capture.finish());
    finished.map_err(|error| Failed::Io(format!("--capture: cannot be written: {error}")))
}

pub(super) fn main(arguments: &Arguments) -> Outcome {
    live(arguments).map_err(|failed| failed.report())
}

fn live(arguments: &Arguments) -> Result<Exit, Failed> {
    let study = arguments.scenario.study()?;
    let name = format!("{}-live", study.scenario.name);
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(name));
    check(&study.scenario)?;
    if let Some(path) = &arguments.record {
        check_recording(&study.scenario, path)?;
    }
    let options = arguments.live.options(&study.scenario)?;
    let stop = stop_on_signal();
    let held = LockedFolder::take(&out).map_err(RunError::Folder)?;
    let outcome = run_live(&study, &held, arguments.force, |scenario, plans| {
        live_batch(arguments, scenario, plans, &options, &stop)
    });
    finish_capture(&options)?;
    arguments.summary.note(&describe_outcome(outcome?, &out));
    let exit = arguments.summary.summary(&study.scenario, &out);
    let records = Records::open(&out, Edits::Refused).map_err(|error| refused(&error))?;
    let disturbed = records.manifest.ran.iter().filter_map(|ran| {
        let failed = ran.live.as_ref().map_or(0, |live| live.own_failed);
        (failed > 0).then(|| disturbed(&ran.protocol, failed))
    });
    let disturbed: Vec<String> = disturbed.collect();
    disturbed.iter().for_each(|text| complain(text));
    Ok(if disturbed.is_empty() { exit? } else { Exit::CouldNotRun })
}

/// The warning that a column is not what its scenario says.
pub(super) fn disturbed(column: &str, own_failed: u64) -> String {
    format!(
        "{column}: {own_failed} of the run's own requests failed or came late, so it is another run than the scenario says: this machine was too slow for it, or somebody kept it busy; a smaller --time-scale gives it more time"
    )
}

/// Checks that a recording can hold the run of a scenario.
fn check_recording(scenario: &Scenario, path: &Path) -> Result<(), Failed> {
    let plans = plan(scenario);
    let problem = match &plans[..] {
        [plan] => Recorder::new("", &build_cell(scenario, plan)).err(),
        _ => Some(format!(
            "a recording is of one column and replication, not of {}: choose with --protocol",
            plans.len()
        )),
    };
    let unfit = |problem| SetupError::Scenario(format!("--record {}: {problem}", path.display())).into();
    problem.map_or(Ok(()), |problem| Err(unfit(problem)))
}

/// Runs the columns of one replication. An error of one leaves the others their records.
fn live_batch(
    arguments: &Arguments,
    scenario: &Scenario,
    plans: &[CellPlan],
    options: &LiveOptions,
    stop: &Arc<AtomicBool>,
) -> Result<JointResults<Failed>, Failed> {
    let batch = Batch::new(scenario, plans, options)?;
    arguments.summary.note(&batch.to_string());
    let batch_scale = batch.scale;
    let recorder = |cell: &Cell| {
        let description = format!("{}, live at time scale {}", scenario.name, batch_scale);
        arguments.record.as_ref().and_then(|_| Recorder::new(&description, cell).ok())
    };
    let runs = batch.run(scenario, plans, &recorder, stop).map_err(|error| Failed::Io(error.to_string()))?;
    let (mut results, mut dead) = (Vec::new(), 0);
    for (run, plan) in runs.into_iter().zip(plans) {
        let column = &scenario.compare[plan.variant].name;
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                complain(&format!("{column}: {error}"));
                dead += 1;
                continue;
            }
        };
        print_counts(&|text| arguments.summary.note(text), column, &run.outcome.refusals);
        if let Some((path, recorder)) = arguments.record.as_ref().zip(run.observer) {
            let until = match run.outcome.ending.outcome {
                RunOutcome::Done(at) => Some(at),
                RunOutcome::Interrupted | RunOutcome::EventLimit(_) => None,
            };
            let written = files::write(path, recorder.finish(until).to_json().as_bytes());
            written.map_err(|error| Failed::Io(format!("{}: cannot be written: {error}", path.display())))?;
        }
        results.extend(run.result);
    }
    let failure = if stop.load(Ordering::Relaxed) {
        Some(RunError::Interrupted { finished_cells: results.len(), cells: plans.len() }.into())
    } else {
        (dead > 0).then(|| {
            let columns = plans.len();
            Failed::Io(format!(
                "{dead} of {columns} columns died; the others are kept, with their records, and the same command runs what is missing"
            ))
        })
    };
    Ok(JointResults { results, failure })
}

/// Prints what servers refused, and what did not go as the model says.
pub(super) fn print_counts(print: &dyn Fn(&str), column: &str, counts: &BTreeMap<&'static str, Reason>) {
    for (reason, Reason { count, first, .. }) in counts {
        print(&format!("{column}: {reason} {count} (first: {first})"));
    }
}
