//! How players report, in exact small cases: what is sent for visits that are written down, in both engines.

use super::cells::{all_in_both, scenario, value};
use fedisim::runs::cell::CellResult;

/// Four visits of a follower's people, with heartbeats at 0, 5, 10, ... s. The origin has no other follower, so it forwards
/// nothing.
const FOUR: &str = "
name: four
description: visits of 9, 12, 31 and 100 s
end: 5 min
compare: [peertube-6.0, peertube-6.3-v1]
instances: {origin: {}, follower: {}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - video: stream
    sessions:
      - {instance: follower, start: 0 s, watch: 9 s}
      - {instance: follower, start: 0 s, watch: 12 s}
      - {instance: follower, start: 0 s, watch: 31 s}
      - {instance: follower, start: 0 s, watch: 100 s}
network: {latency: {constant: 100 ms}}
";

/// Two visits of a follower's people that overlap.
const TWO: &str = "
name: two
description: visits from 0 s and from 10 s, both until 200 s
end: 5 min
compare: [peertube-6.0, peertube-6.3-v1]
instances: {origin: {}, follower: {}}
videos: {stream: {origin: origin, length: live}}
viewers:
  - video: stream
    sessions:
      - {instance: follower, start: 0 s, watch: 200 s}
      - {instance: follower, start: 10 s, watch: 190 s}
network: {latency: {constant: 100 ms}}
measure: {every: 30 s, from: 15 s}
";

/// Of each column: single viewers and plain views that were sent.
fn sent(text: &str, set: &[&str]) -> Vec<[String; 2]> {
    values(text, set, ["sent_messages_viewer", "sent_messages_plain"])
}

/// Of each column: some metrics.
fn values<const N: usize>(text: &str, set: &[&str], names: [&str; N]) -> Vec<[String; N]> {
    let of = |cell: &CellResult| names.map(|name| value(cell, name).to_owned());
    all_in_both(&scenario(text, set)).iter().map(of).collect()
}

#[test]
fn by_default_a_player_reports_at_once_and_the_release_says_when_a_view_counts() {
    // each visit is sent once, that of 100 s again at 90 s; 30 s of watching count up to 6.0, 10 s from 6.1 on
    assert_eq!(sent(FOUR, &[]), [["5", "2"], ["5", "3"]]);
}

#[test]
fn before_its_first_heartbeat_nobody_knows_of_a_visit() {
    // that of 9 s is never seen, that of 100 s would be sent again at 100 s, when it is over; the instance knows of 0, 20
    // and 85 s of watching
    let late = "viewers.0.first_heartbeat_after=10 s";
    assert_eq!(sent(FOUR, &[late]), [["3", "1"], ["3", "2"]]);
    assert_eq!(sent(FOUR, &["viewers.0.first_heartbeat_after=100 s"]), [["0", "0"], ["0", "0"]]);
}

#[test]
fn a_crowd_may_say_when_its_views_count() {
    // at the heartbeat 5 s after the start, which all four visits have
    assert_eq!(sent(FOUR, &["viewers.0.view_after=3 s"]), [["5", "4"], ["5", "4"]]);
    // half of a short video is enough, whatever the crowd says
    let short = ["viewers.0.view_after=1 min", "videos={stream: {origin: origin, length: 1 min}}"];
    assert_eq!(sent(FOUR, &short), [["5", "2"], ["5", "2"]]);
}

#[test]
fn two_viewers_behind_one_address_are_one_before_6_1() {
    // at 0, 90 and 180 s the first, at 10, 100 and 190 s the second; after 30 and 10 s of watching a view of each
    assert_eq!(sent(TWO, &[]), [["6", "2"], ["6", "2"]]);
    // behind one address: the first heartbeat of either that is 90 s after the last sending, and one view an hour
    let behind = "viewers.0.behind_one_address=100 %";
    assert_eq!(sent(TWO, &[behind]), [["3", "1"], ["6", "2"]]);
    // what the follower shows of its own people while both are there
    let shown = values(TWO, &[behind, "end=150 s"], ["followers_displayed_mean", "viewers_mean"]);
    assert_eq!(shown, [["1", "2"], ["2", "2"]]);
}

#[test]
fn an_address_is_one_crowds_at_one_instance() {
    let behind = "viewers.0.behind_one_address=100 %";
    let apart = "viewers.0.sessions.1.instance=origin";
    // the origin's viewer goes to the follower three times
    assert_eq!(sent(TWO, &[behind, apart])[0], ["6", "2"]);
}

#[test]
fn an_upgrade_to_6_1_tells_them_apart() {
    // before it Views at 0 and 90 s and a view of one address; its process starts anew, so both are sent at 100 and 190 s, and the
    // second one's session has made no view yet
    let sets = [
        "viewers.0.behind_one_address=100 %",
        "faults=[{restart: [follower], at: 100 s, startup: 0 s, protocol: peertube-6.3-v1}]",
    ];
    assert_eq!(sent(TWO, &sets)[0], ["6", "2"]);
}
