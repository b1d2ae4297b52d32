//! Failures: the report says failed, with cause and place, and never completed.

#![allow(clippy::disallowed_methods)] // A file is taken away.

use openbell_coordinator::{
    Answer, BeforeOpen, Consumer, Event, OnError, Outcome, Phase, SeriesReport, SessionCommand,
    Stay, SymbolReport,
};
use openbell_data_manager::StoreWriter;
use openbell_data_manager::generate::{MarketPlan, SymbolPlan, generate};
use openbell_session_data::Reason;
use openbell_tests::{Breaks, Fault, Market, Story, at, dated, store_engine, sym, time};

const DAY: &str = "2025-07-02";

fn market() -> Market {
    ["AAPL", "MSFT"]
        .into_iter()
        .fold(Market::new(), |market, symbol| market.with_minutes(symbol, DAY, DAY, |_, _| true))
}

fn story(market: Market) -> Story {
    Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "", market)
}

#[test]
fn a_consumer_that_fails_or_panics_stops_the_run_with_cause_and_place() {
    for panics in [false, true] {
        let mut story = story(market());
        story.engine.register(Box::new(Breaks { at: at(DAY, 11, 0), panics }), OnError::StopRun);
        let mut reader = story.reader();
        let done = story.finish();
        assert_eq!(done.phase, Phase::Failed);
        let failure = done.report.failure.unwrap().to_string();
        assert!(failure.contains("breaks") && failure.contains("out of luck"), "{failure}");
        let last = done.events.last().unwrap();
        assert!(matches!(last, Event::Failed { at: Some(then), .. } if *then == at(DAY, 11, 0)));
        assert_eq!(reader.view().err().unwrap().facts().reason, Reason::Failed);
    }
}

#[test]
fn a_consumer_that_is_stopped_alone_leaves_the_others_and_the_digest_as_they_are() {
    let alone = story(market()).finish();
    for panics in [false, true] {
        let mut story = story(market());
        story
            .engine
            .register(Box::new(Breaks { at: at(DAY, 11, 0), panics }), OnError::StopConsumer);
        let record = story.record();
        let done = story.finish();
        assert_eq!((done.phase, done.report.digest), (Phase::Closed, alone.report.digest));
        assert!(record.announced().values().all(|sequences| [390, 78].contains(&sequences.len())));
    }
}

#[test]
fn a_source_that_breaks_in_mid_session_fails_the_run_at_that_instant_and_not_before() {
    let mut story = story(market().failing("MSFT", Fault::BreaksAt(at(DAY, 11, 0))));
    story.run_to(DAY, 10, 59);
    assert!(story.reader().view().is_ok());
    let ticket = story.handle().resume();
    let done = story.finish();
    assert_eq!(ticket.try_answer(), Some(Answer::Done));
    assert_eq!(done.phase, Phase::Failed);
    let failure = done.report.failure.unwrap().to_string();
    assert!(failure.contains("MSFT") && failure.contains("the disk is on fire"), "{failure}");
    let last = done.events.last().unwrap();
    assert!(matches!(last, Event::Failed { at: Some(then), .. } if *then == at(DAY, 11, 0)));
}

#[test]
fn a_file_that_vanishes_in_mid_run_fails_the_run_with_its_name_and_not_before_its_day() {
    let folder = tempfile::tempdir().unwrap();
    let plan = MarketPlan {
        exchange_group: "US_EQUITY".to_owned(),
        seed: 5,
        first: "2025-06-20".parse().unwrap(),
        last: "2025-07-02".parse().unwrap(),
        symbols: vec![SymbolPlan::liquid(sym("AAPL"))],
    };
    let mut writer = StoreWriter::open(folder.path()).unwrap();
    generate(&plan, &time().calendar("US_EQUITY").unwrap(), &mut writer).unwrap();
    let config = dated(("2025-06-20", "2025-07-02"), r#"["AAPL"]"#, r#"["1m"]"#, "");
    let mut story = Story { engine: store_engine(&config, folder.path()) };
    story.run_to("2025-06-23", 11, 0);
    let july = "exchange_group=US_EQUITY/interval=1m/symbol=AAPL/2025-07.parquet";
    std::fs::remove_file(folder.path().join(july)).unwrap();
    let done = story.finish();
    assert_eq!(done.phase, Phase::Failed);
    let failure = done.report.failure.unwrap().to_string();
    assert!(failure.contains("AAPL") && failure.contains("2025-07.parquet"), "{failure}");
    assert_eq!(done.report.sessions.len(), 7, "every session of June is reported");
    assert_eq!(done.report.n_bars, 7 * 390);
}

#[test]
fn stop_answers_every_open_ticket_and_the_run_is_stopped_not_completed() {
    for paused in [false, true] {
        let mut story = story(market());
        story.run_to(DAY, 10, 0);
        if !paused {
            drop(story.handle().resume());
            let _ = story.step();
        }
        let (stop, late) = (story.handle().stop(), story.handle().pause());
        let done = story.finish();
        assert_eq!(
            (stop.try_answer(), late.try_answer()),
            (Some(Answer::Done), Some(Answer::Stopped))
        );
        assert_eq!(done.phase, Phase::Stopped);
        assert!(matches!(done.events.last(), Some(Event::Stopped { .. })));
    }
}

#[test]
fn a_stopped_run_reports_the_session_that_was_open_up_to_its_clock() {
    let mut story = story(market());
    story.run_to(DAY, 10, 0);
    drop(story.handle().stop());
    let report = story.finish().report;
    assert_eq!((report.sessions.len(), report.n_bars, report.n_derived), (0, 60, 12));
    let open = report.interrupted.expect("a session was open");
    assert_eq!((open.at, open.session.n_bars), (at(DAY, 10, 0), 60));
    let of_symbol = |symbol: &SymbolReport| {
        let of_series = |s: &SeriesReport| (s.n_bars, s.coverage.expect("quality").expected);
        (symbol.symbol.to_string(), symbol.series.iter().map(of_series).collect::<Vec<_>>())
    };
    let symbols: Vec<_> = open.session.symbols.iter().map(of_symbol).collect();
    let both = vec![(30, 30), (6, 30)];
    assert_eq!(symbols, [("AAPL".to_owned(), both.clone()), ("MSFT".to_owned(), both)]);
    let last = open.session.switches.last().expect("the gate has shut");
    assert_eq!((last.at, last.reason.as_ref()), (at(DAY, 10, 0), Some(&Reason::Stopped)));
}

#[test]
fn a_run_that_is_stopped_at_its_open_has_an_interrupted_session_without_a_bar_and_one_that_ends_has_none()
 {
    let early = story(market());
    drop(early.handle().stop());
    let open = early.finish().report.interrupted.expect("the first session was opened");
    assert_eq!((open.at, open.session.n_bars), (at(DAY, 9, 30), 0));
    let nothing = |series: &SeriesReport| series.n_bars == 0 && series.coverage.is_none();
    assert!(open.session.symbols.iter().all(|symbol| symbol.series.iter().all(nothing)));
    assert_eq!(story(market()).finish().report.interrupted, None);
}

#[test]
fn a_symbol_that_had_not_joined_is_no_part_of_the_session_that_was_interrupted() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let symbols = vec![sym("MSFT")];
    let add = story.handle().command(SessionCommand::AddSymbols { symbols, stay: Stay::Session });
    let _ = story.step(); // It is loaded, and its first bars are delivered.
    drop(story.handle().stop());
    let report = story.finish().report;
    assert_eq!(add.try_answer(), Some(Answer::Stopped));
    let open = report.interrupted.expect("a session was open").session;
    let names: Vec<String> = open.symbols.iter().map(|s| s.symbol.to_string()).collect();
    assert_eq!(names, ["AAPL"]);
    let reasons: Vec<_> = open.switches.iter().map(|switch| switch.reason.clone()).collect();
    assert!(matches!(reasons[..], [None, Some(Reason::CatchingUp { .. })]), "{reasons:?}");
}

/// Refuses to begin.
struct Refuses;

impl Consumer for Refuses {
    fn name(&self) -> &str {
        "refuses"
    }

    fn before_open(&mut self, _: &mut BeforeOpen<'_>) -> Outcome {
        Err("no licence".into())
    }
}

#[test]
fn a_run_that_fails_before_its_first_publication_stands_at_the_open_for_the_inside() {
    let mut story = story(market());
    story.engine.register(Box::new(Refuses), OnError::StopRun);
    let inside = story.engine.inside_reader();
    assert_eq!(story.finish().phase, Phase::Failed);
    // The members are there; the clock of the inside was still before all time.
    let view = inside.view();
    assert_eq!(view.clock(), at(DAY, 9, 30));
    let symbol = view.symbol("AAPL").expect("a member");
    for interval in symbol.intervals() {
        let series = symbol.series(interval).expect("it is listed");
        assert_eq!((series.today().len(), series.coverage(), series.gaps().len()), (0, None, 0));
    }
}
