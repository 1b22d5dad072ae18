//! The clock of a live run: model time in whole milliseconds, the machine's monotonic time since the start times a scale.
//!
//! No other file of the project reads a clock.

use crate::foundation::units::Time;
use std::time::Duration;
use tokio::time::Instant;

/// An answer that takes longer than this, in real time, is late.
const LATE: Duration = Duration::from_secs(1);

/// Model time since the start of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
    /// Model seconds per real second.
    scale: f64,
}

pub(super) fn machine_now() -> Instant {
    Instant::now()
}

/// The wall clock in milliseconds of Unix time. The dates of a live run are real ones at its start.
#[expect(clippy::disallowed_methods, reason = "a live run happens in real time")]
pub(super) fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

impl Clock {
    /// A clock that starts in so long, in real time.
    pub(super) fn starting_in(wait: Duration, scale: f64) -> Clock {
        Clock { start: machine_now() + wait, scale }
    }

    /// The model time now. Zero before the start.
    pub(super) fn now(&self) -> Time {
        let real = machine_now().saturating_duration_since(self.start);
        Time::from_ms((real.as_secs_f64() * 1e3 * self.scale) as u64)
    }

    /// The real instant of a model time, rounded up: whoever wakes up then reads at least `time`.
    pub(super) fn at(&self, time: Time) -> Instant {
        const ROUNDING: Duration = Duration::from_micros(1);
        self.start + Duration::from_secs_f64(time.ns() as f64 / 1e9 / self.scale) + ROUNDING
    }

    /// Whether `time` was more than `LATE` ago. An answer is late then.
    pub(super) fn is_late(&self, time: Time) -> bool {
        machine_now() > self.at(time) + LATE
    }

    pub(super) async fn wait_until(&self, time: Time) {
        tokio::time::sleep_until(self.at(time)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_reads_at_least_what_it_waited_for() {
        for scale in [0.1, 1.0, 7.3, 100.0] {
            let clock = Clock::starting_in(Duration::ZERO, scale);
            for ms in [0, 1, 17, 999, 1_000_000, 86_400_000] {
                let real = clock.at(Time::from_ms(ms)).duration_since(clock.start);
                assert!((real.as_secs_f64() * 1e3 * scale) as u64 >= ms, "{ms} ms at scale {scale}");
            }
        }
    }
}
