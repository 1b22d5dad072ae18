//! What of a cell no recording can hold, and what to say in its place: a recording that is written must not leave out silently what decides
//! the run.
//!
//! Only what changes messages of viewers, what is displayed, or how many views are counted matters here. Bytes, costs, other traffic and names
//! do not. Sources: the format (docs/conformance.md). Not here: who takes part, which `recorder` says.

use crate::cell::Cell;
use crate::conform::trace::VIDEO;
use crate::domain::asked_back::FirstContact;
use crate::domain::delivery::Queues;
use crate::domain::faults::Fault;
use crate::domain::federation::Instance;
use crate::domain::protocol::{Parameters, Rules};
use crate::domain::workload::Session;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Span;
use crate::mechanism::network::{Latency, NetworkModel};
use crate::scenario::End;

/// Checks that a recording can hold what decides the run of a cell whose instances speak these presets.
///
/// # Errors
/// The first thing that it cannot hold, and what to do about it, as a sentence.
pub(super) fn check(cell: &Cell, presets: &[String]) -> Result<(), String> {
    for (instance, preset) in cell.federation.instances.iter().zip(presets) {
        check_rules(&instance.rules, preset).map_err(|why| format!("{} {why}", instance.name))?;
    }
    if cell.delivery.queues != Queues::Unlimited {
        return Err("a recording knows no queues: say `delivery: unlimited`".to_owned());
    }
    check_network(&cell.network)?;
    check_windows(cell)?;
    cell.faults.iter().try_for_each(check_fault)?;
    cell.sessions.iter().try_for_each(check_session)?;
    check_length(cell)?;
    if !cell.lies.is_empty() {
        return Err("in a recording nobody lies: leave out `lies`".to_owned());
    }
    if cell.other.asked_back.first_contact == FirstContact::Requests {
        let problem = "in a recording everybody knows all others, so no message waits for a key: say `other_traffic: {asked_back: {first_contact: off}}`";
        return Err(problem.to_owned());
    }
    match cell.end {
        End::At(_) => Ok(()),
        End::Idle { at_most } => {
            Err(format!("a recording ends at a time: say `end: {} s` or less", at_most.ms() / 1_000))
        }
    }
}

/// Checks that rules are those of a preset, but for the interval of heartbeats, which visits say.
fn check_rules(rules: &Rules, preset: &str) -> Result<(), String> {
    let of_preset = Rules::preset(preset).expect("the recorder names presets");
    let heartbeat = rules.parameters.heartbeat;
    let like = Rules { parameters: Parameters { heartbeat, ..of_preset.parameters }, ..of_preset };
    let problem = || format!("speaks {preset} with changes, and a recording names presets: say `{preset}`");
    (like == *rules).then_some(()).ok_or_else(problem)
}

fn check_network(network: &NetworkModel) -> Result<(), String> {
    let links = network.links.iter().filter_map(|link| link.latency.as_ref());
    if !links.chain([&network.latency]).all(|latency| matches!(latency, Latency::Constant(_))) {
        return Err("in a recording latencies are constant: say `latency: {constant: ...}`".to_owned());
    }
    let loses = network.links.iter().any(|link| link.loss_ppm.is_some_and(|loss| loss > 0));
    if network.loss_ppm > 0 || loses {
        return Err("in a recording that is written nothing is lost: leave out `loss`".to_owned());
    }
    Ok(())
}

/// Nothing is refused in a recording: no message is on its way for longer than its receiver's signature window.
fn check_windows(cell: &Cell) -> Result<(), String> {
    let Cell { federation, network, .. } = cell;
    let constant = |latency: &Latency| match latency {
        Latency::Constant(latency) => *latency,
        _ => Span::ZERO,
    };
    for (number, instance) in federation.instances.iter().enumerate() {
        let links = network.links.iter().filter(|link| link.to.contains(&InstanceId::at(number)));
        let latencies = links.filter_map(|link| link.latency.as_ref()).chain([&network.latency]);
        let longest = latencies.map(constant).max().unwrap_or_default();
        if instance.receiving.signature_window.is_some_and(|window| window.old < longest) {
            let name = &instance.name;
            return Err(format!(
                "in a recording nothing is refused, and {name} refuses what is on its way for {longest}: say `signature_window: off`"
            ));
        }
    }
    Ok(())
}

fn check_fault(fault: &Fault) -> Result<(), String> {
    match fault {
        Fault::Restart { startup: Span::ZERO, rules: None, .. } => Ok(()),
        _ => Err("a recording that is written knows no fault but a restart with `startup: 0 s`".to_owned()),
    }
}

fn check_session(session: &Session) -> Result<(), String> {
    let Session { viewer, address, start, first_heartbeat, view_after, .. } = *session;
    if first_heartbeat == start && view_after.is_none() && address == viewer {
        return Ok(());
    }
    let problem = "in a recording everybody has an address of their own, is heard of at once, and makes a view when the protocol says: leave out `first_heartbeat_after`, `view_after` and `behind_one_address`";
    Err(problem.to_owned())
}

/// A recording knows no lengths: of a short video half of it would make a view.
fn check_length(cell: &Cell) -> Result<(), String> {
    let video = &cell.federation.videos[VIDEO.index()];
    let after = |instance: &Instance| instance.rules.parameters.plain_view_after;
    let after = cell.federation.instances.iter().map(after).max().unwrap_or_default();
    match video.length {
        Some(length) if Span::from_ns(length.ns() / 2) < after => {
            let (name, least) = (&video.name, after * 2);
            Err(format!(
                "{name} is {length} long, and a recording knows no video of which half is watched in less than {after}: say `length: live`, or {least} or more"
            ))
        }
        _ => Ok(()),
    }
}
