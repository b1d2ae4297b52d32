//! The state of a symbol before a session: history windows and warm indicators, as those of a
//! symbol that was there from the first session on.

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
    let Reading { plan, rule, source } = reading;
    let mut processor =
        SymbolProcessor::new(rule.base, &rule.derived, |interval| plan.indicators_on(interval));
    let first = plan.sessions[0];

    let windows = plan.history_of(symbol);
    let mut history = History::new(symbol, rule.base, &windows, stored);
    history.roll(&first, rule, *source)?;
    warm(&mut processor, &history, rule);

    let key = SeriesKey { symbol: symbol.clone(), interval: rule.base };
    let mut reader = SessionReader::new(source.feed(&key, &rule.calendar)?);
    let mut admitted = Admitted::default();
    if rule.derived.contains(&BarInterval::WEEK) {
        begin_week(&mut processor, &mut reader, &mut admitted, rule, &first)?;
    }
    let mut memory = SeriesMemory::default();
    for session in plan.sessions.iter().take_while(|session| session.date < day.date) {
        let layout = rule.lay(*session)?;
        let bars = reader.read_bars(&layout, SlotsOf::Base(rule.base), &mut admitted)?;
        memory = processor.whole_session(&layout.series, bars, memory).into_memory();
    }
    history.roll(day, rule, *source)?;
    Ok((processor, history))
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
