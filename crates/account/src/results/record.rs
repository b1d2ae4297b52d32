//! What is kept of an account as it goes: fills, equity, positions at closes, and what sums need.

use openbell_coordinator::saved;
use openbell_coordinator::{Balance, Fill, NotRestored, Position, Saved};
use openbell_market::Symbol;
use openbell_time::{Session, Timestamp, TradingDate};

use super::benchmark::BenchmarkResults;
use super::drawdown::DrawdownMeter;
use super::exposure::ExposureMeter;
use super::place_of;
use super::returns::Returns;
use super::trades::{TradeFigures, Trades};
use super::{AccountResults, OrderCounts};
use crate::settings::Curve;

/// A point of the curve of equity.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EquityPoint {
    /// The publication.
    pub at: Timestamp,
    /// Cash.
    pub cash: f64,
    /// Cash and all positions at their marks.
    pub equity: f64,
}
saved!(struct EquityPoint { at, cash, equity });

/// A fill, and whether its bar was revised after it.
#[derive(Clone, PartialEq, Debug)]
pub struct FillRecord {
    /// The fill, as it was made.
    pub fill: Fill,
    /// Whether its bar was revised later: a run over the corrected data may fill otherwise.
    pub is_bar_revised: bool,
}
saved!(struct FillRecord { fill, is_bar_revised });

/// A position at a session's close.
#[derive(Clone, PartialEq, Debug)]
pub struct HeldAtClose {
    /// The session.
    pub date: TradingDate,
    /// The position.
    pub position: Position,
}
saved!(struct HeldAtClose { date, position });

/// Which fills an account keeps for its results.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum FillsKept {
    /// All of them.
    #[default]
    All,
    /// Those of the session that is open, or of the last one: whoever wants the others takes them as they are
    /// made, and the account needs no more memory for a thousand sessions than for one.
    OfSession,
}

/// What is kept of an account as it goes.
pub(crate) struct Record {
    start: f64,
    curve: Curve,
    pub(crate) fills_kept: FillsKept,
    lot: f64,
    fills: Vec<FillRecord>,
    equity: Vec<EquityPoint>,
    held: Vec<HeldAtClose>,
    /// Equity at sessions' closes.
    closes: Vec<f64>,
    date: Option<TradingDate>,
    trades: Trades,
    drawdown: DrawdownMeter,
    exposure: ExposureMeter,
    counts: OrderCounts,
}

impl Record {
    pub(crate) fn new(start: f64, curve: Curve, lot: f64) -> Record {
        Record {
            start,
            curve,
            fills_kept: FillsKept::All,
            lot,
            fills: Vec::new(),
            equity: Vec::new(),
            held: Vec::new(),
            closes: Vec::new(),
            date: None,
            trades: Trades::default(),
            drawdown: DrawdownMeter::default(),
            exposure: ExposureMeter::default(),
            counts: OrderCounts::default(),
        }
    }

    /// Writes all that it keeps; what its account was set to is not.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let Record {
            start: _,
            curve: _,
            fills_kept: _,
            lot: _,
            fills,
            equity,
            held,
            closes,
            date,
            trades,
            drawdown,
            exposure,
            counts,
        } = self;
        fills.write(to);
        equity.write(to);
        held.write(to);
        closes.write(to);
        date.write(to);
        trades.write(to);
        drawdown.write(to);
        exposure.write(to);
        counts.write(to);
    }

    /// Takes back what [`Record::write`] wrote.
    pub(crate) fn read(&mut self, from: &mut &[u8]) -> Result<(), NotRestored> {
        let Record { start, curve, fills_kept, lot, .. } = *self;
        *self = Record {
            start,
            curve,
            fills_kept,
            lot,
            fills: Saved::read(from)?,
            equity: Saved::read(from)?,
            held: Saved::read(from)?,
            closes: Saved::read(from)?,
            date: Saved::read(from)?,
            trades: Saved::read(from)?,
            drawdown: Saved::read(from)?,
            exposure: Saved::read(from)?,
            counts: Saved::read(from)?,
        };
        Ok(())
    }

    pub(crate) fn open_session(&mut self, session: &Session) {
        if self.date.is_none() {
            self.drawdown.mark(session.open, self.start);
        }
        self.date = Some(session.date);
        if self.fills_kept == FillsKept::OfSession {
            self.fills.clear(); // No bar of a session that is over is revised.
        }
        self.exposure.open_session(session);
    }

    pub(crate) fn fill(&mut self, fill: &Fill) {
        self.trades.fill(fill, self.lot);
        self.fills.push(FillRecord { fill: fill.clone(), is_bar_revised: false });
    }

    pub(crate) fn mark(&mut self, point: EquityPoint, gross: f64) {
        self.drawdown.mark(point.at, point.equity);
        self.exposure.mark(point.at, share_of(gross, point.equity));
        if self.curve == Curve::Publication {
            self.keep_point(point);
        }
    }

    /// Keeps one point of an instant, the last that is told of it.
    fn keep_point(&mut self, point: EquityPoint) {
        match self.equity.last_mut() {
            Some(last) if last.at == point.at => *last = point,
            _ => self.equity.push(point),
        }
    }

    pub(crate) fn close_session(
        &mut self,
        point: EquityPoint,
        gross: f64,
        positions: Vec<Position>,
    ) {
        self.exposure.close_session(point.at, share_of(gross, point.equity));
        self.keep_point(point);
        self.closes.push(point.equity);
        if let Some(date) = self.date {
            let held = positions.into_iter().map(|position| HeldAtClose { date, position });
            self.held.extend(held);
        }
    }

    pub(crate) fn revise(&mut self, symbol: &Symbol, bar_opens_at: Timestamp) {
        self.counts.bars_revised += 1;
        for record in &mut self.fills {
            let is_of_bar =
                record.fill.bar_opens_at == bar_opens_at && record.fill.symbol == *symbol;
            if is_of_bar && !record.is_bar_revised {
                record.is_bar_revised = true;
                self.counts.fills_revised += 1;
            }
        }
    }

    pub(crate) fn count_late(&mut self) {
        self.counts.bars_late += 1;
    }

    pub(crate) fn count_placed(&mut self) {
        self.counts.placed += 1;
    }

    pub(crate) fn count_refused(&mut self) {
        self.counts.refused += 1;
    }

    pub(crate) fn results<'r>(
        &'r self,
        strategies: &'r [String],
        end: Balance,
        sessions_per_year: f64,
        benchmark: Option<BenchmarkResults>,
    ) -> AccountResults<'r> {
        let mut trades = TradeFigures::default();
        let mut by_symbol = Vec::new();
        for (strategy, symbol, figures) in self.trades.lines() {
            trades.add(&figures);
            by_symbol.push((place_of(strategies, strategy), symbol, figures));
        }
        let n_closes = self.closes.len() as f64;
        let mean_equity = self.closes.iter().sum::<f64>() / n_closes;
        AccountResults {
            strategies,
            start: self.start,
            end,
            returns: Returns::of(self.start, &self.closes, sessions_per_year),
            drawdown: self.drawdown.deepest(),
            exposure: self.exposure.mean(),
            turnover: (mean_equity > 0.0).then(|| trades.traded / mean_equity),
            trades,
            by_symbol,
            counts: self.counts,
            fills: &self.fills,
            equity: &self.equity,
            held: &self.held,
            benchmark,
        }
    }
}

/// What positions are worth as a share of equity; all of it where there is none left.
fn share_of(gross: f64, equity: f64) -> f64 {
    match (gross > 0.0, equity > 0.0) {
        (false, _) => 0.0,
        (true, true) => gross / equity,
        (true, false) => 1.0,
    }
}
