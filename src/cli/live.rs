//! `fedisim live`: the instances of a scenario as real servers on this machine, then the same records as `run`.

use crate::cli::edited::refused;
use crate::cli::exit::Exit;
use crate::cli::output::complain;
use crate::cli::run::{failed, said, stop_on_signal};
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::cli::summary::Told;
use crate::conform::Scribe;
use crate::files;
use crate::live::run::{Batch, How};
use crate::live::{Addresses, Capture, Reason, Unfit, check};
use crate::observe::RunOutcome;
use crate::runs::cell::{CellPlan, build_cell, plan};
use crate::runs::folder::LockedFolder;
use crate::runs::reading::{Edits, Records};
use crate::runs::{JointResults, RunError, run_live};
use crate::scenario::Scenario;
use crate::sim::Cell;
use clap::Args;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What `live` and `parity` have in common.
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
    told: Told,
    /// Replace what another run left in the folder
    #[arg(long)]
    force: bool,
}

fn scale(text: &str) -> Result<f64, String> {
    /// Slower or faster than this is a mistake.
    const RANGE: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;
    let scale = text.parse::<f64>().ok().filter(|scale| RANGE.contains(scale));
    scale.ok_or_else(|| format!("a number from {} to {} is expected", RANGE.start(), RANGE.end()))
}

/// Why a live run did not come to its end.
pub(super) enum Failed {
    Run(RunError),
    Unfit(Unfit),
    Io(String),
}

impl From<RunError> for Failed {
    fn from(error: RunError) -> Failed {
        Failed::Run(error)
    }
}

impl From<Unfit> for Failed {
    fn from(error: Unfit) -> Failed {
        Failed::Unfit(error)
    }
}

impl Failed {
    /// Says it; the exit code.
    pub(super) fn told(&self) -> Exit {
        match self {
            Failed::Run(error) => failed(error),
            Failed::Unfit(error) => {
                complain(error);
                match error {
                    Unfit::Scenario(_) => Exit::BadInput,
                    Unfit::Address { .. } | Unfit::Listener(_) | Unfit::Key(_) => Exit::CouldNotRun,
                }
            }
            Failed::Io(error) => {
                complain(error);
                Exit::CouldNotRun
            }
        }
    }
}

impl LiveArguments {
    /// How to live, with the capture's file created once it is known that the servers can listen.
    pub(super) fn how(&self, scenario: &Scenario) -> Result<How, Failed> {
        let ip = self.allow_address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let create = |path: &PathBuf| match Capture::create(path) {
            Ok(capture) => Ok(Arc::new(capture)),
            Err(error) => Err(Failed::Io(format!("{}: cannot be written: {error}", path.display()))),
        };
        let addresses = Addresses { ip, first_port: self.port };
        addresses.try_out(scenario.instances.len() * scenario.compare.len())?;
        Ok(How { addresses, scale: self.time_scale, capture: self.capture.as_ref().map(create).transpose()? })
    }
}

/// Writes what is left of a capture.
pub(super) fn finish_capture(how: &How) -> Result<(), Failed> {
    let finished = how.capture.as_ref().map_or(Ok(()), |capture| capture.finish());
    finished.map_err(|error| Failed::Io(format!("--capture: cannot be written: {error}")))
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    live(arguments).unwrap_or_else(|failed| failed.told())
}

fn live(arguments: &Arguments) -> Result<Exit, Failed> {
    let study = match arguments.scenario.study() {
        Ok(study) => study,
        Err(exit) => return Ok(exit),
    };
    let name = format!("{}-live", study.scenario.name);
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("results").join(name));
    check(&study.scenario)?;
    if let Some(path) = &arguments.record {
        check_recording(&study.scenario, path)?;
    }
    let how = arguments.live.how(&study.scenario)?;
    let stop = stop_on_signal();
    let held = LockedFolder::take(&out).map_err(RunError::Folder)?;
    let outcome = run_live(&study, &held, arguments.force, |scenario, plans| {
        live_batch(arguments, scenario, plans, &how, &stop)
    });
    finish_capture(&how)?;
    arguments.told.note(&said(outcome?, &out));
    let exit = arguments.told.summary(&study.scenario, &out);
    let ran = match Records::open(&out, Edits::Refused) {
        Ok(records) => records.manifest.ran,
        Err(error) => return Ok(refused(&error)),
    };
    let disturbed = ran.iter().filter_map(|ran| {
        let failed = ran.live.as_ref().map_or(0, |live| live.own_failed);
        (failed > 0).then(|| disturbed(&ran.protocol, failed))
    });
    let disturbed: Vec<String> = disturbed.collect();
    disturbed.iter().for_each(|text| complain(text));
    Ok(if disturbed.is_empty() { exit } else { Exit::CouldNotRun })
}

/// That a column is not what its scenario says.
pub(super) fn disturbed(column: &str, own_failed: u64) -> String {
    format!(
        "{column}: {own_failed} of the run's own requests failed or came late, so it is another run than the scenario says: this machine was too slow for it, or somebody kept it busy; a smaller --time-scale gives it more time"
    )
}

/// That a recording can hold what a scenario runs.
fn check_recording(scenario: &Scenario, path: &Path) -> Result<(), Failed> {
    let plans = plan(scenario);
    let problem = match &plans[..] {
        [plan] => Scribe::new("", &build_cell(scenario, plan)).err(),
        _ => Some(format!(
            "a recording is of one column and replication, not of {}: choose with --protocol",
            plans.len()
        )),
    };
    let unfit = |problem| Unfit::Scenario(format!("--record {}: {problem}", path.display())).into();
    problem.map_or(Ok(()), |problem| Err(unfit(problem)))
}

/// Lets the columns of one replication live. One that dies takes no other with it.
fn live_batch(
    arguments: &Arguments,
    scenario: &Scenario,
    plans: &[CellPlan],
    how: &How,
    stop: &Arc<AtomicBool>,
) -> Result<JointResults<Failed>, Failed> {
    let batch = Batch::new(scenario, plans, how)?;
    arguments.told.note(&batch.to_string());
    let batch_scale = batch.scale;
    let scribe = |cell: &Cell| {
        let description = format!("{}, live at time scale {}", scenario.name, batch_scale);
        arguments.record.as_ref().and_then(|_| Scribe::new(&description, cell).ok())
    };
    let alive = batch.live(scenario, plans, &scribe, stop).map_err(|error| Failed::Io(error.to_string()))?;
    let (mut results, mut dead) = (Vec::new(), 0);
    for (one, plan) in alive.into_iter().zip(plans) {
        let column = &scenario.compare[plan.variant].name;
        let one = match one {
            Ok(one) => one,
            Err(died) => {
                complain(&format!("{column}: {died}"));
                dead += 1;
                continue;
            }
        };
        tell_counts(&|text| arguments.told.note(text), column, &one.lived.refusals);
        if let Some((path, scribe)) = arguments.record.as_ref().zip(one.observer) {
            let until = match one.lived.ending.outcome {
                RunOutcome::Done(at) => Some(at),
                RunOutcome::Interrupted | RunOutcome::EventLimit(_) => None,
            };
            let written = files::write(path, scribe.finish(until).to_json().as_bytes());
            written.map_err(|error| Failed::Io(format!("{}: cannot be written: {error}", path.display())))?;
        }
        results.extend(one.result);
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

/// Says what servers refused, and what went otherwise than the model says.
pub(super) fn tell_counts(tell: &dyn Fn(&str), column: &str, counts: &BTreeMap<&'static str, Reason>) {
    for (reason, Reason { count, first, .. }) in counts {
        tell(&format!("{column}: {reason} {count} (first: {first})"));
    }
}
