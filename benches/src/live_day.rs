//! Bars appended one by one, as a live session does, without the feeds around it.

use std::collections::VecDeque;
use std::sync::Arc;

use openbell::bench::market::Market;
use openbell_market::{BarColumns, BarInterval, Grid, SeriesKey, Symbol, SymbolIdx};
use openbell_processor::{IndicatorSet, SeriesLayout, SessionSeries, SymbolProcessor};
use openbell_session_data::{
    BoardWriter, DeliveredThrough, Member, SegmentGrid, SeriesFacts, SeriesRole, SessionFacts,
    Visibility,
};
use openbell_time::{Session, SessionPart, Timestamp};

/// The bars of a dense market in memory, session by session, ready to be appended.
pub struct LiveDays {
    symbols: Vec<Symbol>,
    base: BarInterval,
    days: Vec<LiveDay>,
    processors: Vec<SymbolProcessor>,
    /// The series of the last two sessions: the board still knows those of the last one.
    retired: VecDeque<Vec<SessionSeries>>,
    board: BoardWriter,
}

struct LiveDay {
    session: Session,
    series: SeriesLayout,
    /// For each symbol its bars, each in its slot.
    bars: Vec<BarColumns>,
    closes_at_ns: Vec<i64>,
}

impl LiveDays {
    /// Reads all of `market`, whose symbols must have a bar in every slot.
    ///
    /// # Panics
    ///
    /// Where the market cannot be read.
    pub fn of(market: &Market) -> LiveDays {
        let keys: Vec<SeriesKey> = market
            .symbols
            .iter()
            .map(|symbol| SeriesKey { symbol: symbol.clone(), interval: market.base })
            .collect();
        let day = |&session: &Session| {
            let series = base_alone(market.base, &session);
            let range = session.open..session.close;
            let read = |key| {
                let mut bars = BarColumns::default();
                let read = market.store().read(key, range.clone(), market.calendar(), &mut bars);
                read.map(|()| bars).expect("stored bars")
            };
            let bars: Vec<BarColumns> = keys.iter().map(read).collect();
            let closes_at_ns: Vec<i64> = series.base.grid.closes_ns().collect();
            assert!(bars.iter().all(|bars| bars.len() == closes_at_ns.len()), "a dense market");
            LiveDay { session, series, bars, closes_at_ns }
        };
        let new_processor = || SymbolProcessor::new(market.base, &[], |_| IndicatorSet::default());
        LiveDays {
            symbols: market.symbols.clone(),
            base: market.base,
            days: market.sessions.iter().map(day).collect(),
            processors: keys.iter().map(|_| new_processor()).collect(),
            retired: VecDeque::new(),
            board: BoardWriter::new(),
        }
    }

    /// Appends every bar at its close, in (close, symbol) order, and publishes once an instant.
    /// Returns how many there were.
    pub fn append(&mut self) -> u64 {
        let mut n_bars = 0;
        for day in &self.days {
            let due = if self.retired.len() == 2 { self.retired.pop_front() } else { None };
            let mut due = due.unwrap_or_default().into_iter();
            let mut series: Vec<SessionSeries> = Vec::with_capacity(self.processors.len());
            for processor in &mut self.processors {
                series.push(processor.start_session(
                    &day.series,
                    Visibility::Recorded,
                    due.next().map(SessionSeries::into_memory).unwrap_or_default(),
                ));
            }
            self.board.change_members(
                Some(SessionFacts {
                    date: day.session.date,
                    open: day.session.open,
                    close: day.session.close,
                    keeps_quality: true,
                }),
                members(&self.symbols, self.base, &series),
                Vec::new(),
            );
            for (row, &closes_at_ns) in day.closes_at_ns.iter().enumerate() {
                let now = Timestamp::from_nanos(closes_at_ns);
                let symbols = self.processors.iter_mut().zip(&day.bars).zip(&mut series);
                for ((processor, bars), series) in symbols {
                    let rows = row..row + 1;
                    processor.append(bars, &day.closes_at_ns, rows, now, series, Some(now));
                    n_bars += 1;
                }
                let _ = self.board.publish(now);
            }
            self.retired.push_back(series);
        }
        n_bars
    }
}

/// Where the bars of a session lie that delivers its base alone.
fn base_alone(base: BarInterval, session: &Session) -> SeriesLayout {
    let parts: Vec<SessionPart> = session.parts().collect();
    let grid = Grid::of(base, &parts);
    SeriesLayout {
        n_base_slots: grid.n_slots(),
        base: Arc::new(SegmentGrid { session_date: session.date, base_grid: grid.clone(), grid }),
        derived: Vec::new(),
        until: session.close,
    }
}

fn members(symbols: &[Symbol], base: BarInterval, series: &[SessionSeries]) -> Vec<Arc<Member>> {
    let member = |(n, (symbol, series)): (usize, (&Symbol, &SessionSeries))| {
        let facts = SeriesFacts {
            interval: base,
            role: SeriesRole::Base,
            today: Some(Arc::clone(series.base.segment())),
            trailing: Arc::from([]),
        };
        let (idx, through) = (SymbolIdx::new(n as u32), DeliveredThrough::with_the_clock());
        Arc::new(Member::new(symbol.clone(), idx, 1, vec![facts], Arc::from([]), through))
    };
    symbols.iter().zip(series).enumerate().map(member).collect()
}
