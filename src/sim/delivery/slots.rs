//! A table whose rows are numbered and whose numbers are used again.

pub(super) struct Slots<T> {
    rows: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Slots<T> {
        Slots { rows: Vec::new(), free: Vec::new() }
    }

    pub(super) fn insert(&mut self, row: T) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            u32::try_from(self.rows.len() - 1).expect("fewer than 2^32 rows fit the memory")
        });
        self.rows[slot as usize] = Some(row);
        slot
    }

    /// A row that is in use.
    pub(super) fn get(&mut self, slot: u32) -> &mut T {
        self.rows[slot as usize].as_mut().expect("a row in use")
    }

    /// A row, if it is in use.
    pub(super) fn find(&mut self, slot: u32) -> Option<&mut T> {
        self.rows[slot as usize].as_mut()
    }

    pub(super) fn remove(&mut self, slot: u32) -> T {
        self.free.push(slot);
        self.rows[slot as usize].take().expect("a row in use")
    }

    pub(super) fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.rows).filter_map(|(slot, row)| row.as_ref().map(|_| slot))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.rows.len()
    }
}
