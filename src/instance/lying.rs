//! What a lying instance says beside the truth, or in place of it.
//!
//! It speaks as its protocol does: its Views are signed, sent and counted like others. Nothing that it tells depends on what it receives.

use super::input::{Effect, Heartbeat, LieAct};
use super::lies::Lying;
use super::state::Instance;
use crate::domain::lies::{Falsehood, Lie};
use crate::domain::protocol::FollowerTotal;
use crate::event::MAX_NUMBER;
use crate::foundation::ids::{SessionId, ViewerId};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Activity, Stamp, Subject};

/// Salts of viewers and numbers of visits that do not exist have this bit: others count from 0 and never come so far.
const INVENTED: u32 = 1 << 31;
/// In such a salt the number of the lie stands above so many bits, and below it a number that tells apart who is invented beside one viewer.
const LIE_SHIFT: u32 = 16;
/// The number of a heartbeat takes so many bits of a stamp's number, and who is invented beside its viewer the others.
const HEARTBEAT_BITS: u32 = 14;

impl Instance {
    /// How often it has lied, each time to one inbox.
    pub fn lies_told(&self) -> u64 {
        self.lying.told()
    }

    /// A lie begins, is told, or is over.
    pub(super) fn lie(&mut self, now: Time, number: u32, act: LieAct, effects: &mut Vec<Effect>) {
        match act {
            LieAct::Begin(lie) => {
                self.lying.lies.insert(number, lie);
            }
            LieAct::End => {
                self.lying.lies.remove(&number);
                let Lying { lies, last_sent, .. } = &mut self.lying;
                let replays = |lie: &Lie| matches!(lie.what, Falsehood::Replay { .. });
                last_sent.retain(|video, _| lies.values().any(|lie| replays(lie) && lie.video == *video));
            }
            LieAct::Tell { time, to } => {
                let told = self.lying.lies.get(&number).and_then(|lie| self.told(now, (number, lie), time));
                effects.extend(told.map(|activity| Effect::lie(activity, to)));
            }
        }
    }

    /// What it says of a lie the n-th `time`, if anything.
    fn told(&self, now: Time, (number, lie): (u32, &Lie), time: u32) -> Option<Activity> {
        let stamp = Stamp { session: SessionId(INVENTED | number), number: time };
        let invented = |viewer| {
            let subject = Subject::Viewer(ViewerId(viewer), INVENTED | number << LIE_SHIFT);
            let lasts = [now, now + self.rules.parameters.lifetime];
            let view = self.view_of_viewer(lasts, lie.video, subject, stamp);
            // a number of viewers is claimed, of whom each stands for one, whoever else speaks for several
            Activity { result: view.result.map(|_| 1), ..view }
        };
        match lie.what {
            Falsehood::Times(_) => None,
            Falsehood::Viewers(viewers) => {
                (self.rules.follower_total == FollowerTotal::No).then(|| invented(time % viewers.max(1)))
            }
            Falsehood::Flood { .. } => Some(invented(time)),
            Falsehood::Result { count, .. } => {
                let expires = Some(now + self.rules.total_lifetime());
                let total = self.activity(now, lie.video, Subject::Total, stamp);
                Some(Activity { result: Some(count), expires, ..total })
            }
            Falsehood::Replay { .. } => {
                self.lying.last_sent.get(&lie.video).map(|last| Activity { stamp, ..*last })
            }
        }
    }

    /// Beside the View of a viewer, those of the viewers whom it claims for each of its own.
    pub(super) fn invent_beside(&self, now: Time, heartbeat: &Heartbeat, effects: &mut Vec<Effect>) {
        let Heartbeat { video, session, number, .. } = *heartbeat;
        for (&lie, &Lie { what, .. }) in self.lying.lies.iter().filter(|(_, lie)| lie.video == video) {
            let Falsehood::Times(times) = what else { continue };
            for beside in 1..times {
                let stamp = Stamp {
                    session: SessionId(INVENTED | session.0),
                    number: (number.wrapping_add(beside << HEARTBEAT_BITS)) & MAX_NUMBER,
                };
                let salt = INVENTED | lie << LIE_SHIFT | beside;
                let subject = Subject::Viewer(self.known_as(heartbeat), salt);
                let lasts = [now, self.expires(now, heartbeat)];
                let view = self.view_of_viewer(lasts, video, subject, stamp);
                effects.push(Effect { is_false: true, ..self.send_own(view) });
            }
        }
    }
}
