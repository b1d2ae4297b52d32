//! A run of sessions as plainly as it can be written, around the plain gate: who is a member, what
//! is answered, logged and announced, and when the clock moves. It takes nothing from the engine
//! but whether a paced step had to wait.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use openbell_config::StreamingConfig;
use openbell_coordinator::{
    Added, Answer, Command, Event, Origin, Phase, Resumed, RunError, RunFailure, SessionCommand,
    Skipped, Step, StepAt,
};
use openbell_market::indicator::IndicatorSpec;
use openbell_market::{BarInterval, Symbol};
use openbell_session_data::Reason;
use openbell_time::Timestamp;

use super::oracle::Oracle;
use super::pace_model::PaceModel;
use super::scenario::Scenario;
use crate::gate_model::GateModel;
use crate::recorder::{Notified, NotifiedBar};

/// Where the run stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stage {
    /// The session of that day is to be prepared.
    Between(usize),
    /// It is prepared.
    Ready,
    /// It is open.
    Open,
    /// Nothing follows.
    Ended(Phase),
}

/// A member of the session.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Its position in the market.
    pub symbol_idx: usize,
    /// How often it has joined the run.
    pub generation: u32,
    /// Whether it may not be removed.
    pub is_locked: bool,
    /// Whether it goes on to the next session.
    pub(super) stays: bool,
}

/// An add that is on its way.
pub(super) struct Pending {
    pub(super) command_idx: Option<usize>,
    pub(super) origin: Origin,
    pub(super) taken: StepAt,
    pub(super) command: SessionCommand,
    pub(super) results: Vec<(Symbol, Option<Added>)>,
}

/// The plain run.
pub struct SessionModel<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) oracle: &'s Oracle<'s>,
    pub(super) streaming: StreamingConfig,
    /// Its gate.
    pub gate: GateModel,
    /// Where it stands.
    pub stage: Stage,
    /// The day, by position in the stretch.
    pub day: usize,
    /// The members of the session.
    pub members: BTreeMap<Symbol, Membership>,
    /// The generations of the members that outsiders find listed.
    pub shown: BTreeMap<Symbol, u32>,
    /// The intervals of their series of the day.
    pub shown_intervals: BTreeSet<BarInterval>,
    /// The derived intervals.
    pub derived: BTreeSet<BarInterval>,
    /// The indicators.
    pub indicators: Vec<IndicatorSpec>,
    /// The event log, but for rejections, signals and failing consumers.
    pub events: Vec<Event>,
    /// What a listener hears in this step.
    pub notified: Vec<Notified>,
    /// Answers to commands, by the number under which they were given.
    pub answers: BTreeMap<usize, Answer>,
    /// Adds that were taken while another one was on its way, or outsiders saw nothing.
    pub n_adds_in_catch_up: u64,
    /// Base bars of the session.
    pub(super) n_bars: u64,
    pub(super) waiting: VecDeque<(usize, Command)>,
    pub(super) generations: BTreeMap<Symbol, u32>,
    pub(super) carried: BTreeMap<Symbol, Membership>,
    pub(super) announced: BTreeMap<(Symbol, BarInterval), usize>,
    pub(super) pending: Vec<Pending>,
    pub(super) left_unnotified: Vec<Symbol>,
    pub(super) members_changed: bool,
    pub(super) schedule: VecDeque<(Timestamp, usize)>,
    pub(super) pace: PaceModel,
    pub(super) n_steps: u64,
    pub(super) taken_after: (u64, u32),
    pub(super) n_switches_seen: usize,
}

impl<'s> SessionModel<'s> {
    /// The run of `scenario`, not begun.
    pub fn new(
        scenario: &'s Scenario,
        oracle: &'s Oracle<'s>,
        streaming: &StreamingConfig,
    ) -> SessionModel<'s> {
        let mut derived: BTreeSet<BarInterval> = scenario.streams.iter().copied().collect();
        let indicators: Vec<IndicatorSpec> =
            scenario.indicators.iter().map(|indicator| indicator.spec()).collect();
        derived.extend(indicators.iter().map(IndicatorSpec::interval));
        derived.remove(&scenario.base);
        SessionModel {
            scenario,
            oracle,
            streaming: streaming.clone(),
            gate: GateModel::new(streaming, Vec::new()),
            stage: Stage::Between(scenario.run.start),
            day: scenario.run.start,
            members: BTreeMap::new(),
            shown: BTreeMap::new(),
            shown_intervals: BTreeSet::new(),
            derived,
            indicators,
            events: Vec::new(),
            notified: Vec::new(),
            answers: BTreeMap::new(),
            n_adds_in_catch_up: 0,
            n_bars: 0,
            waiting: VecDeque::new(),
            generations: BTreeMap::new(),
            carried: BTreeMap::new(),
            announced: BTreeMap::new(),
            pending: Vec::new(),
            left_unnotified: Vec::new(),
            members_changed: false,
            schedule: VecDeque::new(),
            pace: PaceModel::default(),
            n_steps: 0,
            taken_after: (0, 0),
            n_switches_seen: 0,
        }
    }

    /// A command comes in under the number `idx`.
    pub fn give(&mut self, idx: usize, command: Command) {
        match self.stage {
            Stage::Ended(_) => drop(self.answers.insert(idx, Answer::Stopped)),
            _ => self.waiting.push_back((idx, command)),
        }
    }

    /// One step. `met` is what the engine's did, for the one thing that is not foreseen here: how
    /// long a paced run waits. `asked` is what consumers asked for in its callbacks. Returns what
    /// it must have done.
    pub fn step(&mut self, met: Step, asked: Vec<(String, SessionCommand)>) -> Step {
        self.notified.clear();
        match self.stage {
            Stage::Ended(phase) => return Step::Ended(phase),
            Stage::Between(day) => return self.prepare(day),
            Stage::Ready => {
                self.open();
                return self.worked();
            }
            Stage::Open => {}
        }
        while let (Stage::Open, Some((idx, command))) = (self.stage, self.waiting.pop_front()) {
            match command {
                Command::Pace(command) => {
                    let answer = self.pace.take(&command, self.gate.clock);
                    self.answers.insert(idx, answer);
                }
                Command::Session(command) => self.take(command, Origin::Handle, Some(idx)),
            }
        }
        if self.stage != Stage::Open {
            return Step::Worked;
        }
        if self.gate.backlog().is_some() {
            self.n_steps += 1;
            self.n_bars += 1;
            let n_withheld = self.gate.n_withheld;
            self.gate.deliver_backlog_bar();
            self.note_hold(self.gate.n_withheld > n_withheld);
            self.settle();
            return self.worked();
        }
        let Some(instant) = self.next_instant() else {
            let next_open =
                (self.day + 1 < self.scenario.run.end).then(|| self.oracle.clock(self.day + 1).0);
            if !self.pace.admits_close(self.gate.clock, next_open) {
                return Step::Paused;
            }
            self.close();
            return Step::Worked;
        };
        if !self.pace.admits(instant) {
            return Step::Paused;
        }
        if matches!(met, Step::Waits { .. }) && self.pace.may_wait() {
            return met;
        }
        self.pace.took_step();
        self.visit(instant, asked);
        self.worked()
    }

    fn worked(&self) -> Step {
        match self.stage {
            Stage::Ended(Phase::Failed) => Step::Ended(Phase::Failed),
            _ => Step::Worked,
        }
    }

    /// The next instant at which something is due: a close, an end of a window, a scheduled
    /// change, the session's close, the last instant of the clock.
    fn next_instant(&self) -> Option<Timestamp> {
        let (_, last) = self.oracle.clock(self.day);
        if self.gate.clock >= last {
            return None;
        }
        let mut due = vec![last];
        due.push(self.oracle.regular(self.day).1);
        let any_symbol = 0; // Windows are those of the day, whatever the symbol.
        for &interval in &self.derived {
            let series = self.oracle.series(self.day, any_symbol, interval);
            due.extend(series.windows.iter().map(|window| window.0));
        }
        due.extend(self.schedule.iter().map(|scheduled| scheduled.0));
        due.extend(self.gate.next_close());
        due.into_iter().filter(|&at| at > self.gate.clock).min()
    }

    fn prepare(&mut self, day: usize) -> Step {
        self.day = day;
        let (since, until) = self.oracle.clock(day);
        let mut members = std::mem::take(&mut self.carried);
        for symbol in self.scenario.configured.clone() {
            if members.contains_key(&symbol) {
                continue;
            }
            let symbol_idx = self.position(&symbol).expect("configured symbols are in the market");
            if self.scenario.symbols[symbol_idx].unreadable_since() <= since {
                self.fail();
                return Step::Ended(Phase::Failed);
            }
            let generation = self.generations.get(&symbol).copied().unwrap_or(0) + 1;
            self.generations.insert(symbol.clone(), generation);
            let member = Membership { symbol_idx, generation, is_locked: false, stays: true };
            members.insert(symbol, member);
        }
        let hours = self.scenario.stretch.delivered(day, self.scenario.extended);
        let mut gate = GateModel::new(&self.streaming, hours);
        gate.epoch = self.gate.epoch;
        gate.switches = std::mem::take(&mut self.gate.switches);
        gate.delivered = std::mem::take(&mut self.gate.delivered);
        gate.clock = self.gate.clock;
        self.gate = gate;
        for (symbol, member) in &members {
            self.gate.join(symbol.clone(), self.closes(member.symbol_idx));
        }
        self.members = members;
        self.n_bars = 0;
        self.announced.clear();
        self.left_unnotified.clear();
        let mut schedule = Vec::new();
        for (entry, scheduled) in self.scenario.schedule.iter().enumerate() {
            let open = self.oracle.regular(day).0;
            let at = open + openbell_time::Nanos::from_secs(60 * scheduled.minute as i64);
            if since <= at && at < until {
                schedule.push((at, entry));
            } else {
                let date = self.scenario.stretch.days[day].date;
                self.events.push(Event::ScheduleSkipped { date, entry });
            }
        }
        schedule.sort_by_key(|&(at, entry)| (at, entry));
        self.schedule = schedule.into();
        self.stage = Stage::Ready;
        Step::Worked
    }

    fn open(&mut self) {
        let (at, _) = self.oracle.clock(self.day);
        let date = self.scenario.stretch.days[self.day].date;
        let until = self.oracle.regular(self.day).1;
        self.stage = Stage::Open;
        self.events.push(Event::SessionOpened { date, at, until });
        for symbol in self.gate.open(at) {
            let generation = self.members[&symbol].generation;
            self.events.push(Event::Joined { symbol, generation, at, n_backlog: 0 });
        }
        self.note_switches(Reason::NotOpen);
        self.show();
        self.notified.push(Notified::Started { at });
        self.take_scheduled();
    }

    fn visit(&mut self, instant: Timestamp, asked: Vec<(String, SessionCommand)>) {
        self.n_steps += 1;
        let n_before = self.gate.delivered.len();
        self.gate.visit(instant);
        let delivered: Vec<Symbol> =
            self.gate.delivered[n_before..].iter().map(|(_, symbol)| symbol.clone()).collect();
        self.n_bars += delivered.len() as u64;
        let breaks = |symbol: &Symbol| {
            let member = &self.members[symbol];
            self.scenario.symbols[member.symbol_idx].unreadable_since() <= instant
        };
        if self.members.keys().any(breaks) {
            self.fail();
            return;
        }
        let mut news = Vec::new();
        for symbol in &delivered {
            self.unannounced(symbol, self.scenario.base, &mut news);
        }
        for interval in self.derived.clone() {
            for symbol in self.members.keys().cloned().collect::<Vec<_>>() {
                self.unannounced(&symbol, interval, &mut news);
            }
        }
        self.receive_bars(news);
        self.take_scheduled();
        for (name, command) in asked {
            if self.stage == Stage::Open {
                self.take(command, Origin::Consumer { name }, None);
            }
        }
    }

    fn close(&mut self) {
        let at = self.gate.clock;
        let date = self.scenario.stretch.days[self.day].date;
        for (symbol, member) in &self.gate.members {
            if member.n_delivered == 0 {
                self.events.push(Event::NoData { date, symbol: symbol.clone() });
            }
        }
        self.notified.push(Notified::Closed { at });
        self.events.push(Event::SessionClosed { date, at, n_bars: self.n_bars });
        self.gate.shut();
        self.note_switches(Reason::Closed);
        self.carried = std::mem::take(&mut self.members);
        self.carried.retain(|_, member| member.stays);
        self.stage = if self.day + 1 < self.scenario.run.end {
            Stage::Between(self.day + 1)
        } else {
            self.events.push(Event::Completed { at });
            self.end(Phase::Closed);
            self.stage
        };
    }

    fn take_scheduled(&mut self) {
        while let Some(&(at, entry)) = self.schedule.front() {
            if at > self.gate.clock || self.stage != Stage::Open {
                return;
            }
            self.schedule.pop_front();
            let scheduled = &self.scenario.schedule[entry];
            let symbols = vec![scheduled.symbol.clone()];
            let command = match scheduled.joins {
                Some(stay) => SessionCommand::AddSymbols { symbols, stay },
                None => SessionCommand::RemoveSymbols { symbols },
            };
            self.take(command, Origin::Schedule { entry }, None);
        }
    }

    /// Where no backlog is left, newcomers have joined, and everybody is notified.
    pub(super) fn settle(&mut self) {
        if self.stage != Stage::Open || self.gate.backlog().is_some() {
            return;
        }
        let (at, was_open) = (self.gate.clock, self.gate.is_open);
        let had_withheld = self.gate.n_withheld > 0;
        let joined = self.gate.settle();
        let has_changed = std::mem::take(&mut self.members_changed);
        if joined.is_empty() && !has_changed && !had_withheld && was_open {
            return;
        }
        for symbol in &joined {
            let n_backlog = self.gate.members[symbol].n_delivered as u64;
            let (symbol, generation) = (symbol.clone(), self.members[symbol].generation);
            self.events.push(Event::Joined { symbol, generation, at, n_backlog });
        }
        self.note_switches(Reason::NotOpen);
        self.show();
        let mut news = Vec::new();
        for symbol in self.members.keys().cloned().collect::<Vec<_>>() {
            for interval in self.intervals() {
                self.unannounced(&symbol, interval, &mut news);
            }
        }
        self.notified
            .extend(std::mem::take(&mut self.left_unnotified).into_iter().map(Notified::Left));
        self.notified.extend(joined.into_iter().map(Notified::Joined));
        if !was_open || had_withheld {
            self.receive_resumed(news);
        } else {
            news.sort_by_key(|bar| (bar.closes_at, bar.interval));
            self.receive_bars(news);
        }
        self.answer_pending();
    }

    fn fail(&mut self) {
        let has_begun =
            !matches!(self.stage, Stage::Between(day) if day == self.scenario.run.start);
        self.gate.shut();
        self.note_switches(Reason::Failed);
        self.abandon();
        let at = has_begun.then_some(self.gate.clock);
        self.events.push(Event::Failed { at, failure: some_failure() });
        self.end(Phase::Failed);
    }

    pub(super) fn end(&mut self, phase: Phase) {
        self.stage = Stage::Ended(phase);
        for (idx, _) in std::mem::take(&mut self.waiting) {
            self.answers.insert(idx, Answer::Stopped);
        }
    }

    /// The gate may have shut, or withheld a symbol.
    fn note_hold(&mut self, withholds: bool) {
        let n_before = self.n_switches_seen;
        self.note_switches(Reason::NotOpen);
        if self.n_switches_seen > n_before
            && let Some(Event::GateShut { at, reason, .. }) = self.events.last()
        {
            self.notified.push(Notified::Deactivated { at: *at, reason: reason.clone() });
        }
        if withholds {
            self.show();
        }
    }

    /// Logs switches; `reason` is that of one that no symbol holds.
    pub(super) fn note_switches(&mut self, reason: Reason) {
        for switch in &self.gate.switches[self.n_switches_seen..] {
            let (at, epoch) = (switch.at, switch.epoch);
            self.events.push(match &switch.holders {
                None => Event::GateOpened { at, epoch },
                Some(holders) if holders.is_empty() => {
                    Event::GateShut { at, epoch, reason: reason.clone() }
                }
                Some(holders) => {
                    let reason = Reason::CatchingUp { holders: holders.clone() };
                    Event::GateShut { at, epoch, reason }
                }
            });
        }
        self.n_switches_seen = self.gate.switches.len();
    }

    fn show(&mut self) {
        self.shown = self.members.iter().map(|(s, m)| (s.clone(), m.generation)).collect();
        self.shown_intervals = self.intervals().into_iter().collect();
    }

    /// The intervals of the day, shortest first.
    fn intervals(&self) -> Vec<BarInterval> {
        std::iter::once(self.scenario.base).chain(self.derived.iter().copied()).collect()
    }

    /// Adds the bars of a series that were not announced, and marks them.
    fn unannounced(&mut self, symbol: &Symbol, interval: BarInterval, news: &mut Vec<NotifiedBar>) {
        let Some(member) = self.members.get(symbol) else { return };
        let series = self.oracle.series(self.day, member.symbol_idx, interval);
        let n_visible = series.n_visible(self.gate.clock);
        let announced = self.announced.entry((symbol.clone(), interval)).or_default();
        for sequence in *announced..n_visible {
            let closes_at = series.bars[sequence].closes_at;
            news.push(NotifiedBar { symbol: symbol.clone(), interval, sequence, closes_at });
        }
        *announced = n_visible;
    }

    fn receive_bars(&mut self, bars: Vec<NotifiedBar>) {
        if !bars.is_empty() {
            self.notified.push(Notified::Bars { at: self.gate.clock, bars });
        }
    }

    fn receive_resumed(&mut self, bars: Vec<NotifiedBar>) {
        let mut skipped: Vec<Skipped> = Vec::new();
        for bar in bars {
            match skipped.last_mut() {
                Some(last) if last.symbol == bar.symbol && last.interval == bar.interval => {
                    last.last = bar.sequence;
                }
                _ => skipped.push(Skipped {
                    generation: self.members[&bar.symbol].generation,
                    symbol: bar.symbol,
                    interval: bar.interval,
                    first: bar.sequence,
                    last: bar.sequence,
                }),
            }
        }
        let (epoch, at) = (self.gate.epoch, self.gate.clock);
        self.notified.push(Notified::Resumed(Resumed { epoch, at, skipped }));
    }

    /// The position of a symbol in the market.
    pub fn position(&self, symbol: &Symbol) -> Option<usize> {
        self.scenario.symbols.iter().position(|known| known.name == *symbol)
    }

    /// The closes of a symbol's base bars of the day.
    pub(super) fn closes(&self, symbol_idx: usize) -> Vec<Timestamp> {
        let series = self.oracle.series(self.day, symbol_idx, self.scenario.base);
        series.bars.iter().map(|bar| bar.closes_at).collect()
    }
}

/// What went wrong is the engine's to say: the model knows only that something did.
pub(super) fn some_failure() -> RunFailure {
    let at = Timestamp::MIN;
    RunError::Consumer { consumer: String::new(), at, why: String::new() }.into()
}
