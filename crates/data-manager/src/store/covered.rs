//! How much of some stretches of time a series has rows for, by its stamps alone.
//!
//! Not here: which bars of which sessions are missing ([`crate::DataManager::coverage`]).

use std::ops::Range;
use std::sync::Arc;

use openbell_market::SeriesKey;
use openbell_time::{Calendar, Nanos, Timestamp};

use crate::DataError;
use crate::codec::bar_file::BarFile;
use crate::codec::decode::Decoder;
use crate::store::DataManager;

impl DataManager {
    /// In how many pieces of the length `piece` of the `ranges` a series of clock bars has rows.
    ///
    /// *Shape*: `ranges` are in time order, and do not overlap. *Cost*: decodes the stamps of the files
    /// that may hold such rows, and no value.
    ///
    /// # Errors
    ///
    /// Those of [`DataManager::feed`], and of files that cannot be read.
    pub fn n_covered(
        &self,
        key: &SeriesKey,
        calendar: &Calendar,
        ranges: &[Range<Timestamp>],
        piece: Nanos,
    ) -> Result<u64, DataError> {
        let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return Ok(0) };
        let (since_ns, until_ns) = (first.start.as_nanos(), last.end.as_nanos());
        let files = self.files_in_order(key, calendar)?;
        let mut pieces = Pieces { ranges, piece_ns: piece.as_nanos(), last: None, n: 0 };
        for file in files.iter() {
            if file.last_ns < since_ns || file.first_ns >= until_ns {
                continue;
            }
            let mut decoder = Decoder::unchecked(Arc::new(BarFile::open(&file.path)?));
            decoder.skip_groups_before(since_ns);
            loop {
                let stamps = decoder.stamps()?;
                let n_stamps = stamps.len();
                if n_stamps == 0 || stamps[0] >= until_ns {
                    break;
                }
                pieces.add(stamps);
                decoder.skip(n_stamps);
            }
        }
        Ok(pieces.n)
    }
}

/// The pieces of ranges that hold rows, counted as ascending stamps come.
struct Pieces<'a> {
    /// Those that have not ended before the last stamp.
    ranges: &'a [Range<Timestamp>],
    piece_ns: i64,
    /// Where the last piece that holds a row begins.
    last: Option<i64>,
    n: u64,
}

impl Pieces<'_> {
    fn add(&mut self, stamps_ns: &[i64]) {
        for &stamp_ns in stamps_ns {
            while let [range, rest @ ..] = self.ranges
                && range.end.as_nanos() <= stamp_ns
            {
                self.ranges = rest;
            }
            let Some(range) = self.ranges.first() else { return };
            let in_range_ns = stamp_ns.saturating_sub(range.start.as_nanos());
            if in_range_ns >= 0 {
                let begins_ns = stamp_ns - in_range_ns % self.piece_ns;
                self.n += u64::from(self.last.replace(begins_ns) != Some(begins_ns));
            }
        }
    }
}
