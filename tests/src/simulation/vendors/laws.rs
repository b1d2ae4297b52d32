//! What must hold in a run with a vendor, by the truth of the market and by what was done to the
//! network alone.

use std::collections::BTreeMap;
use std::ops::Range;

use openbell_coordinator::{CorrectionKind, Event, Phase, SymbolState};
use openbell_data_manager::Link;
use openbell_data_manager::live::{Found, Note};
use openbell_market::{Bar, Ohlcv, Symbol};
use openbell_session_data::Rows;
use openbell_time::{Nanos, Timestamp};
use openbell_vendor_sim::{KrakenSwitches, Speaks};

use super::kind::VendorKind;
use super::scenario::VendorScenario;
use super::truth::{MINUTE, truth};
use super::weather::Trouble;
use super::world::World;
use crate::simulation::violation::{Kept, keep};

/// A bar may be undelivered for so long while outsiders read: the threshold and one look.
const STALE: Nanos = Nanos::from_secs(61);
/// The cause of a state has been the same for so long.
const SETTLED: Nanos = Nanos::from_secs(75);
/// After the last trouble everything is as it should be within this.
const RECOVERED: Nanos = Nanos::from_secs(90);
/// The clocks may differ by so much.
const MAX_SKEW: Nanos = Nanos::from_secs(5);

/// What is known of one symbol.
struct Known {
    place: usize,
    symbol: Symbol,
    truth: Vec<Bar>,
    /// Its trades are known when they are made, so that its bars never change.
    is_settled: bool,
    /// Nor does anything come of them that is not whole.
    is_prompt: bool,
    /// Bars that are named as missing.
    gaps: Vec<Range<Timestamp>>,
    /// Rows that were looked at.
    n_seen: usize,
    /// Truth that was held against what is proven.
    n_proven: usize,
}

/// Holds a run against its laws.
pub struct Judge<'s> {
    scenario: &'s VendorScenario,
    known: Vec<Known>,
    n_steps: u64,
    n_events: usize,
    n_notes: usize,
    /// When the exchange last said that another connection has the place, or a line died of what had
    /// befallen it earlier.
    taken_at: Timestamp,
    n_taken: u64,
    /// What was found at the session's close.
    pub closed: BTreeMap<Symbol, Vec<(Timestamp, Ohlcv)>>,
}

impl<'s> Judge<'s> {
    /// The judge of a run that has not begun.
    pub fn new(scenario: &'s VendorScenario) -> Judge<'s> {
        let market = scenario.market();
        let revises = scenario.faults.iter().any(|fault| fault["do"] == "revise");
        let known = scenario.wanted.iter().map(|&place| {
            let is_settled = scenario.listings[place].late_pct == 0 && !revises;
            Known {
                place,
                symbol: scenario.listings[place].symbol.clone(),
                truth: truth(scenario.kind, &market, place, scenario.hours.clone()),
                is_settled,
                is_prompt: is_settled && !scenario.tells_in_part(),
                gaps: Vec::new(),
                n_seen: 0,
                n_proven: 0,
            }
        });
        Judge {
            scenario,
            known: known.collect(),
            n_steps: 0,
            n_events: 0,
            n_notes: 0,
            taken_at: Timestamp::MIN,
            n_taken: 0,
            closed: BTreeMap::new(),
        }
    }

    /// Holds the laws after something has happened.
    ///
    /// # Errors
    ///
    /// The law that is broken.
    pub fn look(&mut self, world: &World) -> Kept<()> {
        self.hear(world);
        let n_steps = world.session.engine.n_steps();
        if std::mem::replace(&mut self.n_steps, n_steps) == n_steps {
            return Ok(()); // It was not looked at.
        }
        self.check_events(world)?;
        self.check_evidence(world)?;
        let session = &world.session;
        if session.engine.phase() != Phase::Streaming {
            let is_shut = session.outside.clone().view().is_err();
            return keep("E: closed is closed", is_shut, || format!("at {}", world.wall()));
        }
        self.check_rows(world)?;
        self.check_active(world)?;
        self.check_states(world)
    }

    fn hear(&mut self, world: &World) {
        for (_, note) in &world.notes[self.n_notes..] {
            if let Note::Series { key, found: Found::GapLeft { missing, .. } } = note
                && let Some(known) = self.known.iter_mut().find(|known| known.symbol == key.symbol)
            {
                known.gaps.push(missing.clone());
            }
            if let Note::LineOver { .. } = note
                && self.scenario.ends_by_and_by()
            {
                self.taken_at = world.now;
            }
        }
        self.n_notes = world.notes.len();
        if world.network.traffic.n_taken > self.n_taken {
            (self.n_taken, self.taken_at) = (world.network.traffic.n_taken, world.now);
        }
    }

    fn check_events(&mut self, world: &World) -> Kept<()> {
        let events = world.session.engine.events();
        for event in &events[self.n_events.min(events.len())..] {
            if let Event::Corrected { symbol, kind, .. } = event {
                let known = self.known.iter_mut().find(|known| known.symbol == *symbol);
                let known = known.expect("a wanted symbol");
                known.n_seen = 0;
                let may_be = !known.is_prompt || *kind == CorrectionKind::Late;
                keep("A: a bar that never changed is not revised", may_be, || {
                    format!("at {}: {event:?}", world.wall())
                })?;
            }
        }
        self.n_events = events.len();
        Ok(())
    }

    /// Law D: what a feed is complete through has been handed over.
    fn check_evidence(&mut self, world: &World) -> Kept<()> {
        let handed = world.session.handed.lock();
        for known in &mut self.known {
            let Some(of_symbol) = handed.get(&known.symbol) else { continue };
            keep("A: a bar is handed over once", of_symbol.n_twice == 0, || {
                format!("at {}: {}", world.wall(), known.symbol)
            })?;
            let is_named = |at: &Timestamp| known.gaps.iter().any(|gap| gap.contains(at));
            let late = of_symbol.late.iter().find(|at| known.is_settled && !is_named(at));
            keep("D: what is proven absent does not come", late.is_none(), || {
                format!("at {}: {} {late:?}", world.wall(), known.symbol)
            })?;
            let through = of_symbol.through.unwrap_or(Timestamp::MIN);
            while let Some(bar) = known.truth.get(known.n_proven)
                && bar.closes_at <= through
            {
                let is_there = of_symbol.rows.contains_key(&bar.opens_at);
                let is_named = known.gaps.iter().any(|gap| gap.contains(&bar.opens_at));
                keep("D: what is said to be complete is there", is_there || is_named, || {
                    format!(
                        "at {}: {} is complete through {through} without {}",
                        world.wall(),
                        known.symbol,
                        bar.opens_at
                    )
                })?;
                known.n_proven += 1;
            }
        }
        Ok(())
    }

    /// Laws A and B of each new row.
    fn check_rows(&mut self, world: &World) -> Kept<()> {
        let clock = world.session.engine.clock().now();
        let inside = world.session.inside.view();
        for known in &mut self.known {
            let Some(shown) = inside.symbol(known.symbol.as_str()) else { continue };
            let Some(base) = shown.base() else { continue };
            let rows = base.today();
            check_rows_of(known, &rows, known.n_seen, clock)?;
            known.n_seen = rows.len();
        }
        Ok(())
    }

    /// Laws B and C: what outsiders read while they do.
    fn check_active(&mut self, world: &World) -> Kept<()> {
        let clock = world.session.engine.clock().now();
        let mut outside = world.session.outside.clone();
        let view = match outside.view() {
            Ok(view) => view,
            Err(inactive) => return self.check_inactive(world, &inactive.to_string()),
        };
        for known in &self.known {
            let rows = view.symbol(known.symbol.as_str());
            let rows = rows.ok().and_then(|shown| shown.base().map(|base| base.today().len()));
            let n_rows = rows.unwrap_or(0);
            let n_due = known.truth.partition_point(|bar| bar.closes_at + STALE <= clock);
            let n_given_up = known.truth[..n_due]
                .iter()
                .filter(|bar| known.gaps.iter().any(|gap| gap.contains(&bar.opens_at)))
                .count();
            keep(
                "C: active over nothing that is older than the threshold",
                n_rows + n_given_up >= n_due,
                || format!("at {clock}: {} has {n_rows} bars of {n_due}", known.symbol),
            )?;
        }
        Ok(())
    }

    /// Since when nothing has gone wrong; `None` while it does.
    fn calm_since(&self, world: &World) -> Option<Timestamp> {
        let weather = world.network.weather().calm_since(world.now)?;
        let exchange = world.network.exchange.calm_since();
        let since = weather.max(exchange).max(self.taken_at).max(self.scenario.start);
        (since <= world.now).then_some(since)
    }

    /// How long after the last trouble all is well: where the history has failed, it is asked again
    /// after a minute.
    fn recovered(&self) -> Nanos {
        let mut troubles = self.scenario.troubles.iter();
        let is_down = troubles.any(|trouble| matches!(trouble, Trouble::NoHistory(_)))
            || self.scenario.faults.iter().any(|fault| !fault["request"].is_null());
        if is_down { RECOVERED + MINUTE } else { RECOVERED }
    }

    fn is_skewed(&self) -> bool {
        let apart = self.scenario.our_skew.as_nanos().abs();
        apart > MAX_SKEW.as_nanos() && self.scenario.kind != VendorKind::Alpaca
    }

    /// Law J.
    fn check_inactive(&self, world: &World, why: &str) -> Kept<()> {
        let opened_at = self.scenario.hours.start - self.scenario.our_skew;
        let calm = self.calm_since(world).map(|since| world.now - since.max(opened_at));
        let may_be = calm.is_none_or(|calm| calm <= self.recovered()) || self.is_skewed();
        keep("J: active again after the last trouble", may_be, || {
            format!("at {}, calm for {calm:?}: {why}", world.wall())
        })
    }

    /// Law E.
    fn check_states(&self, world: &World) -> Kept<()> {
        let calm = self.calm_since(world).map(|since| world.now - since);
        let is_calm = calm.is_some_and(|calm| calm > self.recovered() + SETTLED);
        let out = world.network.weather().out_for(world.now);
        for status in world.session.engine.handle().status().symbols {
            let Some(known) = self.known.iter().find(|known| known.symbol == status.symbol) else {
                continue;
            };
            let wall = world.wall();
            let due: &[SymbolState] = if out > SETTLED {
                &[SymbolState::Dead]
            } else if self.is_cut_off(world, known) {
                // Who has not been caught up since is behind all the same.
                &[SymbolState::Late, SymbolState::CatchingUp]
            } else if is_calm && self.is_skewed() {
                &[SymbolState::Skewed]
            } else if is_calm {
                self.state_by_truth(known, world)
            } else {
                continue;
            };
            keep(
                "E: the state is that of its cause",
                due.is_empty() || due.contains(&status.state),
                || format!("at {wall}, calm for {calm:?}, out for {out}: {status:?}, due {due:?}"),
            )?;
        }
        Ok(())
    }

    /// Whether nothing has come of a symbol, from stream or history, for so long that a bar is overdue.
    fn is_cut_off(&self, world: &World, known: &Known) -> bool {
        let now = world.now;
        let is_on = |is_it: &dyn Fn(&Trouble) -> bool| {
            let mut troubles = self.scenario.troubles.iter();
            troubles.any(|trouble| is_it(trouble) && trouble.span().contains(&now))
        };
        let is_silent = |t: &Trouble| matches!(t, Trouble::Silent(of, _) if *of == known.symbol);
        if !is_on(&is_silent) || !is_on(&|t: &Trouble| matches!(t, Trouble::NoHistory(_))) {
            return false;
        }
        let handed = world.session.handed.lock();
        let Some(handed) = handed.get(&known.symbol) else { return false };
        let is_linked = matches!(handed.link, Some(Link::Up { .. } | Link::CatchingUp { .. }));
        // The next bar closes a minute after that, and is overdue a minute later.
        let through = handed.through.unwrap_or(Timestamp::MAX).max(self.scenario.hours.start);
        // The session's last instant is the last that a bar can be overdue at.
        let clock = world.wall().min(self.scenario.hours.end);
        is_linked && !self.is_skewed() && clock - through > MINUTE + MINUTE + Nanos::from_secs(15)
    }

    /// What a healthy symbol does, by the truth alone; none where both may be.
    fn state_by_truth(&self, known: &Known, world: &World) -> &'static [SymbolState] {
        // The vendor's clock counts, which is the true one.
        let n_closed = known.truth.partition_point(|bar| bar.closes_at <= world.now);
        let last = n_closed.checked_sub(1).map(|at| known.truth[at].closes_at);
        let last = last.unwrap_or(self.scenario.hours.start);
        let silence = (world.now - last).as_secs();
        match silence {
            30..58 if n_closed > 0 => &[SymbolState::Live],
            _ if silence > SETTLED.as_secs() + 15 => &[SymbolState::Quiet],
            _ => &[],
        }
    }

    /// Laws A and I at the end, over the truth as it is known then.
    ///
    /// # Errors
    ///
    /// The law that is broken.
    pub fn end(&mut self, world: &World) -> Kept<()> {
        self.look(world)?;
        let counts = world.network.exchange.counts();
        let traffic = world.network.traffic;
        keep("I: no limit is exceeded", counts.over_limit == 0, || {
            format!("{counts:?}, {traffic:?}")
        })?;
        keep("I: nobody is banned", counts.bans == 0, || format!("{counts:?}"))?;
        keep("I: who asks to be left alone is", traffic.n_impatient == 0, || {
            format!("{traffic:?}")
        })?;
        let is_over = world.session.is_over();
        keep("A: the session ends", is_over, || format!("at {}", world.wall()))?;
        let unsettled = self.unsettled_since(world);
        let report = world.session.engine.report();
        let inside = world.session.inside.view();
        for known in &self.known {
            let truth = truth(
                self.scenario.kind,
                world.network.exchange.market(),
                known.place,
                self.scenario.hours.clone(),
            );
            let shown = inside.symbol(known.symbol.as_str());
            let mut rows = BTreeMap::new();
            if let Some(base) = shown.as_ref().and_then(|shown| shown.base()) {
                rows.extend(base.today().bars_since(0).map(|bar| (bar.opens_at, bar.ohlcv)));
            }
            let reports = report.sessions.iter().flat_map(|session| &session.symbols);
            let of_symbol = reports.filter(|symbol| symbol.symbol == known.symbol);
            let n_named: u32 = of_symbol.filter_map(|symbol| symbol.n_missing()).sum();
            self.check_end(known, &truth, &rows, (n_named, unsettled))?;
            self.closed.insert(known.symbol.clone(), rows.into_iter().collect());
        }
        Ok(())
    }

    /// From the bars that close then on the last trouble of the session left no time to put them right.
    fn unsettled_since(&self, world: &World) -> Timestamp {
        let end = self.scenario.hours.end - SETTLED;
        let spans = self.scenario.troubles.iter().map(Trouble::span);
        let late = spans.filter(|span| span.end > end - RECOVERED).map(|span| span.start);
        let struck = world.network.exchange.calm_since();
        let struck = Some(struck).filter(|&struck| struck > end - RECOVERED - SETTLED);
        late.chain(struck).map(|since| since - MINUTE).min().unwrap_or(end).min(end)
    }

    /// Law A: every bar of the truth is there once with its values, or it is named.
    fn check_end(
        &self,
        known: &Known,
        truth: &[Bar],
        rows: &BTreeMap<Timestamp, Ohlcv>,
        (n_named, unsettled): (u32, Timestamp),
    ) -> Kept<()> {
        let name = &known.symbol;
        let is_named = |at: &Timestamp| known.gaps.iter().any(|gap| gap.contains(at));
        let opens = truth.iter().map(|bar| bar.opens_at);
        let missing: Vec<Timestamp> =
            opens.filter(|at| !rows.contains_key(at) && !is_named(at)).collect();
        keep(
            "A: every bar of the truth is there, or named",
            missing.len() <= n_named as usize,
            || format!("{name} is without {missing:?}, {n_named} are named"),
        )?;
        for (opens_at, met) in rows {
            let bar = truth.iter().find(|bar| bar.opens_at == *opens_at);
            let Some(bar) = bar else {
                return keep("A: there is no bar beside the truth", false, || {
                    format!("{name}: {opens_at}")
                });
            };
            // What becomes known after the close of the session comes too late for it.
            let is_last = bar.closes_at > unsettled;
            let may_differ =
                (is_last && !known.is_prompt) || (!known.is_settled && !self.is_told_of_late());
            let may_differ = may_differ && met.volume < bar.ohlcv.volume;
            keep("A: a bar has the values of the truth", may_differ || *met == bar.ohlcv, || {
                format!("{name} {opens_at}: {met:?}, the truth is {:?}", bar.ohlcv)
            })?;
        }
        Ok(())
    }

    /// Whether the vendor says it where a trade becomes known after the end of its bar.
    fn is_told_of_late(&self) -> bool {
        let revises = self.scenario.faults.iter().any(|fault| fault["do"] == "revise");
        let speaks = &self.scenario.speaks;
        let is_mute = matches!(speaks, Speaks::Kraken(KrakenSwitches { sends_late: false, .. }));
        !revises && !is_mute
    }
}

fn check_rows_of(known: &Known, rows: &Rows<'_>, since: usize, clock: Timestamp) -> Kept<()> {
    let name = &known.symbol;
    for bar in rows.bars_since(since) {
        keep("B: no bar before its close", bar.closes_at <= clock, || {
            format!("{name} {bar:?} at {clock}")
        })?;
        let due = known.truth.binary_search_by_key(&bar.opens_at, |bar| bar.opens_at);
        let Ok(due) = due.map(|at| &known.truth[at]) else {
            // A late trade of a script may make a bar where there was none.
            keep("A: there is no bar beside the truth", !known.is_prompt, || {
                format!("{name} {bar:?} at {clock}")
            })?;
            continue;
        };
        keep(
            "A: a bar has the values of the truth",
            !known.is_prompt || bar.ohlcv == due.ohlcv,
            || format!("at {clock}: {name} {bar:?}, the truth is {:?}", due.ohlcv),
        )?;
    }
    Ok(())
}
