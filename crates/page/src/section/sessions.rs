//! The sessions, one by one.

use super::{begin, end};
use crate::gate::stretches;
use crate::run::Run;
use crate::table::{Cell, Number, Table, Words};

pub(crate) fn sessions(run: &Run<'_>, out: &mut String) {
    begin("sessions", "Sessions", out);
    let clock = run.clock();
    let mut table = Table::new(
        "Sessions",
        [
            ("Session", Words),
            ("Open", Words),
            ("Close", Words),
            ("Symbols", Number),
            ("Bars", Number),
            ("Derived", Number),
            ("Quality", Number),
            ("Rejected", Number),
            ("Switches", Number),
            ("Shut in mid-session", Number),
            ("Remarks", Words),
        ],
    );
    for session in run.sessions() {
        let (n, expected) = coverage(&session.symbols);
        let derived = session.symbols.iter().flat_map(|symbol| symbol.series.iter().skip(1));
        let shut = stretches(run, session);
        let shut_s = shut
            .iter()
            .filter(|it| it.is_mid_session())
            .map(|it| it.length_s())
            .fold(0.0, |sum, it| sum + it);
        let interrupted = run.report.interrupted.as_ref();
        let interrupted = interrupted.filter(|open| open.session.date == session.date);
        let remarks: Vec<String> = [
            session.early_close.then(|| "early close".to_owned()),
            interrupted.map(|open| format!("interrupted at {}", clock.time_of_day(&open.at))),
        ]
        .into_iter()
        .flatten()
        .collect();
        table.row([
            Cell::text(&session.date),
            Cell::text(&clock.time_of_day(&session.open)),
            Cell::text(&clock.time_of_day(&session.close)),
            Cell::Count(session.symbols.chunk_by(|a, b| a.symbol == b.symbol).count() as u64),
            Cell::Count(session.n_bars),
            Cell::Count(derived.map(|series| series.n_bars).sum()),
            Cell::share(share(n, expected)),
            Cell::Count(session.symbols.iter().flat_map(|it| it.rejected.values()).sum()),
            Cell::Count(session.gate.len() as u64),
            Cell::seconds(Some(shut_s)),
            Cell::text(&remarks.join(", ")),
        ]);
    }
    if table.is_empty() {
        out.push_str("<p>No session was opened.</p>\n");
    }
    table.write(out);
    end(out);
}

/// Base bars seen and expected of symbols; both 0 where quality is not kept.
pub(crate) fn coverage<'r>(
    symbols: impl IntoIterator<Item = &'r openbell_wire::report::Symbol>,
) -> (u64, u64) {
    symbols.into_iter().filter_map(|symbol| symbol.series.first()).fold((0, 0), |sum, base| {
        let (n, expected) = (base.n.unwrap_or(0), base.expected.unwrap_or(0));
        (sum.0 + u64::from(n), sum.1 + u64::from(expected))
    })
}

/// What was seen of what was expected; absent where nothing was.
pub(crate) fn share(n: u64, expected: u64) -> Option<f64> {
    (expected > 0).then(|| n as f64 / expected as f64)
}
