//! What one seed makes: a market, a config, a script of commands, and who listens.

use std::ops::Range;
use std::sync::Arc;

use openbell_config::{GateScope, Hours, SessionConfig};
use openbell_coordinator::{Command, OnError, PaceCommand, SessionCommand, Stay};
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_time::{Nanos, Timestamp};

use super::days::{Stretch, stretches};
use super::draw::Draw;
use super::source::SimSource;
use super::symbols::{Floor, SimSymbol};

/// A command of a user, and before which step it is given.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// Calls of the step function before it.
    pub before_step: u64,
    /// Which handle gives it.
    pub user: usize,
    /// What is asked.
    pub command: Command,
}

/// A consumer besides the listener that checks what it hears.
#[derive(Clone, Debug)]
pub enum Extra {
    /// Takes its time, in wall time, for every callback.
    Slow(Nanos),
    /// Panics in its n-th callback.
    Panics(usize),
    /// Yields an error in its n-th callback.
    Errs(usize, OnError),
    /// Gives commands from its callbacks: each in the n-th instant at which the first configured
    /// symbol has a bar.
    Asks(Vec<(usize, SessionCommand)>),
}

/// A change that the config itself makes at a time of every day.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// Minutes after the open.
    pub minute: usize,
    /// The symbol.
    pub symbol: Symbol,
    /// Whether it joins, and for how long; it leaves where that is `None`.
    pub joins: Option<Stay>,
}

/// A whole run: everything that it depends on.
#[derive(Clone)]
pub struct Scenario {
    /// The seed that made it.
    pub seed: u64,
    /// Its sessions, and those around them.
    pub stretch: &'static Stretch,
    /// Which of them are run.
    pub run: Range<usize>,
    /// The base interval.
    pub base: BarInterval,
    /// The market.
    pub symbols: Arc<Vec<SimSymbol>>,
    /// The configured symbols, in the order of the config.
    pub configured: Vec<Symbol>,
    /// The streams.
    pub streams: Vec<BarInterval>,
    /// Trailing sessions, and of which intervals; none where there are none.
    pub history: (usize, Vec<BarInterval>),
    /// Indicators: name, period, interval.
    pub indicators: Vec<SimIndicator>,
    /// Seconds of lag that are too many, and that are few enough.
    pub thresholds: (u32, u32),
    /// Bars from check to check.
    pub check_interval: u32,
    /// What a lagging symbol withholds.
    pub scope: GateScope,
    /// Whether pre- and post-market bars are delivered.
    pub extended: bool,
    /// Whether quality is kept.
    pub keeps_quality: bool,
    /// The speed.
    pub speed: f64,
    /// What the config changes by itself.
    pub schedule: Vec<Scheduled>,
    /// What users do.
    pub script: Vec<Scripted>,
    /// Who listens besides.
    pub extras: Vec<Extra>,
}

/// An indicator, as a config names it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SimIndicator {
    /// Name and type.
    pub kind: (&'static str, &'static str),
    /// Bars; 0 where it has no period.
    pub period: usize,
    /// The interval.
    pub interval: BarInterval,
}

const KINDS: [((&str, &str), bool); 6] = [
    (("sma", "trend"), true),
    (("ema", "trend"), true),
    (("rsi", "momentum"), true),
    (("atr", "volatility"), true),
    (("obv", "volume"), false),
    (("vwap", "trend"), false),
];

const NAMES: [&str; 8] = ["AAPL", "BRK.B", "^VIX", "ZM", "A", "ES=F", "BTC-USD", "TSLA"];

impl SimIndicator {
    /// One on one of `intervals`.
    pub(super) fn drawn(intervals: &[BarInterval], draw: &mut Draw) -> SimIndicator {
        let interval = *draw.pick(intervals);
        // The session's own indicators mean nothing on a whole day.
        let usable = if interval.clock().is_some() { KINDS.len() } else { KINDS.len() - 1 };
        let &(kind, has_period) = draw.pick(&KINDS[..usable]);
        let period = if has_period { draw.between(2, 9) } else { 0 };
        SimIndicator { kind, period, interval }
    }

    /// The one that the engine was asked for as `spec`.
    pub fn of(spec: &IndicatorSpec) -> SimIndicator {
        let named = |((name, _), _): &&((&str, &str), bool)| *name == spec.name().to_string();
        let &(kind, has_period) = KINDS.iter().find(named).expect("one of these");
        let period = if has_period { spec.count("period") as usize } else { 0 };
        SimIndicator { kind, period, interval: spec.interval() }
    }

    /// As a config has it.
    pub(super) fn json(&self) -> String {
        let SimIndicator { kind: (name, kind), period, interval } = self;
        let period = if *period > 0 { format!(r#""period": {period}, "#) } else { String::new() };
        format!(r#"{{"name": "{name}", {period}"interval": "{interval}", "type": "{kind}"}}"#)
    }

    /// The same as the engine is asked for it.
    pub fn spec(&self) -> IndicatorSpec {
        let period = (self.period > 0).then_some(self.period as f64);
        let name = self.kind.0.parse().expect("a name");
        IndicatorSpec::new(name, period, [], self.interval).expect("an indicator")
    }
}

fn interval(text: &str) -> BarInterval {
    text.parse().expect("an interval")
}

impl Scenario {
    /// The scenario of `seed`.
    pub fn of(seed: u64) -> Scenario {
        let draw = &mut Draw::new(seed);
        let stretch = draw.pick(stretches());
        let first = draw.between(0, stretch.days.len().min(7) - 1);
        let n_sessions = *draw.pick(&[1, 1, 2, 2, 3]);
        let run = first..(first + n_sessions).min(stretch.days.len());
        let long = stretch.is_round_the_clock();
        let (base, step_s, choices): (&str, i64, &[&str]) = match draw.below(100) {
            0..40 if !long => ("1m", 60, &["5m", "7m", "15m", "30m", "1h", "390m", "1d", "1w"]),
            0..5 => ("1m", 60, &["5m", "1h", "1d"]),
            5..45 if long => ("15m", 900, &["45m", "1h", "2h", "1d", "1w"]),
            40..43 => ("1s", 1, &["5m", "15m", "1h", "1d"]),
            43..80 => ("5m", 300, &["15m", "20m", "1h", "1d", "1w"]),
            80..92 => ("15m", 900, &["30m", "45m", "1h", "1d", "1w"]),
            _ => ("1h", 3600, &["2h", "4h", "1d"]),
        };
        let base = interval(base);
        let choices: Vec<BarInterval> = choices.iter().map(|text| interval(text)).collect();
        let mut streams = vec![base];
        streams.extend(draw.some(&choices, 40));
        let floor = Floor { stretch, run: run.clone(), step: Nanos::from_secs(step_s) };
        let n_symbols = draw.between(1, 6);
        let names: Vec<&str> = draw.some(&NAMES, 75).into_iter().take(n_symbols).collect();
        let names = if names.is_empty() { vec!["AAPL"] } else { names };
        let sound = draw.below(names.len()); // One at least can be configured.
        let symbol = |(n, name): (usize, &&str)| floor.symbol(name, n == sound, draw);
        let symbols: Vec<SimSymbol> = names.iter().enumerate().map(symbol).collect();
        let mut scenario = Scenario {
            seed,
            stretch,
            run,
            base,
            symbols: Arc::new(symbols),
            configured: Vec::new(),
            history: (0, Vec::new()),
            indicators: Vec::new(),
            thresholds: (60, 60),
            check_interval: 10,
            scope: if draw.chance(25) { GateScope::Symbol } else { GateScope::Session },
            extended: stretch.has_extended_hours() && step_s >= 300 && draw.chance(25),
            keeps_quality: draw.chance(85),
            speed: *draw.pick(&[0.0, 0.0, 60.0, 1200.0]),
            schedule: Vec::new(),
            script: Vec::new(),
            extras: Vec::new(),
            streams,
        };
        scenario.draw_config(&choices, draw);
        scenario.draw_script(&choices, draw);
        scenario.draw_extras(draw);
        scenario
    }

    fn draw_config(&mut self, choices: &[BarInterval], draw: &mut Draw) {
        let sound: Vec<Symbol> = self
            .symbols
            .iter()
            .filter(|s| s.rows.is_some() && s.unreadable_since() > Timestamp::MIN)
            .map(|s| s.name.clone())
            .collect();
        self.configured = draw.some(&sound, 50);
        if self.configured.is_empty() {
            self.configured = sound.first().cloned().into_iter().collect();
        }
        if draw.chance(50) {
            self.configured.reverse(); // Their order in the file changes nothing.
        }
        if draw.chance(35) {
            let mut intervals = vec![self.base, BarInterval::DAY];
            intervals.extend(choices.iter().filter(|i| i.clock().is_some()).take(1));
            self.history = (draw.between(1, 3), draw.some(&intervals, 60));
        }
        if draw.chance(40) {
            let intervals = self.streams.clone();
            for _ in 0..draw.between(1, 3) {
                let indicator = SimIndicator::drawn(&intervals, draw);
                if !self.indicators.contains(&indicator) {
                    self.indicators.push(indicator);
                }
            }
        }
        if draw.chance(60) {
            let threshold = *draw.pick(&[1, 59, 60, 61, 120, 299, 300, 301, 900, 3600, 200_000]);
            let recovery = if draw.chance(50) { threshold } else { draw.below(threshold + 1) };
            self.thresholds = (threshold as u32, recovery as u32);
        }
        if draw.chance(50) {
            self.check_interval = draw.between(1, 30) as u32;
        }
        if draw.chance(25) {
            for _ in 0..draw.between(1, 3) {
                let minute = draw.between(0, 500);
                let symbol = draw.pick(&self.symbols).name.clone();
                let stay = if draw.chance(50) { Stay::Run } else { Stay::Session };
                let joins = draw.chance(65).then_some(stay);
                self.schedule.push(Scheduled { minute, symbol, joins });
            }
        }
    }

    fn draw_script(&mut self, choices: &[BarInterval], draw: &mut Draw) {
        if draw.chance(10) {
            return;
        }
        let n_steps = self.n_instants() as u64 * 5 / 4 + 20;
        let mut before_step = 0;
        for _ in 0..draw.between(1, 4) * self.run.len() {
            before_step = draw.any() % n_steps;
            let command = self.command(choices, draw);
            let adds = matches!(command, Command::Session(SessionCommand::AddSymbols { .. }));
            self.script.push(Scripted { before_step, user: draw.below(3), command });
            // What follows an add likely meets it in the middle of catch-up.
            let mut follows = adds && draw.chance(60);
            while follows {
                before_step += draw.below(25) as u64;
                let command = self.command(choices, draw);
                self.script.push(Scripted { before_step, user: draw.below(3), command });
                follows = draw.chance(50);
            }
        }
        if draw.chance(4) {
            let command = SessionCommand::Stop.into();
            self.script.push(Scripted { before_step, user: 0, command });
        }
        self.script.sort_by_key(|scripted| scripted.before_step);
    }

    fn command(&self, choices: &[BarInterval], draw: &mut Draw) -> Command {
        let all: Vec<Symbol> = self.symbols.iter().map(|s| s.name.clone()).collect();
        let one = |draw: &mut Draw| match draw.below(20) {
            0 => "NOPE".parse().expect("a symbol"),
            _ => draw.pick(&all).clone(),
        };
        let stay = if draw.chance(40) { Stay::Run } else { Stay::Session };
        let command = match draw.below(100) {
            0..38 => SessionCommand::AddSymbols { symbols: vec![one(draw)], stay },
            38..46 => {
                let mut symbols = draw.some(&all, 60);
                symbols.reverse();
                SessionCommand::AddSymbols { symbols, stay }
            }
            46..66 => SessionCommand::RemoveSymbols { symbols: vec![one(draw)] },
            66..71 => SessionCommand::Lock { symbol: one(draw) },
            71..75 => SessionCommand::Unlock { symbol: one(draw) },
            75..79 => SessionCommand::AddInterval { interval: *draw.pick(choices) },
            79..82 => {
                let interval = if draw.chance(50) { self.base } else { *draw.pick(choices) };
                SessionCommand::AddIndicator { spec: SimIndicator::drawn(&[interval], draw).spec() }
            }
            82..86 => return PaceCommand::Pause.into(),
            86..90 => return PaceCommand::Resume.into(),
            90..94 => return PaceCommand::Step.into(),
            94..97 => {
                let day = &self.stretch.days[draw.between(self.run.start, self.run.end - 1)];
                let minutes = Nanos::from_secs(60 * draw.below(600) as i64);
                return PaceCommand::RunUntil { until: day.open() + minutes }.into();
            }
            _ => {
                let multiplier = *draw.pick(&[0.0, 60.0, 3600.0, -1.0]);
                return PaceCommand::ChangeSpeed { multiplier }.into();
            }
        };
        command.into()
    }

    fn draw_extras(&mut self, draw: &mut Draw) {
        if draw.chance(12) {
            self.extras.push(Extra::Slow(Nanos::from_secs(draw.between(1, 90) as i64)));
        }
        if draw.chance(12) {
            self.extras.push(Extra::Panics(draw.below(200)));
        }
        if draw.chance(12) {
            let rule = if draw.chance(30) { OnError::StopRun } else { OnError::StopConsumer };
            self.extras.push(Extra::Errs(draw.below(300), rule));
        }
        if draw.chance(20) {
            let n_instants = self.n_instants();
            let mut asks: Vec<(usize, SessionCommand)> = Vec::new();
            for _ in 0..draw.between(1, 4) {
                let symbols = vec![draw.pick(&self.symbols).name.clone()];
                let command = match draw.below(10) {
                    0..6 => SessionCommand::AddSymbols { symbols, stay: Stay::Session },
                    6..9 => SessionCommand::RemoveSymbols { symbols },
                    _ => SessionCommand::Lock { symbol: symbols[0].clone() },
                };
                asks.push((draw.below(n_instants), command));
            }
            asks.sort_by_key(|&(n, _)| n);
            self.extras.push(Extra::Asks(asks));
        }
    }

    /// About as many instants as a run of all bars visits.
    fn n_instants(&self) -> usize {
        let step_s = self.base.clock().map_or(60, |clock| clock.length().as_secs()).max(60);
        let of_day = |day: usize| {
            let parts = self.stretch.delivered(day, self.extended);
            parts.iter().map(|(since, until)| (*until - *since).as_secs() / step_s).sum::<i64>()
        };
        self.run.clone().map(of_day).sum::<i64>().max(1) as usize
    }

    /// The session file.
    pub fn json(&self) -> String {
        let quoted = |texts: Vec<String>| format!("[{}]", texts.join(", "));
        let names = |symbols: &[Symbol]| {
            quoted(symbols.iter().map(|symbol| format!("{:?}", symbol.as_str())).collect())
        };
        let intervals = |list: &[BarInterval]| {
            quoted(list.iter().map(|interval| format!("\"{interval}\"")).collect())
        };
        let history = if self.history.1.is_empty() {
            String::new()
        } else {
            let (n, list) = (self.history.0, intervals(&self.history.1));
            format!(
                r#", "historical": {{"data": [{{"trailing_days": {n}, "intervals": {list}}}]}}"#
            )
        };
        let indicators = quoted(self.indicators.iter().map(SimIndicator::json).collect());
        let schedule = self.schedule.iter().map(|entry| {
            let minute = (self.stretch.opens_at_minute + entry.minute) % (24 * 60);
            let change = match entry.joins {
                None => format!(r#""remove": ["{}"]"#, entry.symbol),
                Some(stay) => {
                    format!(r#""add": ["{}"], "stay": {}"#, entry.symbol, stay == Stay::Run)
                }
            };
            format!(r#"{{"at": "{:02}:{:02}", {change}}}"#, minute / 60, minute % 60)
        });
        let schedule = quoted(schedule.collect());
        let days = &self.stretch.days[self.run.clone()];
        format!(
            r#"{{"session_name": "seed {seed}", "mode": "backtest", "exchange_group": "{group}",
"backtest_config": {{"start_date": "{start}", "end_date": "{end}", "speed_multiplier": {speed}}},
"session_data_config": {{"symbols": {symbols}, "streams": {streams}, "base_interval": "{base}",
"hours": "{hours}", "gap_filler": {{"enable_session_quality": {quality}}},
"streaming": {{"catchup_threshold_seconds": {threshold}, "recovery_threshold_seconds": {recovery},
"catchup_check_interval": {check}, "scope": "{scope}"}}{history},
"indicators": {{"session": {indicators}}}, "symbol_schedule": {schedule}}}}}"#,
            seed = self.seed,
            group = self.stretch.group,
            start = days[0].date,
            end = days[days.len() - 1].date,
            speed = self.speed,
            symbols = names(&self.configured),
            streams = intervals(&self.streams),
            base = self.base,
            hours = if self.extended { Hours::Extended } else { Hours::Regular },
            quality = self.keeps_quality,
            threshold = self.thresholds.0,
            recovery = self.thresholds.1,
            check = self.check_interval,
            scope = self.scope,
        )
    }

    /// The config.
    ///
    /// # Panics
    ///
    /// Where it is refused: a scenario is made of what is allowed.
    pub fn config(&self) -> SessionConfig {
        let json = self.json();
        match SessionConfig::parse(&json) {
            Ok((config, _)) => config,
            Err(errors) => panic!("seed {}: {errors}\n{json}", self.seed),
        }
    }

    /// The market.
    pub fn source(&self) -> SimSource {
        SimSource { symbols: Arc::clone(&self.symbols), stored: self.base }
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.json())?;
        for symbol in self.symbols.iter() {
            let n_rows = symbol.rows.as_ref().map_or(0, |rows| rows.len());
            writeln!(
                f,
                "{} is {}: {n_rows} rows, {:?}",
                symbol.name, symbol.temper, symbol.breakage
            )?;
        }
        for scripted in &self.script {
            writeln!(f, "before step {}: {:?}", scripted.before_step, scripted.command)?;
        }
        for extra in &self.extras {
            writeln!(f, "{extra:?}")?;
        }
        Ok(())
    }
}
