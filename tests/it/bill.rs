//! The bill: what crosses the links of whom, against what was worked out by hand.

use super::cells::{count as metric, run_in_both, scenario};
use fedisim::metrics::traffic::{Direction, TrafficRow};
use fedisim::runs::cell::CellResult;

/// An origin whose other jobs go to one follower, one per second.
const BACKGROUND: &str = "
name: background
description: jobs for one follower
end: 1 h
compare: [{name: mine, protocol: v1, delivery: mine}]
deliveries: {mine: {base: peertube, rate_limit: \"off\"}}
protocols: {}
instances: {origin: {capacity: {uplink: 1 Mbit/s}}, followers: {count: 1}}
videos: {clip: {origin: origin, length: live}}
viewers: []
network: {latency: {constant: 30 ms}}
other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 1 /s}]}
";

/// One queue for a follower, whatever failed before.
const ONE_QUEUE: [&str; 2] = [
    "protocols={one-queue: {base: v1, bad_inbox: broadcast}}",
    "compare=[{name: mine, protocol: one-queue, delivery: mine}]",
];

fn run(text: &str, set: &[&str]) -> CellResult {
    run_in_both(&scenario(text, set))
}

/// After reports of ESOCKETTIMEDOUT and of dead followers: a host without a connection gets no byte of HTTP. Refused: each
/// attempt is a SYN of 60 bytes and a reset of 40. Silent: the SYN alone.
#[test]
fn a_host_without_a_connection_gets_no_byte_of_http() {
    for (how, answer_bytes) in [("refused", 40), ("silent", 0)] {
        for delivery in ["transport: counted", "transport: ignored"] {
            let result = run(
                BACKGROUND,
                &[
                    &format!("faults=[{{down: [followers], how: {how}}}]"),
                    &format!("deliveries.mine={{base: peertube, {delivery}}}"),
                ],
            );
            let attempts = metric(&result, "other_messages_sent");
            assert!(attempts > 1_000, "{attempts}");
            let is_counted = u64::from(delivery == "transport: counted");
            let expected = [0, 0, attempts * 60 * is_counted, attempts * answer_bytes * is_counted];
            let found = [
                "other_bytes_sent",
                "payer_without_viewers_bytes_in",
                "payer_origin_bytes_out",
                "payer_origin_bytes_in",
            ]
            .map(|name| metric(&result, name));
            assert_eq!(found, expected, "{how} {delivery}");
            assert_eq!(metric(&result, "bytes_attempted") % attempts, 0);
            assert!(metric(&result, "bytes_attempted") > 1_000 * attempts);
        }
    }
}

/// A receiver that refuses for the rate has read the whole request, and answers.
#[test]
fn what_is_refused_after_reading_is_paid_by_both() {
    // on kept connections some would be lost, for a receiver closes those that are idle
    let set = [
        "deliveries.mine={base: peertube, transport: ignored, keep_alive: off, rate_limit: {requests: 1, per: 10 s}}",
    ];
    let result = run(BACKGROUND, &set);
    let [sent, delivered, refused] =
        ["other_messages_sent", "messages_delivered", "messages_refused"].map(|name| metric(&result, name));
    assert!(refused > delivered && delivered > 50, "{refused} refused, {delivered} delivered");
    assert_eq!(sent, delivered + refused);
    let names =
        ["other_bytes_sent", "payer_origin_bytes_out", "payer_without_viewers_bytes_in", "bytes_attempted"];
    let bytes = names.map(|name| metric(&result, name));
    assert_eq!(bytes, [bytes[0]; 4]);
    let answers = ["response_bytes", "payer_origin_bytes_in", "payer_without_viewers_bytes_out"];
    let answers = answers.map(|name| metric(&result, name));
    assert_eq!(answers, [answers[0]; 3]);
}

/// From 30 min on nothing comes back from the follower, or 8 s late: until then the origin has kept a connection, so that one request
/// or a few arrive and are answered. The follower pays for these answers. The origin gets none of those that are lost, and all of
/// those that are late, though it has stopped waiting after 7 s: they cross its link. On a new connection nothing of HTTP follows.
#[test]
fn who_answers_pays_and_who_asks_gets_what_arrives() {
    const HALF_NS: u64 = 1_800 * 1_000_000_000;
    for (fault, arrives) in [("loss: 100 %", 0), ("latency: 8 s", 1)] {
        let result = run(
            BACKGROUND,
            &[
                &format!("faults=[{{{fault}, from: [followers], to: [origin], at: 30 min}}]"),
                "deliveries.mine={base: peertube, rate_limit: off, keep_alive: 2 min}",
                "measure={every: 10 min, bucket: 10 min}",
            ],
        );
        // requests that were taken, answers at the follower, answers at the origin
        let of = |is_after: bool| {
            let rows = result.observed.traffic.iter().filter(|row| (row.start_ns >= HALF_NS) == is_after);
            rows.fold([0, 0, 0], |[taken, paid, got], TrafficRow { direction, sums, .. }| match direction {
                Direction::In => [taken + sums.messages, paid + sums.response_bytes, got],
                Direction::Out => [taken, paid, got + sums.response_bytes],
            })
        };
        let [before, after] = [false, true].map(of);
        let answer = before[1] / before[0];
        assert!(before[0] > 1_500 && answer > 300, "{before:?}");
        assert_eq!(before, [before[0], before[0] * answer, before[0] * answer]);
        assert!((1..10).contains(&after[0]), "{after:?}");
        assert_eq!(after, [after[0], after[0] * answer, after[0] * answer * arrives], "{fault}");
        assert_eq!(metric(&result, "messages_delivered"), before[0] + after[0]);
        assert_eq!(metric(&result, "response_bytes"), (before[0] + after[0]) * answer);
        let ends = ["payer_without_viewers_answer_bytes_out", "payer_origin_answer_bytes_in"];
        assert_eq!(ends.map(|name| metric(&result, name)), [before[1] + after[1], before[2] + after[2]]);
    }
}

/// An answer that refuses ends no connection: of a queue that makes one request at a time, all go out on one, which costs one
/// handshake of 480 bytes up and 3,359 down with TLS.
#[test]
fn a_refusal_with_an_answer_keeps_the_connection() {
    let limit = "{requests: 1, per: 10 s}";
    for (faults, limit, refused_by) in [
        ("[]", limit, "rate"),
        ("[{blocked: [origin], by: [followers]}]", "off", "blocked"),
        ("[{clock: [origin], ahead: 2 h}]", "off", "date"),
        ("[{down: [followers], how: gone}]", "off", "gone"),
        ("[{down: [followers], how: bad-gateway}]", "off", "gateway"),
    ] {
        let result = run(
            BACKGROUND,
            &[
                ONE_QUEUE[0],
                ONE_QUEUE[1],
                &format!("faults={faults}"),
                &format!(
                    "deliveries.mine={{base: peertube, health: off, rate_limit: {limit}, keep_alive: 2 min}}"
                ),
            ],
        );
        let refused = metric(&result, &format!("messages_refused_{refused_by}"));
        assert!(
            refused > 3_000 && refused + 400 > metric(&result, "other_messages_sent"),
            "{faults}: {refused}"
        );
        let sent: Vec<_> =
            result.observed.traffic.iter().filter(|row| row.direction == Direction::Out).collect();
        let tls = |read: fn(&TrafficRow) -> u64| sent.iter().map(|row| read(row)).sum::<u64>();
        assert_eq!(
            [tls(|row| row.sums.tls_up_bytes), tls(|row| row.sums.tls_down_bytes)],
            [480, 3_359],
            "{faults}"
        );
    }
    // without a connection there is nothing to keep
    for how in ["refused", "silent"] {
        let fault = format!("faults=[{{down: [followers], how: {how}, at: 30 min, for: 10 min}}]");
        let result = run(
            BACKGROUND,
            &[
                ONE_QUEUE[0],
                ONE_QUEUE[1],
                &fault,
                "deliveries.mine={base: peertube, health: off, keep_alive: 2 min}",
            ],
        );
        let up: u64 = result.observed.traffic.iter().map(|row| row.sums.tls_up_bytes).sum();
        assert_eq!(up, 2 * 2 * 480, "{how}: one before, one after, at both ends");
    }
}

/// What an instance sends somebody receives, unless it is lost; and the payers together are the rows of traffic.
#[test]
fn payers_together_are_the_traffic() {
    for set in [
        &["faults=[{loss: 30 %, from: [origin], to: [followers]}]"][..],
        &["faults=[{down: [followers], at: 10 min, for: 10 min, how: refused}]"],
        &["instances.origin.capacity={uplink: 30 kbit/s}"],
        &["delivery=unlimited", "compare=[v1]"],
    ] {
        let result = run(BACKGROUND, set);
        let sum = |ends: [fn(&TrafficRow) -> u64; 2]| {
            let rows = result.observed.traffic.iter();
            rows.map(|row| ends[usize::from(row.direction == Direction::In)](row)).sum::<u64>()
        };
        let classes = ["origin", "with_viewers", "without_viewers", "not_peertube"];
        let payers = |what: &str| -> u64 {
            classes.map(|class| metric(&result, &format!("payer_{class}_bytes_{what}"))).into_iter().sum()
        };
        let up = |row: &TrafficRow| row.sums.request_bytes() + row.sums.transport_up_bytes();
        let down = |row: &TrafficRow| row.sums.response_bytes + row.sums.transport_down_bytes();
        let (out, received) = (sum([up, down]), sum([down, up]));
        assert_eq!((payers("out"), payers("in")), (out, received), "{set:?}");
        assert!(out >= received || set[0].contains("down"), "{set:?}: {out} out, {received} in");
    }
}
