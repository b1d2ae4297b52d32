//! Rows of the tables as they stand there, and their print: what a look is written as and read from.

use std::hash::Hasher;

use openbell_coordinator::Occasion;
use openbell_market::{BarInterval, SeriesKey};
use openbell_time::Timestamp;
use twox_hash::xxhash3_64::Hasher as Xxh3;

use super::link::MarkColumns;
use crate::history::HistoryRead;

/// A row of `row`, but for its look.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct RawRow {
    pub(super) series: i64,
    pub(super) is_revision: bool,
    pub(super) opens_at: i64,
    /// Open, high, low, close, volume; what is no number is null.
    pub(super) values: [Option<f64>; 5],
}

/// A row of `history`, but for its look.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct RawHistory {
    pub(super) symbol: String,
    pub(super) interval: String,
    pub(super) since: i64,
    pub(super) until: i64,
    pub(super) n_rows: i64,
    pub(super) print: i64,
}

impl RawHistory {
    /// As what was read is written.
    pub(super) fn of(read: &HistoryRead) -> RawHistory {
        RawHistory {
            symbol: read.key.symbol.to_string(),
            interval: read.key.interval.to_string(),
            since: read.range.start.as_nanos(),
            until: read.range.end.as_nanos(),
            n_rows: read.n_rows as i64,
            print: read.print as i64,
        }
    }

    /// What it says was read; `None` where a name is none.
    pub(super) fn read(&self) -> Option<HistoryRead> {
        let key =
            SeriesKey { symbol: self.symbol.parse().ok()?, interval: self.interval.parse().ok()? };
        let range = Timestamp::from_nanos(self.since)..Timestamp::from_nanos(self.until);
        Some(HistoryRead { key, range, n_rows: self.n_rows as u64, print: self.print as u64 })
    }
}

/// The intervals of an offer as they stand in its table.
pub(super) fn intervals_text(intervals: &[BarInterval]) -> String {
    intervals.iter().map(BarInterval::to_string).collect::<Vec<_>>().join(" ")
}

/// The print of all that is written of a look.
pub(super) struct Print(Xxh3);

impl Print {
    /// That of a look with such columns.
    pub(super) fn of_look(numbers: &[Option<i64>], texts: &[&str]) -> Print {
        let mut print = Print(Xxh3::new());
        numbers.iter().for_each(|number| print.number(*number));
        texts.iter().for_each(|text| print.text(Some(text)));
        print
    }

    fn number(&mut self, number: Option<i64>) {
        self.0.write(&[u8::from(number.is_some())]);
        self.0.write(&number.unwrap_or_default().to_le_bytes());
    }

    fn text(&mut self, text: Option<&str>) {
        self.number(text.map(|text| text.len() as i64));
        self.0.write(text.unwrap_or_default().as_bytes());
    }

    pub(super) fn row(&mut self, row: &RawRow) {
        let mut bytes = [0_u8; 58];
        bytes[..8].copy_from_slice(&row.series.to_le_bytes());
        bytes[8..16].copy_from_slice(&row.opens_at.to_le_bytes());
        bytes[16] = u8::from(row.is_revision);
        for (n, value) in row.values.iter().enumerate() {
            let at = 17 + 8 * n;
            bytes[at..at + 8].copy_from_slice(&value.unwrap_or(f64::NAN).to_bits().to_le_bytes());
            bytes[57] |= u8::from(value.is_none()) << n;
        }
        self.0.write(&bytes);
    }

    pub(super) fn mark(&mut self, series: i64, mark: &MarkColumns) {
        self.number(Some(series));
        self.number(mark.complete_through);
        self.text(Some(&mark.link));
        self.number(mark.at);
        self.text(mark.more.as_deref());
    }

    pub(super) fn line(&mut self, texts: [Option<&str>; 3]) {
        texts.into_iter().for_each(|text| self.text(text));
    }

    pub(super) fn history(&mut self, read: &RawHistory) {
        self.line([Some(&read.symbol), Some(&read.interval), None]);
        for number in [read.since, read.until, read.n_rows, read.print] {
            self.number(Some(number));
        }
    }

    /// As it stands in the column `print`.
    pub(super) fn value(&self) -> i64 {
        self.0.finish() as i64
    }
}

/// The word of the column `kind` of `look`.
pub(super) fn kind_name(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Look => "look",
        Occasion::Step => "step",
    }
}

/// The word of the column `kind` of `row`.
pub(super) fn row_kind(is_revision: bool) -> &'static str {
    if is_revision { "revision" } else { "row" }
}
