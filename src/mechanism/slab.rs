//! A table whose rows are numbered and whose numbers are used again.

/// The table.
#[derive(Debug)]
pub struct Slab<T> {
    rows: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { rows: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts a row in; returns its number.
    pub fn insert(&mut self, row: T) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            u32::try_from(self.rows.len() - 1).expect("fewer than 2^32 rows fit the memory")
        });
        self.rows[slot as usize] = Some(row);
        slot
    }

    /// A row that is in use.
    ///
    /// # Panics
    /// If it is not: a bug of ours.
    pub fn get(&mut self, slot: u32) -> &mut T {
        self.rows[slot as usize].as_mut().expect("a row in use")
    }

    /// A row, if it is in use.
    pub fn find(&mut self, slot: u32) -> Option<&mut T> {
        self.rows[slot as usize].as_mut()
    }

    /// Takes a row out.
    ///
    /// # Panics
    /// If it is not in use: a bug of ours.
    pub fn remove(&mut self, slot: u32) -> T {
        self.free.push(slot);
        self.rows[slot as usize].take().expect("a row in use")
    }

    /// Drops a row that is in use.
    pub fn discard(&mut self, slot: u32) {
        self.free.push(slot);
        self.rows[slot as usize] = None;
    }

    /// The numbers of the rows that are in use.
    pub fn in_use(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.rows).filter_map(|(slot, row)| row.as_ref().map(|_| slot))
    }

    /// Whether no row is in use.
    pub fn is_empty(&self) -> bool {
        self.free.len() == self.rows.len()
    }
}
