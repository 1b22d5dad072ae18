//! One PeerTube instance as a state machine: `(now, input) -> effects`.
//!
//! Source: the rules of `domain::protocol`, in the order in which PeerTube's code runs them; the recordings in
//! `tests/traces` hold it to that, message for message. It owns no clock, queue, socket, random number or file, so the
//! simulator, the conformance check and real HTTP servers drive the same code. What an input may cause is a send
//! (an `Effect`) and a change of what is displayed, which the driver asks for when it wants to know.

mod answering;
mod batches;
mod heartbeats;
mod input;
mod lies;
mod lying;
mod receiving;
mod state;
#[cfg(test)]
mod tests;
mod ticks;

pub use batches::batches;
pub use input::{Effect, Heartbeat, Input, LieAct, Recipients};
pub use receiving::{DisplayEffect, display_effect, displayed_views, is_plain_view};
pub use state::Instance;
pub use ticks::spread_by_video;

use crate::domain::protocol::{IdsAfterRestart, OriginViews, Rules, StoreKind};
use crate::foundation::units::Time;
use crate::mechanism::activity::{Stamp, Subject};
use crate::mechanism::store::Store;
use state::LastTotal;

impl Instance {
    /// Takes an input at an instant and appends the sends that it causes.
    pub fn handle(&mut self, now: Time, input: Input<'_>, effects: &mut Vec<Effect>) {
        self.ask_at(now);
        let first = effects.len();
        match input {
            Input::Heartbeat(heartbeat) => self.heartbeat(now, heartbeat, effects),
            Input::Heartbeats { video, viewer, last } => self.extend(video, viewer, last),
            Input::Leave { video, viewer } => self.leave(video, viewer),
            Input::Receive { activity, sender } => self.receive(activity, sender, effects),
            Input::Answer { activity } => self.answer(now, activity, effects),
            Input::FetchedVideo { video, views } => {
                self.views.display(video, views);
            }
            Input::Tick { number } => self.tick(now, number, effects),
            Input::SayTotal { video, number } => self.say_total(now, video, number, effects),
            Input::FlushUpdates { number } => self.flush_updates(now, number, effects),
            Input::ReportWatch { video, viewer, session } => {
                if !self.owns(video) {
                    let stamp = Stamp { session, number: 0 };
                    effects.push(self.send_own(self.activity(
                        now,
                        video,
                        Subject::WatchAction(viewer),
                        stamp,
                    )));
                }
            }
            Input::Lie { number, act } => self.lie(now, number, act, effects),
            Input::Stop => self.is_up = false,
            Input::Restart(rules) => self.restart(rules),
        }
        self.lying.note(self.id, &effects[first..]);
    }

    fn restart(&mut self, rules: Option<Rules>) {
        self.is_up = true;
        self.hint = None;
        self.wake_all();
        let before = self.rules;
        self.rules = rules.unwrap_or(before);
        if before.store != self.rules.store {
            let keeping = self.keeping();
            self.shown.values_mut().for_each(|shown| shown.store = Store::new(keeping));
        }
        if !self.rules.plain_views.are_counted() {
            // views of others' videos that it would say at its ticks, which it does no more
            let others =
                self.shown.iter_mut().filter(|(video, _)| self.videos[video.index()].origin != self.id);
            others.for_each(|(_, shown)| shown.buffered_views = 0);
        }
        if self.rules.origin_views != OriginViews::UpdatesByShare {
            // it tells of numbers that it does not note; who notes them later has told none
            self.told_views.clear();
        }
        if self.rules.ids_after_restart == IdsAfterRestart::New {
            self.salt += 1;
        }
        for shown in self.shown.values_mut() {
            shown.store.restart();
            if self.rules.store == StoreKind::List {
                shown.last_total = LastTotal::default();
            }
        }
    }
}
