//! Tables: each with a caption, real heads, and numbers that a machine reads back exactly.

use std::fmt::Write as _;

use crate::markup::{Text, count, counted, short};

/// Rows of a table that are laid out at once; those behind them are folded, so that a browser opens the
/// file at once.
const ROWS_OPEN: usize = 200;

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    /// Text.
    Words,
    /// A number.
    Number,
}
pub(crate) use Column::{Number, Words};

/// A cell.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    /// There is nothing to say.
    None,
    /// A text of others, which is escaped.
    Text(String),
    /// The same, of a fixed width: a digest.
    Code(String),
    /// A count.
    Count(u64),
    /// A number as it is shown, and as it is.
    Value(f64, String),
    /// Markup of our own.
    Markup(String),
}

impl Cell {
    pub(crate) fn text(text: &str) -> Cell {
        if text.is_empty() { Cell::None } else { Cell::Text(text.to_owned()) }
    }

    /// A share of one, as per cent with two decimals.
    pub(crate) fn share(share: Option<f64>) -> Cell {
        share.map_or(Cell::None, |share| Cell::Value(share, format!("{:.2}%", share * 100.0)))
    }

    /// The same with its sign.
    pub(crate) fn gain(share: Option<f64>) -> Cell {
        share.map_or(Cell::None, |share| Cell::Value(share, format!("{:+.2}%", share * 100.0)))
    }

    /// A number with two decimals.
    pub(crate) fn ratio(value: Option<f64>) -> Cell {
        value.map_or(Cell::None, |value| Cell::Value(value, format!("{value:.2}")))
    }

    /// Money with two decimals, and a comma for each thousand.
    pub(crate) fn money(value: f64) -> Cell {
        Cell::Value(value, money(value))
    }

    /// A length of time.
    pub(crate) fn seconds(length_s: Option<f64>) -> Cell {
        length_s.map_or(Cell::None, |it| Cell::Value(it, crate::markup::seconds(it)))
    }

    fn write(&self, tag: &str, column: Column, out: &mut String) {
        let class = if column == Number { " class=\"n\"" } else { "" };
        let _ = write!(out, "<{tag}{class}>"); // Writing into a string does not fail; so below.
        let _ = match self {
            Cell::None => out.write_str("<span class=\"none\">–</span>"),
            Cell::Text(text) => write!(out, "<bdi>{}</bdi>", Text(&short(text))),
            Cell::Code(text) => write!(out, "<code>{}</code>", Text(&short(text))),
            Cell::Count(n) => out.write_str(&count(*n)),
            Cell::Value(value, shown) => write!(out, "<data value=\"{value}\">{shown}</data>"),
            Cell::Markup(markup) => out.write_str(markup),
        };
        let _ = write!(out, "</{}>", tag.split(' ').next().unwrap_or_default());
    }
}

/// Money with two decimals, and a comma for each thousand.
pub(crate) fn money(value: f64) -> String {
    let cents = format!("{:.2}", value.abs());
    let (whole, part) = cents.split_once('.').unwrap_or((&cents, "00"));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count); // `Err`: more than a u64
    let is_negative = value < 0.0 && cents.bytes().any(|b| (b'1'..=b'9').contains(&b));
    format!("{}{whole}.{part}", if is_negative { "-" } else { "" })
}

/// A table that grows row by row. The first cell of a row is its head.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    caption: String,
    columns: Vec<(String, Column)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table of that caption and those columns, without a row.
    pub(crate) fn new<'a>(
        caption: &str,
        columns: impl IntoIterator<Item = (&'a str, Column)>,
    ) -> Table {
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect();
        Table { caption: caption.to_owned(), columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).collect());
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its markup; none without a row. Rows beyond the first 200 stand in parts that are folded.
    pub(crate) fn write(&self, out: &mut String) {
        for (i, rows) in self.rows.chunks(ROWS_OPEN).enumerate() {
            let first = i * ROWS_OPEN + 1;
            let last = first + rows.len() - 1;
            let caption = match self.rows.len() {
                ..=ROWS_OPEN => self.caption.clone(),
                n => format!("{}, {first} to {last} of {}", self.caption, count(n as u64)),
            };
            if i > 0 {
                let _ = write!(out, "<details><summary>{}</summary>", Text(&caption));
            }
            self.write_rows(&caption, rows, out);
            if i > 0 {
                out.push_str("</details>\n");
            }
        }
    }

    fn write_rows(&self, caption: &str, rows: &[Vec<Cell>], out: &mut String) {
        // It is scrolled by itself where a screen is narrow; what is scrolled has to be reached by keys.
        let _ = write!(
            out,
            "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\
             <caption>{0}</caption><thead><tr>",
            Text(caption)
        );
        for (name, column) in &self.columns {
            let class = if *column == Number { " class=\"n\"" } else { "" };
            let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", Text(name));
        }
        out.push_str("</tr></thead><tbody>\n");
        for row in rows {
            out.push_str("<tr>");
            for (i, (cell, (_, column))) in row.iter().zip(&self.columns).enumerate() {
                cell.write(if i == 0 { "th scope=\"row\"" } else { "td" }, *column, out);
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table></div>\n");
    }
}

/// What is said below a list that was cut: nothing where it was not.
pub(crate) fn and_more(n_all: usize, n_shown: usize, noun: &str, out: &mut String) {
    if n_all > n_shown {
        let more = counted((n_all - n_shown) as u64, noun);
        let _ = writeln!(
            out,
            "<p>And {more} more; the JSON report (<code>--json</code>) has them all.</p>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_folded_behind_its_first_rows_and_none_is_lost() {
        let mut table = Table::new("bars", [("n", Number)]);
        for n in 0..450 {
            table.row([Cell::Count(n)]);
        }
        let mut out = String::new();
        table.write(&mut out);
        assert_eq!(out.matches("<tr><th scope=\"row\"").count(), 450);
        assert_eq!(out.matches("<details>").count(), 2);
        assert!(out.contains("<summary>bars, 401 to 450 of 450</summary>"), "{out}");
    }

    #[test]
    fn money_has_cents_and_thousands_and_nothing_has_no_sign() {
        for (value, text) in [
            (0.0, "0.00"),
            (-0.001, "0.00"),
            (-0.01, "-0.01"),
            (1_234_567.891, "1,234,567.89"),
            (-999.995, "-1,000.00"),
        ] {
            assert_eq!(money(value), text);
        }
    }
}
