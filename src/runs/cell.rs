//! One cell: a protocol on one replication's crowd at one point of a sweep. What it is (`CellPlan`) and what came out
//! (`CellResult`) are plain data, so that cells can run anywhere and in any order.

use crate::cell::{Cell, HEALTH_INTERVAL};
use crate::domain::audience::Audience;
use crate::domain::federation::Video;
use crate::domain::sampling::Sampling;
use crate::domain::workload::sessions;
use crate::foundation::ids::VideoId;
use crate::foundation::random::{Purpose, Seed};
use crate::foundation::units::{Span, Time};
use crate::mechanism::wire::{EPOCH_UNIX_MS, Host, Names, VideoNames};
use crate::metrics::Observed;
use crate::metrics::aggregates::Aggregates;
use crate::metrics::definitions::compute;
use crate::metrics::lies::LieEffects;
use crate::observe::RunOutcome;
use crate::scenario::Scenario;
use crate::sim::{self, Execution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// More threads inside a cell than this never help.
const HELPERS_MAX: usize = 64;

/// What decides a cell, beside its scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPlan {
    /// Its number in the plan.
    pub number: usize,
    /// The point of the sweep: a position in `Sweep::points`.
    pub point: usize,
    /// The column of the comparison: a position in `Scenario::compare`.
    pub variant: usize,
    /// The draws.
    pub seed: Seed,
}

/// How cells are run; it changes nothing in the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Event by event: the definition.
    Plain,
    /// Messages that need no events make none; so many threads beside help inside a cell.
    Fast {
        /// Threads beside the one that runs the cell.
        helpers: usize,
    },
}

/// What of a cell made events and what did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionReport {
    /// The name of the column.
    pub protocol: String,
    /// Whether all of it ran event by event.
    pub engine: String,
    /// Messages that made no events.
    #[serde(rename = "messages_apart")]
    pub messages_without_events: u64,
    /// Of these, messages whose arrivals were only counted.
    pub messages_counted: u64,
    /// Messages that made events although the receiver allows to do without, by reason.
    pub messages_with_events: BTreeMap<String, u64>,
    /// Heartbeats that made none.
    pub heartbeats_skipped: u64,
    /// Of a live run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveReport>,
}

/// How a cell of real servers ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveReport {
    /// Model seconds per real second.
    pub time_scale: String,
    /// What servers refused, or what went otherwise than the model says, by reason.
    pub counts: BTreeMap<String, u64>,
    /// Of these, requests of the run's own that failed or came late: if there are any, the records are not what the scenario
    /// says.
    #[serde(default)]
    pub own_failed: u64,
}

/// What came out of a cell.
#[derive(Clone, Debug, PartialEq)]
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
    /// How it ran.
    pub ran: ExecutionReport,
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
    /// It was asked to stop.
    Interrupted,
    /// It met its event limit at this instant.
    EventLimit(Time),
}

/// The cells of a scenario: at every point of its sweep every replication, in each every protocol on the same crowd.
pub fn plan(scenario: &Scenario) -> Vec<CellPlan> {
    let columns = scenario.compare.len();
    let mut cells = Vec::new();
    for point in 0..scenario.sweep.points.len() {
        for replication in scenario.replication_numbers() {
            let seed = Seed { seed: scenario.seed, replication };
            let first = cells.len();
            let cell = |variant| CellPlan { number: first + variant, point, variant, seed };
            cells.extend((0..columns).map(cell));
        }
    }
    cells
}

/// The threads that help inside each of so many cells at once, if there are so many in all.
pub(super) fn helpers(threads: usize, cells_at_once: usize) -> usize {
    (threads / cells_at_once).min(HELPERS_MAX) - 1
}

/// Runs a cell.
///
/// # Errors
/// If it did not come to its end.
pub fn run_cell(
    scenario: &Scenario,
    plan: &CellPlan,
    engine: Engine,
    stop: &AtomicBool,
) -> Result<CellResult, CellError> {
    let cell = build_cell(scenario, plan);
    let (mut observed, ran) = execute(&cell, engine, stop)?;
    if !cell.lies.is_empty() {
        let honest = Cell { lies: Vec::new(), ..cell.clone() };
        let (without, _) = execute(&honest, engine, stop)?;
        let effects = LieEffects::of(&cell.lies, &cell.federation, &observed.counters, &without.counters);
        observed.lie_effects = Some(effects);
    }
    let protocol = scenario.compare[plan.variant].name.clone();
    let ran = ExecutionReport::new(protocol, ran.as_ref());
    Ok(result(scenario, plan, &cell, observed, ran))
}

/// What is observed of a cell, and what made no events if anything.
fn execute(
    cell: &Cell,
    engine: Engine,
    stop: &AtomicBool,
) -> Result<(Observed, Option<Execution>), CellError> {
    let fast = |helpers| {
        let mut collector = cell.collector();
        let done = sim::run_fast(cell, helpers, &mut collector, stop);
        done.map(|(ending, aggregates, ran)| (collector, ending, aggregates, Some(ran)))
    };
    let plain = || {
        let mut collector = cell.collector();
        let ending = sim::run(cell, &mut collector, stop);
        (collector, ending, Aggregates::default(), None)
    };
    let (collector, ending, aggregates, ran) = match engine {
        Engine::Plain => plain(),
        Engine::Fast { helpers } => fast(helpers).unwrap_or_else(plain),
    };
    let end = match ending.outcome {
        RunOutcome::Done(end) => end,
        RunOutcome::Interrupted => return Err(CellError::Interrupted),
        RunOutcome::EventLimit(at) => return Err(CellError::EventLimit(at)),
    };
    Ok((collector.finish(end, &ending, aggregates), ran))
}

impl ExecutionReport {
    /// Adds what it counts to that of the same column, run in the same way.
    pub(super) fn add_to(self, all: &mut Vec<ExecutionReport>) {
        let alike =
            |other: &&mut ExecutionReport| (&other.protocol, &other.engine) == (&self.protocol, &self.engine);
        let Some(other) = all.iter_mut().find(alike) else { return all.push(self) };
        other.messages_without_events += self.messages_without_events;
        other.messages_counted += self.messages_counted;
        other.heartbeats_skipped += self.heartbeats_skipped;
        if let Some((live, sum)) = self.live.zip(other.live.as_mut()) {
            sum.own_failed += live.own_failed;
            for (reason, count) in live.counts {
                *sum.counts.entry(reason).or_default() += count;
            }
        }
        for (why, count) in self.messages_with_events {
            *other.messages_with_events.entry(why).or_default() += count;
        }
    }

    /// A cell whose instances were real servers.
    pub fn live(protocol: String, live: LiveReport) -> ExecutionReport {
        ExecutionReport {
            engine: "live".to_owned(),
            live: Some(live),
            ..ExecutionReport::new(protocol, None)
        }
    }

    fn new(protocol: String, ran: Option<&Execution>) -> ExecutionReport {
        let mut how = ExecutionReport {
            protocol,
            engine: if ran.is_some() { "fast" } else { "plain" }.to_owned(),
            messages_without_events: 0,
            messages_counted: 0,
            messages_with_events: BTreeMap::new(),
            heartbeats_skipped: 0,
            live: None,
        };
        if let Some(ran) = ran {
            how.messages_without_events = ran.messages_apart;
            how.messages_counted = ran.messages_counted;
            how.heartbeats_skipped = ran.heartbeats_skipped;
            let because = ran.messages_with_events().map(|(why, count)| (why.to_owned(), count));
            how.messages_with_events = because.collect();
        }
        how
    }
}

/// The result of a cell, from what was observed of it.
pub fn result(
    scenario: &Scenario,
    plan: &CellPlan,
    cell: &Cell,
    observed: Observed,
    ran: ExecutionReport,
) -> CellResult {
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
        ran,
    }
}

/// Everything that the simulation needs to run a cell.
pub fn build_cell(scenario: &Scenario, plan: &CellPlan) -> Cell {
    let empty = build_cell_without_sessions(scenario, plan);
    let (crowds, catalogues) = (&scenario.crowds, &scenario.catalogues);
    let sessions = sessions(crowds, catalogues, &empty.federation, plan.seed, scenario.end.latest());
    let samples = empty.sampling.count_until(scenario.end.latest());
    let audience = Audience::new(&empty.federation, &sessions, empty.sampling, samples);
    Cell { sessions, audience: Arc::new(audience), ..empty }
}

/// The same without sessions.
pub fn build_cell_without_sessions(scenario: &Scenario, plan: &CellPlan) -> Cell {
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
    let update_interval = scenario.other.update_every.unwrap_or_default();
    let update_phase = drawn(Purpose::UpdatePhase, update_interval).zip(&scenario.instances);
    let or_drawn = |drawn: Time, given: Option<Span>| given.map_or(drawn, |phase| Time::ZERO + phase);
    Cell {
        sessions: Vec::new(),
        network: scenario.network.clone(),
        delivery: scenario.compare[plan.variant].delivery,
        faults: scenario.compare[plan.variant].faults.clone(),
        lies: scenario.lies.clone(),
        other: scenario.other.clone(),
        names: names(scenario, &federation.videos),
        seed: plan.seed,
        tick_phase: phases.map(|span| Time::ZERO + span).collect(),
        health_phase: health_phase.map(|(drawn, of)| or_drawn(drawn, of.health_phase)).collect(),
        update_phase: update_phase.map(|(drawn, of)| or_drawn(drawn, of.update_phase)).collect(),
        audience: Arc::default(),
        sampling: Sampling {
            from: scenario.measure.from,
            every: scenario.measure.every,
            bucket: scenario.measure.bucket,
        },
        end: scenario.end,
        event_limit: scenario.limits.events,
        federation,
    }
}

/// What things are called on the wire.
fn names(scenario: &Scenario, videos: &[Video]) -> Names {
    let videos = videos.iter().enumerate();
    Names {
        instances: scenario.instances.iter().map(|instance| Host::new(&instance.url)).collect(),
        videos: videos
            .map(|(id, video)| {
                VideoNames::numbered(VideoId::at(id), video.origin, scenario.names.video_id_digits)
            })
            .collect(),
        session_id_length: scenario.names.session_id_length,
        version: scenario.names.version.clone(),
        epoch_unix_ms: EPOCH_UNIX_MS,
    }
}
