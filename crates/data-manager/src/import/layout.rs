//! From the first rows of a CSV file, how all of it is to be read.

use std::path::Path;

use super::columns::{Columns, Finder, VolumePlace, padded};
use super::form::{self, Candidates, FormReader, StampForm, Written};
use super::labels::is_midnight;
use super::line::{ANY_DELIMITER, Cells, Rows};
use super::names;
use super::number::{guess_decimal, parse};
use super::open::{self, read_error};
use super::options::{CsvOptions, Decimal, ImportZone, RowOrder, WrittenOffset};
use super::report::ReadAs;
use super::stamp::StampReader;
use super::zones::WrittenZone;
use crate::DataError;
use crate::error::NotText;
use openbell_market::BarInterval;
use openbell_time::Calendar;

/// Rows that are looked at.
const N_SAMPLED: usize = 500;

/// Cells of the smallest table: a stamp and four prices.
const N_CELLS_MIN: usize = 5;

/// Numbers in a row of bars, at the least: one price may be missing.
const N_NUMBERS_MIN: usize = 3;

/// How a file is read, in the form in which rows are read by it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) read_as: ReadAs,
    pub(super) delimiter: u8,
    pub(super) columns: Columns,
    /// Columns of text whose heading may be that of symbols.
    pub(super) perhaps_symbols: Vec<usize>,
    pub(super) time_of_day: TimeOfDay,
}

/// How the time of day is written, where it stands apart from the date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeOfDay {
    /// Digits of one in digits alone.
    n_digits: usize,
}

impl TimeOfDay {
    /// With seconds.
    pub(super) const SECONDS: TimeOfDay = TimeOfDay { n_digits: 6 };

    /// Digits of a time of day in digits alone.
    pub(super) fn n_digits(self) -> usize {
        self.n_digits
    }

    /// The text of a stamp that may stand in two cells.
    pub(super) fn joined(self, date: &str, time: Option<&str>) -> String {
        match time {
            Some(time) => format!("{date} {}", padded(time, self.n_digits)),
            None => date.to_owned(),
        }
    }

    /// Hours and minutes, or seconds too, by the longest of some. Where both can be read, it is the one
    /// in which most rows follow each other by the interval: 930 is 09:30, and 0, 100, 200 under 1m are
    /// the first minutes of a day whose zeros a spreadsheet has taken away.
    fn of<'a>(times: impl Iterator<Item = &'a str> + Clone, interval: BarInterval) -> TimeOfDay {
        let digits = || times.clone().filter(|time| time.bytes().all(|b| b.is_ascii_digit()));
        if digits().any(|time| time.len() > 4) {
            return TimeOfDay { n_digits: 6 };
        }
        let step_s = interval.clock().map_or(0, |clock| clock.length().as_secs());
        let n_in_step = |n_digits: usize| {
            let seconds = |time: &str| {
                let form = if n_digits == 6 { "%H%M%S" } else { "%H%M" };
                let read = chrono::NaiveTime::parse_from_str(&padded(time, n_digits), form).ok()?; // `None`: no time
                Some(i64::from(chrono::Timelike::num_seconds_from_midnight(&read)))
            };
            let read: Option<Vec<i64>> = digits().map(seconds).collect();
            let read = read.unwrap_or_default(); // One that does not read all is not it.
            read.windows(2).filter(|pair| (pair[1] - pair[0]).abs() == step_s).count()
        };
        TimeOfDay { n_digits: if n_in_step(6) > n_in_step(4) { 6 } else { 4 } }
    }
}

/// What is known of a file before its first rows are looked at.
#[derive(Clone, Default, Debug)]
pub(super) struct Known {
    /// The symbol that the caller has for rows without one.
    pub(super) symbol: Option<String>,
    /// How stamps are written, as all rows have shown.
    pub(super) form: Option<StampForm>,
    /// Digits of a time of day in digits alone, as all rows have shown.
    pub(super) n_time_digits: Option<usize>,
    /// The column of symbols, as all rows have shown.
    pub(super) symbol_column: Option<usize>,
}

impl Layout {
    /// Looks at the first rows of `path`, and takes from `options` what they say.
    pub(super) fn of(
        path: &Path,
        options: &CsvOptions,
        calendar: &Calendar,
        known: &Known,
    ) -> Result<Layout, DataError> {
        let mut text = open::open(path)?;
        let is_gzip = text.is_gzip;
        let failed = |source| read_error(path, is_gzip, source);
        let asked = options.delimiter.map(|delimiter| [delimiter]);
        let delimiters = asked.as_ref().map_or(ANY_DELIMITER, |one| one.as_slice());
        let mut lines = Rows::new(&mut text.reader, delimiters);
        lines.skip(options.n_lines_before.unwrap_or(0)).map_err(failed)?;
        let mut head = Head::read(&mut lines).map_err(failed)?;
        head.check_text(path)?;
        let delimiter = options.delimiter.unwrap_or_else(|| head.delimiter());
        let mut rows = head.table(delimiter, options);
        let n_lines_before = match (options.n_lines_before, head.numbers.first()) {
            (Some(n_lines), _) => n_lines,
            (None, Some(first)) => (first - 1) as usize,
            (None, None) => 0,
        };
        let is_row = |row: &Vec<String>| n_numbers(row) >= N_NUMBERS_MIN;
        let has_header = options.has_header.unwrap_or_else(|| !rows.first().is_some_and(is_row));
        let header = if has_header && !rows.is_empty() { Some(rows.remove(0)) } else { None };
        let hint = known.symbol.as_deref();
        let finder = Finder { path, header: header.as_deref(), rows: &rows, hint };
        if rows.is_empty() {
            return Err(DataError::EmptyCsv { path: path.to_owned() });
        }
        let mut columns = finder.columns(options)?;
        if let Some(found) = known.symbol_column {
            columns.texts.retain(|&idx| idx != found);
            columns.symbol = Some(found);
        }
        if columns.symbol.is_none() && known.symbol.is_none() {
            return Err(DataError::CsvSymbolNeeded { path: path.to_owned() });
        }
        let perhaps_symbols: Vec<usize> =
            columns.texts.iter().copied().filter(|&idx| finder.is_perhaps_symbol(idx)).collect();
        let sample = Sample { path, rows: &rows, columns: &columns };
        let time_of_day = match known.n_time_digits {
            Some(n_digits) => TimeOfDay { n_digits },
            None => sample.time_of_day(options.interval),
        };
        let decimal = match options.decimal {
            Some(decimal) => decimal,
            None => sample.decimal(delimiter)?,
        };
        sample.check_order(decimal, header.is_some(), options)?;
        let stamps = sample.stamps(time_of_day);
        let form = match (&options.timestamp_format, &known.form) {
            (Some(format), _) => sample.named_form(format, &stamps)?,
            (None, Some(form)) => form.clone(),
            (None, None) => {
                let mut forms = Candidates::of(&stamps);
                let mut cells = Cells::default();
                while forms.forms().len() > 1
                    && let Some((_, row)) = lines.next_row().map_err(failed)?
                {
                    cells.split(row, delimiter);
                    forms.narrow(&columns.stamp(&cells, time_of_day));
                }
                sample.only_form(&forms, &stamps)?
            }
        };
        sample.check_stamps(&form, options, &stamps)?;
        let read_as = ReadAs {
            n_lines_before,
            delimiter: char::from(delimiter),
            columns: columns.named(header.as_deref()),
            header,
            constant_volume: match columns.volume {
                VolumePlace::Column(_) => None,
                VolumePlace::Constant(volume) => Some(volume),
            },
            order: order(&form, options, calendar, &stamps),
            zone: options.zone.filter(|_| needs_zone(&form, options, &stamps)),
            timestamp_form: form,
            decimal,
            is_gzip,
        };
        Ok(Layout { read_as, delimiter, columns, perhaps_symbols, time_of_day })
    }
}

impl Columns {
    /// The stamp of a row as it is written.
    pub(super) fn stamp(&self, cells: &Cells, time_of_day: TimeOfDay) -> String {
        let cell = |idx| String::from_utf8_lossy(cells.bytes(idx)).into_owned();
        time_of_day.joined(&cell(self.ts), self.time.map(cell).as_deref())
    }

    /// What stands where: the names in the header, or numbers.
    fn named(&self, header: Option<&[String]>) -> Vec<(&'static str, String)> {
        let name = |idx: usize| match header.and_then(|names| names.get(idx)) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("{}", idx + 1),
        };
        let mut named = vec![("ts", name(self.ts))];
        named.extend(self.time.map(|time| ("time", name(time))));
        let prices = ["open", "high", "low", "close"];
        named.extend(prices.iter().zip(self.prices).map(|(price, idx)| (*price, name(idx))));
        if let VolumePlace::Column(idx) = self.volume {
            named.push(("volume", name(idx)));
        }
        named.extend(self.symbol.map(|symbol| ("symbol", name(symbol))));
        named
    }
}

/// The first lines of a file.
struct Head {
    numbers: Vec<u64>,
    lines: Vec<Vec<u8>>,
}

impl Head {
    fn read(lines: &mut Rows<impl std::io::BufRead>) -> std::io::Result<Head> {
        let mut head = Head { numbers: Vec::new(), lines: Vec::new() };
        while head.lines.len() <= N_SAMPLED
            && let Some((number, line)) = lines.next_row()?
        {
            head.numbers.push(number);
            head.lines.push(line.to_vec());
        }
        Ok(head)
    }

    fn check_text(&self, path: &Path) -> Result<(), DataError> {
        match self.lines.first() {
            None => Err(DataError::EmptyCsv { path: path.to_owned() }),
            Some(line) if line.contains(&0) => {
                Err(DataError::CsvNotText { path: path.to_owned(), found: NotText::ZeroBytes })
            }
            Some(_) => Ok(()),
        }
    }

    /// The first of `;` tab `|` `,` that cuts at least half as many lines into enough cells as the
    /// best of them: a comma may stand inside numbers, the others do not.
    fn delimiter(&self) -> u8 {
        let n_wide = |delimiter: u8| {
            self.lines.iter().filter(|line| cells(line, delimiter).len() >= N_CELLS_MIN).count()
        };
        let counted = b";\t|,".map(|delimiter| (delimiter, n_wide(delimiter)));
        let most = counted.iter().map(|&(_, n)| n).max().unwrap_or(0);
        let is_it = |&&(_, n): &&(u8, usize)| n > 0 && 2 * n >= most;
        counted.iter().find(is_it).map_or(b',', |&(delimiter, _)| delimiter)
    }

    /// The rows of the table, its header among them; what stands before them is taken out of the
    /// head, unless the user has said where the table begins.
    fn table(&mut self, delimiter: u8, options: &CsvOptions) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = self.lines.iter().map(|l| cells(l, delimiter)).collect();
        if options.n_lines_before.is_none() {
            let n_before = n_rows_before(&rows, options.has_header);
            rows.drain(..n_before);
            self.numbers.drain(..n_before);
        }
        rows
    }
}

/// Lines before the table: it begins with the first line that names the four prices, else with the
/// first that has cells enough and is no comment, and at the latest with the first row of numbers.
fn n_rows_before(rows: &[Vec<String>], has_header: Option<bool>) -> usize {
    let is_wide = |row: &Vec<String>| row.len() >= N_CELLS_MIN;
    let is_row = |row: &Vec<String>| is_wide(row) && n_numbers(row) >= N_NUMBERS_MIN;
    let first_row = rows.iter().position(is_row).unwrap_or(rows.len());
    if has_header == Some(false) {
        return if first_row == rows.len() { 0 } else { first_row };
    }
    let before = &rows[..first_row];
    let is_comment = |row: &Vec<String>| row[0].starts_with('#');
    before
        .iter()
        .position(|row| names::are_names(row))
        .or_else(|| before.iter().position(|row| is_wide(row) && !is_comment(row)))
        .unwrap_or(if first_row == rows.len() { 0 } else { first_row })
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

/// The first rows of a table, and where its columns are.
struct Sample<'a> {
    path: &'a Path,
    rows: &'a [Vec<String>],
    columns: &'a Columns,
}

impl Sample<'_> {
    fn cells(&self, idx: usize) -> impl Iterator<Item = &str> + Clone {
        self.rows.iter().filter_map(move |row| row.get(idx)).map(String::as_str)
    }

    fn time_of_day(&self, interval: BarInterval) -> TimeOfDay {
        let times = || self.columns.time.into_iter().flat_map(|idx| self.cells(idx));
        TimeOfDay::of(times(), interval)
    }

    /// Whether the four columns after the stamp, where no header names them, are the prices in the
    /// usual order.
    fn check_order(
        &self,
        decimal: Decimal,
        has_header: bool,
        options: &CsvOptions,
    ) -> Result<(), DataError> {
        let is_named = [&options.open, &options.high, &options.low, &options.close];
        if has_header || is_named.into_iter().any(Option::is_some) {
            return Ok(());
        }
        let number =
            |row: &Vec<String>, idx: usize| row.get(idx).and_then(|cell| parse(cell, decimal));
        let read = |row: &Vec<String>| -> Option<[f64; 4]> {
            let [a, b, c, d] = self.columns.prices.map(|idx| number(row, idx));
            Some([a?, b?, c?, d?])
        };
        let rows: Vec<[f64; 4]> = self.rows.iter().filter_map(read).collect();
        let is_most = |place: usize, row: &[f64; 4]| row.iter().all(|other| *other <= row[place]);
        let is_least = |place: usize, row: &[f64; 4]| row.iter().all(|other| *other >= row[place]);
        if rows.is_empty() || rows.iter().any(|row| is_most(1, row) && is_least(2, row)) {
            return Ok(());
        }
        let high = (0..4).find(|&place| rows.iter().all(|row| is_most(place, row)));
        let low = (0..4).find(|&place| rows.iter().all(|row| is_least(place, row)));
        match (high, low) {
            (Some(high), Some(low)) if high != low => Err(DataError::CsvColumnOrder {
                path: self.path.to_owned(),
                high: self.columns.prices[high] + 1,
                low: self.columns.prices[low] + 1,
            }),
            _ => Ok(()), // Each row says what is wrong with it.
        }
    }

    /// How prices are written. Where commas part cells, one inside a cell parts thousands; else it
    /// may be either, and `155,123` alone does not say which.
    fn decimal(&self, delimiter: u8) -> Result<Decimal, DataError> {
        let cells = || self.columns.prices.iter().flat_map(|&idx| self.cells(idx));
        match guess_decimal(cells()) {
            Some(decimal) => Ok(decimal),
            None => match cells().find(|cell| delimiter != b',' && cell.contains(',')) {
                Some(number) => {
                    let (path, number) = (self.path.to_owned(), number.to_owned());
                    Err(DataError::CsvDecimalAmbiguous { path, number })
                }
                None => Ok(Decimal::Point),
            },
        }
    }

    fn stamps(&self, time_of_day: TimeOfDay) -> Vec<String> {
        let cell = |row: &Vec<String>, idx: usize| row.get(idx).cloned().unwrap_or_default();
        let stamp = |row: &Vec<String>| {
            let time = self.columns.time.map(|time| cell(row, time));
            time_of_day.joined(&cell(row, self.columns.ts), time.as_deref())
        };
        self.rows.iter().map(stamp).collect()
    }

    /// The form that the user has named, if it reads any of the stamps.
    fn named_form(&self, format: &str, stamps: &[String]) -> Result<StampForm, DataError> {
        let form = FormReader::new(form::form_of(format));
        match stamps.first() {
            Some(first) if !stamps.iter().any(|stamp| form.reads(stamp)) => {
                Err(DataError::CsvFormatReadsNone {
                    path: self.path.to_owned(),
                    format: format.to_owned(),
                    stamp: first.clone(),
                })
            }
            _ => Ok(form.form().clone()),
        }
    }

    /// The one form that is left.
    fn only_form(&self, forms: &Candidates, stamps: &[String]) -> Result<StampForm, DataError> {
        let (path, stamp) = (self.path.to_owned(), stamps.first().cloned().unwrap_or_default());
        match forms.forms() {
            [] => Err(DataError::CsvStampsUnknown { path, stamp }),
            [form] => Ok(form.form().clone()),
            [first, second, ..] => Err(DataError::CsvStampsAmbiguous {
                path,
                stamp,
                first: first.form().to_string(),
                second: second.form().to_string(),
            }),
        }
    }

    /// Whether stamps of `form` can name bars of the interval.
    fn check_stamps(
        &self,
        form: &StampForm,
        options: &CsvOptions,
        stamps: &[String],
    ) -> Result<(), DataError> {
        let path = || self.path.to_owned();
        let form = FormReader::new(form.clone());
        let mut read = stamps.iter().filter_map(|text| form.read(text));
        let needs_zone = |zone: Option<WrittenZone>| match zone {
            None => options.zone.is_none(),
            Some(WrittenZone::Abbreviated(_, None)) => {
                !matches!(options.zone, Some(ImportZone::Named(_)))
                    && options.written_offset == WrittenOffset::Trusted
            }
            Some(_) => false,
        };
        match read.next() {
            Some(Written::Local(local, zone)) if options.interval.clock().is_none() => {
                // Midnight names a day by itself; another time needs its zone to be an instant.
                if !is_midnight(&local) && needs_zone(zone) {
                    let stamp = stamps.first().cloned().unwrap_or_default();
                    return Err(DataError::CsvZoneNeeded { path: path(), stamp });
                }
                Ok(())
            }
            _ if options.interval.clock().is_none() => Ok(()),
            Some(Written::Date(_)) => {
                Err(DataError::CsvDatesOnly { path: path(), interval: options.interval })
            }
            Some(Written::Local(_, zone)) if needs_zone(zone) => {
                let stamp = stamps.first().cloned().unwrap_or_default();
                Err(DataError::CsvZoneNeeded { path: path(), stamp })
            }
            _ => Ok(()),
        }
    }
}

/// Whether some of `stamps` are read in the zone that the user has named.
fn needs_zone(form: &StampForm, options: &CsvOptions, stamps: &[String]) -> bool {
    let is_overridden = options.written_offset == WrittenOffset::Overridden;
    let form = FormReader::new(form.clone());
    stamps.iter().filter_map(|text| form.read(text)).any(|written| match written {
        Written::Local(_, Some(WrittenZone::Abbreviated(_, None))) => true,
        Written::Local(local, zone) => {
            (options.interval.clock().is_some() || !is_midnight(&local))
                && (zone.is_none() || is_overridden)
        }
        Written::Instant(_) => options.interval.clock().is_none(),
        Written::Date(_) => false,
    })
}

fn order(
    form: &StampForm,
    options: &CsvOptions,
    calendar: &Calendar,
    stamps: &[String],
) -> RowOrder {
    let mut reader = StampReader::new(form.clone(), RowOrder::OldestFirst, options, calendar);
    let read: Vec<i64> = stamps.iter().filter_map(|text| reader.stamp_ns(text, 0).ok()).collect(); // `Err`: counted when imported
    let n_back = read.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let n_on = read.windows(2).filter(|pair| pair[1] > pair[0]).count();
    if n_back > n_on { RowOrder::NewestFirst } else { RowOrder::OldestFirst }
}
