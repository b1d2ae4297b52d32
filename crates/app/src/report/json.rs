//! The report as JSON. Names and shape stay what they are; what is new is added.

use openbell_coordinator::{
    ConsumerReport, GateSwitch, Report, SeriesReport, SessionReport, Signal, SymbolReport,
};
use openbell_market::Quality;
use openbell_time::Timestamp;
use serde_json::{Map, Value, json};

use super::{RunFacts, per_second};
use crate::events::{reason_json, signal_json};

/// The report of a run. `wall` holds all that differs from one run to the next.
pub fn as_json(report: &Report, facts: &RunFacts<'_>) -> Value {
    let digests: Map<String, Value> = report
        .digests
        .iter()
        .map(|(symbol, digest)| (symbol.to_string(), json!(digest.to_string())))
        .collect();
    json!({
        "session_name": facts.config.session_name,
        "exchange_group": facts.config.exchange_group.name,
        "phase": report.phase.name(),
        "failure": report.failure.as_ref().map(ToString::to_string),
        "base_interval": report.base.to_string(),
        "n_bars": report.n_bars,
        "n_derived": report.n_derived,
        "n_steps": report.n_steps,
        "digest": report.digest.to_string(),
        "symbol_digests": digests,
        "sessions": report.sessions.iter().map(session).collect::<Vec<_>>(),
        "consumers": report.consumers.iter().map(consumer).collect::<Vec<_>>(),
        "signals": report.signals.iter().map(signal).collect::<Vec<_>>(),
        "metadata": facts.config.metadata,
        "exported": facts.exported.map(|(exported, folder)| json!({
            "folder": folder,
            "files": exported.n_files,
            "bars": exported.n_bars,
            "indicator_rows": exported.n_indicator_rows,
            "quality_rows": exported.n_quality_rows,
            "signal_rows": exported.n_signal_rows,
        })),
        "wall": {
            "elapsed_s": facts.elapsed.as_secs_f64(),
            "bars_per_s": per_second(report.n_bars, facts.elapsed),
            "overrun_s": report.overrun.as_secs_f64(),
        },
    })
}

fn consumer(consumer: &ConsumerReport) -> Value {
    json!({
        "name": consumer.name,
        "delivery": consumer.delivery.name(),
        "n_signals": consumer.n_signals,
        "n_commands": consumer.n_commands,
        "n_displaced": consumer.n_displaced,
        "failure": consumer.failure,
    })
}

fn signal((at, signal): &(Timestamp, Signal)) -> Value {
    let mut fields = signal_json(signal);
    fields["at"] = at.to_string().into();
    fields
}

fn session(session: &SessionReport) -> Value {
    json!({
        "date": session.date.to_string(),
        "open": session.open.to_string(),
        "close": session.close.to_string(),
        "early_close": session.is_early_close,
        "n_bars": session.n_bars,
        "symbols": session.symbols.iter().map(symbol).collect::<Vec<_>>(),
        "gate": session.switches.iter().map(switch).collect::<Vec<_>>(),
    })
}

fn symbol(symbol: &SymbolReport) -> Value {
    let rejected: Map<String, Value> = symbol
        .rejected
        .iter()
        .map(|(reason, n_rows)| (reason.name().to_owned(), json!(n_rows)))
        .collect();
    json!({
        "symbol": symbol.symbol.as_str(),
        "left_before_close": symbol.has_left,
        "series": symbol.series.iter().map(series).collect::<Vec<_>>(),
        "rejected": rejected,
    })
}

fn series(series: &SeriesReport) -> Value {
    json!({
        "interval": series.interval.to_string(),
        "n_bars": series.n_bars,
        "n": series.coverage.map(|coverage| coverage.n),
        "expected": series.coverage.map(|coverage| coverage.expected),
        "quality_pct": series.coverage.and_then(|c| c.quality()).map(Quality::as_pct),
        "longest_gap": series.longest_gap.map(|gap| {
            json!({
                "since": gap.since.to_string(),
                "until": gap.until.to_string(),
                "bars": gap.n_bars,
            })
        }),
    })
}

fn switch(switch: &GateSwitch) -> Value {
    json!({
        "at": switch.at.to_string(),
        "epoch": switch.epoch,
        "active": switch.reason.is_none(),
        "reason": switch.reason.as_ref().map(reason_json),
    })
}
