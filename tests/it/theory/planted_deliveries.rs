//! Planted errors of delivery: a wrong model is another scenario under the same claims, a wrong formula another expectation.
//!
//! Each must be refused by the claim that it is planted for, and that claim must be in the table.

use fedisim::foundation::units::Span;
use fedisim::theory::acceptance::{Claim, Refusal, judge};
use fedisim::theory::cases::{Case, Exact, Sampled, Values};
use fedisim::theory::delivery_formulas::{OneAtATime, attempts, waits};
use fedisim::theory::request_log::RequestLog;
use fedisim::theory::{exact_cases, sampled_cases};

/// One error, and the claim that must be refused because of it.
struct Planted {
    name: &'static str,
    case: &'static str,
    claim: &'static str,
    error: Error,
}

enum Error {
    /// The simulation differs from the formula's model: further changes of its scenario.
    Model(&'static [&'static str]),
    /// The formula differs from the simulation's model. It may know what the right one expects.
    Formula(fn(&Values) -> Values),
}

const DEAD: &str = "one viewer more";
const KEPT: &str = "one request at a time on a kept connection";
const TCP: &str = "one request at a time on new connections of TCP";
const TLS: &str = "one request at a time on new connections with TLS";
const MISSKEY: &str = "Misskey's attempts at a host that is gone";
const MASTODON: &str = "Mastodon's attempts at a host that is gone";
const HEAD: &str = "a head that is held back for an hour";
const BURST: &str = "a burst of 20 jobs to 70 inboxes";
const HERD: &str = "a herd at an inbox";
const STREAM: &str = "a Poisson stream into an inbox";
const AGAIN: &str = "refusals that say when to come again";
const CLOCKS: &str = "clocks at both bounds of a signature window";
const WIDE: &str = "a herd of GETs over a wide uplink";
const REGULAR_VIEWS: &str = "views at regular intervals";
const LOST_UPDATE: &str = "the same with a lost Update";
const VIEWS_RESTART: &str = "an owner that starts again";
const INTEREST: &str = "totals to those interested";
const LOST_TOTAL: &str = "a total that is lost with its views";
const NUMBERED: &str = "views by their number";
const IN_TOTALS: &str = "views in the origin's totals";
const RESTARTED: &str = "totals over the interval, and a restart";
const NO_INBOX: &str = "totals to those interested who have an inbox";
const SPREAD: &str = "totals over the interval";
const INVENTED: &str = "viewers who do not exist";
const CAPPED: &str = "a cap on one follower";
const CAPPED_TOTALS: &str = "a cap on one follower's totals";
const RESULT: &str = "a result that is not the origin's";
const RAMP: &str = "a ramp at the origin, and one viewer at a follower";
const LATE_RAMP: &str = "a ramp that a follower sees only at its end";
const CONSTANT: &str = "a crowd that does not change";
const NARROW: &str = "a herd of GETs over a narrow uplink";

const fn model(
    name: &'static str,
    case: &'static str,
    claim: &'static str,
    sets: &'static [&'static str],
) -> Planted {
    Planted { name, case, claim, error: Error::Model(sets) }
}

const fn formula(
    name: &'static str,
    case: &'static str,
    claim: &'static str,
    wrong: fn(&Values) -> Values,
) -> Planted {
    Planted { name, case, claim, error: Error::Formula(wrong) }
}

const PLANTED: &[Planted] = &[
    model(
        "totals go to all followers",
        INTEREST,
        "39 totals in all",
        &["protocols.mine.totals_to=everybody"],
    ),
    model(
        "an entry lives longer than to the next tick",
        INTEREST,
        "39 totals to who is interested",
        &["protocols.mine.lifetime=20 s", "protocols.mine.tick_interval=10 s"],
    ),
    model(
        "views are said apart",
        INTEREST,
        "42 counts of views apart",
        &["protocols.mine.plain_views=counted"],
    ),
    model("views are not said", INTEREST, "42 views that are lacking", &["protocols.mine.plain_views=none"]),
    model("the total arrives", LOST_TOTAL, "42 views that are lacking", &["faults=[]"]),
    model("views are said one by one", NUMBERED, "41 views one by one", &["protocols.mine.plain_views=each"]),
    model(
        "ticks are half as far apart",
        NUMBERED,
        "41 counts of views",
        &["protocols.mine.tick_interval=5 s"],
    ),
    model("Updates tell of views", IN_TOTALS, "43 Updates", &["protocols.mine.origin_views=updates"]),
    model(
        "everybody gets totals",
        IN_TOTALS,
        "42 views that are lacking",
        &["protocols.mine.totals_to=everybody"],
    ),
    model("one viewer more", INVENTED, "51 Views of the liar", &["lies.0.viewers=37"]),
    model(
        "they are due earlier",
        INVENTED,
        "51 Views of the liar",
        &["protocols.mine.refederation_age=80 s"],
    ),
    model("no cap", CAPPED, "52 what the origin shows", &["protocols.mine.follower_cap=off"]),
    model(
        "a cap that is one too large",
        CAPPED_TOTALS,
        "52 what the origin shows",
        &["protocols.mine.follower_cap=11"],
    ),
    model("nobody believes it", RESULT, "51 what others show", &["protocols.mine.accept_result=nobody"]),
    model("all at ticks", SPREAD, "40 totals of the origin", &["protocols.mine.totals_at=ticks"]),
    model("nobody starts again", RESTARTED, "40 totals of a follower", &["faults=[]"]),
    model("the follower has an inbox", NO_INBOX, "39 totals in all", &["instances.near.follows_as=server"]),
    model("a tick is late", SPREAD, "40 totals of a follower", &["instances.near.tick_phase=4 s"]),
    model(
        "half of the instants are no samples",
        RAMP,
        "44 least messages on a ramp, 0 %",
        &["measure.every=20 s"],
    ),
    model(
        "the follower is down for a while",
        RAMP,
        "44 least messages on a ramp, 1 %",
        &["faults=[{down: [follower], at: 100 s, for: 100 s}]"],
    ),
    formula("an error is bounded on one side only", RAMP, "44 least messages on a ramp, 5 %", |right| {
        assert_eq!(*right, Values::one(29));
        Values::one(36)
    }),
    model(
        "the viewer at the follower leaves",
        RAMP,
        "44 least messages on a ramp, 20 %",
        &["viewers.0.sessions.0.watch=2 min"],
    ),
    model(
        "the follower has somebody all the time",
        LATE_RAMP,
        "44 least messages from then on, 5 %",
        &["viewers.0.sessions.0.start=0 s"],
    ),
    model(
        "everybody sits at the origin",
        CONSTANT,
        "45 least messages of a constant crowd",
        &["viewers.0.sessions.3.instance=origin"],
    ),
    model(
        "two sit at the follower",
        CONSTANT,
        "46 error if nothing is sent, per mille",
        &["viewers.0.sessions.2.instance=follower"],
    ),
    model(
        "flushes are twice as far apart",
        REGULAR_VIEWS,
        "37 lag of the follower at an instant",
        &["other_traffic.updates.every=120 s"],
    ),
    model(
        "the first flush is late",
        REGULAR_VIEWS,
        "38 views that the follower lacks at an instant",
        &["instances.origin.update_phase=50 s"],
    ),
    model(
        "the follower counts its own viewers",
        LOST_UPDATE,
        "38 views that the follower lacks at an instant",
        &[
            "protocols.mine={base: peertube-8.2.4, follower_views: own-count}",
            "viewers.0.sessions.3.instance=follower",
        ],
    ),
    model("the Update arrives", LOST_UPDATE, "37 lag of the follower at an instant", &["faults=[]"]),
    model(
        "the owner is down when views are to be counted",
        VIEWS_RESTART,
        "37 lag of the follower at an instant",
        &["faults=[{down: [origin], at: 80 s, for: 20 s, how: silent}]"],
    ),
    model(
        "the time-out is two seconds shorter",
        DEAD,
        "21 waits of forwards",
        &["deliveries.mine.timeout=29 s"],
    ),
    model("two forwards at once", DEAD, "21 waits of forwards", &["deliveries.mine.sequential_jobs=2"]),
    model("the way back is that there", KEPT, "22 deliveries, slow there", &[THERE_TWICE]),
    model("the way back is that there", TCP, "22 deliveries, slow back", &[THERE_TWICE]),
    model("the way back is that there", TLS, "22 deliveries, slow there", &[THERE_TWICE]),
    model(
        "connections are not kept",
        KEPT,
        "22 deliveries, both ways alike",
        &["deliveries.mine.keep_alive=off"],
    ),
    formula("TLS takes no round trip", TLS, "22 deliveries, both ways alike", |_| {
        let ms_50 = Span::from_ms(50);
        let queue = OneAtATime { there: ms_50, back: ms_50, handshake: 1, is_kept: false };
        Values::Times(queue.deliveries(60))
    }),
    model(
        "another base",
        MISSKEY,
        "23 Misskey's attempts",
        &[
            "deliveries.mine.retry.schedule={exponential: {unit: 1 min, base: 3, minus_one: yes, at_most: 8 h}}",
        ],
    ),
    model(
        "nothing is taken from the power",
        MISSKEY,
        "23 Misskey's attempts",
        &["deliveries.mine.retry.schedule={exponential: {unit: 1 min, base: 2, at_most: 8 h}}"],
    ),
    model("one attempt less", MISSKEY, "23 Misskey's attempts", &["deliveries.mine.attempts=11"]),
    model("with jitter", MASTODON, "23 Mastodon's attempts", &["deliveries.mine.retry.jitter=mastodon"]),
    formula(
        "the fourth power of the failures, that one included",
        MASTODON,
        "23 Mastodon's attempts",
        |_| {
            let wait = |failures: u32| Span::from_secs(u64::from(failures).pow(4) + 15);
            Values::Times(attempts(17, Span::from_ms(100), wait))
        },
    ),
    model(
        "another base",
        HEAD,
        "24 tries of the head",
        &["deliveries.mine.retry.schedule={exponential: {unit: 1 s, base: 1.5, at_once: 1, at_most: 24 h}}"],
    ),
    model(
        "the second try waits, too",
        HEAD,
        "24 the head arrives",
        &["deliveries.mine.retry.schedule={exponential: {unit: 1 s, base: 1.25, at_most: 24 h}}"],
    ),
    model(
        "each message has its own retries",
        HEAD,
        "25 order of arrival",
        &["deliveries.mine.retry.per=message", "deliveries.mine.attempts=31"],
    ),
    model("connections are kept", HEAD, "25 requests of the catch-up", &["deliveries.mine.keep_alive=90 s"]),
    model("40 requests at once", BURST, "26 all is done", &["deliveries.mine.requests_per_job=40"]),
    model("two jobs at once", BURST, "26 waits of jobs", &["deliveries.mine.sequential_jobs=2"]),
    formula("the one that runs waits, too", BURST, "26 the most jobs that wait", |_| Values::one(20)),
    model(
        "inboxes are quicker",
        BURST,
        "28 the most that wait in a follower's inbox",
        &["deliveries.mine.inbox=1900 ms"],
    ),
    model("two workers", HERD, "27 activities come out of the inbox", &["deliveries.mine.inbox_workers=2"]),
    formula("the first one waits, too", HERD, "27 the most that wait", |_| Values::one(500)),
    model("two workers", STREAM, "29 the most that wait", &["deliveries.mine.inbox_workers=2"]),
    formula("the wait is rounded down", STREAM, "29 the most that wait", |right| match right {
        Values::Counts(counts) => Values::Counts(counts.iter().map(|count| count - 1).collect()),
        Values::Times(_) => right.clone(),
    }),
    model(
        "`Retry-After` is not heeded",
        AGAIN,
        "31 second attempts arrive",
        &["deliveries.mine.retry_after=ignored"],
    ),
    model(
        "`Retry-After` is not heeded",
        AGAIN,
        "31 which are taken",
        &["deliveries.mine.retry_after=ignored"],
    ),
    formula("all refused wait a whole window", AGAIN, "31 second attempts arrive", |_| {
        let trip = Span::from_secs(60) + Span::from_ms(300);
        Values::Times((5..20).map(|k| Span::from_secs(k) + trip).collect())
    }),
    formula("the next window takes all", AGAIN, "31 which are refused", |_| {
        Values::Counts((5..20).collect())
    }),
    model(
        "the window is an hour longer",
        CLOCKS,
        "32 refused for their Date",
        &["deliveries.mine.signature_window={old: 61 min, ahead: 30 s}"],
    ),
    model("signed in no time", CLOCKS, "32 refused for their Date", &["deliveries.mine.sign=0 s"]),
    formula("the way there does not count", CLOCKS, "32 refused for their Date", |_| {
        Values::Counts(vec![0, 0, 10, 10])
    }),
    model(
        "GETs begin within a minute",
        WIDE,
        "34 the origin's busiest second, bytes",
        &["other_traffic.background.0.preview.within=59 s"],
    ),
    formula("one answer for all", WIDE, "34 the origin's busiest second, bytes", |_| Values::one(100_000)),
    model("a wider uplink", NARROW, "35 answers arrive", &["instances.origin.capacity.uplink=2 Mbit/s"]),
    model("more patience", NARROW, "35 askers who time out", &["deliveries.mine.timeout=8 s"]),
    formula(
        "answers share the uplink, and all end together",
        NARROW,
        "35 answers arrive",
        |right| match right {
            Values::Times(times) => Values::Times(times.iter().map(|_| times[times.len() - 1]).collect()),
            Values::Counts(_) => right.clone(),
        },
    ),
    model(
        "an uplink twice as wide",
        NARROW,
        "35 the origin's busiest second, bytes",
        &["instances.origin.capacity.uplink=2 Mbit/s"],
    ),
    formula("answers leave when they are asked for", NARROW, "35 the origin's busiest second, bytes", |_| {
        Values::one(40 * 100_000)
    }),
    formula("posts leave all at once", NARROW, "35 GETs begin", |_| {
        Values::Times(waits(40, Span::ZERO, Span::ZERO))
    }),
];

/// The links back are as slow as those there, as if there were one latency for both.
const THERE_TWICE: &str = "network.links=[{from: origin, to: far, latency: {constant: 200 ms}}, \
     {from: far, to: origin, latency: {constant: 200 ms}}, {from: origin, to: near, latency: {constant: 10 ms}}, \
     {from: near, to: origin, latency: {constant: 10 ms}}]";

#[test]
fn planted_errors_of_delivery_are_refused() {
    let mut passed = Vec::new();
    for Planted { name, case, claim, error } in PLANTED {
        let sets = if let Error::Model(sets) = error { *sets } else { &[] };
        let mut found = exact(case, claim, sets);
        if let Error::Formula(wrong) = error {
            found.expected = wrong(&found.expected);
        }
        match found.difference() {
            Some(difference) => println!("{name}: {claim}; refused: {difference}"),
            None => passed.push(format!("{name}: {claim}")),
        }
    }
    assert!(passed.is_empty(), "these PASSED:\n{}", passed.join("\n"));
}

/// A claim of a case that is run with further changes.
pub(super) fn exact(case: &str, claim: &str, sets: &[&str]) -> Exact {
    let case: &Case = exact_cases().find(|one| one.name == case).expect("the case is in the table");
    let mut claims = (case.claims)(&case.run(sets)).into_iter();
    claims.find(|one| one.name == claim).unwrap_or_else(|| panic!("{claim} is claimed"))
}

/// The same for sampled cases: the acceptance test refuses the mean, not its noise.
#[test]
fn planted_errors_of_sampled_cases_are_refused() {
    const LIMIT: &str = "a rate limit on a Poisson stream";
    const LOSSY: &str = "three attempts over a network that loses three legs of ten";
    const TAKEN: &str = "30 time per request taken, s";
    const NEVER: &str = "33 activities that never arrive";
    const VIEWS: &str = "views of a Poisson crowd";
    const VIEWS_LOSSY: &str = "views of a Poisson crowd, every fifth message lost";
    const ORIGIN_LAG: &str = "36 lag of the origin, s";
    const FOLLOWER_LAG: &str = "37 lag of a follower, s";
    const LACKING: &str = "38 views that both lack, mean";
    const POLLED: &str = "viewers of whom one of four speaks";
    const TOLD: &str = "49 viewers that are told, of all";
    const VARIANCE: &str = "49 variance of what is told, by viewer";
    // a wrong model with the claims that refuse it, or the right one with wrong expectations
    for (case, sets, errors) in [
        (LIMIT, &[][..], &[("windows follow each other without a gap", TAKEN, Some(0.2))][..]),
        (LIMIT, &["deliveries.mine.rate_limit.per=2020 ms"], &[("a longer window", TAKEN, None)]),
        (
            LOSSY,
            &[],
            &[
                ("an answer must come back", NEVER, Some(0.657 * 0.657 * 0.657)),
                ("all attempts are made", "33 arrivals per activity", Some(3.0 * 0.49)),
                ("nothing arrives twice", "33 duplicates per activity", Some(0.0)),
            ],
        ),
        (
            LOSSY,
            &["deliveries.mine.retry.attempts=4"],
            &[("one attempt more", NEVER, None), ("one attempt more", "33 arrivals per activity", None)],
        ),
        (
            VIEWS,
            &["other_traffic.updates.every=23 s"],
            &[("a longer interval", ORIGIN_LAG, None), ("a longer interval", LACKING, None)],
        ),
        (
            VIEWS,
            &[],
            &[
                ("no view is waited for", ORIGIN_LAG, Some(10.0)),
                ("followers wait half an interval more", FOLLOWER_LAG, Some(19.1)),
            ],
        ),
        (
            VIEWS_LOSSY,
            &["network.loss=18 %"],
            &[("less is lost", FOLLOWER_LAG, None), ("less is lost", LACKING, None)],
        ),
        (VIEWS_LOSSY, &[], &[("a lost Update costs half an interval", FOLLOWER_LAG, Some(11.55))]),
        (
            POLLED,
            &["protocols.mine.sampling=3"],
            &[("one of three", TOLD, None), ("one of three", VARIANCE, None)],
        ),
        (POLLED, &[], &[("who speaks counts for one", TOLD, Some(0.25)), ("all speak", VARIANCE, Some(0.0))]),
    ] {
        let found: &Sampled = sampled_cases().find(|one| one.name == case).expect("the case is in the table");
        let claims: Vec<Claim<RequestLog>> = (found.claims)();
        let measured = found.measure(sets);
        for (name, claim, wrong) in errors {
            let number = claims.iter().position(|one| one.name == *claim).expect("it is claimed");
            let right = &claims[number];
            let claim = Claim { expected: wrong.unwrap_or(right.expected), ..*right };
            let outcome = judge(&claim, &measured[number]);
            println!("{name}: {}; {outcome:?}", claim.name);
            assert!(matches!(outcome, Err(Refusal::Off(_))), "{name}: {}: {outcome:?}", claim.name);
        }
    }
}

#[test]
fn a_claim_about_nothing_does_not_hold() {
    let none = || Values::Times(Vec::new());
    let claim = Exact { name: "nothing", expected: none(), measured: none() };
    assert!(!claim.holds() && claim.difference().is_none());
}
