//! Sentences that name what is worse than not upgrading.

use super::measures::{BYTES, MARGINS, Worse};

/// More than these are in the CSV only.
const LINES_MAX: usize = 12;
/// So many are named that have the same result.
const NAMED_MAX: usize = 4;

/// What is worse, in a line for each result, those with the largest error first; `of` is what each is about.
pub(super) fn worse_lines(mut found: Vec<(String, Vec<Worse>)>, replications: usize, file: &str) -> String {
    found.retain(|(_, worse)| !worse.is_empty());
    let is_error = |worse: &&Worse| worse.metric != BYTES;
    let most = |worse: &[Worse]| worse.iter().filter(is_error).map(|of| of.margins).fold(0.0, f64::max);
    found.sort_by(|(_, one), (_, other)| most(other).total_cmp(&most(one)));
    let mut text = title(replications);
    if found.is_empty() {
        return text + "  nothing\n";
    }
    let (errors, dearer): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, worse)| worse.iter().any(|of| of.metric != BYTES));
    text += &lines(&errors, "more", file);
    if !dearer.is_empty() {
        text += "Only dearer:\n";
        text += &lines(&dearer, "more that are only dearer", file);
    }
    text
}

/// What is said below, and from which difference on.
pub(super) fn title(replications: usize) -> String {
    let intervals = match replications {
        0 | 1 => "; one replication shows no interval".to_owned(),
        _ => format!(", and beyond the 95 % interval of {replications} replications"),
    };
    format!("WORSE THAN NOT UPGRADING ({MARGINS}{intervals})\n")
}

/// A line for each result, with all that have it.
fn lines(found: &[(String, Vec<Worse>)], more: &str, file: &str) -> String {
    let mut results: Vec<(String, Vec<&str>)> = Vec::new();
    for (of, worse) in found {
        let texts: Vec<&str> = worse.iter().map(|of| &of.text[..]).collect();
        let text = texts.join("; ");
        match results.iter_mut().find(|(known, _)| *known == text) {
            Some((_, all)) => all.push(of),
            None => results.push((text, vec![of])),
        }
    }
    let line = |(text, all): &(String, Vec<&str>)| {
        let named = all.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join("; ");
        let rest = match all.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            rest => format!("; and {rest} alike"),
        };
        format!("  {named}{rest}: {text}\n")
    };
    let mut text: String = results.iter().take(LINES_MAX).map(line).collect();
    let rest: usize = results.iter().skip(LINES_MAX).map(|(_, all)| all.len()).sum();
    if rest > 0 {
        text += &format!("  and {rest} {more}: see {file}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worse(metric: &'static str, margins: f64, text: &str) -> Vec<Worse> {
        vec![Worse { metric, margins, text: text.to_owned() }]
    }

    #[test]
    fn what_has_the_same_result_stands_together_the_worst_first() {
        let mut found = vec![
            ("a".to_owned(), worse("seen_error_relative", 2.0, "small")),
            ("b".to_owned(), Vec::new()),
            ("c".to_owned(), worse(BYTES, 900.0, "many")),
            ("d".to_owned(), worse("seen_error_relative", 5.0, "large")),
        ];
        found.extend((0..6).map(|at| (format!("e{at}"), worse("wrong_zero_share", 3.0, "zeros"))));
        let text = worse_lines(found, 1, "matrix.csv");
        let lines: Vec<&str> = text.lines().skip(1).collect();
        let expected =
            ["  d: large", "  e0; e1; e2; e3; and 2 alike: zeros", "  a: small", "Only dearer:", "  c: many"];
        assert_eq!(lines, expected);
        let many = (0..14)
            .map(|at| (format!("f{at}"), worse("seen_error_relative", f64::from(14 - at), &at.to_string())));
        let text = worse_lines(many.collect(), 3, "matrix.csv");
        assert!(text.ends_with("  f11: 11\n  and 2 more: see matrix.csv\n"), "{text}");
        assert!(text.contains("beyond the 95 % interval of 3 replications"), "{text}");
        assert!(worse_lines(Vec::new(), 1, "").ends_with("\n  nothing\n"));
    }
}
