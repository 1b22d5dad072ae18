//! Planted errors of rules that no release has, beside those of totals: a wrong model is another scenario under the same claims.

use super::planted_deliveries::exact;

/// One error: its name, the case, the claim that must be refused because of it, and how the model is wrong.
struct Planted(&'static str, &'static str, &'static str, &'static str);

const SHORT: &str = "an entry that expires between ticks";
const SAYS: &str = "a viewer who says that they leave";
const TOTALS: &str = "totals of viewers who say that they leave";
const GROWING: &str = "a number of views that grows";
const TOO_LONG: &str = "47 samples with who has left";
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
