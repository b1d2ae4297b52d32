//! Time order, and who hears what in it.

use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    Bars, Consumer, Context, OnError, Outcome, Phase, SessionCommand, Stay, Subscription,
};
use openbell_market::{BarInterval, Symbol};
use openbell_tests::{Market, Notified, Story, at, sym, syms};
use openbell_time::Timestamp;

const DAY: &str = "2025-07-02";

fn market() -> Market {
    Market::new()
        .with_minutes("AAPL", DAY, DAY, |_, _| true)
        .with_minutes("MSFT", DAY, DAY, |_, m| m % 3 == 0)
        .with_minutes("TSLA", DAY, DAY, |_, m| m % 7 != 2)
}

#[test]
fn a_run_without_consumers_derived_bars_or_indicators_completes() {
    let done = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "", market()).finish();
    assert_eq!((done.phase, done.report.n_bars), (Phase::Closed, 390 + 130));
    assert_eq!(done.report.n_derived, 0);
}

/// Wants one symbol, and counts what it is notified of.
struct Only(Symbol, Arc<Mutex<Vec<(Symbol, BarInterval)>>>);

impl Consumer for Only {
    fn name(&self) -> &str {
        "only"
    }

    fn subscription(&self) -> Subscription {
        Subscription::all().symbols([self.0.clone()]).intervals(["5m".parse().unwrap()])
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        assert!(!bars.is_empty(), "a callback without bars");
        let mut notified = self.1.lock().map_err(|_| "a panic elsewhere")?;
        notified.extend(bars.iter().map(|bar| (bar.symbol.clone(), bar.interval)));
        Ok(())
    }
}

#[test]
fn a_consumer_of_one_symbol_of_two_is_notified_of_that_one_and_the_run_completes() {
    let mut story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    let notified = Arc::new(Mutex::new(Vec::new()));
    let only = Only(sym("MSFT"), Arc::clone(&notified));
    story.engine.register(Box::new(only), OnError::StopRun);
    assert_eq!(story.finish().phase, Phase::Closed);
    let notified = notified.lock().unwrap();
    // Of its 130 minutes, 78 fall into different windows of five.
    assert_eq!(notified.len(), 78);
    assert!(notified.iter().all(|(symbol, _)| *symbol == sym("MSFT")));
}

#[test]
fn bars_are_announced_once_by_close_then_symbol_and_the_clock_never_goes_back() {
    let mut story =
        Story::of(r#"["TSLA", "AAPL", "MSFT"]"#, r#"["1m", "5m", "1h", "1d"]"#, DAY, "", market());
    let record = story.record();
    let done = story.finish();
    let mut clock = Timestamp::MIN;
    let mut n_bars = 0;
    for notified in record.all() {
        let Notified::Bars { at, bars } = notified else { continue };
        assert!(at > clock, "{at} after {clock}");
        clock = at;
        assert!(bars.iter().all(|bar| bar.closes_at == at), "a bar that did not close now");
        let order: Vec<_> = bars.iter().map(|bar| (bar.interval, bar.symbol.clone())).collect();
        assert!(order.is_sorted(), "{order:?}");
        n_bars += bars.len() as u64;
    }
    assert_eq!(n_bars, done.report.n_bars + done.report.n_derived);
    for (series, sequences) in record.announced() {
        assert_eq!(sequences, (0..sequences.len()).collect::<Vec<_>>(), "{series:?}");
    }
}

#[test]
fn an_add_does_not_move_the_clock_back_or_forth() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market());
    story.run_to(DAY, 13, 17);
    let _ticket = story.handle().command(SessionCommand::AddSymbols {
        symbols: syms(&["MSFT", "TSLA"]),
        stay: Stay::Session,
    });
    for _ in 0..400 {
        let _ = story.step();
        assert_eq!(story.engine.clock().now(), at(DAY, 13, 17));
    }
    assert!(story.reader().view().is_ok());
}

/// Asks for things from within its callbacks.
struct Asks;

impl Consumer for Asks {
    fn name(&self) -> &str {
        "asks"
    }

    fn bars_closed(&mut self, context: &mut Context<'_>, _: &Bars<'_>) -> Outcome {
        if context.view().instant() == at(DAY, 11, 0) {
            context.add_symbols(syms(&["TSLA"]));
            context.signal(&sym("AAPL"), "buy", Some(1.5));
        }
        if context.view().instant() == at(DAY, 11, 1) {
            assert!(context.view().symbol("TSLA").is_ok(), "what was asked for is there");
            context.remove_symbols(syms(&["TSLA"]));
        }
        Ok(())
    }
}

#[test]
fn what_a_consumer_asks_for_is_taken_after_the_step_and_stands_in_the_event_log() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market());
    story.engine.register(Box::new(Asks), OnError::StopRun);
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed, "{:?}", done.report.failure);
    let log: Vec<String> = done.events.iter().map(|event| format!("{event:?}")).collect();
    let position = |start: &str| log.iter().position(|line| line.starts_with(start));
    let (signalled, joined) =
        (position("Signalled").unwrap(), position("Joined { symbol: Symbol(\"TSLA\")"));
    assert!(joined.is_none_or(|joined| signalled < joined));
    let commands = log.iter().filter(|line| line.starts_with("Commanded")).count();
    assert_eq!(commands, 2);
}
