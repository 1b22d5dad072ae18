//! Recordings of what our instances do (`fedisim conform --write`), so that others can be built and held against them.
//!
//! What is given, the situation, comes from a recording, whose messages and samples are left out, or from the cell of a
//! scenario. It is replayed as every recording is whose latencies are given, with views.

use crate::cell::Cell;
use crate::conform::closed_loop::{Replayed, run};
use crate::conform::file::{File, VIEWS};
use crate::conform::fits;
use crate::conform::recorder::Recorder;
use crate::conform::recording::{Recording, RecordingInstance, Times, VisitRow};
use crate::conform::trace::{RestartRow, Trace, VIDEO};
use crate::domain::faults::Fault;
use crate::domain::protocol::{Parameters, Rules, TotalsAt};
use crate::domain::workload::Session;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Span;
use crate::instance::spread_by_video;
use crate::mechanism::network::{Latency, NetworkModel};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The recording of what instances do that speak these protocols (`NAME` for all but those with `INSTANCE=NAME`, in any order; who is not
/// named speaks what the file says) in the situation of a recording. Times are those of the protocols, and an instance ticks at the same moments, more often if its interval is shorter.
///
/// # Errors
/// A sentence on what cannot be understood or run anew.
pub fn write_like(bytes: &[u8], protocols: &[String]) -> Result<Recording, String> {
    let mut file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if file.params.latency_ms.is_empty() {
        let problem = "its latencies are as recorded, and nobody knows how long other messages would take: give `latencyMs`";
        return Err(problem.to_owned());
    }
    speak(&mut file.protocol, protocols)?;
    let params = &mut file.params;
    params.spread_ms.clear();
    for (instance, protocol) in &file.protocol {
        let unknown = || format!("there is no protocol `{protocol}`");
        let times = Times::of(&Rules::preset(protocol).ok_or_else(unknown)?.parameters);
        let interval_before_ms = params.times_of(instance).tick_interval_ms;
        params.times.insert(instance.clone(), times);
        let more_often = times.tick_interval_ms < interval_before_ms;
        if let Some(phase) = params.tick_phase_ms.get_mut(instance).filter(|_| more_often) {
            *phase %= times.tick_interval_ms;
        }
    }
    // viewers are numbered in their order
    file.viewers.sort_by_key(|viewer| viewer.start_ms);
    file.messages.rows.clear();
    file.samples.rows.clear();
    if !file.has_views() {
        file.messages.columns.push(VIEWS.to_owned());
    }
    Ok(written(&Trace::of(&file)?))
}

/// Gives instances the protocols that are chosen for them, or for all.
fn speak(spoken: &mut BTreeMap<String, String>, protocols: &[String]) -> Result<(), String> {
    // nobody's name, that for all, comes before all instances'
    let mut chosen: BTreeMap<Option<&str>, &str> = BTreeMap::new();
    for protocol in protocols {
        let (instance, name) = match protocol.rsplit_once('=') {
            None => (None, &protocol[..]),
            Some((instance, name)) => (Some(instance), name),
        };
        if let Some(before) = chosen.insert(instance, name) {
            let of = instance.unwrap_or("all instances");
            return Err(format!("the protocol of {of} is given twice, as `{before}` and `{name}`"));
        }
    }
    for (instance, name) in chosen {
        let Some(instance) = instance else {
            spoken.values_mut().for_each(|of| name.clone_into(of));
            continue;
        };
        let unknown = || format!("there is no instance `{instance}` in protocol");
        name.clone_into(spoken.get_mut(instance).ok_or_else(unknown)?);
    }
    Ok(())
}

/// The recording of what the instances of a cell do, if the format can hold that; times are rounded down to whole ms.
///
/// # Errors
/// What the format cannot hold, as a sentence.
pub fn write_cell(description: &str, cell: &Cell) -> Result<Recording, String> {
    let situation = Recorder::new(description, cell)?.finish(None);
    let presets: Vec<String> = situation.instances.iter().map(|instance| instance.preset.clone()).collect();
    fits::check(cell, &presets)?;
    let name = |id: InstanceId| situation.instances[id.index()].name.as_str();
    let situation = Recording {
        latency_ms: latencies(&cell.network, &name),
        has_views: true,
        duration_ms: cell.end.latest().ms(),
        restarts: restarts(&cell.faults, &name),
        visits: cell.sessions.iter().map(|session| visit(cell, session, &name)).collect(),
        ..situation.clone()
    };
    write_like(situation.to_json().as_bytes(), &[])
}

type Name<'a> = dyn Fn(InstanceId) -> &'a str + 'a;

fn visit(cell: &Cell, session: &Session, name: &Name<'_>) -> VisitRow {
    let Session { viewer, instance, start, end, heartbeat, .. } = *session;
    let every = heartbeat.unwrap_or(cell.federation.instances[instance.index()].rules.parameters.heartbeat);
    VisitRow {
        instance: name(instance).to_owned(),
        session: format!("viewer-{viewer}"),
        start_ms: start.ms(),
        period_ms: ms(every),
        end_ms: end.ms(),
    }
}

/// The latencies by `default` and `from>to`; all are constant.
fn latencies(network: &NetworkModel, name: &Name<'_>) -> Vec<(String, u64)> {
    let constant = |latency: &Latency| match latency {
        Latency::Constant(latency) => Some(ms(*latency)),
        _ => None,
    };
    let default = constant(&network.latency).map(|latency| ("default".to_owned(), latency));
    let mut all: BTreeMap<String, u64> = default.into_iter().collect();
    for link in &network.links {
        let Some(latency) = link.latency.as_ref().and_then(constant) else { continue };
        for &from in &link.from {
            let to = link.to.iter().filter(|&&to| to != from);
            all.extend(to.map(|&to| (format!("{}>{}", name(from), name(to)), latency)));
        }
    }
    all.into_iter().collect()
}

/// The restarts, each as when it stops and when it is up again, which is at once.
fn restarts(faults: &[Fault], name: &Name<'_>) -> Vec<(String, u64, u64)> {
    let row = |fault: &Fault| match fault {
        Fault::Restart { instance, at, .. } => Some((name(*instance).to_owned(), at.ms(), at.ms())),
        _ => None,
    };
    faults.iter().filter_map(row).collect()
}

/// What our instances do in a situation.
fn written(trace: &Trace) -> Recording {
    let Replayed { messages, samples, views_counted, examples } = run(trace);
    let instance = |id: usize| {
        let (rules, tick_phase_ms) = (&trace.rules[id], trace.tick_phase[id].ms());
        let spread = (rules.totals_at == TotalsAt::Spread)
            .then(|| spread_by_video(VIDEO, rules.parameters.tick_interval));
        RecordingInstance {
            name: trace.instances[id].clone(),
            preset: trace.presets[id].clone(),
            tick_phase_ms,
            times: Times::of(&rules.parameters),
            spread_ms: spread.map(ms),
        }
    };
    let name = |id: InstanceId| trace.instances[id.index()].clone();
    let restart = |row: &RestartRow| (name(row.instance), row.at.ms(), row.at.ms());
    let default = trace.latency_default.map(|latency| ("default".to_owned(), ms(latency)));
    let links = trace.latency_of_link.iter();
    let links = links.map(|&(from, to, latency)| (format!("{}>{}", name(from), name(to)), ms(latency)));
    let presets: BTreeSet<&String> = trace.presets.iter().collect();
    Recording {
        description: trace.description.clone(),
        instances: (0..trace.instances.len()).map(instance).collect(),
        origin: name(trace.origin),
        rules: presets.into_iter().map(|preset| (preset.clone(), rules_of(preset))).collect(),
        latency_ms: default.into_iter().chain(links).collect(),
        has_views: true,
        times: Times::of(&trace.rules[trace.origin.index()].parameters),
        duration_ms: trace.end.ms(),
        sample_offset_ms: trace.sample_from.ms(),
        sample_every_ms: ms(trace.sample_every),
        restarts: trace.restarts.iter().map(restart).collect(),
        beats: Vec::new(),
        visits: trace.sessions.iter().zip(&trace.session_names).map(visit_of(trace)).collect(),
        messages,
        samples,
        views_counted,
        examples,
    }
}

fn visit_of(trace: &Trace) -> impl Fn((&Session, &String)) -> VisitRow {
    |(session, name)| VisitRow {
        instance: trace.instances[session.instance.index()].clone(),
        session: name.clone(),
        start_ms: session.start.ms(),
        period_ms: ms(session.heartbeat.expect("recordings say how often")),
        end_ms: session.end.ms(),
    }
}

/// What a preset chose, and its parameters.
fn rules_of(preset: &str) -> Value {
    let rules = Rules::preset(preset).expect("the names of a trace are of presets");
    let chosen = Rules::RULES.iter().map(|rule| (rule.key.to_owned(), json!((rule.get)(&rules))));
    // the others are off in every preset
    let Parameters {
        lifetime, tick_interval, refederation_age, heartbeat, plain_view_after, threshold, ..
    } = rules.parameters;
    let parameters = json!({
        "lifetimeMs": ms(lifetime),
        "tickIntervalMs": ms(tick_interval),
        "refederateMs": ms(refederation_age),
        "heartbeatMs": ms(heartbeat),
        "plainViewAfterMs": ms(plain_view_after),
        "totalLifetimeMs": ms(rules.total_lifetime()),
        "threshold": threshold.map(|threshold| json!({"sharePpm": threshold.share_ppm, "maxTicks": threshold.max_ticks})),
    });
    Value::Object(chosen.chain([("parameters".to_owned(), parameters)]).collect::<Map<_, _>>())
}

fn ms(span: Span) -> u64 {
    span.us() / 1_000
}
