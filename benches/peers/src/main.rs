//! The same work on fedisim's engine and on packaged discrete-event simulators, in alternating rounds.
//!
//! Prints for each engine how much CPU time an event (or a delivery) takes, and how many times ours that is in the same round: the
//! least, the median and the greatest. All outcomes must be equal. README.md says what is measured.

mod engines;
mod model;
mod workload;

use engines::columns::Columns;
use engines::desru::Desru;
use engines::nexosim::Nexosim;
use engines::ours::Ours;
use engines::simcore::Simcore;
use engines::simpy::Simpy;
use engines::simrs::Simrs;
use engines::{Broadcast, Hold};
use workload::{Phold, Workload};

/// Ours comes first: the others are compared with it.
const HOLDERS: [(&str, &dyn Hold); 6] = [
    ("fedisim", &Ours),
    ("simcore", &Simcore),
    ("desru", &Desru),
    ("simrs", &Simrs),
    ("nexosim", &Nexosim),
    ("simpy", &Simpy),
];
/// Ours comes first: without events, then with our pending events.
const BROADCASTERS: [(&str, &dyn Broadcast); 7] = [
    ("columns", &Columns),
    ("fedisim", &Ours),
    ("simcore", &Simcore),
    ("desru", &Desru),
    ("simrs", &Simrs),
    ("nexosim", &Nexosim),
    ("simpy", &Simpy),
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let rounds = arguments.next().map_or(5, |rounds| rounds.parse().expect("the number of rounds"));
    let only: Vec<u32> = arguments.map(|rate| rate.parse().expect("messages per second")).collect();
    let has_simpy = Simpy::is_installed();
    if !has_simpy {
        println!("simpy is skipped: python3 cannot import it (pip install simpy)\n");
    }
    let is_here = |name: &str| name != "simpy" || has_simpy;
    for pending in [10_000, 1_000_000].into_iter().filter(|_| only.is_empty()) {
        let phold = Phold::new(pending, 1_000_000);
        let holders: Vec<_> = HOLDERS.into_iter().filter(|(name, _)| is_here(name)).collect();
        let names: Vec<_> = holders.iter().map(|(name, _)| *name).collect();
        let measured = alternate(rounds, holders.len(), |engine| {
            let measured = holders[engine].1.hold(&phold);
            (measured.events, measured.took.as_nanos() as f64 / measured.events as f64)
        });
        print_table(&format!("PHOLD, {pending} pending: ns per event"), &names, &measured);
    }
    for (messages_per_second, messages) in [(2, 240), (100, 6_000), (1_111, 22_220)] {
        if !only.is_empty() && !only.contains(&messages_per_second) {
            continue;
        }
        // a process of SimPy for each of 22 million requests would take many minutes a round
        let is_here = |name: &str| is_here(name) && (name != "simpy" || messages_per_second <= 100);
        let broadcasters: Vec<_> = BROADCASTERS.into_iter().filter(|(name, _)| is_here(name)).collect();
        let names: Vec<_> = broadcasters.iter().map(|(name, _)| *name).collect();
        let workload = Workload::broadcast(messages_per_second, messages);
        let measured = alternate(rounds, broadcasters.len(), |engine| {
            let (outcome, took) = broadcasters[engine].1.timed(&workload);
            (outcome, took.as_nanos() as f64 / outcome.deliveries as f64)
        });
        let title =
            format!("v1 broadcast to 1000, {messages_per_second} messages per second: ns per delivery");
        print_table(&title, &names, &measured);
    }
}

/// Lets all engines work in turn, round by round, and returns their figures by engine, then by round.
///
/// # Panics
/// If the outcomes differ.
fn alternate<O: Clone + PartialEq + std::fmt::Debug>(
    rounds: usize,
    engines: usize,
    mut work: impl FnMut(usize) -> (O, f64),
) -> Vec<Vec<f64>> {
    let mut expected = None;
    let mut measured = vec![Vec::new(); engines];
    for _ in 0..rounds {
        for (engine, measured) in measured.iter_mut().enumerate() {
            let (outcome, figure) = work(engine);
            measured.push(figure);
            let expected = expected.get_or_insert_with(|| outcome.clone());
            assert_eq!(outcome, *expected, "engine {engine} came to something else than the first");
        }
    }
    measured
}

fn print_table(title: &str, names: &[&str], measured: &[Vec<f64>]) {
    println!("{title}");
    println!("{:10} {:>27}   {:>24}", "", "min / median / max", "times ours");
    for (name, figures) in names.iter().zip(measured) {
        let ratios = figures.iter().zip(&measured[0]).map(|(figure, ours)| figure / ours).collect();
        let [min, median, max] = spread(figures.clone());
        let [ratio_min, ratio_median, ratio_max] = spread(ratios);
        println!(
            "{name:10} {min:7.0} / {median:7.0} / {max:7.0}   {ratio_min:6.2} / {ratio_median:6.2} / {ratio_max:6.2}"
        );
    }
    println!();
}

/// The least, the median and the greatest.
fn spread(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    [figures[0], figures[figures.len() / 2], figures[figures.len() - 1]]
}
