//! The simulator against theory: the results of queueing theory and of algebra must come out.
//!
//! The closed forms are the analytic half of the evidence that the simulator is right. Recordings of real servers are the
//! other half. `formulas` holds the closed forms, `setting` and `run` make and measure replications with fixed seeds,
//! `acceptance` accepts or refuses a claim, `experiments` lists what is run and claimed. The tests run wrong models through
//! the same acceptance test, because a check that cannot fail is none.
//!
//! So far what viewers and counters do. Delivery, what is asked back, the views counter, totals, other designs, limits and lies have small cases (`cases`), most of
//! whose claims are exact: `delivery_formulas`, `views_formulas`, `limits_formulas`, `request_log`, and what is run and claimed in
//! `sending_cases`, `receiving_cases`, `views_cases`, `totals_cases`, `design_cases`, `hint_cases`, `limits_cases` and `lies_cases`.

pub mod acceptance;
pub mod cases;
pub mod delivery_formulas;
mod design_cases;
pub mod experiment;
pub mod experiments;
pub mod formulas;
mod hint_cases;
mod lies_cases;
mod limits_cases;
mod limits_formulas;
mod receiving_cases;
pub mod request_log;
pub mod run;
mod scripted;
mod sending_cases;
pub mod setting;
mod totals_cases;
mod views_cases;
mod views_formulas;
mod watch_laws;

/// The cases whose claims are exact.
pub fn exact_cases() -> impl Iterator<Item = &'static cases::Case> {
    let delivery = sending_cases::CASES.iter().chain(receiving_cases::CASES);
    delivery
        .chain(views_cases::CASES)
        .chain(totals_cases::CASES)
        .chain(limits_cases::CASES)
        .chain(design_cases::CASES)
        .chain(hint_cases::CASES)
        .chain(lies_cases::CASES)
}

/// The cases whose claims are about means over draws.
pub fn sampled_cases() -> impl Iterator<Item = &'static cases::Sampled> {
    receiving_cases::SAMPLED.iter().chain(views_cases::SAMPLED).chain(design_cases::SAMPLED)
}
