//! What all pages share: one HTML file that needs no network, with its style, its two scripts and the data that they draw.
//!
//! Whatever comes from a scenario is text: maud escapes it in the markup, and the data of figures is JSON without a `<`. The policy
//! in the head lets nothing run but the two scripts, by their hashes, and lets nothing be fetched. plotly.js draws the figures; it
//! comes with the crate plotly, of which nothing else is used; tests/browser holds it against npm's package.

use super::sliders::Sliders;
use crate::report::figure::{Figure, Series};
use crate::report::style::{Theme, look};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the script reads.
#[derive(Serialize)]
pub(super) struct Data {
    pub(super) figures: Vec<Figure>,
    pub(super) looks: Vec<Drawn>,
    pub(super) sliders: Option<Sliders>,
}

/// How a column of the comparison is drawn.
#[derive(Serialize)]
pub(super) struct Drawn {
    name: String,
    colour: Option<&'static str>,
    dashes: &'static str,
    marker: usize,
}

/// A page: what it says, and what its script draws.
pub(super) fn document(title: &str, version: &str, contents: &Markup, data: &Data) -> String {
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

/// How the columns of these names are drawn.
pub(super) fn looks<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Drawn> {
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

/// A table that can be wider than the screen.
pub(super) fn scrolled(name: &str, rows: Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(name) tabindex="0" { table { (rows) } } }
}

/// Which columns all figures show.
pub(super) fn switches<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        fieldset #protocols {
            legend { "Show in all figures" }
            @for (number, name) in names.enumerate() {
                label { input type="checkbox" checked data-series=(number); span.swatch data-swatch=(number) {} (name) }
            }
        }
    }
}

/// A figure, before the script draws it.
pub(super) fn figure_markup(number: usize, figure: &Figure) -> Markup {
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
