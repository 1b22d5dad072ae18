//! Planted errors of rules that no release has, beside those of totals: a wrong model is another scenario under the same claims.

use super::planted_deliveries::exact;

/// One error: its name, the case, the claim that must be refused because of it, and how the model is wrong.
struct Planted(&'static str, &'static str, &'static str, &'static str);

const SHORT: &str = "an entry that expires between ticks";
const SAYS: &str = "a viewer who says that they leave";
const TOTALS: &str = "totals of viewers who say that they leave";
const GROWING: &str = "a number of views that grows";
const TOO_LONG: &str = "47 samples with who has left";
const RECORDS: &str = "records of everybody";
const ANSWERED: &str = "counts in answers";
const FIRST_ANSWER: &str = "a count in the first answer";
const FORWARDED: &str = "53 totals that are forwarded";
const SHOWN: &str = "53 what everybody shows";
const PULLED: &str = "counts that are asked for";
const DOWN: &str = "counts of an origin that is down";
const SHOWN_BY_FOLLOWERS: &str = "55 what followers show";
const BATCHES: &str = "totals in batches";
const HINTED: &str = "clients who are told to come later";
const COMES: &str = "56 when clients come";
const WAITED: &str = "56 what is shown of who has left";
const UPDATES: &str = "50 Updates of a number that grows";

const PLANTED: &[Planted] = &[
    Planted("it counts until the tick", SHORT, TOO_LONG, "protocols.mine.expiry=ticks"),
    Planted("nobody says so", SAYS, TOO_LONG, "protocols.mine.leave_beacon=0 %"),
    Planted(
        "it costs nothing to say so",
        SAYS,
        "48 heartbeats, and one when they leave",
        "protocols.mine.leave_beacon=0 %",
    ),
    Planted("they expire", TOTALS, "48 totals of a follower", "protocols.mine.leave_beacon=0 %"),
    Planted("a smaller change is worth it", GROWING, UPDATES, "protocols.mine.update_share=18 %"),
    Planted("totals are for the origin alone", RECORDS, FORWARDED, "protocols.mine.records=no"),
    Planted(
        "records cost the origin nothing",
        RECORDS,
        "53 totals of the origin",
        "instances.far.follows_as=no-shared-inbox",
    ),
    Planted("they go to the author, too", RECORDS, FORWARDED, "instances.others.count=3"),
    Planted(
        "an instance waits for the origin's total",
        "records of some",
        SHOWN,
        "protocols.mine.records=no",
    ),
    Planted("only the origin says so", RECORDS, SHOWN, "protocols.mine.follower_cap=0"),
    Planted("a record lasts", "records that have expired", SHOWN, "protocols.mine.lifetime=1 min"),
    Planted("answers have no body", ANSWERED, "54 bytes of answers", "protocols.mine.count_on_reply=no"),
    Planted(
        "the origin says totals, too",
        ANSWERED,
        "54 messages of all kinds",
        "protocols.mine.origin_total=yes",
    ),
    Planted("nobody reads answers", FIRST_ANSWER, SHOWN, "protocols.mine.count_on_reply=no"),
    Planted("an answer does not count what it answers", FIRST_ANSWER, SHOWN, "protocols.mine.follower_cap=0"),
    Planted(
        "an answer takes no time",
        "a count in an answer that is under way",
        SHOWN,
        "network.latency={constant: 1 ms}",
    ),
    Planted(
        "an answer takes as long as two",
        "a count in an answer that has come",
        SHOWN,
        "network.latency={constant: 1100 ms}",
    ),
    Planted("each heartbeat asks", PULLED, "55 GETs", "protocols.mine.pull_cache=5 s"),
    Planted("GETs take fewer encodings", PULLED, "55 bytes of GETs", "protocols.mine.wire=peertube-6.1"),
    Planted("asking costs nothing", PULLED, "55 messages of all kinds", "protocols.mine.pull=no"),
    Planted("every answer has a body", PULLED, "55 bytes of answers", "viewers.0.sessions.1.start=1500 ms"),
    Planted("nobody reads what they asked for", PULLED, SHOWN, "protocols.mine.pull=no"),
    Planted(
        "the origin counts anew for each",
        "a count that the origin keeps",
        SHOWN,
        "protocols.mine.pull_cache=1 s",
    ),
    Planted("a GET takes no time", "a count that is under way", SHOWN, "network.latency={constant: 1 ms}"),
    Planted(
        "a GET takes longer than a handshake, a way there and one back",
        "a count that has come",
        SHOWN,
        "network.latency={constant: 1100 ms}",
    ),
    Planted("who is down answers", DOWN, "55 bytes of answers", "faults.0.at=50 s"),
    Planted("who fails does not ask again", DOWN, "55 GETs", "protocols.mine.pull_cache=1 h"),
    Planted("a count lives as long as an entry", DOWN, SHOWN_BY_FOLLOWERS, "protocols.mine.lifetime=5 s"),
    Planted(
        "a count lasts",
        "counts that nobody renews",
        SHOWN_BY_FOLLOWERS,
        "protocols.mine.lifetime=1 min",
    ),
    Planted("clients are told nothing", HINTED, COMES, "protocols.mine.hints=off"),
    Planted("clients obey from the first heartbeat on", HINTED, COMES, "instances.follower.tick_phase=0 s"),
    Planted(
        "it is told in twice the bytes",
        HINTED,
        "56 bytes of answers to heartbeats",
        "protocols.mine.hints.heartbeats_per_s=1",
    ),
    Planted("they come as often", HINTED, "56 heartbeats", "protocols.mine.hints.at_most=2 s"),
    Planted(
        "nothing is the most",
        "clients who are told the most",
        COMES,
        "protocols.mine.hints.at_most=6 s",
    ),
    Planted(
        "parts of a second are left out",
        "parts of a second are told as a whole one",
        COMES,
        "protocols.mine.hints.heartbeats_per_s=6",
    ),
    Planted(
        "who is no view is told, too",
        "a visit that is no view yet is told nothing",
        COMES,
        "protocols.mine.plain_view_after=0 s",
    ),
    Planted(
        "each video by itself",
        "clients of two videos",
        COMES,
        "protocols.mine.hints.heartbeats_per_s=4",
    ),
    Planted(
        "a process remembers what it told",
        "a process that starts again has told nothing",
        COMES,
        "faults=[]",
    ),
    Planted(
        "clients remember what they were told",
        "clients who get no answer",
        "56 heartbeats without an answer",
        "protocols.mine.heartbeat=3 s",
    ),
    Planted(
        "all are waited for as long",
        "who is told to come later is waited for longer",
        WAITED,
        "protocols.mine.lifetime=19 s",
    ),
    Planted(
        "they are waited for twice as long",
        "who is told to come later is waited for no longer than that",
        WAITED,
        "protocols.mine.lifetime=21 s",
    ),
    Planted(
        "the origin says all by themselves",
        BATCHES,
        "57 batches and totals of the origin",
        "protocols.mine.batch=no",
    ),
    Planted(
        "followers say all by themselves",
        BATCHES,
        "57 batches and totals of followers",
        "protocols.mine.batch=no",
    ),
    Planted(
        "who has no inbox is told",
        BATCHES,
        "57 totals that followers took",
        "instances.far.follows_as=no-shared-inbox",
    ),
    Planted("bytes of an older form", BATCHES, "57 bytes of followers", "protocols.mine.wire=peertube-6.0"),
    Planted(
        "batches are not read",
        BATCHES,
        "57 viewers that nobody sees",
        "protocols.mine.accept_result=nobody",
    ),
    Planted("every change is worth it", GROWING, UPDATES, "protocols.mine.origin_views=updates"),
];

#[test]
fn planted_errors_of_designs_are_refused() {
    for Planted(name, case, claim, set) in PLANTED {
        let difference = exact(case, claim, &[set]).difference();
        println!("{name}: {claim}; refused: {difference:?}");
        assert!(difference.is_some(), "{name}: {claim} holds");
    }
}
