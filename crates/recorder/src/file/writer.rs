//! Writes the inputs of a run, one transaction a step, committed before anything of it is visible.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use openbell_coordinator::{
    Checkpoint, Heard, LoadingState, Look, NoCheckpoint, Recording, RecordingError, Waited,
};
use openbell_market::{BarColumns, BarInterval, Symbol};
use openbell_time::TradingDate;
use rusqlite::{CachedStatement, Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::CommandForm;
use super::checkpoint;
use super::folder::{INPUTS, is_unborn, session_folder};
use super::head::Head;
use super::keeper::{Keeper, Kept, log_of};
use super::link::MarkColumns;
use super::log::RunLog;
use super::raw::{Print, RawHistory, RawRow, intervals_text, kind_name, row_kind};
use super::raw_log::RawLog;
use super::run::{RunSession, folders_before};
use super::schema::{self, FORM, database, unwritten};
use super::series::{named, series_of};
use crate::disk::{self, WriteLock};
use crate::error::RecorderError;
use crate::history::{HistoryRead, HistoryWatch, Offer};

/// When what is recorded is on the medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// By the [`Keeper`], at least once a second while there is something: a process that is killed
    /// loses nothing, a machine that loses its power the looks of the last second.
    Normal,
    /// Before anything of the look is visible: neither loses anything.
    Full,
}

/// Where and how a run is recorded.
#[derive(Clone)]
pub struct RecordingSetup {
    /// The folder of all recordings.
    pub root: PathBuf,
    /// The name of the session.
    pub session_name: String,
    /// What is run.
    pub head: Head,
    /// When what is recorded is on the medium.
    pub sync: Durability,
    /// The most pages of 4 KiB that a file may have; absent where the disk is the limit.
    pub max_pages: Option<u32>,
    /// The form of commands.
    pub form: Arc<dyn CommandForm>,
}

/// Records a run: [`Recording`] in the folders of its sessions.
///
/// *Cost*: a transaction a step, without waiting for the medium where the sync is [`Durability::Normal`].
pub struct RecordingWriter {
    setup: RecordingSetup,
    kept: Arc<Kept>,
    open: Open,
    /// Steps of the run that are recorded.
    n_looks: u64,
    history: Option<HistoryWatch>,
}

/// What stands beside the inputs of a look: what was read of the history before it.
#[derive(Default)]
struct Beside {
    read: Vec<HistoryRead>,
    offers: Vec<Offer>,
}

/// The recording of one session, open for writing.
struct Open {
    session: TradingDate,
    path: PathBuf,
    connection: Connection,
    series: BTreeMap<(Symbol, BarInterval), i64>,
    /// Whether it has no look so far.
    is_empty: bool,
    /// Whether this process stands in the table of processes.
    has_process: bool,
    _lock: WriteLock,
}

impl RecordingWriter {
    /// Begins the recording of a run whose first session is `session`. The [`Keeper`] is to be run on a
    /// thread of its own.
    ///
    /// # Errors
    ///
    /// A recording that is there already, another process, a folder that cannot be written.
    pub fn begin(
        mut setup: RecordingSetup,
        session: TradingDate,
    ) -> Result<(RecordingWriter, Keeper), RecorderError> {
        setup.head.first_session = session.to_string();
        let open = Open::create(&setup, session, 1)?;
        Ok(RecordingWriter::over(setup, open, 0))
    }

    /// Goes on with the recording of a run whose last session is `session`, behind its last look.
    ///
    /// # Errors
    ///
    /// No recording, or a damaged one; another process; a folder that cannot be written.
    pub fn go_on(
        mut setup: RecordingSetup,
        session: TradingDate,
    ) -> Result<(RecordingWriter, Keeper), RecorderError> {
        let folder = session_folder(&setup.root, &setup.session_name, session);
        let Some(head) = Head::read(&folder)? else {
            return Err(RecorderError::NotThere { folder });
        };
        setup.head.first_session.clone_from(&head.first_session);
        let (open, n_looks) = Open::again(&setup, &folder, session, &head)?;
        Ok(RecordingWriter::over(setup, open, n_looks))
    }

    fn over(setup: RecordingSetup, open: Open, n_looks: u64) -> (RecordingWriter, Keeper) {
        let kept = Arc::new(Kept::new(&open.path, &setup.head.program));
        let keeper = Keeper::new(Arc::clone(&kept));
        (RecordingWriter { setup, kept, open, n_looks, history: None }, keeper)
    }

    /// The database that is written.
    pub fn path(&self) -> &Path {
        &self.open.path
    }

    /// Steps of the run that are recorded.
    pub fn n_looks(&self) -> u64 {
        self.n_looks
    }

    /// What is read of the history that `watch` sees is recorded with the next look: a run that goes on
    /// is held against it ([`crate::RecordedRun::check_history`]).
    pub fn watch(&mut self, watch: HistoryWatch) {
        self.history = Some(watch);
    }

    /// The event log of the run, beside what is recorded: the log of each session begins with
    /// `first_line`. Where the run was recorded before, `before` are its sessions
    /// ([`crate::RecordedRun::sessions`]), and all its events are to be given again.
    pub fn log(&self, before: &[RunSession], first_line: String) -> RunLog {
        RunLog::new(Arc::clone(&self.kept), before, first_line)
    }

    /// What goes to the vendor and comes from it, kept beside what is recorded.
    pub fn raw_log(&self) -> RawLog {
        RawLog::new(Arc::clone(&self.kept))
    }

    fn write(&mut self, look: &Look<'_>) -> Result<(), RecorderError> {
        self.kept.check()?;
        if look.session != self.open.session {
            // A power cut must not leave the new session without the end of this one.
            disk::sync_file(&log_of(&self.open.path))?;
            self.open = Open::create(&self.setup, look.session, self.n_looks + 1)?;
            self.kept.moves_to(&self.open.path);
        }
        let number = self.n_looks + 1;
        let path = self.open.path.clone();
        let (read, offers) = self.history.as_ref().map(HistoryWatch::take).unwrap_or_default();
        self.open
            .write(look, number, &Beside { read, offers }, &self.setup)
            .map_err(|source| unwritten(&path, number, source))?;
        if std::mem::replace(&mut self.open.is_empty, false) {
            self.kept.begins(look.n_events);
        }
        self.n_looks = number;
        self.kept.n_committed.store(number, Ordering::Release);
        Ok(())
    }
}

impl Recording for RecordingWriter {
    fn look(&mut self, look: &Look<'_>) -> Result<(), RecordingError> {
        Ok(self.write(look)?)
    }

    fn checkpoint(
        &mut self,
        checkpoint: &Result<Checkpoint, NoCheckpoint>,
    ) -> Result<(), RecordingError> {
        let Open { session, path, connection, .. } = &self.open;
        let folder = path.parent().unwrap_or(Path::new(""));
        let before = folders_before(folder, &self.setup.head)?;
        let offers = checkpoint::offers_by(folder, &before)?;
        let place = (self.n_looks, session.to_string());
        let place = (place.0, place.1.as_str());
        Ok(checkpoint::write(connection, path, place, &offers, checkpoint)?)
    }
}

impl Open {
    fn create(
        setup: &RecordingSetup,
        session: TradingDate,
        first_look: u64,
    ) -> Result<Open, RecorderError> {
        let folder = session_folder(&setup.root, &setup.session_name, session);
        disk::create_folders(&folder)?;
        let lock = disk::lock(&folder)?;
        if !is_unborn(&folder) {
            return Err(RecorderError::IsThere { folder });
        }
        let path = folder.join(INPUTS);
        schema::remove(&path)?; // Of a process that was killed here.
        let connection = schema::create(&path)?;
        configure(&connection, setup).map_err(|source| database(&path, source))?;
        let session_text = session.to_string();
        let head = Head { form: FORM, session: session_text, first_look, ..setup.head.clone() };
        head.write(&folder)?; // Last: a folder with a head has a recording.
        Ok(Open {
            session,
            path,
            connection,
            series: BTreeMap::new(),
            is_empty: true,
            has_process: false,
            _lock: lock,
        })
    }

    /// Opens what is there. Returns the number of its last look as well.
    fn again(
        setup: &RecordingSetup,
        folder: &Path,
        session: TradingDate,
        head: &Head,
    ) -> Result<(Open, u64), RecorderError> {
        let lock = disk::lock(folder)?;
        let path = folder.join(INPUTS);
        let connection = schema::open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let known = || {
            configure(&connection, setup)?;
            let last = "SELECT coalesce(max(number), 0) FROM look";
            let last: i64 = connection.query_row(last, [], |row| row.get(0))?;
            Ok((series_of(&connection)?, last as u64))
        };
        let (series, last) = known().map_err(|source| database(&path, source))?;
        let series = named(&path, series)?;
        let series = series.into_iter().map(|(id, key)| (key, id)).collect();
        let n_looks = last.max(head.first_look - 1);
        let open = Open {
            session,
            path,
            connection,
            series,
            is_empty: last == 0,
            has_process: false,
            _lock: lock,
        };
        Ok((open, n_looks))
    }

    /// Writes one step, in one transaction.
    fn write(
        &mut self,
        look: &Look<'_>,
        number: u64,
        beside: &Beside,
        setup: &RecordingSetup,
    ) -> rusqlite::Result<()> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
        if !self.has_process {
            let began =
                "INSERT INTO process(first_look, began, form, program) VALUES(?1, ?2, ?3, ?4)";
            let (wall, program) = (look.wall.as_nanos(), &setup.head.program);
            transaction.execute(began, params![number as i64, wall, FORM, program])?;
        }
        let n_known = self.series.len();
        let written =
            write_look(&transaction, &mut self.series, (look, beside), number, setup.form.as_ref())
                .and_then(|()| transaction.commit());
        match written {
            Ok(()) => self.has_process = true,
            // Names of a look that was not written are none.
            Err(_) => self.series.retain(|_, id| *id <= n_known as i64),
        }
        written
    }
}

fn configure(connection: &Connection, setup: &RecordingSetup) -> rusqlite::Result<()> {
    let synchronous = match setup.sync {
        Durability::Normal => "normal",
        Durability::Full => "full",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?; // The keeper's.
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    if let Some(max_pages) = setup.max_pages {
        let limit = format!("PRAGMA max_page_count = {max_pages}");
        connection.query_row(&limit, [], |_| Ok(()))?;
    }
    Ok(())
}

fn write_look(
    transaction: &Transaction<'_>,
    series: &mut BTreeMap<(Symbol, BarInterval), i64>,
    (look, beside): (&Look<'_>, &Beside),
    number: u64,
    form: &dyn CommandForm,
) -> rusqlite::Result<()> {
    let number = number as i64;
    let (first, last) = match look.waited {
        Some(Waited { first, last }) => (Some(first.as_nanos()), Some(last.as_nanos())),
        None => (None, None),
    };
    let (step, wall, n_events) = (look.step as i64, look.wall.as_nanos(), look.n_events as i64);
    let (kind, session) = (kind_name(look.occasion), look.session.to_string());
    let digest = look.digest.to_string();
    let numbers = [Some(number), Some(step), Some(wall), first, last, Some(n_events)];
    let mut print = Print::of_look(&numbers, &[kind, &session, &digest]);
    write_heard(transaction, series, look.heard, number, &mut print)?;
    let mut commands = transaction.prepare_cached("INSERT INTO command VALUES(?1, ?2)")?;
    for command in look.commands {
        let text = form.text(command);
        print.line([Some(&text), None, None]);
        commands.execute(params![number, text])?;
    }
    let mut lines = transaction.prepare_cached("INSERT INTO loading VALUES(?1, ?2, ?3, ?4)")?;
    for (symbol, said, why) in loading_lines(look) {
        print.line([Some(symbol.as_str()), Some(said), why]);
        lines.execute(params![number, symbol.as_str(), said, why])?;
    }
    write_beside(transaction, beside, number, &mut print)?;
    let insert = "INSERT INTO look VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let print = print.value();
    transaction.prepare_cached(insert)?.execute(params![
        number, kind, step, wall, first, last, session, digest, n_events, print
    ])?;
    Ok(())
}

fn write_beside(
    transaction: &Transaction<'_>,
    beside: &Beside,
    number: i64,
    print: &mut Print,
) -> rusqlite::Result<()> {
    let insert = "INSERT INTO history VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for read in beside.read.iter().map(RawHistory::of) {
        print.history(&read);
        let RawHistory { symbol, interval, since, until, n_rows, print } = read;
        transaction
            .prepare_cached(insert)?
            .execute(params![number, symbol, interval, since, until, n_rows, print])?;
    }
    for (symbol, intervals) in &beside.offers {
        let intervals = intervals_text(intervals);
        print.line([Some(symbol.as_str()), Some(&intervals), None]);
        let insert = "INSERT INTO offer VALUES(?1, ?2, ?3)";
        transaction.prepare_cached(insert)?.execute(params![number, symbol.as_str(), intervals])?;
    }
    Ok(())
}

fn write_heard(
    transaction: &Transaction<'_>,
    series: &mut BTreeMap<(Symbol, BarInterval), i64>,
    heard: &[Heard<'_>],
    number: i64,
    print: &mut Print,
) -> rusqlite::Result<()> {
    let mut rows =
        transaction.prepare_cached("INSERT INTO row VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut marks =
        transaction.prepare_cached("INSERT INTO mark VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?;
    for heard in heard {
        let key = (heard.symbol.clone(), heard.interval);
        let series = match series.get(&key) {
            Some(id) => *id,
            None => name_series(transaction, series, key)?,
        };
        write_rows(&mut rows, (number, series), heard.rows, false, print)?;
        write_rows(&mut rows, (number, series), heard.revisions, true, print)?;
        let mark = MarkColumns::of(heard.said);
        print.mark(series, &mark);
        let MarkColumns { complete_through, link, at, more } = &mark;
        marks.execute(params![number, series, complete_through, link, at, more])?;
    }
    Ok(())
}

fn write_rows(
    rows: &mut CachedStatement<'_>,
    (number, series): (i64, i64),
    columns: &BarColumns,
    is_revision: bool,
    print: &mut Print,
) -> rusqlite::Result<()> {
    let kind = row_kind(is_revision);
    for row in 0..columns.len() {
        let bar = columns.ohlcv(row);
        let values = [bar.open, bar.high, bar.low, bar.close, bar.volume];
        let values = values.map(|value| (!value.is_nan()).then_some(value));
        let raw = RawRow { series, is_revision, opens_at: columns.opens_at_ns[row], values };
        print.row(&raw);
        let [open, high, low, close, volume] = raw.values;
        rows.execute(params![number, series, kind, raw.opens_at, open, high, low, close, volume])?;
    }
    Ok(())
}

fn name_series(
    transaction: &Transaction<'_>,
    series: &mut BTreeMap<(Symbol, BarInterval), i64>,
    key: (Symbol, BarInterval),
) -> rusqlite::Result<i64> {
    let id = series.len() as i64 + 1;
    let insert = "INSERT INTO series VALUES(?1, ?2, ?3)";
    transaction.execute(insert, params![id, key.0.as_str(), key.1.to_string()])?;
    series.insert(key, id);
    Ok(id)
}

/// What the source said of symbols, in the order of the table.
fn loading_lines<'l>(
    look: &'l Look<'_>,
) -> impl Iterator<Item = (&'l Symbol, &'static str, Option<&'l str>)> {
    let said = look.loading.iter().map(|loading| match &loading.state {
        LoadingState::Ready => (&loading.symbol, "ready", None),
        LoadingState::Begun => (&loading.symbol, "begun", None),
        LoadingState::Failed(why) => (&loading.symbol, "failed", Some(why.as_str())),
    });
    let ended = look.loaded.iter().map(|loaded| match &loaded.failure {
        None => (&loaded.symbol, "loaded", None),
        Some(why) => (&loaded.symbol, "lost", Some(why.as_str())),
    });
    said.chain(ended)
}
