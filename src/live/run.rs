//! A live run of a study: its cells come alive, those of one replication at a point all at once, and their records go into a
//! folder like any run's.

use super::keys::KeyPair;
use super::setup::{
    Addresses, PeerAt, Unfit, at_addresses, check, check_peers, default_scale, make_keys, signatures_per_s,
};
use super::{Capture, Died, Lived, Stage, run_cell};
use crate::foundation::ids::InstanceId;
use crate::metrics::Collector;
use crate::metrics::aggregates::Aggregates;
use crate::observe::{Both, Observer, RunOutcome};
use crate::runs::cell::{CellPlan, CellResult, ExecutionReport, LiveReport, build_cell, result};
use crate::scenario::Scenario;
use crate::sim::Cell;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How a live run is made.
#[derive(Clone)]
pub struct How {
    /// Where servers listen.
    pub addresses: Addresses,
    /// Model seconds per real second; none: what the expected signatures allow.
    pub scale: Option<f64>,
    /// Where taken requests are written.
    pub capture: Option<Arc<Capture>>,
}

/// Cells that are about to live at once.
pub struct Batch {
    /// By column.
    pub cells: Vec<Arc<Cell>>,
    /// Signatures per second in the busiest ten seconds.
    pub signatures_per_s: f64,
    /// Model seconds per real second.
    pub scale: f64,
    listeners: Vec<Vec<TcpListener>>,
    keys: Vec<Arc<KeyPair>>,
    peers: Vec<PeerAt>,
    capture: Option<Arc<Capture>>,
}

/// No more connections of strangers to the servers of a column are served at once, and no more wait.
const STRANGERS_MAX: u64 = 1_024;
/// Where files are few: as many at least.
const STRANGERS_MIN: u64 = 16;

/// What came of one cell.
pub struct Alive<O> {
    /// The records' primaries and metrics; none if it was interrupted.
    pub result: Option<CellResult>,
    /// What was refused.
    pub lived: Lived,
    /// What else observed it.
    pub observer: O,
}

/// Time for all servers of a batch to be there before the first cell begins.
const BEFORE_START: Duration = Duration::from_millis(300);
/// Cells that live at once begin one after another, so that one crowd's steps do not meet in all columns.
const BETWEEN_STARTS: Duration = Duration::from_millis(170);

/// Tasks end where they wait, which is soon.
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
    /// Prepares the cells of the plan that belong together: addresses, keys and a time scale.
    ///
    /// # Errors
    /// If the scenario cannot come alive, an address cannot be used or no key can be made.
    pub fn new(scenario: &Scenario, plans: &[CellPlan], how: &How) -> Result<Batch, Unfit> {
        let mut cells: Vec<Cell> = plans.iter().map(|plan| build_cell(scenario, plan)).collect();
        check(scenario)?;
        let count = scenario.instances.len();
        let peer = |(number, peer): (usize, &crate::scenario::Peer)| PeerAt {
            id: InstanceId::at(count + number),
            actor: peer.actor.clone(),
            inbox: peer.inbox.clone(),
            follows: peer.follows,
        };
        let peers: Vec<PeerAt> = scenario.peers.iter().enumerate().map(peer).collect();
        check_peers(&peers, &how.addresses)?;
        let epoch_unix_ms = super::clock::unix_ms();
        let mut listeners = Vec::new();
        for (number, cell) in cells.iter_mut().enumerate() {
            let listening = how.addresses.listen(count, number * count)?;
            at_addresses(cell, &listening, &peers, epoch_unix_ms).map_err(Unfit::Listener)?;
            listeners.push(listening);
        }
        let signatures_per_s = signatures_per_s(&cells);
        Ok(Batch {
            cells: cells.into_iter().map(Arc::new).collect(),
            signatures_per_s,
            scale: how.scale.unwrap_or_else(|| default_scale(signatures_per_s)),
            listeners,
            keys: make_keys(count)?,
            peers,
            capture: how.capture.clone(),
        })
    }

    /// Lets all of them live until their ends; `observer` makes one more observer for each.
    ///
    /// Cells share nothing: one that dies does not keep the others from their records.
    ///
    /// # Errors
    /// If there is no runtime.
    pub fn live<O: Observer + Send>(
        self,
        scenario: &Scenario,
        plans: &[CellPlan],
        observer: &(dyn Fn(&Cell) -> O + Sync),
        stop: &Arc<AtomicBool>,
    ) -> std::io::Result<Vec<Result<Alive<O>, Died>>> {
        // as many open files as this process may have: each connection of its own is two
        let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(STRANGERS_MAX);
        let strangers_max = (files / 8 / self.cells.len().max(1) as u64).clamp(STRANGERS_MIN, STRANGERS_MAX);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let Batch { cells, scale, listeners, keys, peers, capture, .. } = self;
        let stages = listeners.into_iter().enumerate().map(|(number, listeners)| Stage {
            listeners,
            keys: keys.clone(),
            scale,
            starts_in: BEFORE_START + BETWEEN_STARTS * number as u32,
            capture: capture.clone(),
            peers: peers.clone(),
            strangers_max: strangers_max as usize,
        });
        let handle = runtime.handle();
        let lived = std::thread::scope(|scope| {
            let threads: Vec<_> = stages
                .zip(&cells)
                .zip(plans)
                .map(|((stage, cell), plan)| {
                    scope.spawn(move || {
                        let mut more = observer(cell);
                        let made = live_one(scenario, plan, cell, stage, handle, &mut more, stop);
                        made.map(|(result, lived)| Alive { result, lived, observer: more })
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(Died::Panicked))).collect()
        });
        // whatever is still under way ends here; the next cells may want the same ports
        runtime.shutdown_timeout(SHUTDOWN_MAX);
        Ok(lived)
    }
}

fn live_one(
    scenario: &Scenario,
    plan: &CellPlan,
    cell: &Arc<Cell>,
    stage: Stage,
    runtime: &tokio::runtime::Handle,
    more: &mut impl Observer,
    stop: &Arc<AtomicBool>,
) -> Result<(Option<CellResult>, Lived), Died> {
    let scale = stage.scale;
    let sampling = cell.sampling;
    let collector = Collector::new(&cell.federation, &cell.sessions, sampling.every, sampling.bucket);
    let mut both = Both(collector, more);
    let lived = run_cell(cell, stage, runtime, &mut both, stop)?;
    let Both(collector, _) = both;
    let RunOutcome::Done(end) = lived.ending.outcome else { return Ok((None, lived)) };
    let observed = collector.finish(end, &lived.ending, Aggregates::default());
    let counts = lived.refusals.iter().map(|(&reason, how)| (reason.to_owned(), how.count));
    let how = LiveReport {
        time_scale: scale.to_string(),
        counts: counts.collect(),
        own_failed: lived.refusals.values().filter(|how| how.is_own).map(|how| how.count).sum(),
    };
    let ran = ExecutionReport::live(scenario.compare[plan.variant].name.clone(), how);
    Ok((Some(result(scenario, plan, cell, observed, ran)), lived))
}
