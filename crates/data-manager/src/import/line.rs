//! Lines, and the cells of a line. A row is one line: a quote that is never closed spoils its own
//! row, not the rest of the file.

use std::io::{self, BufRead};

/// Longer lines are no lines of a table of bars.
const LINE_BYTES_MAX: usize = 1 << 16;

/// The lines of a text, ended by a line feed, a carriage return, or both.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    n_lines: u64,
    is_after_return: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`, from 1.
    pub(super) fn new(reader: R) -> Lines<R> {
        Lines { reader, line: Vec::new(), n_lines: 0, is_after_return: false }
    }

    /// Leaves out `n_lines` lines, empty ones among them.
    pub(super) fn skip(&mut self, n_lines: usize) -> io::Result<()> {
        for _ in 0..n_lines {
            if !self.read_line()? {
                break;
            }
            self.n_lines += 1;
        }
        Ok(())
    }

    /// The next line that is not empty, with its number.
    pub(super) fn next_line(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            if !self.read_line()? {
                return Ok(None);
            }
            self.n_lines += 1;
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some((self.n_lines, &self.line)));
            }
        }
    }

    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut is_any = false;
        loop {
            let mut buffer = self.reader.fill_buf()?;
            if self.is_after_return && buffer.first() == Some(&b'\n') {
                self.reader.consume(1);
                self.is_after_return = false;
                buffer = self.reader.fill_buf()?;
            }
            if buffer.is_empty() {
                return Ok(is_any);
            }
            self.is_after_return = false;
            is_any = true;
            let end = buffer.iter().position(|&b| b == b'\n' || b == b'\r');
            let n_bytes = end.unwrap_or(buffer.len());
            if self.line.len() + n_bytes > LINE_BYTES_MAX {
                let said = format!("a line is longer than {LINE_BYTES_MAX} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, said));
            }
            self.line.extend_from_slice(&buffer[..n_bytes]);
            if let Some(end) = end {
                self.is_after_return = buffer[end] == b'\r';
                self.reader.consume(end + 1);
                return Ok(true);
            }
            self.reader.consume(n_bytes);
        }
    }
}

/// The cells of one line, in a buffer that is used again.
#[derive(Clone, Default, Debug)]
pub(super) struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// Cuts `line` into cells; quotes around a cell are taken off, two of them inside are one.
    pub(super) fn split(&mut self, line: &[u8], delimiter: u8) {
        self.text.clear();
        self.ends.clear();
        let mut is_quoted = false;
        let mut is_cell_start = true;
        let mut bytes = line.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if is_quoted && byte == b'"' {
                if bytes.peek() == Some(&b'"') {
                    bytes.next();
                    self.text.push(b'"');
                } else {
                    is_quoted = false;
                }
            } else if byte == b'"' && is_cell_start {
                is_quoted = true;
            } else if byte == delimiter && !is_quoted {
                self.ends.push(self.text.len());
                is_cell_start = true;
                continue;
            } else {
                self.text.push(byte);
                if byte == b' ' && is_cell_start {
                    continue;
                }
            }
            is_cell_start = false;
        }
        self.ends.push(self.text.len());
    }

    /// Cells in the line.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of a cell, without blanks around them; empty where the line has no such cell.
    pub(super) fn bytes(&self, idx: usize) -> &[u8] {
        let since = if idx == 0 { 0 } else { self.ends.get(idx - 1).copied().unwrap_or_default() };
        let until = self.ends.get(idx).copied().unwrap_or(since);
        self.text[since..until].trim_ascii()
    }

    /// The text of a cell; `None` where it is no UTF-8.
    pub(super) fn text(&self, idx: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes(idx)).ok() // `None`: said by the caller
    }

    /// All cells as text, for showing and guessing.
    pub(super) fn to_texts(&self) -> Vec<String> {
        (0..self.len()).map(|idx| String::from_utf8_lossy(self.bytes(idx)).into_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<String> {
        let mut cells = Cells::default();
        cells.split(line.as_bytes(), b',');
        cells.to_texts()
    }

    #[test]
    fn quotes_are_taken_off_and_keep_delimiters() {
        assert_eq!(
            cells(r#"a,"1,234.5", b ,"say ""hi""",,"#),
            ["a", "1,234.5", "b", r#"say "hi""#, "", ""]
        );
        assert_eq!(cells(r#"x,"never closed,1,2"#), ["x", "never closed,1,2"]);
    }

    #[test]
    fn every_end_of_line_ends_a_line_and_empty_ones_are_counted() {
        let mut lines = Lines::new(&b"a\r\nb\n\n  \rc\rd"[..]);
        let mut read = Vec::new();
        while let Some((number, line)) = lines.next_line().unwrap() {
            read.push((number, String::from_utf8_lossy(line).into_owned()));
        }
        let named = |n, text: &str| (n, text.to_owned());
        assert_eq!(read, [named(1, "a"), named(2, "b"), named(5, "c"), named(6, "d")]);
        let mut lines = Lines::new(&b"a\rb\r\r\nc\rd"[..]);
        lines.skip(3).unwrap();
        assert_eq!(lines.next_line().unwrap(), Some((4, &b"c"[..])));
    }
}
