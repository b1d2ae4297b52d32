//! The tables of a recording, each read in the order in which it was written, some rows ahead.
//!
//! Not here: what a look is made of (`reader.rs`).

use std::collections::VecDeque;

use rusqlite::{Connection, Row, params};

use super::link::MarkColumns;
use super::raw::{RawHistory, RawRow, row_kind};

/// So many rows of a table are read at once.
const N_AT_ONCE: i64 = 4096;

/// A row of `look`.
pub(super) struct RawLook {
    pub(super) number: i64,
    pub(super) kind: String,
    pub(super) step: i64,
    pub(super) wall: i64,
    pub(super) waited: (Option<i64>, Option<i64>),
    pub(super) session: String,
    pub(super) digest: String,
    pub(super) n_events: i64,
    pub(super) print: i64,
}

pub(super) const LOOKS: &str = "SELECT number, number, kind, step, wall, waited_first, waited_last, session, \
                     digest, n_events, print FROM look WHERE number > ?1 ORDER BY number LIMIT ?2";
pub(super) const ROWS: &str = "SELECT rowid, look, series, kind, opens_at, open, high, low, close, volume \
                    FROM row WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
pub(super) const MARKS: &str = "SELECT rowid, look, series, complete_through, link, at, more FROM mark \
                     WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
pub(super) const COMMANDS: &str =
    "SELECT rowid, look, command FROM command WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
pub(super) const HISTORY: &str = "SELECT rowid, look, symbol, interval, since, until, n_rows, print \
                       FROM history WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
pub(super) const OFFERS: &str = "SELECT rowid, look, symbol, intervals FROM offer WHERE rowid > ?1 \
                      ORDER BY rowid LIMIT ?2";
pub(super) const LOADING: &str = "SELECT rowid, look, symbol, said, why FROM loading WHERE rowid > ?1 \
                       ORDER BY rowid LIMIT ?2";

pub(super) fn raw_look(row: &Row<'_>) -> rusqlite::Result<RawLook> {
    Ok(RawLook {
        number: row.get(1)?,
        kind: row.get(2)?,
        step: row.get(3)?,
        wall: row.get(4)?,
        waited: (row.get(5)?, row.get(6)?),
        session: row.get(7)?,
        digest: row.get(8)?,
        n_events: row.get(9)?,
        print: row.get(10)?,
    })
}

pub(super) fn raw_row(row: &Row<'_>) -> rusqlite::Result<(RawRow, bool)> {
    let kind: String = row.get(3)?;
    let is_revision = kind == row_kind(true);
    let is_known = is_revision || kind == row_kind(false);
    let values = [row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?, row.get(9)?];
    let raw = RawRow { series: row.get(2)?, is_revision, opens_at: row.get(4)?, values };
    Ok((raw, is_known))
}

pub(super) fn raw_mark(row: &Row<'_>) -> rusqlite::Result<(i64, MarkColumns)> {
    let complete_through = row.get(3)?;
    let (link, at, more) = (row.get(4)?, row.get(5)?, row.get(6)?);
    Ok((row.get(2)?, MarkColumns { complete_through, link, at, more }))
}

pub(super) fn raw_history(row: &Row<'_>) -> rusqlite::Result<RawHistory> {
    Ok(RawHistory {
        symbol: row.get(2)?,
        interval: row.get(3)?,
        since: row.get(4)?,
        until: row.get(5)?,
        n_rows: row.get(6)?,
        print: row.get(7)?,
    })
}

pub(super) fn raw_offer(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get(2)?, row.get(3)?))
}

/// The rows of a table that are read ahead, each beside its look.
pub(super) struct Ahead<T> {
    select: &'static str,
    last: i64,
    rows: VecDeque<(i64, T)>,
    /// What ends the reading behind them.
    failed: Option<rusqlite::Error>,
    is_whole: bool,
}

impl<T> Ahead<T> {
    pub(super) fn new(select: &'static str) -> Ahead<T> {
        Ahead { select, last: 0, rows: VecDeque::new(), failed: None, is_whole: false }
    }

    /// The next row, where it belongs to a look up to `look`.
    pub(super) fn next(
        &mut self,
        connection: &Connection,
        look: i64,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<(i64, T)>> {
        if self.rows.is_empty() && !self.is_whole {
            // The rows before a damaged page are whole: the error is that of the row behind them.
            match self.failed.take().map_or_else(|| self.fill(connection, read), Err) {
                Err(error) if self.rows.is_empty() => return Err(error),
                read => self.failed = read.err(),
            }
        }
        Ok(self.rows.pop_front_if(|(of, _)| *of <= look))
    }

    fn fill(
        &mut self,
        connection: &Connection,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(self.select)?;
        let mut rows = statement.query(params![self.last, N_AT_ONCE])?;
        while let Some(row) = rows.next()? {
            self.last = row.get(0)?;
            self.rows.push_back((row.get(1)?, read(row)?));
        }
        self.is_whole = (self.rows.len() as i64) < N_AT_ONCE;
        Ok(())
    }
}
