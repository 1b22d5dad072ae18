//! When the requests of a job that is computed whole take their steps.

use crate::foundation::units::Span;
use crate::mechanism::boundary::NEVER_US;

/// When the requests of a job take their steps, by destination, in µs after its start (`NEVER_US`: it does not count).
pub(in crate::sim) struct JobTimes<'a> {
    pub(in crate::sim) begins_us: &'a [u32],
    pub(in crate::sim) left_us: &'a [u32],
    pub(in crate::sim) arrived_us: &'a [u32],
    /// From its arrival to its answer.
    pub(in crate::sim) verify: Span,
    /// From its beginning to the arrival of its answer, in µs.
    pub(in crate::sim) occupied_us: &'a [u32],
}

impl JobTimes<'_> {
    /// When the answers have crossed the links back.
    pub(in crate::sim) fn answered_us(&self) -> Vec<u32> {
        let times = self.begins_us.iter().zip(self.occupied_us).zip(self.arrived_us);
        let answered = |((begins_us, occupied_us), arrived_us): ((&u32, &u32), &u32)| {
            if *arrived_us == NEVER_US { NEVER_US } else { begins_us + occupied_us }
        };
        times.map(answered).collect()
    }
}
