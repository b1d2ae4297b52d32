//! All that a checkpoint keeps of a run, part by part.

use std::collections::BTreeMap;

use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_market::{BarInterval, Symbol};
use openbell_time::{Timestamp, TradingDate};

use crate::consumers::saving::SavedConsumer;
use crate::control::command::Stay;
use crate::digest::print::Print;
use crate::digest::{Digest, bars_digest};
use crate::engine::core::{Core, Known};
use crate::engine::record::RecordPart;
use crate::saved;
use crate::saved::{NotRestored, Saved};
use crate::symbol::locks::Locks;
use crate::symbol::{Membership, SymbolRun};

/// All that is kept.
pub(super) struct Parts {
    pub(super) is_live: bool,
    /// Sessions of the run that have closed.
    pub(super) n_sessions: usize,
    pub(super) clock: Timestamp,
    /// What readings of the wall are held against: the one expected, and the one doubted.
    pub(super) wall: (Option<Timestamp>, Option<Timestamp>),
    /// Switches of the gate, and publications.
    pub(super) board: (u64, u64),
    pub(super) record: RecordPart,
    pub(super) derived: Vec<BarInterval>,
    pub(super) indicators: Vec<IndicatorSpec>,
    pub(super) known: BTreeMap<Symbol, Known>,
    pub(super) carried: Vec<CarriedPart>,
    pub(super) kept: Vec<KeptPart>,
    pub(super) consumers: Vec<SavedConsumer>,
    pub(super) accounts: Option<Vec<u8>>,
}
saved!(struct Parts {
    is_live, n_sessions, clock, wall, board, record, derived, indicators, known, carried, kept, consumers,
    accounts,
});

/// A symbol that goes on from session to session.
pub(super) struct CarriedPart {
    pub(super) symbol: Symbol,
    pub(super) membership: Membership,
    pub(super) locks: Locks,
    pub(super) digests: Vec<(BarInterval, Digest)>,
    pub(super) followed_through: Option<Timestamp>,
    /// What its indicators, and a week that is forming, stand like.
    pub(super) state: Digest,
    /// What its trailing windows held in the last session.
    pub(super) windows: Vec<(BarInterval, TradingDate, Digest)>,
}
saved!(struct CarriedPart {
    symbol, membership, locks, digests, followed_through, state, windows,
});

/// The base bars that a symbol had in a live session.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct KeptPart {
    pub(super) symbol: Symbol,
    pub(super) date: TradingDate,
    pub(super) n_bars: usize,
    pub(super) print: Digest,
}
saved!(struct KeptPart { symbol, date, n_bars, print });

impl Parts {
    /// What is kept of `core`, of which `next` sessions have closed.
    pub(super) fn of(
        core: &Core,
        next: usize,
        consumers: Vec<SavedConsumer>,
        accounts: Option<Vec<u8>>,
    ) -> Parts {
        let kept = core.kept.sessions().map(|(symbol, date, bars)| KeptPart {
            symbol: symbol.clone(),
            date,
            n_bars: bars.bars.len(),
            print: bars_digest(Digest::default(), bars),
        });
        Parts {
            is_live: core.kind == openbell_data_manager::FeedKind::Live,
            n_sessions: next,
            clock: core.clock.now(),
            wall: core.wall.readings(),
            board: (core.board.epoch(), core.board.publication()),
            record: core.record.part(),
            derived: core.rule.derived.clone(),
            indicators: core.plan.indicators().to_vec(),
            known: core.known_symbols().clone(),
            carried: core.carried.iter().map(|run| CarriedPart::of(run)).collect(),
            kept: kept.collect(),
            consumers,
            accounts,
        }
    }
}

impl CarriedPart {
    fn of(run: &SymbolRun) -> CarriedPart {
        CarriedPart {
            symbol: run.symbol.clone(),
            membership: run.membership,
            locks: run.locks.clone(),
            digests: run.digests.clone(),
            followed_through: run.followed_through,
            state: state_print(run),
            windows: run.history.prints(),
        }
    }
}

/// What the indicators of a symbol, and a week that is forming, stand like.
pub(super) fn state_print(run: &SymbolRun) -> Digest {
    let mut print = Print::default();
    run.processor.states().for_each(|state| print.value(&state));
    print.digest()
}

impl Saved for Membership {
    fn write(&self, to: &mut Vec<u8>) {
        let number: u8 = match self {
            Membership::Configured => 0,
            Membership::Asked(Stay::Session) => 1,
            Membership::Asked(Stay::Run) => 2,
        };
        number.write(to);
    }

    fn read(from: &mut &[u8]) -> Result<Membership, NotRestored> {
        match u8::read(from)? {
            0 => Ok(Membership::Configured),
            1 => Ok(Membership::Asked(Stay::Session)),
            2 => Ok(Membership::Asked(Stay::Run)),
            _ => Err(NotRestored::NoSuch { what: "membership" }),
        }
    }
}

impl Saved for IndicatorSpec {
    fn write(&self, to: &mut Vec<u8>) {
        self.name().name().to_owned().write(to);
        self.interval().write(to);
        for parameter in self.name().parameters() {
            self.factor(parameter.name).write(to);
        }
    }

    fn read(from: &mut &[u8]) -> Result<IndicatorSpec, NotRestored> {
        let none = NotRestored::NoSuch { what: "indicator" };
        let (text, interval) = <(String, BarInterval)>::read(from)?;
        let name = IndicatorName::all().find(|name| name.name() == text).ok_or(none.clone())?;
        let mut parameters = Vec::new();
        for parameter in name.parameters() {
            parameters.push((parameter.name, f64::read(from)?));
        }
        IndicatorSpec::new(name, None, parameters, interval).map_err(|_| none)
    }
}
