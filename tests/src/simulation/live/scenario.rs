//! What one seed makes of a live run: a market, what its vendors say, a config, a clock, and what users
//! ask for.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use openbell_config::{GateScope, Hours, SessionConfig};
use openbell_coordinator::{SessionCommand, Stay};
use openbell_data_manager::{Arrival, ScriptedFeed};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_time::{Nanos, Timestamp};

use super::script::{Script, ScriptPlan, secs};
use super::trouble::{Trouble, Troubles};
use super::truth::TrueSymbol;
use super::vendor::VendorSymbol;
use super::wall::Reading;
use crate::simulation::days::{KnownDay, Stretch, stretches};
use crate::simulation::draw::Draw;
use crate::simulation::scenario::SimIndicator;

/// A symbol and its vendor.
pub struct LiveSymbol {
    /// What there is.
    pub truth: TrueSymbol,
    /// What is said of it.
    pub script: Script,
    /// From a subscription to its first answer.
    pub slowness: Nanos,
    /// The days that its history has: the first ones.
    pub n_history_days: usize,
}

/// A process, from its start to its end.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The true time at which it starts.
    pub start: Timestamp,
    /// The true time at which it is killed; `None` where it runs to its end.
    pub end: Option<Timestamp>,
    /// The sessions that it is to run.
    pub days: Range<usize>,
    /// Whether these are named by their dates; else they are those ahead.
    pub is_dated: bool,
}

/// When what users ask for late is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// When they ask for it.
    Late,
    /// From the first session on.
    FromTheStart,
}

/// Times of the true clock at which our clock shows another time.
#[derive(Clone, Debug)]
struct Step {
    during: Range<Timestamp>,
    by: Nanos,
}

/// A live run: everything that it depends on.
pub struct LiveScenario {
    /// The seed that made it.
    pub seed: u64,
    /// What may go wrong in it.
    pub troubles: Troubles,
    /// Its sessions, and those around them, in regular hours.
    pub stretch: &'static Stretch,
    /// Whether bars before the open and after the close are delivered too.
    pub extended: bool,
    /// The same sessions in the hours in which bars are delivered.
    pub days: Vec<KnownDay>,
    /// The base interval.
    pub base: BarInterval,
    /// The symbols.
    pub symbols: Vec<LiveSymbol>,
    /// Those that are configured.
    pub configured: Vec<Symbol>,
    /// The streams.
    pub streams: Vec<BarInterval>,
    /// Indicators.
    pub indicators: Vec<SimIndicator>,
    /// Sessions of the trailing window of base bars.
    pub n_trailing: usize,
    /// Seconds of lag that are too many, and that are few enough.
    pub thresholds: (usize, usize),
    /// Bars from check to check.
    pub check_interval: usize,
    /// Seconds that a missing bar has to come.
    pub settle_s: usize,
    /// Seconds that bars owed at the close have to come.
    pub patience_s: usize,
    /// What a symbol that is behind withholds.
    pub scope: GateScope,
    /// The processes.
    pub legs: Vec<Leg>,
    /// What users ask for, and when by the true time.
    pub commands: Vec<(Timestamp, SessionCommand)>,
    /// The indicators among that.
    pub asked: Vec<SimIndicator>,
    our_skew: Nanos,
    steps: Vec<Step>,
    sleeps: Vec<Range<Timestamp>>,
    wild: Vec<Reading>,
}

const NAMES: [&str; 4] = ["AAPL", "BRK.B", "ES=F", "ZM"];

fn interval(text: &str) -> BarInterval {
    text.parse().expect("an interval")
}

impl LiveScenario {
    /// The scenario of `seed`, with such kinds of trouble only as are among `troubles`.
    pub fn of(seed: u64, troubles: Troubles) -> LiveScenario {
        let draw = &mut Draw::new(seed ^ 0x11fe);
        let stretch = draw.pick(stretches());
        let is_long = stretch.is_round_the_clock();
        let n_days = stretch.days.len();
        let first = draw.between(2, n_days - 1);
        let most = if is_long { 2 } else { 3 };
        let mut run = first..(first + draw.between(1, most)).min(n_days);
        let bases: &[&str] = match draw.chance(3) {
            true if is_long => &["5m"],
            true => &["1m"],
            false if is_long => &["15m", "30m", "1h", "1h"],
            false => &["5m", "15m", "15m", "30m", "1h"],
        };
        let mut base = interval(bases[draw.below(bases.len())]);
        // Of their own numbers, so that a seed without them is what it was.
        let rare = &mut Draw::new(seed ^ 0x5ec0);
        let is_by_second = rare.below(400) == 0 && !is_long;
        if is_by_second {
            (base, run) = (interval("1s"), first..first + 1);
        }
        let step = base.clock().expect("an interval of the clock").length();
        let extended = stretch.has_extended_hours() && step >= secs(300) && rare.chance(25);
        let of_day = |day: usize| {
            let (date, parts) = (stretch.days[day].date, stretch.delivered(day, extended));
            KnownDay { date, parts }
        };
        let days: Vec<KnownDay> = (0..n_days).map(of_day).collect();
        let longer: Vec<BarInterval> = ["5m", "15m", "30m", "1h", "2h", "1d"]
            .iter()
            .map(|text| interval(text))
            .filter(|longer| *longer > base && longer.is_made_of(base))
            .collect();
        let mut streams = vec![base];
        streams.extend(draw.some(&longer, 45));
        let mut indicators = Vec::new();
        if draw.chance(50) {
            for _ in 0..draw.between(1, 2) {
                let indicator = SimIndicator::drawn(&streams, draw);
                if !indicators.contains(&indicator) {
                    indicators.push(indicator);
                }
            }
        }
        let threshold = if is_long {
            *draw.pick(&[300, 600, 900])
        } else {
            *draw.pick(&[60, 60, 90, 120, 300, 600])
        };
        let recovery = if draw.chance(60) { threshold } else { draw.below(threshold + 1) };
        let n_symbols = draw.between(1, 3);
        let mut symbols = Vec::new();
        for (n, name) in NAMES[..n_symbols].iter().enumerate() {
            let densities_pct =
                if is_by_second { [1, 1, 2, 2, 3, 5] } else { [100, 100, 97, 80, 40, 8] };
            let density_pct = *draw.pick(&densities_pct);
            let truth = TrueSymbol::drawn(name, &days, step, density_pct, draw);
            let plan = ScriptPlan { seed, n, troubles, run: run.clone(), threshold_s: threshold };
            let script = Script::drawn(&truth, &plan, draw);
            let mut slow = Trouble::SlowStarts.draw(seed, n);
            let is_slow = slow.chance(25) && troubles.has(Trouble::SlowStarts);
            let slowness = if is_slow { secs(slow.between(1, 400)) } else { Nanos::ZERO };
            let mut short = Trouble::ShortHistory.draw(seed, n);
            let is_short = short.chance(15) && troubles.has(Trouble::ShortHistory);
            let n_history_days =
                if is_short { short.between(run.start, run.end - 1) } else { n_days };
            symbols.push(LiveSymbol { truth, script, slowness, n_history_days });
        }
        let names: Vec<Symbol> = symbols.iter().map(|symbol| symbol.truth.name.clone()).collect();
        let mut configured = draw.some(&names, 70);
        if configured.is_empty() {
            configured.push(names[0].clone());
        }
        let mut scenario = LiveScenario {
            seed,
            troubles,
            stretch,
            extended,
            days,
            base,
            symbols,
            configured,
            streams,
            indicators,
            n_trailing: draw.below(3),
            thresholds: (threshold, recovery),
            check_interval: *draw.pick(&[10, 10, 1, 3, 30]),
            settle_s: *draw.pick(&[5, 5, 0, 2, 30, 60]),
            patience_s: *draw.pick(&[300, 300, 20, 60, 900]),
            scope: if draw.chance(35) { GateScope::Symbol } else { GateScope::Session },
            legs: Vec::new(),
            commands: Vec::new(),
            asked: Vec::new(),
            our_skew: Nanos::ZERO,
            steps: Vec::new(),
            sleeps: Vec::new(),
            wild: Vec::new(),
        };
        scenario.draw_legs(run.clone());
        scenario.draw_clock(&run);
        scenario.draw_commands(&run, &longer);
        scenario
    }

    fn draw_legs(&mut self, run: Range<usize>) {
        let days = &self.days;
        let first = days[run.start].open();
        let draw = &mut Trouble::AnyStart.draw(self.seed, 0);
        let mut start = first - secs(draw.between(5, 900));
        // Before the first there is another one, where they adjoin.
        let is_dated = draw.chance(50) || self.stretch.is_round_the_clock();
        let mut from = run.start;
        if draw.chance(45) && self.troubles.has(Trouble::AnyStart) {
            let length_s = (days[run.end - 1].close() - first).as_secs() as usize;
            start = first + secs(draw.below(length_s));
            from = if is_dated { from } else { self.day_at(&run, start) };
        }
        let mut leg = Leg { start, end: None, days: from..run.end, is_dated };
        let draw = &mut Trouble::Restarts.draw(self.seed, 0);
        if draw.chance(25) && self.troubles.has(Trouble::Restarts) {
            let length_s = (days[run.end - 1].close() - start).as_secs().max(1) as usize;
            let killed_at = start + secs(draw.below(length_s));
            let again = killed_at + secs(*draw.pick(&[1, 40, 200, 3_000, 30_000]));
            if again < days[run.end - 1].close() {
                leg.end = Some(killed_at);
                self.legs.push(leg);
                let is_dated = draw.chance(50) || again < first;
                let days = self.day_at(&run, again)..run.end;
                leg = Leg { start: again, end: None, days, is_dated };
            }
        }
        self.legs.push(leg);
    }

    /// The session of `run` that is open at `instant`, or else the next.
    fn day_at(&self, run: &Range<usize>, instant: Timestamp) -> usize {
        let mut days = run.clone();
        days.find(|&day| self.days[day].close() > instant).unwrap_or(run.end - 1)
    }

    fn draw_clock(&mut self, run: &Range<usize>) {
        let days = &self.days;
        let (first, last) = (days[run.start].open(), days[run.end - 1].close());
        let length_s = (last - first).as_secs() as usize;
        let draw = &mut Trouble::OurSkew.draw(self.seed, 0);
        if draw.chance(30) && self.troubles.has(Trouble::OurSkew) {
            let ms = *draw.pick(&[-500, 400, -1_700, 1_500, -3_000, 3_000]);
            self.our_skew = Nanos::from_nanos(ms * 1_000_000);
        }
        let draw = &mut Trouble::Sleep.draw(self.seed, 0);
        for _ in 0..draw.below(3) {
            let since = first + secs(draw.below(length_s));
            let lasts = secs(*draw.pick(&[100, 1_000, 8_000, 40_000]) + draw.below(500));
            if self.troubles.has(Trouble::Sleep) && draw.chance(40) {
                self.sleeps.push(since..since + lasts);
            }
        }
        let draw = &mut Trouble::Steps.draw(self.seed, 0);
        if draw.chance(20) && self.troubles.has(Trouble::Steps) {
            let since = first + secs(draw.below(length_s));
            let during = since..since + secs(draw.between(10, 4_000));
            let by = secs(*draw.pick(&[1, 3, 8, 70, 900, 4_000]));
            let by = if draw.chance(60) { Nanos::ZERO - by } else { by };
            self.steps.push(Step { during, by });
        }
        let draw = &mut Trouble::WildReadings.draw(self.seed, 0);
        for _ in 0..draw.below(3) {
            let at = first + secs(draw.below(length_s)) + Nanos::from_nanos(7);
            let by_s = draw.between(1_000, 200_000) as i64;
            let by = Nanos::from_secs(if draw.chance(70) { by_s } else { -by_s });
            if self.troubles.has(Trouble::WildReadings) && draw.chance(50) {
                self.wild.push(Reading { at, wall: at + by });
            }
        }
    }

    /// The symbols that a strategy trades: none in most scenarios, and none that somebody wants to add or remove,
    /// since what is held locks its symbol.
    pub fn traded(&self) -> Vec<Symbol> {
        let is_named = |symbol: &Symbol| {
            self.commands.iter().any(|(_, command)| match command {
                SessionCommand::AddSymbols { symbols, .. }
                | SessionCommand::RemoveSymbols { symbols } => symbols.contains(symbol),
                SessionCommand::Lock { symbol: of } | SessionCommand::Unlock { symbol: of } => {
                    of == symbol
                }
                _ => false,
            })
        };
        let trades = self.seed % 3 == 1;
        let configured = self.configured.iter().filter(|symbol| trades && !is_named(symbol));
        configured.cloned().collect()
    }

    fn draw_commands(&mut self, run: &Range<usize>, longer: &[BarInterval]) {
        let days = &self.days;
        let (first, last) = (days[run.start].open() - secs(600), days[run.end - 1].close());
        let length_s = (last - first).as_secs() as usize;
        let draw = &mut Trouble::Changes.draw(self.seed, 0);
        let names: Vec<Symbol> = self.symbols.iter().map(|s| s.truth.name.clone()).collect();
        if draw.chance(50) && self.troubles.has(Trouble::Changes) {
            for _ in 0..draw.between(1, 5) {
                let at = first + secs(draw.below(length_s));
                let symbol = draw.pick(&names).clone();
                let stay = if draw.chance(50) { Stay::Run } else { Stay::Session };
                let command = match draw.below(20) {
                    0..10 => SessionCommand::AddSymbols { symbols: vec![symbol.clone()], stay },
                    10..18 => SessionCommand::RemoveSymbols { symbols: vec![symbol.clone()] },
                    18 => SessionCommand::Lock { symbol: symbol.clone() },
                    _ => SessionCommand::Unlock { symbol: symbol.clone() },
                };
                let returns = matches!(command, SessionCommand::RemoveSymbols { .. });
                self.commands.push((at, command));
                if returns && draw.chance(60) {
                    let at = at + secs(*draw.pick(&[0, 0, 1, 300, 20_000]));
                    self.commands
                        .push((at, SessionCommand::AddSymbols { symbols: vec![symbol], stay }));
                }
            }
            if draw.chance(5) {
                self.commands.push((first + secs(draw.below(length_s)), SessionCommand::Stop));
            }
        }
        let draw = &mut Trouble::Asks.draw(self.seed, 0);
        if draw.chance(20) && self.troubles.has(Trouble::Asks) && !longer.is_empty() {
            for _ in 0..draw.between(1, 2) {
                let interval = *draw.pick(longer);
                let command = if draw.chance(60) {
                    SessionCommand::AddInterval { interval }
                } else {
                    let indicator = SimIndicator::drawn(&[self.base, interval], draw);
                    self.asked.push(indicator);
                    SessionCommand::AddIndicator { spec: indicator.spec() }
                };
                self.commands.push((first + secs(draw.below(length_s)), command));
            }
        }
        self.commands.sort_by_key(|(at, _)| *at);
    }

    /// What our clock shows at the true time `at`.
    fn wall_at(&self, at: Timestamp) -> Timestamp {
        let step = self.steps.iter().find(|step| step.during.contains(&at));
        at + self.our_skew + step.map_or(Nanos::ZERO, |step| step.by)
    }

    /// Whether users ask for intervals or indicators.
    pub fn asks_late(&self) -> bool {
        let asks = |(_, command): &(Timestamp, SessionCommand)| {
            matches!(
                command,
                SessionCommand::AddInterval { .. } | SessionCommand::AddIndicator { .. }
            )
        };
        self.commands.iter().any(asks)
    }

    /// No look at the clock is further from the one before than this, unless the machine sleeps or no
    /// session is open.
    pub fn limit(&self) -> Nanos {
        secs(self.thresholds.0.max(2))
    }

    /// How long after a session's last instant it may still be open.
    pub fn patience(&self) -> Nanos {
        secs(self.patience_s.max(self.settle_s))
    }

    /// When `leg` looks at its clock.
    pub fn readings(&self, leg: &Leg) -> Vec<Reading> {
        let draw = &mut Draw::new(self.seed ^ 0x7e_ad);
        let mut instants: BTreeSet<Timestamp> = BTreeSet::from([leg.start]);
        let fill = Nanos::from_nanos(self.limit().as_nanos() * 9 / 10);
        for day in &self.days[leg.days.clone()] {
            let over = day.close() + self.patience() + secs(10);
            let mut at = day.open() - secs(draw.between(1, 600));
            while at <= over {
                instants.insert(at);
                at += fill;
            }
            instants.insert(day.open());
        }
        let lead = secs(draw.below(2));
        for symbol in &self.symbols {
            for day in &symbol.truth.days[leg.days.clone()] {
                instants.extend(day.slots.iter().map(|&(_, closes_at)| closes_at + lead));
            }
            let lines = symbol.script.lines.iter();
            let rows = lines.filter(|line| !matches!(line.said, Arrival::Heartbeat));
            instants.extend(rows.filter(|_| draw.chance(85)).map(|line| line.at));
        }
        let end = leg.end.unwrap_or(Timestamp::MAX);
        let is_asleep = |at: &Timestamp| self.sleeps.iter().any(|sleep| sleep.contains(at));
        let last = self.days[leg.days.end - 1].close() + self.patience() + secs(5_000);
        let awake = instants.range(leg.start..end.min(last)).filter(|at| !is_asleep(at));
        let mut readings: Vec<Reading> =
            awake.map(|&at| Reading { at, wall: self.wall_at(at) }).collect();
        let wild = self.wild.iter().filter(|wild| leg.start < wild.at && wild.at < end);
        readings.extend(wild);
        readings.sort_by_key(|reading| reading.at);
        if leg.end.is_none() {
            self.look_on(fill, leg.days.len(), &mut readings);
        }
        readings
    }

    /// Adds readings after all that may keep the last session open.
    fn look_on(&self, fill: Nanos, n_sessions: usize, readings: &mut Vec<Reading>) {
        let steps = self.steps.iter().map(|step| step.during.end);
        let all = steps.chain(self.sleeps.iter().map(|sleep| sleep.end));
        let mut at = all.chain(readings.last().map(|reading| reading.at)).max().expect("a start");
        // Sessions that were slept through are over one after the other, each with its patience.
        let n_of_session = self.patience().as_nanos() / fill.as_nanos() + 8;
        for _ in 0..n_of_session * n_sessions as i64 {
            at += fill;
            readings.push(Reading { at, wall: self.wall_at(at) });
        }
    }

    /// The vendors, each with the bars of the days that its history has.
    pub fn vendors(&self) -> Vec<VendorSymbol> {
        let since = self.days[0].open() - secs(100_000);
        let vendor = |symbol: &LiveSymbol| {
            let name = symbol.truth.name.clone();
            let key = SeriesKey { symbol: name, interval: self.base };
            let mut script = ScriptedFeed::new(key.clone(), since, symbol.script.heartbeat);
            for line in &symbol.script.lines {
                script.arrives(line.at, line.said.clone());
            }
            let mut history = BarColumns::default();
            let days = symbol.truth.days.iter().take(symbol.n_history_days);
            for bar in days.flat_map(|day| &day.bars) {
                history.push(bar.opens_at, bar.ohlcv);
            }
            VendorSymbol { key, script, slowness: symbol.slowness, history }
        };
        self.symbols.iter().map(vendor).collect()
    }

    /// The session file of a run of `symbols` in the sessions `days`; what is asked for late stands in
    /// it where it is `asked` from the start.
    pub fn json(&self, symbols: &[Symbol], days: &Range<usize>, asked: Asked) -> String {
        let quoted = |texts: Vec<String>| format!("[{}]", texts.join(", "));
        let names = quoted(symbols.iter().map(|symbol| format!("{:?}", symbol.as_str())).collect());
        let mut streams: BTreeSet<BarInterval> = self.streams.iter().copied().collect();
        let mut indicators: Vec<String> = self.indicators.iter().map(SimIndicator::json).collect();
        if asked == Asked::FromTheStart {
            streams.extend(self.commands.iter().filter_map(|(_, command)| match command {
                SessionCommand::AddInterval { interval } => Some(*interval),
                _ => None,
            }));
            streams.extend(self.asked.iter().map(|indicator| indicator.interval));
            for indicator in self.asked.iter().map(SimIndicator::json) {
                if !indicators.contains(&indicator) {
                    indicators.push(indicator);
                }
            }
        }
        let streams = quoted(streams.iter().map(|interval| format!("\"{interval}\"")).collect());
        let indicators = quoted(indicators);
        let history = match self.n_trailing {
            0 => String::new(),
            n => format!(
                r#", "historical": {{"data": [{{"trailing_days": {n}, "intervals": ["{}"]}}]}}"#,
                self.base
            ),
        };
        let dates = &self.days[days.clone()];
        let hours = if self.extended { Hours::Extended } else { Hours::Regular };
        format!(
            r#"{{"session_name": "live seed {seed}", "mode": "backtest", "exchange_group": "{group}",
"backtest_config": {{"start_date": "{start}", "end_date": "{end}"}},
"session_data_config": {{"symbols": {names}, "streams": {streams}, "base_interval": "{base}",
"hours": "{hours}", "gap_filler": {{"max_retries": 1, "retry_interval_seconds": {patience}}},
"streaming": {{"catchup_threshold_seconds": {threshold}, "recovery_threshold_seconds": {recovery},
"catchup_check_interval": {check}, "scope": "{scope}", "settle_seconds": {settle}}}{history},
"indicators": {{"session": {indicators}}}}}}}"#,
            seed = self.seed,
            group = self.stretch.group,
            start = dates[0].date,
            end = dates[dates.len() - 1].date,
            base = self.base,
            patience = self.patience_s,
            threshold = self.thresholds.0,
            recovery = self.thresholds.1,
            check = self.check_interval,
            scope = self.scope,
            settle = self.settle_s,
        )
    }

    /// The config that `json` is.
    ///
    /// # Panics
    ///
    /// Where it is refused: a scenario is made of what is allowed.
    pub fn config(&self, json: &str) -> SessionConfig {
        match SessionConfig::parse(json) {
            Ok((config, _)) => config,
            Err(errors) => panic!("seed {}: {errors}\n{json}", self.seed),
        }
    }
}

impl fmt::Display for LiveScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "troubles: {}", self.troubles)?;
        for leg in &self.legs {
            let json = self.json(&self.configured, &leg.days, Asked::Late);
            writeln!(f, "{leg:?}\n{json}")?;
        }
        for symbol in &self.symbols {
            let Script { evidence, delay, heartbeat, lines } = &symbol.script;
            let (n_lines, name, slow) = (lines.len(), &symbol.truth.name, symbol.slowness);
            writeln!(
                f,
                "{name}: {evidence:?}, {delay} after the close, silent after {heartbeat}, begins \
                 after {slow}, {n_lines} lines"
            )?;
        }
        for (at, command) in &self.commands {
            writeln!(f, "at {at}: {command:?}")?;
        }
        writeln!(f, "our clock is {} ahead; {:?}", self.our_skew, self.steps)?;
        writeln!(f, "asleep: {:?}\nwild: {:?}", self.sleeps, self.wild)
    }
}
