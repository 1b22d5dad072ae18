//! Keys that have no effect where they stand, and windows that refuse everything: warned about or refused, never silent.

use crate::domain::delivery::{Delivery, Queues, RetryAfter, RetryPer};
use crate::domain::receiving::Software;
use crate::mechanism::network::NetworkModel;
use crate::scenario::build::instances::software;
use crate::scenario::model::Variant;
use crate::scenario::problem::Problems;
use crate::scenario::value::Checked;

/// Keys of requests and their receivers, which sending without queues does not have.
const OF_REQUESTS: [&str; 24] = [
    "sequential_jobs",
    "parallel_jobs",
    "unicast_jobs",
    "requests_per_job",
    "running_limit",
    "requests_per_destination",
    "workers",
    "attempts",
    "breaker",
    "timeout",
    "retry_after",
    "keep_alive",
    "stale_connections",
    "tls",
    "transport",
    "sign",
    "json_ld_sign",
    "verify",
    "json_ld_verify",
    "inbox",
    "heartbeat_cpu",
    "inbox_workers",
    "rate_limit",
    "ban",
];

/// The keys that a delivery with these queues does not look at.
fn unused(queues: Queues) -> &'static [&'static str] {
    match queues {
        Queues::Unlimited => &OF_REQUESTS,
        Queues::Peertube => &["requests_per_destination", "workers"],
        Queues::PerDestination => {
            &["sequential_jobs", "parallel_jobs", "unicast_jobs", "requests_per_job", "workers"]
        }
        Queues::Workers => &[
            "sequential_jobs",
            "parallel_jobs",
            "unicast_jobs",
            "requests_per_job",
            "requests_per_destination",
        ],
    }
}

/// Warns of keys of a delivery that do nothing there, unless another delivery begins with it.
pub(crate) fn of_delivery(definition: &Checked, row: &Delivery, is_base: bool, problems: &mut Problems) {
    if is_base {
        return;
    }
    let queues = Queues::ALL.iter().find(|(queues, _, _)| *queues == row.queues).map_or("", |found| found.1);
    for key in unused(row.queues) {
        if let Some(at) = definition.get(key) {
            problems.warn(at.spot(), format!("has no effect with `queues: {queues}`; take it out"));
        }
    }
    if let Some(at) = definition.get("retry_after")
        && row.retry_after == RetryAfter::Heeded
        && (row.retry.per, row.retry.attempts) == (RetryPer::Message, 1)
    {
        problems.warn(at.spot(), "has no effect with `attempts: 1`: there is no next attempt");
    }
}

/// Warns of keys of groups that do nothing there.
pub(crate) fn of_groups(file: &Checked, columns: &[Variant], problems: &mut Problems) {
    let has_queues = columns.iter().any(|column| column.delivery.queues != Queues::Unlimited);
    for (_, group) in file.get("instances").map_or(&[][..], Checked::entries) {
        let mut warn = |of: Option<&Checked>, key: &str, why: &str| {
            if let Some(at) = of.and_then(|of| of.get(key)) {
                problems.warn(at.spot(), format!("has no effect: {why}"));
            }
        };
        if software(group) != Software::Peertube {
            warn(Some(group), "tick_phase", "other software has no viewers that expire");
            warn(Some(group), "health_phase", "other software has no videos, and so no followers");
            warn(Some(group), "update_phase", "other software has no videos, and so no views");
        }
        if !columns.is_empty() && !has_queues {
            let why = "every delivery has `queues: unlimited`, where nobody works and nothing is limited";
            let capacity = group.get("capacity");
            for (key, _) in capacity.map_or(&[][..], Checked::entries) {
                warn(capacity, key, why);
            }
            OF_REQUESTS.iter().for_each(|key| warn(group.get("receives"), key, why));
        }
    }
}

/// A signature window that is shorter than the way of a request refuses it: a mistake where it is written, else worth a warning.
pub(crate) fn of_windows(
    file: &Checked,
    columns: &[Variant],
    network: &NetworkModel,
    problems: &mut Problems,
) {
    let Some(at) = file.get("compare") else { return };
    let windows = columns.iter().flat_map(|column| {
        let windows = column.receiving.iter().filter_map(|receiving| receiving.signature_window);
        windows.map(move |window| (window.old, column))
    });
    let Some((old, column)) = windows.min_by_key(|(old, _)| *old) else { return };
    let (least, most) = (network.latency_min(), network.latency_max());
    let name = &column.name;
    let is_written = ["deliveries", "instances"].iter().any(|section| has_window(file.get(section)));
    if old < least {
        let message = format!(
            "has a `signature_window` of {old} in `{name}`, and every request takes {least} or more: all are refused; widen it"
        );
        if is_written {
            problems.at(at.spot(), message);
        } else {
            problems.warn(at.spot(), message);
        }
    } else if old < most {
        let message = format!(
            "has a `signature_window` of {old} in `{name}`, and a request may take {most}: some are refused for the network alone"
        );
        problems.warn(at.spot(), message);
    }
}

/// Whether a delivery or a group of a section has a window of its own.
fn has_window(section: Option<&Checked>) -> bool {
    let entries = section.map_or(&[][..], Checked::entries).iter();
    let mut of = entries.map(|(_, entry)| entry.get("receives").unwrap_or(entry));
    of.any(|entry| entry.get("signature_window").is_some())
}
