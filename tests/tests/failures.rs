//! Failures: the report says failed, with cause and place, and never completed.

#![allow(clippy::disallowed_methods)] // A file is taken away.

use openbell_coordinator::{Answer, BeforeOpen, Consumer, Event, OnError, Outcome, Phase};
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
