//! Strategies, scanners and other consumers, and how the run kept its pace.

use super::{begin, end};
use crate::run::{Run, is_ours};
use crate::table::{Cell, Number, Table, Words};

pub(crate) fn consumers(run: &Run<'_>, out: &mut String) {
    let columns = [
        ("Consumer", Words),
        ("Called", Words),
        ("Signals", Number),
        ("Commands", Number),
        ("Notices displaced", Number),
        ("Digest", Words),
        ("Failure", Words),
    ];
    let mut table = Table::new("Consumers", columns);
    let shown = |name: &str, failure: &Option<String>| !is_ours(name) || failure.is_some();
    for consumer in run.report.consumers.iter().filter(|it| shown(&it.name, &it.failure)) {
        table.row([
            Cell::text(&consumer.name),
            Cell::text(&consumer.delivery.replace('_', " ")),
            Cell::Count(consumer.n_signals),
            Cell::Count(consumer.n_commands),
            Cell::Count(consumer.n_displaced),
            Cell::Code(consumer.digest.clone()),
            Cell::text(consumer.failure.as_deref().unwrap_or_default()),
        ]);
    }
    if !table.is_empty() {
        begin("consumers", "Consumers", out);
        table.write(out);
        end(out);
    }
}

/// What the wall clock saw of the run, and what only a live one has.
pub(crate) fn operations(run: &Run<'_>, out: &mut String) {
    let report = run.report;
    begin("operations", "Operations", out);
    out.push_str("<p>What differs from one run to the next: no digest depends on it.</p>\n");
    let mut table = Table::new("Operations", [("Figure", Words), ("Value", Number)]);
    let mut row = |name: &str, cell: Cell| table.row([Cell::text(name), cell]);
    let wall = &report.wall;
    row("Time from the first step to the end", Cell::seconds(Some(wall.elapsed_s)));
    row(
        "Base bars a second",
        match wall.bars_per_s {
            Some(rate) => Cell::Value(rate, crate::markup::count(rate as u64)),
            None => Cell::None,
        },
    );
    row("Worst lateness of a paced run", Cell::seconds(Some(wall.overrun_s)));
    row("Steps", Cell::Count(report.n_steps));
    row("Notices displaced", Cell::Count(report.consumers.iter().map(|it| it.n_displaced).sum()));
    if let Some(live) = &report.live {
        row("Rows that feeds handed over", Cell::Count(live.handed_over));
        row("Bars delivered while their symbol was behind", Cell::Count(live.caught_up));
        row("Bars that came late", Cell::Count(live.late));
        row("Rows that took the place of another", Cell::Count(live.revised));
        row("Stretches whose bars will not come", Cell::Count(live.gaps_left));
        row("Topics found silent", Cell::Count(live.silent_topics));
        row("Share of market time with data", Cell::share(live.active_share));
        row("Longest stretch without", Cell::seconds(Some(live.longest_inactive_seconds)));
        for (cause, n) in &live.reconnects {
            row(&format!("Connections lost: {}", cause.replace('_', " ")), Cell::Count(*n));
        }
    }
    table.write(out);
    end(out);
}
