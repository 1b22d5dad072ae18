//! Closed forms of limits: rows 44 to 46.

/// Row 44: the numbers that a follower with one viewer must be told while all viewers grow by one at a time, from `from` (at least 2)
/// to `to`, for an error of at most so many percent (below 100).
///
/// The number told at a, rounded down from a (1 + e), is good up to b = a (1 + e) / (1 - e).
pub(super) fn numbers_on_ramp(from: u64, to: u64, percent: u64) -> u64 {
    let next = |&watching: &u64| Some((watching * (100 + percent) / 100) * 100 / (100 - percent) + 1);
    std::iter::successors(Some(from), next).take_while(|watching| *watching <= to).count() as u64
}

/// Row 46: what viewers see too little of, in thousandths of what they should see, if each instance shows its own viewers only: so many
/// watch at each.
pub(super) fn nothing_sent_per_mille(watching: &[u64]) -> u64 {
    let all: u64 = watching.iter().sum();
    let squares: u64 = watching.iter().map(|here| here * here).sum();
    1_000 - 1_000 * squares / (all * all)
}
