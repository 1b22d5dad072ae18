//! The page of a run: its answer, its comparison, its figures, its rules, and how to make it again.

mod answer;
mod document;
mod search;
mod sliders;

pub use search::search_page;

use crate::foundation::text::visible;
use crate::report::expect::{Verdict, verdicts};
use crate::report::figure::Figure;
use crate::report::figures::{self, thousands};
use crate::report::rules::{SideBySide, deliveries, protocols};
use crate::report::run::Run;
use crate::report::sweep::sweep;
use crate::report::table::{Row, Style, groups};
use answer::answer;
use document::{Data, document, figure_markup, looks, scrolled, switches};
use maud::{Markup, html};
use sliders::Sliders;

/// A resolved scenario that is longer is not shown.
const SCENARIO_BYTES_MAX: usize = 200_000;

/// The page of a run.
pub fn page(run: &Run) -> String {
    let figures = figures::all(run);
    let sliders = Sliders::of(run);
    let contents = contents(run, &figures, sliders.as_ref());
    let data = Data { looks: looks(run.protocols()), figures, sliders };
    document(&run.scenario.name, &run.manifest.model_version, &contents, &data)
}

fn contents(run: &Run, figures: &[Figure], sliders: Option<&Sliders>) -> Markup {
    let verdicts = verdicts(&run.scenario, &run.table);
    html! {
        a.skip href="#figures" { "Skip to the figures" }
        header {
            h1 { (run.scenario.name) }
            @if !run.edited.is_empty() {
                p.edited role="alert" {
                    "Somebody edited these records since the run wrote them: " (run.edited.join(", ")) "."
                }
            }
            p.question { (visible(&run.scenario.description)) }
            @for sentence in answer(run) { p.answer { (sentence) } }
            @if !verdicts.is_empty() { p { a href="#expectations" { (kept(&verdicts)) } } }
        }
        main {
            section #comparison aria-labelledby="comparison-title" {
                h2 #comparison-title { "Comparison" }
                (comparison(run, sliders))
            }
            section #figures aria-labelledby="figures-title" {
                h2 #figures-title { "Figures" }
                (switches(run.protocols()))
                noscript { p { "The figures need a script. " code { "fedisim plot" } " makes pictures of them." } }
                @for (number, figure) in figures.iter().enumerate() { (figure_markup(number, figure)) }
            }
            @if !verdicts.is_empty() {
                section #expectations aria-labelledby="expectations-title" {
                    h2 #expectations-title { "Expectations" }
                    (expectations(run, &verdicts))
                }
            }
            section aria-labelledby="rules-title" {
                h2 #rules-title { "Protocol rules" }
                p { "What differs is marked ≠." }
                div.side-by-side { (side_by_side("rule", &protocols(&run.scenario))) }
                h3 { "Delivery" }
                div.side-by-side { (side_by_side("figure", &deliveries(&run.scenario))) }
            }
            section aria-labelledby="assumptions-title" {
                h2 #assumptions-title { "What the model assumes" }
                ul { @for assumption in ASSUMPTIONS { li { (assumption) } } }
                p { code { "docs/model.md" } " of fedisim states every assumption and where it comes from." }
            }
            (reproduce(run))
        }
    }
}

fn kept(verdicts: &[Verdict]) -> String {
    let hold = verdicts.iter().filter(|verdict| verdict.holds).count();
    let fail = verdicts.iter().filter(|verdict| verdict.fails && !verdict.holds).count();
    let failed = if fail > 0 { format!(" {fail} fail the run.") } else { String::new() };
    format!("{hold} of {} expectations hold.{failed}", verdicts.len())
}

fn comparison(run: &Run, sliders: Option<&Sliders>) -> Markup {
    let is_sweep = !run.scenario.sweep.parameters.is_empty() || run.scenario.pareto.is_some();
    html! {
        @if is_sweep {
            details { summary { "All points" } pre tabindex="0" { (sweep(&run.table, &run.scenario, Style::Text)) } }
            @if let Some(sliders) = sliders { (sliders.markup()) }
            p {
                "Point " span #point { (run.point + 1) } " of " (run.table.points.len())
                @if sliders.is_some() { ", ringed on the front; figures over time are of point " (run.point + 1) }
                ":"
            }
        }
        @if run.table.replications() > 1 {
            p { "Means of " (run.table.replications()) " replications, with 95 % intervals of the mean and of the ratio to " (run.baseline()) "." }
        }
        (scrolled("Comparison of protocols", html! {
            thead { tr { th scope="col" { "" } @for name in run.protocols() { th scope="col" { (name) } } } }
            @for (title, rows) in groups(&run.table, run.point, run.baseline()) {
                tbody {
                    tr { th.group scope="rowgroup" colspan=(run.courses.len() + 1) { (title) } }
                    @for Row { label, metric, cells } in rows {
                        tr { th scope="row" title=(metric) { (label) } @for cell in cells { td { (cell) } } }
                    }
                }
            }
        }))
        p.note { "Rounded; the exact values are in " code { "summary.csv" } ". " code { "fedisim metrics" } " defines every row." }
    }
}

fn expectations(run: &Run, verdicts: &[Verdict]) -> Markup {
    scrolled(
        "Expectations",
        html! {
            thead { tr { th scope="col" { "verdict" } th scope="col" { "expectation" } th scope="col" { "why" } } }
            tbody {
                @for (verdict, expectation) in verdicts.iter().zip(&run.scenario.expect) {
                    @let (word, rest) = verdict.line.split_at(4);
                    tr.failed[!verdict.holds] { td.left { (word.trim()) } td.left.prose { (rest.trim()) } td.left.prose { (visible(&expectation.why)) } }
                }
            }
        },
    )
}

fn side_by_side(what: &str, table: &SideBySide) -> Markup {
    scrolled(
        &format!("Each {what} by column"),
        html! {
            thead { tr { th scope="col" { (what) } @for name in &table.names { th scope="col" { (name) } } } }
            tbody {
                @for (key, values, differ) in &table.rows {
                    tr.differs[*differ] {
                        th scope="row" { @if *differ { "≠ " } (key) }
                        @for value in values { td.left { (value) } }
                    }
                }
            }
        },
    )
}

/// The assumptions that readers should know of before they believe a number.
const ASSUMPTIONS: [&str; 5] = [
    "CPU times of JSON-LD and of the inbox are assumed, and so is whatever the scenario says of cores, links, latencies and viewers; signatures, verifications, handshakes and message sizes are measured.",
    "Links serve one transfer after the other; there is no congestion control, and no retransmission: a lost message is lost.",
    "The GETs of a first contact are not counted, and no media is sent.",
    "Browsers, databases and video streaming do not exist; a heartbeat always reaches its own instance, if that is up.",
    "All protocols meet the same viewers and, for the same message, the same latency: differences between columns are differences of the protocols.",
];

fn reproduce(run: &Run) -> Markup {
    let resolved = &run.scenario.resolved;
    let manifest = &run.manifest;
    html! {
        section aria-labelledby="reproduce-title" {
            h2 #reproduce-title { "How to reproduce it" }
            p { "Save the scenario below as " code { "scenario.resolved.yaml" } " and run, with version " (manifest.model_version) " of fedisim:" }
            @if manifest.driver == "live" {
                pre tabindex="0" { "fedisim live scenario.resolved.yaml --out again\n" }
                p { "Real servers made these records in real time: another run differs where this machine was earlier or later." }
            } @else {
                pre tabindex="0" { "fedisim run scenario.resolved.yaml --out again\n" }
                p { "The digest in " code { "again/manifest.json" } " must then be the one here; the number of threads and the machine do not matter." }
            }
            (scrolled("Version and hashes", html! {
                tbody {
                    @for (key, value) in [
                        ("fedisim", &manifest.model_version),
                        ("driver", &manifest.driver),
                        ("scenario, SHA-256", &manifest.scenario_sha256),
                        ("records, SHA-256", &manifest.digest_sha256),
                        ("seed", &manifest.seed.to_string()),
                        ("cells", &thousands(manifest.cells as u64)),
                    ] { tr { th scope="row" { (key) } td.left { code { (value) } } } }
                }
            }))
            h3 { "The scenario, with every default" }
            @if resolved.len() <= SCENARIO_BYTES_MAX {
                details { summary { "scenario.resolved.yaml" } pre tabindex="0" { (resolved) } }
            } @else {
                p { "It is too long for this page: " code { "scenario.resolved.yaml" } " beside the records." }
            }
        }
    }
}
