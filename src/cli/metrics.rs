//! `fedisim metrics`: the definition of every metric, in Markdown, as `docs/metrics.md` holds it.

use crate::metrics::definitions::{DEFINITIONS, SYMBOLS};

pub(super) fn tables() -> String {
    let symbols: Vec<_> = SYMBOLS.lines().map(|line| format!("- {line}")).collect();
    let rows: Vec<_> = DEFINITIONS
        .iter()
        .map(|definition| {
            format!(
                "| `{}` | {} | {} | {} | {} |",
                definition.name,
                definition.unit,
                definition.better.name(),
                definition.doc,
                definition.formula.replace('|', "\\|")
            )
        })
        .collect();
    format!(
        "# Metrics\n\nMade by `fedisim metrics`. Sums are taken over integers (counts, bytes, nanoseconds); a value is divided once, at the end.\n\n{}\n\n| metric | unit | better | what it says | formula |\n|---|---|---|---|---|\n{}\n",
        symbols.join("\n"),
        rows.join("\n")
    )
}
