//! How the field delivers, in small exact cases: the jitter of attempts, what is held back, who is left out and comes back.

use super::*;
use fedisim::domain::delivery::Delivery;
use fedisim::domain::delivery_presets::PRESETS;
use fedisim::theory::delivery_formulas::misskey_wait;

const QUIET: &str = "other_traffic: {updates: off, watch_actions: off}";

/// One View of the origin's own viewer for one follower, who is gone for ever; when attempts are made, in milliseconds from
/// the first.
fn attempts_ms(figures: &str, end: &str) -> Vec<u64> {
    let (seen, _) = small(&Small {
        end,
        rules: "base: peertube-6.3-v1, plain_views: none, refederation_age: 1 h",
        figures: &format!("{figures}, breaker: off, health: off, {NO_CPU}"),
        sessions: "{instance: origin, start: 1 s, watch: 2 s}",
        rest: &format!("{QUIET}\nfaults: [{{down: [follower], how: refused}}]"),
        ..SMALL
    });
    seen.sent.iter().map(|(time, _)| time.ms() - 1_000).collect()
}

/// How long a sender waits after failures n = 1, 2, ..., in milliseconds, each attempt being a round trip of 100 ms.
fn waits_ms(figures: &str, end: &str) -> Vec<u64> {
    attempts_ms(figures, end).windows(2).map(|pair| pair[1] - pair[0] - 100).collect()
}

#[test]
fn misskey_waits_up_to_a_fifth_longer() {
    let waits_ms = waits_ms("base: misskey", "60 h");
    let more: Vec<f64> = (1..)
        .zip(waits_ms)
        .map(|(n, wait_ms)| wait_ms as f64 / 1e3 / misskey_wait(n).secs_f64() - 1.0)
        .collect();
    assert!(more.len() == 11 && more.iter().all(|more| (0.0..0.2).contains(more)), "{more:?}");
    // not the same for each
    assert!(more.iter().any(|one| (one - more[0]).abs() > 0.02), "{more:?}");
}

#[test]
fn mastodon_waits_longer_by_its_jitter_or_by_the_older_one() {
    let waits_s = |figures: &str| waits_ms(figures, "150 h").into_iter().map(|ms| ms / 1_000);
    // today's: below n^4 / 2, and below 10 (n + 1); up to Sidekiq 6: n + 1 times a digit
    let (todays, older) = (waits_s("base: mastodon"), waits_s("base: mastodon, retry: {jitter: sidekiq}"));
    assert_eq!((todays.len(), older.len()), (16, 16));
    for (n, (todays, older)) in (0u64..).zip(todays.zip(older)) {
        let without = n.pow(4) + 15;
        assert!((without..without + n.pow(4) / 2 + 10 * (n + 1)).contains(&todays), "{n}: {todays}");
        let digits = (older - without) / (n + 1);
        assert_eq!((older, digits < 10), (without + digits * (n + 1), true), "{n}");
    }
}

#[test]
fn a_list_of_waits_ends_with_the_attempts() {
    let list = "base: mastodon, retry: {schedule: [5 s, 1 min], jitter: off, attempts: 4}";
    assert_eq!(waits_ms(list, "1 h"), [5_000, 60_000, 60_000]);
}

/// One activity per second for three hours to one follower; what is changed, and what goes wrong.
pub(super) fn per_second(figures: &str, end: &str, faults: &str) -> (Seen, Ending) {
    small(&Small {
        end,
        figures: &format!("{figures}, {NO_CPU}"),
        sessions: "",
        rest: &format!(
            "other_traffic: {{updates: off, watch_actions: off, background: [{{video: clip, rate: 1 /s}}]}}\nfaults: [{faults}]"
        ),
        ..SMALL
    })
}

/// The numbers of the activities, in the order in which they arrived.
fn arrived(seen: &Seen) -> Vec<u32> {
    seen.delivered.iter().map(|(_, message)| message.activity.stamp.number).collect()
}

#[test]
fn with_retries_per_message_the_same_queue_loses_its_order() {
    let down = "{down: [follower], at: 10 min, for: 10 min, how: refused}";
    let figures = "base: lemmy, retry: {per: message, attempts: 31}";
    let (seen, _) = per_second(figures, "1 h", down);
    let numbers = arrived(&seen);
    assert!(!numbers.is_sorted());
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..numbers.len() as u32).collect::<Vec<_>>());
}

/// Three requests at once: those under way when one fails are held with it, and sent first, one of them alone until it arrives.
#[test]
fn several_requests_at_once_are_held_together() {
    let down = "{down: [follower], at: 10 min, for: 10 min, how: silent}";
    let (seen, ending) = per_second("base: lemmy, requests_per_destination: 3", "1 h", down);
    let numbers = arrived(&seen);
    let inversions = numbers.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..numbers.len() as u32).collect::<Vec<_>>());
    assert!(inversions <= 3, "{inversions}");
    assert_eq!(ending.flow.dropped.messages, 0);
    // the first is tried again when the two others are over
    assert!((1..=3).contains(&ending.retries_waiting_peak), "{}", ending.retries_waiting_peak);
}

#[test]
fn a_sender_that_restarts_goes_on_with_its_held_queue() {
    let faults = "{down: [follower], at: 10 min, for: 10 min, how: silent}, {down: [origin], at: 15 min, for: 1 min}, \
                  {restart: [origin], at: 25 min, startup: 1 s}";
    let (seen, ending) = per_second("base: lemmy", "1 h", faults);
    let mut numbers = arrived(&seen);
    // at most one is sent twice: the one under way at the restart
    let count = numbers.len();
    numbers.dedup();
    assert!(numbers.is_sorted() && count - numbers.len() <= 1);
    assert_eq!(ending.flow.dropped.messages, 0);
    // but for those of the time in which nobody was there to make them
    let missing = numbers.windows(2).map(|pair| pair[1] - pair[0] - 1).sum::<u32>();
    assert!((30..=95).contains(&missing), "{missing}");
}

#[test]
fn what_a_breaker_holds_back_is_no_drop() {
    let down = "{down: [follower], at: 10 min, for: 30 min, how: refused}";
    for figures in ["base: mastodon", "base: fedify"] {
        let (seen, ending) = per_second(figures, "2 h", down);
        let mut numbers = arrived(&seen);
        numbers.sort_unstable();
        assert_eq!(numbers, (0..numbers.len() as u32).collect::<Vec<_>>(), "{figures}");
        assert_eq!((ending.flow.dropped.messages, ending.retries_waiting), (0, 0), "{figures}");
        assert!(
            (1_500..=2_000).contains(&ending.retries_waiting_peak),
            "{figures}: {}",
            ending.retries_waiting_peak
        );
        let rows = seen.queues.iter().filter(|(_, queue)| queue.queue == QueueName::Retries);
        let most = rows.map(|(_, queue)| queue.waiting).max().expect("something waits");
        assert!(most <= ending.retries_waiting_peak && most + 10 >= ending.retries_waiting_peak);
    }
    // with one attempt there is nothing to wait for
    let (_, ending) = per_second("base: mastodon, attempts: 1", "1 h", down);
    assert!(ending.flow.dropped.messages > 1_000 && ending.retries_waiting_peak == 0);
}

/// A question of all that wait is one event: 22 probes and eleven questions at each, not that for 3,000 messages.
#[test]
fn what_a_breaker_holds_asks_together() {
    let down = "{down: [follower], at: 1 min, for: 50 min, how: silent}";
    let figures = "base: fedify, breaker: {failures: 2, pause: 2 min, half_open: yes}, \
                   retry: {schedule: {exponential: {unit: 10 s, base: 1, at_most: 10 s}}, jitter: \"off\", attempts: 31}";
    let (seen, ending) = per_second(figures, "1 h", down);
    let mut numbers = arrived(&seen);
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..seen.delivered.len() as u32));
    assert_eq!((ending.flow.dropped.messages, ending.retries_waiting), (0, 0));
    assert!(ending.retries_waiting_peak > 2_800, "{}", ending.retries_waiting_peak);
    assert!(ending.events < 100_000, "{}", ending.events);
}

/// The names before there were others stand for the same figures. A silent host costs each of 25 workers 10 s: 9,000 attempts in an
/// hour, but for the first seconds, in which they are not all taken. An hour's outage loses nothing with a queue per destination, and
/// keeps its order.
#[test]
fn old_names_are_aliases() {
    for (alias, name) in [("retrying", "mastodon"), ("per-destination", "lemmy")] {
        let row = Delivery::preset(name).expect("it is there");
        assert_eq!(Delivery::preset(alias), Some(row), "{alias}");
        assert!(PRESETS.iter().any(|preset| preset.name == alias && preset.doc.contains("alias of ")));
    }
    let (seen, _) = small(&Small {
        end: "1 h",
        figures: &format!("base: retrying, breaker: off, attempts: 1, {NO_CPU}"),
        sessions: "",
        rest: "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 10 /s}]}\n\
               faults: [{down: [follower], how: silent}]",
        ..SMALL
    });
    assert!((8_980..=9_000).contains(&seen.sent.len()), "{}", seen.sent.len());
    let down = "{down: [follower], at: 1 h, for: 1 h, how: refused}";
    let (seen, ending) = per_second("base: per-destination", "4 h", down);
    let numbers = arrived(&seen);
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "in order");
    assert_eq!((ending.flow.dropped.messages, ending.flow.lost.messages), (0, 0));
}

#[test]
fn a_refusal_that_is_final_is_not_tried_again() {
    let refused = |give_up_on: &str| {
        let figures = format!(
            "base: mastodon, breaker: off, rate_limit: {{requests: 1, per: 1 h}}, \
             retry: {{schedule: [1 s], jitter: off, attempts: 3}}, give_up_on: {give_up_on}"
        );
        per_second(&figures, "60 s", "").1.flow.refused_in_all().messages
    };
    assert!(refused("[404, 429]") < 75 && refused("[404, 410]") > 90);
}

/// Days begin with the run. A follower is down from the first hour on for eight days and a half; one activity per hour, one
/// attempt each. Mastodon leaves it out with the first failure of the seventh day, Misskey with the first failure 168 hours
/// after the first. It comes back when it speaks: a View of its viewer, at 10 days.
#[test]
fn a_destination_that_is_left_out_comes_back_when_it_speaks() {
    let hours = |health: &str, end: &str| {
        let (seen, _) = small(&Small {
            end,
            figures: &format!("base: mastodon, breaker: off, attempts: 1, health: {health}, {NO_CPU}"),
            sessions: "{instance: follower, start: 240 h, watch: 2 s}",
            rest: "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 1 /h}]}\n\
                   faults: [{down: [follower], at: 1 h, for: 203 h}]",
            ..SMALL
        });
        let hour = |time: &Time| time.ms() / 3_600_000;
        let sent: Vec<u64> = seen
            .sent
            .iter()
            .filter(|(_, message)| message.kind == Kind::Background)
            .map(|(time, _)| hour(time))
            .collect();
        let removed: Vec<u64> =
            seen.health.iter().filter(|(_, note)| note.removed).map(|(time, _)| hour(time)).collect();
        let last_before = sent.iter().copied().filter(|hour| *hour < 240).max().expect("it is sent");
        let first_after = sent.iter().copied().filter(|hour| *hour >= 240).min();
        (removed, last_before, first_after)
    };
    let (removed, last, back) = hours("unavailable-days", "300 h");
    assert!(matches!(removed[..], [144..=152]) && removed[0] == last, "{removed:?} {last}");
    assert!(matches!(back, Some(240..=250)), "{back:?}");
    let (removed, last, back) = hours("suspended", "300 h");
    assert!(matches!(removed[..], [169..=182]) && removed[0] == last, "{removed:?} {last}");
    assert!(matches!(back, Some(240..=250)), "{back:?}");
    let (removed, last, _) = hours("\"off\"", "300 h");
    assert!(removed.is_empty() && last > 230);
}

/// A follower answers 410 for twelve days. Mastodon gives a message up after that: it counts no failure, and goes on asking. If it
/// did not give up, it would leave it out on the seventh day; Misskey counts it whatever was answered.
#[test]
fn a_final_answer_leaves_nobody_out_but_with_misskey() {
    let removed = |figures: &str| {
        let (seen, _) = small(&Small {
            end: "288 h",
            figures: &format!("base: mastodon, breaker: off, {figures}, {NO_CPU}"),
            sessions: "",
            rest: "other_traffic: {updates: off, watch_actions: off, background: [{video: clip, rate: 1 /h}]}\n\
                   faults: [{down: [follower], how: gone}]",
            ..SMALL
        });
        let hours =
            seen.health.iter().filter(|(_, note)| note.removed).map(|(time, _)| time.ms() / 3_600_000);
        hours.collect::<Vec<_>>()
    };
    assert_eq!(removed("attempts: 17"), [0; 0]);
    assert!(matches!(removed("give_up_on: [404], attempts: 2")[..], [144..=152]));
    assert!(matches!(removed("health: suspended, attempts: 17")[..], [168..=180]));
}
