//! What is expected of a crowd, against what is drawn.

use super::*;

#[test]
fn estimates_hold_before_anything_is_drawn() {
    let returns = |probability, mean_after| Some(Returns { probability, mean_after });
    for (returns, least, most) in [
        (None, 3_500.0, 3_700.0),
        (returns(0.5, SECOND), 6_000.0, 7_300.0),
        // for ever returning, but away for ten minutes each time: at most 6 returns in an hour
        (returns(0.999_999, SECOND * 600), 3_600.0, 7.0 * 3_600.0),
    ] {
        let crowds = [crowd(constant(1.0), WATCH, ZIPF, returns)];
        let estimate = crowds[0].expected_sessions(HOUR);
        assert!((least..most + 1.0).contains(&estimate), "{estimate}");
        let beats = crowds[0].expected_heartbeats(HOUR, &|_| 5.0);
        assert!((beats / estimate - 61.0).abs() < 1e-9, "{beats}");
        let list = draw(&crowds[0], SEED);
        // 4 standard deviations, and more for visits that come in groups
        assert!((list.len() as f64) < estimate + 8.0 * estimate.sqrt(), "{} of {estimate}", list.len());
    }
}
