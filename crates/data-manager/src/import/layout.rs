//! From the first rows of a CSV file, how all of it is to be read.

use std::path::Path;

use super::line::{Cells, Lines};
use super::number::{guess_decimal, parse};
use super::open::{self, read_error};
use super::options::{ColumnRef, CsvOptions, Decimal, VolumeSource};
use super::report::ReadAs;
use super::stamp::{self, RowOrder, StampForm, StampReader, Written};
use crate::DataError;

/// Rows that are looked at.
const N_SAMPLED: usize = 500;

/// Cells of the smallest table: a stamp and four prices.
const N_CELLS_MIN: usize = 5;

/// How a file is read, in the form in which rows are read by it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) read_as: ReadAs,
    pub(super) delimiter: u8,
    pub(super) ts: usize,
    pub(super) time: Option<usize>,
    /// Open, high, low, close.
    pub(super) prices: [usize; 4],
    pub(super) volume: VolumePlace,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum VolumePlace {
    Column(usize),
    Constant(f64),
}

/// The first rows of a file as cells.
struct Sample {
    rows: Vec<Vec<String>>,
}

impl Layout {
    /// Looks at the first rows of `path`, and takes from `options` what they say.
    pub(super) fn of(path: &Path, options: &CsvOptions) -> Result<Layout, DataError> {
        let text = open::open(path, options.n_lines_skipped)?;
        let is_gzip = text.is_gzip;
        let mut lines = Lines::new(text.reader, options.n_lines_skipped as u64);
        let mut sampled: Vec<Vec<u8>> = Vec::new();
        while sampled.len() <= N_SAMPLED {
            match lines.next_line().map_err(|source| read_error(path, is_gzip, source))? {
                Some((_, line)) => sampled.push(line.to_vec()),
                None => break,
            }
        }
        let delimiter = options.delimiter.unwrap_or_else(|| guess_delimiter(&sampled));
        let mut sample = Sample { rows: sampled.iter().map(|l| cells(l, delimiter)).collect() };
        let Some(first) = sample.rows.first() else {
            return Err(DataError::EmptyCsv { path: path.to_owned() });
        };
        let has_header = options.has_header.unwrap_or_else(|| n_numbers(first) < 3);
        let header = if has_header { Some(sample.rows.remove(0)) } else { None };
        let finder = Finder { path, header: header.as_deref() };
        let (ts, time) = finder.stamp(options)?;
        let price = |asked: &Option<ColumnRef>, names: &[&str], position, what| {
            finder.required(asked.as_ref(), names, position, what)
        };
        let after = usize::from(time.is_some());
        let prices = [
            price(&options.open, &["open", "o"], 2 + after, "open")?,
            price(&options.high, &["high", "h"], 3 + after, "high")?,
            price(&options.low, &["low", "l"], 4 + after, "low")?,
            price(&options.close, &["close", "c", "last"], 5 + after, "close")?,
        ];
        let volume = finder.volume(&options.volume, 6 + after, &sample)?;
        let decimal = options.decimal.unwrap_or_else(|| sample.decimal(&prices));
        let form = sample.form(path, options, ts, time)?;
        let order = sample.order(&form, options, ts, time);
        let name = |idx: usize| match header.as_ref().and_then(|names| names.get(idx)) {
            Some(name) => name.clone(),
            None => format!("{}", idx + 1),
        };
        let mut columns = vec![("ts", name(ts))];
        columns.extend(time.map(|time| ("time", name(time))));
        let price_names = ["open", "high", "low", "close"];
        columns.extend(price_names.iter().zip(prices).map(|(price, idx)| (*price, name(idx))));
        let constant_volume = match volume {
            VolumePlace::Column(idx) => {
                columns.push(("volume", name(idx)));
                None
            }
            VolumePlace::Constant(volume) => Some(volume),
        };
        let read_as = ReadAs {
            delimiter: char::from(delimiter),
            header,
            columns,
            constant_volume,
            timestamp_form: form,
            zone: options.zone,
            order,
            decimal,
            is_gzip,
        };
        Ok(Layout { read_as, delimiter, ts, time, prices, volume })
    }
}

/// The text of a stamp that may stand in two cells.
pub(super) fn joined(date: &str, time: Option<&str>) -> String {
    match time {
        Some(time) => format!("{date} {time}"),
        None => date.to_owned(),
    }
}

fn cells(line: &[u8], delimiter: u8) -> Vec<String> {
    let mut cells = Cells::default();
    cells.split(line, delimiter);
    cells.to_texts()
}

fn n_numbers(cells: &[String]) -> usize {
    let is_number = |cell: &&String| {
        parse(cell, Decimal::Point).is_some() || parse(cell, Decimal::Comma).is_some()
    };
    cells.iter().filter(is_number).count()
}

/// The first of `;` tab `|` `,` that cuts most lines into enough cells: a comma may stand inside
/// numbers, the others do not.
fn guess_delimiter(lines: &[Vec<u8>]) -> u8 {
    let is_table = |delimiter: &u8| {
        let n_wide = lines.iter().filter(|line| cells(line, *delimiter).len() >= N_CELLS_MIN);
        2 * n_wide.count() > lines.len()
    };
    *b";\t|,".iter().find(|delimiter| is_table(delimiter)).unwrap_or(&b',')
}

/// Finds columns by what was asked for, by name, or by place.
struct Finder<'a> {
    path: &'a Path,
    header: Option<&'a [String]>,
}

impl Finder<'_> {
    fn stamp(&self, options: &CsvOptions) -> Result<(usize, Option<usize>), DataError> {
        const STAMPS: [&str; 6] =
            ["ts", "timestamp", "datetime", "date time", "open time", "time stamp"];
        let time = match &options.time {
            Some(asked) => Some(self.asked(asked, "time")?),
            None => None,
        };
        if let Some(asked) = &options.ts {
            return Ok((self.asked(asked, "ts")?, time));
        }
        if self.header.is_none() {
            return Ok((0, time));
        }
        let by_name = |names: &[&str]| self.named(names);
        match (by_name(&STAMPS), by_name(&["date"]), time.or_else(|| by_name(&["time"]))) {
            (Some(ts), _, _) => Ok((ts, time)),
            (None, Some(date), time) => Ok((date, time)),
            (None, None, Some(ts)) => Ok((ts, None)),
            (None, None, None) => match self.containing(&["time", "date"]) {
                Some(ts) => Ok((ts, None)),
                None => Err(self.missing("ts")),
            },
        }
    }

    fn volume(
        &self,
        source: &VolumeSource,
        position: usize,
        sample: &Sample,
    ) -> Result<VolumePlace, DataError> {
        match source {
            VolumeSource::Constant(volume) => Ok(VolumePlace::Constant(*volume)),
            VolumeSource::Column(asked) => self.asked(asked, "volume").map(VolumePlace::Column),
            VolumeSource::Guessed if self.header.is_some() => self
                .named(&["volume", "vol", "v"])
                .or_else(|| self.starting(&["volume", "vol"]))
                .or_else(|| self.named(&["tickvol"]))
                .map(VolumePlace::Column)
                .ok_or_else(|| self.missing("volume")),
            VolumeSource::Guessed => {
                let is_there = sample.rows.iter().any(|row| row.len() >= position);
                if is_there {
                    Ok(VolumePlace::Column(position - 1))
                } else {
                    Err(self.missing("volume"))
                }
            }
        }
    }

    fn required(
        &self,
        asked: Option<&ColumnRef>,
        names: &[&str],
        position: usize,
        what: &'static str,
    ) -> Result<usize, DataError> {
        match (asked, self.header) {
            (Some(asked), _) => self.asked(asked, what),
            (None, Some(_)) => self
                .named(names)
                .or_else(|| self.starting(&names[..1]))
                .ok_or_else(|| self.missing(what)),
            (None, None) => Ok(position - 1),
        }
    }

    fn asked(&self, asked: &ColumnRef, what: &'static str) -> Result<usize, DataError> {
        match asked {
            ColumnRef::Position(position) => Ok(position - 1),
            ColumnRef::Name(name) => {
                let header = self.header.into_iter().flatten();
                let same = |found: &String| found.trim().eq_ignore_ascii_case(name.trim());
                header.into_iter().position(same).ok_or_else(|| self.missing(what))
            }
        }
    }

    fn named(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.find(|found| found == *name))
    }

    fn starting(&self, names: &[&str]) -> Option<usize> {
        names
            .iter()
            .find_map(|name| self.find(|found| found.starts_with(name) && !found.contains("time")))
    }

    fn containing(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.find(|found| found.contains(name)))
    }

    fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        self.header?.iter().position(|found| is_it(&plain_name(found)))
    }

    fn missing(&self, column: &'static str) -> DataError {
        DataError::CsvColumnNotFound {
            path: self.path.to_owned(),
            column,
            found: self.header.map(|names| names.join(", ")),
        }
    }
}

/// A name without what vendors put around it: `1. open`, `<CLOSE>`, `Adj_Close`.
fn plain_name(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase().replace('_', " ");
    name.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | '<'))
        .trim_end_matches(['>', ' '])
        .to_owned()
}

impl Sample {
    fn decimal(&self, prices: &[usize; 4]) -> Decimal {
        let cells = self
            .rows
            .iter()
            .flat_map(|row| prices.iter().filter_map(|&idx| row.get(idx)).map(String::as_str));
        guess_decimal(cells)
    }

    fn stamps(&self, ts: usize, time: Option<usize>) -> Vec<String> {
        let cell = |row: &Vec<String>, idx: usize| row.get(idx).cloned().unwrap_or_default();
        let stamp =
            |row: &Vec<String>| joined(&cell(row, ts), time.map(|t| cell(row, t)).as_deref());
        self.rows.iter().map(stamp).collect()
    }

    /// The form in which most stamps of the sample are written.
    fn form(
        &self,
        path: &Path,
        options: &CsvOptions,
        ts: usize,
        time: Option<usize>,
    ) -> Result<StampForm, DataError> {
        let stamps = self.stamps(ts, time);
        let form = match &options.timestamp_format {
            Some(format) => stamp::form_of(format),
            None => guess_form(path, &stamps)?,
        };
        let first = stamps.iter().find_map(|text| stamp::read(&form, text));
        if self.rows.is_empty() || options.interval.clock().is_none() {
            return Ok(form);
        }
        match first {
            Some(Written::Date(_)) => {
                Err(DataError::CsvDatesOnly { path: path.to_owned(), interval: options.interval })
            }
            Some(Written::Local(_, None)) if options.zone.is_none() => {
                let stamp = stamps.first().cloned().unwrap_or_default();
                Err(DataError::CsvZoneNeeded { path: path.to_owned(), stamp })
            }
            _ => Ok(form),
        }
    }

    fn order(
        &self,
        form: &StampForm,
        options: &CsvOptions,
        ts: usize,
        time: Option<usize>,
    ) -> RowOrder {
        let mut reader = StampReader::new(form.clone(), RowOrder::OldestFirst, options);
        let stamps = self.stamps(ts, time);
        let read: Vec<i64> = stamps.iter().filter_map(|text| reader.stamp_ns(text).ok()).collect(); // `Err`: counted when imported
        let n_back = read.windows(2).filter(|pair| pair[1] < pair[0]).count();
        let n_on = read.windows(2).filter(|pair| pair[1] > pair[0]).count();
        if n_back > n_on { RowOrder::NewestFirst } else { RowOrder::OldestFirst }
    }
}

fn guess_form(path: &Path, stamps: &[String]) -> Result<StampForm, DataError> {
    let first = || stamps.first().cloned().unwrap_or_default();
    let n_read =
        |form: &StampForm| stamps.iter().filter(|t| stamp::read(form, t).is_some()).count();
    let mut counted: Vec<(usize, StampForm)> = stamp::usual_forms()
        .into_iter()
        .map(|form| (n_read(&form), form))
        .filter(|(n, _)| *n > 0)
        .collect();
    // The sort is stable: of equals the more usual comes first.
    counted.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    let Some((n_best, best)) = counted.first().cloned() else {
        if stamps.is_empty() {
            return Ok(StampForm::Date("%Y-%m-%d".to_owned()));
        }
        return Err(DataError::CsvStampsUnknown { path: path.to_owned(), stamp: first() });
    };
    // Two forms that read as many rows, and read them as different days, cannot be told apart.
    let differs = |form: &StampForm| {
        stamps.iter().any(|text| stamp::read(form, text) != stamp::read(&best, text))
    };
    let rival = counted[1..].iter().find(|(n, form)| *n == n_best && differs(form));
    match rival {
        Some((_, rival)) => Err(DataError::CsvStampsAmbiguous {
            path: path.to_owned(),
            stamp: first(),
            first: best.to_string(),
            second: rival.to_string(),
        }),
        None => Ok(best),
    }
}
