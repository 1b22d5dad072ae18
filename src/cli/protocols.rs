//! `fedisim protocols`: presets as columns, rules as rows, and what every choice means; the same for deliveries.

use crate::domain::delivery::{self, Delivery, Queues, Tls, Transport};
use crate::domain::protocol::{PRESETS, Parameters, Rules};
use comfy_table::{ContentArrangement, Table, presets};

/// The tables, as text.
pub(super) fn tables() -> String {
    let presets = PRESETS.iter().map(|preset| format!("  {:<17} {}", preset.name, preset.doc));
    let rules = Rules::RULES.iter().flat_map(|rule| {
        let choices = rule.choices.iter().map(|choice| format!("    {:<14} {}", choice.name, choice.doc));
        std::iter::once(format!("  {}: {}", rule.key, rule.doc)).chain(choices)
    });
    format!(
        "PRESETS (the base of a protocol of your own, or a column of `compare`)\n{}\n\nRULES AND PARAMETERS\n{}\n\nWHAT THE RULES SAY\n{}\n\n{}\n\nDELIVERIES (`delivery`, or the base of one of your own)\n{}\n\nFIGURES\n{}",
        lines(presets),
        table(),
        lines(rules),
        PARAMETERS,
        lines(delivery::PRESETS.iter().map(|preset| format!("  {:<17} {}", preset.name, preset.doc))),
        deliveries()
    )
}

const PARAMETERS: &str = "\
PARAMETERS
  lifetime: an entry lives so long after its last heartbeat or View
  tick_interval: time between two ticks (clean-ups) of an instance; goes with the lifetime unless given
  refederation_age: a viewer is sent again on the first heartbeat so long after its last sending; 0.75 lifetime unless given
  heartbeat: time between two heartbeats of a client
  plain_view_after: a plain view is made after so much watching (half of a shorter video)
  threshold: a total is sent only if it changed by a share of the last one sent, and at least every so many ticks";

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(std::iter::once("rule").chain(PRESETS.iter().map(|preset| preset.name)));
    for rule in Rules::RULES {
        let choices = PRESETS.iter().map(|preset| (rule.get)(&preset.rules));
        table.add_row(std::iter::once(rule.key).chain(choices));
    }
    type Read = fn(&Parameters) -> String;
    let parameters: [(&str, Read); 6] = [
        ("lifetime", |parameters| parameters.lifetime.to_string()),
        ("tick_interval", |parameters| parameters.tick_interval.to_string()),
        ("refederation_age", |parameters| parameters.refederation_age.to_string()),
        ("heartbeat", |parameters| parameters.heartbeat.to_string()),
        ("plain_view_after", |parameters| parameters.plain_view_after.to_string()),
        ("threshold", |parameters| {
            parameters.threshold.map_or_else(
                || "off".to_owned(),
                |threshold| {
                    let percent = f64::from(threshold.share_ppm) / 10_000.0;
                    format!("{percent} % or {} ticks", threshold.max_ticks)
                },
            )
        }),
    ];
    for (key, read) in parameters {
        let values = PRESETS.iter().map(|preset| read(&preset.rules.parameters));
        table.add_row(std::iter::once(key.to_owned()).chain(values));
    }
    table
}

fn deliveries() -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(std::iter::once("figure").chain(delivery::PRESETS.iter().map(|preset| preset.name)));
    let off = || "off".to_owned();
    type Read<'a> = &'a dyn Fn(&Delivery) -> String;
    let figures: [(&str, Read<'_>); 20] = [
        ("queues", &|row| name(&Queues::ALL, row.queues)),
        ("sequential_jobs", &|row| row.sequential_jobs.to_string()),
        ("parallel_jobs", &|row| row.parallel_jobs.to_string()),
        ("unicast_jobs", &|row| row.unicast_jobs.to_string()),
        ("requests_per_job", &|row| row.requests_per_job.to_string()),
        ("running_limit", &|row| row.running_limit.to_string()),
        ("requests_per_destination", &|row| row.requests_per_destination.to_string()),
        ("workers", &|row| row.workers.to_string()),
        ("attempts", &|row| row.attempts.to_string()),
        ("breaker", &|row| {
            row.breaker
                .map_or_else(off, |breaker| format!("{} after {} failures", breaker.pause, breaker.failures))
        }),
        ("timeout", &|row| row.timeout.to_string()),
        ("rate_limit", &|row| {
            row.rate_limit.map_or_else(off, |limit| format!("{} per {}", limit.requests, limit.per))
        }),
        ("keep_alive", &|row| row.keep_alive.map_or_else(off, |idle| idle.to_string())),
        ("tls", &|row| name(&Tls::ALL, row.tls)),
        ("transport", &|row| name(&Transport::ALL, row.transport)),
        ("sign", &|row| row.sign.to_string()),
        ("json_ld_sign", &|row| row.json_ld_sign.to_string()),
        ("verify", &|row| row.verify.to_string()),
        ("json_ld_verify", &|row| row.json_ld_verify.to_string()),
        ("inbox", &|row| row.inbox.to_string()),
    ];
    for (key, read) in figures {
        let values = delivery::PRESETS.iter().map(|preset| read(&preset.delivery));
        table.add_row(std::iter::once(key.to_owned()).chain(values));
    }
    table
}

/// The name of a choice.
fn name<T: PartialEq>(all: &[(T, &'static str, &'static str)], chosen: T) -> String {
    all.iter()
        .find(|(choice, _, _)| *choice == chosen)
        .map_or_else(String::new, |(_, name, _)| (*name).to_owned())
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
