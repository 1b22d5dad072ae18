//! One cell: a protocol on one replication's crowd. What it is (`CellPlan`) and what came out (`CellResult`) are plain
//! data, so that cells can run anywhere and in any order.

use crate::domain::workload::sessions;
use crate::mechanism::wire::{Host, Names, Sizes, VideoNames};
use crate::metrics::definitions::compute;
use crate::metrics::{Collector, Observed};
use crate::observe::Outcome;
use crate::scenario::Scenario;
use crate::sim::{self, Cell, HEALTH_INTERVAL, Sampling};
use crate::words::ids::VideoId;
use crate::words::random::{Purpose, Seed};
use crate::words::units::{Span, Time};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;

/// What decides a cell, beside its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPlan {
    /// Its number in the plan.
    pub number: usize,
    /// The column of the comparison: a position in `Scenario::compare`.
    pub variant: usize,
    /// The draws.
    pub seed: Seed,
}

/// What came out of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellResult {
    /// Its number in the plan.
    pub cell: usize,
    /// The name of the column.
    pub protocol: String,
    /// The number of the replication.
    pub replication: u32,
    /// The seed.
    pub seed: u64,
    /// All metrics that have a value.
    pub metrics: Vec<MetricValue>,
    /// What they were computed from.
    pub observed: Observed,
}

/// A metric as recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricValue {
    /// Its name.
    pub name: String,
    /// The unit of the value.
    pub unit: String,
    /// An integer, or the shortest text of a float.
    pub value: String,
}

/// Why a cell has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellError {
    /// Somebody asked it to stop.
    Interrupted,
    /// It met its event limit at this instant.
    EventLimit(Time),
}

/// The cells of a scenario: every protocol of the comparison on the same crowd.
pub fn plan(scenario: &Scenario) -> Vec<CellPlan> {
    let seed = Seed { seed: scenario.seed, replication: 0 };
    let cell = |variant| CellPlan { number: variant, variant, seed };
    (0..scenario.compare.len()).map(cell).collect()
}

/// Runs a cell.
///
/// # Errors
/// If it did not come to its end.
pub fn run_cell(scenario: &Scenario, plan: &CellPlan, stop: &AtomicBool) -> Result<CellResult, CellError> {
    let cell = build_cell(scenario, plan);
    let mut collector = Collector::new(
        &cell.federation,
        &cell.sessions,
        scenario.measure.every,
        scenario.measure.bucket,
        Sizes::new(&cell.names, cell.other.bodies).response_head(),
    );
    let ending = sim::run(&cell, &mut collector, stop);
    let end = match ending.outcome {
        Outcome::Done(end) => end,
        Outcome::Interrupted => return Err(CellError::Interrupted),
        Outcome::EventLimit(at) => return Err(CellError::EventLimit(at)),
    };
    Ok(result(scenario, plan, &cell, collector.finish(end, &ending)))
}

fn result(scenario: &Scenario, plan: &CellPlan, cell: &Cell, observed: Observed) -> CellResult {
    let with_viewers = cell.sessions.iter().map(|session| session.instance).collect();
    let metric = |(definition, value): (&crate::metrics::definitions::Definition, _)| MetricValue {
        name: definition.name.to_owned(),
        unit: definition.unit.to_owned(),
        value: format!("{value}"),
    };
    CellResult {
        cell: plan.number,
        protocol: scenario.compare[plan.variant].name.clone(),
        replication: plan.seed.replication,
        seed: plan.seed.seed,
        metrics: compute(&observed, &cell.federation, &with_viewers).into_iter().map(metric).collect(),
        observed,
    }
}

/// Everything that the simulation needs to run a cell.
pub fn build_cell(scenario: &Scenario, plan: &CellPlan) -> Cell {
    let federation = scenario.federation(plan.variant, plan.seed);
    let phase = |(number, instance): (u64, &crate::domain::federation::Instance)| {
        let interval = instance.rules.parameters.tick_interval;
        let drawn = plan.seed.stream(Purpose::TickPhase, number).random_range(0..interval.us().max(1));
        scenario.instances[number as usize].tick_phase.unwrap_or(Span::from_us(drawn))
    };
    let phases = (0..).zip(&federation.instances).map(phase);
    let drawn = |purpose, interval: Span| {
        let phase = move |number| {
            Time::ZERO
                + Span::from_us(plan.seed.stream(purpose, number).random_range(0..interval.us().max(1)))
        };
        (0..scenario.instances.len() as u64).map(phase)
    };
    let health_phase = drawn(Purpose::HealthPhase, HEALTH_INTERVAL).zip(&scenario.instances);
    Cell {
        sessions: sessions(&scenario.crowds, &federation, plan.seed, scenario.end.latest()),
        network: scenario.network.clone(),
        delivery: scenario.compare[plan.variant].delivery,
        faults: scenario.compare[plan.variant].faults.clone(),
        other: scenario.other.clone(),
        names: names(scenario),
        seed: plan.seed,
        tick_phase: phases.map(|span| Time::ZERO + span).collect(),
        health_phase: health_phase
            .map(|(drawn, instance)| instance.health_phase.map_or(drawn, |phase| Time::ZERO + phase))
            .collect(),
        update_phase: drawn(Purpose::UpdatePhase, scenario.other.update_every.unwrap_or_default()).collect(),
        sampling: Sampling { from: scenario.measure.from, every: scenario.measure.every },
        end: scenario.end,
        event_limit: scenario.limits.events,
        federation,
    }
}

/// What things are called on the wire.
fn names(scenario: &Scenario) -> Names {
    let videos = scenario.videos.iter().enumerate();
    Names {
        instances: scenario.instances.iter().map(|instance| Host::new(&instance.url)).collect(),
        videos: videos.map(|(id, video)| VideoNames::numbered(VideoId::at(id), video.origin)).collect(),
        session_id_length: scenario.names.session_id_length,
        version: scenario.names.version.clone(),
    }
}
