//! Random numbers by name: every draw is addressed by what it is for, never by when it is made.
//!
//! Two kinds, both ChaCha8 (`rand_chacha`), so that results do not depend on the platform or on the order of work:
//! - `Seed::stream`: one generator per (seed, replication, purpose, entity), for the workload and the federation;
//! - `MessageDraws`: one 32-bit draw per (seed, replication, purpose, message, destination): ChaCha8 stream = hash of
//!   the message's name, word = destination, so that a block of 16 destinations costs one ChaCha block, and many blocks are
//!   made together (`chacha`).
//!
//! Where two numbers belong to one draw, the second is `second` of it: a bijection that spreads every bit over all others, the
//! 32-bit finalizer of MurmurHash3 (Appleby) after an addition, so that 0 does not stay 0. It costs a fiftieth of a draw.
//!
//! The protocol under test is in no name: every protocol meets the same viewers and, for the same message, the same
//! latency, so that differences between protocols are paired.
//!
//! The hash is `fold`: h = 0; for each word w: h = mix(h + w + 0x9e3779b97f4a7c15), where mix is the finalizer of
//! SplitMix64 (Steele, Lea and Flood 2014: xor-shift 30, multiply bf58476d1ce4e5b9, xor-shift 27, multiply
//! 94d049bb133111eb, xor-shift 31). A ChaCha key is mix(h), mix(h + 1), mix(h + 2), mix(h + 3) with h = fold(words),
//! each little-endian.

use super::chacha::Words;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Names one replication of one experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The experiment's seed, from the scenario or the command line.
    pub seed: u64,
    /// The number of the replication, from 0.
    pub replication: u32,
}

/// What a draw is for. The numbers are part of every result: a purpose keeps its number for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// When sessions start.
    Arrivals = 1,
    /// How long a session lasts.
    Watch = 2,
    /// At which instance a viewer sits.
    Spread = 3,
    /// Whether and when a viewer comes back.
    Return = 4,
    /// Which instance holds which rank of popularity.
    Rank = 5,
    /// Who follows whom.
    Follows = 6,
    /// The phase of an instance's tick.
    TickPhase = 7,
    /// The latency of a message.
    Latency = 8,
    /// Whether a message is lost.
    Loss = 9,
    /// Which instances are dead, and when others go down.
    Faults = 10,
    /// Whether a message is lost in a burst.
    Burst = 11,
    /// The phase of an instance's hourly flush of follow health.
    HealthPhase = 12,
    /// The phase of an instance's broadcasts of changed videos.
    UpdatePhase = 13,
    /// When the WatchAction of a session is sent.
    WatchAction = 14,
    /// When the next job of the background comes.
    Background = 15,
    /// The jitter of the delay before a message is sent again.
    Retry = 16,
    /// The points of a sweep.
    Sweep = 17,
    /// Which viewers share an address.
    Address = 18,
    /// Which receivers fetch a preview, and when.
    Preview = 19,
    /// Which GETs a cache answers.
    Cache = 20,
    /// Which instance owns which video of a catalogue.
    Shelf = 21,
    /// Which video of a catalogue a viewer watches.
    Choice = 22,
    /// Whether a client tells that it leaves.
    Beacon = 23,
    /// Which viewers speak for others.
    Sampling = 24,
    /// Which combinations begin a search.
    Search = 25,
}

impl Seed {
    /// The generator of one entity (a crowd, a session, an instance: its number) for one purpose.
    pub fn stream(self, purpose: Purpose, entity: u64) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(key(&[self.seed, u64::from(self.replication), purpose as u64, entity]))
    }

    /// The lot of one entity for one purpose, where one number is all that is drawn: a whole number below `count`, uniform.
    pub fn lot(self, purpose: Purpose, entity: u64, count: u32) -> u32 {
        let hash = fold(&[self.seed, u64::from(self.replication), purpose as u64, entity]);
        ((u128::from(hash) * u128::from(count)) >> u64::BITS) as u32
    }
}

/// The draws of one purpose for messages: a function of message and destination.
#[derive(Clone, Debug)]
pub struct MessageDraws {
    single: ChaCha8Rng,
    key: [u32; 8],
}

/// The draws of one message for the destinations 0, 1, ...
#[derive(Clone, Debug, Default)]
pub struct DrawBlock(Words);

impl MessageDraws {
    /// The draws of `purpose` under `seed`.
    pub fn new(seed: Seed, purpose: Purpose) -> MessageDraws {
        let words = [seed.seed, u64::from(seed.replication), purpose as u64];
        let bytes = key(&words);
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        MessageDraws { single: ChaCha8Rng::from_seed(bytes), key }
    }

    /// The draw of one message (by the `fold` of its name) for one destination, uniform over all 32-bit numbers.
    pub fn one(&mut self, message: u64, destination: u32) -> u32 {
        self.single.set_stream(message);
        self.single.set_word_pos(u128::from(destination));
        self.single.next_u32()
    }

    /// Fills a block with the draws of one message for so many destinations at least, as `one` gives them.
    pub fn block(&self, message: u64, destinations: usize, out: &mut DrawBlock) {
        out.0.fill(&self.key, message, destinations);
    }
}

impl DrawBlock {
    /// For how many destinations there are draws.
    pub fn destinations(&self) -> usize {
        self.0.count()
    }

    /// The draw for a destination.
    #[inline]
    pub fn of(&self, destination: usize) -> u32 {
        self.0.get(destination)
    }
}

/// The written-down hash of a name (see the head of this file).
pub fn fold(words: &[u64]) -> u64 {
    words.iter().fold(0, |hash, &word| mix(hash.wrapping_add(word).wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

/// A second number from a 32-bit draw: uniform as that is, and next to independent of it.
#[inline]
pub fn second(draw: u32) -> u32 {
    let mut x = draw.wrapping_add(0x9e37_79b9);
    x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// Replaces each draw by its `second`.
pub fn second_all(draws: &mut [u32]) {
    pulp::Arch::new().dispatch(|| draws.iter_mut().for_each(|draw| *draw = second(*draw)));
}

/// A uniform number in [0, 1) with 53 random bits.
pub fn unit(rng: &mut impl Rng) -> f64 {
    rng.random()
}

/// An exponential number with mean 1.
pub fn exponential(rng: &mut impl Rng) -> f64 {
    -libm::log(1.0 - unit(rng))
}

fn key(words: &[u64]) -> [u8; 32] {
    let mut key = [0; 32];
    for (part, bytes) in (0u64..).zip(key.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&mix(fold(words).wrapping_add(part)).to_le_bytes());
    }
    key
}

fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed { seed: 7, replication: 0 };

    #[test]
    fn the_hash_is_the_one_written_down() {
        // mix(0x9e3779b97f4a7c15) is the first output of SplitMix64 with seed 0, a published test vector.
        assert_eq!(fold(&[0]), 0xe220_a839_7b1d_cdaf);
        assert_ne!(fold(&[1, 2]), fold(&[2, 1]));
    }

    #[test]
    fn a_draw_has_one_value_whatever_the_order_of_work() {
        let mut draws = MessageDraws::new(SEED, Purpose::Latency);
        let mut block = DrawBlock::default();
        draws.block(42, 100, &mut block);
        for destination in [99, 0, 17, 63, 64] {
            assert_eq!(draws.one(42, destination), block.of(destination as usize));
        }
        assert_ne!(draws.one(43, 0), block.of(0));
        assert_ne!(MessageDraws::new(SEED, Purpose::Loss).one(42, 0), block.of(0));
    }

    /// Where a draw lies says nothing about where its second number does: chi-square over 64 x 64 cells, of draws and of
    /// neighbouring draws.
    #[test]
    fn a_second_number_is_uniform_and_independent_of_the_first() {
        // the finalizer of 1, a published test vector
        assert_eq!(second(1_u32.wrapping_sub(0x9e37_79b9)), 0x514e_28b7);
        let mut list = [0, 1, 2, u32::MAX];
        second_all(&mut list);
        assert_eq!(list, [0, 1, 2, u32::MAX].map(second));
        const CELLS: usize = 64;
        const DRAWS: usize = 1 << 22;
        let mut block = DrawBlock::default();
        MessageDraws::new(SEED, Purpose::Latency).block(1, DRAWS, &mut block);
        let draws: Vec<u32> = (0..DRAWS).map(|number| block.of(number)).collect();
        // in standard deviations
        let chi_square = |counts: &[u32]| {
            let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
            let square =
                |count: &u32| (f64::from(*count) - expected) * (f64::from(*count) - expected) / expected;
            let freedom = (counts.len() - 1) as f64;
            (counts.iter().map(square).sum::<f64>() - freedom) / (2.0 * freedom).sqrt()
        };
        for ahead in [0, 1] {
            let mut counts = vec![0; CELLS * CELLS];
            for (first, other) in draws.iter().zip(&draws[ahead..]) {
                counts[(first >> 26) as usize * CELLS + (second(*other) >> 26) as usize] += 1;
            }
            assert!(chi_square(&counts).abs() < 4.0, "{ahead}: {}", chi_square(&counts));
        }
        // small changes of a draw, too: equal steps, which no generator would make
        let mut counts = vec![0; CELLS];
        (0..DRAWS as u32).for_each(|step| counts[(second(step << 10) >> 26) as usize] += 1);
        assert!(chi_square(&counts) < 4.0, "{}", chi_square(&counts));
    }

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let first = |seed, purpose, entity| Seed::stream(seed, purpose, entity).next_u64();
        let base = first(SEED, Purpose::Watch, 1);
        assert_eq!(base, first(SEED, Purpose::Watch, 1));
        assert_ne!(base, first(Seed { seed: 8, ..SEED }, Purpose::Watch, 1));
        assert_ne!(base, first(Seed { replication: 1, ..SEED }, Purpose::Watch, 1));
        assert_ne!(base, first(SEED, Purpose::Spread, 1));
        assert_ne!(base, first(SEED, Purpose::Watch, 2));
    }
}
