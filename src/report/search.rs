//! The answer of a search: the cheapest protocol of each class of error, what each of its choices brings, or what is binding.

use crate::intervals::Estimate;
use crate::metrics::definitions::Definition;
use crate::report::table::{Style, align_right, empty, estimated, human_readable, times};
use crate::runs::search::{Fate, Judge, Point, Search, Shows, TakenBack, Winner};
use crate::scenario::{SearchScenario, SearchSpace};
use std::collections::{BTreeMap, BTreeSet};

/// What candidates that are no protocols of ours are called together.
#[cfg(feature = "report")]
pub(super) const CANDIDATES: &str = "candidates";

/// What a search came to, for people and as tables.
pub struct SearchResults<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) search: &'a Search,
    pub(super) judge: Judge<'a>,
}

impl<'a> SearchResults<'a> {
    /// Those of a search that has ended.
    pub fn new(space: &'a SearchSpace, search: &'a Search) -> SearchResults<'a> {
        SearchResults { space, search, judge: Judge { space, values: &search.values } }
    }

    /// The answer.
    pub fn text(&self) -> String {
        let mut text = self.head() + "\nTHE CHEAPEST OF EACH CLASS OF ERROR\n" + &self.front();
        text += &format!("\nBESIDE\n{}", self.beside());
        text += &self.definitions();
        for winner in self.different_winners() {
            text += &self.choices(winner);
        }
        text
    }

    /// What was searched, and how.
    fn head(&self) -> String {
        let SearchSpace { name, scenarios, cost, error, baseline, .. } = self.space;
        let but = scenarios.iter().filter(|scenario| !scenario.in_classes).map(|scenario| &scenario.name[..]);
        let but: Vec<&str> = but.collect();
        let but = if but.is_empty() { String::new() } else { format!(" but {}", but.join(", ")) };
        let scenarios: Vec<&str> = scenarios.iter().map(|scenario| &scenario.name[..]).collect();
        let weighted = |(metric, weight): &(String, f64)| match weight.total_cmp(&1.0).is_eq() {
            true => metric.clone(),
            false => format!("{weight} {metric}"),
        };
        let cost: Vec<String> = cost.iter().map(weighted).collect();
        let Search { candidates, is_exhaustive, rounds, .. } = self.search;
        let raced = self.search.fates.iter();
        let raced = raced.filter(|(number, _)| !candidates.all[*number].is_ours).count();
        let how = match is_exhaustive {
            true => format!("all {raced} raced"),
            false => format!(
                "{} were drawn, with {rounds} rounds of neighbours of the best {raced} raced",
                self.space.drawn
            ),
        };
        let left_out = match candidates.contradictions.len() {
            0 => String::new(),
            count => format!(", {count} left out because they contradict themselves"),
        };
        format!(
            "{name}: {} combinations; {how}{left_out}\n\
             Cost: {}; that of {baseline} is 1, mean over {}. Error: {error}; a class holds in every scenario{but}.\n",
            self.space.points(),
            cost.join(" + "),
            scenarios.join(", ")
        )
    }

    fn header(&self, first: &[&str]) -> Vec<String> {
        let scenarios = self.space.scenarios.iter().map(|scenario| format!("error, {}", scenario.name));
        first.iter().map(|&text| text.to_owned()).chain(scenarios).collect()
    }

    fn front(&self) -> String {
        let mut table = empty(Style::Text);
        table.set_header(self.header(&["error at most", "protocol", "cost", ""]));
        let mut is_open = false;
        for Winner { error, candidate, .. } in &self.search.winners {
            let class = human_readable(*error, self.unit());
            let Some(candidate) = candidate else {
                table.add_row([class, "-".to_owned()]);
                continue;
            };
            let open = self.judge.is_in(*candidate, *error, 0.95) != Shows::Yes;
            is_open |= open;
            let name = self.name(*candidate).to_owned() + if open { "~" } else { "" };
            table.add_row([class, name].into_iter().chain(self.row(*candidate)));
        }
        align_right(&mut table, 2);
        let mut text = table.trim_fmt() + "\n";
        if is_open {
            text += "~ by its mean; an interval reaches out of the class, or there is none\n";
        }
        if self.search.winners.last().is_some_and(|widest| widest.candidate.is_none()) {
            text += &self.binding();
        }
        text
    }

    /// Cost and errors of a candidate.
    fn row(&self, candidate: usize) -> Vec<String> {
        let cost = self.judge.cost(candidate);
        let text = |estimate: &Estimate| estimated(estimate, "");
        let mut cells = vec![
            cost.as_ref().map_or_else(String::new, text),
            cost.map_or_else(String::new, |cost| times(cost.mean)),
        ];
        let error = |scenario| self.judge.error(candidate, scenario);
        let errors = (0..self.space.scenarios.len()).map(error);
        cells.extend(
            errors.map(|error| error.map_or_else(String::new, |error| estimated(&error, self.unit()))),
        );
        cells
    }

    fn beside(&self) -> String {
        let mut table = empty(Style::Text);
        table.set_header(self.header(&["protocol", "cost", ""]));
        for (number, name) in self.ours() {
            table.add_row(std::iter::once(name.to_owned()).chain(self.row(number)));
        }
        align_right(&mut table, 1);
        table.trim_fmt() + "\n"
    }

    /// The winners' combinations, as they stand in a scenario.
    fn definitions(&self) -> String {
        let of = |winner: &Winner| {
            let candidate = winner.candidate?;
            Some(format!("  {}: {}\n", self.name(candidate), self.definition(candidate)?))
        };
        let lines: BTreeSet<String> = self.search.winners.iter().filter_map(of).collect();
        if lines.is_empty() {
            String::new()
        } else {
            "\nprotocols:\n".to_owned() + &lines.into_iter().collect::<String>()
        }
    }

    /// The winners, each once, the smallest class first.
    fn different_winners(&self) -> Vec<&'a Winner> {
        let mut seen = BTreeSet::new();
        let winners = &self.search.winners;
        winners.iter().filter(|of| of.candidate.is_some_and(|one| seen.insert(one))).collect()
    }

    /// What each choice of a winner brings.
    fn choices(&self, winner: &Winner) -> String {
        let Some(candidate) = winner.candidate.filter(|_| !winner.taken_back.is_empty()) else {
            return String::new();
        };
        let mut table = empty(Style::Text);
        table.set_header(self.header(&[&format!("{} but", self.name(candidate)), "cost", ""]));
        for TakenBack { rule, without } in &winner.taken_back {
            let point = self.search.candidates.all[candidate].point.as_ref();
            let at = point.and_then(|point| point[*rule]).expect("it has that choice");
            let choice = format!("no {}", self.space.choice(*rule, at));
            match without {
                Ok(other) => table.add_row(std::iter::once(choice).chain(self.row(*other))),
                Err(why) => table.add_row([choice, format!("({why})")]),
            };
        }
        align_right(&mut table, 1);
        let base = &self.space.base;
        format!(
            "\nWHAT EACH CHOICE OF {} BRINGS: with that of {base} in its place\n{}\n",
            self.name(candidate),
            table.trim_fmt()
        )
    }

    /// What keeps everybody out of the widest class: for each demand, how near the best came and how many miss it; and which combinations
    /// contradict themselves.
    pub fn binding(&self) -> String {
        let widest = *self.space.errors.last().expect("a space has a class");
        let mut demands: Vec<Demand> = Vec::new();
        let scenarios = self.space.scenarios.iter().enumerate();
        for (scenario, SearchScenario { name, .. }) in scenarios.filter(|(_, of)| of.in_classes) {
            let error = |candidate| self.judge.error(candidate, scenario);
            demands.extend(self.demand(
                format!("{name}: {}", self.space.error),
                Side::Max,
                widest,
                "",
                error,
            ));
            for (number, bound) in self.space.bounds.iter().enumerate() {
                let of = format!("{name}: {}", bound.metric);
                let times = match bound.is_relative {
                    true => format!(" times that of {}", self.space.baseline),
                    false => String::new(),
                };
                let value = |candidate| self.judge.bound(candidate, scenario, number);
                let sides = [(Side::Min, bound.min), (Side::Max, bound.max)];
                let sides = sides.into_iter().filter_map(|(side, limit)| Some((side, limit?)));
                demands.extend(
                    sides.filter_map(|(side, limit)| self.demand(of.clone(), side, limit, &times, value)),
                );
            }
        }
        demands.sort_by(|one, other| other.missed_share.total_cmp(&one.missed_share));
        let mut text = "No candidate is in any class. What is binding, the most missed first:\n".to_owned();
        text.extend(demands.into_iter().map(|demand| format!("  {}\n", demand.text)));
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, why) in &self.search.candidates.contradictions {
            *reasons.entry(why).or_default() += 1;
        }
        let left_out =
            reasons.into_iter().map(|(why, count)| format!("  {count} combinations are none: {why}\n"));
        text.extend(left_out);
        text
    }

    /// A demand that somebody misses; none if nobody does.
    fn demand(
        &self,
        of: String,
        side: Side,
        limit: f64,
        times: &str,
        value: impl Fn(usize) -> Option<Estimate>,
    ) -> Option<Demand> {
        let met = 0..self.search.candidates.all.len();
        let means: Vec<f64> = met.filter_map(|number| Some(value(number)?.mean)).collect();
        let (words, best) = match side {
            Side::Max => ("at most", means.iter().copied().fold(f64::INFINITY, f64::min)),
            Side::Min => ("at least", means.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        };
        let misses = |mean: &&f64| match side {
            Side::Max => **mean > limit,
            Side::Min => **mean < limit,
        };
        let (missed, run) = (means.iter().filter(misses).count(), means.len());
        let text = format!(
            "{of} {words} {limit}{times} is missed by {missed} of {run} candidates that were run there; the best has {best:.4}"
        );
        (missed > 0).then(|| Demand { missed_share: missed as f64 / run as f64, text })
    }

    /// Everybody who was met: what it is, what became of it, what it came to.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let named = |prefix: &str| {
            let columns = self.space.scenarios.iter().flat_map(|scenario| {
                [format!("{prefix}_{}", scenario.name), format!("{prefix}_{}_half_width", scenario.name)]
            });
            columns.collect::<Vec<_>>()
        };
        let mut header: Vec<String> =
            ["candidate", "protocol", "classes", "fate", "replications", "cost", "cost_half_width"]
                .map(str::to_owned)
                .into();
        header.extend(named("cost"));
        header.extend(named("error"));
        header.extend(self.space.bounds.iter().flat_map(|bound| named(&bound.metric)));
        writer.write_record(header).expect("memory takes everything");
        for (number, candidate) in self.search.candidates.all.iter().enumerate() {
            let definition = self.definition(number).unwrap_or_else(|| candidate.name.clone());
            let classes = self.search.winners.iter().filter(|winner| winner.candidate == Some(number));
            let classes: Vec<String> = classes.map(|winner| winner.error.to_string()).collect();
            let replications = self.search.values.replications(number).to_string();
            let mut cells =
                vec![candidate.name.clone(), definition, classes.join(" "), self.fate(number), replications];
            cells.extend(exact(self.judge.cost(number)));
            let scenarios = 0..self.space.scenarios.len();
            cells.extend(scenarios.clone().flat_map(|of| exact(self.judge.cost_in(number, of))));
            cells.extend(scenarios.clone().flat_map(|of| exact(self.judge.error(number, of))));
            let bound =
                |bound| scenarios.clone().flat_map(move |of| exact(self.judge.bound(number, of, bound)));
            cells.extend((0..self.space.bounds.len()).flat_map(bound));
            writer.write_record(cells).expect("memory takes everything");
        }
        writer.into_inner().expect("memory takes everything")
    }

    fn fate(&self, number: usize) -> String {
        let fate = self.search.fates.iter().find(|(candidate, _)| *candidate == number);
        match fate.map(|(_, fate)| *fate) {
            None => "taken back".to_owned(),
            Some(Fate::Stays) => "stays".to_owned(),
            Some(Fate::TooWrong { scenario }) => {
                format!("in no class in {}", self.space.scenarios[scenario].name)
            }
            Some(Fate::Dearer { than }) => format!("dearer than {}", self.name(than)),
        }
    }

    /// The name of a candidate.
    pub(super) fn name(&self, candidate: usize) -> &'a str {
        &self.search.candidates.all[candidate].name
    }

    /// The combination of a candidate that is no protocol of ours.
    pub(super) fn point(&self, candidate: usize) -> Option<&'a Point> {
        let candidate = &self.search.candidates.all[candidate];
        candidate.point.as_ref().filter(|_| !candidate.is_ours)
    }

    /// The combination of a candidate that is no protocol of ours, as it stands in a scenario.
    pub(super) fn definition(&self, candidate: usize) -> Option<String> {
        self.point(candidate).map(|point| self.space.definition(point))
    }

    /// The protocols of ours, with their names.
    pub(super) fn ours(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let all = self.search.candidates.all.iter().enumerate();
        all.filter(|(_, one)| one.is_ours).map(|(number, one)| (number, &one.name[..]))
    }

    /// The others.
    #[cfg(feature = "report")]
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> {
        let all = self.search.candidates.all.iter().enumerate();
        all.filter(|(_, one)| !one.is_ours).map(|(number, _)| number)
    }

    /// The unit of the error.
    pub(super) fn unit(&self) -> &'static str {
        self.unit_of(&self.space.error)
    }

    /// The unit of a metric.
    pub(super) fn unit_of(&self, metric: &str) -> &'static str {
        Definition::named(metric).map_or("", |definition| definition.unit)
    }
}

/// On which side of its limit a value must be.
#[derive(Clone, Copy)]
enum Side {
    Min,
    Max,
}

/// What somebody misses.
struct Demand {
    /// Of those that were run where it is made.
    missed_share: f64,
    text: String,
}

/// A mean and half the width of its interval.
fn exact(estimate: Option<Estimate>) -> [String; 2] {
    let mean = estimate.map_or_else(String::new, |estimate| estimate.mean.to_string());
    let half_width = estimate.and_then(|estimate| estimate.half_width);
    [mean, half_width.map_or_else(String::new, |half_width| half_width.to_string())]
}
