//! What receivers ask back, in small cases worked out by hand, in both engines.

use fedisim::foundation::ids::InstanceId;
use fedisim::mechanism::activity::Kind;
use fedisim::metrics::traffic::{Direction, Sums};
use fedisim::runs::cell::{CellResult, Engine, plan, run_cell};
use fedisim::scenario::{Changes, Failure, Input, Scenario, parse};
use std::sync::atomic::AtomicBool;

const FOLLOWERS: u64 = 40;

/// An origin that tells all followers at one instant of an update; bob's view makes another one half an hour later.
const HERD: &str = "
name: herd
description: all followers ask back at one instant
end: 65 min
compare: [{name: mine, protocol: v2, delivery: at-once}]
deliveries: {at-once: {base: peertube, requests_per_job: 1000, sign: 0 s, transport: ignored}}
instances: {origin: {}, followers: {count: 40}}
videos: {clip: {origin: origin, length: live}}
viewers:
  - video: clip
    sessions:
      - {instance: origin, start: 1 s, watch: 62 min}
      - {instance: origin, start: 35 min, watch: 20 min}
network: {latency: {constant: 300 ms}}
other_traffic: {watch_actions: off, asked_back: {after_updates: requests}}
";

fn scenario(set: &[&str]) -> Scenario {
    let no_data = |_: &str| Err(std::io::Error::other("there are no files"));
    let input = Input { file: "here", bytes: HERD.as_bytes(), stem: None, data: &no_data };
    let changes = Changes { sets: set.iter().map(|set| (*set).to_owned()).collect(), ..Changes::default() };
    parse(&input, &changes, &[]).unwrap_or_else(|problems| panic!("{}", Failure::Invalid(problems)))
}

/// The result, which both engines have.
fn run(set: &[&str]) -> CellResult {
    let scenario = scenario(set);
    let [plain, fast] = [Engine::Plain, Engine::Fast { helpers: 0 }].map(|engine| {
        run_cell(&scenario, &plan(&scenario)[0], engine, &AtomicBool::new(false))
            .expect("it comes to its end")
    });
    assert_eq!(plain.observed, fast.observed);
    plain
}

fn sums(result: &CellResult, at: u32, direction: Direction, kind: Kind) -> Sums {
    let mut all = Sums::ZERO;
    let rows = result.observed.traffic.iter();
    let rows = rows.filter(|row| (row.instance, row.direction, row.kind) == (at, direction, kind));
    rows.for_each(|row| all.add(&row.sums));
    all
}

fn metric(result: &CellResult, name: &str) -> u64 {
    let found = result.metrics.iter().find(|metric| metric.name == name).expect("a count is always there");
    found.value.parse().expect("a count")
}

fn origin_cpu_ms(result: &CellResult) -> u64 {
    result.observed.delivery.busy[InstanceId(0).index()].cpu_ns / 1_000_000
}

/// Two updates, three GETs each: 2,326 bytes of answers per follower, and a core of the origin for 5 ms per GET.
#[test]
fn three_gets_per_update_are_answered_and_worked_on() {
    let [asked, counted, off] = ["requests", "counted", "off"]
        .map(|how| run(&[&format!("other_traffic.asked_back.after_updates={how}")]));
    let got = sums(&asked, 0, Direction::In, Kind::UpdateFetch);
    assert_eq!((got.messages, got.response_bytes), (6 * FOLLOWERS, 2 * 2_326 * FOLLOWERS));
    let one = sums(&asked, 1, Direction::Out, Kind::UpdateFetch);
    assert_eq!((one.messages, one.response_bytes), (6, 2 * 2_326));
    let made =
        (1..=FOLLOWERS as u32).map(|id| sums(&asked, id, Direction::Out, Kind::UpdateFetch).head_bytes);
    assert_eq!(made.sum::<u64>(), got.head_bytes);
    assert_eq!(origin_cpu_ms(&asked) - origin_cpu_ms(&off), 6 * FOLLOWERS * 5);
    let links = asked.observed.links.iter().filter(|row| row.kind == Kind::UpdateFetch);
    assert_eq!(links.map(|row| row.sums.messages).sum::<u64>(), 6 * FOLLOWERS);
    let delivered = [&asked, &off].map(|result| metric(result, "messages_delivered"));
    assert_eq!(delivered[0] - delivered[1], 6 * FOLLOWERS);
    // what is counted loads nothing, and nobody
    assert_eq!(sums(&counted, 0, Direction::In, Kind::UpdateFetch).response_bytes, got.response_bytes);
    assert_eq!(origin_cpu_ms(&counted), origin_cpu_ms(&off));
    assert_eq!(metric(&counted, "messages_delivered"), delivered[1]);
    assert_eq!(sums(&off, 0, Direction::In, Kind::UpdateFetch), Sums::ZERO);
}

/// One request per 10 s of each sender: the chapters of each update are taken, likes and dislikes refused, with heads alone.
#[test]
fn a_rate_limit_counts_gets() {
    let result = run(&["instances.origin.receives={rate_limit: {requests: 1, per: 10 s}}"]);
    assert_eq!(metric(&result, "messages_refused_rate"), 4 * FOLLOWERS);
    let got = sums(&result, 0, Direction::In, Kind::UpdateFetch);
    assert_eq!(got.messages, 2 * FOLLOWERS);
    assert!(got.response_bytes < FOLLOWERS * (2 * 776 + 4 * 400), "{got:?}");
}

#[test]
fn a_cache_spares_cores_and_the_rate_limit_but_not_the_uplink() {
    let cached = |cache: &str| run(&[&format!("other_traffic.asked_back.cache={cache}")]);
    let [none, all] = ["{share: 0 %}", "{share: 100 %}"].map(cached);
    assert_eq!(origin_cpu_ms(&none) - origin_cpu_ms(&all), 6 * FOLLOWERS * 5);
    // the GETs of the first update come at one instant, before anything is kept; those of the second are kept for an hour
    let kept = cached("{for: 1 h}");
    assert_eq!(origin_cpu_ms(&kept) - origin_cpu_ms(&all), 3 * FOLLOWERS * 5);
    for result in [&none, &all, &kept] {
        assert_eq!(sums(result, 0, Direction::In, Kind::UpdateFetch).response_bytes, 2 * 2_326 * FOLLOWERS);
    }
    let limit = "instances.origin.receives={rate_limit: {requests: 1, per: 10 s}}";
    let limited = run(&[limit, "other_traffic.asked_back.cache={share: 100 %}"]);
    assert_eq!(metric(&limited, "messages_refused_rate"), 0);
}

#[test]
fn without_queues_gets_come_at_once() {
    let result = run(&["compare=[{name: mine, protocol: v2, delivery: unlimited}]"]);
    assert_eq!(sums(&result, 0, Direction::In, Kind::UpdateFetch).messages, 6 * FOLLOWERS);
}

/// Nobody has met anybody. Alice makes a plain view 11 s after the start, of which the origin tells all followers at one instant.
/// Its sender waits long enough for the answers.
const MEETING: [&str; 3] = [
    "other_traffic={updates: off, watch_actions: off, asked_back: {first_contact: requests}}",
    "viewers.0.sessions=[{instance: origin, start: 1 s, watch: 62 min}]",
    "deliveries.at-once.timeout=10 s",
];
/// Of an actor: itself, followers, following, playlists. Of a video: itself, its channel twice, its account, seven collections.
const ACTOR_BYTES: u64 = 2_000 + 3 * 775;
const VIDEO_BYTES: u64 = 15_114 + 2 * 3_518 + 2_533 + 7 * 775;

fn meeting(set: &[&str]) -> CellResult {
    run(&[&MEETING, set].concat())
}

/// 4 and 11 GETs per follower with the bytes of their answers, whatever is sent in the hour after.
#[test]
fn who_meets_an_origin_asks_once_for_its_actor_and_its_video() {
    let off = meeting(&["other_traffic.asked_back.first_contact=off"]);
    for delivery in ["at-once", "unlimited"] {
        let result = meeting(&[&format!("compare=[{{name: mine, protocol: v2, delivery: {delivery}}}]")]);
        let of_actor = sums(&result, 0, Direction::In, Kind::ActorFetch);
        assert_eq!((of_actor.messages, of_actor.response_bytes), (4 * FOLLOWERS, ACTOR_BYTES * FOLLOWERS));
        let of_video = sums(&result, 0, Direction::In, Kind::VideoFetch);
        assert_eq!((of_video.messages, of_video.response_bytes), (11 * FOLLOWERS, VIDEO_BYTES * FOLLOWERS));
        let one = sums(&result, 7, Direction::Out, Kind::VideoFetch);
        assert_eq!((one.messages, one.response_bytes), (11, VIDEO_BYTES));
        let posts = [&result, &off].map(|result| sums(result, 0, Direction::Out, Kind::Total).messages);
        assert!(posts[0] == posts[1] && posts[0] > 20 * FOLLOWERS, "{posts:?}");
        if delivery == "at-once" {
            assert_eq!(origin_cpu_ms(&result) - origin_cpu_ms(&off), 15 * FOLLOWERS * 5);
        }
    }
    assert_eq!(sums(&off, 0, Direction::In, Kind::ActorFetch), Sums::ZERO);
    assert_eq!(sums(&off, 0, Direction::In, Kind::VideoFetch), Sums::ZERO);
}

/// With a latency of d the post arrives after 5 d (two round trips of the handshake, and its own way). The key is there when the
/// followers of the actor are counted: three GETs, each 6 d and 5 ms of CPU time. Then it is verified in 20 us, and answered d
/// later: 24 d + 15.02 ms.
#[test]
fn a_post_is_answered_when_the_key_has_come() {
    for (timeout, late) in [("7215 ms", FOLLOWERS), ("7216 ms", 0)] {
        let result = meeting(&[&format!("deliveries.at-once.timeout={timeout}"), "end=1 min"]);
        assert_eq!(metric(&result, "messages_timed_out"), late, "{timeout}");
        assert_eq!(metric(&result, "messages_refused"), 0);
        assert_eq!(sums(&result, 0, Direction::In, Kind::VideoFetch).messages, 11 * FOLLOWERS);
    }
}

/// GETs follow each other at 1.8 s. The largest answer is the video's; beside it the playlists are asked for.
#[test]
fn the_busiest_second_is_that_of_the_video() {
    let result = meeting(&["end=1 min"]);
    assert_eq!(metric(&result, "origin_out_bytes_per_s_peak"), FOLLOWERS * (15_114 + 775));
}

/// Five posts come at one instant, and wait for one key.
#[test]
fn a_key_is_asked_for_once_per_signer() {
    let result = meeting(&[
        "other_traffic.background=[{video: clip, burst: {jobs: 5, at: 5 s}}]",
        "deliveries.at-once.sequential_jobs=10",
        "end=1 min",
    ]);
    assert_eq!(sums(&result, 0, Direction::In, Kind::ActorFetch).messages, 4 * FOLLOWERS);
    assert_eq!(sums(&result, 0, Direction::In, Kind::VideoFetch).messages, 11 * FOLLOWERS);
    let posts = (1..=FOLLOWERS as u32).map(|id| sums(&result, id, Direction::In, Kind::Background).messages);
    assert_eq!(posts.sum::<u64>(), 5 * FOLLOWERS);
}

/// A view of the first follower is forwarded: all others need its author's key beside the origin's, and the origin needs it, too.
#[test]
fn who_gets_a_forwarded_view_asks_its_author() {
    let result = meeting(&["viewers.0.sessions=[{instance: followers-1, start: 1 s, watch: 10 min}]"]);
    let asked = |id| sums(&result, id, Direction::In, Kind::ActorFetch).messages;
    assert_eq!((asked(0), asked(1), asked(2)), (4 * FOLLOWERS, 4 * FOLLOWERS, 0));
    assert_eq!(sums(&result, 0, Direction::In, Kind::VideoFetch).messages, 11 * FOLLOWERS);
    assert_eq!(sums(&result, 0, Direction::Out, Kind::VideoFetch), Sums::ZERO);
}

/// Of its 15 GETs a follower makes one for the channel a second time, 1.8 s after the first; the others come at the instants of
/// all followers, before anything is kept.
#[test]
fn a_cache_knows_the_channel_that_was_asked_for_before() {
    let off = meeting(&["other_traffic.asked_back.first_contact=off"]);
    for (cache, spared) in [("{share: 100 %}", 15), ("{for: 1 h}", 1)] {
        let result = meeting(&[&format!("other_traffic.asked_back.cache={cache}")]);
        assert_eq!(origin_cpu_ms(&result) - origin_cpu_ms(&off), (15 - spared) * FOLLOWERS * 5);
        let answers = sums(&result, 0, Direction::In, Kind::VideoFetch).response_bytes;
        assert_eq!(answers, VIDEO_BYTES * FOLLOWERS);
    }
}

/// The origin stops when its first post has left, before it arrives: no key, so all refuse. They ask again when it speaks again.
#[test]
fn an_origin_that_is_gone_is_not_believed() {
    let down = |lasts: &str| format!("faults=[{{down: [origin], at: 12 s, how: refused{lasts}}}]");
    let gone = meeting(&[&down(""), "end=5 min"]);
    assert_eq!(metric(&gone, "messages_refused_signer"), FOLLOWERS);
    assert_eq!(metric(&gone, "sent_messages_actor_fetch"), FOLLOWERS);
    assert_eq!(metric(&gone, "sent_messages_video_fetch"), 0);
    let back = meeting(&[&down(", for: 60 s")]);
    assert_eq!(metric(&back, "messages_refused_signer"), FOLLOWERS);
    assert_eq!(metric(&back, "sent_messages_actor_fetch"), FOLLOWERS + 4 * FOLLOWERS);
    assert_eq!(metric(&back, "sent_messages_video_fetch"), 11 * FOLLOWERS);
}

/// The post arrives at 12.5 s. One follower stops when its first GET is under way, and asks again at the next total.
#[test]
fn a_receiver_that_stops_forgets_what_waits_for_a_key() {
    let result = meeting(&["faults=[{restart: [followers-1], at: 13 s, startup: 0 s}]", "end=10 min"]);
    assert_eq!(metric(&result, "messages_lost"), 1);
    assert_eq!(sums(&result, 1, Direction::Out, Kind::ActorFetch).messages, 5);
    assert_eq!(sums(&result, 1, Direction::Out, Kind::VideoFetch).messages, 11);
    assert_eq!(sums(&result, 2, Direction::Out, Kind::ActorFetch).messages, 4);
}

#[test]
fn other_software_wants_the_key_alone() {
    let result = meeting(&["instances.followers.software=mastodon", "end=1 min"]);
    let asked = sums(&result, 0, Direction::In, Kind::ActorFetch);
    assert_eq!((asked.messages, asked.response_bytes), (FOLLOWERS, 2_000 * FOLLOWERS));
    assert_eq!(sums(&result, 0, Direction::In, Kind::VideoFetch), Sums::ZERO);
}

/// What an inbox receives and answers loads the machine of its host, which meanwhile asks back over the same uplink.
#[test]
fn a_host_with_several_inboxes_answers_and_asks_over_one_uplink() {
    let result = run(&[
        "end=10 min",
        "viewers=[]",
        "compare=[{name: mine, protocol: v2, delivery: mastodon}]",
        "instances={origin: {capacity: {cores: 2, downlink: 56 kbit/s}}, quiet: {count: 2}, others: {count: 3, software: other, inboxes: {per_account: 3}, capacity: {cores: 64, uplink: 1 Mbit/s, downlink: 56 kbit/s}}}",
        "network={latency: {lognormal: {median: 50 ms, sigma: 1}}, loss: 30 %}",
        "other_traffic={updates: off, background: [{video: clip, burst: {jobs: 300, at: 10 s}, preview: {answer: 3 kB, share: 30 %, within: 0 s}}], asked_back: {cpu: 1 s}}",
    ]);
    let gets = sums(&result, 0, Direction::In, Kind::LinkPreview).messages;
    assert!(gets > 50, "{gets}");
}
