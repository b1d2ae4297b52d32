//! Rows out of the column chunks of one Parquet file, some at a time. It does no I/O of its own:
//! bytes come from the file's source.
//!
//! Stamps are decoded ahead of values: the caller looks at stamps, decides how many rows it wants,
//! and only then are their values decoded, straight into the caller's columns. A row group of the store's
//! own make is decoded whole where the caller asks for it, and its rows can then be had as slices.

use std::ops::Range;
use std::sync::Arc;

use openbell_market::{BarColumns, BarSlice};
use openbell_time::Timestamp;

use crate::DataError;
use crate::codec::bar_file::BarFile;
use crate::codec::block::{self, pool::Pool};
use crate::codec::guard;
use crate::codec::row_group::GroupReader;

/// Rows whose stamps are decoded in one go.
const BATCH_ROWS: usize = 2_048;

/// What the stamps of a file must be besides ascending.
#[derive(Clone, Debug)]
pub(crate) struct StampBounds {
    /// The last stamp that came before.
    pub(crate) after: Option<i64>,
    /// The stamps that the file's name allows.
    pub(crate) period: Range<i64>,
}

impl StampBounds {
    /// Any ascending stamps.
    pub(crate) const ASCENDING: StampBounds =
        StampBounds { after: None, period: i64::MIN..i64::MAX };

    /// Whether `stamps` are ascending and in bounds, all of them; none are.
    fn hold(&self, stamps: &[i64]) -> bool {
        stamps.first().zip(stamps.last()).is_some_and(|(first, last)| {
            self.after.is_none_or(|after| after <= *first)
                && self.period.contains(first)
                && self.period.contains(last)
                && stamps.is_sorted()
        })
    }
}

/// How far the rows of a file can be taken without reading on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DecodedUntil {
    /// To the stamp of the last row that is decoded.
    Stamp(i64),
    /// To the first of the next row group.
    Group(i64),
    /// No row of the file is left to be read.
    EndOfFile,
}

/// Reads the rows of one file in order.
#[derive(Debug)]
pub(crate) struct Decoder {
    file: Arc<BarFile>,
    /// `None` hands out stamps as they stand.
    bounds: Option<StampBounds>,
    last_ns: Option<i64>,
    /// What comes after the stamps that are decoded.
    fault: Option<DataError>,
    next_group: usize,
    /// `None` between row groups, and while a block is open.
    group: Option<GroupReader>,
    /// A row group that is decoded whole.
    block: Option<Arc<BarColumns>>,
    /// Whether a row group has been met that is none of the store's make, or damaged.
    is_other_make: bool,
    /// What is decoded where no block is open.
    stamps: Vec<i64>,
    n_taken: usize,
    /// The row of the file whose stamp is the next of those that are decoded.
    row: u64,
    batch_rows: usize,
}

impl Decoder {
    /// A decoder that stands at the first row of `file`.
    pub(crate) fn new(file: Arc<BarFile>, bounds: StampBounds) -> Decoder {
        Decoder { last_ns: bounds.after, bounds: Some(bounds), ..Decoder::unchecked(file) }
    }

    /// A decoder that hands out all rows in whatever order they stand.
    pub(crate) fn unchecked(file: Arc<BarFile>) -> Decoder {
        Decoder {
            file,
            last_ns: None,
            bounds: None,
            fault: None,
            next_group: 0,
            group: None,
            block: None,
            is_other_make: false,
            stamps: Vec::new(),
            n_taken: 0,
            row: 0,
            batch_rows: BATCH_ROWS,
        }
    }

    /// A decoder that stands at row `row`, and decodes one row at a time: it fails exactly at the
    /// row that cannot be read, not at the batch that holds it.
    pub(crate) fn careful(
        file: Arc<BarFile>,
        bounds: StampBounds,
        row: u64,
    ) -> Result<Decoder, DataError> {
        let mut decoder = Decoder::new(file, bounds);
        decoder.batch_rows = 1;
        while decoder.next_group < decoder.file.footer.num_row_groups() {
            let n_rows = decoder.file.group_rows(decoder.next_group);
            if decoder.row + n_rows > row {
                let n_skipped = (row - decoder.row) as usize;
                let mut group = GroupReader::open(&decoder.file, decoder.next_group)?;
                let skipped = group.skip(n_skipped);
                skipped.map_err(|e| guard::data_error(&decoder.file.path, Some(row), e))?;
                decoder.group = Some(group);
                decoder.next_group += 1;
                decoder.row = row;
                break;
            }
            decoder.row += n_rows;
            decoder.next_group += 1;
        }
        Ok(decoder)
    }

    /// Whether it decodes one row at a time.
    pub(crate) fn is_careful(&self) -> bool {
        self.batch_rows == 1
    }

    pub(crate) fn file(&self) -> &Arc<BarFile> {
        &self.file
    }

    /// Leaves out the row groups that end before `since_ns`, as far as their statistics say, and
    /// as long as nothing has been decoded.
    pub(crate) fn skip_groups_before(&mut self, since_ns: i64) {
        while self.group.is_none() && self.next_group < self.file.footer.num_row_groups() {
            match self.file.group_span(self.next_group) {
                Some((_, last)) if last.as_nanos() < since_ns => {
                    self.row += self.file.group_rows(self.next_group);
                    self.next_group += 1;
                }
                _ => break,
            }
        }
    }

    /// The stamps of the next rows as they are written, in nanoseconds; empty at the end of the
    /// file only.
    pub(crate) fn stamps(&mut self) -> Result<&[i64], DataError> {
        if self.n_taken == self.decoded().len() {
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            self.block = None;
            self.stamps.clear();
            self.n_taken = 0;
            self.decode_stamps()?;
            self.check_stamps()?;
        }
        Ok(&self.decoded()[self.n_taken..])
    }

    /// The stamps that are decoded, those of rows that are taken among them.
    fn decoded(&self) -> &[i64] {
        self.block.as_ref().map_or(&self.stamps, |block| &block.opens_at_ns)
    }

    /// Decodes the next row group whole into columns of `pool`, where the next row is its first, it is of
    /// the store's make, and nothing of it is wrong; otherwise nothing happens.
    pub(crate) fn open_block(&mut self, pool: &mut Pool) {
        let is_next = self.fault.is_none()
            && self.is_between_groups()
            && self.next_group < self.file.footer.num_row_groups();
        if !is_next || self.is_other_make || self.is_careful() {
            return;
        }
        let (Some(bounds), Some(n_rows)) =
            (&mut self.bounds, block::n_rows(&self.file, self.next_group))
        else {
            self.is_other_make = true;
            return;
        };
        let mut columns = pool.columns(n_rows);
        let decoded = Arc::get_mut(&mut columns)
            .and_then(|columns| block::decode(&self.file, self.next_group, columns))
            .filter(|()| bounds.hold(&columns.opens_at_ns));
        if decoded.is_none() {
            self.is_other_make = true;
            pool.give_back(columns);
            return;
        }
        bounds.after = columns.opens_at_ns.last().copied();
        pool.keep(&columns);
        (self.group, self.n_taken, self.block) = (None, 0, Some(columns));
        self.next_group += 1;
    }

    /// Decodes the next stamps; there are none at the end of the file only.
    fn decode_stamps(&mut self) -> Result<(), DataError> {
        while self.stamps.is_empty() {
            if self.is_between_groups() {
                if self.next_group == self.file.footer.num_row_groups() {
                    return Ok(());
                }
                self.group = Some(GroupReader::open(&self.file, self.next_group)?);
                self.next_group += 1;
            }
            if let Some(group) = &mut self.group {
                let stamps = &mut self.stamps;
                let decoded = group.decode_stamps(self.batch_rows, self.row, &self.file, stamps);
                decoded.inspect_err(|_| stamps.clear())?;
            }
        }
        Ok(())
    }

    /// The row group of which rows are being decoded.
    pub(crate) fn open_group(&self) -> Option<usize> {
        self.group.as_ref().and(self.next_group.checked_sub(1))
    }

    /// How far its rows can be taken without reading on: every row stamped before that is in memory.
    pub(crate) fn decoded_until(&self) -> Option<DecodedUntil> {
        let last = || self.decoded().last().map(|&ns| DecodedUntil::Stamp(ns));
        let is_group_decoded = self.group.as_ref().is_none_or(|group| group.n_rows_left() == 0);
        if !is_group_decoded || self.fault.is_some() {
            return last();
        }
        if self.next_group == self.file.footer.num_row_groups() {
            return Some(DecodedUntil::EndOfFile);
        }
        self.first_of_next_group().map(DecodedUntil::Group).or_else(last)
    }

    /// Where the next row is the first of a row group that is not open, its stamp as it is written,
    /// by the group's statistics: opening it can wait until then.
    pub(crate) fn next_group_ns(&self) -> Option<i64> {
        let is_next = self.fault.is_none() && self.is_between_groups();
        if is_next { self.first_of_next_group() } else { None }
    }

    /// The first stamp of the next row group as it is written, where there is one and its statistics
    /// say.
    fn first_of_next_group(&self) -> Option<i64> {
        let is_there = self.next_group < self.file.footer.num_row_groups();
        let span = if is_there { self.file.group_span(self.next_group) } else { None };
        span.map(|(first, _)| first.as_nanos())
    }

    /// Whether the next row, where there is one, takes the opening of another row group.
    fn is_between_groups(&self) -> bool {
        self.n_taken == self.decoded().len()
            && self.group.as_ref().is_none_or(|group| group.n_rows_left() == 0)
    }

    /// Cuts the decoded stamps at the first that is out of order or out of bounds, and keeps the
    /// error for when the caller has come there.
    fn check_stamps(&mut self) -> Result<(), DataError> {
        let Some(bounds) = &mut self.bounds else { return Ok(()) };
        let mut after = bounds.after.unwrap_or(i64::MIN);
        let stamps = &mut self.stamps;
        if bounds.hold(stamps) {
            bounds.after = stamps.last().copied();
            return Ok(());
        }
        for (row_in_batch, &stamp) in stamps.iter().enumerate() {
            if stamp < after || !bounds.period.contains(&stamp) {
                let path = self.file.path.clone();
                let row = self.row + row_in_batch as u64;
                let is_descent = stamp < after;
                let (stamp, after) = (Timestamp::from_nanos(stamp), Timestamp::from_nanos(after));
                let fault = if is_descent {
                    DataError::Unsorted { path, row, stamp, after }
                } else {
                    DataError::OutsidePeriod { path, row, stamp }
                };
                stamps.truncate(row_in_batch);
                if row_in_batch == 0 {
                    return Err(fault);
                }
                self.fault = Some(fault);
                break;
            }
            after = stamp;
        }
        bounds.after = Some(after);
        Ok(())
    }

    /// The row of the file to which the first of [`Decoder::stamps`] belongs.
    pub(crate) fn row(&self) -> u64 {
        self.row
    }

    /// Leaves out the next `n_rows`, which must be among [`Decoder::stamps`].
    pub(crate) fn skip(&mut self, n_rows: usize) {
        if let Some(group) = &mut self.group {
            group.skip_values(n_rows);
        }
        self.advance(n_rows);
    }

    /// The next `n_rows`, which must be among [`Decoder::stamps`], where they lie in a row group that was
    /// decoded whole.
    pub(crate) fn take_slice(&mut self, n_rows: usize) -> Option<BarSlice> {
        let block = self.block.clone()?;
        let rows = self.n_taken..self.n_taken + n_rows;
        self.advance(n_rows);
        self.leave_what_is_taken();
        Some(BarSlice::new(block, rows))
    }

    /// Appends the values of the next `n_rows`, which must be among [`Decoder::stamps`], to the
    /// five value columns of `out`; its stamps are the caller's to append. Where it fails, `out`
    /// is as it was, and the decoder is of no further use.
    pub(crate) fn take(&mut self, n_rows: usize, out: &mut BarColumns) -> Result<(), DataError> {
        let n_before = out.open.len();
        if let Some(block) = &self.block {
            let rows = self.n_taken..self.n_taken + n_rows;
            let of_block = [&block.open, &block.high, &block.low, &block.close, &block.volume];
            for (column, values) in values_of(out).into_iter().zip(of_block) {
                column.extend_from_slice(&values[rows.clone()]);
            }
        }
        if let Some(group) = &mut self.group {
            let decoded = group.decode_values(n_rows, self.row, &self.file, &mut values_of(out));
            if decoded.is_err() {
                values_of(out).into_iter().for_each(|column| column.truncate(n_before));
                return decoded;
            }
        }
        self.advance(n_rows);
        self.leave_what_is_taken();
        Ok(())
    }

    /// Lets go of what is decoded where all of it is taken: thousands of series keep none.
    fn leave_what_is_taken(&mut self) {
        if self.n_taken == self.decoded().len() {
            (self.stamps, self.block, self.n_taken) = (Vec::new(), None, 0);
        }
        if self.is_between_groups() {
            self.group = None; // Its pages are of no further use.
        }
    }

    /// The stamp of the next row as it is written, where it is decoded.
    pub(crate) fn next_stamp(&self) -> Option<i64> {
        self.decoded().get(self.n_taken).copied()
    }

    /// The stamp of the last row that was taken or skipped, or that came before the file.
    pub(crate) fn last_ns(&self) -> Option<i64> {
        self.last_ns
    }

    fn advance(&mut self, n_rows: usize) {
        if n_rows > 0 {
            self.last_ns = Some(self.decoded()[self.n_taken + n_rows - 1]);
        }
        self.n_taken += n_rows;
        self.row += n_rows as u64;
    }
}

fn values_of(columns: &mut BarColumns) -> [&mut Vec<f64>; 5] {
    let BarColumns { opens_at_ns: _, open, high, low, close, volume } = columns;
    [open, high, low, close, volume]
}
