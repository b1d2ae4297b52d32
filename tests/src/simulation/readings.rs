//! What can be read of a run, against what the rows say must be there.

use std::collections::{BTreeMap, BTreeSet};

use openbell_coordinator::{Handle, Phase, Report, SymbolState};
use openbell_market::{Bar, BarInterval, Coverage, RejectReason, Symbol};
use openbell_session_data::{
    InsideView, Reason, Rows, SymbolHandle, SymbolView, Unavailable, View,
};
use openbell_time::Timestamp;

use super::oracle::{ExpectedBar, Oracle};
use super::scenario::Scenario;
use super::session_model::{SessionModel, Stage};
use super::violation::{Kept, Violation, keep};

/// Compares readings, new rows once each and the rest in turn.
pub struct Readings<'s> {
    scenario: &'s Scenario,
    oracle: &'s Oracle<'s>,
    /// Rows of each series that were compared, by the generation of the symbol and the day.
    compared: BTreeMap<(usize, Symbol, u32, BarInterval), usize>,
    /// The first handle of each symbol, and its generation.
    handles: BTreeMap<Symbol, (SymbolHandle, u32)>,
    n_views: usize,
}

impl<'s> Readings<'s> {
    /// Nothing compared yet.
    pub fn new(scenario: &'s Scenario, oracle: &'s Oracle<'s>) -> Readings<'s> {
        Readings {
            scenario,
            oracle,
            compared: BTreeMap::new(),
            handles: BTreeMap::new(),
            n_views: 0,
        }
    }

    /// A view from outside: the members, their rows up to its instant, nothing else.
    pub fn compare(&mut self, view: &View<'_>, model: &SessionModel<'_>) -> Kept<()> {
        self.n_views += 1;
        let (at, epoch) = (view.instant(), view.epoch());
        keep("a view is of the instant and the epoch", at == model.gate.clock, || {
            format!("a view of {at}")
        })?;
        keep("a view is of the instant and the epoch", epoch == model.gate.epoch, || {
            format!("epoch {epoch}, {} expected", model.gate.epoch)
        })?;
        let listed = view.symbols().eq(model.gate.published.keys());
        keep("the view lists the members of its publication", listed, || {
            let listed: Vec<_> = view.symbols().collect();
            format!("{listed:?} listed, {:?} expected", model.gate.published)
        })?;
        for (n, (symbol, &is_withheld)) in model.gate.published.iter().enumerate() {
            let read = view.symbol(symbol.as_str());
            let is_as_due = match &read {
                Ok(_) => !is_withheld,
                Err(unavailable) => {
                    is_withheld && matches!(unavailable, Unavailable::Withheld { .. })
                }
            };
            keep("never stale: a symbol that is behind is withheld", is_as_due, || {
                format!("{symbol} withheld: {is_withheld}, met {:?}", read.as_ref().err())
            })?;
            if let Ok(read) = read {
                let in_turn = self.n_views % model.gate.published.len() == n;
                self.compare_symbol(&read, model, in_turn)?;
            }
        }
        self.compare_handles(view, model)
    }

    fn compare_symbol(
        &mut self,
        read: &SymbolView<'_>,
        model: &SessionModel<'_>,
        in_turn: bool,
    ) -> Kept<()> {
        let symbol = read.symbol();
        let (Some(&generation), Some(symbol_idx)) =
            (model.shown.get(symbol), model.position(symbol))
        else {
            return Ok(());
        };
        let at = model.gate.clock;
        let regular = self.oracle.regular(model.day);
        for &interval in &model.shown_intervals {
            let due = self.oracle.series(model.day, symbol_idx, interval);
            let n_due = due.n_visible(at);
            let Ok(series) = read.series(interval) else {
                return keep("every interval can be read", false, || {
                    format!("{symbol} has no {interval}")
                });
            };
            let rows = series.today();
            let place = || format!("{symbol} {interval}");
            keep("never early: no bar before its close", rows.len() <= n_due, || {
                format!("{}: {} bars, {n_due} have closed", place(), rows.len())
            })?;
            keep("never missing: every bar at its close", rows.len() >= n_due, || {
                format!("{}: {} bars, {n_due} have closed", place(), rows.len())
            })?;
            let key = (model.day, symbol.clone(), generation, interval);
            let compared = self.compared.entry(key).or_default();
            for row in *compared..n_due {
                compare_bar(&rows, row, &due.bars[row], interval == self.scenario.base)
                    .map_err(|violation| violation.at(&place()))?;
            }
            *compared = n_due.max(*compared);
            if in_turn {
                let coverage = self.scenario.keeps_quality.then(|| due.coverage(at, regular));
                self.compare_coverage(series.coverage(), coverage.flatten(), &place())?;
            }
        }
        let others = read.intervals().filter(|i| !model.shown_intervals.contains(i));
        let history: BTreeSet<_> = self.scenario.history.1.iter().copied().collect();
        for other in others {
            let is_history = history.contains(&other);
            let has_today = read.series(other).is_ok_and(|series| !series.today().is_empty());
            keep("nothing is shown that was not asked for", is_history && !has_today, || {
                format!("{symbol} {other}")
            })?;
        }
        if in_turn {
            self.compare_rest(read, model, symbol_idx)?;
        }
        let handle = (read.handle(), generation);
        self.handles.entry(symbol.clone()).or_insert(handle);
        Ok(())
    }

    fn compare_coverage(
        &self,
        met: Option<Coverage>,
        due: Option<Coverage>,
        place: &str,
    ) -> Kept<()> {
        keep("quality is of what was expected by now", met == due, || {
            format!("{place}: coverage {met:?}, expected {due:?}")
        })
    }

    /// Gaps, metrics and the trailing sessions.
    fn compare_rest(
        &self,
        read: &SymbolView<'_>,
        model: &SessionModel<'_>,
        symbol_idx: usize,
    ) -> Kept<()> {
        let (symbol, at) = (read.symbol(), model.gate.clock);
        let Some(base) = read.base() else {
            return keep("every interval can be read", false, || format!("{symbol} has no base"));
        };
        let gaps = base.gaps();
        let due = if self.scenario.keeps_quality {
            self.oracle.gaps(model.day, symbol_idx, at)
        } else {
            Vec::new()
        };
        keep("gaps are those of the rows", gaps == due, || {
            format!("{symbol}: {gaps:?}, expected {due:?}")
        })?;
        self.compare_metrics(read, model, symbol_idx)?;
        for &interval in &self.scenario.history.1 {
            let due = self.oracle.trailing(model.day, symbol_idx, interval);
            let Ok(series) = read.series(interval) else { continue };
            let met: Vec<Vec<_>> = series
                .trailing()
                .map(|rows| {
                    (0..rows.len()).filter_map(|row| rows.bar(row)).map(|b| b.ohlcv).collect()
                })
                .collect();
            keep("history is the sessions strictly before", met == due, || {
                let lens = |of: &[Vec<_>]| of.iter().map(Vec::len).collect::<Vec<_>>();
                format!("{symbol} {interval}: {:?} bars, expected {:?}", lens(&met), lens(&due))
            })?;
        }
        Ok(())
    }

    fn compare_metrics(
        &self,
        read: &SymbolView<'_>,
        model: &SessionModel<'_>,
        symbol_idx: usize,
    ) -> Kept<()> {
        let at = model.gate.clock;
        let (open, close) = self.oracle.regular(model.day);
        let series = self.oracle.series(model.day, symbol_idx, self.scenario.base);
        let bars: Vec<&ExpectedBar> = series.bars[..series.n_visible(at)]
            .iter()
            .filter(|bar| open <= bar.opens_at && bar.opens_at < close)
            .collect();
        let due = bars.first().zip(bars.last()).map(|(first, last)| {
            let high = bars.iter().map(|bar| bar.ohlcv.high).fold(f64::MIN, f64::max);
            let low = bars.iter().map(|bar| bar.ohlcv.low).fold(f64::MAX, f64::min);
            let volume: f64 = bars.iter().map(|bar| bar.ohlcv.volume).sum();
            let typical =
                |bar: &ExpectedBar| (bar.ohlcv.high + bar.ohlcv.low + bar.ohlcv.close) / 3.0;
            let traded: f64 = bars.iter().map(|bar| typical(bar) * bar.ohlcv.volume).sum();
            let vwap = (volume > 0.0).then(|| traded / volume);
            (first.ohlcv.open, high, low, last.ohlcv.close, volume, vwap)
        });
        let met = read.metrics();
        let met = met.map(|m| (m.open, m.high, m.low, m.last, m.volume, m.vwap));
        keep("metrics are those of the bars so far", met == due, || {
            format!("{}: {met:?}, expected {due:?}", read.symbol())
        })
    }

    /// An old handle reads its own generation or nothing.
    fn compare_handles(&self, view: &View<'_>, model: &SessionModel<'_>) -> Kept<()> {
        let n_handles = self.handles.len();
        let turn = self.n_views % n_handles.max(1);
        let Some((symbol, &(handle, generation))) = self.handles.iter().nth(turn) else {
            return Ok(());
        };
        let met = view.by_handle(handle);
        let is_as_due = match (met.as_ref(), model.shown.get(symbol)) {
            (Ok(read), Some(&shown)) => shown == generation && read.symbol() == symbol,
            (Err(Unavailable::OldGeneration { now, .. }), Some(&shown)) => {
                shown != generation && *now == shown
            }
            (Err(Unavailable::Withheld { .. }), Some(_)) => model.gate.published[symbol],
            (Err(Unavailable::Removed), None) => true,
            _ => false,
        };
        keep("an old handle never reads a new generation", is_as_due, || {
            let met = met.map(|read| read.symbol().clone());
            format!(
                "{symbol} of generation {generation}, shown {:?}: {met:?}",
                model.shown.get(symbol)
            )
        })
    }

    /// The reason of a shut gate names exactly those that hold it.
    pub fn compare_reason(&self, reason: &Reason, model: &SessionModel<'_>) -> Kept<()> {
        let due = match model.stage {
            Stage::Open => "catching_up",
            Stage::Ended(Phase::Stopped) => "stopped",
            Stage::Ended(Phase::Failed) => "failed",
            _ if model.gate.epoch == 0 => "not_open",
            _ => "closed",
        };
        keep("inactive says why", reason.name() == due, || format!("{reason}, expected {due}"))?;
        if let Reason::CatchingUp { holders } = reason {
            let named: BTreeSet<&Symbol> = holders.iter().map(|holder| &holder.symbol).collect();
            let holding = model.gate.holding();
            keep("inactive names who holds the gate", named.iter().copied().eq(&holding), || {
                format!("{holding:?} hold it, {named:?} are named")
            })?;
            let is_member = |symbol: &&Symbol| model.members.contains_key(*symbol);
            keep("no removed symbol holds the gate", named.iter().all(is_member), || {
                format!("{named:?} are named")
            })?;
        }
        Ok(())
    }

    /// Inside, a newcomer is seen as far as it has come.
    pub fn compare_inside(&self, view: &InsideView, model: &SessionModel<'_>) -> Kept<()> {
        if model.stage != Stage::Open {
            return Ok(());
        }
        for (symbol, member) in &model.gate.members {
            if !member.is_joining {
                continue;
            }
            let base =
                view.symbol(symbol.as_str()).and_then(|read| Some(read.base()?.today().len()));
            keep(
                "inside sees each backlog bar when it is delivered",
                base == Some(member.n_delivered),
                || format!("{symbol}: {base:?} seen, {} delivered", member.n_delivered),
            )?;
        }
        Ok(())
    }

    /// The polled state.
    pub fn compare_status(&self, handle: &Handle, model: &SessionModel<'_>) -> Kept<()> {
        if model.stage != Stage::Open {
            return Ok(());
        }
        let status = handle.status();
        let what = "the polled state is that of the run";
        keep(what, status.clock == Some(model.gate.clock), || format!("clock {:?}", status.clock))?;
        keep(what, status.symbols.len() == model.members.len(), || {
            format!("{} symbols, {} expected", status.symbols.len(), model.members.len())
        })?;
        for (met, (symbol, member)) in status.symbols.iter().zip(&model.members) {
            let due = &model.gate.members[symbol];
            let close_by = |at: &Timestamp| *at <= model.gate.clock;
            let n_closed = due.closes.iter().filter(|at| close_by(at)).count();
            let n_backlog = (n_closed - due.n_delivered) as u64;
            let met = (
                &met.symbol,
                met.generation,
                met.lag,
                met.n_delivered,
                met.n_backlog,
                met.is_locked,
                met.state,
            );
            let state = match due.n_delivered {
                _ if due.is_joining => SymbolState::CatchingUp,
                0 => SymbolState::Quiet,
                _ => SymbolState::Live,
            };
            let due = (
                symbol,
                member.generation,
                due.lag,
                due.n_delivered as u64,
                n_backlog,
                member.is_locked,
                state,
            );
            keep(what, met == due, || format!("{met:?}, expected {due:?}"))?;
        }
        let pending = handle.pending_symbols();
        let joining = model.gate.members.iter().filter(|(_, m)| m.is_joining).map(|(s, _)| s);
        keep(what, pending.iter().eq(joining), || format!("{pending:?} are pending"))
    }

    /// The report of every closed session.
    pub fn compare_report(&self, report: &Report, model: &SessionModel<'_>) -> Kept<()> {
        let what = "the report is that of the rows";
        let switches: Vec<_> =
            report.sessions.iter().flat_map(|session| &session.switches).collect();
        let n_switches = switches.len();
        let same = switches.iter().zip(&model.gate.switches).all(|(met, due)| {
            met.at == due.at
                && met.epoch == due.epoch
                && met.reason.is_none() == due.holders.is_none()
        });
        keep(what, same && n_switches <= model.gate.switches.len(), || {
            format!("{n_switches} switches")
        })?;
        for (n, session) in report.sessions.iter().enumerate() {
            let day = self.scenario.run.start + n;
            let known = &self.scenario.stretch.days[day];
            let hours = (session.date, session.open, session.close);
            keep(
                "sessions are the calendar's",
                hours == (known.date, known.open(), known.close()),
                || format!("{hours:?}"),
            )?;
            for met in session.symbols.iter().filter(|met| !met.has_left) {
                let Some(symbol_idx) = model.position(&met.symbol) else { continue };
                let (_, until) = self.oracle.clock(day);
                for series in &met.series {
                    let due = self.oracle.series(day, symbol_idx, series.interval);
                    let n_due = due.n_visible(until) as u64;
                    keep(what, series.n_bars == n_due, || {
                        format!(
                            "{} {}: {} bars, expected {n_due}",
                            met.symbol, series.interval, series.n_bars
                        )
                    })?;
                    let coverage = due.coverage(until, self.oracle.regular(day));
                    let coverage = coverage.filter(|_| self.scenario.keeps_quality);
                    self.compare_coverage(series.coverage, coverage, met.symbol.as_str())?;
                }
                let mut rejected: BTreeMap<RejectReason, u64> = BTreeMap::new();
                for rejection in self.oracle.sifted(day, symbol_idx).1 {
                    *rejected.entry(rejection.reason).or_default() += 1;
                }
                keep("every row is a bar or rejected by name", met.rejected == rejected, || {
                    format!("{}: {:?}, expected {rejected:?}", met.symbol, met.rejected)
                })?;
            }
        }
        Ok(())
    }
}

impl Violation {
    fn at(mut self, place: &str) -> Violation {
        self.found = format!("{place}: {}", self.found);
        self
    }
}

fn compare_bar(rows: &Rows<'_>, row: usize, due: &ExpectedBar, is_base: bool) -> Kept<()> {
    let met: Option<Bar> = rows.bar(row);
    let same = met.is_some_and(|met| {
        met.opens_at == due.opens_at && met.closes_at == due.closes_at && met.ohlcv == due.ohlcv
    });
    keep("every bar is that of its rows", same, || {
        format!("row {row} is {met:?}, expected {due:?}")
    })?;
    let coverage = rows.coverage_columns();
    let coverage = coverage.map(|(n, of)| Coverage { n: n[row] as u32, expected: of[row] as u32 });
    let is_as_due = is_base || coverage == Some(due.coverage);
    keep("a derived bar says what it saw", is_as_due, || {
        format!("row {row}: {coverage:?}, expected {:?}", due.coverage)
    })
}
