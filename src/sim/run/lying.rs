//! Lies: when they begin, are told again and are over.

use super::state::Run;
use crate::domain::lies::{Falsehood, Lie};
use crate::event::{Event, MAX_NUMBER};
use crate::foundation::ids::InstanceId;
use crate::instance::{Input, LieAct};

impl Run<'_> {
    /// Schedules the begin and the end of each lie.
    pub(super) fn plan_lies(&mut self) {
        for (lie, &Lie { instance, from, until, .. }) in (0..).zip(&self.cell.lies) {
            self.schedule(from, Event::Lie { instance, lie, time: Some(0) });
            self.schedule(until, Event::Lie { instance, lie, time: None });
        }
    }

    /// A lie is over, or is told once more; the next telling is scheduled. Who is down tells nothing, and goes on later.
    pub(super) fn lie(&mut self, number: u32, time: Option<u32>) {
        let lie = self.cell.lies[number as usize];
        let act = |act| Input::Lie { number, act };
        let Some(time) = time else {
            return self.handle(lie.instance, act(LieAct::End), self.now);
        };
        if time == 0 {
            self.handle(lie.instance, act(LieAct::Begin(lie)), self.now);
        }
        if self.is_up(lie.instance) {
            for to in self.who_hears(&lie) {
                self.handle(lie.instance, act(LieAct::Tell { time, to }), self.now);
            }
        }
        let every = lie.every(self.instances[lie.instance.index()].rules());
        if let Some(next) = every.map(|every| self.now + every).filter(|next| *next < lie.until) {
            assert!(time < MAX_NUMBER, "a lie that is told more often than a key can number");
            self.schedule(next, Event::Lie { instance: lie.instance, lie: number, time: Some(time + 1) });
        }
    }

    /// The inboxes to which a lie is told by itself.
    fn who_hears(&self, lie: &Lie) -> Vec<InstanceId> {
        let federation = &self.cell.federation;
        match lie.what {
            Falsehood::Times(_) => Vec::new(),
            Falsehood::Viewers(_) | Falsehood::Flood { .. } | Falsehood::Replay { .. } => {
                vec![federation.origin(lie.video)]
            }
            Falsehood::Result { .. } => lie.hearers(federation).collect(),
        }
    }
}
