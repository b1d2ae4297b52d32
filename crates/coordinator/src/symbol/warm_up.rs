//! The state of a symbol before a session: history windows and warm indicators, as those of a
//! symbol that was there from the first session on.

use openbell_data_manager::FeedKind;
use openbell_market::{BarInterval, SeriesKey, Symbol};
use openbell_processor::{SeriesMemory, SymbolProcessor};
use openbell_time::Session;

use crate::error::RunError;
use crate::history::History;
use crate::layout::LayoutRule;
use crate::plan::reading::Reading;
use crate::source::admission::Admitted;
use crate::source::session_reader::{SessionReader, SlotsOf};

/// The processor and the history windows of `symbol`, of which the intervals `stored` can be read,
/// as they stand before the session `day`.
///
/// *Time*: depends on rows of sessions strictly before `day`. *Cost*: reads the trailing windows
/// and every session of the run before `day`.
pub(crate) fn before_session(
    reading: &mut Reading<'_>,
    symbol: &Symbol,
    stored: &[BarInterval],
    day: &Session,
) -> Result<(SymbolProcessor, History), RunError> {
    let Reading { plan, rule, source, kept, kind } = reading;
    let first = plan.sessions[0];
    let windows = plan.history_of(symbol);
    let mut history = History::new(symbol, rule.base, &windows, stored);
    let key = SeriesKey { symbol: symbol.clone(), interval: rule.base };
    let mut reader = SessionReader::new(source.feed(&key, &rule.calendar)?);
    let mut admitted = Admitted::default();
    let has_week = rule.derived.contains(&BarInterval::WEEK);
    let outlasts = has_week || !plan.indicators().is_empty();
    let (since, mut processor) = match kept.state_before(symbol, day.date) {
        Some((date, processor)) => (date.plus_days(1), processor),
        None => {
            let mut processor = SymbolProcessor::new(rule.base, &rule.derived, |interval| {
                plan.indicators_on(interval)
            });
            history.roll(&first, rule, *source, kept)?;
            warm(&mut processor, &history, rule);
            // Without indicators nothing outlasts a session but the week that has begun.
            let week = day.date.monday();
            let since = if plan.indicators().is_empty() { week } else { first.date };
            if has_week && since <= first.date {
                begin_week(&mut processor, &mut reader, &mut admitted, rule, &first)?;
            }
            (since, processor)
        }
    };
    let mut memory = SeriesMemory::default();
    // What the run did before is looked for also where only a trailing window shows it.
    let shown_since = match kind {
        FeedKind::Live => history.first_date(day, rule)?,
        FeedKind::Stored => day.date,
    };
    let is_due = |session: &&Session| (since.min(shown_since)..day.date).contains(&session.date);
    for session in plan.sessions.iter().filter(is_due) {
        let layout = rule.lay(*session)?;
        let is_needed = outlasts && session.date >= since || session.date >= shown_since;
        let bars = match kept.bars(symbol, session.date) {
            Some(bars) => bars,
            None => {
                let slots = SlotsOf::Base(rule.base);
                let bars = reader.read_bars(&layout, slots, &mut admitted)?;
                if *kind == FeedKind::Live && is_needed && bars.bars.is_empty() {
                    check_reach(&mut reader, symbol, session, day)?;
                }
                bars
            }
        };
        if session.date < since {
            continue;
        }
        memory = processor.whole_session(&layout.series, bars, memory).into_memory();
    }
    history.roll(day, rule, *source, kept)?;
    Ok((processor, history))
}

/// Refuses a symbol whose history source ends before `session`, a live one of this run in which it
/// was no member: what it did then is not known, which is not the same as nothing.
fn check_reach(
    reader: &mut SessionReader,
    symbol: &Symbol,
    session: &Session,
    day: &Session,
) -> Result<(), RunError> {
    let until = day.pre_open.unwrap_or(day.open);
    if reader.has_rows_until(until)? {
        return Ok(());
    }
    Err(RunError::HistoryEnds { symbol: symbol.clone(), session: session.date })
}

/// Seeds every indicator with the trailing window of its interval, where the config loads one.
fn warm(processor: &mut SymbolProcessor, seed: &History, rule: &LayoutRule) {
    for segment in seed.trailing(rule.base).iter() {
        processor.base_mut().indicators_mut().seed(segment);
    }
    for fold in processor.folds_mut() {
        for segment in seed.trailing(fold.interval()).iter() {
            fold.indicators_mut().seed(segment);
        }
    }
}

/// Folds the sessions of the first session's week that lie before the run.
fn begin_week(
    processor: &mut SymbolProcessor,
    reader: &mut SessionReader,
    admitted: &mut Admitted,
    rule: &LayoutRule,
    first: &Session,
) -> Result<(), RunError> {
    for &session in rule.calendar.sessions_of_week(first.date.monday())? {
        if session.date >= first.date {
            break;
        }
        let layout = rule.lay(session)?;
        let bars = reader.read_bars(&layout, SlotsOf::Base(rule.base), admitted)?;
        // Only the week carries over; the shorter series of this throw-away day end here, and so
        // must not touch the indicators of the real ones.
        let mut weekly = processor.only(BarInterval::WEEK);
        let week_layout = layout.only(BarInterval::WEEK);
        drop(weekly.whole_session(&week_layout.series, bars, SeriesMemory::default()));
        processor.adopt(weekly);
    }
    Ok(())
}
