//! A count that holds from one sample of a run to the next change: only changes take memory.

/// A count by the number of the sample: 0 at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepCounts(Vec<(u32, u32)>);

impl StepCounts {
    /// From a sample on it is so much. Samples come in ascending order; of one, the last counts.
    ///
    /// # Panics
    /// If it was set for a later sample.
    pub fn set(&mut self, sample: u32, count: u32) {
        assert!(self.0.last().is_none_or(|last| last.0 <= sample), "an earlier sample");
        match self.0.last_mut().filter(|last| last.0 == sample) {
            Some(last) => last.1 = count,
            None => self.0.push((sample, count)),
        }
    }

    /// From a sample on it is one more.
    ///
    /// # Panics
    /// As `set`.
    pub fn increment(&mut self, sample: u32) {
        let last = self.0.last().map_or(0, |last| last.1);
        self.set(sample, last.saturating_add(1));
    }

    /// The count at a sample.
    pub fn at(&self, sample: usize) -> u32 {
        let next = self.0.partition_point(|step| step.0 as usize <= sample);
        next.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_holds_until_the_next_change() {
        let mut counts = StepCounts::default();
        counts.set(2, 5);
        counts.set(2, 6);
        counts.increment(4);
        counts.set(7, 1);
        let all: Vec<u32> = (0..9).map(|sample| counts.at(sample)).collect();
        assert_eq!(all, [0, 0, 6, 6, 7, 7, 7, 1, 1]);
    }
}
