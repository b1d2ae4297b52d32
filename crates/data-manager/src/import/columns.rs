//! Where the columns of a table stand: as the user says, by their names, or by what is in them.

use std::path::Path;

use super::form::{Candidates, FormReader, StampForm, is_time};
use super::names::{self, Names};
use super::options::{ColumnRef, CsvOptions, VolumeSource};
use crate::DataError;

/// The places of the columns that are read.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) ts: usize,
    pub(super) time: Option<usize>,
    /// Open, high, low, close.
    pub(super) prices: [usize; 4],
    pub(super) volume: VolumePlace,
    /// The symbol of the row, where the header names such a column.
    pub(super) symbol: Option<usize>,
    /// Other columns of text; the symbol may stand in one.
    pub(super) texts: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum VolumePlace {
    Column(usize),
    Constant(f64),
}

/// Finds columns in a table.
pub(super) struct Finder<'a> {
    pub(super) path: &'a Path,
    pub(super) header: Option<&'a [String]>,
    /// The first rows.
    pub(super) rows: &'a [Vec<String>],
    /// The symbol of the rows, as far as it is known: it may name one of several volumes.
    pub(super) hint: Option<&'a str>,
}

impl Finder<'_> {
    pub(super) fn columns(&self, options: &CsvOptions) -> Result<Columns, DataError> {
        let (ts, time) = self.stamp(options)?;
        // Where there are no names, the prices follow the stamp.
        let next = time.map_or(ts, |time| time.max(ts)) + 1;
        let price = |asked: &Option<ColumnRef>, names: Names, place, what| {
            self.required(asked.as_ref(), names, place, what)
        };
        let prices = [
            price(&options.open, names::OPEN, next, "open")?,
            price(&options.high, names::HIGH, next + 1, "high")?,
            price(&options.low, names::LOW, next + 2, "low")?,
            price(&options.close, names::CLOSE, next + 3, "close")?,
        ];
        let symbol = match &options.symbol {
            Some(asked) => Some(self.asked(asked, "symbol")?),
            None => names::SYMBOL.iter().find_map(|name| self.find(|found| found == *name)),
        };
        let volume = self.volume(&options.volume, next + 4, symbol)?;
        let mut columns = Columns { ts, time, prices, volume, symbol, texts: Vec::new() };
        columns.texts = self.texts(&columns);
        Ok(columns)
    }

    /// Columns of text that hold nothing else that is read.
    fn texts(&self, columns: &Columns) -> Vec<usize> {
        let is_read = |idx: &usize| {
            *idx == columns.ts
                || columns.time == Some(*idx)
                || columns.symbol == Some(*idx)
                || columns.prices.contains(idx)
                || matches!(columns.volume, VolumePlace::Column(volume) if volume == *idx)
        };
        let is_text = |idx: &usize| {
            let words = self.column(*idx).filter(|cell| cell.contains(|c: char| c.is_alphabetic()));
            2 * words.count() > self.rows.len()
        };
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..n_columns).filter(|idx| !is_read(idx) && is_text(idx)).take(N_TEXTS_MAX).collect()
    }

    /// Whether a heading may be that of symbols.
    pub(super) fn is_perhaps_symbol(&self, idx: usize) -> bool {
        let name = self.header.and_then(|names| names.get(idx)).map(|name| names::plain(name));
        name.is_some_and(|name| names::PERHAPS_SYMBOL.contains(&name.as_str()))
    }

    fn stamp(&self, options: &CsvOptions) -> Result<(usize, Option<usize>), DataError> {
        let time = match &options.time {
            Some(asked) => Some(self.asked(asked, "time")?),
            None => None,
        };
        if let Some(asked) = &options.ts {
            return Ok((self.asked(asked, "ts")?, time));
        }
        if self.header.is_none() {
            let ts = self.first_of_stamps().unwrap_or(0);
            let beside = || (options.interval.clock().is_some()).then(|| self.time_beside(ts));
            return Ok((ts, time.or_else(|| beside().flatten())));
        }
        if let Some(ts) = self.named(names::STAMP, "ts")? {
            return Ok((ts, time));
        }
        let time = match time {
            Some(time) => Some(time),
            None => self.named(names::TIME, "time")?,
        };
        match (self.named(names::DATE, "ts")?, time) {
            (Some(date), time) => Ok((date, time)),
            (None, Some(ts)) => Ok((ts, None)),
            (None, None) => self
                .containing(&["time", "date"])
                .or_else(|| self.first_of_stamps())
                .map(|ts| (ts, None))
                .ok_or_else(|| self.missing("ts")),
        }
    }

    /// The first column in which most of the cells are stamps of a usual form.
    fn first_of_stamps(&self) -> Option<usize> {
        let n_columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..n_columns).find(|&idx| {
            let cells: Vec<String> = self.column(idx).map(str::to_owned).collect();
            let forms = Candidates::of(&cells);
            let reads = |form: &FormReader| {
                let n_read = cells.iter().filter(|cell| form.reads(cell)).count();
                2 * n_read > self.rows.len()
            };
            forms.forms().first().is_some_and(reads)
        })
    }

    /// The column after that of the stamps, where those are dates and it holds times of day.
    fn time_beside(&self, ts: usize) -> Option<usize> {
        let cells: Vec<String> = self.column(ts).map(str::to_owned).collect();
        let is_date = |form: &FormReader| matches!(form.form(), StampForm::Date(_));
        let are_dates = Candidates::of(&cells).forms().first().is_some_and(is_date);
        let is_time = |cell: &&str| [4, 6].iter().any(|&n| is_time(&padded(cell, n)));
        let n_times = self.column(ts + 1).filter(is_time).count();
        (are_dates && 2 * n_times > self.rows.len()).then_some(ts + 1)
    }

    fn column(&self, idx: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(move |row| row.get(idx)).map(String::as_str)
    }

    fn volume(
        &self,
        source: &VolumeSource,
        place: usize,
        symbol: Option<usize>,
    ) -> Result<VolumePlace, DataError> {
        match source {
            VolumeSource::Constant(volume) => Ok(VolumePlace::Constant(*volume)),
            VolumeSource::Column(asked) => self.asked(asked, "volume").map(VolumePlace::Column),
            VolumeSource::Guessed if self.header.is_some() => {
                let named = match self.named(names::VOLUME, "volume")? {
                    Some(found) => Some(found),
                    None => self.one_volume(symbol)?,
                };
                named
                    .or_else(|| self.find(|found| found == "tickvol"))
                    .map(VolumePlace::Column)
                    .ok_or_else(|| self.missing("volume"))
            }
            VolumeSource::Guessed if self.rows.iter().any(|row| row.len() > place) => {
                Ok(VolumePlace::Column(place))
            }
            VolumeSource::Guessed => Err(self.missing("volume")),
        }
    }

    /// The one column whose heading begins with the word; of several, the one of the traded unit.
    fn one_volume(&self, symbol: Option<usize>) -> Result<Option<usize>, DataError> {
        let header = self.header.unwrap_or_default();
        let is_volume = |name: &str| {
            (name.starts_with("volume") || name.starts_with("vol ") || name.starts_with("vol."))
                && !name.contains("time")
        };
        let found: Vec<usize> =
            (0..header.len()).filter(|&idx| is_volume(&names::plain(&header[idx]))).collect();
        let (&[first, second, ..], hint) = (found.as_slice(), self.hint) else {
            return Ok(found.first().copied());
        };
        let own = symbol.and_then(|idx| self.column(idx).next());
        let unit = own.or(hint).map(traded_unit);
        let names_it = |idx: &&usize| {
            let name = names::plain(&header[**idx]);
            let mut words = name.split(|c: char| !c.is_alphanumeric());
            unit.as_ref().is_some_and(|unit| words.any(|word| word == unit))
        };
        let mut of_unit = found.iter().filter(names_it);
        match (of_unit.next(), of_unit.next()) {
            (Some(&idx), None) => Ok(Some(idx)),
            _ => Err(DataError::CsvVolumeAmbiguous {
                path: self.path.to_owned(),
                names: [header[first].clone(), header[second].clone()],
                positions: [first + 1, second + 1],
            }),
        }
    }

    fn required(
        &self,
        asked: Option<&ColumnRef>,
        names: Names,
        place: usize,
        what: &'static str,
    ) -> Result<usize, DataError> {
        match (asked, self.header) {
            (Some(asked), _) => self.asked(asked, what),
            (None, Some(_)) => self
                .named(names, what)?
                .or_else(|| self.starting(&names[..1]))
                .ok_or_else(|| self.missing(what)),
            (None, None) => Ok(place),
        }
    }

    fn asked(&self, asked: &ColumnRef, what: &'static str) -> Result<usize, DataError> {
        match asked {
            ColumnRef::Position(position) => Ok(position - 1),
            ColumnRef::Name(name) => {
                let is_it = |found: &str| found.trim().to_lowercase() == name.trim().to_lowercase();
                self.only(is_it, what)?.ok_or_else(|| self.missing(what))
            }
        }
    }

    /// The column that has the first of `names` that a column has.
    fn named(&self, names: Names, what: &'static str) -> Result<Option<usize>, DataError> {
        for name in names {
            let found = self.only(|found| names::plain(found) == *name, what)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The one column whose name `is_it`; which of two is meant is not guessed.
    fn only(
        &self,
        is_it: impl Fn(&str) -> bool,
        what: &'static str,
    ) -> Result<Option<usize>, DataError> {
        let header = self.header.unwrap_or_default();
        let mut found = (0..header.len()).filter(|&idx| is_it(&header[idx]));
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Err(DataError::CsvColumnTwice {
                path: self.path.to_owned(),
                column: what,
                name: header[first].clone(),
                positions: [first + 1, second + 1],
            }),
            (first, _) => Ok(first),
        }
    }

    fn starting(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| {
            self.find(|found| found.starts_with(name) && !is_something_else(found))
        })
    }

    fn containing(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.find(|found| found.contains(name)))
    }

    fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        self.header?.iter().position(|found| is_it(&names::plain(found)))
    }

    fn missing(&self, column: &'static str) -> DataError {
        DataError::CsvColumnNotFound {
            path: self.path.to_owned(),
            column,
            found: self.header.map(|names| names.join(", ")),
        }
    }
}

/// Columns of text that are looked at, at most.
const N_TEXTS_MAX: usize = 8;

/// Whether a heading that begins like that of a price is none: open time, open interest.
fn is_something_else(name: &str) -> bool {
    ["time", "interest", "date"].iter().any(|word| name.contains(word))
}

/// What is traded under a symbol: the first of a pair.
fn traded_unit(symbol: &str) -> String {
    const QUOTES: [&str; 8] = ["usdt", "usdc", "busd", "usd", "eur", "gbp", "btc", "eth"];
    let lower = symbol.to_lowercase();
    if let Some((unit, _)) = lower.split_once(['/', '-', '_', ':']) {
        return unit.to_owned();
    }
    let unit =
        QUOTES.iter().find_map(|quote| lower.strip_suffix(quote).filter(|unit| unit.len() > 1));
    unit.unwrap_or(&lower).to_owned()
}

/// A time of day in its digits alone, with the zeros before it that a spreadsheet has taken away;
/// any other text as it is.
pub(super) fn padded(time: &str, n_digits: usize) -> String {
    if time.bytes().all(|b| b.is_ascii_digit()) {
        format!("{time:0>n_digits$}")
    } else {
        time.to_owned()
    }
}
