//! Benchmarks of what a run spends its time on: pending events, random numbers, latencies of messages, the viewer store.
//!
//! `cargo bench` prints time per item (an event, a draw, an entry) as a rate. Comparing with other engines is the job of
//! `benches/peers`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fedisim::foundation::ids::{InstanceId, ViewerId};
use fedisim::foundation::random::{DrawBlock, MessageDraws, Purpose, Seed, exponential};
use fedisim::foundation::units::{Span, Time};
use fedisim::mechanism::activity::Subject;
use fedisim::mechanism::network::{Latency, Network, NetworkModel};
use fedisim::mechanism::pending::{Key, Pending};
use fedisim::mechanism::store::{EntryId, Store, StoreLayout};

const SEED: Seed = Seed { seed: 1, replication: 0 };
const DESTINATIONS: u32 = 1_000;

fn main() {
    divan::main();
}

/// The hold model: each event that happens schedules one after an exponential time.
#[divan::bench(args = [100, 10_000, 1_000_000], sample_count = 20)]
fn pending_hold(bencher: Bencher, events: u128) {
    const HOLDS: usize = 100_000;
    /// About the size of an event of a run.
    type Payload = [u64; 24];
    let mut rng = SEED.stream(Purpose::Watch, 0);
    let draw = |_| Span::from_ns(1 + (exponential(&mut rng) * 1e9) as u64);
    let increments: Vec<_> = (0..1 << 16).map(draw).collect();
    let mut increment = increments.iter().cycle();
    let mut pending: Pending<Payload> = Pending::new();
    for of_model in 0..events {
        pending.push(Time::ZERO + *increment.next().unwrap(), Key { of_model, copy: 0 }, [0; 24]);
    }
    let mut hold = |times: usize| {
        for _ in 0..times {
            let (now, key, payload) = pending.pop().unwrap();
            pending.push(now + *increment.next().unwrap(), key, black_box(payload));
        }
    };
    // Increments that were all drawn at one instant are not yet spread as they will be.
    hold(events as usize);
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| hold(HOLDS));
}

#[divan::bench]
fn message_draws(bencher: Bencher) {
    let draws = MessageDraws::new(SEED, Purpose::Latency);
    let mut out = DrawBlock::default();
    let mut message = 0;
    bencher.counter(ItemsCount::new(DESTINATIONS)).bench_local(|| {
        message += 1;
        draws.block(message, DESTINATIONS as usize, black_box(&mut out));
    });
}

#[divan::bench]
fn network_ways_lognormal(bencher: Bencher) {
    let model = NetworkModel {
        latency: Latency::Lognormal { median: Span::from_ms(50), sigma: 0.8 },
        loss_ppm: 0,
        links: Vec::new(),
    };
    let mut network = Network::new(&model, &[0; DESTINATIONS as usize + 1], SEED);
    let to: Vec<_> = (1..=DESTINATIONS).map(InstanceId).collect();
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut message = 0;
    bencher.counter(ItemsCount::new(DESTINATIONS)).bench_local(|| {
        message += 1;
        network.all_ways_us(message, InstanceId(0), &to, black_box(&mut there), black_box(&mut back));
    });
}

/// Every viewer is heard of once a minute, and entries that have expired are cleaned away every two.
#[divan::bench(args = [100, 10_000])]
fn store_extend_and_clean(bencher: Bencher, viewers: u32) {
    const MINUTES: u64 = 4;
    let id = |viewer| EntryId { author: InstanceId(1), subject: Subject::Viewer(ViewerId(viewer), 0) };
    bencher.counter(ItemsCount::new(u64::from(viewers) * MINUTES)).bench_local(|| {
        let mut store = Store::new(StoreLayout::List);
        for minute in 0..MINUTES {
            let now = Time::from_ms(60_000 * minute);
            for viewer in 0..viewers {
                store.extend_or_add(black_box(id(viewer)), 1, now + Span::from_secs(120));
            }
            if minute % 2 == 1 {
                store.clean(now);
            }
        }
        store.displayed()
    });
}
