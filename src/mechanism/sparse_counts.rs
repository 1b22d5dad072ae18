//! Counts at the samples of a run. Most are zero, and zeros take no memory.

/// A count at each sample, by the number of the sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparseCounts(Vec<(u32, u32)>);

impl SparseCounts {
    /// Adds to the count of a sample. Samples come in ascending order.
    ///
    /// # Panics
    /// If a later sample has a count already.
    pub fn add(&mut self, sample: usize, count: u64) {
        let sample = u32::try_from(sample).expect("samples are limited to u32");
        // what servers of others claim may add up to more
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        assert!(self.0.last().is_none_or(|last| last.0 <= sample), "an earlier sample");
        match self.0.last_mut().filter(|last| last.0 == sample) {
            Some(last) => last.1 = last.1.saturating_add(count),
            None if count > 0 => self.0.push((sample, count)),
            None => {}
        }
    }

    /// The count at a sample.
    pub fn at(&self, sample: usize) -> u32 {
        let found = self.0.binary_search_by_key(&sample, |count| count.0 as usize);
        found.map_or(0, |place| self.0[place].1)
    }

    /// The counts that are not zero, by sample, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.0.iter().map(|&(sample, count)| (sample as usize, count))
    }

    /// The counts at samples 0 to `samples - 1`, zeros included.
    pub fn all(&self, samples: usize) -> Vec<u32> {
        let mut all = vec![0; samples];
        self.iter().for_each(|(sample, count)| all[sample] = count);
        all
    }
}
