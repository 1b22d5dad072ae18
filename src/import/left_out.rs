//! What is left out of an import, or not taken as it stands: by reason, the number and the first few with their lines.

use crate::scenario::{Place, Problem};

/// So many of a reason are told.
const TOLD_MAX: usize = 10;

/// Why something is left out, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A row cannot be read.
    Row,
    /// A row has no host name.
    Host,
    /// A host has a row already.
    HostTwice,
    /// Another host has the id already; the host is known by its name alone.
    IdTwice,
    /// A figure is no count: it is taken as 0, but that of active users as that of all.
    Figure,
    /// A version is none; the instance gets the preset that most have.
    Version,
    /// A follow has a weight that is not above 0: no follow, or a block.
    Weight,
    /// Who follows or is followed is not among the instances.
    Stranger,
    /// An instance follows itself.
    Itself,
    /// A follow has a row already.
    FollowTwice,
}

impl Reason {
    /// All, in order, each with what it is said as behind a number.
    pub const ALL: [(Reason, &'static str); 10] = [
        (Reason::Row, "rows that cannot be read"),
        (Reason::Host, "instances without a host name"),
        (Reason::HostTwice, "instances a second time"),
        (Reason::IdTwice, "ids that another instance has (follows name these instances by their hosts)"),
        (Reason::Figure, "figures that are no counts (taken as 0; who is active in a month, as all users)"),
        (Reason::Version, "versions that are none (these instances get the preset that most have)"),
        (Reason::Weight, "follows with a weight that is not above 0"),
        (Reason::Stranger, "follows of or by who is not among the instances"),
        (Reason::Itself, "follows of an instance by itself"),
        (Reason::FollowTwice, "follows a second time"),
    ];
}

/// What is left out.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// By reason, in the order of `Reason::ALL`: how many, and the first of them.
    by_reason: [(usize, Vec<Problem>); Reason::ALL.len()],
}

impl LeftOut {
    /// Notes one at a line of a file, perhaps with the column of the table.
    pub(super) fn note(&mut self, reason: Reason, file: &str, place: Place, column: &str, message: String) {
        let (count, told) = &mut self.by_reason[reason as usize];
        *count += 1;
        if told.len() < TOLD_MAX {
            told.push(Problem {
                file: file.to_owned(),
                line: place.line,
                column: place.column,
                path: column.to_owned(),
                message,
            });
        }
    }

    /// How many for a reason.
    pub fn count(&self, reason: Reason) -> usize {
        self.by_reason[reason as usize].0
    }

    /// The first of them.
    pub fn told(&self, reason: Reason) -> &[Problem] {
        &self.by_reason[reason as usize].1
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.by_reason.iter().all(|(count, _)| *count == 0)
    }
}
