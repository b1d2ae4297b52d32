//! What the events of a run add up to, for its metrics.

use std::collections::BTreeMap;

use openbell_coordinator::{
    Added, Answer, ConsumerReport, CorrectionKind, Event, Operation, Removed, Signal, Status,
    SymbolState, SymbolStatus,
};
use openbell_market::{BarInterval, Coverage, Quality, Symbol};
use openbell_time::{Nanos, Timestamp, TradingDate};

use super::status::count_of;
use crate::metrics::{ConsumerFigures, N_OWN, OTHER, RunFigures, SymbolFigures};

/// A symbol that was behind has series of its own for so long.
const LAGGED_FOR: Nanos = Nanos::from_secs(300);

/// Adds up the events of a run.
///
/// It is told of each event once, in order, and then asked for the figures with a status that is no
/// older. *Cost*: nothing on the path of a bar, a lookup an event; memory for the members of a session,
/// and for [`N_OWN`] kinds of signals.
///
/// ```
/// use openbell_coordinator::Event;
/// use openbell_time::Timestamp;
/// use openbell_wire::engine::RunTally;
///
/// let at = |text: &str| text.parse::<Timestamp>();
/// let mut tally = RunTally::new(at("2025-07-02T13:29:00Z")?);
/// let opened = Event::GateOpened { at: at("2025-07-02T13:30:00Z")?, epoch: 1 };
/// tally.event(&opened, at("2025-07-02T13:30:01Z")?);
/// assert_eq!(tally.n_opened(), 1);
/// # Ok::<(), openbell_time::TimeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RunTally {
    /// Absent while the gate is open.
    shut: Option<Shut>,
    inactive_s: BTreeMap<&'static str, f64>,
    inactive_wall_s: BTreeMap<&'static str, f64>,
    n_opened: u64,
    n_shut: u64,
    epoch: Option<u64>,
    rejected: BTreeMap<&'static str, u64>,
    commands: BTreeMap<(&'static str, &'static str), u64>,
    signals: BTreeMap<(String, String), u64>,
    n_events: u64,
    n_revised: u64,
    n_caught_up: u64,
    n_gap_bars: u64,
    bars: Bars,
    /// Symbols that were behind, with the wall clock when they were so last.
    lagged: BTreeMap<Symbol, Timestamp>,
}

/// A stretch without data for outside readers, as far as it is not added up.
#[derive(Clone, Copy, Debug)]
struct Shut {
    reason: &'static str,
    /// The session clock; absent before the first session.
    since: Option<Timestamp>,
    wall_since: Timestamp,
}

/// Base bars delivered in the run.
#[derive(Clone, Default, Debug)]
struct Bars {
    n_closed: u64,
    closed: Option<TradingDate>,
    /// Those of the session that is open, by symbol and generation: who leaves has delivered them.
    open: BTreeMap<(Symbol, u32), u64>,
    /// The largest sum so far.
    n: u64,
}

impl RunTally {
    /// Nothing so far, of a run that begins when the wall clock shows `wall`.
    pub fn new(wall: Timestamp) -> RunTally {
        RunTally {
            shut: Some(Shut { reason: "not_open", since: None, wall_since: wall }),
            inactive_s: BTreeMap::new(),
            inactive_wall_s: BTreeMap::new(),
            n_opened: 0,
            n_shut: 0,
            epoch: None,
            rejected: BTreeMap::new(),
            commands: BTreeMap::new(),
            signals: BTreeMap::new(),
            n_events: 0,
            n_revised: 0,
            n_caught_up: 0,
            n_gap_bars: 0,
            bars: Bars::default(),
            lagged: BTreeMap::new(),
        }
    }

    /// How often the gate has opened.
    pub fn n_opened(&self) -> u64 {
        self.n_opened
    }

    /// Bars whose values a source has changed after they were delivered.
    pub fn n_revised(&self) -> u64 {
        self.n_revised
    }

    /// Bars of live symbols that were delivered while these were behind.
    pub fn n_caught_up(&self) -> u64 {
        self.n_caught_up
    }

    /// Bars of live symbols that their sources have given up.
    pub fn n_gap_bars(&self) -> u64 {
        self.n_gap_bars
    }

    /// Something happened; the wall clock shows `wall`.
    pub fn event(&mut self, event: &Event, wall: Timestamp) {
        self.n_events += 1;
        match event {
            Event::GateOpened { at, epoch } => {
                self.add_up(Some(*at), wall);
                (self.shut, self.epoch) = (None, Some(*epoch));
                self.n_opened += 1;
            }
            Event::GateShut { at, epoch, reason } => {
                let reason = reason.name();
                self.shut = Some(Shut { reason, since: Some(*at), wall_since: wall });
                self.epoch = Some(*epoch);
                self.n_shut += 1;
            }
            Event::Rejected { reason, n_rows, .. } => {
                *self.rejected.entry(reason.name()).or_default() += n_rows;
            }
            Event::Commanded { command, answer, .. } => self.command(command.name(), answer),
            Event::Signalled { signal, .. } => self.signal(signal),
            Event::Corrected { kind: CorrectionKind::Revised, n_bars, .. } => {
                self.n_revised += n_bars;
            }
            Event::CaughtUp { n_bars, .. } => self.n_caught_up += n_bars,
            Event::GapLeft { n_bars, .. } => self.n_gap_bars += u64::from(*n_bars),
            Event::SessionClosed { date, n_bars, .. } => self.bars.close(*date, *n_bars),
            Event::SessionOpened { .. }
            | Event::Traded { .. }
            | Event::Joined { .. }
            | Event::Left { .. }
            | Event::Corrected { kind: CorrectionKind::Late, .. }
            | Event::ScheduleSkipped { .. }
            | Event::LeftOut { .. }
            | Event::NoData { .. }
            | Event::ConsumerFailed { .. }
            | Event::Completed { .. }
            | Event::Stopped { .. }
            | Event::Failed { .. } => {}
        }
    }

    /// Something was done that is no part of the event log.
    pub fn operation(&mut self, operation: &Operation) {
        match operation {
            Operation::Paced { command, answer, .. } => self.command(command.name(), answer),
            Operation::ConsumerLags { .. }
            | Operation::ConsumerFailed { .. }
            | Operation::ClockStepped(_)
            | Operation::WorkerMissing { .. } => {}
        }
    }

    /// The figures of the run, as far as its events and `status` tell them, and those of its symbols.
    /// `base` is the interval of what is delivered; the wall clock shows `wall`.
    ///
    /// *Cost*: linear in the symbols.
    pub fn figures(
        &mut self,
        status: &Status,
        base: BarInterval,
        wall: Timestamp,
    ) -> (RunFigures, Vec<SymbolFigures>) {
        self.look_at(status, wall);
        let mut run = RunFigures {
            phase: status.phase.name(),
            reason: status.inactive.as_ref().map(|inactive| inactive.facts().reason.name()),
            inactive_s: self.inactive_s.clone(),
            inactive_wall_s: self.inactive_wall_s.clone(),
            n_opened: self.n_opened,
            n_shut: self.n_shut,
            epoch: self.epoch,
            clock_s: status.clock.map(seconds),
            delivered: [(base.to_string(), self.bars.n)].into(),
            rejected: self.rejected.clone(),
            commands: self.commands.clone(),
            signals: self.signals.clone(),
            n_events: self.n_events,
            ..RunFigures::default()
        };
        let mut coverage = Coverage { n: 0, expected: 0 };
        for symbol in &status.symbols {
            *count_of(&mut run.n_symbols, symbol.state) += 1;
            run.n_lagging += u64::from(is_behind(symbol.state));
            run.lag_max_s = run.lag_max_s.max(symbol.lag.as_secs_f64());
            run.lag_sum_s += symbol.lag.as_secs_f64();
            run.n_backlog += symbol.n_backlog;
            coverage += symbol.coverage.unwrap_or(Coverage { n: 0, expected: 0 });
        }
        run.quality =
            coverage.quality().map(|q| (base.to_string(), share(q))).into_iter().collect();
        (run, status.symbols.iter().map(|symbol| self.symbol(symbol)).collect())
    }

    fn symbol(&self, symbol: &SymbolStatus) -> SymbolFigures {
        // Before its first bar a feed stands at the session's first instant.
        let last_bar = symbol.feed.as_ref().filter(|_| symbol.n_delivered > 0);
        SymbolFigures {
            symbol: symbol.symbol.to_string(),
            state: symbol.state.name(),
            is_lagging: self.lagged.contains_key(&symbol.symbol),
            lag_s: symbol.lag.as_secs_f64(),
            n_backlog: symbol.n_backlog,
            last_close_s: last_bar.map(|feed| seconds(feed.last_bar)),
            quality: symbol.coverage.and_then(Coverage::quality).map(share),
        }
    }

    /// Brings what goes on without events up to now.
    fn look_at(&mut self, status: &Status, wall: Timestamp) {
        self.add_up(status.clock, wall);
        // A run that is gone on with may stand with its gate open, of which nothing is told again.
        if status.inactive.is_none() {
            self.shut = None;
        }
        // A gate that is shut takes on other reasons without a switch.
        if let (Some(shut), Some(inactive)) = (&mut self.shut, &status.inactive) {
            shut.reason = inactive.facts().reason.name();
        }
        self.bars.look_at(status);
        self.lagged.retain(|_, seen| *seen + LAGGED_FOR > wall);
        for symbol in status.symbols.iter().filter(|symbol| is_behind(symbol.state)) {
            self.lagged.insert(symbol.symbol.clone(), wall);
        }
    }

    /// Adds the time up to now to the reason for which the gate is shut.
    fn add_up(&mut self, clock: Option<Timestamp>, wall: Timestamp) {
        let Some(shut) = &mut self.shut else { return };
        // A clock that is set back takes nothing away.
        let passed =
            |since: Timestamp, now: Timestamp| (now - since).max(Nanos::ZERO).as_secs_f64();
        let session_s = shut.since.zip(clock).map_or(0.0, |(since, now)| passed(since, now));
        *self.inactive_s.entry(shut.reason).or_default() += session_s;
        *self.inactive_wall_s.entry(shut.reason).or_default() += passed(shut.wall_since, wall);
        (shut.since, shut.wall_since) = (clock.or(shut.since), wall);
    }

    fn command(&mut self, name: &'static str, answer: &Answer) {
        *self.commands.entry((name, outcome(answer))).or_default() += 1;
    }

    /// Counts a signal; its names are free text, and may be as many as there are signals.
    fn signal(&mut self, signal: &Signal) {
        let own = (signal.consumer.clone(), signal.kind.clone());
        let has_room = self.signals.len() < N_OWN || self.signals.contains_key(&own);
        let of = if has_room { own } else { (OTHER.to_owned(), OTHER.to_owned()) };
        *self.signals.entry(of).or_default() += 1;
    }
}

impl Bars {
    fn close(&mut self, date: TradingDate, n_bars: u64) {
        (self.n_closed, self.closed) = (self.n_closed + n_bars, Some(date));
        self.open.clear();
        self.n = self.n.max(self.n_closed);
    }

    fn look_at(&mut self, status: &Status) {
        if status.session.is_none() || status.session == self.closed {
            return;
        }
        for symbol in &status.symbols {
            let of = (symbol.symbol.clone(), symbol.generation);
            self.open.insert(of, symbol.n_delivered);
        }
        // A counter never falls: what is delivered again in its turn is not counted a second time.
        self.n = self.n.max(self.n_closed + self.open.values().sum::<u64>());
    }
}

/// Whether a symbol in that state does not go with the clock, for whatever reason.
fn is_behind(state: SymbolState) -> bool {
    match state {
        SymbolState::CatchingUp
        | SymbolState::Late
        | SymbolState::Dead
        | SymbolState::Skewed
        | SymbolState::Gone => true,
        SymbolState::Loading
        | SymbolState::Live
        | SymbolState::Quiet
        | SymbolState::Halted
        | SymbolState::Closed
        | SymbolState::Removed => false,
    }
}

/// What became of a command, in a word; of several symbols the gravest.
fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Answer::Added(each) => {
            let has = |is: fn(&Added) -> bool| each.iter().any(|(_, added)| is(added));
            if has(|added| matches!(added, Added::Failed(_))) {
                "failed"
            } else if has(|added| matches!(added, Added::Refused(_))) {
                "refused"
            } else if has(|added| matches!(added, Added::Added { .. })) {
                "done"
            } else {
                "already_present"
            }
        }
        Answer::Removed(each) => {
            let has = |is: fn(&Removed) -> bool| each.iter().any(|(_, removed)| is(removed));
            if has(|removed| matches!(removed, Removed::Refused(_))) {
                "refused"
            } else if has(|removed| matches!(removed, Removed::Removed)) {
                "done"
            } else {
                "not_present"
            }
        }
        Answer::Done => "done",
        Answer::AlreadyPresent => "already_present",
        Answer::NotPresent => "not_present",
        Answer::Refused(_) => "refused",
        Answer::Stopped => "stopped",
    }
}

impl From<&ConsumerReport> for ConsumerFigures {
    fn from(consumer: &ConsumerReport) -> ConsumerFigures {
        ConsumerFigures {
            name: consumer.name.clone(),
            delivery: consumer.delivery.name(),
            n_displaced: consumer.n_displaced,
            has_failed: consumer.failure.is_some(),
        }
    }
}

/// Seconds since 1970 UTC.
fn seconds(at: Timestamp) -> f64 {
    Nanos::from_nanos(at.as_nanos()).as_secs_f64()
}

/// 0 to 1.
fn share(quality: Quality) -> f64 {
    quality.as_pct() / 100.0
}

#[cfg(test)]
mod tests {
    use openbell_coordinator::{FeedStatus, Origin, SessionCommand, StepAt};
    use openbell_market::RejectReason;
    use openbell_session_data::{Inactive, InactiveFacts, Reason};

    use super::*;
    use crate::engine::samples::{at, status, symbol};
    use crate::metrics::{PHASES, REASONS};

    fn minute() -> BarInterval {
        "1m".parse().unwrap()
    }

    fn inactive(reason: Reason) -> Inactive {
        Inactive::new(InactiveFacts { since: None, epoch: 2, reason })
    }

    fn shut(at: Timestamp, reason: Reason) -> Event {
        Event::GateShut { at, epoch: 2, reason }
    }

    fn late() -> Reason {
        Reason::Late { holders: Vec::new() }
    }

    #[test]
    fn time_without_data_belongs_to_the_reason_that_was_seen_last() {
        let mut tally = RunTally::new(at("2025-07-03T13:29:00Z"));
        let wall = |text: &str| at(&format!("2025-07-03T{text}Z"));
        let opened = Event::GateOpened { at: wall("13:30:00"), epoch: 1 };
        tally.event(&opened, wall("13:30:01"));
        tally.event(&shut(wall("14:00:00"), late()), wall("14:00:01"));
        let silent = Reason::Silent { holders: Vec::new() };
        let mut seen = status(Some(inactive(silent)), Vec::new());
        seen.clock = Some(wall("14:00:30"));
        let (run, _) = tally.figures(&seen, minute(), wall("14:00:32"));
        assert_eq!((run.reason, run.inactive_s["late"]), (Some("silent"), 30.0));
        let opened = Event::GateOpened { at: wall("14:01:40"), epoch: 3 };
        tally.event(&opened, wall("14:01:41"));
        let mut seen = status(None, Vec::new());
        seen.clock = Some(wall("15:00:00"));
        let (run, _) = tally.figures(&seen, minute(), wall("15:00:01"));
        // No session clock before the first session.
        assert_eq!(run.inactive_s, [("not_open", 0.0), ("late", 30.0), ("silent", 70.0)].into());
        let wall_s = [("not_open", 61.0), ("late", 31.0), ("silent", 69.0)];
        assert_eq!(run.inactive_wall_s, wall_s.into());
        assert_eq!((run.n_opened, run.n_shut, run.epoch, run.reason), (2, 1, Some(3), None));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_takes_nothing_away() {
        let mut tally = RunTally::new(at("2025-07-03T13:29:00Z"));
        let seen = status(Some(inactive(Reason::NotOpen)), Vec::new());
        let earlier = at("2025-07-03T13:00:00Z");
        let of = |tally: &mut RunTally, wall| {
            tally.figures(&seen, minute(), wall).0.inactive_wall_s["not_open"]
        };
        assert_eq!(of(&mut tally, at("2025-07-03T13:29:10Z")), 10.0);
        assert_eq!(of(&mut tally, earlier), 10.0);
        assert_eq!(of(&mut tally, earlier + Nanos::from_secs(5)), 15.0);
    }

    #[test]
    fn symbols_are_counted_added_up_and_shown() {
        let mut behind = symbol("MSFT", SymbolState::Late);
        (behind.lag, behind.n_backlog) = (Nanos::from_secs(64), 1);
        behind.coverage = Some(Coverage { n: 28, expected: 30 });
        let mut live = symbol("AAPL", SymbolState::Live);
        (live.lag, live.n_delivered) = (Nanos::from_secs(4), 30);
        live.coverage = Some(Coverage { n: 30, expected: 30 });
        live.feed = Some(FeedStatus {
            link: "up".to_owned(),
            last_bar: at("2025-07-03T14:00:00Z"),
            n_handed: 30,
            n_caught_up: 0,
            n_corrected: 0,
        });
        let mut tally = RunTally::new(at("2025-07-03T13:29:00Z"));
        let seen = status(None, vec![live, behind]);
        let (run, symbols) = tally.figures(&seen, minute(), at("2025-07-03T14:00:01Z"));
        assert_eq!((run.n_symbols.live, run.n_symbols.late, run.n_lagging), (1, 1, 1));
        assert_eq!((run.lag_max_s, run.lag_sum_s, run.n_backlog), (64.0, 68.0, 1));
        // 58 of 60.
        assert!((run.quality["1m"] - 58.0 / 60.0).abs() < 1e-12, "{:?}", run.quality);
        let expected = SymbolFigures {
            symbol: "AAPL".to_owned(),
            state: "live",
            is_lagging: false,
            lag_s: 4.0,
            n_backlog: 0,
            // 10:00 in New York.
            last_close_s: Some(1_751_551_200.0),
            quality: Some(1.0),
        };
        assert_eq!(symbols[0], expected);
        assert_eq!((symbols[1].last_close_s, symbols[1].is_lagging), (None, true));
    }

    #[test]
    fn who_was_behind_is_shown_so_for_five_minutes() {
        let mut tally = RunTally::new(at("2025-07-03T14:00:00Z"));
        let mut is_lagging = |state, wall| {
            let seen = status(None, vec![symbol("AAPL", state)]);
            tally.figures(&seen, minute(), at(wall)).1[0].is_lagging
        };
        assert!(!is_lagging(SymbolState::Live, "2025-07-03T14:00:00Z"));
        assert!(is_lagging(SymbolState::Dead, "2025-07-03T14:00:05Z"));
        assert!(is_lagging(SymbolState::Live, "2025-07-03T14:05:04Z"));
        assert!(!is_lagging(SymbolState::Live, "2025-07-03T14:05:05Z"));
    }

    #[test]
    fn kinds_of_signals_beyond_a_hundred_are_counted_together() {
        let mut tally = RunTally::new(at("2025-07-03T13:29:00Z"));
        let clock = at("2025-07-03T14:00:00Z");
        for round in 0..2 {
            for n in 0..150 {
                let signal = Signal {
                    consumer: format!("consumer {n}"),
                    symbol: "AAPL".parse().unwrap(),
                    kind: "buy".to_owned(),
                    value: None,
                };
                tally.event(&Event::Signalled { at: clock, signal }, clock);
            }
            let (run, _) = tally.figures(&status(None, Vec::new()), minute(), clock);
            assert_eq!(run.signals.len(), 101);
            let of =
                |consumer: &str, kind: &str| run.signals[&(consumer.to_owned(), kind.to_owned())];
            assert_eq!(
                (of("other", "other"), of("consumer 99", "buy")),
                (50 * (round + 1), round + 1)
            );
        }
    }

    #[test]
    fn commands_rejections_and_corrections_are_counted_by_what_became_of_them() {
        let mut tally = RunTally::new(at("2025-07-03T13:29:00Z"));
        let clock = at("2025-07-03T14:00:00Z");
        let (aapl, msft): (Symbol, Symbol) = ("AAPL".parse().unwrap(), "MSFT".parse().unwrap());
        let answers = [
            Answer::Removed(vec![
                (aapl.clone(), Removed::Removed),
                (msft.clone(), Removed::NotPresent),
            ]),
            Answer::Removed(vec![(msft, Removed::NotPresent)]),
            Answer::Stopped,
        ];
        for answer in answers {
            let session = "2025-07-03".parse().unwrap();
            let commanded = Event::Commanded {
                taken: StepAt { step: 1, order: 0, clock, session },
                origin: Origin::Handle,
                command: SessionCommand::RemoveSymbols { symbols: vec![aapl.clone()] },
                answer,
            };
            tally.event(&commanded, clock);
        }
        let (first, last) = (clock, clock);
        for n_rows in [2, 3] {
            let (symbol, reason) = (aapl.clone(), RejectReason::OffGrid);
            tally.event(&Event::Rejected { symbol, at: clock, reason, n_rows, first, last }, clock);
        }
        for kind in [CorrectionKind::Revised, CorrectionKind::Late] {
            let symbol = aapl.clone();
            let n_bars = 4;
            tally.event(&Event::Corrected { symbol, at: clock, kind, n_bars, first, last }, clock);
        }
        tally.event(&Event::CaughtUp { symbol: aapl.clone(), at: clock, n_bars: 7 }, clock);
        let (since, until) = (clock, clock);
        tally.event(&Event::GapLeft { symbol: aapl, at: clock, since, until, n_bars: 6 }, clock);
        let (run, _) = tally.figures(&status(None, Vec::new()), minute(), clock);
        let name = "remove_symbols";
        let expected = [((name, "done"), 1), ((name, "not_present"), 1), ((name, "stopped"), 1)];
        assert_eq!(run.commands, expected.into());
        assert_eq!(run.rejected, [("off_grid", 5)].into());
        assert_eq!((tally.n_revised(), tally.n_caught_up(), run.n_events), (4, 7, 9));
        assert_eq!(tally.n_gap_bars(), 6);
    }

    #[test]
    fn every_phase_and_every_reason_has_its_place_among_the_labels() {
        use openbell_coordinator::Phase;

        let phases = [
            Phase::Planned,
            Phase::Preparing,
            Phase::Ready,
            Phase::Streaming,
            Phase::Closing,
            Phase::Closed,
            Phase::Failed,
            Phase::Stopped,
        ];
        assert_eq!(phases.map(Phase::name), PHASES);
        let clock = at("2025-07-03T14:00:00Z");
        let holders = Vec::new;
        let reasons = [
            Reason::NotOpen,
            Reason::CatchingUp { holders: holders() },
            late(),
            Reason::Silent { holders: holders() },
            Reason::Skewed { holders: holders() },
            Reason::Gone { holders: holders() },
            Reason::ClockStepped { by: Nanos::ZERO },
            Reason::Stalled { heard_at: clock, due_by: None },
            Reason::Closed,
            Reason::Failed,
            Reason::Stopped,
        ];
        assert_eq!(reasons.each_ref().map(Reason::name), REASONS);
        // A further one does not compile before it has its place here and there.
        for reason in reasons {
            match reason {
                Reason::NotOpen
                | Reason::CatchingUp { .. }
                | Reason::Late { .. }
                | Reason::Silent { .. }
                | Reason::Skewed { .. }
                | Reason::Gone { .. }
                | Reason::ClockStepped { .. }
                | Reason::Stalled { .. }
                | Reason::Closed
                | Reason::Failed
                | Reason::Stopped => {}
            }
        }
    }
}
