//! What is read: the board as of one publication, symbol by symbol, series by series.

use std::sync::Arc;

use openbell_market::{BarInterval, Symbol, SymbolIdx};
use openbell_time::Timestamp;
use thiserror::Error;

use crate::forming::{FormingBar, forming_bar};
use crate::handle::{HistoricalHandle, IndicatorHandle};
use crate::inactive::{Inactive, InactiveFacts, LaggingSymbol, Reason};
use crate::metrics::SessionMetrics;
use crate::publication::Publication;
use crate::roster::{HistoricalIndicator, Member, Roster, SeriesFacts, SessionFacts};
use crate::segment::Rows;
use crate::series::SeriesView;

/// The board as of one publication.
///
/// *Time*: [`View::instant`] is the latest instant that anything in it depends on. *Cost*: it
/// borrows its reader; [`View::hold`] makes one that lives on its own.
#[derive(Clone, Copy)]
pub struct View<'r> {
    roster: &'r Arc<Roster>,
    publication: Publication,
}

/// A symbol's place and generation, for reading it again and again without looking up its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SymbolHandle {
    idx: SymbolIdx,
    generation: u32,
}

/// Why no bar of an interval forms in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NeverForms {
    /// It is the base interval, whose bars are delivered whole.
    IsBase,
    /// There is history of it, and no series of the session.
    HistoryAlone,
    /// Its window began before this session, and the bars of then are not at hand.
    BeganBefore,
}

impl std::fmt::Display for NeverForms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NeverForms::IsBase => "it is the base interval, whose bars are delivered whole",
            NeverForms::HistoryAlone => "there is history of it, and no series of the session",
            NeverForms::BeganBefore => "its window began before this session",
        })
    }
}

/// Why a symbol cannot be read in a view.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// It is not a member of the session.
    #[error(
        "{symbol} is not a member of the session; add it, or see the members listed by the view"
    )]
    NotPresent {
        /// The symbol, as asked for.
        symbol: String,
    },
    /// The handle names a symbol that was removed.
    #[error("the symbol of this handle was removed from the session; look it up again by name")]
    Removed,
    /// The handle names an earlier joining of a symbol that was removed and added again.
    #[error(
        "this handle is of generation {held} of {symbol}, which is now of generation {now}; look it up again by name"
    )]
    OldGeneration {
        /// The symbol.
        symbol: Symbol,
        /// The generation of the handle.
        held: u32,
        /// The generation in the view.
        now: u32,
    },
    /// The symbol has no series of that interval.
    #[error(
        "{symbol} has no series of {interval}: it is neither streamed, derived nor loaded as history; add the interval, or see those of `SymbolView::intervals`"
    )]
    NoSeries {
        /// The symbol.
        symbol: Symbol,
        /// The interval, as asked for.
        interval: BarInterval,
    },
    /// No bar of that interval forms out of others in this session.
    #[error("no {interval} bar of {symbol} is forming: {why}")]
    NeverForms {
        /// The symbol.
        symbol: Symbol,
        /// The interval, as asked for.
        interval: BarInterval,
        /// Why none does.
        why: NeverForms,
    },
    /// The symbol has no value of that name.
    #[error(
        "{symbol} has no indicator value {found:?}{}",
        if .known.is_empty() { String::new() } else { format!("; it has {}", .known.join(", ")) }
    )]
    NoIndicator {
        /// The symbol.
        symbol: Symbol,
        /// The name, or what of a handle that is of another run.
        found: String,
        /// Those that there are, by interval; none where a handle is of another run.
        known: Vec<String>,
    },
    /// The symbol alone is withheld (`scope: "symbol"`).
    #[error("{symbol} is {inactive}")]
    Withheld {
        /// The symbol.
        symbol: Symbol,
        /// Since when and why.
        inactive: Inactive,
    },
}

impl<'r> View<'r> {
    pub(crate) fn new(roster: &'r Arc<Roster>, publication: Publication) -> View<'r> {
        View { roster, publication }
    }

    /// The session instant of the publication; nothing in the view depends on a later one.
    pub fn instant(&self) -> Timestamp {
        self.publication.instant
    }

    /// The number of the publication.
    pub fn publication(&self) -> u64 {
        self.publication.number
    }

    /// The epoch of the gate: an odd number, since the gate starts shut.
    pub fn epoch(&self) -> u64 {
        self.publication.epoch
    }

    /// The session, or `None` before the first.
    pub fn session(&self) -> Option<&'r SessionFacts> {
        self.roster.session()
    }

    pub(crate) fn frame_version(&self) -> u64 {
        self.roster.version()
    }

    /// The members in symbol order, withheld ones included.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = &'r Symbol> {
        self.roster.members().iter().map(|member| &member.symbol)
    }

    /// The members whose data is withheld, with their lags.
    pub fn withheld(&self) -> &'r [LaggingSymbol] {
        self.roster.withheld()
    }

    /// The symbol of that name.
    ///
    /// *Cost*: a binary search by name; use a [`SymbolHandle`] for repeated reads.
    ///
    /// # Errors
    ///
    /// [`Unavailable::NotPresent`], [`Unavailable::Withheld`].
    pub fn symbol(&self, symbol: &str) -> Result<SymbolView<'r>, Unavailable> {
        let member = self
            .roster
            .member(symbol)
            .ok_or_else(|| Unavailable::NotPresent { symbol: symbol.to_owned() })?;
        self.readable(member)
    }

    /// The symbol that `handle` was made for.
    ///
    /// *Cost*: an index.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Removed`], [`Unavailable::OldGeneration`], [`Unavailable::Withheld`].
    pub fn by_handle(&self, handle: SymbolHandle) -> Result<SymbolView<'r>, Unavailable> {
        let member = self.roster.member_at(handle.idx).ok_or(Unavailable::Removed)?;
        if member.generation != handle.generation {
            return Err(Unavailable::OldGeneration {
                symbol: member.symbol.clone(),
                held: handle.generation,
                now: member.generation,
            });
        }
        self.readable(member)
    }

    /// A view of the same publication that needs no reader.
    ///
    /// *Cost*: counts a reference. The memory of its segments is not used again while it lives.
    pub fn hold(&self) -> HeldView {
        HeldView { roster: Arc::clone(self.roster), publication: self.publication }
    }

    fn readable(&self, member: &'r Arc<Member>) -> Result<SymbolView<'r>, Unavailable> {
        let holder = self.roster.withheld().iter().find(|holder| holder.symbol == member.symbol);
        if let Some(holder) = holder {
            return Err(Unavailable::Withheld {
                symbol: member.symbol.clone(),
                inactive: Inactive::new(InactiveFacts {
                    since: Some(self.publication.instant),
                    epoch: self.publication.epoch,
                    reason: Reason::CatchingUp { holders: vec![holder.clone()] },
                }),
            });
        }
        Ok(SymbolView { roster: self.roster, member, as_of: self.publication.instant })
    }
}

/// A view that is held beyond its reader's next one; it stays what it was.
#[derive(Clone)]
pub struct HeldView {
    roster: Arc<Roster>,
    publication: Publication,
}

impl HeldView {
    /// The view.
    pub fn view(&self) -> View<'_> {
        View { roster: &self.roster, publication: self.publication }
    }
}

/// What the core has delivered, gate or no gate: each member up to where the core has come.
pub struct InsideView {
    roster: Arc<Roster>,
    clock: Timestamp,
}

impl InsideView {
    pub(crate) fn new(roster: Arc<Roster>, clock: Timestamp) -> InsideView {
        InsideView { roster, clock }
    }

    /// Where the session clock stood.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// The session, or `None` before the first.
    pub fn session(&self) -> Option<&SessionFacts> {
        self.roster.session()
    }

    /// The members in symbol order.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = &Symbol> {
        self.roster.members().iter().map(|member| &member.symbol)
    }

    /// The symbol of that name, as far as the core has delivered it.
    pub fn symbol(&self, symbol: &str) -> Option<SymbolView<'_>> {
        let member = self.roster.member(symbol)?;
        let as_of = member.inside_instant(self.clock);
        Some(SymbolView { roster: &self.roster, member, as_of })
    }
}

/// One symbol of a view.
#[derive(Clone, Copy)]
pub struct SymbolView<'v> {
    roster: &'v Roster,
    member: &'v Member,
    as_of: Timestamp,
}

impl<'v> SymbolView<'v> {
    /// The symbol.
    pub fn symbol(&self) -> &'v Symbol {
        &self.member.symbol
    }

    /// A handle for reading it again without its name.
    pub fn handle(&self) -> SymbolHandle {
        SymbolHandle { idx: self.member.idx, generation: self.member.generation }
    }

    /// Its intervals, shortest first.
    pub fn intervals(&self) -> impl ExactSizeIterator<Item = BarInterval> + 'v {
        self.member.series.iter().map(|facts| facts.interval)
    }

    /// Its series of that interval.
    ///
    /// *Cost*: compares the few intervals that it has; no name is looked up.
    ///
    /// # Errors
    ///
    /// [`Unavailable::NoSeries`]: it is neither streamed, derived nor loaded as history.
    pub fn series(&self, interval: BarInterval) -> Result<SeriesView<'v>, Unavailable> {
        let facts = self.facts(interval)?;
        let keeps_quality = self.roster.session().is_some_and(|session| session.keeps_quality);
        Ok(SeriesView::new(facts, self.as_of, keeps_quality))
    }

    pub(crate) fn facts(&self, interval: BarInterval) -> Result<&'v SeriesFacts, Unavailable> {
        self.member
            .series_at(interval)
            .ok_or_else(|| Unavailable::NoSeries { symbol: self.member.symbol.clone(), interval })
    }

    /// Its base series: the one that a feed delivers. In a run every member has one; `None` for a member of a board
    /// that a service has filled itself, without one.
    pub fn base(&self) -> Option<SeriesView<'v>> {
        let base = self
            .member
            .series
            .iter()
            .find(|facts| facts.role == crate::SeriesRole::Base && facts.today.is_some())?;
        self.series(base.interval).ok()
    }

    /// Open, high, low, last, volume and VWAP of the session so far, from regular base bars;
    /// `None` before the first.
    pub fn metrics(&self) -> Option<SessionMetrics> {
        let rows = self.base()?.today();
        SessionMetrics::of(&rows, self.roster.session()?.open)
    }

    /// The value of a session indicator at the last bar of its interval; `None` while it is not ready.
    ///
    /// *Cost*: an index.
    ///
    /// ```
    /// use openbell_session_data::{IndicatorHandle, SymbolView, Unavailable};
    ///
    /// fn is_high(symbol: &SymbolView<'_>, rsi: IndicatorHandle) -> Result<bool, Unavailable> {
    ///     Ok(symbol.indicator(rsi)?.is_some_and(|rsi| rsi > 70.0))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable::NoIndicator`]: the handle was found in another run.
    pub fn indicator(&self, handle: IndicatorHandle) -> Result<Option<f64>, Unavailable> {
        let rows = self.indicator_rows(handle)?;
        let Some(last) = rows.len().checked_sub(1) else { return Ok(None) };
        self.value_of(handle, &rows, last)
    }

    /// The value of a session indicator at the bar with sequence `sequence` of its interval; `None` where
    /// it was not ready then, or the bar has not closed yet.
    ///
    /// *Cost*: an index.
    ///
    /// # Errors
    ///
    /// As [`SymbolView::indicator`].
    pub fn indicator_at(
        &self,
        handle: IndicatorHandle,
        sequence: usize,
    ) -> Result<Option<f64>, Unavailable> {
        self.value_of(handle, &self.indicator_rows(handle)?, sequence)
    }

    /// The value of that name, `sma_20_5m` or `macd_5m.signal`, to be read again and again; of an
    /// indicator that was added while the session runs too.
    ///
    /// *Cost*: compares names; allocates.
    ///
    /// # Errors
    ///
    /// [`Unavailable::NoIndicator`], with the names that there are.
    pub fn find_indicator(&self, name: &str) -> Result<IndicatorHandle, Unavailable> {
        let mut known = Vec::new();
        for facts in &self.member.series {
            let Some(segment) = &facts.today else { continue };
            for (column, (indicator, field, _)) in
                segment.rows_at(self.as_of).indicator_columns().enumerate()
            {
                let of_indicator = match indicator.fields.get(field) {
                    None => indicator.key.to_string(),
                    Some(field) => format!("{}.{field}", indicator.key),
                };
                if of_indicator == name {
                    return Ok(IndicatorHandle::new(facts.interval, column));
                }
                known.push(of_indicator);
            }
        }
        let symbol = self.member.symbol.clone();
        Err(Unavailable::NoIndicator { symbol, found: name.to_owned(), known })
    }

    /// A value that was computed before the session and is fixed for the day; `None` where the days
    /// before did not yield one ([`SymbolView::historical_indicators`] says why).
    ///
    /// *Cost*: compares the names of the day's values; read it once a session.
    ///
    /// # Errors
    ///
    /// [`Unavailable::NoIndicator`]: the handle was found in another run.
    pub fn historical_indicator(
        &self,
        handle: &HistoricalHandle,
    ) -> Result<Option<f64>, Unavailable> {
        let is_it =
            |fixed: &&HistoricalIndicator| fixed.key == handle.key && fixed.field == handle.field;
        match self.member.fixed.iter().find(is_it) {
            Some(fixed) => Ok(fixed.value.as_ref().ok().copied()),
            None => Err(self.no_indicator(&handle.key)),
        }
    }

    fn indicator_rows(&self, handle: IndicatorHandle) -> Result<Rows<'v>, Unavailable> {
        let today = self.facts(handle.interval())?.today.as_ref();
        let today = today.ok_or_else(|| self.no_indicator(&handle.interval().to_string()))?;
        Ok(today.rows_at(self.as_of))
    }

    fn value_of(
        &self,
        handle: IndicatorHandle,
        rows: &Rows<'v>,
        row: usize,
    ) -> Result<Option<f64>, Unavailable> {
        rows.indicator_value(handle.column(), row)
            .ok_or_else(|| self.no_indicator(&handle.interval().to_string()))
    }

    fn no_indicator(&self, found: &str) -> Unavailable {
        let (symbol, found) = (self.member.symbol.clone(), format!("a handle on {found}"));
        Unavailable::NoIndicator { symbol, found, known: Vec::new() }
    }

    /// What the open window of a derived interval holds so far: **not final**, and not among the
    /// bars of its series. `None` where no window is open, or it has no base bar yet.
    ///
    /// # Errors
    ///
    /// [`Unavailable::NoSeries`] where there is no such series, [`Unavailable::NeverForms`] where its bars
    /// do not form in this session: those of the base interval, those of history alone, and a week after its
    /// first session, whose earlier days are not at hand.
    ///
    /// *Time*: base bars that have closed by the instant of the view. *Cost*: folds them anew at
    /// each call; linear in the base bars of the window.
    pub fn forming_bar(&self, interval: BarInterval) -> Result<Option<FormingBar>, Unavailable> {
        let never = |why| {
            let symbol = self.member.symbol.clone();
            Err(Unavailable::NeverForms { symbol, interval, why })
        };
        let facts = self.facts(interval)?;
        if facts.role == crate::SeriesRole::Base {
            return never(NeverForms::IsBase);
        }
        let (Some(today), Some(base), Some(session)) =
            (&facts.today, self.base(), self.roster.session())
        else {
            return never(NeverForms::HistoryAlone);
        };
        let (day, base) = (today.day(), base.today());
        let Some(window) = day.grid.slot(day.grid.n_closed_by(self.as_of)) else { return Ok(None) };
        if window.since < session.open {
            return never(NeverForms::BeganBefore);
        }
        Ok(forming_bar(interval, &window, &day.base_grid, &base, self.as_of))
    }

    /// The indicators that were computed before the session and are fixed for the day.
    pub fn historical_indicators(&self) -> &'v [HistoricalIndicator] {
        &self.member.fixed
    }
}
