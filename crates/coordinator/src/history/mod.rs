//! The sessions before the day: trailing windows, rolled from session to session.

pub(crate) mod held;
pub(crate) mod indicators;
pub(crate) mod request;

use std::collections::VecDeque;
use std::sync::Arc;

use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_processor::{IndicatorSet, SeriesMemory, SessionSeries, SymbolProcessor};
use openbell_session_data::{
    Segment, SegmentShape, SegmentWriter, SeriesRole, Visibility, WholeBars,
};
use openbell_time::{Session, TradingDate};

use crate::digest::{Digest, series_digest};
use crate::error::RunError;
use crate::history::held::HistoryReport;
use crate::layout::LayoutRule;
use crate::plan::series::{HistoryWindow, SeriesOrigin};
use crate::source::Source;
use crate::source::admission::Admitted;
use crate::source::kept::Kept;
use crate::source::session_reader::{SessionReader, SlotsOf};

/// One trailing window of one symbol.
struct Window {
    interval: BarInterval,
    n_sessions: usize,
    origin: SeriesOrigin,
    reader: Option<SessionReader>,
    admitted: Admitted,
    segments: VecDeque<Arc<Segment>>,
    /// The sessions that `segments` were made for, by date, oldest first.
    dates: VecDeque<TradingDate>,
}

/// The trailing windows of one symbol.
pub(crate) struct History {
    symbol: Symbol,
    base: BarInterval,
    windows: Vec<Window>,
}

impl History {
    /// The windows asked for, none of them read yet.
    pub(crate) fn new(
        symbol: &Symbol,
        base: BarInterval,
        asked: &[HistoryWindow],
        stored: &[BarInterval],
    ) -> History {
        let windows = asked.iter().map(|window| Window {
            interval: window.interval,
            n_sessions: window.n_sessions as usize,
            origin: SeriesOrigin::of(window.interval, base, stored),
            reader: None,
            admitted: Admitted::default(),
            segments: VecDeque::new(),
            dates: VecDeque::new(),
        });
        History { symbol: symbol.clone(), base, windows: windows.collect() }
    }

    /// Makes every window hold exactly its sessions before `day`.
    ///
    /// *Time*: depends on rows of sessions strictly before `day` only, whatever the files hold.
    /// *Cost*: reads the sessions that are not held yet.
    pub(crate) fn roll(
        &mut self,
        day: &Session,
        rule: &LayoutRule,
        source: &mut dyn Source,
        kept: &Kept,
    ) -> Result<(), RunError> {
        for window in &mut self.windows {
            window.roll(&self.symbol, self.base, day, rule, (source, kept))?;
        }
        Ok(())
    }

    /// The date of the first session that a window shows before `day`; that of `day` where none is
    /// asked for.
    ///
    /// # Errors
    ///
    /// The facts of the calendar begin later.
    pub(crate) fn first_date(
        &self,
        day: &Session,
        rule: &LayoutRule,
    ) -> Result<TradingDate, RunError> {
        let most = self.windows.iter().map(|window| window.n_sessions).max().unwrap_or(0);
        let sessions = rule.calendar.sessions_before(day.date, most)?;
        Ok(sessions.first().map_or(day.date, |first| first.date))
    }

    /// The trailing sessions of `interval`, oldest first.
    pub(crate) fn trailing(&self, interval: BarInterval) -> Arc<[Arc<Segment>]> {
        let window = self.windows.iter().find(|window| window.interval == interval);
        window.map_or_else(Arc::default, |w| w.segments.iter().cloned().collect())
    }

    /// What each session of each window has come to, as a number.
    pub(crate) fn prints(&self) -> Vec<(BarInterval, TradingDate, Digest)> {
        let of_window = |window: &Window| {
            let interval = window.interval;
            let of_sessions = window.dates.iter().zip(&window.segments);
            let print = |segment: &Segment| series_digest(Digest::default(), &segment.rows());
            let prints: Vec<_> =
                of_sessions.map(|(date, segment)| (interval, *date, print(segment))).collect();
            prints
        };
        self.windows.iter().flat_map(of_window).collect()
    }

    /// What each window holds.
    pub(crate) fn report(&self) -> Vec<HistoryReport> {
        let of_window = |window: &Window| {
            let with_bars = window.segments.iter().filter(|segment| !segment.rows().is_empty());
            HistoryReport {
                interval: window.interval,
                n_sessions: window.segments.len() as u32,
                n_with_bars: with_bars.count() as u32,
            }
        };
        self.windows.iter().map(of_window).collect()
    }

    /// The intervals with a window, in the order asked.
    pub(crate) fn intervals(&self) -> impl Iterator<Item = BarInterval> {
        self.windows.iter().map(|window| window.interval)
    }
}

impl Window {
    fn roll(
        &mut self,
        symbol: &Symbol,
        base: BarInterval,
        day: &Session,
        rule: &LayoutRule,
        (source, kept): (&mut dyn Source, &Kept),
    ) -> Result<(), RunError> {
        let wanted = rule.calendar.sessions_before(day.date, self.n_sessions)?;
        let first = wanted.first().map_or(day.date, |session| session.date);
        while self.dates.front().is_some_and(|&date| date < first) {
            self.dates.pop_front();
            self.segments.pop_front();
        }
        let held_through = self.dates.back().copied();
        for session in wanted.iter().filter(|s| held_through.is_none_or(|date| s.date > date)) {
            if let Some(segment) = self.load(symbol, base, session, rule, (source, kept))? {
                self.segments.push_back(segment);
                self.dates.push_back(session.date);
            }
        }
        Ok(())
    }

    /// The segment of one past session; `None` for a session that no bar of the interval ends in.
    fn load(
        &mut self,
        symbol: &Symbol,
        base: BarInterval,
        session: &Session,
        rule: &LayoutRule,
        (source, kept): (&mut dyn Source, &Kept),
    ) -> Result<Option<Arc<Segment>>, RunError> {
        let from = match self.origin {
            SeriesOrigin::Stored => self.interval,
            SeriesOrigin::Folded { from } => from,
        };
        // Past sessions are laid out for the interval read and the one wanted, regular hours;
        // the base keeps the hours of the run, so that yesterday looks as it did.
        let rule = LayoutRule {
            base: from,
            derived: if from == self.interval { Vec::new() } else { vec![self.interval] },
            hours: if from == base { rule.hours } else { openbell_config::Hours::Regular },
            calendar: rule.calendar.clone(),
        };
        let sessions = if self.interval == BarInterval::WEEK {
            let week = rule.calendar.sessions_of_week(session.date.monday())?;
            if week.last().is_some_and(|last| last.date != session.date) {
                return Ok(None); // The week's bar closes with a later session.
            }
            if self.origin == SeriesOrigin::Stored { vec![week[0]] } else { week.to_vec() }
        } else {
            vec![*session]
        };
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                let key = SeriesKey { symbol: symbol.clone(), interval: from };
                none.insert(SessionReader::new(source.feed(&key, &rule.calendar)?))
            }
        };
        if self.interval == BarInterval::WEEK && self.origin == SeriesOrigin::Stored {
            let admitted = &mut self.admitted;
            return stored_week(reader, admitted, &rule, &sessions[0], session).map(Some);
        }
        let derived: Vec<BarInterval> = rule.derived.clone();
        let none = |_| IndicatorSet::default();
        let mut processor = SymbolProcessor::new(from, &derived, none);
        let slots = if from == base { SlotsOf::Base(from) } else { SlotsOf::Regular(from) };
        let mut made: Option<SessionSeries> = None;
        for part in &sessions {
            let layout = rule.lay(*part)?;
            // What the run delivered itself is known, whatever the source has of it.
            let delivered = kept.bars(symbol, part.date).filter(|_| from == base);
            let mut whole = match delivered {
                Some(bars) => bars,
                None => reader.read_bars(&layout, slots, &mut self.admitted)?,
            };
            if derived.is_empty() {
                // They are kept for many sessions; what lies beside them is not.
                whole.bars = whole.bars.detached();
            }
            made = Some(processor.whole_session(&layout.series, whole, SeriesMemory::default()));
        }
        let Some(mut series) = made else { return Ok(None) };
        let writer = if derived.is_empty() { series.base } else { series.derived.remove(0) };
        Ok(Some(Arc::clone(writer.segment())))
    }
}

/// The stored bar of the week that ends with `last` and begins with `first`.
fn stored_week(
    reader: &mut SessionReader,
    admitted: &mut Admitted,
    rule: &LayoutRule,
    first: &Session,
    last: &Session,
) -> Result<Arc<Segment>, RunError> {
    let week_rule =
        LayoutRule { base: BarInterval::DAY, derived: vec![BarInterval::WEEK], ..rule.clone() };
    let layout = week_rule.lay(*first)?;
    let slots = SlotsOf::Regular(BarInterval::DAY);
    let WholeBars { bars, .. } = reader.read_bars(&layout, slots, admitted)?;
    let (_, day) = layout.series.derived[0].clone();
    let shape = SegmentShape {
        interval: BarInterval::WEEK,
        role: SeriesRole::Derived,
        visibility: Visibility::AtClose,
        indicators: Arc::from([]),
    };
    let mut writer = SegmentWriter::new(shape, day, 1);
    if !bars.is_empty() {
        let mut tail = writer.tail();
        tail.bars.copy_from(&bars.as_rows().rows(0..1));
        tail.closes_at_ns[0] = last.close.as_nanos();
        if let Some((n, expected)) = &mut tail.coverage {
            (n[0], expected[0]) = (1, 1);
        }
        writer.commit(1);
    }
    Ok(Arc::clone(writer.segment()))
}
