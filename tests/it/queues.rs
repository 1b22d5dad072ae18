//! The queues against queueing theory: M/M/1, M/D/1, M/G/1 and M/M/c, and what one dead follower does to forwards.
//!
//! Customers arrive as a Poisson stream at a `Queue` and are timed by its own figures; in the same run `Servers` are told
//! the same work and must name the same completion of every single one. A claim holds when the mean over 100 replications
//! with fixed seeds lies within 4 standard errors of the formula (row 20 of the closed forms: Pollaczek and Khinchine; for
//! several servers Erlang C) and the standard error is at most 0.5 % of it. The same claims refuse planted errors. What a
//! replication owes to being offered more or less work than in the mean, whose expectation is known to be nothing, is taken
//! out by regression (a control variate), which halves the customers that it takes.
//!
//! A replication begins empty and its first 5,000 customers are not measured: the slowest case here forgets its beginning
//! by half every 400.

use fedisim::foundation::random::{Purpose, Seed, exponential, fold, unit};
use fedisim::foundation::units::{Span, Time};
use fedisim::mechanism::queue::Queue;
use fedisim::mechanism::servers::Servers;
use rand::Rng;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const REPLICATIONS: u32 = 100;
const WARM_UP: u64 = 5_000;
const STANDARD_ERRORS: f64 = 4.0;
const STANDARD_ERROR_SHARE_MAX: f64 = 0.005;

/// How long a customer is served.
#[derive(Clone, Copy)]
enum Service {
    /// Exponential with a mean of 1 s.
    Exponential,
    /// Always 1 s.
    Fixed,
    /// A forward job: 7 s with this probability, when a follower does not answer, else 0.3 s.
    Forward(f64),
}

/// One queue and how much is measured of it.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    servers: u32,
    service: Service,
    load: f64,
    /// Customers that are measured in a replication.
    customers: u64,
}

/// A wrong queue.
#[derive(Clone, Copy, PartialEq)]
enum Planted {
    Nothing,
    SlotTooMany,
    ServedFromPush,
    WaitWithService,
}

/// The mean wait in seconds and the mean number that wait.
#[derive(Clone, Copy)]
struct Measured {
    wait_s: f64,
    waiting: f64,
    /// By what share more work was offered than in the mean: the control variate, whose expectation is 0.
    excess: f64,
}

impl Service {
    /// The first two moments, in s and s^2.
    fn moments(self) -> (f64, f64) {
        match self {
            Service::Exponential => (1.0, 2.0),
            Service::Fixed => (1.0, 1.0),
            Service::Forward(slow) => (7.0 * slow + 0.3 * (1.0 - slow), 49.0 * slow + 0.09 * (1.0 - slow)),
        }
    }

    fn draw(self, rng: &mut impl Rng) -> Span {
        match self {
            Service::Exponential => Span::from_secs_f64(exponential(rng)),
            Service::Fixed => Span::from_secs(1),
            Service::Forward(slow) if unit(rng) < slow => Span::from_secs(7),
            Service::Forward(_) => Span::from_ms(300),
        }
    }
}

impl Case {
    fn arrivals_per_s(&self) -> f64 {
        self.load * f64::from(self.servers) / self.service.moments().0
    }

    fn theory(&self) -> Measured {
        let (mean_s, square_s2) = self.service.moments();
        let wait_s = match self.servers {
            1 => self.arrivals_per_s() * square_s2 / (2.0 * (1.0 - self.load)),
            servers => waits(servers, self.load) * mean_s / (f64::from(servers) * (1.0 - self.load)),
        };
        Measured { wait_s, waiting: self.arrivals_per_s() * wait_s, excess: 0.0 }
    }

    fn measured(&self, planted: Planted) -> Vec<Measured> {
        (0..REPLICATIONS).into_par_iter().map(|replication| self.replication(replication, planted)).collect()
    }

    fn replication(&self, replication: u32, planted: Planted) -> Measured {
        let name = fold(&[u64::from(self.servers), self.load.to_bits(), self.customers]);
        let mut rng = Seed { seed: 20, replication }.stream(Purpose::Arrivals, name);
        let (gap_s, mean_s) = (1.0 / self.arrivals_per_s(), self.service.moments().0);
        let mut station = Station::new(self.servers, planted);
        let (mut now, mut begin, mut area_ns, mut work_ns) = (Time::ZERO, Time::ZERO, 0, 0);
        for number in 0..WARM_UP + self.customers {
            if number == WARM_UP {
                (begin, area_ns, work_ns) = (now, station.area_ns, 0);
                station.queue.take_started();
            }
            now += Span::from_secs_f64(exponential(&mut rng) * gap_s);
            let work = self.service.draw(&mut rng);
            work_ns += work.ns();
            station.arrives(now, work);
        }
        let (started, waited) = station.queue.take_started();
        let (length_s, customers) = (now.since(begin).secs_f64(), self.customers as f64);
        let waiting = (station.area_ns - area_ns) as f64 / 1e9 / length_s;
        station.drain();
        let with_service_s = if planted == Planted::WaitWithService { mean_s } else { 0.0 };
        let wait_s = waited.secs_f64() / started as f64 + with_service_s;
        let excess = work_ns as f64 / 1e9 / (customers * mean_s) - length_s / (customers * gap_s);
        Measured { wait_s, waiting, excess }
    }
}

/// Erlang C: the share of customers of so many servers that wait at all.
fn waits(servers: u32, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    let blocked =
        (1..=servers).fold(1.0, |blocked, n| offered * blocked / (f64::from(n) + offered * blocked));
    blocked / (1.0 - load * (1.0 - blocked))
}

/// A queue with exponential or other work behind it, and all that is asserted of every run.
struct Station {
    queue: Queue<Customer>,
    servers: Servers,
    /// When those in service will be done.
    done: BinaryHeap<Reverse<Time>>,
    planted: Planted,
    now: Time,
    /// The integral over time of the number that wait, in ns.
    area_ns: u64,
    waited_ns: u64,
}

struct Customer {
    came: Time,
    work: Span,
    /// When `Servers` say that it will be done.
    done: Time,
}

impl Station {
    fn new(servers: u32, planted: Planted) -> Station {
        let slots = servers + u32::from(planted == Planted::SlotTooMany);
        Station {
            queue: Queue::new(Some(slots)),
            servers: Servers::new(Some(servers)),
            done: BinaryHeap::new(),
            planted,
            now: Time::ZERO,
            area_ns: 0,
            waited_ns: 0,
        }
    }

    fn arrives(&mut self, now: Time, work: Span) {
        while let Some(Reverse(done)) = self.done.peek().copied().filter(|done| done.0 <= now) {
            self.departs(done);
        }
        self.pass(now);
        let customer = Customer { came: now, work, done: self.servers.serve(now, work) };
        self.queue.push(now, customer);
        self.start();
    }

    fn departs(&mut self, now: Time) {
        self.done.pop();
        self.pass(now);
        self.queue.finish();
        self.start();
    }

    fn pass(&mut self, now: Time) {
        self.area_ns += self.queue.waiting() * now.since(self.now).ns();
        self.now = now;
    }

    fn start(&mut self) {
        while let Some((customer, waited)) = self.queue.start(self.now) {
            let mut done = self.now + customer.work;
            self.waited_ns += waited.ns();
            match self.planted {
                Planted::Nothing => assert_eq!(customer.done, done, "Servers and Queue disagree"),
                Planted::ServedFromPush => done = (customer.came + customer.work).max(self.now),
                Planted::SlotTooMany | Planted::WaitWithService => {}
            }
            self.done.push(Reverse(done));
        }
    }

    /// Serves everybody; then Little's law holds to the nanosecond.
    fn drain(mut self) {
        while let Some(Reverse(done)) = self.done.peek().copied() {
            self.departs(done);
        }
        assert!(self.queue.is_idle());
        assert_eq!(self.area_ns, self.waited_ns, "Little's law");
    }
}

/// Passes or refuses a mean over replications, after the regression on their excess.
fn check(expected: f64, values: &[(f64, f64)]) -> Result<String, String> {
    let count = values.len() as f64;
    let mean = values.iter().map(|(value, _)| value).sum::<f64>() / count;
    let mean_excess = values.iter().map(|(_, excess)| excess).sum::<f64>() / count;
    let product = |of: fn(f64, f64) -> f64| -> f64 {
        values.iter().map(|(value, excess)| of(value - mean, excess - mean_excess)).sum()
    };
    let of_excess = product(|_, excess| excess * excess);
    let slope = if of_excess > 0.0 { product(|value, excess| value * excess) / of_excess } else { 0.0 };
    let squares = product(|value, _| value * value) - slope * slope * of_excess;
    let mean = mean - slope * mean_excess;
    let standard_error = (squares / (count - 2.0) / count).sqrt();
    let text = format!("{mean:.5} +- {standard_error:.5}, expected {expected:.5}");
    // so written that a mean which is no number is refused
    let is_near = (mean - expected).abs() <= STANDARD_ERRORS * standard_error;
    let is_sharp = standard_error <= STANDARD_ERROR_SHARE_MAX * expected;
    match (is_near, is_sharp) {
        (true, true) => Ok(text),
        (false, _) => Err(format!("off: {text}")),
        (true, false) => Err(format!("too noisy: {text}")),
    }
}

/// Both claims about a case: the wait, and by Little's law the number that wait.
fn claims(expected: Measured, measured: &[Measured]) -> [Result<String, String>; 2] {
    let values = |of: fn(&Measured) -> f64| measured.iter().map(|m| (of(m), m.excess)).collect::<Vec<_>>();
    [check(expected.wait_s, &values(|m| m.wait_s)), check(expected.waiting, &values(|m| m.waiting))]
}

const fn case(name: &'static str, servers: u32, service: Service, load: f64, customers: u64) -> Case {
    Case { name, servers, service, load, customers }
}

const CASES: [Case; 13] = [
    case("M/M/1", 1, Service::Exponential, 0.3, 15_000),
    case("M/M/1", 1, Service::Exponential, 0.6, 30_000),
    case("M/M/1", 1, Service::Exponential, 0.9, 130_000),
    case("M/D/1", 1, Service::Fixed, 0.3, 15_000),
    case("M/D/1", 1, Service::Fixed, 0.6, 25_000),
    case("M/D/1", 1, Service::Fixed, 0.9, 70_000),
    case("M/G/1", 1, Service::Forward(0.2), 0.3, 30_000),
    case("M/G/1", 1, Service::Forward(0.2), 0.6, 60_000),
    case("M/G/1", 1, Service::Forward(0.2), 0.9, 200_000),
    case("M/M/3", 3, Service::Exponential, 0.3, 60_000),
    case("M/M/3", 3, Service::Exponential, 0.6, 50_000),
    case("M/M/3", 3, Service::Exponential, 0.9, 120_000),
    case("M/M/30", 30, Service::Exponential, 0.9, 300_000),
];

#[test]
fn queues_wait_as_theory_says() {
    let mut refused = Vec::new();
    for case in CASES {
        let measured = case.measured(Planted::Nothing);
        for (name, claim) in ["wait, s", "waiting"].iter().zip(claims(case.theory(), &measured)) {
            println!("{} at {}; {name}; {claim:?}", case.name, case.load);
            refused.extend(claim.err().map(|text| format!("{} at {}: {name}: {text}", case.name, case.load)));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Of 30 servers nearly nobody waits below a load of 0.9 (1 in 150 at 0.6): measured is the time during which all are busy,
/// when they are like one that is 30 times as fast. As soon as one has nothing to do, it is given a customer who did not
/// wait: what remains of exponential services and gaps is exponential again.
#[test]
fn thirty_servers_that_are_all_busy_are_one() {
    const SERVERS: u32 = 30;
    const EVENTS: u32 = 60_000;
    for load in [0.3, 0.6] {
        let rate = load * f64::from(SERVERS);
        let replication = |replication| {
            let name = fold(&[u64::from(SERVERS), f64::to_bits(load)]);
            let mut rng = Seed { seed: 21, replication }.stream(Purpose::Arrivals, name);
            let mut station = Station::new(SERVERS, Planted::Nothing);
            (0..SERVERS).for_each(|_| station.arrives(Time::ZERO, Service::Exponential.draw(&mut rng)));
            let (mut arrival, mut came) = (Time::ZERO, 0);
            station.queue.take_started();
            for _ in 0..EVENTS {
                match station.done.peek().copied() {
                    Some(Reverse(done)) if done <= arrival => station.departs(done),
                    _ => {
                        station.arrives(arrival, Service::Exponential.draw(&mut rng));
                        came += 1;
                        arrival += Span::from_secs_f64(exponential(&mut rng) / rate);
                    }
                }
                if station.queue.running() < u64::from(SERVERS) {
                    station.arrives(station.now, Service::Exponential.draw(&mut rng));
                }
            }
            let waited = station.queue.take_started().1;
            let waiting = station.area_ns as f64 / station.now.ns() as f64;
            station.drain();
            Measured { wait_s: waited.secs_f64() / f64::from(came), waiting, excess: 0.0 }
        };
        let measured: Vec<_> = (0..REPLICATIONS).into_par_iter().map(replication).collect();
        let wait_s = 1.0 / (f64::from(SERVERS) * (1.0 - load));
        let expected = Measured { wait_s, waiting: load / (1.0 - load), excess: 0.0 };
        for claim in claims(expected, &measured) {
            println!("M/M/30 at {load} while all are busy; {claim:?}");
            assert!(claim.is_ok(), "{load}: {claim:?}");
        }
    }
}

#[test]
fn planted_errors_are_refused() {
    for (planted, of) in [
        (Planted::SlotTooMany, case("M/M/1", 1, Service::Exponential, 0.6, 30_000)),
        (Planted::SlotTooMany, case("M/M/30", 30, Service::Exponential, 0.9, 20_000)),
        (Planted::ServedFromPush, case("M/M/1", 1, Service::Exponential, 0.3, 15_000)),
        (Planted::WaitWithService, case("M/M/1", 1, Service::Exponential, 0.9, 30_000)),
    ] {
        let [wait, waiting] = claims(of.theory(), &of.measured(planted));
        assert!(wait.as_ref().is_err_and(|text| text.starts_with("off")), "{}: {wait:?}", of.name);
        // who is timed with the service waits no longer
        assert_eq!(waiting.is_err_and(|text| text.starts_with("off")), planted != Planted::WaitWithService);
    }
    // a formula of another queue
    let fixed = case("M/D/1", 1, Service::Fixed, 0.6, 25_000);
    let [wait, waiting] = claims(CASES[1].theory(), &fixed.measured(Planted::Nothing));
    assert!(wait.is_err() && waiting.is_err());
}

#[test]
fn erlangs_formula_gives_known_values() {
    // one server waits as often as it is busy; two at load 1/2: 1/3; thirty nearly never at 0.3
    for (servers, load, expected, last_digit) in
        [(1, 0.7, 0.7, 1e-12), (2, 0.5, 1.0 / 3.0, 1e-12), (30, 0.3, 0.0, 1e-6), (30, 0.6, 0.005, 0.005)]
    {
        let share = waits(servers, load);
        println!("{servers} at {load}: {share:e}");
        assert!((share - expected).abs() <= last_digit, "{servers} at {load}: {share}");
    }
}
