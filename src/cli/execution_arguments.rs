//! The arguments of verbs that only run a scenario, or several, and print what they came to.

use crate::cli::run::threads;
use crate::runs::{EngineChoice, RunOptions};
use clap::Args;
use std::num::NonZeroUsize;

/// Where and how something is run.
#[derive(Args)]
pub(super) struct ExecutionArguments {
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print what the runs are expected to take, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Replace what others left in the folder
    #[arg(long)]
    force: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(super) quiet: bool,
}

impl ExecutionArguments {
    pub(super) fn options(&self) -> RunOptions {
        RunOptions { jobs: threads(self.jobs), force: self.force, engine: EngineChoice::Fast }
    }
}
