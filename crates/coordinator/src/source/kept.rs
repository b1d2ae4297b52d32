//! What a run keeps of its symbols from session to session, so that it need not be read again, or
//! could not be: the bars of a live session are in no store.

use std::collections::{BTreeMap, VecDeque};

use openbell_market::Symbol;
use openbell_processor::SymbolProcessor;
use openbell_session_data::WholeBars;
use openbell_time::TradingDate;

/// Live sessions whose bars are kept of each symbol: a quarter of a year. What lies before has to be
/// in the source.
const N_SESSIONS: usize = 64;

/// What is kept, by symbol.
#[derive(Default)]
pub(crate) struct Kept(BTreeMap<Symbol, OfSymbol>);

#[derive(Default)]
struct OfSymbol {
    /// The state after a session, of one that is no member any more.
    state: Option<(TradingDate, SymbolProcessor)>,
    /// The base bars of the live sessions in which it was a member at the close, in time order.
    sessions: VecDeque<(TradingDate, WholeBars)>,
}

impl Kept {
    /// Keeps the state of a symbol as it is after the session `date`.
    pub(crate) fn keep_state(
        &mut self,
        symbol: &Symbol,
        date: TradingDate,
        processor: SymbolProcessor,
    ) {
        self.0.entry(symbol.clone()).or_default().state = Some((date, processor));
    }

    /// Keeps the base bars of a live session of a symbol.
    pub(crate) fn keep_bars(&mut self, symbol: &Symbol, date: TradingDate, bars: WholeBars) {
        let sessions = &mut self.0.entry(symbol.clone()).or_default().sessions;
        sessions.push_back((date, bars));
        if sessions.len() > N_SESSIONS {
            sessions.pop_front();
        }
    }

    /// The state of a symbol after the last session before `day` of which one is kept.
    pub(crate) fn state_before(
        &self,
        symbol: &Symbol,
        day: TradingDate,
    ) -> Option<(TradingDate, SymbolProcessor)> {
        let (date, processor) = self.0.get(symbol)?.state.as_ref()?;
        (*date < day).then(|| (*date, processor.clone()))
    }

    /// The base bars of a symbol in the live session `date`, where they are kept.
    pub(crate) fn bars(&self, symbol: &Symbol, date: TradingDate) -> Option<WholeBars> {
        let sessions = &self.0.get(symbol)?.sessions;
        let (_, bars) = sessions.iter().rev().find(|(known, _)| *known == date)?;
        Some(bars.clone())
    }

    /// The live sessions whose bars are kept, by symbol, in time order.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = (&Symbol, TradingDate, &WholeBars)> {
        self.0.iter().flat_map(|(symbol, kept)| {
            kept.sessions.iter().map(move |(date, bars)| (symbol, *date, bars))
        })
    }

    /// Other intervals or indicators are asked for from now on: no state is what it would have been.
    pub(crate) fn forget_states(&mut self) {
        for kept in self.0.values_mut() {
            kept.state = None;
        }
    }
}
