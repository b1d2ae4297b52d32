//! Reads a recording: what was run, and its looks in order, each held against its print.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openbell_coordinator::{Digest, Loaded, Loading, LoadingState, Occasion, Waited};
use openbell_market::{BarColumns, BarInterval, Ohlcv, SeriesKey, Symbol};
use openbell_time::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::CommandForm;
use super::folder::INPUTS;
use super::head::Head;
use super::link::MarkColumns;
use super::raw::{Print, RawHistory, RawRow, kind_name};
use super::schema::{self, database};
use super::series::{Key, named, series_of};
use super::tables::{
    Ahead, COMMANDS, HISTORY, LOADING, LOOKS, MARKS, OFFERS, ROWS, RawLook, raw_history, raw_look,
    raw_mark, raw_offer, raw_row,
};
use crate::error::RecorderError;
use crate::history::HistoryRead;
use crate::look::{RecordedHeard, RecordedLook};

/// A process that has recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessRow {
    /// The number of its first look.
    pub first_look: u64,
    /// When it began, by the wall clock of its first look.
    pub began: Timestamp,
    /// When it ended in order; absent where it was killed, or goes on.
    pub ended: Option<Timestamp>,
    /// Why it ended.
    pub why: Option<String>,
    /// The digest of its run at its end.
    pub digest: Option<String>,
    /// The program and its version.
    pub program: String,
}

impl ProcessRow {
    /// Whether its end is that of the run: it was *closed*, its last session being over, or *stopped* by
    /// a command. One that was interrupted, has failed or was killed is gone on with.
    pub fn ends_run(&self) -> bool {
        matches!(self.why.as_deref(), Some("closed" | "stopped"))
    }
}

/// What a recording holds, in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Steps.
    pub n_looks: u64,
    /// Rows, revisions among them.
    pub n_rows: u64,
    /// Of these, revisions.
    pub n_revisions: u64,
    /// Commands.
    pub n_commands: u64,
    /// Series.
    pub n_series: u64,
    /// The wall clock of the first and the last step.
    pub during: Option<(Timestamp, Timestamp)>,
    /// The digest of the run before the last step.
    pub digest: Option<String>,
}

/// A recording that is open for reading; one that is being written may be.
pub struct RecordingReader {
    path: PathBuf,
    head: Head,
    connection: Connection,
}

impl RecordingReader {
    /// Opens the recording in `folder`, and looks through it for damage.
    ///
    /// # Errors
    ///
    /// None there, another form, a damaged or foreign file.
    pub fn open(folder: &Path) -> Result<RecordingReader, RecorderError> {
        RecordingReader::open_by(folder, schema::open)
    }

    /// As [`RecordingReader::open`], without a search for damage: it is met where it is read.
    pub(crate) fn open_damaged(folder: &Path) -> Result<RecordingReader, RecorderError> {
        RecordingReader::open_by(folder, schema::open_damaged)
    }

    fn open_by(
        folder: &Path,
        open: fn(&Path, OpenFlags) -> Result<Connection, RecorderError>,
    ) -> Result<RecordingReader, RecorderError> {
        let Some(head) = Head::read(folder)? else {
            return Err(RecorderError::NotThere { folder: folder.to_owned() });
        };
        let path = folder.join(INPUTS);
        if !crate::disk::is_file(&path) {
            return Err(RecorderError::NotThere { folder: folder.to_owned() });
        }
        let connection = open(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(RecordingReader { path, head, connection })
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What was run.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The processes that have recorded, in order.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn processes(&self) -> Result<Vec<ProcessRow>, RecorderError> {
        let select =
            "SELECT first_look, began, ended, why, digest, program FROM process ORDER BY id";
        let read = || {
            let mut statement = self.connection.prepare(select)?;
            let rows = statement.query_map([], |row| {
                Ok(ProcessRow {
                    first_look: row.get::<_, i64>(0)? as u64,
                    began: Timestamp::from_nanos(row.get(1)?),
                    ended: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_nanos),
                    why: row.get(3)?,
                    digest: row.get(4)?,
                    program: row.get(5)?,
                })
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|source| database(&self.path, source))
    }

    /// How many steps it holds.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn n_looks(&self) -> Result<u64, RecorderError> {
        let n = self.connection.query_row("SELECT count(*) FROM look", [], |row| row.get(0));
        n.map(|n: i64| n as u64).map_err(|source| database(&self.path, source))
    }

    /// The series of which something is recorded, in the order in which they came.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn series(&self) -> Result<Vec<SeriesKey>, RecorderError> {
        let read = series_of(&self.connection).map_err(|source| database(&self.path, source))?;
        let named = named(&self.path, read)?.into_values();
        Ok(named.map(|(symbol, interval)| SeriesKey { symbol, interval }).collect())
    }

    /// What was read of the history, in order.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn history(&self) -> Result<Vec<HistoryRead>, RecorderError> {
        let read = self.all(HISTORY, raw_history)?.into_iter().map(|raw| {
            let wrong = || format!("history of {} {}", raw.symbol, raw.interval);
            raw.read().ok_or_else(|| RecorderError::damaged(&self.path, wrong()))
        });
        read.collect()
    }

    /// The intervals that the source of the run offered of each symbol, those that it offered last.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn offers(&self) -> Result<BTreeMap<Symbol, Vec<BarInterval>>, RecorderError> {
        let offers = self.all(OFFERS, raw_offer)?.into_iter().map(|(symbol, intervals)| {
            let read = intervals.split_whitespace().map(str::parse).collect::<Result<_, _>>();
            let offer = symbol.parse().ok().zip(read.ok());
            let wrong = || format!("the offer of {symbol}: {intervals}");
            offer.ok_or_else(|| RecorderError::damaged(&self.path, wrong()))
        });
        offers.collect()
    }

    /// All rows of a table, in order.
    fn all<T>(
        &self,
        select: &str,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, RecorderError> {
        let rows = || {
            let mut statement = self.connection.prepare(select)?;
            let rows = statement.query_map(params![0, -1], read)?;
            rows.collect::<rusqlite::Result<Vec<T>>>()
        };
        rows().map_err(|source| database(&self.path, source))
    }

    /// The events of the run before its first step; `None` where it has no step.
    pub(crate) fn first_event(&self) -> Result<Option<u64>, RecorderError> {
        let first = "SELECT n_events FROM look ORDER BY number LIMIT 1";
        let n = self.connection.query_row(first, [], |row| row.get(0)).optional();
        n.map(|n: Option<i64>| n.map(|n| n as u64)).map_err(|source| database(&self.path, source))
    }

    /// What it holds, in numbers.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn summary(&self) -> Result<Summary, RecorderError> {
        let count = |what: &str| -> rusqlite::Result<u64> {
            let n: i64 = self.connection.query_row(&format!("SELECT {what}"), [], |r| r.get(0))?;
            Ok(n as u64)
        };
        let read = || {
            let ends = "SELECT min(wall), max(wall) FROM look";
            let (first, last): (Option<i64>, Option<i64>) =
                self.connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let digest =
                "SELECT max(digest) FROM look WHERE number = (SELECT max(number) FROM look)";
            Ok(Summary {
                n_looks: count("count(*) FROM look")?,
                n_rows: count("count(*) FROM row")?,
                n_revisions: count("count(*) FROM row WHERE kind = 'revision'")?,
                n_commands: count("count(*) FROM command")?,
                n_series: count("count(*) FROM series")?,
                during: first.zip(last).map(|(first, last)| {
                    (Timestamp::from_nanos(first), Timestamp::from_nanos(last))
                }),
                digest: self.connection.query_row(digest, [], |row| row.get(0))?,
            })
        };
        read().map_err(|source| database(&self.path, source))
    }

    /// Its looks, in order, each held against its print.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn looks(self, form: Arc<dyn CommandForm>) -> Result<RecordedLooks, RecorderError> {
        let read = series_of(&self.connection).map_err(|source| database(&self.path, source))?;
        let series = named(&self.path, read)?;
        Ok(RecordedLooks {
            next: self.head.first_look,
            path: self.path,
            connection: self.connection,
            series,
            form,
            looks: Ahead::new(LOOKS),
            rows: Ahead::new(ROWS),
            marks: Ahead::new(MARKS),
            commands: Ahead::new(COMMANDS),
            loading: Ahead::new(LOADING),
            history: Ahead::new(HISTORY),
            offers: Ahead::new(OFFERS),
            is_done: false,
        })
    }
}

/// The looks of a recording, in order.
pub struct RecordedLooks {
    path: PathBuf,
    connection: Connection,
    series: BTreeMap<i64, Key>,
    form: Arc<dyn CommandForm>,
    /// The number of the next look.
    next: u64,
    looks: Ahead<RawLook>,
    rows: Ahead<(RawRow, bool)>,
    marks: Ahead<(i64, MarkColumns)>,
    commands: Ahead<String>,
    loading: Ahead<(String, String, Option<String>)>,
    history: Ahead<RawHistory>,
    offers: Ahead<(String, String)>,
    is_done: bool,
}

impl Iterator for RecordedLooks {
    type Item = Result<RecordedLook, RecorderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let read = self.read().transpose();
        self.is_done = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Rows of a look that were read.
#[derive(Default)]
struct RawParts {
    rows: Vec<RawRow>,
    marks: Vec<(i64, MarkColumns)>,
    commands: Vec<String>,
    loading: Vec<(String, String, Option<String>)>,
    history: Vec<RawHistory>,
    offers: Vec<(String, String)>,
}

impl RecordedLooks {
    fn read(&mut self) -> Result<Option<RecordedLook>, RecorderError> {
        let failed = |source| database(&self.path, source);
        let raw = self.looks.next(&self.connection, i64::MAX, raw_look).map_err(failed)?;
        let Some((number, raw)) = raw else { return self.check_end().map(|()| None) };
        if number != self.next as i64 {
            let found = format!("look {} is missing, look {number} follows", self.next);
            return Err(RecorderError::damaged(&self.path, found));
        }
        let parts = self.parts(number)?;
        let wrong =
            |what: String| RecorderError::damaged(&self.path, format!("look {number}: {what}"));
        if print_of(&raw, &parts) != raw.print {
            return Err(wrong("it is not what was written".to_owned()));
        }
        let look = look_of(raw, parts, &self.series, self.form.as_ref()).map_err(wrong)?;
        self.next += 1;
        Ok(Some(look))
    }

    /// All that is written of the look `number`.
    fn parts(&mut self, number: i64) -> Result<RawParts, RecorderError> {
        let mut parts = RawParts::default();
        let (path, connection) = (&self.path, &self.connection);
        let failed = |source| database(path, source);
        let of_look = |of: i64, table: &str| {
            if of == number {
                Ok(())
            } else {
                Err(RecorderError::damaged(path, format!("{table}: look {of} is none")))
            }
        };
        while let Some((of, (row, is_known))) =
            self.rows.next(connection, number, raw_row).map_err(failed)?
        {
            of_look(of, "row")?;
            if !is_known {
                return Err(RecorderError::damaged(
                    path,
                    format!("look {number}: a row of an unknown kind"),
                ));
            }
            parts.rows.push(row);
        }
        while let Some((of, mark)) =
            self.marks.next(connection, number, raw_mark).map_err(failed)?
        {
            of_look(of, "mark")?;
            parts.marks.push(mark);
        }
        let command = |row: &Row<'_>| row.get(2);
        while let Some((of, text)) =
            self.commands.next(connection, number, command).map_err(failed)?
        {
            of_look(of, "command")?;
            parts.commands.push(text);
        }
        let line = |row: &Row<'_>| Ok((row.get(2)?, row.get(3)?, row.get(4)?));
        while let Some((of, said)) = self.loading.next(connection, number, line).map_err(failed)? {
            of_look(of, "loading")?;
            parts.loading.push(said);
        }
        while let Some((of, read)) =
            self.history.next(connection, number, raw_history).map_err(failed)?
        {
            of_look(of, "history")?;
            parts.history.push(read);
        }
        while let Some((of, offer)) =
            self.offers.next(connection, number, raw_offer).map_err(failed)?
        {
            of_look(of, "offer")?;
            parts.offers.push(offer);
        }
        Ok(parts)
    }

    /// Behind the last look nothing stands in any table.
    fn check_end(&mut self) -> Result<(), RecorderError> {
        let parts = self.parts(i64::MAX);
        parts.map(drop)
    }
}

/// The print of what was read of a look, in the order in which it is written.
fn print_of(raw: &RawLook, parts: &RawParts) -> i64 {
    let numbers = [
        Some(raw.number),
        Some(raw.step),
        Some(raw.wall),
        raw.waited.0,
        raw.waited.1,
        Some(raw.n_events),
    ];
    let mut print = Print::of_look(&numbers, &[&raw.kind, &raw.session, &raw.digest]);
    let mut rows = parts.rows.iter().peekable();
    for (series, mark) in &parts.marks {
        while let Some(row) = rows.next_if(|row| row.series == *series) {
            print.row(row);
        }
        print.mark(*series, mark);
    }
    rows.for_each(|row| print.row(row)); // Of no mark: then the print is another one.
    for text in &parts.commands {
        print.line([Some(text), None, None]);
    }
    for (symbol, said, why) in &parts.loading {
        print.line([Some(symbol), Some(said), why.as_deref()]);
    }
    parts.history.iter().for_each(|read| print.history(read));
    for (symbol, intervals) in &parts.offers {
        print.line([Some(symbol), Some(intervals), None]);
    }
    print.value()
}

fn look_of(
    raw: RawLook,
    parts: RawParts,
    series: &BTreeMap<i64, Key>,
    form: &dyn CommandForm,
) -> Result<RecordedLook, String> {
    let occasion = [Occasion::Look, Occasion::Step].into_iter().find(|o| kind_name(*o) == raw.kind);
    let digest = u64::from_str_radix(&raw.digest, 16).map_err(|error| error.to_string())?;
    let instant = Timestamp::from_nanos;
    let waited = raw.waited.0.zip(raw.waited.1);
    let (mut loading, mut loaded) = (Vec::new(), Vec::new());
    for (symbol, said, why) in parts.loading {
        let symbol: Symbol = symbol.parse().map_err(|_| format!("{symbol:?} is no symbol"))?;
        match (said.as_str(), why) {
            ("ready", _) => loading.push(Loading { symbol, state: LoadingState::Ready }),
            ("begun", _) => loading.push(Loading { symbol, state: LoadingState::Begun }),
            ("failed", why) => {
                let state = LoadingState::Failed(why.unwrap_or_default());
                loading.push(Loading { symbol, state });
            }
            ("loaded", _) => loaded.push(Loaded { symbol, failure: None }),
            ("lost", why) => loaded.push(Loaded { symbol, failure: Some(why.unwrap_or_default()) }),
            (other, _) => return Err(format!("nothing said of a symbol is called {other:?}")),
        }
    }
    let commands = parts.commands.iter().map(|text| form.command(text));
    Ok(RecordedLook {
        occasion: occasion.ok_or_else(|| format!("no step is called {:?}", raw.kind))?,
        step: raw.step as u64,
        waited: waited.map(|(first, last)| Waited { first: instant(first), last: instant(last) }),
        wall: instant(raw.wall),
        session: raw.session.parse().map_err(|_| format!("{:?} is no date", raw.session))?,
        heard: heard_of(parts.rows, parts.marks, series)?,
        commands: commands.collect::<Result<_, _>>()?,
        loading,
        loaded,
        digest: Digest(digest),
        n_events: raw.n_events as u64,
    })
}

fn heard_of(
    rows: Vec<RawRow>,
    marks: Vec<(i64, MarkColumns)>,
    series: &BTreeMap<i64, Key>,
) -> Result<Vec<RecordedHeard>, String> {
    let mut rows = rows.into_iter().peekable();
    let mut heard = Vec::with_capacity(marks.len());
    for (id, mark) in marks {
        let (symbol, interval) =
            series.get(&id).cloned().ok_or_else(|| format!("series {id} has no name"))?;
        let (mut plain, mut revisions) = (BarColumns::default(), BarColumns::default());
        while let Some(row) = rows.next_if(|row| row.series == id) {
            let [open, high, low, close, volume] = row.values.map(|v| v.unwrap_or(f64::NAN));
            let out = if row.is_revision { &mut revisions } else { &mut plain };
            let ohlcv = Ohlcv { open, high, low, close, volume };
            out.push(Timestamp::from_nanos(row.opens_at), ohlcv);
        }
        heard.push(RecordedHeard { symbol, interval, rows: plain, revisions, said: mark.said()? });
    }
    Ok(heard)
}
