//! A checked file to the valid scenario: names become ids, and what must fit together does.
//!
//! Every part is built as far as it can be, so that all problems are told at once; a part is `None` only if a
//! problem has been noted. What refers to something broken is passed over in silence: one mistake, one message.

mod catalogues;
mod choice;
mod crowds;
mod delivery;
mod effect;
mod faults;
mod federation;
mod follows;
mod instances;
mod latency_table;
mod lies;
mod list;
mod measure;
mod network;
mod other_traffic;
mod protocols;
mod receiving;
mod retry;
pub(crate) mod search;
mod series;
pub(crate) mod sweep;
mod table;
mod trace;
mod unknown;

use crate::scenario::data::Files;
use crate::scenario::emit;
use crate::scenario::model::Scenario;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// Builds the scenario of a checked file that is complete with the hashes of its data.
pub(crate) fn build(
    file: &Checked,
    files: &Files,
    metrics: &[&str],
    problems: &mut Problems,
) -> Option<Scenario> {
    let federation = instances::table(file, files, problems);
    let videos = federation::videos(file, &federation, problems);
    let protocols = protocols::Protocols::new(file, problems);
    let deliveries = delivery::Deliveries::new(file, problems);
    let mut columns = protocols::columns(file, &protocols, &deliveries, &federation, problems);
    let follows = follows::follows(file, &federation, files, problems);
    let peers = federation::peers(file, &federation, problems);
    let watching = crowds::Context { table: &federation, videos: &videos, files };
    let crowds = watching.crowds(file, problems);
    let catalogues = catalogues::catalogues(file, &watching, problems);
    let detailed =
        catalogues.as_ref().and_then(|all| catalogues::detailed(file, videos.len(), all, problems));
    effect::of_groups(file, &columns, problems);
    let network = network::network(file, &federation, files, problems);
    if let Some(network) = &network {
        effect::of_windows(file, &columns, network, problems);
    }
    let end = measure::end(file);
    let context =
        other_traffic::Context { table: &federation, videos: &videos, follows: follows.as_ref(), end };
    let other = other_traffic::other_traffic(file, &context, problems);
    let lies = lies::Context { table: &federation, videos: &videos, end }.lies(file, problems);
    faults::faults(file, &federation, &protocols, end, &mut columns, problems);
    crowds::question(file, crowds.as_deref().unwrap_or_default(), &columns, problems);
    let measured = measure::measure(file, end, problems);
    let expect = measure::expectations(file, &columns, metrics, problems);
    let replications = sweep::replications(file, problems);
    let precision = sweep::precision(file, metrics, problems);
    let pareto = sweep::pareto(file, metrics, problems);
    let sweep = sweep::sweep(file, columns.len(), replications.unwrap_or(1), problems);
    if !problems.is_empty() {
        return None;
    }
    let baseline = file.text("baseline")?;
    let resolved = emit::emit(file);
    Some(Scenario {
        name: file.text("name")?.to_owned(),
        description: file.text("description")?.to_owned(),
        seed: file.integer("seed")?,
        replications: replications?,
        first_replication: file.integer("first_replication").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        precision,
        sweep: sweep?,
        pareto,
        end: end?,
        baseline: columns.iter().position(|column| column.name == baseline)?,
        compare: columns,
        own_protocols: file.get("protocols")?.entries().iter().map(|(name, _)| name.clone()).collect(),
        groups: federation.groups,
        instances: federation.instances,
        regions: federation.regions,
        videos: videos.into_iter().map(|video| video.ok()).collect::<Option<_>>()?,
        catalogues: catalogues?,
        detailed: detailed?,
        follows: follows?,
        crowds: crowds?,
        network: network?,
        lies: lies?,
        other: other?,
        measure: measured?,
        names: measure::wire_names(file)?,
        limits: measure::limits(file)?,
        expect: expect?,
        gate: measure::gate(file),
        parity: measure::parity(file),
        peers: peers?,
        warnings: Vec::new(),
        hash: emit::sha256(resolved.as_bytes()),
        resolved,
    })
}
