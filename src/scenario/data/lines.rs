//! The lines of a text, counted as it is read. A line ends with LF, CR or both.

/// How many lines are before a place that only moves on.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    offset: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    /// At the beginning of a text.
    pub(crate) fn new(text: &'a [u8]) -> Lines<'a> {
        Lines { text, offset: 0, line: 1 }
    }

    /// The line, from 1, of the byte at an offset, which is not before the last one asked for.
    pub(crate) fn at(&mut self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len());
        while self.offset < offset {
            let ends = match self.text[self.offset] {
                b'\n' => true,
                b'\r' => self.text.get(self.offset + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line = self.line.saturating_add(u32::from(ends));
            self.offset += 1;
        }
        self.line
    }

    /// The line of the first byte at an offset or later that ends no line.
    pub(crate) fn of_next_text(&mut self, offset: usize) -> u32 {
        let rest = self.text.get(offset..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.at(offset + ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_on_any_system() {
        let mut lines = Lines::new(b"a\nb\r\nc\rd\n\ne");
        assert_eq!([0, 1, 2, 4, 5, 6, 7, 10, 99].map(|offset| lines.at(offset)), [1, 1, 2, 2, 3, 3, 4, 6, 6]);
        let mut lines = Lines::new(b"a\r\n\r\n\nb");
        assert_eq!([0, 1, 2].map(|offset| lines.of_next_text(offset)), [1, 4, 4]);
    }
}
