//! Reading one series again and again: found once, then a load of the word and a look at the row.

use openbell_market::{Bar, BarInterval, Symbol};
use thiserror::Error;

use crate::inactive::Inactive;
use crate::reader::OutsideReader;
use crate::roster::SeriesFacts;
use crate::series::SeriesView;
use crate::view::{Unavailable, View};
use crate::word::Word;

/// Why a series cannot be read now.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The gate is shut.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// The gate is open, and this symbol or series cannot be read.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Reads one series of one symbol as outsiders may: every read passes the gate.
///
/// It names the symbol, not one joining of it: after the symbol was removed and added again it
/// reads the new generation, and in the next session that session's bars.
///
/// *Cost*: where nothing was published since the last read, one load of the board's word and a
/// comparison; after a publication also its slot and the next row. After members have changed the
/// series is looked up by name. No lock, no allocation. It keeps the memory of the day it has read
/// until its next read.
///
/// ```
/// use openbell_market::{BarInterval, Symbol};
/// use openbell_session_data::{BoardWriter, ReadError};
///
/// let board = BoardWriter::new();
/// let symbol: Symbol = "AAPL".parse()?;
/// let mut minutes = board.outside_reader().series_reader(&symbol, "1m".parse()?);
/// // The gate is shut, so there is no bar to be had; once it is open, `Ok(None)` says that there is
/// // none yet.
/// assert!(matches!(minutes.latest(), Err(ReadError::Inactive(_))));
/// # Ok::<(), openbell_market::MarketError>(())
/// ```
pub struct SeriesReader {
    reader: OutsideReader,
    symbol: Symbol,
    interval: BarInterval,
    found: Option<Found>,
    /// The word of the publication that `latest` is of.
    word: u64,
    n_rows: usize,
    latest: Option<Bar>,
}

/// A series, as it stands in one frame.
struct Found {
    frame_version: u64,
    facts: SeriesFacts,
    keeps_quality: bool,
}

impl Found {
    fn of(view: &View<'_>, symbol: &Symbol, interval: BarInterval) -> Result<Found, Unavailable> {
        let facts = view.symbol(symbol.as_str())?.facts(interval)?.clone();
        let keeps_quality = view.session().is_some_and(|session| session.keeps_quality);
        Ok(Found { frame_version: view.frame_version(), facts, keeps_quality })
    }
}

impl SeriesReader {
    pub(crate) fn new(reader: OutsideReader, symbol: Symbol, interval: BarInterval) -> Self {
        let (found, latest) = (None, None);
        SeriesReader { reader, symbol, interval, found, word: Word::NEVER, n_rows: 0, latest }
    }

    /// The last bar of the session, or `None` where there is none yet.
    ///
    /// *Time*: of the publication that is current at one instant within this call, at which the
    /// session was active.
    ///
    /// # Errors
    ///
    /// [`ReadError::Inactive`] while the gate is shut; [`ReadError::Unavailable`] where the symbol
    /// is no member, is withheld, or has no such series.
    #[inline]
    pub fn latest(&mut self) -> Result<Option<&Bar>, ReadError> {
        if !self.reader.is_still(self.word) {
            self.find_latest()?;
        }
        Ok(self.latest.as_ref())
    }

    /// The series as of the current publication: its columns, its last bars, its trailing sessions.
    ///
    /// *Time*: as for [`SeriesReader::latest`].
    #[inline]
    ///
    /// # Errors
    ///
    /// The session is inactive, or the series is not there (any more).
    pub fn series(&mut self) -> Result<SeriesView<'_>, ReadError> {
        let seen = match self.reader.look() {
            Ok(seen) => seen,
            Err(inactive) => {
                self.found = None; // It does not keep the memory of a day that is over.
                return Err(inactive.into());
            }
        };
        let frame_version = seen.roster().version();
        if self.found.as_ref().is_some_and(|found| found.frame_version != frame_version) {
            self.found = None;
        }
        let found = match &mut self.found {
            Some(found) => found,
            none => none.insert(Found::of(&seen.view(), &self.symbol, self.interval)?),
        };
        Ok(SeriesView::new(&found.facts, seen.publication().instant, found.keeps_quality))
    }

    fn find_latest(&mut self) -> Result<(), ReadError> {
        self.word = Word::NEVER;
        let n_before = self.n_rows;
        let rows = self.series()?.today_after(n_before);
        let n_rows = rows.len();
        self.latest = n_rows.checked_sub(1).and_then(|row| rows.bar(row));
        self.n_rows = n_rows;
        self.word = self.reader.seen_word();
        Ok(())
    }
}
