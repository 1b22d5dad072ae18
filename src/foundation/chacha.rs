//! ChaCha8 in vectors: all blocks of a stream up to some word, side by side in the lanes of the processor's registers.
//!
//! It is the ChaCha of Bernstein with 8 rounds, a 64-bit counter and a 64-bit stream, word for word what `rand_chacha` makes, which
//! a test compares. That makes four blocks at a time; here as many as there are lanes share each instruction, and a
//! broadcast needs dozens of blocks of one stream.

use pulp::{Arch, Simd, WithSimd};

/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
const DOUBLE_ROUNDS: usize = 4;
const WORDS: usize = 16;

/// The first words of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// First all first words of blocks, then all second ones, and so on: so they leave the registers.
    by_place: Vec<u32>,
    blocks: usize,
}

impl Words {
    /// Replaces them by at least `count` words of the stream under a key.
    pub(super) fn fill(&mut self, key: &[u32; 8], stream: u64, count: usize) {
        self.blocks = count.div_ceil(WORDS);
        self.by_place.resize(self.blocks * WORDS, 0);
        Arch::new().dispatch(Fill { key, stream, blocks: self.blocks, by_place: &mut self.by_place });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.by_place.len()
    }

    /// One of them, by its number in the stream.
    #[inline]
    pub(super) fn get(&self, number: usize) -> u32 {
        self.by_place[number % WORDS * self.blocks + number / WORDS]
    }
}

struct Fill<'a> {
    key: &'a [u32; 8],
    stream: u64,
    blocks: usize,
    by_place: &'a mut [u32],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Fill { key, stream, blocks, by_place } = self;
        let lanes = S::U32_LANES;
        let all = |word: u32| simd.splat_u32s(word);
        let numbers: [u32; WORDS] = std::array::from_fn(|number| number as u32);
        let mut start = [all(0); WORDS];
        for (word, fixed) in start.iter_mut().zip(CONSTANTS.iter().chain(key)) {
            *word = all(*fixed);
        }
        (start[14], start[15]) = (all(stream as u32), all((stream >> u32::BITS) as u32));
        for first in (0..blocks).step_by(lanes) {
            let together = lanes.min(blocks - first);
            // the counter, whose upper half stays 0: nobody has 2^32 blocks
            start[12] =
                simd.add_u32s(simd.partial_load_u32s(&numbers[..lanes.min(WORDS)]), all(first as u32));
            let mut words = start;
            for _ in 0..DOUBLE_ROUNDS {
                for column in 0..4 {
                    quarter_round(simd, &mut words, [column, 4 + column, 8 + column, 12 + column]);
                }
                for column in 0..4 {
                    let diagonal = |row: usize| 4 * row + (column + row) % 4;
                    quarter_round(simd, &mut words, [0, 1, 2, 3].map(diagonal));
                }
            }
            for place in 0..WORDS {
                let sum = simd.add_u32s(words[place], start[place]);
                simd.partial_store_u32s(&mut by_place[place * blocks + first..][..together], sum);
            }
        }
    }
}

#[inline(always)]
fn quarter_round<S: Simd>(simd: S, words: &mut [S::u32s; WORDS], [a, b, c, d]: [usize; 4]) {
    for ((to, from, mixed), left) in [((a, b, d), 16), ((c, d, b), 12), ((a, b, d), 8), ((c, d, b), 7)] {
        words[to] = simd.add_u32s(words[to], words[from]);
        words[mixed] = rotate_left(simd, simd.xor_u32s(words[mixed], words[to]), left);
    }
}

/// Rotates the bits of each word.
#[inline(always)]
fn rotate_left<S: Simd>(simd: S, words: S::u32s, bits: u32) -> S::u32s {
    let (left, right) = (simd.splat_u32s(bits), simd.splat_u32s(u32::BITS - bits));
    simd.or_u32s(simd.wrapping_dyn_shl_u32s(words, left), simd.wrapping_dyn_shr_u32s(words, right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn words_are_those_of_rand_chacha() {
        let seed: [u8; 32] = std::array::from_fn(|at| at as u8 * 7 + 1);
        let key =
            std::array::from_fn(|at| u32::from_le_bytes(std::array::from_fn(|byte| seed[4 * at + byte])));
        let mut expected = ChaCha8Rng::from_seed(seed);
        let mut words = Words::default();
        for (stream, count) in [(0, 1), (1, 16), (u64::MAX - 7, 17), (1 << 40, 300), (3, 883), (9, 5_000)] {
            words.fill(&key, stream, count);
            assert!(words.count() >= count);
            expected.set_stream(stream);
            expected.set_word_pos(0);
            (0..count).for_each(|number| assert_eq!(words.get(number), expected.next_u32()));
        }
    }
}
