//! What the metrics of a run add up to is what its report says.

use std::collections::BTreeMap;

use openbell_coordinator::{Report, Step};
use openbell_market::RejectReason;
use openbell_tests::{Market, Story, at, bar_at};
use openbell_time::{Nanos, Timestamp};
use openbell_wire::engine::RunTally;
use openbell_wire::metrics::RunFigures;

/// A market whose AAPL has two rows before the open of its first day.
fn market() -> Market {
    let early = [at("2025-07-02", 9, 0), at("2025-07-02", 9, 1)];
    let minutes = |day: &'static str, n: i64| {
        let open = at(day, 9, 30);
        (0..n).map(move |minute| open + Nanos::from_secs(60 * minute))
    };
    let aapl =
        early.into_iter().chain(minutes("2025-07-02", 390)).chain(minutes("2025-07-03", 210));
    Market::new()
        .with_rows("AAPL", "1m", aapl.map(|opens_at| (opens_at, bar_at("AAPL", opens_at))))
        .with_minutes("MSFT", "2025-07-02", "2025-07-03", |_, _| true)
        .with_minutes("TSLA", "2025-07-02", "2025-07-03", |_, minute| minute % 2 == 0)
}

/// Steps to the end; the figures after each step, and the report.
fn ran(mut story: Story) -> (Vec<RunFigures>, Report) {
    let mut wall = Timestamp::from_nanos(0);
    let mut tally = RunTally::new(wall);
    let (mut figures, mut n_told) = (Vec::new(), 0);
    let base = story.engine.plan().base();
    loop {
        let step = story.step();
        wall += Nanos::from_secs(1);
        for event in &story.engine.events()[n_told..] {
            tally.event(event, wall);
        }
        n_told = story.engine.events().len();
        let (run, symbols) = tally.figures(&story.handle().status(), base, wall);
        let n_symbols: u64 = run.n_symbols.by_state().iter().map(|(_, n)| n).sum();
        assert_eq!(symbols.len() as u64, n_symbols);
        figures.push(run);
        if let Step::Ended(_) = step {
            return (figures, story.engine.report());
        }
    }
}

fn rejected(report: &Report) -> BTreeMap<&'static str, u64> {
    let mut by_reason = BTreeMap::new();
    for symbol in report.all_sessions().flat_map(|session| &session.symbols) {
        for (reason, n_rows) in &symbol.rejected {
            *by_reason.entry(RejectReason::name(*reason)).or_insert(0) += n_rows;
        }
    }
    by_reason
}

#[test]
fn the_figures_of_a_run_are_those_of_its_report_and_no_counter_ever_falls() {
    let schedule = r#", "symbol_schedule": [{"at": "12:00", "add": ["TSLA"]},
        {"at": "12:30", "remove": ["MSFT"]}]"#;
    let story =
        Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m", "5m"]"#, "2025-07-03", schedule, market());
    let (figures, report) = ran(story);
    for pair in figures.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert!(before.delivered <= after.delivered, "{before:?} {after:?}");
        assert!(before.n_events <= after.n_events && before.n_shut <= after.n_shut);
        for (reason, seconds) in &before.inactive_wall_s {
            assert!(after.inactive_wall_s[reason] >= *seconds, "{reason}");
        }
    }
    let last = figures.last().unwrap();
    assert_eq!(last.delivered, [("1m".to_owned(), report.n_bars)].into());
    assert_eq!(last.rejected, rejected(&report));
    assert_eq!(last.rejected, [("outside_hours", 2)].into());
    let n_switches: usize = report.sessions.iter().map(|session| session.switches.len()).sum();
    assert_eq!(last.n_opened + last.n_shut, n_switches as u64);
    // Opened at both opens and after TSLA had caught up at both noons; shut as often.
    assert_eq!((last.n_opened, last.n_shut, last.epoch), (4, 4, Some(8)));
    let expected = [(("add_symbols", "done"), 2), (("remove_symbols", "done"), 2)].into();
    assert_eq!(last.commands, expected);
    assert_eq!((last.phase, last.reason), ("closed", Some("closed")));
    // From 16:00 to 09:30 of the next day. While TSLA catches up, the session clock stands.
    assert_eq!(last.inactive_s["closed"], 17.5 * 3600.0);
    assert_eq!(last.inactive_s["catching_up"], 0.0);
    // A second a step: 75 bars of TSLA by noon, a step each, and shut from the first of them on.
    assert_eq!(last.inactive_wall_s["catching_up"], 2.0 * 74.0);
    // 390 and 210 of AAPL, 180 and 180 of MSFT, 195 and 105 of TSLA.
    assert_eq!(report.n_bars, 600 + 360 + 300);
}

#[test]
fn a_symbol_that_left_has_delivered_what_it_has_at_every_step() {
    let schedule = r#", "symbol_schedule": [{"at": "12:30", "remove": ["MSFT"]}]"#;
    let story = Story::of(r#"["AAPL", "MSFT"]"#, r#"["1m"]"#, "2025-07-02", schedule, market());
    let (figures, report) = ran(story);
    let n_delivered: Vec<u64> = figures.iter().map(|run| run.delivered["1m"]).collect();
    // 390 of AAPL, and 180 of MSFT by 12:30.
    assert_eq!((n_delivered.last(), report.n_bars), (Some(&570), 570));
    let before_close = figures.iter().rposition(|run| run.phase == "streaming").unwrap();
    assert!(n_delivered[before_close] >= 569, "{}", n_delivered[before_close]);
    let lag = figures.iter().map(|run| run.lag_max_s).fold(0.0, f64::max);
    assert_eq!(lag, 0.0);
    let quality = figures.iter().rev().find_map(|run| run.quality.get("1m"));
    assert_eq!(quality, Some(&1.0));
}
