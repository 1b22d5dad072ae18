//! Columns are independent: a panic in one leaves the others their records.

use super::visits::VISITS;
use crate::program::Place;
use fedisim::cell::Cell;
use fedisim::foundation::units::Time;
use fedisim::instance::Instance;
use fedisim::live::Addresses;
use fedisim::live::run::{Batch, LiveOptions};
use fedisim::metrics::definitions::names;
use fedisim::observe::{Observer, QueueSample};
use fedisim::runs::folder::LockedFolder;
use fedisim::runs::{JointResults, RunError, run_live};
use fedisim::scenario::{Changes, Study, read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Panics at a sample, in one of the columns.
struct Panics(bool);

impl Observer for Panics {
    fn sample(&mut self, _now: Time, number: u32, _instances: &[Instance], _queues: &[QueueSample]) {
        assert!(!self.0 || number < 2, "a mistake that was planted");
    }
}

#[test]
fn a_panic_in_a_column_leaves_the_others_their_records() {
    let place = Place::new();
    place.write("visits.yaml", VISITS);
    let changes = Changes {
        sets: ["end=24 s", "measure.every=4 s", "compare=[own, v1, v2]"].map(str::to_owned).to_vec(),
        ..Changes::default()
    };
    let scenario = read(&place.path("visits.yaml"), &changes, &names()).expect("a scenario");
    let study = Study::new(scenario, &place.path(""), &names());
    let out = place.path("out");
    let options = LiveOptions { addresses: Addresses::default(), scale: Some(20.0), capture: None };
    let (made, stop) = (AtomicU32::new(0), Arc::new(AtomicBool::new(false)));
    let observer = |_: &Cell| Panics(made.fetch_add(1, Ordering::Relaxed) == 1);
    let held = LockedFolder::take(&out).expect("nobody else has it");
    let outcome = run_live(&study, &held, false, |scenario, plans| {
        let batch = Batch::new(scenario, plans, &options).expect("addresses");
        let alive = batch.run(scenario, plans, &observer, &stop).expect("a runtime");
        let results: Vec<_> = alive.into_iter().flatten().filter_map(|one| one.result).collect();
        assert_eq!(results.len(), 2);
        Ok::<_, RunError>(JointResults { results, failure: Some(RunError::Cells("one died".to_owned())) })
    });
    assert!(matches!(outcome, Err(RunError::Cells(_))), "{outcome:?}");
    let of = |column: &str| {
        let rows = place.rows("out/summary.csv");
        rows.iter().filter(|row| row.iter().any(|cell| cell == column)).count()
    };
    let with_records = ["own", "v1", "v2"].into_iter().filter(|column| of(column) > 0).count();
    assert_eq!(with_records, 2);
    let manifest = place.read("out/manifest.json");
    assert!(manifest.contains("\"complete\": false"), "{manifest}");
}
