//! What `compress` of a delivery does: fewer bytes, CPU time of the sender, and nothing else where nobody waits.

use super::cells::{run, scenario};
use fedisim::domain::delivery::Compress;
use fedisim::metrics::Observed;
use fedisim::metrics::traffic::{Direction, Sums};
use fedisim::runs::cell::Engine;

const SCENARIO: &str = "
name: compressed
description: an origin that broadcasts its viewers to two followers
end: {when: idle, at_most: 1 h}
compare: [peertube-6.3-v1]
delivery: mine
deliveries: {mine: {base: peertube, keep_alive: off, compress: off}}
instances: {origin: {}, near: {count: 2}}
videos: {clip: {origin: origin, length: 5 min}}
viewers:
  - {video: clip, arrivals: {stages: [{duration: 5 min, rate: 0.4 /s}]}, watch: {fixed: 4 min}, spread: {weights: {origin: 1}}}
network: {latency: {constant: 20 ms}}
measure: {every: 10 s, bucket: 1 min}
";

fn observed(compress: &str, engine: Engine) -> Observed {
    run(&scenario(SCENARIO, &[&format!("deliveries.mine.compress={compress}")]), engine).observed
}

/// All that the origin sent.
fn sent(observed: &Observed) -> Sums {
    let mut sum = Sums::ZERO;
    let out = observed.traffic.iter().filter(|row| row.instance == 0 && row.direction == Direction::Out);
    out.for_each(|row| sum.add(&row.sums));
    sum
}

#[test]
fn bodies_are_smaller_heads_longer_and_the_sender_works() {
    for engine in [Engine::Plain, Engine::Fast { helpers: 0 }] {
        let plain = observed("off", engine);
        let small = observed("{gzip: {share: 25 %, cpu: 700 us}}", engine);
        let (before, after) = (sent(&plain), sent(&small));
        assert!(before.messages > 100 && before.messages == after.messages);
        let share = after.body_bytes as f64 / before.body_bytes as f64;
        assert!((0.25..0.2505).contains(&share), "{share}");
        // a line more; three digits of the length instead of four
        assert_eq!(after.head_bytes - before.head_bytes, 23 * before.messages);
        assert!(after.tcp_up_bytes < before.tcp_up_bytes, "fewer segments");
        assert_eq!(
            (before.response_bytes, before.tcp_down_bytes),
            (after.response_bytes, after.tcp_down_bytes)
        );
        let cpu_ns = |observed: &Observed| observed.delivery.busy[0].cpu_ns;
        assert_eq!(cpu_ns(&small) - cpu_ns(&plain), 700_000 * before.messages);
        assert_eq!(plain.delivery.outcomes, small.delivery.outcomes);
    }
}

#[test]
fn a_body_never_vanishes() {
    let gzip = |share_ppm| Compress::Gzip { share_ppm, cpu: Default::default() };
    let bytes = [1_000_000, 500_000, 1, 0].map(|share_ppm| gzip(share_ppm).body_bytes(7));
    assert_eq!(bytes, [7, 4, 1, 0]);
    assert_eq!(Compress::Off.body_bytes(7), 7);
}
