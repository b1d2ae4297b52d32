//! What holds for a consumer inline, lock-step and free alike: the pace, the ends of a run, failures.
#![expect(clippy::disallowed_methods, reason = "the program gives consumers their threads")]

use std::sync::mpsc::{Receiver, channel};

use openbell_coordinator::{
    Answer, Bars, Consumer, Context, Delivery, Event, Handle, OnError, Outcome, PaceCommand, Phase,
    Step, Worker, WorkerEnd,
};
use openbell_market::Symbol;
use openbell_session_data::Reason;
use openbell_tests::{
    Market, Record, Recorder, Story, at, config, register, step_to_end, sym, syms,
};
use openbell_time::{Nanos, Timestamp};

const DAY: &str = "2025-07-02";
const DELIVERIES: [Delivery; 3] = [Delivery::Inline, Delivery::LockStep, Delivery::Free];

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"]
        .into_iter()
        .fold(Market::new(), |market, symbol| market.with_minutes(symbol, DAY, DAY, |_, _| true))
}

fn story(speed: u32) -> Story {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "")
        .replace(r#""end_date""#, &format!(r#""speed_multiplier": {speed}, "end_date""#));
    Story::new(&json, market())
}

/// A story with a recorder, delivered that way.
fn recorded(speed: u32, delivery: Delivery) -> (Story, Record, Option<Worker>) {
    let (mut story, record) = (story(speed), Record::default());
    let recorder = Box::new(Recorder(record.clone()));
    let worker = register(&mut story.engine, recorder, OnError::StopRun, delivery);
    (story, record, worker)
}

/// Steps until every seat is taken and the first session is prepared; wall time stands.
fn prepare(story: &mut Story, wall: Timestamp) {
    while let Step::Waits { .. } = story.engine.step(wall) {
        std::thread::yield_now();
    }
}

#[test]
fn a_paced_run_keeps_its_pace_exactly_whoever_listens() {
    let alone = story(0).finish();
    for delivery in DELIVERIES {
        for speed in [60, 1200] {
            let (mut story, record, worker) = recorded(speed, delivery);
            let start = at("2026-01-05", 9, 0);
            let mut wall = start;
            let (done, end) = std::thread::scope(|scope| {
                let thread = worker.map(|worker| scope.spawn(move || worker.run()));
                prepare(&mut story, wall);
                let done = loop {
                    match story.engine.step(wall) {
                        Step::Waits { until } => wall = until,
                        Step::Ended(phase) => break phase,
                        Step::Worked | Step::Paused => {}
                    }
                };
                (done, thread.map(|thread| thread.join().unwrap()))
            });
            let report = story.engine.report();
            assert_eq!(done, Phase::Closed, "{delivery:?}: {:?}", report.failure);
            let due = Nanos::from_nanos(390 * 60 * 1_000_000_000 / i64::from(speed));
            assert_eq!(wall - start, due, "{delivery:?}");
            assert_eq!(report.overrun, Nanos::ZERO, "{delivery:?}");
            assert_eq!(
                (report.digest, &alone.events[..]),
                (alone.report.digest, story.engine.events())
            );
            assert!(end.is_none_or(|end| end == WorkerEnd::RunEnded));
            let notified = record.announced();
            let minutes = notified.get(&(sym("AAPL"), "1m".parse().unwrap())).map_or(0, Vec::len);
            match delivery {
                Delivery::Free => assert!(minutes <= 390, "{minutes}"),
                _ => assert_eq!(minutes, 390, "{delivery:?}"),
            }
        }
    }
}

#[test]
fn a_run_that_is_stopped_while_it_is_paused_is_stopped_and_everyone_goes_home() {
    for delivery in DELIVERIES {
        let (mut story, _, worker) = recorded(0, delivery);
        let end = std::thread::scope(|scope| {
            let thread = worker.map(|worker| scope.spawn(move || worker.run()));
            prepare(&mut story, Timestamp::from_nanos(0));
            story.run_to(DAY, 11, 0);
            assert_eq!(story.step(), Step::Paused);
            let stop = story.handle().stop();
            let _ = story.step();
            assert_eq!(story.step(), Step::Ended(Phase::Stopped), "{delivery:?}");
            assert_eq!(stop.try_answer(), Some(Answer::Done));
            thread.map(|thread| thread.join().unwrap())
        });
        assert!(end.is_none_or(|end| end == WorkerEnd::RunEnded), "{delivery:?}");
        assert_eq!(story.engine.report().phase, Phase::Stopped);
        let last = story.engine.events().last();
        assert!(matches!(last, Some(Event::Stopped { at: Some(then) }) if *then == at(DAY, 11, 0)));
    }
}

/// Fails at the open when it is let, by an error or by a panic.
struct FailsAtOpen {
    go: Receiver<()>,
    panics: bool,
}

impl Consumer for FailsAtOpen {
    fn name(&self) -> &str {
        "fails"
    }

    fn session_started(&mut self, _: &mut Context<'_>) -> Outcome {
        self.go.recv()?;
        assert!(!self.panics, "no licence");
        Err("no licence".into())
    }
}

#[test]
fn a_failure_names_cause_and_place_and_by_the_rule_ends_the_run_in_every_delivery() {
    let alone = story(0).finish();
    for delivery in DELIVERIES {
        for panics in [false, true] {
            for on_error in [OnError::StopRun, OnError::StopConsumer] {
                let what = format!("{delivery:?}, panics: {panics}, {on_error:?}");
                let mut story = story(0);
                let (let_go, go) = channel();
                let consumer = Box::new(FailsAtOpen { go, panics });
                let worker = register(&mut story.engine, consumer, on_error, delivery);
                let is_free = delivery == Delivery::Free;
                let done = std::thread::scope(|scope| {
                    let thread = worker.map(|worker| scope.spawn(move || worker.run()));
                    let_go.send(()).unwrap();
                    if is_free {
                        // Its failure is met at the next notice after it.
                        while story.engine.clock().now() < at(DAY, 9, 30)
                            || !matches!(story.engine.phase(), Phase::Streaming)
                        {
                            let _ = story.step();
                        }
                    }
                    let join = |thread: std::thread::ScopedJoinHandle<'_, WorkerEnd>| {
                        let end = thread.join().unwrap();
                        assert!(
                            matches!(&end, WorkerEnd::Failed { why } if why.contains("no licence"))
                        );
                    };
                    if is_free {
                        thread.map(join);
                        step_to_end(&mut story.engine)
                    } else {
                        let done = step_to_end(&mut story.engine);
                        thread.map(join);
                        done
                    }
                });
                let failure = done.report.consumers[0].failure.as_deref();
                assert!(
                    failure.is_some_and(|why| why.contains("no licence")),
                    "{what}: {failure:?}"
                );
                match on_error {
                    OnError::StopRun => {
                        assert_eq!(done.phase, Phase::Failed, "{what}");
                        let why = done.report.failure.unwrap().to_string();
                        let place = at(DAY, 9, if is_free { 31 } else { 30 }).to_string();
                        assert!(
                            why.contains("fails")
                                && why.contains("no licence")
                                && why.contains(&place),
                            "{what}: {why}"
                        );
                    }
                    OnError::StopConsumer => {
                        assert_eq!(done.phase, Phase::Closed, "{what}");
                        assert_eq!(done.report.digest, alone.report.digest, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn dropping_the_engine_shuts_the_gate_and_answers_every_waiting_ticket_as_stopped() {
    for delivery in DELIVERIES {
        let (mut story, _, worker) = recorded(0, delivery);
        std::thread::scope(|scope| {
            let thread = worker.map(|worker| scope.spawn(move || worker.run()));
            prepare(&mut story, Timestamp::from_nanos(0));
            story.run_to(DAY, 11, 0);
            let handle = story.handle();
            let mut reader = story.reader();
            assert!(reader.view().is_ok());
            // One is on its way, its backlog half delivered; the others were never taken.
            let joining = handle.add_symbols(syms(&["TSLA"]));
            for _ in 0..10 {
                let _ = story.step();
            }
            assert_eq!((joining.try_answer(), handle.pending_symbols()), (None, syms(&["TSLA"])));
            let (waiting, pause) = (handle.remove_symbols(syms(&["MSFT"])), handle.pause());
            drop(story);
            for ticket in [joining, waiting, pause] {
                assert_eq!(ticket.wait(), Ok(Answer::Stopped), "{delivery:?}");
            }
            assert_eq!(handle.stop().wait(), Ok(Answer::Stopped), "one that comes too late");
            assert_eq!(reader.view().err().unwrap().facts().reason, Reason::Stopped);
            assert_eq!(handle.status().phase, Phase::Stopped);
            let end = thread.map(|thread| thread.join().unwrap());
            assert!(end.is_none_or(|end| end == WorkerEnd::RunEnded), "{delivery:?}");
        });
    }
}

/// Answers every leaving with an add and every joining with a removal, by a handle from outside.
struct PingPong(Handle);

impl Consumer for PingPong {
    fn name(&self) -> &str {
        "ping pong"
    }

    fn symbol_joined(&mut self, _: &mut Context<'_>, symbol: &Symbol) -> Outcome {
        drop(self.0.remove_symbols([symbol.clone()]));
        Ok(())
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &Symbol) -> Outcome {
        drop(self.0.add_symbols([symbol.clone()]));
        Ok(())
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        Ok(())
    }
}

#[test]
fn a_step_takes_only_the_commands_that_were_there_when_it_began() {
    let mut story = story(0);
    let ping_pong = PingPong(story.handle());
    story.engine.register(Box::new(ping_pong), OnError::StopRun);
    story.run_to(DAY, 11, 0);
    let n_taken = |story: &Story| {
        let is_command = |event: &&Event| matches!(event, Event::Commanded { .. });
        story.engine.events().iter().filter(is_command).count()
    };
    drop(story.handle().remove_symbols(syms(&["MSFT"])));
    let _ = story.step();
    // What the removal led to was given in that step, and waits for the next one.
    assert_eq!(n_taken(&story), 1);
    let _ = story.step();
    assert!(story.handle().pending_symbols() == syms(&["MSFT"]), "the add is on its way");
    // They go on for ever, and the clock goes on too.
    drop(story.handle().command(PaceCommand::RunUntil { until: at(DAY, 11, 30) }));
    for _ in 0..20_000 {
        if story.step() == Step::Paused {
            break;
        }
    }
    assert_eq!(story.engine.clock().now(), at(DAY, 11, 30));
    assert!(n_taken(&story) > 10, "{}", n_taken(&story));
}
