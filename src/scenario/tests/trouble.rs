//! What queues, capacities, faults and other traffic mean.

use super::right::{FULL, ID, at, secs};
use super::*;
use crate::domain::delivery::{
    Breaker, Compress, Delivery, Health, KeepAlive, Queues, RateLimit, Retry, RetryPer, Statuses, Tls,
    Transport,
};
use crate::domain::delivery_presets::PRESETS;
use crate::domain::faults::{Fault, Period, Unreachable};
use crate::domain::federation::Capacity;
use crate::domain::other_traffic::{Background, Files, Jobs, OtherTraffic, update_bytes, watch_action_bytes};
use crate::domain::protocol::Rules;
use crate::foundation::ids::VideoId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::StaleConnections;
use crate::mechanism::wire::OtherBodies;

#[test]
fn deliveries_are_bases_with_changes() {
    let scenario = valid(FULL);
    let own = Delivery {
        queues: Queues::Workers,
        sequential_jobs: 2,
        parallel_jobs: 3,
        unicast_jobs: 4,
        requests_per_job: 5,
        running_limit: secs(360),
        requests_per_destination: 7,
        workers: 8,
        retry: Retry {
            per: RetryPer::Message,
            attempts: 9,
            backoff: Delivery::preset("peertube").expect("a preset").retry.backoff,
        },
        give_up_on: Statuses::NONE,
        breaker: Some(Breaker { failures: 10, pause: secs(11), half_opens: false }),
        health: Health::AsReleased,
        timeout: secs(12),
        rate_limit: Some(RateLimit { requests: 13, per: secs(14) }),
        keep_alive: KeepAlive::All(secs(15)),
        compress: Compress::Gzip { share_ppm: 400_000, cpu: Span::from_us(300) },
        stale_connections: StaleConnections::Reconnect,
        tls: Tls::Resumed,
        transport: Transport::Ignored,
        sign: Span::from_us(16),
        json_ld_sign: Span::from_us(17),
        verify: Span::from_us(18),
        json_ld_verify: Span::from_us(19),
        inbox: Span::from_us(20),
    };
    let late = Delivery {
        breaker: None,
        rate_limit: None,
        keep_alive: KeepAlive::Off,
        stale_connections: StaleConnections::Fail,
        timeout: secs(60),
        ..own
    };
    let used: Vec<Delivery> = scenario.compare.iter().map(|column| column.delivery).collect();
    assert_eq!(used, [late, late, own]);
}

#[test]
fn every_preset_is_a_delivery_and_peertube_the_default() {
    let of = |sets: &[&str]| valid_with(BASE, sets).compare[1].delivery;
    assert_eq!(Some(of(&[])), Delivery::preset("peertube"));
    for preset in PRESETS {
        assert_eq!(of(&[&format!("delivery={}", preset.name)]), preset.delivery);
        let column = format!("compare.1={{name: v2, protocol: v2, delivery: {}}}", preset.name);
        assert_eq!(of(&[&column]), preset.delivery);
    }
}

#[test]
fn machines_are_without_limit_unless_it_is_written() {
    let scenario = valid(FULL);
    let follower = &scenario.instances[3];
    let capacity =
        Capacity { cores: Some(2), uplink_bits_per_s: Some(100_000_000), downlink_bits_per_s: Some(56_000) };
    assert_eq!((follower.capacity, follower.health_phase), (capacity, Some(secs(4))));
    let origin = &scenario.instances[0];
    assert_eq!((origin.capacity, origin.health_phase), (Capacity::default(), None));
}

#[test]
fn faults_become_those_of_their_columns() {
    let scenario = valid(FULL);
    let followers = || vec![ID(1), ID(2), ID(3)];
    let during = Period { from: at(60), until: Some(at(180)) };
    let how = Unreachable::Refused;
    let [v3, mine] = [
        Rules::preset("v3").expect("a preset"),
        scenario.compare[1].rules[scenario.groups[1].instances.start],
    ];
    let ahead = Fault::Skew { instances: vec![ID(1)], ahead_ns: 30_000_000_000 };
    let dead = Fault::Dead { number: 1, of: vec![ID(1), ID(2), ID(3), ID(5)], share_ppm: 200_000, how };
    let restart = |instance, at, startup, rules| Fault::Restart { instance, at, startup, rules: Some(rules) };
    let upgraded = |instance, ms| restart(instance, Time::from_ms(ms), Span::from_ms(2_500), v3);
    let first = 1_800_000;
    assert_eq!(
        scenario.compare[0].faults,
        [
            dead.clone(),
            // three at once, in the order of the list; the last a start-up and a pause later
            upgraded(ID(4), first),
            upgraded(ID(1), first),
            upgraded(ID(2), first),
            upgraded(ID(3), first + 62_500),
            ahead.clone(),
        ]
    );
    let restarted = |instance| restart(instance, at(1_200), Span::from_ms(2_170), mine);
    assert_eq!(scenario.compare[2].faults, [dead, restarted(ID(0)), restarted(ID(4)), ahead.clone()]);
    let long = Period { from: at(600), until: Some(at(1_800)) };
    let hour = Period { from: at(60), until: Some(at(3_660)) };
    assert_eq!(
        scenario.compare[1].faults,
        [
            Fault::Down { instances: vec![ID(0), ID(2)], during: long, how },
            Fault::Outages {
                number: 2,
                of: followers(),
                mean_between: secs(7_200),
                mean_duration: secs(300),
                how
            },
            Fault::Slow { instances: vec![ID(5)], during: hour, answer: Span::from_ms(6_900) },
            restarted(ID(0)),
            restarted(ID(4)),
            Fault::Partition { sides: vec![vec![ID(0), ID(5)], followers()], during },
            Fault::Loss { from: vec![ID(0)], to: followers(), during, loss_ppm: 300_000 },
            Fault::Latency { from: vec![ID(0)], to: followers(), during, added: Span::from_ms(500) },
            ahead,
        ]
    );
}

#[test]
fn what_a_fault_leaves_out_is_everything() {
    let of = |fault: &str| valid_with(BASE, &[&format!("faults=[{fault}]")]).compare[0].faults.clone();
    let all: Vec<_> = (0..5).map(ID).collect();
    let during = Period { from: Time::ZERO, until: None };
    let lost = Fault::Loss { from: all.clone(), to: all, during, loss_ppm: 1_000_000 };
    assert_eq!(of("{loss: 1}"), [lost]);
    let silent = Fault::Down { instances: vec![ID(4)], during, how: Unreachable::Silent };
    assert_eq!(of("{down: [silent, silent]}"), [silent]);
    let behind = Fault::Skew { instances: vec![ID(0)], ahead_ns: -1 };
    assert_eq!(of("{clock: [origin], behind: 1 ns}"), [behind]);
    let stopped = Fault::Restart { instance: ID(4), at: at(0), startup: secs(0), rules: None };
    assert_eq!(of("{restart: [silent], at: 0 s, startup: 0 s}"), [stopped]);
}

#[test]
fn a_fault_of_columns_that_are_left_out_happens_nowhere() {
    let text = changed(
        "end: 10 min",
        "end: 10 min\nfaults: [{down: [origin], columns: [v1, v2]}, {clock: [origin], ahead: 1 s, columns: [v1]}]",
    );
    let input = Input { file: "base.yaml", bytes: text.as_bytes(), stem: Some("base"), data: &data };
    let changes =
        Changes { sets: Vec::new(), protocols: vec!["v3".to_owned(), "v2".to_owned()], ..Changes::default() };
    let scenario = parse(&input, &changes, &METRICS).expect("it is valid");
    let faults: Vec<usize> = scenario.compare.iter().map(|column| column.faults.len()).collect();
    assert_eq!(faults, [0, 1]);
}

#[test]
fn other_traffic_is_peertubes_unless_it_is_written() {
    let expected = OtherTraffic {
        update_every: Some(secs(1_800)),
        watch_actions: true,
        background: Vec::new(),
        bodies: OtherBodies { update_bytes: 15_402, watch_action_bytes: 1_781 },
    };
    assert_eq!(valid(BASE).other, expected);
    let expected = OtherTraffic {
        update_every: Some(secs(1_200)),
        watch_actions: false,
        background: vec![Background {
            video: VideoId(1),
            jobs: Jobs::Rate { per_s: 2.0, from: Time::ZERO, until: None },
            to: None,
            body_bytes: 2_000,
        }],
        bodies: OtherBodies {
            update_bytes: update_bytes(Files::Both, 2),
            watch_action_bytes: watch_action_bytes(3),
        },
    };
    assert_eq!(valid(FULL).other, expected);
    assert_eq!(valid_with(FULL, &["other_traffic.updates=off"]).other.update_every, None);
    let web = valid_with(BASE, &["other_traffic.updates.files=web"]).other.bodies.update_bytes;
    assert_eq!(web, update_bytes(Files::Web, 6));
}
