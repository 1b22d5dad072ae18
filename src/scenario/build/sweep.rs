//! What is repeated and varied: the points of a sweep, written out, and how often each is replicated.
//!
//! A value of a sweep is text, as behind the `=` of `--set`; numbers may carry a unit. Whether a path and its values make sense is
//! for `study` to see, which reads the scenario of each point.

use crate::foundation::random::{Purpose, Seed};
use crate::scenario::build::unknown::unknown;
use crate::scenario::format::sweep::VALUES_MAX;
use crate::scenario::model::{PRECISION_REPLICATIONS_MIN, Pareto, Precision, Sweep};
use crate::scenario::problem::{Problems, Spot};
use crate::scenario::value::Checked;
use rand::RngExt;
use rand::seq::SliceRandom;

/// How often each point is replicated.
pub(crate) fn replications(file: &Checked, problems: &mut Problems) -> Option<u32> {
    let replications = u32::try_from(file.integer("replications")?).ok()?;
    if let Some(precision) = file.get("precision")
        && replications < PRECISION_REPLICATIONS_MIN
    {
        problems.at(
            precision.spot(),
            format!(
                "may take as many replications as `replications` says, which is {replications}; it needs {PRECISION_REPLICATIONS_MIN} at least, so raise that"
            ),
        );
    }
    Some(replications)
}

/// When there are enough replications.
pub(crate) fn precision(file: &Checked, metrics: &[&str], problems: &mut Problems) -> Option<Precision> {
    let section = file.get("precision")?;
    let metric = metric(section, "metric", metrics, problems)?;
    Some(Precision { metric, half_width: f64::from(section.share_ppm("half_width")?) / 1e6 })
}

/// What is optimised.
pub(crate) fn pareto(file: &Checked, metrics: &[&str], problems: &mut Problems) -> Option<Pareto> {
    let section = file.get("pareto")?;
    let cost = metric(section, "cost", metrics, problems);
    let error = metric(section, "error", metrics, problems);
    let bounds = section.get("error_at_most").map_or(&[][..], Checked::items);
    let errors = bounds.iter().filter_map(Checked::as_number).collect();
    Some(Pareto { cost: cost?, error: error?, errors })
}

fn metric(section: &Checked, key: &str, metrics: &[&str], problems: &mut Problems) -> Option<String> {
    let at = section.get(key)?;
    let name = at.as_text()?;
    if !metrics.contains(&name) {
        unknown(at.spot(), "metric", name, metrics.iter().copied(), problems);
    }
    Some(name.to_owned())
}

/// One way of varying: what is given a value, and the values in turn.
type Axis = Vec<Vec<(String, String)>>;

/// The points of a sweep, each replicated in so many columns.
pub(crate) fn sweep(
    file: &Checked,
    columns: usize,
    replications: u32,
    problems: &mut Problems,
) -> Option<Sweep> {
    let section = file.get("sweep")?;
    let cells_max = file.get("limits")?.integer("cells")?;
    let matrix = section.get("matrix")?.entries();
    let mut ways: Vec<(&str, Values<'_>)> = Vec::new();
    for (path, values) in matrix {
        ways.push((path, Values::of(values, problems)?));
    }
    let sample = section.get("latin_hypercube");
    let include = points_of(section.get("include")?);
    // counted before anything is written out
    let drawn = sample.map(|sample| sample.integer("points"));
    let mut lengths: Vec<u64> = ways.iter().map(|(_, values)| values.len()).collect();
    if let Some(drawn) = drawn {
        lengths.push(drawn?);
    }
    let combined = match lengths.is_empty() {
        true => 0,
        false => lengths.iter().fold(1, |product: u128, &length| product.saturating_mul(length.into())),
    };
    let points = combined.saturating_add(include.len() as u128);
    let cells = points.max(1).saturating_mul(u128::from(replications) * columns as u128);
    if cells > u128::from(cells_max) {
        let texts: Vec<String> = lengths.iter().map(u64::to_string).collect();
        let product = if texts.len() > 1 { format!(" ({})", texts.join(" x ")) } else { String::new() };
        problems.at(
            section.spot(),
            format!(
                "multiplies to {points} points{product} x {replications} replications x {columns} columns = {cells} cells, more than limits.cells = {cells_max}: take fewer values, or raise it"
            ),
        );
        return None;
    }
    let axis = |(path, values): &(&str, Values<'_>)| -> Axis {
        values.texts().into_iter().map(|text| vec![((*path).to_owned(), text)]).collect()
    };
    let mut axes: Vec<Axis> = ways.iter().map(axis).collect();
    if let Some(sample) = sample {
        axes.push(latin_hypercube(sample, file.integer("seed")?, problems)?);
    }
    let mut given: Vec<&str> = Vec::new();
    for path in axes.iter().flat_map(|axis| axis[0].iter().map(|(path, _)| &path[..])) {
        if given.contains(&path) {
            problems.at(section.spot(), format!("gives `{path}` values in two ways; leave one of them out"));
        }
        given.push(path);
    }
    let exclude = points_of(section.get("exclude")?);
    let mut points = combinations(&axes);
    points.retain(|point| !exclude.iter().any(|left_out| left_out.iter().all(|pair| point.contains(pair))));
    points.extend(include);
    if points.is_empty() && !axes.is_empty() {
        problems.at(section.spot(), "leaves all its points out; exclude fewer");
    }
    Some(written_out(&points))
}

/// Every combination; the last axis varies fastest.
fn combinations(axes: &[Axis]) -> Axis {
    let Some((first, rest)) = axes.split_first() else { return Vec::new() };
    if rest.is_empty() {
        return first.clone();
    }
    let inner = combinations(rest);
    let joined = |point: &Vec<(String, String)>| {
        let point = point.clone();
        inner.iter().map(move |rest| [&point[..], rest].concat())
    };
    first.iter().flat_map(joined).collect()
}

/// The columns of all points, and what each has in them.
fn written_out(points: &Axis) -> Sweep {
    let mut parameters: Vec<String> = Vec::new();
    for (path, _) in points.iter().flatten() {
        if !parameters.contains(path) {
            parameters.push(path.clone());
        }
    }
    let value = |point: &Vec<(String, String)>, path: &String| {
        point.iter().find(|(p, _)| p == path).map_or_else(String::new, |(_, value)| value.clone())
    };
    let mut values: Vec<Vec<String>> =
        points.iter().map(|point| parameters.iter().map(|path| value(point, path)).collect()).collect();
    if values.is_empty() {
        values.push(Vec::new());
    }
    Sweep { parameters, points: values }
}

fn points_of(list: &Checked) -> Axis {
    let point = |item: &Checked| {
        let entry = |(path, value): &(String, Checked)| Some((path.clone(), value.as_text()?.to_owned()));
        item.entries().iter().filter_map(entry).collect()
    };
    list.items().iter().map(point).collect()
}

/// The values of a list or range, written out; none if they are broken.
pub(crate) fn values(values: &Checked, problems: &mut Problems) -> Option<Vec<String>> {
    Some(Values::of(values, problems)?.texts())
}

/// The values of a path, not yet written out.
enum Values<'a> {
    Listed(Vec<&'a str>),
    Range { from: Quantity<'a>, step: Quantity<'a>, count: u32 },
    LogRange { from: Quantity<'a>, to: Quantity<'a>, count: u32 },
}

impl<'a> Values<'a> {
    /// None if they are broken, or there are none.
    fn of(values: &'a Checked, problems: &mut Problems) -> Option<Values<'a>> {
        let spot = values.spot();
        match values.case()? {
            ("range", range) => {
                let [from, to, step] = numbers(range, ["from", "to", "step"], problems)?;
                if step.value <= 0.0 || to.value < from.value {
                    problems.at(spot, "goes nowhere; give it a `step` above 0 and a `to` not below `from`");
                    return None;
                }
                // a rounding error must not cost the last value
                let steps = libm::floor((to.value - from.value) / step.value * (1.0 + 1e-12));
                if steps >= VALUES_MAX as f64 {
                    problems.at(spot, format!("has more than {VALUES_MAX} values; take a larger step"));
                    return None;
                }
                Some(Values::Range { from, step, count: steps as u32 + 1 })
            }
            ("log_range", range) => {
                let [from, to] = log_bounds(range, spot, problems)?;
                Some(Values::LogRange { from, to, count: u32::try_from(range.integer("count")?).ok()? })
            }
            (_, listed) => {
                let texts: Vec<&str> = listed.items().iter().filter_map(Checked::as_text).collect();
                (!texts.is_empty()).then_some(Values::Listed(texts))
            }
        }
    }

    fn len(&self) -> u64 {
        match self {
            Values::Listed(texts) => texts.len() as u64,
            Values::Range { count, .. } | Values::LogRange { count, .. } => u64::from(*count),
        }
    }

    fn texts(&self) -> Vec<String> {
        match self {
            Values::Listed(texts) => texts.iter().map(|&text| text.to_owned()).collect(),
            Values::Range { from, step, count } => {
                let decimals = from.decimals.max(step.decimals);
                let value = |number: u32| {
                    let value = from.value + step.value * f64::from(number);
                    from.written(format!("{value:.decimals$}"))
                };
                (0..*count).map(value).collect()
            }
            Values::LogRange { from, to, count } => {
                let share = |number: u32| f64::from(number) / f64::from(count - 1);
                (0..*count).map(|number| from.between_log(to, share(number))).collect()
            }
        }
    }
}

/// Latin hypercube sampling: each value comes once from each of as many equal parts of its range as there are points.
fn latin_hypercube(sample: &Checked, seed: u64, problems: &mut Problems) -> Option<Axis> {
    let count = u32::try_from(sample.integer("points")?).ok()?;
    let mut points: Axis = vec![Vec::new(); count as usize];
    let seed = Seed { seed, replication: 0 };
    for (number, (path, drawn)) in (0..).zip(sample.get("values")?.entries()) {
        let (law, bounds) = drawn.case()?;
        let is_log = law == "log_uniform";
        let [from, to] = match is_log {
            true => log_bounds(bounds, drawn.spot(), problems)?,
            false => numbers(bounds, ["from", "to"], problems)?,
        };
        let mut rng = seed.stream(Purpose::Sweep, number);
        let mut parts: Vec<u32> = (0..count).collect();
        parts.shuffle(&mut rng);
        for (point, part) in points.iter_mut().zip(parts) {
            let share = (f64::from(part) + rng.random::<f64>()) / f64::from(count);
            let value = if is_log { from.between_log(&to, share) } else { from.between(&to, share) };
            point.push((path.clone(), value));
        }
    }
    Some(points)
}

/// A number with its unit, as written.
struct Quantity<'a> {
    value: f64,
    decimals: usize,
    unit: &'a str,
}

impl<'a> Quantity<'a> {
    fn parse(text: &'a str) -> Option<Quantity<'a>> {
        let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-')).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let value = number.parse().ok().filter(|value: &f64| value.is_finite() && decimals <= 15)?;
        Some(Quantity { value, decimals, unit })
    }

    fn written(&self, number: String) -> String {
        number + self.unit
    }

    /// Six digits; a whole number where both bounds are.
    fn rounded(&self, to: &Quantity<'_>, value: f64) -> String {
        let text = match self.decimals + to.decimals {
            0 => format!("{}", libm::round(value)),
            _ => format!("{}", format!("{value:.5e}").parse::<f64>().unwrap_or(value)),
        };
        self.written(text)
    }

    fn between(&self, to: &Quantity<'_>, share: f64) -> String {
        self.rounded(to, self.value + (to.value - self.value) * share)
    }

    fn between_log(&self, to: &Quantity<'_>, share: f64) -> String {
        let (low, high) = (libm::log(self.value), libm::log(to.value));
        self.rounded(to, libm::exp(low + (high - low) * share))
    }
}

fn log_bounds<'a>(bounds: &'a Checked, spot: Spot<'_>, problems: &mut Problems) -> Option<[Quantity<'a>; 2]> {
    let bounds = numbers(bounds, ["from", "to"], problems)?;
    if bounds.iter().any(|bound| bound.value <= 0.0) {
        problems.at(spot, "has a bound that is not above 0, which has no logarithm");
        return None;
    }
    Some(bounds)
}

/// The numbers under some keys, which must have one unit.
fn numbers<'a, const N: usize>(
    record: &'a Checked,
    keys: [&str; N],
    problems: &mut Problems,
) -> Option<[Quantity<'a>; N]> {
    let mut quantities = Vec::with_capacity(N);
    for key in keys {
        let at = record.get(key)?;
        match Quantity::parse(at.as_text()?) {
            Some(quantity) => quantities.push(quantity),
            None => {
                problems.at(at.spot(), "is not a number, perhaps with a unit, such as `30 s`");
                return None;
            }
        }
    }
    if quantities.iter().any(|quantity| quantity.unit != quantities[0].unit) {
        problems.at(record.spot(), "has numbers of several units; write them in one");
        return None;
    }
    quantities.try_into().ok()
}
