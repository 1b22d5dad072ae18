//! The gate fails on what no run can write.

use super::{CHECK_RUN, assert_refused, edited, with_run, with_value};
use serde_json::Value;

#[test]
fn the_gate_fails_on_what_no_run_can_write() {
    let place = with_run();
    let (summary, baseline) = (place.read("out/summary.csv"), place.read("baseline/small/summary.csv"));
    let sent = "v1,0,0,1,0.1.0,bytes_sent,bytes,";
    for value in ["NaN", "inf", "-inf", "1e309", "-5", "5.5", "1e308"] {
        for strict in [&[][..], &["--strict"], &["--max-regression", "1000"]] {
            place.write("out/summary.csv", edited(&summary, sent, with_value(value)));
            place.digest_anew("out");
            let answer = place.call(&[&CHECK_RUN[..], strict].concat());
            assert_eq!(answer.code, Some(99), "{value}: {}{}", answer.out, answer.err);
            assert!(answer.out.contains("impossible: v1: bytes_sent "), "{value}: {}", answer.out);
            assert_eq!(
                place.call(&["bless", "--run", "out", "--baseline", "baseline"]).code,
                Some(1),
                "{value}"
            );
            place.write("out/summary.csv", &summary);
            place.digest_anew("out");
            place.write("baseline/small/summary.csv", edited(&baseline, sent, with_value(value)));
            let answer = place.call(&[&CHECK_RUN[..], strict].concat());
            assert_eq!(answer.code, Some(99), "{value}: {}{}", answer.out, answer.err);
            assert!(answer.out.contains("impossible: v1: bytes_sent "), "{value}: {}", answer.out);
            place.write("baseline/small/summary.csv", &baseline);
        }
    }
    let none: String = baseline
        .lines()
        .enumerate()
        .map(|(at, row)| if at == 0 { format!("{row}\n") } else { with_value("NaN")(row) })
        .collect();
    place.write("baseline/small/summary.csv", none);
    let answer = place.call(&[&CHECK_RUN[..], &["--json", "c.json"]].concat());
    assert_eq!(answer.code, Some(99), "{}", answer.out);
    let json: Value = serde_json::from_str(&place.read("c.json")).expect("JSON");
    let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
    assert!(
        metrics
            .iter()
            .all(|row| row["verdict"] == "impossible" && row["fails"] == true && row["before"].is_null())
    );
    // cut at the end of a line
    let rows: Vec<&str> = baseline.lines().collect();
    for left_out in [1, 5, 20] {
        place.write("baseline/small/summary.csv", rows[..rows.len() - left_out].join("\n") + "\n");
        let answer = place.call(&CHECK_RUN);
        assert_eq!(answer.code, Some(99), "{left_out}: {}", answer.out);
        assert!(answer.out.contains("impossible: v3: duration_s none -> "), "{}", answer.out);
    }
    // of a metric that is no more
    place.write(
        "baseline/small/summary.csv",
        baseline.clone() + "small,v1,0,0,1,0.1.0,old_metric,bytes,NaN\n",
    );
    let answer = place.call(&CHECK_RUN);
    assert_eq!(answer.code, Some(99));
    assert!(answer.out.contains("impossible: v1: old_metric NaN -> none"), "{}", answer.out);
    place.write(
        "baseline/small/summary.csv",
        baseline.clone() + baseline.lines().nth(1).expect("a row") + "\n",
    );
    assert_refused(&place.call(&CHECK_RUN), 1, "is there twice");
}

#[test]
fn what_is_too_good_to_be_true_is_said() {
    let place = with_run();
    let sent = "v1,0,0,1,0.1.0,bytes_sent,bytes,";
    let baseline = place.read("baseline/small/summary.csv");
    place.write("baseline/small/summary.csv", edited(&baseline, sent, with_value("99999999999")));
    let files = ["--json", "c.json", "--junit", "j.xml"];
    let answer = place.call_in(&[&CHECK_RUN[..], &files].concat(), &[("GITHUB_ACTIONS", "true")]);
    assert_eq!(answer.code, Some(0), "{}", answer.out);
    assert!(
        answer.out.contains("     better, too good to be true: v1: bytes_sent 99,999,999,999 -> "),
        "{}",
        answer.out
    );
    assert!(answer.out.contains("1 of these too good to be true"), "{}", answer.out);
    assert!(
        answer
            .out
            .contains("::warning file=out/scenario.resolved.yaml,line=1,title=bytes_sent of v1::better, too"),
        "{}",
        answer.out
    );
    let markdown = place.good(&[&CHECK_RUN[..], &["--format", "markdown"]].concat());
    assert!(markdown.contains("| better, too good to be true | v1 | bytes_sent |"), "{markdown}");
    assert!(place.read("j.xml").contains("<system-out>better, too good to be true: v1: bytes_sent "));
    let json: Value = serde_json::from_str(&place.read("c.json")).expect("JSON");
    let metrics = json["scenarios"][0]["metrics"].as_array().expect("metrics");
    let too_good: Vec<&Value> = metrics.iter().filter(|row| row["too_good"] == true).collect();
    assert!(too_good.len() == 1 && too_good[0]["metric"] == "bytes_sent", "{too_good:?}");
    // nothing is left of what was there
    let of_lost = "small,v2,1,0,1,0.1.0,messages_lost,messages,";
    let lost = place.read("out/summary.csv");
    let before = lost.lines().find(|row| row.starts_with(of_lost)).expect("a row").to_owned();
    place.write("out/summary.csv", edited(&lost, of_lost, with_value("0")));
    place.digest_anew("out");
    let answer = place.call(&CHECK_RUN);
    assert!(
        !before.ends_with(",0") && answer.out.contains("changed, too good to be true: v2: messages_lost "),
        "{}",
        answer.out
    );
}
