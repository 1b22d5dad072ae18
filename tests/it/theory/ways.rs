//! Both directions: the throughput of a queue that sends one request at a time, and planted errors.
//!
//! Row 22 of the closed forms: on a kept connection a request takes one way there and one back, on a new one a round trip more
//! for TCP and another one for TLS. Nothing else takes time here, and the queue is never empty, so the gap between two
//! deliveries is the formula to the microsecond, and the count of an hour is off by the first request at most.

use fedisim::event::Message;
use fedisim::foundation::units::{Span, Time};
use fedisim::observe::Observer;
use fedisim::runs::cell::{build_cell, plan};
use fedisim::scenario::{Changes, Failure, Input, parse};
use fedisim::sim;
use std::sync::atomic::AtomicBool;

/// When requests were delivered.
#[derive(Default)]
struct Delivered(Vec<Time>);

impl Observer for Delivered {
    fn delivered(&mut self, now: Time, _message: &Message) {
        self.0.push(now);
    }
}

/// A queue: its latencies in ms, its connections, the scheme, and how many times it goes there and back for one request.
struct Case {
    there_ms: u64,
    back_ms: u64,
    keep_alive: &'static str,
    scheme: &'static str,
    round_trips: u64,
}

const CASES: [Case; 6] = [
    // 200 ms there, 10 ms back: 8,571 in 30 min, not the 4,498 of twice the way there
    Case { there_ms: 200, back_ms: 10, keep_alive: "90 s", scheme: "https", round_trips: 1 },
    Case { there_ms: 10, back_ms: 200, keep_alive: "90 s", scheme: "https", round_trips: 1 },
    Case { there_ms: 40, back_ms: 40, keep_alive: "90 s", scheme: "http", round_trips: 1 },
    Case { there_ms: 200, back_ms: 10, keep_alive: "off", scheme: "http", round_trips: 2 },
    Case { there_ms: 10, back_ms: 70, keep_alive: "off", scheme: "https", round_trips: 3 },
    Case { there_ms: 35, back_ms: 35, keep_alive: "off", scheme: "https", round_trips: 3 },
];

impl Case {
    /// Row 22: the time of one request.
    fn gap(&self) -> Span {
        Span::from_ms(self.there_ms + self.back_ms) * self.round_trips
    }

    /// The deliveries of 30 min in which the queue never runs empty. `turned` exchanges the two ways in the network.
    fn deliveries(&self, is_turned: bool) -> Vec<Time> {
        let Case { there_ms, back_ms, keep_alive, scheme, .. } = self;
        let (from, to) = if is_turned { ("follower", "origin") } else { ("origin", "follower") };
        let text = format!(
            "
name: one-at-a-time
description: a queue per destination, one request at once
end: 30 min
compare: [{{name: here, protocol: v1, delivery: alone}}]
baseline: here
deliveries:
  alone: {{base: lemmy, keep_alive: \"{keep_alive}\", json_ld_sign: 0 s, json_ld_verify: 0 s, inbox: 0 s, verify: 0 s,
    sign: 0 s, rate_limit: off}}
instances: {{origin: {{}}, follower: {{software: other}}}}
videos: {{clip: {{origin: origin, length: live}}}}
viewers: []
names: {{scheme: {scheme}}}
network:
  latency: {{constant: {back_ms} ms}}
  links: [{{from: {from}, to: {to}, latency: {{constant: {there_ms} ms}}}}]
other_traffic: {{updates: off, watch_actions: off, background: [{{video: clip, rate: 30 /s}}]}}
"
        );
        let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
        let input = Input { file: "test", bytes: text.as_bytes(), stem: None, data: &no_data };
        let scenario = parse(&input, &Changes::default(), &[])
            .unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)));
        let mut delivered = Delivered::default();
        sim::run(&build_cell(&scenario, &plan(&scenario)[0]), &mut delivered, &AtomicBool::new(false));
        delivered.0
    }

    /// Whether deliveries are as far apart as the formula says, and as many.
    fn holds(&self, deliveries: &[Time], gap: Span) -> bool {
        // the first may open the connection
        let gaps = deliveries.windows(2).skip(1);
        let expected = Span::from_secs(1_800).ns() / gap.ns();
        gaps.clone().count() > 100
            && gaps.clone().all(|pair| pair[1].since(pair[0]) == gap)
            && expected.abs_diff(deliveries.len() as u64) <= 4
    }
}

#[test]
fn a_queue_of_one_request_at_a_time_waits_for_both_ways() {
    for (number, case) in CASES.iter().enumerate() {
        let deliveries = case.deliveries(false);
        assert!(case.holds(&deliveries, case.gap()), "{number}: {} for {}", deliveries.len(), case.gap());
        // planted errors in the formula: the way there twice, the way back twice, one way alone, a round trip too few or too many
        let ways = |there_ms, back_ms| Span::from_ms(there_ms + back_ms) * case.round_trips;
        let one = Span::from_ms(case.there_ms + case.back_ms);
        let wrong = [
            ways(case.there_ms, case.there_ms),
            ways(case.back_ms, case.back_ms),
            ways(case.there_ms, 0),
            ways(0, case.back_ms),
            one * (case.round_trips + 1),
            one * (case.round_trips - 1).max(1),
        ];
        for gap in wrong.into_iter().filter(|gap| *gap != case.gap()) {
            assert!(!case.holds(&deliveries, gap), "{number}: {gap} is not refused");
        }
        // planted error in the model: without its own law for the way back both ways are as long as that there
        if case.there_ms != case.back_ms {
            let model = Case { back_ms: case.there_ms, ..*case };
            assert!(!case.holds(&model.deliveries(false), case.gap()), "{number}: one latency for both ways");
            // what is as long in both directions together takes as long, turned around
            assert!(case.holds(&case.deliveries(true), case.gap()), "{number}: turned around");
        }
    }
}
