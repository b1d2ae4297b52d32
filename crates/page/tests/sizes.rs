//! How large pages are, and what they hold at that size.

use crate::made::{MB, calendar, empty, report, shelf, shown};

/// The page of a run of that size, whose reports have as many sessions.
fn page(n_symbols: usize, n_sessions: usize, n_bytes_max: usize) -> String {
    let calendar = calendar();
    let report = report(&calendar, n_symbols, n_sessions);
    shown(&report, &[], shelf(&calendar, n_symbols, n_sessions, n_bytes_max), n_bytes_max)
}

/// What the page says of its charts.
fn plan(page: &str) -> &str {
    let part = page.split("<h2>Charts</h2>").nth(1).expect("charts");
    part.split("</p>").next().unwrap_or_default().trim()
}

#[test]
fn an_empty_run_is_a_small_page() {
    let page = shown(&empty(), &[], shelf(&calendar(), 0, 0, 5 * MB), 5 * MB);
    println!("empty run: {} bytes", page.len());
    assert!(page.len() < 130_000, "{} bytes", page.len());
}

#[test]
fn a_day_of_one_symbol_has_every_bar_at_eight_bytes_each() {
    let (with, without) = (
        page(1, 1, 5 * MB),
        shown(&report(&calendar(), 1, 1), &[], shelf(&calendar(), 0, 0, MB), MB),
    );
    println!("one symbol, one day: {} bytes, {} without charts", with.len(), without.len());
    assert!(plan(&with).contains("Every bar of 1 symbol is charted as it was delivered, in 1m."));
    assert!(with.len() < 140_000);
    assert!(with.len() - without.len() < 390 * 9 + 7_000, "{}", with.len() - without.len());
}

#[test]
fn a_month_of_five_hundred_symbols_fits_into_five_megabytes_and_says_how() {
    let page = page(500, 21, 5 * MB);
    println!("500 symbols, 21 sessions: {} bytes", page.len());
    assert!(page.len() <= 5 * MB, "{} bytes", page.len());
    let plan = plan(&page);
    assert!(plan.contains("Charts of 500 symbols in bars of 15m, folded from 1m"), "{plan}");
    assert!(page.len() > 2 * MB, "the room is used: {} bytes", page.len());
}

#[test]
fn a_smaller_file_has_longer_bars_and_the_same_tables() {
    let (large, small) = (page(30, 10, 5 * MB), page(30, 10, 400_000));
    assert!(small.len() <= 400_000, "{} bytes", small.len());
    assert!(plan(&small).contains("folded from 1m"));
    let tables =
        |page: &str| page.split("<h2>Symbols</h2>").nth(1).map(|it| it.matches("<tr>").count());
    assert_eq!(tables(&large), tables(&small));
}

#[test]
fn a_year_of_a_hundred_symbols_and_a_day_of_five_thousand_fit_too() {
    for (n_symbols, n_sessions) in [(100, 250), (5_000, 1)] {
        let page = page(n_symbols, n_sessions, 5 * MB);
        println!(
            "{n_symbols} symbols, {n_sessions} sessions: {} bytes; {}",
            page.len(),
            plan(&page)
        );
        assert!(page.len() <= 5 * MB, "{n_symbols} x {n_sessions}: {} bytes", page.len());
    }
}
