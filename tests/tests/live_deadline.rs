//! Stories of a live core that is not heard: readers outside hold its deadline against a coarse clock.
//! No thread, no sleep: the clock is ticked by the story.

use std::sync::{Arc, Mutex, PoisonError};

use openbell_config::SessionConfig;
use openbell_coordinator::{
    Bars, Consumer, Context, Engine, Handle, OnError, Outcome, Sessions, Step,
};
use openbell_session_data::OutsideReader;
use openbell_tests::{LiveMarket, LiveStory, SlowMarket, at, config, sym, time};
use openbell_time::{CoarseTicker, Nanos, Timestamp};

use crate::live_support::{DAY, healthy, secs};

/// The most that a healthy core is silent for: a heartbeat of a second, and the slack of five.
const SILENCE_S: i64 = 6;

/// The clock of the story's readers, for whoever lets time pass in it.
#[derive(Clone)]
struct Ticks(Arc<Mutex<Option<CoarseTicker>>>);

impl Ticks {
    fn tick(&self, now: Timestamp) {
        let mut ticker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ticker.as_mut().expect("a ticker").tick(now);
    }

    /// The ticker's thread has died.
    fn end(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// A live run of AAPL whose readers hold it to its word, from 09:29; MSFT can be added.
struct Held {
    story: LiveStory,
    ticks: Ticks,
    reader: OutsideReader,
}

impl Held {
    fn new() -> Held {
        Held::over(|_, market| market, "")
    }

    fn over(slow: impl FnOnce(&Ticks, SlowMarket) -> SlowMarket, more: &str) -> Held {
        let now = at(DAY, 9, 29);
        let (ticker, clock) = CoarseTicker::new(now);
        let ticks = Ticks(Arc::new(Mutex::new(Some(ticker))));
        let market = LiveMarket::new([healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])]);
        let source = slow(&ticks, SlowMarket::new(market));
        let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, more);
        let (config, _) = SessionConfig::parse(&json).unwrap_or_else(|errors| panic!("{errors}"));
        let sessions = Sessions::OfConfig;
        let engine = Engine::live_with_deadline(&config, time(), Box::new(source), sessions, clock);
        let engine = engine.unwrap_or_else(|errors| panic!("{errors}"));
        let reader = engine.outside_reader();
        Held { story: LiveStory { engine, now }, ticks, reader }
    }

    /// Goes on to `until` by looks a second apart, the clock ticking before each.
    fn go(&mut self, until: Timestamp) {
        while self.story.now < until {
            let now = self.story.now + secs(1);
            self.ticks.tick(now);
            let _ = self.story.look(now);
        }
    }

    /// Time passes by so much, and nobody steps the core.
    fn hang(&mut self, length: Nanos) {
        self.story.now += length;
        self.ticks.tick(self.story.now);
    }

    fn reads(&mut self) -> Result<Timestamp, &'static str> {
        reads(&mut self.reader)
    }
}

/// The instant of what is read, or the name of why nothing is.
fn reads(reader: &mut OutsideReader) -> Result<Timestamp, &'static str> {
    match reader.view() {
        Ok(view) => Ok(view.instant()),
        Err(inactive) => Err(inactive.facts().reason.name()),
    }
}

#[test]
fn a_core_that_is_stepped_when_it_asks_to_be_is_read_the_whole_day() {
    let mut held = Held::new();
    held.go(at(DAY, 9, 31) + secs(2));
    let (mut n_looks, mut now) = (0, held.story.now);
    loop {
        match held.story.engine.step(now) {
            Step::Worked => {}
            Step::Waits { until } => {
                // Just before it is due again, whatever the core waits for.
                held.ticks.tick(until);
                assert!(held.reads().is_ok(), "{now} to {until}: {:?}", held.reads());
                now = until;
                n_looks += 1;
                if now > at(DAY, 15, 59) {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(n_looks >= 387 * 60, "at least the heartbeats: {n_looks}");
}

#[test]
fn a_core_that_hangs_leaves_nobody_reading_once_it_is_missed_and_serves_again_when_it_is_heard() {
    let mut held = Held::new();
    held.go(at(DAY, 10, 0) + secs(5));
    let mut beside = held.story.engine.handle().reader();
    held.hang(secs(SILENCE_S) - Nanos::from_nanos(1));
    assert_eq!(held.reads(), Ok(at(DAY, 10, 0) + secs(5)));
    held.hang(Nanos::from_nanos(1));
    assert_eq!((held.reads(), reads(&mut beside)), (Err("stalled"), Err("stalled")));
    let inactive = held.reader.view().err().expect("inactive");
    assert_eq!(inactive.facts().since, Some(held.story.now));
    assert!(inactive.to_string().contains("has not been heard since"), "{inactive}");

    let _ = held.story.look(held.story.now);
    assert_eq!(held.reads(), Ok(held.story.now));
    assert_eq!(reads(&mut beside), Ok(held.story.now));
    // The gate has not switched: only readers found it.
    assert_eq!(held.story.switches(at(DAY, 9, 30)).len(), 1);
}

#[test]
fn a_smaller_threshold_allows_a_smaller_silence() {
    let more = r#", "streaming": {"catchup_threshold_seconds": 2}"#;
    let mut held = Held::over(|_, market| market, more);
    held.go(at(DAY, 10, 0) + secs(5));
    held.hang(secs(3) - Nanos::from_nanos(1));
    assert!(held.reads().is_ok());
    held.hang(Nanos::from_nanos(1));
    assert_eq!(held.reads(), Err("stalled"));
}

#[test]
fn a_core_that_is_gone_leaves_nobody_reading_whether_or_not_it_could_say_so() {
    let mut held = Held::new();
    held.go(at(DAY, 10, 0) + secs(5));
    let Held { story, ticks, mut reader } = held;
    let now = story.now;
    std::mem::forget(story); // Its thread is gone, and nothing was unwound.
    assert!(reads(&mut reader).is_ok());
    ticks.tick(now + secs(SILENCE_S));
    assert_eq!(reads(&mut reader), Err("stalled"));

    let mut held = Held::new();
    held.go(at(DAY, 10, 0) + secs(5));
    let Held { story, mut reader, .. } = held;
    drop(story); // As a thread that panics drops it.
    assert_eq!(reads(&mut reader), Err("stopped"));
}

#[test]
fn when_the_ticker_has_died_nobody_reads_however_often_the_core_is_stepped() {
    let mut held = Held::new();
    held.go(at(DAY, 10, 0) + secs(5));
    held.ticks.end();
    assert_eq!(held.reads(), Err("stalled"));
    let now = held.story.now + secs(1);
    let _ = held.story.look(now);
    assert_eq!(held.reads(), Err("stalled"));
}

#[test]
fn after_a_night_asleep_nothing_old_is_read_before_the_core_has_looked() {
    let mut held = Held::new();
    held.go(at(DAY, 10, 0) + secs(5));
    held.hang(secs(3_600));
    assert_eq!(held.reads(), Err("stalled"));
    // One reading is no time; the second is, and what was missed is caught up in that very look.
    let _ = held.story.look(held.story.now);
    assert_eq!(held.reads(), Err("clock_stepped"));
    held.go(held.story.now + secs(1));
    assert_eq!(held.reads(), Ok(held.story.now));
    assert_eq!(held.story.closes("AAPL").last(), Some(&at(DAY, 11, 0)));
}

/// A load of MSFT in which `takes` pass, and what a reader sees at its end.
fn load_that_takes(takes: Nanos) -> (Held, Vec<Result<Timestamp, &'static str>>) {
    let reader = Arc::new(Mutex::new(None::<OutsideReader>));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (theirs, sees) = (Arc::clone(&reader), Arc::clone(&seen));
    let mut held = Held::over(
        |ticks, market| {
            let ticks = ticks.clone();
            market.while_opening(move |symbol| {
                if symbol.as_str() == "MSFT" {
                    ticks.tick(at(DAY, 10, 0) + secs(5) + takes);
                    let mut reader = theirs.lock().unwrap();
                    sees.lock().unwrap().push(reads(reader.as_mut().expect("a reader")));
                }
            })
        },
        "",
    );
    *reader.lock().unwrap() = Some(held.reader.clone());
    held.go(at(DAY, 10, 0) + secs(5));
    drop(held.story.engine.handle().add_symbols([sym("MSFT")]));
    let _ = held.story.engine.step(held.story.now);
    let seen = seen.lock().unwrap().clone();
    (held, seen)
}

#[test]
fn a_load_that_takes_longer_than_the_deadline_leaves_nobody_reading_meanwhile() {
    let (_, seen) = load_that_takes(secs(2));
    assert_eq!(seen, [Ok(at(DAY, 10, 0) + secs(5))]);

    let (mut held, seen) = load_that_takes(secs(30));
    assert_eq!(seen, [Err("stalled")]);
    // What was published before is old by now: the load's end makes it no younger, the next look does.
    assert_eq!(held.reads(), Err("stalled"));
    held.story.now += secs(30);
    let _ = held.story.look(held.story.now);
    assert_eq!(held.reads(), Ok(held.story.now));
}

/// A consumer whose calls take so long; it keeps whether it could read, as it is and by its handle.
struct Slow {
    ticks: Ticks,
    takes: Nanos,
    now: Timestamp,
    handle: Handle,
    seen: Arc<Mutex<Vec<(bool, bool)>>>,
}

impl Consumer for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        self.now = self.now.max(context.view().instant()) + self.takes;
        self.ticks.tick(self.now);
        let sees_bars = context.view().symbol("AAPL").is_ok();
        let others = self.handle.reader().view().is_ok();
        self.seen.lock().unwrap().push((sees_bars, others));
        Ok(())
    }
}

#[test]
fn a_consumer_that_takes_too_long_reads_on_and_outsiders_do_not() {
    let mut held = Held::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let slow = Slow {
        ticks: held.ticks.clone(),
        takes: secs(30),
        now: held.story.now,
        handle: held.story.engine.handle(),
        seen: Arc::clone(&seen),
    };
    held.story.engine.register(Box::new(slow), OnError::StopRun);
    held.go(at(DAY, 9, 32) + secs(2));
    assert_eq!(*seen.lock().unwrap(), [(true, false), (true, false)]);
    assert_eq!(held.reads(), Ok(held.story.now), "between its calls the core is heard");
}
