//! A market that never was: deterministic, seeded, on the sessions of a real calendar, so that
//! examples and tests run without a network. What is written says that it is synthetic.
//!
//! Every value is a function of seed, symbol and place, computed in whole numbers: all machines
//! make the same market, and a session is the same whatever range it was generated with.

mod example;
mod noise;
mod plan;
mod session;

use openbell_market::{Adjustment, BarColumns, BarInterval, SeriesKey};
use openbell_time::{Calendar, Session};

use crate::DataError;
use crate::codec::bar_file::Provenance;
use crate::store::layout::Period;
use crate::store::writer::{MergeCounts, StoreWriter};

pub use example::{example_plans, write_example_store};
pub use plan::{Flaw, MarketPlan, SymbolPlan};

use session::SessionMaker;

/// The provider that synthetic files name.
pub const SYNTHETIC_PROVIDER: &str = "openbell synthetic market";

/// What a generation has done.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct GenerateReport {
    /// Sessions of the calendar in the plan's range.
    pub n_sessions: usize,
    /// Bars made, over all symbols, days not among them.
    pub n_bars: u64,
    /// 1d bars made.
    pub n_days: u64,
    /// What became of them in the store.
    pub counts: MergeCounts,
}

/// Writes the bars of `plan` into the store of `writer`, on the sessions of `calendar`.
///
/// *Cost*: one symbol and one month at a time in memory.
///
/// # Errors
///
/// [`DataError::Calendar`] where the calendar does not reach; those of [`StoreWriter::merge`],
/// [`DataError::SyntheticMixed`] where real bars are stored among them.
pub fn generate(
    plan: &MarketPlan,
    calendar: &Calendar,
    writer: &mut StoreWriter,
) -> Result<GenerateReport, DataError> {
    let sessions = calendar.sessions(plan.first..=plan.last)?;
    let mut report = GenerateReport { n_sessions: sessions.len(), ..GenerateReport::default() };
    for symbol in &plan.symbols {
        let maker = SessionMaker::new(plan.seed, symbol);
        let key = SeriesKey {
            symbol: symbol.symbol.clone(),
            interval: BarInterval::Clock(symbol.interval),
        };
        let mut sink = Sink::new(plan, key, writer);
        for session in sessions {
            sink.cut_at_month(session)?;
            maker.bars(session, &mut sink.rows);
        }
        report.n_bars += sink.finish(&mut report.counts)?;

        if let Some(since) = symbol.daily_since {
            let key = SeriesKey { symbol: symbol.symbol.clone(), interval: BarInterval::DAY };
            let mut sink = Sink::new(plan, key, writer);
            for session in calendar.sessions(since..=plan.last)? {
                sink.rows.push(session.date.utc_midnight(), maker.day(session));
            }
            report.n_days += sink.finish(&mut report.counts)?;
        }
    }
    Ok(report)
}

/// The bars of `symbol` in `session`, as [`generate`] would store them, appended to `out`.
pub fn session_bars(seed: u64, symbol: &SymbolPlan, session: &Session, out: &mut BarColumns) {
    SessionMaker::new(seed, symbol).bars(session, out);
}

/// One series on its way into the store, a month at a time.
struct Sink<'a> {
    plan: &'a MarketPlan,
    key: SeriesKey,
    writer: &'a mut StoreWriter,
    rows: BarColumns,
    n_written: u64,
    counts: MergeCounts,
}

impl<'a> Sink<'a> {
    fn new(plan: &'a MarketPlan, key: SeriesKey, writer: &'a mut StoreWriter) -> Sink<'a> {
        let (rows, counts) = (BarColumns::default(), MergeCounts::default());
        Sink { plan, key, writer, rows, n_written: 0, counts }
    }

    /// Writes what is there, if `session` begins another month.
    fn cut_at_month(&mut self, session: &Session) -> Result<(), DataError> {
        let Some(&first_ns) = self.rows.opens_at_ns.first() else { return Ok(()) };
        let first = openbell_time::Timestamp::from_nanos(first_ns);
        let period = |stamp| Period::of(self.key.interval, stamp);
        if period(first) == period(session.open) { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), DataError> {
        let provenance = Provenance {
            provider: Some(SYNTHETIC_PROVIDER.to_owned()),
            adjustment: Adjustment::Raw,
            is_synthetic: true,
            ..Provenance::default()
        };
        let group = &self.plan.exchange_group;
        self.counts += self.writer.merge(group, &self.key, &provenance, &self.rows)?;
        self.n_written += self.rows.len() as u64;
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self, counts: &mut MergeCounts) -> Result<u64, DataError> {
        self.write()?;
        *counts += self.counts;
        Ok(self.n_written)
    }
}
