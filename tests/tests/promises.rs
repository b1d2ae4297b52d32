//! The promises as laws, over random instants.

use openbell_coordinator::{Added, Answer, SessionCommand, Stay};
use openbell_market::Symbol;
use openbell_tests::{Market, Story, at};
use openbell_time::{Nanos, Timestamp};
use proptest::prelude::*;

const HISTORY: &str = r#", "historical": {"data": [
    {"trailing_days": 3, "intervals": ["1m", "5m", "1d"]}]},
  "indicators": {"session": [
    {"name": "sma", "period": 20, "interval": "5m", "type": "trend"},
    {"name": "rsi", "period": 14, "interval": "1m", "type": "momentum"},
    {"name": "vwap", "interval": "1m", "type": "trend"},
    {"name": "atr", "period": 2, "interval": "1d", "type": "volatility"}]}"#;

const STREAMS: &str = r#"["1m", "5m", "1h", "1d"]"#;

fn symbol(name: &str) -> Symbol {
    name.parse().expect("a symbol")
}

/// Three symbols; `thin` of a hundred minutes of TSLA are missing.
fn market(thin: usize) -> Market {
    let full = |_: openbell_time::TradingDate, _: usize| true;
    Market::new()
        .with_minutes("AAPL", "2025-06-25", "2025-07-03", full)
        .with_minutes("MSFT", "2025-06-25", "2025-07-03", full)
        .with_minutes("TSLA", "2025-06-25", "2025-07-03", move |_, minute| {
            minute * 37 % 100 >= thin
        })
}

/// A day and a minute of it: the full day 2025-07-02 or the half day after it.
fn instants() -> impl Strategy<Value = (&'static str, u32)> {
    prop_oneof![
        (1_u32..389).prop_map(|minute| ("2025-07-02", minute)),
        (1_u32..209).prop_map(|minute| ("2025-07-03", minute)),
    ]
}

fn run_to(story: &mut Story, day: &str, minute: u32) {
    let of_day = 9 * 60 + 30 + minute;
    story.run_to(day, of_day / 60, of_day % 60);
}

/// Everything that an outsider can read, as text.
fn readable(story: &Story) -> String {
    let mut reader = story.reader();
    let view = reader.view().expect("active");
    let mut text = format!("{} {}\n", view.instant(), view.epoch());
    for name in view.symbols() {
        let symbol = view.symbol(name.as_str()).expect("readable");
        text.push_str(&format!("{name} {:?}\n", symbol.metrics()));
        for interval in symbol.intervals() {
            let series = symbol.series(interval).expect("a series");
            let rows = series.today();
            let values: Vec<Vec<u64>> = rows
                .indicator_columns()
                .map(|(_, _, column)| column.iter().map(|value| value.to_bits()).collect())
                .collect();
            let bars: Vec<_> = series.last(1_000_000).collect();
            let quality = (series.coverage(), series.gaps());
            text.push_str(&format!("{interval} {bars:?} {values:?} {quality:?}\n"));
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_symbol_added_at_any_instant_is_as_if_always_there(
        (day, minute) in instants(),
        thin in 0_usize..90,
    ) {
        let mut story = Story::of(r#"["AAPL", "MSFT"]"#, STREAMS, "2025-07-03", HISTORY, market(thin));
        run_to(&mut story, day, minute);
        let stay = Stay::Run;
        let answer = story.ask(SessionCommand::AddSymbols { symbols: vec![symbol("TSLA")], stay });
        prop_assert_eq!(
            answer,
            Answer::Added(vec![(symbol("TSLA"), Added::Added { generation: 1 })])
        );
        let mut whole =
            Story::of(r#"["AAPL", "MSFT", "TSLA"]"#, STREAMS, "2025-07-03", HISTORY, market(thin));
        run_to(&mut whole, day, minute);
        let strip = |text: String| text.split_once('\n').map(|(_, rest)| rest.to_owned());
        prop_assert_eq!(strip(readable(&story)), strip(readable(&whole)));
        let (late, whole) = (story.finish(), whole.finish());
        if day == "2025-07-02" {
            prop_assert_eq!(&late.report.digests, &whole.report.digests);
        }
        let last = |report: &openbell_coordinator::Report| report.sessions.last().cloned();
        let (late, whole) = (last(&late.report).unwrap(), last(&whole.report).unwrap());
        prop_assert_eq!(late.symbols, whole.symbols);
    }

    #[test]
    fn a_removed_symbol_leaves_no_trace_in_the_others(
        (day, minute) in instants(),
        comes_back in any::<bool>(),
    ) {
        let mut story =
            Story::of(r#"["AAPL", "MSFT"]"#, STREAMS, "2025-07-03", HISTORY, market(0));
        run_to(&mut story, day, minute);
        let tsla = || vec![symbol("TSLA")];
        let _ = story.ask(SessionCommand::AddSymbols { symbols: tsla(), stay: Stay::Session });
        let _ = story.ask(SessionCommand::RemoveSymbols { symbols: tsla() });
        if comes_back {
            let _ = story.ask(SessionCommand::AddSymbols { symbols: tsla(), stay: Stay::Session });
            let _ = story.ask(SessionCommand::RemoveSymbols { symbols: tsla() });
        }
        let alone = Story::of(r#"["AAPL", "MSFT"]"#, STREAMS, "2025-07-03", HISTORY, market(0));
        prop_assert_eq!(story.finish().report.digests, alone.finish().report.digests);
    }

    #[test]
    fn nothing_readable_depends_on_a_bar_that_closes_later(
        (day, minute) in instants(),
        scrambled in any::<bool>(),
    ) {
        let of_day = 9 * 60 + 30 + minute;
        let cut: Timestamp = at(day, of_day / 60, of_day % 60);
        let changed = market(10).changed(|_, rows| {
            let mut kept = openbell_market::BarColumns::default();
            for row in 0..rows.len() {
                let mut bar = rows.ohlcv(row);
                if rows.opens_at(row) + Nanos::from_secs(60) > cut {
                    if !scrambled {
                        continue;
                    }
                    bar = openbell_tests::flat(bar.close * 3.0, 7.0);
                }
                kept.push(rows.opens_at(row), bar);
            }
            kept
        });
        let symbols = r#"["AAPL", "MSFT", "TSLA"]"#;
        let mut whole = Story::of(symbols, STREAMS, "2025-07-03", HISTORY, market(10));
        let mut other = Story::of(symbols, STREAMS, "2025-07-03", HISTORY, changed);
        run_to(&mut whole, day, minute);
        run_to(&mut other, day, minute);
        prop_assert_eq!(readable(&whole), readable(&other));
        prop_assert_eq!(whole.engine.events(), other.engine.events());
    }

    #[test]
    fn every_stored_row_is_delivered_once_or_rejected_under_a_name(
        thin in 0_usize..60,
        n_double in 0_usize..20,
        n_odd in 0_usize..20,
    ) {
        let flawed = market(thin).changed(|_, rows| {
            let mut changed = openbell_market::BarColumns::default();
            for row in 0..rows.len() {
                let (opens_at, bar) = (rows.opens_at(row), rows.ohlcv(row));
                changed.push(opens_at, bar);
                if row % 97 < n_double {
                    changed.push(opens_at, bar);
                }
                if row % 89 < n_odd {
                    changed.push(opens_at + Nanos::from_secs(7), bar);
                }
            }
            changed
        });
        let done = Story::of(r#"["TSLA"]"#, r#"["1m"]"#, "2025-07-02", "", flawed).finish();
        let day = &done.report.sessions[0].symbols[0];
        let kept = |minute: usize| minute * 37 % 100 >= thin;
        prop_assert_eq!(day.series[0].n_bars, (0..390).filter(|&m| kept(m)).count() as u64);
        let n_rejected: u64 = day.rejected.values().sum();
        prop_assert_eq!(done.report.n_bars, day.series[0].n_bars);
        prop_assert!(n_rejected > 0 || n_double + n_odd == 0);
    }
}
