//! Near decisions are found where they are planted and nowhere else.

use super::cells::{Change, PLAIN, cell};
use fedisim::foundation::units::Span;
use fedisim::parity::{NearDecisions, decisions};
use std::sync::atomic::AtomicBool;

pub(super) fn near(change: &Change<'_>, margin_ms: u64) -> NearDecisions {
    decisions(&cell(change), Span::from_ms(margin_ms), &AtomicBool::new(false))
}

/// The decisions, one per line.
pub(super) fn lines(decisions: &NearDecisions) -> String {
    let lines: Vec<String> = decisions.first.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len() as u64, decisions.count.min(20));
    lines.join("\n")
}

#[test]
fn heartbeats_of_five_seconds_tie_with_ninety_and_others_do_not() {
    let sessions = "{instance: near, start: 3100 ms, watch: 100 s}";
    for protocol in ["v1", "peertube-6.3-v2", "v2"] {
        let tied = near(&Change { protocol, heartbeat: "5 s", sessions, ..PLAIN }, 40);
        let expected =
            "near at 93100.0 ms: heartbeat 18 of visit 0 comes just in time to send what it sends (0.0 ms)";
        assert_eq!(lines(&tied), expected, "{protocol}");
        assert_eq!(lines(&near(&Change { protocol, sessions, ..PLAIN }, 40)), "", "{protocol}");
    }
    // v3 sends no viewers, so their age decides nothing
    assert_eq!(lines(&near(&Change { protocol: "v3", heartbeat: "5 s", sessions, ..PLAIN }, 40)), "");
}

#[test]
fn a_message_just_before_a_tick_that_sends_totals_is_near() {
    // sent at 49.949 s, it arrives 1 ms before the origin's tick
    let sessions = "{instance: near, start: 49949 ms, watch: 4 s}";
    let found = near(&Change { sessions, ..PLAIN }, 40);
    assert_eq!(
        lines(&found),
        "origin at 49999.0 ms: the View of heartbeat 0 of visit 0 comes just before tick 0; \
         in the other order tick 0 would send 0 activities, not 1 (1.0 ms)"
    );
    // without totals the tick before or after it shows the same
    assert_eq!(lines(&near(&Change { sessions, protocol: "v1", ..PLAIN }, 40)), "");
    let sessions = "{instance: near, start: 49900 ms, watch: 4 s}";
    assert_eq!(lines(&near(&Change { sessions, ..PLAIN }, 40)), "");
    // just after the tick
    let sessions = "{instance: near, start: 49960 ms, watch: 4 s}";
    let found = near(&Change { sessions, ..PLAIN }, 40);
    assert!(
        lines(&found).starts_with("origin at 50000.0 ms: tick 0 comes just before the View"),
        "{}",
        lines(&found)
    );
}

#[test]
fn an_expiry_near_a_tick_is_near() {
    // the last heartbeat at 49.98 s: the entry expires 20 ms before the tick at 170 s
    let sessions = "{instance: origin, start: 49980 ms, watch: 3 s}";
    for protocol in ["v1", "v2"] {
        let found = near(&Change { sessions, protocol, ..PLAIN }, 40);
        assert!(lines(&found).contains("origin at 170000.0 ms: "), "{}", lines(&found));
        assert!(lines(&found).contains("(20.0 ms)"), "{}", lines(&found));
    }
    assert_eq!(lines(&near(&Change { sessions, protocol: "v1", ..PLAIN }, 15)), "");
    // with ticks at one time a total expires at the tick of its receiver, but both are exact
    let more = &[("tick_phase: 60 s", "tick_phase: 50 s")];
    assert_eq!(lines(&near(&Change { more, ..PLAIN }, 40)), "");
}

/// Under 6.3 with V2 a follower counts each forwarded viewer as a total.
#[test]
fn a_total_and_a_forwarded_viewer_that_arrive_together_are_near() {
    // The tick's total reaches far at 50.05 s, the viewer of near by way of the origin at 50.06 s. Two more watch at the origin.
    let sessions = "{instance: origin, start: 1 s, watch: 100 s}, {instance: origin, start: 2 s, watch: 100 s}, \
                    {instance: near, start: 49960 ms, watch: 4 s}";
    let change = Change { protocol: "peertube-6.3-v2", sessions, ..PLAIN };
    let found = lines(&near(&change, 40));
    let expected = "far at 50050.0 ms: the total of tick 0 of instance 0 comes just before the View of heartbeat 0 of visit 2; \
                    in the other order the sample at 54000 ms would show 2 (10.0 ms)";
    assert!(found.contains(expected), "{found}");
    // from 8.0 on a forwarded viewer does not count
    for protocol in ["peertube-8.0", "peertube-8.2.4"] {
        let found = lines(&near(&Change { protocol, ..change }, 40));
        assert!(!found.contains("far at"), "{protocol}: {found}");
    }
    // without totals each counts one
    let found = lines(&near(&Change { protocol: "v1", ..change }, 40));
    assert!(!found.contains("far at"), "{found}");
}

#[test]
fn what_is_decided_outside_of_instances_is_found() {
    let sessions = "{instance: near, start: 30 s, watch: 4 s}, {instance: far, start: 31 s, watch: 4 s}";
    let with = |old: &str, new: &str| {
        let more = &[(old, new)];
        lines(&near(&Change { sessions, more, ..PLAIN }, 40))
    };
    assert_eq!(with("FAULTS", ""), "");
    // it leaves 20 ms before the link is cut
    let found = with("FAULTS", "{partition: [[origin], [near]], at: 30.02 s, for: 5 s}");
    assert!(
        found.contains("near at 30000.0 ms: the View of heartbeat 0 of visit 0, near -> origin passes near"),
        "{found}"
    );
    // another link is cut, or the cut is later
    assert_eq!(with("FAULTS", "{partition: [[origin], [far]], at: 30.02 s, for: 500 ms}"), "");
    assert_eq!(with("FAULTS", "{partition: [[origin], [near]], at: 30.1 s, for: 5 s}"), "");
    // its receiver goes down 30 ms after it arrives, or is up again 20 ms before
    let found = with("FAULTS", "{down: [origin], at: 30.08 s, for: 500 ms}");
    assert!(found.contains("near -> origin passes near"), "{found}");
    let found = with("FAULTS", "{down: [origin], at: 29 s, for: 1.03 s}");
    assert!(found.contains("near -> origin passes near"), "{found}");
    // the run ends just after it arrives, or just before
    for end in ["end: 30070 ms", "end: 30030 ms", "end: 29990 ms"] {
        let found = with("end: 200 s", end);
        assert!(found.contains("near the end of the run") == (end != "end: 29990 ms"), "{end}: {found}");
    }
}

#[test]
fn a_heartbeat_near_the_stop_of_its_instance_is_near_if_it_matters() {
    let with = |fault: &str| {
        let sessions = "{instance: near, start: 30 s, watch: 4 s}";
        let more = &[("FAULTS", fault)];
        lines(&near(&Change { protocol: "peertube-9.0-dev", sessions, more, ..PLAIN }, 40))
    };
    let found = with("{restart: [near], at: 30.01 s, startup: 3 s}");
    assert!(found.contains("heartbeat 0 of visit 0 comes just before the stop"), "{found}");
    let found = with("{restart: [near], at: 29.97 s, startup: 3 s}");
    assert!(found.contains("the stop comes just before heartbeat 0 of visit 0"), "{found}");
    assert_eq!(with("{restart: [near], at: 29 s, startup: 500 ms}"), "");
}

/// The queue of forwards has one slot, so the second waits until the first has ended.
#[test]
fn two_forwards_that_enter_a_queue_together_are_near() {
    let sessions = "{instance: near, start: 30 s, watch: 4 s}, {instance: far, start: 30.02 s, watch: 4 s}";
    let more = &[("delivery: unlimited", "delivery: peertube")];
    let found = near(&Change { protocol: "peertube-8.0", sessions, more, ..PLAIN }, 40);
    assert!(lines(&found).contains("two jobs enter its sequential queue"), "{}", lines(&found));
    // from 8.2 on they need not wait
    let found = near(&Change { protocol: "peertube-8.2.4", sessions, more, ..PLAIN }, 40);
    assert_eq!(lines(&found), "");
}
