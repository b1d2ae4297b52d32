//! Stories of a run that is woken: by an arrival, by a command, by its next deadline, and not before.
//! The clock is simulated, and what happens while a run waits happens in its waits.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Answer, Engine, Handle, Operation, PaceCommand, Phase, Sessions, Source, Ticket, UnknownSymbol,
    run_by_event,
};
use openbell_data_manager::{DataError, Feed, FeedKind, Link, MemoryFeed, Progress, Trading};
use openbell_market::{BarColumns, BarInterval, SeriesKey, Symbol};
use openbell_tests::{Market, Story, at, bars_of, config, dated, series, time};
use openbell_time::{Calendar, ClockStep, Nanos, SimulatedWall, Timestamp, WaitEnd, WallClock};

use crate::live_support::{DAY, secs};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Happening = Box<dyn FnOnce(&SimulatedWall) + Send>;

/// A simulated clock in whose waits things happen, each when so much time has passed.
struct Eventful {
    wall: SimulatedWall,
    to_come: Mutex<VecDeque<(Nanos, Happening)>>,
    /// The waits so far: from, and until.
    waits: Mutex<Vec<(Timestamp, Timestamp)>>,
}

impl Eventful {
    fn new(start: Timestamp) -> Arc<Eventful> {
        let wall = SimulatedWall::new(start);
        Arc::new(Eventful { wall, to_come: Mutex::default(), waits: Mutex::default() })
    }

    /// In order.
    fn happens(&self, after: Nanos, happening: impl FnOnce(&SimulatedWall) + Send + 'static) {
        lock(&self.to_come).push_back((after, Box::new(happening)));
    }

    fn waits(&self) -> Vec<(Timestamp, Timestamp)> {
        lock(&self.waits).clone()
    }
}

impl WallClock for Eventful {
    fn now(&self) -> Timestamp {
        self.wall.now()
    }

    fn take_steps(&self) -> Vec<ClockStep> {
        self.wall.take_steps()
    }

    fn wait_until(&self, instant: Timestamp) -> WaitEnd {
        lock(&self.waits).push((self.now(), instant));
        loop {
            let next = lock(&self.to_come).pop_front();
            let Some((after, happening)) = next else { return self.wall.wait_until(instant) };
            let happens_at = self.now() + (after - self.wall.passed());
            if happens_at > instant {
                lock(&self.to_come).push_front((after, happening));
                return self.wall.wait_until(instant);
            }
            let end = self.wall.wait_until(happens_at);
            if end != WaitEnd::Reached {
                lock(&self.to_come).push_front((after, happening));
                return end;
            }
            happening(&self.wall);
        }
    }

    fn wake(&self) {
        self.wall.wake();
    }
}

/// What a thread of the program puts in, and the feed takes out.
#[derive(Clone, Default)]
struct Inlet(Arc<Mutex<Arrived>>);

#[derive(Default)]
struct Arrived {
    rows: BarColumns,
    complete_through: Option<Timestamp>,
    has_news: bool,
    n_polls: u64,
}

impl Inlet {
    fn push(&self, rows: &BarColumns, complete_through: Timestamp) {
        let mut arrived = lock(&self.0);
        arrived.rows.extend_from(rows, 0..rows.len());
        (arrived.complete_through, arrived.has_news) = (Some(complete_through), true);
    }
}

/// A live feed of what an inlet brings; it says when there is something.
struct Pushed {
    key: SeriesKey,
    inlet: Inlet,
}

impl Feed for Pushed {
    fn series(&self) -> &SeriesKey {
        &self.key
    }

    fn kind(&self) -> FeedKind {
        FeedKind::Live
    }

    fn seek(&mut self, _: Timestamp) -> Result<(), DataError> {
        Ok(())
    }

    fn poll(
        &mut self,
        now: Timestamp,
        _: Timestamp,
        out: &mut BarColumns,
    ) -> Result<Progress, DataError> {
        let mut arrived = lock(&self.inlet.0);
        let rows = std::mem::take(&mut arrived.rows);
        out.extend_from(&rows, 0..rows.len());
        (arrived.has_news, arrived.n_polls) = (false, arrived.n_polls + 1);
        Ok(Progress {
            given_up: Vec::new(),
            complete_through: arrived.complete_through.unwrap_or(Timestamp::MIN),
            link: Link::Up { heard_at: now },
            trading: Trading::Normal,
            is_exhausted: false,
        })
    }

    fn has_news(&self, _: Timestamp) -> bool {
        lock(&self.inlet.0).has_news
    }
}

struct PushedSource(Inlet);

impl Source for PushedSource {
    fn intervals(&self, symbol: &Symbol) -> Vec<BarInterval> {
        let key = series("AAPL 1m");
        if *symbol == key.symbol { vec![key.interval] } else { Vec::new() }
    }

    fn unknown(&self, symbol: &Symbol) -> UnknownSymbol {
        UnknownSymbol { symbol: symbol.clone(), source: "the inlet".to_owned(), nearest: None }
    }

    fn feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(MemoryFeed::new(key.clone(), BarColumns::default())))
    }

    fn day_feed(&mut self, key: &SeriesKey, _: &Calendar) -> Result<Box<dyn Feed>, DataError> {
        Ok(Box::new(Pushed { key: key.clone(), inlet: self.0.clone() }))
    }
}

/// A live run of AAPL over what its inlet brings.
fn live() -> (Engine, Inlet) {
    let inlet = Inlet::default();
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let (config, _) = SessionConfig::parse(&json).unwrap_or_else(|errors| panic!("{errors}"));
    let source = Box::new(PushedSource(inlet.clone()));
    let engine = Engine::live_sessions(&config, time(), source, Sessions::OfConfig);
    (engine.unwrap_or_else(|errors| panic!("{errors}")), inlet)
}

/// Runs `engine` by `wall` to its end.
fn finish(engine: &mut Engine, wall: &Arc<Eventful>) -> Phase {
    let clock: Arc<dyn WallClock> = Arc::clone(wall) as Arc<dyn WallClock>;
    run_by_event(engine, &clock, |_| ControlFlow::Continue(()))
}

/// Gives a stop while the run waits, when so much time has passed.
fn stops(wall: &Eventful, after: Nanos, handle: Handle) -> Arc<Mutex<Option<Ticket>>> {
    let ticket = Arc::new(Mutex::new(None));
    let given = Arc::clone(&ticket);
    wall.happens(after, move |_| *lock(&given) = Some(handle.stop()));
    ticket
}

#[test]
fn a_stop_ends_the_wait_for_an_open_that_lies_hours_ahead() {
    let wall = Eventful::new(at("2025-07-01", 18, 0));
    let (mut engine, _) = live();
    let ticket = stops(&wall, secs(17), engine.handle());
    assert_eq!(finish(&mut engine, &wall), Phase::Stopped);
    assert_eq!(wall.wall.passed(), secs(17));
    let answer = lock(&ticket).as_ref().and_then(Ticket::try_answer);
    assert_eq!(answer, Some(Answer::Done));
    assert_eq!(wall.waits().len(), 1, "nothing was polled");
}

#[test]
fn a_clock_that_is_set_back_while_a_run_waits_lengthens_nothing_for_who_gives_a_command() {
    let wall = Eventful::new(at(DAY, 8, 0));
    let (mut engine, _) = live();
    wall.happens(secs(10), |wall| wall.turn_back(secs(7_200)));
    stops(&wall, secs(60), engine.handle());
    assert_eq!(finish(&mut engine, &wall), Phase::Stopped);
    assert_eq!(wall.wall.passed(), secs(60));
    let told =
        Operation::ClockStepped(ClockStep { at: at(DAY, 6, 0) + secs(10), by: -secs(7_200) });
    assert_eq!(engine.operations(), [told]);
}

#[test]
fn an_arrival_is_delivered_at_the_instant_at_which_it_wakes_the_run() {
    let open = at(DAY, 9, 30);
    let wall = Eventful::new(open - secs(10));
    let (mut engine, inlet) = live();
    inlet.push(&BarColumns::default(), open);
    let (reader, seen) = (engine.outside_reader(), Arc::new(Mutex::new(Vec::new())));
    let (sees, pushed) = (Arc::clone(&seen), inlet.clone());
    let awake = Arc::clone(&wall);
    let quarter = Nanos::from_nanos(250_000_000);
    wall.happens(secs(10 + 60) + quarter, move |_| {
        pushed.push(&bars_of(&series("AAPL 1m"), open, 1), open + secs(60));
        awake.wake();
    });
    stops(&wall, secs(10 + 70), engine.handle());
    let clock: Arc<dyn WallClock> = Arc::clone(&wall) as Arc<dyn WallClock>;
    let mut reader = reader;
    let phase = run_by_event(&mut engine, &clock, |engine| {
        let n_bars = engine
            .inside_reader()
            .view()
            .symbol("AAPL")
            .map_or(0, |symbol| symbol.base().map_or(0, |base| base.today().len()));
        if n_bars == 1 && lock(&sees).is_empty() {
            lock(&sees).push((engine.clock().now(), reader.view().is_ok()));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(phase, Phase::Stopped);
    assert_eq!(*lock(&seen), [(open + secs(60) + quarter, true)]);
    let n_polls = lock(&inlet.0).n_polls;
    assert_eq!(n_polls, 2, "the feed is polled when it has something, and not by the clock");
}

#[test]
fn while_nothing_arrives_a_live_run_is_up_once_a_second_and_at_what_is_due() {
    let open = at(DAY, 9, 30);
    let wall = Eventful::new(open);
    let (mut engine, inlet) = live();
    inlet.push(&BarColumns::default(), open);
    stops(&wall, secs(600), engine.handle());
    assert_eq!(finish(&mut engine, &wall), Phase::Stopped);
    let waits = wall.waits();
    assert!((600..=620).contains(&waits.len()), "{} waits in ten minutes", waits.len());
    assert!(waits.iter().all(|(from, until)| *until <= *from + secs(1)));
}

#[test]
fn a_paced_run_waits_once_for_each_instant_and_a_paused_one_until_it_is_told() {
    let json = dated((DAY, DAY), r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, "");
    let json = json.replace(r#""end_date""#, r#""speed_multiplier": 60.0, "end_date""#);
    let market = ["AAPL", "MSFT"]
        .into_iter()
        .fold(Market::new(), |market, symbol| market.with_minutes(symbol, DAY, DAY, |_, _| true));
    let mut story = Story::new(&json, market);
    let wall = Eventful::new(at("2026-01-05", 9, 0));
    let (handle, again) = (story.handle(), story.handle());
    let half = Nanos::from_nanos(500_000_000);
    wall.happens(secs(100) + half, move |_| drop(handle.pause()));
    wall.happens(secs(1_100) + half, move |_| drop(again.command(PaceCommand::Resume)));
    assert_eq!(finish(&mut story.engine, &wall), Phase::Closed);
    // The half minute that was waited for before the pause is waited for again.
    assert_eq!(wall.wall.passed(), secs(390 + 1_000) + half);
    let n_waits = wall.waits().len();
    assert!((390..=400).contains(&n_waits), "{n_waits} waits for 390 minutes");
}
