//! What was signalled: by whom, at which hour, and one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{begin, end};
use crate::run::Run;
use crate::table::{Cell, Number, Table, Words, and_more};

/// Signals that are listed one by one; counts are of all.
const LISTED: usize = 2_000;

pub(crate) fn signals(run: &Run<'_>, out: &mut String) {
    let signals = &run.report.signals;
    if signals.is_empty() {
        return;
    }
    begin("signals", "Signals", out);
    let clock = run.clock();
    let mut by_hour: BTreeMap<(&str, &str), BTreeMap<u32, u64>> = BTreeMap::new();
    for signal in signals {
        let key = (signal.signal.consumer.as_str(), signal.signal.kind.as_str());
        let hour = clock.hour(&signal.at).unwrap_or(0);
        *by_hour.entry(key).or_default().entry(hour).or_default() += 1;
    }
    let hours: BTreeSet<u32> = by_hour.values().flat_map(BTreeMap::keys).copied().collect();
    let names: Vec<String> = hours.iter().map(|hour| format!("{hour:02}:00")).collect();
    let head = [("Consumer", Words), ("Says", Words), ("Signals", Number)];
    let columns = head.into_iter().chain(names.iter().map(|name| (name.as_str(), Number)));
    let mut table = Table::new("Signals by consumer and hour of the exchange's day", columns);
    for ((consumer, kind), counts) in &by_hour {
        let first = [Cell::text(consumer), Cell::text(kind), Cell::Count(counts.values().sum())];
        let rest =
            hours.iter().map(|hour| counts.get(hour).map_or(Cell::None, |n| Cell::Count(*n)));
        table.row(first.into_iter().chain(rest));
    }
    table.write(out);
    listed(run, out);
    end(out);
}

fn listed(run: &Run<'_>, out: &mut String) {
    let columns =
        [("At", Words), ("Consumer", Words), ("Symbol", Words), ("Says", Words), ("Value", Number)];
    let mut table = Table::new("Signals", columns);
    for signal in run.report.signals.iter().take(LISTED) {
        let value = signal.signal.value;
        table.row([
            Cell::Markup(run.clock().markup(&signal.at)),
            Cell::text(&signal.signal.consumer),
            Cell::text(&signal.signal.symbol),
            Cell::text(&signal.signal.kind),
            value.map_or(Cell::None, |value| Cell::Value(value, format!("{value:.4}"))),
        ]);
    }
    table.write(out);
    and_more(run.report.signals.len(), table.len(), "signal", out);
}
