//! A session of a story, and what came of it.

use std::path::Path;

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Command, Engine, Event, Handle, OnError, PaceCommand, Phase, Report, Step, StoreSource, Ticket,
};
use openbell_data_manager::{DataManager, StoreOptions};
use openbell_market::Symbol;
use openbell_session_data::OutsideReader;
use openbell_time::{TimeOfDay, Timestamp, TradingDate};

use crate::market::{Market, new_york, time};
use crate::recorder::{Record, Recorder};
use crate::view_log::{Notes, ViewLog};

/// What came of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Finished {
    /// How it ended.
    pub phase: Phase,
    /// The event log.
    pub events: Vec<Event>,
    /// The report.
    pub report: Report,
}

/// A session over a market, to be stepped.
pub struct Story {
    /// The run.
    pub engine: Engine,
}

impl Story {
    /// A run of the config `json` over `market`.
    ///
    /// # Panics
    ///
    /// Where the config or the plan is refused: a story begins with good ones.
    pub fn new(json: &str, market: Market) -> Story {
        let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
        let engine = Engine::new(&config, time(), Box::new(market));
        Story { engine: engine.unwrap_or_else(|errors| panic!("{errors}")) }
    }

    /// A run of 2025-07-02, or up to another date, over `symbols` with `streams` as JSON lists.
    pub fn of(symbols: &str, streams: &str, until: &str, more: &str, market: Market) -> Story {
        Story::new(&config(symbols, streams, until, more), market)
    }

    /// The handle.
    pub fn handle(&self) -> Handle {
        self.engine.handle()
    }

    /// A reader of the outside.
    pub fn reader(&self) -> OutsideReader {
        self.engine.outside_reader()
    }

    /// Registers a consumer that writes down what it hears.
    pub fn record(&mut self) -> Record {
        let record = Record::default();
        self.engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
        record
    }

    /// Registers a consumer that notes at every instant what can be read.
    pub fn view_log(&mut self) -> Notes {
        let notes = Notes::default();
        self.engine.register(Box::new(ViewLog(notes.clone())), OnError::StopRun);
        notes
    }

    /// Steps once, at no particular wall time.
    pub fn step(&mut self) -> Step {
        self.engine.step(Timestamp::from_nanos(0))
    }

    /// Steps until the session clock stands at `hour`:`minute` of `date` in New York, or at the last
    /// instant before it where nothing is due then, and nothing more is due there.
    pub fn run_to(&mut self, date: &str, hour: u32, minute: u32) {
        let until = at(date, hour, minute);
        let ticket = self.engine.handle().pause();
        if ticket.try_answer().is_none() {
            let _ = self.step(); // The first step of a run prepares it.
        }
        let mut asked: Option<Ticket> = None;
        loop {
            let is_answered = asked.as_ref().is_some_and(|ticket| ticket.try_answer().is_some());
            match self.step() {
                Step::Paused if is_answered || self.engine.clock().now() >= until => return,
                Step::Paused if asked.is_none() => {
                    asked = Some(self.engine.handle().command(PaceCommand::RunUntil { until }));
                }
                Step::Ended(_) => return,
                _ => {}
            }
        }
    }

    /// Gives a command and steps until it is answered.
    pub fn ask(&mut self, command: impl Into<Command>) -> openbell_coordinator::Answer {
        let ticket: Ticket = self.engine.handle().command(command);
        for _ in 0..1_000_000 {
            if let Some(answer) = ticket.try_answer() {
                return answer;
            }
            let _ = self.step();
        }
        panic!("no answer after a million steps");
    }

    /// Goes on to the end of the run.
    pub fn finish(mut self) -> Finished {
        drop(self.engine.handle().resume());
        finish(&mut self.engine)
    }
}

/// The config of a story, as JSON.
pub fn config(symbols: &str, streams: &str, until: &str, more: &str) -> String {
    format!(
        r#"{{"session_name": "story", "mode": "backtest",
            "backtest_config": {{"start_date": "2025-07-02", "end_date": "{until}"}},
            "session_data_config": {{"symbols": {symbols}, "streams": {streams}{more}}}}}"#
    )
}

/// The config of a story over other days, as JSON.
pub fn dated(dates: (&str, &str), symbols: &str, streams: &str, more: &str) -> String {
    let (start, end) = dates;
    config(symbols, streams, end, more).replace("2025-07-02\", \"end", &format!("{start}\", \"end"))
}

/// The symbol of that name.
pub fn sym(text: &str) -> Symbol {
    text.parse().expect("a symbol")
}

/// The symbols of those names.
pub fn syms(texts: &[&str]) -> Vec<Symbol> {
    texts.iter().map(|text| sym(text)).collect()
}

/// The minute of the regular session, from its open at 09:30, as an hour and a minute.
pub fn minute(of_session: u32) -> (u32, u32) {
    ((570 + of_session) / 60, (570 + of_session) % 60)
}

/// The instant at which New York's clock shows that time.
pub fn at(date: &str, hour: u32, minute: u32) -> Timestamp {
    let date: TradingDate = date.parse().expect("a date");
    let time = TimeOfDay::from_hms(hour, minute, 0).expect("a time");
    new_york().instant_at(date, time).expect("a time that New York's clock shows")
}

/// Steps `engine` to its end, as fast as possible.
pub fn finish(engine: &mut Engine) -> Finished {
    loop {
        match engine.step(Timestamp::from_nanos(0)) {
            Step::Ended(phase) => {
                let (events, report) = (engine.events().to_vec(), engine.report());
                return Finished { phase, events, report };
            }
            Step::Waits { until } => panic!("a run at speed 0 waits until {until}"),
            Step::Worked | Step::Paused => {}
        }
    }
}

/// A run of a session file over the store that it names.
///
/// # Panics
///
/// Where anything is refused.
pub fn store_engine(json: &str, store: &Path) -> Engine {
    let (config, _) = SessionConfig::parse(json).unwrap_or_else(|errors| panic!("{errors}"));
    let store = DataManager::open(store, &StoreOptions::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let source = Box::new(StoreSource::new(store));
    Engine::new(&config, time(), source).unwrap_or_else(|errors| panic!("{errors}"))
}
