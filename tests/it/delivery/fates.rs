//! What becomes of activities, however many requests are made for each, in small exact cases.

use super::presets::per_second;
use super::*;
use fedisim::mechanism::fate::{Fate, Fates, Reason};

/// The fates that are not zero, and the duplicates.
fn fates(ending: &Ending) -> (Vec<(Fate, u64)>, u64) {
    let fates: &Fates = &ending.fates;
    let reasons = Reason::ALL.map(Fate::GivenUp);
    let all = [Fate::Waiting, Fate::UnderWay, Fate::Retrying, Fate::Arrived].into_iter().chain(reasons);
    let counts = all.map(|fate| (fate, fates.count(fate))).filter(|(_, count)| *count > 0);
    (counts.collect(), fates.duplicates)
}

/// Two Views of the origin's own viewers for one follower. Each has three attempts, 10 s apart, on new connections; a sender
/// waits for 10 s.
fn two_views(figures: &str, end: &str, faults: &str) -> Ending {
    let retry = "retry: {schedule: [10 s], jitter: off, attempts: 3}";
    let figures = format!("base: mastodon, breaker: off, health: off, {retry}, {NO_CPU}{figures}");
    let sessions = "{instance: origin, start: 1 s, watch: 2 s}, {instance: origin, start: 2 s, watch: 2 s}";
    let rest = format!("other_traffic: {{updates: off, watch_actions: off}}\nfaults: [{faults}]");
    let rules = "base: peertube-6.3-v1, plain_views: none, connections: new, refederation_age: 1 h";
    small(&Small { end, rules, figures: &figures, sessions, rest: &rest, ..SMALL }).1
}

const SLOW: &str = "{slow: [follower], answer: 11 s}";
const GONE: &str = "{down: [follower], how: refused}";

/// Each request arrives, and its answer a second too late.
#[test]
fn what_arrived_stays_arrived_whatever_its_sender_believes() {
    let ending = two_views("", "2 min", SLOW);
    assert_eq!((ending.flow.created.messages, ending.flow.timed_out.messages), (6, 6));
    assert_eq!(fates(&ending), (vec![(Fate::Arrived, 2)], 4));
}

/// At 15 s both have failed once and wait until 21 and 22 s; at 21.5 s the first is tried again.
#[test]
fn an_activity_counts_once_however_often_it_is_tried() {
    let at = |end: &str| fates(&two_views("", end, "{down: [follower], how: silent}"));
    assert_eq!(at("5 s"), (vec![(Fate::UnderWay, 2)], 0));
    assert_eq!(at("15 s"), (vec![(Fate::Retrying, 2)], 0));
    assert_eq!(at("21500 ms"), (vec![(Fate::UnderWay, 1), (Fate::Retrying, 1)], 0));
    assert_eq!(at("2 min"), (vec![(Fate::GivenUp(Reason::Lost), 2)], 0));
    // with one worker the second waits for its first request until the first has timed out
    let one_worker = two_views(", workers: 1", "5 s", "{down: [follower], how: silent}");
    assert_eq!(fates(&one_worker), (vec![(Fate::Waiting, 1), (Fate::UnderWay, 1)], 0));
}

#[test]
fn what_is_given_up_says_why() {
    let given_up = |reason| (vec![(Fate::GivenUp(reason), 2)], 0);
    assert_eq!(fates(&two_views("", "2 min", GONE)), given_up(Reason::FailedConnect));
    let blocked = "{blocked: [origin], by: [follower]}";
    for (figures, attempts) in [("", 2), (", give_up_on: []", 6)] {
        let ending = two_views(figures, "2 min", blocked);
        assert_eq!(ending.flow.created.messages, attempts);
        assert_eq!(fates(&ending), given_up(Reason::Refused));
    }
    // back after one attempt each
    let back = two_views("", "2 min", "{down: [follower], for: 5 s, how: refused}");
    assert_eq!((fates(&back), back.flow.created.messages), ((vec![(Fate::Arrived, 2)], 0), 4));
}

/// The process stops at 1.5 s, when the first View is under way and will not be tried again, and the second never exists.
#[test]
fn a_process_that_stops_forgets_what_it_was_sending() {
    let faults = "{down: [follower], how: silent}, {down: [origin], at: 1500 ms, for: 1 s}";
    assert_eq!(fates(&two_views("", "2 min", faults)).0, [(Fate::GivenUp(Reason::ProcessStopped), 1)]);
    // what had arrived is not forgotten
    let faults = format!("{SLOW}, {{down: [origin], at: 1500 ms, for: 1 s}}");
    assert_eq!(fates(&two_views("", "2 min", &faults)), (vec![(Fate::Arrived, 1)], 0));
}

#[test]
fn a_breaker_that_holds_back_the_last_attempt_gives_up() {
    let down = "{down: [follower], at: 10 min, for: 30 min, how: refused}";
    let (_, ending) = per_second("base: mastodon, attempts: 1", "1 h", down);
    assert_eq!(ending.fates.count(Fate::GivenUp(Reason::CircuitOpen)), ending.flow.dropped.messages);
    assert!(ending.flow.dropped.messages > 1_000);
    // and with the attempts of the preset nothing is lost
    let (seen, ending) = per_second("base: mastodon", "2 h", down);
    let arrived = seen.delivered.len() as u64;
    assert_eq!((ending.fates.given_up(), ending.fates.count(Fate::Arrived)), (0, arrived));
}

/// A held queue goes on where it was; what was under way when its sender stopped may arrive twice.
#[test]
fn a_held_queue_loses_nothing() {
    let faults = "{down: [follower], at: 10 min, for: 10 min, how: silent}, {down: [origin], at: 15 min, for: 1 min}, \
                  {restart: [origin], at: 25 min, startup: 1 s}";
    let (seen, ending) = per_second("base: lemmy", "1 h", faults);
    let arrivals = seen.delivered.len() as u64;
    assert_eq!(ending.fates.given_up(), 0);
    assert_eq!(ending.fates.count(Fate::Arrived) + ending.fates.duplicates, arrivals);
    assert!(ending.fates.duplicates <= 1);
}
