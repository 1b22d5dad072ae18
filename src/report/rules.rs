//! Protocols and deliveries side by side: every rule, parameter and figure by its key in scenario files.

use crate::domain::delivery::{
    Compress, Delivery, Health, KeepAlive, Queues, Retry, RetryAfter, RetryPer, Statuses, Tls, Transport,
};
use crate::domain::protocol::{Parameters, Rules};
use crate::domain::receiving::SignatureWindow;
use crate::mechanism::connections::StaleConnections;
use crate::mechanism::retry::{Backoff, Exponential, Jitter, Schedule};
use crate::scenario::Scenario;

/// A key in scenario files, and how its value is read.
pub type Row<T> = (&'static str, fn(&T) -> String);

/// The rows of parameters: their keys, and what a protocol has there.
pub const PARAMETER_ROWS: [Row<Parameters>; 12] = [
    ("lifetime", |parameters| parameters.lifetime.to_string()),
    ("tick_interval", |parameters| parameters.tick_interval.to_string()),
    ("refederation_age", |parameters| parameters.refederation_age.to_string()),
    ("heartbeat", |parameters| parameters.heartbeat.to_string()),
    ("hints", |parameters| {
        parameters
            .hints
            .map_or_else(off, |hints| format!("{} /s, {} at most", hints.heartbeats_per_s, hints.at_most))
    }),
    ("plain_view_after", |parameters| parameters.plain_view_after.to_string()),
    ("threshold", |parameters| {
        parameters.threshold.map_or_else(
            || "off".to_owned(),
            |threshold| format!("{} or {} ticks", percent(threshold.share_ppm), threshold.max_ticks),
        )
    }),
    ("follower_cap", |parameters| parameters.follower_cap.map_or_else(off, |cap| cap.to_string())),
    ("leave_beacon", |parameters| percent(parameters.leave_beacon_ppm)),
    ("sampling", |parameters| parameters.sampling.to_string()),
    ("update_share", |parameters| percent(parameters.update_share_ppm)),
    ("pull_cache", |parameters| parameters.pull_cache.to_string()),
];

/// The rows of delivery: their keys, and what a delivery has there.
pub const DELIVERY_ROWS: [Row<Delivery>; 29] = [
    ("queues", |row| name(&Queues::ALL, row.queues)),
    ("sequential_jobs", |row| row.sequential_jobs.to_string()),
    ("parallel_jobs", |row| row.parallel_jobs.to_string()),
    ("unicast_jobs", |row| row.unicast_jobs.to_string()),
    ("requests_per_job", |row| row.requests_per_job.to_string()),
    ("running_limit", |row| row.running_limit.to_string()),
    ("requests_per_destination", |row| row.requests_per_destination.to_string()),
    ("workers", |row| row.workers.to_string()),
    ("retry", |row| attempts(&row.retry)),
    ("give_up_on", |row| statuses(&row.give_up_on)),
    ("breaker", |row| {
        row.breaker.map_or_else(off, |breaker| {
            let half_open = if breaker.half_opens { ", then half open" } else { "" };
            format!("{} after {} failures{half_open}", breaker.pause, breaker.failures)
        })
    }),
    ("health", |row| name(&Health::ALL, row.health)),
    ("timeout", |row| row.timeout.to_string()),
    ("retry_after", |row| name(&RetryAfter::ALL, row.retry_after)),
    ("rate_limit", |row| {
        row.receiving.rate_limit.map_or_else(off, |limit| {
            let silent = if limit.says_when { "" } else { ", without Retry-After" };
            format!("{} per {}{silent}", limit.requests, limit.per)
        })
    }),
    ("signature_window", |row| {
        row.receiving.signature_window.map_or_else(off, |SignatureWindow { old, ahead }| {
            if old == ahead { old.to_string() } else { format!("{old} old, {ahead} ahead") }
        })
    }),
    ("ban", |row| {
        row.receiving.ban.map_or_else(off, |ban| {
            format!("{} after {} refusals in {}", ban.lasts, ban.refusals, ban.within)
        })
    }),
    ("keep_alive", |row| match row.keep_alive {
        KeepAlive::Off => off(),
        KeepAlive::AsReleased => "as-released".to_owned(),
        KeepAlive::All(idle) => idle.to_string(),
    }),
    ("stale_connections", |row| name(&StaleConnections::ALL, row.stale_connections)),
    ("tls", |row| name(&Tls::ALL, row.tls)),
    ("transport", |row| name(&Transport::ALL, row.transport)),
    ("compress", |row| match row.compress {
        Compress::Off => off(),
        Compress::Gzip { share_ppm, cpu } => {
            format!("gzip to {} % for {cpu}", f64::from(share_ppm) / 10_000.0)
        }
    }),
    ("sign", |row| row.sign.to_string()),
    ("json_ld_sign", |row| row.json_ld_sign.to_string()),
    ("verify", |row| row.receiving.verify.to_string()),
    ("json_ld_verify", |row| row.receiving.json_ld_verify.to_string()),
    ("inbox", |row| row.receiving.inbox.to_string()),
    ("heartbeat_cpu", |row| row.receiving.heartbeat.to_string()),
    ("inbox_workers", |row| row.receiving.inbox_workers.to_string()),
];

/// How often and when a request is made again.
fn attempts(retry: &Retry) -> String {
    match retry {
        Retry { per: RetryPer::Message, attempts: 1, .. } => "1 attempt".to_owned(),
        Retry { per: RetryPer::Message, attempts, backoff } => {
            format!("{attempts} attempts, {}", waits(backoff))
        }
        Retry { per: RetryPer::Destination, backoff, .. } => {
            format!("per destination, {}", waits(backoff))
        }
    }
}

fn waits(Backoff { schedule, jitter }: &Backoff) -> String {
    let wait = match schedule {
        Schedule::Sidekiq => "(n - 1)^4 s + 15 s".to_owned(),
        Schedule::List(list) => list.spans().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Schedule::Exponential(Exponential { unit, base_ppm, minus_one, at_once, at_most }) => {
            let base = f64::from(*base_ppm) / 1e6;
            let power = if *at_once == 0 { "n".to_owned() } else { format!("(n - {at_once})") };
            let power = format!("{base}^{power}");
            let power = if *minus_one { format!("({power} - 1)") } else { power };
            format!("{unit} x {power}, at most {at_most}")
        }
    };
    match jitter {
        Jitter::Off => wait,
        Jitter::Sidekiq => format!("{wait}, Sidekiq's jitter"),
        Jitter::Mastodon => format!("{wait}, Mastodon's jitter"),
        Jitter::Share(ppm) => format!("{wait}, up to {} % more", f64::from(*ppm) / 10_000.0),
    }
}

fn statuses(statuses: &Statuses) -> String {
    let all: Vec<String> = statuses.iter().map(|status| status.to_string()).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn percent(ppm: u32) -> String {
    format!("{} %", f64::from(ppm) / 10_000.0)
}

fn off() -> String {
    "off".to_owned()
}

/// The name of a choice.
fn name<T: PartialEq>(all: &[(T, &'static str, &'static str)], chosen: T) -> String {
    all.iter()
        .find(|(choice, _, _)| *choice == chosen)
        .map_or_else(String::new, |(_, name, _)| (*name).to_owned())
}

/// What the columns of a comparison speak and how they deliver, side by side.
pub struct SideBySide {
    /// The names of the protocols; with that of the column where one of several columns speaks it alone.
    pub names: Vec<String>,
    /// Of each rule its key, its values, and whether they differ.
    pub rows: Vec<(&'static str, Vec<String>, bool)>,
}

/// The rules of all protocols that a scenario compares.
pub fn protocols(scenario: &Scenario) -> SideBySide {
    let mut names: Vec<String> = Vec::new();
    let mut rules: Vec<Rules> = Vec::new();
    for variant in &scenario.compare {
        for (protocol, row) in variant.protocols.iter().zip(&variant.rules) {
            if !names.contains(protocol) {
                names.push(protocol.clone());
                rules.push(*row);
            }
        }
    }
    let of_rule = Rules::RULES
        .iter()
        .map(|rule| (rule.key, rules.iter().map(|row| (rule.get)(row).to_owned()).collect::<Vec<_>>()));
    let of_parameters = PARAMETER_ROWS
        .iter()
        .map(|(key, read)| (*key, rules.iter().map(|row| read(&row.parameters)).collect()));
    SideBySide { names, rows: of_rule.chain(of_parameters).map(marked).collect() }
}

/// How all columns deliver.
pub fn deliveries(scenario: &Scenario) -> SideBySide {
    let columns = &scenario.compare;
    let row =
        |(key, read): &Row<Delivery>| (*key, columns.iter().map(|variant| read(&variant.delivery)).collect());
    SideBySide {
        names: columns.iter().map(|variant| variant.name.clone()).collect(),
        rows: DELIVERY_ROWS.iter().map(row).map(marked).collect(),
    }
}

fn marked((key, values): (&'static str, Vec<String>)) -> (&'static str, Vec<String>, bool) {
    let differ = values.iter().any(|value| *value != values[0]);
    (key, values, differ)
}
