//! Stories of somebody who gets no data and asks why: the verdict, and what was ruled out.

use std::sync::mpsc;

use openbell_coordinator::{
    Bars, CheckKind, Consumer, Context, Diagnosis, Handle, OnError, Outcome, SessionCommand,
    Subscription, Verdict,
};
use openbell_data_manager::{Arrival, DownCause, Link, ScriptedFeed};
use openbell_market::BarInterval;
use openbell_tests::{LiveStory, Market, Story, at, bars_of, config, series, sym, syms};

use crate::live_support::{DAY, healthy, run, secs};

fn why(handle: &Handle, symbol: &str) -> Diagnosis {
    handle.why(Some(sym(symbol)), None, None)
}

fn name(handle: &Handle, symbol: &str) -> &'static str {
    why(handle, symbol).verdict.name()
}

fn two(more: &str) -> Story {
    let market = Market::new()
        .with_all_minutes_of("US_EQUITY", "AAPL", DAY, DAY)
        .with_all_minutes_of("US_EQUITY", "MSFT", DAY, DAY);
    Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, more, market)
}

fn minutes(n: u32) -> BarInterval {
    BarInterval::from_mins(n).expect("minutes")
}

#[test]
fn a_replay_has_not_begun_is_fine_at_noon_is_paused_and_completes() {
    let mut story = two("");
    let handle = story.handle();
    assert_eq!(name(&handle, "AAPL"), "not_begun");
    story.run_to(DAY, 12, 0);
    let paused = why(&handle, "AAPL");
    assert_eq!(paused.verdict, Verdict::Paused);
    assert_eq!(paused.ways_out.len(), 1, "{:?}", paused.ways_out);
    let wrong: Vec<CheckKind> = paused
        .checks
        .iter()
        .filter(|check| check.found.is_some())
        .map(|check| check.about)
        .collect();
    assert_eq!(wrong, [CheckKind::Pace], "nothing else is wrong");
    let _ = story.finish();
    assert_eq!(name(&handle, "AAPL"), "run_completed");
}

#[test]
fn nothing_is_wrong_names_the_newest_bar_and_the_next() {
    let mut story = two("");
    let handle = story.handle();
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 12, 0)) {
        let _ = story.step();
    }
    let (newest, next_due) = (Some(at(DAY, 12, 0)), Some(at(DAY, 12, 5)));
    let found = handle.why(Some(sym("AAPL")), Some(minutes(5)), None);
    assert_eq!(found.verdict, Verdict::NothingIsWrong { newest, next_due });
    assert!(!found.verdict.is_wrong() && found.ways_out.is_empty());
}

#[test]
fn a_series_that_is_not_there_and_one_without_a_bar_are_told_apart() {
    let mut story = two("");
    let handle = story.handle();
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 9, 32)) {
        let _ = story.step();
    }
    let asked = |n| handle.why(Some(sym("AAPL")), Some(minutes(n)), None).verdict;
    assert_eq!(asked(5), Verdict::NoBarYet { first_close: at(DAY, 9, 35) });
    assert_eq!(asked(15), Verdict::NoSuchSeries { there: vec![minutes(1), minutes(5)] });
}

#[test]
fn a_symbol_that_catches_up_holds_the_others_and_is_told_of_itself() {
    let mut story = two("");
    let handle = story.handle();
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 12, 0)) {
        let _ = story.step();
    }
    let ticket = handle.add_symbols(syms(&["MSFT"]));
    let _ = story.step();
    assert_eq!(ticket.try_answer(), None);
    let own = why(&handle, "MSFT");
    assert!(matches!(own.verdict, Verdict::CatchingUp { .. }), "{:?}", own.verdict);
    assert_eq!(own.since, Some(at(DAY, 12, 0)));
    match why(&handle, "AAPL").verdict {
        Verdict::HeldByOthers { holders } => assert_eq!(holders[0].symbol, sym("MSFT")),
        other => panic!("{other:?}"),
    }
    while ticket.try_answer().is_none() {
        let _ = story.step();
    }
    assert_eq!(name(&handle, "AAPL"), "nothing_is_wrong");
    assert_eq!(name(&handle, "MSFT"), "nothing_is_wrong");
}

#[test]
fn a_symbol_is_unknown_could_not_join_or_has_left() {
    let mut story = two("");
    let handle = story.handle();
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 12, 0)) {
        let _ = story.step();
    }
    let nearest = Some(sym("AAPL"));
    assert_eq!(why(&handle, "APPL").verdict, Verdict::UnknownSymbol { nearest });
    let _ = story.ask(SessionCommand::AddSymbols {
        symbols: syms(&["NONE"]),
        stay: openbell_coordinator::Stay::Session,
    });
    assert_eq!(name(&handle, "NONE"), "failed_to_join");
    let _ = story.ask(SessionCommand::AddSymbols {
        symbols: syms(&["MSFT"]),
        stay: openbell_coordinator::Stay::Session,
    });
    let _ = story.ask(SessionCommand::RemoveSymbols { symbols: syms(&["MSFT"]) });
    assert_eq!(name(&handle, "MSFT"), "not_a_member");
}

/// Hears the minutes of AAPL; fails, or hangs until it is let go, at noon.
struct AtNoon(&'static str, Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>);

impl Consumer for AtNoon {
    fn name(&self) -> &str {
        self.0
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().symbols([sym("AAPL")]).intervals([minutes(1)])
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        if bars.iter().all(|bar| bar.closes_at < at(DAY, 12, 0)) {
            return Ok(());
        }
        match self.1.take() {
            None => Err("it is noon".into()),
            Some((hangs, let_go)) => {
                hangs.send(())?;
                Ok(let_go.recv()?)
            }
        }
    }
}

#[test]
fn a_consumer_is_unknown_not_subscribed_or_has_failed() {
    let mut story = two("");
    story.engine.register(Box::new(AtNoon("noon", None)), OnError::StopConsumer);
    let handle = story.handle();
    let asked = |interval, consumer: &str| {
        handle.why(Some(sym("AAPL")), Some(minutes(interval)), Some(consumer.to_owned())).verdict
    };
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 11, 0)) {
        let _ = story.step();
    }
    assert_eq!(asked(1, "moon"), Verdict::NoSuchConsumer { there: vec!["noon".to_owned()] });
    assert_eq!(asked(5, "noon"), Verdict::NotSubscribed);
    assert_eq!(asked(1, "noon").name(), "nothing_is_wrong");
    while handle.status().clock.is_none_or(|clock| clock < at(DAY, 12, 1)) {
        let _ = story.step();
    }
    assert_eq!(asked(1, "noon"), Verdict::ConsumerFailed { said: "it is noon".to_owned() });
}

#[test]
fn it_answers_while_the_core_hangs_in_a_callback() {
    let mut story = two("");
    let (hangs, is_hanging) = mpsc::channel();
    let (let_go, waits) = mpsc::channel();
    story.engine.register(Box::new(AtNoon("noon", Some((hangs, waits)))), OnError::StopConsumer);
    let handle = story.handle();
    #[expect(clippy::disallowed_methods, reason = "the core hangs on a thread of its own")]
    let core = std::thread::spawn(move || story.finish().phase);
    is_hanging.recv().expect("it hangs at noon");
    let found = why(&handle, "AAPL");
    assert_eq!(found.clock, Some(at(DAY, 12, 0)));
    assert_eq!(found.verdict.name(), "nothing_is_wrong", "the bars of noon are read");
    let_go.send(()).expect("it still hangs");
    core.join().expect("the run ends");
    assert_eq!(name(&handle, "AAPL"), "run_completed");
}

/// A feed of AAPL that is well until noon, and then says `fault`; MSFT beside it is well.
fn faulty(fault: Arrival) -> LiveStory {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(36_000));
    feed.continuous();
    feed.arrives(at(DAY, 9, 0), Arrival::CompleteThrough(at(DAY, 9, 0)));
    feed.arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 150), secs(1));
    feed.arrives(at(DAY, 12, 0) + secs(10), fault);
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    run(&json, [feed, healthy("MSFT", &[DAY])], at(DAY, 9, 0))
}

#[test]
fn each_fault_of_a_feed_is_the_verdict_of_its_symbol_and_holds_the_other() {
    let since = at(DAY, 12, 0) + secs(10);
    let down = || Link::Down { since, why: DownCause::Broken("reset".into()), next_try: None };
    let faults = [("dead", Arrival::Link(down())), ("late", Arrival::Heartbeat)];
    for (expected, fault) in faults {
        let mut story = faulty(fault);
        let handle = story.engine.handle();
        story.go(at(DAY, 9, 10));
        assert_eq!(name(&handle, "AAPL"), "market_closed");
        // Until its onset nothing is wrong with either.
        while story.now < at(DAY, 11, 59) {
            let next = story.now + secs(61);
            story.go(next);
            if story.now > at(DAY, 9, 31) + secs(2) {
                let found = why(&handle, "AAPL");
                assert_eq!(found.verdict.name(), "nothing_is_wrong", "{} {found}", story.now);
            }
        }
        // A bar is overdue by the threshold of a minute after that of 12:01.
        story.go(at(DAY, 12, 2) + secs(5));
        let found = why(&handle, "AAPL");
        assert_eq!(found.verdict.name(), expected, "{found}");
        assert!(!found.ways_out.is_empty());
        assert_eq!(name(&handle, "MSFT"), "held_by_others", "{}", why(&handle, "MSFT"));
    }
}
