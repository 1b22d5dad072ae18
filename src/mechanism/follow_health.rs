//! Follow health: what one sender keeps about the inboxes of its followers, and whom it gives up.
//!
//! As PeerTube does it. Results of deliveries are counted in memory and flushed to the database from time to time (hourly,
//! whose phase is not known here). Before 8.2 a follower has a score, from 8.2 on it is given up after seven days without a
//! good delivery. Also in memory: which inboxes were bad in the last finished job.

use crate::foundation::ids::InstanceId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::by_instance::ByInstance;
use std::collections::BTreeMap;
use std::sync::Arc;

const SCORE_START: i64 = 1_000;
const SCORE_MAX: i64 = 10_000;
const SCORE_STEP: i64 = 10;
const DOWN_MAX: Span = Span::from_secs(7 * 86_400);

/// When a follower is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthRule {
    /// Never.
    Off,
    /// When its score falls below 0.
    Score,
    /// When it is down, and its last good delivery was 7 days ago (or its first bad one, if there never was a good one).
    SevenDays,
}

/// What a flush says about one follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthFinding {
    /// The follower.
    pub follower: InstanceId,
    /// Good deliveries since the last flush.
    pub good: u64,
    /// Bad deliveries since the last flush.
    pub bad: u64,
    /// Its score afterwards; kept under every rule.
    pub score: i64,
    /// Whether it is given up.
    pub removed: bool,
}

/// The health of the followers of one sender.
#[derive(Clone, Debug, Default)]
pub struct FollowHealth {
    /// In the database.
    saved: BTreeMap<InstanceId, Saved>,
    /// In memory: what came since the last flush.
    fresh: ByInstance<Fresh>,
    /// In memory: the latest jobs that were good for all of a list, which `fresh` does not have yet.
    all_good: Option<AllGood>,
    /// In memory: the bad inboxes of the last finished job, in ascending order.
    bad: Vec<InstanceId>,
}

/// So many jobs to the same inboxes, all of them good.
#[derive(Clone, Debug)]
struct AllGood {
    to: Arc<[InstanceId]>,
    count: u64,
    last: Time,
}

#[derive(Clone, Copy, Debug)]
struct Saved {
    score: i64,
    last_good: Option<Time>,
    first_bad: Option<Time>,
    /// The newest delivery was bad.
    is_down: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Fresh {
    good: u64,
    bad: u64,
    last_good: Option<Time>,
    first_bad: Option<Time>,
    is_down: bool,
}

impl FollowHealth {
    /// No follower has a record yet.
    pub fn new() -> FollowHealth {
        FollowHealth::default()
    }

    /// A job has finished: which deliveries were good and which were bad.
    pub fn job_finished(&mut self, now: Time, good: &[InstanceId], bad: &[InstanceId]) {
        self.settle();
        for &follower in good {
            let fresh = self.fresh.get_or_insert_with(follower, Fresh::default);
            fresh.good += 1;
            fresh.last_good = Some(now);
            fresh.is_down = false;
        }
        for &follower in bad {
            let fresh = self.fresh.get_or_insert_with(follower, Fresh::default);
            fresh.bad += 1;
            fresh.first_bad = fresh.first_bad.or(Some(now));
            fresh.is_down = true;
        }
        self.bad.clear();
        self.bad.extend_from_slice(bad);
        self.bad.sort_unstable();
    }

    /// A job to all of these has finished; these of them, in ascending order, were bad.
    pub fn broadcast_finished(&mut self, now: Time, to: &Arc<[InstanceId]>, bad: &[InstanceId]) {
        if bad.is_empty() {
            self.bad.clear();
            match &mut self.all_good {
                Some(jobs) if Arc::ptr_eq(&jobs.to, to) => (jobs.count, jobs.last) = (jobs.count + 1, now),
                _ => {
                    self.settle();
                    self.all_good = Some(AllGood { to: Arc::clone(to), count: 1, last: now });
                }
            }
            return;
        }
        let good: Vec<_> = to.iter().copied().filter(|id| bad.binary_search(id).is_err()).collect();
        self.job_finished(now, &good, bad);
    }

    /// Notes for each follower the jobs that were good for all.
    fn settle(&mut self) {
        let Some(AllGood { to, count, last }) = self.all_good.take() else { return };
        for &follower in to.iter() {
            let fresh = self.fresh.get_or_insert_with(follower, Fresh::default);
            fresh.good += count;
            fresh.last_good = Some(last);
            fresh.is_down = false;
        }
    }

    /// The score of a follower at the last flush.
    pub fn score(&self, follower: InstanceId) -> i64 {
        self.saved.get(&follower).map_or(SCORE_START, |saved| saved.score)
    }

    /// Whether an inbox was bad in the last finished job.
    pub fn was_bad(&self, inbox: InstanceId) -> bool {
        self.bad.binary_search(&inbox).is_ok()
    }

    /// Whether any inbox was bad in the last finished job.
    pub fn any_bad(&self) -> bool {
        !self.bad.is_empty()
    }

    /// Saves what was counted and says who is given up: a finding per follower heard of since the last flush, with
    /// `SevenDays` also per follower that is down, in ascending order. Who is given up is forgotten.
    pub fn flush(&mut self, now: Time, rule: HealthRule) -> Vec<HealthFinding> {
        self.settle();
        let mut fresh = std::mem::take(&mut self.fresh);
        for (follower, &fresh) in fresh.iter() {
            self.saved.entry(follower).or_insert_with(Saved::new).add(fresh);
        }
        let mut findings = Vec::new();
        for (&follower, saved) in &self.saved {
            let heard = fresh.get_mut(follower).copied();
            if heard.is_some() || (rule == HealthRule::SevenDays && saved.is_down) {
                let Fresh { good, bad, .. } = heard.unwrap_or_default();
                let removed = saved.is_given_up(now, rule);
                findings.push(HealthFinding { follower, good, bad, score: saved.score, removed });
            }
        }
        for finding in findings.iter().filter(|finding| finding.removed) {
            self.saved.remove(&finding.follower);
            self.bad.retain(|&inbox| inbox != finding.follower);
        }
        findings
    }

    /// The process is gone, and with it what was in memory.
    pub fn restart(&mut self) {
        self.fresh.clear();
        self.all_good = None;
        self.bad.clear();
    }
}

impl Saved {
    fn new() -> Saved {
        Saved { score: SCORE_START, last_good: None, first_bad: None, is_down: false }
    }

    fn add(&mut self, fresh: Fresh) {
        let steps = i64::try_from(fresh.good).unwrap_or(i64::MAX).saturating_sub_unsigned(fresh.bad);
        self.score = self.score.saturating_add(steps.saturating_mul(SCORE_STEP)).min(SCORE_MAX);
        self.last_good = fresh.last_good.or(self.last_good);
        self.first_bad = self.first_bad.or(fresh.first_bad);
        self.is_down = fresh.is_down;
    }

    fn is_given_up(&self, now: Time, rule: HealthRule) -> bool {
        match rule {
            HealthRule::Off => false,
            HealthRule::Score => self.score < 0,
            HealthRule::SevenDays => {
                let since = self.last_good.or(self.first_bad);
                self.is_down && since.is_some_and(|since| now.since(since) >= DOWN_MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: InstanceId = InstanceId(3);
    const B: InstanceId = InstanceId(7);
    const HOUR: Span = Span::from_secs(3_600);

    const fn hour(number: u64) -> Time {
        Time::from_ms(number * 3_600_000)
    }

    /// The hours at whose flush A is given up, if in each hour it has so many good and then so many bad deliveries.
    fn removed(rule: HealthRule, hours: u64, deliveries: impl Fn(u64) -> (u64, u64)) -> Vec<u64> {
        let mut health = FollowHealth::new();
        let mut removed = Vec::new();
        for number in 0..hours {
            let (good, bad) = deliveries(number);
            (0..good).for_each(|_| health.job_finished(hour(number), &[A], &[]));
            (0..bad).for_each(|_| health.job_finished(hour(number), &[], &[A]));
            let findings = health.flush(hour(number) + HOUR, rule);
            removed.extend(findings.iter().any(|finding| finding.removed).then_some(number));
        }
        removed
    }

    #[test]
    fn a_score_falls_from_a_thousand_by_tens() {
        let one_bad = |_| (0, 1);
        // 100 bad deliveries leave 0, the next one is too much; then it is forgotten and begins again
        assert_eq!(removed(HealthRule::Score, 250, one_bad), [100, 201]);
        assert_eq!(removed(HealthRule::Off, 250, one_bad), [0; 0]);
        // applied in total: 60 good ones cover 60 bad ones in the same hour
        assert_eq!(removed(HealthRule::Score, 1_000, |_| (60, 60)), [0; 0]);
        assert_eq!(removed(HealthRule::Score, 2, |_| (0, 101)), [0, 1]);
        assert_eq!(removed(HealthRule::Score, 2, |_| (0, 100)), [1]);
    }

    #[test]
    fn a_score_has_a_cap() {
        // 2,000 good deliveries are not remembered beyond the cap: 1,001 bad ones undo them
        let then_bad = |bad| move |number| if number == 0 { (2_000, 0) } else { (0, bad) };
        assert_eq!(removed(HealthRule::Score, 2, then_bad(1_001)), [1]);
        assert_eq!(removed(HealthRule::Score, 2, then_bad(1_000)), [0; 0]);
    }

    #[test]
    fn seven_days_without_a_good_delivery_are_the_end() {
        // bad since hour 0: over at the flush at the end of hour 167
        assert_eq!(removed(HealthRule::SevenDays, 200, |number| (0, u64::from(number < 3))), [167]);
        // the last good one was in hour 5
        let good_until_5 = |number| if number <= 5 { (1, 0) } else { (0, 1) };
        assert_eq!(removed(HealthRule::SevenDays, 200, good_until_5), [172]);
        // nothing sent is not down; one good delivery at the end saves it
        assert_eq!(removed(HealthRule::SevenDays, 500, |number| (u64::from(number == 0), 0)), [0; 0]);
        let saved = |number| if number % 167 == 166 { (1, 0) } else { (0, 1) };
        assert_eq!(removed(HealthRule::SevenDays, 1_000, saved), [0; 0]);
    }

    #[test]
    fn findings_are_of_those_heard_of_and_of_those_down() {
        let mut health = FollowHealth::new();
        health.job_finished(hour(0), &[B], &[A]);
        let follower = |finding: &HealthFinding| (finding.follower, finding.good, finding.bad, finding.score);
        let findings = health.flush(hour(1), HealthRule::SevenDays);
        assert_eq!(findings.iter().map(follower).collect::<Vec<_>>(), [(A, 0, 1, 990), (B, 1, 0, 1_010)]);
        let findings = health.flush(hour(2), HealthRule::SevenDays);
        assert_eq!(findings.iter().map(follower).collect::<Vec<_>>(), [(A, 0, 0, 990)]);
        assert!(health.flush(hour(3), HealthRule::Score).is_empty());
    }

    #[test]
    fn bad_inboxes_are_those_of_the_last_job() {
        let mut health = FollowHealth::new();
        assert!(!health.any_bad());
        health.job_finished(hour(0), &[], &[B, A]);
        assert!(health.any_bad() && health.was_bad(A) && health.was_bad(B) && !health.was_bad(InstanceId(5)));
        health.job_finished(hour(0), &[A], &[B]);
        assert!(!health.was_bad(A) && health.was_bad(B));
        health.job_finished(hour(0), &[], &[]);
        assert!(!health.any_bad());
    }

    #[test]
    fn a_restart_loses_what_was_not_saved() {
        let mut health = FollowHealth::new();
        health.job_finished(hour(0), &[], &[A]);
        health.flush(hour(1), HealthRule::Score);
        health.job_finished(hour(1), &[], &[A, B]);
        health.restart();
        assert!(!health.any_bad());
        assert!(health.flush(hour(2), HealthRule::Score).is_empty());
        health.job_finished(hour(2), &[A], &[]);
        assert_eq!(health.flush(hour(3), HealthRule::Score)[0].score, 1_000);
    }

    proptest! {
        /// A job to all is what it is to each of them.
        #[test]
        fn a_broadcast_is_noted_as_a_job(
            jobs in proptest::collection::vec((0usize..3, proptest::collection::btree_set(0u32..4, 0..2), any::<bool>()), 0..60),
        ) {
            let ids = |numbers: &[u32]| numbers.iter().copied().map(InstanceId).collect::<Vec<_>>();
            let lists: [Arc<[InstanceId]>; 3] = [&[0, 1, 2, 3][..], &[1, 3], &[2]].map(|list| ids(list).into());
            let (mut one, mut other) = (FollowHealth::new(), FollowHealth::new());
            for (number, (list, bad, flushes)) in (0u64..).zip(&jobs) {
                let to = &lists[*list];
                let (bad, good): (Vec<_>, Vec<_>) = to.iter().partition(|id| bad.contains(&id.0));
                one.broadcast_finished(hour(number), to, &bad);
                other.job_finished(hour(number), &good, &bad);
                prop_assert_eq!(one.any_bad(), other.any_bad());
                if *flushes || number + 1 == jobs.len() as u64 {
                    let found = one.flush(hour(number), HealthRule::SevenDays);
                    prop_assert_eq!(found, other.flush(hour(number), HealthRule::SevenDays));
                }
            }
        }

        /// Nothing is counted twice or lost, and a score is what its steps give.
        #[test]
        fn findings_conserve_deliveries(
            jobs in proptest::collection::vec((0u32..4, any::<bool>(), any::<bool>()), 0..300),
        ) {
            let mut health = FollowHealth::new();
            let (mut scores, mut good, mut bad) = ([1_000i64; 4], 0, 0);
            for (number, (follower, is_good, flushes)) in jobs.iter().enumerate() {
                let ids = [InstanceId(*follower)];
                let none: &[InstanceId] = &[];
                let (of_good, of_bad) = if *is_good { (&ids[..], none) } else { (none, &ids[..]) };
                health.job_finished(hour(number as u64), of_good, of_bad);
                scores[*follower as usize] += if *is_good { 10 } else { -10 };
                if *flushes || number + 1 == jobs.len() {
                    for finding in health.flush(hour(number as u64), HealthRule::Off) {
                        good += finding.good;
                        bad += finding.bad;
                        prop_assert_eq!(finding.score, scores[finding.follower.index()]);
                    }
                }
            }
            let expected = jobs.iter().filter(|job| job.1).count() as u64;
            prop_assert_eq!((good, bad), (expected, jobs.len() as u64 - expected));
        }
    }
}
