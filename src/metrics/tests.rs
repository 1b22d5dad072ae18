//! All sums of traffic and delivery against hand counts, through the collector as a driver calls it.

use super::aggregates::Aggregates;
use super::definitions::{Value, compute};
use super::delays::DelayRow;
use super::delivery::Delivery;
use super::test_federation::{NOT_PEERTUBE, ORIGIN, WITH_VIEWERS, WITHOUT_VIEWERS, federation};
use super::traffic::TrafficRow;
use super::*;
use crate::domain::federation::{Capacity, Instance as Member};
use crate::event::{Lane, Letter, LetterName};
use crate::foundation::ids::{InstanceId, VideoId};
use crate::mechanism::activity::{Activity, Form, Kind, Stamp, Subject};
use crate::mechanism::fate::Fates;
use crate::mechanism::ledger::{Amount, Flow};
use crate::mechanism::refusal::Refusal;
use crate::mechanism::wire::Persistence;
use crate::observe::{AnswerEnd, Busy, QueueName, RunOutcome};
use delivery::{HealthRow, QueueRow};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use traffic::{Direction, Sums};

/// The bytes of every response.
const RESPONSE: u64 = 300;
const TRANSPORT: TransportBytes = TransportBytes { tcp_up: 1, tcp_down: 20, tls_up: 300, tls_down: 4_000 };

/// Its instances, which show nothing.
fn instances(federation: &Federation) -> Vec<Instance> {
    let start = |(id, member): (usize, &Member)| {
        Instance::new(InstanceId::at(id), member.rules, Arc::clone(&federation.videos))
    };
    federation.instances.iter().enumerate().map(start).collect()
}

/// A message of 800 + 200 bytes, built at 1 s.
fn message(kind: Kind, from: InstanceId, to: InstanceId) -> Message {
    let built = Time::from_ms(1_000);
    let activity = Activity {
        video: VideoId(0),
        author: from,
        subject: Subject::Total,
        result: None,
        views: None,
        built,
        expires: None,
        stamp: Stamp::default(),
        form: Form::V61,
    };
    let letter = Letter {
        activity,
        beside: None,
        kind,
        from,
        form: Form::V61,
        persistence: Persistence::Closed,
        created: built,
        authored: built,
        attempt: 0,
        retried: None,
        job: 0,
        body_bytes: 200,
        counted_response: None,
        name: LetterName::new(&activity, kind, from),
    };
    Message { letter: letter.into(), to, head_bytes: 800, response_bytes: RESPONSE as u16 }
}

fn ending(busy: Vec<Busy>) -> Ending {
    Ending {
        outcome: RunOutcome::Done(Time::from_ms(10_000)),
        events: 0,
        flow: Flow::default(),
        unfinished_sessions: 0,
        busy,
        viewers_as_plain_views: 0,
        lies_told: 0,
        queued_jobs_peak: 0,
        inbox_waiting_peak: 0,
        fates: Fates::default(),
        retries_waiting_peak: 0,
        retries_waiting: 0,
        inbox_dropped: 0,
        doors: Vec::new(),
    }
}

/// What was observed in ten seconds in which `happen` happened.
fn observed(federation: &Federation, ending: &Ending, happen: impl FnOnce(&mut Collector<'_>)) -> Observed {
    let sampling = Sampling { from: Time::ZERO, every: Span::from_secs(1), bucket: Span::from_secs(60) };
    let audience = Audience::default();
    let mut collector =
        Collector::new(federation, (&[], &audience), sampling, Some(AfterUpdates::Counted), Terms::default());
    happen(&mut collector);
    collector.finish(Time::from_ms(10_000), ending, Aggregates::default())
}

/// The metrics as text, by name.
fn metrics(federation: &Federation, observed: &Observed) -> BTreeMap<&'static str, Value> {
    let computed = compute(observed, federation, &BTreeSet::from([WITH_VIEWERS]));
    computed.into_iter().map(|(definition, value)| (definition.name, value)).collect()
}

fn check(metrics: &BTreeMap<&'static str, Value>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = metrics.get(name).map_or_else(|| "none".to_owned(), Value::to_string);
        assert_eq!(found, *value, "{name}");
    }
}

/// The sums of an instance's only row of a direction and kind.
fn sums(observed: &Observed, instance: InstanceId, direction: Direction, kind: Kind) -> Sums {
    let row = |row: &&TrafficRow| (row.instance, row.direction, row.kind) == (instance.0, direction, kind);
    let rows: Vec<_> = observed.traffic.iter().filter(row).collect();
    assert_eq!(rows.len(), 1, "{instance} {direction:?} {kind:?}");
    rows[0].sums
}

/// A total that arrives, an update that two followers get, a background job that is refused, a watch action that is lost.
fn traffic_of_all_kinds(collector: &mut Collector<'_>) {
    let now = Time::from_ms(2_000);
    let total = message(Kind::Total, ORIGIN, WITH_VIEWERS);
    let updates = [WITH_VIEWERS, NOT_PEERTUBE].map(|to| message(Kind::Update, ORIGIN, to));
    let background = message(Kind::Background, ORIGIN, WITHOUT_VIEWERS);
    let watch_action = message(Kind::WatchAction, WITH_VIEWERS, ORIGIN);
    for message in [&total, &updates[0], &updates[1], &background, &watch_action] {
        collector.sent(now, message, None);
        collector.left(now, message, &TRANSPORT);
    }
    for message in [&total, &updates[0], &updates[1]] {
        collector.delivered(now, message);
        collector.processed(Time::from_ms(2_500), message);
    }
    collector.refused(Time::from_ms(2_900), &background);
    for message in [&total, &updates[0], &updates[1], &background] {
        collector.answered(Time::from_ms(2_900), message, RESPONSE, AnswerEnd::Leaves);
        collector.answered(Time::from_ms(2_950), message, RESPONSE, AnswerEnd::Arrives);
    }
    collector.ended(Time::from_ms(3_000), &background, RequestOutcome::Refused(Refusal::RateLimited));
    collector.ended(Time::from_ms(9_000), &watch_action, RequestOutcome::TimedOut);
}

#[test]
fn a_request_counts_at_both_ends_with_what_is_below_http() {
    let federation = federation();
    let observed = observed(&federation, &ending(Vec::new()), traffic_of_all_kinds);
    let below = Sums {
        tcp_up_bytes: 1,
        tcp_down_bytes: 20,
        tls_up_bytes: 300,
        tls_down_bytes: 4_000,
        ..Sums::default()
    };
    let request = Sums { messages: 1, head_bytes: 800, body_bytes: 200, ..below };
    let answered = Sums { response_bytes: RESPONSE, ..request };
    for (instance, direction, kind, expected) in [
        (ORIGIN, Direction::Out, Kind::Total, answered),
        (WITH_VIEWERS, Direction::In, Kind::Total, answered),
        (ORIGIN, Direction::Out, Kind::Background, answered),
        // it has read what it refuses
        (WITHOUT_VIEWERS, Direction::In, Kind::Background, Sums { messages: 0, ..answered }),
        (WITH_VIEWERS, Direction::Out, Kind::WatchAction, request),
        (ORIGIN, Direction::In, Kind::WatchAction, below),
    ] {
        assert_eq!(sums(&observed, instance, direction, kind), expected, "{instance} {direction:?} {kind:?}");
    }
    // two updates took effect, but only PeerTube fetches
    let fetch = Sums { messages: 3, head_bytes: 2_325, response_bytes: 2_326, ..Sums::default() };
    assert_eq!(sums(&observed, WITH_VIEWERS, Direction::Out, Kind::UpdateFetch), fetch);
    assert_eq!(sums(&observed, ORIGIN, Direction::In, Kind::UpdateFetch), fetch);
}

#[test]
fn traffic_is_summed_by_what_it_carries_and_by_who_pays() {
    let federation = federation();
    let observed = observed(&federation, &ending(Vec::new()), traffic_of_all_kinds);
    check(
        &metrics(&federation, &observed),
        &[
            ("viewer_messages_sent", "1"),
            ("messages_sent", "1"),
            ("bytes_sent", "1000"),
            ("origin_messages_sent", "1"),
            ("origin_bytes_sent", "1000"),
            ("origin_bytes_per_s_peak", "1000"),
            // two updates, three fetches, one background job, one watch action
            ("other_messages_sent", "7"),
            ("other_bytes_sent", "6325"),
            ("response_bytes", "3526"),
            ("transport_bytes", "21605"),
            // four requests of 1,000, 1 + 300 below each; the answer to what is fetched; 20 + 4,000 for the watch action
            ("payer_origin_bytes_out", "11550"),
            ("payer_origin_request_bytes_out", "4000"),
            ("payer_origin_answer_bytes_out", "2326"),
            ("payer_origin_transport_bytes_out", "5224"),
            ("payer_origin_bytes_in", "19906"),
            ("payer_origin_request_bytes_in", "2325"),
            ("payer_origin_answer_bytes_in", "1200"),
            ("payer_origin_transport_bytes_in", "16381"),
            ("payer_with_viewers_bytes_out", "12266"),
            ("payer_with_viewers_request_bytes_out", "3325"),
            ("payer_with_viewers_bytes_in", "8948"),
            ("payer_with_viewers_request_bytes_in", "2000"),
            // the background job is read and refused
            ("payer_without_viewers_bytes_out", "4320"),
            ("payer_without_viewers_bytes_in", "1301"),
            ("payer_not_peertube_bytes_in", "1301"),
            ("delivery_failed_share", "1"),
            ("refused_share", "0.5"),
        ],
    );
}

#[test]
fn a_message_takes_effect_when_it_comes_out_of_the_inbox_queue() {
    let federation = federation();
    let observed = observed(&federation, &ending(Vec::new()), |collector| {
        let total = message(Kind::Total, ORIGIN, WITH_VIEWERS);
        collector.delivered(Time::from_ms(2_000), &total);
        collector.processed(Time::from_ms(4_500), &total);
    });
    // built at 1 s
    let DelayRow { kind, messages, quantiles_us } = observed.delays[0];
    assert_eq!((kind, messages), (Kind::Total, 1));
    assert!((3_500_000..=3_503_500).contains(&quantiles_us[1]), "{quantiles_us:?}");
}

#[test]
fn every_account_of_the_ledger_is_a_metric() {
    let amount = |messages| Amount { messages, bytes: messages * 1_000 };
    let flow = Flow {
        created: amount(51),
        queued: amount(7),
        dropped: amount(6),
        sent: amount(38),
        delivered: amount(5),
        lost: amount(4),
        refused: [3, 4, 0, 2, 5, 0, 12].map(amount),
        failed_connect: amount(2),
        in_flight: amount(1),
        timed_out: amount(8),
    };
    let ending = Ending {
        flow,
        fates: Fates::of_single_requests(&flow),
        queued_jobs_peak: 9,
        inbox_waiting_peak: 8,
        retries_waiting_peak: 11,
        retries_waiting: 12,
        inbox_dropped: 10,
        ..ending(Vec::new())
    };
    let federation = federation();
    let observed = observed(&federation, &ending, |_| ());
    check(
        &metrics(&federation, &observed),
        &[
            ("messages_created", "51"),
            ("messages_queued", "7"),
            ("messages_dropped", "6"),
            ("messages_delivered", "5"),
            ("messages_lost", "4"),
            ("messages_refused", "26"),
            ("messages_refused_rate", "3"),
            ("messages_refused_date", "4"),
            ("messages_refused_blocked", "0"),
            ("messages_refused_signer", "2"),
            ("messages_refused_gone", "5"),
            ("messages_refused_gateway", "0"),
            ("messages_refused_banned", "12"),
            ("messages_failed_connect", "2"),
            ("messages_in_flight", "1"),
            ("messages_timed_out", "8"),
            ("queued_jobs_peak", "9"),
            ("inbox_waiting_peak", "8"),
            ("retries_waiting_peak", "11"),
            ("retries_waiting", "12"),
            ("inbox_dropped", "10"),
            ("activities_created", "51"),
            ("activities_arrived", "5"),
            ("activities_duplicates", "0"),
            ("activities_never_arrived", "38"),
            ("activities_given_up_lost", "4"),
            ("activities_given_up_no_connection", "14"),
            ("activities_given_up_refused", "14"),
            ("activities_lost_with_process", "6"),
            ("activities_waiting", "7"),
            ("activities_under_way", "1"),
            ("delivery_failed_share", "none"),
            ("refused_share", "none"),
            ("queue_delay_p50_ms", "none"),
            ("queue_delay_p99_ms", "none"),
        ],
    );
}

#[test]
fn requests_end_well_or_fail_in_one_of_three_ways() {
    let federation = federation();
    let outcomes = [
        (RequestOutcome::Good, 12),
        (RequestOutcome::Refused(Refusal::Blocked), 1),
        (RequestOutcome::FailedConnect, 2),
        (RequestOutcome::TimedOut, 5),
    ];
    let observed = observed(&federation, &ending(Vec::new()), |collector| {
        let view = message(Kind::Viewer, ORIGIN, WITH_VIEWERS);
        for (outcome, times) in outcomes {
            (0..times).for_each(|_| collector.ended(Time::from_ms(1_000), &view, outcome));
        }
    });
    let outcomes = [("delivery_failed_share", "0.4"), ("refused_share", "0.05")];
    check(&metrics(&federation, &observed), &outcomes);
}

#[test]
fn jobs_that_never_started_have_waited_too() {
    let federation = federation();
    let observed = observed(&federation, &ending(Vec::new()), |collector| {
        for wait_us in [0, 500, 1_500, 2_000] {
            let (now, queue) = (Time::from_ms(1_000), QueueName::Sequential);
            collector.job_started(now, InstanceId(0), queue, Span::from_us(wait_us));
        }
        for _ in 0..3 {
            collector.job_unstarted(Span::from_us(2_040));
        }
    });
    let waits = [("queue_delay_p50_ms", "2"), ("queue_delay_p99_ms", "2.04"), ("jobs_unstarted", "3")];
    check(&metrics(&federation, &observed), &waits);
}

#[test]
fn queues_and_health_are_kept_as_they_were_found() {
    let federation = federation();
    let instances = instances(&federation);
    let queue = |queue, waiting| QueueSample {
        instance: ORIGIN,
        queue,
        waiting,
        running: 1,
        oldest: Span::from_ms(40),
        started: 2,
        waited: Span::from_ms(50),
    };
    let note =
        |follower, removed| HealthNote { instance: ORIGIN, follower, good: 3, bad: 104, score: -10, removed };
    let observed = observed(&federation, &ending(Vec::new()), |collector| {
        let queues = [
            queue(QueueName::Sequential, 99),
            queue(QueueName::Lane(Lane::JsonLd), 98),
            queue(QueueName::Lane(Lane::Inbox), 7),
            queue(QueueName::Lane(Lane::ViewsInbox), 8),
        ];
        collector.sample(Time::from_ms(6_000), 0, &instances, &queues);
        for (follower, removed) in [(WITH_VIEWERS, false), (WITHOUT_VIEWERS, true), (NOT_PEERTUBE, true)] {
            collector.health(Time::from_ns(7_000_000_123), &note(follower, removed));
        }
    });
    let Delivery { queues, health, .. } = &observed.delivery;
    let queue = QueueRow {
        at_ns: 6_000_000_000,
        instance: 0,
        queue: QueueName::Sequential,
        waiting: 99,
        running: 1,
        oldest_ns: 40_000_000,
        started: 2,
        waited_ns: 50_000_000,
    };
    assert_eq!((queues.len(), queues[0]), (4, queue));
    let row = HealthRow {
        at_ns: 7_000_000_123,
        instance: 0,
        follower: 2,
        good: 3,
        bad: 104,
        score: -10,
        removed: true,
    };
    assert_eq!((health.len(), health[1]), (3, row));
    // a peak is no matter of samples
    check(&metrics(&federation, &observed), &[("inbox_waiting_peak", "0"), ("followers_lost", "2")]);
}

/// Ten seconds; the cores of two instances are limited, as are two links.
#[test]
fn shares_are_those_of_the_busiest() {
    let capacity = |cores, up, down| Capacity { cores, uplink_bits_per_s: up, downlink_bits_per_s: down };
    let busy = |cpu_s: u64, uplink_s: u64, downlink_s: u64| Busy {
        cpu_ns: cpu_s * 1_000_000_000,
        uplink_ns: uplink_s * 1_000_000_000,
        downlink_ns: downlink_s * 1_000_000_000,
    };
    let mut federation = federation();
    let capacities = [
        capacity(Some(4), Some(1), None),
        capacity(Some(2), None, Some(1)),
        capacity(Some(1), Some(1), None),
    ];
    for (member, capacity) in federation.instances.iter_mut().zip(capacities) {
        member.capacity = capacity;
    }
    // 16 of 40 s, 10 of 20 s, 4 of 10 s; the fourth has cores without limit
    let limited = vec![busy(16, 1, 0), busy(10, 0, 0), busy(4, 7, 0), busy(0, 0, 0)];
    let of = |busy| metrics(&federation, &observed(&federation, &ending(busy), |_| ()));
    check(
        &of(limited.clone()),
        &[
            ("cpu_busy_share", "0.5"),
            ("uplink_busy_share", "0.7"),
            ("downlink_busy_share", "0"),
            ("payer_origin_cpu_s", "16"),
            ("payer_with_viewers_cpu_s", "10"),
            ("payer_without_viewers_cpu_s", "4"),
        ],
    );
    let unlimited = [&limited[..3], &[busy(25, 0, 0)]].concat();
    check(&of(unlimited), &[("cpu_busy_share", "2.5")]);
    check(&of(vec![busy(0, 0, 0); 4]), &[("cpu_busy_share", "none")]);
    let without_limits = self::federation();
    let idle = observed(&without_limits, &ending(limited), |_| ());
    check(
        &metrics(&without_limits, &idle),
        &[("uplink_busy_share", "none"), ("downlink_busy_share", "none"), ("cpu_busy_share", "1.6")],
    );
}
