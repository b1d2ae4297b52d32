//! Lag and the gate as plainly as they can be written: no counter that runs ahead, no index, no
//! publication word. A reader holds this page against the design, tests hold the engine against it.
//!
//! What a replay does with one symbol: before a bar is delivered, if the number of bars delivered
//! is a multiple of the check interval, or the symbol lags, its lag is compared. Over the threshold
//! it lags, at or under the recovery threshold it is caught up, between the two it stays what it
//! was; with an empty backlog it is caught up at once. The gate is open when nobody lags, and opens
//! when no backlog is left. The clock moves only then.

use std::collections::{BTreeMap, BTreeSet};

use openbell_config::{GateScope, StreamingConfig};
use openbell_market::Symbol;
use openbell_session_data::LaggingSymbol;
use openbell_time::{Nanos, Timestamp};

/// One symbol: when its bars of the session close, and how it stands.
#[derive(Clone, Debug)]
pub struct ModelMember {
    /// The closes of its bars, in order.
    pub closes: Vec<Timestamp>,
    /// Bars delivered.
    pub n_delivered: usize,
    /// Whether it lags.
    pub lags: bool,
    /// The lag at its last check.
    pub lag: Nanos,
    /// Whether it was added and has not caught up yet.
    pub is_joining: bool,
}

/// One switch of the gate.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelSwitch {
    /// The session clock.
    pub at: Timestamp,
    /// The epoch that begins.
    pub epoch: u64,
    /// Who held it shut; `None` where it opened.
    pub holders: Option<Vec<LaggingSymbol>>,
}

/// One session of the plain gate.
#[derive(Clone, Debug)]
pub struct GateModel {
    /// Over this a symbol lags.
    pub threshold: Nanos,
    /// At or under this it is caught up.
    pub recovery: Nanos,
    /// It is checked at every so many of its bars.
    pub check_interval: usize,
    /// What a lagging symbol withholds.
    pub scope: GateScope,
    /// When bars are delivered, in order: lag counts this time only.
    pub hours: Vec<(Timestamp, Timestamp)>,
    /// The session clock.
    pub clock: Timestamp,
    /// The members.
    pub members: BTreeMap<Symbol, ModelMember>,
    /// Whether the gate is open.
    pub is_open: bool,
    /// Its switches so far.
    pub epoch: u64,
    /// The same one by one.
    pub switches: Vec<ModelSwitch>,
    /// Whom outsiders find listed, with whether their data is withheld.
    pub published: BTreeMap<Symbol, bool>,
    /// Publications that withheld a symbol, since the last time that everyone was caught up.
    pub n_withheld: usize,
    /// Every delivery, in order.
    pub delivered: Vec<(Timestamp, Symbol)>,
}

impl GateModel {
    /// The gate before a session whose bars are delivered in `hours`, with the numbers of a config.
    pub fn new(streaming: &StreamingConfig, hours: Vec<(Timestamp, Timestamp)>) -> GateModel {
        let seconds = |seconds: u32| Nanos::from_secs(i64::from(seconds));
        GateModel {
            threshold: seconds(streaming.catchup_threshold_seconds),
            recovery: seconds(streaming.recovery_threshold_seconds),
            check_interval: streaming.catchup_check_interval as usize,
            scope: streaming.scope,
            hours,
            clock: Timestamp::MIN,
            members: BTreeMap::new(),
            is_open: false,
            epoch: 0,
            switches: Vec::new(),
            published: BTreeMap::new(),
            n_withheld: 0,
            delivered: Vec::new(),
        }
    }

    /// Opens the session at `at`: everyone is caught up, whether or not there are bars. Returns the
    /// members.
    pub fn open(&mut self, at: Timestamp) -> Vec<Symbol> {
        self.clock = at;
        self.settle()
    }

    /// A symbol is added.
    pub fn join(&mut self, symbol: Symbol, closes: Vec<Timestamp>) {
        let lag = Nanos::ZERO;
        let member = ModelMember { closes, n_delivered: 0, lags: false, lag, is_joining: true };
        self.members.insert(symbol, member);
    }

    /// A symbol is removed.
    pub fn leave(&mut self, symbol: &Symbol) {
        self.members.remove(symbol);
    }

    /// The backlog bar that comes first in (close, symbol) order.
    pub fn backlog(&self) -> Option<(Timestamp, Symbol)> {
        let bar = |(symbol, member): (&Symbol, &ModelMember)| {
            let close = *member.closes.get(member.n_delivered)?;
            (close <= self.clock).then(|| (close, symbol.clone()))
        };
        self.members.iter().filter_map(bar).min()
    }

    /// Delivers that bar.
    pub fn deliver_backlog_bar(&mut self) {
        let Some((close, symbol)) = self.backlog() else { return };
        let lag = self.open_time(close, self.clock);
        let Some(member) = self.members.get_mut(&symbol) else { return };
        if member.n_delivered % self.check_interval == 0 || member.lags {
            member.lag = lag;
            if lag > self.threshold {
                let began = !std::mem::replace(&mut member.lags, true);
                if began {
                    self.hold();
                }
            } else if lag <= self.recovery {
                member.lags = false;
            }
        }
        self.deliver(close, &symbol);
    }

    /// The clock moves to `instant`, at which bars close that nobody is late with.
    pub fn visit(&mut self, instant: Timestamp) {
        assert!(self.backlog().is_none() && instant >= self.clock, "the clock moves too early");
        self.clock = instant;
        while let Some((close, symbol)) = self.backlog() {
            assert_eq!(close, instant, "{symbol} has a bar that was passed over");
            self.deliver(close, &symbol);
        }
    }

    /// The next close of a member's bar.
    pub fn next_close(&self) -> Option<Timestamp> {
        self.members.values().filter_map(|m| m.closes.get(m.n_delivered).copied()).min()
    }

    /// Where no backlog is left: everyone is caught up, newcomers have joined, and the gate is
    /// open. Returns those that joined.
    pub fn settle(&mut self) -> Vec<Symbol> {
        if self.backlog().is_some() {
            return Vec::new();
        }
        self.n_withheld = 0;
        let mut joined = Vec::new();
        for (symbol, member) in &mut self.members {
            member.lags = false;
            if std::mem::take(&mut member.is_joining) {
                joined.push(symbol.clone());
            }
        }
        self.published = self.members.keys().map(|symbol| (symbol.clone(), false)).collect();
        if !self.is_open {
            self.switch(None);
        }
        joined
    }

    /// Shuts the gate for a reason that is not lag.
    pub fn shut(&mut self) {
        if self.is_open {
            self.switch(Some(Vec::new()));
        }
    }

    /// The symbols that lag.
    pub fn lagging(&self) -> BTreeSet<Symbol> {
        let lagging = self.members.iter().filter(|(_, member)| member.lags);
        lagging.map(|(symbol, _)| symbol.clone()).collect()
    }

    /// Who holds a shut gate: the symbols that lag; where none does, those with a backlog.
    pub fn holding(&self) -> BTreeSet<Symbol> {
        let lagging = self.lagging();
        if !lagging.is_empty() {
            return lagging;
        }
        let is_due = |close: &&Timestamp| **close <= self.clock;
        let waits = self
            .members
            .iter()
            .filter(|(_, member)| member.closes.get(member.n_delivered).filter(is_due).is_some());
        waits.map(|(symbol, _)| symbol.clone()).collect()
    }

    /// A symbol begins to lag: nobody outside sees anything, or that symbol is withheld.
    fn hold(&mut self) {
        let lagging = self.members.iter().filter(|(_, member)| member.lags);
        let holders = lagging.map(|(s, m)| LaggingSymbol::behind(s.clone(), Some(m.lag))).collect();
        match self.scope {
            GateScope::Session if self.is_open => self.switch(Some(holders)),
            GateScope::Session => {}
            GateScope::Symbol => {
                // Those that are still on their way are listed, and not shown either.
                let shown = self.members.iter().map(|(s, m)| (s.clone(), m.lags || m.is_joining));
                self.published = shown.collect();
                self.n_withheld += 1;
            }
        }
    }

    fn switch(&mut self, holders: Option<Vec<LaggingSymbol>>) {
        self.is_open = holders.is_none();
        self.epoch += 1;
        self.switches.push(ModelSwitch { at: self.clock, epoch: self.epoch, holders });
    }

    fn deliver(&mut self, close: Timestamp, symbol: &Symbol) {
        self.delivered.push((close, symbol.clone()));
        let clock = self.clock;
        if let Some(member) = self.members.get_mut(symbol) {
            member.n_delivered += 1;
            if member.closes.get(member.n_delivered).is_none_or(|&next| next > clock) {
                member.lags = false;
            }
        }
    }

    fn open_time(&self, since: Timestamp, until: Timestamp) -> Nanos {
        let mut sum = Nanos::ZERO;
        for &(from, to) in &self.hours {
            let (from, to) = (from.max(since), to.min(until));
            if from < to {
                sum += to - from;
            }
        }
        sum
    }
}
