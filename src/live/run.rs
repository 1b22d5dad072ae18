//! A batch of live cells: the columns of one replication run at once. Each gives a result like that of a simulated cell.

use super::capture::Capture;
use super::cell::{CellError, CellSetup, LiveOutcome, run_cell};
use super::keys::KeyPair;
use super::setup::{
    Addresses, SetupError, at_addresses, check, check_peers, default_scale, make_keys, signatures_per_s,
};
use crate::cell::Cell;
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Both, Observer, RunOutcome};
use crate::runs::cell::{CellPlan, CellResult, ExecutionReport, LiveReport, build_cell, result};
use crate::scenario::{Peer, Scenario};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The options of live cells.
#[derive(Clone)]
pub struct LiveOptions {
    /// Where servers listen.
    pub addresses: Addresses,
    /// Model seconds per real second. None: what the expected signatures allow.
    pub scale: Option<f64>,
    /// Where accepted requests are written.
    pub capture: Option<Arc<Capture>>,
}

/// Cells that are about to run at once.
pub struct Batch {
    /// By column.
    pub cells: Vec<Arc<Cell>>,
    /// Signatures per second in the busiest ten seconds.
    pub signatures_per_s: f64,
    /// Model seconds per real second.
    pub scale: f64,
    listeners: Vec<Vec<TcpListener>>,
    keys: Vec<Arc<KeyPair>>,
    peers: Vec<Peer>,
    capture: Option<Arc<Capture>>,
}

/// The largest number of connections of strangers that the servers of a cell serve at once.
const STRANGERS_MAX: u64 = 1_024;
/// The number where the process may open only few files.
const STRANGERS_MIN: u64 = 16;

/// One cell of a batch that has run.
pub struct CellRun<O> {
    /// The records' primaries and metrics. None if it was interrupted.
    pub result: Option<CellResult>,
    /// How it ended, and what was refused.
    pub outcome: LiveOutcome,
    /// The observer of the caller.
    pub observer: O,
}

/// The time from the start of the servers of a batch to the start of the first cell.
const BEFORE_START: Duration = Duration::from_millis(300);
/// The time between the starts of two cells of a batch, so that equal events of the columns do not coincide.
const BETWEEN_STARTS: Duration = Duration::from_millis(170);

/// The longest wait for tasks to end, which they do where they next wait.
const SHUTDOWN_MAX: Duration = Duration::from_secs(2);

impl std::fmt::Display for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let servers: usize = self.listeners.iter().map(Vec::len).sum();
        let ends = self.cells.iter().map(|cell| cell.end.latest()).max().unwrap_or_default();
        let real_s = ends.ns() as f64 / 1e9 / self.scale;
        write!(
            f,
            "{servers} servers; up to {:.0} signatures and heartbeats per second of model time; time scale {}, so {real_s:.0} s",
            self.signatures_per_s, self.scale
        )
    }
}

impl Batch {
    /// Prepares the cells of plans that run at once: addresses, keys and a time scale.
    ///
    /// # Errors
    /// If the scenario cannot run live, an address cannot be used or no key can be made.
    pub fn new(scenario: &Scenario, plans: &[CellPlan], options: &LiveOptions) -> Result<Batch, SetupError> {
        let mut cells: Vec<Cell> = plans.iter().map(|plan| build_cell(scenario, plan)).collect();
        check(scenario)?;
        let count = scenario.instances.len();
        check_peers(&scenario.peers, &options.addresses)?;
        let epoch_unix_ms = super::clock::unix_ms();
        let mut listeners = Vec::new();
        for (number, cell) in cells.iter_mut().enumerate() {
            let listening = options.addresses.listen(count, number * count)?;
            at_addresses(cell, &listening, &scenario.peers, epoch_unix_ms).map_err(SetupError::Listener)?;
            listeners.push(listening);
        }
        let signatures_per_s = signatures_per_s(&cells);
        Ok(Batch {
            cells: cells.into_iter().map(Arc::new).collect(),
            signatures_per_s,
            scale: options.scale.unwrap_or_else(|| default_scale(signatures_per_s)),
            listeners,
            keys: make_keys(count)?,
            peers: scenario.peers.clone(),
            capture: options.capture.clone(),
        })
    }

    /// Runs all cells to their ends. `observer` makes one more observer for each.
    ///
    /// An error of one cell leaves the others their records.
    ///
    /// # Errors
    /// If the runtime cannot start.
    pub fn run<O: Observer + Send>(
        self,
        scenario: &Scenario,
        plans: &[CellPlan],
        observer: &(dyn Fn(&Cell) -> O + Sync),
        stop: &Arc<AtomicBool>,
    ) -> std::io::Result<Vec<Result<CellRun<O>, CellError>>> {
        // this process has both ends of own connections open, so it asks for as many files as it may have
        let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(STRANGERS_MAX);
        let strangers_max = (files / 8 / self.cells.len().max(1) as u64).clamp(STRANGERS_MIN, STRANGERS_MAX);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let Batch { cells, scale, listeners, keys, peers, capture, .. } = self;
        let setups = listeners.into_iter().enumerate().map(|(number, listeners)| CellSetup {
            listeners,
            keys: keys.clone(),
            scale,
            starts_in: BEFORE_START + BETWEEN_STARTS * number as u32,
            capture: capture.clone(),
            peers: peers.clone(),
            strangers_max: strangers_max as usize,
        });
        let handle = runtime.handle();
        let runs = std::thread::scope(|scope| {
            let threads: Vec<_> = setups
                .zip(&cells)
                .zip(plans)
                .map(|((setup, cell), plan)| {
                    scope.spawn(move || {
                        let mut more = observer(cell);
                        let run = run_one(scenario, plan, cell, setup, handle, &mut more, stop);
                        run.map(|(result, outcome)| CellRun { result, outcome, observer: more })
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(CellError::Panicked))).collect()
        });
        // ends all connections, because the next batch may need the same ports
        runtime.shutdown_timeout(SHUTDOWN_MAX);
        Ok(runs)
    }
}

fn run_one(
    scenario: &Scenario,
    plan: &CellPlan,
    cell: &Arc<Cell>,
    setup: CellSetup,
    runtime: &tokio::runtime::Handle,
    more: &mut dyn Observer,
    stop: &Arc<AtomicBool>,
) -> Result<(Option<CellResult>, LiveOutcome), CellError> {
    let scale = setup.scale;
    let collector = cell.collector();
    let mut both = Both(collector, more);
    let outcome = run_cell(cell, setup, runtime, &mut both, stop)?;
    let Both(collector, _) = both;
    let RunOutcome::Done(end) = outcome.ending.outcome else { return Ok((None, outcome)) };
    let observed = collector.finish(end, &outcome.ending, Aggregates::default());
    let counts = outcome.refusals.iter().map(|(&reason, case)| (reason.to_owned(), case.count));
    let how = LiveReport {
        time_scale: scale.to_string(),
        counts: counts.collect(),
        own_failed: outcome.refusals.values().filter(|case| case.is_own).map(|case| case.count).sum(),
    };
    let ran = ExecutionReport::live(scenario.compare[plan.variant].name.clone(), how);
    Ok((Some(result(scenario, plan, cell, observed, ran)), outcome))
}
