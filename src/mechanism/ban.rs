//! Bans: after too many refusals a firewall refuses the connections of a sender for a while.
//!
//! As fail2ban does: refusals are counted per sender in a sliding time; while a ban holds, nothing is counted. It is not part
//! of the server's process and survives its restart. A ban holds for connections that begin after it.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::by_instance::ByInstance;
use std::collections::VecDeque;

/// When a sender is banned, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanRule {
    /// After so many refusals, at least 1.
    pub refusals: u32,
    /// Within so long.
    pub within: Span,
    /// For so long.
    pub lasts: Span,
}

/// What one receiver's firewall remembers about senders.
#[derive(Clone, Debug)]
pub struct Bans {
    rule: BanRule,
    senders: ByInstance<Sender>,
}

#[derive(Clone, Debug, Default)]
struct Sender {
    /// The latest refusals, at most as many as the rule counts.
    refused: VecDeque<Time>,
    /// The bans so far, in order: when each began.
    began: Vec<Time>,
}

impl Bans {
    /// No sender is banned.
    pub fn new(rule: BanRule) -> Bans {
        Bans { rule, senders: ByInstance::default() }
    }

    /// A request of a sender is refused. Times ascend.
    pub fn note_refusal(&mut self, now: Time, from: InstanceId) {
        let BanRule { refusals, within, lasts } = self.rule;
        let sender = self.senders.get_or_insert_with(from, Sender::default);
        if sender.began.last().is_some_and(|began| now.since(*began) < lasts) {
            return;
        }
        sender.refused.push_back(now);
        while sender.refused.front().is_some_and(|first| now.since(*first) >= within) {
            sender.refused.pop_front();
        }
        if sender.refused.len() as u64 >= u64::from(refusals) {
            sender.refused.clear();
            sender.began.push(now);
        }
    }

    /// Whether a connection that begins at an instant is refused; a ban of that very instant comes too late. Later bans do
    /// not matter, so the instant may lie behind what was noted.
    pub fn is_banned(&self, at: Time, from: InstanceId) -> bool {
        let Some(sender) = self.senders.get(from) else { return false };
        let began = sender.began.partition_point(|began| *began < at);
        began.checked_sub(1).is_some_and(|last| at.since(sender.began[last]) < self.rule.lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InstanceId = InstanceId(0);
    const B: InstanceId = InstanceId(1);

    fn bans() -> Bans {
        Bans::new(BanRule { refusals: 3, within: Span::from_secs(10), lasts: Span::from_secs(60) })
    }

    fn s(seconds: u64) -> Time {
        Time::from_ms(seconds * 1_000)
    }

    #[test]
    fn refusals_within_the_time_ban_one_sender_for_a_while() {
        let mut bans = bans();
        // the first is forgotten when the fourth comes
        [0, 5, 10].into_iter().for_each(|at| bans.note_refusal(s(at), A));
        assert!(!bans.is_banned(s(11), A));
        bans.note_refusal(s(14), A);
        assert!(!bans.is_banned(s(14), A), "what begins at that instant is let through");
        assert!(bans.is_banned(s(15), A) && !bans.is_banned(s(15), B));
        assert!(bans.is_banned(s(73), A) && !bans.is_banned(s(74), A));
    }

    #[test]
    fn what_is_refused_during_a_ban_does_not_count_and_earlier_instants_keep_their_answer() {
        let mut bans = bans();
        [0, 1, 2, 30, 31, 32].into_iter().for_each(|at| bans.note_refusal(s(at), A));
        assert!(!bans.is_banned(s(62), A));
        [100, 101, 102].into_iter().for_each(|at| bans.note_refusal(s(at), A));
        assert!(bans.is_banned(s(103), A) && bans.is_banned(s(61), A) && !bans.is_banned(s(99), A));
    }
}
