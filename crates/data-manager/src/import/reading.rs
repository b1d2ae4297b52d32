//! The first pass over a file: every row read, rejected or kept, and what all rows show of how the file
//! is to be read, which its first ones may not have shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::Ordering;

use openbell_market::{Ohlcv, Symbol};

use super::form::{Candidates, FormReader, StampForm};
use super::layout::{Known, TimeOfDay};
use super::noted::Noted;
use super::options::CsvOptions;
use super::report::{ImportProgress, ImportReason, ReadAs, RejectedRow};
use super::seen::{Met, Seen};
use super::sorted::{Row, Sorted, Sorter};
use super::{
    ImportTarget, Listeners, N_HELD_MAX, PROGRESS_ROWS, RowFault, RowReader, SymbolChoice,
};
use crate::evidence::{Check, Objection};
use crate::{DataError, disk};

/// Stamps that cannot be read and are kept, to look for a form that reads them.
const N_UNREAD_MAX: usize = 100;

/// Symbols that are named in a message.
const N_SYMBOLS_SHOWN: usize = 5;

/// How a first pass ended.
pub(super) enum Ended {
    /// All rows are read.
    Read(Box<Read>),
    /// The rows show that the file is to be read in another way.
    Anew(Known),
}

/// A file that is read.
pub(super) struct Read {
    pub(super) read_as: ReadAs,
    pub(super) n_rows: u64,
    pub(super) rejected: BTreeMap<ImportReason, u64>,
    pub(super) series: Vec<Symbol>,
    pub(super) rows: Sorted,
    pub(super) noted: Noted,
    pub(super) n_conflicts: u64,
}

/// Which rows of a column of symbols are wanted.
enum Wanted {
    /// There is no such column, or it says the same in every row: they are this one's.
    All(Symbol),
    /// Those that say so, and are this one's.
    Only(Vec<u8>, Symbol),
    /// All, each its own series.
    Each,
}

/// A column of text that may hold symbols.
struct Text {
    idx: usize,
    first: Option<Vec<u8>>,
    varies: bool,
}

/// A first pass over a file.
pub(super) struct Reading<'a> {
    reader: RowReader<'a>,
    path: &'a Path,
    options: &'a CsvOptions,
    target: &'a ImportTarget<'a>,
    known: &'a Known,
    wanted: Wanted,
    sorter: Sorter,
    series: Vec<Symbol>,
    by_name: HashMap<Vec<u8>, u32>,
    /// The name in the last row with its series: the next has the same, mostly.
    last_name: Option<(Vec<u8>, u32)>,
    seen: Vec<Seen>,
    texts: Vec<Text>,
    /// Stamps that were not read: the date, and the time where it stands apart.
    unread: Vec<(String, Option<String>)>,
    rejected: BTreeMap<ImportReason, u64>,
    held: Vec<RejectedRow>,
    /// Whether nothing has been said of rejected rows.
    is_held: bool,
    n_rows: u64,
    n_conflicts: u64,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        path: &'a Path,
        options: &'a CsvOptions,
        target: &'a ImportTarget<'a>,
        known: &'a Known,
        scratch: &Path,
        n_rows_max: usize,
    ) -> Result<Reading<'a>, DataError> {
        let reader = RowReader::open(path, options, target.calendar, known)?;
        let wanted = wanted(path, options, target, known, reader.layout.columns.symbol)?;
        let text = |&idx: &usize| Text { idx, first: None, varies: false };
        let texts = match reader.layout.columns.symbol {
            Some(_) => Vec::new(),
            None => reader.layout.columns.texts.iter().map(text).collect(),
        };
        Ok(Reading {
            reader,
            path,
            options,
            target,
            known,
            wanted,
            sorter: Sorter::new(scratch, n_rows_max),
            series: Vec::new(),
            by_name: HashMap::new(),
            last_name: None,
            seen: Vec::new(),
            texts,
            unread: Vec::new(),
            rejected: BTreeMap::new(),
            held: Vec::new(),
            is_held: true,
            n_rows: 0,
            n_conflicts: 0,
        })
    }

    pub(super) fn run(mut self, listeners: &mut Listeners<'_>) -> Result<Ended, DataError> {
        let n_bytes_total = disk::n_bytes(self.path)?;
        while let Some(line) = self.reader.next_row()? {
            self.n_rows += 1;
            self.look_at_texts();
            match self.row(line) {
                Ok(row) => self.sorter.push(row)?,
                Err(fault) => self.reject(fault, line, listeners),
            }
            if let Some(line) = self.reader.second_header {
                return Err(DataError::CsvSecondHeader { path: self.path.to_owned(), line });
            }
            if self.n_rows.is_multiple_of(PROGRESS_ROWS) {
                let n_bytes = self.reader.n_bytes_read.load(Ordering::Relaxed);
                let n_rows = self.n_rows;
                (listeners.progress)(ImportProgress { n_rows, n_bytes, n_bytes_total });
            }
        }
        if let Some(learned) = self.learned()? {
            return Ok(Ended::Anew(learned));
        }
        let n_rows = self.n_rows;
        (listeners.progress)(ImportProgress { n_rows, n_bytes: n_bytes_total, n_bytes_total });
        (listeners.reads)(&self.reader.layout.read_as);
        self.held.iter().for_each(&mut listeners.rejected);
        Ok(Ended::Read(Box::new(Read {
            read_as: self.reader.layout.read_as,
            n_rows,
            rejected: self.rejected,
            series: self.series,
            rows: self.sorter.finish(),
            noted: self.reader.stamps.noted,
            n_conflicts: self.n_conflicts,
        })))
    }

    fn row(&mut self, line: u64) -> Result<Row, RowFault> {
        let series = self.series_of_row()?;
        let (stamp_ns, ohlcv) = self.reader.read_row(line)?;
        self.check_first(series, stamp_ns, &ohlcv)?;
        Ok(Row { series, line, stamp_ns, ohlcv })
    }

    /// Of rows of one stamp the first counts.
    fn check_first(&mut self, series: u32, stamp_ns: i64, ohlcv: &Ohlcv) -> Result<(), RowFault> {
        let reason = match self.seen[series as usize].insert(stamp_ns, ohlcv) {
            Met::New => return Ok(()),
            Met::Equal => ImportReason::Duplicate,
            Met::Other => {
                self.n_conflicts += 1;
                ImportReason::Conflicting
            }
        };
        Err(RowFault::new("ts", self.reader.written(), reason))
    }

    /// The series of the row at hand.
    fn series_of_row(&mut self) -> Result<u32, RowFault> {
        if let (Wanted::All(_), false) = (&self.wanted, self.series.is_empty()) {
            return Ok(0);
        }
        let name: &[u8] = match (&self.wanted, self.reader.layout.columns.symbol) {
            (Wanted::All(_), _) | (_, None) => b"",
            (Wanted::Only(..) | Wanted::Each, Some(idx)) => self.reader.cells.bytes(idx),
        };
        if let Some((last, series)) = &self.last_name
            && last == name
        {
            return Ok(*series);
        }
        let fault = |reason| {
            let shown = String::from_utf8_lossy(name).into_owned();
            RowFault::new("symbol", shown, reason)
        };
        let symbol = match &self.wanted {
            Wanted::All(symbol) => symbol.clone(),
            Wanted::Only(wanted, _) if wanted != name => {
                return Err(fault(ImportReason::OtherSymbol));
            }
            Wanted::Only(_, symbol) => symbol.clone(),
            Wanted::Each if name.is_empty() => return Err(fault(ImportReason::Missing)),
            Wanted::Each => {
                let text = std::str::from_utf8(name).map_err(|_| fault(ImportReason::NotText))?;
                text.parse().map_err(|_| fault(ImportReason::NotASymbol))?
            }
        };
        let series = match self.by_name.get(name) {
            Some(series) => *series,
            None => {
                let series = self.series.len() as u32;
                self.series.push(symbol);
                self.seen.push(Seen::new(self.options.interval));
                self.by_name.insert(name.to_vec(), series);
                series
            }
        };
        self.last_name = Some((name.to_vec(), series));
        Ok(series)
    }

    /// Notes which columns of text have more than one value.
    fn look_at_texts(&mut self) {
        for text in self.texts.iter_mut().filter(|text| !text.varies) {
            let found = self.reader.cells.bytes(text.idx);
            match &text.first {
                Some(first) => text.varies = first != found && !found.is_empty(),
                None if found.is_empty() => {}
                None => text.first = Some(found.to_vec()),
            }
        }
    }

    fn reject(&mut self, fault: RowFault, line: u64, listeners: &mut Listeners<'_>) {
        if fault.reason == ImportReason::NotAStamp && self.unread.len() < N_UNREAD_MAX {
            let columns = &self.reader.layout.columns;
            let cell = |idx| String::from_utf8_lossy(self.reader.cells.bytes(idx)).into_owned();
            self.unread.push((cell(columns.ts), columns.time.map(cell)));
        }
        *self.rejected.entry(fault.reason).or_default() += 1;
        let row = fault.into_row(self.path, line);
        if self.is_held && self.held.len() == N_HELD_MAX {
            self.is_held = false;
            self.held.drain(..).for_each(|row| (listeners.rejected)(&row));
        }
        if self.is_held {
            self.held.push(row);
        } else {
            (listeners.rejected)(&row);
        }
    }

    /// What all rows have shown that the first ones had not.
    fn learned(&self) -> Result<Option<Known>, DataError> {
        if !self.is_held {
            return Ok(None);
        }
        if let Some(found) = self.symbol_column()? {
            return Ok(Some(Known { symbol_column: Some(found), ..self.known.clone() }));
        }
        let is_guessed = self.options.timestamp_format.is_none();
        if is_guessed && self.known.form.is_none() && self.known.n_time_digits.is_none() {
            return self.better_form();
        }
        Ok(None)
    }

    /// The column that names the series of a row, where rows of one stamp contradict each other and
    /// differ in it, or where its heading says so and its rows differ.
    fn symbol_column(&self) -> Result<Option<usize>, DataError> {
        let varying: Vec<usize> =
            self.texts.iter().filter(|text| text.varies).map(|text| text.idx).collect();
        let perhaps = |idx: &&usize| self.reader.layout.perhaps_symbols.contains(idx);
        match (varying.iter().find(perhaps), varying.as_slice()) {
            (Some(&idx), _) => Ok(Some(idx)),
            (None, &[idx]) if self.n_conflicts > 0 => Ok(Some(idx)),
            (None, several @ [_, _, ..]) if self.n_conflicts > 0 => {
                let header = self.reader.layout.read_as.header.as_deref().unwrap_or_default();
                let name = |&idx: &usize| match header.get(idx) {
                    Some(name) => format!("{name:?}"),
                    None => format!("number {}", idx + 1),
                };
                let columns = several.iter().map(name).collect();
                Err(DataError::CsvSymbolColumnNeeded { path: self.path.to_owned(), columns })
            }
            _ => Ok(None),
        }
    }

    /// Another form of stamps, where it reads rows that this one does not, and all that this one does.
    fn better_form(&self) -> Result<Option<Known>, DataError> {
        if self.unread.is_empty() {
            return Ok(None);
        }
        let joined = |time_of_day: TimeOfDay| -> Vec<String> {
            let joined =
                |(date, time): &(String, Option<String>)| time_of_day.joined(date, time.as_deref());
            self.unread.iter().map(joined).collect()
        };
        let current = self.reader.layout.time_of_day;
        for time_of_day in [current, TimeOfDay::SECONDS] {
            let forms = Candidates::reading_all(&joined(time_of_day));
            if forms.is_empty()
                || self.reader.layout.columns.time.is_none() && time_of_day != current
            {
                continue;
            }
            if let Some(form) = self.only_that_reads_all(forms, time_of_day)? {
                let n_time_digits = Some(time_of_day.n_digits());
                return Ok(Some(Known { form: Some(form), n_time_digits, ..self.known.clone() }));
            }
        }
        Ok(None)
    }

    /// The one of `forms` that reads every row that has a stamp; an error where several do and mean
    /// different instants.
    fn only_that_reads_all(
        &self,
        mut forms: Vec<FormReader>,
        time_of_day: TimeOfDay,
    ) -> Result<Option<StampForm>, DataError> {
        self.each_stamp(time_of_day, |written, is_read| {
            if is_read || forms.iter().any(|form| form.reads(written)) {
                forms.retain(|form| form.reads(written));
            }
        })?;
        let Some(first) = forms.first().cloned() else { return Ok(None) };
        // Forms that read the same of every row are one.
        let mut other = None;
        self.each_stamp(time_of_day, |written, _| {
            let differs = |form: &&FormReader| form.read(written) != first.read(written);
            if let (None, Some(form)) = (&other, forms[1..].iter().find(differs)) {
                other = Some((form.form().to_string(), written.to_owned()));
            }
        })?;
        match other {
            None => Ok(Some(first.form().clone())),
            Some((second, stamp)) => Err(DataError::CsvStampsAmbiguous {
                path: self.path.to_owned(),
                stamp,
                first: first.form().to_string(),
                second,
            }),
        }
    }

    /// Goes through the file once more: the stamp of each row as it is written, and whether the form in
    /// use reads it.
    fn each_stamp(
        &self,
        time_of_day: TimeOfDay,
        mut each: impl FnMut(&str, bool),
    ) -> Result<(), DataError> {
        let now = FormReader::new(self.reader.layout.read_as.timestamp_form.clone());
        let mut again = RowReader::open(self.path, self.options, self.target.calendar, self.known)?;
        let current = again.layout.time_of_day;
        while again.next_row()?.is_some() {
            let written = again.layout.columns.stamp(&again.cells, time_of_day);
            let in_use = again.layout.columns.stamp(&again.cells, current);
            each(&written, now.reads(&in_use));
        }
        Ok(())
    }
}

/// The letters and digits of a name, in capitals.
fn letters(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_uppercase)
}

/// Which rows of a file are wanted. Where one symbol is, the column is looked through until it is found.
fn wanted(
    path: &Path,
    options: &CsvOptions,
    target: &ImportTarget<'_>,
    known: &Known,
    column: Option<usize>,
) -> Result<Wanted, DataError> {
    let (symbol, idx) = match (target.symbols, column) {
        (SymbolChoice::InFile(_), Some(_)) => return Ok(Wanted::Each),
        (SymbolChoice::InFile(None), None) => {
            return Err(DataError::CsvSymbolNeeded { path: path.to_owned() });
        }
        (SymbolChoice::InFile(Some(symbol)) | SymbolChoice::Only(symbol), None) => {
            return Ok(Wanted::All(symbol.clone()));
        }
        (SymbolChoice::Only(symbol), Some(idx)) => (symbol, idx),
    };
    let mut reader = RowReader::open(path, options, target.calendar, known)?;
    let mut found: BTreeSet<Vec<u8>> = BTreeSet::new();
    while reader.next_row()?.is_some() {
        let name = reader.cells.bytes(idx);
        if name.eq_ignore_ascii_case(symbol.as_str().as_bytes()) {
            return Ok(Wanted::Only(name.to_vec(), symbol.clone()));
        }
        if !name.is_empty() && found.len() < N_SYMBOLS_SHOWN && !found.contains(name) {
            found.insert(name.to_vec());
        }
    }
    let said = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let is_waived = target.provenance.waived.contains(&Check::Symbol);
    match found.first().filter(|_| found.len() == 1) {
        None if found.is_empty() => return Ok(Wanted::All(symbol.clone())),
        // BTC/USDT and BTCUSDT, BRK.B and BRK-B are two spellings of one.
        Some(other) if is_waived || letters(other).eq(letters(symbol.as_str().as_bytes())) => {
            return Ok(Wanted::All(symbol.clone()));
        }
        Some(other) => {
            let objection = Objection::Symbol { asked: symbol.clone(), found: said(other) };
            return Err(DataError::Refused { path: path.to_owned(), objection });
        }
        None => {}
    }
    let found = found.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    Err(DataError::CsvNoSuchSymbol { path: path.to_owned(), asked: symbol.clone(), found })
}
