//! What is gathered for a report at each session's close, by an inline consumer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use openbell_coordinator::{Consumer, Context, Event, Outcome, Plan, Subscription, TradeEvent};
use openbell_market::{BarInterval, RejectReason, Symbol};
use openbell_page::{Bars, EquityAt, RejectedAt, Shelf, ShelfPlan};
use openbell_session_data::SymbolView;
use openbell_time::Timestamp;

use super::lock;
use crate::indicator_name::column_name;
use crate::report::REPORT;

/// What is gathered.
pub(super) struct Gathered {
    /// Bars.
    pub(super) shelf: Shelf,
    /// Symbols to which something happened in the session that is open.
    pub(super) noted: BTreeSet<Symbol>,
    /// The stamps of the first and the last row of each symbol that were rejected for each reason.
    pub(super) rejected: BTreeMap<(Symbol, RejectReason), (Timestamp, Timestamp)>,
    /// What the benchmark was worth: at its first open, and at each close.
    pub(super) benchmark: Vec<EquityAt>,
    benchmark_symbol: Option<Symbol>,
}

impl Gathered {
    pub(super) fn new(plan: &Plan, n_bytes_max: usize) -> Gathered {
        let config = plan.config();
        let sessions = plan.sessions();
        let session_s = sessions.iter().map(|session| session.open_length().as_secs()).max();
        let shelf = Shelf::new(ShelfPlan {
            base_s: seconds_of(plan.base()),
            n_symbols: config.session_data_config.symbols.len(),
            n_sessions: sessions.len(),
            session_s: session_s.and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
            n_bytes_max,
        });
        let benchmark_symbol = config.account.as_ref().and_then(|it| it.benchmark.clone());
        Gathered { benchmark_symbol, ..Gathered::of(shelf) }
    }

    /// What is left once a report has taken it.
    pub(super) fn empty() -> Gathered {
        let none =
            ShelfPlan { base_s: 1, n_symbols: 0, n_sessions: 0, session_s: 0, n_bytes_max: 0 };
        Gathered::of(Shelf::new(none))
    }

    fn of(shelf: Shelf) -> Gathered {
        Gathered {
            shelf,
            noted: BTreeSet::new(),
            rejected: BTreeMap::new(),
            benchmark: Vec::new(),
            benchmark_symbol: None,
        }
    }

    /// Takes down what happened to which symbol.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Signalled { signal, .. } => {
                self.noted.insert(signal.symbol.clone());
            }
            Event::GateShut { reason, .. } => {
                self.noted.extend(reason.holders().iter().map(|holder| holder.symbol.clone()));
            }
            Event::Traded { trade, .. } => {
                if let TradeEvent::Filled(fill) = trade.as_ref() {
                    self.noted.insert(fill.symbol.clone());
                }
            }
            Event::Rejected { symbol, reason, first, last, .. } => {
                let known = self.rejected.entry((symbol.clone(), *reason));
                let (since, until) = known.or_insert((*first, *last));
                (*since, *until) = ((*since).min(*first), (*until).max(*last));
            }
            _ => {}
        }
    }

    /// When rows were rejected, as a report shows it.
    pub(super) fn rejected_at(&self) -> Vec<RejectedAt> {
        let at = |((symbol, reason), (first, last)): (&(Symbol, RejectReason), &(_, _))| {
            let (symbol, reason) = (symbol.to_string(), reason.name().to_owned());
            RejectedAt { symbol, reason, first: *first, last: *last }
        };
        self.rejected.iter().map(at).collect()
    }

    /// Adds a session that opened at `open`: what there is of it is `symbols`.
    pub(super) fn add_session<'v>(
        &mut self,
        open: Timestamp,
        symbols: impl Iterator<Item = SymbolView<'v>>,
    ) {
        self.shelf.begin_session(open);
        for symbol in symbols {
            let is_noted = self.noted.contains(symbol.symbol());
            self.add(&symbol, is_noted);
            if self.benchmark_symbol.as_ref() == Some(symbol.symbol()) {
                self.hold(&symbol);
            }
        }
        self.noted.clear();
    }

    fn add(&mut self, symbol: &SymbolView<'_>, is_noted: bool) {
        let mut found = Vec::new();
        for interval in symbol.intervals() {
            let Ok(series) = symbol.series(interval) else { continue };
            let rows = series.today();
            let columns = rows.indicator_columns();
            found.push(Bars {
                interval_s: seconds_of(interval),
                opens_at_ns: rows.opens_at_ns(),
                open: rows.open(),
                high: rows.high(),
                low: rows.low(),
                close: rows.close(),
                volume: rows.volume(),
                indicators: columns
                    .map(|(indicator, field, values)| (column_name(indicator, field), values))
                    .collect(),
            });
        }
        self.shelf.add(symbol.symbol().as_str(), &found, is_noted);
    }

    /// Takes down what the benchmark is worth.
    fn hold(&mut self, symbol: &SymbolView<'_>) {
        let Some(rows) = symbol.base().map(|base| base.today()) else { return };
        let (Some(first), Some(last)) = (rows.bar(0), rows.len().checked_sub(1)) else { return };
        if self.benchmark.is_empty() {
            self.benchmark.push(EquityAt { at: first.opens_at, equity: first.ohlcv.open });
        }
        let last = rows.bar(last);
        self.benchmark
            .extend(last.map(|bar| EquityAt { at: bar.closes_at, equity: bar.ohlcv.close }));
    }
}

/// The length of an interval, in seconds; of a day and longer that of a day.
fn seconds_of(interval: BarInterval) -> u64 {
    interval.clock().map_or(86_400, |clock| clock.as_secs().into())
}

/// What is called at each close to fill `shared`.
pub(super) fn consumer(shared: &Arc<Mutex<Gathered>>) -> Box<dyn Consumer> {
    Box::new(Gatherer(Arc::clone(shared)))
}

struct Gatherer(Arc<Mutex<Gathered>>);

impl Consumer for Gatherer {
    fn name(&self) -> &str {
        REPORT
    }

    fn subscription(&self) -> Subscription {
        Subscription::none()
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let view = context.view();
        // A symbol that is withheld at the close was not visible.
        let symbols = view.symbols().filter_map(|symbol| view.symbol(symbol.as_str()).ok());
        lock(&self.0).add_session(context.session().open, symbols);
        Ok(())
    }
}
