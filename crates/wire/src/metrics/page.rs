//! The figures as a page of metrics: which of them are written, under which labels.
//!
//! Not here: the format ([`prometheus_client`]).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::catalogue::{Kind, Metric, PHASES, REASONS};
use super::distribution::Distribution;
use super::figures::{
    ConsumerFigures, Figures, LiveFigures, RunFigures, SymbolFigures, SymbolSeries,
};
use super::{N_OWN, OTHER};

/// What is written when somebody asks.
#[derive(Debug)]
pub(super) struct Page(pub(super) Arc<Figures>);

impl Collector for Page {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Out(encoder);
        let figures = self.0.as_ref();
        about(figures, &mut out)?;
        run(&figures.run, &mut out)?;
        flow(&figures.run, &mut out)?;
        asked(&figures.run, &figures.consumers, &mut out)?;
        if let Some(live) = &figures.live {
            connections(live, &mut out)?;
            vendors(live, &mut out)?;
        }
        if let Some(recording) = &figures.recording {
            out.count("openbell_recording_bytes_total", recording.n_bytes)?;
            out.number("openbell_recording_unsynced_seconds", recording.unsynced_s)?;
        }
        symbols(&shown(&figures.symbols, figures.shown), &mut out)?;
        if let Some(process) = &figures.process {
            out.number("process_cpu_seconds_total", process.cpu_s)?;
            out.count("process_resident_memory_bytes", process.resident_bytes)?;
            out.count("process_open_fds", process.n_open_fds)?;
            out.number("process_start_time_seconds", process.began_s)?;
        }
        Ok(())
    }
}

fn about(figures: &Figures, out: &mut Out<'_>) -> fmt::Result {
    let Figures { build, session, .. } = figures;
    let labels = [&build.version, &build.rustc, &build.revision];
    out.family("openbell_build_info", [(labels, Value::Count(1))])?;
    let labels = [&session.name, &session.mode, &session.exchange_group];
    out.family("openbell_session_info", [(labels, Value::Count(1))])
}

fn run(run: &RunFigures, out: &mut Out<'_>) -> fmt::Result {
    let one_of = |is: bool| Value::Count(u64::from(is));
    out.family("openbell_run_phase", PHASES.map(|name| ([name], one_of(name == run.phase))))?;
    out.count("openbell_session_active", u64::from(run.reason.is_none()))?;
    let reasons = REASONS.map(|name| ([name], one_of(run.reason == Some(name))));
    out.family("openbell_session_inactive_reason", reasons)?;
    for (name, seconds) in [
        ("openbell_session_inactive_seconds_total", &run.inactive_s),
        ("openbell_session_inactive_wall_seconds_total", &run.inactive_wall_s),
    ] {
        let of = |reason| Value::Number(seconds.get(reason).copied().unwrap_or(0.0));
        out.family(name, REASONS.map(|reason| ([reason], of(reason))))?;
    }
    let switches = [(["open"], Value::Count(run.n_opened)), (["shut"], Value::Count(run.n_shut))];
    out.family("openbell_gate_switches_total", switches)?;
    out.count("openbell_gate_epoch", run.epoch)?;
    out.count("openbell_publication", run.publication)?;
    out.number("openbell_session_clock_timestamp_seconds", run.clock_s)?;
    out.number("openbell_session_clock_behind_wall_seconds", run.behind_wall_s)
}

fn flow(run: &RunFigures, out: &mut Out<'_>) -> fmt::Result {
    let states = run.n_symbols.by_state().map(|(state, n)| ([state], Value::Count(n)));
    out.family("openbell_symbols", states)?;
    out.count("openbell_symbols_lagging", run.n_lagging)?;
    out.number("openbell_lag_seconds_max", run.lag_max_s)?;
    out.number("openbell_lag_seconds_sum", run.lag_sum_s)?;
    out.count("openbell_backlog_bars", run.n_backlog)?;
    let counted = |(label, n): (&String, &u64)| ([label.clone()], Value::Count(*n));
    out.family("openbell_bars_delivered_total", run.delivered.iter().map(counted))?;
    out.family("openbell_bars_derived_total", run.derived.iter().map(counted))?;
    let rejected = run.rejected.iter().map(|(reason, n)| ([reason], Value::Count(*n)));
    out.family("openbell_rows_rejected_total", rejected)?;
    let quality = run.quality.iter().map(|(interval, share)| ([interval], Value::Number(*share)));
    out.family("openbell_quality_ratio", quality)?;
    out.count("openbell_gaps_open", run.n_gaps)
}

fn asked(run: &RunFigures, consumers: &[ConsumerFigures], out: &mut Out<'_>) -> fmt::Result {
    let commands = run.commands.iter();
    let commands = commands.map(|((name, outcome), n)| ([name, outcome], Value::Count(*n)));
    out.family("openbell_commands_total", commands)?;
    out.count("openbell_commands_waiting", run.n_commands_waiting)?;
    let displaced =
        consumers.iter().map(|consumer| ([&consumer.name], Value::Count(consumer.n_displaced)));
    out.family("openbell_consumer_notices_displaced_total", displaced)?;
    let failed = consumers.iter().map(|consumer| {
        let labels = [consumer.name.as_str(), consumer.delivery];
        (labels, Value::Count(u64::from(consumer.has_failed)))
    });
    out.family("openbell_consumer_failed", failed)?;
    let signals = run.signals.iter();
    let signals = signals.map(|((consumer, kind), n)| ([consumer, kind], Value::Count(*n)));
    out.family("openbell_signals_total", signals)?;
    out.number("openbell_pace_overrun_seconds", run.overrun_s)?;
    out.count("openbell_steps_total", run.n_steps)?;
    out.number("openbell_core_busy_seconds_total", run.core_busy_s)?;
    out.count("openbell_events_logged_total", run.n_events)
}

fn connections(live: &LiveFigures, out: &mut Out<'_>) -> fmt::Result {
    out.distribution("openbell_look_seconds", live.looks.as_ref())?;
    out.count("openbell_queue_rows", live.n_queued)?;
    let feeds = || live.feeds.iter();
    let connected = feeds().map(|feed| ([&feed.name], Value::Count(u64::from(feed.is_connected))));
    out.family("openbell_feed_connected", connected)?;
    let reconnects = feeds().flat_map(|feed| {
        feed.reconnects.iter().map(|(why, n)| ([feed.name.as_str(), why], Value::Count(*n)))
    });
    out.family("openbell_feed_reconnects_total", reconnects)?;
    let silence = feeds().filter_map(|feed| Some(([&feed.name], Value::Number(feed.silence_s?))));
    out.family("openbell_feed_silence_seconds", silence)?;
    let backfilled =
        feeds().filter_map(|feed| Some(([&feed.name], Value::Count(feed.n_backfilled?))));
    out.family("openbell_feed_backfilled_bars_total", backfilled)?;
    out.distribution("openbell_latency_seconds", live.latency.as_ref())
}

fn vendors(live: &LiveFigures, out: &mut Out<'_>) -> fmt::Result {
    let vendors = || live.vendors.iter();
    let skew = vendors().filter_map(|vendor| Some(([&vendor.name], Value::Number(vendor.skew_s?))));
    out.family("openbell_skew_seconds", skew)?;
    let requests = vendors().flat_map(|vendor| {
        let mut by_label = std::collections::BTreeMap::new();
        for (end, n) in &vendor.requests {
            *by_label.entry(end.label()).or_insert(0) += n;
        }
        let name = vendor.name.as_str();
        by_label.into_iter().map(move |(label, n)| ([name, label], Value::Count(n)))
    });
    out.family("openbell_requests_total", requests)?;
    let limited = vendors()
        .filter_map(|vendor| Some(([&vendor.name], Value::Number(vendor.rate_limited_s?))));
    out.family("openbell_rate_limited_seconds_total", limited)?;
    let mut suspects: Vec<(&str, u64)> =
        live.topic_suspects.iter().map(|(symbol, n)| (symbol.as_str(), *n)).collect();
    let other = beyond(&mut suspects);
    let suspects = suspects.into_iter().chain((other > 0).then_some((OTHER, other)));
    let suspects = suspects.map(|(symbol, n)| ([symbol], Value::Count(n)));
    out.family("openbell_topic_suspect_total", suspects)?;
    out.count("openbell_revised_total", live.n_revised)?;
    out.count("openbell_gap_bars_total", live.n_gap_bars)
}

/// Keeps those that have a series of their own, in their order: the first of the largest. Returns the
/// count of all others together.
fn beyond(counts: &mut Vec<(&str, u64)>) -> u64 {
    counts.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
    let other = counts.iter().skip(N_OWN).map(|(_, n)| n).sum();
    counts.truncate(N_OWN);
    counts.sort();
    other
}

/// The members that have series, in symbol order.
fn shown(symbols: &[SymbolFigures], series: SymbolSeries) -> Vec<&SymbolFigures> {
    match series {
        SymbolSeries::ByNumber if symbols.len() > SymbolSeries::ALL_UP_TO => Vec::new(),
        SymbolSeries::ByNumber | SymbolSeries::All => symbols.iter().collect(),
        SymbolSeries::Lagging => {
            let mut lagging: Vec<_> = symbols.iter().filter(|symbol| symbol.is_lagging).collect();
            lagging.sort_by(|a, b| b.lag_s.total_cmp(&a.lag_s));
            lagging.truncate(SymbolSeries::N_LAGGING);
            lagging.sort_by(|a, b| a.symbol.cmp(&b.symbol));
            lagging
        }
        SymbolSeries::None => Vec::new(),
    }
}

fn symbols(symbols: &[&SymbolFigures], out: &mut Out<'_>) -> fmt::Result {
    let states = crate::status::SymbolCounts::default().by_state();
    let number = |state| states.iter().position(|(name, _)| *name == state);
    let each = || symbols.iter().copied();
    let state =
        each().filter_map(|of| Some(([&of.symbol], Value::Count(number(of.state)? as u64))));
    out.family("openbell_symbol_state", state)?;
    let lag = each().map(|of| ([&of.symbol], Value::Number(of.lag_s)));
    out.family("openbell_symbol_lag_seconds", lag)?;
    let backlog = each().map(|of| ([&of.symbol], Value::Count(of.n_backlog)));
    out.family("openbell_symbol_backlog_bars", backlog)?;
    let close = each().filter_map(|of| Some(([&of.symbol], Value::Number(of.last_close_s?))));
    out.family("openbell_symbol_last_close_timestamp_seconds", close)?;
    let quality = each().filter_map(|of| Some(([&of.symbol], Value::Number(of.quality?))));
    out.family("openbell_symbol_quality_ratio", quality)
}

/// A value of a series.
#[derive(Clone, Copy, Debug)]
enum Value {
    Count(u64),
    Number(f64),
}

/// Where metrics are written to.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    /// Writes a metric without labels, where its value is known.
    fn count(&mut self, name: &str, value: impl Into<Option<u64>>) -> fmt::Result {
        let none: [&str; 0] = [];
        self.family(name, value.into().map(|n| (none, Value::Count(n))))
    }

    /// Writes a metric without labels, where its value is known.
    fn number(&mut self, name: &str, value: impl Into<Option<f64>>) -> fmt::Result {
        let none: [&str; 0] = [];
        self.family(name, value.into().map(|number| (none, Value::Number(number))))
    }

    /// Writes the series of a metric, each with the values of its labels in their order; nothing of a
    /// metric that has none.
    fn family<L: AsRef<str>, const N: usize>(
        &mut self,
        name: &str,
        series: impl IntoIterator<Item = ([L; N], Value)>,
    ) -> fmt::Result {
        let mut series = series.into_iter().peekable();
        if series.peek().is_none() {
            return Ok(());
        }
        let metric = Metric::named(name);
        let kind = match metric.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
            Kind::Info => MetricType::Info,
        };
        let mut encoder = self.0.encode_descriptor(stem(metric), metric.help, None, kind)?;
        for (values, value) in series {
            let labels: Vec<(&str, Cow<'_, str>)> = metric
                .labels
                .iter()
                .zip(&values)
                .map(|(label, value)| (*label, Cow::from(value.as_ref())))
                .collect();
            let mut encoder = encoder.encode_family(&labels)?;
            match (metric.kind, value) {
                (Kind::Counter, Value::Count(n)) => {
                    encoder.encode_counter::<NoLabelSet, _, f64>(&n, None)?;
                }
                (Kind::Counter, Value::Number(number)) => {
                    encoder.encode_counter::<NoLabelSet, _, f64>(&number, None)?;
                }
                (_, Value::Count(n)) => encoder.encode_gauge(&n)?,
                (_, Value::Number(number)) => encoder.encode_gauge(&number)?,
            }
        }
        Ok(())
    }

    /// Writes a histogram, where it is known.
    fn distribution(&mut self, name: &str, of: Option<&Distribution>) -> fmt::Result {
        let Some(of) = of else { return Ok(()) };
        let metric = Metric::named(name);
        let mut encoder =
            self.0.encode_descriptor(metric.name, metric.help, None, MetricType::Histogram)?;
        encoder.encode_histogram::<NoLabelSet>(of.sum_s(), of.n(), &of.buckets(), None)
    }
}

/// The name without what the format puts behind it.
fn stem(metric: &Metric) -> &'static str {
    let end = match metric.kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        Kind::Gauge | Kind::Histogram => "",
    };
    metric.name.strip_suffix(end).unwrap_or(metric.name)
}
