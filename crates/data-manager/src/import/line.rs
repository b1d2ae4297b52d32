//! Rows, and the cells of a row. A row is one line, or several where a quoted cell goes on over
//! their ends; a quote that is never closed spoils its own line, not the rest of the file.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::quotes::{LineEnd, Quotes};

/// Longer rows are no rows of a table of bars.
const ROW_BYTES_MAX: usize = 1 << 16;

/// A quote that is open over more lines was not meant as one.
const ROW_LINES_MAX: usize = 64;

/// What may stand between cells where nobody has said it.
pub(super) const ANY_DELIMITER: &[u8] = b",;\t|";

/// The rows of a text, its lines ended by a line feed, a carriage return, or both.
pub(super) struct Rows<R> {
    reader: R,
    delimiters: Vec<u8>,
    row: Vec<u8>,
    /// Lines that were read to see where a row ends, and are rows of their own.
    ahead: VecDeque<Vec<u8>>,
    n_lines: u64,
    is_after_return: bool,
}

impl<R: BufRead> Rows<R> {
    /// The rows of `reader`, one of `delimiters` between their cells.
    pub(super) fn new(reader: R, delimiters: &[u8]) -> Rows<R> {
        Rows {
            reader,
            delimiters: delimiters.to_vec(),
            row: Vec::new(),
            ahead: VecDeque::new(),
            n_lines: 0,
            is_after_return: false,
        }
    }

    /// Leaves out `n_lines` lines, empty ones among them.
    pub(super) fn skip(&mut self, n_lines: usize) -> io::Result<()> {
        for _ in 0..n_lines {
            if !self.take_line()? {
                break;
            }
        }
        Ok(())
    }

    /// The next row that is not empty, with the number of its first line, from 1.
    pub(super) fn next_row(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            if !self.take_line()? {
                return Ok(None);
            }
            if !self.row.iter().all(u8::is_ascii_whitespace) {
                let number = self.n_lines;
                if self.row.contains(&b'"') {
                    self.join_lines()?;
                }
                return Ok(Some((number, &self.row)));
            }
        }
    }

    /// Takes the next line as the row.
    fn take_line(&mut self) -> io::Result<bool> {
        match self.ahead.pop_front() {
            Some(line) => self.row = line,
            None if !self.read_line()? => return Ok(false),
            None => {}
        }
        self.n_lines += 1;
        Ok(true)
    }

    /// Joins to the row the lines over which its last cell goes on, if that ends well.
    fn join_lines(&mut self) -> io::Result<()> {
        let delimiters = std::mem::take(&mut self.delimiters);
        let n_joined = self.lines_to_join(Quotes::new(&delimiters));
        self.delimiters = delimiters;
        for line in self.ahead.drain(..n_joined?) {
            self.row.push(b'\n');
            self.row.extend_from_slice(&line);
            self.n_lines += 1;
        }
        Ok(())
    }

    fn lines_to_join(&mut self, mut quotes: Quotes<'_>) -> io::Result<usize> {
        if quotes.line(&self.row) != LineEnd::Inside {
            return Ok(0);
        }
        let mut n_bytes = self.row.len();
        for n_joined in 0..ROW_LINES_MAX {
            if n_joined == self.ahead.len() {
                let row = std::mem::take(&mut self.row);
                let is_any = self.read_line();
                let line = std::mem::replace(&mut self.row, row);
                if !is_any? {
                    break;
                }
                self.ahead.push_back(line);
            }
            let line = &self.ahead[n_joined];
            n_bytes += line.len();
            match quotes.line(line) {
                LineEnd::Row => return Ok(n_joined + 1),
                LineEnd::Inside if n_bytes < ROW_BYTES_MAX => {}
                _ => break,
            }
        }
        Ok(0)
    }

    fn read_line(&mut self) -> io::Result<bool> {
        self.row.clear();
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
            if self.row.len() + n_bytes > ROW_BYTES_MAX {
                let said = format!("a line is longer than {ROW_BYTES_MAX} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, said));
            }
            self.row.extend_from_slice(&buffer[..n_bytes]);
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

    /// All cells as text, for showing and guessing: UTF-8, and what is none as Latin 1, in which
    /// older programs write the names of columns.
    pub(super) fn to_texts(&self) -> Vec<String> {
        let latin = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect();
        let text = |idx| self.text(idx).map_or_else(|| latin(self.bytes(idx)), str::to_owned);
        (0..self.len()).map(text).collect()
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
        let named = |n, text: &str| (n, text.to_owned());
        assert_eq!(
            rows(b"a\r\nb\n\n  \rc\rd"),
            [named(1, "a"), named(2, "b"), named(5, "c"), named(6, "d")]
        );
        let mut rows = Rows::new(&b"a\rb\r\r\nc\rd"[..], b",");
        rows.skip(3).unwrap();
        assert_eq!(rows.next_row().unwrap(), Some((4, &b"c"[..])));
    }

    fn rows(text: &[u8]) -> Vec<(u64, String)> {
        let mut rows = Rows::new(text, ANY_DELIMITER);
        let mut read = Vec::new();
        while let Some((number, row)) = rows.next_row().unwrap() {
            read.push((number, String::from_utf8_lossy(row).into_owned()));
        }
        read
    }

    #[test]
    fn a_quoted_cell_goes_on_over_the_ends_of_lines_and_a_lost_quote_spoils_its_own() {
        let named = |n, text: &str| (n, text.to_owned());
        assert_eq!(
            rows(b"a,\"b\r\n\r\nc\",1\nd,2\n"),
            [named(1, "a,\"b\n\nc\",1"), named(4, "d,2")]
        );
        let lost = [named(1, "\"a,1"), named(2, "\"b\",2"), named(3, "c,3")];
        assert_eq!(rows(b"\"a,1\n\"b\",2\nc,3\n"), lost);
        assert_eq!(rows(b"\"a,1\nb,2\n"), [named(1, "\"a,1"), named(2, "b,2")]);
        let many = format!("\"a,1\n{}", "b,2\n".repeat(500));
        assert_eq!(rows(many.as_bytes()).len(), 501);
    }
}
