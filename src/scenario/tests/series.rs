//! Series of concurrent viewers: what is read, and what is refused in which words.

use super::data_files::{read_beside, warnings};
use crate::domain::arrivals::Arrivals;
use crate::domain::crowd::{Drawn, Source};
use crate::foundation::units::{Span, Time};

/// Who is to be expected at some seconds, rounded, and what is warned of.
fn crowd(
    value: &str,
    watch: &str,
    more: &str,
    file: &str,
    at_s: &[f64],
) -> Result<(Vec<i64>, String), String> {
    let crowd = format!(
        "viewers:\n  - video: show\n    arrivals: {{concurrent: {value}}}\n    watch: {watch}\n    spread: {{list: [origin]}}\n{more}"
    );
    let scenario = read_beside("viewers:\n", &crowd, file.as_bytes())?;
    let Source::Drawn(Drawn { from, arrivals, watch, .. }) = &scenario.crowds[0].source else {
        panic!("drawn")
    };
    assert!(matches!(arrivals, Arrivals::Concurrent(_)));
    let curve = arrivals.curve(*from, Time::ZERO + Span::from_secs(36_000), watch);
    let expected = |&at_s: &f64| curve.expected_viewers(watch, Time::ZERO + Span::from_secs_f64(at_s));
    let viewers = at_s.iter().map(expected).map(|viewers| viewers.round() as i64).collect();
    Ok((viewers, warnings(&scenario)))
}

const EXPONENTIAL: &str = "{exponential: 2 min}";

#[test]
fn series_are_read_as_people_have_them() {
    let scraped = "status,timestamp,ccv\nis_upcoming,-544,NA\nis_live,54,104\nis_live,77,618\nwas_live,100,NA\nis_live,123,1737\n";
    let json = r#"[{"time": 54, "url": "https://example.com", "viewers": "104"},
        {"viewers": 1737, "time": "123"}, {"time": 100, "viewers": null}, {"time": 77.0, "viewers": 618}]"#;
    let turned = "viewers;time\n1737;123\n;100\n618;77\n104;54\n";
    for file in [
        scraped.to_owned(),
        scraped.replace("timestamp,ccv", "Time,viewer_count"),
        scraped.replace("ccv", "Concurrent").replace(',', "\t"),
        scraped.replace("-544,NA", "-544,0").replace("is_upcoming,", "is_upcoming_soon,"),
        json.to_owned(),
        json.replace("\"time\"", "\"timestamp\"").replace("\"viewers\"", "\"ccv\""),
        format!("\u{feff}{}", turned.replace('\n', "\r\n")),
    ] {
        let read = crowd("f.csv", EXPONENTIAL, "", &file, &[53.9, 54.0, 65.5, 77.0, 100.0, 123.0]);
        assert_eq!(read, Ok((vec![0, 104, 361, 618, 1_178, 1_737], String::new())), "{file}");
    }
}

#[test]
fn series_begin_at_second_zero() {
    let instants = r#"[{"time": "2020-08-09T13:16:51.342Z", "viewer_count": "81"}, {"time": "2020-08-09T13:16:55.342Z", "viewer_count": "85"}]"#;
    let rows = "time,viewers\n0,50\n10,60\n30,100\n";
    for (value, more, file, at_s, expected, warned) in [
        ("f.csv", "", instants, [0.0, 2.0, 4.0], [81, 83, 85], ""),
        ("{file: f.csv, from: 2020-08-09T13:16:50.342Z}", "", instants, [0.9, 1.0, 5.0], [0, 81, 85], ""),
        ("f.csv", "    from: 1 min\n", rows, [59.0, 70.0, 90.0], [0, 60, 100], ""),
        (
            "{file: f.csv, from: 10}",
            "",
            rows,
            [0.0, 10.0, 20.0],
            [60, 80, 100],
            "16:28: viewers.0.arrivals.concurrent: points before second zero are left out: 1",
        ),
        // cut between two points
        (
            "{file: f.csv, from: 20}",
            "",
            rows,
            [0.0, 5.0, 10.0],
            [80, 90, 100],
            "16:28: viewers.0.arrivals.concurrent: points before second zero are left out: 2",
        ),
    ] {
        let read = crowd(value, EXPONENTIAL, more, file, &at_s);
        assert_eq!(read, Ok((expected.to_vec(), warned.to_owned())), "{value} {file}");
    }
}

#[test]
fn each_law_of_watching_has_its_rates() {
    let rows = "time,viewers\n0,0\n600,5000\n1200,6000\n3600,5500\n";
    for watch in [
        "{exponential: 10 min}",
        "{fixed: 5 min}",
        "{lognormal: {median: 80 s, sigma: 1.43}}",
        "{weibull: {scale: 100 s, shape: 0.6}}",
        "{quantiles: {0 %: 0 s, 50 %: 80 s, 100 %: 1 h}}",
    ] {
        let (viewers, _) = crowd("f.csv", watch, "", rows, &[300.0, 600.0, 900.0, 2_400.0]).expect(watch);
        let near = |(found, wanted): (&i64, i64)| (found - wanted).abs() < wanted / 100;
        assert!(viewers.iter().zip([2_500, 5_000, 5_500, 5_750]).all(near), "{watch}: {viewers:?}");
    }
}

#[test]
fn series_that_fall_too_fast_may_be_exceeded() {
    let rows = "time,viewers,url\n0,0,a\n60,1000,b\n\n70,100,c\n600,100,d\n";
    let warned = "f.csv:1:1: has columns that nothing is read from: `url`";
    let said = crowd("f.csv", EXPONENTIAL, "", rows, &[]);
    let expected = "f.csv:5:1: viewers: falls faster than viewers leave: of those before, 920 are still there at 70 s, where it says 100; \
                    shorten `watch`, or let the crowd be larger with `at_least: yes`";
    assert_eq!(said, Err(expected.to_owned()));
    // 1,000 leave with a mean of two minutes
    let read = crowd("{file: f.csv, at_least: yes}", EXPONENTIAL, "", rows, &[60.0, 70.0, 180.0, 500.0]);
    assert_eq!(read, Ok((vec![1_000, 920, 368, 100], warned.to_owned())));
}

#[test]
fn damaged_series_are_refused_with_their_line() {
    let many: String = (0..10_001).map(|second| format!("{second},1\n")).collect();
    let names = "with a text or a number";
    let cases = [
        ("f.csv", "time,views\n", "f.csv:1:1: has no column `viewers`; it needs time,viewers[,status]; did you mean `views`?".to_owned()),
        ("f.csv", "time,viewers\n0,-1\n1,1e9\n2,many\n3,\"1,5\"\n", "f.csv:2:1: viewers: `-1` is not a number of viewers from 0 to 100000000\n\
             f.csv:3:1: viewers: `1e9` is not a number of viewers from 0 to 100000000\n\
             f.csv:4:1: viewers: `many` is not a number of viewers from 0 to 100000000\n\
             f.csv:5:1: viewers: `1,5` is not a number of viewers from 0 to 100000000; write a decimal point, and no comma".to_owned()),
        ("f.csv", "timestamp,ccv\n1,1\nsoon,2\n", "f.csv:3:1: timestamp: `soon` is not a time: seconds such as `12.5`, or an instant such as `2020-08-09T13:16:51Z`".to_owned()),
        ("f.csv", "time,viewers\n1,1\n2020-08-09T13:16:51Z,2\n", "f.csv:3:1: time: `2020-08-09T13:16:51Z` is an instant; all times of a file, and its `from`, are seconds or all are instants".to_owned()),
        ("f.csv", "time,viewers\n1,1\n2,2\n1.0,1\n", "f.csv:4:1: time: has the time of line 2 a second time".to_owned()),
        ("f.csv", "time,viewers\n1,NA\n2,\n", "16:28: viewers.0.arrivals.concurrent: has no viewers from second zero on".to_owned()),
        ("{file: f.csv, from: 3}", "time,viewers\n1,1\n2,1\n", "16:28: viewers.0.arrivals.concurrent: has no viewers from second zero on".to_owned()),
        ("f.csv", &format!("time,viewers\n{many}"), "16:28: viewers.0.arrivals.concurrent: has 10001 points; there may be 10000: leave some out, it is linear between".to_owned()),
        ("f.csv", "[{\"time\": 1,\n\"viewers\": 1},\n{\"time\": 2, \"views\": 1},\n{\"viewers\": [2], \"time\": true}]", format!(
            "f.csv:3:1: has none of viewers, ccv, viewer_count, concurrent {names}\nf.csv:4:1: has none of time, timestamp {names}"
        )),
        ("f.csv", "[{\"time\": 1, \"viewers\": 1},\n{\"time\": \"2\", \"viewers\": \"x\"}]", "f.csv:2:1: viewers: `x` is not a number of viewers from 0 to 100000000".to_owned()),
        ("f.csv", "{\"time\": 1}", "f.csv:1:1: is not the JSON that is expected here: invalid type: map, expected a list at line 1 column 0".to_owned()),
        ("f.csv", "[{\"time\": 1,\n", "f.csv:2:1: is not the JSON that is expected here: EOF while parsing an object at line 2 column 0".to_owned()),
        ("f.csv", "[1,\n2]", "f.csv:1:1: is an item that is no object of names and values\nf.csv:2:1: is an item that is no object of names and values".to_owned()),
        ("{file: f.csv, at_least: true}", "time,viewers\n0,1\n", "16:52: viewers.0.arrivals.concurrent.at_least: `true` is not known here; there are yes, no".to_owned()),
        ("none.csv", "", "16:28: viewers.0.arrivals.concurrent: names `none.csv`, which cannot be read: there is no such file".to_owned()),
    ];
    let said = |(value, file, expected): &(&str, &str, String)| {
        let said = crowd(value, EXPONENTIAL, "", file, &[]).map(|_| ());
        (said != Err(expected.clone())).then(|| (said, expected.clone()))
    };
    let wrong: Vec<_> = cases.iter().filter_map(said).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let returns = "    returns: {probability: 10 %, after: 1 min}\n";
    let said = crowd("f.csv", EXPONENTIAL, returns, "time,viewers\n0,1\n", &[]);
    let expected = "19:14: viewers.0.returns: would come on top of the crowd that the file says; take it out";
    assert_eq!(said, Err(expected.to_owned()));
}
