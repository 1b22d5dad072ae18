//! `fedisim events`: for finding out why two runs that should be equal are not.

use crate::cli::exit::Exit;
use crate::cli::output::{complain, print};
use crate::cli::scenario_arguments::ScenarioArguments;
use crate::files;
use crate::foundation::text::one_line;
use crate::foundation::units::{Span, Time};
use crate::runs::cell::{build_cell, plan};
use crate::runs::event_log::{Comparison, EventLog, compare};
use crate::sim;
use clap::Args;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// `fedisim events`
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenario: Option<ScenarioArguments>,
    /// Log events from this second of model time on
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    from: u32,
    /// ... and up to this one
    #[arg(long, value_name = "SECONDS", default_value_t = u32::MAX)]
    to: u32,
    /// Find the first event that differs between two such logs
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"], conflicts_with = "scenario")]
    compare: Option<Vec<PathBuf>>,
}

pub(super) fn main(arguments: &Arguments) -> Exit {
    match (&arguments.scenario, arguments.compare.as_deref()) {
        (_, Some([first, second])) => first_difference(first, second),
        (Some(scenario), _) => log(scenario, arguments),
        _ => {
            complain(&"give a scenario, or --compare with two logs");
            Exit::BadInput
        }
    }
}

fn log(arguments: &ScenarioArguments, part: &Arguments) -> Exit {
    let scenario = match arguments.read() {
        Ok(scenario) => scenario,
        Err(exit) => return exit,
    };
    let cells = plan(&scenario);
    if cells.len() > 1 {
        complain(&"one protocol is logged at a time: name it with --protocol");
        return Exit::BadInput;
    }
    let cell = build_cell(&scenario, &cells[0]);
    let at = |seconds: u32| Time::ZERO + Span::from_secs(u64::from(seconds));
    let out = BufWriter::new(io::stdout().lock());
    let mut log = EventLog::new(&cell.federation, &cell.sessions, at(part.from)..=at(part.to), out);
    sim::run(&cell, &mut log, &AtomicBool::new(false));
    match log.finish() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"));
            Exit::CouldNotRun
        }
        _ => Exit::Good,
    }
}

fn first_difference(first: &Path, second: &Path) -> Exit {
    let open = |path: &Path| files::open(path, u64::MAX).map(BufReader::new);
    let outcome = open(first).and_then(|first| compare(first, open(second)?));
    match outcome {
        Ok(Comparison::Same(events)) => print(&format!("the same {events} events")),
        Ok(Comparison::Differ { line, first, second, earlier }) => {
            let note = if earlier {
                " (the events are the same: an earlier one, not in these logs, differs)"
            } else {
                ""
            };
            print(&format!("line {line} differs{note}\n- {}\n+ {}", one_line(&first), one_line(&second)));
            Exit::GateFailed
        }
        Err(error) => {
            complain(&format!("{} or {}: cannot be read: {error}", first.display(), second.display()));
            Exit::CouldNotRun
        }
    }
}
