//! `fedisim protocols`: presets as columns, rules as rows, and what every choice means; the same for deliveries.

use crate::domain::delivery_presets;
use crate::domain::protocol::{PRESETS, Rules};
use crate::report::rules::{DELIVERY_ROWS, PARAMETER_ROWS};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{ContentArrangement, Table};

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
        lines(delivery_presets::PRESETS.iter().map(|preset| format!("  {:<17} {}", preset.name, preset.doc))),
        deliveries()
    )
}

const PARAMETERS: &str = "\
PARAMETERS
  lifetime: an entry lives so long after its last heartbeat or View
  tick_interval: time between two ticks (clean-ups) of an instance; goes with the lifetime unless given
  refederation_age: a viewer is sent again on the first heartbeat so long after its last sending; 0.75 lifetime unless given
  heartbeat: time between two heartbeats of a client
  hints: answers tell clients to come later than after `heartbeat`, so that all of an instance's own send about so many per second
  plain_view_after: a plain view is made after so much watching (half of a shorter video)
  threshold: a total is sent only if it changed by a share of the last one sent, and at least every so many ticks
  follower_cap: an origin counts at most so many viewers of one follower
  leave_beacon: the share of clients that tell their instance that they leave
  sampling: one of so many viewers is sent, and counts for as many where this is more than 1
  update_share: an `Update` is worth a change of the number of views by this share (origin_views: updates-by-share)
  pull_cache: a count is asked for not more often than once in this time, and answered with the same one for this long (pull: yes)";

fn table() -> Table {
    let mut table = with_columns("rule", PRESETS.iter().map(|preset| preset.name));
    for rule in Rules::RULES {
        let choices = PRESETS.iter().map(|preset| (rule.get)(&preset.rules));
        table.add_row(std::iter::once(rule.key).chain(choices));
    }
    for (key, read) in PARAMETER_ROWS {
        let values = PRESETS.iter().map(|preset| read(&preset.rules.parameters));
        table.add_row(std::iter::once(key.to_owned()).chain(values));
    }
    table
}

fn deliveries() -> Table {
    let mut table = with_columns("figure", delivery_presets::PRESETS.iter().map(|preset| preset.name));
    for (key, read) in DELIVERY_ROWS {
        let values = delivery_presets::PRESETS.iter().map(|preset| read(&preset.delivery));
        table.add_row(std::iter::once(key.to_owned()).chain(values));
    }
    table
}

fn with_columns(first: &'static str, presets: impl Iterator<Item = &'static str>) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(std::iter::once(first).chain(presets));
    table
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
