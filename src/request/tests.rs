//! What of a request has left when it fails at its sender, by its connection and by what its receiver does.

use super::{Conditions, Failure, Host, Load, Path};
use crate::domain::delivery::Delivery;
use crate::domain::faults::{Fault, Period, Timetable, Unreachable};
use crate::foundation::ids::InstanceId;
use crate::foundation::random::Seed;
use crate::foundation::units::{Span, Time};
use crate::mechanism::connections::Connection;
use crate::mechanism::network::Ways;
use crate::mechanism::transport::Handshake;
use crate::observe::Departed;

const SEED: Seed = Seed { seed: 1, replication: 0 };
const NOW: Time = Time::from_ms(1_000);
const LATENCY: Span = Span::from_ms(50);

/// A sender with this connection, whose uplink takes this long.
struct Sender(Connection, Span);

impl Host for Sender {
    fn work(&mut self, arrival: Time, _work: Span) -> Time {
        arrival
    }

    fn upload(&mut self, arrival: Time, _bytes: u64) -> Time {
        arrival + self.1
    }

    fn download(&mut self, arrival: Time, _bytes: u64) -> Time {
        arrival
    }

    fn connect(&mut self, _now: Time, _to: InstanceId) -> Connection {
        self.0
    }
}

/// A request of 2,000 bytes: two segments. `down` is what its receiver does, if it is down.
fn leave(mut sender: Sender, drawn: Option<Span>, down: Option<Unreachable>) -> Result<Time, Failure> {
    let (from, to) = (InstanceId(0), InstanceId(1));
    let during = Period { from: Time::ZERO, until: None };
    let faults: Vec<Fault> =
        down.into_iter().map(|how| Fault::Down { instances: vec![to], during, how }).collect();
    let timetable = Timetable::new(&faults, 2, SEED, Time::from_ms(60_000));
    let path = Path::new(&Delivery::preset("peertube").expect("a preset"), Handshake::Full);
    let ways = drawn.map_or(Ways::CLOSED, |latency| Ways::open(latency, latency));
    let deadline = NOW + path.timeout;
    let load = Load { from, to, bytes: 2_000, response_bytes: 300, ways, deadline, is_banned: false };
    let transit = path.leave(&mut sender, &mut Conditions::new(&timetable, SEED), &load, || 7, NOW);
    transit.map(|transit| transit.reaches)
}

#[test]
fn what_fails_has_left_as_far_as_its_connection_went() {
    use Connection::{Kept, New, Stale};
    use Unreachable::{Refused, Silent};
    const SLOW: Span = Span::from_secs(8);
    let known = |ms| Some(Time::from_ms(ms));
    let cases = [
        // a handshake without an answer, and one that is refused after a round trip
        (New, Span::ZERO, None, None, None, Departed::Handshake, [60, 0]),
        (New, Span::ZERO, Some(LATENCY), Some(Silent), None, Departed::Handshake, [60, 0]),
        (New, Span::ZERO, Some(LATENCY), Some(Refused), known(1_100), Departed::Handshake, [60, 40]),
        // two round trips take longer than the sender waits
        (New, Span::ZERO, Some(SLOW), None, None, Departed::Handshake, [60, 0]),
        // on a kept connection the request is the first that is lost, or reset
        (Kept, Span::ZERO, None, None, None, Departed::Request, [104, 0]),
        (Kept, Span::ZERO, Some(LATENCY), Some(Silent), None, Departed::Request, [104, 0]),
        (Kept, Span::ZERO, Some(LATENCY), Some(Refused), known(1_100), Departed::Request, [104, 40]),
        (Stale, Span::from_ms(30), Some(LATENCY), None, known(1_130), Departed::Request, [104, 40]),
        (Stale, Span::ZERO, None, None, None, Departed::Request, [104, 0]),
        // the uplink sends it too late
        (Kept, SLOW, Some(LATENCY), None, None, Departed::Request, [104, 0]),
    ];
    for (connection, uplink, drawn, down, known, departed, [up, down_bytes]) in cases {
        let failure = leave(Sender(connection, uplink), drawn, down).expect_err("it fails");
        let case = format!("{connection:?} {uplink:?} {drawn:?} {down:?}");
        assert_eq!((failure.known, failure.departed), (known, departed), "{case}");
        assert_eq!([failure.transport.tcp_up, failure.transport.tcp_down], [up, down_bytes], "{case}");
    }
    // what does not fail: two round trips of the handshake, or none
    for (connection, reaches_ms) in [(New, 1_250), (Kept, 1_050)] {
        let reaches = leave(Sender(connection, Span::ZERO), Some(LATENCY), None).expect("it leaves");
        assert_eq!(reaches, Time::from_ms(reaches_ms), "{connection:?}");
    }
}
