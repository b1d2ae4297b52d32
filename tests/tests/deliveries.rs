//! One consumer, delivered inline, lock-step or free: the same session, the same order, and a core
//! that never hangs.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use std::sync::{Arc, Barrier, Mutex};

use openbell_coordinator::{
    Answer, Bars, BeforeOpen, CallWindow, Consumer, Context, Delivery, Event, Handle, HistoryError,
    OnError, Operation, Outcome, PaceCommand, Phase, Ready, Refusal, Removed, Resumed,
    SessionCommand, Step, Subscription, WaitError, WorkerEnd,
};
use openbell_market::Symbol;
use openbell_session_data::Reason;
use openbell_tests::{
    Breaks, Finished, Market, Story, at, bar_at, finish_with_workers, minute, register,
    step_to_end, sym, syms,
};
use openbell_time::{Nanos, TimeOfDay, Timestamp};

const DAY: &str = "2025-07-02";
const NEXT: &str = "2025-07-03";

fn market() -> Market {
    let daily = ["2025-06-30", "2025-07-01"].map(|date| {
        let open = at(date, 9, 30);
        (open, bar_at("ONLYDAYS", open))
    });
    ["AAPL", "MSFT", "NVDA", "TSLA"]
        .into_iter()
        .fold(Market::new(), |market, symbol| {
            market.with_minutes(symbol, "2025-07-01", NEXT, |_, _| true)
        })
        .with_rows("ONLYDAYS", "1d", daily)
}

fn story_until(until: &str, more: &str) -> Story {
    let more = format!(
        r#", "indicators": {{"session": [{{"name": "sma", "period": 3, "interval": "5m"}}]}}{more}"#
    );
    Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, until, &more, market())
}

fn story() -> Story {
    story_until(NEXT, "")
}

/// Does everything that a consumer can, and writes down what it hears.
struct Everything {
    name: &'static str,
    notified: Arc<Mutex<Vec<String>>>,
}

impl Everything {
    fn note(&self, what: impl Into<String>) -> Outcome {
        self.notified.lock().map_err(|_| "a panic elsewhere")?.push(what.into());
        Ok(())
    }
}

impl Consumer for Everything {
    fn name(&self) -> &str {
        self.name
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().intervals(["5m".parse().unwrap()])
    }

    fn call_windows(&self) -> Vec<CallWindow> {
        let time = |hour, minute| TimeOfDay::from_hms(hour, minute, 0).unwrap();
        vec![CallWindow { start: time(9, 35), end: time(9, 50), every: Nanos::from_secs(300) }]
    }

    fn before_open(&mut self, context: &mut BeforeOpen<'_>) -> Outcome {
        let past = context.history(&sym("NVDA"), "1m".parse()?, 1)?;
        let last = past.latest().ok_or("no bar")?;
        context.add_symbols(syms(&["NVDA"]));
        context.signal(&sym("NVDA"), "candidate", Some(last.ohlcv.close));
        self.note(format!("before {} {}", context.session_date(), past.bars().count()))
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        self.note(format!("started {} {}", context.now(), context.view().symbols().len()))
    }

    fn indicators_ready(&mut self, context: &mut Context<'_>, series: &[Ready]) -> Outcome {
        self.note(format!("ready {} {series:?}", context.now()))
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let now = context.view().instant();
        for bar in bars {
            let symbol = context.view().symbol(bar.symbol.as_str())?;
            let rows = symbol.series(bar.interval)?.today();
            let close = rows.close()[bar.sequence];
            if (close * 100.0) as i64 % 5 == 0 {
                context.signal(bar.symbol, "fifth", Some(close));
            }
        }
        if now == at(DAY, 11, 0) {
            context.lock(sym("NVDA"));
            context.add_symbols(syms(&["TSLA", "NOSUCH"]));
        }
        if now == at(DAY, 12, 0) {
            context.remove_symbols(syms(&["TSLA", "NVDA"]));
        }
        self.note(format!("bars {now} {bars:?}"))
    }

    fn scheduled(&mut self, context: &mut Context<'_>) -> Outcome {
        let past = context.history(&sym("TSLA"), "5m".parse()?, 1)?;
        self.note(format!("scheduled {} {}", context.now(), past.bars().count()))
    }

    fn deactivated(&mut self, at: Timestamp, reason: &Reason) -> Outcome {
        self.note(format!("deactivated {at} {reason}"))
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        self.note(format!("{resumed:?}"))
    }

    fn symbol_joined(&mut self, context: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        context.signal(symbol, "welcome", None);
        self.note(format!("joined {symbol}"))
    }

    fn symbol_left(&mut self, at: Timestamp, symbol: &Symbol) -> Outcome {
        self.note(format!("left {at} {symbol}"))
    }

    fn answered(&mut self, at: Timestamp, command: &SessionCommand, answer: &Answer) -> Outcome {
        self.note(format!("answered {at} {} {answer:?}", command.name()))
    }

    fn session_closed(&mut self, context: &mut Context<'_>) -> Outcome {
        context.unlock(sym("NVDA"));
        self.note(format!("closed {}", context.view().instant()))
    }
}

/// A run with consumers, each delivered its way; and what each was notified of.
fn run_of(deliveries: &[Delivery]) -> (Finished, Vec<Vec<String>>) {
    run_at(0, deliveries)
}

fn run_at(speed: u32, deliveries: &[Delivery]) -> (Finished, Vec<Vec<String>>) {
    let mut story = story();
    drop(story.handle().command(PaceCommand::ChangeSpeed { multiplier: f64::from(speed) }));
    let names = ["first", "second", "third"];
    let (mut workers, mut all) = (Vec::new(), Vec::new());
    for (&delivery, name) in deliveries.iter().zip(names) {
        let notified = Arc::new(Mutex::new(Vec::new()));
        all.push(Arc::clone(&notified));
        let consumer = Box::new(Everything { name, notified });
        workers.extend(register(&mut story.engine, consumer, OnError::StopRun, delivery));
    }
    let (finished, ends) = finish_with_workers(story, workers);
    assert!(ends.iter().all(|end| *end == WorkerEnd::RunEnded), "{ends:?}");
    (finished, all.iter().map(|notified| notified.lock().unwrap().clone()).collect())
}

#[test]
fn inline_and_lock_step_are_notified_of_the_same_and_lead_to_the_same_log_signals_and_digest() {
    use Delivery::{Inline, LockStep};
    let (inline, notified) = run_of(&[Inline, Inline, Inline]);
    assert_eq!(inline.phase, Phase::Closed, "{:?}", inline.report.failure);
    assert!(inline.report.signals.len() > 50, "{}", inline.report.signals.len());
    for mix in [[LockStep; 3], [Inline, LockStep, Inline], [LockStep, Inline, LockStep]] {
        let (other, heard_there) = run_of(&mix);
        assert_eq!(heard_there, notified, "{mix:?}");
        assert_eq!(other.events, inline.events, "{mix:?}");
        assert_eq!(other.report.signals, inline.report.signals);
        assert_eq!(other.report.digest, inline.report.digest);
    }
}

#[test]
fn every_speed_gives_one_log_inline_and_lock_step() {
    let (unpaced, notified) = run_of(&[Delivery::Inline]);
    for speed in [60, 1200] {
        for delivery in [Delivery::Inline, Delivery::LockStep] {
            let (paced, heard_there) = run_at(speed, &[delivery]);
            assert_eq!((paced.events, heard_there), (unpaced.events.clone(), notified.clone()));
            assert_eq!(paced.report.digest, unpaced.report.digest);
        }
    }
}

#[test]
fn callbacks_of_a_day_come_in_the_order_that_is_written_down() {
    let (_, notified) = run_of(&[Delivery::Inline]);
    let words = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    let first_day = notified[0].iter().position(|line| line.starts_with("closed")).unwrap();
    let mut kinds: Vec<String> = notified[0][..=first_day].iter().map(words).collect();
    kinds.dedup();
    let expected = "before started joined answered bars scheduled bars scheduled ready bars \
        scheduled bars answered deactivated joined Resumed ready answered bars left answered bars \
        closed";
    assert_eq!(kinds.join(" "), expected.split_whitespace().collect::<Vec<_>>().join(" "));
    // NVDA was there from the open, so its three 5m bars made it ready with the others.
    let ready = notified[0].iter().find(|line| line.starts_with("ready")).unwrap();
    for symbol in ["AAPL", "MSFT", "NVDA"] {
        assert!(ready.contains(symbol), "{ready}");
    }
    // TSLA joined with its indicators warm: the bars were skipped, not lost.
    let resumed = notified[0].iter().find(|line| line.starts_with("Resumed")).unwrap();
    assert!(resumed.contains("TSLA") && resumed.contains("last: 17"), "{resumed}");
    let left: Vec<_> = notified[0].iter().filter(|line| line.starts_with("left")).collect();
    assert_eq!(left.len(), 1, "NVDA is locked: {left:?}");
}

#[test]
fn commands_of_several_consumers_at_one_instant_are_taken_in_order_of_registration() {
    let (finished, _) = run_of(&[Delivery::LockStep, Delivery::Inline, Delivery::LockStep]);
    let noon = at(DAY, 12, 0);
    let names: Vec<String> = finished
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Commanded {
                taken,
                origin: openbell_coordinator::Origin::Consumer { name },
                ..
            } if taken.clock == noon => Some(name.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["first", "second", "third"]);
}

#[test]
fn two_consumers_of_one_name_are_distinguished() {
    let mut story = story();
    for _ in 0..2 {
        let notified = Arc::default();
        story.engine.register(Box::new(Everything { name: "twin", notified }), OnError::StopRun);
    }
    let report = story.finish().report;
    let names: Vec<&str> = report.consumers.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["twin", "twin-2"]);
}

/// Meets somebody at a barrier in every callback with bars.
struct Slow {
    gate: Arc<Barrier>,
    n_bars: Arc<Mutex<Vec<Timestamp>>>,
}

impl Consumer for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        self.gate.wait();
        self.n_bars.lock().map_err(|_| "a panic elsewhere")?.push(context.view().instant());
        Ok(())
    }
}

#[test]
fn the_core_waits_for_a_slow_lock_step_consumer_and_nothing_is_lost() {
    let mut story = story_until(DAY, "");
    let (gate, seen) = (Arc::new(Barrier::new(2)), Arc::default());
    let slow = Slow { gate: Arc::clone(&gate), n_bars: Arc::clone(&seen) };
    let worker = story.engine.register_lock_step(Box::new(slow), OnError::StopRun);
    let clock = story.engine.clock();
    std::thread::scope(|scope| {
        let _seat = scope.spawn(move || worker.run());
        let core = scope.spawn(move || step_to_end(&mut story.engine).phase);
        for n in 0..390 {
            // While the consumer stands at the barrier, the clock stands at its instant.
            gate.wait();
            let (hour, minute) = minute(n + 1);
            assert!(clock.now() >= at(DAY, hour, minute));
            assert!(clock.now() <= at(DAY, hour, minute) + Nanos::from_secs(60));
        }
        assert_eq!(core.join().unwrap(), Phase::Closed);
    });
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 390);
    assert!(seen.is_sorted());
}

/// Waits for a ticket of its own in a callback.
struct Waits(Handle, Arc<Mutex<Vec<WaitError>>>);

impl Consumer for Waits {
    fn name(&self) -> &str {
        "waits"
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        let ticket = self.0.add_symbols(syms(&["TSLA"]));
        let error = ticket.wait().err().ok_or("it answered")?;
        self.1.lock().map_err(|_| "a panic elsewhere")?.push(error);
        Ok(())
    }
}

#[test]
fn waiting_for_ones_own_ticket_inline_or_lock_step_is_a_typed_refusal() {
    for delivery in [Delivery::Inline, Delivery::LockStep] {
        let (mut story, errors) = (story_until(DAY, ""), Arc::default());
        let waits = Waits(story.handle(), Arc::clone(&errors));
        let worker = register(&mut story.engine, Box::new(waits), OnError::StopRun, delivery);
        let (done, _) = finish_with_workers(story, worker.into_iter().collect());
        assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
        assert_eq!(*errors.lock().unwrap(), [WaitError::OnTheCoreThread]);
    }
}

#[test]
fn a_failure_is_named_and_stops_the_run_or_that_consumer_alone_in_every_delivery() {
    let alone = story_until(DAY, "").finish();
    for delivery in [Delivery::Inline, Delivery::LockStep, Delivery::Free] {
        for panics in [false, true] {
            for on_error in [OnError::StopRun, OnError::StopConsumer] {
                let mut story = story_until(DAY, "");
                let breaks = Box::new(Breaks { at: at(DAY, 11, 0), panics });
                let worker = register(&mut story.engine, breaks, on_error, delivery);
                let (done, ends) = finish_with_workers(story, worker.into_iter().collect());
                let said = |why: &String| why.contains("out of luck");
                if delivery == Delivery::Free {
                    // Whether it came to 11:00 while the gate was open depends on the threads.
                    let failed = done.phase == Phase::Failed;
                    assert!(!failed || on_error == OnError::StopRun, "{:?}", done.report.failure);
                    continue;
                }
                for end in ends {
                    assert!(matches!(&end, WorkerEnd::Failed { why } if said(why)), "{end:?}");
                }
                let failure = done.report.consumers[0].failure.as_ref();
                assert!(failure.is_some_and(said), "{failure:?}");
                assert_eq!(done.report.signals.len(), 1, "its last words count");
                match on_error {
                    OnError::StopRun => {
                        assert_eq!(done.phase, Phase::Failed);
                        let why = done.report.failure.unwrap().to_string();
                        assert!(why.contains("breaks") && said(&why), "{why}");
                    }
                    OnError::StopConsumer => {
                        assert_eq!(done.phase, Phase::Closed);
                        assert_eq!(done.report.digest, alone.report.digest);
                    }
                }
            }
        }
    }
}

#[test]
fn a_worker_that_is_dropped_fails_its_consumer_and_the_core_goes_on_or_fails() {
    for (on_error, phase) in
        [(OnError::StopRun, Phase::Failed), (OnError::StopConsumer, Phase::Closed)]
    {
        let mut lock_step = story_until(DAY, "");
        drop(
            lock_step.engine.register_lock_step(
                Box::new(Breaks { at: at(DAY, 11, 0), panics: false }),
                on_error,
            ),
        );
        assert_eq!(lock_step.finish().phase, phase);
        let mut free = story_until(DAY, "");
        drop(free.engine.register_free(
            Box::new(Breaks { at: at(DAY, 11, 0), panics: false }),
            on_error,
            8,
        ));
        let done = free.finish();
        assert_eq!(done.phase, phase);
        assert_eq!(done.report.consumers[0].failure.as_deref(), Some("its worker was dropped"));
    }
}

#[test]
fn a_lock_step_worker_that_nobody_runs_makes_the_core_wait_and_say_for_whom_not_hang() {
    let mut story = story_until(DAY, "");
    let worker = story.engine.register_lock_step(
        Box::new(Breaks { at: at(DAY, 11, 0), panics: false }),
        OnError::StopRun,
    );
    for _ in 0..100 {
        assert!(matches!(story.step(), Step::Waits { .. }));
    }
    let empty = Operation::WorkerMissing { consumer: "breaks".to_owned() };
    assert_eq!(story.engine.operations(), [empty]);
    let stop = story.handle().stop();
    assert_eq!(story.step(), Step::Ended(Phase::Stopped));
    assert_eq!(stop.wait(), Ok(Answer::Done));
    assert_eq!(worker.run(), WorkerEnd::RunEnded, "it does not wait for a run that is over");
}

#[test]
fn workers_are_stopped_by_stop_by_an_end_and_by_dropping_the_engine() {
    for ending in 0..3 {
        let mut story = story_until(DAY, "");
        let engine = &mut story.engine;
        let workers = [
            engine.register_lock_step(Box::new(Quiet), OnError::StopRun),
            engine.register_free(Box::new(Quiet), OnError::StopRun, 4),
        ];
        std::thread::scope(|scope| {
            let threads = workers.map(|worker| scope.spawn(move || worker.run()));
            match ending {
                0 => drop(step_to_end(&mut story.engine)),
                1 => {
                    let mut stop = None;
                    while !matches!(story.step(), Step::Ended(_)) {
                        stop.get_or_insert_with(|| story.handle().stop());
                    }
                }
                _ => {
                    for _ in 0..100 {
                        let _ = story.step();
                    }
                    drop(story);
                }
            }
            for thread in threads {
                assert_eq!(thread.join().unwrap(), WorkerEnd::RunEnded);
            }
        });
    }
}

struct Quiet;

impl Consumer for Quiet {
    fn name(&self) -> &str {
        "quiet"
    }
}

/// Asks for history where it cannot have it, for what is not there, and for days.
struct Historian(Arc<Mutex<Vec<HistoryError>>>, Arc<Mutex<Vec<usize>>>);

impl Consumer for Historian {
    fn name(&self) -> &str {
        "historian"
    }

    fn session_started(&mut self, context: &mut Context<'_>) -> Outcome {
        for (symbol, interval) in [("NOSUCH", "1m"), ("ONLYDAYS", "5m"), ("ONLYDAYS", "1d")] {
            match context.history(&sym(symbol), interval.parse()?, 2) {
                Ok(past) => self.1.lock().map_err(|_| "panic")?.push(past.bars().count()),
                Err(error) => self.0.lock().map_err(|_| "panic")?.push(error),
            }
        }
        Ok(())
    }
}

#[test]
fn history_is_strictly_before_the_session_and_refused_in_words_where_there_is_none() {
    let (mut story, errors, counts) = (story_until(DAY, ""), Arc::default(), Arc::default());
    let historian = Historian(Arc::clone(&errors), Arc::clone(&counts));
    let worker = story.engine.register_lock_step(Box::new(historian), OnError::StopRun);
    let (done, _) = finish_with_workers(story, vec![worker]);
    assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
    let words: Vec<String> = errors.lock().unwrap().iter().map(|e| e.to_string()).collect();
    assert_eq!(
        words,
        [
            "the market has no symbol NOSUCH",
            "the store holds neither 5m bars of ONLYDAYS nor 1m, from which they are made; it has 1d",
        ]
    );
    assert_eq!(*counts.lock().unwrap(), [2]);
}

/// Locks a symbol at 10:00, and unlocks it at a time of its own.
struct Locks(&'static str, u32);

impl Consumer for Locks {
    fn name(&self) -> &str {
        self.0
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        if context.now() == at(DAY, 10, 0) {
            context.lock(sym("MSFT"));
        }
        if context.now() == at(DAY, self.1, 0) {
            context.unlock(sym("MSFT"));
        }
        Ok(())
    }
}

#[test]
fn a_symbol_that_two_have_locked_stays_until_both_have_unlocked_it() {
    let mut story = story_until(DAY, "");
    story.engine.register(Box::new(Locks("first", 11)), OnError::StopRun);
    story.engine.register(Box::new(Locks("second", 12)), OnError::StopRun);
    let remove = || SessionCommand::RemoveSymbols { symbols: syms(&["MSFT"]) };
    story.run_to(DAY, 11, 30);
    let refused = vec![(sym("MSFT"), Removed::Refused(Refusal::Locked))];
    assert_eq!(story.ask(remove()), Answer::Removed(refused));
    story.run_to(DAY, 12, 30);
    assert_eq!(story.ask(remove()), Answer::Removed(vec![(sym("MSFT"), Removed::Removed)]));
}

#[test]
fn whoever_unlocks_from_outside_lifts_every_lock() {
    let mut story = story_until(DAY, "");
    story.engine.register(Box::new(Locks("first", 15)), OnError::StopRun);
    story.run_to(DAY, 11, 0);
    assert_eq!(story.ask(SessionCommand::Unlock { symbol: sym("MSFT") }), Answer::Done);
    let removed = story.ask(SessionCommand::RemoveSymbols { symbols: syms(&["MSFT"]) });
    assert_eq!(removed, Answer::Removed(vec![(sym("MSFT"), Removed::Removed)]));
}

#[test]
fn a_consumer_that_is_registered_in_mid_session_is_notified_from_the_next_instant_on() {
    for others in [0, 1] {
        let mut story = story_until(DAY, "");
        if others == 1 {
            drop(story.record());
        }
        story.run_to(DAY, 11, 0);
        let record = story.record();
        drop(story.handle().resume());
        let done = step_to_end(&mut story.engine);
        assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
        for (interval, rows) in [("1m", 90..390), ("5m", 18..78)] {
            let announced = &record.announced()[&(sym("AAPL"), interval.parse().unwrap())];
            assert_eq!(announced, &rows.collect::<Vec<_>>(), "{interval}");
        }
    }
}
