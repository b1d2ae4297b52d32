//! Every total of the report, read back from the tables of its page.

use std::collections::BTreeMap;

use openbell_wire::report::Report;

use crate::made::{MB, account, calendar, report, shelf, shown};

/// Rows of a table of that caption, each as its cells' texts by the head of the column; numbers that a
/// machine reads are what `data` says.
fn rows(page: &str, caption: &str) -> Vec<BTreeMap<String, String>> {
    let mut found = Vec::new();
    for table in page.split("<table>").skip(1) {
        let table = table.split("</table>").next().unwrap_or_default();
        let head = between(table, "<caption>", "</caption>");
        if head != caption && !head.starts_with(&format!("{caption}, ")) {
            continue;
        }
        let columns: Vec<String> =
            table.split("<th scope=\"col\"").skip(1).map(|cell| text(cell, "</th>")).collect();
        let body = table.split("<tbody>").nth(1).expect("a body");
        for row in body.split("<tr>").skip(1) {
            let cells = row.split("<td").flat_map(|cell| {
                cell.split("<th scope=\"row\"")
                    .skip(1)
                    .chain((!cell.contains("<th scope=\"row\"")).then_some(cell))
            });
            let cells = cells.map(|cell| text(cell, "</t"));
            found.push(columns.iter().cloned().zip(cells).collect());
        }
    }
    assert!(!found.is_empty(), "no table {caption:?}");
    found
}

fn between<'t>(text: &'t str, since: &str, until: &str) -> &'t str {
    let rest = text.split(since).nth(1).unwrap_or_default();
    rest.split(until).next().unwrap_or_default()
}

/// What stands in a cell: the value for a machine where there is one, else its text.
fn text(cell: &str, until: &str) -> String {
    let cell = cell.split_once('>').expect("a tag ends").1;
    let cell = cell.split(until).next().unwrap_or_default();
    if let Some(value) = cell.split("value=\"").nth(1) {
        return value.split('"').next().unwrap_or_default().to_owned();
    }
    let mut shown = String::new();
    for part in cell.split('<') {
        shown.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    shown
}

fn number(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// The cell of the column `of` in the row that begins with `head`.
#[track_caller]
fn cell(page: &str, caption: &str, head: (&str, &str), of: &str) -> f64 {
    let rows = rows(page, caption);
    let row = rows.iter().find(|row| row[head.0] == head.1);
    number(&row.unwrap_or_else(|| panic!("no row {head:?} in {caption:?}"))[of])
}

fn made() -> (Report, String) {
    let calendar = calendar();
    let (totals, story) = account(&calendar, 3);
    let report = Report { accounts: vec![totals], ..report(&calendar, 250, 3) };
    let page = shown(&report, &[story], shelf(&calendar, 250, 3, 5 * MB), 5 * MB);
    (report, page)
}

#[test]
fn every_session_has_its_numbers() {
    let (report, page) = made();
    let rows = rows(&page, "Sessions");
    assert_eq!(rows.len(), report.sessions.len());
    for (row, session) in rows.iter().zip(&report.sessions) {
        assert_eq!(row["Session"], session.date);
        assert_eq!(number(&row["Bars"]), session.n_bars as f64);
        assert_eq!(number(&row["Symbols"]), session.symbols.len() as f64);
        let derived: u64 = session.symbols.iter().map(|it| it.series[1].n_bars).sum();
        assert_eq!(number(&row["Derived"]), derived as f64);
        assert_eq!(number(&row["Switches"]), session.gate.len() as f64);
        assert_eq!(number(&row["Shut in mid-session"]), 600.0);
        let rejected: u64 = session.symbols.iter().flat_map(|it| it.rejected.values()).sum();
        assert_eq!(number(&row["Rejected"]), rejected as f64);
        let seen = |it: &openbell_wire::report::Symbol| f64::from(it.series[0].n.expect("kept"));
        let seen: f64 = session.symbols.iter().map(seen).sum();
        assert_eq!(number(&row["Quality"]), seen / (390.0 * session.symbols.len() as f64));
    }
    assert!(page.contains(&format!("the gate switched {} times", 12).replacen("the", "The", 1)));
}

#[test]
fn every_symbol_has_its_numbers_also_those_that_are_folded_away() {
    let (report, page) = made();
    let rows = rows(&page, "Symbols");
    assert_eq!(rows.len(), 250);
    for (i, row) in rows.iter().enumerate() {
        let symbol = &row["Symbol"];
        let of_symbol = || report.sessions.iter().map(|session| &session.symbols[i]);
        assert!(of_symbol().all(|it| it.symbol == *symbol));
        let sum = |column: &str| number(&row[column]);
        assert_eq!(sum("Bars"), of_symbol().map(|it| it.series[0].n_bars as f64).sum::<f64>());
        assert_eq!(sum("Derived"), of_symbol().map(|it| it.series[1].n_bars as f64).sum::<f64>());
        assert_eq!(sum("Expected"), 3.0 * 390.0);
        assert_eq!(sum("Rejected"), 3.0 * (5 + i) as f64);
        assert_eq!(row["Digest and remarks"], report.symbol_digests[symbol]);
    }
    let total: f64 = rows.iter().map(|row| number(&row["Bars"])).sum();
    assert_eq!(total, report.n_bars as f64);
    assert_eq!(cell(&page, "Intervals", ("Interval", "1m"), "Bars"), report.n_bars as f64);
    assert_eq!(cell(&page, "Intervals", ("Interval", "5m"), "Bars"), report.n_derived as f64);
    assert_eq!(cell(&page, "Rejected rows", ("Symbol", "S0249"), "Rows"), 3.0 * 254.0);
    let rows = self::rows(&page, "Rejected rows");
    assert_eq!(rows[1]["First stamp"], "1969-12-31 19:00:00");
    assert_eq!(
        (rows[1]["Last stamp"].as_str(), rows[2]["Last stamp"].as_str()),
        ("1969-12-31 19:01:00", "–")
    );
}

#[test]
fn the_gate_signals_consumers_and_operations_are_there() {
    let (report, page) = made();
    let lag = "Lag of the symbols that held the gate, the longest first";
    assert_eq!(cell(&page, lag, ("Symbol", "S0000"), "Longest lag"), 122.0);
    assert_eq!(cell(&page, lag, ("Symbol", "S0000"), "Held the gate for"), 1_800.0);
    assert_eq!(rows(&page, "Shut in mid-session").len(), 3);
    assert_eq!(rows(&page, "Signals").len(), report.signals.len());
    let by_hour = "Signals by consumer and hour of the exchange's day";
    let by_hour = by_hour.replace('\'', "&#39;");
    assert_eq!(cell(&page, &by_hour, ("Consumer", "scanner"), "09:00"), 3.0);
    let consumer = &report.consumers[0];
    for (column, value) in [
        ("Signals", consumer.n_signals),
        ("Commands", consumer.n_commands),
        ("Notices displaced", 3),
    ] {
        assert_eq!(cell(&page, "Consumers", ("Consumer", "scanner"), column), value as f64);
    }
    for (figure, value) in [
        ("Time from the first step to the end", 0.5),
        ("Base bars a second", 12_345.678),
        ("Worst lateness of a paced run", 1.5),
        ("Steps", report.n_steps as f64),
    ] {
        assert_eq!(cell(&page, "Operations", ("Figure", figure), "Value"), value, "{figure}");
    }
    for digest in [&report.digest, &report.digest_parts.series, &report.digest_parts.gate] {
        assert!(rows(&page, "The digest and its parts").iter().any(|row| row["Digest"] == *digest));
    }
}

#[test]
fn an_account_has_its_numbers_to_the_last_digit() {
    let (report, page) = made();
    let account = &report.accounts[0];
    let risk =
        |figure: &str, column: &str| cell(&page, "Return and risk", ("Figure", figure), column);
    let held = account.benchmark.as_ref().expect("it is held");
    assert_eq!(risk("Return in all", "Account"), account.returns.total);
    assert_eq!(risk("Return in all", "S0000 held"), held.returns.total);
    assert_eq!(risk("Volatility of a session", "Account"), 0.0123);
    assert_eq!(risk("Sharpe by session", "Account"), 0.456);
    assert_eq!(risk("Sortino by session", "Account"), 0.789);
    assert_eq!(risk("Deepest drawdown", "Account"), 0.0625);
    let book = |figure: &str| cell(&page, "Books and costs", ("Figure", figure), "Account");
    let trades = &account.trades;
    for (figure, value) in [
        ("Start", account.start),
        ("Equity at the end", account.equity),
        ("Cash at the end", account.cash),
        ("Exposure", 0.31),
        ("Turnover", 9.87),
        ("Commission", trades.commission),
        ("Slippage", trades.slippage),
        ("Value of all fills", trades.traded),
        ("Orders taken", 41.0),
        ("Orders refused", 2.0),
        ("Published bars that were revised", 1.0),
        ("Bars too late to fill anything", 4.0),
        ("Fills in bars that were revised", 6.0),
    ] {
        assert_eq!(book(figure), value, "{figure}");
    }
    let of_all = |column: &str| cell(&page, "Trades", ("Strategy", "all"), column);
    for (column, value) in [
        ("Fills", trades.fills as f64),
        ("Closed", trades.trades as f64),
        ("Won", trades.wins as f64),
        ("Lost", trades.losses as f64),
        ("Hit rate", trades.hit_rate.expect("some")),
        ("Profit", trades.profit),
        ("Factor", 1.75),
        ("Average win", 111.125),
        ("Average loss", 50.0 / 3.0),
    ] {
        assert_eq!(of_all(column), value, "{column}");
    }
    assert_eq!(cell(&page, "Fills", ("Symbol", "S0000"), "Price"), 100.25);
    let months = rows(&page, "Monthly returns");
    assert_eq!(months.len(), 1);
    assert!((number(&months[0]["Jan"]) - 0.02).abs() < 1e-12, "{months:?}");
}
