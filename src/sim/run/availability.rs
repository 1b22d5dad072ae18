//! Which destinations an instance leaves out because they do not answer (`mechanism/availability`), and that they come back.

use super::job::Job;
use super::state::Run;
use crate::domain::federation::Inboxes;
use crate::foundation::ids::InstanceId;
use crate::foundation::units::Time;
use crate::mechanism::availability::{DeliveryEnd, Turn};
use crate::observe::HealthNote;

impl Run<'_> {
    /// A job is over: notes where it arrived.
    pub(super) fn note_availability(&mut self, job: &Job, now: Time) {
        let from = job.letter.from;
        if self.machines[from.index()].availability.is_none() {
            return;
        }
        let mut given_up = job.given_up_on.clone();
        given_up.sort_unstable();
        let bad = job.bad.iter().map(|&to| {
            let is_final = given_up.binary_search(&to).is_ok();
            (to, if is_final { DeliveryEnd::Final } else { DeliveryEnd::Bad })
        });
        let good = job.good.iter().map(|&to| (to, DeliveryEnd::Good));
        for (to, end) in bad.chain(good) {
            let availability = self.machines[from.index()].availability.as_mut();
            let turn = availability.and_then(|availability| availability.note(now, to, end));
            self.turn(from, to, turn, now);
        }
    }

    /// An instance has got something from another.
    pub(super) fn hear(&mut self, at: InstanceId, from: InstanceId, now: Time) {
        let availability = self.machines[at.index()].availability.as_mut();
        let turn = availability.and_then(|availability| availability.hear(from));
        self.turn(at, from, turn, now);
    }

    fn turn(&mut self, of: InstanceId, other: InstanceId, turn: Option<Turn>, now: Time) {
        let machine = &mut self.machines[of.index()];
        match turn {
            None => return,
            Some(Turn::LeftOut) => machine.removed.insert(other),
            Some(Turn::Back) => machine.removed.remove(&other),
        };
        let Some(followers) = self.cell.federation.followers.get(&of) else { return };
        let left: Vec<_> = followers.iter().copied().filter(|id| !machine.removed.contains(id)).collect();
        self.inboxes.insert(of, Inboxes::new(&left, &self.cell.federation.instances));
        if turn == Some(Turn::LeftOut) && followers.binary_search(&other).is_ok() {
            let score = machine.health.score(other);
            let note = HealthNote { instance: of, follower: other, good: 0, bad: 0, score, removed: true };
            self.observer.health(now, &note);
        }
    }
}
