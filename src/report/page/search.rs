//! The page of a search: its answer, a mark for every candidate, and a slider for every choice.

use super::document::{Data, document, figure_markup, looks, scrolled, switches};
use super::sliders::{Parameter, Point as Chosen, Sliders};

use crate::foundation::text::visible;
use crate::intervals::Estimate;
use crate::report::figure::{Axis, Figure, Marks, Point, Points, Series, View};
use crate::report::search::{CANDIDATES, SearchResults};
use crate::report::table::{estimated, human_readable, times};
use crate::runs::search::Winner;
use crate::runs::spec::MODEL_VERSION;
use crate::scenario::{SearchBound, SearchSpace};
use maud::{Markup, html};

/// Candidates that sliders choose from: every one's table is in the page.
const CHOSEN_MAX: usize = 500;

/// The page of a search that has ended.
pub fn search_page(results: &SearchResults<'_>) -> String {
    let names = || std::iter::once(CANDIDATES).chain(results.ours().map(|(_, name)| name));
    let figures: Vec<Figure> = front(results).into_iter().collect();
    let sliders = sliders(results);
    let contents = contents(results, &figures, sliders.as_ref(), &switches(names()));
    let data = Data { looks: looks(names()), figures, sliders };
    document(&results.space.name, MODEL_VERSION, &contents, &data)
}

fn contents(
    results: &SearchResults<'_>,
    figures: &[Figure],
    sliders: Option<&Sliders>,
    switches: &Markup,
) -> Markup {
    let SearchSpace { name, description, .. } = results.space;
    html! {
        a.skip href="#figures" { "Skip to the figures" }
        header {
            h1 { (name) }
            p.question { (visible(description)) }
            @for sentence in answer(results) { p.answer { (sentence) } }
        }
        main {
            @if let Some(sliders) = sliders {
                section #comparison aria-labelledby="comparison-title" {
                    h2 #comparison-title { "One candidate" }
                    (sliders.markup())
                    p {
                        "Candidate " span #point { (sliders.points[sliders.chosen].title) }
                        ", ringed in the figure, beside protocols of ours. Of all that were run to the end it has the value that was moved, and most of the others."
                    }
                    (comparison(results, sliders))
                }
            }
            section #figures aria-labelledby="figures-title" {
                h2 #figures-title { "Figures" }
                (switches)
                noscript { p { "The figures need a script. " code { "candidates.csv" } " has their numbers." } }
                @for (number, figure) in figures.iter().enumerate() { (figure_markup(number, figure)) }
            }
            section aria-labelledby="answer-title" {
                h2 #answer-title { "The whole answer" }
                pre tabindex="0" { (results.text()) }
            }
        }
    }
}

/// The cheapest of each class, in words.
fn answer(results: &SearchResults<'_>) -> Vec<String> {
    let baseline = &results.space.baseline;
    let of = |winner: &Winner| {
        let class = human_readable(winner.error, results.unit());
        let Some((candidate, cost)) = winner.candidate.and_then(|one| Some((one, results.judge.cost(one)?)))
        else {
            return format!("For an error of at most {class}: nobody.");
        };
        let definition = results.definition(candidate);
        let what = definition.map_or_else(String::new, |definition| format!(", {definition}"));
        format!(
            "For an error of at most {class}: {}, at {} of the cost of {baseline}{what}.",
            results.name(candidate),
            times(cost.mean)
        )
    };
    results.search.winners.iter().map(of).collect()
}

fn comparison(results: &SearchResults<'_>, sliders: &Sliders) -> Markup {
    let chosen = &sliders.points[sliders.chosen];
    let cells = |title: usize| {
        let of_title = chosen.rows.iter().filter(move |(row, _)| sliders.rows[*row].0 == title);
        of_title.map(|(row, cells)| (&sliders.rows[*row], cells))
    };
    scrolled(
        "The candidate beside protocols of ours",
        html! {
            thead { tr {
                th scope="col" { "" }
                th scope="col" { "chosen" }
                @for (_, name) in results.ours() { th scope="col" { (name) } }
            } }
            @for (number, title) in sliders.titles.iter().enumerate() {
                tbody {
                    tr { th.group scope="rowgroup" colspan=(results.ours().count() + 2) { (title) } }
                    @for ((_, label, exact), cells) in cells(number) {
                        tr { th scope="row" title=(exact) { (label) } @for cell in cells { td { (cell) } } }
                    }
                }
            }
        },
    )
}

/// A slider for each choice; none if there is nothing to choose from.
fn sliders(results: &SearchResults<'_>) -> Option<Sliders> {
    let SearchResults { space, search, .. } = results;
    let complete = |number: &usize| search.values.replications(*number) as u32 == space.replications;
    let mut numbers: Vec<usize> = results.candidates().filter(complete).collect();
    let cost = |number: usize| results.judge.cost(number).map_or(f64::INFINITY, |cost| cost.mean);
    numbers.sort_by(|one, other| cost(*one).total_cmp(&cost(*other)).then(one.cmp(other)));
    numbers.truncate(CHOSEN_MAX);
    let value = |number: usize, rule: usize| Some(space.value(results.point(number)?, rule));
    let varied = |rule: &usize| {
        let of_rule = || numbers.iter().filter_map(|number| value(*number, *rule));
        of_rule().any(|value| Some(value) != of_rule().next())
    };
    let rules: Vec<usize> = (0..space.rules_chosen()).filter(varied).collect();
    let parameter = |rule: &usize| {
        let has =
            |wanted: &String| numbers.iter().any(|number| value(*number, *rule).as_ref() == Some(wanted));
        // in the order of the space, whoever is cheaper
        Parameter::new(space.rule(*rule).to_owned(), space.values(*rule).into_iter().filter(has))
    };
    let parameters: Vec<Parameter> = rules.iter().map(parameter).collect();
    if parameters.is_empty() {
        return None;
    }
    let rows = rows(space);
    let point = |&number: &usize| {
        let at = |(rule, parameter): (&usize, &Parameter)| {
            let value = value(number, *rule);
            parameter.values.iter().position(|known| value.as_ref() == Some(known)).expect("it is a value")
        };
        let columns: Vec<usize> = std::iter::once(number).chain(results.ours().map(|(one, _)| one)).collect();
        let cells = |row: &Row| columns.iter().map(|column| row.cell(results, *column)).collect();
        Chosen {
            title: results.name(number).to_owned(),
            name: results.name(number).to_owned(),
            at: rules.iter().zip(&parameters).map(at).collect(),
            rows: rows.iter().enumerate().map(|(row, of)| (row, cells(of))).collect(),
        }
    };
    let points: Vec<Chosen> = numbers.iter().map(point).collect();
    let winners = search.winners.iter().rev().filter_map(|winner| winner.candidate);
    let chosen = winners.filter_map(|winner| numbers.iter().position(|one| *one == winner)).next();
    let titles = titles(space);
    let rows = rows.into_iter().map(|row| (row.title, row.label, row.exact)).collect();
    Some(Sliders { chosen: chosen.unwrap_or(0), parameters, titles, rows, points })
}

/// A row of a candidate's table.
struct Row {
    title: usize,
    label: String,
    exact: String,
    of: Of,
}

/// What a row shows, in a scenario.
enum Of {
    Cost,
    CostIn(usize),
    Error(usize),
    Bound(usize, usize),
}

fn titles(space: &SearchSpace) -> Vec<String> {
    let bound = |SearchBound { metric, min, max, is_relative }: &SearchBound| {
        let side = |words: &str, limit: &Option<f64>| limit.map(|limit| format!(", {words} {limit}"));
        let limits = [side("at least", min), side("at most", max)].into_iter().flatten();
        let times = if *is_relative { format!(" times that of {}", space.baseline) } else { String::new() };
        format!("{metric}{}{times}", limits.collect::<String>())
    };
    let first = [format!("COST ({} is 1)", space.baseline), format!("ERROR ({})", space.error)];
    first.into_iter().chain(space.bounds.iter().map(bound)).collect()
}

fn rows(space: &SearchSpace) -> Vec<Row> {
    let exact = space.cost.iter().map(|(metric, _)| &metric[..]).collect::<Vec<_>>().join(" + ");
    let scenarios = || space.scenarios.iter().map(|scenario| scenario.name.clone()).enumerate();
    let all = Row { title: 0, label: "all scenarios".to_owned(), exact: exact.clone(), of: Of::Cost };
    let costs =
        scenarios().map(|(at, label)| Row { title: 0, label, exact: exact.clone(), of: Of::CostIn(at) });
    let errors =
        scenarios().map(|(at, label)| Row { title: 1, label, exact: space.error.clone(), of: Of::Error(at) });
    let bounds = space.bounds.iter().enumerate().flat_map(|(number, bound)| {
        let exact = bound.metric.clone();
        scenarios().map(move |(at, label)| Row {
            title: 2 + number,
            label,
            exact: exact.clone(),
            of: Of::Bound(at, number),
        })
    });
    std::iter::once(all).chain(costs).chain(errors).chain(bounds).collect()
}

impl Row {
    fn cell(&self, results: &SearchResults<'_>, candidate: usize) -> String {
        let text = |estimate: Option<Estimate>, unit: &str| {
            estimate.map_or_else(String::new, |estimate| estimated(&estimate, unit))
        };
        let judge = &results.judge;
        match self.of {
            Of::Cost => text(judge.cost(candidate), ""),
            Of::CostIn(scenario) => text(judge.cost_in(candidate, scenario), ""),
            Of::Error(scenario) => text(judge.error(candidate, scenario), results.unit()),
            Of::Bound(scenario, number) => {
                let bound = &results.space.bounds[number];
                let unit = if bound.is_relative { "" } else { results.unit_of(&bound.metric) };
                text(judge.bound(candidate, scenario, number), unit)
            }
        }
    }
}

/// Cost against error of everybody who was run in every scenario: a view for each scenario whose error counts.
fn front(results: &SearchResults<'_>) -> Option<Figure> {
    let space = results.space;
    let scenarios = space.scenarios.iter().enumerate().filter(|(_, scenario)| scenario.in_classes);
    let views: Vec<View> = scenarios
        .map(|(number, scenario)| View {
            name: scenario.name.clone(),
            marks: Marks::Points(points(results, number)),
        })
        .collect();
    let is_drawn = |view: &View| matches!(&view.marks, Marks::Points(points) if points.points.len() > 1);
    views.iter().any(is_drawn).then(|| Figure {
        kind: "pareto",
        title: "Cost against error".to_owned(),
        caption: "Each mark is a protocol that was run in every scenario: its cost over all of them, and its error in the one that is chosen, with 95 % intervals. The line joins those that are cheaper than all that are more exact, by their means.".to_owned(),
        says: format!("The cost of {} is 1.", space.baseline),
        x: Axis::log(format!("cost ({})", space.cost.iter().map(|(metric, _)| &metric[..]).collect::<Vec<_>>().join(" + "))),
        y: Axis::switched(format!("{} ({})", space.error, results.unit())),
        choose: "scenario",
        views,
        columns: Vec::new(),
    })
}

fn points(results: &SearchResults<'_>, scenario: usize) -> Points {
    let series = |number: usize| match results.ours().position(|(ours, _)| ours == number) {
        Some(at) => Series::Protocol(at + 1, results.name(number).to_owned()),
        None => Series::Protocol(0, CANDIDATES.to_owned()),
    };
    let point = |number: usize| {
        let (cost, error) = (results.judge.cost(number)?, results.judge.error(number, scenario)?);
        Some(Point {
            series: series(number),
            name: results.name(number).to_owned(),
            x: cost.mean,
            y: error.mean,
            x_half_width: cost.half_width,
            y_half_width: error.half_width,
        })
    };
    let points: Vec<Point> = (0..results.search.candidates.all.len()).filter_map(point).collect();
    let mut rising: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
    rising.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for corner in rising {
        if front.last().is_none_or(|last| corner.1 < last.1) {
            front.push(corner);
        }
    }
    Points { points, front }
}
