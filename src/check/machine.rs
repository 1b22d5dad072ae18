//! What the gate found, for programs: JSON (`docs/check.schema.json`), JUnit XML, Bencher's metric format and annotations as
//! GitHub and Forgejo read them in a log.

use crate::check::words::sentence;
use crate::check::{Change, Checked};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;
use serde_json::{Map, Value, json};

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
        fails: change.judgement.fails(checked.limits),
    }
}

/// As JUnit XML: a suite for each scenario, a case for each metric of a column and for each expectation.
pub fn junit(all: &[Checked]) -> String {
    let mut report = Report::new("fedisim check");
    for checked in all {
        let mut suite = TestSuite::new(&checked.scenario[..]);
        for change in &checked.changes {
            let name = match &change.point[..] {
                "" => change.metric.clone(),
                point => format!("{} at {point}", change.metric),
            };
            let failure = change.judgement.fails(checked.limits).then(|| sentence(checked, change));
            suite.add_test_case(case(&name, &format!("{}.{}", checked.scenario, change.protocol), failure));
        }
        for (verdict, line, metric) in &checked.expectations {
            let failure = (verdict.fails && !verdict.holds).then(|| verdict.line.clone());
            let name = format!("{}:{line}: {metric}", checked.file);
            suite.add_test_case(case(&name, &format!("{}.expect", checked.scenario), failure));
        }
        report.add_test_suite(suite);
    }
    report.to_string().expect("memory takes everything")
}

fn case(name: &str, class: &str, failure: Option<String>) -> TestCase {
    let status = match failure {
        None => TestCaseStatus::success(),
        Some(message) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(message);
            status
        }
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    case
}

/// In Bencher's metric format: a benchmark for each column of a scenario (and point), a measure for each metric.
pub fn bencher(all: &[Checked]) -> String {
    let mut benchmarks: Map<String, Value> = Map::new();
    for checked in all {
        for change in &checked.changes {
            let Some(now) = change.now else { continue };
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
    }
    out
}

fn annotation(level: &str, file: &str, line: u32, title: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} file={},line={line},title={}::{}\n", property(file), property(title), data(message))
}
