//! A run that goes on from a checkpoint is the run that took it: to the last event, digest, fill and value
//! of an indicator.

#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use openbell_account::{AccountOf, AccountSettings, Accounts, Commission, Curve};
use openbell_config::SessionConfig;
use openbell_coordinator::{
    Answer, Bars, BeforeOpen, Checkpoint, CheckpointError, Consumer, Context, Delivery, Engine,
    Event, NewOrder, NoCheckpoint, OnError, Outcome, Phase, Refusal, Removed, Report, RestoreError,
    SessionCommand, Step, TradeEvent, Worker, restored, saved_bytes, view_print,
};
use openbell_market::SeriesKey;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_tests::{Market, bar_at, dated, register, sym, syms, time};
use openbell_time::Timestamp;

/// A half day and two weeks lie among them.
const DAYS: (&str, &str) = ("2025-06-30", "2025-07-08");
const N_SESSIONS: usize = 6;

/// Trades, signals what can be read, and asks for symbols, locks and an indicator, all by a state of its own.
#[derive(Default)]
struct Stateful {
    n_bars: u64,
    sum: f64,
    n_sessions: u64,
    n_fills: u64,
}

impl Stateful {
    fn trade(&self, context: &mut Context<'_>, close: f64) {
        let symbol = sym("AAA");
        let order = match self.n_bars % 11 {
            0 => NewOrder::to_fraction(&symbol, 0.4).with_stop(close * 0.999),
            4 => NewOrder::buy(&symbol, 3.0).limit(close - 0.4).until_cancelled(),
            7 => NewOrder::to_units(&symbol, 1.0),
            9 => {
                if let Some(oldest) = context.resting_orders().first() {
                    let _ = context.cancel(oldest.id); // It may be cancelled already.
                }
                return;
            }
            _ => return,
        };
        let _ = context.order(order); // A refusal is in the event log, which is compared.
    }
}

impl Stateful {
    /// In each session something else.
    fn ask(&self, context: &mut Context<'_>) -> Outcome {
        match self.n_sessions {
            1 => context.lock(sym("CCC")),
            2 => {
                let (five, ema) = ("5m".parse()?, IndicatorName::Ema);
                context.add_indicator(IndicatorSpec::new(ema, Some(9.0), [], five)?);
            }
            3 => context.remove_symbols(syms(&["CCC", "BBB"])),
            4 => context.unlock(sym("CCC")),
            5 => context.remove_symbols(syms(&["CCC", "DDD"])),
            _ => {}
        }
        Ok(())
    }
}

impl Consumer for Stateful {
    fn name(&self) -> &str {
        "stateful"
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        self.n_sessions += 1;
        if self.n_sessions == 2 {
            context.add_symbols_to_stay(syms(&["DDD"]));
        }
        Ok(())
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let before = self.n_bars;
        for bar in bars {
            self.n_bars += 1;
            self.sum += bar.close;
            if bar.symbol.as_str() == "AAA" && bar.interval.to_string() == "1m" {
                self.trade(context, bar.close);
            }
        }
        let passes = |n: u64, every: u64| n / every != before / every;
        if passes(self.n_bars, 50) {
            let print = view_print(&context.view());
            context.signal(&sym("AAA"), "seen", Some((print.0 >> 12) as f64));
            context.signal(&sym("AAA"), "sum", Some(self.sum));
        }
        if passes(self.n_bars, 200) {
            self.ask(context)?;
        }
        Ok(())
    }

    fn traded(&mut self, context: &mut Context<'_>, events: &[TradeEvent]) -> Outcome {
        self.n_fills += events.iter().filter(|e| matches!(e, TradeEvent::Filled(_))).count() as u64;
        let cash = context.balance().map(|balance| balance.cash);
        context.signal(&sym("AAA"), "cash", cash);
        Ok(())
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(saved_bytes(&(self.n_bars, self.sum, self.n_sessions, self.n_fills)))
    }

    fn restore(&mut self, bytes: &[u8]) -> Outcome {
        (self.n_bars, self.sum, self.n_sessions, self.n_fills) = restored(bytes)?;
        Ok(())
    }
}

/// Keeps nothing in memory, and says so.
struct Stateless;

impl Consumer for Stateless {
    fn name(&self) -> &str {
        "stateless"
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        let print = view_print(&context.view());
        context.signal(&sym("AAA"), "closed", Some((print.0 >> 12) as f64));
        Ok(())
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }
}

fn json() -> String {
    dated(
        DAYS,
        r#"["AAA", "BBB"]"#,
        r#"["1m", "5m", "1h", "1d", "1w"]"#,
        r#", "historical": {"data": [{"trailing_days": 3, "intervals": ["1m", "1d"]}]},
        "indicators": {"session": [
            {"name": "sma", "period": 20, "interval": "5m"}, {"name": "rsi", "period": 14, "interval": "1m"},
            {"name": "avg_volume_intraday", "period": 2, "interval": "1m"},
            {"name": "pivot_points", "interval": "1m"}, {"name": "vwap", "interval": "1m"}]},
        "symbol_schedule": [
            {"at": "2025-06-30T11:00", "add": ["CCC"], "stay": true},
            {"at": "2025-07-02T10:30", "add": ["EEE"]}]"#,
    )
}

fn market() -> Market {
    let (first, last) = ("2025-06-20", DAYS.1);
    Market::new()
        .with_minutes("AAA", first, last, |_, _| true)
        .with_minutes("BBB", first, last, |_, minute| minute % 7 != 3)
        .with_minutes("CCC", first, last, |_, minute| minute % 3 == 0)
        .with_minutes("DDD", first, last, |_, minute| minute < 200)
        .with_minutes("EEE", first, last, |_, _| true)
}

fn accounts() -> Box<Accounts> {
    let commission = Commission { per_share: 0.01, min: 0.5, ..Commission::NONE };
    let settings = AccountSettings {
        commission,
        slippage_bps: 1.0,
        curve: Curve::Publication,
        ..AccountSettings::with_cash(50_000.0)
    };
    let accounts = Accounts::new(settings, AccountOf::EachStrategy, ["stateful"]);
    Box::new(accounts.expect("right settings").beside(sym("BBB")))
}

fn planned(market: Market) -> Engine {
    let (config, _) = SessionConfig::parse(&json()).unwrap_or_else(|errors| panic!("{errors}"));
    let engine = Engine::new(&config, time(), Box::new(market));
    engine.unwrap_or_else(|errors| panic!("{errors}"))
}

fn with_consumers(engine: &mut Engine, delivery: Delivery) -> Vec<Worker> {
    engine.open_accounts(accounts());
    let stateful = register(engine, Box::new(Stateful::default()), OnError::StopRun, delivery);
    engine.register(Box::new(Stateless), OnError::StopRun);
    stateful.into_iter().collect()
}

/// What a run came to.
struct Ran {
    events: Vec<Event>,
    report: Report,
    account: String,
    /// A checkpoint after each session that another follows.
    checkpoints: Vec<Vec<u8>>,
}

/// Steps to the end, with a checkpoint wherever a session has closed.
fn finish(engine: &mut Engine, workers: Vec<Worker>) -> Ran {
    std::thread::scope(|scope| {
        workers.into_iter().for_each(|worker| drop(scope.spawn(move || worker.run())));
        let (mut checkpoints, mut n_closed) = (Vec::new(), engine.n_sessions_closed());
        loop {
            match engine.step(Timestamp::from_nanos(0)) {
                Step::Ended(phase) => {
                    assert_eq!(phase, Phase::Closed, "{:?}", engine.report().failure);
                    break;
                }
                Step::Waits { .. } => std::thread::yield_now(), // A worker that has not come yet.
                Step::Worked | Step::Paused => {}
            }
            if std::mem::replace(&mut n_closed, engine.n_sessions_closed()) < n_closed {
                checkpoints.extend(engine.checkpoint().map(|checkpoint| checkpoint.to_bytes()));
            }
        }
        let (events, report) = (engine.events().to_vec(), engine.report());
        let accounts = Accounts::close(engine).expect("they were opened");
        Ran { events, report, account: format!("{:?}", accounts.results(252.0)), checkpoints }
    })
}

fn whole(delivery: Delivery) -> Ran {
    let mut engine = planned(market());
    let workers = with_consumers(&mut engine, delivery);
    finish(&mut engine, workers)
}

fn check_goes_on(whole: &Ran, n_closed: usize, delivery: Delivery) {
    let bytes = &whole.checkpoints[n_closed - 1];
    let checkpoint = Checkpoint::from_bytes(bytes).expect("as it was written");
    let mut engine = planned(market());
    engine.go_on_from(&checkpoint).unwrap_or_else(|why| panic!("after {n_closed}: {why}"));
    let workers = with_consumers(&mut engine, delivery);
    assert_eq!(engine.n_sessions_closed(), n_closed);
    let ran = finish(&mut engine, workers);
    let place = format!("from the checkpoint after session {n_closed}, {delivery:?}");
    let due = &whole.events[checkpoint.n_events() as usize..];
    let n_same = ran.events.iter().zip(due).take_while(|(met, due)| met == due).count();
    assert_eq!(ran.events.get(n_same), due.get(n_same), "{place}: event {n_same}");
    assert_eq!(ran.report.digest_parts, whole.report.digest_parts, "{place}");
    assert_eq!(ran.report.digests, whole.report.digests, "{place}");
    assert_eq!(ran.report.consumers, whole.report.consumers, "{place}");
    assert_eq!(ran.report.sessions, whole.report.sessions[n_closed..], "{place}");
    let counts = |report: &Report| (report.n_bars, report.n_derived, report.n_steps);
    assert_eq!(counts(&ran.report), counts(&whole.report), "{place}");
    assert_eq!(ran.account, whole.account, "{place}");
    assert!(ran.checkpoints == whole.checkpoints[n_closed..], "{place}: the checkpoints after it");
}

fn n_answers(events: &[Event], is_it: impl Fn(&SessionCommand, &Answer) -> bool) -> usize {
    let answered = events.iter().filter(|event| match event {
        Event::Commanded { command, answer, .. } => is_it(command, answer),
        _ => false,
    });
    answered.count()
}

fn is_removed(answer: &Answer, how: &Removed) -> bool {
    matches!(answer, Answer::Removed(removed) if removed.iter().any(|(_, known)| known == how))
}

#[test]
fn a_run_goes_on_from_the_checkpoint_of_any_session_as_if_it_had_been_there_all_the_time() {
    for delivery in [Delivery::Inline, Delivery::LockStep] {
        let whole = whole(delivery);
        assert_eq!(whole.checkpoints.len(), N_SESSIONS - 1);
        let n = |is_it: fn(&Event) -> bool| whole.events.iter().filter(|e| is_it(e)).count();
        assert!(n(|event| matches!(event, Event::Traded { .. })) > 100);
        let answers =
            |is_it: fn(&Answer) -> bool| n_answers(&whole.events, |_, answer| is_it(answer));
        assert!(answers(|answer| *answer == Answer::Done) > 2, "locks, and an indicator");
        let is_locked = |answer: &Answer| is_removed(answer, &Removed::Refused(Refusal::Locked));
        assert!(answers(is_locked) > 0, "a lock of an earlier session holds");
        assert!(answers(|answer| is_removed(answer, &Removed::Removed)) > 0);
        assert!(answers(|answer| matches!(answer, Answer::Added(_))) > 0);
        for n_closed in 1..N_SESSIONS {
            check_goes_on(&whole, n_closed, delivery);
        }
    }
}

#[test]
fn a_consumer_that_does_not_save_is_named_and_there_is_no_checkpoint() {
    struct Silent;
    impl Consumer for Silent {
        fn name(&self) -> &str {
            "silent"
        }
    }
    let mut engine = planned(market());
    drop(with_consumers(&mut engine, Delivery::Inline));
    engine.register(Box::new(Silent), OnError::StopRun);
    while engine.n_sessions_closed() == 0 {
        let _ = engine.step(Timestamp::from_nanos(0));
    }
    let names = vec!["silent".to_owned()];
    assert_eq!(engine.checkpoint(), Err(NoCheckpoint::Consumers { names }));
    while engine.phase() != Phase::Streaming {
        let _ = engine.step(Timestamp::from_nanos(0));
    }
    assert_eq!(engine.checkpoint(), Err(NoCheckpoint::NotBetween));
}

fn first_checkpoint() -> Checkpoint {
    let mut engine = planned(market());
    drop(with_consumers(&mut engine, Delivery::Inline));
    while engine.n_sessions_closed() < 2 {
        let _ = engine.step(Timestamp::from_nanos(0));
    }
    engine.checkpoint().expect("all save")
}

/// Why a run over `market` does not go on from `checkpoint`.
fn refused(checkpoint: &Checkpoint, market: Market) -> String {
    planned(market).go_on_from(checkpoint).expect_err("it is another history").to_string()
}

#[test]
fn history_that_has_changed_is_refused_by_name() {
    let checkpoint = first_checkpoint();
    // Bars before the checkpoint, which windows and indicators have seen.
    let changed = |day: &'static str, hour| {
        market().changed(move |key: &SeriesKey, rows| {
            let (mut rows, at) = (rows.clone(), openbell_tests::at(day, hour, 0));
            if key.symbol == sym("AAA") {
                let row = rows.opens_at_ns.binary_search(&at.as_nanos()).expect("it is there");
                let other = bar_at("ZZZ", at);
                (rows.close[row], rows.high[row]) = (other.close + 50.0, other.high + 50.0);
            }
            rows
        })
    };
    let said = refused(&checkpoint, changed("2025-06-30", 11));
    assert!(said.contains("the indicators of AAA"), "{said}");
    let said = refused(&checkpoint, changed("2025-06-27", 11));
    assert!(said.contains("AAA"), "{said}");
    assert!(planned(market()).go_on_from(&checkpoint).is_ok());
}

#[test]
fn whoever_is_missing_or_new_is_named() {
    let checkpoint = first_checkpoint();
    let from = || {
        let mut engine = planned(market());
        engine.go_on_from(&checkpoint).expect("the same run");
        engine
    };
    let mut engine = from();
    engine.open_accounts(accounts());
    engine.register(Box::new(Stateless), OnError::StopRun);
    let why = engine.check_restored().expect_err("one is missing");
    assert!(matches!(&why, RestoreError::NoConsumer { name } if name == "stateful"), "{why}");

    let mut engine = from();
    engine.register(Box::new(Stateful::default()), OnError::StopRun);
    engine.register(Box::new(Stateless), OnError::StopRun);
    let Step::Ended(phase) = engine.step(Timestamp::from_nanos(0)) else { panic!("it goes on") };
    let failure = engine.report().failure.expect("why").to_string();
    assert_eq!((phase, failure.contains("accounts")), (Phase::Failed, true), "{failure}");
}

#[test]
fn a_checkpoint_that_is_damaged_or_of_another_form_is_refused() {
    let bytes = first_checkpoint().to_bytes();
    for place in [4, 12, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut other = bytes.clone();
        other[place] ^= 1;
        let found = Checkpoint::from_bytes(&other);
        assert!(matches!(found, Err(CheckpointError::Damaged { .. })), "{place}: {found:?}");
    }
    for n_bytes in [0, 3, 11, bytes.len() - 1] {
        assert!(Checkpoint::from_bytes(&bytes[..n_bytes]).is_err(), "{n_bytes}");
    }
    let mut other = bytes.clone();
    other[0] += 1;
    assert_eq!(
        Checkpoint::from_bytes(&other),
        Err(CheckpointError::OtherForm { found: 2, known: 1 })
    );
    assert!(Checkpoint::from_bytes(&bytes).is_ok());
}
