//! What queues, capacities, faults and other traffic mean.

use super::right::{FULL, ID, at, secs};
use super::*;
use crate::domain::asked_back::{AfterUpdates, AskedBack, Cache, FirstContact, Preview};
use crate::domain::delivery::{
    Breaker, Compress, Delivery, Health, KeepAlive, Queues, Retry, RetryAfter, RetryPer, Statuses, Tls,
    Transport,
};
use crate::domain::delivery_presets::PRESETS;
use crate::domain::faults::{Fault, Period, Unreachable};
use crate::domain::federation::{Capacity, Follows};
use crate::domain::other_traffic::{Background, Files, Jobs, OtherTraffic, update_bytes, watch_action_bytes};
use crate::domain::protocol::Rules;
use crate::domain::receiving::{RateLimit, Receiving, SignatureWindow};
use crate::foundation::ids::VideoId;
use crate::foundation::units::{Span, Time};
use crate::mechanism::ban::BanRule;
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
        retry_after: RetryAfter::Heeded,
        keep_alive: KeepAlive::All(secs(15)),
        compress: Compress::Gzip { share_ppm: 400_000, cpu: Span::from_us(300) },
        stale_connections: StaleConnections::Reconnect,
        tls: Tls::Resumed,
        transport: Transport::Ignored,
        sign: Span::from_us(16),
        json_ld_sign: Span::from_us(17),
        receiving: Receiving {
            verify: Span::from_us(18),
            json_ld_verify: Span::from_us(19),
            inbox: Span::from_us(20),
            heartbeat: Span::from_us(28),
            inbox_workers: 21,
            rate_limit: Some(RateLimit { requests: 13, per: secs(14), says_when: false }),
            signature_window: Some(SignatureWindow { old: secs(22 * 60), ahead: secs(23 * 60) }),
            ban: Some(BanRule { refusals: 24, within: secs(25), lasts: secs(26) }),
        },
    };
    let late = Delivery {
        breaker: None,
        receiving: Receiving {
            rate_limit: None,
            signature_window: Some(SignatureWindow::both(secs(27 * 60))),
            ban: None,
            ..own.receiving
        },
        keep_alive: KeepAlive::Off,
        stale_connections: StaleConnections::Fail,
        timeout: secs(60),
        ..own
    };
    let used: Vec<Delivery> = scenario.compare.iter().map(|column| column.delivery).collect();
    assert_eq!(used, [late, late, own]);
}

#[test]
fn receivers_have_the_figures_of_the_delivery_their_software_and_their_group() {
    let scenario = valid(FULL);
    let [late, own] = [0, 2].map(|column| &scenario.compare[column]);
    let of = |column: &Variant, name: &str| {
        let id = scenario.instances.iter().position(|instance| instance.name == name).expect("it is there");
        column.receiving[id]
    };
    assert_eq!(of(late, "origin"), late.delivery.receiving);
    let silent = Receiving {
        verify: Span::from_us(1),
        json_ld_verify: Span::from_us(2),
        inbox: Span::from_us(3),
        heartbeat: Span::from_us(10),
        inbox_workers: 4,
        rate_limit: Some(RateLimit { requests: 5, per: secs(6), says_when: true }),
        signature_window: None,
        ban: Some(BanRule { refusals: 7, within: secs(8), lasts: secs(9) }),
    };
    assert_eq!([of(late, "silent"), of(own, "silent")], [silent; 2]);
    let mammoth = Receiving {
        inbox: Span::from_ms(50),
        inbox_workers: 25,
        rate_limit: None,
        signature_window: Some(SignatureWindow { old: secs(3_600), ahead: secs(60) }),
        ban: None,
        ..own.delivery.receiving
    };
    assert_eq!(of(own, "mammoth"), mammoth);
    let wolf = Receiving {
        rate_limit: None,
        signature_window: Some(SignatureWindow::both(secs(60))),
        ..own.delivery.receiving
    };
    assert_eq!(of(own, "wolf"), wolf);
}

#[test]
fn further_inboxes_share_a_host_follow_with_it_and_have_no_faults_of_their_own() {
    let sets = [
        "instances.silent={software: other, region: fr, count: 2, inboxes: {per_account: 3}}",
        "faults=[{dead: 50 %, of: [silent]}, {down: [silent-2]}]",
        "follows={edges: silent-edges.csv}",
    ];
    let scenario = valid_with(BASE, &sets);
    let at: Vec<(&str, u32, &str)> = scenario.instances[4..]
        .iter()
        .map(|spec| (&spec.name[..], spec.host.0, spec.url.trim_start_matches("https://")))
        .collect();
    let [one, two] = ["silent-1.example", "silent-2.example"];
    let expected = [
        ("silent-1", 4, one),
        ("silent-1/2", 4, one),
        ("silent-1/3", 4, one),
        ("silent-2", 7, two),
        ("silent-2/2", 7, two),
        ("silent-2/3", 7, two),
    ];
    assert_eq!(at, expected);
    let [Fault::Dead { of, .. }, Fault::Down { instances, .. }] = &scenario.compare[0].faults[..] else {
        panic!("two faults")
    };
    assert_eq!((&of[..], &instances[..]), (&[ID(4), ID(7)][..], &[ID(7)][..]));
    let edges = [7, 8, 9].map(|inbox| (ID(inbox), ID(0)));
    assert_eq!(scenario.follows, Follows::Edges(edges.to_vec()));
}

#[test]
fn keys_that_do_nothing_are_warned_about() {
    let warned = |sets: &[&str]| -> Vec<String> {
        valid_with(BASE, sets).warnings.iter().map(ToString::to_string).collect()
    };
    for (sets, words) in [
        (
            &["deliveries={d: {base: peertube, queues: unlimited, inbox: 1 ms}}"][..],
            "with `queues: unlimited`",
        ),
        (&["deliveries={d: {base: peertube, workers: 3}}"], "deliveries.d.workers: has no effect"),
        (&["deliveries={d: {base: mastodon, parallel_jobs: 3}}"], "with `queues: workers`"),
        (&["deliveries={d: {base: lemmy, workers: 3}}"], "with `queues: per-destination`"),
        (&["deliveries={d: {base: peertube, retry_after: heeded}}"], "with `attempts: 1`"),
        (&["delivery=unlimited", "instances.silent.receives={inbox: 1 s}"], "receives.inbox: has no effect"),
        (&["delivery=unlimited", "instances.silent.capacity={cores: 1}"], "capacity.cores: has no effect"),
        (&["instances.silent.tick_phase=1 s"], "tick_phase: has no effect"),
        (&["instances.silent.health_phase=1 s"], "health_phase: has no effect"),
        (&["instances.silent.update_phase=1 s"], "update_phase: has no effect"),
        (&["network.latency={constant: 1 h}"], "all are refused; widen it"),
        (
            &[
                "network.latency={uniform: {min: 1 ms, max: 2 s}}",
                "instances.silent.receives={signature_window: 1 s}",
            ],
            "some are refused for the network alone",
        ),
    ] {
        let warned = warned(sets);
        assert!(warned.len() == 1 && warned[0].contains(words), "{sets:?}: {warned:?}");
    }
    // the same keys where they do something
    for sets in [
        &["deliveries={d: {base: mastodon, workers: 3, retry_after: heeded, inbox_workers: 2}}"][..],
        // only the base of another
        &["deliveries={c: {base: peertube, workers: 3}, d: {base: c, queues: workers}}"],
        &["delivery=unlimited", "instances.silent.receives={signature_window: 1 min}"],
        &["instances.silent.receives={inbox: 1 s}", "instances.silent.capacity={cores: 1}"],
    ] {
        assert_eq!(warned(sets), [""; 0], "{sets:?}");
    }
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
    assert_eq!(follower.update_phase, Some(secs(5)));
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
    let down =
        |id, how| Fault::Down { instances: vec![ID(id)], during: Period { from: at(60), until: None }, how };
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
            Fault::Blocked { senders: vec![ID(0)], by: vec![ID(5), ID(6)], during },
            down(6, Unreachable::BadGateway),
            down(7, Unreachable::Gone),
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
        asked_back: AskedBack::default(),
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
            preview: None,
        }],
        asked_back: AskedBack::default(),
        bodies: OtherBodies {
            update_bytes: update_bytes(Files::Both, 2),
            watch_action_bytes: watch_action_bytes(3),
        },
    };
    assert_eq!(valid(FULL).other, expected);
    assert_eq!(valid_with(FULL, &["other_traffic.updates=off"]).other.update_every, None);
    let set = [
        "other_traffic.asked_back={after_updates: requests, first_contact: requests, cpu: 1 ms, cache: {share: 90 %}}",
        "other_traffic.background.0.preview={answer: 30 kB, share: 50 %}",
    ];
    let OtherTraffic { background, asked_back, .. } = valid_with(FULL, &set).other;
    let (after_updates, cache) = (AfterUpdates::Requests, Cache::Share(900_000));
    let first_contact = FirstContact::Requests;
    assert_eq!(asked_back, AskedBack { after_updates, first_contact, cpu: Span::from_ms(1), cache });
    let preview = Preview { share_ppm: 500_000, answer_bytes: 30_000, within: secs(59) };
    assert_eq!(background[0].preview, Some(preview));
    let web = valid_with(BASE, &["other_traffic.updates.files=web"]).other.bodies.update_bytes;
    assert_eq!(web, update_bytes(Files::Web, 6));
}
