//! What the gate found, for programs: JSON (`docs/check.schema.json`), JUnit XML, Bencher's metric format and annotations as
//! GitHub and Forgejo read them in a log.

use crate::check::messages::sentence;
use crate::check::{Change, Checked};
use crate::foundation::text::one_line;
use crate::report::expect::Verdict;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::{ElementWriter, Writer};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io;

#[derive(Serialize)]
struct Json<'a> {
    passed: bool,
    scenarios: Vec<JsonScenario<'a>>,
}

#[derive(Serialize)]
struct JsonScenario<'a> {
    scenario: &'a str,
    file: &'a str,
    passed: bool,
    has_baseline: bool,
    set: &'a [String],
    metrics: Vec<JsonChange<'a>>,
    expectations: Vec<JsonExpectation<'a>>,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    point: &'a str,
    protocol: &'a str,
    metric: &'a str,
    unit: &'a str,
    before: Option<f64>,
    now: Option<f64>,
    verdict: &'static str,
    too_good: bool,
    fails: bool,
}

#[derive(Serialize)]
struct JsonExpectation<'a> {
    metric: &'a str,
    line: u32,
    holds: bool,
    severity: &'static str,
    text: &'a str,
}

/// As one JSON object.
pub fn json(all: &[Checked]) -> String {
    let scenarios = all.iter().map(|checked| JsonScenario {
        scenario: &checked.scenario,
        file: &checked.file,
        passed: checked.passes(),
        has_baseline: checked.has_baseline,
        set: &checked.set,
        metrics: checked.changes.iter().map(|change| metric(checked, change)).collect(),
        expectations: checked
            .expectations
            .iter()
            .map(|(verdict, line, metric)| JsonExpectation {
                metric,
                line: *line,
                holds: verdict.holds,
                severity: if verdict.fails { "fail" } else { "warn" },
                text: &verdict.line,
            })
            .collect(),
    });
    let json = Json { passed: all.iter().all(Checked::passes), scenarios: scenarios.collect() };
    serde_json::to_string_pretty(&json).expect("it has text keys") + "\n"
}

fn metric<'a>(checked: &Checked, change: &'a Change) -> JsonChange<'a> {
    JsonChange {
        point: &change.point,
        protocol: &change.protocol,
        metric: &change.metric,
        unit: &change.unit,
        before: change.before,
        now: change.now,
        verdict: change.judgement.name(),
        too_good: change.is_too_good(),
        fails: change.judgement.fails(checked.limits),
    }
}

/// A case of JUnit: its class, its name, and what is to be said of it.
type Case = (String, String, Said);

enum Said {
    Nothing,
    /// What is wrong.
    Failure(String),
    /// What a person should look at.
    Note(String),
}

/// As JUnit XML: a suite for each scenario, a case for each metric of a column and for each expectation.
pub fn junit(all: &[Checked]) -> String {
    let suites: Vec<(&str, Vec<Case>)> =
        all.iter().map(|checked| (&checked.scenario[..], cases(checked))).collect();
    let count = |cases: &[Case]| {
        (cases.len(), cases.iter().filter(|(_, _, said)| matches!(said, Said::Failure(_))).count())
    };
    let counts = suites.iter().map(|(_, cases)| count(cases));
    let (tests, failures) = counts.fold((0, 0), |all, suite| (all.0 + suite.0, all.1 + suite.1));
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let header = Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None));
    let counted = |name: &str, tests: usize, failures: usize| {
        [
            ("name", name.to_owned()),
            ("tests", tests.to_string()),
            ("failures", failures.to_string()),
            ("errors", "0".to_owned()),
        ]
    };
    let written = writer.write_event(header).and_then(|()| {
        let report = with(writer.create_element("testsuites"), &counted("fedisim check", tests, failures));
        report.write_inner_content(|writer| {
            for (name, cases) in &suites {
                let (tests, failures) = count(cases);
                let suite = with(writer.create_element("testsuite"), &counted(name, tests, failures));
                suite.write_inner_content(|writer| {
                    cases.iter().try_for_each(|case| write_case(writer, case))
                })?;
            }
            Ok(())
        })
    });
    written.expect("memory takes everything");
    String::from_utf8(writer.into_inner()).expect("text was written") + "\n"
}

fn cases(checked: &Checked) -> Vec<Case> {
    let of_metric = |change: &Change| {
        let name = match &change.point[..] {
            "" => change.metric.clone(),
            point => format!("{} at {point}", change.metric),
        };
        let said = match () {
            () if change.judgement.fails(checked.limits) => Said::Failure(sentence(checked, change)),
            () if change.is_too_good() => Said::Note(sentence(checked, change)),
            () => Said::Nothing,
        };
        (format!("{}.{}", checked.scenario, change.protocol), name, said)
    };
    let of_expectation = |(verdict, line, metric): &(Verdict, u32, String)| {
        let said = match verdict.fails && !verdict.holds {
            true => Said::Failure(verdict.line.clone()),
            false => Said::Nothing,
        };
        (format!("{}.expect", checked.scenario), format!("{}:{line}: {metric}", checked.file), said)
    };
    let metrics = checked.changes.iter().map(of_metric);
    metrics.chain(checked.expectations.iter().map(of_expectation)).collect()
}

fn write_case(writer: &mut Writer<Vec<u8>>, (class, name, said): &Case) -> io::Result<()> {
    let case =
        with(writer.create_element("testcase"), &[("classname", class.clone()), ("name", name.clone())]);
    let written = match said {
        Said::Nothing => case.write_empty(),
        Said::Failure(message) => case.write_inner_content(|writer| {
            with(writer.create_element("failure"), &[("message", message.clone())]).write_empty().map(|_| ())
        }),
        Said::Note(text) => case.write_inner_content(|writer| {
            writer
                .create_element("system-out")
                .write_text_content(BytesText::new(&one_line(text)))
                .map(|_| ())
        }),
    };
    written.map(|_| ())
}

fn with<'a>(
    element: ElementWriter<'a, Vec<u8>>,
    attributes: &[(&'static str, String)],
) -> ElementWriter<'a, Vec<u8>> {
    attributes
        .iter()
        .fold(element, |element, (key, value)| element.with_attribute((*key, &one_line(value)[..])))
}

/// In Bencher's metric format: a benchmark for each column of a scenario (and point), a measure for each metric.
pub fn bencher(all: &[Checked]) -> String {
    let mut benchmarks: Map<String, Value> = Map::new();
    for checked in all {
        for change in &checked.changes {
            let Some(now) = change.now.filter(|now| now.is_finite()) else { continue };
            let name = match &change.point[..] {
                "" => format!("{}/{}", checked.scenario, change.protocol),
                point => format!("{}/{}/{point}", checked.scenario, change.protocol),
            };
            let measures = benchmarks.entry(name).or_insert_with(|| Value::Object(Map::new()));
            measures[&change.metric] = json!({ "value": now });
        }
    }
    serde_json::to_string_pretty(&benchmarks).expect("it has text keys") + "\n"
}

/// A line of the log for each failure, at its place in the scenario's file.
pub fn annotations(all: &[Checked]) -> String {
    let mut out = String::new();
    for checked in all {
        for (verdict, line, metric) in checked.expectations.iter().filter(|(verdict, _, _)| !verdict.holds) {
            let level = if verdict.fails { "error" } else { "warning" };
            out.push_str(&annotation(
                level,
                &checked.file,
                (*line).max(1),
                &format!("expect {metric}"),
                verdict.line[4..].trim(),
            ));
        }
        for change in checked.failures().into_iter().take(10) {
            let title = format!("{} of {}", change.metric, change.protocol);
            out.push_str(&annotation("error", &checked.file, 1, &title, &sentence(checked, change)));
        }
        for change in checked.changes.iter().filter(|change| change.is_too_good()).take(10) {
            let title = format!("{} of {}", change.metric, change.protocol);
            out.push_str(&annotation("warning", &checked.file, 1, &title, &sentence(checked, change)));
        }
    }
    out
}

fn annotation(level: &str, file: &str, line: u32, title: &str, message: &str) -> String {
    let data = |text: &str| one_line(text).replace('%', "%25");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} file={},line={line},title={}::{}\n", property(file), property(title), data(message))
}
