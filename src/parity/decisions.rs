//! Finds the near decisions of a cell in a simulated run of it.
//!
//! Exact in both drivers are ticks, restarts, stops, flushes, samples, and how long a visit has lasted, which its client
//! says. Everything else (heartbeats, arrivals, reports, times of requests) may move by up to the margin. The expiry of an
//! entry moves with the input that made it, that of a total is exact, because a tick made it. Checked are:
//! - thresholds: an instance gets its inputs a margin earlier and later, and must do and display the same (`thresholds`);
//! - order: two inputs nearer than the margin must do and leave the same in either order (`order`);
//! - what is decided outside of instances: faults, time-outs, limits, queues, the end of the run (`requests`).
//!
//! Each input is moved alone, not several at once. Not checked: deliveries with queues per destination, workers or retries,
//! limited links and cores, and the end of runs that end when they are idle.

use crate::cell::Cell;
use crate::domain::faults::Timetable;
use crate::foundation::units::Span;
use crate::parity::history::instances;
use crate::parity::near::{Findings, NearDecisions};
use crate::parity::order::check_order;
use crate::parity::record::record;
use crate::parity::requests::check_requests;
use crate::parity::thresholds::check_thresholds;
use crate::scenario::End;
use std::sync::atomic::AtomicBool;

/// The decisions of a cell that go another way if something comes earlier or later by up to `margin`.
pub fn decisions(cell: &Cell, margin: Span, stop: &AtomicBool) -> NearDecisions {
    let end = cell.end.latest();
    // what comes just after the end may come before it in the other driver
    let longer = match cell.end {
        End::At(end) => Cell { end: End::At(end + margin * 2), ..cell.clone() },
        End::Idle { .. } => cell.clone(),
    };
    let timetable = Timetable::new(&cell.faults, cell.federation.instances.len(), cell.seed, end);
    let mut record = record(&longer, &timetable, stop);
    for inputs in &mut record.inputs {
        inputs.retain(|input| input.at <= end);
    }
    let mut found = Findings::new(cell, margin);
    for (instance, inputs) in instances(cell).into_iter().zip(&record.inputs) {
        let history = check_thresholds(instance.clone(), inputs, &mut found);
        check_order(instance, inputs, &history, &mut found);
    }
    check_requests(&record, &timetable, &mut found);
    found.finish()
}
