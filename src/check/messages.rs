//! What the gate found, in words: as text, as Markdown, and as a commit message.

use crate::check::{Change, Checked, Judgement};
use crate::foundation::text::{markdown as markdown_of, one_line};
use crate::report::figures::thousands;
use std::fmt::Write;

/// Changes of a scenario that are told one by one; all are in the JSON.
const TOLD_MAX: usize = 20;

/// As text, for a terminal or a log.
pub fn text(all: &[Checked]) -> String {
    let mut out = String::new();
    for checked in all {
        let word = if checked.passes() { "ok  " } else { "FAIL" };
        writeln!(out, "{word} {}: {}", checked.scenario, counted(checked))
            .expect("a string takes everything");
        if !checked.set.is_empty() {
            writeln!(out, "     for the gate with {}", one_line(&checked.set.join(", ")))
                .expect("a string takes everything");
        }
        for (verdict, _, _) in checked.expectations.iter().filter(|(verdict, _, _)| !verdict.holds) {
            writeln!(out, "     {}", verdict.line).expect("a string takes everything");
        }
        let told = told(checked);
        for change in told.iter().take(TOLD_MAX) {
            writeln!(out, "     {}", sentence(checked, change)).expect("a string takes everything");
        }
        if told.len() > TOLD_MAX {
            writeln!(out, "     and {} more", told.len() - TOLD_MAX).expect("a string takes everything");
        }
    }
    let failed = all.iter().filter(|checked| !checked.passes()).count();
    let end = match failed {
        0 => format!("the gate passes: {} scenarios", all.len()),
        _ => format!("the gate fails: {failed} of {} scenarios", all.len()),
    };
    out + &end + "\n"
}

/// As Markdown, for the summary of a job or a comment.
pub fn markdown(all: &[Checked]) -> String {
    let failed = all.iter().filter(|checked| !checked.passes()).count();
    let title = if failed == 0 { "passes" } else { "fails" };
    let mut out =
        format!("## fedisim: the gate {title}\n\n| scenario | verdict | metrics |\n|---|---|---|\n");
    for checked in all {
        let word = if checked.passes() { "pass" } else { "**fail**" };
        writeln!(out, "| {} | {word} | {} |", markdown_of(&checked.scenario), markdown_of(&counted(checked)))
            .expect("a string takes everything");
    }
    for checked in all {
        let told = told(checked);
        let broken: Vec<_> = checked.expectations.iter().filter(|(verdict, _, _)| !verdict.holds).collect();
        if told.is_empty() && broken.is_empty() {
            continue;
        }
        write!(out, "\n### {}\n\n", checked.scenario).expect("a string takes everything");
        for (verdict, _, _) in broken {
            writeln!(out, "- {}", markdown_of(&verdict.line)).expect("a string takes everything");
        }
        if !told.is_empty() {
            out.push_str("\n| verdict | protocol | metric | before | now | change | where |\n|---|---|---|--:|--:|--:|---|\n");
        }
        for change in told.iter().take(TOLD_MAX) {
            let cells = [
                verdict(change),
                at(change),
                change.metric.clone(),
                value(change.before),
                value(change.now),
                percent(change),
                place(checked, change).unwrap_or_default(),
            ];
            writeln!(out, "| {} |", cells.map(|text| markdown_of(&text)).join(" | "))
                .expect("a string takes everything");
        }
        if told.len() > TOLD_MAX {
            write!(out, "\nAnd {} more.\n", told.len() - TOLD_MAX).expect("a string takes everything");
        }
    }
    out
}

/// As the message of the commit that blesses it.
pub fn commit_message(checked: &Checked) -> String {
    if !checked.has_baseline {
        return format!("baseline of {}: new, {} values\n", checked.scenario, checked.changes.len());
    }
    let changed: Vec<&Change> =
        checked.changes.iter().filter(|change| change.judgement != Judgement::Unchanged).collect();
    if changed.is_empty() {
        return format!("baseline of {}: unchanged\n", checked.scenario);
    }
    let mut out = format!("baseline of {}: results changed: yes, {}\n\n", checked.scenario, counted(checked));
    for change in changed.iter().take(TOLD_MAX) {
        writeln!(out, "{}", sentence(checked, change)).expect("a string takes everything");
    }
    if changed.len() > TOLD_MAX {
        writeln!(out, "and {} more", changed.len() - TOLD_MAX).expect("a string takes everything");
    }
    out
}

/// What people should look at: failures first, then what else changed.
fn told(checked: &Checked) -> Vec<&Change> {
    let mut told = checked.failures();
    let rest = checked
        .changes
        .iter()
        .filter(|change| change.judgement != Judgement::Unchanged && !change.judgement.fails(checked.limits));
    if checked.has_baseline {
        let mut rest: Vec<&Change> = rest.collect();
        rest.sort_by_key(|change| (!change.is_too_good(), change.judgement));
        told.extend(rest);
    }
    told
}

fn counted(checked: &Checked) -> String {
    if !checked.has_baseline {
        return "no baseline there: all is new".to_owned();
    }
    let counts = checked.counts();
    let counted = |judgement: &Judgement| Some(format!("{} {}", counts.get(judgement)?, judgement.name()));
    let too_good = checked.changes.iter().filter(|change| change.is_too_good()).count();
    let too_good = (too_good > 0).then(|| format!("{too_good} of these too good to be true"));
    Judgement::ALL.iter().filter_map(counted).chain(too_good).collect::<Vec<_>>().join(", ")
}

/// One line about a change, and where it comes from.
pub fn sentence(checked: &Checked, change: &Change) -> String {
    let place = place(checked, change).map_or_else(String::new, |place| format!("; {place}"));
    let sentence = format!(
        "{}: {}: {} {} -> {} {} ({}){place}",
        verdict(change),
        at(change),
        change.metric,
        value(change.before),
        value(change.now),
        change.unit,
        percent(change)
    );
    one_line(&sentence).into_owned()
}

/// The words for what became of it.
fn verdict(change: &Change) -> String {
    let too_good = if change.is_too_good() { ", too good to be true" } else { "" };
    format!("{}{too_good}", change.judgement.name())
}

fn at(change: &Change) -> String {
    match &change.point[..] {
        "" => change.protocol.clone(),
        point => format!("{} at {point}", change.protocol),
    }
}

/// The kind of message, and the instances, whose part grew most.
fn place(checked: &Checked, change: &Change) -> Option<String> {
    let (kinds, instances) = match &change.unit[..] {
        "messages" => ("sent_messages_", "payer_"),
        "bytes" | "bytes/s" => ("sent_bytes_", "payer_"),
        _ => return None,
    };
    let is_worse = change.now > change.before;
    let grown = |beginning| checked.grew_most(change, beginning).filter(|_| is_worse);
    let said =
        |change: &Change, name: &str| format!("{name} {} -> {}", value(change.before), value(change.now));
    let kind = grown(kinds)
        .map(|grown| said(grown, &format!("most by kind {}", grown.metric.trim_start_matches(kinds))));
    let who = grown(instances).map(|grown| said(grown, &format!("most at {}", grown.metric)));
    let parts: Vec<String> = kind.into_iter().chain(who).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A value, exact.
fn value(value: Option<f64>) -> String {
    match value {
        None => "none".to_owned(),
        Some(whole) if (0.0..9e15).contains(&whole) && libm::trunc(whole).total_cmp(&whole).is_eq() => {
            thousands(whole as u64)
        }
        Some(real) => real.to_string(),
    }
}

fn percent(change: &Change) -> String {
    match change.share() {
        None => "-".to_owned(),
        Some(share) => format!("{:+.2} %", share * 100.0),
    }
}
