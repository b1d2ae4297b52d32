//! Stories of bars that are revised, and of rows that are sent again.

use std::sync::{Arc, Mutex};

use openbell_coordinator::{
    Consumer, Context, Corrected, CorrectionKind, Event, OnError, Outcome, Sessions,
};
use openbell_data_manager::{Arrival, ScriptedFeed};
use openbell_market::{BarInterval, Ohlcv};
use openbell_tests::{LiveMarket, LiveStory, Mirror, at, bar_at, bars_of, config, series};

use crate::live_support::{DAY, is_rejection, record, run, secs, windows_told};

/// Notes every correction, and the rows of the base series at that moment.
struct Corrections(Arc<Mutex<Vec<(Corrected, usize)>>>);

impl Consumer for Corrections {
    fn name(&self) -> &str {
        "corrections"
    }

    fn corrected(&mut self, context: &mut Context<'_>, corrected: &Corrected) -> Outcome {
        let symbol = context.view().symbol(corrected.symbol.as_str())?;
        let n_rows = symbol.series(corrected.interval)?.today().len();
        self.0.lock().map_err(|_| "a panic elsewhere")?.push((corrected.clone(), n_rows));
        Ok(())
    }
}

#[test]
fn where_revisions_are_only_counted_a_bar_stays_as_it_was_told() {
    let key = series("AAPL 1m");
    let opens_at = at(DAY, 9, 40);
    let better = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 5.0 };
    for (revisions, close) in [("apply", 11.0), ("count", bar_at("AAPL", opens_at).close)] {
        let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
        feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 60), secs(1));
        feed.arrives(at(DAY, 9, 41) + secs(30), Arrival::Revision { opens_at, ohlcv: better });
        let json = format!(
            r#"{{"session_name": "live", "mode": "live", "api_config": {{"data_api": "alpaca"}},
                "live_config": {{"revisions": "{revisions}"}},
                "session_data_config": {{"symbols": ["AAPL"], "streams": ["1m"]}}}}"#
        );
        let ahead = Sessions::Ahead { from: at(DAY, 9, 29), n_sessions: Some(1) };
        let mut story = LiveStory::new(&json, LiveMarket::new([feed]), ahead, at(DAY, 9, 29));
        story.go(at(DAY, 9, 45));
        let view = story.engine.outside_reader().view().expect("active").hold();
        let shown = view.view().symbol("AAPL").unwrap().base().unwrap().today().close()[10];
        assert_eq!(shown, close, "{revisions}");
        let status = story.engine.handle().status();
        let feed = status.symbols[0].feed.as_ref().expect("it is followed");
        assert_eq!(feed.n_corrected, 1, "{revisions}: it is counted");
        let corrected = |event: &&Event| matches!(event, Event::Corrected { .. });
        let n_corrected = story.engine.events().iter().filter(corrected).count();
        assert_eq!(n_corrected, usize::from(revisions == "apply"));
        assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
    }
}

#[test]
fn a_revision_changes_what_is_read_from_then_on_and_nothing_that_is_held() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 60), secs(1));
    let opens_at = at(DAY, 9, 40);
    let better = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 5.0 };
    feed.arrives(at(DAY, 9, 41) + secs(30), Arrival::Revision { opens_at, ohlcv: better });
    let indicators = r#", "indicators": {"session": [
        {"name": "sma", "period": 5, "interval": "5m", "type": "trend"}]}"#;
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, indicators);
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let corrections = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Corrections(Arc::clone(&corrections))), OnError::StopRun);
    story.engine.register(Box::new(Mirror::new().0), OnError::StopRun);
    story.go(at(DAY, 9, 41) + secs(29));
    let before = story.engine.outside_reader().view().expect("active").hold();
    story.go(at(DAY, 9, 41) + secs(30));
    let after = story.engine.outside_reader().view().expect("active").hold();
    let close = |view: &openbell_session_data::HeldView| {
        view.view().symbol("AAPL").unwrap().base().unwrap().today().close()[10]
    };
    assert_eq!((close(&before), close(&after)), (bar_at("AAPL", opens_at).close, 11.0));
    let met = corrections.lock().unwrap().clone();
    // The window from 09:40 to 09:45 has not closed: nothing that was told of 5m has changed.
    assert_eq!(met.len(), 1);
    let (corrected, n_rows) = &met[0];
    assert_eq!((corrected.since_sequence, corrected.generation, *n_rows), (10, 2, 11));
    assert_eq!((corrected.kind, corrected.interval), (CorrectionKind::Revised, key.interval));
    story.go(at(DAY, 9, 46));
    let view = story.engine.inside_reader().view();
    let five = view.symbol("AAPL").unwrap();
    let five = five.series(BarInterval::from_mins(5).unwrap()).unwrap().latest().unwrap();
    assert_eq!((five.ohlcv.open, five.ohlcv.low), (10.0, 9.0));
    assert_eq!(story.engine.events().iter().filter(is_rejection).count(), 0);
}

#[test]
fn rows_that_are_sent_again_are_compared_and_those_that_differ_are_revisions() {
    let key = series("AAPL 1m");
    let bars = bars_of(&key, at(DAY, 9, 30), 30);
    let mut feed = ScriptedFeed::new(key, at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrive_after_close(&bars, secs(1));
    for row in 0..30 {
        let (opens_at, mut ohlcv) = (bars.opens_at(row), bars.ohlcv(row));
        ohlcv.volume += f64::from(u8::from(row == 12));
        feed.arrives(at(DAY, 10, 0) + secs(20), Arrival::Bar { opens_at, ohlcv });
    }
    let json = config(r#"["AAPL"]"#, r#"["1m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let _record = record(&mut story);
    story.go(at(DAY, 10, 1));
    let counted: Vec<_> = story
        .engine
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Rejected { reason, n_rows, .. } => Some((reason.name(), *n_rows)),
            Event::Corrected { kind, n_bars, .. } => Some((kind.name(), *n_bars)),
            _ => None,
        })
        .collect();
    assert_eq!(counted, [("duplicate", 29), ("revised", 1)]);
}

#[test]
fn a_window_that_only_a_late_bar_made_is_told_behind_a_shut_gate_and_is_no_news() {
    let key = series("AAPL 1m");
    let mut feed = ScriptedFeed::new(key.clone(), at(DAY, 9, 0), secs(3_600));
    feed.continuous().arrive_after_close(&bars_of(&key, at(DAY, 9, 30), 5), secs(1));
    for minute in 36..=40 {
        let through = at(DAY, 9, minute);
        feed.arrives(through + secs(1), Arrival::CompleteThrough(through));
    }
    feed.arrive_after_close(&bars_of(&key, at(DAY, 9, 40), 20), secs(1));
    let opens_at = at(DAY, 9, 37);
    let ohlcv = bar_at("AAPL", opens_at);
    feed.arrives(at(DAY, 9, 43), Arrival::Bar { opens_at, ohlcv });
    let json = config(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "");
    let mut story = run(&json, [feed], at(DAY, 9, 29));
    let corrections = Arc::new(Mutex::new(Vec::new()));
    story.engine.register(Box::new(Corrections(Arc::clone(&corrections))), OnError::StopRun);
    let record = record(&mut story);
    story.go(at(DAY, 9, 51));
    let met = corrections.lock().unwrap().clone();
    let met: Vec<_> = met.iter().map(|(c, _)| (c.interval, c.since_sequence, c.kind)).collect();
    assert_eq!(met, [(key.interval, 5, CorrectionKind::Late)]);
    assert_eq!(windows_told(&record), (vec![300, 900, 1_200], vec![(1, 1)]));
    assert_eq!(story.switches(at(DAY, 9, 30)), [(0, "open"), (780, "late"), (780, "open")]);
}
