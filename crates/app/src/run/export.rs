//! What was visible at each session's close, handed to the files of an export.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use openbell_account::AccountResults;
use openbell_coordinator::{
    Consumer, Context, Engine, Event, Interrupted, Outcome, Report, SessionReport, Signal,
    Subscription,
};
use openbell_data_manager::DataError;
use openbell_data_manager::export::{
    ExportBars, ExportReport, ExportValues, QualityRow, RunExport, SignalRow,
};
use openbell_market::{Grid, SeriesKey, Symbol};
use openbell_session_data::{Rows, SymbolView};
use openbell_time::{SessionPart, Timestamp, TradingDate};
use openbell_wire::engine::{LogHead, end_line, event_line};

use super::traded::Orders;
use super::{OUR_CONSUMERS, traded};
use crate::exit::{Exit, Failure};
use crate::indicator_name::column_name;
use crate::report::EXPORT;

/// An export that is being filled by a consumer of the run, and with its events.
pub(super) struct Export {
    folder: PathBuf,
    shared: Arc<Mutex<Option<RunExport>>>,
    orders: Orders,
}

impl Export {
    /// Begins an export into `folder`, filled as sessions of `engine` close.
    pub(super) fn create(
        folder: &Path,
        head: &LogHead,
        engine: &mut Engine,
    ) -> Result<Export, Failure> {
        let mut export = RunExport::create(folder, &head.line()).map_err(failed)?;
        export.append_event(&head.line()).map_err(failed)?;
        let shared = Arc::new(Mutex::new(Some(export)));
        engine.register(Box::new(Exporter(Arc::clone(&shared))), OUR_CONSUMERS);
        Ok(Export { folder: folder.to_owned(), shared, orders: Orders::default() })
    }

    /// Where it is written.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes in what has happened in the run.
    pub(super) fn take(&mut self, events: &[Event]) -> Result<(), Failure> {
        let mut export = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(export) = export.as_mut().filter(|_| !events.is_empty()) else { return Ok(()) };
        for event in events {
            export.append_event(&event_line(event)).map_err(failed)?;
            if let Event::Signalled { at, signal } = event {
                let Signal { consumer, symbol, kind, value } = signal.clone();
                let row = SignalRow { at: *at, consumer, symbol, kind, value };
                export.append_signal(&row).map_err(failed)?;
            }
            self.orders.take(event);
        }
        Ok(())
    }

    /// Appends what was there of a session that was interrupted, the quality of all sessions and what the
    /// accounts did, and puts the files in their places; `text` is the report, for the last of them.
    pub(super) fn finish(
        self,
        engine: &Engine,
        report: &Report,
        accounts: &[AccountResults<'_>],
        text: impl FnOnce(&ExportReport) -> String,
    ) -> Result<ExportReport, Failure> {
        let export = self.shared.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut export) = export else { return Ok(ExportReport::default()) };
        if let Some(interrupted) = &report.interrupted {
            append_interrupted(&mut export, engine, interrupted).map_err(failed)?;
        }
        append_quality(&mut export, engine, report).map_err(failed)?;
        export.append_event(&end_line(report)).map_err(failed)?;
        for (name, sheet) in traded::sheets(accounts, &self.orders) {
            export.put_sheet(name, sheet);
        }
        export.finish_with(|exported| Some(text(exported))).map_err(failed)
    }
}

/// Appends the bars and indicators of the session in which the run was stopped, up to the session
/// clock: of the symbols that had joined.
fn append_interrupted(
    export: &mut RunExport,
    engine: &Engine,
    interrupted: &Interrupted,
) -> Result<(), DataError> {
    let view = engine.inside_reader().view();
    for symbol in interrupted.session.symbols.iter().filter(|symbol| !symbol.has_left) {
        if let Some(symbol) = view.symbol(symbol.symbol.as_str()) {
            append_symbol(export, &symbol)?;
        }
    }
    export.mark_interrupted(interrupted.session.date, interrupted.at);
    Ok(())
}

/// Appends a row for every session and every symbol that was in the run at any time: as it stood at
/// the close, when it left, or when the run was interrupted; of one that was not there, nothing is
/// present. Without quality there is no row.
fn append_quality(
    export: &mut RunExport,
    engine: &Engine,
    report: &Report,
) -> Result<(), DataError> {
    let plan = engine.plan();
    let configured = &plan.config().session_data_config;
    if !configured.gap_filler.enable_session_quality {
        return Ok(());
    }
    let took_part = report.all_sessions().flat_map(|session| &session.symbols);
    let mut symbols: BTreeSet<&Symbol> = took_part.map(|symbol| &symbol.symbol).collect();
    symbols.extend(&configured.symbols);
    for session in report.all_sessions() {
        let ends_at = ends_of(session, report);
        let planned = plan.sessions().iter().find(|planned| planned.date == session.date);
        let n_slots = planned.map_or(0, |planned| {
            let parts: Vec<SessionPart> = planned.parts().collect();
            Grid::of(plan.base(), &parts).n_closed_by(ends_at) as u32
        });
        for symbol in &symbols {
            let mut stood = session.symbols.iter().filter(|other| other.symbol == **symbol);
            let stood = stood.clone().find(|other| !other.has_left).or_else(|| stood.next_back());
            let base = stood.and_then(|symbol| symbol.series.first());
            let (expected, present, longest_gap) = match base {
                Some(base) => {
                    let coverage = base.coverage.unwrap_or_default(); // Nothing expected yet.
                    let longest = base.longest_gap.map_or(0, |gap| gap.n_bars);
                    (coverage.expected, coverage.n, longest)
                }
                None => (n_slots, 0, n_slots),
            };
            let key = SeriesKey { symbol: (*symbol).clone(), interval: report.base };
            let session_date = session.date;
            let row = QualityRow { key, session_date, expected, present, longest_gap };
            export.append_quality(&row)?;
        }
    }
    Ok(())
}

/// When `session` ended: at its close, or where the run was interrupted in it.
fn ends_of(session: &SessionReport, report: &Report) -> Timestamp {
    let interrupted = report.interrupted.as_ref();
    let interrupted = interrupted.filter(|interrupted| interrupted.session.date == session.date);
    interrupted.map_or(session.close, |interrupted| interrupted.at)
}

fn failed(error: DataError) -> Failure {
    Failure::new(Exit::Output, error).of("cannot write the export")
}

struct Exporter(Arc<Mutex<Option<RunExport>>>);

impl Consumer for Exporter {
    fn name(&self) -> &str {
        EXPORT
    }

    fn subscription(&self) -> Subscription {
        Subscription::none()
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let mut export = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(export) = export.as_mut() else { return Ok(()) };
        let view = context.view();
        for symbol in view.symbols() {
            // A symbol that is withheld at the close was not visible.
            let Ok(symbol) = view.symbol(symbol.as_str()) else { continue };
            append_symbol(export, &symbol)?;
        }
        Ok(())
    }
}

fn append_symbol(export: &mut RunExport, symbol: &SymbolView<'_>) -> Result<(), DataError> {
    for interval in symbol.intervals() {
        let Ok(series) = symbol.series(interval) else { continue };
        let rows = series.today();
        let Some(segment) = rows.segment() else { continue };
        let key = SeriesKey { symbol: symbol.symbol().clone(), interval };
        append_bars(export, &key, segment.day().session_date, &rows)?;
        append_indicators(export, &key, &rows)?;
    }
    Ok(())
}

fn append_bars(
    export: &mut RunExport,
    key: &SeriesKey,
    session_date: TradingDate,
    rows: &Rows<'_>,
) -> Result<(), DataError> {
    let counts = |column: &[i64]| -> Vec<u32> {
        column.iter().map(|&n| u32::try_from(n).unwrap_or(u32::MAX)).collect()
    };
    let (n, expected) = match rows.coverage_columns() {
        Some((n, expected)) => (counts(n), counts(expected)),
        // A base bar is its own window.
        None => (vec![1; rows.len()], vec![1; rows.len()]),
    };
    export.append_bars(
        key,
        session_date,
        &ExportBars { bars: rows.bars(), n: &n, expected: &expected },
    )
}

fn append_indicators(
    export: &mut RunExport,
    key: &SeriesKey,
    rows: &Rows<'_>,
) -> Result<(), DataError> {
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for (indicator, field, column) in rows.indicator_columns() {
        names.push(column_name(indicator, field));
        let value = |value: &f64| (!value.is_nan()).then_some(*value);
        columns.push(column.iter().map(value).collect::<Vec<Option<f64>>>());
    }
    if names.is_empty() {
        return Ok(());
    }
    let values: Vec<ExportValues<'_>> =
        names.iter().zip(&columns).map(|(name, values)| ExportValues { name, values }).collect();
    export.append_indicators(key, rows.opens_at_ns(), &values)
}
