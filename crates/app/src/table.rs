//! Tables for people: columns side by side, numbers to the right, and numbers that can be read.

use openbell_time::{Calendar, Nanos, Timestamp};

use crate::terminal::{Ink, Terminal};

/// On which side a column is ragged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Text: it begins in one line.
    Left,
    /// Numbers: they end in one line.
    Right,
}

/// A table that grows row by row.
///
/// ```
/// use openbell::table::{Align, Table};
/// let mut table = Table::new([("symbol", Align::Left), ("bars", Align::Right)]);
/// table.row(["AAPL".to_owned(), "390".to_owned()]);
/// assert_eq!(table.lines(), ["symbol  bars", "AAPL     390"]);
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with those columns and no row.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Table {
        let columns = columns.into_iter().map(|(name, align)| (name.to_owned(), align)).collect();
        Table { columns, rows: Vec::new() }
    }

    /// Adds a row; cells beyond the columns are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).collect());
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, the head first, without trailing blanks.
    pub fn lines(&self) -> Vec<String> {
        let widths = self.widths(self.rows.iter());
        let head = self.head();
        std::iter::once(&head).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn head(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The width of each column, where these are its rows.
    fn widths(&self, rows: impl Iterator<Item = impl AsRef<[String]>>) -> Vec<usize> {
        let width = |cell: &String| cell.chars().count();
        let mut widths: Vec<usize> = self.columns.iter().map(|(name, _)| width(name)).collect();
        for row in rows {
            for (widest, cell) in widths.iter_mut().zip(row.as_ref()) {
                *widest = (*widest).max(width(cell));
            }
        }
        widths
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            match align {
                Align::Left => line.push_str(&format!("{cell:<width$}")),
                Align::Right => line.push_str(&format!("{cell:>width$}")),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// Writes its head and `rows` to standard output, in place of its own.
    ///
    /// *Cost*: `rows` are gone through twice, for their widths first, and none of them is kept.
    pub fn print_rows(
        &self,
        rows: impl Iterator<Item = Vec<String>> + Clone,
        terminal: &mut Terminal,
    ) -> std::io::Result<()> {
        let widths = self.widths(rows.clone());
        terminal.line(terminal.paint(Ink::Head, &self.line(&self.head(), &widths)))?;
        for row in rows {
            terminal.line(self.line(&row, &widths))?;
        }
        Ok(())
    }

    /// Writes it to standard output, each line after `indent`.
    pub fn print(&self, terminal: &mut Terminal, indent: &str) -> std::io::Result<()> {
        for (i, line) in self.lines().iter().enumerate() {
            let line = if i == 0 { terminal.paint(Ink::Head, line) } else { line.clone() };
            terminal.line(format!("{indent}{line}"))?;
        }
        Ok(())
    }
}

/// A count with its thousands apart: `1,234,567`.
///
/// ```
/// assert_eq!(openbell::table::count(1_234_567), "1,234,567");
/// ```
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and its noun: `1 symbol`, `2 symbols`.
pub fn counted(n: u64, one: &str) -> String {
    counted_as(n, one, &format!("{one}s"))
}

/// A count and its noun, of which there are many otherwise: `2 switches`.
pub fn counted_as(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// The time that the exchange's clock shows, with seconds only where there are some: `09:30`.
pub fn hh_mm(calendar: &Calendar, at: Timestamp) -> String {
    let text = calendar.local_time(at).time_of_day.to_string();
    text.strip_suffix(":00").unwrap_or(&text).to_owned()
}

/// A length of time as people say it: `2.5 s`, `3 min 20 s`, `1 h 5 min`.
pub fn length(length: Nanos) -> String {
    let seconds = length.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) if length.as_nanos() % 1_000_000_000 != 0 => {
            format!("{:.1} s", length.as_secs_f64())
        }
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (h, 0, 0) => format!("{h} h"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Bytes as people say them: `1.4 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn bytes_are_said_in_the_unit_that_fits() {
        for (n, text) in [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_960, "1.0 MB")] {
            assert_eq!(bytes(n), text);
        }
    }
}
