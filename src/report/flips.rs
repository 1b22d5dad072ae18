//! Which conclusions hold at every point of a sweep, and which flip, with the points at which they do.

use crate::intervals::{Shown, Table as Values, compared};
use crate::report::sweep::setting;
use crate::scenario::Scenario;

/// What is concluded where a scenario names nothing: metric and words.
const COST: (&str, &str) = ("viewer_bytes_sent", "bytes of viewer traffic");
const ERROR: (&str, &str) = ("seen_error_relative", "error of the number that viewers see");
/// Points that are named.
const NAMED_MAX: usize = 4;

/// Where a column is below its baseline in a metric, where above, and where nothing is shown.
#[derive(Default)]
struct Sides {
    less: Vec<usize>,
    more: Vec<usize>,
    open: usize,
    /// Whether a point has one replication, so that no interval decides.
    is_single: bool,
}

/// The conclusions about cost and error of each column against the baseline, if there are several points.
pub(super) fn flips(values: &Values, scenario: &Scenario) -> Vec<String> {
    let points = values.points.len();
    if points < 2 {
        return Vec::new();
    }
    let baseline = &scenario.compare[scenario.baseline].name;
    let pareto = scenario.pareto.as_ref();
    let metrics = [
        pareto.map_or(COST, |pareto| (&pareto.cost, &pareto.cost)),
        pareto.map_or(ERROR, |pareto| (&pareto.error, &pareto.error)),
    ];
    let mut sentences = Vec::new();
    let sizes: [fn(f64) -> f64; 2] = [|cost| cost, f64::abs];
    for ((metric, words), size) in metrics.into_iter().zip(sizes) {
        for column in values.protocols.iter().filter(|name| *name != baseline) {
            let sides = sides(values, (column, baseline), metric, size);
            sentences.extend(sentence(values, &sides, (column, baseline), words));
        }
    }
    sentences
}

/// `size` is what of a value is compared: an error's sign does not matter.
fn sides(values: &Values, (column, baseline): (&str, &str), metric: &str, size: fn(f64) -> f64) -> Sides {
    let mut sides = Sides::default();
    for point in 0..values.points.len() {
        let of = |name: &str| values.values(point, name, metric);
        let Some((of_column, of_baseline)) = of(column).zip(of(baseline)) else { continue };
        let pair = |(number, &value): (&u32, &f64)| Some((size(value), size(*of_baseline.get(number)?)));
        let pairs: Vec<(f64, f64)> = of_column.iter().filter_map(pair).collect();
        if pairs.is_empty() {
            continue;
        }
        let comparison = compared(&pairs);
        let shown = comparison.shown();
        sides.is_single |= shown == Shown::Unknown;
        match shown {
            Shown::Less => sides.less.push(point),
            Shown::More => sides.more.push(point),
            Shown::Unknown if comparison.difference.mean < 0.0 => sides.less.push(point),
            Shown::Unknown if comparison.difference.mean > 0.0 => sides.more.push(point),
            Shown::Equal | Shown::Nothing | Shown::Unknown => sides.open += 1,
        }
    }
    sides
}

fn sentence(
    values: &Values,
    Sides { less, more, open, is_single }: &Sides,
    (column, baseline): (&str, &str),
    words: &str,
) -> Option<String> {
    let all = less.len() + more.len() + open;
    let mut undecided = match open {
        0 => String::new(),
        count => format!("; at {count} no difference is shown"),
    };
    if *is_single {
        undecided += " (one replication: by its value, without an interval)";
    }
    match (&less[..], &more[..]) {
        ([], []) => None,
        (one, []) => Some(format!(
            "{column} has less {words} than {baseline} at {} of {all} points{undecided}.",
            one.len()
        )),
        ([], one) => Some(format!(
            "{column} has more {words} than {baseline} at {} of {all} points{undecided}.",
            one.len()
        )),
        (less, more) => {
            let (few, side) = if more.len() <= less.len() { (more, "more") } else { (less, "less") };
            let points: Vec<String> = few.iter().take(NAMED_MAX).map(|point| named(values, *point)).collect();
            let rest = if few.len() > NAMED_MAX {
                format!(" and {} others", few.len() - NAMED_MAX)
            } else {
                String::new()
            };
            Some(format!(
                "Whether {column} has less {words} than {baseline} flips: less at {} points, more at {}{undecided}; {side} with {}{rest}.",
                less.len(),
                more.len(),
                points.join(" | ")
            ))
        }
    }
}

/// What a point sets, or that it sets nothing.
fn named(values: &Values, point: usize) -> String {
    let text = setting(values, point);
    if text.is_empty() { "the values of the file".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(differences: &[f64]) -> Values {
        let mut values = Values::new(vec!["network.loss".to_owned()]);
        for (point, difference) in differences.iter().enumerate() {
            for replication in 0..3 {
                let noise = f64::from(replication) * 0.01;
                let at = [format!("{point} %")];
                values.add(&at, "v1", ("cost", ""), replication, 10.0);
                values.add(&at, "v2", ("cost", ""), replication, 10.0 + difference + noise);
            }
        }
        values
    }

    fn said(differences: &[f64]) -> Option<String> {
        let values = table(differences);
        said_of(&values, |cost| cost)
    }

    fn said_of(values: &Values, size: fn(f64) -> f64) -> Option<String> {
        sentence(values, &sides(values, ("v2", "v1"), "cost", size), ("v2", "v1"), "cost")
    }

    #[test]
    fn an_error_below_zero_is_as_large_as_one_above() {
        let values = table(&[-18.0, -22.0]);
        assert_eq!(
            said_of(&values, f64::abs).as_deref(),
            Some("Whether v2 has less cost than v1 flips: less at 1 points, more at 1; more with loss 1 %.")
        );
        assert_eq!(
            said_of(&values, |cost| cost).as_deref(),
            Some("v2 has less cost than v1 at 2 of 2 points.")
        );
    }

    #[test]
    fn one_replication_has_no_interval() {
        let mut values = Values::new(vec!["network.loss".to_owned()]);
        for (point, cost) in [("0 %", 9.0), ("1 %", 11.0)] {
            values.add(&[point.to_owned()], "v1", ("cost", ""), 0, 10.0);
            values.add(&[point.to_owned()], "v2", ("cost", ""), 0, cost);
        }
        assert_eq!(
            said_of(&values, |cost| cost).as_deref(),
            Some(
                "Whether v2 has less cost than v1 flips: less at 1 points, more at 1 (one replication: by its value, without an interval); more with loss 1 %."
            )
        );
    }

    #[test]
    fn what_holds_everywhere_and_what_flips_are_told() {
        assert_eq!(said(&[-1.0, -2.0]).as_deref(), Some("v2 has less cost than v1 at 2 of 2 points."));
        assert_eq!(
            said(&[1.0, -0.01]).as_deref(),
            Some("v2 has more cost than v1 at 1 of 2 points; at 1 no difference is shown.")
        );
        assert_eq!(
            said(&[-1.0, 3.0, -1.0]).as_deref(),
            Some("Whether v2 has less cost than v1 flips: less at 2 points, more at 1; more with loss 1 %.")
        );
        assert_eq!(said(&[-0.01]), None);
    }
}
