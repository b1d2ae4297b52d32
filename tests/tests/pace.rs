//! Pace, pauses and single steps: they change when things happen on the wall, and nothing else.

use std::ops::ControlFlow;

use openbell_coordinator::{
    Answer, Operation, PaceCommand, Phase, Refusal, SessionCommand, Stay, Step, run,
};
use openbell_tests::{Finished, Market, Story, at, config, syms};
use openbell_time::{Nanos, SimulatedWall, Timestamp, WallClock};

const HALF_DAY: &str = "2025-07-03";

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"].into_iter().fold(Market::new(), |market, symbol| {
        market.with_minutes(symbol, "2025-06-30", HALF_DAY, |_, m| m % 97 != 3)
    })
}

const SCHEDULE: &str = r#", "symbol_schedule": [
    {"at": "10:30", "add": ["TSLA"]}, {"at": "12:00", "remove": ["MSFT"]}]"#;

fn story(symbols: &str, speed: f64) -> Story {
    let json = config(symbols, r#"["1m", "5m", "1h", "1d"]"#, HALF_DAY, SCHEDULE)
        .replace(r#""end_date""#, &format!(r#""speed_multiplier": {speed}, "end_date""#));
    Story::new(&json, market())
}

fn finished(story: Story, phase: Phase) -> Finished {
    Finished { phase, events: story.engine.events().to_vec(), report: story.engine.report() }
}

/// Everything of a run that no pace may change.
fn kept(done: &Finished) -> impl PartialEq + std::fmt::Debug {
    let report = &done.report;
    let sessions = report.sessions.clone();
    (
        done.phase,
        done.events.clone(),
        report.digest,
        report.digests.clone(),
        sessions,
        report.n_steps,
    )
}

/// A run by a simulated wall clock; the wall time that it took.
fn on_the_wall(speed: f64) -> (Finished, Nanos) {
    let start = at("2026-01-05", 9, 0);
    let wall = SimulatedWall::new(start);
    let mut story = story(r#"["AAPL", "MSFT"]"#, speed);
    let phase = run(&mut story.engine, &wall, |_| ControlFlow::Continue(()));
    (finished(story, phase), wall.now() - start)
}

#[test]
fn a_step_that_a_resume_overtook_does_not_break_the_next_pause() {
    let mut story = story(r#"["AAPL"]"#, 0.0);
    story.run_to(HALF_DAY, 10, 0);
    let handle = story.handle();
    for command in [PaceCommand::Step, PaceCommand::Resume, PaceCommand::Pause] {
        drop(handle.command(command));
    }
    // The pause came last, so the clock stands; the step was once visited after it.
    assert_eq!(story.step(), Step::Paused);
    assert_eq!(story.engine.clock().now(), at(HALF_DAY, 10, 0));
}

#[test]
fn every_speed_gives_the_same_event_log_and_digest() {
    let (fastest, _) = on_the_wall(0.0);
    assert_eq!(fastest.phase, Phase::Closed);
    assert_eq!(fastest.report.sessions.len(), 2);
    for speed in [60.0, 1200.0] {
        let (paced, _) = on_the_wall(speed);
        assert_eq!(kept(&paced), kept(&fastest), "speed {speed}");
    }
}

#[test]
fn n_times_real_time_takes_the_nth_part_of_both_sessions_exactly() {
    let session_s = i64::from(390 * 60 + 210 * 60);
    for speed in [60, 1200] {
        let (done, took) = on_the_wall(speed as f64);
        assert_eq!(took, Nanos::from_secs(session_s / speed), "speed {speed}");
        assert_eq!(done.report.overrun, Nanos::ZERO);
    }
}

#[test]
fn a_step_that_takes_too_long_is_reported_and_nothing_is_skipped() {
    let wall = SimulatedWall::new(Timestamp::from_nanos(0));
    let mut slow = story(r#"["AAPL", "MSFT"]"#, 60.0);
    let mut n_calls = 0;
    let phase = run(&mut slow.engine, &wall, |_| {
        n_calls += 1;
        if n_calls == 40 {
            wall.pass(Nanos::from_secs(5)); // Five minutes of the session.
        }
        ControlFlow::Continue(())
    });
    assert!(slow.engine.report().overrun >= Nanos::from_secs(4));
    let (fastest, _) = on_the_wall(0.0);
    assert_eq!(kept(&finished(slow, phase)), kept(&fastest));
}

/// What is done to the wall clock of a run.
type Stepping = fn(&SimulatedWall);

#[test]
fn a_clock_that_is_set_back_does_not_lengthen_a_paced_run() {
    const HOUR: Nanos = Nanos::from_secs(3_600);
    let start = at("2026-01-05", 9, 0);
    let straight_s = i64::from(390 * 60 + 210 * 60) / 60;
    // Amid a wait, while the run works, and again before it has caught its breath.
    let steps: [(&str, Stepping); 3] = [
        ("amid a wait", |wall| wall.step_in(Nanos::from_nanos(5_500_000), -HOUR)),
        ("at work", |wall| wall.turn_back(HOUR)),
        ("twice", |wall| {
            wall.turn_back(HOUR);
            wall.step_in(Nanos::from_secs(20), -HOUR);
        }),
    ];
    for (when, step) in steps {
        let wall = SimulatedWall::new(start);
        let mut paced = story(r#"["AAPL", "MSFT"]"#, 60.0);
        let mut n_calls = 0;
        let phase = run(&mut paced.engine, &wall, |_| {
            n_calls += 1;
            if n_calls == 400 {
                step(&wall);
            }
            ControlFlow::Continue(())
        });
        let late = wall.passed() - Nanos::from_secs(straight_s);
        assert!(late <= Nanos::from_nanos(20_000_000), "{when}: {late} longer");
        assert!(late >= -Nanos::from_nanos(20_000_000), "{when}: {late} longer");
        assert!(wall.now() < start, "{when}: it was set back");
        let (fastest, _) = on_the_wall(0.0);
        assert_eq!(kept(&finished(paced, phase)), kept(&fastest), "{when}");
    }
}

#[test]
fn a_clock_that_leaps_and_comes_back_makes_no_paced_run_wait_for_what_it_has_leapt() {
    let wall = SimulatedWall::new(at("2026-01-05", 9, 0));
    let mut paced = story(r#"["AAPL", "MSFT"]"#, 60.0);
    let mut n_calls = 0;
    let phase = run(&mut paced.engine, &wall, |_| {
        n_calls += 1;
        match n_calls {
            400 => wall.leap(Nanos::from_secs(60)),
            420 => wall.turn_back(Nanos::from_secs(60)),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    assert_eq!(phase, Phase::Closed);
    // The minute that was leapt is not waited for a second time.
    let took = wall.passed();
    assert!(took >= Nanos::from_secs(539) && took <= Nanos::from_secs(541), "{took}");
}

#[test]
fn a_stop_is_taken_at_once_after_the_clock_was_set_back() {
    let wall = SimulatedWall::new(at("2026-01-05", 9, 0));
    let mut paced = story(r#"["AAPL", "MSFT"]"#, 1.0);
    let handle = paced.handle();
    let mut n_calls = 0;
    let mut set_back_at = Nanos::ZERO;
    let phase = run(&mut paced.engine, &wall, |_| {
        n_calls += 1;
        if n_calls == 100 {
            wall.turn_back(Nanos::from_secs(3_600));
            set_back_at = wall.passed();
            drop(handle.stop());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(phase, Phase::Stopped);
    assert!(wall.passed() - set_back_at <= Nanos::from_nanos(20_000_000));
}

#[test]
fn symbols_listed_in_another_order_change_nothing() {
    let one = story(r#"["AAPL", "MSFT"]"#, 0.0).finish();
    let other = story(r#"["MSFT", "AAPL"]"#, 0.0).finish();
    assert_eq!(kept(&one), kept(&other));
}

#[test]
fn twice_in_one_process_nothing_is_carried_over() {
    let one = story(r#"["AAPL", "MSFT"]"#, 0.0).finish();
    let again = story(r#"["AAPL", "MSFT"]"#, 0.0).finish();
    assert_eq!(kept(&one), kept(&again));
}

#[test]
fn pauses_and_single_steps_change_nothing_but_the_operations_log() {
    let straight = story(r#"["AAPL", "MSFT"]"#, 0.0).finish();
    let mut paused = story(r#"["AAPL", "MSFT"]"#, 0.0);
    paused.run_to("2025-07-02", 10, 15);
    for _ in 0..30 {
        let before = paused.engine.clock().now();
        assert_eq!(paused.ask(PaceCommand::Step), Answer::Done);
        while paused.step() != Step::Paused {}
        assert_eq!(paused.engine.clock().now(), before + Nanos::from_secs(60));
    }
    let _ = paused.ask(PaceCommand::Resume);
    for _ in 0..9 {
        let _ = paused.step();
    }
    paused.run_to(HALF_DAY, 12, 0);
    assert_eq!(paused.engine.clock().now(), at(HALF_DAY, 12, 0));
    assert!(paused.engine.operations().len() > 30);
    let paced = |operation: &Operation| matches!(operation, Operation::Paced { .. });
    assert!(paused.engine.operations().iter().all(paced));
    assert_eq!(kept(&paused.finish()), kept(&straight));
}

#[test]
fn a_paused_run_stands_and_takes_commands_at_once() {
    let mut story = story(r#"["AAPL", "MSFT"]"#, 0.0);
    story.run_to("2025-07-02", 10, 0);
    let wall = Timestamp::from_nanos(i64::MAX / 2);
    for _ in 0..3 {
        assert_eq!(story.engine.step(wall), Step::Paused);
    }
    let n_bars = story.engine.report().n_bars;
    let add = SessionCommand::AddSymbols { symbols: syms(&["TSLA"]), stay: Stay::Session };
    assert!(matches!(story.ask(add), Answer::Added(_)));
    assert_eq!(story.engine.clock().now(), at("2025-07-02", 10, 0));
    assert_eq!(story.engine.report().n_bars, n_bars + 29); // Its 10:00 backlog, one minute missing.
    assert!(story.reader().view().unwrap().symbol("TSLA").is_ok());
    let status = story.handle().status();
    assert!(status.is_paused);
    assert_eq!(status.clock, Some(at("2025-07-02", 10, 0)));
}

#[test]
fn pauses_that_make_no_sense_are_refused_by_name() {
    let mut story = story(r#"["AAPL", "MSFT"]"#, 0.0);
    let _ = story.step();
    let _ = story.step();
    assert_eq!(story.ask(PaceCommand::Resume), Answer::Refused(Refusal::NotPaused));
    assert_eq!(story.ask(PaceCommand::Step), Answer::Refused(Refusal::NotPaused));
    assert_eq!(story.ask(PaceCommand::Pause), Answer::Done);
    assert_eq!(story.ask(PaceCommand::Pause), Answer::Refused(Refusal::AlreadyPaused));
    let clock = story.engine.clock().now();
    for until in [clock, clock - Nanos::from_secs(1)] {
        assert_eq!(
            story.ask(PaceCommand::RunUntil { until }),
            Answer::Refused(Refusal::NotAhead { clock })
        );
    }
    for multiplier in [-1.0, f64::NAN, f64::INFINITY] {
        let answer = story.ask(PaceCommand::ChangeSpeed { multiplier });
        assert_eq!(answer, Answer::Refused(Refusal::BadSpeed));
    }
    let handle = story.handle();
    let _ = story.finish();
    assert_eq!(handle.pause().try_answer(), Some(Answer::Stopped));
}

#[test]
fn a_run_until_the_close_stands_at_the_close() {
    let mut story = story(r#"["AAPL", "MSFT"]"#, 0.0);
    story.run_to("2025-07-02", 16, 0);
    for _ in 0..5 {
        assert_eq!(story.step(), Step::Paused);
        assert_eq!(story.engine.clock().now(), at("2025-07-02", 16, 0));
        assert!(story.reader().view().is_ok());
    }
    assert!(story.handle().status().is_paused);
    // A single step goes over the close, to the next instant that there is: the next open.
    let _ = story.ask(PaceCommand::Step);
    while story.step() != Step::Paused {}
    assert_eq!(story.engine.clock().now(), at(HALF_DAY, 9, 30));
    let straight = self::story(r#"["AAPL", "MSFT"]"#, 0.0).finish();
    assert_eq!(kept(&story.finish()), kept(&straight));
}

#[test]
fn a_run_until_the_night_stands_at_the_last_close() {
    let mut story = story(r#"["AAPL", "MSFT"]"#, 0.0);
    story.run_to("2025-07-02", 15, 0);
    let _ = story.ask(PaceCommand::RunUntil { until: at("2025-07-02", 22, 0) });
    while story.step() != Step::Paused {}
    assert_eq!(story.engine.clock().now(), at("2025-07-02", 16, 0));
    story.run_to(HALF_DAY, 9, 30);
    assert_eq!(story.engine.clock().now(), at(HALF_DAY, 9, 30));
}

#[test]
fn the_speed_can_be_changed_in_mid_run() {
    let start = Timestamp::from_nanos(0);
    let wall = SimulatedWall::new(start);
    let mut paced = story(r#"["AAPL", "MSFT"]"#, 60.0);
    let handle = paced.handle();
    let mut is_changed = false;
    let phase = run(&mut paced.engine, &wall, |engine| {
        if engine.clock().now() == at("2025-07-02", 12, 30) && !is_changed {
            is_changed = true;
            drop(handle.command(PaceCommand::ChangeSpeed { multiplier: 600.0 }));
        }
        ControlFlow::Continue(())
    });
    let took = wall.now() - start;
    // Three hours at 60, the other three and a half and the half day's three and a half at 600.
    assert_eq!(took, Nanos::from_secs(180 + 42));
    let (fastest, _) = on_the_wall(0.0);
    assert_eq!(kept(&finished(paced, phase)), kept(&fastest));
}
