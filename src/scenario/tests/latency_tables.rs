//! Latencies from files beside a scenario: what is read, and what is refused in which words.

use super::*;
use crate::foundation::units::Span;
use crate::mechanism::network::{Latency, PlacePair};

/// A scenario with an origin in `eu-central-1` and a follower each in `New York` and `São Paulo`, and a table beside it.
fn with_table(key: &str, table: &str) -> Result<Vec<PlacePair>, String> {
    let text = format!(
        "name: base\ndescription: places\nend: 10 min\ncompare: [v1]\n\
         instances: {{origin: {{region: eu-central-1}}, west: {{region: New York}}, south: {{region: São Paulo}}}}\n\
         videos: {{clip: {{origin: origin, length: live}}}}\nviewers: []\n\
         network: {{latency: {{regions: {{sigma: 0.2, within: 2 ms, {key}}}}}}}\n"
    );
    let data = |path: &str| match path {
        "ms.csv" => Ok(table.as_bytes().to_vec()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "there is no such file")),
    };
    let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
    let scenario = parse(&input, &Changes::default(), &METRICS).map_err(|problems| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").replace("base.yaml:8", "8")
    })?;
    // the resolved scenario is read as the same one, by the hash of its file
    let input =
        Input { file: "base.yaml", bytes: scenario.resolved.as_bytes(), stem: Some("base"), data: &data };
    let again = parse(&input, &Changes::default(), &METRICS).expect("what was resolved is read");
    assert_eq!(again, scenario);
    match &scenario.network.latency {
        Latency::Places(places) => Ok(places.pairs().collect()),
        other => panic!("{other:?}"),
    }
}

fn medians_us(pairs: &[PlacePair]) -> Vec<u64> {
    pairs.iter().map(|pair| pair.median.us()).collect()
}

fn hundredths(sigma: f64) -> u64 {
    (sigma * 100.0).round() as u64
}

/// A square with these figures from the first place to the others, from the second to the third, and back from that.
fn square(cells: [&str; 4]) -> String {
    let [a, b, c, d] = cells;
    format!(
        ",eu-central-1,New York,São Paulo\neu-central-1,0,{a},{b}\nNew York,88,0,{c}\nSão Paulo,{d},120,0\n"
    )
}

fn refused(key: &str, table: &str, expected: &str) {
    let said = with_table(key, table).map(|pairs| medians_us(&pairs));
    assert_eq!(said, Err(expected.to_owned()), "{table}");
}

const ROUND_TRIP: &str = "round_trip: ms.csv";
const ONE_WAY: &str = "one_way: ms.csv";

#[test]
fn rows_and_squares_say_the_same() {
    let rows = "from,to,ms\neu-central-1,New York,88.2\nSão Paulo,eu-central-1,200\nNew York,São Paulo,120.4\n\
                nowhere,New York,1\n";
    let square = "from \\ to,eu-central-1,New York,São Paulo\neu-central-1,-,88.2,200\nNew York,88.2 ms,,120.4\n\
                  São Paulo,200,120.4,—\n";
    let expected = [1_000, 44_100, 100_000, 44_100, 1_000, 60_200, 100_000, 60_200, 1_000];
    let in_german = square.replace(',', ";").replace('\n', "\r\n");
    let tabs = rows.replace(',', "\t").replace("from", "From");
    for table in [rows, square, &format!("\u{feff}{rows}"), &rows.replace('\n', "\r\n"), &in_german, &tabs] {
        let pairs = with_table(ROUND_TRIP, table).expect("it is right");
        assert_eq!(medians_us(&pairs), expected);
        assert!(pairs.iter().all(|pair| hundredths(pair.sigma) == 20));
    }
    let named = with_table("round_trip: {file: ms.csv}", rows).expect("it is right");
    assert_eq!(medians_us(&named), expected);
}

#[test]
fn both_directions_may_differ() {
    let both = "from,to,ms\neu-central-1,New York,80\nNew York,eu-central-1,100\neu-central-1,São Paulo,200\n\
                São Paulo,eu-central-1,300\nNew York,São Paulo,120\nSão Paulo,New York,140\nNew York,New York,4\n";
    let round_trip = with_table(ROUND_TRIP, both).expect("it is right");
    assert_eq!(
        medians_us(&round_trip),
        [1_000, 40_000, 100_000, 50_000, 2_000, 60_000, 150_000, 70_000, 1_000]
    );
    let one_way = with_table(ONE_WAY, both).expect("it is right");
    assert_eq!(
        medians_us(&one_way),
        [1_000, 80_000, 200_000, 100_000, 4_000, 120_000, 300_000, 140_000, 1_000]
    );
}

/// A standard deviation is given, or follows from a quantile: the 90th percentile of a lognormal law is median x e^(1.2816 s). Of
/// a round trip the quantile is that of two ways drawn apart, whose relative variance is half of each one's.
#[test]
fn pairs_may_have_their_own_spread() {
    let rest = "New York,eu-central-1,80,\neu-central-1,São Paulo,200,\nSão Paulo,eu-central-1,200,\n\
                New York,São Paulo,120,\nSão Paulo,New York,120,\n";
    let sigma = |key: &str, column: &str, value: &str| {
        let table = format!("from,to,ms,{column}\neu-central-1,New York,80,{value}\n{rest}");
        hundredths(with_table(key, &table).expect("it is right")[1].sigma)
    };
    assert_eq!(sigma(ONE_WAY, "sigma", "0.314"), 31);
    assert_eq!(sigma(ONE_WAY, "sigma", ""), 20);
    assert_eq!(sigma(ONE_WAY, "p90", "80"), 0);
    // ln(1.2) / 1.2816 is 0.142, ln(2) / 2.3263 is 0.298, ln(1.5) / 1.6449 is 0.2465
    assert_eq!(sigma(ONE_WAY, "p90", "96"), 14);
    assert_eq!(sigma(ONE_WAY, "p95", "120"), 25);
    assert_eq!(sigma(ONE_WAY, "p99", "160"), 30);
    // sqrt(ln(1 + 2 (e^(0.142^2) - 1))) is 0.200
    assert_eq!(sigma(ROUND_TRIP, "p90", "96"), 20);
}

#[test]
fn mistakes_in_figures_are_told() {
    for (key, table, expected) in [
        (
            ONE_WAY,
            square(["88", "", "120", "-"]),
            "8:66: network.latency.regions.one_way: has no figure from `eu-central-1` to `São Paulo`, from `São Paulo` to `eu-central-1`; add it",
        ),
        (
            ROUND_TRIP,
            square(["88", "", "-", "-"]).replace(",88,0,", ",,0,"),
            "8:69: network.latency.regions.round_trip: has no figure between `eu-central-1` and `São Paulo`; add it",
        ),
        (
            ROUND_TRIP,
            square(["-1", "200", "1e9", "x"]),
            "ms.csv:2:1: New York: `-1` is negative; leave out what was not measured\n\
             ms.csv:3:1: São Paulo: `1e9` is more than a minute; figures are in milliseconds\n\
             ms.csv:4:1: eu-central-1: `x` is not a number of milliseconds, such as `43` or `43.2`",
        ),
        (
            ROUND_TRIP,
            "from,to,ms\neu-central-1,New York,88\nNew York,eu-central-1,88\nNew York,eu-central-1,NaN\neu-central-1,New York,89\n".to_owned(),
            "ms.csv:4:1: ms: `NaN` is not a number of milliseconds, such as `43` or `43.2`\n\
             ms.csv:5:1: to: has the figure from `eu-central-1` to `New York` a second time",
        ),
        (
            ROUND_TRIP,
            "from,to,ms\neu-central-1,New York,88\n".to_owned(),
            "8:69: network.latency.regions.round_trip: has no place `São Paulo`, in which instances stand; there are New York, eu-central-1",
        ),
        (
            ROUND_TRIP,
            "from,to,ms,p90,sigma\neu-central-1,New York,88,80,\nNew York,São Paulo,1,2,3\neu-central-1,São Paulo,9,,4\n".to_owned(),
            "ms.csv:2:1: p90: `80` is too far from the median of 88 ms, or below it\n\
             ms.csv:3:1: sigma: stands beside `p90`; one of them says how far latencies lie apart\n\
             ms.csv:4:1: sigma: `4` is not a standard deviation of the logarithm, from 0 to 3",
        ),
    ] {
        refused(key, &table, expected);
    }
}

#[test]
fn mistakes_in_the_form_of_tables_are_told() {
    for (key, table, expected) in [
        (
            ROUND_TRIP,
            ",a,b\na,0,1\nc,1,0\n".to_owned(),
            "ms.csv:3:1: is the row of `c`, which is no column; a square table has the same places in its first row and column, other tables have the columns from,to,ms",
        ),
        (
            ROUND_TRIP,
            ",a,a\na,0,1\n".to_owned(),
            "ms.csv:1:1: has the header `,a,a`; it needs the columns from,to,ms, or in a square table each place once",
        ),
        (
            ROUND_TRIP,
            "from\tto\tm\n".to_owned(),
            "ms.csv:1:1: has no column `ms`; it needs from,to,ms[,sigma][,p90][,p95][,p99]; did you mean `m`?",
        ),
        (
            ROUND_TRIP,
            String::new(),
            "ms.csv:1:1: has the header ``; it needs the columns from,to,ms, or in a square table each place once",
        ),
        (
            "round_trip: other.csv",
            String::new(),
            "8:69: network.latency.regions.round_trip: names `other.csv`, which cannot be read: there is no such file",
        ),
        (
            "round_trip: ms.csv, one_way: ms.csv",
            square(["88", "200", "120", "200"]),
            "8:86: network.latency.regions.one_way: stands beside `round_trip`; one of them says how long a way takes",
        ),
        (
            "round_trip: {de-fr: 44 ms}, one_way: ms.csv",
            square(["88", "200", "120", "200"]),
            "8:94: network.latency.regions.one_way: stands beside `round_trip`; one of them says how long a way takes",
        ),
    ] {
        refused(key, &table, expected);
    }
}

#[test]
fn names_with_dashes_go_in_pairs_of_the_scenario_too() {
    let pairs = "round_trip: {New York-eu-central-1: 88 ms, eu-central-1-São Paulo: 200 ms, New York-São Paulo: 120 ms}";
    let found = with_table(pairs, "").expect("it is right");
    assert_eq!(medians_us(&found)[..3], [1_000, 44_000, 100_000]);
    assert_eq!(found[0].median, Span::from_ms(1));
}

#[test]
fn as_many_places_as_published_tables_have_are_read() {
    // King's 1,740 name servers would make a file of 10 MB; one square more than the limit is enough here
    let names: Vec<String> = (0..2_001).map(|number| format!("place {number}")).collect();
    let rows: Vec<String> = names.iter().map(|name| format!("eu-central-1,{name},5")).collect();
    let table = |count: usize| {
        format!(
            "from,to,ms\n{}\neu-central-1,New York,88\neu-central-1,São Paulo,2\nNew York,São Paulo,3\n",
            rows[..count].join("\n")
        )
    };
    assert!(with_table(ROUND_TRIP, &table(1_997)).is_ok());
    let said = with_table(ROUND_TRIP, &table(1_998)).expect_err("too many");
    assert_eq!(said, "8:69: network.latency.regions.round_trip: has more than 2000 places");
}
