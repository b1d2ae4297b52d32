//! The report of a run, as it is written.

use openbell_account::AccountResults;
use openbell_config::SessionConfig;
use openbell_coordinator::{
    ConsumerReport, DIGEST_FORM, DigestParts, GateSwitch, HistoryReport, Report, SeriesReport,
    SessionReport, Signal, SymbolReport,
};
use openbell_market::{Gap, Quality};
use openbell_time::{Nanos, Timestamp};

use crate::report as shape;

/// What a report says beside what the run knows of itself.
#[derive(Clone, Debug)]
pub struct ReportFacts<'a> {
    /// What was asked.
    pub config: &'a SessionConfig,
    /// Wall time from the first step to the end.
    pub elapsed: Nanos,
    /// What the accounts came to; empty where there are none.
    pub accounts: &'a [AccountResults<'a>],
    /// The files of what is not listed; absent where there are none.
    pub streamed: Option<shape::Streamed>,
    /// What was exported; absent where nothing was.
    pub exported: Option<shape::Exported>,
    /// What only a live run has; absent in a backtest.
    pub live: Option<shape::Live>,
}

impl shape::Report {
    /// The report of a run.
    pub fn of(report: &Report, facts: ReportFacts<'_>) -> shape::Report {
        let digests = report.digests.iter();
        shape::Report {
            session_name: facts.config.session_name.clone(),
            exchange_group: facts.config.exchange_group.name.to_owned(),
            phase: report.phase.name().to_owned(),
            failure: report.failure.as_ref().map(ToString::to_string),
            base_interval: report.base.to_string(),
            n_bars: report.n_bars,
            n_derived: report.n_derived,
            n_steps: report.n_steps,
            digest: report.digest.to_string(),
            digest_parts: (&report.digest_parts).into(),
            digest_form: DIGEST_FORM,
            symbol_digests: digests
                .map(|(symbol, digest)| (symbol.to_string(), digest.to_string()))
                .collect(),
            sessions: report.sessions.iter().map(Into::into).collect(),
            interrupted: report.interrupted.as_ref().map(|open| shape::Interrupted {
                at: open.at.to_string(),
                session: (&open.session).into(),
            }),
            consumers: report.consumers.iter().map(Into::into).collect(),
            signals: report.signals.iter().map(signal).collect(),
            accounts: facts.accounts.iter().map(Into::into).collect(),
            metadata: facts.config.metadata.clone(),
            streamed: facts.streamed,
            exported: facts.exported,
            live: facts.live,
            wall: shape::Wall::of(report, facts.elapsed),
        }
    }
}

impl shape::Wall {
    /// What the wall clock saw of a run that took `elapsed`.
    pub fn of(report: &Report, elapsed: Nanos) -> shape::Wall {
        let elapsed_s = elapsed.as_secs_f64();
        shape::Wall {
            elapsed_s,
            bars_per_s: (elapsed_s > 0.0).then(|| report.n_bars as f64 / elapsed_s),
            overrun_s: report.overrun.as_secs_f64(),
        }
    }
}

fn signal((at, signal): &(Timestamp, Signal)) -> shape::SignalAt {
    shape::SignalAt { at: at.to_string(), signal: signal.into() }
}

impl From<&DigestParts> for shape::DigestParts {
    fn from(parts: &DigestParts) -> shape::DigestParts {
        shape::DigestParts {
            series: parts.series.to_string(),
            sequence: parts.sequence.to_string(),
            gate: parts.gate.to_string(),
        }
    }
}

impl From<&ConsumerReport> for shape::Consumer {
    fn from(consumer: &ConsumerReport) -> shape::Consumer {
        shape::Consumer {
            name: consumer.name.clone(),
            delivery: consumer.delivery.name().to_owned(),
            n_signals: consumer.n_signals,
            n_commands: consumer.n_commands,
            n_displaced: consumer.n_displaced,
            digest: consumer.digest.to_string(),
            failure: consumer.failure.clone(),
        }
    }
}

impl From<&SessionReport> for shape::Session {
    fn from(session: &SessionReport) -> shape::Session {
        shape::Session {
            date: session.date.to_string(),
            open: session.open.to_string(),
            close: session.close.to_string(),
            early_close: session.is_early_close,
            n_bars: session.n_bars,
            symbols: session.symbols.iter().map(Into::into).collect(),
            gate: session.switches.iter().map(Into::into).collect(),
        }
    }
}

impl From<&SymbolReport> for shape::Symbol {
    fn from(symbol: &SymbolReport) -> shape::Symbol {
        let rejected = symbol.rejected.iter();
        shape::Symbol {
            symbol: symbol.symbol.to_string(),
            left_before_close: symbol.has_left,
            series: symbol.series.iter().map(Into::into).collect(),
            history: symbol.history.iter().map(Into::into).collect(),
            rejected: rejected
                .map(|(reason, n_rows)| (reason.name().to_owned(), *n_rows))
                .collect(),
        }
    }
}

impl From<&HistoryReport> for shape::History {
    fn from(held: &HistoryReport) -> shape::History {
        shape::History {
            interval: held.interval.to_string(),
            sessions: held.n_sessions,
            with_bars: held.n_with_bars,
        }
    }
}

impl From<&SeriesReport> for shape::Series {
    fn from(series: &SeriesReport) -> shape::Series {
        let quality = series.coverage.and_then(|coverage| coverage.quality());
        shape::Series {
            interval: series.interval.to_string(),
            n_bars: series.n_bars,
            n: series.coverage.map(|coverage| coverage.n),
            expected: series.coverage.map(|coverage| coverage.expected),
            quality_pct: quality.map(Quality::as_pct),
            longest_gap: series.longest_gap.map(Into::into),
        }
    }
}

impl From<Gap> for shape::Gap {
    fn from(gap: Gap) -> shape::Gap {
        let Gap { since, until, n_bars } = gap;
        shape::Gap { since: since.to_string(), until: until.to_string(), bars: n_bars }
    }
}

impl From<&GateSwitch> for shape::GateSwitch {
    fn from(switch: &GateSwitch) -> shape::GateSwitch {
        shape::GateSwitch {
            at: switch.at.to_string(),
            epoch: switch.epoch,
            active: switch.reason.is_none(),
            reason: switch.reason.as_ref().map(Into::into),
        }
    }
}
