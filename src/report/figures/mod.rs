//! The figures of a run, in the order in which people ask: what is shown, what it costs, who pays, what waits, what to choose.
//! Each is made from the records and is data; `plot` and `page` draw them.

mod common;
mod counters;
mod decision;
mod delivery;
mod federation;
mod traffic;
mod views;

use crate::report::figure::Figure;
use crate::report::run::Run;
pub use common::thousands;

/// A kind of figure: its name, what it shows, and how it is made; none where a run has nothing to show.
pub struct Kind {
    /// The name.
    pub name: &'static str,
    /// What it shows.
    pub doc: &'static str,
    make: fn(&Run) -> Option<Figure>,
}

/// All kinds.
pub const KINDS: [Kind; 13] = [
    Kind { name: "displayed", doc: "displayed and true viewers over time", make: counters::displayed },
    Kind {
        name: "error",
        doc: "how far displayed counts are from the truth, over time, every instance alike",
        make: counters::error,
    },
    Kind {
        name: "error-distribution",
        doc: "how often which error is displayed, every instance alike",
        make: counters::distribution,
    },
    Kind { name: "views", doc: "displayed and counted views over time", make: views::views },
    Kind { name: "messages", doc: "messages per second over time", make: traffic::messages },
    Kind { name: "bytes", doc: "bytes sent so far, over time", make: traffic::bytes },
    Kind { name: "payers", doc: "who sends and receives how many bytes", make: traffic::payers },
    Kind { name: "queues", doc: "jobs that wait to be sent, over time", make: delivery::queues },
    Kind { name: "fates", doc: "what becomes of activities", make: delivery::fates },
    Kind { name: "delays", doc: "how long messages take", make: delivery::delays },
    Kind { name: "federation", doc: "who sends how much to whom", make: federation::federation },
    Kind { name: "pareto", doc: "cost against error", make: decision::pareto },
    Kind { name: "tornado", doc: "which points of a sweep change the answer most", make: decision::tornado },
];

impl Kind {
    /// The figure of a run: without what is beyond all drawing, and saying so if its records were edited.
    pub fn of(&self, run: &Run) -> Option<Figure> {
        let mut figure = (self.make)(run)?.bounded();
        if !run.edited.is_empty() {
            figure.title += " (edited records)";
            figure.says += " Somebody edited these records.";
        }
        Some(figure)
    }
}

/// All figures that a run has something to show in.
pub fn all(run: &Run) -> Vec<Figure> {
    KINDS.iter().filter_map(|kind| kind.of(run)).collect()
}
