//! The report in the form in which it is written as JSON.
//!
//! Not here: that form ([`crate::wire::report`]).

use openbell_coordinator::{
    ConsumerReport, GateSwitch, HistoryReport, Report, SeriesReport, SessionReport, Signal,
    SymbolReport,
};
use openbell_market::{Gap, Quality};
use openbell_time::Timestamp;
use serde_json::Value;

use super::{RunFacts, per_second};
use crate::events::{reason_shape, signal_shape};
use crate::wire::report as wire;

/// The report of a run as JSON.
pub fn as_json(report: &Report, facts: &RunFacts<'_>) -> Value {
    serde_json::to_value(shape_of(report, facts)).expect("a report has text for keys")
}

fn shape_of(report: &Report, facts: &RunFacts<'_>) -> wire::Report {
    let digests = report.digests.iter();
    wire::Report {
        session_name: facts.config.session_name.clone(),
        exchange_group: facts.config.exchange_group.name.to_owned(),
        phase: report.phase.name().to_owned(),
        failure: report.failure.as_ref().map(ToString::to_string),
        base_interval: report.base.to_string(),
        n_bars: report.n_bars,
        n_derived: report.n_derived,
        n_steps: report.n_steps,
        digest: report.digest.to_string(),
        symbol_digests: digests.map(|(symbol, d)| (symbol.to_string(), d.to_string())).collect(),
        sessions: report.sessions.iter().map(session).collect(),
        interrupted: report.interrupted.as_ref().map(|open| wire::Interrupted {
            at: open.at.to_string(),
            session: session(&open.session),
        }),
        consumers: report.consumers.iter().map(consumer).collect(),
        signals: report.signals.iter().map(signal).collect(),
        metadata: facts.config.metadata.clone(),
        exported: facts.exported.map(|(exported, folder)| wire::Exported {
            folder: folder.display().to_string(),
            files: exported.n_files,
            bars: exported.n_bars,
            indicator_rows: exported.n_indicator_rows,
            quality_rows: exported.n_quality_rows,
            signal_rows: exported.n_signal_rows,
        }),
        wall: wire::Wall {
            elapsed_s: facts.elapsed.as_secs_f64(),
            bars_per_s: per_second(report.n_bars, facts.elapsed),
            overrun_s: report.overrun.as_secs_f64(),
        },
    }
}

fn consumer(consumer: &ConsumerReport) -> wire::Consumer {
    wire::Consumer {
        name: consumer.name.clone(),
        delivery: consumer.delivery.name().to_owned(),
        n_signals: consumer.n_signals,
        n_commands: consumer.n_commands,
        n_displaced: consumer.n_displaced,
        failure: consumer.failure.clone(),
    }
}

fn signal((at, signal): &(Timestamp, Signal)) -> wire::SignalAt {
    wire::SignalAt { at: at.to_string(), signal: signal_shape(signal) }
}

fn session(session: &SessionReport) -> wire::Session {
    wire::Session {
        date: session.date.to_string(),
        open: session.open.to_string(),
        close: session.close.to_string(),
        early_close: session.is_early_close,
        n_bars: session.n_bars,
        symbols: session.symbols.iter().map(symbol).collect(),
        gate: session.switches.iter().map(switch).collect(),
    }
}

fn symbol(symbol: &SymbolReport) -> wire::Symbol {
    let rejected = symbol.rejected.iter();
    wire::Symbol {
        symbol: symbol.symbol.to_string(),
        left_before_close: symbol.has_left,
        series: symbol.series.iter().map(series).collect(),
        history: symbol.history.iter().map(history).collect(),
        rejected: rejected.map(|(reason, n_rows)| (reason.name().to_owned(), *n_rows)).collect(),
    }
}

fn history(held: &HistoryReport) -> wire::History {
    wire::History {
        interval: held.interval.to_string(),
        sessions: held.n_sessions,
        with_bars: held.n_with_bars,
    }
}

fn series(series: &SeriesReport) -> wire::Series {
    wire::Series {
        interval: series.interval.to_string(),
        n_bars: series.n_bars,
        n: series.coverage.map(|coverage| coverage.n),
        expected: series.coverage.map(|coverage| coverage.expected),
        quality_pct: series.coverage.and_then(|c| c.quality()).map(Quality::as_pct),
        longest_gap: series.longest_gap.map(gap),
    }
}

fn gap(gap: Gap) -> wire::Gap {
    wire::Gap { since: gap.since.to_string(), until: gap.until.to_string(), bars: gap.n_bars }
}

fn switch(switch: &GateSwitch) -> wire::GateSwitch {
    wire::GateSwitch {
        at: switch.at.to_string(),
        epoch: switch.epoch,
        active: switch.reason.is_none(),
        reason: switch.reason.as_ref().map(reason_shape),
    }
}
