//! Stories of who is a member of a live session: one that comes back, and one whose data is still being
//! read.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    AddFailure, Added, Answer, Bars, Consumer, Context, Event, OnError, Outcome, Removed, Resumed,
    SessionCommand, Sessions, SourceReadiness, Stay, SymbolState, Ticket,
};
use openbell_data_manager::DataError;
use openbell_tests::{
    LiveMarket, LiveStory, Record, Recorder, SlowMarket, at, config, dated, sym, syms,
};
use openbell_time::Timestamp;

use crate::live_support::{DAY, NEXT, healthy, run, secs, told};

/// Writes down members and ranges in the order in which it is told of them.
struct Order(Arc<Mutex<Vec<String>>>);

impl Order {
    fn note(&self, text: String) -> Outcome {
        self.0.lock().map_err(|_| "a panic elsewhere")?.push(text);
        Ok(())
    }
}

impl Consumer for Order {
    fn name(&self) -> &str {
        "order"
    }

    fn bars_closed(&mut self, _: &mut Context<'_>, bars: &Bars<'_>) -> Outcome {
        let n_msft = bars.iter().filter(|bar| bar.symbol.as_str() == "MSFT").count();
        if n_msft > 0 { self.note("bars".to_owned()) } else { Ok(()) }
    }

    fn symbol_joined(&mut self, _: &mut Context<'_>, symbol: &openbell_market::Symbol) -> Outcome {
        self.note(format!("joined {symbol}"))
    }

    fn symbol_left(&mut self, _: Timestamp, symbol: &openbell_market::Symbol) -> Outcome {
        self.note(format!("left {symbol}"))
    }

    fn resumed(&mut self, _: &mut Context<'_>, resumed: &Resumed) -> Outcome {
        for skipped in &resumed.skipped {
            let (first, last) = (skipped.first, skipped.last);
            self.note(format!("{} {} {first}..={last}", skipped.symbol, skipped.generation))?;
        }
        Ok(())
    }
}

#[test]
fn a_symbol_that_comes_back_has_left_joins_and_then_its_ranges_are_told() {
    let json = config(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, DAY, "");
    let feeds = [healthy("AAPL", &[DAY]), healthy("MSFT", &[DAY])];
    let mut story = run(&json, feeds, at(DAY, 9, 29));
    let notes = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Order(Arc::clone(&notes))), OnError::StopRun);
    story.go(at(DAY, 12, 0));
    notes.lock().unwrap().clear();
    let handle = story.engine.handle();
    let (removed, added) =
        (handle.remove_symbols(syms(&["MSFT"])), handle.add_symbols(syms(&["MSFT"])));
    story.go(at(DAY, 12, 0) + secs(2));
    assert!(removed.try_answer().is_some() && added.try_answer().is_some());
    assert_eq!(
        *notes.lock().unwrap(),
        ["left MSFT", "joined MSFT", "AAPL 1 149..=149", "MSFT 2 0..=149"]
    );
}

/// A run over two sessions in which MSFT is added at noon of the first, and how far it is read.
fn slow_add(fails: bool) -> (LiveStory, Ticket, Arc<AtomicU32>) {
    let json = dated((DAY, NEXT), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let n_read = Arc::new(AtomicU32::new(7));
    let market = LiveMarket::new([healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])]);
    let read = Arc::clone(&n_read);
    let source = SlowMarket::new(market).with_readiness(move |symbol| {
        let n_read = read.load(Ordering::Relaxed);
        match (symbol.as_str(), n_read) {
            ("MSFT", 20) if fails => {
                SourceReadiness::Failed(DataError::SourceFailed { said: "disk gone".to_owned() })
            }
            ("MSFT", 0..20) => SourceReadiness::Loading { n_read, n_all: 20 },
            _ => SourceReadiness::Ready,
        }
    });
    let mut story = LiveStory::of(&json, Box::new(source), Sessions::OfConfig, at(DAY, 9, 29));
    story.go(at(DAY, 12, 0));
    let added = SessionCommand::AddSymbols { symbols: syms(&["MSFT"]), stay: Stay::Run };
    let ticket = story.engine.handle().command(added);
    (story, ticket, n_read)
}

#[test]
fn a_symbol_whose_data_is_still_being_read_is_loading_and_nobody_waits_for_it() {
    let (mut story, ticket, n_read) = slow_add(false);
    let record = Record::default();
    story.engine.register(Box::new(Recorder(record.clone())), OnError::StopRun);
    story.go(at(DAY, 12, 10));
    let status = story.engine.handle().status();
    let names: Vec<_> = status.symbols.iter().map(|s| (s.symbol.as_str(), s.state)).collect();
    assert_eq!(names, [("AAPL", SymbolState::Live), ("MSFT", SymbolState::Loading)]);
    assert_eq!(status.symbols[1].why.to_string(), "its data is being read, 7 of 20");
    assert_eq!(story.engine.handle().pending_symbols(), syms(&["MSFT"]));
    assert_eq!((ticket.try_answer(), story.is_active()), (None, true));
    assert_eq!(told(&record).0.len(), 10, "each minute was told of meanwhile");
    let again = story.engine.handle().add_symbols(syms(&["MSFT"]));
    story.go(at(DAY, 12, 11));
    let present = vec![(sym("MSFT"), Added::AlreadyPresent)];
    assert_eq!(again.try_answer(), Some(Answer::Added(present)));

    n_read.store(20, Ordering::Relaxed);
    story.go(at(DAY, 12, 12));
    let added = vec![(sym("MSFT"), Added::Added { generation: 1 })];
    assert_eq!(ticket.try_answer(), Some(Answer::Added(added)));
    assert_eq!(story.closes("MSFT").len(), 161);
    assert!(story.is_active());
}

#[test]
fn loading_that_fails_or_is_taken_back_is_answered_and_one_that_outlasts_the_session_goes_on() {
    let (mut story, ticket, n_read) = slow_add(true);
    story.go(at(DAY, 12, 1));
    n_read.store(20, Ordering::Relaxed);
    story.go(at(DAY, 12, 2));
    let Some(Answer::Added(added)) = ticket.try_answer() else { panic!("no answer") };
    let Added::Failed(failure) = &added[0].1 else { panic!("{added:?}") };
    assert!(failure.to_string().contains("disk gone"), "{failure}");
    assert_eq!((story.engine.handle().status().symbols.len(), story.is_active()), (1, true));

    let (mut story, ticket, _) = slow_add(false);
    story.go(at(DAY, 12, 1));
    let removed = story.engine.handle().remove_symbols(syms(&["MSFT"]));
    story.go(at(DAY, 12, 2));
    assert_eq!(removed.try_answer(), Some(Answer::Removed(vec![(sym("MSFT"), Removed::Removed)])));
    let failed = Added::Failed(AddFailure::RemovedWhileCatchingUp);
    assert_eq!(ticket.try_answer(), Some(Answer::Added(vec![(sym("MSFT"), failed)])));
    assert_eq!(story.engine.handle().status().symbols.len(), 1);

    let (mut story, ticket, n_read) = slow_add(false);
    story.go_by(at(NEXT, 9, 0), secs(10));
    assert_eq!(ticket.try_answer(), None);
    n_read.store(20, Ordering::Relaxed);
    story.go_by(at(NEXT, 10, 0), secs(10));
    let added = vec![(sym("MSFT"), Added::Added { generation: 1 })];
    assert_eq!(ticket.try_answer(), Some(Answer::Added(added)));
    assert_eq!(story.closes("MSFT").len(), 29);
}

#[test]
fn a_configured_symbol_whose_history_misses_a_session_is_left_out_of_the_next_by_name() {
    // What an indicator remembers of that session, and what a trailing window shows of it.
    let indicator = r#", "indicators": {"session": [
        {"name": "ema", "period": 20, "interval": "1m", "type": "trend"}]}"#;
    let window = r#", "historical": {"data": [{"trailing_days": 1, "intervals": ["1m"]}]}"#;
    for more in [indicator, window] {
        is_left_out(more);
    }
}

fn is_left_out(more: &str) {
    let json = dated((DAY, NEXT), r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, more);
    let feeds = [healthy("AAPL", &[DAY, NEXT]), healthy("MSFT", &[DAY, NEXT])];
    let mut story = run(&json, feeds, at(DAY, 9, 29));
    story.go(at(DAY, 10, 0));
    let removed = story.engine.handle().remove_symbols(syms(&["MSFT"]));
    story.go_by(at(NEXT, 10, 0), secs(5));
    assert_eq!(removed.try_answer(), Some(Answer::Removed(vec![(sym("MSFT"), Removed::Removed)])));
    let (date, missing) = (NEXT.parse().unwrap(), DAY.parse().unwrap());
    let left_out = Event::LeftOut { date, symbol: sym("MSFT"), missing };
    assert!(story.engine.events().contains(&left_out));
    assert!(story.is_active(), "the run goes on without it");
    assert_eq!(story.closes("AAPL").len(), 29);
}
