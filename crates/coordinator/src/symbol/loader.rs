//! How a symbol comes to stand in a session: its feed, its history, its warm indicators, its rows
//! of the session. The configured symbols at the start go this way, and so does one that is added
//! at noon; therefore both end up the same.

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_data_manager::FeedKind;
use openbell_market::{SeriesKey, Symbol, SymbolIdx};
use openbell_processor::SeriesMemory;
use openbell_session_data::{DeliveredThrough, Visibility};
use openbell_time::Session;

use crate::digest::{SequenceKey, digest_of};
use crate::error::RunError;
use crate::history::indicators::historical_indicators;
use crate::layout::SessionLayout;
use crate::plan::reading::Reading;
use crate::source::admission::Admitted;
use crate::source::session_reader::{SessionReader, SessionRows};
use crate::symbol::figures::SessionFigures;
use crate::symbol::live::LiveRows;
use crate::symbol::locks::Locks;
use crate::symbol::warm_up::before_session;
use crate::symbol::{Membership, StoredRows, SymbolRows, SymbolRun, SymbolSession};

/// The identity under which a symbol joins.
pub(crate) struct JoiningSymbol {
    pub(crate) symbol: Symbol,
    pub(crate) idx: SymbolIdx,
    pub(crate) generation: u32,
    pub(crate) membership: Membership,
}

/// Builds what a symbol needs before its first session of the run here: feed, history windows and
/// a processor whose state is that of a symbol that was there from the first session on.
///
/// *Time*: depends on rows of sessions strictly before `day`. *Cost*: reads the trailing windows
/// and every session of the run before `day`.
pub(crate) fn open_symbol(
    reading: &mut Reading<'_>,
    joining: JoiningSymbol,
    day: &Session,
) -> Result<Box<SymbolRun>, RunError> {
    let JoiningSymbol { symbol, idx, generation, membership } = joining;
    let rule = reading.rule;
    let stored = reading.source.intervals(&symbol);
    if !stored.contains(&rule.base) {
        return Err(RunError::NoBase { symbol, base: rule.base, found: stored });
    }
    reading.plan.check_together(&symbol, reading.source)?;
    let key = SeriesKey { symbol: symbol.clone(), interval: rule.base };
    let feed = reading.source.day_feed(&key, &rule.calendar)?;
    let (processor, history) = before_session(reading, &symbol, &stored, day)?;
    Ok(Box::new(SymbolRun {
        key: SequenceKey::of(&symbol),
        idx,
        generation,
        membership,
        reader: SessionReader::new(feed),
        processor,
        history,
        locks: Locks::default(),
        is_followed: false,
        followed_through: None,
        digests: Vec::new(),
        shown: None,
        spare: SeriesMemory::default(),
        symbol,
    }))
}

/// What it takes to load members into one session.
pub(crate) struct SymbolLoader<'l> {
    pub(crate) reading: Reading<'l>,
    pub(crate) layout: &'l SessionLayout,
    /// The sessions after it that are laid out.
    pub(crate) later: &'l VecDeque<Arc<SessionLayout>>,
    /// What rows pass through; used again and again.
    pub(crate) admitted: &'l mut Admitted,
}

impl SymbolLoader<'_> {
    /// Puts `run` into the session. Where its rows are stored they are read and all its series
    /// computed ahead: nothing of it can be seen before the publication says so. A live feed is
    /// only made ready: its rows come as they come.
    ///
    /// # Errors
    ///
    /// The history or the source cannot be read, or the source has a feed of the other kind. An
    /// error inside the rows of the session is no error here: it takes effect when the clock
    /// reaches it.
    pub(crate) fn load(
        &mut self,
        mut run: Box<SymbolRun>,
        through: Arc<DeliveredThrough>,
    ) -> Result<SymbolSession, RunError> {
        let (needed, found) = (self.reading.kind, run.reader.feed.kind());
        if found != needed {
            return Err(RunError::WrongFeed { symbol: run.symbol.clone(), needed, found });
        }
        let session = &self.layout.session;
        let Reading { rule, source, kept, .. } = &mut self.reading;
        run.history.roll(session, rule, *source, kept)?;
        let historical = historical_indicators(&mut self.reading, session, &run.symbol)?;
        let memory = std::mem::take(&mut run.spare);
        let (series, rows) = match found {
            FeedKind::Live => {
                // One that was followed before hands over what came since, of whatever session.
                if !std::mem::replace(&mut run.is_followed, true) {
                    run.reader.feed.seek(self.layout.rows_since)?;
                }
                let live = LiveRows::new(run.processor.clone(), self.layout.rows_since);
                let (layout, recorded) = (&self.layout.series, Visibility::Recorded);
                let series = run.processor.start_session(layout, recorded, memory);
                (series, SymbolRows::Live(Box::new(live)))
            }
            FeedKind::Stored => {
                let base = self.reading.rule.base;
                let has_indicators = !run.processor.base_mut().indicators().columns().is_empty();
                let before = (!has_indicators).then(|| digest_of(&run.digests, base));
                let layout = self.layout;
                let rows = run.reader.read(layout, self.later, base, self.admitted, before)?;
                let SessionRows { bars, rejections, fault, digest, .. } = rows;
                let series = run.processor.whole_session(&layout.series, bars, memory);
                let keeps_quality = self.reading.plan.keeps_quality();
                let until = layout.clock_until;
                let figures =
                    SessionFigures::of(&series, &run.digests, digest, until, keeps_quality);
                let stored = StoredRows::new(rejections, fault, figures);
                (series, SymbolRows::Stored(stored))
            }
        };
        Ok(SymbolSession::new(run, series, rows, historical, through))
    }
}
