//! Symbols come and go.

use openbell_coordinator::{Added, Answer, Command, Phase, Removed, Stay};
use openbell_tests::{Market, Story, at};

const DAY: &str = "2025-07-02";

fn market() -> Market {
    ["AAPL", "MSFT", "TSLA"].into_iter().fold(Market::new(), |market, symbol| {
        market.with_minutes(symbol, "2025-06-30", "2025-07-03", |_, _| true)
    })
}

fn add(symbols: &[&str]) -> Command {
    let symbols = symbols.iter().map(|s| s.parse().expect("a symbol")).collect();
    Command::AddSymbols { symbols, stay: Stay::Session }
}

#[test]
fn a_whole_day_of_two_symbols_is_delivered_once_in_order() {
    let story = Story::of(r#"["MSFT", "AAPL"]"#, r#"["1m", "5m", "1h", "1d"]"#, DAY, "", market());
    let done = story.finish();
    assert_eq!(done.phase, Phase::Closed);
    assert_eq!(done.report.n_bars, 780);
    assert_eq!(done.report.sessions[0].switches.len(), 2);
    assert_eq!(done.report.n_derived, 2 * (78 + 7 + 1));
}

#[test]
fn a_symbol_added_at_noon_shuts_the_gate_until_it_has_caught_up() {
    let mut story = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 12, 0);
    let answer = story.ask(add(&["TSLA"]));
    assert_eq!(
        answer,
        Answer::Added(vec![("TSLA".parse().unwrap(), Added::Added { generation: 1 })])
    );
    assert_eq!(story.engine.clock().now(), at(DAY, 12, 0));
    let mut reader = story.reader();
    let view = reader.view().expect("the session is active");
    let five = "5m".parse().unwrap();
    assert_eq!(view.symbol("TSLA").unwrap().series(five).unwrap().today().len(), 30);
    let done = story.finish();
    let late = done.report.digests.clone();
    let whole = Story::of(r#"["AAPL", "TSLA"]"#, r#"["1m", "5m"]"#, DAY, "", market()).finish();
    assert_eq!(late, whole.report.digests);
    assert_eq!(done.report.sessions[0].switches.len(), 4);
}

#[test]
fn a_removed_symbol_leaves_no_trace_in_the_others() {
    let mut story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, DAY, "", market());
    story.run_to(DAY, 14, 0);
    let msft = "MSFT".parse().unwrap();
    let answer = story.ask(Command::RemoveSymbols { symbols: vec![msft] });
    assert_eq!(answer, Answer::Removed(vec![("MSFT".parse().unwrap(), Removed::Removed)]));
    assert!(story.reader().view().unwrap().symbol("MSFT").is_err());
    let done = story.finish();
    let alone = Story::of(r#"["AAPL"]"#, r#"["1m", "5m"]"#, DAY, "", market()).finish();
    assert_eq!(done.report.digests, alone.report.digests);
}
