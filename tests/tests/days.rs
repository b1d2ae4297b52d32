//! Days: half days, weekends, trailing windows, sessions without data.

use openbell_coordinator::{Answer, Event, Phase, SessionCommand, Stay};
use openbell_market::BarInterval;
use openbell_market::indicator::{IndicatorName, IndicatorSpec};
use openbell_tests::{Market, Stored, Story, at, bar_at, dated, syms, time};
use openbell_time::{Nanos, Timestamp};

fn market(keep: impl Fn(openbell_time::TradingDate, usize) -> bool + Copy) -> Market {
    Market::new().with_minutes("AAPL", "2025-06-16", "2025-07-08", |_, _| true).with_minutes(
        "MSFT",
        "2025-06-16",
        "2025-07-08",
        keep,
    )
}

fn interval(text: &str) -> BarInterval {
    text.parse().expect("an interval")
}

const ALL: &str = r#"["1m", "5m", "15m", "1h", "1d"]"#;

#[test]
fn a_half_day_has_210_minutes_42_fives_14_fifteens_and_4_hours() {
    let done = Story::of(r#"["AAPL"]"#, ALL, "2025-07-03", "", market(|_, _| true)).finish();
    let half = &done.report.sessions[1];
    assert!(half.is_early_close);
    let counts: Vec<u64> = half.symbols[0].series.iter().map(|series| series.n_bars).collect();
    assert_eq!(counts, [210, 42, 14, 4, 1]);
    assert_eq!(half.close.to_string(), "2025-07-03T17:00:00Z");
}

#[test]
fn a_run_that_ends_on_a_weekend_has_the_sessions_before_it() {
    let done =
        Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-06", "", market(|_, _| true)).finish();
    let dates: Vec<String> = done.report.sessions.iter().map(|s| s.date.to_string()).collect();
    assert_eq!(dates, ["2025-07-02", "2025-07-03"]);
}

#[test]
fn trailing_windows_after_a_long_weekend_are_exactly_n_sessions_without_the_day_itself() {
    let history = r#", "historical": {"data": [{"trailing_days": 3, "intervals": ["1m", "1d"]}]}"#;
    let mut story =
        Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-07", history, market(|_, _| true));
    story.run_to("2025-07-07", 10, 0);
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let symbol = view.symbol("AAPL").expect("a member");
    for name in ["1m", "1d"] {
        let series = symbol.series(interval(name)).expect("a series");
        let dates: Vec<String> = series
            .trailing()
            .map(|rows| {
                let opens_at = Timestamp::from_nanos(rows.opens_at_ns()[0]);
                opens_at.utc_date().to_string()
            })
            .collect();
        assert_eq!(dates, ["2025-07-01", "2025-07-02", "2025-07-03"], "{name}");
    }
    let minutes = symbol.series(interval("1m")).expect("a series");
    let last: Vec<_> = minutes.last(31).map(|bar| bar.opens_at.to_string()).collect();
    assert_eq!(last[0], "2025-07-03T16:59:00Z", "one bar reaches back over the weekend");
    assert_eq!(last[30], "2025-07-07T13:59:00Z");
}

#[test]
fn a_symbol_without_data_on_a_day_is_quiet_named_at_the_close_and_back_the_day_after() {
    let absent = "2025-07-03".parse().expect("a date");
    let done = Story::of(
        r#"["AAPL", "MSFT"]"#,
        r#"["1m", "5m"]"#,
        "2025-07-07",
        "",
        market(move |date, _| date != absent),
    )
    .finish();
    assert_eq!(done.phase, Phase::Closed);
    let quiet: Vec<(String, String)> = done
        .events
        .iter()
        .filter_map(|event| match event {
            Event::NoData { date, symbol } => Some((date.to_string(), symbol.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(quiet, [("2025-07-03".to_owned(), "MSFT".to_owned())]);
    let n_bars: Vec<u64> = done.report.sessions.iter().map(|s| s.n_bars).collect();
    assert_eq!(n_bars, [780, 210, 780]);
}

#[test]
fn a_session_in_which_no_symbol_has_data_runs_empty() {
    let done = Story::of(r#"["MSFT"]"#, r#"["1m", "5m"]"#, "2025-07-02", "", market(|_, _| false))
        .finish();
    assert_eq!(done.phase, Phase::Closed);
    assert_eq!(done.report.n_bars, 0);
    assert_eq!(done.report.sessions[0].switches.len(), 2);
}

#[test]
fn a_window_closes_by_the_clock_though_no_later_bar_comes() {
    let mut story = Story::of(
        r#"["MSFT"]"#,
        r#"["1m", "5m"]"#,
        "2025-07-02",
        "",
        market(|_, minute| minute < 3),
    );
    story.run_to("2025-07-02", 9, 35);
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let fives = view.symbol("MSFT").unwrap().series(interval("5m")).unwrap().today();
    assert_eq!(fives.len(), 1);
    let coverage = fives.coverage(0).expect("a row");
    assert_eq!((coverage.n, coverage.expected), (3, 5));
}

#[test]
fn one_missing_minute_leaves_a_bar_of_four_of_five_and_an_empty_window_no_bar() {
    let done = Story::of(
        r#"["MSFT"]"#,
        r#"["1m", "5m"]"#,
        "2025-07-02",
        "",
        market(|_, minute| minute != 2 && !(10..15).contains(&minute)),
    )
    .finish();
    let fives = &done.report.sessions[0].symbols[0].series[1];
    assert_eq!(fives.n_bars, 77);
    let coverage = fives.coverage.expect("kept");
    assert_eq!((coverage.n, coverage.expected), (384, 390));
}

#[test]
fn bars_outside_regular_hours_are_counted_and_left_out() {
    let open: Timestamp = "2025-07-02T13:30:00Z".parse().expect("an instant");
    let close: Timestamp = "2025-07-02T20:00:00Z".parse().expect("an instant");
    let stamps = [open - Nanos::from_secs(60), open, close - Nanos::from_secs(60), close];
    let rows = stamps.map(|at| (at, bar_at("AAPL", at)));
    let market = Market::new().with_rows("AAPL", "1m", rows);
    let done = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-02", "", market.clone()).finish();
    let symbol = &done.report.sessions[0].symbols[0];
    assert_eq!(symbol.series[0].n_bars, 2);
    assert_eq!(symbol.rejected.values().sum::<u64>(), 2);
    let extended = r#", "hours": "extended""#;
    let done = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, "2025-07-02", extended, market).finish();
    let symbol = &done.report.sessions[0].symbols[0];
    assert_eq!(symbol.series[0].n_bars, 4, "delivered into the base series");
    assert_eq!(symbol.series[1].n_bars, 2, "nothing is derived from them");
    assert_eq!(symbol.series[0].coverage.expect("kept").n, 2);
}

#[test]
fn a_trailing_window_of_365_sessions_holds_exactly_so_many() {
    let market = Market::new()
        .with_minutes("AAPL", "2024-01-02", "2025-07-02", |_, minute| minute % 30 == 0);
    let history = r#", "historical": {"data": [{"trailing_days": 365, "intervals": ["1d"]}]}"#;
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-02", history, market);
    story.run_to("2025-07-02", 9, 31); // Its first bar; the next one closes at 10:01.
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let days = view.symbol("AAPL").unwrap().series(interval("1d")).unwrap();
    assert_eq!(days.trailing().len(), 365);
    assert!(days.trailing().all(|rows| rows.len() == 1));
    assert!(days.today().is_empty(), "today is no history");
}

#[test]
fn a_week_holds_no_bar_from_before_or_after_the_hours_of_its_days() {
    // Its window spans the nights, and with them the pre- and post-market of every day.
    let stamp = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let rows = ["2025-07-07T20:30:00Z", "2025-07-08T13:00:00Z", "2025-07-08T15:00:00Z"];
    let rows = rows.map(|at| (stamp(at), openbell_tests::flat(10.0, 7.0)));
    let market = Market::new().with_rows("AAPL", "1m", rows);
    let extended = r#", "hours": "extended""#;
    let json = openbell_tests::dated(
        ("2025-07-07", "2025-07-11"),
        r#"["AAPL"]"#,
        r#"["1m", "1w"]"#,
        extended,
    );
    let mut story = Story::new(&json, market);
    story.run_to("2025-07-11", 16, 0);
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let weeks = view.symbol("AAPL").unwrap().series(interval("1w")).unwrap();
    assert_eq!(weeks.latest().expect("the week has closed").ohlcv.volume, 7.0);
    assert_eq!(weeks.coverage().expect("kept").n, 1);
}

#[test]
fn a_half_day_is_no_session_of_normal_length_though_it_has_as_many_windows() {
    // One window of 390 minutes holds a whole session, and one holds the half day.
    let more = r#", "indicators": {"session": [
        {"name": "avg_volume_intraday", "period": 1, "interval": "390m"}]}"#;
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m"]"#, "2025-07-07", more, market(|_, _| true));
    let mut usual = Vec::new();
    for (date, hour) in [("2025-07-02", 16), ("2025-07-03", 13), ("2025-07-07", 16)] {
        story.run_to(date, hour, 0);
        let mut reader = story.reader();
        let view = reader.view().expect("active");
        let symbol = view.symbol("AAPL").unwrap();
        let rows = symbol.series(interval("390m")).unwrap().today();
        let handle = symbol.find_indicator("avg_volume_intraday_1_390m").unwrap();
        let value = symbol.indicator_at(handle, 0).unwrap();
        usual.push((rows.volume()[0], value));
    }
    let full = usual[0].0;
    assert_eq!(usual[1], (usual[1].0, Some(full)));
    assert_eq!(usual[2], (usual[2].0, Some(full)), "the half day before it does not count");
}

/// Two symbols over nine sessions, of which one later session has a row between two minutes, one
/// before the open, and no bar at noon.
fn stored() -> Stored {
    let calendar = time().calendar("XNYS").expect("embedded");
    let dates = "2025-06-30".parse().expect("a date")..="2025-07-11".parse().expect("a date");
    let sessions = calendar.sessions(dates).expect("known dates").to_vec();
    let minutes = |symbol: &'static str| {
        let minute = Nanos::from_secs(60);
        let stamps = sessions.iter().flat_map(move |session| {
            let n_minutes = (session.close - session.open).as_nanos() / minute.as_nanos();
            (0..n_minutes).map(move |n| session.open + Nanos::from_secs(60 * n))
        });
        stamps.map(move |at| (at, bar_at(symbol, at)))
    };
    let noon = at("2025-07-08", 12, 0);
    let odd = [at("2025-07-08", 8, 0), noon + Nanos::from_secs(90)];
    let mut rows: Vec<_> = minutes("MSFT").filter(|&(opens_at, _)| opens_at != noon).collect();
    rows.extend(odd.map(|opens_at| (opens_at, bar_at("MSFT", opens_at))));
    rows.sort_by_key(|&(opens_at, _)| opens_at);
    Stored::new("US_EQUITY").with_rows("AAPL", "1m", minutes("AAPL")).with_rows("MSFT", "1m", rows)
}

/// Sessions that lie decoded beside the one that is due are sifted with it. What becomes of them is
/// what becomes of sessions that are read when they are due, as behind a thread that reads ahead.
#[test]
fn what_lies_decoded_is_taken_as_if_it_were_read_when_due() {
    let store = stored();
    let run = |prefetch_days: u32| {
        let json =
            dated(("2025-06-30", "2025-07-11"), r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, "");
        let more = format!(r#""2025-07-11", "prefetch_days": {prefetch_days}}}"#);
        let mut story = store.story(&json.replace(r#""2025-07-11"}"#, &more));
        story.run_to("2025-07-01", 12, 0);
        let spec = IndicatorSpec::new(IndicatorName::Sma, Some(5.0), [], interval("1m"));
        let spec = spec.expect("a moving average");
        assert_eq!(story.ask(SessionCommand::AddIndicator { spec }), Answer::Done);
        story.run_to("2025-07-03", 10, 0);
        let symbols = syms(&["MSFT"]);
        drop(story.ask(SessionCommand::RemoveSymbols { symbols: symbols.clone() }));
        story.run_to("2025-07-07", 11, 0);
        drop(story.ask(SessionCommand::AddSymbols { symbols, stay: Stay::Run }));
        let done = story.finish();
        assert_eq!(done.phase, Phase::Closed);
        done
    };
    let (decoded, read) = (run(1), run(3));
    assert_eq!(decoded.report.digest, read.report.digest);
    assert_eq!(decoded.report.sessions, read.report.sessions);
    assert_eq!(decoded.events, read.events);
    let odd = &decoded.report.sessions[5].symbols[1];
    assert_eq!(odd.rejected.values().sum::<u64>(), 2, "{odd:?}");
}
