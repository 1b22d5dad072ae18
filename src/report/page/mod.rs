//! The page: everything about a run, or a search, in one HTML file that needs no network.
//!
//! Whatever comes from a scenario is text: maud escapes it in the markup, and the data of figures is JSON without a `<`. The policy
//! in the head lets nothing run but the two scripts, by their hashes, and lets nothing be fetched. plotly.js draws the figures; it
//! comes with the crate plotly, of which nothing else is used; tests/browser holds it against npm's package.

mod answer;
mod search;
mod sliders;

pub use search::search_page;

use crate::foundation::text::visible;
use crate::report::expect::{Verdict, verdicts};
use crate::report::figure::{Figure, Series};
use crate::report::figures::{self, thousands};
use crate::report::rules::{SideBySide, deliveries, protocols};
use crate::report::run::Run;
use crate::report::style::{Theme, look};
use crate::report::sweep::sweep;
use crate::report::table::{Row, Style, groups};
use answer::answer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sliders::Sliders;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// A resolved scenario that is longer is not shown.
const SCENARIO_BYTES_MAX: usize = 200_000;

/// What the script reads.
#[derive(Serialize)]
struct Data {
    figures: Vec<Figure>,
    looks: Vec<Drawn>,
    sliders: Option<Sliders>,
}

/// How a column of the comparison is drawn.
#[derive(Serialize)]
struct Drawn {
    name: String,
    colour: Option<&'static str>,
    dashes: &'static str,
    marker: usize,
}

/// The page of a run.
pub fn page(run: &Run) -> String {
    let figures = figures::all(run);
    let sliders = Sliders::of(run);
    let contents = contents(run, &figures, sliders.as_ref());
    let data = Data { looks: looks(run.protocols()), figures, sliders };
    document(&run.scenario.name, &run.manifest.model_version, &contents, &data)
}

/// A page: what it says, and what its script draws.
fn document(title: &str, version: &str, contents: &Markup, data: &Data) -> String {
    let plotly = plotly_script();
    let head = policy(&[&plotly, SCRIPT]);
    let data = json(data);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(head);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "fedisim " (version) };
                title { (title) " - fedisim" }
                style { (PreEscaped(colours())) (PreEscaped(STYLE)) }
            }
            body {
                (contents)
                script type="application/json" id="data" { (PreEscaped(data)) }
                script { (PreEscaped(plotly)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

/// The script alone, 4.7 MB: the crate's own page carries two megabytes of formulas as well.
fn plotly_script() -> String {
    let sources = plotly::Plot::offline_js_sources();
    let begin = sources.find('>').expect("a script begins") + 1;
    let end = sources.find("</script>").expect("a script ends");
    sources[begin..end].to_owned()
}

/// Nothing is fetched, nothing runs but these scripts. Plotly styles what it draws and makes pictures to save.
fn policy(scripts: &[&str]) -> String {
    let hash = |script: &&str| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script.as_bytes())));
    let hashes: String = scripts.iter().map(hash).collect();
    format!(
        "default-src 'none'; script-src{hashes}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
}

/// JSON that no tag can end or begin in.
fn json(data: &Data) -> String {
    serde_json::to_string(data).expect("figures are JSON").replace('<', "\\u003c")
}

fn looks<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Drawn> {
    let drawn = |(number, name): (usize, &str)| {
        let look = look(&Series::Protocol(number, name.to_owned()));
        Drawn { name: name.to_owned(), colour: look.colour, dashes: look.dashes, marker: look.marker }
    };
    names.enumerate().map(drawn).collect()
}

fn colours() -> String {
    let of =
        |theme: Theme| format!("--ground:{};--text:{};--grid:{}", theme.ground(), theme.text(), theme.grid());
    format!(":root{{{}}}@media(prefers-color-scheme:dark){{:root{{{}}}}}", of(Theme::Light), of(Theme::Dark))
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

/// A table that can be wider than the screen.
fn scrolled(name: &str, rows: Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(name) tabindex="0" { table { (rows) } } }
}

fn switches<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        fieldset #protocols {
            legend { "Show in all figures" }
            @for (number, name) in names.enumerate() {
                label { input type="checkbox" checked data-series=(number); span.swatch data-swatch=(number) {} (name) }
            }
        }
    }
}

fn figure_markup(number: usize, figure: &Figure) -> Markup {
    let id = format!("figure-{}", figure.kind);
    html! {
        figure id=(id) data-figure=(number) {
            h3 { (figure.title) }
            p.says { (figure.says) }
            div.controls {
                @if figure.views.len() > 1 {
                    label { (figure.choose) " "
                        select data-choose { @for (at, view) in figure.views.iter().enumerate() { option value=(at) { (view.name) } } }
                    }
                }
                @for (axis, which) in [(&figure.y, "y"), (&figure.x, "x")] {
                    @if axis.can_switch {
                        label { input type="checkbox" data-log=(which) checked[axis.is_log]; "logarithmic " (axis.label) }
                    }
                }
            }
            div.plot role="img" aria-label={ (figure.title) ". " (figure.says) } {}
            figcaption { (figure.caption) }
            details.numbers { summary { "The numbers of this figure" } div.scroll tabindex="0" role="region" aria-label={ "Numbers: " (figure.title) } {} }
        }
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
